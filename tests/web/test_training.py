# SPDX-License-Identifier: Apache-2.0
"""A module is read, asked and answered with plain links and forms, one question a page; the same answers are taken as JSON."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask
from markupsafe import escape
from sqlalchemy import func, select

from conftest import World
from lti_mentoring.domain import answer as rules
from lti_mentoring.domain.module import Item
from lti_mentoring.services import training
from lti_mentoring.store import base
from lti_mentoring.store.training import CheckAnswer, CheckAttempt
from lti_mentoring.web import reading
from support.page import looked_at
from support.visitor import Visitor


def form_of(item: Item, step: int = 1, *, right: bool = True) -> dict[str, object]:
    """The fields of a form that answers an item."""
    if item.kind == "order":
        order = item.order if right else tuple(reversed(item.order))
        return {"step": "1", **{f"card-{key}": str(place) for place, key in enumerate(order, 1)}}
    if item.cards:
        return {"step": "1", **{f"card-{card.key}": str((card.bin + (not right)) % len(item.bins)) for card in item.cards}}
    keys = [choice.key for choice in item.options(step) if choice.right is right]
    return {"step": str(step), "choices": keys} if item.kind == "multiple" else {"step": str(step), "choice": keys[0]}


@pytest.fixture
def ada(world: World, app: Flask) -> Visitor:
    return Visitor(app, world.person("Ada"))


def begun(visitor: Visitor) -> str:
    """Begin the check. -> the attempt's path."""
    answer = visitor.post("modules/M1/check")
    assert answer.status_code == 303
    return "attempts/" + answer.headers["Location"].rsplit("/", 1)[1]


def fresh():
    """The database as it is now: the test's own read transaction still shows what was before."""
    base.session().rollback()
    return base.session()


def items_of(attempt: str) -> list[Item]:
    row = base.session().scalars(select(CheckAttempt).where(CheckAttempt.id == attempt.rsplit("/", 1)[1])).one()
    module = training.programme.module(row.module_version_id)
    return [module.item(key) for key in row.item_keys]


def send(visitor: Visitor, attempt: str, key: str, body: object):
    """Keep an answer as the page's script does."""
    return visitor.send("POST", f"/api/v1/courses/{visitor.actor.course_id}/{attempt}/answers/{key}", body)


def text(answer) -> str:
    assert answer.status_code == 200, answer.get_data(as_text=True)[:400]
    return answer.get_data(as_text=True)


def test_every_part_of_the_module_is_a_page(ada: Visitor):
    html = text(ada.get("modules/M1"))
    looked_at(html)
    assert "91" in html
    for part in range(1, 9):
        html = text(ada.get(f"modules/M1/parts/{part}"))
        looked_at(html)
        assert 'aria-current="page"' in html
    assert ada.get("modules/M1/parts/9").status_code == 404
    assert ada.get("modules/M2").status_code == 404


def test_a_table_scrolls_in_a_region_of_its_own_that_the_keyboard_reaches(ada: Visitor):
    html = text(ada.get("modules/M1/parts/2"))
    assert '<div class="scroll" role="region" tabindex="0" aria-label="Five kinds of help">' in html


def test_conversations_are_lists_of_who_said_what(ada: Visitor):
    html = text(ada.get("modules/M1/parts/7"))
    assert html.count('<dl class="talk">') == 3
    assert '<dt dir="auto">Ngozi' not in html
    assert html.count('<dt dir="auto">Gareth</dt>') == 4
    assert html.count("<em>Commentary.</em>") == 3
    assert "(silence, six seconds)" in html


def test_the_practice_task_is_shown_with_rubric_and_model_answer_and_says_that_it_is_not_marked(ada: Visitor):
    html = text(ada.get("modules/M1/practice"))
    looked_at(html)
    assert "not handed in or marked in this version" in html
    assert "Limits in the role statement" in html
    assert "Why not yet" not in html
    assert "P3 at 3" in html


