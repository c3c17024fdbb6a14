# SPDX-License-Identifier: Apache-2.0
"""Somebody who was erased launches again: nothing is kept until they agree, and then a new, empty record begins."""

from __future__ import annotations

from sqlalchemy import func, select

from lti_mentoring.services import erasure
from lti_mentoring.store import base
from lti_mentoring.store.people import Identity, Person, WebSession
from support.journey import CANDIDATE, ready
from support.live import Town

PROGRAMME = "programme"


def test_whoever_was_erased_agrees_first_and_begins_anew(live: Town) -> None:
    ready(live, "north")
    assert live.browser().launch("north", "candidate", PROGRAMME).status == 200
    persona = live.sites["north"].persona("candidate")
    assert persona
    sub, org_id = live.sites["north"].sub(persona), live.organisations["north"]
    with live.app.app_context(), base.tenant(org_id):
        person = base.session().scalars(select(Identity.person_id).where(Identity.sub == sub)).one()
        base.end_read()
        erasure_id = erasure.by_operator(org_id=org_id, person_id=person)
        while erasure.run(erasure_id=erasure_id):
            pass
    browser = live.browser()
    page = browser.launch("north", "candidate", PROGRAMME)
    assert page.status == 403
    assert "Your record here was erased" in page.text
    assert CANDIDATE["north"] not in page.text
    with live.app.app_context(), base.tenant(org_id):
        assert base.session().scalar(select(Identity.id).where(Identity.sub == sub)) is None
        assert base.session().scalar(select(func.count()).select_from(WebSession).where(WebSession.person_id == person)) == 0
    agreed = browser.submit(page.form("/lti/return"))
    assert "You can begin again" in agreed.text
    assert live.browser().launch("north", "candidate", PROGRAMME).status == 200
    with live.app.app_context(), base.tenant(org_id):
        anew = base.session().scalars(select(Identity.person_id).where(Identity.sub == sub)).one()
        assert anew != person
        assert base.session().scalars(select(Person.name).where(Person.id == person)).one() is None
        assert base.session().scalars(select(Person.name).where(Person.id == anew)).one().startswith(CANDIDATE["north"])


def test_a_forged_agreement_lifts_nothing(live: Town) -> None:
    ready(live, "north")
    browser = live.browser()
    browser.launch("north", "second", PROGRAMME)
    assert browser.post(f"{live.tool_url}/lti/return", {"token": "e30.AAAA"}).status == 403
