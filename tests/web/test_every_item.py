# SPDX-License-Identifier: Apache-2.0
"""An item of every type is a page with plain forms, before its answer and after it; a short text is on its writer's page alone."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from markupsafe import escape
from sqlalchemy import func, select

from conftest import World
from lti_mentoring.demo.story import right_answer
from lti_mentoring.domain.answer import steps
from lti_mentoring.domain.module import Item
from lti_mentoring.store import base
from lti_mentoring.store.training import CheckAnswer
from lti_mentoring.web import reading
from support import every_item, journey
from support.page import looked_at
from support.visitor import Visitor

T1 = every_item.read()
KEYS = every_item.one_of_each()
RATING = next(item for item in T1.items if item.kind == "rating")
TEXT = next(item for item in T1.items if item.kind == "short_text")
WORDS = "Which would you miss more, <b>Quillon</b>?\nThe first?"


@pytest.fixture
def ada(world: World, app: Flask) -> Visitor:
    every_item.use(world.org_id)
    return Visitor(app, world.person("Ada"))


def begun(visitor: Visitor, *keys: str) -> str:
    """Begin an attempt that asks these items. -> its path."""
    return "attempts/" + every_item.begin(visitor.actor, keys or KEYS)


def text(answer) -> str:
    assert answer.status_code == 200, answer.get_data(as_text=True)[:400]
    return answer.get_data(as_text=True)


def send(visitor: Visitor, attempt: str, key: str, body: object):
    """Keep an answer as the page's script does."""
    return visitor.send("POST", f"/api/v1/courses/{visitor.actor.course_id}/{attempt}/answers/{key}", body)


def form_of(item: Item, step: int) -> dict[str, object]:
    """The fields of a form that answers as the key says."""
    return {"step": str(step), **journey.answers(right_answer(item, step))}


def answers_kept() -> int:
    base.session().rollback()
    return base.session().scalar(select(func.count(CheckAnswer.id))) or 0


@pytest.mark.parametrize("key", KEYS)
def test_every_type_is_asked_answered_and_explained_with_forms_alone(ada: Visitor, key: str):
    item, attempt = T1.item(key), begun(ada)
    at = f"{attempt}/questions/{KEYS.index(key) + 1}"
    for step in range(1, steps(item) + 1):
        page = looked_at(text(ada.get(at)))
        assert page.fields, "there is something to fill in"
        assert ada.post(at, form_of(item, step)).status_code == 303
    html = text(ada.get(at))
    looked_at(html)
    assert "Kept" in html
    assert "Give this answer" not in html
    assert answers_kept() == steps(item)
    assert ada.get(at).get_data(as_text=True).count("Kept") == html.count("Kept"), "a page that is read again shows the same"


@pytest.mark.parametrize("key", KEYS)
def test_the_address_of_the_script_takes_every_type_as_the_form_does(ada: Visitor, key: str):
    item, attempt = T1.item(key), begun(ada)
    for step in range(1, steps(item) + 1):
        told = {
            name: {one: str(of) for one, of in value.items()} if isinstance(value, dict) else value
            for name, value in right_answer(item, step).items()
        }
        answer = send(ada, attempt, key, {"step": step, **told})
        assert (answer.status_code, answer.json["first"], answer.json["complete"]) == (200, True, step == steps(item))
    assert send(ada, attempt, key, {"step": 1}).json["first"] is False


def test_staff_try_every_type_out_and_nothing_is_kept(ada: Visitor, world: World, app: Flask):
    staff = Visitor(app, world.person("Tea", "trainer", standing="none"))
    for number, item in enumerate(T1.items, 1):
        at, more = f"modules/T1/preview/{number}", {}
        looked_at(text(staff.get(at)))
        for step in range(1, steps(item) + 1):
            html = text(staff.post(at, {**form_of(item, step), **more}))
            looked_at(html)
            more = dict(re.findall(r'name="(first-\w+)" value="([^"]*)"', html))
            assert bool(more) == (step < steps(item)), item.key
        assert "Give this answer" not in html, item.key
    assert answers_kept() == 0


# --- calibration ratings


def test_each_criterion_is_a_group_of_radios_with_its_name_and_all_its_anchors(ada: Visitor):
    html = text(ada.get(f"{begun(ada, RATING.key)}/questions/1"))
    assert html.count('<fieldset class="crit">') == len(RATING.benchmarks)
    for one in RATING.benchmarks:
        assert f'<legend dir="auto">{one.text}</legend>' in html
        assert re.findall(rf'type="radio" name="level-{one.key}" value="(\d)" required', html) == ["1", "2", "3", "4"]
        for anchor in one.anchors:
            assert str(reading.inline(anchor)) in html
    assert html.count("<dt") == sum(bool(turn.speaker) for turn in RATING.talk)
    assert "Author-scored, not validated" in html


