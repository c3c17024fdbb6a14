# SPDX-License-Identifier: Apache-2.0
"""What an entry may hold, and by what it is found."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_mentoring.domain.directory import Entry, check, found_by, free, mark, marks, words
from lti_mentoring.domain.rule import RuleBroken

GOOD = Entry(areas=("MC1",), languages=("en",), capacity=2, hours=3, meets=("video",))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"areas": ()}, "entry_areas"),
        ({"areas": ("none",)}, "entry_areas"),
        ({"languages": ()}, "entry_languages"),
        ({"languages": ("xx",)}, "entry_languages"),
        ({"capacity": 0}, "entry_capacity"),
        ({"hours": 81}, "entry_hours"),
        ({"meets": ("smoke",)}, "entry_meets"),
        ({"about": "a" * 601}, "entry_long"),
        ({"own": "a" * 201}, "entry_long"),
    ],
)
def test_an_entry_says_what_is_wrong_with_it(changes: dict[str, object], code: str):
    check(GOOD, areas=["MC1"])
    with pytest.raises(RuleBroken) as broken:
        check(replace(GOOD, **changes), areas=["MC1"])
    assert broken.value.code == code


def test_own_words_do_in_place_of_an_area():
    check(replace(GOOD, areas=(), own="Ward rounds"), areas=[])


def test_a_mark_is_found_whole():
    made = marks(Entry(areas=("MC1",), languages=("en", "de")))
    assert all(f"|{one}|" in made for one in (mark("a", "MC1"), mark("l", "en"), mark("l", "de")))
    assert f"|{mark('a', 'MC')}|" not in made
    assert "|" not in mark("a", "x|l:en")


def test_accents_and_capitals_make_no_difference():
    held = found_by(Entry(own="Pédiatrie", about="Ich höre zu"), ["Écouter"])
    assert all(word in held for word in words("PEDIATRIE ecouter höre"))


@given(st.integers(1, 20), st.integers(0, 40))
def test_room_is_never_less_than_none(capacity: int, taken: int):
    assert free(capacity, taken) == (capacity - taken if taken < capacity else 0)
