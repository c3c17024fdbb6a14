# SPDX-License-Identifier: Apache-2.0
"""An LMS that enters itself, or is entered by its administrator, by an invite: once, whole, or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.lti import dynamic_registration, platforms
from lti_mentoring.lti.dynamic_registration import Granted, Offer, Ours
from lti_mentoring.outbound import Client
from lti_mentoring.services import invite, platform, vetting
from lti_mentoring.services.platform import NewPlatform
from lti_mentoring.services.session import hashed
from lti_mentoring.store import base
from lti_mentoring.store.platform import Deployment, Organisation, Registration, RegistrationInvite

SOURCE = "registration"
CLAIM_SECONDS = 60
"""How long one attempt may take, both of its requests included; a process that died lets go after it."""

MOST_ENTRIES = 200

MOST_TRIES = 100
"""Configurations that are fetched by one invite: it is no way to have us call whom one likes."""


@dataclass(frozen=True, slots=True)
class Consent:
    """What the administrator confirmed: whether names and e-mail may come, and the foreign hosts."""

    names: bool
    email: bool
    hosts: bool


@dataclass(frozen=True, slots=True)
class Done:
    """A registration as it now stands. ``waits``: its first launch waits for somebody's approval; ``updated``: it was known before."""

    organisation: str
    name: str
    family: str
    issuer: str
    client_id: str
    deployment_id: str | None
    waits: bool
    updated: bool
    scopes: tuple[str, ...]
    origins: tuple[str, ...]


class HalfRegistered(RuleBroken):
    """The LMS has entered us, and we may not enter it; the code and facts are of the rule that forbids it."""


class EntriesRefused(RuleBroken):
    """Some of many entries cannot be taken, so none was. ``errors``: number of the entry, from 0 -> why."""

    def __init__(self, errors: Mapping[int, RuleBroken]) -> None:
        super().__init__("entries_refused")
        self.errors = errors


def look(*, token: str, url: str, registration_token: str, http: Client) -> tuple[invite.Invite, Offer]:
    """What the LMS behind an address says of itself, where the invite lets it register."""
    found = invite.find(token, again=True)
    _tried(token)
    expected = base.session().scalar(select(Registration.issuer).where(Registration.id == found.registration_id))
    dynamic_registration.vetted(url, http)
    vetting.require_not_anothers(base.session(), [url], found.org_id, http)
    base.session().rollback()  # nothing is held open while the LMS is asked
    offer = dynamic_registration.read(url, registration_token=registration_token, http=http)
    if expected is not None and offer.issuer != expected:
        raise RuleBroken("invite_other", issuer=expected)
    told = (offer.registration_url, offer.token_url, offer.jwks_url)
    vetting.require_not_anothers(base.session(), told, found.org_id, http)
    vetting.require_own(base.session(), _as_new(offer, None, None), proven=True)
    return found, offer


def _tried(token: str) -> None:
    with base.transactional() as session:
        row = _locked(session, token, again=True)
        if row.tries >= MOST_TRIES:
            raise RuleBroken("invite_tried")
        row.tries += 1


def register(
    *, token: str, offer: Offer, seen_at: datetime, registration_token: str, ours: Ours, consent: Consent, http: Client
) -> Done:
    """Have the LMS enter us, and enter it: both, or neither. What was done since ``seen_at`` by the same invite is not done again."""
    if offer.foreign and not consent.hosts:
        raise RuleBroken("dr_hosts", hosts=", ".join(offer.foreign))
    done = _done_since(token, offer, seen_at)
    if done is not None:
        return done
    asked = dynamic_registration.request(offer, ours, names=consent.names, email=consent.email)
    with _claimed(token, offer) as until:
        granted = dynamic_registration.register(offer, asked, registration_token=registration_token, http=http)
        try:
            return _kept(token, until, offer, granted, consent)
        except RuleBroken as broken:
            raise HalfRegistered(broken.code, **broken.facts) from broken


def _kept(token: str, until: datetime, offer: Offer, granted: Granted, consent: Consent) -> Done:
    """Two invites to which an LMS answers the same client at the same moment make one registration."""
    try:
        return _keep(token, until, offer, granted, consent)
    except IntegrityError:
        return _keep(token, until, offer, granted, consent)


def again(*, token: str) -> Done | None:
    """What an invite that was used led to, for whoever opens its address once more."""
    query = (
        select(Registration)
        .join(RegistrationInvite, RegistrationInvite.registration_id == Registration.id)
        .where(RegistrationInvite.token_hash == hashed(token), RegistrationInvite.expires_at > base.now())
        .where(RegistrationInvite.spent_at.is_not(None))
    )
    row = base.session().scalar(query)
    return _told(base.session(), row, updated=False) if row is not None else None


