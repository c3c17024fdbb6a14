# SPDX-License-Identifier: Apache-2.0
"""Organisations, LMS registrations and deployments, and what the lti floor asks about them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, cast
from urllib.parse import urlsplit

from sqlalchemy import CursorResult, delete, func, or_, select
from sqlalchemy.orm import Session

from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.lti import platforms
from lti_mentoring.lti.registration import Registration as KnownRegistration
from lti_mentoring.services import privacy
from lti_mentoring.services.registry import known
from lti_mentoring.store import base
from lti_mentoring.store.platform import Deployment, Organisation, Registration, SpentNonce

MOST_PENDING = 20
"""Unknown deployments remembered for one shared registration (decision 7)."""

ADDRESSES = ("auth_url", "token_url", "jwks_url", "token_audience", "family")


@dataclass(frozen=True, slots=True)
class NewPlatform:
    """What an administrator tells us about an LMS. ``organisation`` is a name; addresses are absolute."""

    organisation: str
    name: str
    issuer: str
    client_id: str
    deployment_id: str
    auth_url: str
    token_url: str
    jwks_url: str
    token_audience: str | None = None
    family: str = "generic"
    frame_origins: tuple[str, ...] = ()


def origin(url: str) -> str:
    """Scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


_PLAIN_ORIGIN = re.compile(r"https://[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:[0-9]{1,5})?(?=[/?#]|$)", re.ASCII | re.IGNORECASE)


def only_by_list(url: str, private_hosts: Collection[str]) -> bool:
    """Whether an address is one that only the operator's list of private hosts could open: a host on it, or a bare number."""
    host = urlsplit(url).hostname or ""
    return host in {one.lower() for one in private_hosts} or host.replace(".", "").isdigit() or ":" in host


def plain_origin(url: str | None) -> str | None:
    """The origin of an https address that an LMS sent; None where it is not a plain host name and so must not stand in a header."""
    found = _PLAIN_ORIGIN.match(url or "")
    return found[0].lower() if found else None


def add_organisation(*, name: str) -> dict[str, str]:
    """Make an organisation, or find it by its name. -> id, name."""
    name = name.strip()
    if not name or len(name) > 200:
        raise RuleBroken("organisation_name", most=200)
    with base.transactional() as session:
        row = session.scalar(select(Organisation).where(Organisation.name == name))
        if row is None:
            row = Organisation(name=name)
            session.add(row)
            session.flush()
            with base.tenant(row.id):
                privacy.record(session, actor=privacy.OPERATOR, verb="add", object_kind="organisation", object_id=row.id)
                session.flush()
    return {"id": row.id, "name": row.name}


def organisation_id(name: str) -> str:
    """The id of an organisation by its name; RuleBroken if there is none."""
    found = base.session().scalar(select(Organisation.id).where(Organisation.name == name))
    if found is None:
        raise RuleBroken("organisation_unknown", name=name)
    return found


def add_platform(new: NewPlatform, *, update_known: bool = False, check_url: Callable[[str], None]) -> dict[str, Any]:
    """Register an LMS with an organisation, or add a deployment to a known registration; idempotent on its natural key.

    ``check_url`` raises for an address that may not be reached. Other addresses for a known registration fail, naming the
    difference, unless ``update_known``. Another organisation gets only a new deployment (decision 2).
    """
    validate(new, check_url)
    org_id = organisation_id(new.organisation)
    with base.transactional() as session:
        return enter(session, new, org_id, actor=privacy.OPERATOR, update_known=update_known)


def enter(session: Session, new: NewPlatform, org_id: str, *, actor: str, update_known: bool = False) -> dict[str, Any]:
    """The same in the caller's transaction, of what was validated. Without a deployment id the first launch names it."""
    known = session.scalar(select(Registration).where(Registration.issuer == new.issuer, Registration.client_id == new.client_id))
    if not update_known:  # the operator's word confirms a move
        _require_same_keys(session, new, org_id)
    if known is None:
        known = _register(session, new, org_id)
        verb = "register"
    else:
        verb = _amend(known, new, org_id, update_known=update_known)
    deployment, added = _deploy(session, known, new.deployment_id, org_id) if new.deployment_id else (None, False)
    if known.org_id != org_id and added:
        known.shared = True
    named = deployment.id if deployment is not None else None
    if verb != "keep" or added:
        with base.tenant(org_id):
            privacy.record(session, actor=actor, verb=verb, object_kind="registration", object_id=known.id, deployment=named)
            session.flush()
    return {"id": known.id, "organisation": org_id, "deployment": named, "issuer": known.issuer, "client_id": known.client_id}


