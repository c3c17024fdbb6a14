# SPDX-License-Identifier: Apache-2.0
"""Passkeys: added in a fresh session of their owner, used to come in by the door, named and taken away."""

from __future__ import annotations

import base64
import hashlib
import importlib
import json
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from lti_mentoring.domain import door as rules
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import door_letter, door_link, privacy
from lti_mentoring.services.session import hashed
from lti_mentoring.store import base
from lti_mentoring.store.door import DoorChallenge, Passkey

ENTER, ADD = "enter", "add"
MOST = 20
LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Site:
    """Whose passkeys these are: the host, and the origin that a browser must name."""

    rp_id: str
    origin: str


@dataclass(frozen=True, slots=True)
class PasskeyRow:
    """A passkey, for its owner."""

    id: str
    name: str
    created_at: datetime
    used_at: datetime | None


def _library() -> Any:
    return importlib.import_module("webauthn")  # 5 MiB that a worker, and most requests, do without


def _structs() -> Any:
    return importlib.import_module("webauthn.helpers.structs")


def _challenge(session: Session, browser: str, purpose: str) -> bytes:
    """A challenge for this browser; the one before it ends."""
    made = secrets.token_bytes(32)
    session.execute(delete(DoorChallenge).where(DoorChallenge.browser_hash == hashed(browser), DoorChallenge.purpose == purpose))
    row = DoorChallenge(challenge_hash=hashed(_text(made)), browser_hash=hashed(browser), purpose=purpose)
    row.expires_at = base.now() + rules.CHALLENGE_LIVES
    session.add(row)
    return made


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _spend(session: Session, credential: dict[str, Any], browser: str, purpose: str) -> bytes:
    """The challenge that was signed, if it is this browser's and was not used; it is used then. RuleBroken ``door_challenge``."""
    try:
        said = json.loads(_bytes(credential["response"]["clientDataJSON"]))
        challenge = _bytes(said["challenge"])
    except (KeyError, TypeError, ValueError, RecursionError):
        raise RuleBroken("door_passkey_refused") from None
    mine = (DoorChallenge.challenge_hash == hashed(_text(challenge)), DoorChallenge.browser_hash == hashed(browser))
    used = delete(DoorChallenge).where(*mine, DoorChallenge.purpose == purpose, DoorChallenge.expires_at > base.now())
    if session.execute(used.returning(DoorChallenge.challenge_hash)).first() is None:
        raise RuleBroken("door_challenge")
    return challenge


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _handle(person_id: str) -> str:
    """What a device calls somebody: the same for all their passkeys, and nothing that is known of them."""
    return _text(hashlib.sha256(f"passkey:{base.current_tenant()}:{person_id}".encode()).digest())


_ID = re.compile(r"[A-Za-z0-9_-]{1,1400}")
"""The id of a passkey (WebAuthn, 5.1: base64url); nothing else reaches the database."""


def _read(credential: str) -> dict[str, Any]:
    try:
        said = json.loads(credential)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict) or not isinstance(said.get("id"), str) or not _ID.fullmatch(said["id"]):
        raise RuleBroken("door_passkey_refused")
    return said


# --- adding --------------------------------------------------------------------------------------------------------------------------


