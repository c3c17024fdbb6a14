# SPDX-License-Identifier: Apache-2.0
"""What those who select read: the queue, and one application with its references, reviews and conflicts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from lti_mentoring.domain import application as rules
from lti_mentoring.domain import conflict as guard
from lti_mentoring.domain import selection as judging
from lti_mentoring.domain.application import Case
from lti_mentoring.domain.conflict import REVIEW, Check, Question
from lti_mentoring.domain.form import clean, not_eligible
from lti_mentoring.domain.people import Actor, display_name
from lti_mentoring.domain.programme import ApplicationForm, FormField, Programme, Rubric, Selection
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.domain.selection import Conflict, Review, Standing
from lti_mentoring.services import conflict, deciding, declaring, intake, programme, queueing, reporting_line, statement, timeline
from lti_mentoring.services.intake import IntakeRow, Places
from lti_mentoring.services.reporting_line import Attestation
from lti_mentoring.services.reviewing import REVIEWED, author_reviews
from lti_mentoring.services.timeline import Moment
from lti_mentoring.store import base
from lti_mentoring.store.application import Application, ApplicationReview
from lti_mentoring.store.delivery import mail_way
from lti_mentoring.store.people import Person
from lti_mentoring.store.reporting_line import ReportingLine

MOST_LISTED = 500

GIVING = ("offer", "waitlist")
"""Verbs that the page shows the hindrance of."""


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One application in the coordinator's list; ``reviews`` are in, of ``assigned``. Without a ``state`` it is others who decide."""

    id: str
    name: str
    state: str = ""
    submitted_at: datetime | None = None
    assigned: int = 0
    reviews: int = 0
    offer_until: date | None = None


@dataclass(frozen=True, slots=True)
class Queue:
    """The applications of a course but drafts, the undecided first and of them the oldest; ``more``: there are more than are shown. How
    many there are of each state, drafts included. ``next`` is whoever has been on the waiting list for the longest, while a place is
    free."""

    rows: tuple[QueueRow, ...]
    counts: Mapping[str, int]
    intake: IntakeRow
    places: Places
    wanted: int
    next: QueueRow | None = None
    more: bool = False


@dataclass(frozen=True, slots=True)
class Submitted:
    """What was submitted: the answers by field, what was given later (asked, text), and what the applicant says they do not fulfil."""

    form: ApplicationForm
    answers: Mapping[str, Any]
    supplements: tuple[tuple[str, str], ...]
    not_eligible: tuple[FormField, ...]


@dataclass(frozen=True, slots=True)
class ReviewerRow:
    """Somebody who reviews or could; ``conflicts`` say why not, ``state`` is empty where they are not assigned."""

    person_id: str
    name: str
    state: str
    conflicts: tuple[Conflict, ...]


@dataclass(frozen=True, slots=True)
class ReadReview:
    """A review that the reader may read."""

    reviewer: str
    review: Review


@dataclass(frozen=True, slots=True)
class Dossier:
    """One application as the coordinator decides on it. ``reviews`` and ``standing`` are there once all are in; ``hindered`` says of a
    verb what stands against it yet, ``references_help`` that one that is given now is still read."""

    id: str
    name: str
    state: str
    submitted: Submitted
    managers: tuple[str, ...]
    attested: Attestation
    references: tuple[statement.ReferenceRow, ...]
    references_help: bool
    reviewers: tuple[ReviewerRow, ...]
    reviews: tuple[ReadReview, ...]
    standing: Standing | None
    rubric: Rubric
    selection: Selection
    timeline: tuple[Moment, ...]
    intake: IntakeRow
    verbs: tuple[str, ...]
    hindered: Mapping[str, RuleBroken]
    asked: str
    offer_until: date | None
    mails: bool
    """Whether this installation sends mails, so that referees can be asked by one."""


# --- the list -------------------------------------------------------------------------------------------------------------


