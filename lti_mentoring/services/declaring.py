# SPDX-License-Identifier: Apache-2.0
"""What an applicant says of other people: who manages or appraises them, and who speaks for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from lti_mentoring.domain.people import STAFF_ROLES, Actor, display_name
from lti_mentoring.domain.reporting_line import DIRECT, KINDS
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import reporting_line, timeline
from lti_mentoring.services.reporting_line import Manager
from lti_mentoring.store import base
from lti_mentoring.store.application import Application
from lti_mentoring.store.people import Person, RoleGrant

LONGEST_LINE = 200


@dataclass(frozen=True, slots=True)
class NamedReferee:
    """Somebody who can speak for the applicant."""

    name: str
    email: str
    relation: str


@dataclass(frozen=True, slots=True)
class Declared:
    """What an applicant says of people: who manages or appraises them (``nobody`` says that none does), and who speaks for them.

    ``staff`` are people of this course who manage or appraise them.
    """

    nobody: bool = False
    staff: tuple[str, ...] = ()
    managers: tuple[Manager, ...] = ()
    referees: tuple[NamedReferee, ...] = ()

    def lines(self) -> list[Manager]:
        """Everybody who is named as a manager or appraiser."""
        return [Manager(DIRECT, person_id=one) for one in self.staff] + list(self.managers)

    def attested(self) -> bool:
        """Whether it says something of line managers, and one thing only."""
        return self.nobody != bool(self.staff or self.managers)


def staff(session: Session, actor: Actor) -> tuple[tuple[str, str], ...]:
    """Those who hold a role in the course, by name: whom an applicant is asked about, and who may review."""
    rows = session.execute(
        select(Person.id, Person.name, Person.chosen_name)
        .join(RoleGrant, and_(RoleGrant.org_id == Person.org_id, RoleGrant.person_id == Person.id))
        .where(RoleGrant.course_id == actor.course_id, RoleGrant.revoked_at.is_(None), RoleGrant.role.in_(STAFF_ROLES))
        .distinct()
    )
    named = ((row.id, display_name(row.name or row.chosen_name, row.id)) for row in rows if row.id != actor.person_id)
    return tuple(sorted(named, key=lambda one: (one[1].casefold(), one[0])))


def read(body: Mapping[str, Any]) -> Declared:
    """The inverse of ``stored``."""
    return Declared(
        nobody=bool(body.get("nobody")),
        staff=tuple(body.get("staff", ())),
        managers=tuple(Manager(one["kind"], None, one["name"], one["email"]) for one in body.get("managers", ())),
        referees=tuple(NamedReferee(one["name"], one["email"], one["relation"]) for one in body.get("referees", ())),
    )


def stored(session: Session, actor: Actor, declared: Declared) -> dict[str, Any]:
    """The declared people as a draft keeps them, cut to what their columns hold; of the staff, only who is of the staff."""
    known = {person for person, _ in staff(session, actor)}
    return {
        "nobody": declared.nobody,
        "staff": [one for one in declared.staff if one in known],
        "managers": [
            {"kind": one.kind if one.kind in KINDS else KINDS[0], "name": _line(one.name), "email": _line(one.email)}
            for one in declared.managers
            if one.name.strip() or one.email.strip()
        ],
        "referees": [
            {"name": _line(one.name), "email": _line(one.email), "relation": _line(one.relation)}
            for one in declared.referees
            if one.name.strip() or one.email.strip()
        ],
    }


# --- said again -----------------------------------------------------------------------------------------------------------


UNDER_WAY = frozenset({"submitted", "under_review", "information_asked", "waitlisted"})
"""States of an application in which it still matters who manages the applicant."""


def outdated(session: Session, row: Application) -> bool:
    """Whether it is so long ago that an applicant said who manages them that it is not known any more (R0)."""
    on = base.now().date()
    return row.state in UNDER_WAY and not reporting_line.attestation(session, row.person_id, on=on).holds


def say_again(*, actor: Actor, declared: Declared) -> None:
    """Say anew who manages and appraises one while an application is under way; what was submitted stays as it was.

    NotFound ``application``; RuleBroken ``manager_unattested``, ``application_closed``.
    """
    with base.transactional() as session:
        query = select(Application).where(Application.course_id == actor.course_id, Application.slot == actor.person_id)
        row = session.scalar(query.with_for_update())
        if row is None:
            raise NotFound("application")
        if row.state not in UNDER_WAY:
            raise RuleBroken("application_closed", state=row.state, verb="say_again")
        body = stored(session, actor, declared)
        said = read(body)
        if not said.attested():
            raise RuleBroken("manager_unattested")
        row.declared = {**body, "referees": row.declared.get("referees", [])}
        reporting_line.attest(session, actor=actor, managers=said.lines())
        timeline.note(session, row, actor, "say_again")


def _line(text: str) -> str:
    return " ".join(text.replace("\x00", "").split())[:LONGEST_LINE]
