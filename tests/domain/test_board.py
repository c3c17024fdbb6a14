# SPDX-License-Identifier: Apache-2.0
"""The cohort board: whatever is asked for, each person is in one part of it, the order is one, and a file says what the page says."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from lti_mentoring.domain import board
from lti_mentoring.domain.board import (
    APPLYING,
    COORDINATOR,
    MET,
    NOBODY,
    NOT_ASKED,
    OPEN,
    PROGRESS,
    SORTS,
    STATES,
    WAITS,
    Cell,
    Row,
    Wanted,
)
from lti_mentoring.domain.candidacy import STEPS, ModuleRecord, NextStep, ObservationRecord, Records, Requirement, next_step, requirements
from lti_mentoring.domain.observation import Means, Reason, Verdict
from lti_mentoring.domain.participation import ENROLMENT, PARTICIPATION
from lti_mentoring.domain.programme import Policy

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
KEYS = (*STEPS, "training.M1", "training.M2")

CELLS = [Cell(state, done, 2) for state in STATES for done in range(3)]
NAMES = ("", "Zoë", "zoe", "Ångström", "angstrom", "Amina Quillfeather", "=1", "李")
DAYS = (None, *(date(2026, 11, 29) + timedelta(days=days) for days in (-400, 0, 0, 30, 400)))

def anybody(number: int) -> Row:
    """Somebody of many kinds, the same for the same number."""
    chance = random.Random(number)
    return Row(
        id=f"{number:04}",
        name=chance.choice(NAMES),
        part=chance.choice(board.PARTS),
        cells={key: chance.choice(CELLS) for key in chance.sample(KEYS, chance.randrange(5))},
        waits=chance.choice(board.WAITED_FOR),
        step=NextStep("take_module"),
        done=chance.randrange(5),
        of=chance.choice((0, 4)),
        enrolment=chance.choice(tuple(ENROLMENT)),
        active_at=NOW - timedelta(days=chance.choice((0, 1, 400))),
        deadline=chance.choice(DAYS),
        alerts=frozenset(chance.sample(board.ALERTS, chance.randrange(4))),
    )


PEOPLE = [anybody(number) for number in range(300)]
cohorts = st.lists(st.sampled_from(PEOPLE), max_size=12, unique_by=lambda row: row.id)
sorts = st.sampled_from([sign + one for one in SORTS for sign in ("", "-")])


# --- filters, order, pages -----------------------------------------------------------------------------------------------------------


@given(cohorts, st.sampled_from(KEYS))
def test_each_filter_parts_the_cohort_and_loses_nobody(cohort, key):
    parted = (
        [Wanted(step=one) for one in board.REACHED],
        [Wanted(req=key, state=one) for one in STATES],
        [Wanted(part=one) for one in board.PARTS],
        [Wanted(enrolment=one or board.NOT_KNOWN) for one in ENROLMENT],
        [Wanted(waits=one) for one in board.WAITED_FOR],
    )
    for values in parted:
        assert Counter(row.id for wanted in values for row in board.chosen(cohort, wanted)) == Counter(row.id for row in cohort)


@given(cohorts, sorts, st.randoms())
def test_the_order_is_the_same_from_wherever_one_begins(cohort, sort, chance):
    shuffled = list(cohort)
    chance.shuffle(shuffled)
    found = board.ordered(cohort, sort)
    assert board.ordered(shuffled, sort) == found
    assert board.ordered(found, sort) == found
    assert sorted(row.id for row in found) == sorted(row.id for row in cohort)


@given(cohorts, sorts)
def test_pages_hold_everybody_once(cohort, sort):
    cohort = [replace(row, id=f"{row.id}-{number:02}") for row in cohort for number in range(20)]
    found = board.ordered(cohort, sort)
    _, pages = board.page_of(len(found), 1)
    assert [row for page in range(1, pages + 1) for row in board.cut(found, page)] == found
    assert board.page_of(len(found), 10_000)[0] == pages


@given(cohorts)
def test_each_step_counts_everybody_once(cohort):
    for counted in board.figures(cohort, STEPS).values():
        assert sum(counted.values()) == len(cohort)


@given(cohorts, sorts, st.sampled_from(KEYS), st.sampled_from(STATES))
def test_a_number_in_the_picture_is_what_its_link_shows(cohort, sort, key, state):
    counted = board.figures(cohort, [key])[key][state]
    assert len(board.chosen(cohort, Wanted(req=key, state=state, sort=sort))) == counted


def row(name: str, **facts) -> Row:
    return Row(**{"id": name, "name": name, "part": "active", "cells": {}, "waits": NOBODY, "step": NextStep("all_met"), **facts})


def test_a_name_is_found_without_its_accents_and_in_any_case():
    cohort = [row("Zoë Ångström"), row("Amina Quillfeather")]
    assert [one.name for one in board.chosen(cohort, Wanted(q="angstrom ZOE"))] == ["Zoë Ångström"]
    assert board.chosen(cohort, Wanted(q="zoe quill")) == []


def test_who_has_no_last_day_comes_last_both_ways():
    cohort = [row("a"), row("b", deadline=date(2027, 1, 1)), row("c", deadline=date(2026, 12, 1))]
    assert [one.name for one in board.ordered(cohort, "time")] == ["c", "b", "a"]
    assert [one.name for one in board.ordered(cohort, "-time")] == ["b", "c", "a"]


def test_an_address_says_only_what_differs_and_begins_anew_on_the_first_page():
    wanted = Wanted(q="x", state="met", page=3)
    assert wanted.address() == {"q": "x", "state": "met"}
    assert wanted.address(page=4, q="") == {"state": "met", "page": 4}
    assert wanted.filters
    assert not Wanted(sort="time", page=2).filters


# --- cells -----------------------------------------------------------------------------------------------------------------------------

POLICY = Policy(modules_required=("M1", "M2"), observation_rubric="RU", structured_observations=1, structured_rubric="RS")


def held(*observations: ObservationRecord, first: ModuleRecord | None = None, mastered: bool = False) -> Records:
    modules = (first or ModuleRecord("M1", "First", mastered), ModuleRecord("M2", "Second", mastered))
    return Records(modules, observations)


def seen(kind: str, state: str, met: bool | None = None) -> ObservationRecord:
    verdict = None if met is None else Verdict(met, () if met else (Reason("nothing_observed"),), Means(None, {}, 0))
    return ObservationRecord("o1", kind, state, date(2026, 12, 1), "T. Lindqvist", verdict)


def told(records: Records) -> dict[str, str]:
    tree = requirements(POLICY, records)
    return {key: cell.state for key, cell in board.cells(tree, next_step(POLICY, records)).items()}


def test_a_module_has_a_cell_of_its_own_and_the_training_one_for_all():
    tried = ModuleRecord("M1", "First", mastered=True, attempts=2)
    assert told(held(first=tried)) == {
        "training": PROGRESS,
        "training.M1": MET,
        "training.M2": OPEN,
        "structured_observation": OPEN,
        "independent_mentoring": OPEN,
    }
    assert told(held(first=ModuleRecord("M1", "First", mastered=False, attempts=1)))["training.M1"] == PROGRESS


def test_what_is_next_and_somebody_elses_waits():
    assert told(held(mastered=True))["structured_observation"] == WAITS
    assert told(held(mastered=True))["independent_mentoring"] == OPEN
    assert told(held(seen("structured", "drafting")))["structured_observation"] == WAITS
    assert told(held(seen("structured", "released", met=False), mastered=True))["structured_observation"] == WAITS
    assert told(held(seen("structured", "released", met=True), mastered=True))["structured_observation"] == MET


def test_a_requirement_that_nobody_has_thought_of_yet_has_a_column_by_itself():
    new = Requirement("practice_marked", {"key": "M5", "title": "Fifth", "state": "planned"})
    tree = Requirement("programme", {}, False, (Requirement("training", {}, False, (new,)), Requirement("credential", {}, False, (new,))))
    assert [one.key for one in board.in_order(board.columns_of(tree).values())] == ["training.M5", "credential.M5"]
    assert board.cells(tree, NextStep("take_module", {}, yours=True))["training.M5"].state == WAITS


def test_columns_of_two_versions_are_joined_in_the_order_of_the_way():
    early, late = (requirements(policy, Records()) for policy in (POLICY, Policy(("M3",), "RU", co_mentoring_sessions=2)))
    joined = board.in_order([*board.columns_of(late).values(), *board.columns_of(early).values()])
    assert [one.key for one in joined] == [
        "training.M3",
        "training.M1",
        "training.M2",
        "structured_observation",
        "co_mentoring",
        "independent_mentoring",
    ]
    assert row("a", cells=board.cells(early, NextStep("all_met"))).cell("co_mentoring").state == NOT_ASKED


def test_who_is_waited_for():
    def who(records: Records, participation: str = "active") -> str:
        return board.waits_for(next_step(POLICY, records), participation)

    assert who(held()) == "candidate"
    assert who(held(mastered=True)) == "coordinator"
    assert who(held(seen("structured", "planned"), mastered=True)) == "observer"
    assert {who(held(), one) for one in PARTICIPATION if one != "active"} == {NOBODY}


def test_once_all_reviews_are_in_an_application_waits_for_who_decides():
    assert board.applying("under_review", reviews_open=True)[1] == "reviewer"
    assert board.applying("under_review", reviews_open=False)[1] == COORDINATOR
    cells, who = board.applying("offered", reviews_open=False)
    assert (cells["application"].state, cells["selection"].state, who) == (MET, WAITS, "candidate")
    assert row("a", part=APPLYING, cells=cells).reached == "selection"


def test_what_needs_care_is_said_of_who_takes_part_only():
    long_ago, soon = NOW - timedelta(days=30), NOW.date() + timedelta(days=80)
    assert board.alerts(POLICY, "active", long_ago, soon, NOW) == {"quiet", "soon"}
    assert board.alerts(POLICY, "active", NOW, NOW.date() - timedelta(days=1), NOW) == {"over"}
    assert board.alerts(POLICY, "active", NOW, NOW.date() + timedelta(days=400), NOW) == frozenset()
    assert board.alerts(POLICY, "deferred", long_ago, soon, NOW) == frozenset()
