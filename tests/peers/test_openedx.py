# SPDX-License-Identifier: Apache-2.0
"""Open edX's own LTI consumer as our LMS: launches, and grades in its gradebook, with the newest version and with an old one."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from sqlalchemy import func, select, update

from lti_mentoring.domain.diagnosis import WRONG
from lti_mentoring.services import doctor
from lti_mentoring.services.doctor import Report
from lti_mentoring.store import base
from lti_mentoring.store.people import Course, Person, Placement
from lti_mentoring.store.platform import Registration
from support.driver import Browser, Response
from support.install import peers
from support.journey import plan, rate, take_the_check
from support.openedx import FOLDER, PACE, SITE, Block, CampusTown, a_score
from support.station import later
from support.workers import Worker, wait_until

NAME = "Lea Fairweather"
OLD = "9.14.5"


def course_of(page: Response) -> str:
    """The address of the course that a page belongs to."""
    found = re.match(r"/courses/\w+", page.path)
    assert found, f"{page.status} {page.url}: {page.text[:800]}"
    return found[0]


def coordinator(town: CampusTown, block: Block) -> Browser:
    """The course team's admin, who takes the coordination that the tool offers them."""
    browser, page = town.enter("ines", block)
    browser.post(f"{course_of(page)}/coordinator")
    return browser


def finish(town: CampusTown, block: Block, name: str = NAME) -> tuple[str, Browser]:
    """A learner who launches a module and masters it. -> their username."""
    username = town.campus.enrol(name)
    browser, page = town.enter(username, block)
    take_the_check(town, SITE, browser, course_of(page))
    return username, browser


def deliver_patiently(town: CampusTown, rounds: int = 30) -> None:
    """Deliver again and again, a quarter of an hour apart: longer than any wait of the outbox's."""
    for number in range(rounds):
        with later(minutes=15 * number):
            town.deliver()


def stuck_page(town: CampusTown, block: Block) -> str:
    """What the coordinator reads about grades that need a person."""
    browser = coordinator(town, block)
    assert browser.page
    return browser.get(f"{course_of(browser.page)}/grades").text


def count(town: CampusTown, table: Any) -> int:
    """How many rows of a table the tool's organisation has."""
    with town.app.app_context(), base.tenant(town.organisations[SITE]):
        return int(base.session().scalar(select(func.count()).select_from(table)) or 0)


# --- launches --------------------------------------------------------------------------------------------------------------------


def test_a_learner_comes_to_their_own_way_and_to_the_module_of_the_placement(town: CampusTown) -> None:
    username = town.campus.enrol(NAME)
    browser, page = town.enter(username, town.place("programme"))
    assert page.status == 200, page.text
    assert NAME in page.text
    assert "/modules/M1" in page.text
    _, page = town.enter(username, town.place("module:M1"), browser)
    assert page.path == f"{course_of(page)}/modules/M1"
    assert browser.get(f"{course_of(page)}/grades").status == 403


@pytest.mark.parametrize("username", ["ines", "stan"])
def test_the_course_team_is_offered_the_coordination(town: CampusTown, username: str) -> None:
    browser, page = town.enter(username, town.place("programme"))
    assert page.path == f"{course_of(page)}/"
    browser.submit(page.form("/coordinator"))
    assert browser.get(f"{course_of(page)}/grades").status == 200


def test_global_staff_are_sent_to_ask_for_the_office_where_open_edx_tells_them_apart(town: CampusTown) -> None:
    _, page = town.enter("gail", town.place("programme"))
    if town.campus.version == OLD:  # it says of course staff that they administer the system, so that says nothing
        assert any(form.action.endswith("/coordinator") for form in page.forms)
    else:
        assert page.path.endswith("/office"), page.text


def test_a_community_ta_gets_no_candidacy_where_open_edx_says_that_they_are_one(town: CampusTown) -> None:
    _, page = town.enter("tara", town.place("programme"))
    assert page.status == 200
    # The old version knows no roles of the forum: they are a student there.
    assert ("/modules/M1" in page.text) is (town.campus.version == OLD)
    assert not any(form.action.endswith("/coordinator") for form in page.forms)


