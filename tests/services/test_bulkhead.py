# SPDX-License-Identifier: Apache-2.0
"""A row that cannot be done keeps no other row of a worker's round from its turn, however often the round comes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from conftest import World
from lti_mentoring.services import bulkhead, conflict, observation, releasing, upholding
from lti_mentoring.store import base
from lti_mentoring.store.conflict import ConflictWatch
from lti_mentoring.store.field import Participant
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.programme import RubricVersion


@pytest.fixture(autouse=True)
def one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conflict, "MOST_AT_ONCE", 1)
    monkeypatch.setattr(releasing, "MOST_AT_ONCE", 1)


@pytest.fixture
def two(world: World) -> tuple[str, str]:
    """Two planned sessions; whatever is done by a round comes to the first of them first. -> their ids"""
    lead = world.person("R. Okafor", "coordinator", standing="instructor")
    observer = world.person("T. Lindqvist", "observer", standing="instructor").person_id
    world.person("F. Martins")
    about = {"candidacy_id": world.candidacy_id("F. Martins"), "observer_id": observer, "protege_label": "A new colleague"}
    first, second = (observation.plan(actor=lead, planned_for=date(2026, 11, day), **about) for day in (3, 4))
    return first, second


def worker(work: Callable[[], object]) -> None:
    """A round, outside of any organisation."""
    org_id = base.current_tenant()
    base.session().rollback()
    base._scope.set(None)
    try:
        work()
    finally:
        base._scope.set(org_id)
        base.session().rollback()
        base.session().expire_all()


def cannot_be_read(made: str) -> None:
    """Its rubric is one of a version that this tool does not know."""
    with base.transactional() as session:
        odd = RubricVersion(id=base.new_id(), key="odd", content_hash="odd", body={})
        session.add(odd)
        session.flush()
        session.execute(update(Observation).where(Observation.id == made).values(rubric_version_id=odd.id))


def test_a_matter_that_cannot_be_looked_at_waits_and_the_next_one_is_looked_at(app: Flask, two: tuple[str, str]) -> None:
    broken, whole = two
    of = {one: ConflictWatch.about_id == one for one in two}
    with base.transactional() as session:
        session.execute(update(ConflictWatch).where(of[broken]).values(question={}, look_on=date(2000, 1, 1)))

    def look() -> list[date]:
        worker(lambda: conflict.sweep(now=base.now(), acts=upholding))
        return [base.session().scalars(select(ConflictWatch.look_on).where(of[one])).one() for one in two]

    today = base.now().date()
    assert look() == [date(2000, 1, 1), today]
    assert look() == [date(2000, 1, 1), today + timedelta(days=1)], "the second one is reached; the first is not clear by having failed"
    with base.transactional() as session:
        question = session.scalars(select(ConflictWatch.question).where(of[whole])).one()
        session.execute(update(ConflictWatch).where(of[broken]).values(question=question))
    bulkhead._failed.clear()  # its rest is over
    assert look()[0] == today + timedelta(days=1)


@pytest.mark.parametrize("state", ["rated", "released"])
def test_a_result_that_cannot_be_made_waits_and_the_next_one_is_made(app: Flask, two: tuple[str, str], state: str) -> None:
    broken, whole = two
    cannot_be_read(broken)
    ago = {one: base.now() - timedelta(days=days) for one, days in ((broken, 9), (whole, 8))}
    with base.transactional() as session:
        for one in two:
            row = session.scalars(select(Observation).where(Observation.id == one)).one()
            row.state, row.rated_at, row.released_at = state, ago[one], ago[one] if state == "released" else None
            session.add(Participant(observation_id=one, person_id=row.observer_id, role="protege", consent="granted"))

    def reached() -> set[str]:
        """What the worker has done something to."""
        worker(releasing.adopt if state == "released" else lambda: releasing.settle_due(now=base.now()))
        done = select(Observation.id).where(Observation.resolution_id.is_not(None))
        read = select(Participant.observation_id).where(Participant.read_at.is_not(None))
        return set(base.session().scalars(done if state == "released" else read))

    assert reached() == set()
    assert reached() == {whole}


def test_who_fails_once_rests_for_minutes_and_who_fails_on_for_an_hour(app: Flask) -> None:
    bulkhead._failed.clear()
    rests = []
    for _ in range(8):
        with bulkhead.apart("a part", row="one"):
            raise ValueError
        rests.append(round((bulkhead._failed["a part", "one"][1] - base.now()) / timedelta(minutes=1)))
    assert rests == [2, 4, 8, 16, 32, 60, 60, 60]
    with bulkhead.apart("a part", row="one"):
        pass
    assert bulkhead._failed == {}
