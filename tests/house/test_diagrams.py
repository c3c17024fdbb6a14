# SPDX-License-Identifier: Apache-2.0
"""The diagrams in the documentation are the tables that the product runs on."""

from __future__ import annotations

import re
from pathlib import Path

from lti_mentoring.domain import application, assistance, mentorship, observation, participation, practice, qualification, recognition
from lti_mentoring.domain.diagram import diagram

DOCS = Path(__file__).parents[2] / "docs"


def drawn_in(page: str) -> list[str]:
    """The diagrams of a page of the documentation."""
    return re.findall(r"```mermaid\n(.*?)```", (DOCS / page).read_text("utf-8"), re.S)


def test_the_states_of_observations_help_and_applications_are_drawn_as_they_are():
    assert drawn_in("domain.md") == [observation.diagram(), assistance.diagram(), application.diagram()]


def test_the_states_of_a_session_are_drawn_as_they_are():
    assert drawn_in("pairs.md") == [diagram((move.state, move.verb, move.to) for move in mentorship.MOVES)]


def test_the_states_of_taking_part_are_drawn_and_listed_as_they_are():
    assert drawn_in("participation.md") == [diagram((move.state, move.verb, move.to) for move in participation.MOVES)]
    assert participation.table() in (DOCS / "participation.md").read_text("utf-8")


def test_the_states_of_practice_tasks_and_recognition_are_drawn_and_listed_as_they_are():
    tables = (practice.MOVES, recognition.MOVES)
    assert drawn_in("training.md") == [diagram((move.state, move.verb, move.to) for move in moves) for moves in tables]
    text = (DOCS / "training.md").read_text("utf-8")
    for move in (*practice.MOVES, *recognition.MOVES):
        assert f"| {move.state} | {move.verb.replace('_', ' ')} | {move.to} | {'; '.join(move.guards)} |" in text


def test_the_states_of_an_observer_are_drawn_and_listed_as_they_are():
    assert drawn_in("qualification.md") == [diagram((move.state, move.verb, move.to) for move in qualification.MOVES)]
    text = (DOCS / "qualification.md").read_text("utf-8")
    moves = [f"| {move.state} | {move.verb} | {move.to} | {'; '.join(move.guards)} |" for move in qualification.MOVES]
    weights = [f"| {state} | {weight.replace('_', ' ')} |" for state, weight in qualification.WEIGHTS.items()]
    assert "\n".join(moves) in text
    assert "\n".join(weights) in text


def test_a_drawing_begins_at_the_dot_and_ends_where_nothing_leads_out():
    back = [("draft", "take_back", "gone"), ("sent", "take_back", "gone")]
    assert diagram([("new", "start", "draft"), ("draft", "send", "sent"), *back]) == (
        "stateDiagram-v2\n    [*] --> draft: start\n    draft --> sent: send\n    draft --> gone: take back\n"
        "    sent --> gone: take back\n    gone --> [*]\n"
    )
    assert diagram([("on", "stop", "off"), ("off", "start", "on"), ("off", "wake_up", "on")]) == (
        "stateDiagram-v2\n    [*] --> on\n    on --> off: stop\n    off --> on: start, wake up\n"
    )
    assert diagram([]) == "stateDiagram-v2\n"
