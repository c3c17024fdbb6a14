# SPDX-License-Identifier: Apache-2.0
"""Candidates who get on: a module mastered, an observation planned, rated or released."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select

from conftest import World
from lti_mentoring.domain.observation import Rating
from lti_mentoring.services import observation, programme
from lti_mentoring.services.observation import Note
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.training import CheckAttempt

NOTE = "0" * 31 + "1"


def master(world: World, name: str) -> None:
    """The module check, passed."""
    version = base.session().scalars(select(Candidacy.programme_version_id).where(Candidacy.person_id == world.people[name])).one()
    row = CheckAttempt(
        candidacy_id=world.candidacy_id(name),
        module_version_id=programme.module_version_id(version, "M1"),
        module_key="M1",
        number=1,
        seed="s",
        item_keys=[],
        state="finished",
        finished_at=base.now(),
        mastered=True,
    )
    with base.transactional() as session:
        session.add(row)


def observe(world: World, name: str, *, level: int = 3, until: str = "release") -> str:
    """An observation by T. Lindqvist. -> its id"""
    observer = world.actor("T. Lindqvist")
    made = observation.plan(
        actor=observer,
        candidacy_id=world.candidacy_id(name),
        observer_id=observer.person_id,
        planned_for=date(2026, 11, 24),
        protege_label="P.",
    )
    if until == "plan":
        return made
    observation.save_note(actor=observer, observation_id=made, note=Note(f"{int(made, 16) % 16**32:032x}", "Evidence."))
    sheet = observation.sheet(actor=observer, observation_id=made)
    ratings = [Rating(row.criterion.key, level, note_ids=(sheet.notes[0].id,)) for row in sheet.criteria]
    draft = observation.save_draft(actor=observer, observation_id=made, revision=0, ratings=ratings, consent=True)
    if until == "release":
        observation.submit(actor=observer, observation_id=made, revision=draft.revision)
    return made
