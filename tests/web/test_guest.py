# SPDX-License-Identifier: Apache-2.0
"""The door for people without an account: pressed once, one page behind it, nothing in an address or a log, no refusal in sight."""

from __future__ import annotations

import re
from contextvars import Context
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from conftest import World
from lti_mentoring.domain.people import Actor
from lti_mentoring.services import consent, meeting, observation, participant, room
from lti_mentoring.services.occasion import Asked
from lti_mentoring.services.rating import Note
from lti_mentoring.services.room import Named
from lti_mentoring.store import base
from lti_mentoring.store.field import Participant
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.people import NEVER, Identity, Membership, Person
from lti_mentoring.store.rating import Rater
from lti_mentoring.web import guest as door
from support.pairing import ahead, met, paired
from support.visitor import ORIGIN, Visitor

OURS = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}


class Outsider:
    """A browser without a session."""

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()

    def open(self, method: str, path: str, **more: Any) -> Any:
        return Context().run(self.client.open, path, method=method, base_url="https://localhost:8000", **more)

    def get(self, path: str) -> Any:
        return self.open("GET", path)

    def post(self, path: str, data: dict[str, str], *, read: str = "", **headers: str) -> Any:
        """Send a form; ``read`` is the page that it stands on."""
        if read:
            found = re.search(r'name="csrf-token" content="([^"]+)"', self.text(read))
            assert found
            data = {**data, "csrf_token": found[1]}
        return self.open("POST", path, data=data, headers={**OURS, **headers})

    def text(self, path: str) -> str:
        answer = self.open("GET", path, follow_redirects=True)
        assert answer.status_code == 200, (path, answer.status_code)
        return str(answer.get_data(as_text=True))

    def page(self) -> str:
        """Where the page of whoever opened a link last stands."""
        answer = self.get("/guest/room")
        assert answer.status_code == 302
        return str(answer.headers["Location"])

    def say(self, at: str = "", **sent: str) -> Any:
        at = at or self.page()
        return self.post(at, sent, read=at)


class Scene:
    """An observation with a protégé from outside."""

    def __init__(self, app: Flask, world: World) -> None:
        self.app, self.world = app, world
        self.candidate = world.person("F. Martins")
        self.observer = world.person("T. Lindqvist", "observer", standing="instructor")
        self.lead = world.person("R. Okafor", "coordinator", standing="instructor")
        self.id = self.planned()
        room.add(actor=self.lead, observation_id=self.id, named=Named("Kim", ""))
        (kim,) = room.page(actor=self.lead, observation_id=self.id).people
        self.kim = Actor(world.org_id, kim.person_id, world.course_id, "Kim", frozenset(), "")

    def planned(self) -> str:
        return observation.plan(
            actor=self.lead,
            candidacy_id=self.world.candidacy_id("F. Martins"),
            observer_id=self.observer.person_id,
            planned_for=base.now().date(),
            protege_label="A new colleague",
        )

    def token(self, person_id: str = "") -> str:
        base.end_read()
        if person_id:  # somebody who never came by the LMS: whoever did needs no link, and gets none
            with base.transactional() as session:
                session.execute(update(Membership).where(Membership.person_id == person_id).values(launched_at=NEVER))
                session.execute(delete(Identity).where(Identity.person_id == person_id))
        return room.link(actor=self.lead, observation_id=self.id, person_id=person_id or self.kim.person_id)

    def inside(self, person_id: str = "") -> Outsider:
        """Somebody who has opened their link."""
        made = Outsider(self.app)
        assert made.post("/guest/open", {"token": self.token(person_id)}).status_code == 303
        return made


@pytest.fixture
def scene(app: Flask, world: World) -> Scene:
    door._wrong.clear()
    return Scene(app, world)


# --- the door ----------------------------------------------------------------------------------------------------------------------


