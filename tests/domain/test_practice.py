# SPDX-License-Identifier: Apache-2.0
"""A practice task from draft to return: who may do what, and what a return needs."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from lti_mentoring.domain import practice
from lti_mentoring.domain.module import Marking, Task, TaskCriterion
from lti_mentoring.domain.practice import Case, Mark
from lti_mentoring.domain.rule import RuleBroken

LEVELS = ("Nothing", "Some", "Enough", "More")
KEYS = ("P1", "P2")
TASK = Task(
    "Three questions",
    "Write three.",
    "",
    (TaskCriterion("P1", "Open", ("O1",), False, LEVELS), TaskCriterion("P2", "Safe", ("O1",), True, LEVELS)),
    (),
    Marking(level=2, critical=3, words=5, days=7),
)


def marks(*levels: int | None, reason: str = "Line 2 says so.") -> dict[str, Mark]:
    return {key: Mark(key, level, reason) for key, level in zip(KEYS, levels, strict=True)}


def case(actor: str = "trainer", **given: object) -> Case:
    facts: dict[str, object] = {"marker_id": "trainer", "text": "Three open questions.", "task": TASK, "marks": marks(3, 3)}
    return Case(actor, "candidate", **(facts | given))  # type: ignore[arg-type]


def refusal(state: str, verb: str, now: Case) -> RuleBroken:
    with pytest.raises(RuleBroken) as refused:
        practice.after(state, verb, now)
    return refused.value


def test_what_is_handed_in_has_words_and_not_too_many():
    assert practice.after("draft", "hand_in", case("candidate")) == "handed_in"
    assert refusal("draft", "hand_in", case("candidate", text="  ")).code == "practice_empty"
    long = refusal("draft", "hand_in", case("candidate", text="one two three four five six"))
    assert (long.code, long.facts["words"], long.facts["most"]) == ("practice_long", 6, 5)
    assert refusal("draft", "hand_in", case("candidate", takes_part=False)).code == "not_taking_part"
    assert refusal("draft", "hand_in", case("trainer")).code == "practice_not_yours"


def test_nobody_marks_themself_or_somebody_in_their_line():
    assert refusal("handed_in", "claim", case("candidate")).code == "marker_self"
    assert refusal("handed_in", "claim", case(related=True)).code == "marker_line"
    assert practice.after("handed_in", "claim", case()) == "claimed"
    assert refusal("claimed", "claim", case("second")).code == "practice_claimed"


def test_only_who_holds_it_marks_it_and_who_leads_can_free_it():
    assert refusal("claimed", "mark", case("second")).code == "practice_of_another"
    assert refusal("claimed", "hand_back", case("second")).code == "practice_of_another"
    assert practice.after("claimed", "hand_back", case("second", leads=True)) == "handed_in"


def test_a_return_has_a_level_and_a_reason_for_each_criterion_and_says_what_the_levels_say():
    assert practice.after("claimed", "find_met", case()) == "met"
    assert refusal("claimed", "find_met", case(marks=marks(3, None))).facts["criteria"] == ("P2",)
    assert refusal("claimed", "find_met", case(marks=marks(3, 3, reason=" "))).code == "practice_reason_missing"
    low = refusal("claimed", "find_met", case(marks=marks(2, 2)))
    assert (low.code, low.facts["criteria"]) == ("practice_below", ("P2",)), "a critical criterion needs 3, the other 2"
    assert refusal("claimed", "ask_again", case(feedback="Good.")).code == "practice_reached"
    assert refusal("claimed", "ask_again", case(marks=marks(1, 3))).code == "practice_feedback_missing"
    assert practice.after("claimed", "ask_again", case(marks=marks(1, 3), feedback="Ask one at a time.")) == "once_more"


def test_marks_are_of_the_rubric_and_short():
    for wrong, code in (
        (Mark("P9", 3), "criterion_unknown"),
        (Mark("P1", 5), "level_unknown"),
        (Mark("P1", 3, "x" * 501), "reason_long"),
    ):
        with pytest.raises(RuleBroken, match=code):
            practice.check_marks(TASK, [wrong], "")
    with pytest.raises(RuleBroken, match="feedback_long"):
        practice.check_marks(TASK, [], "x" * 4001)


def test_days_are_counted_after_the_one_on_which_it_was_handed_in():
    assert practice.due(datetime(2026, 11, 29, 23, 59, tzinfo=UTC), Marking(days=7)) == date(2026, 12, 6)


class PracticeMachine(RuleBasedStateMachine):
    """Any order of verbs by anybody: what is returned was marked whole by one impartial person, and says what its levels say."""

    def __init__(self):
        super().__init__()
        self.state, self.marker, self.text = "new", "", ""
        self.marks: dict[str, Mark] = {}
        self.feedback = ""
        self.handed_in: str | None = None

    def do(self, verb: str, actor: str) -> bool:
        now = Case(
            actor,
            "candidate",
            marker_id=self.marker,
            related=actor == "manager",
            leads=actor == "lead",
            text=self.text,
            task=TASK,
            marks=self.marks,
            feedback=self.feedback,
        )
        try:
            self.state = practice.after(self.state, verb, now)
        except RuleBroken:
            return False
        return True

    @rule(text=st.sampled_from(["", "Two words", "one two three four five six"]), actor=st.sampled_from(["candidate", "trainer"]))
    def write(self, text, actor):
        if self.do("write", actor):
            self.text = text

    @rule(actor=st.sampled_from(["candidate", "trainer"]))
    def hand_in(self, actor):
        if self.do("hand_in", actor):
            self.handed_in = self.text

    @rule(actor=st.sampled_from(["candidate", "manager", "trainer", "lead"]))
    def claim(self, actor):
        if self.do("claim", actor):
            self.marker = actor

    @rule(actor=st.sampled_from(["trainer", "lead", "manager"]))
    def hand_back(self, actor):
        if self.do("hand_back", actor):
            self.marker, self.marks, self.feedback = "", {}, ""

    @rule(actor=st.sampled_from(["trainer", "lead"]), levels=st.tuples(*[st.integers(1, 4)] * 2), reason=st.sampled_from(["", "Line 2."]))
    def mark(self, actor, levels, reason):
        if self.do("mark", actor):
            self.marks, self.feedback = marks(*levels, reason=reason), reason

    @rule(actor=st.sampled_from(["trainer", "lead", "candidate"]), verb=st.sampled_from(["find_met", "ask_again"]))
    def give_back(self, actor, verb):
        if self.do(verb, actor):
            assert actor == self.marker

    @invariant()
    def what_is_returned_was_marked_whole_and_as_its_levels_say(self):
        if self.handed_in is not None:
            assert self.text == self.handed_in, "what was handed in stays as it is"
            assert 0 < len(self.text.split()) <= 5
        if self.state in ("met", "once_more"):
            assert self.marker in ("trainer", "lead")
            assert all(mark.level and mark.reason for mark in self.marks.values())
            assert (self.state == "met") == (self.marks["P1"].level >= 2 and self.marks["P2"].level >= 3)
            assert self.state == "met" or self.feedback


TestPracticeMachine = PracticeMachine.TestCase
