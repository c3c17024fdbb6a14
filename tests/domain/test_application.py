# SPDX-License-Identifier: Apache-2.0
"""An application goes only where the table says; nobody is declined by a machine; a place that is given is counted once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from lti_mentoring.domain import application as rules
from lti_mentoring.domain.application import LIVE, MOVES, SYSTEM, Case, Earlier
from lti_mentoring.domain.form import Problem
from lti_mentoring.domain.period import add_months
from lti_mentoring.domain.programme import Selection
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.domain.selection import Short, Standing

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
FEEDBACK = "Please come back with an occasion of listening."
WELL = Standing(0, {}, Fraction(3), (), False, ())


def well(**changes: object) -> Case:
    """A case that every guard lets pass, unless something is changed."""
    facts = {"now": NOW, "assigned": 2, "wanted": 2, "standing": WELL, "reason": "not_yet", "feedback": FEEDBACK, "agreed": True}
    return Case(**{**facts, **changes})  # type: ignore[arg-type]


REFUSED = {
    "submit": {
        "application_incomplete": {"problems": (Problem("hours", "missing"),)},
        "window_closed": {"closes_at": NOW},
        "manager_unattested": {"attested": False},
        "reapply_later": {"refused": ("reapply_later", date(2026, 9, 1))},
    },
    "review": {"reviewers_missing": {"assigned": 1}},
    "offer": {
        "attestation_old": {"attested_lately": False},
        "reviews_missing": {"standing": Standing(1, {}, None, (), False, ())},
        "reviewers_apart": {"standing": Standing(0, {}, Fraction(3), ("E3",), True, ())},
        "below_the_bar": {"standing": Standing(0, {}, Fraction(2), (), False, (Short("mean_short"),))},
        "no_place_left": {"place_free": False},
    },
    "decline": {
        "decision_reason_missing": {"reason": ""},
        "feedback_missing": {"feedback": "no"},
        "reviews_missing": {"standing": None},
    },
    "accept": {"offer_ended": {"offer_until": date(2026, 3, 1)}, "agreement_unsigned": {"agreed": False}},
    "lapse": {"offer_running": {"offer_until": date(2026, 3, 2)}},
}


@pytest.mark.parametrize(("verb", "code"), [(verb, code) for verb, codes in REFUSED.items() for code in codes])
def test_a_verb_is_refused_for_what_it_lacks(verb, code):
    move = next(move for move in MOVES if move.verb == verb)
    with pytest.raises(RuleBroken) as refused:
        rules.after(move.state, verb, well(**REFUSED[verb][code]))
    assert refused.value.code == code


def test_who_is_not_eligible_is_declined_by_a_person_without_reviews_and_never_by_itself():
    assert rules.after("submitted", "decline", well(standing=None, reason="not_eligible")) == "declined"
    assert all(move.to != "declined" for move in MOVES if move.by == SYSTEM)
    assert {move.by for move in MOVES if move.to == "declined"} == {"coordinator"}


def test_every_state_is_reached_and_left_or_an_end():
    ends = set(rules.STATES) - {move.state for move in MOVES}
    assert ends == {"withdrawn", "declined", "accepted"}
    assert {move.state for move in MOVES} - {"new"} <= set(rules.STATES)


def test_the_window_opens_at_its_first_moment_and_is_closed_at_its_last():
    assert rules.window_is_open(NOW, NOW, NOW + timedelta(seconds=1))
    assert not rules.window_is_open(NOW, None, NOW)
    assert rules.window_is_open(NOW, None, None)


def test_after_a_decline_six_months_pass_and_three_in_three_years_are_the_most():
    selection = Selection()
    declined = [Earlier(date(2025, 9, 1), date(2025, 10, 15))]
    assert rules.refusal(selection, declined, date(2026, 4, 14)) == ("reapply_later", date(2026, 4, 15))
    assert rules.refusal(selection, declined, date(2026, 4, 15)) is None
    three = [Earlier(date(2023, 4, 1)), Earlier(date(2024, 4, 1)), Earlier(date(2025, 4, 1))]
    assert rules.refusal(selection, three, date(2026, 3, 31)) == ("applied_often", date(2026, 4, 1))
    assert rules.refusal(selection, three, date(2026, 4, 1)) is None
    assert rules.refusal(selection, [Earlier(None)] * 9, date(2026, 4, 1)) is None


@given(st.dates(date(2000, 1, 31), date(2100, 1, 1)), st.integers(0, 400))
def test_months_later_is_never_in_a_further_month_and_never_on_a_later_day(day, months):
    later = add_months(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day <= day.day
    assert (later + timedelta(days=1)).day == 1 or later.day == day.day


class Intake(RuleBasedStateMachine):
    """Several people apply, in any order of verbs, for two places; who has accepted may leave, and then holds none."""

    PLACES = 2
    HOLDS = frozenset({"offered", "accepted"})

    def __init__(self) -> None:
        super().__init__()
        self.states = ["draft"] * 4
        self.given = 0

    @rule(
        who=st.integers(0, 3),
        verb=st.sampled_from(sorted({move.verb for move in MOVES})),
        reviews=st.sampled_from([WELL, None, REFUSED["offer"]["reviewers_apart"]["standing"]]),
        over=st.booleans(),
    )
    def act(self, who: int, verb: str, reviews: Standing | None, over: bool) -> None:
        before = self.states[who]
        case = well(standing=reviews, place_free=self.given < self.PLACES, offer_until=date(2026, 3, 1 if over else 3))
        try:
            after = rules.after(before, verb, case)
        except RuleBroken:
            return
        self.given += (after in self.HOLDS) - (before in self.HOLDS)
        self.states[who] = after
        hindered = rules.hindrance(before, verb, case)
        assert hindered is None, "what can be done is never shown as hindered"
        if after == "offered":
            assert reviews is WELL, "nobody is offered a place without reviews that agree"
        if after == "accepted":
            assert not over

    @invariant()
    def places_are_given_once(self) -> None:
        assert self.given == sum(state in self.HOLDS for state in self.states) <= self.PLACES

    @rule(who=st.integers(0, 3))
    def leave(self, who: int) -> None:
        if self.states[who] == "accepted":
            self.states[who] = "left"
            self.given -= 1

    @invariant()
    def what_has_ended_is_not_alive(self) -> None:
        assert all((state in LIVE) != (state in ("withdrawn", "declined", "lapsed")) for state in self.states)


TestIntake = Intake.TestCase
TestIntake.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
