# SPDX-License-Identifier: Apache-2.0
"""Everybody on the way in one course, read at once: candidates with what they have to show, and applicants who are not decided yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import and_, bindparam, func, select
from sqlalchemy.engine import Connection

from lti_mentoring.domain.board import APPLICATION, APPLIED, RECORDED
from lti_mentoring.domain.candidacy import Records
from lti_mentoring.domain.people import Actor, display_name
from lti_mentoring.domain.period import Period
from lti_mentoring.domain.programme import Programme
from lti_mentoring.services import intake, outlines, programme, reporting_line
from lti_mentoring.services.candidacy import CandidacyRow
from lti_mentoring.services.outlines import Outlines
from lti_mentoring.services.records import IN_CONFLICT
from lti_mentoring.store import base
from lti_mentoring.store.application import Application, ApplicationReview, RecordedSelection
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.participation import DeferralPeriod, EnrolmentPeriod
from lti_mentoring.store.people import Identity, Membership, Person
from lti_mentoring.store.training import CheckAttempt


@dataclass(frozen=True, slots=True)
class Member:
    """A candidate. ``entered`` says how they came in: applied, recorded, or empty for who was taken in by opening an activity."""

    id: str
    name: str
    version_id: str
    participation: str
    started_at: datetime
    extensions: int
    entered: str
    active_at: datetime


@dataclass(frozen=True, slots=True)
class Applicant:
    """Somebody whose application is submitted and not decided. ``reviews_open`` says whether a review is missing."""

    id: str
    name: str
    state: str
    submitted_at: datetime
    reviews_open: bool


@dataclass(frozen=True, slots=True)
class Cohort:
    """A course's people; ``deferrals`` and ``enrolments`` by candidacy, ``versions`` by id. ``drafts`` counts applications that nobody
    reads yet."""

    members: tuple[Member, ...]
    outlines: Outlines
    versions: Mapping[str, Programme]
    deferrals: Mapping[str, tuple[Period, ...]]
    enrolments: Mapping[str, str]
    applicants: tuple[Applicant, ...]
    drafts: int
    takes_applications: bool


_org: Any = bindparam("org")
_course: Any = bindparam("course")
_c, _p, _m, _k = (base.table(one).c for one in (Candidacy, Person, Membership, CheckAttempt))
_a, _r, _s = (base.table(one).c for one in (Application, ApplicationReview, RecordedSelection))
_d, _e, _o = (base.table(one).c for one in (DeferralPeriod, EnrolmentPeriod, Observation))
_here = and_(_c.org_id == _org, _c.course_id == _course)


def _tested(person: Any) -> Any:
    """Whether a person is an LMS's test user, who is nobody's candidate."""
    known = base.table(Identity).c
    return select(known.id).where(known.org_id == _org, known.person_id == person, known.test_user).exists()


_MEMBERS = (
    select(_c.id, _c.person_id, _c.programme_version_id, _c.participation, _c.started_at, _c.extensions, _p.name, _p.chosen_name)
    .add_columns(_m.launched_at)
    .join(base.table(Person), and_(_p.org_id == _c.org_id, _p.id == _c.person_id))
    .outerjoin(base.table(Membership), and_(_m.org_id == _c.org_id, _m.course_id == _c.course_id, _m.person_id == _c.person_id))
    .where(_here, ~_tested(_c.person_id))
)
_TRIED = (
    select(_k.candidacy_id, func.max(func.coalesce(_k.finished_at, _k.started_at)))
    .where(_k.org_id == _org, _k.candidacy_id.in_(select(_c.id).where(_here)))
    .group_by(_k.candidacy_id)
)
_OBSERVED = (
    select(_o.candidacy_id, func.max(_o.planned_for))
    .where(_o.org_id == _org, _o.course_id == _course, _o.state == "released", ~IN_CONFLICT)
    .group_by(_o.candidacy_id)
)
_DEFERRALS = (
    select(_d.candidacy_id, _d.starts_on, _d.ends_on)
    .join(base.table(Candidacy), and_(_c.org_id == _d.org_id, _c.id == _d.candidacy_id))
    .where(_here)
    .order_by(_d.starts_on, _d.created_at)
)
_ENROLMENTS = (
    select(_e.candidacy_id, _e.state)
    .join(base.table(Candidacy), and_(_c.org_id == _e.org_id, _c.id == _e.candidacy_id))
    .where(_here, _e.ends_on.is_(None))
)
_RECORDED = select(_s.candidacy_id).where(_s.org_id == _org, _s.course_id == _course)
_missing = select(_r.id).where(_r.org_id == _a.org_id, _r.application_id == _a.id, _r.submitted_at.is_(None)).exists()
_APPLICATIONS = (
    select(_a.id, _a.person_id, _a.state, _a.submitted_at, _p.name, _p.chosen_name, _missing.label("reviews_open"))
    .join(base.table(Person), and_(_p.org_id == _a.org_id, _p.id == _a.person_id))
    .where(_a.org_id == _org, _a.course_id == _course, _a.state.in_(("draft", "accepted", *APPLICATION)), ~_tested(_a.person_id))
)


def read(actor: Actor) -> Cohort:
    """Everybody in the actor's course; as many queries whatever their number, and one for each programme version once a process."""
    connection, keys = base.connection(), {"org": actor.org_id, "course": actor.course_id}
    rows = connection.execute(_MEMBERS, keys).all()
    versions = {version: programme.load(version) for version in {row.programme_version_id for row in rows}}
    own = {row.id: row.programme_version_id for row in rows}
    tried, observed = _pairs(connection, _TRIED, keys), _pairs(connection, _OBSERVED, keys)
    led = reporting_line.led_by(base.session(), actor.person_id, on=base.now().date())
    applications = [row for row in connection.execute(_APPLICATIONS, keys) if row.person_id not in led or row.state == "accepted"]
    accepted = {row.person_id for row in applications if row.state == "accepted"}
    elsewhere = set(connection.scalars(_RECORDED, keys))
    entry = intake.of(org_id=actor.org_id, course_id=actor.course_id)
    return Cohort(
        members=tuple(
            Member(
                row.id,
                display_name(row.name or row.chosen_name, row.person_id),
                row.programme_version_id,
                row.participation,
                row.started_at,
                row.extensions,
                APPLIED if row.person_id in accepted else RECORDED if row.id in elsewhere else "",
                latest(row.started_at, row.launched_at, tried.get(row.id), observed.get(row.id)),
            )
            for row in rows
        ),
        outlines=outlines.read(connection, own, versions, org_id=actor.org_id, course_id=actor.course_id),
        versions=versions,
        deferrals=_deferrals(connection, keys),
        enrolments=_pairs(connection, _ENROLMENTS, keys),
        applicants=tuple(
            Applicant(row.id, display_name(row.name or row.chosen_name, row.person_id), row.state, row.submitted_at, bool(row.reviews_open))
            for row in applications
            if row.state in APPLICATION
        ),
        drafts=sum(row.state == "draft" for row in applications),
        takes_applications=entry.mode == intake.APPLY or bool(applications),
    )


