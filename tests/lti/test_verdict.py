# SPDX-License-Identifier: Apache-2.0
"""Decision 20: what an LMS's answer means, by its profile, and which of its words staff may read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from requests.structures import CaseInsensitiveDict

from lti_mentoring.lti.platforms import PROFILES, profile
from lti_mentoring.lti.verdict import judge, judge_token, no_answer, words
from lti_mentoring.outbound import Answer, Refused, Unreachable

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def answer(status: int, body: str = "", **headers: str) -> Answer:
    return Answer(status, CaseInsensitiveDict({name.replace("_", "-"): value for name, value in headers.items()}), body.encode(), "")


EDX_EQUAL = '{"timestamp":["Score already exists for the provided timestamp."]}'
EDX_OLDER = '{"timestamp":["Cannot set a timestamp earlier; a later point in time is required"]}'


@pytest.mark.parametrize(
    ("family", "status", "body", "kind", "remedy"),
    [
        ("generic", 200, "<html>not json", "later", "server_error"),
        ("generic", 200, "stored", "done", ""),
        ("generic", 201, "", "done", ""),
        ("generic", 204, "", "done", ""),
        ("generic", 202, "{}", "done", ""),
        ("generic", 400, "", "refused", "unknown"),
        ("generic", 401, "", "refused", "credentials"),
        ("generic", 403, "", "refused", "scope_missing"),
        ("generic", 404, "", "refused", "column_gone"),
        ("generic", 410, "", "refused", "column_gone"),
        ("generic", 415, "", "refused", "unknown"),
        ("generic", 422, "", "refused", "unknown"),
        ("generic", 409, "", "stale", "newer_grade"),
        ("generic", 302, "", "refused", "redirected"),
        ("generic", 408, "", "later", "server_error"),
        ("generic", 429, "", "later", "busy"),
        ("generic", 500, "", "later", "server_error"),
        ("generic", 503, "", "later", "server_error"),
        ("moodle", 409, "Refusing score with an earlier timestamp for item 1 and user 2", "stale", "newer_grade"),
        ("moodle", 400, "Incorrect score received[1]", "refused", "user_not_gradable"),
        ("openedx", 400, EDX_OLDER, "stale", "newer_grade"),
        ("openedx", 400, EDX_EQUAL, "stale", "newer_grade"),
        ("openedx", 400, '{"scoreMaximum":["required"]}', "refused", "unknown"),
        ("moodle", 400, EDX_EQUAL, "refused", "unknown"),
        ("canvas", 422, '{"errors":{"message":"This course has concluded."}}', "refused", "course_closed"),
        ("canvas", 422, '{"errors":{"message":"Assignment is unpublished"}}', "refused", "course_closed"),
        ("canvas", 422, '{"errors":{"message":"User not found in course or is not a student"}}', "refused", "user_not_gradable"),
        ("canvas", 403, "", "refused", "scope_missing"),
        ("blackboard", 400, '{"message":"User could not be found: x"}', "refused", "user_not_gradable"),
        ("brightspace", 403, "User is not enrolled in the org unit", "refused", "user_not_gradable"),
    ],
)  # fmt: skip
def test_SC_14_an_answer_is_judged_by_the_platforms_profile(family, status, body, kind, remedy):
    verdict = judge(profile(family), answer(status, body), NOW)
    assert (verdict.kind, verdict.status, verdict.remedy) == (kind, status, remedy)


def test_SC_05_open_edx_says_that_a_repeated_score_is_there():
    assert judge(profile("openedx"), answer(400, EDX_EQUAL), NOW, repeated=True).kind == "done"
    assert judge(profile("openedx"), answer(400, EDX_OLDER), NOW, repeated=True).kind == "stale"
    assert judge(profile("moodle"), answer(409), NOW, repeated=True).kind == "stale"


def test_canvas_throttles_with_403_and_nothing_left():
    throttled = answer(403, "Rate Limit Exceeded", X_Rate_Limit_Remaining="0.0")
    assert judge(profile("canvas"), throttled, NOW).kind == "later"
    assert judge(profile("generic"), throttled, NOW).kind == "refused"
    assert judge(profile("canvas"), answer(403, "", X_Rate_Limit_Remaining="212.5"), NOW).kind == "refused"
    assert judge(profile("canvas"), answer(403, "", X_Rate_Limit_Remaining="?"), NOW).kind == "refused"


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("120", NOW + timedelta(seconds=120)),
        ("0", NOW),
        ("Wed, 25 Nov 2026 12:05:00 GMT", NOW + timedelta(minutes=5)),
        ("Wed, 25 Nov 2026 11:00:00 GMT", NOW),
        ("Wed, 25 Nov 2026 12:05:00 -0000", NOW + timedelta(minutes=5)),
        ("999999999999", NOW + timedelta(hours=24)),
        ("Wed, 25 Nov 2036 12:05:00 GMT", NOW + timedelta(hours=24)),
        ("soon", None),
        ("-5", None),
        ("", None),
        ("Wed, 99 Nov 2026 12:05:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_within_a_day(said, wanted):
    for status in (429, 503):
        assert judge(profile("generic"), answer(status, "", Retry_After=said), NOW).retry_after == wanted


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ('{"message": "No such user"}', "No such user"),
        ('{"errors": [{"message": "one"}, {"message": "two"}], "id": "x"}', "one; two"),
        ('{"timestamp": ["too old"]}', "too old"),
        ('"plain"', "plain"),
        ("Incorrect score received\r\n\x00here", "Incorrect score received here"),
        ("<html><head><title>x</title></head><script>alert(1)</script><body><h1>Sorry</h1>closed &amp; gone", "Sorry closed & gone"),
        ('{"message": "<img src=x onerror=alert(1)>bad"}', "bad"),
        ("", ""),
        ("{}", ""),
        ("Bearer abc.def for eyJhbGciOiJ.eyJzdWIi.sig and " + "a" * 41, "… for … and …"),
        ('access_token="abcdef1234" sesskey=Q1w2E3r4T5 ok', '…" … ok'),
        ("the token of mine was my-token", "the token of mine was …"),
    ],
)
def test_the_platforms_words_are_kept_without_markup_and_secrets(body, wanted):
    assert words(answer(400, body), hide=["my-token"]) == wanted


def test_the_platforms_words_are_at_most_500_characters():
    assert len(words(answer(400, "é " * 5000))) <= 500
    assert len(words(answer(400, '{"message": ' + '"' + "x y " * 5000 + '"}'))) <= 500
    deep = "[" * 50_000
    assert isinstance(words(answer(400, deep)), str)
    assert words(answer(400, '{"message": "\\ud800 x"}')).encode() == b"x"


@pytest.mark.parametrize(
    ("status", "body", "kind", "remedy"),
    [
        (400, '{"error": "invalid_scope"}', "refused", "scope_missing"),
        (400, '{"error": "invalid_client"}', "refused", "credentials"),
        (401, '{"error": "invalid_client"}', "refused", "credentials"),
        (400, '{"error" : ""kid" invalid, unable to lookup correct key"}', "refused", "keys_unreachable"),
        (404, "<!DOCTYPE html><html>", "refused", "keys_unreachable"),
        (404, '{"error": "no such client"}', "refused", "credentials"),
        (500, "", "later", "server_error"),
        (503, "<html>", "later", "server_error"),
        (200, "<html>maintenance", "later", "server_error"),
        (302, "", "refused", "credentials"),
    ],
)
def test_T_06_a_refused_token_concerns_the_registration(status, body, kind, remedy):
    verdict = judge_token(answer(status, body), NOW, throttled=False)
    assert (verdict.kind, verdict.remedy) == (kind, remedy)


def test_a_token_address_may_be_busy():
    verdict = judge_token(answer(429, "", Retry_After="7"), NOW, throttled=True)
    assert (verdict.kind, verdict.remedy, verdict.retry_after) == ("later", "busy", NOW + timedelta(seconds=7))


def test_no_answer_is_later_and_a_forbidden_address_is_refused():
    assert (no_answer(Unreachable("timeout", "x")).kind, no_answer(Unreachable("tls", "x")).remedy) == ("later", "unreachable")
    assert (no_answer(Refused("host_not_tied", "x")).kind, no_answer(Refused("address", "x")).remedy) == ("refused", "address_refused")
    assert no_answer(Refused("too_large", "x")).remedy == "unknown"


def test_profiles_are_found_by_family_and_the_strict_one_otherwise():
    assert {"moodle", "openedx", "canvas", "blackboard", "brightspace", "sakai", "coursera", "generic"} == set(PROFILES)
    assert profile("unheard of") is profile("generic")
    assert {name for name, one in PROFILES.items() if one.shared} == {"canvas", "blackboard", "brightspace", "coursera"}
    assert profile("moodle").timestamp_step_seconds == 1
    assert [name for name, one in PROFILES.items() if one.wipes_on_nonfinal] == ["moodle"]
    assert [name for name, one in PROFILES.items() if one.deployments_share_courses] == ["openedx"]
