# SPDX-License-Identifier: Apache-2.0
"""Whether two observers see the same: a sentence first, figures only where there are some, and nothing of an open session."""

from __future__ import annotations

import csv
import io
import re

import pytest
from flask import Flask

from conftest import World, make_world
from lti_mentoring.store import base
from support.qualifying import asks, both_rated
from support.visitor import Visitor

SAME, OFF = (3, 3), (2, 3)


@pytest.fixture
def world(app: Flask) -> World:
    made = make_world("Northfield")
    with base.tenant(made.org_id):
        asks(made)
        made.person("Candidate")
        made.person("Lead", "coordinator", standing="instructor")
        for name in ("Abel", "Berit", "Cem"):
            made.person(name, "observer", standing="instructor")
    return made


def rate(world: World, first: str, second: str, pairs: list[tuple[int | None, int | None]], **more: object) -> None:
    with base.tenant(world.org_id):
        both_rated(world, "Candidate", world.actor(first), world.actor(second), pairs, **more)


def lead(app: Flask, world: World) -> Visitor:
    with base.tenant(world.org_id):
        return Visitor(app, world.actor("Lead"))


def read(app: Flask, world: World) -> str:
    answer = lead(app, world).get("agreement")
    assert answer.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)).split())


def figures(app: Flask, world: World) -> dict[str, dict[str, str]]:
    answer = lead(app, world).get("agreement/figures.csv")
    assert answer.mimetype == "text/csv"
    rows = csv.DictReader(io.StringIO(answer.get_data(as_text=True).lstrip("\ufeff")))
    return {row["Of"]: row for row in rows}


def test_without_a_session_that_two_rated_the_page_says_so(app: Flask, world: World):
    assert "No session was rated by two people yet" in read(app, world)
    assert figures(app, world) == {}


def test_a_sentence_comes_first_and_no_coefficient_of_few_pairs(app: Flask, world: World):
    rate(world, "Abel", "Berit", [SAME] * 9 + [OFF])
    rate(world, "Berit", "Abel", [SAME] * 8 + [(3, None), OFF])
    page = read(app, world)
    assert "17 of 19 ratings are the same. Neither rater rates higher than the other, as far as can be told. Least on C10: 0 of 2." in page
    assert "fewer than 30 pairs" in page
    whole = figures(app, world)["all criteria"]
    assert (whole["Pairs"], whole["Same"], whole["Within one"], whole["Only the first saw it"]) == ("19", "17", "19", "1")
    assert whole["AC2"] == whole["Kappa"] == "fewer than 30 pairs"


def test_from_thirty_pairs_on_kappa_stands_beside_ac2_and_is_not_defined_for_one_level(app: Flask, world: World):
    for _ in range(3):
        rate(world, "Abel", "Berit", [SAME] * 10)
    page = read(app, world)
    assert "not defined: only one level used" in page
    assert figures(app, world)["all criteria"]["AC2"] == "1.0000"


def test_the_levels_that_part_are_the_golden_ones(app: Flask, world: World):
    """Vector B, the kappa paradox, with as much again: 36 of 40 the same, kappa below zero, AC2 is not."""
    golden = [(3, 3)] * 9 + [(2, 3)], [(3, 3)] * 9 + [(3, 2)]
    for pairs in (*golden, *golden):
        rate(world, "Abel", "Berit", list(pairs))
    whole = figures(app, world)["all criteria"]
    assert (whole["Pairs"], whole["Same"], whole["Weighted kappa"], whole["AC2"]) == ("40", "36", "-0.0526", "0.9878")


def test_each_two_raters_stand_once_whoever_of_them_observed(app: Flask, world: World):
    rate(world, "Berit", "Abel", [(2, 4)] * 10)
    rate(world, "Abel", "Berit", [(4, 2)] * 10)
    rate(world, "Abel", "Cem", [SAME] * 10)
    found = figures(app, world)
    assert (found["Abel – Berit"]["Pairs"], found["Abel – Berit"]["Bias, second less first"]) == ("20", "-2.0000")
    assert found["Abel – Cem"]["Same"] == "10"
    assert "Berit – Abel" not in found


def test_a_session_whose_result_does_not_stand_is_not_in_it(app: Flask, world: World):
    rate(world, "Abel", "Berit", [SAME] * 10, state="rated")
    rate(world, "Abel", "Berit", [SAME] * 10, state="void")
    assert "No session was rated by two people yet" in read(app, world)


@pytest.mark.parametrize("path", ["agreement", "agreement/figures.csv"])
def test_an_observer_does_not_see_it(app: Flask, world: World, path: str):
    with base.tenant(world.org_id):
        assert Visitor(app, world.actor("Abel")).get(path).status_code == 403
