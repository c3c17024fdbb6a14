# SPDX-License-Identifier: Apache-2.0
"""An LMS enters itself: the checklist's rows on dynamic registration, with the pocket LMS as Moodle and as Canvas."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import select, update

from lti_mentoring.demo import site as sites
from lti_mentoring.demo.family import MOODLE
from lti_mentoring.demo.site import NORTH, Site
from lti_mentoring.services import invite, platform
from lti_mentoring.settings import Settings
from lti_mentoring.store import base
from lti_mentoring.store.people import Person
from lti_mentoring.store.platform import Deployment, Registration, RegistrationInvite
from support.driver import Browser, Lms, Response
from support.live import Town, town

TOOL = "https://purl.imsglobal.org/spec/lti-tool-configuration"
CANVAS_SITE = replace(NORTH, key="maple", name="Maple College", profile=replace(MOODLE, family="canvas", version="OpenSource"))


@dataclass
class Office:
    """A site of a town, and an invite of its organisation."""

    town: Town
    site: Site

    @property
    def lms(self) -> Lms:
        return self.town.lms(self.site.key)

    def invited(self) -> str:
        with self.town.app.app_context():
            return invite.make(actor="operator", org_id=self.town.organisations[self.site.key])[0]

    def browser(self) -> Browser:
        browser = self.town.browser()
        browser.initiate(self.site.key, "administrator", "programme")
        return browser

    def start(self, browser: Browser, token: str) -> Response:
        """What the frame of the LMS shows once the address was pasted."""
        address = quote(f"{self.town.tool_url}/lti/register/{token}", safe="")
        return browser.get(f"{self.town.lms_url}/{self.site.key}/tools/start?url={address}")

    def known(self) -> list[Registration]:
        with self.town.app.app_context():
            rows = list(base.session().scalars(select(Registration).where(Registration.org_id == self.town.organisations[self.site.key])))
            for row in rows:
                base.session().expunge(row)
            return rows

    def approve(self) -> None:
        """What the operator does about a launch that waits."""
        (row,), known = self.known(), self.site.deployment_id
        with self.town.app.app_context():
            platform.approve_deployment(registration_id=row.id, deployment_id=known, organisation=self.site.name)

    def spent(self) -> list[bool]:
        with self.town.app.app_context():
            org_id = self.town.organisations[self.site.key]
            rows = base.session().scalars(select(RegistrationInvite).where(RegistrationInvite.org_id == org_id)).all()
            return [row.spent_at is not None for row in rows]

    def asked(self, kind: str) -> list[Any]:
        """The messages of one kind that the LMS got."""
        return [one for one in self.lms.state()["log"] if one["kind"] == kind]

    def tool(self) -> Any:
        return self.lms.call("tool")


@pytest.fixture(params=[NORTH, CANVAS_SITE], ids=["moodle", "canvas"])
def office(
    request: pytest.FixtureRequest, make_settings: Callable[..., Settings], empty_database: Path, tmp_path: Path
) -> Iterator[Office]:
    """An LMS that the tool does not know yet."""
    with town(make_settings, empty_database, tmp_path, played=(request.param,), registered=False) as made:
        yield Office(made, request.param)


def test_DR_01_an_administrator_confirms_and_the_lms_is_connected(office: Office) -> None:
    browser, token = office.browser(), office.invited()
    page = office.start(browser, token)
    assert page.status == 200, page.text
    assert "Nothing has been entered yet" in page.text
    assert office.known() == []
    assert office.tool() is None
    done = browser.submit(page.form())
    assert done.status == 200, done.text
    (row,) = office.known()
    assert (row.issuer, row.client_id) == (sites.issuer(office.site, office.town.lms_url), office.site.client_ids()[0])
    assert (row.source, row.family, row.name) == ("registration", office.site.profile.family, row.name)
    assert row.product.startswith(office.site.profile.family)
    assert office.spent() == [True]


@pytest.mark.checklist("DR-01")
def test_nobody_registers_without_an_invite_that_is_good(office: Office) -> None:
    browser, token = office.browser(), office.invited()
    assert office.start(browser, "made-up").status == 404
    with office.town.app.app_context(), base.transactional() as session:
        session.execute(update(RegistrationInvite).values(expires_at=base.now() - timedelta(seconds=1)))
    old = office.start(browser, token)
    assert old.status == 409
    assert "has run out or was ended" in old.text
    assert office.asked("openid_configuration") == []
    assert office.known() == []


@pytest.mark.checklist("DR-01", "AS-03")
def test_the_form_counts_only_from_our_own_page_and_with_what_it_showed(office: Office) -> None:
    browser, token = office.browser(), office.invited()
    form = office.start(browser, token).form()
    foreign = browser.go("POST", form.action, data=form.fields, source=f"{office.town.lms_url}/{office.site.key}/tools")
    assert foreign.status == 403
    forged = browser.go("POST", form.action, data={"ticket": form.fields["ticket"][:-4] + "AAAA"}, source=form.action)
    assert forged.status == 409
    assert "open for too long" in forged.text
    other = browser.go("POST", form.action.replace(token, office.invited()), data=form.fields, source=form.action)
    assert other.status == 404
    assert office.known() == []
    assert office.tool() is None


def test_DR_04_we_ask_for_the_least_that_we_need(office: Office) -> None:
    browser = office.browser()
    browser.submit(office.start(browser, office.invited()).form())
    tool, base_url = office.tool(), office.town.tool_url
    assert tool["redirect_uris"] == [f"{base_url}/lti/launch"]
    assert (tool["initiate_login_uri"], tool["jwks_uri"]) == (f"{base_url}/lti/login", f"{base_url}/.well-known/jwks.json")
    asked = {one.rpartition("/")[2] for one in tool["scope"].split()}
    needed = {"lineitem", "result.readonly", "score", "contextmembership.readonly", "noticehandlers"}
    assert asked == needed | ({"lineitem.readonly"} if office.site.profile.family == "moodle" else set())
    assert "email" not in tool[TOOL]["claims"]
    assert "name" in tool[TOOL]["claims"]
    (message,) = tool[TOOL]["messages"]
    assert message["type"] == "LtiDeepLinkingRequest"
    assert message["placements"]


@pytest.mark.checklist("DR-04")
def test_whoever_sends_no_names_is_sent_nobody_s_name(office: Office) -> None:
    browser = office.browser()
    browser.submit(office.start(browser, office.invited()).form().with_fields(names=None))
    assert set(office.tool()[TOOL]["claims"]) == {"iss", "sub"}
    level = office.tool()[TOOL].get("https://canvas.instructure.com/lti/privacy_level")
    assert level == ("anonymous" if office.site.profile.family == "canvas" else None)


@pytest.mark.checklist("DR-04")
def test_names_that_the_administrator_kept_back_never_come(office: Office) -> None:
    browser = office.browser()
    browser.submit(office.start(browser, office.invited()).form().with_fields(names=None))
    office.town.browser().launch(office.site.key, "coordinator", "programme")
    office.approve()
    assert office.town.browser().launch(office.site.key, "coordinator", "programme").status == 200
    with office.town.app.app_context(), base.tenant(office.town.organisations[office.site.key]):
        assert base.session().scalars(select(Person.name)).all() == [None]


def test_DR_05_a_named_deployment_joins_and_another_waits_where_the_registration_is_shared(office: Office) -> None:
    browser = office.browser()
    done = browser.submit(office.start(browser, office.invited()).form())
    with office.town.app.app_context():
        known = base.session().execute(select(Deployment.deployment_id, Deployment.state)).all()
    launched = office.town.browser().launch(office.site.key, "coordinator", "programme")
    if office.site.profile.family == "moodle":
        assert [tuple(one) for one in known] == [(office.site.deployment_id, "active")]
        assert "will wait for approval" not in done.text
        assert launched.status == 200
        return
    assert known == []
    assert "will wait for approval" in done.text
    assert launched.status == 403
    with office.town.app.app_context():
        assert base.session().scalars(select(Deployment.state)).all() == ["pending"]
    office.approve()
    assert office.town.browser().launch(office.site.key, "coordinator", "programme").status == 200


def test_DR_06_the_closing_message_goes_to_the_lms_alone(office: Office) -> None:
    browser = office.browser()
    page = office.start(browser, office.invited())
    done = browser.submit(page.form())
    assert f'data-closing="{office.town.lms_url}"' in done.text
    assert "closing.js" in done.text
    assert "closing.js" not in page.text
    for shown in (page, done):
        assert f"frame-ancestors {office.town.lms_url}" in str(shown.headers["Content-Security-Policy"])


def test_DR_07_the_form_sent_twice_registers_once(office: Office) -> None:
    browser = office.browser()
    form = office.start(browser, office.invited()).form()
    first, second = browser.submit(form), browser.submit(form)
    assert (first.status, second.status) == (200, 200)
    assert len(office.known()) == 1
    assert len(office.asked("openid_registration")) == 1


@pytest.mark.checklist("DR-07")
def test_two_windows_at_the_same_moment_register_once(office: Office) -> None:
    browser = office.browser()
    form = office.start(browser, office.invited()).form()
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: office.browser().go("POST", form.action, data=form.fields, source=form.action), range(6)))
    assert {one.status for one in answers} <= {200, 409}
    assert 200 in {one.status for one in answers}
    assert len(office.known()) == 1
    assert office.spent() == [True]
    assert len(office.asked("openid_registration")) == 1


@pytest.mark.checklist("DR-07")
def test_the_same_lms_comes_again_by_the_same_invite_and_is_updated(office: Office) -> None:
    browser, token = office.browser(), office.invited()
    browser.submit(office.start(browser, token).form())
    before = office.known()
    again = browser.submit(office.start(browser, token).form())
    assert again.status == 200
    assert "It was known already" in again.text
    assert [(one.id, one.client_id) for one in office.known()] == [(one.id, one.client_id) for one in before]


@pytest.mark.checklist("DR-07")
def test_an_invite_of_one_registration_updates_it(office: Office) -> None:
    browser = office.browser()
    browser.submit(office.start(browser, office.invited()).form())
    (before,) = office.known()
    with office.town.app.app_context():
        token = invite.make(actor="operator", org_id=before.org_id, registration_id=before.id)[0]
    again = browser.submit(office.start(browser, token).form())
    assert again.status == 200
    assert "It was known already" in again.text
    assert [one.id for one in office.known()] == [before.id]
    assert office.spent() == [True, True]


@pytest.mark.checklist("DR-09")
def test_what_was_typed_twice_at_the_same_moment_is_entered_once(office: Office) -> None:
    told = sites.site_registrations(office.site, office.town.lms_url)[0]
    typed = {name: value for name, value in told.items() if name != "frame_origins"}
    address = f"{office.town.tool_url}/lti/register/{office.invited()}"
    with ThreadPoolExecutor(6) as pool:
        sent = [pool.submit(office.town.browser().go, "POST", f"{address}/enter", data=typed, source=address) for _ in range(6)]
        statuses = sorted(one.result().status for one in sent)
    assert statuses == [200] * 6  # all are told of the one that was entered
    assert len(office.known()) == 1
    office.town.browser().launch(office.site.key, "coordinator", "programme")
    assert office.town.browser().launch(office.site.key, "coordinator", "programme").status == 200


@pytest.mark.checklist("DR-07")
@pytest.mark.parametrize("fault", ["error", "html", "reset", "moved", "throttle"])
def test_a_fault_of_the_lms_leaves_nothing_half_registered(office: Office, fault: str) -> None:
    browser, token = office.browser(), office.invited()
    form = office.start(browser, token).form()
    office.lms.fault(fault, "openid_registration", times=1)
    failed = browser.submit(form)
    assert failed.status == 409
    assert "was not connected" in failed.text
    assert office.known() == []
    assert office.spent() == [False]
    office.lms.clear()
    assert browser.submit(office.start(browser, token).form()).status == 200
    assert len(office.known()) == 1



@pytest.mark.checklist("DR-07")
def test_the_race_ends_the_same_on_postgresql(
    make_settings: Callable[..., Settings], empty_database: Path, tmp_path: Path, fresh_postgres_url: str
) -> None:
    queue = f"sqlite:///{tmp_path / 'queue.sqlite3'}"
    database = {"database_url": fresh_postgres_url, "queue_url": queue}
    with town(make_settings, empty_database, tmp_path, played=(NORTH,), registered=False, **database) as made:
        test_two_windows_at_the_same_moment_register_once(Office(made, NORTH))
