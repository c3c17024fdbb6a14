# SPDX-License-Identifier: Apache-2.0
"""Field capture over HTTP: the page with and without a script, what a phone sends, the shell and the worker that hold nobody's data."""

from __future__ import annotations

import html
import json
import re
import secrets
from datetime import date

import pytest
from flask import Flask

from conftest import World
from lti_mentoring.domain.discretion import PATTERNS
from lti_mentoring.domain.people import Actor
from lti_mentoring.services import field, observation, participant
from lti_mentoring.services import room as asked
from lti_mentoring.services.room import Named
from support.visitor import Visitor

DEVICE = "d" * 32


class Room:
    """A planned observation, and browsers of those around it."""

    def __init__(self, app: Flask, world: World) -> None:
        self.app, self.world = app, world
        people = {
            "candidate": world.person("F. Martins"),
            "observer": world.person("T. Lindqvist", "observer", standing="instructor"),
            "coordinator": world.person("R. Okafor", "coordinator", standing="instructor"),
        }
        self.people = people
        self.browsers = {name: Visitor(app, actor) for name, actor in people.items()}
        self.made = observation.plan(
            actor=people["coordinator"],
            candidacy_id=world.candidacy_id("F. Martins"),
            observer_id=people["observer"].person_id,
            planned_for=date(2026, 11, 24),
            protege_label="A new colleague",
            place="Room 2.14",
        )
        self.page, self.paper = (f"observations/{self.made}/{part}" for part in ("field", "paper"))
        self.api = f"/api/v1/courses/{world.course_id}/observations/{self.made}/field"

    def send(self, *notes: dict[str, object], **more: object):
        body = {"person": self.people["observer"].person_id, "device": DEVICE, "notes": notes, **more}
        return self.browsers["observer"].send("POST", self.api, body)

    def kept(self) -> list[str]:
        return [note.text for note in field.page(actor=self.world.actor("T. Lindqvist"), observation_id=self.made).notes]


@pytest.fixture
def room(app: Flask, world: World) -> Room:
    return Room(app, world)


def text(answer) -> str:
    return str(answer.get_data(as_text=True))


def note(words: str = "Asks, then waits.", **more: object) -> dict[str, object]:
    return {"id": secrets.token_hex(16), "text": words, "noted_at": "2026-11-24T12:00:00.000Z", "at_second": 61, "tag": "C3", **more}


def pack(answer) -> dict:
    """What the page's script is given."""
    found = re.search(r"data-pack='([^']+)'", text(answer))
    assert found
    return json.loads(html.unescape(found[1]))


def test_the_page_gives_its_script_all_that_a_phone_takes_along(room):
    given = pack(room.browsers["observer"].get(room.page))
    assert (given["candidate"], given["about"], given["api"]) == ("F. Martins", "with A new colleague", room.api)
    assert len(given["criteria"]) == 12
    assert all(len(one["anchors"]) == 4 for one in given["criteria"])
    assert (given["names"], given["reader"]) == (["Martins"], "T. Lindqvist")
    assert given["patterns"] == PATTERNS
    assert given["open"]


def test_a_batch_is_answered_by_what_is_stored_and_a_resend_by_the_same(room):
    batch = [note(), note("Waits eight seconds.", noted_at="2026-11-24T12:00:08.000Z")]
    first = room.send(*batch, counts={"open": 2, "unheard_of": 3}, pauses=[[5, 9]], started_at="2026-11-24T11:59:00Z")
    again = room.send(*batch, counts={"open": 2}, pauses=[[5, 9]])
    assert first.status_code == again.status_code == 200
    assert first.json["stored"] == again.json["stored"] == [{"id": one["id"], "kept": one["id"]} for one in batch]
    assert again.json["devices"] == {DEVICE: {"counts": {"open": 2}, "started_at": "2026-11-24T11:59:00+00:00"}}
    assert room.kept() == ["Asks, then waits.", "Waits eight seconds."]