def test_a_whole_check_is_taken_with_forms_alone(ada: Visitor, world: World):
    world.placement("module:M1")
    attempt = begun(ada)
    for number, item in enumerate(items_of(attempt), 1):
        assert ada.get(attempt).headers["Location"].endswith(f"/questions/{number}")
        for step in range(1, rules.steps(item) + 1):
            page = looked_at(text(ada.get(f"{attempt}/questions/{number}")))
            assert page.fields, "there is something to fill in"
            assert ada.post(f"{attempt}/questions/{number}", form_of(item, step)).status_code == 303
        html = text(ada.get(f"{attempt}/questions/{number}"))
        looked_at(html)
        assert "Kept" in html
        assert str(escape("Give this answer")) not in html
    assert ada.get(attempt).headers["Location"].endswith("/result")
    html = text(ada.get(f"{attempt}/result"))
    looked_at(html)
    assert "Mastered" in html
    assert "mastered this module" in text(ada.get("modules/M1"))
    assert "Mastered" in text(ada.get("modules/M1/check"))


def test_not_yet_says_what_to_read_again_and_offers_another_try(ada: Visitor):
    attempt = begun(ada)
    for number, item in enumerate(items_of(attempt), 1):
        for step in range(1, rules.steps(item) + 1):
            ada.post(f"{attempt}/questions/{number}", form_of(item, step, right=False))
    html = text(ada.get(f"{attempt}/result"))
    looked_at(html)
    assert "Not yet: 0 of 4" in html
    assert html.count("question ") >= 12
    assert "A critical question was not fully right." in html
    again = begun(ada)
    assert again != attempt


def test_nothing_of_the_key_is_on_the_page_before_the_answer(ada: Visitor):
    attempt = begun(ada)
    for number, item in enumerate(items_of(attempt), 1):
        html = text(ada.get(f"{attempt}/questions/{number}"))
        whys = [choice.why for choice in item.options() if choice.why] + [card.why for card in item.cards if card.why]
        for secret in (*whys, item.reason):
            assert not secret or str(reading.inline(secret)) not in html
        if item.steps:
            assert str(reading.inline(item.steps[1].prompt)) not in html, "step 2 follows the feedback on step 1"


@pytest.mark.parametrize("kind", ["single", "multiple", "sort", "tag", "order", "next_move"])
def test_an_unfinished_answer_keeps_what_was_chosen_and_says_what_is_open(ada: Visitor, world: World, kind):
    actor = world.actor("Ada")
    module = training.module_page(actor=actor, key="M1").module
    item = next(item for item in module.items if item.kind == kind)
    attempt = begun(ada)
    with base.transactional() as session:
        session.scalars(select(CheckAttempt)).one().item_keys = [item.key]
    first = {f"card-{item.cards[0].key}": "1"} if item.cards else {}
    answer = ada.post(f"{attempt}/questions/1", {"step": "1", **first})
    html = answer.get_data(as_text=True)
    assert answer.status_code == 400
    assert 'role="alert"' in html
    assert 'id="answer-error"' in html
    looked_at(html)
    if item.cards:
        assert f"{len(item.cards) - 1} are still open" in html
        assert len(re.findall(r'<option value="1" selected', html)) == 1
    assert fresh().scalar(select(func.count(CheckAnswer.id))) == 0


def test_two_cards_in_one_place_are_told_so(ada: Visitor, world: World):
    module = training.module_page(actor=world.actor("Ada"), key="M1").module
    item = next(item for item in module.items if item.kind == "order")
    attempt = begun(ada)
    with base.transactional() as session:
        session.scalars(select(CheckAttempt)).one().item_keys = [item.key]
    answer = ada.post(f"{attempt}/questions/1", {"step": "1", **{f"card-{card.key}": "1" for card in item.cards}})
    assert answer.status_code == 400
    assert "a place of its own" in answer.get_data(as_text=True)


def test_a_double_click_and_a_second_tab_change_nothing(ada: Visitor):
    attempt = begun(ada)
    item = items_of(attempt)[0]
    for right in (False, True, True):
        assert ada.post(f"{attempt}/questions/1", form_of(item, right=right)).status_code == 303
    assert fresh().scalar(select(func.count(CheckAnswer.id))) == 1
    assert fresh().scalars(select(CheckAnswer.points)).one() == 0


