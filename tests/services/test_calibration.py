# SPDX-License-Identifier: Apache-2.0
"""A rater practises on a transcript alone: kept as they choose, submitted once, compared with the master ratings; nobody else sees it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from conftest import PACK, World, make_world
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import calibration, programme
from lti_mentoring.store import base
from lti_mentoring.store.calibration import CalibrationAttempt
from lti_mentoring.store.privacy import AuditEvent
from support.racing import at_once
from support.rating import ALL, KEY, submitted


@pytest.fixture
def rater(world: World) -> Actor:
    return world.person("Rater", "observer", standing="instructor")


def refused(act, **named) -> RuleBroken:
    with pytest.raises(RuleBroken) as broken:
        act(**named)
    return broken.value


def test_what_is_chosen_is_kept_and_is_still_there_the_next_day(rater: Actor):
    assert calibration.keep(actor=rater, key=KEY, number=1, chosen={"C1": 3, "C12": None}, revision=0) == 1
    sheet = calibration.sheet(actor=rater, key=KEY)
    assert (sheet.chosen, sheet.revision, sheet.number, sheet.earlier) == ({"C1": 3, "C12": None}, 1, 1, ())
    (row,) = calibration.exercises(actor=rater)
    assert (row.answered, row.of, row.attempts) == (2, 12, ())


def test_nothing_is_submitted_before_every_criterion_is_answered(rater: Actor):
    chosen = {key: level for key, level in ALL.items() if key not in ("C4", "C9")}
    broken = refused(calibration.submit, actor=rater, key=KEY, number=1, chosen=chosen, revision=0)
    assert (broken.code, broken.facts["criteria"]) == ("calibration_open", ("C4", "C9"))
    assert calibration.exercises(actor=rater)[0].attempts == ()


def test_a_submitted_attempt_is_compared_and_never_changes(rater: Actor):
    made = submitted(rater)
    found = calibration.result(actor=rater, key=KEY, attempt_id=made)
    assert (found.attempt.number, found.attempt.same, found.attempt.of) == (1, found.comparison.same, 12)
    assert refused(calibration.keep, actor=rater, key=KEY, number=1, chosen={"C1": 1}, revision=1).facts["attempt"] == made
    with pytest.raises(base.FenceBroken), base.transactional() as session:
        session.scalars(select(CalibrationAttempt)).one().levels = {"C1": 1}
    with pytest.raises(base.FenceBroken), base.transactional() as session:
        session.delete(session.scalars(select(CalibrationAttempt)).one())


def test_another_attempt_begins_empty_and_the_first_one_stays(rater: Actor):
    first = submitted(rater)
    sheet = calibration.sheet(actor=rater, key=KEY)
    assert (sheet.number, sheet.chosen, [one.id for one in sheet.earlier]) == (2, {}, [first])
    second = submitted(rater, number=2, **dict.fromkeys(ALL, 1))
    (row,) = calibration.exercises(actor=rater)
    assert [one.id for one in row.attempts] == [second, first]
    assert calibration.result(actor=rater, key=KEY, attempt_id=first).comparison.rows[0].own == ALL["C1"]


def test_an_attempt_that_is_not_next_cannot_be_made_up(rater: Actor):
    with pytest.raises(NotFound):
        calibration.keep(actor=rater, key=KEY, number=7, chosen={}, revision=0)
    with pytest.raises(NotFound):
        calibration.keep(actor=rater, key="T99", number=1, chosen={}, revision=0)


def test_a_second_window_overwrites_nothing_unseen(rater: Actor):
    calibration.keep(actor=rater, key=KEY, number=1, chosen={"C1": 3, "C2": 2}, revision=0)
    broken = refused(calibration.keep, actor=rater, key=KEY, number=1, chosen={"C1": 1, "C2": 2}, revision=0)
    assert (broken.code, broken.facts["criteria"]) == ("calibration_elsewhere", ("C1",))
    assert calibration.sheet(actor=rater, key=KEY).chosen == {"C1": 3, "C2": 2}
    assert calibration.keep(actor=rater, key=KEY, number=1, chosen={"C1": 3, "C2": 2}, revision=0) == 1, "the same again is no conflict"


@pytest.mark.parametrize("role", ["observer", "trainer", "coordinator", "deputy"])
def test_nobody_sees_the_attempt_or_the_draft_of_another(world: World, rater: Actor, role: str):
    made = submitted(rater)
    other = world.person("Other", role, standing="instructor")
    with pytest.raises(NotFound):
        calibration.result(actor=other, key=KEY, attempt_id=made)
    assert calibration.exercises(actor=other)[0].attempts == ()
    assert calibration.sheet(actor=other, key=KEY).number == 1


def test_a_submitted_attempt_is_read_with_the_version_that_it_was_made_on(world: World, rater: Actor, tmp_path: Path):
    first = submitted(rater)
    calibration.keep(actor=rater, key=KEY, number=2, chosen={"C1": 3}, revision=0)
    before = calibration.result(actor=rater, key=KEY, attempt_id=first)
    pack = shutil.copytree(PACK, tmp_path / "pack")
    text = pack / "en" / "transcripts" / f"{KEY}.md"
    right = "| **C3** Agenda ownership | **4** |"
    assert right in text.read_text("utf-8")
    text.write_text(text.read_text("utf-8").replace(right, right.replace("4", "3")), "utf-8")
    programme.import_pack(org_id=world.org_id, path=pack, actor="operator")
    assert calibration.result(actor=rater, key=KEY, attempt_id=first) == before
    sheet = calibration.sheet(actor=rater, key=KEY)
    assert (sheet.number, sheet.chosen, sheet.earlier) == (2, {}, ()), "levels for one text are never compared with another's"
    second = submitted(rater, number=2, revision=sheet.revision)
    after = calibration.result(actor=rater, key=KEY, attempt_id=second)
    assert after.comparison.same == before.comparison.same - 1


def test_a_draft_has_no_result(rater: Actor):
    calibration.keep(actor=rater, key=KEY, number=1, chosen=ALL, revision=0)
    draft = base.session().scalars(select(CalibrationAttempt.id)).one()
    with pytest.raises(NotFound):
        calibration.result(actor=rater, key=KEY, attempt_id=draft)


def test_the_record_says_that_somebody_rated_and_nothing_of_what(rater: Actor):
    calibration.keep(actor=rater, key=KEY, number=1, chosen={"C1": 3}, revision=0)
    made = submitted(rater, revision=1)
    about = select(AuditEvent).where(AuditEvent.object_kind == "calibration_attempt").order_by(AuditEvent.at)
    lines = [(line.verb, line.object_id, line.facts) for line in base.session().scalars(about)]
    assert lines == [(verb, made, {"transcript": KEY, "number": 1}) for verb in ("begin", "submit")]


def race(app: Flask, acts) -> list[str]:
    return sorted(one.code if one is not None else "" for one in at_once(app, acts))


def test_two_first_saves_make_one_draft_and_two_submissions_one_attempt(any_app: Flask):
    world = make_world("Northfield")
    with base.tenant(world.org_id):
        rater = world.person("Rater", "observer", standing="instructor")
        both = [lambda level=level: calibration.keep(actor=rater, key=KEY, number=1, chosen={"C1": level}, revision=0) for level in (2, 3)]
        assert race(any_app, both) == ["", "calibration_elsewhere"]
        base.session().rollback()
        (draft,) = base.session().scalars(select(CalibrationAttempt)).all()
        assert draft.revision == 1
        base.session().rollback()
        twice = [lambda: submitted(rater, revision=1)] * 2
        assert race(any_app, twice) == ["", "calibration_submitted"]
        assert [one.number for one in calibration.exercises(actor=rater)[0].attempts] == [1]


def imported(world: World, pack: Path, file: str, right: str, wrong: str) -> None:
    shutil.copytree(PACK, pack)
    text = (pack / file).read_text("utf-8")
    assert right in text
    (pack / file).write_text(text.replace(right, wrong, 1), "utf-8")
    base.session().rollback()
    programme.import_pack(org_id=world.org_id, path=pack, actor="operator")


def test_what_was_chosen_for_one_text_is_neither_kept_nor_submitted_for_another(world: World, rater: Actor, tmp_path: Path):
    calibration.keep(actor=rater, key=KEY, number=1, chosen=ALL, revision=0)
    old = calibration.sheet(actor=rater, key=KEY).text
    imported(world, tmp_path / "pack", f"en/transcripts/{KEY}.md", "Right. You", "Left. You")
    assert calibration.exercises(actor=rater)[0].answered is None
    sheet = calibration.sheet(actor=rater, key=KEY)
    assert (sheet.chosen, sheet.revision, sheet.text == old) == ({}, 1, False)
    for verb in (calibration.keep, calibration.submit):
        assert refused(verb, actor=rater, key=KEY, number=1, chosen=ALL, revision=1, text=old).code == "calibration_text"
    assert calibration.submit(actor=rater, key=KEY, number=1, chosen=ALL, revision=1, text=sheet.text)


def test_an_attempt_on_a_transcript_that_was_taken_out_is_listed_and_opens(world: World, rater: Actor, tmp_path: Path):
    made = submitted(rater)
    imported(world, tmp_path / "pack", "programme.yaml", f"transcripts:\n  - {KEY}\n", "")
    (row,) = calibration.exercises(actor=rater)
    assert (row.exercise.gone, [one.id for one in row.attempts]) == (True, [made])
    assert calibration.result(actor=rater, key=KEY, attempt_id=made).exercise.gone


def test_a_candidate_who_observes_rates_what_the_other_observers_rate(world: World, tmp_path: Path):
    imported(world, tmp_path / "pack", "programme.yaml", f"transcripts:\n  - {KEY}\n", "")
    both = world.person("Both", "observer")
    programme.import_pack(org_id=world.org_id, path=PACK, actor="operator")
    imported(world, tmp_path / "later", "programme.yaml", "edition: ", 'edition: "9" #')
    assert len(calibration.exercises(actor=both)) == 1
