# SPDX-License-Identifier: Apache-2.0
"""Line items and scores (checklist LI and SC), as the pocket LMS saw them."""

from __future__ import annotations

import itertools
import json
import re
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select, update

from lti_mentoring.store import base
from lti_mentoring.store.delivery import ScorePublication
from lti_mentoring.store.people import Person, Placement
from support.driver import Browser, Response
from support.journey import CANDIDATE, OBSERVER, plan, rate, ready, share, take_the_check
from support.live import Town

MODULE = "module-m1"


def log(live: Town, kind: str, site: str = "north") -> list[dict[str, Any]]:
    """The requests of a kind that the pocket LMS has seen, oldest first."""
    return [one for one in live.lms(site).state()["log"] if one["kind"] == kind]


def bodies(live: Town, site: str = "north") -> list[dict[str, Any]]:
    """The scores that were posted."""
    return [one["detail"]["request"]["body"] for one in log(live, "scores", site) if one["status"] < 400]


def posted(live: Town, user_id: str, site: str = "north") -> list[dict[str, Any]]:
    """The posts of one person's scores that the platform took."""
    taken = (one for one in log(live, "scores", site) if one["status"] < 400)
    return [one for one in taken if one["detail"]["request"]["body"]["userId"] == user_id]


def master(live: Town, site: str = "north", persona: str = "candidate", activity: str = MODULE) -> Browser:
    """Somebody masters module M1."""
    address = ready(live, site)
    browser = live.browser()
    browser.launch(site, persona, activity)
    take_the_check(live, site, browser, address)
    return browser


def again(live: Town) -> None:
    """Every grade is due once more, as after a new decision."""
    with live.app.app_context(), base.across_organisations("a test"), base.transactional() as session:
        session.execute(
            update(ScorePublication).values(
                state="waiting",
                next_at=base.now(),
                wanted=ScorePublication.wanted + 1,
                last_payload_hash="",
                tries=0,
                lease_until=None,
                fault="",
            )
        )
    live.deliver()


def publications(live: Town, site: str = "north") -> list[ScorePublication]:
    """The outbox rows of a site's candidate in that module. Other tests share the town, and leave others with people who had to go."""
    link = live.sites[site].resource_link_id(live.sites[site].activity(MODULE))
    of_module = select(Placement.id).where(Placement.resource_link_id == link)
    of_candidate = select(Person.id).where(Person.name.startswith(CANDIDATE[site]))
    wanted = ScorePublication.placement_id.in_(of_module), ScorePublication.person_id.in_(of_candidate)
    with live.app.app_context(), base.tenant(live.organisations[site]):
        rows = list(base.session().scalars(select(ScorePublication).where(*wanted)))
    assert rows
    return rows


@pytest.fixture
def town(live: Town) -> Town:
    """The town, in which nothing was ever sent."""
    with live.app.app_context(), base.across_organisations("a test"), base.transactional() as session:
        session.execute(
            update(ScorePublication).values(state="done", last_payload_hash="", last_timestamp=None, fault="", tries=0, words="")
        )
        session.execute(update(Placement).values(own_lineitem_url=None))
    return live


def later(seconds: float) -> Any:
    """Be that much later."""
    return time_machine.travel(datetime.now(UTC) + timedelta(seconds=seconds), tick=True)


# --- line items -----------------------------------------------------------------------------------------------------------


def test_LI_01_without_a_column_nothing_is_sent_and_the_page_says_why(town: Town) -> None:
    browser = master(town, "south", activity="quiet")
    again(town)
    assert share(town, "south", "candidate", "quiet") is None
    page = browser.launch("south", "candidate", "quiet")
    assert page.status == 200


def test_LI_02_the_newest_address_is_used(town: Town) -> None:
    browser = master(town)
    endpoint = {
        "scope": ["https://purl.imsglobal.org/spec/lti-ags/scope/score"],
        "lineitem": f"{town.lms_url}/north/ags/2/lineitems/9999/lineitem?type_id=7",
    }
    browser.launch("north", "candidate", MODULE, ags=endpoint)
    again(town)
    assert any("/9999/" in one["detail"]["request"]["address"] for one in log(town, "scores"))
    browser.launch("north", "candidate", MODULE)
    with later(3600):
        again(town)
    assert share(town, "north", "candidate", MODULE) == 1


