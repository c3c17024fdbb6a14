# SPDX-License-Identifier: Apache-2.0
"""Observation, raters, qualification and resolution together, in any order: what may stand (I6 to I8, I10, I12, I15)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from lti_mentoring.domain import observation, releasing, scoring
from lti_mentoring.domain.observation import Case, Rating
from lti_mentoring.domain.period import Period
from lti_mentoring.domain.programme import Criterion, Policy, Rubric
from lti_mentoring.domain.qualification import COUNTS, CURRENT, FULL, PROVISIONAL, SET_ASIDE, SUSPENDED, Qualification, standing
from lti_mentoring.domain.releasing import FIRST, RATERS, SECOND, THIRD, State, Submitted
from lti_mentoring.domain.reliability import ASSURED_DOUBLING, ASSURED_QUALIFYING
from lti_mentoring.domain.rule import RuleBroken

DAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ANCHORS = ("never", "sometimes", "mostly", "always")
RUBRIC = Rubric("RU-C", "Mentoring", tuple(Criterion(f"C{n}", f"Criterion {n}", (f"MC{n}",), n == 1, ANCHORS) for n in (1, 2, 3)))
KEYS = [one.key for one in RUBRIC.criteria]
POLICY = Policy(modules_required=("M1",), observation_rubric="RU-C", doubling=ASSURED_DOUBLING, qualifying=ASSURED_QUALIFYING)
PEOPLE = ("candidate", "protégé", "anna", "ben", "cleo", "dora")

HELD = {
    "current": (Qualification(CURRENT, FULL, Period(date(2026, 1, 1), date(2027, 1, 1))),),
    "lapsed": (Qualification(CURRENT, FULL, Period(date(2025, 1, 1), date(2026, 1, 1))),),
    "suspended": (Qualification(SUSPENDED, FULL, Period(date(2026, 1, 1), date(2027, 1, 1)), suspended_on=date(2026, 11, 1)),),
    "none": (),
}
WEIGHS = {"current": COUNTS, "lapsed": PROVISIONAL, "suspended": SET_ASIDE, "none": PROVISIONAL}


class Reliability(RuleBasedStateMachine):
    """One observation, with whoever may come to rate it."""

    def __init__(self) -> None:
        super().__init__()
        self.state = "drafting"
        self.now = NOW
        self.seats = {"anna": FIRST}
        self.qualified = dict.fromkeys(PEOPLE, "current")
        self.submitted: list[Submitted] = []
        self.reasons: frozenset[str] = frozenset()
        self.amending: set[str] = set()
        self.clear = self.consent = True
        self.readers = 0
        self.rated_at: datetime | None = None
        self.result: scoring.Resolution | None = None
        self.made_from = ""

    def standing(self) -> tuple[Submitted, ...]:
        newest = {one.assessor_id: one for one in self.submitted}
        return tuple(newest.values())

    def facts(self) -> State:
        return State(
            ratings=self.standing(),
            reasons=self.reasons,
            amending=bool(self.amending),
            readers=self.readers,
            rated_at=self.rated_at,
            clear=self.clear,
            consent=self.consent,
        )

    def settle(self) -> None:
        if self.state != "rated":
            return
        held = releasing.holds(POLICY, RUBRIC, self.facts(), self.now)
        try:
            case = Case("candidate", "anna", held=tuple(one.code for one in held))
            self.state = observation.after(self.state, "release", case)
        except RuleBroken:
            return
        read = not self.readers or (self.rated_at is not None and self.now >= self.rated_at + timedelta(hours=48))
        assert (self.clear, self.consent, read, self.amending) == (True, True, True, set()), "I15"
        made = releasing.counting(self.standing())
        self.result, self.made_from = releasing.resolution(POLICY, RUBRIC, made), releasing.digest(made)

    @rule(who=st.sampled_from(PEOPLE), purpose=st.sampled_from((SECOND, THIRD)))
    def somebody_is_asked_to_rate(self, who: str, purpose: str) -> None:
        others = set(self.seats)
        try:
            scoring.check_rater(who, subject="candidate", present=("protégé",), others=others)
        except RuleBroken:
            assert who in {"candidate", "protégé"} | others, "nobody else is refused"
            return
        assert who not in {"candidate", "protégé"} | others, "neither who is rated, nor who was there, nor anybody twice (I7)"
        if purpose not in self.seats.values():
            self.seats[who] = purpose

    @rule(who=st.sampled_from(PEOPLE[2:]), how=st.sampled_from(sorted(HELD)))
    def somebody_qualifies_lapses_or_is_suspended(self, who: str, how: str) -> None:
        self.qualified[who] = how

    @precondition(lambda self: self.state in ("drafting", "rated"))
    @rule(
        who=st.sampled_from(PEOPLE[2:]),
        levels=st.lists(st.sampled_from((1, 2, 3, 4, None)), min_size=3, max_size=3),
        linked=st.sampled_from((True, True, True, False)),
    )
    def somebody_submits(self, who: str, levels: list[int | None], linked: bool) -> None:
        if who not in self.seats or (any(one.assessor_id == who for one in self.submitted) and who not in self.amending):
            return
        notes = ("n",) if linked else ()
        said = {key: Rating(key, level, level is None, "No occasion.", notes) for key, level in zip(KEYS, levels, strict=True)}
        case = Case("candidate", who, self.consent, RUBRIC, said, ("n",))
        try:
            observation.check(case)
            if self.seats[who] == FIRST:
                self.state = observation.submit(self.state, case)
                self.rated_at = self.rated_at or self.now
        except RuleBroken:
            assert not self.consent or (not linked and any((level or 0) > 1 for level in levels)), "only for want of consent or evidence"
            return
        assert linked or all((level or 0) <= 1 for level in levels), "a level above 1 stands on a note (I10)"
        weight = standing(POLICY.qualifying, HELD[self.qualified[who]], DAY, ratings=9).weight
        assert weight == WEIGHS[self.qualified[who]], "by how they stood on the day of the session (I8)"
        made = Submitted(f"{who} {len(self.submitted)}", who, self.seats[who], said, weight, self.now)
        self.submitted.append(made)
        self.amending.discard(who)
        if self.seats[who] == FIRST:
            means = observation.means(RUBRIC, said).competencies
            found = scoring.afterwards(POLICY.doubling, POLICY, RUBRIC, "independent", made.levels, means)
            self.reasons |= {*found, *((weight,) if weight != COUNTS else ())}
        self.settle()

    @precondition(lambda self: self.state in ("drafting", "rated"))
    @rule(who=st.sampled_from(("anna", "anna", "ben")), level=st.sampled_from((3, 3, 4)))
    def somebody_submits_the_same_level_for_everything(self, who: str, level: int) -> None:
        self.somebody_submits(who, [level] * 3, linked=True)

    @precondition(lambda self: self.state == "rated")
    @rule(who=st.sampled_from(PEOPLE[2:]))
    def somebody_takes_theirs_up_again(self, who: str) -> None:
        if any(one.assessor_id == who for one in self.submitted):
            self.amending.add(who)

    @rule(clear=st.booleans(), consent=st.sampled_from((True, True, False)), readers=st.integers(0, 1))
    def something_changes_around_it(self, clear: bool, consent: bool, readers: int) -> None:
        if self.state != "released":
            self.clear, self.consent, self.readers = clear, consent, readers
        self.settle()

    @rule(hours=st.integers(1, 60))
    def time_goes_by(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        self.settle()

    @precondition(lambda self: self.state in ("rated", "released"))
    @rule(odds=st.integers(0, 9))
    def it_is_set_aside(self, odds: int) -> None:
        if odds == 0:
            self.state = observation.after(self.state, "void")

    @invariant()
    def a_result_stands_only_where_nothing_held_it(self) -> None:
        if self.state != "released":
            return
        facts = replace(self.facts(), readers=0)
        assert releasing.holds(POLICY, RUBRIC, facts, self.now) == (), "I15"
        made = releasing.counting(self.standing())
        assert any(one.weight == COUNTS for one in made), "somebody qualified stands behind it (I8)"
        assert all(one.weight != SET_ASIDE and one.purpose in RATERS for one in made)
        if self.reasons - {SET_ASIDE}:
            assert len({one.assessor_id for one in made}) >= 2, "another person rated where one was asked for"

    @invariant()
    def a_result_can_be_made_again_from_what_was_submitted(self) -> None:
        if self.result is not None and self.state == "released":
            made = releasing.counting(self.standing())
            assert releasing.digest(made) == self.made_from, "I12"
            assert releasing.resolution(POLICY, RUBRIC, made) == self.result


TestReliability = Reliability.TestCase
