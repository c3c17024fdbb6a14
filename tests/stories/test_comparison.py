# SPDX-License-Identifier: Apache-2.0
"""A manual grade in the gradebook survives our next delivery, and staff see why."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from lti_mentoring.settings import Settings
from lti_mentoring.store.privacy import AuditEvent
from support.driver import Browser, Form, Response
from support.journey import ready
from support.live import Town, town
from support.station import Station, later

MODULE = "module-m1"


@pytest.fixture(params=["sqlite", "postgresql"])
def live(
    request: pytest.FixtureRequest, make_settings: Callable[..., Settings], empty_database: Path, tmp_path: Path
) -> Iterator[Town]:
    """A town on each database."""
    changes = {"database_url": request.getfixturevalue("fresh_postgres_url")} if request.param == "postgresql" else {}
    with town(make_settings, empty_database, tmp_path, **changes) as made:
        yield made


@pytest.fixture
def north(live: Town) -> Station:
    """A Moodle whose candidate has finished module 1; the grade has arrived, 10 of 10."""
    made = Station(live, "north")
    made.launch("candidate", MODULE)
    made.attempt(made.person_id("candidate"))
    made.deliver()
    assert made.share() == 1
    return made


class Desk:
    """The coordinator at the page of compared grades."""

    def __init__(self, station: Station) -> None:
        self.station, self.browser = station, Browser(station.town.tool_url, lms_url=station.town.lms_url)
        self.course = ready(station.town, station.site.key)
        self.browser.launch(station.site.key, "coordinator", "programme")

    def page(self) -> Response:
        """As it stands now."""
        page = self.browser.get(f"{self.course}/grades/compared")
        assert page.status == 200, page.text
        return page

    def forms(self, ending: str) -> list[Form]:
        """The buttons of a kind."""
        return [one for one in self.page().forms if one.action.endswith(ending)]

    def click(self, ending: str) -> Response:
        """The click about the candidate's grade, or about its column."""
        row = self.station.row()
        assert row is not None
        wanted = {row.id, row.placement_id}
        return self.browser.submit(next(one for one in self.forms(ending) if wanted & {*one.fields.values()}))


def verbs(station: Station) -> list[str]:
    """What the record says of scores and columns, oldest first."""
    with station.inside() as session:
        kinds = ("retry", "set_aside", "hold", "ask_comparison", "compare")
        return list(session.scalars(select(AuditEvent.verb).where(AuditEvent.verb.in_(kinds)).order_by(AuditEvent.at, AuditEvent.id)))


@pytest.mark.checklist("SC-16", "RS-02")
def test_a_teachers_grade_survives_our_next_delivery_and_staff_see_why(north: Station) -> None:
    desk = Desk(north)
    north.lms.grade_by_hand(MODULE, "candidate", 6)
    assert north.compare() == 1
    page = desk.page().text
    assert "changed in the LMS" in page
    assert "most likely a teacher’s own" in page
    assert "6 of 10" in page
    # A new result of ours: points now, and no longer complete or not.
    north.change(MODULE, grading="points")
    with later(minutes=1):
        north.deliver()
        assert north.share() == 0.6, "the teacher's grade stands"
        row = north.row()
        assert row is not None
        assert (row.state, row.fault, row.given) == ("held", "teacher_grade", 95)
        page = desk.page().text
        assert "waits for you" in page
        assert "Somebody changed this grade in the LMS" in page
        assert "95 of 100" in page
        assert "6 of 10" in page
    assert len(north.scores()) == 1, "nothing was sent over it"


@pytest.mark.checklist("SC-16")
def test_keep_theirs_is_one_click_and_holds_until_there_is_a_new_result(north: Station) -> None:
    desk = Desk(north)
    north.lms.grade_by_hand(MODULE, "candidate", 6)
    north.compare()
    assert "What the LMS holds stands." in desk.click("/keep").text
    assert "left as it is" in desk.page().text
    north.compare()
    assert "left as it is" in desk.page().text, "the next night changes nothing"
    assert verbs(north)[-3:] == ["compare", "set_aside", "compare"]
    north.change(MODULE, grading="points")
    with later(minutes=1):
        north.deliver()
        assert "waits for you" in desk.page().text
    assert north.share() == 0.6


@pytest.mark.checklist("SC-16")
def test_send_ours_goes_over_what_staff_have_seen_and_over_nothing_else(north: Station) -> None:
    desk = Desk(north)
    north.lms.grade_by_hand(MODULE, "candidate", 6)
    north.compare()
    desk.click("/send")
    north.lms.grade_by_hand(MODULE, "candidate", 7)  # the teacher comes back before ours goes out
    with later(minutes=1):
        north.deliver()
        row = north.row()
        assert row is not None
        assert (row.state, row.lms_given) == ("held", 7), "they had seen 6 of 10"
        desk.click("/send")
        north.deliver()
        assert len(north.scores()) == 2
    with later(minutes=5):
        north.compare(night=False)
        # Moodle says yes and keeps what a teacher has overridden: the look after the click says so.
        page = desk.page().text
        assert "changed in the LMS" in page
        assert "7 of 10" in page


def test_a_click_about_what_is_no_longer_so_does_nothing(north: Station) -> None:
    desk = Desk(north)
    north.lms.grade_by_hand(MODULE, "candidate", 6)
    north.compare()
    (old,) = desk.forms("/send")
    north.lms.grade_by_hand(MODULE, "candidate", 7)
    north.compare()
    answer = desk.browser.submit(old)
    assert answer.status == 409
    assert "has changed since you loaded the page" in answer.text
    row = north.row()
    assert row is not None
    assert row.state == "done"
    assert "retry" not in verbs(north)


@pytest.mark.checklist("SC-16")
def test_staff_have_a_column_read_when_they_want_and_once_a_minute(north: Station) -> None:
    desk = Desk(north)
    assert "not looked at yet" in desk.page().text
    asked = desk.click("/ask")
    assert "The gradebook is being read." in asked.text
    assert "being read" in desk.page().text
    assert north.town.app.extensions["errands"].step("reconciliation"), "it is an errand of the worker"
    page = desk.page().text
    assert "one person has the same on both sides" in page
    assert "all the same" in page
    again = desk.click("/ask")
    assert again.status == 409
    assert "less than a minute ago" in again.text
    with later(minutes=2):
        desk.click("/ask")
        assert north.compare(night=False) == 1
    assert verbs(north) == ["ask_comparison", "compare", "ask_comparison", "compare"]


@pytest.mark.checklist("SC-16")
def test_a_grade_that_was_cleared_in_the_lms_is_sent_again_by_one_click(north: Station) -> None:
    desk = Desk(north)
    north.lms.grade_by_hand(MODULE, "candidate", None)
    north.compare()
    assert "missing there" in desk.page().text
    desk.click("/send")
    with later(minutes=1):
        north.deliver()
        assert len(north.scores()) == 2
    row = north.row()
    assert row is not None
    assert row.state == "done"
