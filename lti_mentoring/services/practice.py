# SPDX-License-Identifier: Apache-2.0
"""A candidate's own side of a practice task that a trainer marks: kept as it is typed, handed in, read again with what came back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from lti_mentoring.domain import practice as rules
from lti_mentoring.domain.module import Module
from lti_mentoring.domain.participation import PARTICIPATION
from lti_mentoring.domain.people import Actor, display_name
from lti_mentoring.domain.practice import MARKERS, WAITING, Case, Mark
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import delivery, impartial, notification, privacy, programme
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.people import Person, RoleGrant
from lti_mentoring.store.practice import PracticeMark, PracticeSubmission


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt that was handed in, as its writer and those who mark read it. Marks and feedback stand once it is returned."""

    id: str
    number: int
    state: str
    text: str
    handed_in_at: datetime
    due: date
    marker: str = ""
    returned_at: datetime | None = None
    marks: tuple[Mark, ...] = ()
    feedback: str = ""


@dataclass(frozen=True, slots=True)
class Work:
    """What a candidate has done of a practice task; ``attempts`` newest first.

    ``writes``: there is something to write now, with ``text`` kept so far at ``revision``; after a return the text goes on from what
    was handed in. ``unjudged``: it waits, and nobody in the course may mark it.
    """

    attempts: tuple[Attempt, ...]
    text: str
    revision: int
    saved_at: datetime | None
    writes: bool
    unjudged: bool = False

    @property
    def state(self) -> str:
        """How the newest attempt stands; draft while nothing is handed in."""
        return self.attempts[0].state if self.attempts else "draft"


# --- reading ------------------------------------------------------------------------------------------------------------


def own(*, actor: Actor, key: str) -> Work | None:
    """The reader's own work on a module's practice task; None for who is no candidate, and where nobody marks it."""
    session = base.session()
    candidacy = _candidacy(session, actor)
    if candidacy is None:
        return None
    module = programme.module(programme.module_version_id(candidacy.programme_version_id, key))
    if module.practice.marking is None:
        return None
    rows = _rows(session, candidacy.id, key)
    newest = rows[-1] if rows else None
    draft = newest if newest is not None and newest.state == "draft" else None
    again = newest.text if newest is not None and newest.state == "once_more" else ""
    handed_in = [row for row in rows if row.state != "draft"]
    waits = newest is not None and newest.state == "handed_in"
    return Work(
        unjudged=waits and not judges(session, candidacy.course_id, actor.person_id, MARKERS),
        attempts=tuple(reversed(attempts(session, handed_in))),
        text=draft.text if draft is not None else again,
        revision=draft.revision if draft is not None else 0,
        saved_at=draft.saved_at if draft is not None else None,
        writes=PARTICIPATION[candidacy.participation] and (newest is None or newest.state in ("draft", "once_more")),
    )


def attempts(session: Session, rows: Sequence[PracticeSubmission]) -> list[Attempt]:
    """Attempts that were handed in, with their marks once they are returned; two queries."""
    over = [row.id for row in rows if row.state not in WAITING]
    marks = marks_of(session, over)
    people = {row.marker_id for row in rows if row.marker_id and row.state not in WAITING}
    names = {
        one.id: display_name(one.chosen_name or one.name, one.id)
        for one in session.execute(select(Person.id, Person.name, Person.chosen_name).where(Person.id.in_(people)))
    }
    made = []
    for row in rows:
        if row.handed_in_at is None:
            continue
        task = programme.module(row.module_version_id).practice
        due = rules.due(row.handed_in_at, Case("", "", task=task).marking)
        returned = row.state not in WAITING
        said = tuple(marks[row.id].get(one.key, Mark(one.key)) for one in task.criteria) if returned else ()
        made.append(
            Attempt(
                row.id,
                row.number,
                row.state if returned else "handed_in",
                row.text,
                row.handed_in_at,
                due,
                names.get(row.marker_id or "", ""),
                row.returned_at,
                said,
                row.feedback if returned else "",
            )
        )
    return made


def marks_of(session: Session, submission_ids: Collection[str]) -> dict[str, dict[str, Mark]]:
    """The marks of each submission, by criterion."""
    found: dict[str, dict[str, Mark]] = defaultdict(dict)
    for one in session.scalars(select(PracticeMark).where(PracticeMark.submission_id.in_(submission_ids))):
        found[one.submission_id][one.criterion] = Mark(one.criterion, one.level, one.reason)
    return found


# --- writing ------------------------------------------------------------------------------------------------------------


