# SPDX-License-Identifier: Apache-2.0
"""The state table of a request for help, who may know of it, when it is offered and due, and what helping means for assessing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from lti_mentoring.domain import assistance
from lti_mentoring.domain.assistance import GUARDS, MOVES, OPEN, TABLE, UNDER_WAY, URGENCIES, Case, Conflict, Topic
from lti_mentoring.domain.people import COURSE_ROLES
from lti_mentoring.domain.programme import Assistance, Competency, Policy, Programme
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.web.wording.rule import RULES

ASSURED = Policy(modules_required=("M1",), observation_rubric="RU-C")
STARTER = replace(ASSURED, name="starter", assistance=Assistance(helper_may_assess=True))
PROGRAMME = Programme(
    slug="p",
    edition="1",
    language="en",
    title="P",
    competencies=(Competency("MC1", "Listening", critical=True),),
    policy=ASSURED,
    modules=(),
    rubrics=(),
)
NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
ROLES = ("member", "candidate", "teacher", "colleague", "lms_administrator", "administrator", *COURSE_ROLES)
STATES = sorted({move.state for move in MOVES} | {move.to for move in MOVES})
VERBS = sorted({move.verb for move in MOVES})

some_roles = st.frozensets(st.sampled_from(ROLES))


# --- states ----------------------------------------------------------------------------------------------------------------


@given(st.sampled_from(STATES), st.sampled_from(VERBS), st.sampled_from(["", "candidate", "helper", "else"]), st.booleans(), st.booleans())
def test_nothing_moves_but_by_the_table(state, verb, who, eligible, leads):
    case = Case(who, "candidate", "helper", may_help=eligible, leads=leads, contacts=1)
    try:
        to = assistance.after(state, verb, case)
    except RuleBroken as broken:
        move = TABLE.get((state, verb))
        refusals = {GUARDS[name](case) for name in move.guards} if move else {"assistance_taken", "assistance_moved_on"}
        assert broken.code in refusals & set(RULES)  # noqa: PT017 - whether it raises is what is found out
        return
    assert TABLE[state, verb].to == to
    assert not any(GUARDS[name](case) for name in TABLE[state, verb].guards)


def test_the_system_offers_and_does_nothing_else():
    assert [(move.state, move.verb) for move in MOVES if "by the system" in move.guards] == [("new", "offer")]
    for state, verb in TABLE:
        if verb != "offer":
            with pytest.raises(RuleBroken):
                assistance.after(state, verb, Case("", "candidate", may_help=True, leads=True, contacts=1))


def test_only_its_candidate_ends_a_request():
    ends = {"closed", "withdrawn", "declined"}
    assert all(move.guards == ("by the candidate",) for move in MOVES if move.to in ends)


def test_it_can_be_taken_back_whatever_has_become_of_it():
    assert {move.state for move in MOVES if move.verb == "withdraw"} == set(OPEN)


def test_every_guard_is_used_and_every_refusal_has_words():
    assert {name for move in MOVES for name in move.guards} == set(GUARDS)
    refusals = {guard(Case("nobody", "candidate")) for name, guard in GUARDS.items()} - {""}
    assert refusals == {"assistance_not_yours", "assistance_of_another", "contact_missing"}
    assert refusals <= set(RULES)


def test_the_second_of_two_is_told_that_somebody_has_it():
    with pytest.raises(RuleBroken) as refused:
        assistance.after("taken", "take", Case("b", "candidate", "a", may_help=True))
    assert refused.value.code == "assistance_taken"


def test_an_answer_needs_a_contact_that_the_candidate_can_read():
    with pytest.raises(RuleBroken) as refused:
        assistance.after("taken", "answer", Case("helper", "candidate", "helper", may_help=True))
    assert refused.value.code == "contact_missing"


class Life(RuleBasedStateMachine):
    """One request from its beginning to its end, with a candidate, two helpers and an assessor who all try everything."""

    def __init__(self):
        super().__init__()
        self.state, self.helper, self.contacts, self.ended_by = "new", "", 0, ""

    def tries(self, who, verb, *, roles=frozenset({"trainer"}), assesses=False):
        facts = {"person_id": who, "roles": roles, "subject_id": "candidate", "state": self.state, "assesses": assesses}
        case = Case(who, "candidate", self.helper, assistance.may_help(**facts), "coordinator" in roles, self.contacts)
        try:
            before, self.state = self.state, assistance.after(self.state, verb, case)
        except RuleBroken:
            return False
        if verb == "take":
            self.helper, self.contacts = who, 0
        elif verb == "contact":
            self.contacts += 1
        elif verb in ("hand_back", "reopen"):
            self.helper, self.contacts = "", 0
        if self.state not in (*OPEN, "offered"):
            self.ended_by = who
        assert before != "new" or verb in ("offer", "ask")
        return True

    @rule(verb=st.sampled_from(VERBS))
    def the_candidate(self, verb):
        self.tries("candidate", verb, roles=frozenset({"candidate"}))

    @rule(verb=st.sampled_from(VERBS), who=st.sampled_from(["first", "second"]))
    def a_helper(self, verb, who):
        done = self.tries(who, verb)
        assert not done or verb in ("take", "contact", "answer", "hand_back")
        assert not done or verb == "take" or who == (self.helper or who)

    @rule(verb=st.sampled_from(VERBS))
    def the_coordinator(self, verb):
        assert not self.tries("coordinator", verb, roles=frozenset({"coordinator", "observer"}), assesses=True) or verb in (
            "take",
            "contact",
            "answer",
            "hand_back",
        )

    @rule(verb=st.sampled_from(VERBS))
    def an_assessor(self, verb):
        assert not self.tries("assessor", verb, roles=frozenset({"observer", "trainer", "deputy"}), assesses=True)

    @rule(verb=st.sampled_from(VERBS))
    @precondition(lambda self: self.state == "new")
    def the_system(self, verb):
        assert not self.tries("", verb, roles=frozenset()) or verb == "offer"

    @rule(verb=st.sampled_from(VERBS))
    @precondition(lambda self: self.state != "new")
    def the_system_later(self, verb):
        assert not self.tries("", verb, roles=frozenset())

    @invariant()
    def a_helper_stands_where_it_is_taken(self):
        assert (self.state in ("taken", "answered")) <= bool(self.helper)
        assert self.state != "answered" or self.contacts

    @invariant()
    def only_the_candidate_has_ended_it(self):
        assert self.state in (*OPEN, "offered", "new") or self.ended_by == "candidate"


TestLife = Life.TestCase


def test_the_diagram_shows_every_row():
    drawn = assistance.diagram()
    assert drawn.count("-->") == len(MOVES) + 2
    assert "[*] --> offered: offer [by the system]" in drawn


# --- who sees, who helps -----------------------------------------------------------------------------------------------------


@given(some_roles, st.sampled_from(STATES))
def test_whoever_assesses_a_candidate_learns_nothing_unless_they_coordinate(roles, state):
    seen = assistance.may_see(person_id="a", roles=roles, subject_id="c", state=state, assesses=True)
    assert seen == (state in OPEN and "coordinator" in roles)
    assert not assistance.may_help(person_id="a", roles=roles, subject_id="c", state=state, assesses=True) or seen


@given(some_roles, st.booleans(), st.sampled_from(["offered", "declined", "withdrawn", "closed"]))
def test_an_offer_and_what_has_ended_are_the_candidates_alone(roles, assesses, state):
    assert not assistance.may_see(person_id="a", roles=roles, subject_id="c", state=state, assesses=assesses)
    assert assistance.may_see(person_id="c", roles=roles, subject_id="c", state=state, assesses=assesses)


@given(some_roles, st.sampled_from(STATES), st.booleans())
def test_nobody_helps_themself_and_only_helpers_help(roles, state, assesses):
    assert not assistance.may_help(person_id="c", roles=roles, subject_id="c", state=state, assesses=assesses)
    if roles.isdisjoint({"trainer", "coordinator", "deputy"}):
        assert not assistance.may_help(person_id="a", roles=roles, subject_id="c", state=state, assesses=assesses)


def test_who_may_not_know_is_told_that_there_is_nothing():
    with pytest.raises(NotFound):
        assistance.known(False)


# --- when it is due, when it is offered --------------------------------------------------------------------------------------


DUE = [("can_wait", date(2026, 12, 7)), ("this_week", date(2026, 12, 2)), ("blocked", date(2026, 11, 29))]


@pytest.mark.parametrize(("urgency", "day"), DUE)
def test_what_is_due_follows_from_the_urgency_in_calendar_days(urgency, day):
    assert assistance.due(urgency, NOON, ASSURED) == day


@given(st.sampled_from(URGENCIES), st.timedeltas(timedelta(0), timedelta(days=9000)).map(NOON.__add__))
def test_nothing_is_overdue_on_its_last_day_nor_once_it_is_answered(urgency, asked_at):
    day = assistance.due(urgency, asked_at, ASSURED)
    assert day > asked_at.date()
    for state in STATES:
        assert not assistance.overdue(state, day, day)
        assert assistance.overdue(state, day, day + timedelta(days=1)) == (state in UNDER_WAY)


@given(st.lists(st.booleans()), st.integers(0, 5))
def test_help_is_offered_after_so_many_failures_since_the_last_mastered_attempt(attempts, needed):
    policy = replace(ASSURED, assistance=Assistance(failed_checks=needed))
    failed = assistance.failures(attempts)
    assert attempts[len(attempts) - failed :] == [False] * failed
    assert failed == len(attempts) or attempts[len(attempts) - failed - 1]
    assert assistance.offers_after(policy, failed) == (needed > 0 and failed >= needed)


def test_inactive_is_who_has_done_nothing_for_as_long_as_the_policy_says():
    assert not assistance.inactive(ASSURED, NOON, NOON + timedelta(days=21, seconds=-1))
    assert assistance.inactive(ASSURED, NOON, NOON + timedelta(days=21))
    assert not assistance.inactive(replace(ASSURED, assistance=Assistance(inactive_days=0)), NOON, NOON + timedelta(days=999))


# --- what is said ------------------------------------------------------------------------------------------------------------


def test_a_topic_is_one_of_the_programme_or_the_platform_or_something_else():
    assert [one.code for one in assistance.topics(PROGRAMME)] == ["competency:MC1", "platform", "other"]
    assert assistance.topic(PROGRAMME, "competency:MC1").title == "Listening"
    with pytest.raises(RuleBroken, match="topic_unknown"):
        assistance.topic(PROGRAMME, "module:M9")


def test_something_else_needs_a_line_unless_it_was_offered():
    assistance.check_request(Topic("platform"), "blocked", "")
    assistance.check_request(assistance.OTHER, "blocked", "", offered=True)
    with pytest.raises(RuleBroken, match="help_text_empty"):
        assistance.check_request(assistance.OTHER, "blocked", "  ")
    with pytest.raises(RuleBroken, match="urgency_unknown"):
        assistance.check_request(assistance.PLATFORM, "now", "x")
    with pytest.raises(RuleBroken, match="help_text_long"):
        assistance.check_request(assistance.PLATFORM, "blocked", "x" * 4001)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"minutes": 0}, "minutes_unknown"),
        ({"minutes": 601}, "minutes_unknown"),
        ({"mode": "dream"}, "mode_unknown"),
        ({"outcome": " "}, "outcome_empty"),
        ({"outcome": "x" * 4001}, "help_text_long"),
        ({"follow_up": NOON.date() - timedelta(days=2)}, "follow_up_past"),
    ],
)
def test_a_contact_that_does_not_fit_is_refused_with_what_is_wrong(changes, code):
    fitting = {"minutes": 15, "mode": "call", "outcome": "Went through it.", "follow_up": NOON.date(), "today": NOON.date()}
    assistance.check_contact(**fitting)
    with pytest.raises(RuleBroken, match=code):
        assistance.check_contact(**(fitting | changes))
    assert code in RULES


# --- what helping means for assessing ----------------------------------------------------------------------------------------

people = st.sampled_from(["a", "b", "c"])
keys = st.frozensets(st.sampled_from(["MC1", "MC2", "MC3"]))


@given(st.sets(st.tuples(people, keys)), people, keys, st.one_of(st.none(), st.integers(0, 3)))
def test_helping_blocks_only_the_helper_only_in_what_they_helped_with_and_never_the_last_one(helped, assessor, competencies, remaining):
    assured = assistance.assessor_conflict(ASSURED, helped, assessor, competencies, remaining_eligible=remaining)
    starter = assistance.assessor_conflict(STARTER, helped, assessor, competencies, remaining_eligible=remaining)
    shared = {key for who, of in helped if who == assessor for key in of} & competencies
    if not shared:
        assert assured == starter == Conflict("clear")
        return
    assert starter == Conflict("noted", "helped", tuple(sorted(shared)))
    expected = ("noted", "helped_no_other") if remaining == 0 else ("blocked", "helped")
    assert (assured.verdict, assured.reason, assured.competencies) == (*expected, tuple(sorted(shared)))
