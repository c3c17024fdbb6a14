# SPDX-License-Identifier: Apache-2.0
"""A short text is kept for its writer alone, is marked by them alone, and neither ends an attempt nor keeps it open."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from sqlalchemy import select

from conftest import World
from lti_mentoring.demo.story import right_answer
from lti_mentoring.domain.answer import steps
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import training
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.delivery import ScorePublication
from lti_mentoring.store.privacy import AuditEvent
from lti_mentoring.store.training import CheckAnswer
from support import every_item

WORDS = "Which of the two would you miss, Quillon?"
TEXT = "O1-12"
DRAW = ["O1-01", "O1-06", "O1-09", TEXT]


@pytest.fixture
def ada(world: World) -> Actor:
    every_item.use(world.org_id)
    return world.person("Ada")


def give(actor: Actor, attempt: str, *keys: str) -> list[training.Kept]:
    """Answer these items as their key says."""
    module = training.module_page(actor=actor, key=every_item.KEY).module
    return [
        training.answer(actor=actor, attempt_id=attempt, item_key=key, answer=right_answer(module.item(key), step), step=step)
        for key in keys
        for step in range(1, steps(module.item(key)) + 1)
    ]


def write(actor: Actor, attempt: str, text: str = WORDS) -> training.Kept:
    return training.answer(actor=actor, attempt_id=attempt, item_key=TEXT, answer={"text": text})


def tick(actor: Actor, attempt: str, *features: str) -> training.Kept:
    return training.answer(actor=actor, attempt_id=attempt, item_key=TEXT, answer={"ticks": list(features)}, step=2)


def finishes() -> list[str]:
    base.session().rollback()
    return list(base.session().scalars(select(AuditEvent.verb).where(AuditEvent.object_kind == "check_attempt").order_by(AuditEvent.at)))


def test_a_drawn_attempt_shows_practice_behind_what_counts(ada: Actor):
    attempt = training.start_check(actor=ada, key=every_item.KEY)
    questions = training.attempt_page(actor=ada, attempt_id=attempt).questions
    assert [question.practice for question in questions] == [False, False, False, True]
    page = training.module_page(actor=ada, key=every_item.KEY)
    assert (page.answered, page.asked) == (0, 3)


def test_the_last_answer_that_counts_ends_the_attempt_and_practice_stays_open(world: World, ada: Actor):
    placement = world.placement("module:T1")
    attempt = every_item.begin(ada, DRAW)
    kept = give(ada, attempt, *DRAW[:3])
    assert [one.finished for one in kept] == [False, False, True]
    page = training.attempt_page(actor=ada, attempt_id=attempt)
    assert (page.attempt.open, page.attempt.mastered, page.first_open) == (False, True, 4)
    assert training.finish(actor=ada, attempt_id=attempt).mastered
    before = base.session().scalars(select(ScorePublication.wanted).where(ScorePublication.placement_id == placement)).one()
    assert write(ada, attempt).finished
    done = tick(ada, attempt, "A", "C")
    assert (done.complete, done.finished, done.first) == (True, True, True)
    assert training.attempt_page(actor=ada, attempt_id=attempt).first_open is None
    assert finishes() == ["start", "finish"], "practice ends nothing a second time"
    assert base.session().scalars(select(ScorePublication.wanted).where(ScorePublication.placement_id == placement)).one() == before


def test_practice_alone_neither_ends_an_attempt_nor_earns_anything(ada: Actor):
    attempt = every_item.begin(ada, DRAW)
    assert not write(ada, attempt).finished
    assert not tick(ada, attempt, "A", "B", "C").finished
    page = training.attempt_page(actor=ada, attempt_id=attempt)
    assert page.attempt.open
    assert [result.points for result in page.results] == [0]
    assert (page.question(4).points, page.question(4).of, page.question(4).complete) == (0, 0, True)
    with pytest.raises(RuleBroken) as refused:
        training.finish(actor=ada, attempt_id=attempt)
    assert refused.value.facts == {"open": 3}
    give(ada, attempt, *DRAW[:3])
    assert finishes() == ["start", "finish"]


def test_text_and_ticks_are_kept_and_the_first_ones_hold(ada: Actor):
    attempt = every_item.begin(ada, DRAW)
    with pytest.raises(RuleBroken) as refused:
        tick(ada, attempt, "A")
    assert refused.value.code == "step_too_early"
    assert write(ada, attempt).first
    assert not write(ada, attempt, "Something else.").first
    tick(ada, attempt)
    base.db.session.remove()
    asks = training.attempt_page(actor=ada, attempt_id=attempt).question(4).asks
    assert asks[0].text == WORDS
    assert [option.chosen for option in asks[1].options] == [False, False, False]
    rows = base.session().scalars(select(CheckAnswer).order_by(CheckAnswer.step)).all()
    assert [(row.answer, row.points) for row in rows] == [({"text": WORDS}, 0), ({"ticks": []}, 0)]


def test_a_text_that_is_too_long_is_not_kept(ada: Actor):
    attempt = every_item.begin(ada, DRAW)
    with pytest.raises(RuleBroken) as refused:
        write(ada, attempt, "word " * 41)
    assert (refused.value.code, refused.value.facts["words"], refused.value.facts["most"]) == ("text_long", 41, 40)
    assert base.session().scalars(select(CheckAnswer)).all() == []


def test_the_text_stands_in_its_answer_and_in_no_other_row(ada: Actor):
    attempt = every_item.begin(ada, DRAW)
    write(ada, attempt)
    tick(ada, attempt, "A")
    give(ada, attempt, *DRAW[:3])
    holding = set()
    for name, table in base.Base.metadata.tables.items():
        for row in base.session().execute(select(table)).mappings():
            if "Quillon" in json.dumps(dict(row), default=str, ensure_ascii=False):
                holding.add(name)
    assert holding == {"check_answer"}


def test_the_text_is_in_no_line_of_the_log(ada: Actor, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture):
    attempt = every_item.begin(ada, DRAW)
    write(ada, attempt)
    tick(ada, attempt, "A")
    with pytest.raises(RuleBroken):
        training.answer(actor=ada, attempt_id=attempt, item_key="O1-14", answer={"text": WORDS * 30})
    heard = capfd.readouterr()
    assert "Quillon" not in heard.out + heard.err + caplog.text


def test_nobody_else_reaches_the_text(world: World, ada: Actor):
    attempt = every_item.begin(ada, DRAW)
    write(ada, attempt)
    for other in (world.person("Ben"), world.person("Tea", "trainer", "coordinator", "observer", standing="instructor")):
        reaches: tuple[Callable[[], object], ...] = (
            lambda actor=other: training.attempt_page(actor=actor, attempt_id=attempt),
            lambda actor=other: tick(actor, attempt, "A"),
        )
        for reach in reaches:
            with pytest.raises(NotFound):
                reach()


def test_somebody_who_has_withdrawn_practises_no_more_and_still_reads_their_text(ada: Actor):
    attempt = every_item.begin(ada, DRAW)
    write(ada, attempt)
    with base.transactional() as session:
        session.scalars(select(Candidacy)).one().participation = "withdrawn"
    with pytest.raises(RuleBroken) as refused:
        tick(ada, attempt, "A")
    assert refused.value.code == "not_taking_part"
    assert training.attempt_page(actor=ada, attempt_id=attempt).question(4).asks[0].text == WORDS
