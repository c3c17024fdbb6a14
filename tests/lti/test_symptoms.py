# SPDX-License-Identifier: Apache-2.0
"""What LMSs say when they refuse us, in the words that they are known to use, and what the doctor makes of it (T-06)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from lti_mentoring.lti.platforms import profile
from lti_mentoring.lti.symptoms import of_clock, of_service, of_token, of_trouble, shown, skew
from lti_mentoring.outbound import Answer, Refused, Unreachable

URL = "https://lms.example/token?sesskey=secret"
NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


def answer(status: int, body: str, **headers: str) -> Answer:
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, body.encode(), URL)


def said(error: str, description: str = "") -> str:
    return json.dumps({"error": error, **({"error_description": description} if description else {})})


KNOWS = answer(400, said("invalid_request", "client_assertion is missing"))
PAGE = "<!DOCTYPE html><html><title>Campus</title><h1>Error</h1></html>"


@pytest.mark.parametrize(
    ("family", "status", "body", "code"),
    [
        # Moodle: php-jwt's exceptions, one of them inside of JSON that is none, and its error page.
        ("moodle", 400, '{"error" : ""kid" invalid, unable to lookup correct key"}', "signature_refused"),
        ("moodle", 400, said("Cannot handle token prior to 2026-11-26T12:00:30+0000"), "times_refused"),
        ("moodle", 400, said("Expired token"), "times_refused"),
        ("moodle", 400, said("Signature verification failed"), "signature_refused"),
        ("moodle", 400, said("invalid_scope"), "nothing_granted"),
        ("moodle", 404, PAGE, "keys_not_fetched"),
        ("openedx", 400, said("invalid_client"), "sign_in_refused"),
        ("canvas", 400, said("invalid_request", "JWS signature invalid."), "signature_refused"),
        ("canvas", 400, said("invalid_request", "the 'aud' is invalid"), "audience_refused"),
        ("canvas", 400, said("invalid_request", "JWT exp is expired"), "times_refused"),
        ("canvas", 401, said("invalid_client", "unknown client"), "client_unknown"),
        ("blackboard", 401, said("invalid_client", "Invalid client credentials, or no access granted here."), "sign_in_refused"),
        ("blackboard", 400, said("invalid_grant", "JWT audience does not match"), "audience_refused"),
        ("brightspace", 400, said("invalid_client", "Could not retrieve JWKS from the keyset url"), "keys_not_fetched"),
        ("brightspace", 400, said("invalid_scope", "The requested scope is invalid"), "nothing_granted"),
        ("sakai", 400, said("unauthorized_client"), "client_unknown"),
        ("generic", 503, PAGE, "lms_down"),
        ("generic", 429, said("slow_down"), "busy"),
        ("generic", 200, PAGE, "page_instead"),
        ("generic", 200, "{}", "page_instead"),
        ("generic", 401, said("access_denied"), "sign_in_refused"),
    ],
)
def test_a_refused_sign_in_is_read_in_the_lmss_own_words(family: str, status: int, body: str, code: str) -> None:
    found = of_token(profile(family), answer(status, body), KNOWS, url=URL, client_id="ours", audience="https://lms.example/token")
    assert found.code == code
    assert found.facts["url"] == "https://lms.example/token", "what follows the question mark may be a secret"
    assert "secret" not in json.dumps(dict(found.facts))


def test_a_404_page_is_a_wrong_address_where_that_address_knows_nothing_of_tokens() -> None:
    for bare in (answer(404, PAGE), answer(405, ""), None, answer(503, PAGE)):
        found = of_token(profile("moodle"), answer(404, PAGE), bare, url=URL, client_id="ours", audience=URL)
        assert found.code == "wrong_address"


@pytest.mark.parametrize(
    ("family", "status", "body", "code"),
    [
        ("canvas", 422, '{"errors": {"message": "This course has concluded. AGS requests will no longer be accepted"}}', "course_closed"),
        ("canvas", 403, '{"message": "This course is unpublished"}', "course_closed"),
        ("generic", 403, '{"message": "not allowed"}', "service_forbidden"),
        ("generic", 401, '{"message": "no"}', "token_not_taken"),
        ("generic", 404, '{"message": "no such line item"}', "column_gone"),
        ("generic", 302, "", "moved"),
        ("generic", 200, PAGE, "page_instead"),
        ("generic", 500, PAGE, "lms_down"),
        ("moodle", 400, '{"reason": "No handler found"}', "service_refused"),
    ],
)
def test_a_service_that_refuses_is_read_too(family: str, status: int, body: str, code: str) -> None:
    found = of_service(profile(family), answer(status, body, Location="https://new.example/x?y=1"), "lineitems", NOW)
    assert found is not None
    assert found.code == code
    assert found.facts.get("to", "https://new.example/x") == "https://new.example/x"


def test_an_answer_that_is_one_has_nothing_wrong() -> None:
    assert of_service(profile("generic"), answer(200, "[]"), "lineitems", NOW) is None


@pytest.mark.parametrize("code", ["name", "connect", "tls", "timeout", "deadline", "broken"])
def test_every_silence_has_a_code(code: str) -> None:
    found = of_trouble(Unreachable(code, URL), "token")
    assert found.link == "sign_in"
    assert found.code in ("name_unknown", "no_connection", "no_secure_connection", "no_answer")


@pytest.mark.parametrize("code", ["url", "scheme", "userinfo", "host", "port", "address", "host_not_tied", "too_large", "encoding"])
def test_every_address_that_we_do_not_call_has_a_code(code: str) -> None:
    assert of_trouble(Refused(code, URL), "jwks").link == "keys"


def test_clocks_are_compared_by_what_the_lms_says_of_the_time() -> None:
    ahead = format_datetime(NOW + timedelta(seconds=90), usegmt=True)
    assert skew(answer(200, "", Date=ahead), NOW) == pytest.approx(90.5)
    assert skew(answer(200, "", Date=f"{format_datetime(NOW, usegmt=True)}, {ahead}"), NOW) == pytest.approx(90.5)
    for nonsense in ("", "yesterday", "Xyz, 99 Abc 2026 99:99:99 GMT"):
        assert skew(answer(200, "", Date=nonsense), NOW) is None
    assert of_clock(None, 60) is None
    assert of_clock(2.0, 60) is None
    drifts, apart = of_clock(-20, 60), of_clock(90.5, 60)
    assert drifts is not None
    assert drifts.code == "clock_drifts"
    assert apart is not None
    assert apart.code == "clock_apart"


def test_an_address_is_shown_without_what_may_be_a_secret() -> None:
    assert shown("https://user:pass@lms.example/a?b=c#d") == "https://lms.example/a"