def test_somebody_whose_name_open_edx_keeps_to_itself_is_asked_for_one(town: CampusTown) -> None:
    silent = town.place("module:M1", ask_to_send_full_name=False, ask_to_send_email=False)
    username = town.campus.enrol("Nobody may know")
    browser, page = town.enter(username, silent)
    assert page.path.endswith("/name")
    assert "Nobody may know" not in page.text
    page = browser.submit(page.form("/name"), name="Kit")
    assert page.path.endswith("/modules/M1")
    # A placement of the same course that does send names knows them all the same.
    _, page = town.enter(username, town.place("programme"), browser)
    assert "Nobody may know" in page.text
    assert count(town, Person) == 1


# --- grades ----------------------------------------------------------------------------------------------------------------------


def test_the_gradebook_shows_a_grade_that_our_worker_delivered(town: CampusTown, secrets: dict[str, str], tmp_path: Path) -> None:
    module = town.place("module:M1", title="Listening first")
    with Worker(town, secrets, tmp_path / "worker.log", **PACE) as worker:
        username, browser = finish(town, module)
        wait_until(lambda: town.campus.cell(module, username) == 1, 40, worker.told)
    browser.go("POST", f"{town.lms_url}/sign-in", data={"username": "ines"})
    book = browser.go("GET", f"{town.lms_url}/gradebook").text
    assert "Listening first" in book
    assert re.search(rf"<th>{NAME}</th>(<td></td>)*<td>100\.0 / 100\.0</td>", book), book
    assert [(one["activity"], one["grading"], one["comment"]) for one in town.campus.scores(module, username)] == [
        ("Completed", "FullyGraded", None)
    ]


def test_the_very_same_score_again_counts_as_delivered(town: CampusTown) -> None:
    module = town.place("module:M1")
    username = town.campus.enrol(NAME)
    town.enter(username, module)
    score = a_score(town.campus.enrol_id(username), datetime.now(UTC))
    assert town.post(module, score).kind == "done"
    again = town.post(module, score, repeated=True)
    assert (again.kind, again.status) == ("done", 400)
    assert town.post(module, score).kind == "stale"
    assert town.campus.requests(module, "scores") == [201, 400, 400]


def test_a_grade_that_is_there_already_at_the_same_moment_is_ours_and_settled(town: CampusTown) -> None:
    module = town.place("module:M1")
    username, _ = finish(town, module)
    with time_machine.travel(datetime.now(UTC), tick=False):
        # A worker that died between the answer and the settling has left exactly this behind.
        assert town.post(module, a_score(town.campus.enrol_id(username), datetime.now(UTC))).kind == "done"
        town.deliver()
    assert town.campus.requests(module, "scores") == [201, 400]
    assert town.campus.cell(module, username) == 1
    page = stuck_page(town, module)
    assert "Nothing needs you" in page
    assert NAME in page


def test_a_newer_grade_of_somebody_else_is_left_alone_and_shown_to_staff(town: CampusTown) -> None:
    module = town.place("module:M1", title="Listening first")
    username, _ = finish(town, module)
    ahead = datetime.now(UTC) + timedelta(minutes=5)
    assert town.post(module, a_score(town.campus.enrol_id(username), ahead, 0.6)).kind == "done"
    town.deliver()
    assert town.campus.requests(module, "scores") == [201, 400]
    assert town.campus.cell(module, username) == pytest.approx(0.6)
    page = stuck_page(town, module)
    assert "One grade is stuck" in page
    assert NAME in page
    assert "later point in time" in page
    assert re.search(r"60\s*%|0\.6\b|60 of 100|0.6 of 1", page), re.sub(r"<[^>]*>|\s+", " ", page)
    # Their word is that ours shall stand: it is sent again, later than what is there.
    browser = coordinator(town, module)
    assert browser.page
    page = browser.get(f"{course_of(browser.page)}/grades")
    browser.submit(page.form("/grades/retry"))
    with later(minutes=10):
        town.deliver()
    assert town.campus.cell(module, username) == 1


