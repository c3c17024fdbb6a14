# SPDX-License-Identifier: Apache-2.0
"""Headers, cookies and the proof that a form came from one of our own pages."""

from __future__ import annotations

import pytest
from flask import Flask

from conftest import World, make_world
from lti_mentoring.store import base
from lti_mentoring.web import frame
from support.live import Town
from support.visitor import ORIGIN, Visitor


@pytest.fixture
def visitor(world: World, app: Flask) -> Visitor:
    """A candidate at their first page."""
    return Visitor(app, world.person("Ada", nameless=True))


def directives(policy: str) -> dict[str, list[str]]:
    """A content security policy, taken apart."""
    return {part.split()[0]: part.split()[1:] for part in policy.split("; ")}


@pytest.mark.checklist("AS-01")
def test_a_page_may_be_framed_by_its_own_platform_only(visitor: Visitor) -> None:
    policy = directives(visitor.get().headers["Content-Security-Policy"])
    assert policy["frame-ancestors"] == ["https://lms.example"]
    assert "X-Frame-Options" not in visitor.get().headers


@pytest.mark.checklist("AS-01")
def test_pages_without_a_session_may_be_framed_by_nobody(app: Flask) -> None:
    for path in ("/healthz", "/.well-known/jwks.json", "/nowhere"):
        policy = directives(app.test_client().get(path).headers["Content-Security-Policy"])
        assert policy["frame-ancestors"] == ["'none'"], path


@pytest.mark.checklist("AS-01")
def test_a_session_that_ended_in_a_frame_is_told_there_with_what_was_typed(visitor: Visitor) -> None:
    data = {"csrf_token": visitor.csrf, "name": "Typed for an hour"}
    visitor.client.delete_cookie("__Host-lti-mentoring", domain="localhost", path="/")
    sent = visitor.open("POST", "name", data=data, headers={"Origin": ORIGIN})
    assert "Typed for an hour" in sent.get_data(as_text=True)
    for answer in (visitor.open("GET", ""), sent):
        assert answer.status_code == 401
        assert directives(answer.headers["Content-Security-Policy"])["frame-ancestors"] == ["https:", "http:"]


@pytest.mark.checklist("AS-02")
def test_scripts_carry_a_nonce_and_nothing_runs_inline(visitor: Visitor) -> None:
    first, second = visitor.get(), visitor.get()
    policy = directives(first.headers["Content-Security-Policy"])
    nonce = next(source for source in policy["script-src"] if source.startswith("'nonce-"))
    assert policy["default-src"] == ["'self'"]
    assert policy["object-src"] == policy["base-uri"] == ["'none'"]
    assert policy["form-action"] == ["'self'"]
    assert "unsafe-inline" not in first.headers["Content-Security-Policy"]
    assert nonce not in second.headers["Content-Security-Policy"]
    page = first.get_data(as_text=True)
    assert page.count("<script") == page.count(f'nonce="{nonce[7:-1]}"')
    assert " style=" not in page
    assert " onclick=" not in page


@pytest.mark.checklist("AS-03")
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Origin": ORIGIN}, 303),
        ({"Referer": f"{ORIGIN}/courses/"}, 303),
        ({"Sec-Fetch-Site": "cross-site", "Origin": ORIGIN}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Referer": "https://localhost.evil.example/"}, 403),
        ({}, 403),
    ],
)
def test_a_form_from_anywhere_else_is_refused_and_its_text_shown_again(visitor: Visitor, headers: dict[str, str], status: int) -> None:
    data = {"csrf_token": visitor.csrf, "name": "A name typed with care"}
    answer = visitor.open("POST", "name", data=data, headers=headers)
    assert answer.status_code == status
    if status == 403:
        assert "A name typed with care" in answer.get_data(as_text=True)


@pytest.mark.checklist("AS-03")
def test_a_form_without_its_token_is_refused_and_its_text_shown_again(visitor: Visitor) -> None:
    for token in ("", "forged"):
        answer = visitor.open("POST", "name", data={"csrf_token": token, "name": "Typed"}, headers={"Origin": ORIGIN})
        assert answer.status_code == 403
        assert "Typed" in answer.get_data(as_text=True)


@pytest.mark.checklist("AS-03")
def test_the_token_of_one_session_is_of_no_use_to_another(visitor: Visitor, world: World, app: Flask) -> None:
    other = Visitor(app, world.person("Grace"))
    answer = visitor.open("POST", "name", data={"csrf_token": other.csrf, "name": "x"}, headers={"Origin": ORIGIN})
    assert answer.status_code == 403