def test_a_link_is_opened_by_a_press_and_once(scene: Scene, capfd: pytest.CaptureFixture[str]) -> None:
    kim, token = Outsider(scene.app), scene.token()
    assert kim.get("/guest").status_code == 200
    answer = kim.post("/guest/open", {"token": f"https://localhost:8000/guest#{token}"})
    assert answer.status_code == 303
    assert re.fullmatch("/guest/room/[0-9a-f]{16}", answer.headers["Location"])
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-lti-mentoring-guest=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    page = kim.get(answer.headers["Location"])
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert "May your session be observed?" in page.get_data(as_text=True)
    again = Outsider(scene.app).post("/guest/open", {"token": token})
    assert again.status_code == 410
    assert "Ask for a new link" in again.get_data(as_text=True)
    said = capfd.readouterr()
    assert token.partition("-")[2] not in said.out + said.err
    assert cookie.partition("=")[2].partition(";")[0] not in said.out + said.err


def test_a_new_one_is_asked_for_with_one_press(scene: Scene) -> None:
    token = scene.token()
    Outsider(scene.app).post("/guest/open", {"token": token})
    answer = Outsider(scene.app).post("/guest/ask", {"token": token})
    assert "The coordinator is told." in answer.get_data(as_text=True)
    assert "They ask for another one." in Visitor(scene.app, scene.lead).get("notices").get_data(as_text=True)


@pytest.mark.parametrize("typed", ["", "nonsense", "#", "0" * 32 + "-" + "a" * 43])
def test_what_is_no_link_says_so_and_keeps_nothing(scene: Scene, typed: str) -> None:
    for path in ("/guest/open", "/guest/ask"):
        answer = Outsider(scene.app).post(path, {"token": typed})
        assert answer.status_code == 404
        assert "Set-Cookie" not in answer.headers


