# SPDX-License-Identifier: Apache-2.0
"""Ratings as they were submitted, who is asked for one, and what several of them make together. Rows here only ever grow in number."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Index, String, Text, UniqueConstraint, event, inspect
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.orm.attributes import get_history

from lti_mentoring.store.base import Base, FenceBroken, Frozen, Id, TenantMixin, UtcDateTime, belongs_to, now


class Rater(TenantMixin, Base):
    """Somebody who rates beside the observer. ``purpose``: ``second``, ``third``, or ``self`` where the candidate rates their own part."""

    __tablename__ = "rater"
    __table_args__ = (
        UniqueConstraint("org_id", "observation_id", "person_id"),
        belongs_to("observation", "observation_id"),
        belongs_to("person", "person_id"),
        Index("ix_rater_person", "org_id", "person_id", "state"),
    )

    observation_id: Mapped[str] = mapped_column(Id)
    person_id: Mapped[str] = mapped_column(Id)
    purpose: Mapped[str] = mapped_column(String(20))
    from_notes: Mapped[bool] = mapped_column(default=False)
    """Not in the room: rates from the raw notes of who was, without their levels, tags and links."""
    state: Mapped[str] = mapped_column(String(20), default="asked")
    """``asked``, ``submitted``, or ``ended`` where somebody else was asked instead."""
    due_on: Mapped[date | None]
    assigned_by: Mapped[str] = mapped_column(String(40))
    assigned_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class SubmittedRating(TenantMixin, Base):
    """A rating as it was submitted. A correction is another one, with the next number and a reason; the newest one stands (I6). Its words
    go when consent is taken back; nothing else of it ever changes."""

    __tablename__ = "submitted_rating"
    __table_args__ = (
        UniqueConstraint("org_id", "observation_id", "assessor_id", "number"),
        belongs_to("observation", "observation_id"),
        belongs_to("person", "assessor_id"),
        belongs_to("rubric_version", "rubric_version_id"),
        Index("ix_submitted_rating_assessor", "org_id", "assessor_id", "submitted_at"),
    )

    observation_id: Mapped[str] = mapped_column(Id)
    assessor_id: Mapped[str] = mapped_column(Id)
    rubric_version_id: Mapped[str] = mapped_column(Id)
    number: Mapped[int]
    purpose: Mapped[str] = mapped_column(String(20))
    """``first``, ``second``, ``third`` or ``self``."""
    from_notes: Mapped[bool] = mapped_column(default=False)
    said: Mapped[dict[str, Any]] = mapped_column(JSON)
    """Criterion -> level (null: not observed), reason, notes (ids)."""
    weight: Mapped[str] = mapped_column(String(20))
    """What it counts for, by who rated: ``counts``, ``provisional`` or ``set_aside`` (``domain.qualification``)."""
    weight_reason: Mapped[str] = mapped_column(String(40), default="")
    why: Mapped[str] = mapped_column(Text, default="")
    """Of a correction: its reason."""
    submitted_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


@event.listens_for(SubmittedRating, "before_update")
def _only_words_go(mapper: object, connection: object, target: SubmittedRating) -> None:
    changed = {one.key for one in inspect(target).attrs if one.history.has_changes()}
    before = get_history(target, "said").deleted or [target.said]
    if changed - {"said", "why"} or target.why or target.said != {key: {**one, "reason": ""} for key, one in before[0].items()}:
        raise FenceBroken("what was submitted never changes")


@event.listens_for(SubmittedRating, "before_delete")
def _never_goes(mapper: object, connection: object, target: SubmittedRating) -> None:
    raise FenceBroken("what was submitted never goes")


class Resolution(TenantMixin, Frozen, Base):
    """What the ratings of an observation make together. A later one supersedes it; the observation names the one that stands."""

    __tablename__ = "resolution"
    __table_args__ = (
        UniqueConstraint("org_id", "observation_id", "number"),
        belongs_to("observation", "observation_id"),
    )

    observation_id: Mapped[str] = mapped_column(Id)
    number: Mapped[int]
    method: Mapped[str] = mapped_column(String(20))
    ratings: Mapped[list[str]] = mapped_column(JSON)
    """Ids of the submitted ratings that it was made from, in the order of the raters."""
    inputs_hash: Mapped[str] = mapped_column(String(64))
    """Of what they said, so that it can be made again and compared (I12)."""
    resolved_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class ResolvedLevel(TenantMixin, Frozen, Base):
    """The level of one criterion in a resolution, exact: ``numerator`` by ``denominator``; null where nobody observed it."""

    __tablename__ = "resolved_level"
    __table_args__ = (
        UniqueConstraint("org_id", "resolution_id", "criterion"),
        belongs_to("resolution", "resolution_id"),
    )

    resolution_id: Mapped[str] = mapped_column(Id)
    criterion: Mapped[str] = mapped_column(String(20))
    numerator: Mapped[int | None]
    denominator: Mapped[int] = mapped_column(default=1)
    how: Mapped[str] = mapped_column(String(20))
    """As in ``domain.scoring``: single, exact, mean, one_sided, median, unobserved, confirmed, lower."""


class DrawSeed(TenantMixin, Frozen, Base):
    """The secret by which observations of a course are drawn for a second rating, so that an audit draws the same."""

    __tablename__ = "draw_seed"
    __table_args__ = (UniqueConstraint("org_id", "course_id"), belongs_to("course", "course_id"))

    course_id: Mapped[str] = mapped_column(Id)
    seed: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
