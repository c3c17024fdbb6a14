# SPDX-License-Identifier: Apache-2.0
"""Observations that more than one person rates: who is asked, and what each of them says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from conftest import World
from lti_mentoring.domain.observation import Rating
from lti_mentoring.domain.people import Actor
from lti_mentoring.services import observation
from lti_mentoring.services.observation import Note
from lti_mentoring.store import base
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.rating import Rater

Levels = Mapping[str, int | None]


def planned(world: World, observer: Actor, candidate: str, *, day: date = date(2026, 11, 24), kind: str = "independent") -> str:
    """A session by an observer, with the consent of the protégé still to be recorded. -> its id"""
    return observation.plan(
        actor=observer,
        candidacy_id=world.candidacy_id(candidate),
        observer_id=observer.person_id,
        planned_for=day,
        protege_label="A new colleague",
        kind=kind,
    )


def asked(made: str, rater: Actor, purpose: str = "second", *, from_notes: bool = False) -> None:
    """Somebody else has to rate as well before a result stands."""
    with base.transactional() as session:
        row = session.get_one(Observation, (base.current_tenant(), made))
        if purpose != "self":
            row.second_reasons = "drawn"
        seat = {"observation_id": made, "person_id": rater.person_id, "purpose": purpose, "from_notes": from_notes}
        session.add(Rater(**seat, assigned_by="operator"))


def said(made: str, rater: Actor, levels: Levels | None = None, *, level: int | None = 3, note: str = "She asks, and waits.") -> None:
    """A complete rating with one note, submitted: ``level`` for every criterion but those in ``levels``; None is not observed."""
    line = base.new_id()
    observation.save_note(actor=rater, observation_id=made, note=Note(line, note))
    sheet = observation.sheet(actor=rater, observation_id=made)
    given = [(row.criterion.key, (levels or {}).get(row.criterion.key, level)) for row in sheet.criteria]
    ratings = [
        Rating(key, one, one is None, "" if one is not None else f"No occasion for {key}.", (line,) if one is not None else ())
        for key, one in given
    ]
    kept = observation.save_draft(actor=rater, observation_id=made, revision=sheet.revision, ratings=ratings, consent=_consent(made, rater))
    observation.submit(actor=rater, observation_id=made, revision=kept.revision)


def _consent(made: str, rater: Actor) -> bool | None:
    """The observer records it, nobody else."""
    row = base.session().get_one(Observation, (base.current_tenant(), made))
    return True if row.observer_id == rater.person_id else None
