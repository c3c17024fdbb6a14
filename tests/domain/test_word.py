# SPDX-License-Identifier: Apache-2.0
"""A limit of words means about the same in whatever language somebody writes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_mentoring.domain import form, word
from lti_mentoring.domain.answer import words
from lti_mentoring.domain.programme import ApplicationForm, FormField, FormSection

CHINESE = "我听她说完，然后问她想先做什么。"
THAI = "ฉันฟังเธอจนจบแล้วถามว่าเธออยากทำอะไรก่อน"

ideographs = st.text("我听她说完然后问想先做什么はいカタ", min_size=1)
spaced = st.text("abc ÄÖ 한국 d-e.,'\n", max_size=80)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("I asked her what she would do first.", 8),
        ("didn't, dual-role — and", 4),
        (CHINESE, 14),
        ("彼女に聞きました。", 8),
        ("我用 Python 写了2行。", 7),
        ("저는 그녀의 말을 들었습니다", 4),
        ("สวัสดี", 1),
        (THAI, 9),
    ],
)
def test_words_are_counted_as_the_script_has_them(text: str, count: int) -> None:
    assert word.count(text) == count == words(text)


@given(spaced)
def test_where_words_have_blanks_between_them_they_are_what_stands_between_blanks(text: str) -> None:
    assert word.count(text) == len(text.split())


@given(ideographs, ideographs, st.sampled_from(["", " ", "\n", "，", "。 "]))
def test_ideographs_count_the_same_with_and_without_blanks_and_marks_between_them(one: str, other: str, between: str) -> None:
    assert word.count(one + between + other) == len(one) + len(other)


@given(st.text(max_size=200), st.text(max_size=200))
def test_two_texts_have_together_as_many_words_as_each_alone(one: str, other: str) -> None:
    assert word.count(f"{one}\n{other}") == word.count(one) + word.count(other)


@given(st.text(max_size=200))
def test_no_text_has_more_words_than_characters_and_none_has_none_but_blanks(text: str) -> None:
    assert word.count(text) <= len(text)
    if any(one.isalnum() for one in text):
        assert word.count(text) >= 1


@pytest.mark.parametrize("text", ["a long answer " * 10, CHINESE * 3, THAI * 3])
def test_an_answer_that_is_too_long_is_too_long_in_every_script(text: str) -> None:
    asked = ApplicationForm("k", "t", "i", (FormSection("s", "S", (FormField("why", "long", "Why?", words=20),)),))
    assert [one.code for one in form.problems(asked, {"why": text})] == ["too_long"]