def queue(*, actor: Actor) -> Queue:
    """The applications of the course; a constant number of queries, whatever theirs. Of somebody whom the reader manages they learn that
    others decide, and nothing of how it stands (R9)."""
    session = base.session()
    entry = intake.of(org_id=actor.org_id, course_id=actor.course_id)
    led = reporting_line.led_by(session, actor.person_id, on=base.now().date())
    here = Application.course_id == actor.course_id
    counted = session.execute(select(Application.state, func.count()).where(here).group_by(Application.state))
    counts = {row[0]: int(row[1]) for row in counted}
    assigned = func.count(ApplicationReview.id)
    submitted = func.count(ApplicationReview.submitted_at)
    rows = session.execute(
        select(Application, Person.name, Person.chosen_name, assigned, submitted)
        .join(Person, and_(Person.org_id == Application.org_id, Person.id == Application.person_id))
        .outerjoin(
            ApplicationReview, and_(ApplicationReview.org_id == Application.org_id, ApplicationReview.application_id == Application.id)
        )
        .where(here, Application.state != "draft", Application.submitted_at.is_not(None))
        .group_by(Application.org_id, Application.id, Person.org_id, Person.id)
        .order_by(Application.state.in_(rules.DECIDED), Application.submitted_at, Application.id)
        .limit(MOST_LISTED + 1)
    ).all()
    made = tuple(
        QueueRow(row.id, display_name(name or chosen, row.person_id), row.state, row.submitted_at, of, done, row.offer_until)
        if row.person_id not in led
        else QueueRow(row.id, display_name(name or chosen, row.person_id))
        for row, name, chosen, of, done in rows[:MOST_LISTED]
    )
    version = programme.load(intake.version_of(actor, entry))
    places = intake.places_of(session, actor.course_id, entry.places)
    waits = queueing.waiting(session, actor.course_id) if places.left != 0 else ()
    first = next((row for row in made if waits and row.id == waits[0]), None)
    return Queue(made, counts, entry, places, version.policy.selection.reviewers, first, more=len(rows) > MOST_LISTED)


# --- one application --------------------------------------------------------------------------------------------------------


def dossier(*, actor: Actor, application_id: str) -> Dossier:
    """One application with all that a decision rests on. NotFound for a draft: nobody reads what is not submitted."""
    session = base.session()
    row = read(session, actor, application_id)
    version = programme.load(row.programme_version_id)
    rubric = version.rubric(version.policy.selection.rubric)
    assigned = assigned_to(session, row.id)
    blind = not all_in(assigned, version.policy.selection.reviewers)
    reviews = author_reviews(assigned)
    names = names_of(session, [one.reviewer_id for one in assigned] + [row.person_id])
    verbs = rules.open_verbs(row.state, rules.COORDINATOR)
    case = replace(case_of(session, row, version), place_free=intake.places_left(session, row.course_id) != 0)
    readable = () if blind else tuple(ReadReview(names[one.reviewer], one) for one in reviews)
    return Dossier(
        id=row.id,
        name=names[row.person_id],
        state=row.state,
        submitted=submitted(session, row, version),
        managers=_managers(session, row.person_id),
        attested=reporting_line.attestation(session, row.person_id, on=base.now().date()),
        references=statement.references(session, row.id),
        references_help=row.state in REVIEWED,
        reviewers=_reviewers(session, actor, row, assigned, names),
        reviews=readable,
        standing=None if blind else judging.standing(version.policy.selection, rubric, reviews),
        rubric=rubric,
        selection=version.policy.selection,
        timeline=timeline.of(session, row.id),
        intake=intake.of(org_id=actor.org_id, course_id=actor.course_id),
        verbs=verbs,
        hindered={
            verb: broken for verb in verbs if verb in GIVING and (broken := rules.hindrance(row.state, verb, case)) is not None
        },
        asked=row.asked,
        offer_until=row.offer_until,
        mails=mail_way() is not None,
    )


def read(session: Session, actor: Actor, application_id: str, *, lock: bool = False) -> Application:
    """A submitted application of the actor's course. NotFound else; RuleBroken ``application_own`` for one's own, ``applicant_decides``
    for whoever has applied in the course, ``manager_decides`` (deciders, free) for whoever manages or appraises the applicant (R9)."""
    query = select(Application).where(Application.id == application_id, Application.course_id == actor.course_id)
    row = session.scalar(query.with_for_update() if lock else query)
    if row is None or row.submitted_at is None:
        raise NotFound("application")
    if row.person_id == actor.person_id:
        raise RuleBroken("application_own")
    if applicants(session, actor.course_id, [actor.person_id]):
        raise RuleBroken("applicant_decides")
    lines = reporting_line.of(session, row.person_id, on=base.now().date())
    barred = lines.managers | lines.above
    if actor.person_id in barred:
        apply = applicants(session, actor.course_id, [person for person, _ in declaring.staff(session, actor)])
        raise deciding.somebody_else(session, actor, barred | apply | {row.person_id})
    return row


