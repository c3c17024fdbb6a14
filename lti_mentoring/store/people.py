# SPDX-License-Identifier: Apache-2.0
"""Persons, who they are at each LMS, the courses they meet in, and what they may do there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from lti_mentoring.store.base import Base, Id, TenantMixin, UtcDateTime, belongs_to, now

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""A time of launch for those who never came; a release that does not know the roster can read it."""


NOWHERE = "n:"
"""``Course.context_id`` of the place where messages meet that are about no course and no activity."""


class WebSession(Base):
    """A signed-in browser. Found by the hash of its cookie before any tenant is known; never holds a role or a course."""

    __tablename__ = "web_session"

    id_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    org_id: Mapped[str] = mapped_column(Id, ForeignKey("organisation.id"), index=True)
    person_id: Mapped[str] = mapped_column(Id, index=True)
    registration_id: Mapped[str | None] = mapped_column(Id, ForeignKey("registration.id"), index=True)
    """None for whoever came by the door; so is the deployment."""
    deployment_id: Mapped[str | None] = mapped_column(Id, ForeignKey("deployment.id"))
    by_door: Mapped[bool] = mapped_column(default=False, server_default=false())
    return_url: Mapped[str | None] = mapped_column(String(2000))
    locale: Mapped[str | None] = mapped_column(String(35))
    lms_administrator: Mapped[bool] = mapped_column(default=False)
    payload: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    # Where no cookie is kept, the pages carry a token that is replaced every minute: the newest one that was used, and since when.
    turn: Mapped[int | None]
    turned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class OneTimeLink(Base):
    """A link that works once, such as an invitation to observe. Found by the hash of its token before any tenant is known."""

    __tablename__ = "one_time_link"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    org_id: Mapped[str] = mapped_column(Id, ForeignKey("organisation.id"), index=True)
    course_id: Mapped[str] = mapped_column(Id)
    purpose: Mapped[str] = mapped_column(String(40))
    role: Mapped[str] = mapped_column(String(40))
    created_by: Mapped[str] = mapped_column(Id)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    spent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    spent_by: Mapped[str | None] = mapped_column(Id)


