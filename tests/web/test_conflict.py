# SPDX-License-Identifier: Apache-2.0
"""Lines and conflicts by plain forms: what is held and why, exceptions, a file with its preview, and everybody's own page."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from conftest import World
from lti_mentoring.services import attestation, conflict, upholding
from lti_mentoring.services.declaring import Declared
from lti_mentoring.services.reporting_line import Manager
from lti_mentoring.store import base
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.people import Person
from lti_mentoring.store.reporting_line import ReportingLine
from support.visitor import Visitor


def text(answer: Any) -> str:
    return re.sub(r"\s+", " ", str(answer.get_data(as_text=True)))


class Course:
    """People of one course with a browser each; the newcomer has not said who manages them."""

    def __init__(self, app: Flask, world: World) -> None:
        people = {
            "candidate": world.person("F. Martins"),
            "newcomer": world.person("N. Okoye", told=False),
            "observer": world.person("T. Lindqvist", "observer", standing="instructor"),
            "deputy": world.person("D. Eze", "deputy", standing="instructor"),
            "coordinator": world.person("R. Okafor", "coordinator", standing="instructor"),
        }
        self.world = world
        self.browsers = {name: Visitor(app, actor) for name, actor in people.items()}

    def __getattr__(self, name: str) -> Visitor:
        return self.browsers[name]

    def managed(self, kind: str = "direct") -> None:
        """The candidate says that the observer manages them."""
        told = Declared(managers=(Manager(kind, None, "T. Lindqvist", ""),), staff=(self.observer.actor.person_id,))
        attestation.say(actor=self.candidate.actor, declared=Declared(staff=told.staff))

    def plan(self, who: str = "F. Martins", **more: str) -> Any:
        form = {"plan": uuid.uuid4().hex, "candidate": self.world.candidacy_id(who), "observer": self.observer.actor.person_id}
        form |= {"planned_for": base.now().date().isoformat(), "protege": "A new colleague"}
        return self.coordinator.post("observations/plan", form | more)


@pytest.fixture
def course(app: Flask, world: World) -> Course:
    return Course(app, world)


def count(table: Any) -> int:
    base.session().rollback()
    return base.session().scalar(select(func.count()).select_from(table)) or 0


# --- planning ---------------------------------------------------------------------------------------------------------------------


def test_a_plan_in_a_conflict_comes_back_with_one_sentence_and_what_was_typed(course: Course):
    course.managed()
    answer = course.plan(place="Room 2.14")
    assert answer.status_code == 400
    page = text(answer)
    assert "T. Lindqvist manages F. Martins." in page
    assert "Room 2.14" in page
    assert count(Observation) == 0


def test_the_form_tells_before_anything_is_planned_who_can_observe_whom_and_why_not(course: Course):
    course.managed()
    answer = course.plan(action="look", place="Room 2.14")
    page = text(answer)
    assert (answer.status_code, count(Observation)) == (200, 0)
    assert "T. Lindqvist (needs an exception)" in page
    assert "T. Lindqvist manages F. Martins." in page
    assert "Room 2.14" in page


def test_what_was_not_told_is_planned_and_the_page_says_that_it_is_held(course: Course):
    assert course.plan("N. Okoye").status_code == 303
    page = text(course.coordinator.get("candidates/board"))
    page = page if "nothing of it counts" in page else text(course.coordinator.get("conflicts"))
    assert "N. Okoye has not said yet who manages them." in page
    held = text(course.coordinator.get("conflicts"))
    assert "One matter is held." in held
    assert "T. Lindqvist observes N. Okoye" in held
    assert "not yet told us" in held


# --- lines ------------------------------------------------------------------------------------------------------------------------


def test_everybody_says_on_their_own_page_who_manages_them_or_that_nobody_does(course: Course):
    page = text(course.newcomer.get("lines"))
    assert "You have not told us yet." in page
    assert course.newcomer.post("lines", {}).status_code == 400
    answer = course.newcomer.post("lines", {"m1-name": "B. Boss", "m1-email": "boss@x.org", "nobody": "yes"})
    assert answer.status_code == 400
    assert "boss@x.org" in text(answer), "what was typed is still there"
    assert course.newcomer.post("lines", {"m1-name": "B. Boss", "m1-email": "boss@x.org", "m1-kind": "appraiser"}).status_code == 303
    page = text(course.newcomer.get("lines"))
    assert "it holds for a year" in page
    assert "boss@x.org" in page
    assert course.newcomer.post("lines", {"nobody": "yes"}).status_code == 303
    assert "boss@x.org" not in text(course.newcomer.get("lines"))


def test_who_is_asked_finds_a_notice_that_leads_to_the_question(course: Course):
    person = course.newcomer.actor.person_id
    assert course.coordinator.post(f"lines/of/{person}/ask").status_code == 303
    assert "Say who manages you" in text(course.newcomer.get("notices"))


def test_who_leads_the_course_writes_it_down_for_others_and_never_for_themself(course: Course):
    person = course.newcomer.actor.person_id
    assert course.coordinator.post(f"lines/of/{person}", {}).status_code == 400
    assert course.coordinator.post(f"lines/of/{person}", {"nobody": "yes", "unit": "Ward 3"}).status_code == 303
    page = text(course.coordinator.get("conflicts"))
    assert ("Of everybody it is known" in page, "written down by a coordinator" in page, "Ward 3" in page) == (True, True, True)
    assert course.coordinator.get(f"lines/of/{course.coordinator.actor.person_id}").status_code == 404
    assert course.observer.get(f"lines/of/{person}").status_code == 403


def test_a_relation_is_declared_and_read_by_nobody_else_until_it_stands_against_something(course: Course):
    observer = course.observer.actor.person_id
    assert course.candidate.post("lines/relations", {"person": ""}).status_code == 400
    later = (base.now().date() + timedelta(days=2)).isoformat()
    assert course.candidate.post("lines/relations", {"person": observer, "since": later}).status_code == 400
    assert course.candidate.post("lines/relations", {"person": observer}).status_code == 303
    assert "It has ended" in text(course.candidate.get("lines"))
    assert "It has ended" not in text(course.observer.get("lines"))
    assert "have declared a personal or financial relation" in text(course.plan())
    assert course.candidate.post(f"lines/relations/{observer}/end").status_code == 303
    assert "It has ended" not in text(course.candidate.get("lines"))


# --- a file -----------------------------------------------------------------------------------------------------------------------


def test_a_file_changes_nothing_until_it_is_confirmed(course: Course):
    with base.transactional() as session:
        session.get_one(Person, (course.world.org_id, course.candidate.actor.person_id)).email = "f@x.org"
    told = "person,manager,unit\nf@x.org,boss@x.org,Ward 3\nother@x.org,boss@x.org,\nboss@x.org,,\n"
    page = text(course.coordinator.post("lines/file", {"text": told}))
    assert "Nothing is kept yet." in page
    assert "boss@x.org" in page
    assert "other@x.org" not in page.split("<textarea")[0], "of people elsewhere nothing is kept"
    assert (count(ReportingLine), count(Person)) == (0, 5)
    assert course.coordinator.post("lines/file/take", {"text": told}).status_code == 303
    assert (count(ReportingLine), count(Person)) == (1, 6)


def test_a_file_with_faults_names_them_by_line_and_keeps_what_was_pasted(course: Course):
    for path in ("lines/file", "lines/file/take"):
        answer = course.coordinator.post(path, {"text": "person,manager\nf@x.org,f@x.org\ng@x.org,nobody\n"})
        page = text(answer)
        assert answer.status_code == 400
        assert "line 2" in page
        assert "Nobody manages themself." in page
        assert "line 3" in page
        assert "g@x.org,nobody" in page
    assert course.coordinator.post("lines/file", {"text": " "}).status_code == 400
    assert count(ReportingLine) == 0


# --- exceptions and what was rated --------------------------------------------------------------------------------------------------


def test_an_exception_is_asked_for_agreed_to_and_approved_by_forms_alone(course: Course):
    course.managed()
    assert course.plan(exception="yes").status_code == 303
    watched = re.search(r'conflicts/(\w+)"', text(course.coordinator.get("conflicts")))
    assert watched is not None
    path = f"conflicts/{watched[1]}"
    answer = course.coordinator.post(f"{path}/exceptions", {"reason": "Nobody else.", "ends_on": "2020-01-01"})
    assert answer.status_code == 400
    page = text(answer)
    assert ("Nobody else." in page, "within twelve months" in page, "what keeps it harmless" in page) == (True, True, True)
    soon = (base.now().date() + timedelta(days=20)).isoformat()
    said = {"reason": "Nobody else.", "safeguards": "The deputy sits in.", "ends_on": soon}
    assert course.coordinator.post(f"{path}/exceptions", said).status_code == 303
    own = text(course.candidate.get("lines"))
    assert "The deputy sits in." in own
    exception = re.search(r"exceptions/(\w+)/agree", own)
    assert exception is not None
    assert course.candidate.post(f"exceptions/{exception[1]}/agree").status_code == 303
    assert course.newcomer.post(f"exceptions/{exception[1]}/agree").status_code == 404
    assert course.coordinator.post(f"exceptions/{exception[1]}/approve").status_code == 409, "nobody approves what they asked for"
    assert course.deputy.post(f"exceptions/{exception[1]}/nonsense").status_code == 404
    assert "Agreed" in text(course.coordinator.get(path))


def test_a_conflict_that_is_found_after_the_release_stands_on_the_page_with_one_press_to_set_it_aside(course: Course):
    assert course.plan().status_code == 303
    with base.transactional() as session:
        row = session.scalars(select(Observation)).one()
        row.state, made = "released", row.id
    course.managed()
    base.session().rollback()
    base._scope.set(None)
    conflict.sweep(now=base.now(), acts=upholding)
    base._scope.set(course.world.org_id)
    listed = text(course.coordinator.get("conflicts"))
    assert "the candidate has read the result" in listed
    assert f"observations/{made}/void" in text(course.coordinator.get("conflicts/" + re.search(r'conflicts/(\w+)"', listed)[1]))  # type: ignore[index]
    assert course.coordinator.post(f"observations/{made}/void", {"reason": "conflict"}).status_code == 303
    assert "Nothing is held." in text(course.coordinator.get("conflicts"))


@pytest.mark.parametrize("who", ["candidate", "observer"])
def test_what_is_held_is_read_by_who_leads_the_course_alone(course: Course, who: str):
    assert getattr(course, who).get("conflicts").status_code == 403
