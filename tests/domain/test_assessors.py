# SPDX-License-Identifier: Apache-2.0
"""Asking of many at once gives what asking one by one gives."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from time import perf_counter

from hypothesis import given, settings
from hypothesis import strategies as st

from lti_mentoring.domain.assessors import asker
from lti_mentoring.domain.conflict import ASSESSMENT, Question, check
from lti_mentoring.domain.reporting_line import KINDS, Line
from lti_mentoring.domain.standing import TIES, Facts, Tie

TODAY = date(2026, 11, 30)
PEOPLE = [f"p{number}" for number in range(7)]

people = st.sampled_from(PEOPLE)
days = st.integers(-900, 60).map(lambda many: TODAY + timedelta(days=many))
ends = st.none() | days
keys = st.frozensets(st.sampled_from(["MC1", "MC2"]))


@st.composite
def all_facts(draw: st.DrawFn) -> Facts:
    return Facts(
        on=TODAY,
        lines=tuple(draw(st.lists(st.builds(Line, people, people, st.sampled_from(KINDS), days, ends), max_size=9))),
        said=draw(st.dictionaries(people, days)),
        ties=tuple(draw(st.lists(st.builds(Tie, st.sampled_from(TIES), people, people, days, ends, keys), max_size=5))),
        namesakes=draw(st.frozensets(st.tuples(people, people).filter(lambda pair: pair[0] != pair[1]), max_size=2)),
    )


questions = st.builds(
    lambda candidate, present, summative, shared, about: Question(
        ASSESSMENT, (), (candidate,), tuple(present), summative=summative, shared=shared, competencies=about
    ),
    people,
    st.lists(people, max_size=2, unique=True),
    st.booleans(),
    st.booleans(),
    keys,
)


@settings(max_examples=400)
@given(questions, all_facts())
def test_asking_of_everybody_at_once_finds_the_same_of_each(asked, facts):
    found = asker(facts)(asked, PEOPLE)
    for person in PEOPLE:
        alone = check(replace(asked, acting=(person,)), facts)
        assert found[person].verdict == alone.verdict
        assert set(map(str, found[person].findings)) == set(map(str, alone.findings))


def test_forty_candidates_by_two_thousand_observers_are_asked_within_seconds():
    crowd = [f"o{number}" for number in range(2000)]
    lines = tuple(Line(person, f"o{(number - 1) // 8}", "direct", date(2020, 1, 1)) for number, person in enumerate(crowd) if number)
    ask = asker(Facts(TODAY, lines, dict.fromkeys(crowd, TODAY)))
    begun = perf_counter()
    for number in range(40):
        ask(Question(ASSESSMENT, (), (f"o{number * 50 + 3}",)), crowd)
    assert perf_counter() - begun < 8, "on a machine with other things to do; alone it takes a second"
