# SPDX-License-Identifier: Apache-2.0
"""Columns of our own, and what becomes of the comparison where an LMS is large, has lost a column, locks a grade, or knows somebody no
longer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select, update

from lti_mentoring.demo.site import NORTH, SOUTH
from lti_mentoring.domain.delivery import MOST_SERVER_FAULTS
from lti_mentoring.domain.people import Actor
from lti_mentoring.services import comparison
from lti_mentoring.settings import Settings
from lti_mentoring.store import base
from lti_mentoring.store.people import Placement
from support.driver import Response
from support.journey import CANDIDATE, OBSERVER, plan, rate, ready
from support.live import Town, town
from support.station import Station, crowded, later

MODULE, OVERVIEW = "module-m1", "overview"
LINEITEM = "application/vnd.ims.lis.v2.lineitem+json"


@pytest.fixture
def north(live: Town) -> Station:
    """A Moodle whose candidate has finished module 1."""
    made = Station(live, "north")
    made.launch("candidate", MODULE)
    made.attempt(made.person_id("candidate"))
    made.deliver()
    return made


def page_of(station: Station) -> str:
    """What the coordinator reads of the compared grades."""
    course = ready(station.town, station.site.key)
    browser = station.town.browser()
    browser.launch(station.site.key, "coordinator", "programme")
    return browser.get(f"{course}/grades/compared").text


def choose(station: Station, activity: str, **form: str | None) -> Response:
    """The coordinator changes an activity on the page of activities."""
    ready(station.town, station.site.key)
    browser = station.town.browser()
    course = browser.launch(station.site.key, "coordinator", activity).path.split("/")[2]
    page = browser.get(f"/courses/{course}/activities")
    with station.inside() as session:
        link = station.site.resource_link_id(station.site.activity(activity))  # type: ignore[arg-type]
        place = session.scalars(select(Placement.id).where(Placement.resource_link_id == link)).one()
    return browser.submit(page.form(f"/activities/{place}"), **form)


def methods(station: Station, kind: str) -> list[str]:
    """How the tool has asked for columns."""
    return [one["detail"]["request"]["method"] for one in station.lms.messages(kind)]


# --- reading back -----------------------------------------------------------------------------------------------------------------


@pytest.mark.checklist("LI-05", "RS-01", "SC-16")
def test_a_large_column_is_read_page_by_page_along_the_lmss_own_links(
    make_settings: Callable[..., Settings], empty_database: Path, tmp_path: Path
) -> None:
    with town(make_settings, empty_database, tmp_path, played=[crowded(NORTH, 25)]) as made:
        station = Station(made, "north")
        station.launch("candidate", MODULE)
        station.enrol(MODULE)
        station.deliver()
        station.lms.fault("small_pages", "results", size=4)
        assert station.compare() == 1
        asked = [one["detail"]["request"] for one in station.lms.messages("results")]
        assert len(asked) == 7
        assert all(one["accept"] == "application/vnd.ims.lis.v2.resultcontainer+json" for one in asked)
        assert all("type_id=" in one["address"] and "limit" not in one["address"] for one in asked)
        assert len({one["address"] for one in asked}) == 7
        with station.inside():
            coordinator = _staff(station)
            (column,) = comparison.page(actor=coordinator).columns
        assert (column.agreeing, column.differing, column.state) == (25, 0, "done")


def _staff(station: Station) -> Actor:
    """Somebody who coordinates the course."""
    place = base.session().scalars(select(Placement).where(Placement.part_of.is_(None)).limit(1)).one()
    return Actor(station.org_id, "nobody", place.course_id, "", frozenset({"coordinator"}), place.registration_id)


@pytest.mark.checklist("RS-03", "RS-01")
def test_open_edx_is_read_without_limit_or_filter_and_its_columns_have_whole_maxima(live: Town) -> None:
    south = Station(live, "south")
    south.launch("candidate", "programmatic", MODULE)
    south.change("programmatic", item="module:M1")
    south.attempt(south.person_id("candidate"))
    south.deliver()
    assert south.compare() == 2
    for one in south.lms.messages("results"):
        assert one["status"] == 200
        assert "?" not in one["detail"]["request"]["address"]
    made = [one["detail"]["request"]["body"] for one in south.lms.messages("lineitems") if one["detail"]["request"]["method"] == "POST"]
    assert [(one["scoreMaximum"], one["resourceId"]) for one in made] == [(1, "module:M1")]
    assert "all the same" in page_of(south)


# --- columns of our own -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def own(north: Station) -> Station:
    """The same, and a second place for module 1, whose column we made ourselves."""
    north.launch("candidate", OVERVIEW)
    north.change(OVERVIEW, item="module:M1", item_source="coordinator")
    north.deliver()
    assert north.lms.columns()["module:M1"]["label"] == "About this programme"
    return north


@pytest.mark.checklist("LI-06", "LI-08", "LI-09", "LI-11")
def test_our_own_column_follows_its_activitys_name_and_nothing_else_of_it_changes(own: Station) -> None:
    before = own.lms.columns()["module:M1"]
    own.change(OVERVIEW, title="What to do first")
    own.compare()
    after = own.lms.columns()["module:M1"]
    assert after == before | {"label": "What to do first"}
    (put,) = [one["detail"]["request"] for one in own.lms.messages("lineitem") if one["detail"]["request"]["method"] == "PUT"]
    assert put["content_type"].startswith(LINEITEM)
    assert put["body"]["id"] == before["url"]
    assert set(put["body"]) <= {"id", "label", "scoreMaximum", "resourceId", "tag", "resourceLinkId"}
    own.compare()
    assert methods(own, "lineitem").count("PUT") == 1


def test_a_teachers_name_for_our_column_stays(own: Station) -> None:
    own.lms.call("column", {"column": own.lms.columns()["module:M1"]["column"], "label": "First steps (Henrik)"})
    own.change(OVERVIEW, title="What to do first")
    for _ in range(2):
        own.compare()
    assert own.lms.columns()["module:M1"]["label"] == "First steps (Henrik)"
    assert "PUT" not in methods(own, "lineitem")


@pytest.mark.checklist("SC-16", "LI-10")
def test_a_teachers_grade_in_our_own_column_is_not_written_over(own: Station) -> None:
    """Moodle would let us: in a column that a tool has made, a later score goes over a teacher's without a word."""
    number = own.lms.columns()["module:M1"]["column"]
    own.lms.call("grade", {"column": number, "persona": "candidate", "score": 0.5})
    own.change(OVERVIEW, grading="points")
    with later(minutes=1):
        own.deliver()
    row = own.row(OVERVIEW)
    assert row is not None
    assert (row.state, row.fault, row.lms_given) == ("held", "teacher_grade", 0.5)
    (cell,) = [one for one in own.lms.state(log=False)["gradebook"] if one["column"] == number]
    assert cell["score"] == 0.5


