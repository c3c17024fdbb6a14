# SPDX-License-Identifier: Apache-2.0
"""Token, state and session (checklist V)."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import func, select

from lti_mentoring.demo import site as sites
from lti_mentoring.services import platform
from lti_mentoring.services.registry import Registrations
from lti_mentoring.store import base
from lti_mentoring.store.people import Identity, WebSession
from lti_mentoring.store.platform import Deployment
from support.driver import Response
from support.live import Town

Refused = Callable[..., Response]


def sessions(live: Town) -> int:
    """How many browsers are signed in."""
    with live.app.app_context():
        return base.session().scalar(select(func.count()).select_from(WebSession)) or 0


@pytest.mark.parametrize("sign", ["tampered", "foreign_key"])
def test_V_01_a_changed_payload_or_another_key_under_the_same_id(refused: Refused, sign: str) -> None:
    refused("signature", 401, sign=sign)


@pytest.mark.parametrize("sign", ["none", "hs256_public", "rs384", "es256"])
def test_V_02_no_algorithm_but_the_registered_one(refused: Refused, sign: str) -> None:
    refused("alg", 401, sign=sign)


def test_V_03_keys_come_from_the_registered_address_only(refused: Refused, live: Town) -> None:
    refused("signature", 401, sign="embedded_key")
    refused("signature", 401, sign="foreign_key", header={"jku": "https://evil.example/jwks", "x5u": "https://evil.example/x"})
    refused("crit", 401, header={"crit": ["exp"]})
    assert live.browser().launch("north", "candidate", "programme", header={"jku": "https://evil.example/jwks"}).status == 200


def test_V_04_the_issuer_is_an_exact_string(refused: Refused, live: Town) -> None:
    issuer = f"{live.lms_url}/north"
    for other in (f"{issuer}/", issuer.upper(), issuer.replace("http:", "https:"), f"{live.lms_url}/south"):
        refused("issuer_mismatch", 401, iss=other)


@pytest.mark.parametrize("audience", ["somebody-else", ["somebody-else"], ["north-pocket-client", "evil"], [5], {"a": 1}])
def test_V_05_the_audience_is_us_and_nobody_unknown(refused: Refused, audience: object) -> None:
    refused("audience", 401, aud=audience)


def test_V_06_the_authorised_party_is_us(refused: Refused, live: Town) -> None:
    refused("azp", 401, azp="evil")
    ours = live.browser().initiate("south", "candidate", "programme")["params"]["client_id"]
    other = live.browser().initiate("south", "candidate", "observation")["params"]["client_id"]
    refused("azp", 401, site="south", aud=[ours, other], without=["azp"])
    refused("azp", 401, site="south", aud=[ours, other], azp=other)


def test_V_07_a_nonce_that_is_not_of_this_transaction(refused: Refused) -> None:
    refused("nonce_mismatch", 401, nonce="somebody-elses")


def test_V_07_a_launch_is_used_once(live: Town) -> None:
    browser = live.browser()
    form = browser.login("north", "candidate", "programme").form()
    cookies = dict(browser.jar[live.tool_url])
    assert browser.submit(form).status == 200
    browser.jar[live.tool_url] = cookies
    again = browser.submit(form)
    assert again.status == 401
    assert "nonce_used" in again.text


def test_V_07_twenty_parallel_posts_of_one_launch_give_exactly_one_session(live: Town) -> None:
    browser = live.browser()
    form = browser.login("north", "candidate", "programme").form()
    before, seen = sessions(live), []
    together = threading.Barrier(20)

    def post() -> None:
        other = live.browser()
        other.jar = {origin: dict(jar) for origin, jar in browser.jar.items()}
        together.wait()
        seen.append(other.submit(form, follow=False).status)

    threads = [threading.Thread(target=post) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == [303, *[401] * 19]
    assert sessions(live) == before + 1


def test_V_07_the_nonce_of_another_login_is_of_no_use(live: Town) -> None:
    first, second = live.browser(), live.browser()
    one, two = first.login("north", "candidate", "programme").form(), second.login("north", "second", "programme").form()
    answer = second.submit(two.with_fields(id_token=one.fields["id_token"]))
    assert answer.status == 401
    assert "nonce_mismatch" in answer.text


@pytest.mark.parametrize(
    ("form", "reason"),
    [({"state": None}, "state_missing"), ({"state": ""}, "state_missing"), ({"state": "state-forged.by.hand"}, "state_invalid")],
)
def test_V_08_a_missing_or_forged_state(refused: Refused, form: dict[str, str | None], reason: str) -> None:
    refused(reason, 401, form=form)


def test_V_08_a_state_is_good_for_ten_minutes(live: Town) -> None:
    browser = live.browser()
    form = browser.login("north", "candidate", "programme").form()
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=11), tick=True):
        answer = browser.submit(form)
    assert answer.status == 401
    assert "state_expired" in answer.text


def test_V_08_a_state_of_another_browser_is_refused_with_help(live: Town) -> None:
    victim, attacker = live.browser(), live.browser()
    form = attacker.login("south", "candidate", "programme").form()
    answer = victim.submit(form)
    assert answer.status == 401
    assert "state_unbound" in answer.text
    assert answer.form("/lti/login").fields["iss"] == f"{live.lms_url}/south"


def test_V_08_where_hints_are_spent_after_one_use_the_way_is_told_in_words(live: Town) -> None:
    answer = live.browser(cookies=False).launch("north", "candidate", "programme")
    assert answer.status == 401
    assert "state_unbound" in answer.text
    assert not [form for form in answer.forms if form.action.endswith("/lti/login")]
    assert "new window" in answer.text


def test_V_09_an_unknown_deployment_joins_where_the_registration_is_not_shared(live: Town) -> None:
    page = live.browser().launch("north", "candidate", "programme", deployment_id="new-one", login={"lti_deployment_id": None})
    assert page.status == 200
    with live.app.app_context():
        row = base.session().scalars(select(Deployment).where(Deployment.deployment_id == "new-one")).one()
        assert (row.state, row.org_id) == ("active", live.organisations["north"])


def test_V_09_an_unknown_deployment_of_a_shared_registration_waits(live: Town) -> None:
    with live.app.app_context():
        known = Registrations().registrations(f"{live.lms_url}/south")[3]
        added = platform.NewPlatform(
            organisation="Northgate Lyceum",
            name=known.name,
            issuer=known.issuer,
            client_id=known.client_id,
            deployment_id="of-north",
            auth_url=known.auth_url,
            token_url=known.token_url,
            jwks_url=known.jwks_url,
            family=known.family,
        )
        platform.add_platform(added, check_url=lambda url: None)
    activity = next(
        one
        for one in ("programme", "module-m1", "observation", "overview", "window")
        if live.browser().initiate("south", "candidate", one)["params"]["client_id"] == known.client_id
    )
    for number in range(23):
        page = live.browser().launch("south", "candidate", activity, deployment_id=f"new-{number}", login={"lti_deployment_id": None})
        assert page.status == 403
        assert "deployment_pending" in page.text
    with live.app.app_context():
        pending = (
            base.session().scalars(select(Deployment).where(Deployment.registration_id == known.id, Deployment.state == "pending")).all()
        )
        assert len(pending) == platform.MOST_PENDING
        platform.approve_deployment(registration_id=known.id, deployment_id="new-0", organisation="Northgate Lyceum")
    page = live.browser().launch("south", "candidate", activity, deployment_id="new-0", login={"lti_deployment_id": None})
    assert page.status == 200
    assert "Northgate" in page.text or page.path.startswith("/courses/")


def test_V_09_a_deployment_id_too_long_for_the_standard(refused: Refused) -> None:
    refused("deployment_id_invalid", 400, deployment_id="x" * 256, login={"lti_deployment_id": None})


def test_V_10_the_target_is_the_one_of_login_and_on_our_own_origin(refused: Refused, live: Town) -> None:
    refused("target_mismatch", 400, target_link_uri=f"{live.tool_url}/lti/launch?other")
    refused("target_off_origin", 400, target_link_uri="https://evil.example/")


def test_V_11_a_person_is_organisation_issuer_and_subject_and_never_an_address(live: Town) -> None:
    for sub in ("v11-a", "v11-b"):
        assert live.browser().launch("north", "candidate", "programme", sub=sub, email="same@address.example").status == 200
    for activity in ("programme", "observation"):  # two client ids of one issuer
        assert live.browser().launch("south", "candidate", activity).status == 200
    with live.app.app_context(), base.across_organisations("a test"):
        people = base.session().scalars(select(Identity.person_id).where(Identity.sub.in_(("v11-a", "v11-b")))).all()
        assert len(set(people)) == 2
        person = sites.SOUTH.persona("candidate")
        assert person is not None
        mine = select(Identity.id).where(Identity.sub == sites.SOUTH.sub(person), Identity.org_id == live.organisations["south"])
        assert len(base.session().scalars(mine).all()) == 1


@pytest.mark.checklist("V-12", "V-13")
def test_courses_are_shared_between_placements_where_the_platform_shares_them(live: Town) -> None:
    one = live.browser().launch("south", "candidate", "programme").path.split("/")[2]
    two = live.browser().launch("south", "candidate", "observation").path.split("/")[2]
    other = live.browser().launch("south", "candidate", "elsewhere").path.split("/")[2]
    assert one == two != other
    guid = {"tool_platform": {"guid": "another-instance", "product_family_code": "unheard-of"}}
    assert live.browser().launch("north", "candidate", "programme", claims=guid).status == 200


def test_V_14_a_launch_as_somebody_else_ends_the_old_session(live: Town) -> None:
    browser = live.browser()
    browser.launch("north", "candidate", "programme")
    old = browser.jar[live.tool_url]["__Host-lti-mentoring"].value
    page = browser.launch("north", "second", "programme")
    assert "Tomasz" in page.text
    spy = live.browser()
    spy.set_cookie(live.tool_url, "__Host-lti-mentoring", old)
    assert spy.get(page.path).status == 401


def test_V_14_two_tabs_on_two_courses_do_not_mix(live: Town) -> None:
    browser = live.browser()
    first = browser.launch("south", "candidate", "programme").path
    second = browser.launch("south", "candidate", "elsewhere").path
    assert first != second
    assert browser.get(first).status == browser.get(second).status == 200


def test_V_15_reloading_after_a_launch_never_posts_it_again(live: Town) -> None:
    answer = live.browser().launch("north", "candidate", "programme", follow=False)
    assert answer.status == 303


def test_V_16_huge_and_deep_tokens_are_turned_away_early(refused: Refused) -> None:
    refused("token_too_large", 413, claims={"padding": "x" * 70_000})
    refused("roles_invalid", 400, roles=[f"r{number}" for number in range(10_000)][:600])
    deep = json.loads("[" * 200 + "]" * 200)
    refused("roles_missing", 400, claims={"deep": deep}, without=["roles"])


def test_V_17_the_way_back_is_a_link_with_the_reason_and_is_never_followed_by_itself(refused: Refused) -> None:
    page = refused("version", 400, version="9", launch_presentation={"return_url": "https://lms.example/back?a=1&b=%20"})
    assert "https://lms.example/back?a=1&amp;b=%20&amp;lti_errormsg=" in page.text
    assert "lti_errorlog=version" in page.text
    assert "http-equiv" not in page.text.lower()
    for bad in ("javascript:alert(1)", "http://lms.example/back"):
        page = refused(
            "version", 400, version="9", site="south", launch_presentation={"return_url": bad.replace("http://lms", "ftp://lms")}
        )
        assert "javascript:" not in page.text
