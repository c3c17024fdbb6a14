# SPDX-License-Identifier: Apache-2.0
"""A reviewer's own side: what waits for them, the application beside the rubric, and a review kept as it is written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from lti_mentoring.domain import selection as rules
from lti_mentoring.domain.people import Actor, display_name
from lti_mentoring.domain.programme import Rubric
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.domain.selection import Mark, Review
from lti_mentoring.services import privacy, programme
from lti_mentoring.store import base
from lti_mentoring.store.application import Application, ApplicationReview
from lti_mentoring.store.people import Person

REVIEWED = ("submitted", "under_review", "information_asked")
"""States in which a review may still be written."""


OVER = "over"
"""Of a review that was asked for and is needed no more: its application is decided, or taken back."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A review that somebody is asked for, has submitted, or was asked for before its application was decided (``over``)."""

    id: str
    applicant: str
    asked_at: datetime
    state: str
    marked: int
    of: int


def author_reviews(rows: Iterable[ApplicationReview]) -> list[Review]:
    """The submitted ones as the rules read them, in the order in which they were asked for."""
    return [Review(row.reviewer_id, parsed(row.marks)) for row in rows if row.submitted_at is not None]


def parsed(marks: Sequence[dict[str, Any]]) -> tuple[Mark, ...]:
    """Marks out of their stored form."""
    return tuple(Mark(one["criterion"], one["level"], one["ground"]) for one in marks)


def waiting(*, actor: Actor) -> tuple[Waiting, ...]:
    """The reviews that the actor is asked for in this course, the open ones first; two queries."""
    rows = base.session().execute(
        select(ApplicationReview, Application.state, Person.id, Person.name, Person.chosen_name)
        .join(Application, and_(Application.org_id == ApplicationReview.org_id, Application.id == ApplicationReview.application_id))
        .join(Person, and_(Person.org_id == Application.org_id, Person.id == Application.person_id))
        .where(ApplicationReview.reviewer_id == actor.person_id, Application.course_id == actor.course_id)
        .order_by(ApplicationReview.submitted_at.is_not(None), ApplicationReview.assigned_at)
    )
    return tuple(
        Waiting(
            review.id,
            display_name(name or chosen, person),
            review.assigned_at,
            "submitted" if review.submitted_at else review.state if state in REVIEWED else OVER,
            sum(bool(mark["ground"]) for mark in review.marks),
            len(programme.rubric(review.rubric_version_id).criteria),
        )
        for review, state, person, name, chosen in rows
    )


def find(session: Session, actor: Actor, review_id: str, *, lock: bool = False) -> tuple[ApplicationReview, Application]:
    """The actor's own review with its application. NotFound for anybody else's, in every course."""
    query = (
        select(ApplicationReview, Application)
        .join(Application, and_(Application.org_id == ApplicationReview.org_id, Application.id == ApplicationReview.application_id))
        .where(
            ApplicationReview.id == review_id,
            ApplicationReview.reviewer_id == actor.person_id,
            Application.course_id == actor.course_id,
        )
    )
    row = session.execute(query.with_for_update(of=ApplicationReview) if lock else query).first()
    if row is None:
        raise NotFound("review")
    return row[0], row[1]


def save(*, actor: Actor, review_id: str, marks: Sequence[Mark], revision: int) -> int:
    """Keep a draft of one's own review. -> its revision.

    RuleBroken ``review_submitted``, ``review_late``, ``draft_conflict`` (revision), ``criterion_unknown``, ``level_unknown``,
    ``ground_long``.
    """
    with base.transactional() as session:
        row, _ = _keep(session, actor, review_id, marks, revision)
        return row.revision


def _keep(
    session: Session, actor: Actor, review_id: str, marks: Sequence[Mark], revision: int
) -> tuple[ApplicationReview, Rubric]:
    row, application = find(session, actor, review_id, lock=True)
    if row.submitted_at is not None:
        raise RuleBroken("review_submitted")
    if application.state not in REVIEWED:
        raise RuleBroken("review_late", state=application.state)
    rubric = programme.rubric(row.rubric_version_id)
    rules.check_marks(rubric, marks)
    body = [{"criterion": one.criterion, "level": one.level, "ground": one.ground.strip()} for one in marks]
    if body != row.marks:
        if revision != row.revision:
            raise RuleBroken("draft_conflict", revision=row.revision)
        row.marks, row.state = body, "drafting"
        row.revision += 1
    return row, rubric


def submit(*, actor: Actor, review_id: str, marks: Sequence[Mark], revision: int) -> None:
    """Submit one's own review; from then on it never changes. RuleBroken ``review_gaps`` (criteria), and what ``save`` refuses."""
    with base.transactional() as session:
        row, rubric = _keep(session, actor, review_id, marks, revision)
        open_ = rules.gaps(rubric, parsed(row.marks))
        if open_:
            raise RuleBroken("review_gaps", criteria=open_)
        row.state, row.submitted_at = "submitted", base.now()
        privacy.record(
            session, actor=actor, verb="submit", object_kind="application_review", object_id=row.id, application=row.application_id
        )