@pytest.mark.checklist("LI-10", "LI-04", "LI-07")
def test_modules_and_competencies_get_columns_beside_the_one_sum_and_none_is_ever_deleted(own: Station) -> None:
    page = choose(own, OVERVIEW, item="programme", beside="1")
    assert page.status == 200
    with own.inside() as session:
        parts = set(session.scalars(select(Placement.item).where(Placement.item_source == "part")))
    # Module 1 has its place in the course already, so it gets no second column.
    assert parts
    assert all(one.startswith("competency:") for one in parts)
    course = ready(own.town, "north")
    coordinator, observer = own.town.browser(), own.town.browser()
    coordinator.launch("north", "coordinator", "programme")
    observer.launch("north", "observer", "observation")
    rate(own.town, observer, course, plan(coordinator, course, CANDIDATE["north"], OBSERVER["north"]), level=3)
    with later(minutes=1):
        own.deliver()
        own.deliver()
    own.compare(night=False)  # the activity opens something else, so our column is about something else
    columns = own.lms.columns()
    assert parts <= set(columns)
    assert {columns[one]["tag"] for one in parts} == {"competency"}
    assert {columns[one]["resource_link_id"] for one in parts} == {None}
    cells = {one["column"]: one for one in own.lms.state(log=False)["gradebook"]}
    assert [(cells[columns[one]["column"]]["score"], columns[one]["maximum"]) for one in parts] == [(75, 100)] * len(parts)
    assert cells[columns["programme"]["column"]]["score"] == 1, "and the one sum beside them"
    # Without the tick they are no longer filled, and what stands in them stays.
    choose(own, OVERVIEW, item="programme", beside=None)
    with own.inside() as session:
        assert set(session.scalars(select(Placement.item_source).where(Placement.part_of.is_not(None)))) == {"part_off"}
    assert parts <= set(own.lms.columns())
    assert "DELETE" not in methods(own, "lineitem")