def test_an_expired_token_costs_exactly_one_new_one(town: CampusTown) -> None:
    module = town.place("module:M1")
    username, _ = finish(town, module)
    town.campus.call("stale-tokens", {"count": 1})
    town.deliver()
    assert town.campus.requests(module, "scores") == [403, 201]
    assert town.campus.requests(module, "token") == [200, 200]
    assert town.campus.cell(module, username) == 1
    other, _ = finish(town, module, "Lars Hollyhock")
    town.deliver()
    assert town.campus.cell(module, other) == 1
    assert town.campus.requests(module, "token") == [200, 200]


def test_two_placements_are_two_clients_and_one_person_in_one_course(town: CampusTown) -> None:
    module, again = town.place("module:M1", title="Listening first"), town.place("module:M1", title="Listening again")
    observed = town.place("observation", title="Observed")
    assert module.client_id != again.client_id
    assert module.registration != again.registration
    username = town.campus.enrol(NAME)
    browser, page = town.enter(username, module)
    for block in (again, observed):
        assert course_of(town.enter(username, block, browser)[1]) == course_of(page)
    take_the_check(town, SITE, browser, course_of(page))
    town.deliver()
    assert (count(town, Person), count(town, Course), count(town, Placement)) == (1, 1, 3)
    assert [town.campus.cell(block, username) for block in (module, again, observed)] == [1, 1, None]


def test_in_programmatic_mode_the_column_is_our_own_and_not_the_one_that_the_launch_names(town: CampusTown) -> None:
    module = town.place("module:M1", title="Listening first", lti_advantage_ags_mode="programmatic")
    ours = town.grades(module)
    columns = f"{town.lms_url}/api/lti_consumer/v1/lti/{module.config}/lti-ags"
    with town.app.app_context():
        made = ours.ensure_line_item(
            lineitems_url=columns, resource_link_id=None, resource_id="essay", tag="essay", label="Essay", score_maximum=10
        )
    assert isinstance(made, str), made
    username, _ = finish(town, module)  # its launch names the essay: the first column of the configuration, whatever it is
    with town.app.app_context(), base.tenant(town.organisations[SITE]):
        assert base.session().scalars(select(Placement.lineitem_url)).one() == made
    deliver_patiently(town, 3)
    essay, own = (one for one in town.campus.state()["line_items"] if one["config"] == module.config)
    assert (essay["tag"], essay["link"]) == ("essay", "")
    assert (own["tag"], own["resource_id"], own["link"]) == ("module", "module:M1", module.usage)
    assert [one["item"] for one in town.campus.scores(module, username)] == [own["id"]]
    assert town.campus.cell(module, username) == 1


def test_a_grade_for_an_account_that_is_gone_is_given_up_and_shown_to_staff(town: CampusTown) -> None:
    module = town.place("module:M1", title="Listening first")
    username, _ = finish(town, module)
    other, _ = finish(town, module, "Lars Hollyhock")
    town.campus.call("retire", {"username": username})
    deliver_patiently(town)
    sent = town.campus.requests(module, "scores")
    assert sent.count(201) == 1
    assert 2 < sent.count(500) <= 12
    assert town.campus.cell(module, other) == 1
    deliver_patiently(town, 3)
    assert town.campus.requests(module, "scores") == sent
    page = stuck_page(town, module)
    assert "One grade is stuck" in page
    assert NAME in page


