# SPDX-License-Identifier: Apache-2.0
"""What those who select do: ask for reviews, ask the applicant, offer, put on the waiting list, decline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lti_mentoring.domain import application as rules
from lti_mentoring.domain import selection as judging
from lti_mentoring.domain.application import Case
from lti_mentoring.domain.conflict import REVIEW, Question
from lti_mentoring.domain.people import LEADS, Actor
from lti_mentoring.domain.programme import Programme
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import conflict, declaring, intake, notification, privacy, programme, queueing, timeline
from lti_mentoring.services import dossier as dossiers
from lti_mentoring.services.conflict import About
from lti_mentoring.services.privacy import SYSTEM
from lti_mentoring.services.reviewing import author_reviews
from lti_mentoring.store import base
from lti_mentoring.store.application import Application, ApplicationReview
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.people import RoleGrant

LONGEST_WORDS = 4000

NEWS = frozenset({"ask_information", "offer", "waitlist", "decline", "lapse"})
"""What the applicant is told of as it happens."""

# --- verbs ----------------------------------------------------------------------------------------------------------------


def assign(*, actor: Actor, application_id: str, reviewer_id: str) -> None:
    """Ask somebody of the staff for a review. NotFound ``reviewer_unknown``;
    RuleBroken ``reviewer_conflict`` (conflicts), ``review_late``."""
    with base.transactional() as session:
        row = dossiers.read(session, actor, application_id, lock=True)
        known = {**dict(declaring.staff(session, actor)), actor.person_id: actor.name}
        if reviewer_id not in known:
            raise NotFound("reviewer_unknown")
        if row.state not in ("submitted", "under_review", "information_asked"):
            raise RuleBroken("review_late", state=row.state)
        found = dossiers.conflicts(session, row, {reviewer_id: known[reviewer_id]})[reviewer_id]
        if found:
            raise RuleBroken("reviewer_conflict", reviewer=known[reviewer_id], conflicts=found)
        version = programme.load(row.programme_version_id)
        asked = dossiers.assigned_to(session, row.id)
        held = {one.reviewer_id for one in asked}
        if reviewer_id in held:
            return
        _further(session, actor, version, asked, reviewer_id)
        review = ApplicationReview(
            id=base.new_id(),
            application_id=row.id,
            reviewer_id=reviewer_id,
            rubric_version_id=programme.rubric_version_id(row.programme_version_id, version.policy.selection.rubric),
            assigned_by=actor.person_id,
        )
        session.add(review)
        session.flush()
        _guard(session, actor, row, review)
        if reviewer_id != actor.person_id:
            ids = {"course": row.course_id, "review": review.id}
            _tell(session, row, reviewer_id, "application_waits", "selection.review", ids)
        facts = {"application": row.id, "reviewer": reviewer_id}
        privacy.record(session, actor=actor, verb="assign", object_kind="application_review", object_id=review.id, **facts)
        if row.state == "submitted" and len(held) + 1 >= version.policy.selection.reviewers:
            _move(session, actor, row, "review", Case(base.now(), assigned=len(held) + 1, wanted=version.policy.selection.reviewers))


def _guard(session: Session, actor: Actor, row: Application, review: ApplicationReview) -> None:
    """Keep what the conflict guard found of a reviewer; what is told later of this day is found too."""
    asked, about = Question(REVIEW, (review.reviewer_id,), (row.person_id,)), About("application_review", review.id, row.course_id)
    conflict.decide(session, actor=actor, question=asked, about=about, on=base.now().date(), hold=True)


def _further(session: Session, actor: Actor, version: Programme, asked: Sequence[ApplicationReview], reviewer_id: str) -> None:
    """Once the reviews can be read, a further one is asked for only where they are apart, and of nobody who can have read them."""
    selection = version.policy.selection
    if not dossiers.all_in(asked, selection.reviewers):
        return
    if not judging.standing(selection, version.rubric(selection.rubric), author_reviews(asked)).needs_further:
        raise RuleBroken("reviews_complete")
    leads = select(RoleGrant.id).where(RoleGrant.course_id == actor.course_id, RoleGrant.person_id == reviewer_id)
    if session.scalar(leads.where(RoleGrant.role.in_(LEADS), RoleGrant.revoked_at.is_(None)).limit(1)) is not None:
        raise RuleBroken("reviewer_has_read")


def relieve(*, actor: Actor, application_id: str, reviewer_id: str) -> None:
    """Take back the request for a review that is not submitted. RuleBroken ``review_submitted``."""
    with base.transactional() as session:
        row = dossiers.read(session, actor, application_id, lock=True)
        review = session.scalar(
            select(ApplicationReview)
            .where(ApplicationReview.application_id == row.id, ApplicationReview.reviewer_id == reviewer_id)
            .with_for_update()
        )
        if review is None:
            raise NotFound("review")
        if review.submitted_at is not None:
            raise RuleBroken("review_submitted")
        session.delete(review)
        conflict.end(session, About("application_review", review.id, row.course_id))
        privacy.record(session, actor=actor, verb="relieve", object_kind="application_review", object_id=review.id, application=row.id)


def ask_information(*, actor: Actor, application_id: str, words: str) -> None:
    """Ask the applicant for something. RuleBroken ``information_empty``."""
    words = _words(words)
    if not words:
        raise RuleBroken("information_empty")
    with base.transactional() as session:
        row = dossiers.read(session, actor, application_id, lock=True)
        row.asked = words
        _move(session, actor, row, "ask_information", Case(base.now()), words=words)


def ask_lines(*, actor: Actor, application_id: str) -> None:
    """Tell an applicant that something is asked of them: to say again who manages them, since it is more than a year ago. Where it is
    not, nothing happens."""
    with base.transactional() as session:
        row = dossiers.read(session, actor, application_id, lock=True)
        if declaring.outdated(session, row):
            privacy.record(session, actor=actor, verb="ask_lines", object_kind="application", object_id=row.id)
            _tell(session, row, row.person_id, "application_news", "application.index", {"course": row.course_id})


def resume(*, actor: Actor, application_id: str) -> None:
    """Go on with the review once the applicant has answered. RuleBroken ``reviewers_missing``."""
    with base.transactional() as session:
        row = dossiers.read(session, actor, application_id, lock=True)
        wanted = programme.load(row.programme_version_id).policy.selection.reviewers
        _move(session, actor, row, "review", Case(base.now(), assigned=len(dossiers.assigned_to(session, row.id)), wanted=wanted))


def offer(*, actor: Actor, application_id: str, feedback: str = "") -> None:
    """Offer a place; the last one is given once, whoever else decides at that moment.

    RuleBroken ``attestation_old``, ``reviews_missing``, ``reviewers_apart``, ``below_the_bar`` (short), ``no_place_left``,
    ``applied_anew``, ``candidacy_elsewhere``.
    """
    try:
        with base.transactional() as session:
            row = dossiers.read(session, actor, application_id, lock=True)
            version = programme.load(row.programme_version_id)
            found = dossiers.case_of(session, row, version)
            if session.scalar(select(Candidacy.id).where(Candidacy.person_id == row.person_id, Candidacy.course_id == row.course_id)):
                raise RuleBroken("candidate_already")
            rules.after(row.state, "offer", found)  # what the reviews say comes first: a place is asked for last
            found = replace(found, place_free=intake.places_left(session, row.course_id, lock=True) != 0)
            row.offer_until = base.now().date() + timedelta(days=version.policy.selection.offer_days)
            row.slot = row.person_id
            _move(session, actor, row, "offer", found, words=_words(feedback))
    except IntegrityError as error:
        raise RuleBroken("applied_anew") from error


def waitlist(*, actor: Actor, application_id: str, feedback: str = "") -> None:
    """Put somebody who reaches the bar on the waiting list."""
    with base.transactional() as session:
        row = dossiers.read(session, actor, application_id, lock=True)
        found = dossiers.case_of(session, row, programme.load(row.programme_version_id))
        _move(session, actor, row, "waitlist", found, words=_words(feedback))


def decline(*, actor: Actor, application_id: str, reason: str, feedback: str) -> None:
    """Decline with a reason and words that the applicant reads; a person does, never a timer. Nothing of it goes to the LMS.

    RuleBroken ``decision_reason_missing``, ``feedback_missing`` (least), ``reviews_missing`` where the reason needs them.
    """
    with base.transactional() as session:
        row = dossiers.read(session, actor, application_id, lock=True)
        found = dossiers.case_of(session, row, programme.load(row.programme_version_id), reason=reason, feedback=feedback)
        _move(session, actor, row, "decline", found, reason=reason, words=_words(feedback))
        row.declined_at = base.now()


def _move(
    session: Session, actor: Actor | str, row: Application, verb: str, case: Case, *, reason: str = "", words: str = ""
) -> None:
    row.state = rules.after(row.state, verb, case)
    timeline.note(session, row, actor, verb, reason=reason, words=words)
    if verb in NEWS:
        _tell(session, row, row.person_id, "application_news", "application.index", {"course": row.course_id})


def _tell(session: Session, row: Application, person_id: str, kind: str, endpoint: str, ids: Mapping[str, str]) -> None:
    """Say that there is something to read; what it is stands on the page."""
    notification.tell(session, org_id=row.org_id, person_id=person_id, kind=kind, facts={}, endpoint=endpoint, ids=ids)


def _words(text: str) -> str:
    words = text.replace("\r\n", "\n").replace("\x00", "").strip()
    if len(words) > LONGEST_WORDS:
        raise RuleBroken("words_long", most=LONGEST_WORDS)
    return words


# --- time passes ------------------------------------------------------------------------------------------------------------


def lapse() -> bool:
    """End one offer whose deadline is over, and give its place back; a worker's errand. -> whether there was one."""
    today = base.now().date()
    with base.across_organisations("application: offers that ended"):
        found = base.session().execute(
            select(Application.org_id, Application.id).where(Application.state == "offered", Application.offer_until < today).limit(1)
        ).first()
    if found is None:
        return False
    with base.tenant(found.org_id), base.transactional() as session:
        row = session.scalar(select(Application).where(Application.id == found.id).with_for_update())
        if row is not None and row.state == "offered":
            _move(session, SYSTEM, row, "lapse", Case(base.now(), offer_until=row.offer_until))
            queueing.place_freed(session, row.course_id, by=SYSTEM)
    return True
