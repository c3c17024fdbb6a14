# SPDX-License-Identifier: Apache-2.0
"""A course's programme edited in the browser: a draft is begun, kept as it is typed, discarded, or published as the next version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date

from sqlalchemy import delete, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lti_mentoring.domain.editable import fields
from lti_mentoring.domain.editing import NARROW, Field, differences, kept, with_values
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.programme import Programme
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import draft, intake, privacy, programme
from lti_mentoring.store import base
from lti_mentoring.store.application import Intake
from lti_mentoring.store.programme import ProgrammeDraft

DRAFT = "programme_draft"
LONGEST_EDITION = NARROW["programme.edition"]


def begin(*, actor: Actor, course_id: str | None = None, edition: str = "") -> None:
    """Begin a draft with the programme of the actor's course, or of another that they lead; a new edition may be named at once.

    NotFound ``course``; RuleBroken ``edition_needed`` where another course's programme is copied without a name of its own,
    ``edition_long``, ``draft_there``.
    """
    source_course = course_id or actor.course_id
    version_id = _source(actor, source_course)
    edition = " ".join(edition.split())
    if len(edition) > LONGEST_EDITION:
        raise RuleBroken("edition_long", most=LONGEST_EDITION)
    if source_course != actor.course_id and edition in ("", programme.source(version_id).edition):
        raise RuleBroken("edition_needed")
    values = {"edition": edition} if edition else {}
    made = {"org_id": actor.org_id, "id": base.new_id(), "course_id": actor.course_id, "source_version_id": version_id}
    with base.transactional() as session:
        try:
            with session.begin_nested():
                session.execute(
                    insert(ProgrammeDraft).values(
                        **made, values=values, revision=0, updated_by=actor.person_id, updated_at=base.now()
                    )
                )
        except IntegrityError as error:
            raise RuleBroken("draft_there") from error
        privacy.record(session, actor=actor, verb="begin", object_kind=DRAFT, object_id=made["id"], source=version_id, course=source_course)


def _source(actor: Actor, course_id: str) -> str:
    if course_id != actor.course_id and course_id not in {one.course_id for one in draft.starts(actor=actor)}:
        raise NotFound("course")
    return intake.version_of(actor, intake.of(org_id=actor.org_id, course_id=course_id))


def save(*, actor: Actor, page: str, sent: Mapping[str, str], seen: str) -> None:
    """Keep what was typed on one page, right or wrong. ``seen`` is the mark of the page that was filled in.

    NotFound ``draft``, ``draft_page``; RuleBroken ``draft_moved`` where somebody else has changed the page meanwhile: nothing is kept;
    NotAllowed ``preview_candidate`` where a candidate would see answers.
    """
    with base.transactional() as session:
        row = draft.held(session, actor, lock=True)
        desk = draft.desk_of(row, actor)
        draft.page_of(desk, page, actor)
        shown = desk.on(page)
        if draft.mark(shown) != seen:
            raise RuleBroken("draft_moved")
        here = {field.path for field in shown}
        source = (*fields(desk.source), *draft.entry_of(intake.of(org_id=actor.org_id, course_id=actor.course_id)))
        new = kept((field for field in source if field.path in here), sent)
        values = {path: value for path, value in row.values.items() if path not in here or path not in sent} | new
        if values == row.values:
            return
        row.values, row.revision = values, row.revision + 1
        row.updated_by, row.updated_at = actor.person_id, base.now()
        privacy.record(session, actor=actor, verb="edit", object_kind=DRAFT, object_id=row.id, page=page, fields=len(new))


def discard(*, actor: Actor, revision: int) -> None:
    """Throw the draft away. NotFound ``draft``; RuleBroken ``draft_moved`` where it has changed since it was seen."""
    with base.transactional() as session:
        row = draft.held(session, actor, lock=True)
        if row.revision != revision:
            raise RuleBroken("draft_moved")
        session.execute(delete(ProgrammeDraft).where(ProgrammeDraft.id == row.id))
        privacy.record(session, actor=actor, verb="discard", object_kind=DRAFT, object_id=row.id, revision=revision)


def publish(*, actor: Actor, revision: int, version_id: str) -> str:
    """Make the draft the version that the course works with, and forget the draft. Who has begun keeps the version they began with.

    -> the version. NotFound ``draft``; RuleBroken ``draft_moved`` where the draft or the course's version is not what was compared,
    ``draft_faulty`` (count), ``draft_unchanged``, and what ``intake.change`` refuses.
    """
    desk = draft.desk_of(draft.held(base.session(), actor), actor)
    draft_id = desk.row.id
    if desk.row.revision != revision or desk.version_id != version_id:
        raise RuleBroken("draft_moved")
    verdict = desk.verdict()  # before anything is held: it takes longest, and the draft is known by its revision
    if verdict.programme is None:
        raise RuleBroken("draft_faulty", count=len(verdict.faults))
    if not draft.differences_of(desk):
        raise RuleBroken("draft_unchanged")
    with suppress(IntegrityError):  # another course publishes the same content at this moment: then it is there when asked again
        return _publish(actor, draft_id, revision, version_id, verdict.programme)
    return _publish(actor, draft_id, revision, version_id, verdict.programme)


def _publish(actor: Actor, draft_id: str, revision: int, version_id: str, judged: Programme) -> str:
    with base.transactional() as session:
        course = intake.held(session, actor)
        row = draft.held(session, actor, lock=True)
        now = intake.of(org_id=actor.org_id, course_id=actor.course_id)
        if (row.id, row.revision) != (draft_id, revision) or intake.version_of(actor, now) != version_id:
            raise RuleBroken("draft_moved")
        made = programme.publish(session, org_id=actor.org_id, programme=judged, actor=actor, derived_from=row.source_version_id)
        course.programme_version_id = made.id
        course.updated_by, course.updated_at = actor.person_id, base.now()
        before = draft.entry_of(now)
        entry = with_values(before, row.values)
        if differences(before, entry):  # a course with more people than places may still say something else
            _settle(session, course, judged, actor, entry)
        session.execute(delete(ProgrammeDraft).where(ProgrammeDraft.id == row.id))
        privacy.record(session, actor=actor, verb="publish", object_kind=DRAFT, object_id=row.id, version=made.id, before=version_id)
        return made.id


def _settle(session: Session, course: Intake, judged: Programme, actor: Actor, entry: Sequence[Field]) -> None:
    said = {field.label.rpartition(".")[2]: field.value for field in entry}
    first, last = (date.fromisoformat(said[day]) if said[day] else None for day in ("opens_on", "closes_on"))
    opens_at, closes_at = intake.whole_days(first, last)
    places = int(said["places"]) if said["places"] else None
    intake.settle(session, course, judged, actor=actor, mode=said["mode"], places=places, opens_at=opens_at, closes_at=closes_at)
