# SPDX-License-Identifier: Apache-2.0
"""A joint plan stands once both have agreed to one revision of it, before the session begins; no word of anybody's is overwritten."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from lti_mentoring.domain import joint_plan as rules
from lti_mentoring.domain.joint_plan import CANDIDATE, MENTOR, PARTS, WRITERS, Plan, Said
from lti_mentoring.domain.rule import RuleBroken

BEGINS = datetime(2026, 12, 1, 14, 0, tzinfo=UTC)
NOW = BEGINS - timedelta(days=1)
FULL = {part: f"Our {part}." for part in PARTS}


def full() -> Plan:
    plan, clashes = rules.written(Plan(), {part: Said(text) for part, text in FULL.items()})
    assert not clashes
    return plan


def both(plan: Plan, *, now: datetime = NOW) -> Plan:
    for writer in WRITERS:
        plan = rules.agreed(plan, writer, plan.revision, now=now)
    return plan


def test_a_plan_stands_when_both_agree_to_the_same_revision():
    plan = full()
    one = rules.agreed(plan, CANDIDATE, plan.revision, now=NOW)
    assert not one.stands
    assert rules.agreed(one, MENTOR, plan.revision, now=NOW).stands


def test_any_change_asks_for_agreement_anew():
    plan = both(full())
    changed, _ = rules.written(plan, {"closing": Said("Another end.", FULL["closing"])})
    assert not changed.stands
    assert changed.agreed_at is None
    assert not any(map(changed.stands_for, WRITERS))
    half = rules.agreed(changed, CANDIDATE, changed.revision, now=NOW)
    assert half.stands_for(CANDIDATE)
    assert not half.stands


def test_sending_the_same_again_changes_nothing():
    plan = both(full())
    assert rules.written(plan, {part: Said(text + "\r\n", text) for part, text in FULL.items()}) == (plan, ())
    assert rules.agreed(plan, CANDIDATE, plan.revision, now=BEGINS) == plan


def test_nobody_agrees_to_what_they_have_not_read():
    plan = full()
    with pytest.raises(RuleBroken, match="plan_changed"):
        rules.agreed(plan, MENTOR, plan.revision - 1, now=NOW)


@pytest.mark.parametrize("part", PARTS)
def test_a_plan_with_an_empty_part_is_not_agreed(part):
    plan, _ = rules.written(Plan(), {key: Said(text) for key, text in FULL.items() if key != part})
    with pytest.raises(RuleBroken, match="plan_open") as broken:
        rules.agreed(plan, MENTOR, plan.revision, now=NOW)
    assert broken.value.facts["parts"] == (part,)


def test_two_who_write_different_parts_lose_nothing_and_two_who_write_one_see_both():
    plan = full()
    plan, _ = rules.written(plan, {"purpose": Said("Mine.", FULL["purpose"])})
    plan, clashes = rules.written(plan, {**{part: Said(text, text) for part, text in FULL.items()}, "roles": Said("Yours.", FULL["roles"])})
    assert (plan.words["purpose"], plan.words["roles"], clashes) == ("Mine.", "Yours.", ())
    kept, clashes = rules.written(plan, {"purpose": Said("Theirs.", FULL["purpose"])})
    assert (kept, clashes) == (plan, ("purpose",))


def test_a_stale_page_does_not_bring_back_what_was_taken_out():
    plan, _ = rules.written(full(), {"opening": Said("", FULL["opening"])})
    assert rules.written(plan, {"opening": Said(FULL["opening"], FULL["opening"])}) == (plan, ())


def test_it_counts_only_if_it_stood_before_the_session_began():
    plan = full()
    assert rules.in_time(both(plan, now=BEGINS - timedelta(seconds=1)), BEGINS)
    assert not rules.in_time(both(plan, now=BEGINS), BEGINS)
    assert not rules.in_time(plan, BEGINS)
    assert not rules.in_time(replace(both(plan), revision=plan.revision + 1), BEGINS)
    rules.check_open(BEGINS, now=NOW)
    with pytest.raises(RuleBroken, match="plan_closed"):
        rules.check_open(BEGINS, now=BEGINS)


def test_a_part_has_an_end_and_there_are_four():
    with pytest.raises(RuleBroken, match="plan_long"):
        rules.written(Plan(), {"purpose": Said("x" * 2001)})
    with pytest.raises(RuleBroken, match="plan_part"):
        rules.written(Plan(), {"talk": Said("x")})


class TwoWriters(RuleBasedStateMachine):
    """Two people with a page each, which may be old; what they type is told apart by who typed it, and when."""

    def __init__(self) -> None:
        super().__init__()
        self.plan = Plan()
        self.pages = dict.fromkeys(WRITERS, self.plan)
        self.typed = 0
        self.history: dict[int, dict[str, str]] = {0: dict(self.plan.words)}
        self.read_by: dict[str, int] = {}

    @rule(writer=st.sampled_from(WRITERS))
    def load(self, writer: str) -> None:
        self.pages[writer] = self.plan

    @rule(writer=st.sampled_from(WRITERS), parts=st.sets(st.sampled_from(PARTS), min_size=1))
    def write(self, writer: str, parts: set[str]) -> None:
        self.typed += 1
        page = self.pages[writer]
        said = {part: Said(f"{writer} {self.typed}" if part in parts else page.words[part], page.words[part]) for part in PARTS}
        before = self.plan
        self.plan, clashes = rules.written(before, said)
        for part in PARTS:
            if part in clashes:
                assert before.words[part] not in ("", page.words[part])
            if self.plan.words[part] != before.words[part]:
                assert before.words[part] in ("", page.words[part]), "words were overwritten that their writer had not seen"
            if part in parts and part not in clashes:
                assert self.plan.words[part] == said[part].text
        self.history[self.plan.revision] = dict(self.plan.words)

    @rule(writer=st.sampled_from(WRITERS), late=st.booleans())
    def agree(self, writer: str, late: bool) -> None:
        revision = self.pages[writer].revision
        now = BEGINS if late else NOW
        if revision != self.plan.revision or self.plan.empty:
            with pytest.raises(RuleBroken, match="plan_changed" if revision != self.plan.revision else "plan_open"):
                rules.agreed(self.plan, writer, revision, now=now)
            return
        self.plan = rules.agreed(self.plan, writer, revision, now=now)
        self.read_by[writer] = revision
        assert self.history[revision] == dict(self.plan.words)

    @invariant()
    def it_stands_only_as_both_have_read_it(self) -> None:
        if self.plan.stands:
            assert self.read_by == dict.fromkeys(WRITERS, self.plan.revision)
            assert not self.plan.empty
            assert self.plan.agreed_at is not None
        else:
            assert self.plan.agreed_at is None

    @invariant()
    def it_counts_only_while_it_stands(self) -> None:
        assert not rules.in_time(self.plan, BEGINS) or self.plan.stands


TestTwoWriters = TwoWriters.TestCase
