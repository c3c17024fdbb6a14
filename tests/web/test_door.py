# SPDX-License-Identifier: Apache-2.0
"""The door beside the LMS, attacked: links, passkeys, frames, forms, and what opens behind it."""

from __future__ import annotations

import base64
import json
import re
from contextvars import Context
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from conftest import World
from lti_mentoring.domain.door import THROUGH
from lti_mentoring.services import door, pairing
from lti_mentoring.store import base
from lti_mentoring.store.door import DoorAsk, DoorChallenge, Passkey
from lti_mentoring.store.people import Person, WebSession
from support.authenticator import Authenticator
from support.pairing import paired
from support.visitor import ORIGIN

OURS = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}


class Browser:
    """A browser that comes by the door."""

    def __init__(self, app: Flask) -> None:
        self.client, self.csrf = app.test_client(), ""

    def open(self, method: str, path: str, **more: Any) -> Any:
        return Context().run(self.client.open, path, method=method, base_url="https://localhost:8000", **more)

    def get(self, path: str, **headers: str) -> Any:
        answer = self.open("GET", path, headers=headers)
        found = re.search(r'<meta name="csrf-token" content="([^"]+)"', answer.get_data(as_text=True))
        self.csrf = found[1] if found else self.csrf
        return answer

    def post(self, path: str, headers: dict[str, str] | None = None, **data: str) -> Any:
        return self.open("POST", path, data={"csrf_token": self.csrf, **data}, headers=OURS | (headers or {}))

    def cookie(self) -> str | None:
        found = self.client.get_cookie("__Host-lti-mentoring", domain="localhost", path="/")
        return found.value if found else None


class Place:
    """A pair whose protégé is in no course."""

    def __init__(self, app: Flask, world: World) -> None:
        self.app, self.world = app, world
        with base.tenant(world.org_id):
            self.lead = world.person("R. Okafor", "coordinator", standing="instructor")
            self.pair = paired(self.lead, world.person("F. Martins").person_id)
            self.ada = base.session().scalars(select(Person.id).where(Person.email == "ada@example.org")).one()

    def link(self) -> str:
        return door.link_by_operator(organisation_id=self.world.org_id, person_id=self.ada)

    def come(self) -> Browser:
        made = Browser(self.app)
        answer = made.post("/door/open", token=self.link())
        assert (answer.status_code, answer.location) == (303, "/door/home")
        assert made.get("/door/home").status_code == 200
        return made

    def with_passkey(self) -> tuple[Browser, Authenticator]:
        browser, key = self.come(), Authenticator()
        answer = add(browser, key)
        assert answer.status_code == 303
        assert "Your passkey is kept" in browser.get("/door/home").get_data(as_text=True)
        return browser, key

    def mine(self) -> str:
        return f"/courses/{self.world.course_id}/mine/{self.pair}"


@pytest.fixture
def place(app: Flask, world: World) -> Place:
    return Place(app, world)


def add(browser: Browser, key: Authenticator) -> Any:
    told = browser.open("POST", "/door/passkeys/challenge", headers=OURS | {"X-CSRFToken": browser.csrf}).get_json()
    made = key.make(told)
    return browser.post("/door/passkeys", do="add", credential=made)


def challenge(browser: Browser) -> dict[str, Any]:
    told: dict[str, Any] = browser.post("/door/challenge").get_json()
    return told


def test_a_link_opens_ones_own_pages_and_nothing_else_of_the_course(place: Place):
    ada = place.come()
    assert place.mine() in ada.get("/door/home").get_data(as_text=True)
    assert ada.get(place.mine()).status_code == 200
    here = f"/courses/{place.world.course_id}"
    for path in ("/people", "/pairs", f"/pairs/{place.pair}", "/roster", "/board", "/", "/lines", "/name", "/why"):
        assert ada.get(here + path).status_code == 404, path
    rules = [rule for rule in place.app.url_map.iter_rules() if "GET" in (rule.methods or ()) and rule.arguments == {"course"}]
    closed = [rule for rule in rules if rule.endpoint not in THROUGH]
    assert len(closed) > 20
    for rule in closed:
        assert ada.get(rule.rule.replace("<course>", place.world.course_id)).status_code == 404, rule.rule


def test_looking_at_a_link_spends_nothing_and_pressing_twice_opens_once(place: Place):
    token, first, second = place.link(), Browser(place.app), Browser(place.app)
    for _ in range(3):
        assert first.get("/door/link").status_code == 200
    assert first.post("/door/open", token=token).status_code == 303
    again = second.post("/door/open", {"User-Agent": "Mozilla/5.0 Firefox"}, token=token)
    assert again.status_code == 410
    assert "This link was used on" in again.get_data(as_text=True)
    assert second.cookie() is None


