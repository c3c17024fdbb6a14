# SPDX-License-Identifier: Apache-2.0
"""What an invite may enter: addresses that cannot be another LMS's, so that no institution gets at what is another's.

One key set signs for all institutions, and an LMS that is entered says its own client id. So what we sign with it, and what we get for
it, must stay at the LMS that says it. The operator (``platform add|update``) may enter what is refused here.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.lti import platforms
from lti_mentoring.outbound import Client
from lti_mentoring.services.platform import ADDRESSES, NewPlatform, origin, others_of_issuer
from lti_mentoring.store.platform import Deployment, Registration


def require_own(session: Session, new: NewPlatform, *, proven: bool) -> None:
    """Whether tokens are asked for and named at the LMS's own server, or within the cloud that it is part of. Unless ``proven`` by a
    configuration that came from the issuer's server, people must sign in there as well.

    RuleBroken ``platform_other_tokens``, ``platform_other_sign_in``, ``platform_client_elsewhere``.
    """
    for address in (new.token_url, new.token_audience):
        if address and not _at_home(address, new) and not _of_cloud(address, new):
            raise RuleBroken("platform_other_tokens", issuer=new.issuer, offered=address[:200])
    if not proven and not _at_home(new.auth_url, new):
        raise RuleBroken("platform_other_sign_in", issuer=new.issuer, offered=new.auth_url[:200])
    _require_own_client(session, new)


def _at_home(address: str, new: NewPlatform) -> bool:
    try:
        if address == new.issuer or origin(address) == origin(new.issuer):
            return True
    except ValueError:  # no address
        return False
    profile = platforms.profile(new.family)
    in_cloud = new.issuer in profile.issuers or _under(new.issuer, profile.domains)
    return in_cloud and address.startswith("https://") and _under(address, profile.domains)


def _of_cloud(address: str, new: NewPlatform) -> bool:
    """A school's own host may use its cloud's tokens, where ``_require_own_client`` keeps them to it."""
    profile = platforms.profile(new.family)
    return profile.tokens_in_cloud and address.startswith("https://") and _under(address, profile.domains)


def _require_own_client(session: Session, new: NewPlatform) -> None:
    """Two issuers with one client get the same tokens from such a cloud: whichever comes second is refused, unless both are its hosts."""
    profile = platforms.profile(new.family)
    if not profile.tokens_in_cloud or not new.client_id:
        return
    query = select(Registration.issuer, Registration.token_url).where(Registration.client_id == new.client_id)
    for issuer, token_url in session.execute(query.where(Registration.issuer != new.issuer)):
        hosted = _under(issuer, profile.domains) and _under(new.issuer, profile.domains)
        if _under(token_url, profile.domains) and not hosted:
            raise RuleBroken("platform_client_elsewhere", client=new.client_id)


def _under(address: str, domains: Collection[str]) -> bool:
    host = (urlsplit(address).hostname or "").lower()
    return any(host == one or host.endswith(f".{one}") for one in domains)


def require_free(session: Session, new: NewPlatform, org_id: str) -> None:
    """Whoever types an issuer has not proved that it is theirs: one that another institution uses is the operator's to enter.

    RuleBroken ``platform_foreign``. A cloud's issuer is everybody's.
    """
    if new.issuer in platforms.profile(new.family).issuers:
        return
    if session.scalar(select(Registration.id).where(Registration.issuer == new.issuer, Registration.org_id != org_id).limit(1)):
        raise RuleBroken("platform_foreign", issuer=new.issuer)


def require_same_keys(session: Session, new: NewPlatform, org_id: str) -> None:
    """One issuer in one organisation is one set of people: keys at another address, such as a file that somebody has uploaded to a course,
    could sign in as any of them. RuleBroken ``platform_other_keys``."""
    for other in others_of_issuer(session, new, org_id):
        _same_keys(other, new)


def _same_keys(known: Registration, new: NewPlatform) -> None:
    kept, offered = known.jwks_url, new.jwks_url
    if platforms.profile(known.family).keys_by_client:
        kept, offered = kept.rpartition("/")[0], offered.rpartition("/")[0]
    if kept != offered:
        raise RuleBroken("platform_other_keys", issuer=new.issuer, known=known.jwks_url, offered=new.jwks_url)


def require_unmoved(session: Session, known: Registration, new: NewPlatform, org_id: str) -> None:
    """A registration that is known keeps its organisation and its keys, and what serves several institutions keeps all its addresses.

    RuleBroken ``platform_foreign``, ``platform_off``, ``platform_other_keys``, ``platform_of_others``.
    """
    if known.org_id != org_id:
        raise RuleBroken("platform_foreign", issuer=known.issuer)
    if not known.active:
        raise RuleBroken("platform_off", issuer=known.issuer)
    if known.jwks_url != new.jwks_url:
        raise RuleBroken("platform_other_keys", issuer=known.issuer, known=known.jwks_url, offered=new.jwks_url)
    others = select(Deployment.id).where(Deployment.registration_id == known.id, Deployment.org_id != known.org_id).limit(1)
    if any(getattr(known, name) != getattr(new, name) for name in ADDRESSES) and session.scalar(others):
        raise RuleBroken("platform_of_others")


def require_not_anothers(session: Session, urls: Collection[str], org_id: str, http: Client) -> None:
    """A private host that the operator has opened is called by the invites of the institution that has its LMS there, once one has.

    RuleBroken ``dr_private``.
    """
    hosts = {origin(url) for url in urls if http.listed(url)}
    if not hosts:
        return
    places: Any = (Registration.issuer, Registration.auth_url, Registration.token_url, Registration.jwks_url)
    used = session.execute(select(Registration.org_id, *places)).all()
    owners = {row[0] for row in used if hosts & {origin(url) for url in row[1:]}}
    if owners and org_id not in owners:
        raise RuleBroken("dr_private", host=sorted(hosts)[0])
