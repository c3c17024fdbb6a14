# SPDX-License-Identifier: Apache-2.0
"""Moving candidates by a plain form, and trying a policy: what the pages show, refuse and give back."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from conftest import World
from lti_mentoring.domain.people import Actor
from lti_mentoring.services import candidacy, participation, programme
from lti_mentoring.store import base
from lti_mentoring.store.moving import CandidacyMove
from lti_mentoring.store.training import CheckAttempt
from support.visitor import Visitor

BOX = re.compile(r'<input class="form-check-input" id="p-(\w+)" type="checkbox" name="(\w+)" value="([^"]+)"( checked)?>')


def text(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)))


class Course:
    """A course with two candidates, whose programme has a version that asks for a second observation."""

    def __init__(self, app: Flask, world: World) -> None:
        self.world = world
        self.people: dict[str, Actor] = {
            "candidate": world.person("F. Martins"),
            "other": world.person("S. Haddad"),
            "observer": world.person("T. Lindqvist", "observer", standing="instructor"),
            "coordinator": world.person("R. Okafor", "coordinator", standing="instructor"),
        }
        self.browsers = {name: Visitor(app, actor) for name, actor in self.people.items()}
        now = programme.current(world.org_id)
        assert now is not None
        version = programme.load(now.id)
        harder = replace(version, policy=replace(version.policy, independent_observations=2), policies=())
        with base.transactional() as session:
            lead = self.people["coordinator"]
            self.harder = programme.publish(session, org_id=world.org_id, programme=harder, actor=lead, derived_from=now.id).id
            self.same = programme.publish(
                session, org_id=world.org_id, programme=replace(version, edition="next"), actor=lead, derived_from=now.id
            ).id

    def boxes(self, answer: Any) -> dict[str, tuple[str, str, bool]]:
        """Name of the candidate's id -> field, value, ticked."""
        found = BOX.findall(answer.get_data(as_text=True))
        return {candidacy_id: (field, value, bool(checked)) for candidacy_id, field, value, checked in found}

    def moves(self) -> int:
        base.session().rollback()
        return base.session().scalar(select(func.count(CandidacyMove.id))) or 0


@pytest.fixture
def course(app: Flask, world: World) -> Course:
    return Course(app, world)


def test_the_page_of_the_programme_leads_to_moving_and_to_trying(course: Course):
    page = course.browsers["coordinator"].get("programme").get_data(as_text=True)
    for path in ("programme/moving", "programme/trial"):
        assert f'/{path}"' in page
        assert course.browsers["coordinator"].get(path).status_code == 200
        assert course.browsers["observer"].get(path).status_code == 403
        assert course.browsers["candidate"].get(path).status_code == 403


def test_whose_way_gets_longer_is_not_ticked_and_whose_does_not_is(course: Course):
    lead = course.browsers["coordinator"]
    longer = course.boxes(lead.get(f"programme/moving?to={course.harder}"))
    assert [(field, ticked) for field, _, ticked in longer.values()] == [("longer", False)] * 2
    same = course.boxes(lead.get(f"programme/moving?to={course.same}"))
    assert [(field, ticked) for field, _, ticked in same.values()] == [("person", True)] * 2


def test_who_is_ticked_is_moved_told_and_reads_what_changed(course: Course):
    lead, held = course.browsers["coordinator"], course.world.candidacy_id("F. Martins")
    page = lead.get(f"programme/moving?to={course.harder}")
    assert "One more thing to do." in text(page)
    _, value, _ = course.boxes(page)[held]
    answer = lead.post("programme/moving", {"to": course.harder, "longer": value, "reason": "Two are seen now."})
    assert answer.status_code == 303
    after = text(lead.get(f"programme/moving?to={course.harder}"))
    assert "One person was moved, and is told." in after
    assert "Two are seen now." in after
    base.session().rollback()
    assert candidacy.of(course.people["candidate"]).programme_version_id == course.harder
    assert candidacy.of(course.people["other"]).programme_version_id != course.harder
    theirs = course.browsers["candidate"]
    assert "You were moved to another version of the programme" in text(theirs.get("way"))
    told = text(theirs.get("way/versions"))
    for words in ("by R. Okafor", "Two are seen now.", "Independent mentoring, session 2", "One more thing to do."):
        assert words in told
    assert "You are in the version that you began with." in text(course.browsers["other"].get("way/versions"))
    assert "You were moved" not in text(course.browsers["other"].get("way"))