def test_whoever_did_not_open_it_closes_it_with_the_passkey_that_was_added(place: Place):
    token, thief, owner, key = place.link(), Browser(place.app), Browser(place.app), Authenticator()
    thief.post("/door/open", token=token)
    thief.get("/door/home")
    assert add(thief, key).status_code == 303
    assert owner.post("/door/not-me", token=token).status_code == 200
    assert thief.get("/door/home").status_code == 303
    assert thief.post("/door/enter", credential=key.sign(challenge(thief))).status_code == 403


def test_the_answer_is_the_same_for_an_address_that_is_known(place: Place):
    asked = Browser(place.app)
    known, unknown = (asked.post("/door/ask", address=one) for one in ("ada@example.org", "nobody@example.org"))
    nonce = re.compile(r'nonce="[^"]+"')
    assert known.status_code == unknown.status_code == 200
    assert nonce.sub("", known.get_data(as_text=True)) == nonce.sub("", unknown.get_data(as_text=True))
    assert asked.post("/door/ask", address="no address").status_code == 400
    for _ in range(30):
        assert asked.post("/door/ask", address="ada@example.org").status_code == 200
    base.end_read()
    assert len(base.session().scalars(select(DoorAsk)).all()) == 6


def test_a_session_of_the_door_is_new_and_ends_the_one_before(place: Place):
    ada, fixed = Browser(place.app), "f" * 43
    ada.client.set_cookie("__Host-lti-mentoring", fixed, domain="localhost", secure=True, path="/")
    ada.post("/door/open", token=place.link())
    first = ada.cookie()
    assert first not in (None, fixed)
    ada.post("/door/open", token=place.link())
    assert ada.cookie() != first
    assert len(base.session().scalars(select(WebSession).where(WebSession.by_door)).all()) == 1


def test_nothing_of_the_door_opens_in_a_frame(place: Place):
    ada = place.come()
    assert "frame-ancestors 'none'" in ada.get("/door/home").headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in ada.get(place.mine()).headers["Content-Security-Policy"]
    assert ada.get("/door/home", **{"Sec-Fetch-Dest": "iframe"}).status_code == 303
    assert ada.get(place.mine(), **{"Sec-Fetch-Dest": "iframe"}).status_code == 401


def test_forms_of_other_sites_and_forms_without_a_token_change_nothing(place: Place):
    ada, token = place.come(), place.link()
    for path in ("/door/open", "/door/ask", "/door/not-me", "/door/challenge", "/door/enter"):
        assert ada.post(path, {"Sec-Fetch-Site": "cross-site"}, token=token).status_code == 403, path
    for path in ("/door/out", "/door/out-everywhere", "/door/passkeys", "/door/passkeys/challenge"):
        assert ada.open("POST", path, data={}, headers=OURS).status_code in (400, 403), path
    assert ada.get("/door/home").status_code == 200


def test_where_a_door_leads_is_never_in_its_address(place: Place):
    answer = Browser(place.app).post("/door/open?next=https://evil.example", token=place.link(), next="https://evil.example")
    assert answer.location == "/door/home"


def test_a_leaver_finds_nothing_at_the_next_request(place: Place):
    ada = place.come()
    with base.tenant(place.world.org_id):
        pairing.end(actor=place.lead, mentorship_id=place.pair)
    assert ada.get(place.mine()).status_code == 404
    assert ada.get("/door/home").status_code == 303
    assert ada.get(place.mine()).status_code == 401


def test_signing_out_ends_this_device_or_all_of_them(place: Place):
    one, other = place.come(), place.come()
    assert one.post("/door/out").status_code == 200
    assert one.get("/door/home").status_code == 303
    assert other.get("/door/home").status_code == 200
    third = place.come()
    assert other.post("/door/out-everywhere").status_code == 200
    assert third.get("/door/home").status_code == 303


# --- passkeys -------------------------------------------------------------------------------------------------------------------------


