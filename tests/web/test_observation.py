# SPDX-License-Identifier: Apache-2.0
"""From the plan to the report with plain forms, the same drafts as JSON, and what each reader finds and does not find."""

from __future__ import annotations

import json
import re
import uuid

import pytest
from flask import Flask
from sqlalchemy import select

from conftest import World
from lti_mentoring.store import base
from lti_mentoring.store.delivery import ScorePublication
from lti_mentoring.store.observation import Observation
from support.visitor import Visitor

QUOTE = "“What would you like to leave here with?”"


def text(answer) -> str:
    return str(answer.get_data(as_text=True))


def revision_on(answer) -> int:
    """The revision that a page was made from."""
    found = re.search(r'name="revision" value="(\d+)"', text(answer))
    assert found, text(answer)
    return int(found[1])


def fresh():
    """The database as it is now: the test's own read transaction still shows what was before."""
    base.session().rollback()
    return base.session()


class Course:
    """People of one course with a browser each."""

    def __init__(self, app: Flask, world: World) -> None:
        self.world = world
        people = {
            "candidate": world.person("F. Martins"),
            "other": world.person("S. Haddad"),
            "observer": world.person("T. Lindqvist", "observer", standing="instructor"),
            "coordinator": world.person("R. Okafor", "coordinator", standing="instructor"),
        }
        self.browsers = {name: Visitor(app, actor) for name, actor in people.items()}

    def __getattr__(self, name: str) -> Visitor:
        return self.browsers[name]

    def plan(self, **changes: str) -> str:
        """The coordinator's form. -> the observation's id."""
        made = uuid.uuid4().hex
        form = {
            "plan": made,
            "candidate": self.world.candidacy_id("F. Martins"),
            "observer": self.observer.actor.person_id,
            "planned_for": "2026-11-24",
            "protege": "A new colleague",
        }
        answer = self.coordinator.post("observations/plan", form | changes)
        assert answer.status_code == 303, answer.get_data(as_text=True)
        return made

    def note(self, made: str, text: str = QUOTE) -> str:
        """A note by autosave. -> its id."""
        answer = self.observer.send("POST", self.api(made, "notes"), {"id": str(uuid.uuid4()), "text": text})
        assert answer.status_code == 201, answer.get_data(as_text=True)
        return str(answer.json["id"])

    def api(self, made: str, part: str) -> str:
        return f"/api/v1/courses/{self.world.course_id}/observations/{made}/{part}"

    def sheet(self, note: str, level: str = "3", revision: int = 0, action: str = "draft", **changes: object) -> dict[str, object]:
        """The form of a sheet as a browser sends it, all twelve rows rated."""
        keys = [f"C{number}" for number in range(1, 13)]
        form: dict[str, object] = {"revision": revision, "action": action, "criterion": keys, "note": "", "note_id": uuid.uuid4().hex}
        for key in keys:
            form |= {f"level-{key}": level, f"notes-{key}": [note], f"reason-{key}": ""}
        return form | changes

    def release(self, level: str = "3") -> str:
        """A whole observation, by forms alone."""
        made = self.plan()
        note = self.note(made)
        assert self.observer.post(f"observations/{made}", self.sheet(note, level, action="consent")).status_code == 303
        revision = revision_on(self.observer.get(f"observations/{made}"))
        answer = self.observer.post(f"observations/{made}", self.sheet(note, level, revision, "release"))
        assert answer.headers["Location"].endswith(f"/observations/{made}/release")
        revision = revision_on(self.observer.get(f"observations/{made}/release"))
        answer = self.observer.post(f"observations/{made}/release", {"revision": revision})
        assert answer.headers["Location"].endswith(f"/observations/{made}/report")
        return made


@pytest.fixture
def course(app: Flask, world: World) -> Course:
    return Course(app, world)


# --- planning and lists -----------------------------------------------------------------------------------------------------


def test_the_plan_form_offers_candidates_and_observers_and_says_what_is_checked(course):
    page = text(course.coordinator.get("observations/plan"))
    assert "F. Martins" in page
    assert "T. Lindqvist" in page
    assert "Conflicts are looked for" in page


