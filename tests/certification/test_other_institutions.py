# SPDX-License-Identifier: Apache-2.0
"""What an invite of one institution may never lead to: what is another's. One key signs for all of them."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from contextvars import Context
from dataclasses import asdict
from datetime import timedelta
from urllib.parse import quote

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select, update

from certification.test_companions import course, privacy  # noqa: F401
from certification.test_hostile_registration import ORIGIN, PLATFORM, Place, come, confirm, place, token  # noqa: F401
from conftest import make_world
from lti_mentoring import app as wiring
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.lti import manual
from lti_mentoring.services import invite, platform, roles, roster
from lti_mentoring.services.session import hashed
from lti_mentoring.settings import Settings
from lti_mentoring.store import base
from lti_mentoring.store.people import Placement
from lti_mentoring.store.platform import Registration
from support.closing import let_go
from support.journey import CANDIDATE
from support.live import Town

HOME = "https://learn.example"
TYPED = {
    "family": "generic",
    "name": "Learn",
    "issuer": HOME,
    "client_id": "client",
    "deployment_id": "1",
    "auth_url": f"{HOME}/auth",
    "token_url": f"{HOME}/token",
    "jwks_url": f"{HOME}/jwks",
}


def typed(app: Flask, token: str, **fields: str) -> str:  # noqa: F811
    """What the form answers that an administrator fills in."""
    sent, headers = {**TYPED, **fields}, {"Sec-Fetch-Site": "same-origin"}
    return app.test_client().post(f"/lti/register/{token}/enter", data=sent, base_url=ORIGIN, headers=headers).get_data(as_text=True)


def entered(issuer: str) -> list[Registration]:
    base.session().rollback()
    return list(base.session().scalars(select(Registration).where(Registration.issuer == issuer)))


@pytest.mark.parametrize("what", ["token_endpoint", "authorization_server"])
@pytest.mark.parametrize("where", ["https://victim.example/token", "https://[x"])
def test_an_lms_that_enters_itself_gets_no_token_that_is_another_s(
    app: Flask, token: str, place: Place, what: str, where: str  # noqa: F811
) -> None:
    """Neither is a statement made out to another LMS, nor is another's token fetched and then shown to this one."""
    place.changes = {what: where}
    answer = come(app, token, f"{place.url}/configuration").get_data(as_text=True)
    assert "<code>platform_other_tokens</code>" in answer or (what == "token_endpoint" and "<code>dr_address</code>" in answer)
    assert entered(place.url) == []


@pytest.mark.parametrize("what", ["token_url", "token_audience"])
def test_nor_does_one_that_is_entered_by_hand(app: Flask, token: str, what: str) -> None:  # noqa: F811
    assert "at another server: https://victim.example/token" in typed(app, token, **{what: "https://victim.example/token"})
    assert entered(HOME) == []


@pytest.mark.parametrize(
    ("family", "issuer", "fits"),
    [
        ("brightspace", "https://school.brightspace.com", True),
        ("blackboard", "https://evil.example", False),
        ("canvas", "https://evilinstructure.com", False),
        ("generic", "https://school.brightspace.com", False),
    ],
)
def test_a_cloud_s_own_servers_are_one_place(app: Flask, token: str, family: str, issuer: str, fits: bool) -> None:  # noqa: F811
    cloud = {"token_url": "https://auth.brightspace.com/token", "token_audience": "https://api.brightspace.com/auth/token"}
    at = {"issuer": issuer, "auth_url": f"{issuer}/auth", "jwks_url": f"{issuer}/jwks"}
    typed(app, token, family=family, **at, **cloud)
    assert bool(entered(issuer)) is fits


BRIGHTSPACE = {**TYPED, **{name: said for name, said in asdict(manual.known("brightspace", HOME)).items() if said}, "family": "brightspace"}
"""What the form fills in for a school's own host."""

EVIL = {"issuer": "https://evil.example", "auth_url": "https://evil.example/auth", "jwks_url": "https://evil.example/jwks"}


@pytest.mark.parametrize("first", [BRIGHTSPACE, {**BRIGHTSPACE, **EVIL}], ids=["the school", "the other"])
def test_two_issuers_never_share_a_brightspace_client(app: Flask, token: str, first: dict[str, str]) -> None:  # noqa: F811
    """They would be given the same tokens. Whoever comes first, the second is told to ask; neither can be a way to the other's data."""
    typed(app, token, **first)
    (made,) = entered(first["issuer"])
    second = BRIGHTSPACE if first is not BRIGHTSPACE else {**BRIGHTSPACE, **EVIL}
    other = invite.make(actor="operator", org_id=made.org_id)[0]
    assert "is entered for another LMS already" in typed(app, other, **second)
    assert entered(second["issuer"]) == []