def test_a_passkey_is_added_comes_in_is_named_and_is_taken_away(place: Place):
    ada, key = place.with_passkey()
    ada.post("/door/out")
    back = Browser(place.app)
    assert back.post("/door/enter", credential=key.sign(challenge(back))).location == "/door/home"
    assert back.get(place.mine()).status_code == 200
    back.get("/door/home")
    row = base.session().scalars(select(Passkey)).one()
    assert (row.sign_count, row.used_at is not None) == (1, True)
    back.post("/door/passkeys", do="name", passkey=row.id, name="My phone")
    assert "My phone" in back.get("/door/home").get_data(as_text=True)
    back.post("/door/passkeys", do="remove", passkey=row.id)
    assert "My phone" not in back.get("/door/home").get_data(as_text=True)
    assert back.post("/door/enter", credential=key.sign(challenge(back))).status_code == 403


def test_a_challenge_works_once_and_in_its_own_browser(place: Place):
    _, key = place.with_passkey()
    one, other = Browser(place.app), Browser(place.app)
    signed = key.sign(challenge(one))
    challenge(other)
    assert other.post("/door/enter", credential=signed).status_code == 403
    assert one.post("/door/enter", credential=signed).status_code == 303
    assert one.post("/door/enter", credential=signed).status_code == 403
    signed = key.sign(challenge(one))
    with base.transactional() as session:
        session.execute(update(DoorChallenge).values(expires_at=base.now()))
    assert one.post("/door/enter", credential=signed).status_code == 403


@pytest.mark.parametrize("wrong", [{"origin": "https://evil.example"}, {"rp_id": "evil.example"}, {"verified": False}, {"handle": "AAAA"}])
def test_what_was_signed_for_another_site_or_without_its_owner_opens_nothing(place: Place, wrong: dict[str, Any]):
    _, key = place.with_passkey()
    for name, value in wrong.items():
        setattr(key, name, value)
    there = Browser(place.app)
    assert there.post("/door/enter", credential=key.sign(challenge(there))).status_code == 403


@pytest.mark.parametrize("wrong", [{"origin": "https://evil.example"}, {"rp_id": "evil.example"}, {"verified": False}])
def test_a_passkey_of_another_site_is_not_kept(place: Place, wrong: dict[str, Any]):
    ada, key = place.come(), Authenticator()
    for name, value in wrong.items():
        setattr(key, name, value)
    add(ada, key)
    assert base.session().scalars(select(Passkey)).all() == []


def test_a_copied_passkey_whose_count_went_back_opens_nothing(place: Place):
    _, key = place.with_passkey()
    there = Browser(place.app)
    assert there.post("/door/enter", credential=key.sign(challenge(there), count=7)).status_code == 303
    for count in (7, 3, 0):
        answer = there.post("/door/enter", credential=key.sign(challenge(there), count=count))
        assert answer.status_code == 403
        assert "copied" in answer.get_data(as_text=True)


def test_a_passkey_of_one_person_signs_nobody_else_in_and_somebody_elses_is_not_taken_away(place: Place, app: Flask):
    _, key = place.with_passkey()
    row = base.session().scalars(select(Passkey)).one()
    martins = place.world.people["F. Martins"]
    other = Browser(app)
    other.post("/door/open", token=door.link_by_operator(organisation_id=place.world.org_id, person_id=martins))
    other.get("/door/home")
    other.post("/door/passkeys", do="remove", passkey=row.id)
    base.end_read()
    assert base.session().scalars(select(Passkey.person_id)).all() == [place.ada]
    again = add(other, key)
    assert again.status_code == 303
    base.end_read()
    assert base.session().scalars(select(Passkey.person_id)).all() == [place.ada]


NESTED = base64.urlsafe_b64encode(b"[" * 14_000).decode()
ANSWERS = ["", "{}", "[]", "nonsense", *(json.dumps({"id": "x", "response": {"clientDataJSON": one}}) for one in ("%%", NESTED))]
ANSWERS += [json.dumps({"id": one, "response": {}}) for one in ("\0", "\ud800", "x" * 1500)]


@pytest.mark.parametrize("said", ANSWERS)
def test_what_is_no_answer_of_a_device_is_refused(place: Place, said: str):
    there = Browser(place.app)
    challenge(there)
    assert there.post("/door/enter", credential=said).status_code == 403


def test_a_passkey_is_changed_soon_after_signing_in_only(place: Place):
    ada = place.come()
    old = base.session().scalars(select(WebSession).where(WebSession.by_door)).one()
    with base.transactional() as session:
        stale = {**old.payload, "door": {"link": "", "at": "2020-01-01T00:00:00+00:00"}}
        session.execute(update(WebSession).where(WebSession.id_hash == old.id_hash).values(payload=stale))
    answer = ada.open("POST", "/door/passkeys/challenge", headers=OURS | {"X-CSRFToken": ada.csrf})
    assert answer.status_code == 403
