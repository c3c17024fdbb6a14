# SPDX-License-Identifier: Apache-2.0
"""Who takes part in a programme in another course: one way through it goes on at a time (I3)."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from lti_mentoring.domain.participation import ACTIVE, DEFERRED
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.services import programme
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.people import Person
from lti_mentoring.store.programme import ProgrammeVersion


def taking_part(session: Session, people: Collection[str], *, version_id: str, course_id: str, lock: bool = False) -> set[str]:
    """Those of these people who have a candidacy that goes on, in any version of the same programme, in a course other than this one.

    ``lock`` holds them until the caller's transaction ends, so that of two courses that take somebody in at once the second finds the
    first.
    """
    if lock:
        session.execute(select(Person.id).where(Person.id.in_(people)).order_by(Person.id).with_for_update()).all()
    version = and_(ProgrammeVersion.org_id == Candidacy.org_id, ProgrammeVersion.id == Candidacy.programme_version_id)
    goes_on = (
        select(Candidacy.person_id)
        .join(ProgrammeVersion, version)
        .where(
            Candidacy.person_id.in_(people),
            Candidacy.course_id != course_id,
            Candidacy.participation.in_((ACTIVE, DEFERRED)),
            ProgrammeVersion.slug == programme.load(version_id).slug,
        )
    )
    return set(session.scalars(goes_on))


def only_here(session: Session, person_id: str, *, version_id: str, course_id: str) -> None:
    """RuleBroken ``taking_part_elsewhere`` for somebody who would begin a second way through a programme."""
    if taking_part(session, [person_id], version_id=version_id, course_id=course_id, lock=True):
        raise RuleBroken("taking_part_elsewhere")
