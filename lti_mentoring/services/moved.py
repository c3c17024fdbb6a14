# SPDX-License-Identifier: Apache-2.0
"""Moves to another version of the programme as they are read afterwards: by whoever was moved, and by who leads the course."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import aliased

from lti_mentoring.domain import moving as rules
from lti_mentoring.domain.moving import Change
from lti_mentoring.domain.people import Actor, display_name
from lti_mentoring.services import candidacy
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.moving import CandidacyMove
from lti_mentoring.store.people import Person
from lti_mentoring.store.programme import ProgrammeVersion

MOST_TOLD = 50


@dataclass(frozen=True, slots=True)
class MoveRow:
    """A move as it is told afterwards: whose, by whom, from and to which version (edition, when it was written, policy), why, what changed
    as it was shown, and the last day of the time for the whole way before and after."""

    name: str
    by: str
    at: datetime
    source: tuple[str, datetime, str]
    target: tuple[str, datetime, str]
    reason: str
    longer: bool
    changes: tuple[Change, ...]
    deadlines: tuple[date, date]


def own(*, actor: Actor) -> tuple[MoveRow, ...]:
    """The reader's own moves, newest first. NotFound for who is no candidate."""
    return _rows(Candidacy.id == candidacy.of(actor).id)


def lately(*, actor: Actor) -> tuple[MoveRow, ...]:
    """The last moves in the actor's course, newest first."""
    return _rows(Candidacy.course_id == actor.course_id)


def _rows(which: ColumnElement[bool]) -> tuple[MoveRow, ...]:
    move, mover, source, target = CandidacyMove, aliased(Person), aliased(ProgrammeVersion), aliased(ProgrammeVersion)
    query = (
        select(
            move,
            *(Person.id, Person.name, Person.chosen_name),
            *(mover.name.label("mover_name"), mover.chosen_name.label("mover_chosen")),
            *(source.edition.label("source_edition"), source.imported_at.label("source_at"), _policy(source, "source_policy")),
            *(target.edition.label("target_edition"), target.imported_at.label("target_at"), _policy(target, "target_policy")),
        )
        .join(Candidacy, and_(Candidacy.org_id == move.org_id, Candidacy.id == move.candidacy_id))
        .join(Person, and_(Person.org_id == Candidacy.org_id, Person.id == Candidacy.person_id))
        .join(mover, and_(mover.org_id == move.org_id, mover.id == move.moved_by))
        .join(source, and_(source.org_id == move.org_id, source.id == move.from_version_id))
        .join(target, and_(target.org_id == move.org_id, target.id == move.to_version_id))
        .where(which)
        .order_by(move.moved_at.desc(), move.id)
        .limit(MOST_TOLD)
    )
    found = []
    for row in base.session().execute(query):
        one: CandidacyMove = row[0]
        before, after = (date.fromisoformat(day) for day in one.difference["deadlines"])
        found.append(
            MoveRow(
                name=display_name(row.name or row.chosen_name, row.id),
                by=display_name(row.mover_name or row.mover_chosen, one.moved_by),
                at=one.moved_at,
                source=(row.source_edition, row.source_at, row.source_policy or ""),
                target=(row.target_edition, row.target_at, row.target_policy or ""),
                reason=one.reason,
                longer=one.longer,
                changes=rules.from_record(one.difference),
                deadlines=(before, after),
            )
        )
    return tuple(found)


def _policy(version: Any, name: str) -> Any:
    """The name of the policy in force, without reading the version."""
    return version.body["policy"]["name"].as_string().label(name)
