# SPDX-License-Identifier: Apache-2.0
"""What a roster may change, for every order of launches and rosters."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from lti_mentoring.domain import roster
from lti_mentoring.domain.roster import Held

STANDINGS = st.sampled_from(("instructor", "grader", "learner", "none"))
SAID = st.tuples(st.booleans(), STANDINGS, st.sampled_from(("active", "inactive", "deleted")))
NAMES = st.none() | st.sampled_from(("", "Ada", "Ada Byron"))


@given(st.lists(SAID))
def test_what_counts_is_the_last_launch_and_before_the_first_the_last_roster(said: list[tuple[bool, str, str]]) -> None:
    held = Held(launched=False)
    launch = listed = None
    for by_launch, standing, status in said:
        held = roster.launched(held, standing=standing) if by_launch else roster.after(held, standing=standing, status=status)
        if by_launch:
            launch = standing
            assert held.status == "active"  # the LMS has let them in
        else:
            listed = standing
            assert held.status == {"deleted": "left"}.get(status, status)
        assert held.standing == (launch or listed)
        assert held.launched == (launch is not None)


@given(st.lists(st.tuples(NAMES, st.booleans())), NAMES)
def test_NR_03_no_roster_erases_a_name(said: list[tuple[str | None, bool]], name: str | None) -> None:
    for told, first in said:
        new = roster.name_after(name, told, first=first)
        assert new or not name
        assert new in (name, told)
        assert new == name or not (first and name)
        name = new


@given(st.integers(1, 10_000), st.booleans())
def test_NR_05_differences_are_never_all_that_is_ever_asked_for(run: int, offered: bool) -> None:
    kinds = {roster.next_kind(run=one, differences=offered) for one in range(run, run + roster.FULL_EVERY)}
    assert "full" in kinds
    assert ("differences" in kinds) == offered


@given(st.floats(0, 1))
def test_a_course_is_read_again_within_a_day_and_a_bit(chance: float) -> None:
    now = datetime(2026, 11, 1, tzinfo=UTC)
    assert now + 0.9 * roster.EVERY <= roster.due_again(now, chance) <= now + 1.1 * roster.EVERY