def validate(new: NewPlatform, check_url: Callable[[str], None], *, deployment: bool = True) -> None:
    """Whether all is there that must be, and at addresses that may be called; RuleBroken or what ``check_url`` raises."""
    if new.family not in platforms.PROFILES:
        raise RuleBroken("platform_family", family=new.family, known=", ".join(sorted(platforms.PROFILES)))
    for field in ("name", "issuer", "client_id", *(("deployment_id",) if deployment else ())):
        if not getattr(new, field):
            raise RuleBroken("platform_field", field=field)
    if len(new.deployment_id) > 255 or len(new.client_id) > 255:
        raise RuleBroken("platform_field", field="deployment_id" if len(new.deployment_id) > 255 else "client_id")
    for url in (new.auth_url, new.token_url, new.jwks_url):
        check_url(url)


def others_of_issuer(session: Session, new: NewPlatform, org_id: str) -> Sequence[Registration]:
    """The other registrations of that issuer by which an organisation is served: their people are the same set (decision 1)."""
    serves = select(Deployment.registration_id).where(Deployment.org_id == org_id)
    query = select(Registration).where(
        Registration.issuer == new.issuer,
        Registration.client_id != new.client_id,
        or_(Registration.org_id == org_id, Registration.id.in_(serves)),
    )
    return session.scalars(query).all()


def _require_same_keys(session: Session, new: NewPlatform, org_id: str) -> None:
    """Another host's keys could sign in as any of the people of that issuer."""
    for other in others_of_issuer(session, new, org_id):
        if origin(other.jwks_url) != origin(new.jwks_url):
            raise RuleBroken("platform_other_keys", issuer=new.issuer, known=origin(other.jwks_url), offered=origin(new.jwks_url))


def _register(session: Session, new: NewPlatform, org_id: str) -> Registration:
    row = Registration(
        id=base.new_id(),
        org_id=org_id,
        frame_origins=sorted({origin(new.auth_url), origin(new.issuer), *map(origin, new.frame_origins)}),
        shared=platforms.profile(new.family).shared,
        **{key: value for key, value in asdict(new).items() if key not in ("organisation", "deployment_id", "frame_origins")},
    )
    session.add(row)
    session.flush()
    return row


def _amend(known: Registration, new: NewPlatform, org_id: str, *, update_known: bool) -> str:
    changed = [field for field in ADDRESSES if getattr(known, field) != getattr(new, field)]
    wanted = sorted({*known.frame_origins, origin(new.auth_url), *map(origin, new.frame_origins)})
    if changed and not update_known:
        raise RuleBroken("platform_differs", fields=", ".join(changed))
    if changed and known.org_id != org_id:
        raise RuleBroken("platform_foreign", issuer=known.issuer)
    if not changed and (wanted == known.frame_origins or not update_known):
        return "keep"
    for field in changed:
        setattr(known, field, getattr(new, field))
    known.frame_origins = wanted
    return "update"


def _deploy(session: Session, known: Registration, deployment_id: str, org_id: str) -> tuple[Deployment, bool]:
    row = session.scalar(select(Deployment).where(Deployment.registration_id == known.id, Deployment.deployment_id == deployment_id))
    if row is None:
        row = Deployment(id=base.new_id(), registration_id=known.id, deployment_id=deployment_id, org_id=org_id)
        session.add(row)
        session.flush()
        return row, True
    if row.org_id != org_id:
        raise RuleBroken("deployment_foreign", deployment=deployment_id)
    if row.state == "pending":
        row.state = "active"
        return row, True
    return row, False


def listing() -> list[dict[str, Any]]:
    """Every registration with its deployments, for the command line."""
    rows = base.session().execute(
        select(Registration, Organisation.name, Deployment.deployment_id, Deployment.state)
        .join(Organisation, Organisation.id == Registration.org_id)
        .join(Deployment, Deployment.registration_id == Registration.id)
        .order_by(Organisation.name, Registration.name, Deployment.deployment_id)
    )
    return [
        {
            "id": row.id,
            "organisation": organisation,
            "name": row.name,
            "issuer": row.issuer,
            "client_id": row.client_id,
            "deployment_id": deployment_id,
            "deployment_state": state,
            "active": row.active,
            "family": row.family,
            "attention": row.attention,
        }
        for row, organisation, deployment_id, state in rows
    ]


def disable(*, registration_id: str) -> dict[str, Any]:
    """Switch a registration off: no login, no launch, no delivery, and its sessions end with the next request."""
    with base.transactional() as session:
        row = session.get(Registration, registration_id)
        if row is None:
            raise RuleBroken("platform_unknown", id=registration_id)
        row.active = False
        with base.tenant(row.org_id):
            privacy.record(session, actor=privacy.OPERATOR, verb="disable", object_kind="registration", object_id=row.id)
            session.flush()
    return {"id": registration_id, "active": False}


