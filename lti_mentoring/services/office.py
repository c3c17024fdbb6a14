# SPDX-License-Identifier: Apache-2.0
"""The office: what an LMS's administrator sees and changes of the one registration by which they are signed in, in their organisation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from lti_mentoring.domain.diagnosis import Finding, ordered
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.rule import NotAllowed, NotFound, RuleBroken
from lti_mentoring.lti.roles import STANDINGS
from lti_mentoring.services import doctor, invite, keys, privacy
from lti_mentoring.services.doctor import Bag
from lti_mentoring.services.invite import Invite
from lti_mentoring.store import base
from lti_mentoring.store.delivery import ScorePublication
from lti_mentoring.store.people import Identity, Membership, Person, Placement, WebSession
from lti_mentoring.store.platform import AccessToken, Deployment, Registration

CHECK_SECONDS = 20.0
"""How long a page's check may take; what has not answered by then counts as silent."""

CHECK_EVERY = timedelta(seconds=CHECK_SECONDS)
MOST_OVERRIDES = 50
MOST_ROLES = 200
"""Memberships looked through for roles that this LMS sends."""


@dataclass(frozen=True, slots=True)
class OfficePage:
    """One registration as its administrator sees it. Times are None where nothing of the kind has happened yet."""

    id: str
    name: str
    family: str
    product: str
    scopes: tuple[str, ...]
    source: str
    active: bool
    shared: bool
    created_at: datetime
    addresses: tuple[tuple[str, str], ...]
    deployments: tuple[tuple[str, datetime], ...]
    pending: int
    findings: tuple[Finding, ...]
    checked_at: datetime | None
    clock_skew: float | None
    last_launch: datetime | None
    last_score: datetime | None
    token_until: datetime | None
    waiting: int
    overrides: tuple[tuple[str, str], ...]
    seen_roles: tuple[str, ...]
    keep_names: bool
    keep_email: bool
    names: int
    emails: int
    sessions: int
    invites: tuple[Invite, ...]
    keys: tuple[dict[str, Any], ...]


def _own(session: Session, actor: Actor, *, lock: bool = False) -> Registration:
    """The registration of the office. The role holds for that one only, and it must serve this organisation."""
    if not actor.is_any("administrator"):
        raise NotAllowed("permission", permission="office.manage")
    query = select(Registration).where(Registration.id == actor.registration_id)
    row = session.scalar(query.with_for_update() if lock else query)
    if row is None:
        raise NotFound("platform")
    return row


def page(*, actor: Actor) -> OfficePage:
    """Everything that the office shows, of the actor's organisation alone: one client may serve several."""
    session = base.session()
    row = _own(session, actor)
    last_score, waiting = session.execute(
        select(func.max(ScorePublication.sent_at), func.count().filter(ScorePublication.state.in_(("waiting", "sending"))))
        .where(ScorePublication.registration_id == row.id)
    ).one()
    names, emails = _kept(session, row.id)
    live = [*doctor.state(row, actor.org_id), *doctor.deliveries(row.id)]
    return OfficePage(
        id=row.id,
        name=row.name,
        family=row.family,
        product=row.product,
        scopes=tuple(row.scopes),
        source=row.source,
        active=row.active,
        shared=row.shared,
        created_at=row.created_at,
        addresses=_addresses(row),
        deployments=_deployments(session, row.id, actor.org_id),
        pending=_pending(session, row.id),
        findings=ordered([*live, *doctor.last_heard(row.findings, actor.org_id)]),
        checked_at=row.checked_at,
        clock_skew=row.clock_skew,
        last_launch=_last_launch(session, row.id),
        last_score=last_score,
        token_until=session.scalar(select(func.max(AccessToken.expires_at)).where(AccessToken.registration_id == row.id)),
        waiting=waiting,
        overrides=tuple(sorted(row.role_overrides.items())),
        seen_roles=_seen_roles(session, row.id),
        keep_names=row.keep_names,
        keep_email=row.keep_email,
        names=names,
        emails=emails,
        sessions=_sessions(session, actor),
        invites=tuple(invite.waiting(org_id=actor.org_id, registration_id=row.id)),
        keys=tuple(keys.listing()),
    )


def _deployments(session: Session, registration_id: str, org_id: str) -> tuple[tuple[str, datetime], ...]:
    rows = session.execute(
        select(Deployment.deployment_id, Deployment.created_at)
        .where(Deployment.registration_id == registration_id, Deployment.org_id == org_id, Deployment.state == "active")
        .order_by(Deployment.created_at)
        .limit(200)
    )
    return tuple((one.deployment_id, one.created_at) for one in rows)


