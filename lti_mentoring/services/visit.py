# SPDX-License-Identifier: Apache-2.0
"""A signed-in browser on a page of a course: its session, and who is there with which roles, in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, bindparam, func, or_, select

from lti_mentoring.domain.people import Actor, display_name, roles_in_course
from lti_mentoring.services import door_place
from lti_mentoring.services import session as sessions
from lti_mentoring.services.candidacy import CandidacyRow
from lti_mentoring.services.mentorship import roles_held
from lti_mentoring.services.notification import unread_of
from lti_mentoring.services.offering import OFFERED
from lti_mentoring.services.roles import Here
from lti_mentoring.services.session import SessionRow, Ticket
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.moving import CandidacyMove
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.people import NEVER, Course, Identity, Membership, Person, RoleGrant, WebSession
from lti_mentoring.store.platform import Deployment, Organisation, Registration
from lti_mentoring.store.practice import PracticeSubmission
from lti_mentoring.store.recognition import Recognition
from lti_mentoring.store.training import CheckAttempt

_s, _r, _d, _o, _m, _c, _p, _v, _g, _i, _t, _k, _l, _w, _y = (
    base.table(one).c
    for one in (
        WebSession,
        Registration,
        Deployment,
        Organisation,
        Membership,
        Course,
        Person,
        Candidacy,
        RoleGrant,
        Identity,
        CheckAttempt,
        PracticeSubmission,
        Recognition,
        Observation,
        CandidacyMove,
    )
)
_office = base.table(RoleGrant).alias("office")

_VISIT = (
    select(
        _s.id_hash,
        _s.person_id,
        _s.registration_id,
        _s.return_url,
        _s.locale,
        _s.lms_administrator,
        _s.by_door,
        _s.payload,
        _s.seen_at,
        _s.expires_at,
        _s.turn,
        _s.turned_at,
        _r.frame_origins,
        _d.frame_origins.label("deployment_origins"),
        _o.name.label("organisation"),
        _m.standing,
        _c.title,
        _c.label.label("course_label"),
        _p.name,
        _p.chosen_name,
        _v.id.label("candidacy"),
        _v.programme_version_id,
        _v.participation,
        _g.person_id.label("grantee"),
        _g.role,
        select(_office.c.id)
        .where(
            _office.c.org_id == _s.org_id,
            _office.c.course_id.is_(None),
            _office.c.registration_id == _s.registration_id,
            _office.c.person_id == _s.person_id,
            _office.c.role == "administrator",
            _office.c.revoked_at.is_(None),
        )
        .exists()
        .label("administers"),
        select(_i.id).where(_i.org_id == _s.org_id, _i.person_id == _s.person_id, _i.test_user).exists().label("tested"),
        or_(
            select(_t.id).where(_t.org_id == _v.org_id, _t.candidacy_id == _v.id).exists(),
            select(_k.id).where(_k.org_id == _v.org_id, _k.candidacy_id == _v.id).exists(),
            select(_l.id).where(_l.org_id == _v.org_id, _l.candidacy_id == _v.id).exists(),
        ).label("trained"),
        select(_w.id).where(_w.org_id == _v.org_id, _w.candidacy_id == _v.id).exists().label("observed"),
        select(func.max(_y.moved_at)).where(_y.org_id == _v.org_id, _y.candidacy_id == _v.id).scalar_subquery().label("moved_at"),
        OFFERED.label("offered"),
        unread_of(_s.org_id, _s.person_id),
        *roles_held(_s.org_id, bindparam("course"), _s.person_id),
    )
    .select_from(base.table(WebSession))
    .outerjoin(base.table(Registration), and_(_r.id == _s.registration_id, _r.active))
    .outerjoin(base.table(Deployment), and_(_d.id == _s.deployment_id, _d.state == "active"))
    .join(base.table(Organisation), _o.id == _s.org_id)
    .outerjoin(
        base.table(Membership),
        # Whoever is only on the roster has a place here once the LMS has let them in: a roster opens no page.
        and_(_m.org_id == _s.org_id, _m.course_id == bindparam("course"), _m.person_id == _s.person_id, _m.launched_at > NEVER),
    )
    .outerjoin(base.table(Course), and_(_c.org_id == _m.org_id, _c.id == _m.course_id))
    .outerjoin(base.table(Person), and_(_p.org_id == _m.org_id, _p.id == _m.person_id))
    .outerjoin(base.table(Candidacy), and_(_v.org_id == _m.org_id, _v.course_id == _m.course_id, _v.person_id == _m.person_id))
    .outerjoin(
        base.table(RoleGrant),
        and_(
            _g.org_id == _m.org_id,
            _g.course_id == _m.course_id,
            _g.revoked_at.is_(None),
            or_(_g.person_id == _m.person_id, _g.role == "coordinator"),
        ),
    )
    .where(_s.id_hash == bindparam("id_hash"), _s.org_id == bindparam("org"))
    .where(or_(_s.by_door, and_(_r.id.is_not(None), _d.id.is_not(None))))
)


@dataclass(frozen=True, slots=True)
class Visit:
    """A live session, and the person in the course of the address; ``here`` is None where that course is not theirs."""

    session: SessionRow
    here: Here | None


def visit(*, held: Ticket, org_id: str, course_id: str, idle: timedelta, now: datetime) -> Visit | None:
    """Who comes with this ticket to a page of this course; None without a live session (see ``session.resume``)."""
    rows: Sequence[Row[*tuple[Any, ...]]] = base.connection().execute(
        _VISIT, {"id_hash": held.id_hash, "org": org_id, "course": course_id}
    ).all()
    if not rows:
        return None
    row = rows[0]
    if not sessions.lives(row, idle=idle, now=now) or not sessions.follows(row, held, now=now):
        return None
    sessions.touch(row, now=now)
    found = SessionRow(
        id_hash=row.id_hash,
        org_id=org_id,
        person_id=row.person_id,
        registration_id=row.registration_id or "",
        return_url=row.return_url,
        locale=row.locale,
        lms_administrator=row.lms_administrator,
        frame_origins=() if row.by_door else sessions.frames(row.frame_origins, row.deployment_origins),
        payload=row.payload,
        by_door=row.by_door,
    )
    if row.by_door:
        return Visit(found, door_place.here(org_id=org_id, person_id=row.person_id, course_id=course_id))
    return Visit(found, _here(rows, org_id, course_id) if row.standing is not None else None)


def _here(rows: Sequence[Row[*tuple[Any, ...]]], org_id: str, course_id: str) -> Here:
    row = rows[0]
    person_id: str = row.person_id
    granted = {grant.role for grant in rows if grant.grantee == person_id}
    if row.administers:
        granted.add("administrator")
    coordinated = any(grant.role == "coordinator" for grant in rows)
    roles = roles_in_course(
        standing=row.standing,
        granted=frozenset(granted),
        is_candidate=row.candidacy is not None,
        coordinated=coordinated,
        lms_administrator=row.lms_administrator,
        mentors=row.mentors,
        mentored=row.mentored,
    )
    name = row.name or row.chosen_name
    own = None
    if row.candidacy is not None:
        own = CandidacyRow(
            row.candidacy,
            person_id,
            course_id,
            row.programme_version_id,
            row.participation,
            trained=row.trained,
            observed=row.observed,
            moved_at=row.moved_at,
        )
    return Here(
        Actor(org_id, person_id, course_id, display_name(name, person_id), roles, row.registration_id),
        row.title or row.course_label,
        row.organisation,
        nameless=not name,
        coordinated=coordinated,
        own=own,
        graded=row.standing == "learner" and not row.tested,
        offered=row.offered,
        unread=row.unread,
    )