def update(*, registration_id: str, enable: bool = False, check_url: Callable[[str], None], **told: Any) -> dict[str, Any]:
    """Change what is known of a registration: name, addresses, audience ("" takes it away), family, further frame origins; ``enable``
    switches it on again. Issuer and client id are its identity. What is None stays. Saying the same again changes nothing."""
    with base.transactional() as session:
        row = session.scalar(select(Registration).where(Registration.id == registration_id).with_for_update())
        if row is None:
            raise RuleBroken("platform_unknown", id=registration_id)
        said = _said(row, told, check_url)
        if enable:
            said["active"] = True
        changed = {name: value for name, value in said.items() if getattr(row, name) != value}
        for name, value in changed.items():
            setattr(row, name, value)
        if changed:
            if {"token_url", "token_audience"} & set(changed):  # who refused us before is asked again at once
                row.attention, row.held_until, row.refusals = "", None, 0
            with base.tenant(row.org_id):
                fields = ", ".join(sorted(changed))
                privacy.record(session, actor=privacy.OPERATOR, verb="update", object_kind="registration", object_id=row.id, fields=fields)
                session.flush()
        return {"id": row.id, "changed": sorted(changed), "active": row.active}


def _said(row: Registration, told: Mapping[str, Any], check_url: Callable[[str], None]) -> dict[str, Any]:
    said = {name: told[name] for name in ("name", "family", "auth_url", "token_url", "jwks_url") if told.get(name) is not None}
    if said.get("family", row.family) not in platforms.PROFILES:
        raise RuleBroken("platform_family", family=said["family"], known=", ".join(sorted(platforms.PROFILES)))
    if not said.get("name", row.name):
        raise RuleBroken("platform_field", field="name")
    for name in ("auth_url", "token_url", "jwks_url"):
        if name in said:
            check_url(said[name])
    if told.get("token_audience") is not None:
        said["token_audience"] = told["token_audience"] or None
    origins = {origin(said.get("auth_url", row.auth_url)), *map(origin, told.get("frame_origins") or ())}
    if not origins <= set(row.frame_origins):
        said["frame_origins"] = sorted({*row.frame_origins, *origins})
    return said


def approve_deployment(*, registration_id: str, deployment_id: str, organisation: str) -> dict[str, str]:
    """Let a deployment that waits join an organisation."""
    org_id = organisation_id(organisation)
    with base.transactional() as session:
        row = session.scalar(
            select(Deployment).where(Deployment.registration_id == registration_id, Deployment.deployment_id == deployment_id)
        )
        if row is None:
            raise RuleBroken("deployment_unknown", deployment=deployment_id)
        if row.state != "pending" and row.org_id != org_id:
            raise RuleBroken("deployment_foreign", deployment=deployment_id)
        row.org_id, row.state = org_id, "active"
        with base.tenant(org_id):
            privacy.record(session, actor=privacy.OPERATOR, verb="approve", object_kind="deployment", object_id=row.id)
            session.flush()
    return {"id": row.id, "state": row.state}


def hold_deployment(*, registration_id: str, org_id: str, deployment_id: str) -> None:
    """Remember an unknown deployment of a shared registration until somebody approves it; at most MOST_PENDING of them."""
    with base.transactional() as session:
        # On PostgreSQL the row lock puts two launches in order: neither makes the same row twice, nor one too many.
        session.execute(select(Registration.id).where(Registration.id == registration_id).with_for_update())
        pending = session.scalar(
            select(func.count()).select_from(Deployment).where(Deployment.registration_id == registration_id, Deployment.state == "pending")
        )
        known = session.scalar(
            select(Deployment.id).where(Deployment.registration_id == registration_id, Deployment.deployment_id == deployment_id)
        )
        if known is None and (pending or 0) < MOST_PENDING:
            session.add(Deployment(registration_id=registration_id, deployment_id=deployment_id, org_id=org_id, state="pending"))


# --- for deliveries -----------------------------------------------------------------------------------------------------------------


def registration(registration_id: str) -> KnownRegistration | None:
    """An active registration by its id."""
    row = base.session().get(Registration, registration_id)
    return known(row) if row is not None and row.active else None




def forget_spent_nonces(*, now: datetime) -> int:
    """Delete nonces whose launches could no longer be accepted anyway; the worker calls it. -> how many."""
    with base.transactional() as session:
        gone = session.execute(delete(SpentNonce).where(SpentNonce.expires_at < now))
    return cast(CursorResult[Any], gone).rowcount