@pytest.mark.checklist("AS-04")
def test_the_usual_headers_stand_on_every_answer(visitor: Visitor) -> None:
    for answer in (visitor.get(), visitor.get("nowhere"), visitor.get("/healthz")):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Permissions-Policy" in answer.headers


def test_no_header_is_said_twice(visitor: Visitor) -> None:
    for path in ("", "nowhere", "/healthz", "/.well-known/jwks.json", "/static/theme.css"):
        answer = visitor.get(path)
        answer.close()  # a file, in one case
        names = [name.lower() for name, _ in answer.headers if name.lower() != "set-cookie"]
        assert len(names) == len(set(names)), path


@pytest.mark.checklist("AS-02")
def test_no_script_runs_where_no_page_brings_one(bare_app: Flask) -> None:
    policy = directives(bare_app.test_client().get("/healthz").headers["Content-Security-Policy"])
    assert policy["script-src"] == ["'none'"]


def test_hostile_names_stay_text(world: World, app: Flask) -> None:
    visitor = Visitor(app, world.person("<img src=x onerror=alert(1)>{{7*7}}", "coordinator", standing="instructor"))
    for path in ("", "people", "cohort"):
        page = visitor.get(path).get_data(as_text=True)
        assert "<img src=x" not in page
        assert "{{7*7}}" in page


def test_a_visitor_without_a_session_is_told_to_come_from_the_course(app: Flask) -> None:
    answer = app.test_client().get("/courses/whatever/")
    assert answer.status_code == 401


def test_the_api_answers_in_problem_json(visitor: Visitor) -> None:
    draft = f"/api/v1/courses/{visitor.actor.course_id}/observations/{'0' * 32}/draft"
    assert visitor.send("PUT", draft, {}).mimetype == "application/problem+json"
    answer = visitor.send("PUT", draft, {"revision": 0, "ratings": []})
    assert answer.status_code == 404
    assert answer.mimetype == "application/problem+json"
    assert answer.get_json()["code"]


def test_what_no_database_can_keep_is_a_bad_request(any_app: Flask) -> None:
    world = make_world("Northfield")
    with base.tenant(world.org_id):
        observer = Visitor(any_app, world.person("Ada", "observer"))
    observation = f"/api/v1/courses/{world.course_id}/observations/{'0' * 32}"
    for bad in ("a\0b", "a\ud800b"):
        assert observer.send("POST", f"{observation}/notes", {"id": "0" * 32, "text": bad}).status_code == 400
    assert observer.send("POST", f"{observation}/notes", {"id": "0" * 32, "text": "\U0001f600 \\"}).status_code == 404
    assert observer.post("name", {"name": "a\0b"}).status_code == 400
    assert observer.get("/courses/%00/").status_code == 400
    assert any_app.test_client().get("/lti/login?iss=%00&login_hint=1&target_link_uri=x").status_code == 400


def test_a_return_address_writes_nothing_into_our_headers(live: Town) -> None:
    before = live.browser().launch("north", "candidate", "programme").headers["Content-Security-Policy"]
    for bad in (
        "https://a.example; sandbox",
        "https://\u4f8b\u3048.example/",
        "https://u:p@a.example/",
        "https://*.example/",
        "https://[::1",
    ):
        claims = {"https://purl.imsglobal.org/spec/lti/claim/launch_presentation": {"return_url": bad}}
        page = live.browser().launch("north", "candidate", "programme", claims=claims)
        assert page.status == 200, bad
        assert directives(page.headers["Content-Security-Policy"])["frame-ancestors"] == directives(before)["frame-ancestors"], bad


@pytest.mark.parametrize("netloc", ["x; frame-ancestors *; ", "x.example;frame-ancestors https:", "€.example", "x.example 'unsafe-inline'"])
def test_a_return_address_writes_no_directive_into_the_policy(app: Flask, netloc: str) -> None:
    """The first directive of a name wins, so one of theirs would take the place of ours."""
    with app.test_request_context("/"):
        frame.allow_form_to(f"https://{netloc}/back")
        assert frame.policy().count("frame-ancestors") == 1
        assert "form-action 'self';" in frame.policy()
        frame.allow_form_to("https://lms.example:8443/back")
        assert "form-action 'self' https://lms.example:8443;" in frame.policy()
