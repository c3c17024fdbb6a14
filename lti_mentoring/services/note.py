# SPDX-License-Identifier: Apache-2.0
"""Sealed notes of a pair: their author's alone or shared inside it; whoever leaves keeps reading their own, and can destroy them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from lti_mentoring.domain import talk as rules
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import naming, privacy, sealing
from lti_mentoring.services.talk_access import inside
from lti_mentoring.store import base
from lti_mentoring.store.mentorship import Mentorship
from lti_mentoring.store.talk import Note

KIND = "note"
MOST_LISTED = 200


@dataclass(frozen=True, slots=True)
class NoteRow:
    """A note on a page. ``text`` is None where its key is destroyed, or not at hand."""

    id: str
    mentorship_id: str
    text: str | None
    author: str
    mine: bool
    shared: bool
    revision: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class NotesPage:
    """The notes of a pair that somebody inside reads, the newest first. ``others`` are the names of whoever reads what is shared;
    ``open``: notes are still written; ``destroyed``: all that was written is."""

    mentorship_id: str
    rows: tuple[NoteRow, ...]
    others: tuple[str, ...]
    open: bool
    destroyed: bool


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a note by now. ``clash``: other words were kept meanwhile, and those that were sent are not."""

    id: str
    text: str
    revision: int
    shared: bool
    clash: bool = False


# --- pages ---------------------------------------------------------------------------------------------------------------------


def page(*, actor: Actor, mentorship_id: str) -> NotesPage:
    """The notes of a pair, for who is inside. NotFound ``mentorship`` for everybody else."""
    session = base.session()
    seat = inside(session, person_id=actor.person_id, mentorship_id=mentorship_id, course_id=actor.course_id)
    mine_or_shared = or_(Note.author_id == actor.person_id, Note.shared)
    query = select(Note).where(Note.mentorship_id == mentorship_id, mine_or_shared).order_by(Note.changed_at.desc(), Note.id)
    rows = _rows(session, actor, session.scalars(query.limit(MOST_LISTED)))
    others = naming.names(session, actor.course_id, set(seat.others))
    gone = sealing.destroyed(session, mentorship_id)
    goes_on = seat.mentorship.state not in rules.OVER
    return NotesPage(mentorship_id, rows, tuple(sorted(others.values())), goes_on and not gone, gone)


def own(*, actor: Actor) -> tuple[NoteRow, ...]:
    """Whatever somebody wrote in any pair of this course, whether they are in it or have left."""
    session = base.session()
    pair = and_(Mentorship.org_id == Note.org_id, Mentorship.id == Note.mentorship_id)
    query = select(Note).join(Mentorship, pair).where(Note.author_id == actor.person_id, Mentorship.course_id == actor.course_id)
    return _rows(session, actor, session.scalars(query.order_by(Note.changed_at.desc(), Note.id).limit(MOST_LISTED)))


def _rows(session: Session, actor: Actor, found: Iterable[Note]) -> tuple[NoteRow, ...]:
    rows = list(found)
    names = naming.names(session, actor.course_id, {row.author_id for row in rows})
    texts = sealing.shown_many(session, [(row.mentorship_id, row.sealed, _about(row.id, row.author_id)) for row in rows])
    return tuple(
        NoteRow(
            row.id,
            row.mentorship_id,
            text,
            names.get(row.author_id, ""),
            row.author_id == actor.person_id,
            row.shared,
            row.revision,
            row.changed_at,
        )
        for row, text in zip(rows, texts, strict=True)
    )


def _about(note_id: str, author_id: str) -> str:
    return sealing.about("note", note_id, author_id)


# --- verbs ---------------------------------------------------------------------------------------------------------------------


def keep(*, actor: Actor, mentorship_id: str, note_id: str, text: str, known: int, shared: bool) -> Kept:
    """Keep a note of one's own over the revision that one has read; ``note_id`` is the form's own, so that sending it twice keeps one.

    NotFound ``mentorship``, ``note``; RuleBroken ``note_empty``, ``note_long``, ``talk_closed``, ``talk_destroyed``.
    """
    inside(base.session(), person_id=actor.person_id, mentorship_id=mentorship_id, course_id=actor.course_id)
    sealing.ready_for(base.session(), mentorship_id)
    with base.transactional() as session:
        seat = inside(session, person_id=actor.person_id, mentorship_id=mentorship_id, course_id=actor.course_id, lock=True)
        rules.check_open(seat.mentorship.state)
        row = session.scalar(select(Note).where(Note.id == note_id).with_for_update())
        if row is not None and (row.author_id, row.mentorship_id) != (actor.person_id, mentorship_id):
            raise NotFound("note")
        if sealing.destroyed(session, mentorship_id):
            raise RuleBroken("talk_destroyed")
        about = _about(note_id, actor.person_id)
        was = rules.Note(actor.person_id)
        if row is not None:
            was = rules.Note(actor.person_id, sealing.open_for(session, mentorship_id, row.sealed, about=about), row.shared, row.revision)
        now = rules.written(was, text, known=known, shared=shared)
        if now is None:
            return Kept(note_id, was.text, was.revision, was.shared, clash=True)
        if now == was:
            return Kept(note_id, was.text, was.revision, was.shared)
        sealed = sealing.seal_for(session, mentorship_id, now.text, about=about)
        if row is None:
            row = Note(id=note_id, mentorship_id=mentorship_id, author_id=actor.person_id)
            session.add(row)
            privacy.record(session, actor=actor, verb="write", object_kind=KIND, object_id=note_id, shared=shared)
        elif row.shared != now.shared:
            privacy.record(session, actor=actor, verb="share" if shared else "unshare", object_kind=KIND, object_id=note_id)
        row.sealed, row.shared, row.revision, row.changed_at = sealed, now.shared, now.revision, base.now()
        return Kept(note_id, now.text, now.revision, now.shared)


def destroy(*, actor: Actor, note_id: str) -> None:
    """Destroy a note of one's own, also in a pair that one has left. NotFound ``note``."""
    with base.transactional() as session:
        row = session.scalar(select(Note).where(Note.id == note_id, Note.author_id == actor.person_id).with_for_update())
        if row is None:
            raise NotFound("note")
        session.delete(row)
        privacy.record(session, actor=actor, verb="destroy", object_kind=KIND, object_id=note_id)
