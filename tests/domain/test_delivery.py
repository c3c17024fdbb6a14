# SPDX-License-Identifier: Apache-2.0
"""What an LMS is told, when, and how long a refused grade waits."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_mentoring.domain import delivery
from lti_mentoring.domain.candidacy import ModuleRecord, ObservationRecord, Records
from lti_mentoring.domain.delivery import Pace, ScoreState, Standing, backoff, next_timestamp, no_column, points_for, score_for, standing
from lti_mentoring.domain.observation import Means, Reason, Verdict
from lti_mentoring.domain.participation import PARTICIPATION
from lti_mentoring.domain.programme import Policy

POLICY = Policy(modules_required=("M1",), observation_rubric="RU-C")
PACE = Pace(lease_seconds=60, base_seconds=10, cap_seconds=3600, batch=50)
ACTIVITY = {"Initialized", "Started", "InProgress", "Submitted", "Completed"}
GRADING = {"FullyGraded", "Pending", "PendingManual", "Failed", "NotReady"}
moments = st.integers(1_577_836_800_000_000, 3_786_912_000_000_000).map(
    lambda at: datetime.fromtimestamp(0, UTC) + timedelta(microseconds=at)
)
stages = st.sampled_from(sorted(delivery.TABLE))


def say(stage: str, **how: object) -> ScoreState | None:
    known: dict[str, object] = {"grading": "completion", "wipes_on_nonfinal": False, "final_sent": False}
    return score_for(Standing(stage), **(known | how))  # type: ignore[arg-type]


def test_the_table_of_stages_is_the_one_of_the_checklist() -> None:
    shown = {stage: " / ".join(said) if said else "-" for stage, said in delivery.TABLE.items()}
    assert shown == {
        "not_begun": "Initialized / NotReady",
        "drafting": "InProgress / NotReady",
        "submitted": "Submitted / PendingManual",
        "returned": "InProgress / PendingManual",
        "assessed": "Completed / PendingManual",
        "final": "Completed / FullyGraded",
        "void": "Initialized / NotReady",
        "opened": "Started / NotReady",
        "applied": "Submitted / PendingManual",
        "accepted": "Completed / FullyGraded",
        "not_yet": "-",
        "stopped": "-",
    }


APPLYING = st.builds(
    lambda come: dict(zip(("begun", "submitted", "accepted"), ((True,) * come + (False,) * 3)[:3], strict=True)), st.integers(0, 3)
)


@pytest.mark.parametrize(
    ("come", "said"),
    [
        ({}, None),
        ({"begun": True}, ScoreState("Started", "NotReady")),
        ({"begun": True, "submitted": True}, ScoreState("Submitted", "PendingManual")),
        ({"begun": True, "submitted": True, "accepted": True}, ScoreState("Completed", "FullyGraded")),
    ],
    ids=["nothing begun", "opens step", "work submitted", "place accepted"],
)
def test_an_application_says_how_far_it_is_by_the_lines_of_1d(come: dict[str, bool], said: ScoreState | None) -> None:
    stands = delivery.application_standing(**({"begun": False, "submitted": False, "accepted": False} | come))
    assert score_for(stands, grading="points", wipes_on_nonfinal=False, final_sent=False) == said


@given(APPLYING, st.sampled_from(["completion", "points"]), st.booleans(), st.booleans(), st.sampled_from(["", "Submitted"]))
def test_an_application_never_has_a_score_and_says_nothing_where_that_would_wipe(
    come: dict[str, bool], grading: str, wipes: bool, sent: bool, last: str
) -> None:
    stands = delivery.application_standing(**come)
    said = score_for(stands, grading=grading, wipes_on_nonfinal=wipes, final_sent=sent, last_activity=last)
    assert said is None or (said.given, said.maximum) == (None, None)
    assert not (wipes and said)


def test_an_application_is_no_work_of_a_candidate() -> None:
    for item in ("application", "cohort"):
        with pytest.raises(KeyError):
            standing(item, POLICY, Records())


def test_columns_that_would_stay_empty_are_not_made() -> None:
    assert delivery.has_column("application", wipes_on_nonfinal=False)
    assert not delivery.has_column("application", wipes_on_nonfinal=True)
    assert delivery.has_column("programme", wipes_on_nonfinal=True)
    assert not delivery.has_column("cohort", wipes_on_nonfinal=False)


@given(stages, st.sampled_from(["completion", "points"]), st.booleans(), st.booleans(), st.sampled_from(["", "Submitted"]))
def test_every_message_is_one_that_the_specification_knows(stage: str, grading: str, wipes: bool, sent: bool, last: str) -> None:
    said = score_for(Standing(stage, Fraction(80)), grading=grading, wipes_on_nonfinal=wipes, final_sent=sent, last_activity=last)
    if said is None:
        return
    assert said.activity in ACTIVITY
    assert said.grading in GRADING
    assert (said.given is None) == (said.maximum is None)
    assert (said.given is not None) == said.final
    if said.given is not None and said.maximum is not None:
        assert 0 <= said.given <= said.maximum


@given(stages, st.booleans())
def test_nothing_but_a_final_score_or_a_reset_reaches_a_platform_that_wipes(stage: str, sent: bool) -> None:
    said = say(stage, wipes_on_nonfinal=True, final_sent=sent)
    assert said is None or said.final or (stage == "void" and sent)


@given(stages, st.booleans())
def test_after_a_final_score_nothing_follows_but_another_one_or_a_reset(stage: str, wipes: bool) -> None:
    said = say(stage, wipes_on_nonfinal=wipes, final_sent=True)
    assert said is None or stage in ("final", "void")


def test_a_reset_of_what_was_never_sent_is_not_sent() -> None:
    assert say("void") is None
    assert say("void", final_sent=True) == ScoreState("Initialized", "NotReady")


@given(stages, st.booleans(), st.booleans())
def test_a_complete_without_points_that_holds_no_more_is_reset_where_progress_is_kept_and_wipes_nobodys_grade(
    stage: str, wipes: bool, sent: bool
) -> None:
    said = say(stage, wipes_on_nonfinal=wipes, final_sent=sent, last_activity="Completed")
    if stage == "void":
        assert said == (ScoreState("Initialized", "NotReady") if sent or not wipes else None)
    elif wipes and not sent:
        assert said is None or said.final


def test_not_yet_never_posts_a_zero() -> None:
    for grading in ("completion", "points"):
        assert say("not_yet", grading=grading) is None


def test_who_withdraws_keeps_what_was_said_last_and_is_not_ready() -> None:
    assert say("stopped", last_activity="Submitted") == ScoreState("Submitted", "NotReady")
    assert say("stopped") is None
    assert say("stopped", last_activity="Completed", final_sent=True) is None


def test_completion_is_one_of_one_and_points_are_of_a_hundred() -> None:
    final = Standing("final", Fraction(275, 4))
    how = {"wipes_on_nonfinal": False, "final_sent": False}
    assert score_for(final, grading="completion", **how) == ScoreState("Completed", "FullyGraded", Fraction(1), 1)  # type: ignore[arg-type]
    assert score_for(final, grading="points", **how) == ScoreState("Completed", "FullyGraded", Fraction(275, 4), 100)  # type: ignore[arg-type]


# --- standing --------------------------------------------------------------------------------------------------------------------


def observed(state: str, mean: str | None = None, met: bool = False) -> ObservationRecord:
    verdict = Verdict(met, () if met else (Reason("overall_mean_below"),), Means(Fraction(mean), {}, 1)) if mean else None
    return ObservationRecord(f"{state}{mean}", "independent", state, date(2026, 11, 25), "O. Server", verdict)


def records(*observations: ObservationRecord, mastered: bool = False, attempts: int = 0, opened: bool = False) -> Records:
    return Records((ModuleRecord("M1", "Module", mastered, attempts, opened),), observations)


@pytest.mark.parametrize(
    ("shown", "stage"),
    [
        (records(), "not_begun"),
        (records(opened=True), "drafting"),
        (records(attempts=1), "not_yet"),
        (records(attempts=1, opened=True), "drafting"),
        (records(attempts=2, mastered=True), "final"),
    ],
)
def test_a_module_is_final_once_it_is_mastered(shown: Records, stage: str) -> None:
    assert standing("module:M1", POLICY, shown).stage == stage


@pytest.mark.parametrize(
    ("observations", "stage"),
    [
        ((), "not_begun"),
        ((observed("planned"),), "not_begun"),
        ((observed("drafting"),), "submitted"),
        ((observed("released", "2"),), "not_yet"),
        ((observed("released", "2"), observed("planned")), "not_begun"),
        ((observed("released", "2"), observed("drafting")), "submitted"),
        ((observed("released", "3", met=True),), "final"),
        ((observed("released", "3", met=True), observed("drafting")), "final"),
        ((observed("cancelled"),), "not_begun"),
    ],
)
def test_an_observation_is_final_once_enough_are_met(observations: tuple[ObservationRecord, ...], stage: str) -> None:
    assert standing("observation", POLICY, records(*observations)).stage == stage


def test_the_programme_is_final_once_everything_is_met() -> None:
    met = observed("released", "3", met=True)
    assert standing("programme", POLICY, records()).stage == "not_begun"
    assert standing("programme", POLICY, records(met)).stage == "drafting"
    assert standing("programme", POLICY, records(met, mastered=True)) == Standing("final", Fraction(100))


def test_points_of_a_module_are_what_its_check_was_worth() -> None:
    assert standing("module:M1", POLICY, records(mastered=True), percents={"M1": Fraction(90)}) == Standing("final", Fraction(90))


def test_points_of_an_observation_are_those_of_the_best() -> None:
    shown = records(observed("released", "11/4", met=True), observed("released", "7/2", met=True))
    assert standing("observation", POLICY, shown).points == Fraction(175, 2)


def test_who_withdraws_keeps_a_final_grade_and_stops_telling_steps() -> None:
    assert standing("module:M1", POLICY, records(mastered=True), participation="withdrawn").stage == "final"
    assert standing("module:M1", POLICY, records(opened=True), participation="deferred").stage == "stopped"


@pytest.mark.parametrize("state", sorted(PARTICIPATION))
def test_only_who_takes_part_tells_steps_and_a_final_grade_of_who_does_not_stays_as_it_was(state: str) -> None:
    begun = standing("module:M1", POLICY, records(opened=True), participation=state)
    assert (begun.stage == "stopped") == (state != "active")
    final = standing("module:M1", POLICY, records(mastered=True), participation=state, percents={"M1": Fraction(200, 3)})
    assert (final.stage, final.closed) == ("final", state not in ("active", "completed"))
    asked: dict[str, Any] = {"grading": "points", "wipes_on_nonfinal": False}
    ours = delivery.score_for(final, **asked, final_sent=False)
    assert ours == ScoreState("Completed", "FullyGraded", Fraction(200, 3), 100), "what was finished before is sent"
    again = delivery.score_for(final, **asked, final_sent=True, last_score=(float(Fraction(200, 3)), 100.0))
    assert again == ours, "the same once more, where it did not arrive"
    earlier = delivery.score_for(final, **asked, final_sent=True, last_score=(float(Fraction(170, 3)), 100.0))
    assert earlier == (ScoreState("Completed", "FullyGraded", Fraction(170, 3), 100) if final.closed else ours)


def test_who_pauses_leaves_the_last_step_as_it_was_and_not_ready() -> None:
    paused = standing("module:M1", POLICY, records(opened=True), participation="deferred")
    asked: dict[str, Any] = {"grading": "completion", "wipes_on_nonfinal": False, "final_sent": False}
    assert delivery.score_for(paused, **asked, last_activity="Submitted") == ScoreState("Submitted", "NotReady")
    assert delivery.score_for(paused, **asked) is None


def test_pages_without_a_grade_have_no_standing() -> None:
    assert not delivery.graded("cohort")
    with pytest.raises(KeyError):
        standing("cohort", POLICY, records())


@given(st.fractions(1, 4), st.fractions(1, 4), st.lists(st.integers(0, 100), min_size=4, max_size=4).map(sorted))
def test_points_rise_with_the_mean_and_meet_the_map_at_each_level(one: Fraction, other: Fraction, given_points: list[int]) -> None:
    points = tuple(given_points)
    low, high = sorted((one, other))
    assert points_for(low, points) <= points_for(high, points)
    assert [points_for(Fraction(level), points) for level in (1, 2, 3, 4)] == given_points


# --- where it goes ---------------------------------------------------------------------------------------------------------------

SCORE, LINEITEM = delivery.SCORE_SCOPE, delivery.LINEITEM_SCOPE


@pytest.mark.parametrize(
    ("claim", "why"),
    [
        ({}, "no_service"),
        ({"scopes": [SCORE], "lineitem_url": "https://lms.example/1"}, ""),
        ({"scopes": [SCORE, LINEITEM], "lineitems_url": "https://lms.example/all"}, ""),
        ({"scopes": [SCORE], "own_lineitem_url": "https://lms.example/own"}, ""),
        ({"scopes": [LINEITEM], "lineitem_url": "https://lms.example/1"}, "score_not_allowed"),
        ({"scopes": [SCORE], "lineitems_url": "https://lms.example/all"}, "no_line_item"),
        ({"scopes": [SCORE]}, "no_line_item"),
    ],
)
def test_a_placement_without_a_column_says_why(claim: dict[str, object], why: str) -> None:
    blank = {"scopes": [], "lineitem_url": None, "lineitems_url": None, "own_lineitem_url": None}
    assert no_column(**(blank | claim)) == why  # type: ignore[arg-type]


def test_columns_are_tagged_by_what_they_hold() -> None:
    assert [delivery.tag(item) for item in ("programme", "observation", "module:M1")] == ["progress", "observation", "module"]


@pytest.mark.parametrize(
    ("ours", "theirs", "same"),
    [
        ((Fraction(1), 1), (1, 1), True),
        ((Fraction(1), 1), (20, 20), True),
        ((Fraction(275, 4), 100), (13.75, 20), True),
        ((Fraction(1), 1), (0.5, 1), False),
        ((Fraction(1), 1), (None, 1), False),
        ((None, None), (None, None), True),
        ((None, None), (1, 1), False),
    ],
)
def test_a_result_is_ours_if_it_is_the_same_share(
    ours: tuple[Fraction | None, int | None], theirs: tuple[float | None, float | None], same: bool
) -> None:
    assert delivery.equal(*ours, *theirs) is same


# --- when ------------------------------------------------------------------------------------------------------------------------


@given(moments, st.lists(st.integers(-5_000_000, 5_000_000), min_size=2, max_size=12), st.sampled_from([0.001, 1.0]))
def test_timestamps_of_one_score_only_grow_whatever_the_clock_does(start: datetime, jumps: list[int], step_seconds: float) -> None:
    step, last, now = timedelta(seconds=step_seconds), None, start
    for jump in jumps:
        now += timedelta(microseconds=jump)
        made = next_timestamp(now, last, step)
        assert made.microsecond % 1000 == 0
        assert last is None or made >= last + step
        if step_seconds == 1.0:
            assert last is None or int(made.timestamp()) > int(last.timestamp())
        last = made


def test_a_timestamp_is_the_time_of_sending_where_nothing_is_in_the_way() -> None:
    now = datetime(2026, 11, 25, 9, 0, 0, 123456, UTC)
    assert next_timestamp(now, now - timedelta(days=1), timedelta(seconds=1)) == now.replace(microsecond=123000)


@given(st.integers(1, 10_000), st.randoms(use_true_random=False), st.none() | st.integers(-100, 10**7))
def test_waits_are_jittered_below_a_bound_and_never_shorter_than_asked(tries: int, lot: random.Random, asked: int | None) -> None:
    retry_after = timedelta(seconds=asked) if asked is not None else None
    wait = backoff(tries, PACE, lot.random, retry_after=retry_after)
    floor = min(max(retry_after or timedelta(0), timedelta(0)), delivery.LONGEST_RETRY_AFTER)
    assert floor <= wait <= floor + timedelta(seconds=min(PACE.cap_seconds, PACE.base_seconds * 2 ** min(tries - 1, 12)))


def test_the_bound_of_the_wait_doubles_up_to_the_cap() -> None:
    assert [backoff(tries, PACE, lambda: 1.0).total_seconds() for tries in (1, 2, 3, 20)] == [10, 20, 40, 3600]


def test_only_an_lms_that_keeps_answering_500_is_given_up() -> None:
    assert delivery.gives_up(500, delivery.MOST_SERVER_FAULTS)
    assert not delivery.gives_up(500, delivery.MOST_SERVER_FAULTS - 1)
    assert not any(delivery.gives_up(status, 1000) for status in (None, 429, 502, 503, 504))


# --- practice tasks and recognition -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("practice", "stage"),
    [("none", "drafting"), ("draft", "drafting"), ("handed_in", "submitted"), ("once_more", "returned"), ("met", "final")],
)
def test_a_module_whose_practice_is_marked_is_final_once_that_is_met(practice: str, stage: str) -> None:
    shown = Records((ModuleRecord("M1", "Module", mastered=True, attempts=1, practice=practice),))
    assert delivery.standing("module:M1", POLICY, shown).stage == stage


def test_what_was_recognised_is_complete_and_gets_no_invented_points() -> None:
    shown = Records((ModuleRecord("M1", "Module", mastered=False, recognition="recognised"),))

    def told(policy: Policy, grading: str) -> ScoreState | None:
        return score_for(standing("module:M1", policy, shown), grading=grading, wipes_on_nonfinal=False, final_sent=False)

    complete = ScoreState("Completed", "FullyGraded", Fraction(1), 1)
    assert told(POLICY, "points") == ScoreState("Completed", "FullyGraded")
    assert told(POLICY, "completion") == complete
    assert told(replace(POLICY, recognised_full_points=True), "points") == complete
