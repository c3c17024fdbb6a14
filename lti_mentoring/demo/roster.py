# SPDX-License-Identifier: Apache-2.0
"""The roster's service (NRPS 2.0): who is in the course, in pages when asked."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from lti_mentoring.demo.answers import Refusal, accepted, as_json, limit, paged
from lti_mentoring.demo.door import served
from lti_mentoring.demo.faults import page_size
from lti_mentoring.demo.gradebook import bearer
from lti_mentoring.demo.message import email
from lti_mentoring.demo.site import MEMBERS_READ, Course, Persona
from lti_mentoring.demo.world import here, world

bp = Blueprint("roster", __name__, url_prefix="/<site>/nrps")

MEMBERS = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"


@bp.get("/<scope>/memberships")
@served("memberships")
def memberships(scope: str) -> Response:
    """The members of the course, nobody else; an administrator who is not enrolled is not listed (Moodle)."""
    accepted(MEMBERS)
    bearer(scope, MEMBERS_READ)
    people = [one for one in here().people if one.enrolled]
    role = request.args.get("role")
    if role and not here().profile.client_per_placement:  # Open edX ignores this filter
        people = [one for one in people if role.rpartition("#")[2] in here().profile.member_roles[one.kind]]
    address = f"{world().issuer(here())}/nrps/{scope}/memberships"
    rows, links = paged(people, page_size("memberships") or limit(), address)
    course = _course(scope)
    body = {
        "id": address,
        "context": {"id": course.context_id, "label": course.label, "title": course.title},
        "members": [_member(one) for one in rows],
    }
    return as_json(body, 200, MEMBERS, links)


def _course(scope: str) -> Course:
    site = here()
    activity = next(one for one in site.activities if site.service_scope(one) == scope)
    course = site.course(activity.course)
    if course is None:
        raise Refusal(404, "Not Found")
    return course


def _member(person: Persona) -> dict[str, Any]:
    member: dict[str, Any] = {
        "user_id": here().sub(person),
        "roles": list(here().profile.member_roles[person.kind]),
        "status": "Active",
    }
    if person.name:
        member |= {"name": person.name, "email": email(here(), person)}
        if not here().profile.client_per_placement:
            member |= {"given_name": person.given, "family_name": person.family, "lis_person_sourcedid": f"p{person.number}"}
    return member
