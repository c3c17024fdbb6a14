# SPDX-License-Identifier: Apache-2.0
"""OIDC login initiation (checklist LOG)."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest

from lti_mentoring.services import platform
from lti_mentoring.services.registry import Registrations
from support.driver import Response
from support.live import Town


def begin(live: Town, *, by: str = "POST", site: str = "north", **changes: str | None) -> Response:
    """A login call with some parameters changed or (None) left out; not followed."""
    browser = live.browser()
    params = {**browser.initiate(site, "candidate", "programme")["params"], **changes}
    sent = {name: value for name, value in params.items() if value is not None}
    if by == "GET":
        return browser.go("GET", f"/lti/login?{urlencode(sent)}", follow=False)
    return browser.go("POST", "/lti/login", data=sent, follow=False)


def asked(answer: Response) -> dict[str, str]:
    """What the redirect asks of the platform."""
    assert answer.status == 302, answer.text
    assert answer.location is not None
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.location).query, keep_blank_values=True).items()}


def test_LOG_01_get_and_post_do_the_same(live: Town) -> None:
    by_get, by_post = asked(begin(live, by="GET")), asked(begin(live, by="POST"))
    for ask in (by_get, by_post):
        del ask["state"], ask["nonce"], ask["lti_message_hint"]
    assert by_get == by_post
    for by in ("GET", "POST"):
        assert live.browser().launch("north", "candidate", "programme", by=by).status == 200


@pytest.mark.parametrize("missing", ["iss", "login_hint", "target_link_uri"])
def test_LOG_02_a_missing_parameter_is_refused_without_a_redirect(live: Town, missing: str) -> None:
    answer = begin(live, **{missing: None})
    assert answer.status == 400
    assert f"{missing}_missing" in answer.text
    assert answer.location is None


def test_LOG_03_an_unknown_issuer_is_refused_without_a_redirect(live: Town) -> None:
    for issuer in ("https://unknown.example", f"{live.lms_url}/north/", f"{live.lms_url}/NORTH"):
        answer = begin(live, iss=issuer)
        assert answer.status == 400
        assert "issuer_unknown" in answer.text
        assert answer.location is None


def test_LOG_04_the_client_id_picks_the_registration_and_a_wrong_one_never_falls_back(live: Town) -> None:
    assert asked(begin(live))["client_id"] == "north-pocket-client"
    answer = begin(live, client_id="somebody-else")
    assert answer.status == 400
    assert "client_unknown" in answer.text


def test_LOG_05_without_a_client_id_only_a_single_registration_is_picked(live: Town) -> None:
    assert asked(begin(live, client_id=None))["client_id"] == "north-pocket-client"
    answer = begin(live, site="south", client_id=None)
    assert answer.status == 400
    assert "client_ambiguous" in answer.text


def test_LOG_05_the_deployment_picks_among_several(live: Town) -> None:
    with live.app.app_context():
        known = Registrations().registrations(f"{live.lms_url}/south")[2]
        platform.add_platform(
            platform.NewPlatform(
                organisation="Southwater Open Academy",
                name=known.name,
                issuer=known.issuer,
                client_id=known.client_id,
                deployment_id="only-here",
                auth_url=known.auth_url,
                token_url=known.token_url,
                jwks_url=known.jwks_url,
                family=known.family,
            ),
            check_url=lambda url: None,
        )
    assert asked(begin(live, site="south", client_id=None, lti_deployment_id="only-here"))["client_id"] == known.client_id


def test_LOG_06_the_redirect_asks_exactly_what_the_security_framework_wants(live: Town) -> None:
    answer = begin(live, login_hint="a hint + with % signs")
    ask = asked(answer)
    assert answer.location is not None
    assert answer.location.startswith(f"{live.lms_url}/north/auth?")
    expected = {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": "north-pocket-client",
        "redirect_uri": f"{live.tool_url}/lti/launch",
        "login_hint": "a hint + with % signs",
    }
    assert {name: ask[name] for name in expected} == expected
    assert ask["state"]
    assert ask["nonce"]


@pytest.mark.checklist("LOG-11", "LOG-12", "PM-01", "PM-10")
def test_where_the_lms_keeps_values_the_login_shows_a_page_and_appends_nothing_to_the_redirect_address(live: Town) -> None:
    answer = begin(live, lti_storage_target="_parent")
    assert answer.status == 200
    onward = re.search(r'data-onward href="([^"]+)"', answer.text)
    assert onward
    ask = dict(parse_qsl(urlsplit(html.unescape(onward[1])).query))
    assert ask["redirect_uri"] == f"{live.tool_url}/lti/launch"
    assert "lti_storage_target" not in ask
    assert any(line.startswith("__Host-lti-") for line in answer.cookies_set)  # the cookie is set as well
    sources = re.findall(r"<script[^>]*src=\"([^\"]+)\"[^>]*nonce=", answer.text)
    assert sources
    assert all(source.startswith("/static/") for source in sources)
    assert len(re.findall("<script", answer.text)) == len(sources)


@pytest.mark.parametrize("hint", ['{"cmid":2,"launchid":"x y"}', "a+b%20c&d=e", "ümläut ☂", "x" * 2000, "", "0"])
def test_LOG_07_the_message_hint_is_echoed_unaltered(live: Town, hint: str) -> None:
    assert asked(begin(live, lti_message_hint=hint))["lti_message_hint"] == hint


def test_LOG_07_no_message_hint_is_sent_where_none_came(live: Town) -> None:
    assert "lti_message_hint" not in asked(begin(live, lti_message_hint=None))


def test_LOG_08_the_deployment_of_login_must_be_the_one_of_the_launch(refused: Callable[..., Response]) -> None:
    refused("deployment_mismatch", 401, deployment_id="8")


def test_LOG_09_state_and_nonce_are_long_and_different_each_time_and_nothing_is_written(
    live: Town, rows: Callable[[], dict[str, int]]
) -> None:
    before = rows()
    seen = [asked(begin(live)) for _ in range(20)]
    assert len({one["state"] for one in seen}) == len({one["nonce"] for one in seen}) == 20
    assert all(len(one["nonce"]) >= 22 for one in seen)
    assert rows() == before


@pytest.mark.parametrize(
    "target", ["https://evil.example/lti/launch", "//evil.example/", "javascript:alert(1)", "http://localhost:1/lti/launch"]
)
def test_LOG_10_a_target_on_another_origin_is_refused(live: Town, target: str) -> None:
    answer = begin(live, target_link_uri=target)
    assert answer.status == 400
    assert "target_off_origin" in answer.text


def test_LOG_13_a_class_that_opens_together_is_never_limited(live: Town, rows: Callable[[], dict[str, int]]) -> None:
    before = rows()
    assert {begin(live).status for _ in range(120)} == {302}
    assert rows() == before


def test_LOG_14_an_auth_address_with_a_query_keeps_it(live: Town) -> None:
    with live.app.app_context():
        platform.add_platform(
            platform.NewPlatform(
                organisation="Northgate Lyceum",
                name="Query",
                issuer="https://query.example",
                client_id="query",
                deployment_id="1",
                auth_url="https://query.example/auth?tenant=7",
                token_url="https://query.example/token",
                jwks_url="https://query.example/jwks",
            ),
            check_url=lambda url: None,
        )
    location = begin(live, iss="https://query.example", client_id="query").location
    assert location is not None
    assert location.startswith("https://query.example/auth?tenant=7&")
    assert location.count("?") == 1


def test_LOG_15_an_error_from_the_platform_is_told_and_escaped(live: Town) -> None:
    page = live.browser().launch(
        "north", "candidate", "programme", error="login_required", error_description="<script>alert(1)</script> signed out"
    )
    assert page.status == 400
    assert "platform_error" in page.text
    assert "<script>alert(1)" not in page.text


def test_LOG_16_login_and_launch_are_never_kept_by_caches(live: Town) -> None:
    browser = live.browser()
    assert begin(live).headers["Cache-Control"] == "no-store"
    page = browser.launch("north", "candidate", "programme", follow=False)
    assert page.headers["Cache-Control"] == "no-store"
