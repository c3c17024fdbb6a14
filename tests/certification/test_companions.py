# SPDX-License-Identifier: Apache-2.0
"""Messages about somebody: submission reviews (checklist SR) and data privacy launches (DP)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from lti_mentoring.services import roles
from lti_mentoring.settings import Settings
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.people import Identity, RoleGrant
from support.driver import Browser, Response
from support.journey import CANDIDATE, OBSERVER, plan, rate, ready
from support.live import Town, town

MODULE, OBSERVATION, PROGRAMME = "module-m1", "observation", "programme"
FOR_USER = "https://purl.imsglobal.org/spec/lti/claim/for_user"
UNKNOWN = {FOR_USER: {"user_id": "999"}}
ADMINISTRATOR = ["http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator"]


def review(browser: Browser, by: str, activity: str, about: str | None, **twists: Any) -> Response:
    """What somebody sees who opens a cell of the gradebook."""
    return browser.launch("north", by, activity, message="review", about=about, **twists)


@pytest.fixture(scope="module")
def live(make_settings: Callable[..., Settings], empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town of its own: what is planned elsewhere would be seen here."""
    with town(make_settings, empty_database, tmp_path_factory.mktemp("companions")) as made:
        yield made


@pytest.fixture
def course(live: Town) -> str:
    """A course with a candidate, an observer, and a coordinator. -> its address"""
    address = ready(live, "north")
    live.browser().launch("north", "candidate", MODULE)
    live.browser().launch("north", "second", MODULE)
    return address


@pytest.fixture
def planned(live: Town, course: str) -> Iterator[str]:
    """An observation of the candidate that waits for the observer, and is called off in the end. -> its sheet's path"""
    coordinator = live.browser()
    coordinator.launch("north", "coordinator", PROGRAMME)
    sheet = plan(coordinator, course, CANDIDATE["north"], OBSERVER["north"])
    yield sheet
    coordinator.post(f"{sheet}/cancel")


# --- the message ----------------------------------------------------------------------------------------------------------


def test_SR_01_a_review_needs_the_line_item(live: Town, course: str) -> None:
    ags = {"scope": ["https://purl.imsglobal.org/spec/lti-ags/scope/score"], "lineitems": f"{live.lms_url}/north/ags/2/lineitems"}
    for without in ({"without": ["ags"]}, {"claims": {"ags": ags}}):
        page = review(live.browser(), "coordinator", MODULE, "candidate", **without)
        assert page.status == 400
        assert "review_without_column" in page.text


@pytest.mark.parametrize("said", [{"user_id": 7}, {"user_id": "x" * 256}, {"name": "Somebody"}, "candidate", {"user_id": ""}])
def test_SR_01_a_review_says_readably_whom_it_is_about(live: Town, course: str, said: object) -> None:
    page = review(live.browser(), "coordinator", MODULE, None, claims={FOR_USER: said})
    assert page.status == 400
    assert "for_user_" in page.text


def test_SR_01_a_review_may_be_about_a_column_without_an_activity(live: Town, course: str, planned: str) -> None:
    page = review(live.browser(), "coordinator", OBSERVATION, "candidate", without=["resource_link"])
    assert page.status == 200
    assert CANDIDATE["north"] in page.text


def test_SR_01_the_head_of_a_column_is_about_nobody_and_opens_the_list(live: Town, course: str) -> None:
    """Moodle sends no for_user there."""
    assert review(live.browser(), "coordinator", MODULE, None).path == f"{course}/cohort"
    assert review(live.browser(), "observer", MODULE, None).path == f"{course}/observations"
    assert review(live.browser(), "candidate", MODULE, None).path == f"{course}/modules/M1"


def test_SR_01_elsewhere_a_review_names_somebody(live: Town) -> None:
    page = live.browser().launch("south", "coordinator", MODULE, message="review")
    assert page.status == 400
    assert "for_user_missing" in page.text


# --- what opens -------------------------------------------------------------------------------------------------------------


