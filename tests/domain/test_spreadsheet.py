# SPDX-License-Identifier: Apache-2.0
"""Cells of a file that leaves the tool."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_mentoring.domain.spreadsheet import plain


@given(st.text())
def test_no_cell_of_the_file_begins_a_formula_and_none_loses_a_letter(text):
    told = plain(text)
    assert not told.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert told.replace("'", "") == text.replace("'", "")


@pytest.mark.parametrize(
    "text", [" =1", "\u200b=1", "\u202e@A1", "\uff1d1", "\x00-1", "x;=HYPERLINK(1)", "x; +1", "x;\u200b\uff1d1", "a;b;@c"]
)
def test_what_hides_a_formula_from_the_eye_or_begins_a_cell_at_a_semicolon_stays_text(text):
    assert plain(text).replace("'", "", 1) == text
    assert plain(text) != text


@pytest.mark.parametrize("text", ["", "T. Lindqvist", "Ana; Bo", "a=b", "a-b", "3; not seen", "x ;y"])
def test_what_is_no_formula_is_left_alone(text):
    assert plain(text) == text