def _addresses(row: Registration) -> tuple[tuple[str, str], ...]:
    told = (
        ("issuer", row.issuer),
        ("client_id", row.client_id),
        ("auth_url", row.auth_url),
        ("token_url", row.token_url),
        ("jwks_url", row.jwks_url),
        ("token_audience", row.token_audience or ""),
    )
    return tuple((name, value) for name, value in told if value)


def _pending(session: Session, registration_id: str) -> int:
    query = select(func.count()).select_from(Deployment)
    return session.scalar(query.where(Deployment.registration_id == registration_id, Deployment.state == "pending")) or 0


def _last_launch(session: Session, registration_id: str) -> datetime | None:
    courses = select(Placement.course_id).where(Placement.registration_id == registration_id)
    mine = select(Identity.person_id).where(Identity.registration_id == registration_id)
    query = select(func.max(Membership.launched_at)).where(Membership.course_id.in_(courses), Membership.person_id.in_(mine))
    found = session.scalar(query)
    return found if found is not None and found.year > 1970 else None


def _people(registration_id: str) -> Any:
    return Person.id.in_(select(Identity.person_id).where(Identity.registration_id == registration_id))


def _kept(session: Session, registration_id: str) -> tuple[int, int]:
    """How many people who came by this registration have a name and an e-mail address here."""
    found = session.execute(select(func.count(Person.name), func.count(Person.email)).where(_people(registration_id))).one()
    return found[0], found[1]


def _seen_roles(session: Session, registration_id: str) -> tuple[str, ...]:
    courses = select(Placement.course_id).where(Placement.registration_id == registration_id)
    rows = session.scalars(
        select(Membership.lti_roles).where(Membership.course_id.in_(courses)).order_by(Membership.launched_at.desc()).limit(MOST_ROLES)
    )
    return tuple(sorted({role for row in rows for role in row}))


def _sessions(session: Session, actor: Actor) -> int:
    mine = (WebSession.registration_id == actor.registration_id, WebSession.org_id == actor.org_id, WebSession.expires_at > base.now())
    return session.scalar(select(func.count()).select_from(WebSession).where(*mine)) or 0


# --- the doctor -----------------------------------------------------------------------------------------------------------------------


def check(*, actor: Actor, bag: Bag) -> None:
    """Let the doctor look, for at most CHECK_SECONDS. RuleBroken ``checked_lately`` if somebody has just done so or is at it."""
    now = base.now()
    with base.transactional() as session:
        row = _own(session, actor, lock=True)
        if row.checked_at is not None and now - row.checked_at < CHECK_EVERY:
            raise RuleBroken("checked_lately")
        row.checked_at = now  # one at a time: a look holds one of few threads
        privacy.record(session, actor=actor, verb="check", object_kind="registration", object_id=actor.registration_id)
    doctor.examine(bag, registration_id=actor.registration_id, org_id=actor.org_id, seconds=CHECK_SECONDS)


# --- changes --------------------------------------------------------------------------------------------------------------------------


def override(*, actor: Actor | str, registration_id: str, role: str, standing: str) -> dict[str, str]:
    """Say what an LTI role gives at this LMS in place of the usual, from the next launch on; an empty ``standing`` takes it back.

    RuleBroken ``override_role``, ``override_standing`` or ``override_many``. It never gives a role of this tool.
    """
    role = role.strip()
    if not role or len(role) > 255 or not role.isprintable() or " " in role:
        raise RuleBroken("override_role")
    if standing and standing not in STANDINGS:
        raise RuleBroken("override_standing", standings=STANDINGS)
    with base.transactional() as session:
        row = _row(session, actor, registration_id)
        told = {key: value for key, value in row.role_overrides.items() if key != role} | ({role: standing} if standing else {})
        if len(told) > MOST_OVERRIDES:
            raise RuleBroken("override_many", most=MOST_OVERRIDES)
        if told != row.role_overrides:
            row.role_overrides = told
            _note(session, actor, row, "override_role", role=role, standing=standing)
        return dict(told)


def keep(*, actor: Actor | str, registration_id: str, names: bool | None, email: bool | None) -> dict[str, bool]:
    """Whether names and e-mail addresses that the LMS sends are kept, from the next launch on; None: as before. What is kept already
    stays."""
    with base.transactional() as session:
        row = _row(session, actor, registration_id)
        names = row.keep_names if names is None else names
        email = row.keep_email if email is None else email
        if (row.keep_names, row.keep_email) != (names, email):
            row.keep_names, row.keep_email = names, email
            _note(session, actor, row, "keep_personal", names=names, email=email)
    return {"names": names, "email": email}