def _locked(session: Session, token: str, *, again: bool) -> RegistrationInvite:
    row = session.scalar(select(RegistrationInvite).where(RegistrationInvite.token_hash == hashed(token)).with_for_update())
    if row is None:
        raise NotFound("invite")
    invite.check(row, again=again)
    return row


def _done_since(token: str, offer: Offer, seen_at: datetime) -> Done | None:
    """A form that is sent twice is answered twice (DR-07)."""
    query = (
        select(RegistrationInvite, Registration)
        .join(Registration, Registration.id == RegistrationInvite.registration_id)
        .where(RegistrationInvite.token_hash == hashed(token), RegistrationInvite.spent_at > seen_at, Registration.issuer == offer.issuer)
    )
    found = base.session().execute(query).first()
    return _told(base.session(), found[1], updated=False) if found is not None else None


@contextmanager
def _claimed(token: str, offer: Offer) -> Iterator[datetime]:
    """Nobody else registers by the same invite at the same time; whatever goes wrong, it can be used again."""
    with base.transactional() as session:
        row = _locked(session, token, again=True)
        if row.claimed_until is not None and row.claimed_until > base.now():
            raise RuleBroken("invite_busy")
        if row.registration_id is not None:
            _require_same(session, row, issuer=offer.issuer)
        vetting.require_same_keys(session, _as_new(offer, None, None), row.org_id)  # before the LMS has entered us (DR-07)
        until = row.claimed_until = base.now() + timedelta(seconds=CLAIM_SECONDS)
    try:
        yield until
    except BaseException:
        with base.transactional() as session:
            held = session.get(RegistrationInvite, hashed(token))
            if held is not None and held.claimed_until == until:
                held.claimed_until = None
        raise


def _require_same(session: Session, row: RegistrationInvite, *, issuer: str, client_id: str | None = None) -> None:
    """An invite of one registration is good for that one only."""
    known = session.get(Registration, row.registration_id)
    if known is None or known.issuer != issuer or client_id not in (None, known.client_id):
        raise RuleBroken("invite_other", issuer=known.issuer if known is not None else "")


def _keep(token: str, until: datetime, offer: Offer, granted: Granted, consent: Consent) -> Done:
    with base.transactional() as session:
        row = _locked(session, token, again=True)
        if row.claimed_until != until:
            raise RuleBroken("invite_busy")
        if row.registration_id is not None:
            _require_same(session, row, issuer=offer.issuer, client_id=granted.client_id)
        known = session.scalar(
            select(Registration).where(Registration.issuer == offer.issuer, Registration.client_id == granted.client_id).with_for_update()
        )
        new = _as_new(offer, granted, known)
        vetting.require_own(session, new, proven=True)  # once more, since now it says which client it is
        if known is not None:
            vetting.require_unmoved(session, known, new, row.org_id)
        entered = platform.enter(session, new, row.org_id, actor=_actor(row), update_known=known is not None)
        made = session.get_one(Registration, entered["id"])
        made.keep_names = consent.names and (known is None or made.keep_names)
        made.keep_email = consent.email and (known is None or made.keep_email)
        made.source, made.scopes = SOURCE, list(granted.scopes)
        made.product = f"{offer.product} {offer.version}".strip()
        made.frame_origins = sorted({*made.frame_origins, *offer.origins})
        row.spent_at, row.registration_id, row.claimed_until = base.now(), made.id, None
        session.flush()
        return _told(session, made, updated=known is not None)


def _as_new(offer: Offer, granted: Granted | None, known: Registration | None) -> NewPlatform:
    name = known.name if known is not None else offer.account or platform.origin(offer.issuer).partition("//")[2]
    return NewPlatform(
        organisation="",
        name=name,
        issuer=offer.issuer,
        client_id=granted.client_id if granted is not None else "",
        deployment_id=(granted.deployment_id if granted is not None else None) or "",
        auth_url=offer.auth_url,
        token_url=offer.token_url,
        jwks_url=offer.jwks_url,
        token_audience=offer.token_audience,
        family=offer.family,
    )


def _actor(row: RegistrationInvite) -> str:
    return f"invite {row.token_hash[: invite.SHORT]}"


