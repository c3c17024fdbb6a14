# SPDX-License-Identifier: Apache-2.0
"""The page on which somebody sees what is held about them and why, and what they have agreed to, and to whom."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, literal, select, union_all
from sqlalchemy.orm import Session

from lti_mentoring.domain.holding_register import NOUNS, REGISTER
from lti_mentoring.domain.people import Actor, display_name
from lti_mentoring.services import own_rows
from lti_mentoring.services.erasure import Standing, standing
from lti_mentoring.services.own_copy import Copy, newest
from lti_mentoring.store import base
from lti_mentoring.store.application import Application
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.field import Participant
from lti_mentoring.store.mentorship import SessionPlan
from lti_mentoring.store.observation import Assessment, Observation
from lti_mentoring.store.people import Person
from lti_mentoring.store.reporting_line import LineAttestation

MOST_RECEIPTS = 200


@dataclass(frozen=True, slots=True)
class Kind:
    """What is held of one noun: how many rows, and the reasons why, each with what an erasure does."""

    noun: str
    count: int
    whys: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Receipt:
    """Something that somebody agreed to, or that was opened to others: what, when, and what it said (a code)."""

    kind: str
    at: datetime
    said: str = ""


@dataclass(frozen=True, slots=True)
class MyPrivacy:
    """What is held about the reader. ``name`` and ``email`` are their own, as the LMS sent them."""

    name: str
    email: str
    since: datetime
    kinds: tuple[Kind, ...]
    receipts: tuple[Receipt, ...]
    more_receipts: bool
    copy: Copy | None


def page(*, actor: Actor) -> MyPrivacy:
    """What is held about the person who asks; nobody else's page is ever shown here."""
    session = base.session()
    person = session.get_one(Person, (actor.org_id, actor.person_id))
    receipts = _receipts(session, actor)
    return MyPrivacy(
        name=display_name(person.name or person.chosen_name, person.id),
        email=person.email or "",
        since=person.created_at,
        kinds=kinds(session, actor.org_id, actor.person_id),
        receipts=receipts[:MOST_RECEIPTS],
        more_receipts=len(receipts) > MOST_RECEIPTS,
        copy=newest(session, actor.person_id),
    )


def erasure_asked(*, actor: Actor) -> Standing | None:
    """The reader's own erasure that waits for its day."""
    return standing(base.session(), actor.person_id)


def kinds(session: Session, org_id: str, person_id: str) -> tuple[Kind, ...]:
    """How many rows of each noun are a person's own; one statement."""
    found: dict[str, int] = defaultdict(int)
    whys: dict[str, dict[tuple[str, str], None]] = defaultdict(dict)
    counted = [
        select(literal(name).label("name"), func.count().label("count")).select_from(table).where(own_rows.own(table, org_id, person_id))
        for name, table in own_rows.tables().items()
        if REGISTER[name].owners
    ]
    for name, count in session.execute(union_all(*counted)):
        held = REGISTER[name]
        found[held.noun] += count
        if count:
            whys[held.noun][held.why, held.erasure] = None
    return tuple(Kind(noun, found[noun], tuple(whys[noun])) for noun in NOUNS if found[noun])


def _receipts(session: Session, actor: Actor) -> tuple[Receipt, ...]:
    """What somebody has agreed to or declared, and what was released to them: the newest first; five statements."""
    me = actor.person_id
    mine = select(Candidacy.id).where(Candidacy.person_id == me)
    observed = Observation.candidacy_id.in_(mine)
    plans = select(SessionPlan.agreed_at, literal("")).join(Observation, Observation.id == SessionPlan.observation_id)
    reports = select(Assessment.released_at, literal("")).join(Observation, Observation.id == Assessment.observation_id)
    asked: tuple[tuple[str, Any], ...] = (
        ("declared", select(Application.submitted_at, Application.state).where(Application.person_id == me)),
        ("consent", select(Participant.answered_at, Participant.consent).where(Participant.person_id == me)),
        ("plan", plans.where(observed)),
        ("report", reports.where(observed)),
        ("lines", select(LineAttestation.attested_at, LineAttestation.source).where(LineAttestation.person_id == me)),
    )
    found = [Receipt(kind, at, said) for kind, query in asked for at, said in session.execute(query) if at is not None]
    return tuple(sorted(found, key=lambda one: one.at, reverse=True))