def clear(*, actor: Actor | str, registration_id: str) -> dict[str, int]:
    """Delete the names and e-mail addresses that are switched off, of everybody who came by this registration. RuleBroken
    ``nothing_switched_off`` where both are kept. What people call themselves stays. -> how many of each."""
    with base.transactional() as session:
        row = _row(session, actor, registration_id)
        gone = [column for column, kept in ((Person.name, row.keep_names), (Person.email, row.keep_email)) if not kept]
        if not gone:
            raise RuleBroken("nothing_switched_off")
        counts = {}
        for column in gone:
            done = session.execute(update(Person).where(_people(row.id), column.is_not(None)).values({column.key: None}))
            counts[column.key] = int(getattr(done, "rowcount", 0))
        _note(session, actor, row, "clear_personal", **counts)
    return counts


def approve(*, actor: Actor, deployment_id: str) -> None:
    """Let a deployment that waits join the actor's organisation. They must know its id from their own LMS: others may wait as well."""
    with base.transactional() as session:
        row = _own(session, actor, lock=True)
        found = session.scalar(
            select(Deployment).where(
                Deployment.registration_id == row.id,
                Deployment.deployment_id == deployment_id.strip(),
                or_(Deployment.state == "pending", Deployment.org_id == actor.org_id),
            )
        )
        if found is None:
            raise RuleBroken("deployment_not_waiting")
        if found.state == "pending":
            found.org_id, found.state = actor.org_id, "active"
            privacy.record(session, actor=actor, verb="approve", object_kind="deployment", object_id=found.id)


def end_sessions(*, actor: Actor) -> int:
    """Sign out everybody of this organisation who came by this registration, the actor too. -> how many"""
    with base.transactional() as session:
        row = _own(session, actor)
        mine = (WebSession.registration_id == row.id, WebSession.org_id == actor.org_id)
        ended = len(session.scalars(delete(WebSession).where(*mine).returning(WebSession.id_hash)).all())
        _note(session, actor, row, "sign_out", count=ended)
    return ended


def _row(session: Session, actor: Actor | str, registration_id: str) -> Registration:
    if isinstance(actor, Actor):
        if registration_id != actor.registration_id:
            raise NotFound("platform")
        row: Registration | None = _own(session, actor, lock=True)
        if row is not None and _of_others(session, row, actor):  # what holds for several institutions is the operator's
            raise NotAllowed("platform_of_others")
    else:
        row = session.scalar(select(Registration).where(Registration.id == registration_id).with_for_update())
    if row is None:
        raise RuleBroken("platform_unknown", id=registration_id)
    return row


def _of_others(session: Session, row: Registration, actor: Actor) -> bool:
    here = select(Deployment.id).where(Deployment.registration_id == row.id, Deployment.state == "active")
    return row.org_id != actor.org_id or session.scalar(here.where(Deployment.org_id != actor.org_id).limit(1)) is not None


def details(*, registration_id: str) -> dict[str, Any]:
    """One registration in full, for the operator."""
    session = base.session()
    row = session.get(Registration, registration_id)
    if row is None:
        raise RuleBroken("platform_unknown", id=registration_id)
    rows = session.scalars(select(Deployment).where(Deployment.registration_id == row.id).order_by(Deployment.deployment_id))
    told = ("id", "name", "family", "product", "source", "active", "shared", "attention", "frame_origins", "scopes", "role_overrides")
    return {
        **{name: getattr(row, name) for name in told},
        "organisation": row.org_id,
        **dict(_addresses(row)),
        "keep_names": row.keep_names,
        "keep_email": row.keep_email,
        "held_until": row.held_until.isoformat() if row.held_until else None,
        "checked_at": row.checked_at.isoformat() if row.checked_at else None,
        "clock_skew": row.clock_skew,
        "findings": row.findings,
        "deployments": [{"deployment_id": one.deployment_id, "organisation": one.org_id, "state": one.state} for one in rows],
    }


def organisations(*, registration_id: str) -> list[str]:
    """The organisations that a registration serves, its own first; for the operator, who works in one after another."""
    row = base.session().get(Registration, registration_id)
    if row is None:
        raise RuleBroken("platform_unknown", id=registration_id)
    served = select(Deployment.org_id).where(Deployment.registration_id == row.id).distinct().order_by(Deployment.org_id)
    return [row.org_id, *(one for one in base.session().scalars(served) if one != row.org_id)]


def _note(session: Session, actor: Actor | str, row: Registration, verb: str, **facts: Any) -> None:
    privacy.record(session, actor=actor, verb=verb, object_kind="registration", object_id=row.id, **facts)
    session.flush()


def roles_of(seen: Sequence[str], overrides: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """The roles that can be chosen: those that this LMS has sent and that nothing is said of yet."""
    said = {role for role, _ in overrides}
    return tuple(role for role in seen if role not in said)