def test_SR_02_the_assigned_rater_comes_straight_to_the_sheet_and_can_grade(live: Town, course: str, planned: str) -> None:
    browser = live.browser()
    page = review(browser, "observer", OBSERVATION, "candidate")
    assert page.status == 200
    assert page.path == planned
    rate(live, browser, course, planned, level=3)
    coordinators = review(live.browser(), "coordinator", OBSERVATION, "candidate")
    assert coordinators.path == f"{planned}/report"


def test_SR_02_where_the_cell_sums_several_the_coordinator_sees_all_of_it(live: Town, course: str, planned: str) -> None:
    page = review(live.browser(), "coordinator", PROGRAMME, "candidate")
    assert page.status == 200
    assert CANDIDATE["north"] in page.text
    assert OBSERVER["north"] in page.text


def test_SR_02_ones_own_work_opens_where_one_finds_it_anyway(live: Town, course: str) -> None:
    assert review(live.browser(), "candidate", MODULE, "candidate").path == f"{course}/modules/M1"
    assert review(live.browser(), "candidate", PROGRAMME, "candidate").path == f"{course}/way"


# --- whom one may see -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("activity", [MODULE, OBSERVATION, PROGRAMME])
def test_SR_03_a_student_who_asks_for_somebody_else_sees_nothing_of_theirs(live: Town, course: str, planned: str, activity: str) -> None:
    """Moodle signs such a message for any student who writes another's number into an address."""
    other = review(live.browser(), "second", activity, "candidate")
    unknown = review(live.browser(), "second", activity, None, claims=UNKNOWN)
    assert other.status == unknown.status == 403
    assert CANDIDATE["north"] not in other.text
    assert other.path == unknown.path  # not even whether there is such a person


def test_SR_03_a_student_who_learns_an_id_of_ours_sees_nothing_either(live: Town, course: str, planned: str) -> None:
    theirs = review(live.browser(), "coordinator", PROGRAMME, "candidate").path
    student = live.browser()
    student.launch("north", "second", MODULE)
    page = student.get(theirs)
    assert page.status == 403
    assert CANDIDATE["north"] not in page.text


def test_SR_03_a_teacher_without_a_role_here_is_told_who_can(live: Town, course: str, planned: str) -> None:
    page = review(live.browser(), "second_observer", OBSERVATION, "candidate")
    assert page.status == 403
    assert CANDIDATE["north"] not in page.text
    assert "who coordinate" in page.text


def test_SR_03_an_observer_whose_role_has_ended_sees_no_more_than_anybody(live: Town, course: str, planned: str) -> None:
    browser = live.browser()
    path = review(browser, "observer", PROGRAMME, "candidate").path
    assert CANDIDATE["north"] in browser.get(path).text
    watcher = live.sites["north"].persona("observer")
    assert watcher
    with live.app.app_context(), base.tenant(live.organisations["north"]):
        sub = live.sites["north"].sub(watcher)
        person = base.session().scalar(select(Identity.person_id).where(Identity.sub == sub))
        held = select(RoleGrant.course_id).where(RoleGrant.person_id == person, RoleGrant.role == "observer")
        own = base.session().scalar(held.where(RoleGrant.revoked_at.is_(None)))
    scope = {"person_id": person, "role": "observer", "course_id": own, "registration_id": None}
    with live.app.app_context():
        assert roles.revoke_by_operator(organisation_id=live.organisations["north"], **scope) == 1
    try:
        page = browser.get(path)
        assert page.status == 403
        assert CANDIDATE["north"] not in page.text
    finally:
        with live.app.app_context():
            roles.grant_by_operator(organisation_id=live.organisations["north"], **scope)


def test_SR_03_an_observer_sees_nobody_whom_they_do_not_rate(live: Town, course: str) -> None:
    page = review(live.browser(), "observer", OBSERVATION, "second")
    assert page.status == 403


def test_SR_03_somebody_unknown_is_an_empty_page(live: Town, course: str) -> None:
    page = review(live.browser(), "coordinator", MODULE, None, claims=UNKNOWN)
    assert page.status == 200
    assert "No work yet" in page.text