@pytest.mark.checklist("LI-03", "LI-04")
def test_a_missing_column_is_looked_for_and_made_once(town: Town) -> None:
    master(town, "south", activity="programmatic")
    coordinator, observer = town.browser(), town.browser()
    coordinator.launch("south", "coordinator", "programme")
    observer.launch("south", "observer", "observation")
    address = ready(town, "south")
    rate(town, observer, address, plan(coordinator, address, CANDIDATE["south"], OBSERVER["south"]), level=3)
    again(town)
    made = [one for one in log(town, "lineitems", "south") if one["detail"]["request"]["method"] == "POST"]
    looked = [one for one in log(town, "lineitems", "south") if one["detail"]["request"]["method"] == "GET"]
    assert len(made) == 1
    assert looked
    assert looked[0]["id"] < made[0]["id"]
    body = made[0]["detail"]["request"]["body"]
    assert body["label"].strip()
    assert body["scoreMaximum"] > 0
    assert body["resourceId"]
    assert body["tag"]
    assert made[0]["detail"]["request"]["content_type"].startswith("application/vnd.ims.lis.v2.lineitem+json")
    assert looked[0]["detail"]["request"]["accept"] == "application/vnd.ims.lis.v2.lineitemcontainer+json"
    with town.app.app_context(), base.across_organisations("a test"), base.transactional() as session:
        session.execute(update(Placement).values(own_lineitem_url=None))
    with later(60):
        again(town)
    assert len([one for one in log(town, "lineitems", "south") if one["detail"]["request"]["method"] == "POST"]) == 1
    assert share(town, "south", "candidate", "programmatic") == 1


# --- scores ---------------------------------------------------------------------------------------------------------------


@pytest.mark.checklist("SC-01", "SC-02", "SC-07", "SC-08", "SC-09", "SC-11")
def test_a_score_is_what_the_standard_and_moodle_want(town: Town) -> None:
    master(town)
    again(town)
    sent = posted(town, "11")[-1]["detail"]["request"]
    assert re.fullmatch(r"/north/ags/2/lineitems/\d+/lineitem/scores\?type_id=7", sent["address"])
    assert sent["content_type"] == "application/vnd.ims.lis.v1.score+json"
    body = sent["body"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,6}Z", body["timestamp"])
    assert body["userId"] == "11"
    assert "scoringUserId" not in body
    assert (body["activityProgress"], body["gradingProgress"]) == ("Completed", "FullyGraded")
    assert (body["scoreGiven"], body["scoreMaximum"]) == (1, 1)
    assert not body.get("comment")
    assert set(body) <= {
        "userId",
        "timestamp",
        "activityProgress",
        "gradingProgress",
        "scoreGiven",
        "scoreMaximum",
        "comment",
        "submission",
    }


@pytest.mark.checklist("SC-03", "SC-04")
def test_every_send_is_strictly_newer_by_a_whole_second_for_moodle(town: Town) -> None:
    master(town)
    for _ in range(4):
        again(town)
    column = posted(town, "11")[-1]["detail"]["request"]["address"]
    mine = [one["detail"]["request"] for one in posted(town, "11")]
    stamps = [datetime.fromisoformat(one["body"]["timestamp"]) for one in mine if one["address"] == column]
    assert len(stamps) >= 4
    assert all(two - one >= timedelta(seconds=1) for one, two in itertools.pairwise(stamps))
    assert share(town, "north", "candidate", MODULE) == 1