def begin_adding(*, person_id: str, name: str, browser: str, site: Site) -> str:
    """What a browser is asked to make, as JSON. RuleBroken ``door_passkeys_many``."""
    library, structs = _library(), _structs()
    with base.transactional() as session:
        held = session.scalars(_mine(person_id)).all()
        if len(held) >= MOST:
            raise RuleBroken("door_passkeys_many", most=MOST)
        options = library.generate_registration_options(
            rp_id=site.rp_id,
            rp_name="Mentoring",
            user_id=_bytes(_handle(person_id)),
            user_name=name,
            user_display_name=name,
            challenge=_challenge(session, browser, ADD),
            authenticator_selection=structs.AuthenticatorSelectionCriteria(
                resident_key=structs.ResidentKeyRequirement.REQUIRED,
                user_verification=structs.UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[structs.PublicKeyCredentialDescriptor(id=_bytes(one.credential_id)) for one in held],
        )
    return str(library.options_to_json(options))


def add(*, person_id: str, credential: str, browser: str, site: Site, by_link: str, name: str) -> None:
    """Keep a new passkey, and tell its owner by mail. RuleBroken ``door_challenge``, ``door_passkey_refused``, ``door_passkey_known``."""
    said, library = _read(credential), _library()
    with base.transactional() as session:
        challenge = _spend(session, said, browser, ADD)
    try:
        done = library.verify_registration_response(
            credential=said,
            expected_challenge=challenge,
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except Exception:  # the library's own errors, and those of what it decodes with: whatever it is, the device's answer is none
        raise RuleBroken("door_passkey_refused") from None
    with base.transactional() as session:
        known = _text(done.credential_id)
        if session.scalar(select(Passkey.id).where(Passkey.credential_id == known)) is not None:
            raise RuleBroken("door_passkey_known")
        session.add(
            Passkey(
                org_id=base.current_tenant(),
                person_id=person_id,
                credential_id=known,
                handle=_handle(person_id),
                public_key=done.credential_public_key,
                sign_count=done.sign_count,
                name=_named(name),
                by_link=by_link,
            )
        )
        privacy.record(session, actor=person_id, verb="add_passkey", object_kind="person", object_id=person_id)
        door_letter.post(session, actor=person_id, person_id=person_id, kind=rules.TOLD)


def _named(name: str) -> str:
    return " ".join(name.split())[:LONGEST_NAME]


# --- coming in -----------------------------------------------------------------------------------------------------------------------


def begin_entering(*, browser: str, site: Site) -> str:
    """What a browser is asked to sign, as JSON; it names nobody, so that it is the same for all."""
    library, structs = _library(), _structs()
    with base.transactional() as session:
        options = library.generate_authentication_options(
            rp_id=site.rp_id,
            challenge=_challenge(session, browser, ENTER),
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        )
    return str(library.options_to_json(options))


def enter(*, credential: str, browser: str, site: Site, old_token: str | None) -> str:
    """Sign in whoever holds a passkey of ours. -> the token of the session.

    RuleBroken ``door_challenge``, ``door_passkey_refused`` (unknown, or signed for another site), ``door_passkey_copied`` where its
    counter went back, ``door_link_revoked`` where nothing here is theirs any more.
    """
    said, library = _read(credential), _library()
    with base.transactional() as session:
        challenge = _spend(session, said, browser, ENTER)
        row = session.scalar(select(Passkey).where(Passkey.credential_id == str(said["id"])[:1400]))
    if row is None:
        raise RuleBroken("door_passkey_refused")
    try:
        done = library.verify_authentication_response(
            credential=said,
            expected_challenge=challenge,
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
            credential_public_key=row.public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except Exception:  # as above
        raise RuleBroken("door_passkey_refused") from None
    if said.get("response", {}).get("userHandle") not in (None, row.handle):
        raise RuleBroken("door_passkey_refused")
    counts = (done.new_sign_count, row.sign_count)
    with base.tenant(row.org_id):
        if any(counts) and done.new_sign_count <= row.sign_count:
            _copied(row)
        with base.transactional() as session:
            mine = update(Passkey).where(Passkey.id == row.id, Passkey.sign_count == row.sign_count)
            kept = session.execute(mine.values(sign_count=done.new_sign_count, used_at=base.now()).returning(Passkey.id)).first()
            if kept is None:
                raise RuleBroken("door_challenge")
            return door_link.enter(session, row.person_id, old_token, by_link=row.by_link, passkey=row.id)


def _copied(row: Passkey) -> None:
    """Somebody holds a copy of a passkey, or its owner does: nobody comes in by it."""
    with base.transactional() as session:
        privacy.record(session, actor=row.person_id, verb="refuse_passkey", object_kind="person", object_id=row.person_id)
    raise RuleBroken("door_passkey_copied")


# --- one's own -----------------------------------------------------------------------------------------------------------------------


def _mine(person_id: str) -> Any:
    return select(Passkey).where(Passkey.org_id == base.current_tenant(), Passkey.person_id == person_id).order_by(Passkey.created_at)


def listing(person_id: str) -> tuple[PasskeyRow, ...]:
    """Somebody's passkeys, the oldest first, in the scope of their organisation."""
    return tuple(PasskeyRow(one.id, one.name, one.created_at, one.used_at) for one in base.session().scalars(_mine(person_id)))


def rename(*, person_id: str, passkey_id: str, name: str) -> None:
    """Call a passkey something. NotFound ``passkey``."""
    with base.transactional() as session:
        _one(session, person_id, passkey_id).name = _named(name)


def remove(*, person_id: str, passkey_id: str) -> None:
    """Take a passkey away. NotFound ``passkey``."""
    with base.transactional() as session:
        session.delete(_one(session, person_id, passkey_id))
        privacy.record(session, actor=person_id, verb="remove_passkey", object_kind="person", object_id=person_id)


def _one(session: Session, person_id: str, passkey_id: str) -> Passkey:
    row: Passkey | None = session.scalar(_mine(person_id).where(Passkey.id == passkey_id))
    if row is None:
        raise NotFound("passkey")
    return row
