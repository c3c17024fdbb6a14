# SPDX-License-Identifier: Apache-2.0
"""What a candidate hands in of a session that they have watched: a short account beside their notes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lti_mentoring.store.base import Base, Id, TenantMixin, UtcDateTime, belongs_to, now


class HandingIn(TenantMixin, Base):
    """One account for each observation: a draft until it is handed in, and closed from then on. The notes are evidence notes."""

    __tablename__ = "handing_in"
    __table_args__ = (UniqueConstraint("org_id", "observation_id"), belongs_to("observation", "observation_id"))

    observation_id: Mapped[str] = mapped_column(Id)
    account: Mapped[str] = mapped_column(Text, default="")
    revision: Mapped[int] = mapped_column(default=0)
    kept_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    handed_in_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
