# SPDX-License-Identifier: Apache-2.0
"""What people are told because time has passed, or because something stands still: each reason once, whoever looks and how often."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import String, and_, cast, exists, func, literal, or_, select
from sqlalchemy.orm import Session, aliased

from lti_mentoring.domain import reminder as rules
from lti_mentoring.domain.delivery import REFUSED, STUCK
from lti_mentoring.domain.observation import RATED, WAITING
from lti_mentoring.domain.participation import ACTIVE
from lti_mentoring.domain.people import LEADS
from lti_mentoring.domain.programme import STRUCTURED
from lti_mentoring.services import notification, programme
from lti_mentoring.services.intake import APPLY
from lti_mentoring.services.reference import AWAITED
from lti_mentoring.services.reviewing import REVIEWED
from lti_mentoring.store import base
from lti_mentoring.store.application import Application, ApplicationReview, Intake, Reference
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.delivery import Mail, ReferenceLetter, ScorePublication
from lti_mentoring.store.handing_in import HandingIn
from lti_mentoring.store.notification import Notification
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.people import Placement, RoleGrant
from lti_mentoring.store.rating import Rater
from lti_mentoring.store.recognition import Recognition
from lti_mentoring.store.training import CheckAttempt

MOST_AT_ONCE = 200
"""Notices of one kind that a sweep gives; what is left waits for the next."""

STUCK_KEY = "stuck:"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why somebody is told something; ``once`` names it."""

    org_id: str
    person_id: str
    kind: str
    once: str
    endpoint: str
    ids: dict[str, str]
    facts: dict[str, Any] = field(default_factory=dict)


def sweep(*, now: datetime) -> int:
    """Tell everybody what is due by the clock. -> how many were told. One query for each kind where nothing is due."""
    return sum(_tell(find(now)) for find in (_windows, _answers, _reviews, _undelivered, _retakes, _ratings, _stuck, _notes))


def _tell(reasons: Iterable[Reason]) -> int:
    made = 0
    for org_id, some in groupby(sorted(reasons, key=lambda one: one.org_id), key=lambda one: one.org_id):
        with base.tenant(org_id), base.transactional() as session:
            for one in some:
                made += (
                    notification.tell(
                        session,
                        org_id=org_id,
                        person_id=one.person_id,
                        kind=one.kind,
                        facts=one.facts,
                        endpoint=one.endpoint,
                        ids=one.ids,
                        once=one.once,
                    )
                    is not None
                )
    return made


def leads(session: Session, course_id: str) -> list[str]:
    """Who coordinates a course, deputies too."""
    held = (RoleGrant.course_id == course_id, RoleGrant.role.in_(LEADS), RoleGrant.revoked_at.is_(None))
    return sorted(set(session.scalars(select(RoleGrant.person_id).where(*held))))


# --- applications ----------------------------------------------------------------------------------------------------------------


def _windows(now: datetime) -> list[Reason]:
    """Whoever has a draft: applications are taken now, or soon no more."""
    opened = and_(
        Intake.opens_at > now - rules.OPENED_LATELY,
        Intake.opens_at <= now,
        or_(Intake.closes_at.is_(None), Intake.closes_at > now),
        Application.created_at < Intake.opens_at,
    )
    closing = and_(Intake.closes_at > now, Intake.closes_at <= now + rules.CLOSES_SOON)
    made = []
    for kind, due, moment in (("application_opens", opened, Intake.opens_at), ("application_closes", closing, Intake.closes_at)):
        once = literal(f"{kind}:") + Application.id + literal(":") + cast(moment, String)
        query = (
            select(Application.org_id, Application.person_id, Application.course_id, Intake.closes_at, once.label("once"))
            .join(Intake, and_(Intake.org_id == Application.org_id, Intake.course_id == Application.course_id))
            .where(Application.state == "draft", Intake.mode == APPLY, due)
        )
        for row in _due(kind, query, Application, once):
            facts = {"until": _last_day(row.closes_at)} if kind == "application_closes" else {}
            made.append(Reason(row.org_id, row.person_id, kind, row.once, "application.index", {"course": row.course_id}, facts))
    return made