def test_what_is_refused_is_said_in_words_note_by_note(room):
    off = note("Said in confidence.", at_second=7)
    answer = room.send(off, note(), pauses=[[5, 9]])
    assert answer.status_code == 200
    assert answer.json["refused"] == [
        {"id": off["id"], "code": "off_the_record", "words": "It was begun off the record, and nothing of that is kept."}
    ]
    assert room.kept() == ["Asks, then waits."]


@pytest.mark.parametrize(
    "body",
    [{"device": "no"}, {"counts": {"open": -1}}, {"pauses": [[1]]}, {"notes": ["no"]}, {"started_at": "2026-11-24T11:59:00"}],
)
def test_a_batch_that_does_not_fit_is_refused_whole(room, body):
    sent = {"person": room.people["observer"].person_id, "device": DEVICE, **body}
    assert room.browsers["observer"].send("POST", room.api, sent).status_code == 400
    assert room.kept() == []


def test_a_note_that_cannot_be_read_is_refused_by_itself_and_holds_up_no_other(room):
    pauses = [[second, second + 1] for second in range(100, 2100, 2)]
    answer = room.send({"id": "1"}, note(None), note("Waits.", tag="C3 " * 1000), note("x" * 200_000), pauses=pauses)
    assert answer.status_code == 200
    assert [(one["code"], one["words"][:35]) for one in answer.json["refused"]] == [
        ("note_long", "A note holds at most 4000 character"),
        ("note_unread", "This note could not be read here. C"),
        ("note_unread", "This note could not be read here. C"),
    ]
    assert room.kept() == ["Waits."]


def test_what_only_looks_like_the_code_of_no_character_is_a_note_like_others(room):
    written = r"In C a text ends with \u0000, and \\u0000 is more of it."
    assert room.send(note(written)).status_code == 200
    assert room.kept() == [written]
    assert room.send(note("one\0two")).status_code == 400


def test_notes_of_somebody_else_on_the_same_phone_are_not_taken(room):
    answer = room.send(note(), person="f" * 32)
    assert (answer.status_code, answer.json["code"]) == (409, "field_other_person")
    assert room.kept() == []


def test_a_page_that_began_without_a_network_gets_its_notes_and_a_token(room):
    room.send(note())
    answer = room.browsers["observer"].get(room.api)
    assert [one["text"] for one in answer.json["notes"]] == ["Asks, then waits."]
    assert answer.json["csrf"]


def test_signed_out_a_phone_hears_so_and_nothing_else(room):
    room.browsers["observer"].client.delete_cookie("__Host-lti-mentoring", domain="localhost", path="/")
    assert room.browsers["observer"].get(room.api).status_code == 401
    assert room.send(note()).status_code == 401


@pytest.mark.parametrize("who", ["candidate", "coordinator"])
def test_who_has_no_seat_finds_no_page(room, who):
    for path in (room.page, room.paper, room.api):
        assert room.browsers[who].get(path).status_code in (403, 404)


def test_without_a_script_a_note_is_kept_by_the_form(room):
    browser = room.browsers["observer"]
    answer = browser.post(room.page, {"id": "e" * 32, "text": " Asks, then waits. "})
    assert answer.status_code == 303
    assert "Asks, then waits." in text(browser.get(room.page))
    browser.post(room.page, {"id": "e" * 32, "text": "Asks, then waits."})
    assert room.kept() == ["Asks, then waits."]


def test_without_a_script_a_name_is_asked_about_once_and_given_back(room):
    browser = room.browsers["observer"]
    answer = browser.post(room.page, {"id": "e" * 32, "text": "Martins waits."})
    assert answer.status_code == 200
    assert "This may tell who somebody is" in text(answer)
    assert "Martins waits.</textarea>" in text(answer)
    assert 'name="anyway" value="1"' in text(answer)
    assert room.kept() == []
    assert browser.post(room.page, {"id": "e" * 32, "text": "Martins waits.", "anyway": "1"}).status_code == 303
    assert room.kept() == ["Martins waits."]


def test_without_a_script_what_is_refused_is_given_back(room):
    browser = room.browsers["observer"]
    answer = browser.post(room.page, {"id": "e" * 32, "text": "a" * 4001})
    assert answer.status_code == 409
    assert "A note holds at most 4000 characters" in text(answer)
    assert f"{'a' * 4001}</textarea>" in text(answer)


