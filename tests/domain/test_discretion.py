# SPDX-License-Identifier: Apache-2.0
"""Names and details that a note had better not hold: what is found, and what is left alone."""

from __future__ import annotations

import pytest

from lti_mentoring.domain.discretion import Finding, findings, names
from support.discretion import EXAMPLES

NAMES = names(["F. Martins", "Will Lee"], ["A new colleague at Brightwater", "Room 2.14, Hollow Oak Ltd"])


def test_the_names_are_those_of_the_people_and_what_looks_like_one_in_the_plan():
    assert NAMES == ("Brightwater", "Hollow", "Lee", "Martins", "Oak", "Will")
    assert names([], ["A new colleague", "Room 2.14", ""]) == ()
    assert names([], ["Brightwater"]) == ("Brightwater",)
    assert names([], ["Amina Quillfeather"]) == ("Amina", "Quillfeather")


@pytest.mark.parametrize(("text", "found"), EXAMPLES)
def test_a_note_is_warned_about_for_what_tells_who_somebody_is(text: str, found: list[tuple[str, str]]):
    assert findings(text, NAMES) == tuple(Finding(*one) for one in found)


def test_the_same_word_is_said_once():
    assert findings("Martins, martins and MARTINS", ["Martins"]) == (Finding("name", "Martins"),)