def _last_day(closes_at: datetime) -> date:
    """The last day on which applications are taken: windows end with a day."""
    return (closes_at - timedelta.resolution).date()


def _answers(now: datetime) -> list[Reason]:
    """Whoever has an answer to give whose last day is near."""
    today = now.date()
    once = literal("answer:") + Application.id + literal(":") + cast(Application.offer_until, String)
    query = select(Application.org_id, Application.person_id, Application.course_id, Application.offer_until, once.label("once")).where(
        Application.state == "offered", Application.offer_until >= today, Application.offer_until <= today + rules.ANSWER_SOON
    )
    made = []
    for row in _due("answers", query, Application, once):
        where, facts = {"course": row.course_id}, {"until": row.offer_until}
        made.append(Reason(row.org_id, row.person_id, "application_answer", row.once, "application.index", where, facts))
    return made


def _reviews(now: datetime) -> list[Reason]:
    """Whoever was asked for a review long ago."""
    once = literal("review:") + ApplicationReview.id
    query = (
        select(
            ApplicationReview.org_id,
            ApplicationReview.reviewer_id.label("person_id"),
            Application.course_id,
            ApplicationReview.id,
            once.label("once"),
        )
        .join(Application, and_(Application.org_id == ApplicationReview.org_id, Application.id == ApplicationReview.application_id))
        .where(
            ApplicationReview.submitted_at.is_(None),
            ApplicationReview.assigned_at <= now - rules.REVIEW_DAYS,
            Application.state.in_(REVIEWED),
        )
    )
    untold = query.where(~notification.told(ApplicationReview.org_id, ApplicationReview.reviewer_id, once))
    return [
        Reason(row.org_id, row.person_id, "review_overdue", row.once, "selection.review", {"course": row.course_id, "review": row.id})
        for row in _rows("reviews", untold)
    ]


def _undelivered(now: datetime) -> list[Reason]:
    """Whoever leads a course: a mail to a referee of it was refused, and its reference is still awaited."""
    once = literal("undelivered:") + ReferenceLetter.id
    query = (
        select(ReferenceLetter.org_id, RoleGrant.person_id, Application.course_id, Application.id, once.label("once"))
        .join(Mail, and_(Mail.org_id == ReferenceLetter.org_id, Mail.id == ReferenceLetter.mail_id))
        .join(Reference, and_(Reference.org_id == ReferenceLetter.org_id, Reference.id == ReferenceLetter.reference_id))
        .join(Application, and_(Application.org_id == Reference.org_id, Application.id == Reference.application_id))
        .join(RoleGrant, and_(RoleGrant.org_id == Application.org_id, RoleGrant.course_id == Application.course_id))
        .where(Mail.state == REFUSED, Reference.salt == ReferenceLetter.salt, Reference.answered_at.is_(None))
        .where(Application.state.in_(AWAITED), RoleGrant.role.in_(LEADS), RoleGrant.revoked_at.is_(None))
        .where(~notification.told(ReferenceLetter.org_id, RoleGrant.person_id, once))
    )
    return [
        Reason(row.org_id, row.person_id, "referee_unreached", row.once, "selection.one", {"course": row.course_id, "application": row.id})
        for row in _rows("mails to referees", query)
    ]


def _due(why: str, query: Any, about: Any, once: Any) -> Any:
    return _rows(why, query.where(~notification.told(about.org_id, about.person_id, once)))


def _rows(why: str, query: Any) -> Any:
    with base.across_organisations(f"reminder: {why}"):
        return base.session().execute(query.limit(MOST_AT_ONCE)).all()


def _each(why: str, query: Any, first: Any, second: Any) -> Iterator[Any]:
    """All rows of two ids, however many there are; each once."""
    query, rows = query.order_by(first, second), _rows(why, query.order_by(first, second))
    while rows:
        yield from rows
        last = rows[-1]
        rows = _rows(why, query.where(or_(first > last[0], and_(first == last[0], second > last[1]))))


# --- training --------------------------------------------------------------------------------------------------------------------