def test_another_site_opens_no_link(scene: Scene) -> None:
    answer = Outsider(scene.app).post("/guest/open", {"token": scene.token()}, **{"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


def test_whoever_tries_one_after_the_other_waits_and_a_good_link_is_good_after(scene: Scene) -> None:
    one = Outsider(scene.app)
    tried = [one.post("/guest/open", {"token": f"wrong{number}"}).status_code for number in range(door.MOST_WRONG + 1)]
    assert tried == [404] * door.MOST_WRONG + [429]
    assert one.post("/guest/open", {"token": scene.token()}).status_code == 303


def test_without_a_pass_there_is_no_page(scene: Scene) -> None:
    one = Outsider(scene.app)
    assert one.get("/guest/room").status_code == 401
    assert one.get("/guest/room/0123456789abcdef").status_code == 401
    assert one.post("/guest/room/0123456789abcdef", {"action": "agree"}).status_code == 401


def test_closing_the_page_closes_it_on_this_device(scene: Scene) -> None:
    kim = scene.inside()
    assert kim.post("/guest/leave", {}, read="/guest/room").status_code == 200
    assert kim.get("/guest/room").status_code == 401


# --- a participant's page ----------------------------------------------------------------------------------------------------------


def test_yes_no_strike_and_read_on_ones_own_page(scene: Scene) -> None:
    kim, note = scene.inside(), "a" * 32
    assert kim.say(action="agree").status_code == 303
    assert "You said yes." in kim.text("/guest/room")
    observation.save_note(actor=scene.observer, observation_id=scene.id, note=Note(note, "She waits until he has found it."))
    assert "She waits until he has found it." in kim.text("/guest/room")
    assert kim.say(action="strike", note=note).status_code == 303
    page = kim.text("/guest/room")
    assert "She waits" not in page
    assert "This line was struck" in page
    refused = kim.say(action="refuse")
    assert refused.status_code == 400
    assert "Tick the box first" in refused.get_data(as_text=True)
    assert kim.say(action="refuse", sure="1").status_code == 303
    assert "You said no." in kim.text("/guest/room")


def test_a_yes_on_a_page_that_shows_the_old_day_is_asked_for_again(scene: Scene) -> None:
    kim = scene.inside()
    shown = re.search(r'name="about" value="([^"]+)"', kim.text("/guest/room"))
    assert shown
    with base.transactional() as session:
        session.scalars(select(Observation)).one().place = "The ward"
    answer = kim.say(action="agree", about=shown[1])
    assert answer.status_code == 400
    assert "another day or place than when you opened this page" in answer.get_data(as_text=True)
    assert "You have not answered yet." in kim.text("/guest/room")
    assert kim.say(action="agree", about=f"{shown[1]} The ward").status_code == 303
    assert "You said yes." in kim.text("/guest/room")


def test_who_calls_it_off_reads_whom_to_ring(scene: Scene) -> None:
    lead, at = Visitor(scene.app, scene.lead), f"observations/{scene.id}"
    assert lead.post(f"{at}/cancel").headers["Location"].endswith(f"{at}/people")
    page = lead.get(f"{at}/people").get_data(as_text=True)
    assert "No notice and no mail tells it to Kim" in page
    assert "Make a link to hand over" not in page
    assert f"{at}/people" in Visitor(scene.app, scene.observer).get(at).get_data(as_text=True)


def test_whom_nothing_tells_of_another_day_is_named_while_it_is_planned(scene: Scene) -> None:
    held = met(scene.lead, paired(scene.lead, scene.candidate.person_id, "Sol Reyes, sol@example.org"))
    about = {"candidacy_id": scene.world.candidacy_id("F. Martins"), "observer_id": scene.observer.person_id}
    made = observation.plan(actor=scene.lead, **about, asked=Asked(session_id=held))
    lead, words = Visitor(scene.app, scene.lead), "no notice and no mail tells it to Sol Reyes"
    assert words not in lead.get(f"observations/{made}/people").get_data(as_text=True)
    meeting.change(actor=scene.lead, session_id=held, when=ahead(6))
    assert words in lead.get(f"observations/{made}/people").get_data(as_text=True)


def test_who_leads_and_observes_reads_why_somebody_else_makes_the_link(scene: Scene) -> None:
    both = scene.world.person("B. Both", "coordinator", "observer", standing="instructor")
    with base.transactional() as session:
        session.scalars(select(Observation).where(Observation.id == scene.id)).one().observer_id = both.person_id
    page = Visitor(scene.app, both).get(f"observations/{scene.id}/people").get_data(as_text=True)
    assert "somebody else who coordinates makes the links to hand over" in page
    assert "Make a link to hand over" not in page
    assert "Named by mistake" not in page


def test_a_result_that_waits_for_a_link_leads_to_where_it_is_made(scene: Scene) -> None:
    lead, there = Visitor(scene.app, scene.lead), f"observations/{scene.id}/people"
    assert there not in lead.get("cohort/observations").get_data(as_text=True)
    with base.transactional() as session:
        row = session.scalars(select(Observation).where(Observation.id == scene.id)).one()
        row.state, row.rated_at = "rated", base.now()
        mine = session.scalars(select(Participant)).one()
        mine.consent, mine.waits_for_link = "granted", True
    assert there in lead.get("cohort/observations").get_data(as_text=True)
    assert "One result waits for a link to hand over" in lead.get("").get_data(as_text=True)


def test_a_page_says_how_long_it_stays_open(scene: Scene) -> None:
    page = scene.inside().text("/guest/room")
    assert "for a day; a link to lines that wait for you to read them opens it for three" in page


def test_a_yes_by_a_link_that_was_handed_over_is_marked_and_who_gave_it_is_not_taken_off(scene: Scene) -> None:
    lead, kim = Visitor(scene.app, scene.lead), scene.inside()
    people = f"observations/{scene.id}/people"
    kim.say(action="agree")
    assert "Consent came by a link that was handed over by R. Okafor." in lead.get(people).get_data(as_text=True)
    lead.post(f"{people}/{scene.kim.person_id}/off")
    told = lead.get(people).get_data(as_text=True)
    assert "They may have opened their page already" in told
    assert "Kim" in told


def test_a_form_without_its_token_does_nothing(scene: Scene) -> None:
    kim = scene.inside()
    assert kim.post(kim.page(), {"action": "agree"}).status_code == 401
    assert "You have not answered yet." in kim.text("/guest/room")


def test_who_they_report_to_and_what_they_typed_comes_back(scene: Scene) -> None:
    kim = scene.inside()
    answer = kim.say(action="line", name="A. Head", nobody="1")
    assert answer.status_code == 400
    assert 'value="A. Head"' in answer.get_data(as_text=True)
    assert kim.say(action="line", nobody="1").status_code == 303
    assert "You said so within the last year" in kim.text("/guest/room")


def test_a_pass_opens_nothing_of_the_course(scene: Scene) -> None:
    kim = scene.inside()
    for path in ("", "observations", f"observations/{scene.id}", f"observations/{scene.id}/people", f"consents/{scene.id}", "people"):
        assert kim.get(f"/courses/{scene.world.course_id}/{path}").status_code == 401, path


def test_nobody_sees_a_refusal(scene: Scene) -> None:
    who = {name: Visitor(scene.app, getattr(scene, name)) for name in ("observer", "lead", "candidate")}
    path = f"observations/{scene.id}"
    draft = f"/api/v1/courses/{scene.world.course_id}/observations/{scene.id}/draft"

    def seen() -> list[str]:
        base.end_read()
        pages = [who[name].get(one) for name in ("observer", "lead") for one in (f"{path}/people", "observations", "notices", path)]
        pages += [who["candidate"].get(one) for one in ("", "notices", path, f"{path}/people")]
        pages += [who["observer"].send("PUT", draft, {"revision": 0, "ratings": []})]
        texts = [f"{page.status_code} {page.get_data(as_text=True)}" for page in pages]
        changing = r'nonce="[^"]*"|nonce-[^\' ]*|csrf[^>]*>|name="note_id" value="[^"]*"|"saved_at":"[^"]*"|data-notes-id="[^"]*"'
        return [re.sub(changing, "", text) for text in texts]

    asked = seen()
    participant.answer(actor=scene.kim, observation_id=scene.id, agrees=False)
    refused = seen()
    assert refused == asked
    assert "cannot be observed as things stand" in "".join(asked)


def test_on_a_shared_phone_everybody_answers_for_themself(scene: Scene) -> None:
    phone, first = Outsider(scene.app), scene.token()
    room.add(actor=scene.lead, observation_id=scene.id, named=Named("Ana", ""))
    people = {one.name: one.person_id for one in room.page(actor=scene.lead, observation_id=scene.id).people}
    kims = phone.post("/guest/open", {"token": first}).headers["Location"]
    form = re.search(r'name="csrf-token" content="([^"]+)"', phone.text(kims))
    anas = phone.post("/guest/open", {"token": scene.token(people["Ana"])}).headers["Location"]
    assert "This page is Ana’s alone." in phone.text(anas)
    assert form
    assert phone.post(kims, {"action": "agree", "csrf_token": form[1]}).status_code == 303, "Kim's tab was open all the while"
    assert "You said yes." in phone.text(kims)
    assert "You have not answered yet." in phone.text(anas)


def test_two_sessions_of_one_person_are_two_pages(scene: Scene) -> None:
    kim, first = scene.inside(), scene.id
    with base.transactional() as session:
        session.execute(update(Person).where(Person.id == scene.kim.person_id).values(email="kim@example.org"))
    scene.id = scene.planned()
    room.add(actor=scene.lead, observation_id=scene.id, named=Named("Kim", "kim@example.org"))
    before, after = kim.page(), kim.post("/guest/open", {"token": scene.token()}).headers["Location"]
    assert f'href="{before}"' in kim.text(after)
    assert kim.say(before, action="agree").status_code == 303
    said = {one: consent.page(actor=scene.kim, observation_id=one).consent for one in (first, scene.id)}
    assert said == {first: "granted", scene.id: "asked"}


# --- the field link ----------------------------------------------------------------------------------------------------------------


def test_an_observer_from_outside_reaches_their_one_sheet_and_nothing_else(scene: Scene) -> None:
    participant.answer(actor=scene.kim, observation_id=scene.id, agrees=True)
    other, away = scene.planned(), scene.inside(scene.observer.person_id)
    course = f"/courses/{scene.world.course_id}"
    page = away.text(f"{course}/observations/{scene.id}")
    assert "Rate what you saw" in page
    assert "/sign-out" not in page
    assert away.get(f"{course}/observations/{other}").status_code == 401
    for path in ("", "observations", "observations/plan", f"observations/{scene.id}/people", "notices"):
        assert away.get(f"{course}/{path}").status_code == 401, path
    sent = {"revision": "0", "note": "Asks, then waits.", "note_id": "b" * 32, "action": "note"}
    kept = away.post(f"{course}/observations/{scene.id}", sent, read=f"{course}/observations/{scene.id}")
    assert kept.status_code == 303
    assert "Asks, then waits." in away.text(f"{course}/observations/{scene.id}")


def test_the_end_of_the_link_blocks_no_note_that_was_written(scene: Scene) -> None:
    participant.answer(actor=scene.kim, observation_id=scene.id, agrees=True)
    away = scene.inside(scene.observer.person_id)
    sheet = f"/courses/{scene.world.course_id}/observations/{scene.id}"
    token = re.search(r'name="csrf-token" content="([^"]+)"', away.text(sheet))
    assert token
    room.revoke(actor=scene.lead, observation_id=scene.id, person_id=scene.observer.person_id)
    assert away.get(sheet).status_code == 401
    headers = {**OURS, "X-CSRFToken": token[1]}
    sent = {"id": "c" * 32, "text": "She asks what he would try."}
    for _ in range(3):
        answer = away.open("POST", f"/api/v1{sheet}/notes", json=sent, headers=headers)
        assert answer.status_code == 201
    base.end_read()
    notes = observation.sheet(actor=scene.observer, observation_id=scene.id).notes
    assert [note.text for note in notes] == ["She asks what he would try."]
    draft = away.open("PUT", f"/api/v1{sheet}/draft", json={"revision": 0, "ratings": []}, headers=headers)
    assert draft.status_code == 401


def test_a_phone_that_comes_back_after_the_end_of_the_link_sends_what_it_wrote_and_is_shown_nothing(scene: Scene) -> None:
    participant.answer(actor=scene.kim, observation_id=scene.id, agrees=True)
    away = scene.inside(scene.observer.person_id)
    page = f"/courses/{scene.world.course_id}/observations/{scene.id}/field"
    assert "Field notes" in away.text(page)
    room.revoke(actor=scene.lead, observation_id=scene.id, person_id=scene.observer.person_id)
    assert away.get(page).status_code == 401
    fetched = away.open("GET", f"/api/v1{page}", headers=OURS)
    assert set(fetched.json) == {"csrf"}
    note = {"id": "c" * 32, "text": "She asks what he would try."}
    sent = {"person": scene.observer.person_id, "device": "d" * 32, "notes": [note], "counts": {"open": 1}}
    answer = away.open("POST", f"/api/v1{page}", json=sent, headers={**OURS, "X-CSRFToken": fetched.json["csrf"]})
    assert answer.json["stored"] == [{"id": "c" * 32, "kept": "c" * 32}]
    assert answer.json["notes"] is answer.json["devices"] is None


def test_a_pass_that_was_left_on_a_phone_speaks_for_nobody_who_signs_in_there(scene: Scene) -> None:
    participant.answer(actor=scene.kim, observation_id=scene.id, agrees=True)
    phone, page = scene.inside(scene.observer.person_id), f"/courses/{scene.world.course_id}/observations/{scene.id}/field"
    room.revoke(actor=scene.lead, observation_id=scene.id, person_id=scene.observer.person_id)
    other = scene.world.person("S. Second", "observer", standing="instructor")
    with base.transactional() as session:
        asked = {"id": base.new_id(), "observation_id": scene.id, "person_id": other.person_id, "purpose": "second"}
        session.add(Rater(**asked, assigned_by=scene.lead.person_id, due_on=base.now().date()))
    signed_in = Visitor(scene.app, other).client.get_cookie("__Host-lti-mentoring", domain="localhost")
    assert signed_in
    phone.client.set_cookie("__Host-lti-mentoring", signed_in.value, domain="localhost", secure=True)

    def sent(person_id: str, note: str) -> Any:
        token = phone.open("GET", f"/api/v1{page}", headers=OURS).json["csrf"]
        body = {"person": person_id, "device": "d" * 32, "notes": [{"id": note * 32, "text": "She waits."}], "counts": {}}
        return phone.open("POST", f"/api/v1{page}", json=body, headers={**OURS, "X-CSRFToken": token})

    assert sent(other.person_id, "a").json["stored"] == [{"id": "a" * 32, "kept": "a" * 32}]
    late = sent(scene.observer.person_id, "b").json
    assert late["stored"] == [{"id": "b" * 32, "kept": "b" * 32}]
    assert late["notes"] is None, "what the first one left behind arrives, and nothing is shown"