def save(*, actor: Actor, key: str, text: str, revision: int) -> tuple[int, datetime]:
    """Keep what is typed. -> its revision, and when.

    RuleBroken ``draft_conflict`` (revision) where another window has kept something else since, ``practice_closed`` while a trainer reads
    it or once it is met, ``answer_long`` (most), ``not_taking_part``. NotFound where nobody marks the task.
    """
    with base.transactional() as session:
        row, _ = _keep(session, actor, key, text, revision)
        return row.revision, row.saved_at


def hand_in(*, actor: Actor, key: str, text: str, revision: int) -> None:
    """Hand in what is typed: from then on it stays as it is. RuleBroken as ``save``, and ``practice_empty``, ``practice_long`` (words,
    most)."""
    with base.transactional() as session:
        row, module = _keep(session, actor, key, text, revision)
        case = Case(actor.person_id, actor.person_id, text=row.text, task=module.practice)
        row.state = rules.after(row.state, "hand_in", case)
        row.handed_in_at = base.now()
        session.flush()
        privacy.record(
            session, actor=actor, verb="hand_in", object_kind="practice_submission", object_id=row.id, module=key, number=row.number
        )
        _wanted(session, actor, row.course_id, key)
        _tell_markers(session, row, actor.person_id)


def _keep(session: Session, actor: Actor, key: str, text: str, revision: int) -> tuple[PracticeSubmission, Module]:
    # The lock puts two tabs in order on PostgreSQL; SQLite has one writer at a time anyway.
    candidacy = _candidacy(session, actor, lock=True)
    if candidacy is None:
        raise NotFound("candidacy")
    version_id = programme.module_version_id(candidacy.programme_version_id, key)
    module = programme.module(version_id)
    if module.practice.marking is None:
        raise NotFound("practice")
    text = text.replace("\r\n", "\n")
    if len(text) > rules.MOST_TEXT:
        raise RuleBroken("answer_long", field="text", most=rules.MOST_TEXT)
    rows = _rows(session, candidacy.id, key)
    row = rows[-1] if rows and rows[-1].state != "once_more" else None
    case = Case(actor.person_id, candidacy.person_id, takes_part=PARTICIPATION[candidacy.participation])
    state = rules.after(row.state if row is not None else "new", "write", case)
    if row is None:
        row = PracticeSubmission(
            id=base.new_id(),
            candidacy_id=candidacy.id,
            course_id=candidacy.course_id,
            module_version_id=version_id,
            module_key=key,
            number=len(rows) + 1,
            text="",
            state=state,
            revision=0,
        )
        session.add(row)
        session.flush()
        privacy.record(
            session, actor=actor, verb="begin", object_kind="practice_submission", object_id=row.id, module=key, number=row.number
        )
    row.module_version_id = version_id  # a draft is of the version that its writer is in now
    if text != row.text:
        if revision != row.revision:
            raise RuleBroken("draft_conflict", revision=row.revision)
        row.text, row.saved_at = text, base.now()
        row.revision += 1
    session.flush()
    return row, module


def _candidacy(session: Session, actor: Actor, *, lock: bool = False) -> Candidacy | None:
    query = select(Candidacy).where(Candidacy.course_id == actor.course_id, Candidacy.person_id == actor.person_id)
    return session.scalar(query.with_for_update() if lock else query)


def _rows(session: Session, candidacy_id: str, key: str) -> list[PracticeSubmission]:
    own_rows = (PracticeSubmission.candidacy_id == candidacy_id, PracticeSubmission.module_key == key)
    return list(session.scalars(select(PracticeSubmission).where(*own_rows).order_by(PracticeSubmission.number)))


def _wanted(session: Session, actor: Actor, course_id: str, key: str) -> None:
    delivery.want(session, org_id=actor.org_id, course_id=course_id, person_id=actor.person_id, items={f"module:{key}"})


def _tell_markers(session: Session, row: PracticeSubmission, subject_id: str) -> None:
    whom = judges(session, row.course_id, subject_id, MARKERS)
    for person_id in whom:
        ids = {"course": row.course_id, "submission": row.id}
        notification.tell(
            session,
            org_id=row.org_id,
            person_id=person_id,
            kind="practice_waits",
            facts={"module": row.module_key},
            endpoint="practice.sheet",
            ids=ids,
        )


def judges(session: Session, course_id: str, subject_id: str, roles: Collection[str]) -> list[str]:
    """Those who hold one of these roles in a course and may judge this person: not themself, nobody in their line, and nobody who is a
    candidate there."""
    granted: Any = and_(RoleGrant.course_id == course_id, RoleGrant.revoked_at.is_(None), RoleGrant.role.in_(roles))
    people = set(session.scalars(select(RoleGrant.person_id).where(granted)))
    people -= impartial.on_the_way(session, course_id, people) | {subject_id}
    return sorted(people - impartial.in_line_with(session, subject_id)) if people else []
