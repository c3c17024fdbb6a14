# SPDX-License-Identifier: Apache-2.0
"""Pairs and sessions for tests."""

from __future__ import annotations

from datetime import timedelta

from conftest import World
from lti_mentoring.domain.people import Actor
from lti_mentoring.services import meeting, opening, pairing, recorded
from lti_mentoring.services.meeting import When
from lti_mentoring.services.pairing import Wanted
from lti_mentoring.store import base

ADA = "Ada Quill, ada@example.org"


def of_starter(world: World, lead: Actor, name: str) -> Actor:
    """A candidate under the policy that asks for every kind of observation."""
    opening.choose_policy(actor=lead, name="starter")
    world.person(name, standing="none")
    recorded.record(actor=lead, text=name, decided_by="The board", decided_on=base.now().date(), why="Known.")
    return world.actor(name)


def paired(lead: Actor, leader_id: str, proteges: str = ADA, **changes: object) -> str:
    """A pair, or with ``kind`` a group. -> its id."""
    given = {"id": base.new_id(), "kind": "one_to_one", "leader_id": leader_id, "proteges": proteges, "started_on": base.now().date()}
    return pairing.make(actor=lead, wanted=Wanted(**(given | changes)))  # type: ignore[arg-type]


def ahead(days: float = 2, **changes: object) -> When:
    """A session so many days from now."""
    return When(**({"starts_at": base.now() + timedelta(days=days), "minutes": 45, "place": "Room 2.14"} | changes))  # type: ignore[arg-type]


def met(lead: Actor, pair: str, when: When | None = None) -> str:
    """A planned session of a pair. -> its id."""
    return meeting.plan(actor=lead, mentorship_id=pair, when=when or ahead(), session_id=base.new_id())
