# SPDX-License-Identifier: Apache-2.0
"""Pausing, leaving and coming back: whatever anybody does in whatever order, on whatever day, these hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from lti_mentoring.domain import participation as rules
from lti_mentoring.domain.participation import (
    AWARD,
    CANDIDATE,
    COORDINATOR,
    DEFER_REASONS,
    EXTEND_REASONS,
    MOVES,
    PARTICIPATION,
    SYSTEM,
    WITHDRAW_REASONS,
    Act,
    Part,
    after,
    calls_off,
    deadline,
    look_on,
    offered,
    timer,
    warnings_due,
)
from lti_mentoring.domain.period import Period, add_months, overlaps
from lti_mentoring.domain.programme import TimeLimits, from_body, to_body
from lti_mentoring.domain.rule import NotAllowed, RuleBroken

BEGAN = date(2026, 3, 2)
LIMITS = TimeLimits(months=24, deferral_months=6, reinstate_months=12, extensions=1)
BEGUN = Part("active", BEGAN)

days = st.dates(date(2020, 1, 1), date(2035, 12, 31))
periods = st.builds(lambda start, length: Period(start, start + timedelta(days=length)), days, st.integers(0, 400))


def refused(part: Part, verb: str, who: str, today: date, *, limits: TimeLimits = LIMITS, **more: object) -> RuleBroken:
    with pytest.raises(RuleBroken) as told:
        after(part, Act(verb, who, today, **more), limits)  # type: ignore[arg-type]
    return told.value


# --- months and periods ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "months", "then"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2026, 12, 1), 1, date(2027, 1, 1)),
        (date(2026, 5, 31), 0, date(2026, 5, 31)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
        (date(2026, 3, 2), 24, date(2028, 3, 2)),
    ],
)
def test_months_are_counted_by_the_calendar(day: date, months: int, then: date) -> None:
    assert add_months(day, months) == then


@given(days, st.integers(0, 60), st.integers(0, 60))
def test_more_months_are_never_earlier_and_the_day_is_never_later_in_the_month(day: date, some: int, more: int) -> None:
    assert add_months(day, some) <= add_months(day, some + more)
    assert add_months(day, some).day <= day.day


@given(periods, periods)
def test_two_periods_overlap_where_some_day_lies_in_both(one: Period, other: Period) -> None:
    shared = max(one.start, other.start) < min(one.end or date.max, other.end or date.max)
    assert overlaps(one, other) == overlaps(other, one) == (shared and one.days > 0 and other.days > 0)


def test_a_period_that_goes_on_overlaps_all_that_comes_later() -> None:
    assert overlaps(Period(date(2026, 1, 1)), Period(date(2030, 1, 1), date(2030, 2, 1)))
    assert not overlaps(Period(date(2026, 1, 1), date(2026, 2, 1)), Period(date(2026, 2, 1)))
    with pytest.raises(ValueError, match="no length"):
        _ = Period(date(2026, 1, 1)).days


# --- the deadline and its warnings ----------------------------------------------------------------------------------------------


@given(days, st.lists(periods, max_size=4), periods, st.integers(0, 3))
def test_a_deferral_never_brings_the_deadline_nearer(began: date, held: list[Period], more: Period, extensions: int) -> None:
    before, then = (deadline(began, some, LIMITS, extensions) for some in (held, [*held, more]))
    assert then == before + timedelta(days=more.days)
    assert deadline(began, held, LIMITS, extensions + 1) > before


def test_each_warning_is_given_once_and_on_its_day() -> None:
    last = date(2028, 3, 2)
    given_at: dict[int, date] = {}
    for day in range(120, -5, -1):
        today = last - timedelta(days=day)
        for one in warnings_due(last, today, given_at):
            given_at[one] = today
    assert given_at == {90: date(2027, 12, 3), 30: date(2028, 2, 1), 7: date(2028, 2, 24)}


def test_warnings_that_nobody_gave_in_time_are_due_together_and_none_after_the_end() -> None:
    last = date(2028, 3, 2)
    assert warnings_due(last, date(2028, 2, 10), ()) == (90, 30)
    assert warnings_due(last, last, (90,)) == (30, 7)
    assert warnings_due(last, date(2028, 3, 3), ()) == ()


# --- the table ------------------------------------------------------------------------------------------------------------------


def test_states_and_what_they_let_begin() -> None:
    assert {state for state, begins in PARTICIPATION.items() if begins} == {"active"}
    assert {move.state for move in MOVES} | {move.to for move in MOVES} == set(PARTICIPATION)


def test_nothing_leads_out_of_what_was_decided_or_has_run_out() -> None:
    ends = set(PARTICIPATION) - {move.state for move in MOVES}
    assert ends == {"completed", "refused", "excluded", "timed_out"}
    for state in ends:
        for verb in rules.VERBS:
            for who in (CANDIDATE, COORDINATOR, AWARD, SYSTEM):
                assert refused(replace(BEGUN, state=state), verb, who, BEGAN).code == "participation_closed"


def test_only_timers_are_the_system() -> None:
    assert {move.verb for move in MOVES if SYSTEM in move.who} == {"resume", "time_out"}
    assert all(move.who == (SYSTEM,) for move in MOVES if SYSTEM in move.who)


def test_people_who_end_something_say_why_and_a_reason_is_a_code_of_the_list() -> None:
    told = {move.verb for move in MOVES if move.reasons}
    assert told == {"defer", "withdraw", "extend", "exclude"}
    assert refused(BEGUN, "withdraw", CANDIDATE, BEGAN).code == "reason_unknown"
    assert refused(BEGUN, "withdraw", CANDIDATE, BEGAN, reason="my own words").code == "reason_unknown"
    assert refused(replace(BEGUN, state="deferred"), "return", CANDIDATE, BEGAN, reason="workload").code == "reason_unknown"


@pytest.mark.parametrize("verb", ["extend", "exclude", "complete", "refuse", "time_out"])
def test_what_is_not_the_candidates_to_do(verb: str) -> None:
    with pytest.raises(NotAllowed, match="participation_not_yours"):
        after(BEGUN, Act(verb, CANDIDATE, BEGAN), LIMITS)


# --- guards ---------------------------------------------------------------------------------------------------------------------


def test_a_deferral_needs_an_end_ahead_and_fits_into_the_time_for_all() -> None:
    why = {"reason": "workload"}
    assert refused(BEGUN, "defer", CANDIDATE, BEGAN, **why).code == "deferral_end_past"
    assert refused(BEGUN, "defer", CANDIDATE, BEGAN, until=BEGAN, **why).code == "deferral_end_past"
    told = refused(BEGUN, "defer", CANDIDATE, BEGAN, until=date(2026, 9, 3), **why)
    assert (told.code, told.facts["latest"]) == ("deferral_too_long", date(2026, 9, 2))
    part = after(BEGUN, Act("defer", CANDIDATE, BEGAN, "workload", date(2026, 9, 2)), LIMITS)
    assert (part.state, part.deferred_until()) == ("deferred", date(2026, 9, 2))
    back = after(part, Act("resume", SYSTEM, date(2026, 9, 2)), LIMITS)
    assert refused(back, "defer", CANDIDATE, date(2026, 10, 1), until=date(2026, 10, 2), **why).code == "deferral_used_up"


def test_whoever_returns_early_gets_back_only_the_days_of_the_pause() -> None:
    part = after(BEGUN, Act("defer", CANDIDATE, BEGAN, "workload", date(2026, 6, 1)), LIMITS)
    back = after(part, Act("return", CANDIDATE, date(2026, 3, 12)), LIMITS)
    assert back.deferrals == (Period(BEGAN, date(2026, 3, 12)),)
    assert back.deadline(LIMITS) == date(2028, 3, 12)


def test_a_timer_ends_a_deferral_on_its_day_and_not_before() -> None:
    part = after(BEGUN, Act("defer", CANDIDATE, BEGAN, "workload", date(2026, 6, 1)), LIMITS)
    assert refused(part, "resume", SYSTEM, date(2026, 5, 31)).code == "deferral_goes_on"
    late = after(part, Act("resume", SYSTEM, date(2026, 6, 20)), LIMITS)
    assert late.deferrals[-1].end == date(2026, 6, 1)


def test_coming_back_is_possible_to_the_last_day_of_the_window() -> None:
    left = after(BEGUN, Act("withdraw", CANDIDATE, BEGAN, "no_time"), LIMITS)
    assert after(left, Act("reinstate", COORDINATOR, date(2027, 3, 2)), LIMITS).state == "active"
    assert refused(left, "reinstate", COORDINATOR, date(2027, 3, 3)).code == "reinstate_late"
    short = replace(LIMITS, months=6)
    assert refused(left, "reinstate", COORDINATOR, date(2026, 9, 3), limits=short).code == "limit_passed"
    longer = after(left, Act("extend", COORDINATOR, date(2026, 9, 3), "illness"), short)
    assert after(longer, Act("reinstate", COORDINATOR, date(2026, 9, 3)), short).state == "active"


def test_one_way_through_a_programme_goes_on_at_a_time() -> None:
    left = replace(after(BEGUN, Act("withdraw", CANDIDATE, BEGAN, "no_time"), LIMITS), elsewhere=True)
    assert refused(left, "reinstate", COORDINATOR, BEGAN).code == "candidacy_elsewhere"


def test_time_is_extended_as_often_as_the_policy_says() -> None:
    longer = after(BEGUN, Act("extend", COORDINATOR, BEGAN, "illness"), LIMITS)
    assert longer.deadline(LIMITS) == date(2028, 9, 2)
    assert refused(longer, "extend", COORDINATOR, BEGAN, reason="illness").code == "extensions_used"


def test_an_extension_is_as_long_as_the_policy_says_and_six_months_where_it_says_nothing() -> None:
    generous = replace(LIMITS, extension_months=9)
    assert after(BEGUN, Act("extend", COORDINATOR, BEGAN, "illness"), generous).deadline(generous) == date(2028, 12, 2)
    assert "extension_months" not in to_body(LIMITS), "a pack that says nothing of it keeps the hash that it was imported by"
    assert from_body(TimeLimits, to_body(generous)) == generous


def test_nobody_is_timed_out_on_the_last_day_nor_pauses_after_it() -> None:
    last = BEGUN.deadline(LIMITS)
    assert refused(BEGUN, "time_out", SYSTEM, last).code == "limit_not_passed"
    assert timer(BEGUN, last, LIMITS) == ""
    late = last + timedelta(days=1)
    assert timer(BEGUN, late, LIMITS) == "time_out"
    assert after(BEGUN, Act("time_out", SYSTEM, late), LIMITS).state == "timed_out"
    assert refused(BEGUN, "defer", CANDIDATE, late, reason="workload", until=late + timedelta(days=9)).code == "limit_passed"


@given(days, st.integers(1, 120), st.integers(-200, 400))
def test_what_lies_ahead_is_called_off_but_for_what_comes_after_a_pause(today: date, pause: int, ahead: int) -> None:
    planned = today + timedelta(days=ahead)
    assert not calls_off(Part("active", today), today, planned)
    assert calls_off(Part("withdrawn", today, withdrawn_on=today), today, planned) == (ahead >= 0)
    paused = Part("deferred", today, (Period(today, today + timedelta(days=pause)),))
    assert calls_off(paused, today, planned) == (0 <= ahead < pause)


def test_only_what_can_be_done_is_offered() -> None:
    assert offered(BEGUN, CANDIDATE, BEGAN, LIMITS) == ("defer", "withdraw")
    assert offered(BEGUN, COORDINATOR, BEGAN, LIMITS) == ("defer", "withdraw", "extend", "exclude")
    assert offered(BEGUN, CANDIDATE, BEGAN, replace(LIMITS, deferral_months=0)) == ("withdraw",)


# --- enrolment is another question ----------------------------------------------------------------------------------------------


def test_enrolments_follow_one_another_without_a_gap_or_an_overlap() -> None:
    held = rules.enrol((), "joining", date(2026, 1, 1))
    held = rules.enrol(held, "active", date(2026, 2, 1))
    assert held == (("joining", Period(date(2026, 1, 1), date(2026, 2, 1))), ("active", Period(date(2026, 2, 1))))
    for state, day, code in (
        ("active", date(2026, 3, 1), "enrolment_same"),
        ("joining", date(2026, 3, 1), "enrolment_order"),
        ("leaving", date(2026, 1, 31), "enrolment_before"),
        ("gone", date(2026, 3, 1), "enrolment_unknown"),
        ("", date(2026, 3, 1), "enrolment_unknown"),
    ):
        with pytest.raises(RuleBroken, match=code):
            rules.enrol(held, state, day)


@given(st.lists(st.tuples(st.sampled_from(sorted(rules.ENROLMENT)), days), max_size=12))
def test_no_order_of_enrolments_makes_them_overlap(asked: list[tuple[str, date]]) -> None:
    held: tuple[tuple[str, Period], ...] = ()
    for state, day in asked:
        try:
            held = rules.enrol(held, state, day)
        except RuleBroken:
            continue
    spans = [period for _, period in held]
    assert not any(overlaps(one, other) for number, one in enumerate(spans) for other in spans[number + 1 :])
    assert all(period.end is not None for period in spans[:-1])


# --- any life -------------------------------------------------------------------------------------------------------------------


class Life(RuleBasedStateMachine):
    """Days go by, and people and timers do whatever the table lets them, or try what it does not."""

    def __init__(self) -> None:
        super().__init__()
        self.limits = TimeLimits(months=8, deferral_months=4, reinstate_months=3, warn_days=(90, 30, 7), extensions=1)
        self.today = BEGAN
        self.part = Part("active", BEGAN)
        self.warned: dict[date, set[int]] = {}

    def do(self, verb: str, who: str, reason: str = "", until: date | None = None) -> None:
        act = Act(verb, who, self.today, reason, until)
        before, allowed = self.part, verb in offered(self.part, who, self.today, self.limits)
        code = ""
        try:
            self.part = after(before, act, self.limits)
        except RuleBroken as broken:
            code = broken.code
        if code:
            assert not allowed or code in ("reason_unknown", "deferral_end_past", "deferral_too_long", "deferral_overlaps")
            return
        assert allowed
        if verb == "reinstate":
            assert before.withdrawn_on is not None
            assert self.today <= add_months(before.withdrawn_on, self.limits.reinstate_months)
        if verb == "defer":
            assert self.part.deadline(self.limits) > before.deadline(self.limits)
        if verb == "time_out":
            assert self.today > before.deadline(self.limits)

    @rule(gone=st.integers(1, 60))
    def days_go_by(self, gone: int) -> None:
        self.today += timedelta(days=gone)

    @rule(reason=st.sampled_from(DEFER_REASONS), length=st.integers(-5, 150), who=st.sampled_from([CANDIDATE, COORDINATOR]))
    def pause(self, reason: str, length: int, who: str) -> None:
        self.do("defer", who, reason, self.today + timedelta(days=length))

    @rule(who=st.sampled_from([CANDIDATE, COORDINATOR, SYSTEM]))
    def end_the_pause(self, who: str) -> None:
        self.do("resume" if who == SYSTEM else "return", who)

    @rule(reason=st.sampled_from([*WITHDRAW_REASONS, "", "words"]), who=st.sampled_from([CANDIDATE, COORDINATOR]))
    def leave(self, reason: str, who: str) -> None:
        self.do("withdraw", who, reason)

    @rule(who=st.sampled_from([CANDIDATE, COORDINATOR]))
    def come_back(self, who: str) -> None:
        if who == CANDIDATE and self.part.state == "withdrawn":
            with pytest.raises(NotAllowed):
                after(self.part, Act("reinstate", who, self.today), self.limits)
        self.do("reinstate", COORDINATOR)

    @rule(reason=st.sampled_from(EXTEND_REASONS))
    def extend(self, reason: str) -> None:
        self.do("extend", COORDINATOR, reason)

    @rule(verb=st.sampled_from(["complete", "refuse"]))
    @precondition(lambda self: self.today > BEGAN + timedelta(days=200))
    def decide(self, verb: str) -> None:
        self.do(verb, AWARD)

    @rule()
    def sweep(self) -> None:
        verb = timer(self.part, self.today, self.limits)
        if verb:
            self.do(verb, SYSTEM)
        last = self.part.deadline(self.limits)
        if self.part.state == "active":
            warned = self.warned.setdefault(last, set())
            due = warnings_due(last, self.today, warned, self.limits.warn_days)
            assert warned.isdisjoint(due)
            warned.update(due)
        look = look_on(self.part, self.warned.get(last, set()), self.limits)
        assert (look is None) == (self.part.state not in ("active", "deferred"))
        assert look is None or look > self.today or timer(self.part, self.today, self.limits)

    @invariant()
    def deferrals_do_not_overlap(self) -> None:
        held = self.part.deferrals
        assert not any(overlaps(one, other) for number, one in enumerate(held) for other in held[number + 1 :])

    @invariant()
    def all_deferrals_together_stay_within_the_limit(self) -> None:
        held = self.part.deferrals
        if held:
            total = sum(one.days for one in held)
            assert held[0].start + timedelta(days=total) <= add_months(held[0].start, self.limits.deferral_months)

    @invariant()
    def the_deadline_is_what_was_promised_and_the_days_of_pauses(self) -> None:
        months = self.limits.months + self.limits.extension_months * self.part.extensions
        assert self.part.deadline(self.limits) >= add_months(BEGAN, months)
        assert self.part.extensions <= self.limits.extensions

    @invariant()
    def who_has_paused_has_a_pause_and_nobody_else_has_one_that_goes_on(self) -> None:
        assert (self.part.deferred_until() is not None) == (self.part.state == "deferred")
        if self.part.state != "deferred":
            assert all(one.end is not None and one.end <= self.today for one in self.part.deferrals)


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
