# SPDX-License-Identifier: Apache-2.0
"""Words and sentences are counted as a reader meets them, not as Markdown spells them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_mentoring.domain import prose

WORDS = st.lists(st.sampled_from(["Power", "trail", "topic", "didn't", "dual-role", "protégé", "24"]), min_size=1, max_size=12)


def texts(text: str) -> list[str]:
    return [sentence.text for sentence in prose.sentences(text)]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("**I never** appraise, *report* or `decide`.", 6),
        ("They didn't see a dual-role, nor the manager’s 12 notes.", 10),
        ("[The rules](https://example.org/a/b) of a_name", 4),
        ("1. Say no early.\n2. Leave it.", 5),
        ("| | One |\n|---|---|\n| **Two** | three four |", 4),
        ("… – !", 0),
    ],
)
def test_marks_are_no_words(text, count):
    assert len(prose.words(text)) == count


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It was her? Yes. “No.” Then he left!", ["It was her?", "Yes.", "“No.”", "Then he left!"]),
        ("She put \"meets\". Asked why, she could not say.", ["She put \"meets\".", "Asked why, she could not say."]),
        ("\"How is she?\" he asks, and waits… for long.", ["\"How is she?\" he asks, and waits… for long."]),
        ("The second. *(pause)* No.", ["The second.", "(pause) No."]),
        ("Ask Dr. Okoye, e.g. Monday. Then go.", ["Ask Dr. Okoye, e.g. Monday.", "Then go."]),
        ("**Style is not role.** It is not.", ["Style is not role.", "It is not."]),
        ("One\nline and\nanother. Two", ["One line and another.", "Two"]),
        ("Four steps:\n\n1. Hear it\n2. Name it. Twice", ["Four steps:", "Hear it", "Name it.", "Twice"]),
        ("Before.\n| a | b |\n|---|---|\n| c. d | e |\n\nAfter.", ["Before.", "After."]),
        ("¿Qué tal? Bien. ¡Ah!", ["¿Qué tal?", "Bien.", "¡Ah!"]),
    ],
)
def test_a_sentence_ends_where_a_reader_would_stop(text, found):
    assert texts(text) == found


def test_a_sentence_knows_the_line_it_begins_in():
    found = prose.sentences("One begins here\nand ends. Two ends here. Three\nis\nlong.")
    assert [sentence.line for sentence in found] == ["One begins here", "and ends. Two ends here. Three", "and ends. Two ends here. Three"]


@given(st.lists(WORDS, min_size=1, max_size=6), st.sampled_from([" ", "\n", "\n\n"]))
def test_no_word_is_lost_between_sentences(sentences, between):
    text = between.join(f"Ah {' '.join(words)}." for words in sentences)
    found = prose.sentences(text)
    assert [sentence.words for sentence in found] == [len(words) + 1 for words in sentences]
    assert sum(sentence.words for sentence in found) == len(prose.words(text))


@given(st.text(max_size=200))
def test_any_text_can_be_counted(text):
    assert sum(sentence.words for sentence in prose.sentences(text)) <= 2 * len(text)
    assert prose.running(text).count("\n") <= 2 * len(text)


@pytest.mark.parametrize("piece", [".", "…", "_", "a_", "[", "[a](", "*", "`", "!", "e.g. "])
def test_no_text_is_looked_through_again_for_each_of_its_characters(piece):
    """Fifty thousand of the same: one look takes no time, one for each takes minutes."""
    text = f"Wait{piece * 50_000}a now."
    assert prose.sentences(text)
    assert prose.words(text)


def test_running_text_is_without_lists_and_tables():
    text = "A rule:\n\n- one must\n- two must\n\n| must |\n|---|\n\nThe end."
    assert prose.running(text) == "A rule:\n\nThe end."
