# SPDX-License-Identifier: Apache-2.0
"""Who can still observe whom: held against a twin that tries every way of giving the sessions to people."""

from __future__ import annotations

from itertools import combinations_with_replacement

from hypothesis import given
from hypothesis import strategies as st

from lti_mentoring.domain.capacity import (
    CO_MENTOR,
    CONFLICT,
    ENOUGH,
    NOBODY,
    ROLE,
    STUCK,
    TIGHT,
    UNQUALIFIED,
    UNTOLD,
    USED,
    Need,
    Observer,
    groups,
    hindrances,
    outlook,
    wants,
)

PEOPLE = ["ann", "ben", "cyd", "dee", "eva"]


def observers(*names: str) -> list[Observer]:
    """Qualified observers of the course."""
    return [Observer(name, frozenset({"RU-C"})) for name in names]


def need(candidate: str = "kim", wanted: int = 1, **more: object) -> Need:
    return Need(candidate, "independent", "RU-C", wanted, **more)  # type: ignore[arg-type]


# --- the twin -----------------------------------------------------------------------------------------------------------------


def ways(of: Need, people: list[str]) -> list[tuple[str, ...]]:
    """Every way of giving what is left to these people that the rules allow, by trying all of them."""
    found = []
    for chosen in combinations_with_replacement(people, of.wanted):
        new = set(chosen) - of.used
        others = set(chosen) - of.co_mentors
        if len(new) >= of.fresh and (not of.outsider or others):
            found.append(chosen)
    return found


some = st.frozensets(st.sampled_from(PEOPLE))


@st.composite
def towns(draw: st.DrawFn) -> tuple[Need, list[Observer], dict[tuple[str, str], str]]:
    wanted = draw(st.integers(1, 4))
    of = need(
        wanted=wanted,
        fresh=draw(st.integers(0, wanted)),
        used=draw(some),
        co_mentors=draw(some),
        outsider=draw(st.booleans()),
    )
    there = draw(st.lists(st.sampled_from(PEOPLE), unique=True))
    rubrics = st.sampled_from([frozenset({"RU-C"}), frozenset({"RU-C"}), frozenset({"RU-A"})])
    known = [Observer(name, draw(rubrics), draw(st.sampled_from([True, True, False]))) for name in there]
    said = {("kim", name): draw(st.sampled_from(["", "", CONFLICT, UNTOLD])) for name in there}
    return of, known, {pair: verdict for pair, verdict in said.items() if verdict}


@given(towns())
def test_it_can_be_finished_exactly_when_some_way_of_giving_the_sessions_out_keeps_every_rule(town):
    of, known, said = town
    free = [one.id for one in known if "RU-C" in one.rubrics and one.role and ("kim", one.id) not in said]
    found = outlook(of, known, said)
    possible = ways(of, free)
    assert (found.state != STUCK) == bool(possible)
    pillars = [person for person in free if possible and not ways(of, [other for other in free if other != person])]
    assert list(found.pillars) == pillars
    assert (found.state == TIGHT) == bool(pillars)


@given(towns())
def test_whoever_takes_part_in_some_way_is_named_as_able_or_only_a_repeat_stands_against_it(town):
    of, known, said = town
    free = [one.id for one in known if "RU-C" in one.rubrics and one.role and ("kim", one.id) not in said]
    found = outlook(of, known, said)
    assert {person for way in ways(of, free) for person in way} <= set(found.able)
    assert set(found.able) <= set(free)


@given(towns())
def test_what_binds_bars_at_least_as_many_alone_as_anything_else(town):
    of, known, said = town
    found = outlook(of, known, said)
    if found.state == ENOUGH:
        assert found.binds == ""
    elif found.barred:
        assert found.barred[found.binds] == max(found.barred.values())
    else:
        assert found.binds == NOBODY


@given(st.integers(0, 5), st.lists(st.sampled_from(PEOPLE), max_size=6), st.integers(1, 4))
def test_what_is_left_brings_the_observers_that_are_asked_for_together(asked, counted, spread):
    wanted, fresh = wants(asked, counted, spread)
    assert 0 <= fresh <= wanted
    if asked:
        assert len(counted) + wanted >= asked
        assert len(set(counted)) + fresh >= min(spread, asked)


# --- sentences that a coordinator was promised -----------------------------------------------------------------------------------


def test_one_observer_for_four_candidates_of_a_company_is_one_group_that_names_the_constraint():
    four = ["kim", "lee", "max", "noa"]
    in_line = {(candidate, boss): CONFLICT for candidate in four for boss in ("ben", "cyd", "dee")}
    found = groups(outlook(need(one), observers("ann", "ben", "cyd", "dee"), in_line) for one in four)
    (one,) = found
    assert one.candidates == ("kim", "lee", "max", "noa")
    assert (one.state, one.able, one.binds, one.frees) == (TIGHT, ("ann",), CONFLICT, 3)


def test_who_has_observed_a_candidate_cannot_take_what_must_be_by_somebody_new():
    last = need(wanted=1, fresh=1, used=frozenset({"ann"}))
    assert hindrances(last, observers("ann")[0], {}) == (USED,)
    assert outlook(last, observers("ann"), {}).state == STUCK
    assert outlook(last, observers("ann"), {}).binds == USED


def test_a_co_mentor_may_observe_as_long_as_somebody_else_still_can():
    two = need(wanted=2, co_mentors=frozenset({"ann"}), outsider=True)
    assert hindrances(two, observers("ann")[0], {}) == ()
    assert outlook(two, observers("ann"), {}).state == STUCK
    assert outlook(two, observers("ann"), {}).binds == CO_MENTOR
    assert outlook(two, observers("ann", "ben"), {}).pillars == ("ben",)
    one = need(wanted=1, co_mentors=frozenset({"ann"}), outsider=True)
    assert hindrances(one, observers("ann")[0], {}) == (CO_MENTOR,)


def test_where_one_word_would_free_somebody_that_word_is_what_binds():
    found = outlook(need(), [*observers("ann"), Observer("ben", frozenset())], {("kim", "ann"): UNTOLD, ("kim", "ben"): CONFLICT})
    assert (found.state, found.binds, found.barred) == (STUCK, UNTOLD, {UNTOLD: 1})


def test_nobody_at_all_is_said_so():
    assert outlook(need(), [], {}).binds == NOBODY
    assert outlook(need(), [Observer("ann", frozenset({"RU-C"}), role=False)], {}).binds == ROLE
    assert outlook(need(), [Observer("ann", frozenset())], {}).binds == UNQUALIFIED


def test_what_is_stuck_comes_before_what_hangs_on_somebody():
    found = groups([outlook(need("kim"), observers("ann"), {}), outlook(need("lee"), observers("ann"), {("lee", "ann"): CONFLICT})])
    assert [one.state for one in found] == [STUCK, TIGHT]


def test_candidates_with_enough_observers_are_no_group():
    assert groups([outlook(need(), observers("ann", "ben"), {})]) == ()
