# SPDX-License-Identifier: Apache-2.0
"""Reviews are put together exactly, a disagreement asks for a further reviewer, and nobody reads another's review before all are in."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lti_mentoring.domain import selection as rules
from lti_mentoring.domain.programme import Rubric, Selection
from lti_mentoring.domain.reporting_line import Line, lines_of
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.domain.selection import Mark, Review
from lti_mentoring.services import programme as packs

PACK = Path(__file__).parents[1] / "support" / "packs" / "one-module"
ASSURED = Selection(rubric="RU-E")


@pytest.fixture(scope="module")
def rubric() -> Rubric:
    programme, _ = packs.read(PACK)
    assert programme is not None
    return programme.rubric("RU-E")


def review(reviewer: str, rubric: Rubric, default: int | None = 3, **levels: int | None) -> Review:
    return Review(reviewer, tuple(Mark(one.key, levels.get(one.key, default), "Second answer.") for one in rubric.criteria))


def test_two_reviewers_who_agree_are_averaged_and_halves_stay(rubric):
    made = rules.standing(ASSURED, rubric, [review("a", rubric, E1=3), review("b", rubric, E1=4)])
    assert made.levels["E1"] == Fraction(7, 2)
    assert made.mean == Fraction(3) + Fraction(1, 16)
    assert (made.missing, made.apart, made.needs_further, made.short) == (0, (), False, ())


def test_two_levels_apart_ask_for_a_third_reviewer_whose_median_decides(rubric):
    two = [review("a", rubric, E4=1), review("b", rubric, E4=4)]
    made = rules.standing(ASSURED, rubric, two)
    assert (made.apart, made.needs_further) == (("E4",), True)
    decided = rules.standing(ASSURED, rubric, [*two, review("c", rubric, E4=2)])
    assert (decided.apart, decided.needs_further, decided.levels["E4"]) == (("E4",), False, Fraction(2))


def test_one_reviewer_under_starter_is_enough(rubric):
    assert rules.standing(Selection(rubric="RU-E", reviewers=1), rubric, [review("a", rubric)]).missing == 0
    assert rules.standing(ASSURED, rubric, [review("a", rubric)]).missing == 1


def test_the_bar_is_the_mean_and_each_critical_criterion_apart(rubric):
    weak = rules.standing(ASSURED, rubric, [review("a", rubric, 2, E3=3, E5=3), review("b", rubric, 2, E3=3, E5=3)])
    assert [one.code for one in weak.short] == ["mean_short"]
    brilliant = rules.standing(ASSURED, rubric, [review("a", rubric, 4, E5=2), review("b", rubric, 4, E5=3)])
    assert [(one.code, one.criterion, one.value) for one in brilliant.short] == [("critical_short", "E5", Fraction(5, 2))]
    refused = rules.standing(ASSURED, rubric, [review("a", rubric, 4, E3=1), review("b", rubric, 4, E3=1)])
    assert [one.code for one in refused.short] == ["critical_at_one"]


def test_what_nobody_could_judge_drops_out_of_the_mean_and_does_not_pass_where_it_is_critical(rubric):
    made = rules.standing(ASSURED, rubric, [review("a", rubric, E8=None), review("b", rubric, E8=None)])
    assert (made.levels["E8"], made.mean, made.short) == (None, Fraction(3), ())
    made = rules.standing(ASSURED, rubric, [review("a", rubric, E3=None), review("b", rubric, E3=None)])
    assert [one.code for one in made.short] == ["critical_short"]


LEVEL = st.one_of(st.none(), st.integers(1, 4))


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_order_of_reviewers_changes_nothing(rubric, data):
    levels = [data.draw(st.lists(LEVEL, min_size=8, max_size=8)) for _ in range(2)]
    reviews = [
        Review(name, tuple(Mark(one.key, level, "…") for one, level in zip(rubric.criteria, row, strict=True)))
        for name, row in zip("ab", levels, strict=True)
    ]
    one, other = rules.standing(ASSURED, rubric, reviews), rules.standing(ASSURED, rubric, reviews[::-1])
    assert one == other
    known = [level for level in one.levels.values() if level is not None]
    assert one.mean is None or min(known) <= one.mean <= max(known)


def test_nobody_reads_a_review_before_all_are_in_but_its_author():
    facts = {"author": "a", "assigned": ["a", "b"], "wanted": 2}
    assert rules.may_read("a", submitted=["a"], **facts)
    assert not rules.may_read("b", submitted=["a"], **facts)
    assert not rules.may_read("coordinator", submitted=["a"], **facts)
    assert rules.may_read("coordinator", submitted=["a", "b"], **facts)


def test_reviews_stay_unread_while_fewer_are_asked_for_than_the_policy_wants():
    assert not rules.may_read("coordinator", author="a", assigned=["a"], submitted=["a"], wanted=2)
    assert not rules.all_in(assigned=[], submitted=[], wanted=1)


def test_a_mark_has_a_ground_and_a_level_of_the_scale(rubric):
    assert rules.gaps(rubric, [Mark("E1", 3, " ")])[0] == "E1"
    assert "E1" not in rules.gaps(rubric, [Mark("E1", None, "The answer is about a team.")])
    wrong_ones = {"criterion_unknown": Mark("E9", 3, ""), "level_unknown": Mark("E1", 5, ""), "ground_long": Mark("E1", 3, "x" * 1001)}
    for code, wrong in wrong_ones.items():
        with pytest.raises(RuleBroken) as refused:
            rules.check_marks(rubric, [wrong])
        assert refused.value.code == code


DAY = date(2026, 3, 2)


def codes(reviewer: str, *lines: Line, referees: tuple[str, ...] = ()) -> list[str]:
    found = lines_of("applicant", lines, DAY)
    made = rules.conflicts(
        applicant="applicant", reviewer=reviewer, managers=found.managers, above=found.above, below=found.below, referees=referees
    )
    return [one.code for one in made]


def line(subordinate: str, manager: str, kind: str = "direct", start: date = date(2020, 1, 1), end: date | None = None) -> Line:
    return Line(subordinate, manager, kind, start, end)


def test_R9_nobody_reviews_whom_they_manage_appraise_answer_to_or_speak_for():
    assert codes("boss", line("applicant", "boss")) == ["manages"]
    assert codes("judge", line("applicant", "judge", "appraiser")) == ["manages"]
    assert codes("head", line("applicant", "boss"), line("boss", "head")) == ["above"]
    assert codes("junior", line("junior", "applicant")) == ["managed"]
    assert codes("friend", referees=("friend",)) == ["refereed"]
    assert codes("applicant") == ["oneself"]
    assert codes("stranger", line("applicant", "boss")) == []


def test_a_line_that_ended_within_a_year_still_counts():
    assert codes("boss", line("applicant", "boss", end=date(2025, 3, 3))) == ["manages"]
    assert codes("boss", line("applicant", "boss", end=date(2025, 3, 2))) == []
    assert codes("boss", line("applicant", "boss", start=date(2026, 3, 3))) == []


def test_a_circle_of_managers_ends():
    assert codes("boss", line("applicant", "boss"), line("boss", "applicant")) == ["manages", "managed"]
    deep = [line(f"p{number}", f"p{number + 1}") for number in range(40)] + [line("applicant", "p0")]
    assert len(lines_of("applicant", deep, DAY).above) == 9


def test_one_criterion_has_one_mark(rubric):
    with pytest.raises(RuleBroken) as refused:
        rules.check_marks(rubric, [Mark("E1", 3, "Says so."), Mark("E1", 4, "Says so again.")])
    assert (refused.value.code, refused.value.facts["criterion"]) == ("criterion_unknown", "E1")
