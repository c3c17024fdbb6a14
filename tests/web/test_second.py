# SPDX-License-Identifier: Apache-2.0
"""Pages of second and third opinions: what a coordinator does there, and what nobody else ever reads."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from conftest import World
from lti_mentoring.domain.reliability import Doubling
from lti_mentoring.store import base
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.rating import Rater
from support import opinions
from support.opinions import doubling, manages, planned, rate
from support.visitor import Visitor

DAY = timedelta(days=1)
WORDS = ("Why not here?", "A question that nobody else may read.")


@pytest.fixture
def cast(world: World) -> World:
    world.person("F. Martins")
    for name in ("T. Lindqvist", "A. Moreno", "L. Brandt"):
        opinions.observer(world, name)
    world.person("R. Okafor", "coordinator", standing="instructor")
    doubling(world)
    world.mastered("F. Martins")
    return world


def visitor(app: Flask, world: World, name: str) -> Visitor:
    return Visitor(app, world.actor(name))


def read(there: Visitor, path: str) -> str:
    answer = there.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return answer.get_data(as_text=True)


def test_an_empty_page_says_when_an_opinion_is_asked_for(app, cast):
    page = read(visitor(app, cast, "R. Okafor"), "opinions")
    assert "No session waits for another opinion." in page
    assert "drawn by lot" in page


def test_a_coordinator_asks_somebody_in_two_steps(app, cast):
    made = planned(cast, cast.actor("T. Lindqvist"), on=base.now().date() + DAY)
    lead = visitor(app, cast, "R. Okafor")
    assert "the candidate’s first session alone" in read(lead, "opinions")
    page = read(lead, f"opinions/{made}")
    assert "2 people can be asked." in page
    assert "T. Lindqvist</bdi>: rates it already" in page
    answer = lead.post(f"opinions/{made}", {"person": cast.people["A. Moreno"], "way": "room"})
    assert (answer.status_code, answer.location.endswith("/opinions")) == (303, True)
    assert "waits for A. Moreno, in the room" in read(lead, "opinions")


def test_who_comes_second_reads_whom_the_first_has_asked_and_keeps_their_choice(app, cast):
    made = planned(cast, cast.actor("T. Lindqvist"), on=base.now().date() + DAY)
    lead = visitor(app, cast, "R. Okafor")
    lead.post(f"opinions/{made}", {"person": cast.people["A. Moreno"]})
    answer = lead.post(f"opinions/{made}", {"person": cast.people["L. Brandt"], "way": "notes"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 400
    assert "A. Moreno was asked meanwhile." in page
    assert f'value="{cast.people["L. Brandt"]}" required checked' in page
    assert 'value="notes" checked' in page


def test_nobody_chosen_is_said_on_the_page(app, cast):
    made = planned(cast, cast.actor("T. Lindqvist"), on=base.now().date() + DAY)
    answer = visitor(app, cast, "R. Okafor").post(f"opinions/{made}", {})
    assert (answer.status_code, "Choose whom to ask." in answer.get_data(as_text=True)) == (400, True)


def test_a_conflict_is_explained_in_a_sentence(app, cast):
    manages(cast.actor("L. Brandt"), cast.actor("F. Martins"))
    made = planned(cast, cast.actor("T. Lindqvist"), on=base.now().date() + DAY)
    assert "L. Brandt manages F. Martins." in read(visitor(app, cast, "R. Okafor"), f"opinions/{made}")


def test_only_who_leads_the_course_opens_these_pages(app, cast):
    made = planned(cast, cast.actor("T. Lindqvist"))
    for name in ("F. Martins", "T. Lindqvist", "A. Moreno"):
        there = visitor(app, cast, name)
        for path in ("opinions", f"opinions/{made}", "opinions/audit", "opinions/audit.csv", "capacity", "capacity/capacity.csv"):
            assert there.get(path).status_code == 403, (name, path)


# --- blindness --------------------------------------------------------------------------------------------------------------------


def everywhere(app: Flask, there: Visitor, made: str) -> str:
    """Everything that somebody can read about an observation or in a list, pages and API, whatever it answers."""
    paths = (
        *("", "observations", "observations/plan", "cohort", "way", "notices", "help", "calibration", "agreement"),
        *(f"observations/{made}{end}" for end in ("", "/release", "/report")),
        *("opinions", f"opinions/{made}", "opinions/audit", "opinions/audit.csv", "capacity"),
    )
    told = [there.get(path).get_data(as_text=True) for path in paths]
    draft = {"revision": 10**6, "ratings": []}
    sent = there.send("PUT", f"/api/v1/courses/{there.actor.course_id}/observations/{made}/draft", draft)
    return "\n".join([*told, sent.get_data(as_text=True)])


def test_a_rater_never_reads_another_ones_rating_reasons_or_tags_before_the_result_stands(app, cast):
    made = planned(cast, cast.actor("T. Lindqvist"))
    levels = {"C1": 1, "C2": 4}
    rate(cast.actor("T. Lindqvist"), made, levels, note=WORDS[0])
    lead = visitor(app, cast, "R. Okafor")
    lead.post(f"opinions/{made}", {"person": cast.people["A. Moreno"]})
    seen = everywhere(app, visitor(app, cast, "A. Moreno"), made)
    assert WORDS[0] in seen, "the raw notes are what they rate from"
    assert not re.findall(r'name="level-[^>]*checked', seen), "no level of anybody is chosen on their sheet"
    for hidden in ("first session alone", "something critical", "close to the bar", "drawn by lot"):
        assert hidden not in seen
    rate(cast.actor("A. Moreno"), made, 3)
    first = everywhere(app, visitor(app, cast, "T. Lindqvist"), made)
    for hidden in ("A. Moreno", "third opinion", "second opinion", "first session alone"):
        assert hidden not in first, hidden
    assert base.session().scalars(select(Observation.state)).one() == "rated"


def test_who_rates_from_the_notes_reads_that_they_are_not_finished_and_none_of_them(app, cast):
    made = planned(cast, cast.actor("T. Lindqvist"))
    visitor(app, cast, "R. Okafor").post(f"opinions/{made}", {"person": cast.people["A. Moreno"], "way": "notes"})
    rate(cast.actor("T. Lindqvist"), made, note=WORDS[0], submit=False)
    page = read(visitor(app, cast, "A. Moreno"), f"observations/{made}")
    assert "The notes are not finished yet" in page
    assert WORDS[0] not in page
    assert "Your rating is submitted" not in page


def test_a_coordinator_goes_on_without_a_candidates_own_part_that_is_late(app, cast):
    doubling(cast, None)
    made = planned(cast, cast.actor("T. Lindqvist"))
    with base.transactional() as session:
        session.add(Rater(observation_id=made, person_id=cast.people["F. Martins"], purpose="self", assigned_by="a test"))
    rate(cast.actor("T. Lindqvist"), made, note=WORDS[0])
    lead = visitor(app, cast, "R. Okafor")
    page = read(lead, "opinions")
    assert "F. Martins: the rating of their own part" in page
    assert "Go on without" not in page
    with base.transactional() as session:
        session.scalars(select(Rater)).one().due_on = base.now().date() - DAY
    assert "Go on without" in read(lead, "opinions")
    lead.post(f"opinions/{made}/excuse", {"person": cast.people["F. Martins"]})
    assert base.session().scalars(select(Observation.state)).one() == "released"


def test_who_leads_alone_reads_of_another_opinion_and_never_which(app, world):
    world.person("F. Martins")
    opinions.observer(world, "A. Moreno")
    opinions.qualified(world, world.person("C. Both", "observer", "coordinator", standing="instructor"))
    doubling(world)
    world.mastered("F. Martins")
    made = planned(world, world.actor("C. Both"))
    rate(world.actor("C. Both"), made, 2, note=WORDS[0])
    there = visitor(app, world, "C. Both")
    for path in ("opinions", f"opinions/{made}"):
        page = read(there, path)
        assert "F. Martins: another opinion" in page
        assert "first session alone" not in page
    assert there.post(f"observations/{made}/correct", {"why": "Hm."}).status_code == 303
    assert "Your own rating stays as you submitted it." in read(there, f"observations/{made}")


# --- counts and capacity ------------------------------------------------------------------------------------------------------------


def test_the_audit_counts_what_is_released_by_reason_and_as_a_file(app, cast):
    made = planned(cast, cast.actor("T. Lindqvist"))
    rate(cast.actor("T. Lindqvist"), made, note=WORDS[0])
    lead = visitor(app, cast, "R. Okafor")
    assert "No session of this kind is released yet." in read(lead, "opinions/audit")
    lead.post(f"opinions/{made}", {"person": cast.people["A. Moreno"]})
    rate(cast.actor("A. Moreno"), made)
    page = read(lead, "opinions/audit")
    assert "1 of 1 released sessions were rated by more than one person." in page
    lines = read(lead, "opinions/audit.csv").splitlines()
    assert lines[0].startswith("\ufeffDay,Candidate,Observer")
    told = ["F. Martins", "T. Lindqvist", "the candidate’s first session alone", "2", "1", "the same by all", "yes"]
    assert lines[1].split(",")[1:] == told


def test_where_nobody_may_the_coordinator_lets_it_go_on_with_one_rating(app, cast):
    doubling(cast, Doubling(percent=0, near_hundredths=0, critical=False, new_ratings=0, where_possible=True))
    made = planned(cast, cast.actor("T. Lindqvist"))
    rate(cast.actor("T. Lindqvist"), made, note=WORDS[0])
    for name in ("A. Moreno", "L. Brandt"):
        manages(cast.actor(name), cast.actor("F. Martins"))
    lead = visitor(app, cast, "R. Okafor")
    assert "nobody may give it, and the policy then does without" in read(lead, "opinions")
    assert lead.post(f"opinions/{made}/without", {}).status_code == 303
    assert "No session waits for another opinion." in read(lead, "opinions")


def test_capacity_opens_with_the_sentence_and_names_what_binds(app, cast):
    for name in ("A. Moreno", "L. Brandt"):
        manages(cast.actor(name), cast.actor("F. Martins"))
    lead = visitor(app, cast, "R. Okafor")
    page = read(lead, "capacity")
    assert "One candidate hangs on one observer." in page
    assert "One eligible observer for one candidate: F. Martins." in page
    assert "What binds: reporting lines and other conflicts." in page
    assert "Were it not for that, 2 more could." in page
    line = read(lead, "capacity/capacity.csv").splitlines()[1]
    assert line.split(",")[0] == "F. Martins"
    assert "T. Lindqvist" in line