def test_an_lms_that_names_another_s_brightspace_client_is_told_to_forget_us(app: Flask, token: str, place: Place) -> None:  # noqa: F811
    """It says its client id only once it has entered us, so somebody must undo that there."""
    typed(app, token, **BRIGHTSPACE)
    (made,) = entered(HOME)
    told = place.configuration()[PLATFORM]
    place.changes = {"token_endpoint": BRIGHTSPACE["token_url"], PLATFORM: {**told, "product_family_code": "brightspace"}}
    place.answer = (200, json.dumps({"client_id": made.client_id}).encode())
    second = invite.make(actor="operator", org_id=made.org_id)[0]
    answer = confirm(app, second, come(app, second, f"{place.url}/configuration"), hosts="1").get_data(as_text=True)
    assert "<code>platform_client_elsewhere</code>" in answer
    assert "remove that entry there" in answer
    assert entered(place.url) == []


def test_whoever_types_an_issuer_has_not_proved_that_it_is_theirs(app: Flask, token: str) -> None:  # noqa: F811
    """Logins that name no client stay the owner's (LOG-03), and lead nobody to another server."""
    issuer = f"https://lms.example/{make_world('Victim').org_id}"
    own = {name: f"https://lms.example/{name}" for name in ("auth_url", "token_url", "jwks_url")}
    assert "belongs to another organisation" in typed(app, token, **own, issuer=issuer)
    assert len(entered(issuer)) == 1
    assert "sign in at another server" in typed(app, token, auth_url="https://evil.example/auth")
    assert entered(HOME) == []


def test_a_second_client_of_an_issuer_brings_no_keys_from_an_upload(app: Flask, token: str) -> None:  # noqa: F811
    typed(app, token)
    org = entered(HOME)[0].org_id
    second = invite.make(actor="operator", org_id=org)[0]
    assert "offers keys from" in typed(app, second, client_id="second", jwks_url=f"{HOME}/pluginfile.php/7/jwks.json")
    assert len(entered(HOME)) == 1
    typed(app, second, client_id="second")
    assert len(entered(HOME)) == 2


def test_DR_07_what_would_be_refused_afterwards_is_refused_before_the_lms_enters_us(
    app: Flask, token: str, place: Place  # noqa: F811
) -> None:
    assert confirm(app, token, come(app, token, f"{place.url}/configuration")).status_code == 200
    second = invite.make(actor="operator", org_id=entered(place.url)[0].org_id)[0]
    place.changes, place.answer = {"jwks_uri": f"{place.url}/pluginfile.php/7/jwks.json"}, (200, b'{"client_id": "new"}')
    posts = sum(one[0] == "POST" for one in place.seen)  # type: ignore[attr-defined]
    assert confirm(app, second, come(app, second, f"{place.url}/configuration")).status_code == 409
    assert sum(one[0] == "POST" for one in place.seen) == posts  # type: ignore[attr-defined]


def test_what_serves_several_institutions_is_moved_by_no_invite_of_one(app: Flask, token: str, place: Place) -> None:  # noqa: F811
    assert confirm(app, token, come(app, token, f"{place.url}/configuration")).status_code == 200
    platform.add_organisation(name="Other institution")
    addresses = (f"{place.url}/auth", f"{place.url}/token", f"{place.url}/jwks")
    known = platform.NewPlatform("Other institution", "Theirs", place.url, "made-here", "theirs", *addresses)
    platform.add_platform(known, check_url=lambda url: None)
    place.changes = {"authorization_endpoint": "https://mine.example/auth"}
    answer = confirm(app, token, come(app, token, f"{place.url}/configuration"), hosts="1")
    assert "<code>platform_of_others</code>" in answer.get_data(as_text=True)
    assert entered(place.url)[0].auth_url == f"{place.url}/auth"


def test_a_used_invite_is_good_for_an_hour_and_can_be_ended(app: Flask, token: str, place: Place) -> None:  # noqa: F811
    assert confirm(app, token, come(app, token, f"{place.url}/configuration")).status_code == 200
    assert hashed(token)[:12] in [one.key for one in invite.waiting()]
    with time_machine.travel(base.now() + invite.AGAIN_FOR + timedelta(seconds=1)):
        assert "<code>invite_spent</code>" in come(app, token, f"{place.url}/configuration").get_data(as_text=True)
        assert invite.waiting() == []
    base.session().rollback()
    invite.revoke(actor="operator", key=hashed(token)[:12])
    assert "<code>invite_old</code>" in come(app, token, f"{place.url}/configuration").get_data(as_text=True)


def test_keys_do_not_move_to_an_upload_on_the_same_host(app: Flask, token: str, place: Place) -> None:  # noqa: F811
    assert confirm(app, token, come(app, token, f"{place.url}/configuration")).status_code == 200
    place.changes = {"jwks_uri": f"{place.url}/pluginfile.php/7/jwks.json"}
    answer = confirm(app, token, come(app, token, f"{place.url}/configuration"))
    assert "<code>platform_other_keys</code>" in answer.get_data(as_text=True)