def test_the_json_address_keeps_an_answer_and_says_since_when(ada: Visitor):
    attempt = begun(ada)
    item = items_of(attempt)[0]
    sent = form_of(item)
    cards = {name.removeprefix("card-"): value for name, value in sent.items() if name.startswith("card-")}
    body = {name: value for name, value in sent.items() if not name.startswith("card-")} | ({"cards": cards} if cards else {})
    answer = send(ada, attempt, item.key, body)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert (answer.json["item"], answer.json["first"], answer.json["finished"]) == (item.key, True, False)
    row = fresh().scalars(select(CheckAnswer)).one()
    assert row.answered_at.isoformat() == answer.json["kept_at"]
    assert send(ada, attempt, item.key, body).json["first"] is False


def test_the_json_address_answers_problems_with_a_code(ada: Visitor):
    attempt = begun(ada)
    item = items_of(attempt)[0]
    for body, status, code in (({}, 409, "answer_missing"), ({"step": 9}, 400, "form"), ({"choices": "A"}, 400, "form")):
        answer = send(ada, attempt, item.key, body)
        assert (answer.status_code, answer.mimetype, answer.json["code"]) == (status, "application/problem+json", code)
    assert send(ada, attempt, "O9-99", {"choice": "A"}).status_code == 404


def test_staff_see_the_module_and_every_question_and_nothing_is_kept(world: World, app: Flask):
    for role, standing in (("observer", "instructor"), ("trainer", "none"), ("coordinator", "instructor")):
        staff = Visitor(app, world.person(role, role, standing=standing))
        assert "looking at this module as staff" in text(staff.get("modules/M1"))
        assert "modules/M1/preview/1" in text(staff.get("modules/M1/check"))
        assert staff.post("modules/M1/check").status_code == 403
    module = training.module_page(actor=world.actor("trainer"), key="M1").module
    for number, item in enumerate(module.items, 1):
        looked_at(text(staff.get(f"modules/M1/preview/{number}")))
        more: dict[str, object] = {}
        for step in range(1, rules.steps(item) + 1):
            html = text(staff.post(f"modules/M1/preview/{number}", {**form_of(item, step), **more}))
            looked_at(html)
            more = {"first-choice": form_of(item, 1).get("choice", "")}
        assert "Give this answer" not in html, item.key
    assert staff.get("modules/M1/preview/37").status_code == 404
    assert staff.post("modules/M1/preview/1", {"step": "1"}).status_code == 400
    assert fresh().scalar(select(func.count(CheckAttempt.id))) == 0


def test_a_candidate_cannot_look_the_answers_up(ada: Visitor):
    assert ada.get("modules/M1/preview/1").status_code == 403


def test_nobody_else_reaches_an_attempt(ada: Visitor, world: World, app: Flask):
    attempt = begun(ada)
    ben = Visitor(app, world.person("Ben"))
    for path in (attempt, f"{attempt}/questions/1", f"{attempt}/result"):
        assert ben.get(path).status_code == 404, path
    assert ben.post(f"{attempt}/questions/1", {"step": "1", "choice": "A"}).status_code == 404
    assert send(ben, attempt, "O1-01", {"choice": "A"}).status_code == 404


def test_a_pack_cannot_smuggle_markup_into_a_page():
    for text_ in ("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[x](javascript:alert(1))", "<b onclick=x>y</b>"):
        for html in (str(reading.reading(text_)), str(reading.inline(text_))):
            assert "<script" not in html
            assert "<img" not in html
            assert "<b " not in html
            assert 'href="javascript' not in html


def test_a_label_of_a_table_cannot_break_out_of_its_attribute():
    html = str(reading.reading("| a |\n|---|\n| b |", '"><script>x</script>'))
    assert "<script" not in html


def test_the_script_of_the_page_is_a_module_without_anything_inline():
    script = (Path(reading.__file__).parent / "static" / "training.js").read_text("utf-8")
    assert "innerHTML" not in script
    assert "eval(" not in script