def case_of(session: Session, row: Application, version: Programme, *, reason: str = "", feedback: str = "") -> Case:
    """What the guards of a decision look at; whether a place is free is asked last, by who gives one."""
    assigned = assigned_to(session, row.id)
    rubric = version.rubric(version.policy.selection.rubric)
    missing = sum(one.submitted_at is None for one in assigned)
    made = judging.standing(version.policy.selection, rubric, author_reviews(assigned))
    return Case(
        base.now(),
        attested_lately=reporting_line.attestation(session, row.person_id, on=base.now().date()).holds,
        standing=replace(made, missing=max(missing, made.missing)),  # whoever was asked is waited for
        reason=reason,
        feedback=feedback,
        offer_until=row.offer_until,
    )


def applicants(session: Session, course_id: str, people: Collection[str]) -> set[str]:
    """Those of these people who have an application in the course that is submitted and not decided."""
    waits = rules.LIVE - {"draft", "accepted"}
    query = select(Application.person_id).where(Application.course_id == course_id, Application.person_id.in_(people))
    return set(session.scalars(query.where(Application.state.in_(waits))))


def submitted(session: Session, row: Application, version: Programme) -> Submitted:
    """What was submitted, from its snapshot: a reader never sees an answer that was changed afterwards."""
    if version.form is None:
        raise RuleBroken("form_missing")
    frozen = timeline.snapshots(session, row.id)
    answers = clean(version.form, frozen[0].body["answers"])
    later = tuple((one.body["asked"], one.body["text"]) for one in frozen[1:])
    return Submitted(version.form, answers, later, not_eligible(version.form, answers))


def assigned_to(session: Session, application_id: str) -> Sequence[ApplicationReview]:
    """The reviews that were asked for, in order."""
    query = select(ApplicationReview).where(ApplicationReview.application_id == application_id)
    return session.scalars(query.order_by(ApplicationReview.assigned_at, ApplicationReview.id)).all()


def all_in(assigned: Sequence[ApplicationReview], wanted: int) -> bool:
    """Whether all the reviews are in, so that they may be read."""
    asked = [one.reviewer_id for one in assigned]
    return judging.all_in(assigned=asked, submitted=[one.reviewer_id for one in assigned if one.submitted_at is not None], wanted=wanted)


def names_of(session: Session, people: Sequence[str]) -> dict[str, str]:
    """What to call these people, by their ids."""
    rows = session.execute(select(Person.id, Person.name, Person.chosen_name).where(Person.id.in_(set(people))))
    return {row.id: display_name(row.name or row.chosen_name, row.id) for row in rows}


def _managers(session: Session, person_id: str) -> tuple[str, ...]:
    """Names of those who manage or appraise the applicant now, as they said it."""
    rows = session.execute(
        select(ReportingLine, Person.name, Person.chosen_name)
        .outerjoin(Person, and_(Person.org_id == ReportingLine.org_id, Person.id == ReportingLine.manager_id))
        .where(ReportingLine.subordinate_id == person_id, ReportingLine.ended_on.is_(None))
        .order_by(ReportingLine.id)
    )
    return tuple(line.manager_name or display_name(name or chosen, line.manager_id or "") for line, name, chosen in rows)


def _reviewers(
    session: Session, actor: Actor, row: Application, assigned: Sequence[ApplicationReview], names: Mapping[str, str]
) -> tuple[ReviewerRow, ...]:
    """Everybody of the staff, with what speaks against each; those who are assigned and have left the staff since as well."""
    known = dict(declaring.staff(session, actor))
    known[actor.person_id] = actor.name
    known |= {one.reviewer_id: names[one.reviewer_id] for one in assigned}
    states = {one.reviewer_id: "submitted" if one.submitted_at else one.state for one in assigned}
    found = conflicts(session, row, known)
    rows = (ReviewerRow(person, name, states.get(person, ""), found[person]) for person, name in known.items())
    return tuple(sorted(rows, key=lambda one: (not one.state, bool(one.conflicts), one.name.casefold())))


def conflicts(session: Session, row: Application, people: Mapping[str, str]) -> dict[str, tuple[Conflict, ...]]:
    """What speaks against each of these people as reviewers of an application (R9), as things stand today."""
    facts = conflict.facts_of(session, {row.person_id, *people}, on=base.now().date())
    applying = applicants(session, row.course_id, list(people)) - {row.person_id}
    found = {person: _told(guard.check(Question(REVIEW, (person,), (row.person_id,)), facts)) for person in people}
    return {person: (*told, *((Conflict("applies"),) if person in applying else ())) for person, told in found.items()}


def _told(found: Check) -> tuple[Conflict, ...]:
    """All but that the applicant's own line is unknown: an offer waits for that, no review does."""
    return tuple(dict.fromkeys(Conflict(one.code, one.rule) for one in found.findings if one.rule != "R0"))
