# SPDX-License-Identifier: Apache-2.0
"""Who arrives with a launch, and what we know of them and of their activity already: all of it in one statement."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Row, and_, bindparam, insert, select
from sqlalchemy.engine import Connection

from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.lti.launch import Launch
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.people import NOWHERE, Course, Identity, Membership, Person, Placement
from lti_mentoring.store.platform import Deployment, Registration

REGISTRATION, DEPLOYMENT = base.table(Registration), base.table(Deployment)
PERSON, IDENTITY, COURSE = base.table(Person), base.table(Identity), base.table(Course)
PLACEMENT, MEMBERSHIP, CANDIDACY = base.table(Placement), base.table(Membership), base.table(Candidacy)

_r, _d, _i, _p, _c, _a, _m = (one.c for one in (REGISTRATION, DEPLOYMENT, IDENTITY, PERSON, COURSE, PLACEMENT, MEMBERSHIP))
_v = CANDIDACY.c
_org: Any = bindparam("org")

TOUCH_EVERY = timedelta(minutes=5)
"""How stale the time of the last launch may be; touching it on every launch would be a write on every repeat."""

Known = Row[*tuple[Any, ...]]
"""The columns below, by name."""

_KNOWN = (
    select(
        _r.active,
        _r.org_id.label("registration_org"),
        _r.jwks_url,
        _r.family,
        _r.shared,
        _d.id.label("deployment"),
        _d.org_id.label("deployment_org"),
        _d.state,
        _d.frame_origins,
        _d.notices_url,
        _i.id.label("identity"),
        _i.claims_hash.label("person_claims"),
        _p.id.label("person"),
        _p.name,
        _p.chosen_name,
        _c.id.label("course"),
        _c.title,
        _c.label.label("course_label"),
        _a.id.label("placement"),
        _a.item,
        _a.item_source,
        _a.claims_hash.label("placement_claims"),
        _m.id.label("membership"),
        _m.claims_hash.label("membership_claims"),
        _m.launched_at,
        _m.status.label("membership_status"),
        _v.id.label("candidacy"),
    )
    .select_from(REGISTRATION)
    .outerjoin(DEPLOYMENT, and_(_d.registration_id == _r.id, _d.deployment_id == bindparam("deployment_id")))
    .outerjoin(IDENTITY, and_(_i.org_id == _org, _i.issuer == bindparam("issuer"), _i.sub == bindparam("sub")))
    .outerjoin(PERSON, and_(_p.org_id == _i.org_id, _p.id == _i.person_id))
    .outerjoin(
        COURSE,
        and_(_c.org_id == _org, _c.issuer == bindparam("issuer"), _c.scope == bindparam("scope"), _c.context_id == bindparam("context")),
    )
    .outerjoin(
        PLACEMENT,
        and_(
            _a.org_id == _org,
            _a.registration_id == _r.id,
            _a.deployment_id == _d.id,
            _a.course_id == _c.id,
            _a.resource_link_id == bindparam("link"),
        ),
    )
    .outerjoin(MEMBERSHIP, and_(_m.org_id == _org, _m.course_id == _c.id, _m.person_id == _p.id))
    .outerjoin(CANDIDACY, and_(_v.org_id == _org, _v.course_id == _c.id, _v.person_id == _p.id))
    .where(_r.id == bindparam("registration"))
)


def context_of(launch: Launch) -> str:
    """What a launch's course is known by. Without a context each resource link has a course of its own (decision 1), and what is
    about neither meets in one; the prefix keeps them apart from real ids."""
    if launch.context_id is not None:
        return f"c:{launch.context_id}"
    return f"l:{launch.resource_link_id}" if launch.resource_link_id else NOWHERE


def look(connection: Connection, launch: Launch, org_id: str) -> Known:
    """Everything that is known of this launch; the columns of what is new are None.

    RuleBroken ``registration_gone`` where what the launch was verified by does not stand any more, in this process' memory or another's.
    """
    row = connection.execute(
        _KNOWN,
        {
            "org": org_id,
            "registration": launch.registration.id,
            "deployment_id": launch.deployment_id,
            "issuer": launch.issuer,
            "sub": launch.sub,
            "scope": launch.course_scope,
            "context": context_of(launch),
            "link": launch.resource_link_id,
        },
    ).first()
    if row is None or not _stands(row, launch, org_id):
        raise RuleBroken("registration_gone")
    return row


def _stands(row: Known, launch: Launch, org_id: str) -> bool:
    told = launch.registration
    same = (row.registration_org, row.jwks_url, row.family, row.shared) == (told.org_id, told.jwks_url, told.family, told.shared)
    if not row.active or not same:
        return False
    if row.deployment is None:
        return launch.deployment is None
    return bool(row.state == "active" and row.deployment_org == org_id)


def add(connection: Connection, table: Any, **values: Any) -> None:
    """One row, with every column said, so that the statement is built once."""
    connection.execute(_INSERTS[table], values)


_INSERTS = {one: insert(one) for one in (DEPLOYMENT, PERSON, IDENTITY, COURSE, PLACEMENT, MEMBERSHIP)}