def _pairs(connection: Connection, query: Any, keys: Mapping[str, str]) -> dict[str, Any]:
    return {row[0]: row[1] for row in connection.execute(query, keys)}


def _deferrals(connection: Connection, keys: Mapping[str, str]) -> dict[str, tuple[Period, ...]]:
    found: dict[str, tuple[Period, ...]] = {}
    for candidacy_id, starts_on, ends_on in connection.execute(_DEFERRALS, keys):
        found[candidacy_id] = (*found.get(candidacy_id, ()), Period(starts_on, ends_on))
    return found


def latest(started_at: datetime, launched_at: datetime | None, tried_at: datetime | None, observed_on: date | None) -> datetime:
    """When somebody last did something in the programme: came in, opened it, tried a check, had a session observed that is released.
    Never an act about help, which nobody else learns of."""
    observed = datetime.combine(observed_on, time.min, UTC) if observed_on is not None else None
    return max(one for one in (started_at, launched_at, tried_at, observed) if one is not None)


_OWN_LAUNCH = select(_m.launched_at).where(_m.org_id == _org, _m.course_id == _course, _m.person_id == bindparam("person"))
_OWN_TRIED = select(func.max(func.coalesce(_k.finished_at, _k.started_at))).where(
    _k.org_id == _org, _k.candidacy_id == bindparam("candidacy")
)


def active_at(org_id: str, held: CandidacyRow, started_at: datetime, shown: Records) -> datetime:
    """The same for one candidate."""
    keys = {"org": org_id, "course": held.course_id, "person": held.person_id, "candidacy": held.id}
    connection = base.connection()
    launched, tried = (connection.scalar(query, keys) for query in (_OWN_LAUNCH, _OWN_TRIED))
    observed = max((one.planned_for for one in shown.observations if one.state == "released"), default=None)
    return latest(started_at, launched, tried, observed)