def training_begins(session: Session, *, person_id: str, course_id: str, candidacy_id: str | None) -> None:
    """Whoever was selected is told that their training is open, in the transaction that makes a candidate of them."""
    notification.tell(
        session,
        org_id=base.current_tenant(),
        person_id=person_id,
        kind="training_begins",
        facts={},
        endpoint="home.index",
        ids={"course": course_id},
        once=f"training:{candidacy_id}",
    )


def _retakes(now: datetime) -> list[Reason]:
    """Candidates whose wait before the next attempt at a check is over, unless they have begun it, or need it no more."""
    failed = and_(CheckAttempt.mastered.is_(False), CheckAttempt.finished_at.is_not(None))
    ours = and_(Candidacy.org_id == CheckAttempt.org_id, Candidacy.id == CheckAttempt.candidacy_id)
    lately = CheckAttempt.finished_at > now - 5 * rules.STALE
    later = aliased(CheckAttempt)
    of_module = (later.candidacy_id == CheckAttempt.candidacy_id, later.module_key == CheckAttempt.module_key)
    followed = exists().where(later.org_id == CheckAttempt.org_id, *of_module, later.number > CheckAttempt.number)
    recognised = (Recognition.org_id == Candidacy.org_id, Recognition.candidacy_id == Candidacy.id)
    once = literal("retake:") + CheckAttempt.id
    untold = ~notification.told(Candidacy.org_id, Candidacy.person_id, once)
    versions = select(Candidacy.org_id, Candidacy.programme_version_id).join(CheckAttempt, ours).where(failed, lately, ~followed, untold)
    made = []
    for org_id, version_id in _each("waits", versions.distinct(), Candidacy.org_id, Candidacy.programme_version_id):
        with base.tenant(org_id):
            version = programme.load(version_id)
        waits = rules.waits_over(version.policy.retake_wait_hours, now)
        asked = [module.key for module in version.modules]
        over = [
            and_(
                CheckAttempt.number >= one.number if one.or_later else CheckAttempt.number == one.number,
                CheckAttempt.finished_at > one.after,
                CheckAttempt.finished_at <= one.until,
            )
            for one in waits
        ]
        query = (
            select(Candidacy.org_id, Candidacy.person_id, Candidacy.course_id, CheckAttempt.module_key, once.label("once"))
            .join(Candidacy, ours)
            .where(Candidacy.org_id == org_id, Candidacy.programme_version_id == version_id, Candidacy.participation == ACTIVE)
            .where(failed, or_(*over), ~followed, CheckAttempt.module_key.in_(asked))
            .where(~exists().where(*recognised, Recognition.module_key == CheckAttempt.module_key, Recognition.state == "recognised"))
        )
        for row in _due("retakes", query, Candidacy, once) if over else ():
            ids = {"course": row.course_id, "key": row.module_key}
            made.append(Reason(row.org_id, row.person_id, "training_open", row.once, "training.module", ids, {"module": row.module_key}))
    return made


# --- observation -------------------------------------------------------------------------------------------------------------------


def _notes(now: datetime) -> list[Reason]:
    """Candidates who watched a mentor a week ago, and have not handed in their notes."""
    ours = (Candidacy.org_id == Observation.org_id, Candidacy.id == Observation.candidacy_id)
    handed_in = (HandingIn.org_id == Observation.org_id, HandingIn.observation_id == Observation.id, HandingIn.handed_in_at.is_not(None))
    once = literal("notes:") + Observation.id
    query = (
        select(Observation.org_id, Candidacy.person_id, Observation.course_id, Observation.id, Observation.planned_for, once.label("once"))
        .join(Candidacy, and_(*ours))
        .where(Observation.kind == STRUCTURED, Observation.state.in_((*WAITING, RATED)), Candidacy.participation == ACTIVE)
        .where(Observation.planned_for < now.date() - rules.NOTES_DAYS, ~exists().where(*handed_in))
    )
    return [
        Reason(
            row.org_id,
            row.person_id,
            "notes_due",
            row.once,
            "handing_in.page",
            {"course": row.course_id, "observation": row.id},
            {"planned_for": row.planned_for},
        )
        for row in _due("notes", query, Candidacy, once)
    ]


