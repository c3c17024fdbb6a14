# SPDX-License-Identifier: Apache-2.0
"""Observations, their evidence, and the drafts of ratings made from it. What was submitted is in ``store.rating``."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Index, String, Text, UniqueConstraint, event, inspect, select
from sqlalchemy.engine import Connection
from sqlalchemy.orm import InstanceState, Mapped, ORMExecuteState, Session, mapped_column
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
    session_id: Mapped[str | None] = mapped_column(Id)
    """The session that is observed, where it was planned as one."""
    mentor_id: Mapped[str | None] = mapped_column(Id)
    """The accomplished mentor: whom the candidate watches (structured), or with whom they lead the session (co-mentoring)."""
    minutes: Mapped[int | None]
    """How long the session lasted, as its observer says."""
    rated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When its observer first submitted; later where a line came since that somebody may want to strike."""
    second_reasons: Mapped[str] = mapped_column(String(200), default="", server_default="")
    """Why a second person rates, as codes of ``domain.scoring``; its observer never learns of them before it is released."""
    focus: Mapped[list[str]] = mapped_column(JSON, default=list, server_default="[]")
    """Competencies that it was planned for, where an earlier one left only these open."""
    resolution_id: Mapped[str | None] = mapped_column(Id)
    """The resolution that stands."""
    voided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    void_reason: Mapped[str] = mapped_column(String(40), default="", server_default="")


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
    """When it was written, by the device's clock where it came from one; never later than it arrived."""
    received_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=now)
    at_second: Mapped[int | None]
    """Seconds from the start of the session, by the clock of the field page."""
    tag: Mapped[str] = mapped_column(String(40), default="", server_default="")
    struck_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the person whom it is about had it struck: the words are gone, that there was a note stays."""


class Assessment(TenantMixin, Base):
    """One assessor's sheet for one observation on one rubric version: a draft, or closed since it was submitted. ``released`` is what an
    earlier release called a closed one."""

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
    why: Mapped[str] = mapped_column(Text, default="", server_default="")
    """Of a rating that is being corrected: the reason."""
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


STANDS = ("released", "void")
"""States of an observation in which nothing of its ratings changes any more."""


@event.listens_for(Assessment, "before_update")
@event.listens_for(Assessment, "before_delete")
def _sheets_of_a_result_stay(mapper: object, connection: Connection, target: Assessment) -> None:
    if _only_empties(target, "why"):
        return
    before = get_history(target, "state").deleted or [target.state]
    if before[0] == "released" or _state_of(connection, target.org_id, target.observation_id) in STANDS:
        raise FenceBroken("a sheet never changes once its observation is released")


@event.listens_for(CriterionRating, "before_insert")
@event.listens_for(CriterionRating, "before_update")
@event.listens_for(CriterionRating, "before_delete")
def _submitted_ratings_stay(mapper: object, connection: Connection, target: CriterionRating) -> None:
    if _only_empties(target, "reason"):
        return
    own = (Assessment.org_id == (target.org_id or current_tenant()), Assessment.id == target.assessment_id)
    if connection.scalar(select(Assessment.state).where(*own)) in ("released", "submitted"):
        raise FenceBroken("ratings of a sheet that was submitted never change")


def _state_of(connection: Connection, org_id: str | None, observation_id: str) -> str | None:
    own = (Observation.org_id == (org_id or current_tenant()), Observation.id == observation_id)
    return connection.scalar(select(Observation.state).where(*own))


@event.listens_for(EvidenceNote, "before_insert")
@event.listens_for(EvidenceNote, "before_update")
@event.listens_for(EvidenceNote, "before_delete")
def _released_evidence_stays(mapper: object, connection: Connection, target: EvidenceNote) -> None:
    if _state_of(connection, target.org_id, target.observation_id) in STANDS and not _is_struck(target):
        raise FenceBroken("evidence of a released observation never changes")


def _is_struck(target: EvidenceNote) -> bool:
    """Consent that is taken back takes the words away, whenever; nothing else may happen to them."""
    return get_history(target, "struck_at").added != () and target.struck_at is not None and target.text == ""


def _only_empties(target: Assessment | CriterionRating, name: str) -> bool:
    """Whether words go that could be about somebody who takes their consent back, and nothing else of a row changes."""
    held: InstanceState[Any] = inspect(target)
    changed = {one.key for one in held.attrs if one.history.has_changes()}
    return held.persistent and changed == {name} and getattr(target, name) == ""


@event.listens_for(Session, "do_orm_execute")
def _no_wholesale_changes(state: ORMExecuteState) -> None:
    """Statements over many rows would pass the guards above by."""
    kept = (Assessment, CriterionRating, EvidenceNote)
    if (state.is_update or state.is_delete) and state.bind_mapper is not None and state.bind_mapper.class_ in kept:
        raise FenceBroken(f"{state.bind_mapper.class_.__name__} rows change one by one")
