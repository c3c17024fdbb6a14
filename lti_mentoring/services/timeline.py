# SPDX-License-Identifier: Apache-2.0
"""What happened to an application, and what was submitted, as it was: both only ever grow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_mentoring.domain.application import LIVE
from lti_mentoring.domain.body import content_hash
from lti_mentoring.domain.people import Actor
from lti_mentoring.services import privacy
from lti_mentoring.store.application import Application, ApplicationEvent, ApplicationSnapshot


@dataclass(frozen=True, slots=True)
class Moment:
    """A line of the timeline."""

    verb: str
    state: str
    at: datetime
    words: str = ""
    reason: str = ""


def of(session: Session, application_id: str) -> tuple[Moment, ...]:
    """What happened to an application, in order."""
    rows = session.scalars(
        select(ApplicationEvent).where(ApplicationEvent.application_id == application_id).order_by(ApplicationEvent.at, ApplicationEvent.id)
    )
    return tuple(Moment(row.verb, row.state, row.at, row.words, row.reason) for row in rows)


def freeze(session: Session, row: Application, kind: str, body: dict[str, Any]) -> None:
    """Keep what was submitted, as it was."""
    session.add(ApplicationSnapshot(application_id=row.id, kind=kind, content_hash=content_hash(body), body=body))


def note(session: Session, row: Application, actor: Actor | str, verb: str, *, reason: str = "", words: str = "") -> None:
    """Write a step down: for the applicant's timeline, and in the audit without its words. What has ended makes room for another."""
    if row.state not in LIVE:
        row.slot = row.id
    who = actor.person_id if isinstance(actor, Actor) else actor
    session.add(ApplicationEvent(application_id=row.id, verb=verb, state=row.state, actor_id=who, reason=reason, words=words))
    privacy.record(session, actor=actor, verb=verb, object_kind="application", object_id=row.id, reason=reason, state=row.state)


def snapshots(session: Session, application_id: str) -> Sequence[ApplicationSnapshot]:
    """What was submitted, and what was added to it, in order."""
    query = select(ApplicationSnapshot).where(ApplicationSnapshot.application_id == application_id)
    return session.scalars(query.order_by(ApplicationSnapshot.at, ApplicationSnapshot.id)).all()
