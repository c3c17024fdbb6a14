# SPDX-License-Identifier: Apache-2.0
"""What a reviewer reads: the application as it was submitted, beside the rubric; never another's review before all are in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.programme import Rubric
from lti_mentoring.domain.selection import Mark, may_read
from lti_mentoring.services import dossier, programme, reviewing, statement
from lti_mentoring.services.dossier import ReadReview, Submitted
from lti_mentoring.services.statement import ReferenceRow
from lti_mentoring.store import base


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """One review at work. ``others`` are there once every assigned reviewer has submitted."""

    id: str
    applicant: str
    submitted: Submitted
    references: tuple[ReferenceRow, ...]
    rubric: Rubric
    marks: Mapping[str, Mark]
    revision: int
    state: str
    writable: bool
    others: tuple[ReadReview, ...]


def page(*, actor: Actor, review_id: str) -> ReviewPage:
    """The actor's own review. NotFound for anybody else's."""
    session = base.session()
    row, application = reviewing.find(session, actor, review_id)
    version = programme.load(application.programme_version_id)
    assigned = dossier.assigned_to(session, application.id)
    names = dossier.names_of(session, [*(one.reviewer_id for one in assigned), application.person_id])
    asked = [one.reviewer_id for one in assigned]
    done = [one.reviewer_id for one in assigned if one.submitted_at is not None]
    wanted = version.policy.selection.reviewers
    others = [one for one in reviewing.author_reviews(assigned) if one.reviewer != actor.person_id]
    readable = [one for one in others if may_read(actor.person_id, author=one.reviewer, assigned=asked, submitted=done, wanted=wanted)]
    return ReviewPage(
        id=row.id,
        applicant=names[application.person_id],
        submitted=dossier.submitted(session, application, version),
        references=statement.references(session, application.id),
        rubric=programme.rubric(row.rubric_version_id),
        marks={mark.criterion: mark for mark in reviewing.parsed(row.marks)},
        revision=row.revision,
        state="submitted" if row.submitted_at else row.state,
        writable=row.submitted_at is None and application.state in reviewing.REVIEWED,
        others=tuple(ReadReview(names[one.reviewer], one) for one in readable),
    )
