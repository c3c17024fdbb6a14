# SPDX-License-Identifier: Apache-2.0
"""Referees by mail: asked with a link that is made when the mail leaves, asked again with a new one, and reminded once."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, exists, select, update
from sqlalchemy.orm import Session

from lti_mentoring.domain.delivery import SENDING, WAITING
from lti_mentoring.domain.mail import line, mailable
from lti_mentoring.domain.people import Actor, display_name
from lti_mentoring.domain.reminder import REFEREE_SOON
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.services import lane, mail, privacy, programme, reference
from lti_mentoring.services.reference import AWAITED, LINK_DAYS
from lti_mentoring.services.session import hashed
from lti_mentoring.store import base
from lti_mentoring.store.application import Application, Reference
from lti_mentoring.store.delivery import Mail, MailWay, ReferenceLetter, mail_way
from lti_mentoring.store.people import Person
from lti_mentoring.store.platform import Organisation

ASK, REMIND = "ask", "remind"
MOST_AT_ONCE = 100
LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Asked:
    """A mail to a referee that is still wanted. ``locale`` is the applicant's: nothing is known of the referee's. ``facts`` hold the
    secret of the link, so that they are never logged."""

    address: str
    name: str
    locale: str | None
    kind: str
    facts: Mapping[str, Any]


# --- asking ----------------------------------------------------------------------------------------------------------------------


def ask(*, actor: Actor, application_id: str, reference_id: str) -> None:
    """Ask a referee by mail, with a new link; the one before it ends. While such a mail is on its way, another one changes nothing.

    RuleBroken ``reference_given``, ``reference_late``, ``reference_no_mail`` where no mail server is set, ``reference_address`` where
    what the applicant gave is no address.
    """
    with base.transactional() as session:
        row, application = reference.awaited(session, actor, application_id, reference_id)
        way = mail_way()
        if way is None:
            raise RuleBroken("reference_no_mail")
        if mailable(row.email) is None:
            raise RuleBroken("reference_address", address=row.email)
        if row.salt is not None and _on_its_way(session, row):
            return
        row.salt, row.token_hash, row.state = secrets.token_hex(16), None, "asked"
        row.expires_at = base.now() + timedelta(days=LINK_DAYS)
        session.flush()
        _post(session, way, row, application, ASK)
        facts = {"application": application.id}
        privacy.record(session, actor=actor, verb="ask", object_kind="reference", object_id=row.id, **facts)


def _on_its_way(session: Session, row: Reference) -> bool:
    query = select(Mail.id).join(ReferenceLetter, ReferenceLetter.mail_id == Mail.id).where(Mail.state.in_((WAITING, SENDING)))
    return session.scalar(query.where(ReferenceLetter.reference_id == row.id, ReferenceLetter.salt == row.salt).limit(1)) is not None


def _post(session: Session, way: MailWay, row: Reference, application: Application, kind: str) -> None:
    lane.ensure(session, {mail.lane_of(way)})
    made = Mail(id=base.new_id(), person_id=application.person_id, course_id=application.course_id, lane=way.lane, next_at=base.now())
    session.add(made)
    session.flush()
    session.add(ReferenceLetter(mail_id=made.id, reference_id=row.id, salt=row.salt, kind=kind))


def remind(*, now: datetime) -> int:
    """Ask those once more whose link ends soon and who were asked by mail and have not answered. -> how many"""
    way = mail_way()
    if way is None:
        return 0
    with base.across_organisations("references: reminders"):
        found = base.session().execute(_to_remind(now).with_only_columns(Reference.org_id, Reference.id).limit(MOST_AT_ONCE)).all()
    made = 0
    for org_id, reference_id in found:
        with base.tenant(org_id), base.transactional() as session:
            # The row is the lock: of two workers, the second one finds the letter of the first.
            session.scalar(select(Reference.id).where(Reference.id == reference_id).with_for_update())
            pair = session.execute(_to_remind(now).where(Reference.id == reference_id)).first()
            if pair is not None:
                _post(session, way, pair[0], pair[1], REMIND)
                privacy.record(session, actor=privacy.SYSTEM, verb="remind", object_kind="reference", object_id=reference_id)
                made += 1
    return made


def _to_remind(now: datetime) -> Any:
    of_link = (
        ReferenceLetter.org_id == Reference.org_id,
        ReferenceLetter.reference_id == Reference.id,
        ReferenceLetter.salt == Reference.salt,
    )
    arrived = exists().where(*of_link, Mail.org_id == ReferenceLetter.org_id, Mail.id == ReferenceLetter.mail_id, Mail.sent_at.is_not(None))
    return (
        select(Reference, Application)
        .join(Application, and_(Application.org_id == Reference.org_id, Application.id == Reference.application_id))
        .where(
            Reference.answered_at.is_(None),
            Reference.expires_at > now,
            Reference.expires_at <= now + REFEREE_SOON,
            Application.state.in_(AWAITED),
            arrived,
            ~exists().where(*of_link, ReferenceLetter.kind == REMIND),
        )
    )


# --- sending ---------------------------------------------------------------------------------------------------------------------


def letters(org_id: str, mail_ids: Collection[str], *, secret: Callable[[str], str]) -> dict[str, Asked]:
    """What those of these mails that go to referees say, where they are still wanted; by mail. The tenant is in scope.

    The link of each is made here, by ``secret``, and only its hash is kept: the same mail, sent again, carries the same link.
    """
    session = base.session()
    if not session.scalars(select(ReferenceLetter.id).where(ReferenceLetter.mail_id.in_(mail_ids)).limit(1)).first():
        return {}
    found = {}
    with base.transactional() as session:
        rows = session.execute(
            select(ReferenceLetter.mail_id, ReferenceLetter.kind, Reference, Application, Person)
            .join(Reference, Reference.id == ReferenceLetter.reference_id)
            .join(Application, Application.id == Reference.application_id)
            .join(Person, Person.id == Application.person_id)
            .where(ReferenceLetter.mail_id.in_(mail_ids), ReferenceLetter.salt == Reference.salt, Reference.answered_at.is_(None))
            .where(Reference.expires_at > base.now(), Application.state.in_(AWAITED))
        ).all()
        organisation = session.get_one(Organisation, org_id).name
        for mail_id, kind, row, application, person in rows:
            token = f"{org_id}-{secret(f'reference:{row.id}:{row.salt}')}"
            kept = update(Reference).where(Reference.id == row.id, Reference.salt == row.salt).values(token_hash=hashed(token))
            session.execute(kept.execution_options(synchronize_session=False))
            address = mailable(row.email)
            if address is not None:
                said = _facts(row, application, person, organisation) | {"token": token}
                found[mail_id] = Asked(address, line(row.name, LONGEST_NAME), person.locale, kind, said)
    return found


def _facts(row: Reference, application: Application, person: Person, organisation: str) -> dict[str, Any]:
    """Names come from people, so each is one short line."""
    return {
        "applicant": line(display_name(person.name or person.chosen_name, person.id), LONGEST_NAME),
        "referee": line(row.name, LONGEST_NAME),
        "programme": line(programme.load(application.programme_version_id).title),
        "organisation": line(organisation),
        "until": row.expires_at.date() if row.expires_at else None,
    }