@pytest.mark.parametrize("by", ["coordinator", "observer", "second"])
def test_SR_03_somebody_of_another_course_or_another_organisation_is_nobody_here(live: Town, course: str, by: str) -> None:
    live.browser().launch("north", "nameless", "elsewhere", name="Only Elsewhere", given_name="Only", family_name="Elsewhere")
    live.browser().launch("south", "candidate", MODULE)
    abroad = live.sites["south"].persona("candidate")
    assert abroad
    about_abroad = {FOR_USER: {"user_id": live.sites["south"].sub(abroad)}}
    pages = [review(live.browser(), by, MODULE, "nameless"), review(live.browser(), by, MODULE, None, claims=about_abroad)]
    unknown = review(live.browser(), by, MODULE, None, claims=UNKNOWN)
    for page in pages:
        assert (page.status, page.path) == (unknown.status, unknown.path)
        assert "Elsewhere" not in page.text
        assert CANDIDATE["south"] not in page.text


# --- data privacy -----------------------------------------------------------------------------------------------------------


def privacy(browser: Browser, by: str, about: str | None, **twists: Any) -> Response:
    """What somebody sees who asks the LMS what the tool holds about a person."""
    return browser.launch("north", by, PROGRAMME, message="privacy", about=about, **twists)


def test_DP_01_everybody_sees_what_is_held_about_them(live: Town, course: str) -> None:
    page = privacy(live.browser(), "candidate", "candidate")
    assert page.status == 200
    assert "What is held about you" in page.text
    assert "Your way through the programme" in page.text


def test_DP_01_it_is_about_no_course_and_says_whom_it_is_about(live: Town) -> None:
    context = {"https://purl.imsglobal.org/spec/lti/claim/context": {"id": "2"}}
    link = {"https://purl.imsglobal.org/spec/lti/claim/resource_link": {"id": "2"}}
    for claims in (context, link):
        page = privacy(live.browser(), "candidate", "candidate", claims=claims)
        assert page.status == 400
        assert "privacy_in_course" in page.text
    page = privacy(live.browser(), "candidate", None)
    assert page.status == 400
    assert "for_user_missing" in page.text


def test_DP_01_nobody_sees_what_is_held_about_somebody_else_whatever_office_the_message_claims(live: Town, course: str) -> None:
    for by, office in (("second", None), ("coordinator", None), ("administrator", None), ("second", ADMINISTRATOR)):
        page = privacy(live.browser(), by, "candidate", **({"roles": office} if office else {}))
        assert page.status == 403
        assert CANDIDATE["north"] not in page.text


def test_DP_01_it_starts_nobodys_way(live: Town, course: str) -> None:
    learner = "somebody-who-only-asked"
    assert privacy(live.browser(), "candidate", None, sub=learner, claims={FOR_USER: {"user_id": learner}}).status == 200
    with live.app.app_context(), base.tenant(live.organisations["north"]):
        assert base.session().scalar(select(Identity.id).where(Identity.sub == learner))
        begun = select(Candidacy.id).join(Identity, Identity.person_id == Candidacy.person_id)
        assert base.session().scalar(begun.where(Identity.sub == learner)) is None


def test_DP_01_an_administrator_whom_the_operator_confirmed_sees_the_counts_of_their_registration(live: Town, course: str) -> None:
    privacy(live.browser(), "administrator", "administrator")
    chief = live.sites["north"].persona("administrator")
    assert chief
    with live.app.app_context(), base.tenant(live.organisations["north"]):
        found = base.session().execute(
            select(Identity.person_id, Identity.registration_id).where(Identity.sub == live.sites["north"].sub(chief))
        ).one()
    with live.app.app_context():
        granted = {"organisation_id": live.organisations["north"], "person_id": found[0], "role": "administrator"}
        roles.grant_by_operator(**granted, course_id=None, registration_id=found[1])
    page = privacy(live.browser(), "administrator", "candidate")
    assert page.status == 200
    assert f"What is held about {CANDIDATE['north']}" in page.text
    unknown = privacy(live.browser(), "administrator", None, claims=UNKNOWN)
    assert unknown.status == 200
    assert "Nothing is held" in unknown.text
    with live.app.app_context():
        roles.revoke_by_operator(**granted, course_id=None, registration_id=found[1])
