# SPDX-License-Identifier: Apache-2.0
"""A candidate watches a mentor, with plain forms: what they type is kept, what is missing is said, and who else reads it."""

from __future__ import annotations

import uuid

import pytest
from flask import Flask

from conftest import World
from lti_mentoring.services import observation, opening, recorded
from lti_mentoring.store import base
from support.visitor import Visitor

ACCOUNT = "Three open questions; each time the protégé went on."
NOTE = "“What would you try first?”, then silence."


class Pair:
    """A candidate who is to watch a mentor, and who rates how."""

    def __init__(self, app: Flask, world: World) -> None:
        lead = world.person("Coordinator", "coordinator", standing="instructor")
        rater = world.person("Rater", "observer", standing="instructor")
        opening.choose_policy(actor=lead, name="starter")
        world.person("Ada", standing="none")
        day = base.now().date()
        recorded.record(actor=lead, text="Ada", decided_by="The board", decided_on=day, why="Known.")
        world.mastered("Ada")
        who = {"candidacy_id": world.candidacy_id("Ada"), "observer_id": rater.person_id, "planned_for": day, "protege_label": "A"}
        self.made = observation.plan(actor=lead, kind="structured", **who)
        self.co = observation.plan(actor=lead, kind="co", **who)
        self.ada, self.rater, self.lead = Visitor(app, world.actor("Ada")), Visitor(app, rater), Visitor(app, lead)
        self.course_id = world.course_id

    def send(self, **said: str):
        form = {"revision": "0", "note_id": str(uuid.uuid4()), "text": "", "note": "", "action": "draft"}
        return self.ada.post(f"observations/{self.made}/watching", form | said)

    def page(self) -> str:
        return str(self.ada.get(f"observations/{self.made}/watching").get_data(as_text=True))


@pytest.fixture
def pair(app: Flask, world: World) -> Pair:
    return Pair(app, world)


def test_the_way_leads_to_the_notes_and_to_ones_own_part(pair: Pair):
    way = pair.ada.get("way").get_data(as_text=True)
    assert f"observations/{pair.made}/watching" in way
    assert f"observations/{pair.co}" in way
    own = pair.ada.get(f"observations/{pair.co}").get_data(as_text=True)
    assert "Rate your own part" in own
    assert "Nothing is asked of you now" not in way
    assert 'value="consent"' not in own


def test_notes_and_account_are_kept_handed_in_and_then_closed(pair: Pair):
    assert pair.send(note=NOTE, action="note").status_code == 303
    assert NOTE in pair.page()
    answer = pair.ada.send("PUT", f"/api/v1/courses/{pair.course_id}/observations/{pair.made}/watching", {"revision": 0, "text": ACCOUNT})
    assert answer.json["revision"] == 1
    assert ACCOUNT in pair.page()
    unread = pair.rater.get(f"observations/{pair.made}").get_data(as_text=True)
    assert ACCOUNT not in unread
    assert "then silence" not in unread
    assert pair.send(revision="1", text=ACCOUNT, action="hand_in").status_code == 303
    page = pair.page()
    assert "Your notes are handed in." in page
    assert "<form" not in page.split("<main")[1].split("</main>")[0]
    sheet = pair.rater.get(f"observations/{pair.made}").get_data(as_text=True)
    assert ACCOUNT in sheet
    assert "then silence" in sheet
    assert "never the mentor whom they watched" in sheet


def test_what_is_missing_is_said_beside_what_was_typed(pair: Pair):
    answer = pair.send(text=ACCOUNT, action="hand_in")
    assert answer.status_code == 400
    said = answer.get_data(as_text=True)
    assert "Keep at least one note first." in said
    assert ACCOUNT in said
    answer = pair.send(note=NOTE, action="hand_in")
    assert answer.status_code == 400
    assert "Write a short account first" in answer.get_data(as_text=True)
    assert NOTE in answer.get_data(as_text=True)


def test_an_older_window_is_told_and_loses_nothing(pair: Pair):
    pair.send(text="Kept first.")
    answer = pair.send(text="Typed elsewhere.")
    assert answer.status_code == 400
    said = answer.get_data(as_text=True)
    assert "Typed elsewhere." in said
    assert "Kept first." in said


def test_nobody_else_opens_it(pair: Pair):
    for other in (pair.rater, pair.lead):
        assert other.get(f"observations/{pair.made}/watching").status_code in (403, 404)
    assert pair.ada.get(f"observations/{pair.co}/watching").status_code == 404
    assert pair.ada.get(f"observations/{pair.made}").status_code == 404


def test_what_is_asked_again_is_empty_before_anything_is_left(pair: Pair):
    page = pair.ada.get("asked-again").get_data(as_text=True)
    assert "Your sessions are not all held yet." in page
    assert "The next session looks at this alone" not in page
    assert "It shows by this:" not in page