def _told(session: Session, row: Registration, *, updated: bool) -> Done:
    organisation = session.scalar(select(Organisation.name).where(Organisation.id == row.org_id)) or ""
    deployments = session.scalars(
        select(Deployment.deployment_id).where(Deployment.registration_id == row.id, Deployment.state == "active").limit(2)
    ).all()
    return Done(
        organisation,
        row.name,
        row.family,
        row.issuer,
        row.client_id,
        deployments[0] if len(deployments) == 1 else None,
        row.shared and not deployments,
        updated,
        tuple(row.scopes),
        tuple(row.frame_origins),
    )


# --- by hand -----------------------------------------------------------------------------------------------------------


def enter(*, token: str, entries: Sequence[NewPlatform], http: Client) -> list[Done]:
    """Enter what an administrator read from their LMS: all of it, or nothing. ``organisation`` of the entries is not looked at.

    :raises EntriesRefused: with a reason for each that cannot be taken
    """
    if not 0 < len(entries) <= MOST_ENTRIES:
        raise RuleBroken("entries_many", most=MOST_ENTRIES)
    errors = {number: wrong for number, one in enumerate(entries) if (wrong := _wrong(one, entries[:number], http)) is not None}
    if errors:
        raise EntriesRefused(errors)
    with base.transactional() as session:
        row = _locked(session, token, again=False)
        if row.claimed_until is not None and row.claimed_until > base.now():
            raise RuleBroken("invite_busy")
        made = []
        for number, one in enumerate(entries):
            try:
                made.append(_entered(session, row, one, http))
            except RuleBroken as broken:
                errors[number] = broken
        if errors:
            raise EntriesRefused(errors)
        # One of many stands for all: by it the steps that are left are found again at the invite's address.
        row.spent_at, row.registration_id = base.now(), made[0].id
        session.flush()
        return [_told(session, one, updated=False) for one in made]


def sent_before(*, token: str, entries: Sequence[NewPlatform]) -> list[Done]:
    """What a form led to that is sent once more: [] unless its invite was used, and all that it says stands here exactly so."""
    session = base.session()
    used = select(RegistrationInvite.org_id).where(RegistrationInvite.token_hash == hashed(token), RegistrationInvite.spent_at.is_not(None))
    org_id = session.scalar(used.where(RegistrationInvite.expires_at > base.now()))
    rows = [_standing(session, one, org_id) for one in entries] if org_id is not None else []
    return [_told(session, row, updated=False) for row in rows if row is not None] if all(rows) else []


def _standing(session: Session, one: NewPlatform, org_id: str) -> Registration | None:
    """The registration that says all that an entry says."""
    query = select(Registration).where(Registration.org_id == org_id, Registration.issuer == one.issuer)
    row = session.scalar(query.where(Registration.client_id == one.client_id))
    if row is None or any(getattr(row, name) != getattr(one, name) for name in platform.ADDRESSES):
        return None
    if not {platform.origin(place) for place in one.frame_origins} <= set(row.frame_origins):
        return None
    named = select(Deployment.id).where(Deployment.registration_id == row.id, Deployment.deployment_id == one.deployment_id)
    return row if not one.deployment_id or session.scalar(named) is not None else None


def _wrong(one: NewPlatform, before: Sequence[NewPlatform], http: Client) -> RuleBroken | None:
    try:
        for place in (one.issuer, *one.frame_origins):
            dynamic_registration.vetted(place, http, most=500)
        shared = platforms.profile(one.family).shared
        platform.validate(one, lambda url: dynamic_registration.vetted(url, http, most=1000), deployment=not shared)
    except RuleBroken as broken:
        return broken
    if any((other.client_id, other.deployment_id) == (one.client_id, one.deployment_id) for other in before):
        return RuleBroken("entry_twice", client=one.client_id)
    return None


def _entered(session: Session, row: RegistrationInvite, one: NewPlatform, http: Client) -> Registration:
    known = session.scalar(select(Registration).where(Registration.issuer == one.issuer, Registration.client_id == one.client_id))
    if row.registration_id is not None:
        _require_same(session, row, issuer=one.issuer, client_id=one.client_id)
    vetting.require_own(session, one, proven=False)
    vetting.require_free(session, one, row.org_id)
    vetting.require_same_keys(session, one, row.org_id)
    vetting.require_not_anothers(session, (one.token_url, one.jwks_url), row.org_id, http)
    if known is not None and known.org_id != row.org_id:
        raise RuleBroken("platform_foreign", issuer=known.issuer)
    entered = platform.enter(session, one, row.org_id, actor=_actor(row))
    return session.get_one(Registration, entered["id"])