def test_the_levels_and_reasons_of_the_author_wait_for_the_answer(ada: Visitor):
    attempt = begun(ada, RATING.key)
    whys = [str(reading.inline(contrast.why)) for one in RATING.benchmarks for contrast in one.contrasts]
    before = text(ada.get(f"{attempt}/questions/1"))
    assert not any(why in before for why in whys)
    ada.post(f"{attempt}/questions/1", {"step": "1", "level-K1": "4", "level-K2": "2", "level-K3": "4"})
    html = text(ada.get(f"{attempt}/questions/1"))
    assert all(why in html for why in whys)
    assert "Author-scored, not validated" in html
    for said in ("You chose 4, as its author did", "You chose 2, its author 3: that agrees", "You chose 4, its author 2<", "3 of 6 points"):
        assert said in html, said


def test_an_unfinished_rating_keeps_what_was_chosen_and_says_how_much_is_open(ada: Visitor):
    answer = ada.post(f"{begun(ada, RATING.key)}/questions/1", {"step": "1", "level-K2": "3"})
    html = answer.get_data(as_text=True)
    assert answer.status_code == 400
    looked_at(html)
    assert "2 are still open" in html
    assert re.findall(r'name="level-(K\d)" value="(\d)" required checked', html) == [("K2", "3")]
    assert answers_kept() == 0


# --- short texts


def test_a_text_is_written_then_held_against_the_model_answer_and_counts_for_nothing(ada: Visitor):
    attempt = begun(ada, "O1-06", TEXT.key)
    at = f"{attempt}/questions/2"
    html = text(ada.get(at))
    assert "Practice 1 of 1, not counted" in html
    assert "At most" not in html
    assert f"Write at most {TEXT.words} words" in html
    assert "Only you see what you write here" in html
    assert str(reading.reading(TEXT.model)) not in html
    assert ada.post(at, {"step": "1", "text": WORDS}).status_code == 303
    html = text(ada.get(at))
    assert str(escape(WORDS)) in html
    assert str(reading.reading(TEXT.model)) in html
    assert html.count('type="checkbox" name="ticks"') == len(TEXT.features)
    assert ada.post(at, {"step": "2", "ticks": ["A"]}).status_code == 303
    html = text(ada.get(at))
    assert html.count("You found it in your text") == 1
    assert html.count("Not in your text yet") == 2
    assert "points for this answer" not in html
    assert "Practice, not counted" in html


def test_a_text_that_is_too_long_stays_in_its_field_and_says_by_how_much(ada: Visitor):
    at = f"{begun(ada, TEXT.key)}/questions/1"
    for sent, said in (("Quillon " * 41, "This text has 41 words; 40 are the most."), ("  ", "There is no text yet.")):
        answer = ada.post(at, {"step": "1", "text": sent})
        html = answer.get_data(as_text=True)
        assert answer.status_code == 400
        looked_at(html)
        assert said in html
        assert sent.strip() in html
    assert answers_kept() == 0


def test_a_result_stands_without_practice_and_leads_to_it(ada: Visitor):
    attempt = begun(ada, "O1-06", TEXT.key)
    ada.post(f"{attempt}/questions/1", form_of(T1.item("O1-06"), 1))
    html = text(ada.get(f"{attempt}/questions/1"))
    assert "Go on to practise, not counted" in html
    assert "See your result" in html
    assert ada.get(attempt).headers["Location"].endswith("/questions/2")
    html = text(ada.get(f"{attempt}/result"))
    looked_at(html)
    assert "Practice 1 of 1" in html
    assert "See your result" in text(ada.get(f"{attempt}/questions/2")), "who does not want to write is not held up"
    for step in (1, 2):
        ada.post(f"{attempt}/questions/2", form_of(TEXT, step))
    assert ada.get(attempt).headers["Location"].endswith("/result")


def test_the_check_says_beforehand_that_practice_is_not_counted(ada: Visitor):
    html = text(ada.get("modules/T1/check"))
    assert "3 questions, about" in html
    assert "they are not counted, and only you see them" in html


def test_no_page_of_anybody_else_shows_the_text(ada: Visitor, world: World, app: Flask):
    attempt = begun(ada, "O1-06", TEXT.key)
    ada.post(f"{attempt}/questions/2", {"step": "1", "text": WORDS})
    ada.post(f"{attempt}/questions/1", form_of(T1.item("O1-06"), 1))
    assert "Quillon" in text(ada.get(f"{attempt}/questions/2"))
    asked = {
        "key": "T1",
        "attempt": attempt.removeprefix("attempts/"),
        "number": 2,
        "part": "1",
        "person": ada.actor.person_id,
        "candidacy": world.candidacy_id("Ada"),
    }
    others = [Visitor(app, world.person("Ben"))]
    for role in ("observer", "trainer", "coordinator", "deputy"):
        others.append(Visitor(app, world.person(role, role, standing="instructor")))
    others.append(Visitor(app, world.person("Root", standing="none"), lms_administrator=True))
    seen = 0
    for other in others:
        for rule in app.url_map.iter_rules():
            if "GET" in (rule.methods or ()) and "course" in rule.arguments and rule.arguments - {"course"} <= set(asked):
                with app.test_request_context():
                    path = app.url_for(
                        rule.endpoint, course=ada.actor.course_id, **{name: asked[name] for name in rule.arguments - {"course"}}
                    )
                answer = other.get(path)
                seen += answer.status_code == 200
                assert b"Quillon" not in answer.data, (other.actor.person_id, path)
    assert seen > 30
