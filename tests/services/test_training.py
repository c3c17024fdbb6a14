# SPDX-License-Identifier: Apache-2.0
"""An attempt keeps every answer, ends with the last one, and makes a module mastered; nobody else's hands reach it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import event, func, select

from conftest import World, make_world
from lti_mentoring.domain import answer as rules
from lti_mentoring.domain.module import Item, Module
from lti_mentoring.domain.rule import NotAllowed, NotFound, RuleBroken
from lti_mentoring.services import training
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.delivery import ScorePublication
from lti_mentoring.store.privacy import AuditEvent
from lti_mentoring.store.training import CheckAnswer, CheckAttempt
from support.journey import wrong_answer as wrong


def right(item: Item, step: int = 1) -> dict[str, object]:
    """The answer that earns everything."""
    if item.kind == "order":
        return {"order": list(item.order)}
    if item.cards:
        return {"cards": {card.key: str(card.bin) for card in item.cards}}
    keys = [choice.key for choice in item.options(step) if choice.right]
    return {"choices": keys} if item.kind == "multiple" else {"choice": keys[0]}


def module_of(actor) -> Module:
    return training.module_page(actor=actor, key="M1").module


def take(actor, attempt, *, how=right, leave: int = 0) -> list[training.Kept]:
    """Answer every question of an attempt but the last ``leave``."""
    module = module_of(actor)
    keys = [question.key for question in training.attempt_page(actor=actor, attempt_id=attempt).questions]
    return [
        training.answer(actor=actor, attempt_id=attempt, item_key=key, answer=how(module.item(key), step), step=step)
        for key in keys[: len(keys) - leave]
        for step in range(1, rules.steps(module.item(key)) + 1)
    ]


def first_of_kind(actor, kind: str) -> tuple[str, Item]:
    """An attempt that asks an item of this kind, and the item."""
    attempt = training.start_check(actor=actor, key="M1")
    item = next(item for item in module_of(actor).items if item.kind == kind)
    with base.transactional() as session:
        row = session.get_one(CheckAttempt, (actor.org_id, attempt))
        row.item_keys = [item.key, *(key for key in row.item_keys if key != item.key)][:12]
    return attempt, item


def test_a_candidate_masters_the_module_and_the_gradebook_is_told(world: World):
    placement = world.placement("module:M1")
    ada = world.person("Ada")
    attempt = training.start_check(actor=ada, key="M1")
    kept = take(ada, attempt)
    assert [one.finished for one in kept] == [False] * (len(kept) - 1) + [True]
    assert training.finish(actor=ada, attempt_id=attempt).mastered
    page = training.module_page(actor=ada, key="M1")
    assert page.mastered
    assert page.open_attempt is None
    assert base.session().scalars(select(ScorePublication.placement_id)).all() == [placement]
    lines = base.session().scalars(select(AuditEvent).where(AuditEvent.object_kind == "check_attempt")).all()
    assert [(line.verb, line.actor_id) for line in lines] == [("start", ada.person_id), ("finish", ada.person_id)]


def test_not_yet_sends_nothing_and_can_be_tried_again_at_once(world: World):
    world.placement("module:M1")
    ada = world.person("Ada")
    attempt = training.start_check(actor=ada, key="M1")
    take(ada, attempt, how=wrong)
    page = training.attempt_page(actor=ada, attempt_id=attempt)
    assert not page.attempt.open
    assert not page.attempt.mastered
    assert [result.points for result in page.results] == [0, 0, 0, 0]
    assert [result.points for result in page.attempt.results] == [0, 0, 0, 0]
    assert base.session().scalars(select(ScorePublication.wanted)).all() == [1], "that it has begun is all there is to tell"
    again = training.start_check(actor=ada, key="M1")
    first, second = (base.session().get_one(CheckAttempt, (ada.org_id, one)) for one in (attempt, again))
    assert not set(first.item_keys) & set(second.item_keys), "a new draw avoids what was seen"


def test_the_second_retake_waits_a_day(world: World):
    ada = world.person("Ada")
    with time_machine.travel(datetime(2026, 11, 20, 9, tzinfo=UTC), tick=False) as clock:
        for _ in range(2):
            take(ada, training.start_check(actor=ada, key="M1"), how=wrong)
        with pytest.raises(RuleBroken) as refused:
            training.start_check(actor=ada, key="M1")
        assert (refused.value.code, refused.value.facts["at"]) == ("retake_later", datetime(2026, 11, 21, 9, tzinfo=UTC))
        assert training.module_page(actor=ada, key="M1").retake_from == datetime(2026, 11, 21, 9, tzinfo=UTC)
        clock.shift(timedelta(days=1, seconds=1))
        assert training.module_page(actor=ada, key="M1").retake_from is None
        assert training.start_check(actor=ada, key="M1")


def test_an_open_attempt_is_gone_on_with_and_every_answer_is_there(world: World):
    ada = world.person("Ada")
    attempt = training.start_check(actor=ada, key="M1")
    take(ada, attempt, leave=4)
    base.db.session.remove()
    assert training.start_check(actor=ada, key="M1") == attempt
    page = training.attempt_page(actor=ada, attempt_id=attempt)
    assert [question.complete for question in page.questions] == [True] * 8 + [False] * 4
    assert page.first_open == 9
    module = training.module_page(actor=ada, key="M1")
    assert (module.answered, module.asked) == (8, 12)
    with pytest.raises(RuleBroken) as refused:
        training.finish(actor=ada, attempt_id=attempt)
    assert (refused.value.code, refused.value.facts) == ("answers_missing", {"open": 4})


def test_the_questions_stay_as_they_are_within_the_attempt(world: World):
    ada = world.person("Ada")
    attempt = training.start_check(actor=ada, key="M1")
    before = training.attempt_page(actor=ada, attempt_id=attempt).questions
    base.db.session.remove()
    assert training.attempt_page(actor=ada, attempt_id=attempt).questions == before


def test_an_answer_that_is_in_holds(world: World):
    ada = world.person("Ada")
    attempt, item = first_of_kind(ada, "single")
    first = training.answer(actor=ada, attempt_id=attempt, item_key=item.key, answer=wrong(item))
    second = training.answer(actor=ada, attempt_id=attempt, item_key=item.key, answer=right(item))
    assert (first.first, second.first) == (True, False)
    assert first.kept_at == second.kept_at
    assert base.session().scalars(select(CheckAnswer.points)).all() == [0]


def test_twenty_tabs_that_answer_and_begin_at_once_leave_one_answer_and_one_attempt(bare_app: Flask):
    with bare_app.app_context():
        world = make_world("Northfield")
        with base.tenant(world.org_id):
            ada = world.person("Ada")
    attempts: list[str] = []
    kept: list[bool] = []
    gate = threading.Barrier(20)

    def tab() -> None:
        with bare_app.app_context(), base.tenant(ada.org_id):
            gate.wait()
            attempt = training.start_check(actor=ada, key="M1")
            attempts.append(attempt)
            question = training.attempt_page(actor=ada, attempt_id=attempt).questions[0]
            item = module_of(ada).item(question.key)
            kept.append(training.answer(actor=ada, attempt_id=attempt, item_key=item.key, answer=right(item)).first)

    tabs = [threading.Thread(target=tab) for _ in range(20)]
    for one in tabs:
        one.start()
    for one in tabs:
        one.join(60)
    assert len(attempts) == 20
    assert len(set(attempts)) == 1
    assert sorted(kept) == [False] * 19 + [True]
    with bare_app.app_context(), base.tenant(ada.org_id):
        assert base.session().scalar(select(func.count(CheckAttempt.id))) == 1
        assert base.session().scalar(select(func.count(CheckAnswer.id))) == 1


def test_the_second_step_comes_after_the_first(world: World):
    ada = world.person("Ada")
    attempt, item = first_of_kind(ada, "next_move")
    with pytest.raises(RuleBroken) as refused:
        training.answer(actor=ada, attempt_id=attempt, item_key=item.key, answer=right(item, 2), step=2)
    assert refused.value.code == "step_too_early"
    one = training.answer(actor=ada, attempt_id=attempt, item_key=item.key, answer=wrong(item, 1), step=1)
    assert not one.complete
    question = training.attempt_page(actor=ada, attempt_id=attempt).question(1)
    assert [ask.answered for ask in question.asks] == [True, False]
    two = training.answer(actor=ada, attempt_id=attempt, item_key=item.key, answer=right(item, 2), step=2)
    assert two.complete
    question = training.attempt_page(actor=ada, attempt_id=attempt).question(1)
    assert (question.points, question.of) == (1, 2)


def test_an_answer_that_is_none_is_not_kept(world: World):
    ada = world.person("Ada")
    attempt, item = first_of_kind(ada, "sort")
    with pytest.raises(RuleBroken):
        training.answer(actor=ada, attempt_id=attempt, item_key=item.key, answer={"cards": {"1": "0"}})
    assert base.session().scalar(select(func.count(CheckAnswer.id))) == 0


@pytest.mark.parametrize("key", ["O9-99", "M1"])
def test_an_item_outside_the_draw_cannot_be_answered(world: World, key):
    ada = world.person("Ada")
    attempt = training.start_check(actor=ada, key="M1")
    with pytest.raises(NotFound):
        training.answer(actor=ada, attempt_id=attempt, item_key=key, answer={"choice": "A"})


def test_a_mastered_module_is_not_taken_again(world: World):
    ada = world.person("Ada")
    take(ada, training.start_check(actor=ada, key="M1"))
    with pytest.raises(RuleBroken) as refused:
        training.start_check(actor=ada, key="M1")
    assert refused.value.code == "module_mastered"


def test_nobody_else_reaches_an_attempt(world: World):
    ada, ben = world.person("Ada"), world.person("Ben")
    trainer = world.person("Tea", "trainer", "coordinator", standing="instructor")
    attempt = training.start_check(actor=ada, key="M1")
    for other in (ben, trainer):
        for reach in (
            lambda actor=other: training.attempt_page(actor=actor, attempt_id=attempt),
            lambda actor=other: training.answer(actor=actor, attempt_id=attempt, item_key="O1-01", answer={}),
            lambda actor=other: training.finish(actor=actor, attempt_id=attempt),
        ):
            with pytest.raises(NotFound):
                reach()


def test_somebody_who_has_withdrawn_reads_but_does_not_answer(world: World):
    ada = world.person("Ada")
    attempt, item = first_of_kind(ada, "single")
    with base.transactional() as session:
        session.scalars(select(Candidacy)).one().participation = "withdrawn"
    assert training.module_page(actor=ada, key="M1").takes_part is False
    for refused_verb in (
        lambda: training.answer(actor=ada, attempt_id=attempt, item_key=item.key, answer=right(item)),
        lambda: training.start_check(actor=ada, key="M1"),
    ):
        with pytest.raises(RuleBroken) as refused:
            refused_verb()
        assert refused.value.code == "not_taking_part"


def test_staff_look_at_every_question_and_leave_no_trace(world: World):
    for role, standing in (("observer", "instructor"), ("trainer", "none"), ("coordinator", "instructor")):
        actor = world.person(role, role, standing=standing)
        module = module_of(actor)
        for number, item in enumerate(module.items, 1):
            fresh = training.preview(actor=actor, key="M1", number=number)
            assert not fresh.question.complete
            answers = {step: right(item, step) for step in range(1, rules.steps(item) + 1)}
            assert training.preview(actor=actor, key="M1", number=number, answers=answers).question.right
    for table in (CheckAttempt, CheckAnswer):
        assert base.session().scalar(select(func.count(table.id))) == 0


def test_a_candidate_cannot_look_the_answers_up(world: World):
    ada = world.person("Ada", "observer")
    with pytest.raises(NotAllowed) as refused:
        training.preview(actor=ada, key="M1", number=1)
    assert refused.value.code == "preview_candidate"


def test_a_module_that_the_programme_does_not_have(world: World):
    ada = world.person("Ada")
    with pytest.raises(NotFound):
        training.module_page(actor=ada, key="M99")
    with pytest.raises(NotFound):
        training.start_check(actor=ada, key="M99")


def queries(work) -> int:
    """How many statements a piece of work sends."""
    counted: list[str] = []

    def count(connection, cursor, statement, *rest) -> None:
        counted.append(statement)

    event.listen(base.db.engine, "before_cursor_execute", count)
    try:
        work()
    finally:
        event.remove(base.db.engine, "before_cursor_execute", count)
    return len(counted)


def test_pages_take_a_constant_number_of_queries(world: World):
    ada = world.person("Ada")
    attempt = training.start_check(actor=ada, key="M1")

    def pages() -> tuple[int, int]:
        base.db.session.remove()
        module = queries(lambda: training.module_page(actor=ada, key="M1"))
        base.db.session.remove()
        return module, queries(lambda: training.attempt_page(actor=ada, attempt_id=attempt))

    pages()
    fresh = pages()
    take(ada, attempt, leave=1)
    assert pages() == fresh
    assert max(fresh) <= 7
