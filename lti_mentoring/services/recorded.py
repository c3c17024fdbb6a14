# SPDX-License-Identifier: Apache-2.0
"""A selection that was made elsewhere, recorded: who decided, when and why, for people pasted from a spreadsheet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from lti_mentoring.domain import pasting
from lti_mentoring.domain.pasting import MOST_LINES, Known, Match
from lti_mentoring.domain.people import Actor, display_name
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.services import candidacy, dossier, elsewhere, intake, privacy, reminder
from lti_mentoring.store import base
from lti_mentoring.store.application import RecordedSelection
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.people import Membership, Person

LONGEST_DECIDER, LONGEST_WHY = 300, 1000


@dataclass(frozen=True, slots=True)
class Selected:
    """A line of the list, matched: ``candidate`` where the person is one already."""

    match: Match
    candidate: bool


@dataclass(frozen=True, slots=True)
class RecordRow:
    """A selection that is recorded."""

    name: str
    decided_by: str
    decided_on: date
    why: str
    at: datetime


def check(*, actor: Actor, text: str) -> tuple[Selected, ...]:
    """Whom a pasted list names, before anything is written. RuleBroken ``list_empty``, ``list_long`` (most)."""
    return _check(actor, text, lock=False)


def _check(actor: Actor, text: str, *, lock: bool) -> tuple[Selected, ...]:
    lines = list(pasting.read(text))
    if not lines:
        raise RuleBroken("list_empty")
    if len(lines) > MOST_LINES:
        raise RuleBroken("list_long", most=MOST_LINES)
    session = base.session()
    candidates = set(session.scalars(select(Candidacy.person_id).where(Candidacy.course_id == actor.course_id)))
    found = pasting.match(lines, _members(session, actor))
    applied = dossier.applicants(session, actor.course_id, [one.person.person_id for one in found if one.person is not None])
    named = [one.person.person_id for one in found if one.person is not None]
    version = intake.version_of(actor, intake.of(org_id=actor.org_id, course_id=actor.course_id))
    away = elsewhere.taking_part(session, named, version_id=version, course_id=actor.course_id, lock=lock)
    barred = dict.fromkeys(away, "elsewhere") | dict.fromkeys(applied, "applied")
    found = tuple(
        Match(one.line, None, barred[one.person.person_id]) if one.person is not None and one.person.person_id in barred else one
        for one in found
    )
    return tuple(Selected(one, one.person is not None and one.person.person_id in candidates) for one in found)


def _members(session: Session, actor: Actor) -> list[Known]:
    rows = session.execute(
        select(Person.id, Person.name, Person.email)
        .join(Membership, and_(Membership.org_id == Person.org_id, Membership.person_id == Person.id))
        .where(Membership.course_id == actor.course_id)
    )
    return [Known(row.id, row.name or "", row.email or "") for row in rows]


def record(*, actor: Actor, text: str, decided_by: str, decided_on: date, why: str) -> tuple[Selected, ...]:
    """Make candidates of those whom the list names; who is one stays as they are. -> the lines that name nobody.

    RuleBroken ``list_empty``, ``list_long``, ``list_names_nobody``, ``decider_missing``, ``why_missing``, ``decided_later``,
    ``places_short`` (left, wanted): then nothing is written.
    """
    decided_by, why = decided_by.strip()[:LONGEST_DECIDER], why.strip()[:LONGEST_WHY]
    if not decided_by:
        raise RuleBroken("decider_missing")
    if not why:
        raise RuleBroken("why_missing")
    if decided_on > base.now().date():
        raise RuleBroken("decided_later")
    with base.transactional() as session:
        version = intake.version_of(actor, intake.of(org_id=actor.org_id, course_id=actor.course_id))
        row = intake.held(session, actor)  # locked, so that who is a candidate now still is none below
        selected = _check(actor, text, lock=True)
        people = [one.match.person for one in selected if one.match.person is not None and not one.candidate]
        if not people:
            raise RuleBroken("list_names_nobody")
        if actor.person_id in {person.person_id for person in people}:
            raise RuleBroken("recorded_oneself")
        left = intake.places_left(session, row.course_id, lock=True)
        if left is not None and left < len(people):
            raise RuleBroken("places_short", left=left, wanted=len(people))
        for person in people:
            begun = candidacy.begin(
                session, org_id=actor.org_id, person_id=person.person_id, course_id=actor.course_id, version_id=version
            )
            reminder.training_begins(session, person_id=person.person_id, course_id=actor.course_id, candidacy_id=begun)
            made = RecordedSelection(
                id=base.new_id(),
                course_id=actor.course_id,
                candidacy_id=begun,
                decided_by=decided_by,
                decided_on=decided_on,
                why=why,
                recorded_by=actor.person_id,
            )
            session.add(made)
            privacy.record(session, actor=actor, verb="record", object_kind="selection", object_id=made.id, candidacy=begun)
    return tuple(one for one in selected if one.match.person is None)


def records(*, actor: Actor) -> tuple[RecordRow, ...]:
    """The selections that are recorded in the course, newest first."""
    rows = base.session().execute(
        select(RecordedSelection, Person.id, Person.name, Person.chosen_name)
        .join(Candidacy, and_(Candidacy.org_id == RecordedSelection.org_id, Candidacy.id == RecordedSelection.candidacy_id))
        .join(Person, and_(Person.org_id == Candidacy.org_id, Person.id == Candidacy.person_id))
        .where(RecordedSelection.course_id == actor.course_id)
        .order_by(RecordedSelection.at.desc(), RecordedSelection.id.desc())
        .limit(500)
    )
    return tuple(
        RecordRow(display_name(name or chosen, person), row.decided_by, row.decided_on, row.why, row.at)
        for row, person, name, chosen in rows
    )
