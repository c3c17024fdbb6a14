# SPDX-License-Identifier: Apache-2.0
"""The outbox: which grades must reach an LMS and which mails a mailbox, and whether they did."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple, cast

from flask import current_app
from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from lti_mentoring.store.base import Base, Id, TenantMixin, UtcDateTime, belongs_to, now


class ScorePublication(TenantMixin, Base):
    """The one pending score of a person in a placement: what is wanted, what was settled, and what the LMS said last."""

    __tablename__ = "score_publication"
    __table_args__ = (
        UniqueConstraint("org_id", "placement_id", "person_id"),
        belongs_to("placement", "placement_id"),
        belongs_to("person", "person_id"),
        Index("ix_score_publication_due", "registration_id", "state", "next_at"),
        Index("ix_score_publication_lane", "lane", "state", "next_at"),
        Index("ix_score_publication_open", "state", "next_at"),
        Index("ix_score_publication_cell", "org_id", "cell"),
    )

    placement_id: Mapped[str] = mapped_column(Id)
    person_id: Mapped[str] = mapped_column(Id)
    registration_id: Mapped[str] = mapped_column(Id, ForeignKey("registration.id"))
    lane: Mapped[str] = mapped_column(Id, default="", server_default="")
    """Which LMS this goes to (``DeliveryLane``); empty where the release before this one wrote the row: the sweep fills it in."""
    cell: Mapped[str] = mapped_column(Id, default="", server_default="")
    """Line item and person at the LMS, once known: two activities may share a column, and one cell has one request at a time."""
    wanted: Mapped[int] = mapped_column(default=1)
    """Counts the decisions that may have changed the score; a settlement that saw an older count leaves the row due."""
    settled: Mapped[int] = mapped_column(default=0)
    void: Mapped[bool] = mapped_column(default=False)
    """What was sent no longer holds: unless another final score takes its place, the platform is told to clear it (SC-13)."""
    state: Mapped[str] = mapped_column(String(20), default="waiting")
    """waiting, sending, done, refused (the platform said no), held (it holds something newer) or set_aside (staff let it rest)."""
    attempt: Mapped[int] = mapped_column(default=0)
    """The fence: it only grows, and a settlement must name the one it began with."""
    tries: Mapped[int] = mapped_column(default=0)
    """Failures in a row since the last success or decision; the back-off grows with it."""
    next_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_timestamp: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_payload_hash: Mapped[str] = mapped_column(String(64), default="")
    """What the platform is known to have taken, and where; the same again is not sent."""
    activity: Mapped[str] = mapped_column(String(20), default="")
    grading: Mapped[str] = mapped_column(String(20), default="")
    """activityProgress and gradingProgress of the newest score that may have reached the platform, written before it is sent."""
    given: Mapped[float | None]
    maximum: Mapped[float | None]
    lms_given: Mapped[float | None]
    lms_maximum: Mapped[float | None]
    """What the platform held when it turned ours away, or when it was last looked at and held something else."""
    taken_given: Mapped[float | None]
    taken_maximum: Mapped[float | None]
    """The last score that the platform is known to have taken; anything else in its gradebook is somebody else's."""
    overwrite: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Staff have seen what the platform holds, and want ours in its place; until ours has arrived, nobody looks again."""
    compared_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    compared: Mapped[str] = mapped_column(String(40), default="", server_default="")
    """What the last look into the gradebook found: a code of ``domain.reconciliation``, "" before the first."""
    fault: Mapped[str] = mapped_column(String(60), default="")
    status: Mapped[int | None]
    words: Mapped[str] = mapped_column(Text, default="")
    stuck_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    tried_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class DeliveryLane(Base):
    """One LMS as all workers share it: its bucket, its breaker, its pause. No tenant data: one LMS may serve several organisations."""

    __tablename__ = "delivery_lane"

    key: Mapped[str] = mapped_column(Id, primary_key=True)
    issuer: Mapped[str] = mapped_column(String(500))
    host: Mapped[str] = mapped_column(String(300))
    tokens: Mapped[float]
    refilled_at: Mapped[datetime] = mapped_column(UtcDateTime)
    breaker: Mapped[str] = mapped_column(String(20), default="closed")
    troubles: Mapped[int] = mapped_column(default=0)
    openings: Mapped[int] = mapped_column(default=0)
    rests_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    rests_for: Mapped[str] = mapped_column(String(60), default="")
    """The remedy code of what made it rest."""
    paused: Mapped[bool] = mapped_column(default=False, server_default=false())
    done: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    later: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    stale: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    refused: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    """How many requests have ended so, since the lane was first used."""
    most_at_once: Mapped[int | None]
    per_second: Mapped[float | None]
    """The operator's own limits for this LMS, in place of the settings'."""


class Reconciliation(TenantMixin, Base):
    """When the column of an activity was last compared with what we hold, and what came of it."""

    __tablename__ = "reconciliation"
    __table_args__ = (
        UniqueConstraint("org_id", "placement_id"),
        belongs_to("placement", "placement_id"),
        Index("ix_reconciliation_due", "state", "next_at"),
    )

    placement_id: Mapped[str] = mapped_column(Id)
    registration_id: Mapped[str] = mapped_column(Id, ForeignKey("registration.id"))
    state: Mapped[str] = mapped_column(String(20))
    """waiting (for a worker), running, done or failed."""
    asked_by: Mapped[str] = mapped_column(String(40), default="")
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    checked: Mapped[int] = mapped_column(default=0)
    differing: Mapped[int] = mapped_column(default=0)
    attempt: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    next_at: Mapped[datetime] = mapped_column(UtcDateTime)
    tries: Mapped[int] = mapped_column(default=0)
    fault: Mapped[str] = mapped_column(String(60), default="")
    status: Mapped[int | None]
    words: Mapped[str] = mapped_column(Text, default="")


class Mail(TenantMixin, Base):
    """One mail: of a notice, a week's digest, or one with a link for somebody without an account (``ReferenceLetter``, ``GuestLetter``).
    It holds no word of what it says; that is made when it is sent."""

    __tablename__ = "mail"
    __table_args__ = (
        UniqueConstraint("org_id", "notification_id"),
        UniqueConstraint("org_id", "person_id", "week"),
        belongs_to("person", "person_id"),
        belongs_to("notification", "notification_id"),
        belongs_to("course", "course_id"),
        Index("ix_mail_due", "state", "next_at"),
        Index("ix_mail_lane", "lane", "state"),
        Index("ix_mail_course", "org_id", "course_id", "state"),
    )

    person_id: Mapped[str] = mapped_column(Id)
    notification_id: Mapped[str | None] = mapped_column(Id)
    week: Mapped[str | None] = mapped_column(String(10))
    """Of a digest, such as 2026-W48; then there is no notice, and no course."""
    course_id: Mapped[str | None] = mapped_column(Id)
    lane: Mapped[str] = mapped_column(Id)
    state: Mapped[str] = mapped_column(String(20), default="waiting")
    """waiting, sending, done (sent, or not wanted any more when its turn came), refused or set_aside."""
    attempt: Mapped[int] = mapped_column(default=0)
    """The fence, as a score's."""
    tries: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    fault: Mapped[str] = mapped_column(String(60), default="")
    status: Mapped[int | None]
    words: Mapped[str] = mapped_column(Text, default="")
    stuck_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    tried_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """None for good where it was not wanted any more."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class ReferenceLetter(TenantMixin, Base):
    """That a mail asks a referee, or reminds them. The mail is kept with the applicant, whom it is about; a referee is no person here."""

    __tablename__ = "reference_letter"
    __table_args__ = (
        UniqueConstraint("org_id", "mail_id"),
        UniqueConstraint("org_id", "reference_id", "salt", "kind"),
        belongs_to("mail", "mail_id", ondelete="CASCADE"),
        belongs_to("reference", "reference_id", ondelete="CASCADE"),
    )

    mail_id: Mapped[str] = mapped_column(Id)
    reference_id: Mapped[str] = mapped_column(Id)
    salt: Mapped[str] = mapped_column(String(32))
    """The link that it carries; once the reference has another, the mail is not wanted any more."""
    kind: Mapped[str] = mapped_column(String(20))
    """ask or remind."""


class GuestLetter(TenantMixin, Base):
    """That a mail brings a link to somebody without an account. The link itself is made when the mail leaves (``GuestLink``)."""

    __tablename__ = "guest_letter"
    __table_args__ = (
        UniqueConstraint("org_id", "mail_id"),
        belongs_to("mail", "mail_id", ondelete="CASCADE"),
        belongs_to("observation", "observation_id"),
        Index("ix_guest_letter_observation", "org_id", "observation_id"),
    )

    mail_id: Mapped[str] = mapped_column(Id)
    observation_id: Mapped[str] = mapped_column(Id)
    kind: Mapped[str] = mapped_column(String(20))
    """consent (may the session be observed), reading (the lines can be read) or field (an assignment)."""
    asked_by: Mapped[str] = mapped_column(String(40))


class MailWay(NamedTuple):
    """The lane that mails leave by, the server that it stands for, and the seconds that a notice has to be read before it is mailed."""

    lane: str
    host: str
    wait_seconds: int


def mail_way() -> MailWay | None:
    """How mails leave this installation; None where they do not."""
    return cast("MailWay | None", current_app.extensions.get("mail_way"))
