# SPDX-License-Identifier: Apache-2.0
"""References: a link for each referee that works once, and what they say through it without an account."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from lti_mentoring.domain.people import Actor, display_name
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import dossier, privacy, programme
from lti_mentoring.services.reviewing import REVIEWED
from lti_mentoring.services.session import hashed
from lti_mentoring.store import base
from lti_mentoring.store.application import Application, Reference
from lti_mentoring.store.people import Person
from lti_mentoring.store.platform import Organisation

LINK_DAYS = 30
LONGEST_TEXT = 6000
LEAST_TEXT = 40
SUPPORTS = ("yes", "reservations", "no")
AWAITED = frozenset(REVIEWED)
"""States of an application in which a reference still helps."""

_TOKEN = re.compile(r"(?P<org>[0-9a-f]{32})-(?P<secret>[A-Za-z0-9_-]{32,64})")
"""The organisation stands in the link, so that the referee's page works within its tenant from the first statement."""


@dataclass(frozen=True, slots=True)
class RefereePage:
    """What a referee reads: for whom, at what, and what they said themself."""

    applicant: str
    programme: str
    organisation: str
    referee: str
    relation: str
    state: str


def issue(*, actor: Actor, application_id: str, reference_id: str) -> str:
    """A new link for a referee, shown once; the one before it ends. -> the token. RuleBroken ``reference_given``, ``reference_late``."""
    with base.transactional() as session:
        row, _ = awaited(session, actor, application_id, reference_id)
        token = f"{actor.org_id}-{secrets.token_urlsafe(32)}"
        row.token_hash, row.salt, row.state = hashed(token), None, "asked"
        row.expires_at = base.now() + timedelta(days=LINK_DAYS)
        privacy.record(session, actor=actor, verb="issue_link", object_kind="reference", object_id=row.id, application=row.application_id)
        return token


def awaited(session: Session, actor: Actor, application_id: str, reference_id: str) -> tuple[Reference, Application]:
    """A reference of the actor's course that can still be asked for, locked. NotFound; RuleBroken as in ``issue``."""
    application = dossier.read(session, actor, application_id, lock=True)
    query = select(Reference).where(Reference.id == reference_id, Reference.application_id == application.id)
    row = session.scalar(query.with_for_update())
    if row is None:
        raise NotFound("reference")
    if row.answered_at is not None:
        raise RuleBroken("reference_given")
    if application.state not in AWAITED:
        raise RuleBroken("reference_late")
    return row, application


def organisation_of(token: str) -> str:
    """The organisation that a link names. NotFound for what is no link."""
    found = _TOKEN.fullmatch(token)
    if found is None:
        raise NotFound("reference_link")
    return found["org"]


def page(*, token: str) -> RefereePage:
    """What the holder of a link reads, within the organisation that it names. NotFound ``reference_link`` for a link that opens nothing;
    RuleBroken ``reference_old``, ``reference_late``."""
    session = base.session()
    row, application = _by_token(session, token)
    person = session.get_one(Person, (application.org_id, application.person_id))
    return RefereePage(
        applicant=display_name(person.name or person.chosen_name, person.id),
        programme=programme.load(application.programme_version_id).title,
        organisation=session.get_one(Organisation, application.org_id).name,
        referee=row.name,
        relation=row.relation,
        state=row.state,
    )


def _by_token(session: Session, token: str) -> tuple[Reference, Application]:
    found = session.execute(
        select(Reference, Application)
        .join(Application, and_(Application.org_id == Reference.org_id, Application.id == Reference.application_id))
        .where(Reference.token_hash == hashed(token))
    ).first()
    if found is None:
        raise NotFound("reference_link")
    row, application = found
    if row.answered_at is None and not _in_time(row.expires_at):
        raise RuleBroken("reference_old")
    if row.answered_at is None and application.state not in AWAITED:
        raise RuleBroken("reference_late")
    return row, application


def _in_time(expires_at: datetime | None) -> bool:
    return expires_at is not None and base.now() < expires_at


def answer(*, token: str, supports: str, text: str) -> None:
    """What a referee says. It is said once, and stays.

    RuleBroken ``reference_given``, ``support_unknown``, ``reference_short`` (least), ``words_long`` (most).
    """
    text = text.replace("\r\n", "\n").replace("\x00", "").strip()
    if supports not in SUPPORTS:
        raise RuleBroken("support_unknown")
    if len(text) < LEAST_TEXT:
        raise RuleBroken("reference_short", least=LEAST_TEXT)
    if len(text) > LONGEST_TEXT:
        raise RuleBroken("words_long", most=LONGEST_TEXT)
    with base.transactional() as session:
        _settle(session, token, "given", supports, text)


def decline(*, token: str) -> None:
    """A referee would rather not. Nothing else is asked of them."""
    with base.transactional() as session:
        _settle(session, token, "refused", "", "")


def _settle(session: Session, token: str, state: str, supports: str, text: str) -> None:
    row, _ = _by_token(session, token)
    session.refresh(row, with_for_update=True)
    if row.answered_at is not None:
        raise RuleBroken("reference_given")
    if row.token_hash != hashed(token):  # a new link was made meanwhile
        raise NotFound("reference_link")
    row.state, row.supports, row.text, row.answered_at = state, supports, text, base.now()
    privacy.record(session, actor=privacy.REFEREE, verb=state, object_kind="reference", object_id=row.id, application=row.application_id)
