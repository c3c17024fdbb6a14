# SPDX-License-Identifier: Apache-2.0
"""The conflict guard, rule by rule and in both directions: what it stops, and what it lets be."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_babel import Babel
from hypothesis import given
from hypothesis import strategies as st

from lti_mentoring.domain import conflict
from lti_mentoring.domain.conflict import (
    APPEAL,
    ASSESSMENT,
    AWARD,
    CLEAR,
    CLOSED,
    DETERMINATION,
    GROUP,
    NEVER,
    OVERRIDE,
    PAIRING,
    PURPOSES,
    REVIEW,
    RULES,
    UNATTESTED,
    VERDICTS,
    WARN,
    Question,
)
from lti_mentoring.domain.period import add_months
from lti_mentoring.domain.reporting_line import KINDS, Line, chain, counts_from, lines_of
from lti_mentoring.domain.standing import TIES, Facts, Tie
from lti_mentoring.web.wording.conflict import SENTENCES, finding_words

DAY = date(2026, 3, 2)
LONG = date(2020, 1, 1)
EVERYBODY = ("m", "p", "boss", "head", "a", "b", "c", "d")


def line(lower: str, upper: str, kind: str = "direct", start: date = LONG, end: date | None = None) -> Line:
    return Line(lower, upper, kind, start, end)


def facts(*lines: Line, on: date = DAY, ties: tuple[Tie, ...] = (), unknown: tuple[str, ...] = (), **said: Any) -> Facts:
    known = {one: DAY for one in (*EVERYBODY, *(f"p{number}" for number in range(20))) if one not in unknown}
    return Facts(on, tuple(lines), said.pop("said", known), ties, **said)


def tie(kind: str, one: str, other: str, start: date = DAY, end: date | None = None, about: str = "") -> Tie:
    return Tie(kind, one, other, start, end, frozenset(about.split()))


def found(asked: Question, known: Facts) -> list[tuple[str, str, str]]:
    return [(one.rule, one.code, one.verdict) for one in conflict.check(asked, known).findings]


PAIR = Question(PAIRING, ("m",), ("p",))
RATES = Question(ASSESSMENT, ("m",), ("p",))


# --- R0 -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("purpose", PURPOSES)
def test_R0_whoever_has_not_said_who_manages_them_is_never_clear(purpose):
    asked = Question(purpose, ("m",), ("p",), outside=0)
    check = conflict.check(asked, facts(unknown=("p",)))
    assert ("R0", "line_unknown") in [(one.rule, one.code) for one in check.findings]
    assert check.verdict == UNATTESTED


def test_R0_nobody_here_is_an_answer():
    assert conflict.check(PAIR, facts()).verdict == CLEAR


def test_R0_an_answer_holds_twelve_months_to_the_day():
    for said, verdict in ((date(2025, 3, 3), CLEAR), (date(2025, 3, 2), UNATTESTED)):
        assert conflict.check(PAIR, facts(said={"m": DAY, "p": said})).verdict == verdict


def test_R0_a_manager_of_whom_only_the_name_is_known_may_be_the_one_of_that_name():
    check = conflict.check(PAIR, facts(namesakes=frozenset({("p", "m")})))
    assert [one.code for one in check.findings] == ["namesake"]
    assert check.verdict == UNATTESTED
    assert conflict.check(PAIR, facts(namesakes=frozenset({("p", "c")}))).verdict == CLEAR


def test_R0_for_a_review_the_lines_of_the_applicant_are_what_counts():
    assert conflict.check(Question(REVIEW, ("m",), ("p",)), facts(unknown=("m",))).verdict == CLEAR


# --- R1 to R5: pairs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "code"), [("direct", "manages"), ("appraiser", "appraises")])
def test_R1_nobody_mentors_whom_they_manage_or_appraise(kind, code):
    assert found(PAIR, facts(line("p", "m", kind))) == [("R1", code, CLOSED)]
    assert found(PAIR, facts(line("p", "boss", kind))) == []


def test_R1_a_line_holds_from_its_first_day_to_the_day_before_its_end():
    assert found(PAIR, facts(line("p", "m", start=DAY))) == [("R1", "manages", CLOSED)]
    assert found(PAIR, facts(line("p", "m", start=DAY + timedelta(days=1)))) == []
    assert [rule for rule, _, _ in found(PAIR, facts(line("p", "m", end=DAY + timedelta(days=1))))] == ["R1"]
    assert [rule for rule, _, _ in found(PAIR, facts(line("p", "m", end=DAY)))] == ["R3"], "over, and recent"


def test_R1_of_two_periods_that_touch_one_holds_on_each_day():
    lines = (line("p", "m", end=DAY), line("p", "boss", start=DAY))
    assert found(PAIR, facts(*lines, on=DAY - timedelta(days=1))) == [("R1", "manages", CLOSED)]
    assert [rule for rule, _, _ in found(PAIR, facts(*lines))] == ["R3"]
    assert [rule for rule, _, _ in found(Question(PAIRING, ("boss",), ("p",)), facts(*lines))] == ["R1"]
    assert found(Question(PAIRING, ("boss",), ("p",)), facts(*lines, on=DAY - timedelta(days=1))) == []


def test_R1_nobody_mentors_themself():
    assert ("R1", "oneself", CLOSED) in found(Question(PAIRING, ("m",), ("m",)), facts())


def test_R2_nobody_mentors_whom_they_stand_above_however_far():
    steps = [line("p", "p1"), *(line(f"p{number}", f"p{number + 1}") for number in range(1, 15))]
    for far in range(2, 11):
        assert found(Question(PAIRING, (f"p{far}",), ("p",)), facts(*steps)) == [("R2", "above", CLOSED)], far
    assert found(Question(PAIRING, ("p11",), ("p",)), facts(*steps)) == [], "ten steps are followed"
    (told,) = conflict.check(Question(PAIRING, ("p3",), ("p",)), facts(*steps)).findings
    assert told.facts == {"way": ("p1", "p2", "p3"), "steps": 3}


def test_R2_only_direct_lines_lead_on_and_only_those_that_hold():
    assert found(PAIR, facts(line("p", "boss", "dotted"), line("boss", "m"))) == []
    assert found(PAIR, facts(line("p", "boss"), line("boss", "m", "appraiser"))) == []
    assert found(PAIR, facts(line("p", "boss"), line("boss", "m", end=DAY))) == []
    assert found(PAIR, facts(line("p", "boss"), line("m", "boss"))) == [("R4", "same_manager", WARN)]


def test_R2_a_circle_of_managers_ends_and_is_seen_from_everywhere_in_it():
    ring = [line("a", "b"), line("b", "c"), line("c", "a")]
    assert {rule for rule, _, _ in found(Question(PAIRING, ("c",), ("a",)), facts(*ring))} == {"R2", "R5"}
    assert found(Question(PAIRING, ("d",), ("a",)), facts(*ring)) == []
    assert found(Question(PAIRING, ("m",), ("p",)), facts(line("p", "p"), line("m", "m"))) == []


def test_R3_a_dotted_line_or_one_that_ended_within_twelve_months_needs_an_exception():
    assert found(PAIR, facts(line("p", "m", "dotted"))) == [("R3", "dotted", OVERRIDE)]
    assert found(PAIR, facts(line("p", "m", end=date(2025, 3, 3)))) == [("R3", "was_direct", OVERRIDE)]
    assert found(PAIR, facts(line("p", "m", "appraiser", end=date(2025, 3, 3)))) == [("R3", "was_appraiser", OVERRIDE)]
    assert found(PAIR, facts(line("p", "m", end=date(2025, 3, 2)))) == []
    assert found(PAIR, facts(line("p", "m", "dotted", end=DAY))) == []
    assert found(PAIR, facts(line("m", "p", "dotted"))) == [], "whom the protégé leads in part may mentor them"


def test_R4_two_under_one_manager_are_told_and_peers_are_meant_to_be():
    lines = (line("p", "boss"), line("m", "boss"))
    assert found(PAIR, facts(*lines)) == [("R4", "same_manager", WARN)]
    for kind in ("peer", "reciprocal"):
        assert found(Question(PAIRING, ("m",), ("p",), kind=kind), facts(*lines)) == []
    assert found(PAIR, facts(line("p", "boss"), line("m", "head"))) == []
    assert found(PAIR, facts(line("p", "boss"), line("m", "boss", end=DAY))) == []


@pytest.mark.parametrize("kind", ["reverse", "one_to_one"])
def test_R5_whoever_is_mentored_has_no_power_over_the_mentor(kind):
    asked = Question(PAIRING, ("m",), ("p",), kind=kind)
    assert found(asked, facts(line("m", "p"))) == [("R5", "protege_manages", CLOSED)]
    assert found(asked, facts(line("m", "p", "appraiser"))) == [("R5", "protege_appraises", CLOSED)]
    assert found(asked, facts(line("m", "boss"), line("boss", "p"))) == [("R5", "protege_above", CLOSED)]
    assert found(asked, facts(line("m", "boss"), line("p", "head"))) == []


def test_R5_in_a_reciprocal_pair_both_are_looked_at_both_ways():
    both = Question(PAIRING, ("m",), ("p",), kind="reciprocal")
    for lines in ((line("p", "m"),), (line("m", "p"),)):
        assert found(both, facts(*lines)) == [("R1", "manages", CLOSED)]


# --- R6 ---------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize(("one", "other"), [("m", "p"), ("p", "m")])
def test_R6_a_declared_relation_closes_everything_whoever_declared_it(purpose, one, other):
    asked = Question(purpose, ("m",), ("p",), outside=0)
    assert ("R6", "related", CLOSED) in found(asked, facts(ties=(tie("related", one, other, LONG),)))
    assert "R6" not in [rule for rule, _, _ in found(asked, facts(ties=(tie("related", one, "c", LONG),)))]


def test_R6_it_counts_for_twelve_months_after_its_end_and_not_before_its_start():
    for start, end, stops in ((LONG, date(2025, 3, 3), True), (LONG, date(2025, 3, 2), False), (DAY + timedelta(days=1), None, False)):
        assert (found(PAIR, facts(ties=(tie("related", "m", "p", start, end),))) != []) is stops


def test_R6_an_assessor_is_nobody_to_the_protege_in_the_room_either():
    asked = Question(ASSESSMENT, ("m",), ("p",), present=("c",))
    assert ("R6", "related", CLOSED) in found(asked, facts(ties=(tie("related", "c", "m", LONG),)))


# --- R7 and R8: assessing -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "lines",
    [
        (line("p", "m"),),
        (line("m", "p"),),
        (line("p", "m", "appraiser"),),
        (line("p", "m", "dotted"),),
        (line("p", "boss"), line("boss", "m")),
        (line("m", "boss"), line("boss", "head"), line("head", "p")),
        (line("p", "m", end=date(2025, 3, 3)),),
    ],
)
def test_R7_nobody_in_either_line_rates_what_counts(lines):
    assert [(rule, verdict) for rule, _, verdict in found(RATES, facts(*lines))] == [("R7", OVERRIDE)]
    formative = Question(ASSESSMENT, ("m",), ("p",), summative=False)
    assert [(rule, verdict) for rule, _, verdict in found(formative, facts(*lines))] == [("R7", WARN)]


def test_R7_peers_strangers_and_lines_long_over_rate():
    for lines in ((line("p", "boss"), line("m", "boss")), (line("p", "c"),), (line("p", "m", end=date(2025, 3, 2)),)):
        assert found(RATES, facts(*lines)) == []


@pytest.mark.parametrize(
    ("kind", "one", "other", "stops"),
    [
        ("mentored", "m", "p", True),
        ("mentored", "p", "m", True),
        ("co_mentored", "m", "p", True),
        ("co_mentored", "p", "m", True),
        ("trained", "m", "p", True),
        ("trained", "p", "m", False),
        ("helped", "m", "p", True),
        ("helped", "p", "m", False),
        ("assessed", "m", "p", False),
        ("mentored", "m", "c", False),
    ],
)
def test_R7_whoever_had_a_part_in_somebody_within_twelve_months_does_not_rate_them(kind, one, other, stops):
    for end, recent in ((None, True), (date(2025, 3, 3), True), (date(2025, 3, 2), False)):
        known = facts(ties=(tie(kind, one, other, LONG, end),))
        assert found(RATES, known) == ([("R7", kind, OVERRIDE)] if stops and recent else []), end


def test_R7_a_co_mentor_rates_the_session_that_both_led():
    own = Question(ASSESSMENT, ("m",), ("p",), shared=True)
    assert found(own, facts(ties=(tie("co_mentored", "m", "p"),))) == []
    assert found(own, facts(ties=(tie("co_mentored", "m", "p"), tie("mentored", "m", "p")))) == [("R7", "mentored", OVERRIDE)]
    assert [rule for rule, _, _ in found(own, facts(line("p", "m"), ties=(tie("co_mentored", "m", "p"),)))] == ["R7"], "not their manager"


def test_R7_help_and_training_count_for_what_is_rated():
    asked = Question(ASSESSMENT, ("m",), ("p",), competencies=frozenset({"MC1", "MC2"}))
    for kind in ("helped", "trained"):
        assert found(asked, facts(ties=(tie(kind, "m", "p", about="MC2 MC9"),))) == [("R7", kind, OVERRIDE)]
        assert found(asked, facts(ties=(tie(kind, "m", "p", about="MC3"),))) == []


def test_R7_only_who_trained_somebody_alone_is_bound_by_it():
    asked = Question(ASSESSMENT, ("m",), ("p",), competencies=frozenset({"MC1", "MC2"}))
    shared = (tie("trained", "m", "p", about="MC1"), tie("trained", "c", "p", about="MC1"))
    assert found(asked, facts(ties=shared)) == []
    assert found(asked, facts(ties=(*shared, tie("trained", "m", "p", about="MC2")))) == [("R7", "trained", OVERRIDE)]
    long_ago = tie("trained", "c", "p", LONG, LONG + timedelta(days=1), about="MC1")
    assert found(asked, facts(ties=(shared[0], long_ago))) == [("R7", "trained", OVERRIDE)]


def test_R7_a_policy_lets_help_and_co_mentoring_stand_as_a_remark_and_nothing_else():
    asked = Question(ASSESSMENT, ("m",), ("p",), noted=frozenset({"helped", "co_mentored", "mentored"}))
    for kind, verdict in (("helped", WARN), ("co_mentored", WARN), ("mentored", OVERRIDE)):
        assert found(asked, facts(ties=(tie(kind, "m", "p"),))) == [("R7", kind, verdict)]


def test_R7_nobody_rates_themself():
    assert ("R7", "oneself", CLOSED) in found(Question(ASSESSMENT, ("m",), ("m",)), facts())


def test_R8_no_assessor_hears_the_talk_of_somebody_in_their_line():
    asked = Question(ASSESSMENT, ("m",), ("p",), present=("c",))
    for lines in ((line("c", "m"),), (line("m", "c"),), (line("c", "boss"), line("boss", "m")), (line("c", "m", "dotted"),)):
        assert [(rule, verdict) for rule, _, verdict in found(asked, facts(*lines))] == [("R8", OVERRIDE)]
    for lines in ((line("c", "p"),), (line("c", "boss"), line("m", "boss")), (line("c", "m", end=DAY),)):
        assert found(asked, facts(*lines)) == [], "the candidate's own people are the candidate's matter"


# --- R9 to R13 ------------------------------------------------------------------------------------------------------------------------


def test_R9_nobody_reviews_whom_they_manage_speak_for_or_were_named_by():
    asked = Question(REVIEW, ("m",), ("p",))
    for lines, code in (
        ((line("p", "m"),), "manages"),
        ((line("p", "boss"), line("boss", "m")), "above"),
        ((line("m", "p"),), "managed"),
        ((line("m", "boss"), line("boss", "p")), "managed"),
        ((line("p", "m", end=date(2025, 3, 3)),), "manages"),
    ):
        assert found(asked, facts(*lines)) == [("R9", code, OVERRIDE)]
    assert found(asked, facts(ties=(tie("refereed", "m", "p"),))) == [("R9", "refereed", OVERRIDE)]
    for ways in (("m", "p"), ("p", "m")):
        assert found(asked, facts(ties=(tie("nominated", *ways),))) == [("R9", "nominated", OVERRIDE)]
    assert found(asked, facts(line("p", "boss"), line("m", "boss"), ties=(tie("refereed", "c", "p"),))) == []
    assert ("R9", "oneself", CLOSED) in found(Question(REVIEW, ("m",), ("m",)), facts())


UNITS = {"p": "sales", "a": "sales", "b": "sales", "c": "law", "d": "law"}


def test_R10_as_many_deciders_as_the_policy_wants_come_from_outside():
    def award(*deciders: str, outside: int = 1, **known: Any) -> list[tuple[str, str, str]]:
        return found(Question(AWARD, deciders, ("p",), outside=outside), facts(**{"units": UNITS} | known))

    assert award("a", "c") == []
    assert award("a", "b") == [("R10", "same_unit", OVERRIDE)]
    assert award("a", "c", outside=2) == [("R10", "same_unit", OVERRIDE)]
    assert award("a", "b", outside=0) == [("R10", "same_unit", WARN)]
    assert award("a", "c", outside=0) == []
    assert award("a", "c", units={"a": "sales", "p": "sales"}) == [("R10", "unit_unknown", UNATTESTED)]
    assert award("a", "c", units={"c": "law"}) == [("R10", "unit_unknown", UNATTESTED)]
    assert award("a", "c", unknown=("c",)) == [("R10", "unit_unknown", UNATTESTED)], "whoever's line is unknown is not outside"
    assert ("R10", "oneself", CLOSED) in award("p", "c")


def test_R10_nobody_in_the_line_is_outside_wherever_they_work():
    asked = Question(AWARD, ("a", "c"), ("p",))
    assert found(asked, facts(line("p", "c"), units=UNITS)) == [("R10", "same_unit", OVERRIDE)]


def test_R10_who_trained_and_observed_somebody_alone_does_not_decide():
    asked = Question(AWARD, ("a", "c"), ("p",))
    alone = (tie("trained", "a", "p"), tie("assessed", "a", "p"))
    assert found(asked, facts(ties=alone, units=UNITS)) == [("R10", "did_all", OVERRIDE)]
    assert found(asked, facts(ties=(*alone, tie("assessed", "d", "p")), units=UNITS)) == []
    assert found(asked, facts(ties=alone[:1], units=UNITS)) == []


@pytest.mark.parametrize("kind", TIES)
def test_R11_whoever_had_any_part_hears_no_appeal_however_long_ago(kind):
    asked = Question(APPEAL, ("c",), ("p",))
    for ways in (("c", "p"), ("p", "c")):
        assert ("R11", kind, CLOSED) in found(asked, facts(ties=(tie(kind, *ways, LONG, LONG + timedelta(days=1)),), units=UNITS))
    assert "R11" not in [rule for rule, _, _ in found(asked, facts(ties=(tie(kind, "a", "p", LONG),), units=UNITS))]


def test_R11_nor_who_works_where_the_decider_does_or_stands_in_the_line():
    decided = (tie("decided", "a", "p"),)
    assert found(Question(APPEAL, ("c",), ("p",)), facts(ties=decided, units=UNITS)) == []
    assert found(Question(APPEAL, ("b",), ("p",)), facts(ties=decided, units=UNITS)) == [("R11", "unit_of_decider", CLOSED)]
    assert found(Question(APPEAL, ("c",), ("p",)), facts(ties=decided)) == [("R11", "unit_unknown", UNATTESTED)]
    assert found(Question(APPEAL, ("c",), ("p",)), facts(line("c", "p"), units=UNITS)) == [("R11", "line_manages", CLOSED)]


def test_R12_not_all_observations_are_by_one_observer():
    for observers, rules in ((("m", "m"), ["R12"]), (("m", "m", "c"), []), (("m",), []), ((), [])):
        assert [rule for rule, _, _ in found(Question(DETERMINATION, observers, ("p",)), facts())] == rules


def test_R13_no_pair_in_a_group_stands_in_a_line():
    asked = Question(GROUP, ("m",), ("a", "b"))
    assert found(asked, facts()) == []
    assert found(asked, facts(line("a", "boss"), line("b", "boss"))) == []
    assert found(asked, facts(line("a", "m"))) == [("R13", "manages", CLOSED)], "a group opens nothing that R1 closes"
    assert found(asked, facts(line("m", "a"))) == [("R13", "protege_manages", CLOSED)]
    assert found(asked, facts(line("a", "m", "dotted"))) == [("R13", "dotted", OVERRIDE)]
    for lines in ((line("a", "b"),), (line("b", "a"),), (line("a", "boss"), line("boss", "b")), (line("a", "b", end=date(2025, 3, 3)),)):
        assert [(rule, verdict) for rule, _, verdict in found(asked, facts(*lines))] == [("R13", OVERRIDE)]
    assert ("R13", "oneself", CLOSED) in found(Question(GROUP, ("m",), ("m", "a")), facts())


# --- the whole ------------------------------------------------------------------------------------------------------------------------


def test_what_is_no_purpose_is_a_mistake_of_ours():
    with pytest.raises(ValueError, match="tea"):
        conflict.check(Question("tea", ("m",), ("p",)), facts())


def test_the_gravest_finding_is_the_verdict():
    assert conflict.check(PAIR, facts(line("p", "m", "dotted"), unknown=("m",))).verdict == UNATTESTED
    assert conflict.check(PAIR, facts(line("p", "m"), unknown=("m",))).verdict == CLOSED


people = st.sampled_from(EVERYBODY)
days = st.dates(date(2024, 1, 1), date(2027, 1, 1))


@st.composite
def lines_(draw: st.DrawFn) -> Line:
    start = draw(days)
    return Line(draw(people), draw(people), draw(st.sampled_from(KINDS)), start, draw(st.none() | st.dates(start, date(2028, 1, 1))))


@st.composite
def known_(draw: st.DrawFn) -> Facts:
    spans = st.builds(Tie, st.sampled_from(TIES), people, people, days, st.none() | days, st.frozensets(st.sampled_from(["MC1", "MC2"])))
    return Facts(
        on=draw(days),
        lines=tuple(draw(st.lists(lines_(), max_size=12))),
        said=draw(st.dictionaries(people, days)),
        ties=tuple(draw(st.lists(spans, max_size=6))),
        units=draw(st.dictionaries(people, st.sampled_from(["law", "sales"]))),
    )


groups = st.lists(people, min_size=1, max_size=3).map(tuple)
kinds = st.sampled_from(["one_to_one", "peer", "reciprocal", "reverse"])
questions = st.builds(Question, st.sampled_from(PURPOSES), groups, groups, groups, kinds)


@given(questions, known_())
def test_every_finding_is_one_of_its_rule_and_its_rule_is_one_of_the_purpose(asked, known):
    check = conflict.check(asked, known)
    for one in check.findings:
        assert asked.purpose in RULES[one.rule].purposes
        assert one.code in RULES[one.rule].codes
        assert one.verdict in VERDICTS
        assert one.verdict != CLEAR
        assert not (one.rule in NEVER and one.verdict == OVERRIDE)
    assert (check.verdict == CLEAR) is (check.findings == ())


@given(questions, known_())
def test_whoever_is_not_known_keeps_every_answer_from_being_clear(asked, known):
    said = {person: day for person, day in known.said.items() if person != asked.concerned[0]}
    assert conflict.check(asked, Facts(known.on, known.lines, said, known.ties, known.units)).verdict in (UNATTESTED, CLOSED)


@given(questions.filter(lambda asked: asked.purpose != AWARD), known_(), lines_())
def test_another_line_never_makes_an_answer_milder(asked, known, more):
    """But for an award, where a line tells that somebody is not from outside whose unit is unknown."""
    sets = (known.lines, (*known.lines, more))
    before, after = (conflict.check(asked, Facts(known.on, lines, known.said, known.ties, known.units)) for lines in sets)
    assert VERDICTS.index(after.verdict) >= VERDICTS.index(before.verdict)


@given(st.lists(lines_(), max_size=15), days)
def test_nobody_is_above_themself_and_a_walk_ends(lines, on):
    for person in EVERYBODY:
        assert person not in chain(person, lines)
        assert person not in lines_of(person, [one for one in lines if one.subordinate != one.manager], on).above


@given(lines_(), days)
def test_the_day_from_which_a_line_counts_is_the_rule_itself(one, on):
    assert one.counts(on) is (one.start <= on and (one.end is None or one.end >= counts_from(on)))


def test_the_window_knows_the_end_of_february():
    assert counts_from(date(2025, 2, 28)) == date(2024, 3, 1)
    assert add_months(date(2024, 2, 29), 12) == date(2025, 2, 28)


# --- words --------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def language() -> Iterator[None]:
    app = Flask("words")
    Babel(app)
    with app.test_request_context():
        yield


def test_everything_that_can_be_found_has_a_sentence(language):
    assert set(SENTENCES) == set(RULES)
    for rule, sentences in SENTENCES.items():
        assert set(RULES[rule].codes) <= set(sentences), rule


def test_a_sentence_names_who_and_how(language):
    names = {"p3": "Ada", "p": "Ben", "m": "Ada"}
    steps = [line("p", "p1"), line("p1", "p2"), line("p2", "p3")]
    (told,) = conflict.check(Question(PAIRING, ("p3",), ("p",)), facts(*steps)).findings
    assert finding_words(told, names) == "Ada stands 3 steps above Ben in the line of managers."
    (was,) = conflict.check(PAIR, facts(line("p", "m", end=date(2025, 12, 1)))).findings
    assert finding_words(was, names).startswith("Ada managed Ben until ")
    assert "2025" in finding_words(was, names)


def test_the_documentation_has_each_rule_with_what_it_is_checked_for_and_whether_it_has_an_exception():
    text = (Path(__file__).parents[2] / "docs" / "conflict.md").read_text("utf-8")
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in text.splitlines() if row.startswith("| R")]
    assert [row[0] for row in rows] == list(RULES)
    for rule, purposes, _, exception in rows:
        assert purposes == ("all" if RULES[rule].purposes == PURPOSES else ", ".join(RULES[rule].purposes)), rule
        assert (exception == "never") is (rule in NEVER), rule
