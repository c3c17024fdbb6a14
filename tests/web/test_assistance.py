# SPDX-License-Identifier: Apache-2.0
"""“Get help” on every page of a candidate, the form, their own page, and the board, with plain forms; and what an assessor meets."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import select

from conftest import World
from lti_mentoring.services import assistance, observation, training
from lti_mentoring.store import base
from lti_mentoring.store.assistance import AssistanceRequest
from support.visitor import Visitor

WORDS = "I lose the thread when the protégé goes silent."
OUTCOME = "We went through the silence exercise."


def text(answer) -> str:
    return str(answer.get_data(as_text=True))


class Course:
    """People of one course with a browser each."""

    def __init__(self, app: Flask, world: World) -> None:
        self.world = world
        people = {
            "candidate": world.person("F. Martins"),
            "trainer": world.person("L. Brandt", "trainer", standing="instructor"),
            "assessor": world.person("T. Lindqvist", "observer", "trainer", standing="instructor"),
            "observer": world.person("O. Only", "observer", standing="instructor"),
            "coordinator": world.person("R. Okafor", "coordinator", standing="instructor"),
        }
        self.browsers = {name: Visitor(app, actor) for name, actor in people.items()}

    def __getattr__(self, name: str) -> Visitor:
        return self.browsers[name]

    def ask(self, **changes: str) -> str:
        """The candidate's form. -> the request's id"""
        made = uuid.uuid4().hex
        answer = self.candidate.post("help/ask", {"ask": made, "topic": "module:M1", "urgency": "this_week", "text": WORDS} | changes)
        assert answer.status_code == 303, text(answer)
        return made

    def contact(self, made: str, **changes: str):
        form = {"contact": uuid.uuid4().hex, "minutes": "20", "mode": "call", "outcome": OUTCOME, "follow_up": "", "action": "keep"}
        return self.trainer.post(f"help/board/{made}/contacts", form | changes)

    def offer(self) -> str:
        """An offer as the worker makes it."""
        with base.transactional() as session:
            facts = {"candidacy_id": self.world.candidacy_id("F. Martins"), "course_id": self.world.course_id, "topic_kind": "other"}
            made = AssistanceRequest(id=base.new_id(), state="offered", reason="inactive", offer_key="inactive:", **facts)
            session.add(made)
        return made.id

    def plan(self) -> None:
        observation.plan(
            actor=self.coordinator.actor,
            candidacy_id=self.world.candidacy_id("F. Martins"),
            observer_id=self.assessor.actor.person_id,
            planned_for=datetime.now(UTC).date(),
            protege_label="A new colleague",
        )


@pytest.fixture
def course(app: Flask, world: World) -> Course:
    return Course(app, world)


# --- get help ----------------------------------------------------------------------------------------------------------------


def test_every_page_of_a_candidate_offers_help_and_no_page_of_anybody_else(course):
    part = training.module_page(actor=course.candidate.actor, key="M1").module.sections[0].key
    for page in ("", "way", "modules/M1", f"modules/M1/parts/{part}", "modules/M1/check", "modules/M1/practice", "help/", "invitation"):
        assert "Get help" in text(course.candidate.get(page)), page
    for name in ("trainer", "observer", "coordinator"):
        assert "Get help" not in text(course.browsers[name].get("")), name


def test_from_a_page_of_a_module_the_form_knows_which_module(course):
    page = text(course.candidate.get("modules/M1"))
    (address,) = re.findall(r'href="([^"]*help/ask[^"]*)"', page)
    assert '<option value="module:M1" selected>' in text(course.candidate.get(address))
    assert "selected" not in re.findall(r'<select[^>]*id="topic".*?</select>', text(course.candidate.get("help/ask")), re.S)[0]


def test_the_form_offers_modules_competencies_the_platform_and_something_else_and_says_who_reads_it(course):
    page = text(course.candidate.get("help/ask"))
    for told in ("module:M1", "competency:MC1", 'value="platform"', 'value="other"'):
        assert told in page, told
    assert "does not learn that you asked" in page
    assert "never counts against you" in page
    assert "answer within 2 days" in page


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"topic": ""}, "empty"),
        ({"topic": "module:M99"}, "Choose what it is about"),
        ({"urgency": "now"}, "Choose one of the offered values"),
        ({"topic": "other", "text": " "}, "Write a line"),
        ({"text": "x" * 4001}, "too long"),
    ],
)
def test_a_form_that_does_not_fit_comes_back_with_what_was_typed(course, changes, told):
    form = {"ask": uuid.uuid4().hex, "topic": "platform", "urgency": "blocked", "text": WORDS} | changes
    answer = course.candidate.post("help/ask", form)
    assert answer.status_code == 400
    assert told in text(answer)
    assert form["text"].strip() in text(answer)
    assert not assistance.page(actor=course.candidate.actor).open


def test_from_asking_to_closing_with_plain_forms(course):
    made = course.ask()
    own = text(course.candidate.get("help/"))
    assert WORDS in own
    assert "Waits for somebody to take it" in own
    board = text(course.trainer.get("help/board"))
    assert "F. Martins" in board
    assert "One request waits" in board
    assert course.trainer.post(f"help/board/{made}/take").status_code == 303
    assert "L. Brandt helps" in text(course.candidate.get("help/"))
    assert WORDS in text(course.trainer.get(f"help/board/{made}"))
    assert course.contact(made, action="answer", follow_up="2099-01-02").status_code == 303
    own = text(course.candidate.get("help/"))
    for told in ("Answered by L. Brandt", OUTCOME, "20 minutes", "to follow up on"):
        assert told in own
    assert course.candidate.post(f"help/{made}/close").status_code == 303
    assert "Closed" in text(course.candidate.get("help/"))
    assert course.trainer.get(f"help/board/{made}").status_code == 404
    assert course.candidate.post(f"help/{made}/reopen").status_code == 303
    assert "One request waits" in text(course.trainer.get("help/board"))


def test_words_with_markup_stand_as_they_were_written(course):
    made = course.ask(text="<script>alert(1)</script>")
    for page in (text(course.candidate.get("help/")), text(course.trainer.get(f"help/board/{made}"))):
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"minutes": "none"}, "Not a valid integer"),
        ({"minutes": "0"}, "Must be"),
        ({"outcome": " "}, "Write what came of it"),
        ({"outcome": ""}, "empty"),
        ({"mode": "dream"}, "Choose one of the offered values"),
        ({"follow_up": "soon"}, "This is not a date"),
        ({"follow_up": "2020-01-01"}, "Choose a day from today on"),
    ],
)
def test_a_contact_that_does_not_fit_comes_back_with_what_was_typed(course, changes, told):
    made = course.ask()
    course.trainer.post(f"help/board/{made}/take")
    answer = course.contact(made, **changes)
    assert answer.status_code == 400
    assert told in text(answer)
    assert (changes.get("outcome", OUTCOME)).strip() in text(answer)


def test_the_second_who_takes_it_is_told_that_somebody_has_it(course):
    made = course.ask()
    assert course.trainer.post(f"help/board/{made}/take").status_code == 303
    answer = course.coordinator.post(f"help/board/{made}/take")
    assert answer.status_code == 409
    assert "Somebody else has taken this request" in text(answer)


def test_what_is_overdue_is_said_to_the_helping_side(course):
    made = course.ask(urgency="blocked")
    with base.transactional() as session:
        session.scalars(select(AssistanceRequest).where(AssistanceRequest.id == made)).one().asked_at = datetime(2026, 1, 2, tzinfo=UTC)
    board = text(course.coordinator.get("help/board"))
    assert "One is overdue" in board
    assert "Overdue since" in board
    assert "Overdue" not in text(course.candidate.get("help/"))


def test_no_line_of_the_log_holds_what_was_asked_or_answered_or_what_it_is_about(course, capfd):
    capfd.readouterr()
    made = course.ask(topic="competency:MC1")
    course.trainer.post(f"help/board/{made}/take")
    course.contact(made, action="answer")
    course.contact(made, minutes="0")
    course.coordinator.post(f"help/board/{made}/take")
    logged = "".join(capfd.readouterr())
    assert "assistance.make" in logged
    for told in (WORDS, WORDS[:12], OUTCOME, OUTCOME[:12], "MC1", "competency"):
        assert told not in logged


# --- offers ------------------------------------------------------------------------------------------------------------------


def test_an_offer_shows_on_every_page_of_the_candidate_and_on_nobody_elses(course):
    assert "Help is offered" not in text(course.candidate.get("way"))
    course.offer()
    for page in ("", "way", "modules/M1"):
        assert "Help is offered" in text(course.candidate.get(page)), page
    assert "seen by you alone" in text(course.candidate.get("help/"))
    for name in ("trainer", "coordinator"):
        assert "F. Martins" not in text(course.browsers[name].get("help/board"))


def test_an_accepted_offer_becomes_a_request_with_what_the_candidate_chose(course):
    offer = course.offer()
    assert f'name="offer" value="{offer}"' in text(course.candidate.get(f"help/ask?offer={offer}"))
    form = {"ask": uuid.uuid4().hex, "offer": offer, "topic": "platform", "urgency": "blocked", "text": ""}
    assert course.candidate.post("help/ask", form).status_code == 303
    assert course.candidate.post("help/ask", form).status_code == 303, "a second click changes nothing"
    board = text(course.trainer.get("help/board"))
    assert "F. Martins" in board
    assert "This tool or the LMS" in board
    assert "Help is offered" not in text(course.candidate.get("way"))
    assert course.candidate.get(f"help/ask?offer={offer}").status_code == 404


def test_a_declined_offer_is_gone(course):
    offer = course.offer()
    assert course.candidate.post(f"help/{offer}/decline").status_code == 303
    assert "Help is offered" not in text(course.candidate.get("way"))
    assert course.trainer.post(f"help/board/{offer}/take").status_code == 404


# --- what an assessor meets --------------------------------------------------------------------------------------------------


def test_an_assessor_of_the_candidate_meets_a_board_on_which_there_is_nothing(course):
    made = course.ask()
    assert "F. Martins" in text(course.assessor.get("help/board"))
    assert "request for help waits" in text(course.assessor.get(""))
    course.plan()
    assert "request for help waits" not in text(course.assessor.get(""))
    assert "request for help waits" in text(course.coordinator.get(""))
    board = text(course.assessor.get("help/board"))
    for told in ("F. Martins", WORDS, "One request"):
        assert told not in board
    assert "No request is open" in board
    never = "0" * 32
    for path in ("help/board/{}", "help/board/{}/take", "help/board/{}/hand-back", "help/board/{}/answer"):
        visit = course.assessor.get if path.endswith("{}") else course.assessor.post
        known, unknown = visit(path.format(made)), visit(path.format(never))
        assert known.status_code == unknown.status_code == 404
        assert "There is no such request" in text(known)
    assert "F. Martins" in text(course.coordinator.get("help/board"))


def test_the_first_page_of_those_who_help_says_that_somebody_waits_and_how_many(course):
    assert "Nothing waits for you" in text(course.trainer.get(""))
    course.ask()
    assert "One candidate’s request for help waits" in text(course.trainer.get(""))
    made = course.ask()
    assert "2 requests for help wait" in text(course.trainer.get(""))
    course.trainer.post(f"help/board/{made}/take")
    assert "One candidate’s request for help waits" in text(course.trainer.get(""))
    assert "for help wait" not in text(course.observer.get(""))


def test_observers_who_do_not_train_have_no_board(course):
    course.ask()
    assert course.observer.get("help/board").status_code == 403
    assert "help/board" not in text(course.observer.get("observations"))


def test_somebody_without_a_candidacy_has_no_requests_of_their_own(course):
    assert course.trainer.get("help/").status_code == 404
    assert course.trainer.get("help/ask").status_code == 403


def test_only_oneself_learns_from_the_page_of_what_is_held_that_one_has_asked(course):
    course.ask()
    assert "Requests for help" in text(course.candidate.get(f"privacy/{course.candidate.actor.person_id}"))
