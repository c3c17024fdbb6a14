# SPDX-License-Identifier: Apache-2.0
"""The pocket LMS vouches for who is signed in, and believes a tool only to the letter."""

from __future__ import annotations

import time
from datetime import timedelta
from urllib.parse import urlencode

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa

from lti_mentoring.demo.message import SHORT
from lti_mentoring.demo.site import LINEITEM, MEMBERS_READ, NORTH, RESULT_READ, SCORE, SOUTH, site_registrations
from support.little_tool import claims_of


def test_moodle_vouches_for_sixty_seconds_in_the_short_words_of_moodle(tool, browser):
    assert browser.launch("north", "candidate", "module-m1").text == "arrived"
    claims = claims_of(tool, NORTH)
    assert claims["exp"] - claims["iat"] == 60
    assert claims["sub"] == "11"
    assert claims["name"] == "Amina Quillfeather"
    assert claims[SHORT["context"]]["type"] == ["CourseSection"]
    assert claims[SHORT["custom"]]["item"] == "module:M1"
    assert "type_id=7" in claims[SHORT["ags"]]["lineitem"]


def test_open_edx_has_a_client_for_each_placement_and_one_deployment(tool, browser):
    browser.launch("south", "candidate", "programme")
    browser.launch("south", "candidate", "observation")
    first, second = claims_of(tool, SOUTH, number=0), claims_of(tool, SOUTH, number=1)
    assert first["iss"] == second["iss"]
    assert first["sub"] == second["sub"]
    assert first["aud"] != second["aud"]
    assert {claims[SHORT["deployment_id"]] for claims in (first, second)} == {"1"}
    assert first[SHORT["context"]]["type"] == ["http://purl.imsglobal.org/vocab/lis/v2/course#CourseGroup"]


def test_somebody_without_a_name_is_sent_without_one(tool, browser):
    browser.launch("north", "nameless", "programme")
    assert not {"name", "given_name", "family_name", "email"} & set(claims_of(tool, NORTH))


@pytest.mark.parametrize(("activity", "announced"), [("programme", True), ("overview", False)])
def test_an_activity_without_a_column_announces_none(tool, browser, activity, announced):
    browser.launch("north", "candidate", activity)
    assert ("lineitem" in claims_of(tool, NORTH)[SHORT["ags"]]) is announced


def test_grading_that_is_switched_off_announces_no_gradebook(tool, browser):
    browser.launch("south", "candidate", "quiet")
    assert SHORT["ags"] not in claims_of(tool, SOUTH)


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"scope": "openid email"}, "invalid_scope"),
        ({"response_type": "code"}, "unsupported_response_type"),
        ({"response_mode": "query"}, "invalid_request"),
        ({"response_mode": None}, "invalid_request"),
        ({"prompt": "login"}, "invalid_request"),
        ({"prompt": None}, "invalid_request"),
        ({"state": None}, "invalid_request"),
        ({"login_hint": "12"}, "access_denied"),
    ],
)
def test_a_wrong_request_comes_back_as_an_error_without_an_id_token(tool, browser, wrong, error):
    tool.auth = wrong
    browser.launch("north", "candidate", "programme")
    assert tool.arrived[0]["error"] == error
    assert "id_token" not in tool.arrived[0]


@pytest.mark.parametrize(
    "wrong", [{"redirect_uri": "http://localhost:1/lti/launch"}, {"nonce": None}, {"client_id": "another"}, {"lti_message_hint": "made up"}]
)
def test_a_request_that_cannot_be_trusted_ends_on_a_page_of_the_lms(tool, browser, wrong):
    tool.auth = wrong
    answer = browser.launch("north", "candidate", "programme")
    assert answer.status == 404
    assert "Invalid request" in answer.text
    assert tool.arrived == []


def test_moodle_spends_a_message_hint_so_a_reload_is_an_invalid_request(browser):
    page = browser.login("north", "candidate", "programme")
    again = browser.go("GET", page.url)
    assert again.status == 404
    assert "Invalid request" in again.text


@pytest.mark.parametrize("site", ["north", "south"])
def test_a_nonce_is_good_once(tool, browser, site):
    tool.auth = {"nonce": "the same"}
    browser.launch(site, "candidate", "programme")
    assert "Invalid request" in browser.launch(site, "candidate", "programme").text
    assert len(tool.arrived) == 1


def test_nobody_signed_in_gets_an_error_not_a_launch(tool, browser):
    begun = browser.initiate("north", "candidate", "programme")
    browser.jar.clear()
    answer = browser.go("GET", f"{begun['login_url']}?{urlencode(begun['params'])}")
    assert answer.form().fields["error"] == "login_required"


def test_a_hint_opened_by_one_person_is_no_use_to_another(tool, browser):
    begun = browser.initiate("north", "candidate", "programme")
    browser.initiate("north", "second", "programme")
    answer = browser.go("GET", f"{begun['login_url']}?{urlencode({**begun['params'], 'login_hint': '12'})}")
    assert answer.form().fields["error"] == "access_denied"


