# SPDX-License-Identifier: Apache-2.0
"""A chain of lines: whatever is changed, taken out or put in between shows, and where."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_mentoring.domain.chaining import BEGINNING, Break, Line, canonical, chain, first_break

AT = datetime(2026, 3, 1, 12, 0, 0, 5, tzinfo=UTC)
LINES = [Line("org", f"line-{n}", AT + timedelta(seconds=n), "person", "made", "pair", str(n), "", {"count": n}) for n in range(5)]


def chained() -> list[tuple[Any, Any]]:
    return list(zip(LINES, chain(LINES), strict=True))


def test_what_was_chained_holds_in_one_go_and_in_parts():
    links = chain(LINES[:2])
    assert links + chain(LINES[2:], position=2, prev_hash=links[-1].hash) == chain(LINES)
    assert first_break(chained()) is None
    assert first_break([]) is None


@given(st.integers(0, 4), st.sampled_from(["id", "actor_id", "verb", "object_kind", "object_id", "reason", "org_id"]), st.text(max_size=9))
def test_a_changed_word_shows_at_its_line(number: int, name: str, said: str):
    rows = chained()
    line, link = rows[number]
    rows[number] = (replace(line, **{name: said}), link)
    found = first_break(rows)
    if said == getattr(line, name):
        assert found is None
    else:
        assert found == Break(number + 1, line.id if name != "id" else said, "changed")


@pytest.mark.parametrize("number", range(4))
def test_a_line_that_is_taken_out_or_moved_shows(number: int):
    rows = chained()
    assert first_break([*rows[:number], *rows[number + 1 :]]) == Break(number + 1, "", "missing")
    (first, a), (second, b) = rows[number : number + 2]
    assert first_break([*rows[:number], (second, a), (first, b), *rows[number + 2 :]]) == Break(number + 1, second.id, "changed")


def test_a_chain_that_was_made_anew_from_a_line_on_shows_by_its_head():
    other = chain([*LINES[:2], replace(LINES[2], reason="another"), *LINES[3:]])
    assert first_break(zip([*LINES[:2], replace(LINES[2], reason="another"), *LINES[3:]], other, strict=True)) is None
    assert other[-1].hash != chain(LINES)[-1].hash


def test_a_time_is_hashed_as_a_moment_and_not_as_a_zone_writes_it():
    there = replace(LINES[0], at=AT.astimezone(timezone(timedelta(hours=2))))
    assert canonical(there, position=1, prev_hash=BEGINNING) == canonical(LINES[0], position=1, prev_hash=BEGINNING)
    assert canonical(LINES[0], position=1, prev_hash=BEGINNING).startswith(b'{"actor_id":"person","at":"2026-03-01T12:00:00.000005+00:00"')