class Person(TenantMixin, Base):
    """Somebody, within one organisation."""

    __tablename__ = "person"

    name: Mapped[str | None] = mapped_column(String(400))
    chosen_name: Mapped[str | None] = mapped_column(String(400))
    email: Mapped[str | None] = mapped_column(String(400))
    locale: Mapped[str | None] = mapped_column(String(35))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Since then nothing says who this was, and nothing that an LMS sends may say it again."""


class Identity(TenantMixin, Base):
    """A person as one issuer knows them: unique on (organisation, issuer, sub); client_id is never part of it."""

    __tablename__ = "identity"
    __table_args__ = (UniqueConstraint("org_id", "issuer", "sub"), belongs_to("person", "person_id"))

    issuer: Mapped[str] = mapped_column(String(500))
    sub: Mapped[str] = mapped_column(String(255))
    person_id: Mapped[str] = mapped_column(Id, index=True)
    registration_id: Mapped[str] = mapped_column(Id, ForeignKey("registration.id"))
    claims_hash: Mapped[str] = mapped_column(String(64), default="")
    test_user: Mapped[bool] = mapped_column(default=False)


class Course(TenantMixin, Base):
    """A course of an LMS. ``scope`` is client_id/deployment_id, or empty where deployments share courses (Open edX)."""

    __tablename__ = "course"
    __table_args__ = (UniqueConstraint("org_id", "issuer", "scope", "context_id"),)

    issuer: Mapped[str] = mapped_column(String(500))
    scope: Mapped[str] = mapped_column(String(520), default="")
    context_id: Mapped[str] = mapped_column(String(300))
    title: Mapped[str] = mapped_column(String(400), default="")
    label: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class Placement(TenantMixin, Base):
    """An activity on a course page: what it opens, and where its grades go."""

    __tablename__ = "placement"
    __table_args__ = (
        UniqueConstraint("org_id", "registration_id", "deployment_id", "course_id", "resource_link_id"),
        belongs_to("course", "course_id"),
        Index("ix_placement_course", "org_id", "course_id"),
    )

    course_id: Mapped[str] = mapped_column(Id)
    registration_id: Mapped[str] = mapped_column(Id, ForeignKey("registration.id"))
    deployment_id: Mapped[str] = mapped_column(Id, ForeignKey("deployment.id"))
    resource_link_id: Mapped[str] = mapped_column(String(255))
    title: Mapped[str] = mapped_column(String(400), default="")
    item: Mapped[str] = mapped_column(String(200), default="programme")
    item_source: Mapped[str] = mapped_column(String(20), default="launch")
    grading: Mapped[str] = mapped_column(String(20), default="completion")
    lineitem_url: Mapped[str | None] = mapped_column(String(2000))
    lineitems_url: Mapped[str | None] = mapped_column(String(2000))
    own_lineitem_url: Mapped[str | None] = mapped_column(String(2000))
    own_label: Mapped[str] = mapped_column(String(400), default="", server_default="")
    """What our own column is called by us. A teacher who calls it otherwise is right; then this is empty, and it is left alone."""
    part_of: Mapped[str | None] = mapped_column(Id)
    """The activity beside whose column this one stands: a column for one part of what that activity sums up. Nothing opens it."""
    lineitem_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Until then one worker looks for, or makes, this activity's column; two at once would make two."""
    ags_scopes: Mapped[list[str]] = mapped_column(JSON, default=list)
    memberships_url: Mapped[str | None] = mapped_column(String(2000))
    """Where the LMS lists who is in this course (NRPS), as the newest launch of this activity said."""
    groups_url: Mapped[str | None] = mapped_column(String(2000))
    opens_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closes_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """The LMS's own dates for this activity, where it says them."""
    claims_hash: Mapped[str] = mapped_column(String(64), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class Membership(TenantMixin, Base):
    """A person in a course, as the LMS last said. ``standing`` is instructor, grader, learner or none."""

    __tablename__ = "membership"
    __table_args__ = (
        UniqueConstraint("org_id", "course_id", "person_id"),
        belongs_to("course", "course_id"),
        belongs_to("person", "person_id"),
        Index("ix_membership_person", "org_id", "person_id"),
        Index("ix_membership_roster", "org_id", "course_id", "roster_run"),
    )

    course_id: Mapped[str] = mapped_column(Id)
    person_id: Mapped[str] = mapped_column(Id)
    lti_roles: Mapped[list[str]] = mapped_column(JSON, default=list)
    standing: Mapped[str] = mapped_column(String(20), default="none")
    claims_hash: Mapped[str] = mapped_column(String(64), default="")
    launched_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    """The last launch, or ``NEVER``: the roster knows them, and they have not come yet."""
    status: Mapped[str] = mapped_column(String(20), default="active", server_default="active")
    """active, inactive (the LMS lets them in no more) or left (the roster does not have them any more); never erased."""
    roster_standing: Mapped[str] = mapped_column(String(20), default="", server_default="")
    roster_hash: Mapped[str] = mapped_column(String(64), default="", server_default="")
    """What the roster said last; the same again is not written."""
    roster_run: Mapped[int] = mapped_column(default=0, server_default="0")
    """The last run of the roster sync that has seen them."""
    lms_groups: Mapped[list[str] | None] = mapped_column(JSON)
    """The LMS's ids of the groups that they are in; None where it says nothing of groups."""
    left_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class RoleGrant(TenantMixin, Base):
    """A role that somebody gave: in a course, or (administrator) for a registration. Ended, never deleted."""

    __tablename__ = "role_grant"
    __table_args__ = (belongs_to("person", "person_id"), Index("ix_role_grant_course", "org_id", "course_id"))

    person_id: Mapped[str] = mapped_column(Id)
    course_id: Mapped[str | None] = mapped_column(Id)
    registration_id: Mapped[str | None] = mapped_column(Id, ForeignKey("registration.id"))
    role: Mapped[str] = mapped_column(String(40))
    granted_by: Mapped[str] = mapped_column(String(40))
    granted_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