def test_any_bytes_may_be_asked_for_as_a_message_hint(tool, browser):
    hint = '{"a": "+ %2B é 漢 &=#"}' + "x" * 2000
    assert browser.launch("north", "candidate", "programme", message_hint=hint).text == "arrived"


def test_launches_can_be_made_wrong_on_purpose(tool, browser):
    browser.launch("north", "candidate", "programme", without=["exp"], roles="Instructor", header={"jku": "http://localhost:1/k"})
    claims = claims_of(tool, NORTH)
    assert "exp" not in claims
    assert claims[SHORT["roles"]] == "Instructor"
    assert jwt.get_unverified_header(tool.arrived[0]["id_token"])["jku"] == "http://localhost:1/k"


@pytest.mark.parametrize("how", ["foreign_key", "embedded_key", "tampered", "none", "hs256_public", "rs384", "es256"])
def test_wrong_signatures_do_not_verify(tool, browser, how):
    browser.launch("north", "candidate", "programme", sign=how)
    with pytest.raises(jwt.PyJWTError):
        claims_of(tool, NORTH)


def test_fields_of_the_launch_form_can_be_replaced_or_left_out(tool, browser):
    browser.launch("north", "candidate", "programme", form={"state": None, "id_token": "x" * 70000})
    assert "state" not in tool.arrived[0]
    assert len(tool.arrived[0]["id_token"]) == 70000


def test_a_token_is_given_for_the_scopes_that_may_be_had(tool):
    answer = tool.ask(NORTH, f"{SCORE} {RESULT_READ} https://example.org/scope/unheard-of")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")  # as Moodle answers
    assert answer.json()["scope"] == " ".join(sorted([SCORE, RESULT_READ]))


def test_open_edx_grants_no_column_rights_where_the_column_is_its_own(tool):
    answer = tool.ask(SOUTH, f"{LINEITEM} {SCORE} {MEMBERS_READ}")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json()["scope"] == " ".join(sorted([SCORE, MEMBERS_READ]))
    assert LINEITEM in tool.ask(SOUTH, f"{LINEITEM} {SCORE}", activity="programmatic").json()["scope"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"kid": None},
        {"kid": "unknown"},
        {"iss": "somebody"},
        {"sub": "somebody"},
        {"aud": "http://127.0.0.1/elsewhere"},
        {"exp": None},
        {"exp": timedelta(seconds=-10)},
        {"exp": timedelta(seconds=4000)},
        {"iat": timedelta(seconds=1000)},
        {"iat": None},
        {"jti": None},
        {"key": rsa.generate_private_key(65537, 2048)},
    ],
    ids=("no-kid", "kid", "iss", "sub", "aud", "no-exp", "expired", "exp-far", "iat-ahead", "no-iat", "no-jti", "key"),
)
def test_an_assertion_that_is_wrong_in_one_way_gets_no_token(tool, wrong):
    """Moments are counted from now, and not from when these lines were read."""
    now = int(time.time())
    said = {key: now + int(one.total_seconds()) if isinstance(one, timedelta) else one for key, one in wrong.items()}
    answer = tool.ask(NORTH, SCORE, **said)
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_client"


def test_an_assertion_is_good_once(tool):
    assert tool.ask(NORTH, SCORE, jti="once").status_code == 200
    assert "used before" in tool.ask(NORTH, SCORE, jti="once").json()["error_description"]


def test_no_scope_that_may_be_had_is_an_error(tool):
    assert tool.ask(NORTH, "https://example.org/scope/unheard-of").json()["error"] == "invalid_scope"


def test_a_new_key_of_the_tool_is_found_without_being_told(tool):
    assert tool.ask(NORTH, SCORE).status_code == 200
    old, tool.key, tool.kid = (tool.key, tool.kid), rsa.generate_private_key(65537, 2048), "tool-2"
    try:
        assert tool.ask(NORTH, SCORE).status_code == 200
    finally:
        tool.key, tool.kid = old


def test_moodle_answers_404_html_when_it_cannot_fetch_the_tools_keys(tool):
    tool.keys_status = 500
    answer = tool.ask(NORTH, SCORE)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")


def test_the_platforms_keys_are_public_parts_only(tool):
    with requests.Session() as session:
        keys = session.get(f"{tool.lms_url}/north/jwks", timeout=10).json()["keys"]
    assert set(keys[0]) == {"kty", "kid", "use", "alg", "n", "e"}


def test_a_registration_says_all_that_an_administrator_must_enter():
    assert len(site_registrations(NORTH, "http://127.0.0.1:8001")) == 1
    south = site_registrations(SOUTH, "http://127.0.0.1:8001")
    assert len({one["client_id"] for one in south}) == len(SOUTH.activities)
    assert {one["issuer"] for one in south} == {"http://127.0.0.1:8001/south"}
