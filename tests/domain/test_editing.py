# SPDX-License-Identifier: Apache-2.0
"""Editing a programme: what is not changed stays, what is changed is one difference, and what cannot be is told at its field."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lti_mentoring.domain.body import content_hash, from_body, to_body
from lti_mentoring.domain.draft import judge
from lti_mentoring.domain.editable import fields, pages
from lti_mentoring.domain.editing import (
    DAY,
    FLAG,
    LINE,
    LINES,
    MARKDOWN,
    MEAN,
    NUMBER,
    NUMBERS,
    ORDER,
    TEXT,
    TICKS,
    changed,
    differences,
    kept,
)
from lti_mentoring.domain.module import Marking
from lti_mentoring.domain.pack import read_pack
from lti_mentoring.domain.programme import Programme
from lti_mentoring.domain.reliability import STARTER_DOUBLING, STARTER_QUALIFYING, Qualifying
from lti_mentoring.domain.setting import OPTIONAL
from lti_mentoring.domain.written_module import Body
from lti_mentoring.domain.written_pack import files_of
from lti_mentoring.services import opening, programme

ROOT = Path(__file__).parents[2]
PACKS = tuple(ROOT / "tests" / "support" / "packs" / name for name in ("one-module", "every-item", "two-languages"))


@cache
def source(pack: Path = PACKS[0], policy: str = "starter") -> Body:
    made, faults = programme.read(pack)
    assert made is not None, faults
    return to_body(opening.under(made, policy) if made.policies else made)


def untranslated(made: Programme) -> Programme:
    modules = tuple(replace(one, translations=()) for one in made.modules)
    return replace(made, modules=modules, rubrics=tuple(replace(one, translations=()) for one in made.rubrics), translations=())


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.name)
def test_a_programme_is_written_as_files_that_are_read_as_the_same_programme(pack: Path) -> None:
    body = source(pack)
    found, faults = read_pack([file.document for file in files_of(body)])
    assert [str(fault) for fault in faults] == []
    assert found == untranslated(from_body(Programme, body))


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.name)
def test_sending_every_field_as_it_stands_changes_nothing(pack: Path) -> None:
    body = source(pack)
    all_fields = fields(body)
    assert len({field.path for field in all_fields}) == len(all_fields)
    assert {field.page for field in all_fields} <= {page.key for page in pages(body)}
    told = {field.path: field.value for field in all_fields}
    assert kept(all_fields, told) == {}
    assert content_hash(changed(body, all_fields, told)) == content_hash(body)


def other(kind: str, value: str) -> str:
    """Another value of the kind."""
    if kind in (LINE, TEXT, MARKDOWN, LINES):
        return f"{value} Words".strip() if kind != LINES else f"{value}\nOne more".strip()
    if kind == NUMBER:
        return str(int(value) + 1)
    if kind == NUMBERS:
        return f"{value}, 7"
    if kind == MEAN:
        return "3.25"
    if kind == FLAG:
        return "" if value else "yes"
    return {TICKS: "M9", ORDER: "M2, M1", DAY: "2030-01-01"}.get(kind, "RU-E" if value != "RU-E" else "RU-A")


@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_one_changed_field_is_one_difference(data: st.DataObject) -> None:
    body = source(data.draw(st.sampled_from(PACKS)))
    before = fields(body)
    field = data.draw(st.sampled_from([one for one in before if one.label.endswith(".asked") or one.group not in OPTIONAL]))
    value = other(field.kind, field.value)
    made = changed(body, before, {field.path: value})
    found = differences(before, fields(made))
    assert [(one.field.path, one.was) for one in found] == [(field.path, field.value)]
    assert content_hash(made) != content_hash(body)


MARKS = ["# heading", "- A. another", "> said", "| a | b |", "**Key:** 1", "1. card", "x / y", "Words: 3"]
ODD = st.sampled_from([*MARKS, "", "é “ü”", "12", "-1", "9999999", "2.7.5"])


@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_whatever_is_typed_either_can_be_published_as_it_says_or_a_fault_is_named(data: st.DataObject) -> None:
    body = source(data.draw(st.sampled_from(PACKS)))
    before = fields(body)
    chosen = data.draw(st.lists(st.sampled_from(before), min_size=1, max_size=4, unique_by=lambda field: field.path))
    values = {field.path: data.draw(ODD | st.text(max_size=40) | st.just(other(field.kind, field.value))) for field in chosen}
    made = changed(body, before, values)
    verdict = judge(made, body)
    if verdict.programme is None:
        assert verdict.faults
        assert all(finding.message and finding.remedy for finding in verdict.faults)
        assert {finding.page for finding in verdict.faults} <= {"", *(page.key for page in pages(body))}
        return
    assert verdict.faults == ()
    assert verdict.programme == from_body(Programme, made)
    assert read_pack([file.document for file in files_of(made)])[0] == untranslated(verdict.programme)


@pytest.mark.parametrize(
    ("path", "typed"),
    [
        ("policy/overall_mean", "1e99999999"),
        ("policy/overall_mean", "9" * 1_000_000),
        ("policy/award/deciders", "9" * 5_000),
        ("modules/M1/times/reading", "9" * 5_000),
        ("modules/M1/practice/text", "Write.\n\n### Marking\n\n- Words: " + "9" * 5_000),
        ("modules/M1/practice/text", "Write.\n\n### Marking\n\n- Words: ²"),
        ("modules/M1/items/O1-04/stem", "One.\n\n#### O1-99 · single choice · " + "9" * 5_000 + " points\n\nTwo."),
    ],
)
def test_a_number_of_any_length_is_a_fault_at_once(path: str, typed: str) -> None:
    body = source()
    before = fields(body)
    assert path in {field.path for field in before}
    began = perf_counter()
    verdict = judge(changed(body, before, {path: typed}), body)
    assert verdict.programme is None
    assert verdict.faults
    assert perf_counter() - began < 20, "such a number took minutes"


@pytest.mark.parametrize("marking", [Marking(), Marking(level=2, critical=4, words=700, days=14)])
def test_a_marked_practice_task_is_written_as_it_is_read(marking: Marking) -> None:
    meant = from_body(Programme, source())
    modules = tuple(replace(one, practice=replace(one.practice, marking=marking)) for one in meant.modules)
    meant = replace(meant, modules=modules)
    found, faults = read_pack([file.document for file in files_of(to_body(meant))])
    assert (faults, found) == ([], untranslated(meant))


def test_a_policy_that_was_no_choice_becomes_one_when_it_is_edited() -> None:
    made, _ = programme.read(PACKS[0])
    assert made is not None
    assert made.policy not in made.policies
    body = to_body(made)
    again = from_body(Programme, changed(body, fields(body), {"policy/time/months": "18"}))
    assert again.policy.name == f"{made.policy.name}-changed"
    assert again.policies == (made.policy, *made.policies)


def test_who_may_rate_is_asked_for_and_left_out_again_in_the_browser() -> None:
    body = source(PACKS[0], "assured")
    typed = {"policy/qualifying/asked": "yes", "policy/qualifying/exercises": "3", "policy/doubling/percent": "40"}
    asks = changed(body, fields(body), typed)
    policy = from_body(Programme, asks).policy
    assert (policy.qualifying, policy.doubling) == (Qualifying(exercises=3), None), "a number of what is not asked for asks for nothing"
    assert [finding.path for finding in judge(asks, body).faults] == ["policy/qualifying/exercises"], "the pack has no such exercises"
    back = changed(asks, fields(asks), {"policy/qualifying/asked": ""})
    assert from_body(Programme, back).policy.qualifying is None
    assert back["policy"] == body["policy"], "with the name that it was imported under"


def test_a_policy_that_asks_for_both_is_written_as_it_is_read() -> None:
    body = source(ROOT / "config" / "programmes" / "foundations", "starter")
    meant = from_body(Programme, body)
    assert (meant.policy.qualifying, meant.policy.doubling) == (STARTER_QUALIFYING, STARTER_DOUBLING)
    found, faults = read_pack([file.document for file in files_of(body)])
    assert (faults, found and found.policies) == ([], meant.policies)
    all_fields = fields(body)
    made = changed(body, all_fields, {"policy/qualifying/exact_percent": "80"})
    assert [one.field.path for one in differences(all_fields, fields(made))] == ["policy/qualifying/exact_percent"]
    assert judge(made, body).faults == ()
