# SPDX-License-Identifier: Apache-2.0
"""What referees have said of an applicant, and how it stands with the mails that ask them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from lti_mentoring.store.application import Reference
from lti_mentoring.store.delivery import Mail, ReferenceLetter


@dataclass(frozen=True, slots=True)
class MailRow:
    """The newest mail to a referee: to which address, where it stands (as a delivery does), when it went, what the mail server said, and
    until when its link works."""

    kind: str
    address: str
    state: str
    sent_at: datetime | None
    remedy: str
    words: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class ReferenceRow:
    """A reference: its words are there for those who judge once it is given. ``asked`` is the mail that carries its link, if one does."""

    id: str
    name: str
    relation: str
    state: str
    supports: str
    text: str
    answered_at: datetime | None
    asked: MailRow | None = None


def references(session: Session, application_id: str) -> tuple[ReferenceRow, ...]:
    """The references of an application, in the order in which they were named."""
    rows = session.scalars(select(Reference).where(Reference.application_id == application_id).order_by(Reference.number)).all()
    of_link = and_(ReferenceLetter.reference_id == Reference.id, ReferenceLetter.salt == Reference.salt)
    sent = session.execute(
        select(Reference.id, ReferenceLetter.kind, Mail, Reference.email, Reference.expires_at)
        .join(ReferenceLetter, of_link)
        .join(Mail, Mail.id == ReferenceLetter.mail_id)
        .where(Reference.application_id == application_id)
        .order_by(Mail.created_at)
    )
    mails = {
        row_id: MailRow(kind, email, mail.state, mail.sent_at, mail.fault, mail.words, until) for row_id, kind, mail, email, until in sent
    }
    return tuple(
        ReferenceRow(row.id, row.name, row.relation, row.state, row.supports, row.text, row.answered_at, mails.get(row.id)) for row in rows
    )
