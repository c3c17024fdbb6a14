# SPDX-License-Identifier: Apache-2.0
"""A list pasted from a spreadsheet names people of the course, each once, and nobody who merely calls themself so."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_mentoring.domain import pasting
from lti_mentoring.domain.pasting import Known

ADA = Known("1", "Ada Bell", "ada@example.org")
BEN = Known("2", "Ben Cole", "")
TWIN = Known("3", "Ben Cole", "ben@example.org")


def matched(text: str, *people: Known) -> list[str]:
    return [one.person.person_id if one.person else one.why_not for one in pasting.match(pasting.read(text), people or (ADA, BEN))]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("ADA@example.org", ["1"]),
        ("Bell, Ada", ["1"]),
        ("Ada\tBell\tada@example.org", ["1"]),
        ("Name;E-mail\nAda Bell;ada@example.org\n\nBen Cole", ["1", "2"]),
        ("Nobody Here", ["nobody"]),
        ("Ada Bell\nada@example.org", ["1", "twice"]),
    ],
)
def test_a_line_names_somebody_by_address_or_by_their_whole_name(text, told):
    assert matched(text) == told


def test_a_name_that_two_people_have_names_neither_of_them():
    assert matched("Ben Cole", BEN, TWIN) == ["several"]
    assert matched("Ben Cole ben@example.org", BEN, TWIN) == ["3"]


def test_a_name_beside_another_address_is_somebody_else():
    assert matched("Ada Bell <other@example.org>") == ["nobody"]


@given(st.text(max_size=2000))
def test_whatever_is_pasted_is_read(text):
    assert all(one.why_not or one.person for one in pasting.match(pasting.read(text), (ADA, BEN)))


def test_a_line_made_to_take_long_takes_none():
    before = time.perf_counter()
    list(pasting.read("\n".join(["a@" * 5000, "a" * 9000, "," * 9000, "\t" * 9000] * 5)))
    assert time.perf_counter() - before < 20  # the square of such a line would take minutes