def test_a_missing_reason_gives_back_what_was_ticked(course: Course):
    lead, held = course.browsers["coordinator"], course.world.candidacy_id("S. Haddad")
    _, value, _ = course.boxes(lead.get(f"programme/moving?to={course.harder}"))[held]
    answer = lead.post("programme/moving", {"to": course.harder, "longer": value, "reason": " "})
    assert answer.status_code == 400
    assert "Say why you move them" in text(answer)
    ticked = {candidacy_id: checked for candidacy_id, (_, _, checked) in course.boxes(answer).items()}
    assert ticked == {held: True, course.world.candidacy_id("F. Martins"): False}
    nobody = lead.post("programme/moving", {"to": course.harder, "reason": "Because."})
    assert nobody.status_code == 400
    assert "Tick at least one person to move." in text(nobody)
    assert ">Because.</textarea>" in nobody.get_data(as_text=True)


def test_what_changed_meanwhile_is_shown_instead_of_acted_on(course: Course):
    lead, held = course.browsers["coordinator"], course.world.candidacy_id("F. Martins")
    boxes = course.boxes(lead.get(f"programme/moving?to={course.same}"))
    participation.extend(actor=course.people["coordinator"], candidacy_id=held, reason="illness")
    form = {"to": course.same, "person": boxes[held][1], "longer": boxes[course.world.candidacy_id("S. Haddad")][1], "reason": "New."}
    answer = lead.post("programme/moving", form)
    assert answer.status_code == 409
    assert "Something changed while you read, so nobody was moved." in text(answer)
    assert text(answer).count("Has changed since you looked") == 1
    assert course.moves() == 0
    again = course.boxes(answer)
    assert again[held][1] != boxes[held][1]
    assert (again[held][2], again[course.world.candidacy_id("S. Haddad")][2]) == (False, True)


def test_a_box_that_was_moved_into_the_easy_field_moves_nobody_whose_way_gets_longer(course: Course):
    lead, held = course.browsers["coordinator"], course.world.candidacy_id("F. Martins")
    _, value, _ = course.boxes(lead.get(f"programme/moving?to={course.harder}"))[held]
    answer = lead.post("programme/moving", {"to": course.harder, "person": value, "reason": "New."})
    assert answer.status_code == 400
    assert "the way of F. Martins gets longer" in text(answer)
    assert course.moves() == 0


def test_somebody_in_the_middle_of_a_check_that_could_not_count_cannot_be_ticked(course: Course):
    lead, held = course.browsers["coordinator"], course.world.candidacy_id("F. Martins")
    version = programme.load(course.same)
    without = replace(version, edition="short", modules=version.modules[1:] or version.modules)
    if without.modules == version.modules:
        outcomes = version.modules[0].outcomes
        without = replace(version, modules=(replace(version.modules[0], outcomes=(*outcomes, replace(outcomes[0], key="O9"))),))
    with base.transactional() as session:
        actor = course.people["coordinator"]
        made = programme.publish(session, org_id=actor.org_id, programme=without, actor=actor, derived_from=course.same).id
        session.add(
            CheckAttempt(
                candidacy_id=held,
                module_version_id=programme.module_version_id(course.same, "M1"),
                module_key="M1",
                number=1,
                seed="s",
                item_keys=[],
            )
        )
    page = lead.get(f"programme/moving?to={made}")
    assert held not in course.boxes(page)
    assert "Cannot be moved yet: something is under way that could not count there." in text(page)


# --- what if ---------------------------------------------------------------------------------------------------------------


def test_other_numbers_are_tried_by_an_address_that_can_be_sent_to_somebody(course: Course):
    lead = course.browsers["coordinator"]
    page = text(lead.get("programme/trial?own=1&independent_observations=2&overall_mean=2.75&competency_mean=2.5&module=M1"))
    assert "Of 2 on the way, something would change for 2; the way of 2 would get longer." in page
    assert "Independent mentoring, session 2" in page
    assert course.moves() == 0


OFF = ["independent_observations=0", "overall_mean=7", "overall_mean=1e999999999", "overall_mean=x", "independent_observations=2"]


@pytest.mark.parametrize("query", OFF)
def test_numbers_that_no_policy_may_have_are_refused_with_the_range(course: Course, query: str):
    answer = course.browsers["coordinator"].get(f"programme/trial?own=1&{query}")  # and the last one asks for no module
    assert answer.status_code == 400
    assert "This could not be tried" in text(answer)


def test_the_people_of_one_bar_can_be_looked_at_alone(course: Course):
    lead = course.browsers["coordinator"]
    page = lead.get("programme/trial?own=1&independent_observations=2&module=M1").get_data(as_text=True)
    (link,) = {match.replace("&amp;", "&") for match in re.findall(r'href="([^"]+about=[^"]+)"', page)}
    alone = text(lead.get(link))
    assert "F. Martins" in alone
    assert "Show everybody for whom something changes" in alone
