# SPDX-License-Identifier: Apache-2.0
"""Keys, key sets and access tokens (checklist K and T)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog
import time_machine
from sqlalchemy import delete, select, update

from lti_mentoring.keys import Sealer
from lti_mentoring.services import keys
from lti_mentoring.store import base
from lti_mentoring.store.delivery import ScorePublication
from lti_mentoring.store.platform import AccessToken, PlatformKeySet, ToolKey
from support.journey import ready, share, take_the_check
from support.live import Town


def published(live: Town) -> list[dict[str, Any]]:
    """The tool's key set as a platform fetches it."""
    answer = live.browser().raw("GET", "/.well-known/jwks.json")
    assert answer.status == 200
    found: list[dict[str, Any]] = answer.json()["keys"]
    return found


def sealer(live: Town) -> Sealer:
    """The tool's sealer."""
    return Sealer(live.app.extensions["lti_mentoring"].settings.encryption_keys)


def forget_tokens(live: Town) -> None:
    """As if no token had ever been fetched."""
    with live.app.app_context(), base.transactional() as session:
        session.execute(delete(AccessToken))
    live.app.extensions["grades_for"].cache_clear()


def token_requests(live: Town, site: str = "north") -> list[dict[str, Any]]:
    """The token requests that the pocket LMS has seen, oldest first."""
    return [one for one in live.lms(site).state()["log"] if one["kind"] == "token"]


def mastered(live: Town, site: str = "north", persona: str = "candidate") -> None:
    """Somebody masters module M1, whose grade is then due."""
    address = ready(live, site)
    browser = live.browser()
    browser.launch(site, persona, "module-m1")
    take_the_check(live, site, browser, address)


@pytest.fixture
def due(live: Town) -> Town:
    """The town with a grade due at each site, and no token fetched."""
    forget_tokens(live)
    return live


def send_again(live: Town) -> None:
    """As if nothing had been sent: every grade is due."""
    with live.app.app_context(), base.across_organisations("a test"), base.transactional() as session:
        session.execute(
            update(ScorePublication).values(
                state="waiting", next_at=base.now(), settled=0, wanted=1, last_payload_hash="", tries=0, lease_until=None
            )
        )
    live.deliver()


def test_K_01_the_key_set_holds_public_parts_only_and_may_be_kept(live: Town) -> None:
    mastered(live)
    live.deliver()
    answer = live.browser().raw("GET", "/.well-known/jwks.json")
    assert "max-age" in answer.headers["Cache-Control"]
    for key in published(live):
        assert set(key) == {"kid", "kty", "n", "e", "use", "alg"}
        assert (key["use"], key["alg"], key["kty"]) == ("sig", "RS256", "RSA")


def test_K_02_a_rotation_overlaps_and_no_key_id_returns(live: Town) -> None:
    with live.app.app_context():
        first = keys.signing_key(sealer(live), now=datetime.now(UTC))
        keys.rotate(sealer(live), now=datetime.now(UTC))
    kids = [key["kid"] for key in published(live)]
    assert first.kid in kids
    assert len(set(kids)) == len(kids) == 2
    with live.app.app_context():
        assert keys.signing_key(sealer(live), now=datetime.now(UTC)).kid == first.kid
    soon = datetime.now(UTC) + keys.OVERLAP + timedelta(minutes=1)
    with live.app.app_context():
        second = keys.signing_key(sealer(live), now=soon)
        assert second.kid != first.kid
        assert first.kid in [key["kid"] for key in keys.published(now=soon)]
        late = soon + keys.OVERLAP
        assert [key["kid"] for key in keys.published(now=late)] == [second.kid]
    with live.app.app_context(), base.transactional() as session:
        session.execute(delete(ToolKey).where(ToolKey.kid == second.kid))
        session.execute(update(ToolKey).values(retired_at=None))


def test_K_03_one_key_set_serves_every_platform(due: Town) -> None:
    for site in ("north", "south"):
        mastered(due, site)
    due.deliver()
    kids = {
        one["detail"]["request"]["body"]["client_assertion"]["header"]["kid"]
        for site in ("north", "south")
        for one in token_requests(due, site)
    }
    assert kids
    assert kids <= {key["kid"] for key in published(due)}


def test_K_04_private_keys_and_tokens_rest_sealed(due: Town) -> None:
    mastered(due)
    send_again(due)
    with due.app.app_context():
        for row in base.session().scalars(select(ToolKey)):
            assert "PRIVATE" not in row.private_sealed
            assert b"PRIVATE KEY" in sealer(due).open(row.private_sealed)
        tokens = base.session().scalars(select(AccessToken).where(AccessToken.token_sealed.is_not(None))).all()
        assert tokens
        for token in tokens:
            clear = sealer(due).open(token.token_sealed or "").decode()
            assert clear not in (token.token_sealed or "")