def test_SC_03_a_clock_that_steps_back_and_two_workers_keep_the_order(town: Town) -> None:
    master(town)
    again(town)
    with time_machine.travel(datetime.now(UTC) - timedelta(minutes=10), tick=True), town.app.app_context():
        with base.across_organisations("a test"), base.transactional() as session:
            session.execute(
                update(ScorePublication).values(
                    state="waiting", next_at=base.now(), last_payload_hash="", wanted=ScorePublication.wanted + 1
                )
            )
        workers = [threading.Thread(target=town.deliver) for _ in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    by_cell: dict[tuple[str, str], list[str]] = {}
    for one in log(town, "scores"):
        if one["status"] >= 400:
            continue  # a token that the platform no longer took; the same score is sent once more with a new one
        by_cell.setdefault((one["detail"]["request"]["address"], one["detail"]["request"]["body"]["userId"]), []).append(
            one["detail"]["request"]["body"]["timestamp"]
        )
    assert by_cell
    for cell, stamps in by_cell.items():
        assert stamps == sorted(set(stamps)), cell


def test_SC_04_a_newer_grade_of_the_platform_is_read_back_and_never_overwritten_blindly(town: Town) -> None:
    browser = master(town)
    again(town)
    town.lms("north").call("grade", {"persona": "candidate", "activity": MODULE, "score": 3})
    with time_machine.travel(datetime.now(UTC) - timedelta(minutes=30), tick=True):
        with town.app.app_context(), base.across_organisations("a test"), base.transactional() as session:
            session.execute(
                update(ScorePublication).values(
                    state="waiting", next_at=base.now(), last_payload_hash="", last_timestamp=None, wanted=ScorePublication.wanted + 1
                )
            )
        town.deliver()
    posts = len(bodies(town))
    assert log(town, "results")
    town.deliver()
    assert len(bodies(town)) == posts
    assert "held" in {row.state for row in publications(town)}
    coordinator = town.browser()
    page = coordinator.launch("north", "coordinator", "programme")
    course = "/".join(page.path.split("/")[:3])
    assert "Amina" in coordinator.get(f"{course}/grades").text
    assert browser is not None


def test_SC_05_open_edx_says_stale_with_400_and_an_equal_time_after_a_retry_is_done(town: Town) -> None:
    master(town, "south")
    again(town)
    assert share(town, "south", "candidate", MODULE) == 1
    again(town)
    assert {row.state for row in publications(town, "south")} <= {"done"}


@pytest.mark.checklist("SC-06", "SC-10", "SC-13")
def test_nothing_but_a_final_score_ever_reaches_a_platform_that_wipes(town: Town) -> None:
    master(town, persona="second")
    again(town)
    for body in bodies(town):
        assert body["gradingProgress"] == "FullyGraded"
        assert body["scoreGiven"] >= 0
        assert body["scoreMaximum"] > 0


def test_SC_12_a_score_without_a_submission_says_nothing_of_one(town: Town) -> None:
    master(town)
    again(town)
    assert all("submission" not in body for body in bodies(town))


@pytest.mark.parametrize(
    ("fault", "options"),
    [("throttle", {"retry_after": 1}), ("error", {"status": 500}), ("error", {"status": 503}), ("error", {"status": 502})],
)
def test_SC_14_trouble_that_passes_is_waited_out(town: Town, fault: str, options: dict[str, int]) -> None:
    master(town)
    town.lms("north").fault(fault, where="scores", times=1, **options)
    again(town)
    for wait in (10, 60, 600):
        with later(wait):
            town.deliver()
    assert share(town, "north", "candidate", MODULE) == 1
    assert {row.state for row in publications(town)} == {"done"}


def test_SC_14_the_web_request_does_not_wait_for_the_lms(town: Town) -> None:
    town.lms("north").fault("slow", where="all", seconds=5.0, times=50)
    began = datetime.now(UTC)
    browser = town.browser()
    course = ready(town, "south")
    browser.launch("south", "second", MODULE)
    take_the_check(town, "south", browser, course)
    assert datetime.now(UTC) - began < timedelta(seconds=5)
    town.lms("north").call("faults", {"clear": True})


def test_SC_14_a_grade_outlives_a_platform_that_is_down_and_is_shown_to_staff(town: Town) -> None:
    master(town)
    town.lms("north").fault("down", times=1000)
    again(town)
    coordinator = town.browser()
    town.lms("north").call("faults", {"clear": True})
    page = coordinator.launch("north", "coordinator", "programme")
    course = "/".join(page.path.split("/")[:3])
    waiting: Response = coordinator.get(f"{course}/grades")
    assert waiting.status == 200
    assert "503" in waiting.text
    with later(7200):
        town.deliver()
    assert share(town, "north", "candidate", MODULE) == 1


def test_SC_15_somebody_the_gradebook_has_no_row_for_is_a_refusal_that_staff_can_read(town: Town) -> None:
    browser = master(town)
    learner = ["http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"]
    coordinator = town.browser()
    page = coordinator.launch("north", "coordinator", "programme")
    course = "/".join(page.path.split("/")[:3])
    stray = town.browser()
    page = stray.launch("north", "candidate", MODULE, sub="4711", roles=learner, name="Stray Enrolment")
    take_the_check(town, "north", stray, course)
    again(town)
    posts = len(log(town, "scores"))
    for wait in (60, 7200):
        with later(wait):
            town.deliver()
    assert len(log(town, "scores")) == posts
    shown = coordinator.get(f"{course}/grades").text
    assert "Incorrect score received" in shown
    assert "Stray Enrolment" in shown
    assert browser is not None


def test_scores_are_plain_json_numbers(town: Town) -> None:
    master(town)
    again(town)
    assert "NaN" not in json.dumps(bodies(town))
