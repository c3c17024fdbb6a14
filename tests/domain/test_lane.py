# SPDX-License-Identifier: Apache-2.0
"""How hard an LMS may be worked: a cap, a bucket, and a breaker that asks one at a time whether it is back."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_mentoring.domain import lane
from lti_mentoring.domain.delivery import LONGEST_RETRY_AFTER
from lti_mentoring.domain.lane import (
    ANSWERED,
    BREAKER,
    CLOSED,
    FULL,
    OPEN,
    PROBE,
    PROBING,
    THROTTLED,
    TROUBLE,
    Event,
    Gate,
    Limits,
    admits,
    after,
    event_of,
    lane_key,
    let_through,
    opens_at,
    quiet,
    rest,
    tokens,
    unasked,
)

START = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
LIMITS = Limits(most_at_once=8, per_second=10, burst=20, breaker_failures=5, breaker_seconds=30, cap_seconds=3600)
LEASE = timedelta(seconds=60)
FRESH = Gate(tokens=20, refilled_at=START)
STATES = (CLOSED, OPEN, PROBING)
TOLD = (ANSWERED, TROUBLE, THROTTLED)


def seconds(many: float) -> timedelta:
    return timedelta(seconds=many)


limits_of_all_kinds = st.builds(
    Limits,
    most_at_once=st.integers(1, 16),
    per_second=st.sampled_from([0, 0.2, 1, 10, 100]),
    burst=st.integers(1, 40),
    breaker_failures=st.integers(1, 6),
    breaker_seconds=st.sampled_from([0.5, 30, 600]),
    cap_seconds=st.sampled_from([60, 3600]),
)
waits = st.none() | st.integers(-3600, 200_000)
"""What Retry-After says, in seconds from now."""


@dataclass(frozen=True)
class Step:
    """Time passes (or is set back), workers ask the gate for ``wanted``, and some requests end."""

    passes: float
    wanted: int
    ends: tuple[tuple[str, int | None], ...]


steps = st.builds(
    Step,
    passes=st.one_of(st.floats(0, 5), st.floats(0, 5000), st.floats(-5000, 0)),
    wanted=st.integers(0, 20),
    ends=st.lists(st.tuples(st.sampled_from(TOLD), waits), max_size=6).map(tuple),
)
histories = st.lists(steps, min_size=1, max_size=25)


@dataclass(frozen=True)
class Seen:
    """What happened in one step, and the gates around it."""

    now: datetime
    before: Gate
    in_flight: int
    allowed: int
    begun: int


def play(limits: Limits, history: list[Step], lot: random.Random) -> list[Seen]:
    """The workers of a gate, by its own rules."""
    gate, now, in_flight, seen = Gate(tokens=limits.burst, refilled_at=START), START, 0, []
    for step in history:
        now += seconds(step.passes)
        allowed = admits(gate, limits, in_flight=in_flight, now=now)
        begun = min(allowed, step.wanted)
        seen.append(Seen(now, gate, in_flight, allowed, begun))
        gate = let_through(gate, limits, count=begun, now=now, lease=LEASE)
        in_flight += begun
        events = [Event(kind, None if asked is None else now + seconds(asked)) for kind, asked in step.ends[:in_flight]]
        gate = after(gate, limits, events, now=now, chance=lot.random)
        in_flight -= len(events)
    return seen


# --- the breaker -----------------------------------------------------------------------------------------------------------------


def test_every_state_knows_what_every_end_of_a_request_means() -> None:
    assert {(state, event) for state, event in BREAKER if event != PROBE} == set(product(STATES, (*TOLD, FULL)))
    assert set(BREAKER.values()) == set(STATES)


def test_only_a_breaker_that_is_not_closed_probes() -> None:
    assert {state for state, event in BREAKER if event == PROBE} == {OPEN, PROBING}


@pytest.mark.parametrize("state", STATES)
def test_whatever_an_lms_says_of_its_own_closes_the_breaker(state: str) -> None:
    openings = 0 if state == CLOSED else 3
    for kind in (ANSWERED, THROTTLED):
        gate = after(replace(FRESH, breaker=state, openings=openings, troubles=4), LIMITS, [Event(kind)], now=START, chance=lambda: 1.0)
        assert (gate.breaker, gate.troubles, gate.openings) == (CLOSED, 0, 0)


def test_so_many_troubles_in_a_row_open_it_and_fewer_do_not() -> None:
    gate = after(FRESH, LIMITS, [Event(TROUBLE)] * 4, now=START, chance=lambda: 1.0)
    assert (gate.breaker, gate.troubles) == (CLOSED, 4)
    gate = after(gate, LIMITS, [Event(ANSWERED), *[Event(TROUBLE)] * 4], now=START, chance=lambda: 1.0)
    assert gate.breaker == CLOSED
    gate = after(gate, LIMITS, [Event(TROUBLE)], now=START, chance=lambda: 1.0)
    assert (gate.breaker, gate.openings, gate.rests_until) == (OPEN, 1, START + seconds(30))


def test_what_comes_back_late_does_not_make_the_rest_longer() -> None:
    opened = after(FRESH, LIMITS, [Event(TROUBLE)] * 5, now=START, chance=lambda: 1.0)
    assert after(opened, LIMITS, [Event(TROUBLE)] * 3, now=START + seconds(10), chance=lambda: 1.0).rests_until == opened.rests_until


def test_after_a_rest_one_asks_and_nobody_else_until_it_is_answered() -> None:
    gate = replace(FRESH, breaker=OPEN, troubles=5, openings=1, rests_until=START + seconds(30))
    assert admits(gate, LIMITS, in_flight=0, now=START + seconds(29)) == 0
    now = START + seconds(30)
    assert admits(gate, LIMITS, in_flight=0, now=now) == 1
    gate = let_through(gate, LIMITS, count=1, now=now, lease=LEASE)
    assert gate.breaker == PROBING
    assert admits(gate, LIMITS, in_flight=1, now=now + seconds(59)) == 0
    well = after(gate, LIMITS, [Event(ANSWERED)], now=now + seconds(1), chance=lambda: 1.0)
    assert admits(well, LIMITS, in_flight=0, now=now + seconds(1)) == LIMITS.most_at_once
    ill = after(gate, LIMITS, [Event(TROUBLE)], now=now + seconds(1), chance=lambda: 1.0)
    assert (ill.breaker, ill.openings, ill.rests_until) == (OPEN, 2, now + seconds(61))


def test_a_probe_whose_worker_died_is_followed_by_another_one_when_its_lease_ends() -> None:
    gate = let_through(replace(FRESH, breaker=OPEN), LIMITS, count=1, now=START, lease=LEASE)
    assert opens_at(gate, LIMITS, START) == START + LEASE
    assert admits(gate, LIMITS, in_flight=0, now=START + LEASE) == 1


def test_a_probe_that_had_nothing_to_ask_makes_room_for_the_next_one() -> None:
    gate = let_through(replace(FRESH, breaker=OPEN), LIMITS, count=1, now=START, lease=LEASE)
    assert admits(unasked(gate, START), LIMITS, in_flight=0, now=START) == 1
    for state in (CLOSED, OPEN):
        resting = replace(FRESH, breaker=state, rests_until=START + LEASE)
        assert unasked(resting, START) == resting


@given(limits_of_all_kinds, histories, st.randoms(use_true_random=False))
def test_while_it_is_not_closed_nobody_begins_before_the_rest_is_over_and_then_one(
    limits: Limits, history: list[Step], lot: random.Random
) -> None:
    for one in play(limits, history, lot):
        if one.before.rests_until is not None and one.now < one.before.rests_until:
            assert one.allowed == 0
        elif one.before.breaker != CLOSED:
            assert one.allowed == (1 if one.in_flight < limits.most_at_once else 0)


@given(limits_of_all_kinds, histories, st.randoms(use_true_random=False))
def test_a_breaker_that_is_open_has_a_time_at_which_it_is_asked_again(limits: Limits, history: list[Step], lot: random.Random) -> None:
    for one in play(limits, history, lot):
        assert one.before.breaker == CLOSED or one.before.rests_until is not None


@given(limits_of_all_kinds, st.integers(1, 60), waits, st.randoms(use_true_random=False))
def test_a_rest_is_no_longer_than_the_cap_and_what_the_lms_asks_for_a_day_at_the_most(
    limits: Limits, times: int, asked: int | None, lot: random.Random
) -> None:
    until = rest(limits, times, START, lot.random, None if asked is None else START + seconds(asked))
    wanted = min(max(seconds(asked or 0), timedelta(0)), LONGEST_RETRY_AFTER)
    bound = min(limits.cap_seconds, limits.breaker_seconds * 2 ** (times - 1))
    assert wanted + seconds(bound / 2) <= until - START + timedelta(microseconds=1)
    assert until - START <= wanted + seconds(bound) + timedelta(microseconds=1)


def test_rests_double_from_one_opening_to_the_next_up_to_the_cap() -> None:
    gate, now, rests = FRESH, START, []
    gate = after(gate, LIMITS, [Event(TROUBLE)] * 5, now=now, chance=lambda: 1.0)
    for _ in range(9):
        assert gate.rests_until is not None
        rests.append((gate.rests_until - now).total_seconds())
        now = gate.rests_until
        gate = after(let_through(gate, LIMITS, count=1, now=now, lease=LEASE), LIMITS, [Event(TROUBLE)], now=now, chance=lambda: 1.0)
    assert rests == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]


def test_an_lms_that_asks_us_to_slow_down_rests_as_long_as_it_asks_and_is_not_taken_for_dead() -> None:
    gate = after(FRESH, LIMITS, [Event(THROTTLED, START + seconds(120))], now=START, chance=lambda: 1.0)
    assert (gate.breaker, gate.rests_until) == (CLOSED, START + seconds(150))
    shorter = after(gate, LIMITS, [Event(THROTTLED)], now=START, chance=lambda: 1.0)
    assert shorter.rests_until == gate.rests_until, "a second word does not shorten the first"


# --- the cap and the bucket --------------------------------------------------------------------------------------------------------


@given(limits_of_all_kinds, histories, st.randoms(use_true_random=False))
def test_never_are_more_under_way_than_the_cap(limits: Limits, history: list[Step], lot: random.Random) -> None:
    for one in play(limits, history, lot):
        assert 0 <= one.allowed <= max(0, limits.most_at_once - one.in_flight)


@given(limits_of_all_kinds, st.integers(0, 100))
def test_a_cap_that_was_lowered_while_more_are_under_way_lets_nobody_in(limits: Limits, more: int) -> None:
    assert admits(FRESH, limits, in_flight=limits.most_at_once + more, now=START) == 0


@given(limits_of_all_kinds.filter(lambda one: one.per_second > 0), histories, st.randoms(use_true_random=False))
def test_over_any_window_no_more_begin_than_the_burst_and_the_rate_allow(limits: Limits, history: list[Step], lot: random.Random) -> None:
    forward = [replace(step, passes=abs(step.passes)) for step in history]
    seen = play(limits, forward, lot)
    # A probe needs no token: it is one in a rest, and empties the bucket as far as there is something in it.
    begun = [(one.now, one.begun if one.before.breaker == CLOSED else 0) for one in seen]
    for first in range(len(begun)):
        total = 0
        for at, count in begun[first:]:
            total += count
            assert total <= limits.burst + limits.per_second * (at - begun[first][0]).total_seconds() + 1e-6


@given(limits_of_all_kinds, st.floats(0, 50), st.lists(st.floats(0, 100), min_size=1, max_size=20))
def test_the_bucket_only_fills_while_nothing_is_taken_and_never_over_its_rim(limits: Limits, held: float, passes: list[float]) -> None:
    gate = Gate(tokens=min(held, limits.burst), refilled_at=START)
    levels = [tokens(gate, limits, START + seconds(at)) for at in sorted(passes)]
    assert all(one <= other for one, other in pairwise(levels))
    assert all(gate.tokens <= one <= limits.burst for one in levels)


@given(limits_of_all_kinds, st.floats(0, 40), st.floats(0, 10**6), st.integers(0, 16))
def test_a_clock_that_was_set_back_takes_no_tokens_and_lets_no_more_in(limits: Limits, held: float, back: float, in_flight: int) -> None:
    gate = Gate(tokens=min(held, limits.burst), refilled_at=START)
    earlier = START - seconds(back)
    assert tokens(gate, limits, earlier) == gate.tokens
    assert admits(gate, limits, in_flight=in_flight, now=earlier) <= admits(gate, limits, in_flight=in_flight, now=START)
    resting = replace(gate, rests_until=START + seconds(1))
    assert admits(resting, limits, in_flight=in_flight, now=earlier) == 0


def test_after_a_quiet_time_a_burst_begins_at_once_and_then_the_rate_holds() -> None:
    wide = replace(LIMITS, most_at_once=100)
    assert admits(FRESH, wide, in_flight=0, now=START) == 20
    gate = let_through(FRESH, wide, count=20, now=START, lease=LEASE)
    assert admits(gate, wide, in_flight=20, now=START) == 0
    assert opens_at(gate, wide, START) == START + seconds(0.4), "four together, not one each tenth of a second"
    assert admits(gate, wide, in_flight=20, now=START + seconds(0.4)) == 4
    assert admits(gate, wide, in_flight=20, now=START + seconds(1)) == 10
    assert admits(gate, wide, in_flight=20, now=START + seconds(60)) == 20


@given(limits_of_all_kinds)
def test_an_empty_bucket_is_asked_again_for_one_score_at_least_and_half_a_burst_at_most(limits: Limits) -> None:
    empty = Gate(tokens=0, refilled_at=START)
    at = opens_at(empty, limits, START)
    assert (at is None) == (not limits.per_second)
    if at is not None:
        filled = tokens(empty, limits, at + seconds(0.001))
        assert filled + 0.001 >= 1
        assert filled <= max(1, limits.burst / 2) + 0.002 * limits.per_second


def test_without_a_rate_only_the_cap_counts() -> None:
    free = replace(LIMITS, per_second=0)
    empty = Gate(tokens=0, refilled_at=START)
    assert admits(empty, free, in_flight=3, now=START) == 5
    assert let_through(empty, free, count=5, now=START, lease=LEASE) == empty
    assert opens_at(empty, free, START) is None


@given(limits_of_all_kinds, histories, st.randoms(use_true_random=False))
def test_a_gate_that_says_when_it_opens_is_open_then(limits: Limits, history: list[Step], lot: random.Random) -> None:
    for one in play(limits, history, lot):
        at = opens_at(one.before, limits, one.now)
        if at is not None:
            assert at > one.now
            # A float may miss the last token by a hair; a rest that is over may have left the bucket to fill.
            again = opens_at(one.before, limits, at + seconds(0.001)) or at
            assert admits(one.before, limits, in_flight=0, now=again + seconds(0.001)) >= 1


# --- the pause ---------------------------------------------------------------------------------------------------------------------


@given(limits_of_all_kinds, st.sampled_from(STATES), st.integers(0, 20), st.floats(0, 10**6))
def test_a_paused_gate_lets_nobody_in_and_does_not_say_when(limits: Limits, state: str, in_flight: int, passed: float) -> None:
    gate = replace(FRESH, breaker=state, paused=True)
    now = START + seconds(passed)
    assert admits(gate, limits, in_flight=in_flight, now=now) == 0
    assert opens_at(gate, limits, now) is None


@given(limits_of_all_kinds, st.lists(st.sampled_from(TOLD), max_size=12))
def test_what_is_still_under_way_does_not_end_a_pause(limits: Limits, kinds: list[str]) -> None:
    gate = after(replace(FRESH, paused=True), limits, [Event(kind) for kind in kinds], now=START, chance=lambda: 1.0)
    assert gate.paused


# --- what a request tells ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdict", "kind"),
    [
        (("done", 200, ""), ANSWERED),
        (("stale", 409, "newer_grade"), ANSWERED),
        (("refused", 404, "column_gone"), ANSWERED),
        (("refused", None, "address_refused"), ANSWERED),
        (("later", 500, "server_error"), ANSWERED),
        (("later", 501, "server_error"), ANSWERED),
        (("later", None, "unreachable"), TROUBLE),
        (("later", 200, "server_error"), TROUBLE),
        (("later", 408, "server_error"), TROUBLE),
        (("later", 425, "server_error"), TROUBLE),
        (("later", 502, "server_error"), TROUBLE),
        (("later", 503, "server_error"), TROUBLE),
        (("later", 504, "server_error"), TROUBLE),
        (("later", 429, "busy"), THROTTLED),
        (("later", 403, "busy"), THROTTLED),
    ],
)
def test_what_one_request_tells_of_the_whole_lms(verdict: tuple[str, int | None, str], kind: str) -> None:
    said, status, remedy = verdict
    assert event_of(kind=said, status=status, remedy=remedy, retry_after=None).kind == kind


@given(limits_of_all_kinds, st.lists(st.sampled_from(TOLD), max_size=8), st.integers(0, 3), st.sampled_from(STATES))
def test_what_leaves_a_gate_quiet_leaves_it_as_it_is(limits: Limits, kinds: list[str], troubles: int, state: str) -> None:
    gate = replace(FRESH, breaker=state, troubles=troubles)
    events = [Event(kind) for kind in kinds]
    if quiet(gate, events):
        assert after(gate, limits, events, now=START, chance=lambda: 1.0) == gate


def test_an_lms_is_an_issuer_at_an_origin() -> None:
    here = lane_key("https://lms.example", "https://lms.example/grades/1?type_id=7")
    assert here == lane_key("https://LMS.example", "https://lms.EXAMPLE/grades/2")
    assert here != lane_key("https://lms.example", "https://lms.example:8443/grades/1")
    assert here != lane_key("https://other.example", "https://lms.example/grades/1")
    assert here != lane_key("https://lms.example", "http://lms.example/grades/1")
    assert len(here) == 32
    assert lane.TROUBLE_STATUSES.isdisjoint({200, 429, 500})
