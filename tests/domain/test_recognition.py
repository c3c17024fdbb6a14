# SPDX-License-Identifier: Apache-2.0
"""Prior learning stands for a module once enough different people agree, and until it is withdrawn."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from lti_mentoring.domain import recognition
from lti_mentoring.domain.candidacy import ModuleRecord
from lti_mentoring.domain.programme import Policy
from lti_mentoring.domain.recognition import Case, Claim, Voice
from lti_mentoring.domain.rule import RuleBroken

CLAIM = Claim("Rewriting lines as questions", "Northfield College", "2023", "A certificate, and two recordings")


def case(actor: str = "coordinator", **given: object) -> Case:
    facts: dict[str, object] = {"approves": True, "leads": True, "reason": "The recordings show it.", "approvers": 2, "claim": CLAIM}
    return Case(actor, "candidate", **(facts | given))  # type: ignore[arg-type]


def code(state: str, verb: str, now: Case) -> str:
    with pytest.raises(RuleBroken) as refused:
        recognition.after(state, verb, now)
    return refused.value.code


def test_a_candidate_asks_with_all_four_things_said_for_a_module_that_is_open():
    assert recognition.after("new", "ask", case("candidate")) == "asked"
    assert code("new", "ask", case("candidate", claim=Claim("What", " ", "2023", "That"))) == "recognition_incomplete"
    assert code("new", "ask", case("candidate", wanted=False)) == "recognition_not_needed"
    assert code("new", "ask", case("candidate", takes_part=False)) == "not_taking_part"
    assert code("new", "ask", case("coordinator")) == "recognition_not_yours"


def test_who_leads_proposes_but_not_for_themself_or_somebody_in_their_line():
    assert recognition.after("new", "propose", case()) == "asked"
    assert code("new", "propose", case("candidate")) == "approver_self"
    assert code("new", "propose", case(related=True)) == "approver_line"
    assert code("new", "propose", case("trainer", leads=False)) == "recognition_needs_lead"


@pytest.mark.parametrize("verb", ["agree", "refuse"])
def test_nobody_decides_on_themself_or_in_their_line_or_without_a_reason_or_after_the_award(verb):
    assert code("asked", verb, case("candidate")) == "approver_self"
    assert code("asked", verb, case(related=True)) == "approver_line"
    assert code("asked", verb, case(reason="  ")) == "recognition_reason_missing"
    assert code("asked", verb, case(decided=True)) == "recognition_after_award"
    assert code("asked", verb, case("observer", approves=False, leads=False)) == "recognition_not_yours"


def test_as_many_different_people_agree_as_the_policy_says_and_one_of_them_leads():
    trainer, second, lead = Voice("trainer", leads=False), Voice("second", leads=False), Voice("coordinator", leads=True)
    assert not recognition.enough([lead], 2)
    assert not recognition.enough([lead, lead], 2)
    assert not recognition.enough([trainer, second], 2)
    assert recognition.enough([trainer, lead], 2)
    assert recognition.enough([lead], 1)
    assert code("asked", "agree", case(agreed=[lead])) == "recognition_agreed_already"


def test_it_is_withdrawn_with_a_reason_and_only_before_the_award():
    assert recognition.after("recognised", "withdraw", case()) == "withdrawn"
    assert code("recognised", "withdraw", case(decided=True)) == "recognition_after_award"
    assert code("recognised", "withdraw", case(reason="")) == "recognition_reason_missing"
    assert code("recognised", "withdraw", case("trainer", leads=False)) == "recognition_needs_lead"
    assert code("asked", "withdraw", case()) == "recognition_closed"


def test_only_what_is_asked_for_by_the_policy_and_open_can_be_recognised():
    policy = Policy(modules_required=("M1",), observation_rubric="RU-C")
    assert recognition.wanted(policy, ModuleRecord("M1", "One", mastered=False))
    assert recognition.wanted(policy, ModuleRecord("M1", "One", mastered=True, practice="once_more"))
    assert not recognition.wanted(policy, ModuleRecord("M1", "One", mastered=True))
    assert not recognition.wanted(policy, ModuleRecord("M2", "Two", mastered=False))


PEOPLE = ("candidate", "manager", "trainer", "second", "coordinator", "deputy")
LEADS = ("coordinator", "deputy", "manager")


class RecognitionMachine(RuleBasedStateMachine):
    """Any order of verbs by anybody: what is recognised was agreed to by enough different, impartial people, one of whom leads."""

    def __init__(self):
        super().__init__()
        self.state, self.agreed, self.decided = "new", [], False
        self.ended_by: tuple[str, str] | None = None

    def now(self, actor: str, reason: str) -> Case:
        return Case(
            actor,
            "candidate",
            related=actor == "manager",
            approves=actor != "candidate",
            leads=actor in LEADS,
            reason=reason,
            agreed=tuple(self.agreed),
            approvers=2,
            decided=self.decided,
            claim=CLAIM,
        )

    def do(self, verb: str, actor: str, reason: str = "Shown.") -> bool:
        try:
            self.state = recognition.after(self.state, verb, self.now(actor, reason))
        except RuleBroken:
            return False
        return True

    @rule(actor=st.sampled_from(PEOPLE), verb=st.sampled_from(["ask", "propose"]))
    def begin(self, actor, verb):
        if self.do(verb, actor):
            assert (actor == "candidate") == (verb == "ask")

    @rule(actor=st.sampled_from(PEOPLE), reason=st.sampled_from(["", "Shown."]))
    def agree(self, actor, reason):
        if self.do("agree", actor, reason):
            assert reason
            self.agreed.append(Voice(actor, actor in LEADS))
            self.do("complete", actor)

    @rule(actor=st.sampled_from(PEOPLE), verb=st.sampled_from(["refuse", "withdraw", "take_back", "complete"]))
    def end(self, actor, verb):
        before = self.state
        if self.do(verb, actor):
            assert before in ("asked", "recognised")
            self.ended_by = (verb, actor)

    @rule()
    def award(self):
        self.decided = True

    @invariant()
    def nobody_recognises_alone_or_for_themself(self):
        people = {one.person_id for one in self.agreed}
        assert len(people) == len(self.agreed)
        assert not people & {"candidate", "manager"}
        if self.state in ("recognised", "withdrawn"):
            assert len(people) >= 2
            assert any(one.leads for one in self.agreed)
        if self.ended_by is not None and self.ended_by[0] != "take_back":
            assert self.ended_by[1] not in ("candidate", "manager")


TestRecognitionMachine = RecognitionMachine.TestCase