def test_K_05_a_platforms_key_set_is_kept_and_a_new_key_is_found_at_once(live: Town) -> None:
    live.browser().launch("north", "candidate", "programme")
    before = live.lms("north").state(log=False)["counts"].get("jwks", 0)
    for _ in range(5):
        assert live.browser().launch("north", "candidate", "programme").status == 200
    assert live.lms("north").state(log=False)["counts"].get("jwks", 0) == before
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=2), tick=True):
        live.lms("north").fault("rotated_key")
        now = int(datetime.now(UTC).timestamp())
        assert live.browser().launch("north", "candidate", "programme", iat=now, exp=now + 60).status == 200


def test_K_05_a_key_set_that_cannot_be_fetched_does_not_lock_out_known_keys(live: Town) -> None:
    assert live.browser().launch("north", "candidate", "programme").status == 200
    live.lms("north").fault("down", where="jwks")
    with time_machine.travel(datetime.now(UTC) + timedelta(days=2), tick=True):
        now = int(datetime.now(UTC).timestamp())
        assert live.browser().launch("north", "candidate", "programme", iat=now, exp=now + 60).status == 200
    with live.app.app_context():
        row = base.session().scalars(select(PlatformKeySet).where(PlatformKeySet.url == f"{live.lms_url}/north/jwks")).one()
        assert row.body["keys"]


@pytest.mark.checklist("T-01", "T-02", "T-03", "T-04")
def test_the_token_request_is_what_the_security_framework_wants(due: Town) -> None:
    mastered(due)
    send_again(due)
    bodies = [one["detail"]["request"]["body"] for one in token_requests(due)]
    sent = next(one for one in reversed(bodies) if "scope/score" in one["scope"])  # reading a column asks for a token of its own
    assertion = sent["client_assertion"]
    assert sent["grant_type"] == "client_credentials"
    assert sent["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    assert sent["scope"].split() == ["https://purl.imsglobal.org/spec/lti-ags/scope/score"]
    claims = assertion["claims"]
    assert claims["iss"] == claims["sub"] == "north-pocket-client"
    assert claims["aud"] == f"{due.lms_url}/north/token"
    assert 0 < claims["exp"] - datetime.now(UTC).timestamp() <= 300
    assert claims["iat"] <= datetime.now(UTC).timestamp()
    assert claims["https://purl.imsglobal.org/spec/lti/claim/deployment_id"] == "7"
    assert assertion["header"]["alg"] == "RS256"
    forget_tokens(due)
    send_again(due)
    again = token_requests(due)[-1]["detail"]["request"]["body"]["client_assertion"]["claims"]
    assert again["jti"] != claims["jti"]


def test_T_04_a_scope_that_the_launch_did_not_announce_is_never_asked_for(due: Town) -> None:
    mastered(due)
    send_again(due)
    asked = {scope for one in token_requests(due) for scope in one["detail"]["request"]["body"]["scope"].split()}
    assert "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly" not in asked


def scopes(due: Town) -> list[str]:
    """What each token was asked for, of those that the deliveries needed."""
    asked = [one["detail"]["request"]["body"]["scope"].rpartition("/")[2] for one in token_requests(due)]
    return sorted(asked)


def test_T_05_one_token_serves_many_grades_and_every_process(due: Town) -> None:
    for persona in ("candidate", "second"):
        mastered(due, persona=persona)
    send_again(due)
    send_again(due)
    assert scopes(due) == ["result.readonly", "score"], "one to look whether a grade is still ours, one to send it"


def test_T_06_an_expired_token_is_replaced_once_and_the_grade_arrives(due: Town) -> None:
    mastered(due)
    send_again(due)
    due.lms("north").fault("expired_token")
    due.lms("north").call("faults", {"clear": True})
    before = scopes(due)
    send_again(due)
    assert scopes(due) == sorted([*before, "result.readonly", "score"])
    assert share(due, "north", "candidate", "module-m1") == 1


def test_T_06_a_client_that_the_platform_refuses_causes_no_storm(due: Town) -> None:
    mastered(due)
    due.lms("north").fault("error", where="token", status=400, times=100)
    before = due.lms("north").state(log=False)["counts"].get("token", 0)
    send_again(due)
    assert due.lms("north").state(log=False)["counts"].get("token", 0) - before <= 2
    due.lms("north").call("faults", {"clear": True})


def test_T_07_tokens_and_assertions_are_never_logged(due: Town) -> None:
    mastered(due)
    with structlog.testing.capture_logs() as lines:
        send_again(due)
    with due.app.app_context():
        rows = base.session().scalars(select(AccessToken).where(AccessToken.token_sealed.is_not(None))).all()
        secrets = [sealer(due).open(row.token_sealed or "").decode() for row in rows]
    assert secrets
    text = json.dumps(lines, default=str)
    assert not any(secret in text for secret in secrets)
    assert "eyJ" not in text
