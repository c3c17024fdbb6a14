# SPDX-License-Identifier: Apache-2.0
"""The doctor: tries each link between this tool and its LMSs, says what is wrong, and keeps what it found beside the registration."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.orm import Session

from lti_mentoring.domain.delivery import HELD, REFUSED, SENDING, WAITING
from lti_mentoring.domain.diagnosis import Finding, finding, ordered
from lti_mentoring.domain.lane import CLOSED
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.keys import CannotOpen, Sealer
from lti_mentoring.lti import checkup, symptoms
from lti_mentoring.lti.checkup import Checkup, Known
from lti_mentoring.lti.registration import CachedToken
from lti_mentoring.lti.registration import Registration as KnownRegistration
from lti_mentoring.outbound import Client
from lti_mentoring.services import connection, keys
from lti_mentoring.services.registry import known
from lti_mentoring.store import base
from lti_mentoring.store.delivery import DeliveryLane, ScorePublication
from lti_mentoring.store.people import Placement
from lti_mentoring.store.platform import AccessToken, Deployment, PlatformKeySet, Registration

SILENT_AFTER = timedelta(minutes=10)
"""A grade that has been due for so long was seen by no worker: the sweep comes every minute."""

OF_A_COURSE = frozenset({"services", "grades", "roster"})
"""Links that were tried at one course: what was found there is that organisation's."""

MOST_TOKENS = 5
"""Kept tokens that are tried; each costs a request."""


