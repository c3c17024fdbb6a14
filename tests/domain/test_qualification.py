# SPDX-License-Identifier: Apache-2.0
"""Who may rate: what qualifies, for how long, what suspends, and whatever happens in whatever order, what a rating counts for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from lti_mentoring.domain import qualification as rules
from lti_mentoring.domain.calibration import compared
from lti_mentoring.domain.diagram import diagram
from lti_mentoring.domain.period import Period, add_months
from lti_mentoring.domain.programme import Criterion, from_body, to_body
from lti_mentoring.domain.qualification import (
    COUNTS,
    CURRENT,
    FULL,
    LAPSED,
    NONE,
    PROVISIONAL,
    SET_ASIDE,
    SHORT,
    SUSPENDED,
    Act,
    Attempt,
    Doubled,
    Qualification,
    Standing,
    after,
    calibrated,
    drift,
    due,
    standing,
    state_on,
)
from lti_mentoring.domain.reliability import ASSURED_QUALIFYING, STARTER_DOUBLING, STARTER_QUALIFYING, Doubling, Qualifying
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.domain.transcript import MasterRating, Transcript, script

TEXT = (Path(__file__).parents[2] / "config" / "programmes" / "foundations" / "en" / "transcripts" / "T1.md").read_text("utf-8")
PLAIN = script(Transcript("T1", TEXT))
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
SAME, ONE_OFF, TWO_OFF = (3, 3), (3, 4), (3, 1)

Said = Sequence[tuple[int | None, int | None]]
"""Master and own level of each criterion."""


def attempt(exercise: str, said: Said, at: datetime = START, critical: int = 0, whole: bool = True) -> Attempt:
    """An attempt at an exercise with those levels; the first ``critical`` criteria are critical ones."""
    criteria = [Criterion(f"C{number}", "", (), number <= critical, ("a", "b", "c", "d")) for number in range(1, len(said) + 1)]
    masters = tuple(MasterRating(one.key, "", pair[0], None, "firm", "e", "c", 1) for one, pair in zip(criteria, said, strict=True))
    own = {one.key: pair[1] for one, pair in zip(criteria, said, strict=True)}
    return Attempt(exercise, at, compared(replace(PLAIN, ratings=masters), criteria, own), whole)


def pooled(said: Said, critical: int = 0) -> list[Attempt]:
    """Two exercises that hold these levels together."""
    half = len(said) // 2
    return [attempt("T1", said[:half], START, critical), attempt("T2", said[half:], START + timedelta(hours=1), critical)]


def lacks(attempts: Sequence[Attempt], basis: str = FULL, now: datetime = START + timedelta(days=1)) -> list[str]:
    return [one.code for one in calibrated(ASSURED_QUALIFYING, attempts, basis, now).lacks]


def qualified(now: datetime = START + timedelta(days=1), qualifying: Qualifying = ASSURED_QUALIFYING) -> Qualification:
    return after(Qualification(), Act("calibrate", now, attempts=pooled([SAME] * 24)), qualifying)


def double(said: Said, at: datetime = START + timedelta(days=30)) -> list[Doubled]:
    return [Doubled(at + timedelta(minutes=number), pair) for number, pair in enumerate(said)]


# --- calibration -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "missing"),
    [
        ([SAME] * 12 + [ONE_OFF] * 4, []),  # 75 %
        ([SAME] * 14 + [ONE_OFF] * 6, []),  # exactly 70 %
        ([SAME] * 11 + [ONE_OFF] * 5, ["exact_below"]),  # 68.75 %
        ([SAME] * 19 + [TWO_OFF], []),  # exactly 95 % within one
        ([SAME] * 17 + [TWO_OFF], ["within_one_below"]),  # 94.4 %
        ([SAME] * 15, ["scores_missing"]),
        ([SAME] * 8 + [ONE_OFF] * 5 + [TWO_OFF] * 2, ["scores_missing", "exact_below", "within_one_below"]),
        ([SAME] * 15 + [(None, None)] * 5, ["scores_missing"]),
        ([SAME] * 16 + [(None, None)] * 8, []),
        ([SAME] * 16 + [(3, None)] * 6, []),  # 16 of 22: 72.7 %
        ([SAME] * 16 + [(3, None)] * 7, ["exact_below"]),  # leaving out what is hard does not help
        ([SAME] * 16 + [(None, 2)] * 7, ["exact_below"]),
    ],
)
def test_the_bar_is_held_to_the_last_score(said: Said, missing: list[str]):
    assert lacks(pooled(said)) == missing


def test_a_critical_criterion_missed_by_two_is_never_made_up_for():
    said = [TWO_OFF] + [SAME] * 23
    assert lacks(pooled(said)) == []
    found = calibrated(ASSURED_QUALIFYING, pooled(said, critical=1), FULL, START + timedelta(days=1))
    assert ([one.code for one in found.lacks], found.missed) == (["critical_missed"], ("C1",))
    assert lacks(pooled([ONE_OFF, *[SAME] * 23], critical=1)) == []


def test_one_exercise_is_too_few_however_long():
    assert lacks([attempt("T1", [SAME] * 20)]) == ["exercises_missing"]
    assert lacks([]) == ["exercises_missing", "scores_missing"]


def test_the_last_exercises_count_and_no_more_than_it_takes():
    bad, good = [TWO_OFF] * 12, [SAME] * 12
    first = attempt("T1", bad, START)
    second, third = attempt("T2", good, START + timedelta(days=1)), attempt("T3", good, START + timedelta(days=2))
    now = START + timedelta(days=3)
    assert "within_one_below" in lacks([first, second], now=now)
    found = calibrated(ASSURED_QUALIFYING, [first, second, third], FULL, now)
    assert ([one.exercise for one in found.attempts], found.reached) == (["T3", "T2"], True)
    last = attempt("T4", bad, START + timedelta(days=2, hours=1))
    assert "exact_below" in lacks([second, third, last], now=now), "what came before does not make up for it"


def test_an_exercise_whose_masters_were_seen_counts_whole_only_after_a_year():
    first, again = attempt("T1", [TWO_OFF] * 12), attempt("T1", [SAME] * 12, START + timedelta(days=1))
    other = attempt("T2", [SAME] * 12, START + timedelta(days=2))
    assert "exact_below" in lacks([first, again, other], now=START + timedelta(days=3))
    assert lacks([first, again, other], SHORT, START + timedelta(days=3)) == [], "a short one may be repeated"
    later = add_months(START.date(), 12)
    fresh = datetime(later.year, later.month, later.day, 9, tzinfo=UTC)
    renewed = [first, attempt("T1", [SAME] * 12, fresh), attempt("T2", [SAME] * 12, fresh)]
    assert lacks(renewed, now=fresh + timedelta(hours=1)) == []


def test_the_same_short_exercise_twice_is_one_exercise():
    twice = [attempt("T1", [SAME] * 12, START + timedelta(days=number), whole=False) for number in (0, 1)]
    assert lacks(twice, SHORT, START + timedelta(days=2)) == ["exercises_missing", "scores_missing"]


def test_short_exercises_make_no_whole_calibration():
    parts = [replace(one, whole=False) for one in pooled([SAME] * 16)]
    assert (lacks(parts, SHORT), lacks(parts, FULL)) == ([], ["exercises_missing", "scores_missing"])
    with pytest.raises(RuleBroken, match="qualification_short") as refused:
        after(Qualification(), Act("calibrate", START + timedelta(days=1), attempts=parts), ASSURED_QUALIFYING)
    assert refused.value.facts["calibrated"].basis == FULL
    held = after(Qualification(), Act("calibrate", START + timedelta(days=1), attempts=parts), STARTER_QUALIFYING)
    assert (held.state, held.basis) == (CURRENT, SHORT)


def test_a_year_old_attempt_qualifies_nobody():
    old = pooled([SAME] * 24)
    assert lacks(old, now=datetime(2027, 3, 1, 9, tzinfo=UTC)) == []
    assert lacks(old, now=datetime(2027, 3, 2, 9, tzinfo=UTC)) == ["exercises_missing", "scores_missing"]


# --- drift -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "by"),
    [
        ([SAME] * 12 + [(3, 4), (3, 2)] * 4, ()),  # exactly 60 %
        ([SAME] * 11 + [(3, 4), (3, 2)] * 4 + [ONE_OFF], ("exact",)),
        ([SAME] * 12 + [(2, 4)] * 8, ("bias",)),  # 0.8, from 0.3 to 1.3
        ([SAME] * 12 + [(4, 2)] * 8, ("bias",)),
        ([SAME] * 12 + [(1, 4)] * 5 + [(3, 2)] * 3, ()),  # 0.6, from -0.1 to 1.3: not sure
        ([SAME] * 10 + [ONE_OFF] * 10, ("exact",)),  # 0.5 is not more than half a level
        ([ONE_OFF] * 20, ("exact", "bias")),  # all by the same: as sure as it gets
        ([ONE_OFF] * 19, ()),  # too few to say
        ([ONE_OFF] * 19 + [(None, 3), (3, None), (None, None)], ()),
        ([ONE_OFF] * 30 + [SAME] * 20, ()),  # the last twenty
        ([SAME] * 30 + [ONE_OFF] * 20, ("exact", "bias")),
    ],
)
def test_drift_is_found_in_the_last_twenty(said: Said, by: tuple[str, ...]):
    found = drift(ASSURED_QUALIFYING, double(said))
    assert (found.by if found else ()) == by


def test_the_order_in_which_ratings_are_given_is_that_of_their_times():
    said = double([ONE_OFF] * 20 + [SAME] * 20)
    assert drift(ASSURED_QUALIFYING, said[::-1]) is None


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), min_size=20, max_size=20))
@settings(deadline=None)
def test_who_rates_higher_drifts_as_far_as_who_rates_lower(said: list[tuple[int, int]]):
    here, there = (drift(ASSURED_QUALIFYING, double(one)) for one in (said, [(own, other) for other, own in said]))
    assert (here and here.by) == (there and there.by)


# --- the table ---------------------------------------------------------------------------------------------------------------


def test_who_has_calibrated_is_current_for_a_year_to_the_day():
    held = qualified()
    assert held == Qualification(CURRENT, FULL, Period(date(2026, 3, 3), date(2027, 3, 3)), held.begun, held.begun)
    assert due(held, (), datetime(2027, 3, 2, 23, tzinfo=UTC), ASSURED_QUALIFYING) == ""
    with pytest.raises(RuleBroken, match="qualification_goes_on") as early:
        after(held, Act("lapse", datetime(2027, 3, 2, 23, tzinfo=UTC)), ASSURED_QUALIFYING)
    assert early.value.facts["until"] == date(2027, 3, 3)
    assert due(held, (), datetime(2027, 3, 3, tzinfo=UTC), ASSURED_QUALIFYING) == "lapse"
    assert after(held, Act("lapse", datetime(2027, 3, 3, tzinfo=UTC)), ASSURED_QUALIFYING).state == LAPSED


def test_modules_come_before_qualifying():
    with pytest.raises(RuleBroken, match="qualification_modules") as refused:
        after(Qualification(), Act("calibrate", START + timedelta(days=1), ("M7 Feedback",), pooled([SAME] * 24)), ASSURED_QUALIFYING)
    assert refused.value.facts["modules"] == ("M7 Feedback",)


def test_drift_suspends_and_only_new_exercises_bring_somebody_back():
    held, drifted = qualified(), double([ONE_OFF] * 20)
    now = START + timedelta(days=40)
    assert due(held, drifted, now, ASSURED_QUALIFYING) == "suspend"
    suspended = after(held, Act("suspend", now, doubled=drifted), ASSURED_QUALIFYING)
    assert (suspended.state, suspended.suspended_on) == (SUSPENDED, now.date())
    with pytest.raises(RuleBroken, match="qualification_short"):
        after(suspended, Act("calibrate", now, attempts=pooled([SAME] * 24)), ASSURED_QUALIFYING)
    new = [attempt("T3", [SAME] * 12, now + timedelta(days=1)), attempt("T4", [SAME] * 12, now + timedelta(days=2))]
    back = after(suspended, Act("calibrate", now + timedelta(days=3), attempts=[*pooled([SAME] * 24), *new]), ASSURED_QUALIFYING)
    assert (back.state, back.suspended_on) == (CURRENT, None)
    assert due(back, drifted, now + timedelta(days=4), ASSURED_QUALIFYING) == "", "what suspended them once does not do so again"


def test_exercises_from_before_a_suspension_bring_nobody_back():
    held, drifted, now = qualified(), double([ONE_OFF] * 20), START + timedelta(days=40)
    between = [attempt("T3", [SAME] * 12, START + timedelta(days=35)), attempt("T4", [SAME] * 12, now)]
    suspended = after(held, Act("suspend", now, doubled=drifted), ASSURED_QUALIFYING)
    with pytest.raises(RuleBroken, match="qualification_short") as refused:
        after(suspended, Act("calibrate", now + timedelta(days=1), attempts=between), ASSURED_QUALIFYING)
    assert refused.value.facts["calibrated"].attempts == ()


def test_an_exercise_that_qualifies_at_the_moment_it_is_submitted_does_not_count_again():
    now = START + timedelta(hours=1)
    held = after(Qualification(), Act("calibrate", now, attempts=pooled([SAME] * 24)), ASSURED_QUALIFYING)
    with pytest.raises(RuleBroken, match="qualification_short") as refused:
        after(held, Act("calibrate", now, attempts=pooled([SAME] * 24)), ASSURED_QUALIFYING)
    assert refused.value.facts["calibrated"].attempts == ()


def test_who_drifts_on_the_day_on_which_the_period_ends_is_suspended():
    held, end = qualified(), datetime(2027, 3, 3, tzinfo=UTC)
    assert due(held, double([ONE_OFF] * 20), end, ASSURED_QUALIFYING) == "suspend"
    assert due(held, double([SAME] * 20), end, ASSURED_QUALIFYING) == "lapse"


def test_nobody_is_suspended_without_drift():
    with pytest.raises(RuleBroken, match="qualification_holds"):
        after(qualified(), Act("suspend", START + timedelta(days=40), doubled=double([SAME] * 20)), ASSURED_QUALIFYING)


def test_what_somebody_rated_before_they_qualified_suspends_them_never():
    before = double([ONE_OFF] * 20, START - timedelta(days=3))
    assert due(qualified(), before, START + timedelta(days=2), ASSURED_QUALIFYING) == ""


def test_a_whole_calibration_counts_once_and_is_renewed_by_new_exercises():
    held = qualified()
    with pytest.raises(RuleBroken, match="qualification_short"):
        after(held, Act("calibrate", START + timedelta(days=90), attempts=pooled([SAME] * 24)), ASSURED_QUALIFYING)
    later = START + timedelta(days=300)
    new = [attempt("T3", [SAME] * 12, later), attempt("T4", [SAME] * 12, later)]
    renewed = after(held, Act("calibrate", later + timedelta(days=1), attempts=[*pooled([SAME] * 24), *new]), ASSURED_QUALIFYING)
    assert renewed.period == Period((later + timedelta(days=1)).date(), add_months((later + timedelta(days=1)).date(), 12))


def test_from_short_exercises_one_comes_to_the_whole_calibration_with_what_was_whole_already():
    whole, part = attempt("T1", [SAME] * 12), attempt("T2", [SAME] * 8, START, whole=False)
    now = START + timedelta(days=1)
    held = after(Qualification(), Act("calibrate", now, attempts=[whole, part]), STARTER_QUALIFYING)
    assert (held.basis, held.since) == (SHORT, None)
    with pytest.raises(RuleBroken, match="qualification_short"):
        after(held, Act("calibrate", now, attempts=[whole, part]), STARTER_QUALIFYING)
    third = attempt("T3", [SAME] * 12, START + timedelta(days=9))
    full = after(held, Act("calibrate", START + timedelta(days=10), attempts=[whole, part, third]), STARTER_QUALIFYING)
    assert (full.basis, full.since) == (FULL, START + timedelta(days=10))


@pytest.mark.parametrize(("state", "verb"), [(NONE, "suspend"), (NONE, "lapse"), (LAPSED, "suspend"), (SUSPENDED, "lapse"), (CURRENT, "x")])
def test_nothing_happens_that_the_table_does_not_have(state: str, verb: str):
    with pytest.raises(RuleBroken, match="qualification_closed"):
        after(Qualification(state), Act(verb, START), ASSURED_QUALIFYING)


def test_the_table_can_be_drawn():
    assert diagram((move.state, move.verb, move.to) for move in rules.MOVES) == (
        "stateDiagram-v2\n    [*] --> none\n    none --> current: calibrate\n    current --> current: calibrate\n"
        "    current --> suspended: suspend\n    current --> lapsed: lapse\n    lapsed --> current: calibrate\n"
        "    suspended --> current: calibrate\n"
    )
    assert {name for move in rules.MOVES for name in move.guards} == set(rules.GUARDS)


# --- what a rating counts for ---------------------------------------------------------------------------------------------------


def test_a_rating_counts_by_the_state_on_the_day_of_the_observation():
    held = qualified()
    suspended = after(held, Act("suspend", START + timedelta(days=40), doubled=double([ONE_OFF] * 20)), ASSURED_QUALIFYING)
    again = Qualification(CURRENT, FULL, Period(date(2026, 6, 1), date(2027, 6, 1)))
    rows = [suspended, again]
    days = {
        date(2026, 3, 2): Standing(PROVISIONAL, NONE),
        date(2026, 3, 3): Standing(COUNTS),
        date(2026, 4, 10): Standing(COUNTS),
        date(2026, 4, 11): Standing(SET_ASIDE, SUSPENDED),
        date(2026, 5, 31): Standing(SET_ASIDE, SUSPENDED),
        date(2026, 6, 1): Standing(COUNTS),
        date(2027, 5, 31): Standing(COUNTS),
        date(2027, 6, 1): Standing(PROVISIONAL, LAPSED),
    }
    assert {day: standing(ASSURED_QUALIFYING, rows, day, 40) for day in days} == days
    assert standing(None, [], date(2026, 3, 2), 0) == Standing(COUNTS), "a policy that asks for no qualification"


def test_five_ratings_count_on_short_exercises_and_the_sixth_waits():
    held = [qualified(qualifying=STARTER_QUALIFYING)]
    held = [replace(held[0], basis=SHORT)]
    found = [standing(STARTER_QUALIFYING, held, date(2026, 3, 9), ratings).weight for ratings in range(7)]
    assert found == [COUNTS] * 5 + [PROVISIONAL] * 2
    assert standing(STARTER_QUALIFYING, held, date(2026, 3, 9), 5).reason == "full_calibration_due"
    whole = [*held, Qualification(CURRENT, FULL, Period(date(2026, 3, 9), date(2027, 3, 9)))]
    assert standing(STARTER_QUALIFYING, whole, date(2026, 3, 9), 5) == Standing(COUNTS)


def test_what_a_programme_sets_is_stored_and_read_without_loss():
    for one in (ASSURED_QUALIFYING, STARTER_QUALIFYING, STARTER_DOUBLING, Doubling(percent=7, near_hundredths=0)):
        assert from_body(type(one), to_body(one)) == one


# --- whatever happens ---------------------------------------------------------------------------------------------------------------

EXERCISES = ("T1", "T2", "T3", "T4", "T5", "T6")
GOOD, FAIR, POOR = [SAME] * 11 + [ONE_OFF], [SAME] * 8 + [ONE_OFF] * 4, [SAME] * 6 + [TWO_OFF] * 6


class Observer(RuleBasedStateMachine):
    """Any order of exercises, ratings, timers and years, beside a plain reckoning of what may qualify and what must suspend."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.rows = [Qualification()]
        self.said: list[tuple[Attempt, Said]] = []
        self.doubled: list[Doubled] = []
        self.modules: tuple[str, ...] = ()
        self.rules = STARTER_QUALIFYING

    @property
    def held(self) -> Qualification:
        return self.rows[-1]

    def act(self, verb: str) -> bool:
        self.now += timedelta(seconds=1)
        before = self.held
        try:
            found = after(before, Act(verb, self.now, self.modules, [one for one, _ in self.said], self.doubled), self.rules)
        except RuleBroken:
            return False
        if verb == "calibrate":
            self.rows.append(found)
        else:
            self.rows[-1] = found
        return True

    @rule(modules=st.sampled_from(((), (), ("M7 Feedback",))))
    def modules_are_learned_or_open_again(self, modules: tuple[str, ...]) -> None:
        self.modules = modules

    @rule(days=st.sampled_from((1, 30, 200, 366)), looked_at=st.booleans())
    def time_passes(self, days: int, looked_at: bool) -> None:
        self.now += timedelta(days=days)
        if looked_at:
            self.is_looked_at_by_night()

    @rule(
        names=st.lists(st.sampled_from(EXERCISES), min_size=2, max_size=3, unique=True),
        said=st.sampled_from((GOOD, GOOD, FAIR, POOR)),
        whole=st.booleans(),
        at_once=st.booleans(),
    )
    def practises(self, names: list[str], said: Said, whole: bool, at_once: bool) -> None:
        for name in names:
            self.now += timedelta(hours=1)
            self.said.append((attempt(name, said, self.now, critical=2, whole=whole), said))
        if at_once:
            self.calibrates()

    @rule(said=st.sampled_from(([SAME] * 12, [ONE_OFF] * 20, [TWO_OFF] * 10, [(None, 3)] * 5)))
    def is_rated_beside(self, said: Said) -> None:
        for pair in said:
            self.now += timedelta(minutes=1)
            self.doubled.append(Doubled(self.now, pair))

    @rule()
    def calibrates(self) -> None:
        before = self.held
        if self.act("calibrate"):
            assert not self.modules
            assert self.held.basis == FULL or before.state != CURRENT
            self.qualifies_by_a_plain_reckoning(before)

    def qualifies_by_a_plain_reckoning(self, before: Qualification) -> None:
        """The newest exercises since the last whole calibration or suspension, and no older than a year, reach the bar."""
        taken: dict[str, Said] = {}
        for one, said in reversed(self.said):
            seen = [other.at for other, _ in self.said if other.exercise == one.exercise and other.at < one.at]
            fresh = all(add_months(at.date(), 12) <= one.at.date() for at in seen)
            usable = self.held.basis == SHORT or (one.whole and fresh)
            recent = add_months(one.at.date(), 12) > self.now.date() and (before.since is None or one.at > before.since)
            if len(taken) < 2 and one.exercise not in taken and usable and recent:
                taken[one.exercise] = said
        pairs = [pair for said in taken.values() for pair in said]
        assert len(taken) == 2
        assert Fraction(pairs.count(SAME), len(pairs)) >= Fraction(7, 10)
        assert pairs.count(TWO_OFF) <= Fraction(len(pairs), 20)

    @rule()
    def is_looked_at_by_night(self) -> None:
        verb = due(self.held, self.doubled, self.now, self.rules)
        assert not verb or self.act(verb)
        assert self.held.state != CURRENT or due(self.held, self.doubled, self.now, self.rules) == ""

    @rule(verb=st.sampled_from(("suspend", "lapse")))
    def is_wrongly_ended(self, verb: str) -> None:
        before = self.held
        if self.act(verb):
            ended = before.period is not None and before.period.end is not None and self.now.date() >= before.period.end
            since = [one.pair for one in self.doubled if None not in one.pair and before.begun and one.at > before.begun][-20:]
            off = sum(one != other for one, other in since)
            assert ended if verb == "lapse" else len(since) == 20 and off >= 8

    @invariant()
    def current_means_within_a_period_of_a_year(self) -> None:
        held = self.held
        assert (held.state == NONE) == (held.period is None)
        if held.period is not None:
            assert held.period.end == add_months(held.period.start, 12)
        assert (held.suspended_on is not None) == (held.state == SUSPENDED)

    @invariant()
    def a_rating_counts_only_while_somebody_is_qualified(self) -> None:
        today = self.now.date()
        found = standing(self.rules, self.rows, today, 9)
        state, basis = state_on(self.rows, today)
        if found.weight == COUNTS:
            held = self.held
            assert (held.state, held.basis, state, basis) == (CURRENT, FULL, CURRENT, FULL)
            assert held.period is not None
            assert held.period.end is not None
            assert held.period.start <= today < held.period.end
        if self.held.state == SUSPENDED:
            assert found.weight == SET_ASIDE

    @invariant()
    def what_counted_on_a_day_still_counts(self) -> None:
        """No later calibration or lapse changes what a past day was; only a suspension ends it, from its own day on."""
        for number, one in enumerate(self.rows[1:], 1):
            assert one.period is not None
            nearer = self.rows[number + 1 :]
            day = one.period.start
            if not any(other.period and other.period.start <= day for other in nearer):
                expected = SUSPENDED if one.suspended_on == day else CURRENT
                assert state_on(self.rows, day)[0] == expected


TestObserver = Observer.TestCase
TestObserver.settings = settings(max_examples=200, stateful_step_count=50, deadline=None)
