# SPDX-License-Identifier: Apache-2.0
"""The roster's service (NRPS 2.0): who is in the course, in pages when asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, request

from lti_mentoring.demo import faults
from lti_mentoring.demo.answers import Refusal, accepted, as_json, cursor, limit, paged
from lti_mentoring.demo.door import served
from lti_mentoring.demo.faults import page_size
from lti_mentoring.demo.gradebook import bearer
from lti_mentoring.demo.message import email
from lti_mentoring.demo.site import GROUPS_READ, MEMBERS_READ, Course, Persona
from lti_mentoring.demo.world import here, world

bp = Blueprint("roster", __name__, url_prefix="/<site>/nrps")

GROUPS = "application/vnd.ims.lti-gs.v1.contextgroupcontainer+json"
DIVIDED: tuple[dict[str, Any], ...] = (
    {"id": 7, "name": "Evening circle"},
    {"id": "g/ä\"8", "name": "Morning circle", "hidden": True},
)
MEMBERS = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"


@bp.get("/<scope>/memberships")
@served("memberships")
def memberships(scope: str) -> Response:
    """The members of the course, nobody else; an administrator who is not enrolled is not listed (Moodle)."""
    accepted(MEMBERS)
    bearer(scope, MEMBERS_READ)
    gone = {one["persona"] for one in faults.roster("left")}
    if "since" in request.args:
        return _differences(scope, gone)
    people = [one for one in here().people if one.enrolled and one.key not in gone]
    if "rlid" in request.args and not here().profile.client_per_placement:  # Open edX ignores this one as well
        shut_out = {one["persona"] for one in faults.roster("restricted")}
        if here().by_link(request.args["rlid"]) is None:
            raise Refusal(404, "Not Found")
        people = [one for one in people if one.key not in shut_out]
    role = request.args.get("role")
    if role and not here().profile.client_per_placement:  # Open edX ignores this filter
        people = [one for one in people if role.rpartition("#")[2] in here().profile.member_roles[one.kind]]
    address = f"{world().issuer(here())}/nrps/{scope}/memberships"
    rows, links = paged(people, page_size("memberships") or limit(), address)
    return _container(scope, _told(rows), _links(address, links))


@bp.get("/<scope>/groups")
@served("memberships")
def groups(scope: str) -> Response:
    """The groups of the course, one to a page; an id is a number, as some LMSs have it, or a text."""
    accepted(GROUPS)
    bearer(scope, GROUPS_READ)
    switched = faults.roster("groups")
    if any(one["broken"] for one in switched):
        raise Refusal(500, "Internal Server Error")
    address = f"{world().issuer(here())}/nrps/{scope}/groups"
    rows, links = paged(DIVIDED if switched else (), 1, address)
    return as_json({"id": address, "groups": list(rows)}, 200, GROUPS, links)


def _links(address: str, links: list[str]) -> list[str]:
    """Open edX has a plain next link; others write several into one header, in whatever form the standard allows."""
    if links and faults.roster("foreign_next"):
        links = [f'<http://localhost:9{urlsplit(address).path}?cursor=Aa>; rel="next"']
    if faults.roster("next_in_circle"):
        links = [f'<{address}?limit=2&cursor={cursor(0)}>; rel="next"']
    if here().profile.client_per_placement:
        return links
    offered = faults.roster("differences") and not links
    more = [f'<{address}?since=Qq{len(faults.waiting_faults(here().key))}Zz>; rel="differences"'] if offered else []
    told = [*(link.replace('rel="next"', "title=more; REL=next") for link in links), *more]
    return [", ".join([f'<{address}>; rel="current"', *told])] if told else []


def _differences(scope: str, gone: set[str]) -> Response:
    """Who has changed: those who left, and those who are suspended."""
    if any(one["gone"] for one in faults.roster("differences")):
        raise Refusal(410, "Gone")
    suspended = {one["persona"] for one in faults.roster("suspended")}
    changed = _told([one for one in here().people if one.key in gone | suspended])
    told = [one | ({"status": "Deleted"} if _persona(one) in gone else {}) for one in changed]
    address = f"{world().issuer(here())}/nrps/{scope}/memberships"
    return _container(scope, told, _links(address, []))


def _persona(member: dict[str, Any]) -> str:
    person = here().by_sub(member["user_id"])
    return person.key if person else ""


def _container(scope: str, members: list[dict[str, Any]], links: list[str]) -> Response:
    course, address = _course(scope), f"{world().issuer(here())}/nrps/{scope}/memberships"
    body = {
        "id": address,
        "context": {"id": course.context_id, "label": course.label, "title": course.title},
        "members": members,
    }
    return as_json(body, 200, MEMBERS, links)


def _course(scope: str) -> Course:
    site = here()
    activity = next(one for one in site.activities if site.service_scope(one) == scope)
    course = site.course(activity.course)
    if course is None:
        raise Refusal(404, "Not Found")
    return course


def _told(people: Sequence[Persona]) -> list[dict[str, Any]]:
    bare = bool(faults.roster("bare_roster"))
    statuses = {one["persona"]: one["status"] for one in faults.roster("suspended")}
    return [_member(one, status=statuses.get(one.key, "Active"), bare=bare) for one in people]


def _member(person: Persona, *, status: str, bare: bool) -> dict[str, Any]:
    roles = list(here().profile.member_roles[person.kind])
    member: dict[str, Any] = {"user_id": here().sub(person), "roles": roles, "status": status}
    if faults.roster("groups") and person.kind == "learner":
        member["group_enrollments"] = [{"group_id": DIVIDED[person.number % 2]["id"]}]
    if person.name and not bare:
        member |= {"name": person.name, "email": email(here(), person)}
        if not here().profile.client_per_placement:
            member |= {"given_name": person.given, "family_name": person.family, "lis_person_sourcedid": f"p{person.number}"}
    return member