@pytest.mark.parametrize(("field", "value"), [("planned_for", "soon"), ("protege", ""), ("observer", ""), ("candidate", "")])
def test_a_form_that_does_not_fit_comes_back_with_what_was_typed(course, field, value):
    form = {"plan": uuid.uuid4().hex, "candidate": course.world.candidacy_id("F. Martins"), "observer": course.observer.actor.person_id}
    form |= {"planned_for": "2026-11-24", "protege": "A new colleague", "place": "Room 2.14"}
    answer = course.coordinator.post("observations/plan", form | {field: value})
    assert answer.status_code == 400
    assert "Room 2.14" in text(answer)
    assert f'id="{field}-error"' in text(answer)


def test_an_observer_sees_what_waits_oldest_first(course):
    course.plan(planned_for="2026-11-30", protege="Later")
    course.plan(planned_for="2026-11-10", protege="Sooner")
    page = text(course.observer.get("observations"))
    assert page.index("Sooner") < page.index("Later")
    assert "2 observations wait for you" in page


@pytest.mark.parametrize(("who", "place"), [("coordinator", "/cohort"), ("candidate", "/")])
def test_the_activity_observation_leads_everybody_to_their_own_page(course, who, place):
    answer = course.browsers[who].get("observations")
    assert answer.status_code == 302
    assert answer.headers["Location"].endswith(place)


def test_the_coordinator_sees_states_and_calls_off(course):
    made = course.plan()
    course.note(made, "Nobody else reads this.")
    page = text(course.coordinator.get(f"cohort/{course.world.candidacy_id('F. Martins')}"))
    assert "T. Lindqvist" in page
    assert "Nobody else reads this." not in page
    assert course.coordinator.post(f"observations/{made}/cancel").status_code == 303
    assert "Called off" in text(course.coordinator.get("cohort"))
    assert "was called off" in text(course.observer.get(f"observations/{made}"))


# --- the sheet ----------------------------------------------------------------------------------------------------------------


def test_every_criterion_is_a_fieldset_of_radios_with_its_acts_in_sight(course):
    page = text(course.observer.get(f"observations/{course.plan()}"))
    rows = re.findall(r'<fieldset class="crit".*?</fieldset>', page, re.S)
    assert len(rows) == 12
    for row in rows:
        assert re.match(r'<fieldset[^<]*><legend class="visually-hidden">C\d+ ', row), "a legend names its group only as its first child"
        assert re.findall(r'type="radio" name="level-C\d+" value="(\w+)"', row) == ["1", "2", "3", "4", "NO"]
        assert len(re.findall(r'<span class="act"[^>]*>[^<]{5,}', row)) == 5
    assert len(re.findall(r"data-jump=", page)) == 12
    assert "can read your notes and strike lines, from the first one on" in page


def test_the_sheet_says_what_kind_of_session_it_is_and_what_to_watch_for(course):
    html = text(course.observer.get(f"observations/{course.plan()}"))
    assert "The candidate mentors alone ·" in html
    assert "What to watch for" in html
    assert "Shares of the talk, silences, kinds of questions." in html


def test_a_whole_observation_by_forms_alone(course):
    made = course.release()
    page = text(course.candidate.get(f"observations/{made}/report"))
    assert "<strong>Met.</strong>" in page
    assert f'<span class="said" dir="auto">{QUOTE}</span>' in page
    assert fresh().scalars(select(Observation.state)).one() == "released"


def test_a_note_typed_into_the_form_is_kept_with_the_draft(course):
    made = course.plan()
    form = {"revision": "0", "action": "note", "note": "Writes the options down.", "note_id": uuid.uuid4().hex}
    for _ in range(2):
        assert course.observer.post(f"observations/{made}", form).status_code == 303
    assert text(course.observer.get(f"observations/{made}")).count('<div class="said" dir="auto">Writes the options down.</div>') == 1