@dataclass(frozen=True, slots=True)
class Bag:
    """What the doctor needs of the app. ``broken`` answers the parts of the tool that do not work."""

    http: Client
    sealer: Sealer
    public_url: str
    leeway: float
    allow_local: bool
    broken: Callable[[], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Report:
    """What is wrong with one LMS, or with the tool itself (then ``registration_id`` is empty). The worst comes first."""

    registration_id: str
    name: str
    family: str
    findings: tuple[Finding, ...]
    checked_at: datetime
    clock_skew: float | None = None
    scopes: tuple[str, ...] = ()


def registrations(*, registration_id: str | None = None) -> list[str]:
    """Whom to examine: that one (RuleBroken ``platform_unknown``), or all, by name."""
    query = select(Registration.id).order_by(Registration.name, Registration.id)
    if registration_id is None:
        return list(base.session().scalars(query))
    if base.session().get(Registration, registration_id) is None:
        raise RuleBroken("platform_unknown", id=registration_id)
    return [registration_id]


# --- the tool itself ------------------------------------------------------------------------------------------------------------------


def examine_tool(bag: Bag) -> Report:
    """The tool's own parts, its public address as seen from here, and whether a worker is about."""
    made = [Finding("tool_part_broken", {"part": part}) for part in bag.broken()]
    if bag.allow_local:
        made.append(Finding("local_allowed"))
    if not any(one.facts.get("part") in ("database", "migrations") for one in made):
        made += _worker()
        made += _keys_and_address(bag)
    return Report("", "", "", ordered(made), base.now())


def _worker() -> list[Finding]:
    now = base.now()
    with base.across_organisations("doctor: is a worker about"):
        oldest = base.session().scalar(
            select(func.min(ScorePublication.next_at))
            .join(Registration, Registration.id == ScorePublication.registration_id)
            .outerjoin(DeliveryLane, DeliveryLane.key == ScorePublication.lane)
            .where(
                ScorePublication.state == WAITING,
                ScorePublication.next_at < now - SILENT_AFTER,
                Registration.active,
                Registration.held_until.is_(None),
                or_(DeliveryLane.key.is_(None), and_(~DeliveryLane.paused, DeliveryLane.breaker == CLOSED)),
            )
        )
    base.end_read()
    return [Finding("worker_silent", {"minutes": round((now - oldest).total_seconds() / 60)})] if oldest is not None else []


def _keys_and_address(bag: Bag) -> list[Finding]:
    try:
        key = keys.signing_key(bag.sealer, now=base.now())
    except CannotOpen:
        base.end_read()
        return [Finding("tool_keys_sealed")]
    return checkup.own(bag.public_url, http=bag.http, key_id=key.kid)


# --- one LMS --------------------------------------------------------------------------------------------------------------------------


def examine(bag: Bag, *, registration_id: str, org_id: str | None = None, seconds: float = 120) -> Report:
    """Try one LMS, in at most so many seconds. The network is asked outside any transaction; what it said is kept, and what we hold of
    it that is out of date (its old keys, tokens that it takes no more) is mended. ``org_id``: look at that organisation's courses only.
    """
    with base.tenant(org_id) if org_id else base.across_organisations("doctor: what launches and deliveries told"):
        return _examine(bag, registration_id, org_id, seconds)


def _examine(bag: Bag, registration_id: str, org_id: str | None, seconds: float) -> Report:
    row = base.session().get(Registration, registration_id, populate_existing=True)
    if row is None:
        raise RuleBroken("platform_unknown", id=registration_id)
    at, active = known(row), row.active
    made = state(row, org_id)
    if not active:
        base.end_read()
        return _keep(at, made, Checkup())
    told = _told(bag, row)
    if not told.launched:
        made.append(Finding("never_launched"))
    stuck = deliveries(registration_id)
    at = replace(at, frame_origins=(*at.frame_origins, *_told_hosts(registration_id)))
    base.end_read()
    try:
        signing = keys.signing_key(bag.sealer, now=base.now())
    except CannotOpen:
        base.end_read()
        return _keep(at, [*made, *stuck], Checkup([Finding("tool_keys_sealed")]))
    seen = checkup.look(at, told, signing_key=lambda: signing, http=bag.http, leeway=bag.leeway, seconds=seconds)
    seen.findings = [replace(one, facts={**one.facts, "org": told.org_id}) if one.link in OF_A_COURSE else one for one in seen.findings]
    return _keep(at, [*made, *stuck], seen)


def state(row: Registration, org_id: str | None = None) -> list[Finding]:
    """What the registration itself says. Where several institutions share it, one of them is not told what waits for others."""
    made = [] if row.active else [Finding("disabled")]
    waiting = select(Deployment.deployment_id).where(Deployment.registration_id == row.id, Deployment.state == "pending")
    pending = base.session().scalars(waiting).all() if org_id is None or not row.shared else ()
    made += [Finding("deployment_pending", {"deployment": one}) for one in pending]
    if row.held_until is not None and row.active:
        made.append(Finding("sign_in_held", {"attention": row.attention}))
    return made


def _told(bag: Bag, row: Registration) -> Known:
    """What launches told, of the activity that was opened last."""
    places = (
        base.session()
        .execute(
            select(
                Placement.org_id,
                Placement.ags_scopes,
                Placement.lineitem_url,
                Placement.lineitems_url,
                Placement.memberships_url,
                Deployment.deployment_id,
            )
            .join(Deployment, Deployment.id == Placement.deployment_id)
            .where(Placement.registration_id == row.id, Placement.part_of.is_(None))
            .order_by(Placement.updated_at.desc())
            .limit(20)
        )
        .all()
    )
    if places:  # of a client that several institutions share, the one whose activity was opened last
        places = [place for place in places if place.org_id == places[0].org_id]
    announced = set(row.scopes).union(*(place.ags_scopes for place in places))
    with_roster = next((place for place in places if place.memberships_url), None)
    if with_roster is not None:
        announced.add(checkup.MEMBERS_SCOPE)
    graded = next((place for place in places if place.lineitem_url or place.lineitems_url), None)
    key_ids, missed = _key_ids(row.jwks_url)
    deployment_id = places[0].deployment_id if places else _first_deployment(row.id)
    return Known(
        deployment_id=deployment_id,
        org_id=places[0].org_id if places else "",
        launched=bool(places),
        announced=frozenset(one for one in announced if "/scope/" in one and not one.endswith("noticehandlers")),
        lineitem_url=graded.lineitem_url if graded else None,
        lineitems_url=graded.lineitems_url if graded else None,
        memberships_url=with_roster.memberships_url if with_roster else None,
        tokens=_tokens(bag.sealer, row.id),
        key_ids=key_ids,
        missed_key=missed,
    )


def _first_deployment(registration_id: str) -> str | None:
    mine = select(Deployment.deployment_id).where(Deployment.registration_id == registration_id, Deployment.state == "active")
    return base.session().scalar(mine.order_by(Deployment.created_at).limit(1))


def _told_hosts(registration_id: str) -> tuple[str, ...]:
    rows = base.session().scalars(select(Deployment.frame_origins).where(Deployment.registration_id == registration_id).limit(200))
    return tuple(sorted({one for row in rows for one in row}))


def _tokens(sealer: Sealer, registration_id: str) -> tuple[CachedToken, ...]:
    rows = base.session().scalars(
        select(AccessToken)
        .where(AccessToken.registration_id == registration_id, AccessToken.token_sealed.is_not(None), AccessToken.expires_at > base.now())
        .order_by(AccessToken.expires_at.desc())
        .limit(MOST_TOKENS)
    )
    made = []
    for row in rows:
        try:
            made.append(CachedToken(sealer.open(str(row.token_sealed)).decode(), frozenset(row.granted), row.expires_at or base.now()))
        except CannotOpen:  # sealed with a key that is gone; another token can be had
            continue
    return tuple(made)


def _key_ids(url: str) -> tuple[frozenset[str], str | None]:
    row = base.session().get(PlatformKeySet, url, populate_existing=True)
    entries = row.body.get("keys") if row is not None else None
    listed = entries if isinstance(entries, list) else []
    missed = row.missed_kid if row is not None and row.missed_at and base.now() - row.missed_at < timedelta(days=1) else None
    return frozenset(str(one["kid"]) for one in listed if isinstance(one, dict) and "kid" in one), missed


# --- deliveries so far ----------------------------------------------------------------------------------------------------------------


def deliveries(registration_id: str) -> list[Finding]:
    """What the outbox has learned: grades that are stuck, by cause, and whether their LMS rests or is paused. Of the scope's rows."""
    session = base.session()
    mine = ScorePublication.registration_id == registration_id
    stuck = session.execute(
        select(ScorePublication.fault, ScorePublication.status, func.max(ScorePublication.words), func.count())
        .where(mine, ScorePublication.state.in_((REFUSED, HELD)))
        .group_by(ScorePublication.fault, ScorePublication.status)
        .order_by(func.count().desc())
    ).all()
    waiting = select(ScorePublication.lane).where(mine, ScorePublication.state.in_((WAITING, SENDING))).distinct()
    lanes = session.scalars(select(DeliveryLane).where(DeliveryLane.key.in_(session.scalars(waiting).all())).order_by(DeliveryLane.host))
    made = [_stuck(*row) for row in stuck]
    for lane in lanes:
        if lane.paused:
            made.append(Finding("lane_paused", {"host": lane.host}))
        elif lane.breaker != CLOSED:
            made.append(Finding("lane_rests", {"host": lane.host, "cause": lane.rests_for}))
    return made


def _stuck(fault: str, status: int | None, words: str, count: int) -> Finding:
    facts: dict[str, Any] = {"which": "lineitems", "status": status or 0, "words": words or "", "count": count}
    if fault in ("course_closed", "column_gone"):
        return Finding(fault, facts)
    if symptoms.says_closed(words or ""):
        return Finding("course_closed", facts)
    return Finding("grades_stuck", {**facts, "cause": fault or "unknown"})


# --- keeping --------------------------------------------------------------------------------------------------------------------------


def _keep(at: KnownRegistration, here: Sequence[Finding], seen: Checkup) -> Report:
    granted = [Finding("granted", {"scopes": sorted(one.rpartition("/")[2] for one in seen.granted)})] if seen.granted else []
    heard, now = ordered([*seen.findings, *granted]), base.now()
    told: dict[str, Any] = {"findings": [one.kept() for one in heard], "checked_at": now, "clock_skew": seen.clock_skew}
    codes = {one.code for one in heard}
    with base.transactional() as session:
        session.execute(update(Registration).where(Registration.id == at.id).values(**told))
        if checkup.SCORE in seen.granted:
            _let_out(session, at.id)
        if seen.key_set is not None and "keys_replaced" in codes:
            kept = session.get(PlatformKeySet, at.jwks_url)
            if kept is not None:
                kept.body, kept.fetched_at, kept.fresh_until = dict(seen.key_set), now, now + timedelta(minutes=5)
        if "token_ended_early" in codes:
            ended = update(AccessToken).where(AccessToken.registration_id == at.id)
            session.execute(ended.values(token_sealed=None, expires_at=None, refreshing_until=None))
    return Report(at.id, at.name, at.family, ordered([*here, *heard]), now, seen.clock_skew, tuple(sorted(seen.granted)))


def _let_out(session: Session, registration_id: str) -> None:
    """The LMS takes our sign-in again: of what rests for its refusals one grade tries at once, and the others follow."""
    held = session.scalar(select(Registration.held_until).where(Registration.id == registration_id))
    if held is None:
        return
    connection.try_again(session, [registration_id])
    mine = (ScorePublication.registration_id == registration_id, ScorePublication.state.in_((WAITING, REFUSED)))
    for lane in session.scalars(select(ScorePublication.lane).where(*mine).distinct()):
        base.wake_after_commit(lane)


def last_heard(kept: Iterable[Mapping[str, Any]], org_id: str) -> tuple[Finding, ...]:
    """What the LMS said at the last look, but for what it said of another organisation's course; what this release does not know any
    more is left out."""
    return ordered(one for one in map(finding, kept) if one is not None and one.facts.get("org", org_id) == org_id)