def test_whoever_observes_is_told_before_and_after_that_it_cannot_be_observed(room):
    browser, cannot = room.browsers["observer"], "data-cannot hidden"
    assert cannot in text(browser.get(room.page)), "nobody is asked, so their own word will do"
    asked.add(actor=room.people["coordinator"], observation_id=room.made, named=Named("Kim", ""))
    assert cannot not in text(browser.get(room.page))
    person_id = asked.page(actor=room.people["coordinator"], observation_id=room.made).people[-1].person_id
    kim = Actor(room.world.org_id, person_id, room.world.course_id, "Kim", frozenset(), "")
    one = note("She wept.")

    def tried() -> list[object]:
        sent = room.send(one).json
        typed = browser.post(room.page, {"id": "e" * 32, "text": "She wept again."})
        noted = browser.send("POST", f"{room.api.removesuffix('field')}notes", {"id": "f" * 32, "text": "She wept."})
        sheet = room.page.removesuffix("/field")
        on_sheet = browser.post(sheet, {"revision": "0", "note_id": "d" * 32, "note": "She wept.", "action": "note"})
        for page in (typed, on_sheet):
            assert page.status_code == 409
            assert "no words about it are kept yet" in text(page)
        assert "She wept again.</textarea>" in text(typed)
        assert "She wept.</textarea>" in text(on_sheet)
        return [sent["stored"], sent["waits"], sent["refused"], sent["can"], sent["notes"], noted.status_code, noted.json]

    silent = tried()
    assert silent[:5] == [[], [one["id"]], [], False, []]
    participant.answer(actor=kim, observation_id=room.made, agrees=False)
    assert tried() == silent, "silence and a no"


def test_the_printed_sheet_names_nobody(room):
    page = text(room.browsers["observer"].get(room.paper)).partition("<main")[2]
    assert "Observation sheet" in page
    for name in ("Martins", "Lindqvist", "A new colleague"):
        assert name not in page


def test_the_shell_and_the_worker_are_the_same_for_everybody_and_hold_nothing(room):
    browser, stranger = room.browsers["observer"], room.app.test_client()
    for path in ("/courses/field-shell?language=en", "/courses/field-worker.js?language=en"):
        answer = browser.get(path)
        theirs = stranger.get(path, base_url="https://localhost:8000")
        assert answer.status_code == theirs.status_code == 200
        plain = [re.sub(r'nonce="[^"]+"', "", text(one)) for one in (answer, theirs)]
        assert plain[0] == plain[1]
        assert answer.headers["Cache-Control"] == "no-cache"
        assert "Set-Cookie" not in theirs.headers
        for secret in ("Martins", "Lindqvist", room.made, room.world.course_id, browser.csrf):
            assert secret not in text(answer)


def fetched(room: Room, path: str) -> str:
    """A file as a stranger gets it."""
    with room.app.test_client() as stranger, stranger.get(path, base_url="https://localhost:8000") as answer:
        assert answer.status_code == 200, path
        return text(answer)


def test_every_file_that_the_worker_keeps_is_there_and_the_modules_import_no_other(room):
    script = fetched(room, "/courses/field-worker.js")
    said = json.loads(script.partition("const FIELD = ")[2].partition(";\n")[0])
    shell = fetched(room, said["shell"])
    assert set(re.findall(r'(?:src|href)="([^"#]+\.(?:js|css)[^"]*)"', shell)) <= set(said["files"])
    files = {path.partition("?")[0].rpartition("/")[2]: fetched(room, path) for path in said["files"]}
    for name, content in files.items():
        if name.startswith(("field", "discretion", "autosave")):
            assert set(re.findall(r'from "\./([\w-]+\.js)"', content)) <= set(files), name


def test_the_worker_is_the_same_as_long_as_no_file_changes(room):
    assert len({fetched(room, f"/courses/field-worker.js{query}") for query in ("", "?language=en", "?language=xx")}) == 1