def test_a_copied_course_finds_its_columns_again(own: Station) -> None:
    count = len(own.lms.state(log=False)["columns"])
    with own.inside(), base.transactional() as session:  # as the copy begins: nobody here knows of any column
        session.execute(update(Placement).values(own_lineitem_url=None, own_label=""))
    own.change(OVERVIEW, grading="points")
    with later(minutes=1):
        own.deliver()
    assert len(own.lms.state(log=False)["columns"]) == count
    assert own.row(OVERVIEW).state == "done"  # type: ignore[union-attr]


@pytest.mark.checklist("LI-10")
def test_where_the_lms_has_one_cell_no_columns_beside_it_are_offered(live: Town) -> None:
    assert SOUTH.profile.client_per_placement
    south = Station(live, "south")
    choose(south, "programmatic", item="programme", beside="1")
    with south.inside() as session:
        assert not session.scalars(select(Placement.id).where(Placement.part_of.is_not(None))).all()


# --- what goes wrong ----------------------------------------------------------------------------------------------------------------


def test_a_column_that_was_deleted_is_said_in_words_and_ours_is_made_again_by_one_click(own: Station) -> None:
    own.lms.call("column", {"column": own.lms.columns()["module:M1"]["column"]})
    own.compare()
    text = page_of(own)
    assert "The gradebook column is gone" in text
    assert "doesn" in text, "the LMS's own words"
    own.change(OVERVIEW, grading="points")
    with later(minutes=1):
        own.deliver()
    assert own.row(OVERVIEW).fault == "column_gone"  # type: ignore[union-attr]
    with own.inside():
        staff = _staff(own)
        columns = comparison.page(actor=staff).columns
        line = next(line for column in columns for line in column.lines if line.fault == "column_gone")
        comparison.send_ours(actor=staff, line=line.id, seen=line.seen)
    with later(minutes=2):
        own.deliver()
    assert "module:M1" in own.lms.columns()
    assert own.row(OVERVIEW).state == "done"  # type: ignore[union-attr]


def test_a_gradebook_that_moved_gets_its_columns_at_the_new_address(own: Station) -> None:
    """What we made at the old address is looked for at the new one, and not asked for again where it was."""
    endpoint = own.town.lms_url + "/north/ags/2/lineitems?type_id=7&again=1"
    with own.inside() as session:
        scopes = session.scalars(select(Placement.ags_scopes).where(Placement.own_lineitem_url.is_not(None))).one()
    own.town.browser().launch("north", "candidate", OVERVIEW, ags={"scope": scopes, "lineitems": endpoint})
    with own.inside() as session:
        assert session.scalars(select(Placement.own_lineitem_url).where(Placement.lineitems_url == endpoint)).all() == [None]
    count = len(own.lms.state(log=False)["columns"])
    own.change(OVERVIEW, grading="points")
    with later(minutes=1):
        own.deliver()
    assert len(own.lms.state(log=False)["columns"]) == count
    assert own.row(OVERVIEW).state == "done"  # type: ignore[union-attr]


def test_a_locked_grade_is_given_up_after_a_while_and_the_page_says_what_it_may_be(north: Station) -> None:
    """Moodle answers 500 to a score for a locked grade."""
    north.lms.fault("error", "scores", status=500, times=100)
    north.change(MODULE, grading="points")
    for number in range(MOST_SERVER_FAULTS + 2):
        with later(hours=2 * number):
            north.town.resume()
            north.deliver()
    row = north.row()
    assert row is not None
    assert (row.state, row.status) == ("refused", 500)
    text = page_of(north)
    assert "waits for you" in text
    assert "The LMS had a fault of its own" in text
    assert "the gradebook may be locked" in text


def test_somebody_whom_the_lms_grades_no_longer_is_told_from_a_difference(north: Station) -> None:
    north.lms.fault("not_gradable", "scores", persona="candidate")
    north.change(MODULE, grading="points")
    with later(minutes=1):
        north.deliver()
    north.compare()
    text = page_of(north)
    assert "waits for you" in text
    assert "The LMS does not grade these people" in text
    assert north.share() == 1, "what stood there stands"
    with later(days=1):
        assert north.row().state == "refused"  # type: ignore[union-attr]


@pytest.mark.parametrize(("fault", "words"), [("down", "being read"), ("gone", "The gradebook column is gone")])
def test_an_lms_that_does_not_tell_is_asked_again_and_no_verdict_is_made_up(north: Station, fault: str, words: str) -> None:
    north.lms.fault(fault, "results")
    north.compare()
    assert words in page_of(north)
    row = north.row()
    assert row is not None
    assert row.compared == "", "nothing is known, so nothing is said"
    north.lms.clear()
    with later(hours=1):
        north.compare(night=fault == "gone")
        assert "all the same" in page_of(north)