def test_what_is_no_grade_never_takes_one_away(town: CampusTown) -> None:
    observed = town.place("observation", title="Observed")
    lead = coordinator(town, observed)
    assert lead.page
    course = course_of(lead.page)
    username, observer = town.campus.enrol(NAME), town.campus.enrol("Olga Watchful")
    seen, _ = town.enter(observer, observed)
    people = lead.get(f"{course}/people")
    found = re.search(r"/people/(\w+)/roles\b", people.text[people.text.index("Olga Watchful") :])
    assert found
    lead.post(f"{course}/people/{found[1]}/roles", {"role": "observer"})
    town.enter(username, observed)
    sheet = plan(lead, course, NAME, "Olga Watchful")
    town.deliver()
    assert town.campus.cell(observed, username) is None
    rate(town, seen, course, sheet, level=3)
    town.deliver()
    assert town.campus.cell(observed, username) == 1
    # A second observation is under way; then somebody else on our side says, even, that a person must grade.
    plan(lead, course, NAME, "Olga Watchful")
    before = town.campus.scores(observed, username)
    town.deliver()
    assert town.campus.scores(observed, username) == before
    pending = a_score(town.campus.enrol_id(username), datetime.now(UTC), None, grading="PendingManual")
    assert town.post(observed, pending).kind == "done"
    assert town.campus.cell(observed, username) == 1


# --- the peer itself -------------------------------------------------------------------------------------------------------------


def test_what_runs_beside_us_is_the_version_that_the_lock_names(town: CampusTown) -> None:
    lock = (FOLDER / "locks" / f"{town.campus.version}.lock").read_text("utf-8")
    assert f"lti-consumer-xblock=={town.campus.version} " in lock
    assert town.campus.state()["version"] == town.campus.version


def test_a_peer_that_cannot_be_installed_fails_with_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "locks").mkdir()
    (tmp_path / "locks" / "0.lock").write_text("lti-consumer-xblock==0 --hash=sha256:" + "0" * 64 + "\n")
    monkeypatch.setattr(peers, "OPENEDX", tmp_path)
    monkeypatch.setattr(peers, "HOMES", tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(peers.Missing, match=r"^the Open edX peer 0 cannot be installed with Python 3\.\d+\.\d+: ERROR: [^\n]+$"):
        peers.ensure("0")
    assert not (tmp_path / "openedx-0" / ".ready").exists()


# --- the doctor ------------------------------------------------------------------------------------------------------------------


def examine(town: CampusTown, **registration: Any) -> Report:
    """What the doctor says of the registration that was added last, after a change to it."""
    with town.app.app_context():
        newest = base.session().scalars(select(Registration.id).order_by(Registration.created_at.desc(), Registration.id.desc())).first()
        assert newest
        if registration:
            with base.transactional() as session:
                session.execute(update(Registration).where(Registration.id == newest).values(**registration))
        return doctor.examine(town.app.extensions["doctor"], registration_id=newest)


def test_the_doctor_finds_nothing_wrong_with_open_edx_and_names_what_we_entered_wrongly(town: CampusTown) -> None:
    town.enter(town.campus.enrol(NAME), town.place("module:M1"))
    report = examine(town)
    assert [(one.code, one.facts) for one in report.findings if one.severity == WRONG] == []
    assert {"granted"} <= {one.code for one in report.findings}
    assert abs(report.clock_skew or 0.0) < 2


@pytest.mark.parametrize(
    ("fields", "registration", "code"),
    [
        ({"lti_1p3_tool_keyset_url": "http://127.0.0.1:9/jwks.json"}, {}, "sign_in_refused"),
        ({"lti_advantage_ags_mode": "disabled"}, {}, "no_gradebook"),
        ({}, {"token_url": "{token}/nothing"}, "wrong_address"),
        ({}, {"jwks_url": "{token}"}, "wrong_address"),
    ],
)
def test_the_doctor_names_what_is_wrong_at_open_edx(
    town: CampusTown, fields: dict[str, Any], registration: dict[str, str], code: str
) -> None:
    block = town.place("module:M1", **fields)
    town.enter(town.campus.enrol(NAME), block)
    report = examine(town, **{name: value.format(token=block.told["token_url"]) for name, value in registration.items()})
    assert code in [one.code for one in report.findings], report.findings