def test_an_administrator_who_lost_the_office_leaves_no_invite_behind(app: Flask) -> None:
    world = make_world("Northfield")
    with base.tenant(world.org_id):
        actor = world.person("Chief", standing="instructor")
    told = {"organisation_id": world.org_id, "person_id": actor.person_id, "role": "administrator"}
    told |= {"course_id": None, "registration_id": world.registration_id}
    roles.grant_by_operator(**told)
    with base.tenant(world.org_id):
        code, _ = invite.make(actor=world.actor("Chief"), org_id=world.org_id)
    assert roles.revoke_by_operator(**told) == 1
    with pytest.raises(RuleBroken, match="invite_old"):
        invite.find(code)


@pytest.mark.parametrize("asked", [{}, {"names": "1"}, {"names": "1", "email": "1"}])
def test_names_that_were_refused_are_not_kept_whatever_the_lms_sends(
    app: Flask, token: str, place: Place, asked: dict[str, str]  # noqa: F811
) -> None:
    page = come(app, token, f"{place.url}/configuration").get_data(as_text=True)
    ticket = page.partition('name="ticket" value="')[2].partition('"')[0]
    sent, headers = {"ticket": ticket, **asked}, {"Sec-Fetch-Site": "same-origin"}
    assert app.test_client().post(f"/lti/register/{token}", data=sent, base_url=ORIGIN, headers=headers).status_code == 200
    row = entered(place.url)[0]
    assert (row.keep_names, row.keep_email) == ("names" in asked, "email" in asked)


@pytest.mark.parametrize("listed", ["127.0.0.0/8", "127.0.0.1"])
def test_a_private_lms_is_called_for_its_own_institution_only(
    make_settings: Callable[..., Settings], database_url: str, listed: str
) -> None:
    at = "https://mentoring.example"
    settings = make_settings(database_url=database_url, public_url=at, private_platform_hosts=listed, allow_local_platforms="false")
    app = wiring.create_app(settings)
    with app.app_context():
        owner, stranger = make_world("Owner"), make_world("Stranger")
        with base.transactional() as session:
            session.execute(
                update(Registration).where(Registration.id == owner.registration_id).values(token_url="https://127.0.0.1/token")
            )
        codes = [invite.make(actor="operator", org_id=one.org_id)[0] for one in (owner, stranger)]
        asked = f"openid_configuration={quote('https://127.0.0.1/configuration', safe='')}"
        pages = [app.test_client().get(f"/lti/register/{code}?{asked}", base_url=at).get_data(as_text=True) for code in codes]
        let_go()
    assert ["<code>dr_private</code>" in page for page in pages] == [False, True]


def test_nobody_coordinates_where_questions_about_ones_data_meet(live: Town, course: str) -> None:  # noqa: F811
    """Who has used that right is no teacher's to see."""
    assert privacy(live.browser(), "candidate", "candidate").status == 200
    teacher = live.browser()
    nowhere = re.match(r"/courses/[^/]+", privacy(teacher, "coordinator", "coordinator").path)
    assert nowhere
    assert nowhere[0] != course
    teacher.post(f"{nowhere[0]}/coordinator")
    people = teacher.get(f"{nowhere[0]}/people")
    assert people.status == 403
    assert CANDIDATE["north"] not in people.text


@pytest.mark.parametrize("said", ["9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00+14:00"])
def test_a_date_at_the_end_of_time_stops_no_launch(live: Town, said: str) -> None:
    dated = {"item": "module:M1", "due_at": said, "closes_at": said, "opens_at": said}
    claims = {"https://purl.imsglobal.org/spec/lti/claim/custom": dated}
    assert live.browser().launch("north", "candidate", "module-m1", claims=claims).status == 200


def test_two_who_ask_first_for_a_roster_ask_for_one(
    make_settings: Callable[..., Settings], fresh_postgres_url: str, tmp_path: object
) -> None:
    app = wiring.create_app(make_settings(database_url=fresh_postgres_url, queue_url=f"sqlite:///{tmp_path}/queue.sqlite3"))
    with app.app_context():
        wiring.migrate_database()
        world = make_world("Northfield")
        with base.tenant(world.org_id):
            world.placement()
            actor = world.person("Lead", "coordinator", standing="instructor")
            with base.transactional() as session:
                session.execute(update(Placement).values(memberships_url="https://lms.example/m"))
    together, ended = threading.Barrier(4), []

    def ask() -> None:
        with app.app_context(), base.tenant(world.org_id):
            together.wait()
            try:
                roster.ask(actor=actor)
                ended.append("asked")
            except Exception as error:
                ended.append(type(error).__name__)

    threads = [threading.Thread(target=lambda: Context().run(ask)) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    with app.app_context():
        let_go()
    assert ended == ["asked"] * 4
