# SPDX-License-Identifier: Apache-2.0
"""The bell, the list, what comes by mail, and the link in a mail that ends all of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from conftest import World
from lti_mentoring.domain import notification as rules
from lti_mentoring.domain.notification import FAMILIES
from lti_mentoring.domain.people import Actor
from lti_mentoring.keys import Signer
from lti_mentoring.services import notification
from lti_mentoring.store import base
from lti_mentoring.store.delivery import Mail
from lti_mentoring.web import letter
from lti_mentoring.web.letterbox import unsubscribe_link
from lti_mentoring.web.wiring import EXTENSION
from support.visitor import Visitor


def tell(world: World, reader: Actor, *, endpoint: str = "home.way", kind: str = "observation_planned", **ids: str) -> str:
    facts = {"planned_for": date(2024, 3, 5)} if kind.startswith("observation") else {}
    told: dict[str, Any] = {"person_id": reader.person_id, "kind": kind, "facts": facts, "endpoint": endpoint}
    with base.transactional() as session:
        return notification.tell(session, org_id=world.org_id, ids={"course": world.course_id, **ids}, **told)


def text(answer: Any) -> str:
    found: str = answer.get_data(as_text=True)
    return found


def test_every_page_says_how_many_notices_are_unread_those_that_are_rendered_for_many_too(app: Flask, world: World) -> None:
    letter.forget()
    ada, ben = (Visitor(app, world.person(name)) for name in ("Ada", "Ben"))
    assert 'class="num">' not in text(ada.get("way")).partition("<main")[0]
    for _ in range(2):
        tell(world, ada.actor)
    for _ in range(2):
        assert '<b class="num">2</b>' in text(ada.get("way"))
        assert '<b class="num">' not in text(ben.get("way")).partition("<main")[0]


def test_the_list_says_what_waits_and_leads_there_and_then_it_is_read(app: Flask, world: World) -> None:
    ada = Visitor(app, world.person("Ada"))
    made = tell(world, ada.actor)
    page = text(ada.get("notices"))
    assert "One notice is unread." in page
    assert "An observation was planned for you to carry out: 5 Mar 2024." in page
    answer = ada.get(f"notices/{made}")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/courses/{world.course_id}/way")
    assert "You have read everything." in text(ada.get("notices"))


def test_a_notice_of_a_page_that_is_gone_leads_home(app: Flask, world: World) -> None:
    ada = Visitor(app, world.person("Ada"))
    for made in (tell(world, ada.actor, endpoint="gone.page"), tell(world, ada.actor, endpoint="observation.report")):
        assert ada.get(f"notices/{made}").headers["Location"] == f"/courses/{world.course_id}/"


def test_a_notice_of_another_release_has_words_all_the_same(app: Flask, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = Visitor(app, world.person("Ada"))
    monkeypatch.setattr(rules, "KINDS", {**rules.KINDS, "later": rules.Kind("later", "help", True)})
    tell(world, ada.actor, kind="later")
    assert "There is news for you." in text(ada.get("notices"))


def test_all_are_marked_as_read_by_one_button_and_older_ones_are_a_page_further(app: Flask, world: World) -> None:
    ada = Visitor(app, world.person("Ada"))
    for _ in range(51):
        tell(world, ada.actor)
    assert text(ada.get("notices")).count("<li>") == 50
    assert text(ada.get("notices?page=2")).count("<li>") == 1
    assert ada.get("notices?page=x").status_code == 200
    assert ada.post("notices/read").status_code == 303
    assert "51 notices are marked as read." in text(ada.get("notices"))


def test_who_has_none_is_told_that_this_is_normal(app: Flask, world: World) -> None:
    assert "No notice yet" in text(Visitor(app, world.person("Ada")).get("notices"))


def test_everybody_chooses_what_comes_by_mail(app: Flask, world: World) -> None:
    ada = Visitor(app, world.person("Ada"))
    assert "This installation sends no mail." in text(ada.get("notices/mail"))
    wanted = {**dict.fromkeys(FAMILIES, "weekly"), "help": "off"}
    assert ada.post("notices/mail", wanted).status_code == 303
    page = text(ada.get("notices/mail"))
    assert page.count(" selected") == len(FAMILIES)
    assert dict(notification.choices(actor=ada.actor).families) == wanted
    refused = ada.post("notices/mail", {**wanted, "help": "daily"})
    assert refused.status_code == 400 or refused.status_code == 409
    assert "Choose one of the answers" in text(refused)


def test_a_stuck_mail_stands_on_the_page_of_deliveries_and_can_be_sent_again(app: Flask, world: World) -> None:
    lead, ada = Visitor(app, world.person("Lead", "coordinator")), world.person("Ada Quill")
    with base.transactional() as session:
        for number in range(2):
            fault = {"state": "refused", "fault": "mail_address", "status": 550, "words": "5.1.1 unknown", "stuck_at": base.now()}
            week = f"2026-W0{number + 1}"
            session.add(Mail(person_id=ada.person_id, course_id=world.course_id, lane="mail:x", week=week, **fault))
    page = text(lead.get("grades"))
    for words in ("2 mails are stuck.", "550 · 5.1.1 unknown", "Ada Quill", "The mailbox does not take mail", "Send these 2 again"):
        assert words in page
    cause = page.partition('name="cause" value="')[2].partition('"')[0]
    assert lead.post("grades/mails/retry", {"cause": cause}).status_code == 303
    assert "2 mails are on their way by themselves." in text(lead.get("grades"))
    assert lead.post("grades/mails/retry", {}).status_code == 400


# --- the link in a mail ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def ada(world: World) -> Actor:
    return world.person("Ada")


def link(app: Flask, reader: Actor, at: datetime | None = None) -> str:
    signer = app.extensions[EXTENSION].signer
    assert isinstance(signer, Signer)
    made = unsubscribe_link(signer, "http://localhost:8000")(reader.org_id, reader.person_id, at or datetime.now(UTC))
    return made.removeprefix("http://localhost:8000")


def off(reader: Actor) -> bool:
    base.end_read()
    return {choice for _, choice in notification.choices(actor=reader).families} == {"off"}


def test_a_mail_program_ends_all_mails_with_one_request_of_its_own(app: Flask, ada: Actor) -> None:
    answer = app.test_client().post(link(app, ada), data={"List-Unsubscribe": "One-Click"}, base_url="https://localhost:8000")
    assert answer.status_code == 200
    assert "You get no more mail from us" in text(answer)
    assert off(ada)


def test_a_person_is_asked_first_since_programs_follow_links_too(app: Flask, ada: Actor) -> None:
    client, url = app.test_client(), link(app, ada)
    page = text(client.get(url, base_url="https://localhost:8000"))
    assert not off(ada)
    action = page.partition('method="post" action="')[2].partition('"')[0]
    assert action == url
    client.post(action, base_url="https://localhost:8000")
    assert off(ada)


def test_a_link_that_is_changed_old_or_made_for_something_else_ends_nothing(app: Flask, ada: Actor) -> None:
    signer = app.extensions[EXTENSION].signer
    other = signer.sign({"o": ada.org_id, "p": ada.person_id}, 60, purpose="own window")
    old = link(app, ada, datetime.now(UTC) - timedelta(days=366))
    for url in (link(app, ada) + "x", old, f"/lti/unsubscribe?mail={other}", "/lti/unsubscribe", "/lti/unsubscribe?mail=%ff.x"):
        for method in ("GET", "POST"):
            answer = app.test_client().open(url, method=method, base_url="https://localhost:8000")
            assert answer.status_code == 400, url
            assert "This link does not work" in text(answer)
    assert not off(ada)
