# SPDX-License-Identifier: Apache-2.0
"""A course whose programme asks observers to qualify, exercises rated as a master rates them or otherwise, and sessions that two rated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from conftest import PACK, World
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.programme import Programme
from lti_mentoring.domain.transcript import MasterRating, script
from lti_mentoring.services import calibration, intake, programme
from lti_mentoring.store import base
from lti_mentoring.store.application import Intake
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.rating import SubmittedRating

FOUNDATIONS = Path(__file__).parents[2] / "config" / "programmes" / "foundations"
RUBRIC = "RU-C"

Levels = dict[str, int | None]


@cache
def _programme(policy: str) -> Programme:
    """The small programme of the tests with the exercises and rubrics of the default pack, and what a policy of that asks of observers."""
    small, whole = (programme.read(pack)[0] for pack in (PACK, FOUNDATIONS))
    assert small is not None
    assert whole is not None
    wanted = next(one for one in whole.policies if one.name == policy)
    asked = replace(small.policy, qualifying=wanted.qualifying, doubling=wanted.doubling)
    return replace(small, transcripts=whole.transcripts, rubrics=whole.rubrics, competencies=whole.competencies, policy=asked)


def asks(world: World, policy: str = "assured") -> None:
    """The course works with a programme that asks for a qualification."""
    with base.transactional() as session:
        made = _programme(policy)
        version = programme.publish(session, org_id=world.org_id, programme=made, actor="operator", derived_from=None)
        about = {"course_id": world.course_id, "mode": "open", "updated_by": "operator"}
        session.add(Intake(id=base.new_id(), programme_version_id=version.id, **about))


def as_master(one: MasterRating) -> int | None:
    return one.level


def two_off(one: MasterRating) -> int | None:
    return one.level if one.level is None else 1 if one.level > 2 else 4


def rated(actor: Actor, key: str, how: Callable[[MasterRating], int | None] = as_master) -> str:
    """An exercise rated and submitted. -> the attempt's id"""
    version = programme.source(intake.version_here(actor))
    transcript = next(one for one in version.transcripts if one.key == key)
    sheet = calibration.sheet(actor=actor, key=key)
    chosen = {one.criterion: how(one) for one in script(transcript).ratings}
    return calibration.submit(actor=actor, key=key, number=sheet.number, chosen=chosen, revision=sheet.revision)


def both_rated(
    world: World, candidate: str, first: Actor, second: Actor, pairs: Sequence[tuple[int | None, int | None]], **more: object
) -> str:
    """A released session that two rated blind, criterion by criterion of the rubric as far as the pairs go. -> the observation's id"""
    made, at = base.new_id(), base.now()
    version_id = intake.version_here(first)
    rubric_id = programme.rubric_version_id(version_id, RUBRIC)
    keys = [one.key for one in programme.rubric(rubric_id).criteria]
    at = more.get("at", at)  # type: ignore[assignment]
    assert isinstance(at, datetime)
    with base.transactional() as session:
        session.add(
            Observation(
                id=made,
                candidacy_id=world.candidacy_id(candidate),
                course_id=world.course_id,
                observer_id=first.person_id,
                planned_for=at.date(),
                rubric_version_id=rubric_id,
                state=more.get("state", "released"),
                created_by=first.person_id,
                rated_at=at,
                released_at=at + timedelta(seconds=2),
            )
        )
        session.flush()
        for rater, purpose, side in ((first, "first", 0), (second, "second", 1)):
            levels: Levels = {key: pair[side] for key, pair in zip(keys, pairs, strict=False)}
            session.add(
                SubmittedRating(
                    id=base.new_id(),
                    observation_id=made,
                    assessor_id=rater.person_id,
                    rubric_version_id=rubric_id,
                    number=1,
                    purpose=purpose,
                    said={key: {"level": level, "reason": "", "notes": []} for key, level in levels.items()},
                    weight=more.get("weight", "counts"),
                    submitted_at=at + timedelta(seconds=side),
                )
            )
    return made