def test_release_with_gaps_leads_back_to_what_is_open(course):
    made = course.plan()
    note = course.note(made)
    form = course.sheet(note, action="release") | {"notes-C6": [], "level-C9": "NO"}
    answer = course.observer.post(f"observations/{made}", form)
    assert answer.headers["Location"].endswith("?check=1#open")
    page = text(course.observer.get(f"observations/{made}?check=1"))
    assert "3 things are open before you can release" in page
    for line in ('needs a note: <a href="#c-C6">C6</a>', 'needs a reason: <a href="#c-C9">C9</a>', '<a href="#consent">'):
        assert line in page
    assert course.observer.get(f"observations/{made}/release").headers["Location"].endswith("check=1#open")
    assert course.observer.post(f"observations/{made}/release", {"revision": "1"}).headers["Location"].endswith("check=1#open")


def test_the_release_page_says_what_the_candidate_will_see_and_what_the_gradebook_gets(course):
    made = course.plan()
    note = course.note(made)
    course.note(made, "Linked to nothing.")
    course.observer.post(f"observations/{made}", course.sheet(note, action="consent"))
    page = text(course.observer.get(f"observations/{made}/release"))
    assert "cannot be undone" in page
    assert "F. Martins reads the one note behind the levels" in page
    assert "One note is linked to nothing; it is not in the report." in page
    assert "Completion goes to the gradebook" in page
    assert "Conflicts are looked for" in page


def test_who_a_reason_may_tell_of_is_asked_about_before_it_goes_out(course):
    made = course.plan()
    note = course.note(made)
    said = {"level-C12": "NO", "notes-C12": [], "reason-C12": "Martins rang 0171 555 0100."}
    course.observer.post(f"observations/{made}", course.sheet(note, action="consent", **said))
    page = text(course.observer.get(f"observations/{made}/release"))
    assert "This may tell who somebody is:" in page
    assert "Martins, 0171 555 0100" in page


def test_not_yet_is_told_with_exact_reasons_and_nothing_is_said_to_be_sent(course):
    course.world.placement("observation")
    made = course.release(level="2")
    page = text(course.candidate.get(f"observations/{made}/report"))
    assert "<strong>Not yet.</strong>" in page
    assert "The mean of all levels is 2; 2.75 is asked for." in page
    assert "Level 3, Competent, would look like this:" in page
    assert "Nothing was sent to the gradebook" in page
    assert fresh().scalars(select(ScorePublication.sent_at)).one() is None


def test_two_windows_show_both_texts_and_lose_none(course):
    made = course.plan()
    note = course.note(made)
    rated = course.sheet(note, action="draft")
    course.observer.post(f"observations/{made}", rated | {"level-C9": "NO", "reason-C9": "No occasion."})
    answer = course.observer.post(f"observations/{made}", rated | {"level-C9": "NO", "reason-C9": "I left early.", "note": "A late note."})
    assert answer.status_code == 409
    page = text(answer)
    for words in ("No occasion.", "I left early.", "A late note."):
        assert words in page
    mine = {"revision": revision_on(answer), "level-C9": "NO", "reason-C9": "I left early."}
    answer = course.observer.post(f"observations/{made}", rated | mine)
    assert answer.status_code == 303


def test_words_for_a_closed_observation_come_back_to_be_copied(course):
    made = course.plan()
    course.coordinator.post(f"observations/{made}/cancel")
    form = {"revision": "0", "action": "note", "note": "Typed while it was called off.", "note_id": uuid.uuid4().hex}
    answer = course.observer.post(f"observations/{made}", form)
    assert answer.status_code == 409
    assert "Typed while it was called off." in text(answer)


# --- autosave -------------------------------------------------------------------------------------------------------------------


def test_autosave_keeps_changed_criteria_and_answers_the_revision(course):
    made = course.plan()
    body = {"revision": 0, "ratings": [{"criterion": "C1", "level": 3, "notes": []}]}
    answer = course.observer.send("PUT", course.api(made, "draft"), body)
    assert answer.status_code == 200
    assert (answer.json["revision"], answer.json["state"], answer.json["clashes"]) == (1, "drafting", [])
    assert {"code": "evidence_missing", "criterion": "C1"} in answer.json["gaps"]