# --- ratings ----------------------------------------------------------------------------------------------------------------------


def _ratings(now: datetime) -> list[Reason]:
    """Whoever has a rating to give that is late: the observer, and who rates beside them. Nobody learns of anybody else's."""
    today = now.date()
    late, old = today - rules.RATING_DAYS - timedelta(days=1), today - rules.RATING_STALE
    once = literal("rating:") + Observation.id
    mine = (Observation.org_id, Observation.observer_id.label("person_id"), Observation.course_id, Observation.id, Observation.planned_for)
    own = select(*mine, once.label("once")).where(Observation.state.in_(WAITING), Observation.planned_for.between(old, late))
    seat = literal("rating:") + Rater.id + literal(":") + cast(Rater.due_on, String)
    asked = (
        select(Rater.org_id, Rater.person_id, Observation.course_id, Observation.id, Observation.planned_for, seat.label("once"))
        .join(Observation, and_(Observation.org_id == Rater.org_id, Observation.id == Rater.observation_id))
        .where(Rater.state == "asked", Rater.due_on < today, Rater.due_on > old, Observation.state.in_((*WAITING, RATED)))
        .where(or_(~Rater.from_notes, Observation.state == RATED))
    )
    untold = own.where(~notification.told(Observation.org_id, Observation.observer_id, once))
    found = [*_rows("ratings", untold), *_due("ratings asked for", asked, Rater, seat)]
    return [
        Reason(
            row.org_id,
            row.person_id,
            "rating_overdue",
            row.once,
            "observation.sheet",
            {"course": row.course_id, "observation": row.id},
            {"planned_for": row.planned_for},
        )
        for row in found
    ]


# --- grades ----------------------------------------------------------------------------------------------------------------------


def _stuck(now: datetime) -> list[Reason]:
    """Whoever leads a course: a column of it takes grades no more. One notice for each column, until it is mended and breaks again."""
    _mended()
    once = literal(STUCK_KEY) + ScorePublication.placement_id
    query = (
        select(
            ScorePublication.org_id,
            RoleGrant.person_id,
            Placement.course_id,
            once.label("once"),
            func.count(ScorePublication.id.distinct()).label("many"),
            func.max(ScorePublication.fault).label("fault"),
            func.max(ScorePublication.status).label("status"),
        )
        .join(Placement, and_(Placement.org_id == ScorePublication.org_id, Placement.id == ScorePublication.placement_id))
        .join(RoleGrant, and_(RoleGrant.org_id == Placement.org_id, RoleGrant.course_id == Placement.course_id))
        .where(ScorePublication.state.in_(STUCK), RoleGrant.role.in_(LEADS), RoleGrant.revoked_at.is_(None))
        .where(~notification.told(ScorePublication.org_id, RoleGrant.person_id, once))
        .group_by(ScorePublication.org_id, RoleGrant.person_id, Placement.course_id, ScorePublication.placement_id)
    )
    made = []
    for row in _rows("stuck grades", query):
        facts = {"count": row.many, "fault": row.fault or "unknown"} | ({"status": row.status} if row.status else {})
        made.append(Reason(row.org_id, row.person_id, "grades_stuck", row.once, "delivery.index", {"course": row.course_id}, facts))
    return made


def _mended() -> None:
    """Columns that take grades again: should they break once more, that is another reason."""
    here = (ScorePublication.org_id == Notification.org_id, literal(STUCK_KEY) + ScorePublication.placement_id == Notification.once)
    query = select(Notification.org_id, Notification.once).where(Notification.kind == "grades_stuck", Notification.once.is_not(None))
    gone = _rows("mended grades", query.where(~exists().where(*here, ScorePublication.state.in_(STUCK))).distinct())
    for org_id in sorted({row.org_id for row in gone}):
        with base.tenant(org_id), base.transactional() as session:
            notification.release(session, [row.once for row in gone if row.org_id == org_id])
