# SPDX-License-Identifier: Apache-2.0
"""A course whose policy asks for second ratings, with observers who are qualified."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import update

from conftest import World
from lti_mentoring.domain.observation import Rating
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.period import add_months
from lti_mentoring.domain.reliability import Doubling, Qualifying
from lti_mentoring.services import observation, programme
from lti_mentoring.services.observation import Note
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.qualification import ObserverQualification
from lti_mentoring.store.reporting_line import ReportingLine

ALWAYS_SECOND = Doubling(first=True, percent=0, critical=False, near_hundredths=0, new_ratings=0)
"""A candidate's first session alone is rated twice, and no other."""


def under(world: World, **changes: Any) -> None:
    """Put everybody in the course under another policy."""
    now = programme.current(world.org_id)
    assert now is not None
    version = programme.load(now.id)
    asked = replace(version, policy=replace(version.policy, **changes), policies=())
    with base.transactional() as session:
        made = programme.publish(session, org_id=world.org_id, programme=asked, actor="operator", derived_from=now.id)
        session.execute(update(Candidacy).where(Candidacy.course_id == world.course_id).values(programme_version_id=made.id))


def doubling(world: World, rules: Doubling | None = ALWAYS_SECOND, **changes: Any) -> None:
    """Ask for second ratings, and for observers who are qualified."""
    under(world, qualifying=Qualifying(), doubling=rules, **changes)


def rubric(world: World) -> str:
    now = programme.current(world.org_id)
    assert now is not None
    return programme.load(now.id).policy.observation_rubric


def manages(manager: Actor, subordinate: Actor, start: date = date(2020, 1, 1)) -> None:
    with base.transactional() as session:
        facts = {"kind": "direct", "started_on": start, "said_by": "x"}
        session.add(ReportingLine(subordinate_id=subordinate.person_id, manager_id=manager.person_id, **facts))


def qualified(world: World, *people: Actor) -> None:
    """These people have calibrated, half a year ago."""
    begun = base.now() - timedelta(days=180)
    with base.transactional() as session:
        for one in people:
            period = {"starts_on": begun.date(), "ends_on": add_months(begun.date(), 12)}
            row = ObserverQualification(
                course_id=world.course_id, person_id=one.person_id, rubric=rubric(world), number=1, state="current", basis="full", **period
            )
            row.begun_at = row.since_at = begun
            session.add(row)


def observer(world: World, name: str) -> Actor:
    """A qualified observer."""
    made = world.person(name, "observer", standing="instructor")
    qualified(world, made)
    return made


def planned(world: World, who: Actor, candidate: str = "F. Martins", on: date | None = None) -> str:
    return observation.plan(
        actor=who,
        candidacy_id=world.candidacy_id(candidate),
        observer_id=who.person_id,
        planned_for=on or base.now().date(),
        protege_label="A new colleague",
    )


def rate(who: Actor, made: str, levels: int | dict[str, int] = 3, *, note: str = "", submit: bool = True) -> None:
    """A complete rating from somebody's seat, with a line of their own or the first that they can see."""
    if note:
        observation.save_note(actor=who, observation_id=made, note=Note(base.new_id(), note))
    sheet = observation.sheet(actor=who, observation_id=made)
    said = levels if isinstance(levels, dict) else {}
    usual = levels if isinstance(levels, int) else 3
    linked = (sheet.notes[0].id,) if sheet.notes else ()
    ratings = [Rating(row.criterion.key, said.get(row.criterion.key, usual), note_ids=linked) for row in sheet.criteria]
    consent = True if sheet.purpose == "first" else None
    draft = observation.save_draft(actor=who, observation_id=made, revision=sheet.revision, ratings=ratings, consent=consent)
    if submit:
        observation.submit(actor=who, observation_id=made, revision=draft.revision)