def test_autosave_of_a_stale_window_is_a_conflict_with_both_texts(course):
    made = course.plan()
    for level in (2, 3):
        answer = course.observer.send("PUT", course.api(made, "draft"), {"revision": 0, "ratings": [{"criterion": "C1", "level": level}]})
    assert (answer.status_code, answer.mimetype, answer.json["code"]) == (409, "application/problem+json", "draft_conflict")
    assert answer.json["revision"] == 1
    clash = answer.json["clashes"][0]
    assert (clash["criterion"], clash["yours"]["level"], clash["kept"]["level"]) == ("C1", 3, 2)


@pytest.mark.parametrize(
    "body",
    [
        {"ratings": []},
        {"revision": -1},
        {"revision": 0, "ratings": [{"criterion": "C1", "level": 5}]},
        {"revision": 0, "ratings": [{"criterion": "C1", "notes": ["not a note"]}]},
        {"revision": 0, "note": {"id": "1", "text": "x"}},
    ],
)
def test_autosave_refuses_what_does_not_fit_as_a_problem(course, body):
    answer = course.observer.send("PUT", course.api(course.plan(), "draft"), body)
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")


def test_a_note_resent_is_the_same_note(course):
    made = course.plan()
    note = {"id": str(uuid.uuid4()), "text": QUOTE}
    ids = {course.observer.send("POST", course.api(made, "notes"), note).json["id"] for _ in range(3)}
    assert ids == {note["id"].replace("-", "")}


# --- who finds what ---------------------------------------------------------------------------------------------------------------


def test_before_the_release_the_candidate_finds_one_sentence_and_no_word_of_it(course):
    made = course.plan()
    course.note(made, "Under way.")
    answer = course.candidate.get(f"observations/{made}/report")
    assert answer.status_code == 404
    assert "not yet released" in text(answer)
    assert "Under way." not in text(answer)


def test_other_candidates_find_nothing(course):
    made = course.release()
    answer = course.other.get(f"observations/{made}/report")
    assert answer.status_code == 404
    assert "released" not in text(answer)


@pytest.mark.parametrize("who", ["candidate", "other", "coordinator"])
def test_the_sheet_is_for_its_observer_alone(course, who):
    made = course.plan()
    browser = course.browsers[who]
    closed = 403 if who == "coordinator" else 404  # a candidate may have a sheet of their own, where two lead a session
    assert browser.get(f"observations/{made}").status_code == closed
    assert browser.post(f"observations/{made}", {"revision": "0"}).status_code == closed
    assert browser.send("PUT", course.api(made, "draft"), {"revision": 0}).status_code == closed


def test_another_observer_finds_no_such_sheet(app, course):
    made = course.plan()
    second = Visitor(app, course.world.person("Second", "observer", standing="instructor"))
    assert second.get(f"observations/{made}").status_code == 404
    assert second.post(f"observations/{made}/release", {"revision": "0"}).status_code == 404
    assert second.send("POST", course.api(made, "notes"), {"id": uuid.uuid4().hex, "text": "x"}).status_code == 404


def test_a_released_sheet_is_a_report_and_no_form(course):
    made = course.release()
    for path in (f"observations/{made}", f"observations/{made}/release"):
        assert course.observer.get(path).headers["Location"].endswith(f"/observations/{made}/report")
    assert "<form" not in re.sub(r"<footer.*", "", text(course.observer.get(f"observations/{made}/report")), flags=re.S)


def test_names_and_words_are_written_as_text(course):
    made = course.plan(protege="<b>bold</b>")
    note = course.note(made, "<script>alert(1)</script> 'quoted' \"twice\"")
    course.observer.post(f"observations/{made}", course.sheet(note, action="draft") | {"level-C9": "NO", "reason-C9": "'><i>x</i>"})
    page = text(course.observer.get(f"observations/{made}"))
    for raw in ("<b>bold", "<script>alert", "'><i>x"):
        assert raw not in page
    known = re.search(r"id=\"c-C9\"[^>]* data-known='([^']*)'", page)
    assert known
    assert json.loads(known[1])["reason"] == "'><i>x</i>"
