# SPDX-License-Identifier: Apache-2.0
"""T-01 to T-07: access tokens over the wire, against a small server on loopback."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from lti_mentoring.lti import tokens as room
from lti_mentoring.lti.connector import Connector
from lti_mentoring.lti.grades import LINEITEM, SCORE, Verdict
from lti_mentoring.lti.verdict import Ended
from lti_mentoring.outbound import Client
from support.platform_in_memory import NOW, TokenRows
from support.services_on_loopback import score

DEPLOYMENT = "https://purl.imsglobal.org/spec/lti/claim/deployment_id"


def in_threads(count, do):
    """What ``do`` gave back in each of so many threads."""
    found = []
    threads = [threading.Thread(target=lambda: found.append(do())) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


# --- tokens -----------------------------------------------------------------------------------------------------------


def test_T_01_and_T_02_the_token_request(grades, platform, lms, signing_key, registration):
    platform.on("POST", "/li/scores", (200, ""))
    grades(deployment_id="d1").post_score(lms.url + "/li", score())
    form = {name: value[0] for name, value in platform.form.items()}
    assertion = form.pop("client_assertion")
    assert form == {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "scope": SCORE,
    }
    token = jwt.decode(assertion, RSAKey.import_key(signing_key.public_jwk), algorithms=["RS256"])
    assert token.header == {"alg": "RS256", "typ": "JWT", "kid": signing_key.kid}
    claims = token.claims
    assert (claims["iss"], claims["sub"], claims["aud"]) == ("client-1", "client-1", registration.token_url)
    assert claims[DEPLOYMENT] == "d1"  # T-03
    assert NOW.timestamp() - claims["iat"] >= 59
    assert 0 < claims["exp"] - claims["iat"] <= 300
    assert len(claims["jti"]) >= 22


def test_T_02_the_audience_may_be_named_and_every_assertion_is_new(registration, signing_key, tokens, platform, lms):
    seen = set()
    for _ in range(2):
        connector = Connector(
            replace(registration, token_audience="https://as.example"),
            signing_key=signing_key,
            tokens=TokenRows(),
            http=Client(allow_local=True),
            now=NOW,
        )
        connector.get_access_token([SCORE])
        claims = jwt.decode(platform.form["client_assertion"][0], RSAKey.import_key(signing_key.public_jwk)).claims
        assert claims["aud"] == "https://as.example"
        assert DEPLOYMENT not in claims
        seen.add(claims["jti"])
    assert len(seen) == 2


@pytest.mark.parametrize("granted", [LINEITEM, "", [], [LINEITEM, 5], {"a": 1}])
def test_T_04_a_token_without_the_scope_that_is_needed(grades, platform, lms, granted):
    platform.granted = granted
    assert grades().post_score(lms.url + "/li", score()) == Verdict("refused", None, "", "scope_missing", everywhere=True)
    assert platform.asked == []


@pytest.mark.parametrize("granted", [None, f"{SCORE} {LINEITEM}", [SCORE]])
def test_T_04_a_token_with_the_scope(grades, platform, lms, granted):
    platform.granted = granted
    platform.on("POST", "/li/scores", (200, ""))
    assert grades().post_score(lms.url + "/li", score()).kind == "done"


def test_T_05_a_token_is_shared_until_a_minute_before_its_end(grades, platform, lms):
    platform.on("POST", "/li/scores", (200, ""))
    for later in (0, 600, 3500):
        grades(now=NOW + timedelta(seconds=later)).post_score(lms.url + "/li", score())
    assert platform.tokens == 1
    grades(now=NOW + timedelta(seconds=3541)).post_score(lms.url + "/li", score())
    assert platform.tokens == 2


@pytest.mark.parametrize(
    ("lifetime", "lasts"), [(None, 3540), ("1800", 1740), (10**9, 86340), ("long", 3540), (float("nan"), 3540), (30, -30), (-5, -60)]
)
def test_T_05_how_long_a_token_lasts(grades, platform, lms, tokens, lifetime, lasts):
    platform.lifetime = lifetime
    platform.on("POST", "/li/scores", (200, ""))
    assert grades().post_score(lms.url + "/li", score()).kind == "done"
    (row,) = tokens.rows.values()
    assert 0 <= (row.expires_at - NOW).total_seconds() - lasts < 2
    assert tokens.leases == {}


def test_T_05_tokens_differ_by_scope_and_deployment(grades, platform, lms):
    platform.on("POST", "/li/scores", (200, ""))
    platform.on("GET", "/li/results", (200, []))
    grades().post_score(lms.url + "/li", score())
    grades().result(lms.url + "/li", "7")
    grades(deployment_id="2").post_score(lms.url + "/li", score())
    assert platform.tokens == 3


def test_T_05_twenty_workers_fetch_one_token(grades, platform, lms):
    platform.on("POST", "/li/scores", (200, ""))
    platform.token_delay = 0.05
    client = Client(allow_local=True)
    verdicts = []
    threads = [
        threading.Thread(target=lambda: verdicts.append(grades(client=client).post_score(lms.url + "/li", score()).kind)) for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verdicts == ["done"] * 20
    assert platform.tokens == 1


def test_T_05_whoever_waits_for_a_token_in_vain_comes_back_later(grades, platform, lms, registration, tokens, monkeypatch):
    monkeypatch.setattr(room, "_POLL_SECONDS", 0.005)
    monkeypatch.setattr(tokens, "claim_refresh", lambda *args: False)
    client = Client(allow_local=True, total_timeout=0.1)
    assert grades(client=client).post_score(lms.url + "/li", score()) == Verdict("later", None, "", "busy")


def test_T_06_a_token_that_is_not_taken_is_renewed_once(grades, platform, lms, tokens):
    platform.on("POST", "/li/scores", (401, ""), (200, ""))
    assert grades().post_score(lms.url + "/li", score()).kind == "done"
    assert [headers["Authorization"] for _, _, headers, _ in platform.asked] == ["Bearer token-1", "Bearer token-2"]
    platform.on("POST", "/li/scores", (401, "who are you"))
    verdict = grades().post_score(lms.url + "/li", score())
    assert (verdict.kind, verdict.remedy) == ("refused", "credentials")
    assert (platform.tokens, len(platform.asked)) == (3, 4)


def test_T_05_one_object_serves_many_threads_and_asks_the_store_and_for_the_key_once(
    grades, platform, lms, tokens, signing_key, monkeypatch
):
    platform.on("POST", "/li/scores", (200, ""))
    asked, loads, load = [], [], tokens.load
    monkeypatch.setattr(tokens, "load", lambda *name: loads.append(name) or load(*name))
    shared = grades(now=None, signing_key=lambda: asked.append(1) or signing_key)
    assert asked == []
    assert in_threads(32, lambda: [shared.post_score(lms.url + "/li", score()).kind for _ in range(5)]) == [["done"] * 5] * 32
    assert (platform.tokens, len(asked), len(platform.asked)) == (1, 1, 160)
    assert len(loads) <= 2


def test_T_06_a_refused_token_is_renewed_once_over_all_threads_and_processes(grades, platform, lms):
    platform.on("POST", "/li/scores", (200, ""))
    processes = [grades(now=None) for _ in range(3)]
    for one in processes:
        assert one.post_score(lms.url + "/li", score()).kind == "done"
    assert platform.tokens == 1
    platform.token_delay = 0.05
    platform.on("POST", "/li/scores", lambda asked: (401 if asked[2]["Authorization"] == "Bearer token-1" else 200, "", {}))
    many = iter(processes * 8)
    assert in_threads(24, lambda: next(many).post_score(lms.url + "/li", score()).kind) == ["done"] * 24
    assert platform.tokens == 2


def test_T_06_threads_that_wait_for_a_token_share_the_refusal(grades, platform, lms, tokens, monkeypatch):
    platform.token_answer = (400, '{"error": "invalid_client"}', {})
    shared, waiting, all_wait = grades(now=None), set(), threading.Event()
    left, answer = shared._connector.left, platform._token

    def looked():  # each thread looks at its clock before it waits
        waiting.add(threading.get_ident())
        if len(waiting) == 16:
            all_wait.set()
        return left()

    monkeypatch.setattr(shared._connector, "left", looked)
    monkeypatch.setattr(platform, "_token", lambda *asked: all_wait.wait(10) and answer(*asked))
    assert in_threads(16, lambda: shared.post_score(lms.url + "/li", score()).remedy) == ["credentials"] * 16
    assert (platform.tokens, tokens.leases) == (1, {})


def test_each_score_has_the_whole_time_and_several_calls_can_share_it(grades, platform, lms, monkeypatch):
    platform.on("POST", "/li/scores", (200, ""))
    client, given = Client(allow_local=True, total_timeout=5), []
    request = client.request
    monkeypatch.setattr(client, "request", lambda *args, seconds, **more: given.append(seconds) or request(*args, seconds=seconds, **more))
    shared = grades(client=client, now=None)
    shared.post_score(lms.url + "/li", score())
    clock = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: clock() + 60)
    shared.post_score(lms.url + "/li", score())
    assert 4 < given[-1] <= 5
    with shared.work():
        shared.post_score(lms.url + "/li", score())
        monkeypatch.setattr(time, "monotonic", lambda: clock() + 63)
        shared.post_score(lms.url + "/li", score())
        assert given[-1] <= 2
        monkeypatch.setattr(time, "monotonic", lambda: clock() + 66)
        assert shared.post_score(lms.url + "/li", score()) == Verdict("later", None, "", "unreachable")
    assert shared.post_score(lms.url + "/li", score()).kind == "done"


def test_T_06_a_token_that_another_worker_has_replaced_is_not_dropped(grades, platform, lms, tokens):
    def taken(asked):
        if asked[2]["Authorization"] == "Bearer token-1":
            (name,) = tokens.rows
            tokens.save(*name, "theirs", frozenset({SCORE}), NOW + timedelta(hours=1))
            return 401, "", {}
        return 200, "", {}

    platform.on("POST", "/li/scores", taken)
    assert grades().post_score(lms.url + "/li", score()).kind == "done"
    assert platform.tokens == 1
    assert platform.asked[-1][2]["Authorization"] == "Bearer theirs"


@pytest.mark.parametrize(("family", "calls"), [("openedx", 2), ("moodle", 1)])
def test_403_is_an_expired_token_where_the_profile_says_so(grades, platform, lms, family, calls):
    platform.on("POST", "/li/scores", (403, "no"))
    verdict = grades(family).post_score(lms.url + "/li", score())
    assert (verdict.kind, verdict.remedy, len(platform.asked)) == ("refused", "scope_missing", calls)


@pytest.mark.parametrize(
    ("answer", "kind", "remedy"),
    [
        ((400, '{"error": "invalid_scope"}', {}), "refused", "scope_missing"),
        ((401, '{"error": "invalid_client"}', {}), "refused", "credentials"),
        ((404, "<!DOCTYPE html>", {}), "refused", "keys_unreachable"),
        ((429, "", {"Retry_After": "5"}), "later", "busy"),
        ((503, "", {}), "later", "server_error"),
        ((200, "<html>", {}), "later", "server_error"),
        ((200, '{"access_token": ""}', {}), "later", "server_error"),
        ((200, '{"access_token": "a\\nb"}', {}), "later", "server_error"),
        ((200, "[1]", {}), "later", "server_error"),
        ((302, "", {"Location": "/elsewhere"}), "refused", "credentials"),
    ],
)
def test_T_06_a_refused_token_is_not_asked_for_in_a_storm(grades, platform, lms, tokens, answer, kind, remedy):
    platform.token_answer = answer
    verdict = grades().post_score(lms.url + "/li", score())
    assert (verdict.kind, verdict.remedy) == (kind, remedy)
    assert (platform.tokens, platform.asked, tokens.leases) == (1, [], {})


def test_T_07_a_token_shows_in_no_repr(grades, platform, lms, tokens):
    platform.on("POST", "/li/scores", (200, ""))
    grades().post_score(lms.url + "/li", score())
    assert "token-1" not in repr(list(tokens.rows.values()))


# --- the parser's own way in ------------------------------------------------------------------------------------------


def test_S19_the_parsers_services_get_links_with_their_case_and_no_page_as_an_exception(registration, signing_key, tokens, platform, lms):
    made = Connector(registration, signing_key=signing_key, tokens=tokens, http=Client(allow_local=True), now=NOW)
    platform.on("GET", "/members", (200, {"members": []}, {"Link": f"<{lms.url}/members?cursor=AbC>; rel=next"}))
    page = made.make_service_request(["scope"], lms.url + "/members", accept="x/y")
    assert (page["body"], page["next_page_url"]) == ({"members": []}, f"{lms.url}/members?cursor=AbC")
    for answer in ((500, "<html>" + "secret" * 100), (200, "<html>")):
        platform.on("GET", "/members", answer)
        with pytest.raises(Ended) as ended:
            made.make_service_request(["scope"], lms.url + "/members")
        assert "secret" not in str(ended.value)
    platform.on("POST", "/members", (204, ""))
    assert made.make_service_request(["scope"], lms.url + "/members", is_post=True, data="{}")["body"] is None


def test_the_clock_of_a_connector_goes_on(registration, signing_key, tokens):
    made = Connector(registration, signing_key=signing_key, tokens=tokens, http=Client(allow_local=True), now=datetime.now(UTC))
    assert abs(made.now() - datetime.now(UTC)) < timedelta(seconds=1)
