# SPDX-License-Identifier: Apache-2.0
"""Whatever is answered, an item of any type scores within its points; a calibration rating by its distance, a short text nothing."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_mentoring.demo.story import right_answer
from lti_mentoring.domain import training
from lti_mentoring.domain.answer import FORMS, read_answer, score, steps
from lti_mentoring.domain.module import CHOICE_KINDS, MANY_PART_KINDS, SELF_MARKED_KINDS, Item
from lti_mentoring.domain.question import Given, pose
from lti_mentoring.domain.rule import RuleBroken
from support import every_item
from support.every_item import any_answer

T1 = every_item.read()
RATINGS = [item for item in T1.items if item.kind == "rating"]
TEXTS = [item for item in T1.items if item.kind == "short_text"]


def earned(item: Item, answers: dict[int, dict[str, object]]) -> int:
    return sum(score(item, read_answer(item, raw, step), step).points for step, raw in answers.items())


def test_every_type_of_item_has_a_form_and_stands_in_the_pack():
    assert set(FORMS) == CHOICE_KINDS | MANY_PART_KINDS | SELF_MARKED_KINDS == {item.kind for item in T1.items} == set(every_item.KINDS)


@given(data=st.data())
def test_whatever_is_answered_scores_within_the_points_of_the_item(data: st.DataObject):
    item = data.draw(st.sampled_from(T1.items))
    answers = {step: data.draw(any_answer(item, step)) for step in range(1, steps(item) + 1)}
    assert 0 <= earned(item, answers) <= item.points
    question = pose(item, 1, "seed", {step: Given(read_answer(item, raw, step)) for step, raw in answers.items()})
    assert question.complete
    assert question.points == earned(item, answers)
    assert question.right == (not item.self_marked and question.points == item.points)


@given(data=st.data())
def test_what_was_read_once_reads_the_same_again(data: st.DataObject):
    item = data.draw(st.sampled_from(T1.items))
    for step in range(1, steps(item) + 1):
        normal = read_answer(item, data.draw(any_answer(item, step)), step)
        assert read_answer(item, normal, step) == normal


@pytest.mark.parametrize("key", [item.key for item in T1.items])
def test_the_key_of_every_item_earns_all_its_points_but_where_nothing_counts(key):
    item = T1.item(key)
    answers = {step: right_answer(item, step) for step in range(1, steps(item) + 1)}
    assert earned(item, answers) == (0 if item.self_marked else item.points)


# --- calibration ratings


@given(item=st.sampled_from(RATINGS), levels=st.lists(st.integers(1, 4), min_size=3, max_size=3))
def test_a_rating_earns_two_points_for_the_master_level_one_next_to_it_none_beyond(item: Item, levels: list[int]):
    given_ = {one.key: level for one, level in zip(item.benchmarks, levels, strict=True)}
    result = score(item, read_answer(item, {"levels": given_}))
    distances = [abs(one.level - given_[one.key]) for one in item.benchmarks]
    assert [mark.points for mark in result.marks] == [{0: 2, 1: 1}.get(off, 0) for off in distances]
    assert result.points == sum(mark.points for mark in result.marks)
    assert result.right == (distances == [0, 0, 0]) == (result.points == item.points)
    assert [mark.fits for mark in result.marks] == [off <= one.tolerance for off, one in zip(distances, item.benchmarks, strict=True)]


@pytest.mark.parametrize("item", RATINGS, ids=lambda item: item.key)
@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_one_level_for_everything_never_earns_more_than_four_of_six(item, level):
    assert earned(item, {1: {"levels": {one.key: level for one in item.benchmarks}}}) <= 4


def test_a_rating_tells_the_master_level_and_the_reasons_only_once_it_is_in():
    item = T1.item("O1-04")
    fresh = pose(item, 1, "seed", {})
    assert [turn.speaker for turn in fresh.talk][:2] == ["Ola", "Ifa"]
    assert [option.key for option in fresh.asks[0].options] == ["K1", "K2", "K3"], "criteria are not shuffled"
    assert all(len(option.anchors) == 4 for option in fresh.asks[0].options)
    assert all((option.wanted, option.contrasts, option.fits) == ("", (), None) for option in fresh.asks[0].options)
    rated = pose(item, 1, "seed", {1: Given({"levels": {"K1": 4, "K2": 2, "K3": 4}})}).asks[0]
    assert [(one.given, one.wanted, one.fits, one.points) for one in rated.options] == [
        ("4", "4", True, 2),
        ("2", "3", True, 1),
        ("4", "2", False, 0),
    ]
    assert [[contrast.level for contrast in one.contrasts] for one in rated.options] == [[3], [2, 4], [1, 3]]
    assert (rated.points, rated.of) == (3, 6)


@pytest.mark.parametrize(
    ("levels", "code"),
    [
        (None, "answer_missing"),
        ({"K1": "1", "K2": ""}, "answer_missing"),
        ({"K1": "1", "K2": "5", "K3": "1"}, "answer_unknown"),
        ({"K1": "1", "K2": "0", "K3": "1"}, "answer_unknown"),
        ({"K1": "1", "K2": "1", "K3": "1", "K9": "1"}, "answer_unknown"),
    ],
)
def test_a_rating_that_cannot_be_one_is_refused(levels, code):
    with pytest.raises(RuleBroken) as refused:
        read_answer(T1.item("O1-04"), {"levels": levels})
    assert refused.value.code == code


# --- short texts


def test_the_model_answer_is_shown_once_the_own_text_is_in():
    item = T1.item("O1-12")
    fresh = pose(item, 1, "seed", {})
    assert [(ask.form, ask.model, ask.options) for ask in fresh.asks] == [("text", "", ())]
    written = pose(item, 1, "seed", {1: Given({"text": "Which one?"})})
    assert [(ask.form, ask.answered) for ask in written.asks] == [("text", True), ("ticks", False)]
    assert written.asks[0].text == "Which one?"
    assert written.asks[1].model == item.model
    assert [option.key for option in written.asks[1].options] == ["A", "B", "C"]
    marked = pose(item, 1, "seed", {1: Given({"text": "Which one?"}), 2: Given({"ticks": ["B"]})})
    assert marked.complete
    assert [option.chosen for option in marked.asks[1].options] == [False, True, False]
    assert (marked.points, marked.of, marked.practice, marked.right) == (0, 0, True, False)


@pytest.mark.parametrize(
    ("text", "code"), [("", "text_missing"), (" \n\x00 ", "text_missing"), ("word " * 41, "text_long"), ("w" * 10_001, "text_long")]
)
def test_a_text_that_is_none_or_too_long_is_refused_and_not_repeated(text, code):
    with pytest.raises(RuleBroken) as refused:
        read_answer(T1.item("O1-12"), {"text": text})
    assert refused.value.code == code
    assert text not in refused.value.facts.values()


def test_a_text_keeps_its_lines_and_letters_and_loses_what_nobody_types():
    told = " Which?\r\n\x00می\u200cخواهم \ud800👩\u200d🏫 "
    assert read_answer(T1.item("O1-12"), {"text": told}) == {"text": "Which?\nمی\u200cخواهم 👩\u200d🏫"}


def test_ticks_may_be_none_and_are_features_of_the_item():
    item = T1.item("O1-12")
    assert read_answer(item, {}, 2) == {"ticks": []}
    with pytest.raises(RuleBroken):
        read_answer(item, {"ticks": ["A", "Z"]}, 2)


# --- what is drawn, and what counts


@given(seed=st.text("0123456789abcdef", min_size=8, max_size=16), rounds=st.integers(1, 4))
def test_practice_stands_behind_what_counts_and_takes_no_place_of_it(seed: str, rounds: int):
    seen: list[str] = []
    for number in range(rounds):
        drawn = [T1.item(key) for key in training.draw(T1, f"{seed}{number}", seen)]
        assert [item.self_marked for item in drawn] == [False, False, False, True]
        assert sum(item.points for item in drawn if not item.self_marked) == T1.draw.points
        seen += [item.key for item in drawn]


@given(points=st.integers(0, 100))
def test_practice_counts_for_nothing_whatever_is_said_of_it(points: int):
    drawn = training.draw(T1, "seed")
    counted = {key: T1.item(key).points for key in drawn if not T1.item(key).self_marked}
    practice = {key: points for key in drawn if T1.item(key).self_marked}
    assert training.mastery(T1, drawn, {**counted, **practice}) == training.mastery(T1, drawn, counted)
    assert training.mastery(T1, drawn, practice)[0].points == 0


def test_blind_guessing_a_draw_with_ratings_clears_its_outcome_in_at_most_three_of_a_hundred():
    chance, cleared, draws = random.Random(2026), 0, 4000
    for number in range(draws):
        item = RATINGS[number % len(RATINGS)]
        rated = {one.key: chance.randint(1, 4) for one in item.benchmarks}
        # Choices of four, as M1 has them: T1's own are shorter, to be read quickly.
        cleared += earned(item, {1: {"levels": rated}}) + sum(2 * (chance.random() < 1 / 4) for _ in range(2)) >= T1.draw.needed
    assert cleared / draws <= 0.03
