# SPDX-License-Identifier: Apache-2.0
"""Observations, their evidence, and the ratings made from it."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, Index, String, Text, UniqueConstraint, event, select
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapped, ORMExecuteState, Session, mapped_column
from sqlalchemy.orm.attributes import get_history

from lti_mentoring.store.base import Base, FenceBroken, Id, TenantMixin, UtcDateTime, belongs_to, current_tenant, now


class Observation(TenantMixin, Base):
    """A session that somebody observes. The protégé is a label here, no person."""

    __tablename__ = "observation"
    __table_args__ = (
        belongs_to("candidacy", "candidacy_id"),
        belongs_to("course", "course_id"),
        belongs_to("person", "observer_id"),
        belongs_to("rubric_version", "rubric_version_id"),
        Index("ix_observation_observer", "org_id", "observer_id", "state"),
        Index("ix_observation_candidacy", "org_id", "candidacy_id"),
        Index("ix_observation_course", "org_id", "course_id", "state"),
    )

    candidacy_id: Mapped[str] = mapped_column(Id)
    course_id: Mapped[str] = mapped_column(Id)
    kind: Mapped[str] = mapped_column(String(20), default="independent")
    observer_id: Mapped[str] = mapped_column(Id)
    protege_label: Mapped[str] = mapped_column(String(120), default="")
    planned_for: Mapped[date]
    place: Mapped[str] = mapped_column(String(200), default="")
    rubric_version_id: Mapped[str] = mapped_column(Id)
    consent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    consent_by: Mapped[str | None] = mapped_column(Id)
    state: Mapped[str] = mapped_column(String(20), default="planned")
    called_off_for: Mapped[str] = mapped_column(String(20), default="", server_default="")
    """Where it was called off because its candidate takes part no more: how they stood then."""
    helped_with: Mapped[str] = mapped_column(String(200), default="", server_default="")
    """Competencies, by their keys, with which its observer had helped the candidate within a year when it was released (R7)."""
    created_by: Mapped[str] = mapped_column(Id)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    released_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class EvidenceNote(TenantMixin, Base):
    """What was said or done. Its id is the client's own, so that sending it twice is harmless."""

    __tablename__ = "evidence_note"
    __table_args__ = (
        belongs_to("observation", "observation_id"),
        belongs_to("person", "author_id"),
        Index("ix_evidence_note_observation", "org_id", "observation_id"),
    )

    observation_id: Mapped[str] = mapped_column(Id)
    author_id: Mapped[str] = mapped_column(Id)
    text: Mapped[str] = mapped_column(Text)
    noted_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class Assessment(TenantMixin, Base):
    """One assessor's rating of one observation on one rubric version. Once released it only grows older."""

    __tablename__ = "assessment"
    __table_args__ = (
        UniqueConstraint("org_id", "observation_id", "assessor_id"),
        belongs_to("observation", "observation_id"),
        belongs_to("person", "assessor_id"),
        belongs_to("rubric_version", "rubric_version_id"),
    )

    observation_id: Mapped[str] = mapped_column(Id)
    assessor_id: Mapped[str] = mapped_column(Id)
    rubric_version_id: Mapped[str] = mapped_column(Id)
    state: Mapped[str] = mapped_column(String(20), default="draft")
    revision: Mapped[int] = mapped_column(default=0)
    submitted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    released_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class CriterionRating(TenantMixin, Base):
    """One criterion's level 1 to 4, or not observed with a reason, and the notes that carry it."""

    __tablename__ = "criterion_rating"
    __table_args__ = (UniqueConstraint("org_id", "assessment_id", "criterion"), belongs_to("assessment", "assessment_id"))

    assessment_id: Mapped[str] = mapped_column(Id)
    criterion: Mapped[str] = mapped_column(String(20))
    level: Mapped[int | None]
    not_observed: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str] = mapped_column(Text, default="")
    note_ids: Mapped[list[str]] = mapped_column(JSON, default=list)
    revision: Mapped[int] = mapped_column(default=0)
    """The assessment's revision that this criterion last changed in: two windows clash by criterion, not by form."""


# --- what was released never changes (invariant I6): these rows refuse, whoever asks --------------------------------------


@event.listens_for(Assessment, "before_update")
@event.listens_for(Assessment, "before_delete")
def _released_assessments_stay(mapper: object, connection: Connection, target: Assessment) -> None:
    before = get_history(target, "state").deleted or [target.state]
    if before[0] == "released":
        raise FenceBroken("a released assessment never changes")


@event.listens_for(CriterionRating, "before_insert")
@event.listens_for(CriterionRating, "before_update")
@event.listens_for(CriterionRating, "before_delete")
def _released_ratings_stay(mapper: object, connection: Connection, target: CriterionRating) -> None:
    own = (Assessment.org_id == (target.org_id or current_tenant()), Assessment.id == target.assessment_id)
    if connection.scalar(select(Assessment.state).where(*own)) == "released":
        raise FenceBroken("ratings of a released assessment never change")


@event.listens_for(EvidenceNote, "before_insert")
@event.listens_for(EvidenceNote, "before_update")
@event.listens_for(EvidenceNote, "before_delete")
def _released_evidence_stays(mapper: object, connection: Connection, target: EvidenceNote) -> None:
    own = (Observation.org_id == (target.org_id or current_tenant()), Observation.id == target.observation_id)
    if connection.scalar(select(Observation.state).where(*own)) == "released":
        raise FenceBroken("evidence of a released observation never changes")


@event.listens_for(Session, "do_orm_execute")
def _no_wholesale_changes(state: ORMExecuteState) -> None:
    """Statements over many rows would pass the guards above by."""
    kept = (Assessment, CriterionRating, EvidenceNote)
    if (state.is_update or state.is_delete) and state.bind_mapper is not None and state.bind_mapper.class_ in kept:
        raise FenceBroken(f"{state.bind_mapper.class_.__name__} rows change one by one")
