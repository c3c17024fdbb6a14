# SPDX-License-Identifier: Apache-2.0
"""The pocket LMS's gradebook and roster: media types, scopes and each family's own rules."""

from __future__ import annotations

import re
from typing import Any

import pytest

from lti_mentoring.demo.gradebook import ITEM, ITEMS, RESULTS, SCORE_TYPE
from lti_mentoring.demo.roster import MEMBERS
from lti_mentoring.demo.site import NORTH, RESULT_READ, SOUTH
from support.little_tool import Wire


@pytest.fixture
def moodle(tool) -> Wire:
    return Wire(tool, NORTH)


@pytest.fixture
def openedx(tool) -> Wire:
    return Wire(tool, SOUTH)


def test_a_score_stands_in_the_gradebook_scaled_to_the_column(moodle, north):
    assert moodle.score(comment="Well seen").status_code == 200
    cell = north.cell("programme", "candidate")
    assert (cell["score"], cell["maximum"], cell["comment"]) == (100, 100, "Well seen")
    assert moodle.results()[0]["resultScore"] == 100


@pytest.mark.parametrize(("at", "status"), [("10:00:00.900Z", 409), ("09:59:59.000Z", 409), ("10:00:01.000Z", 200)])
def test_moodle_wants_whole_seconds_that_are_strictly_newer(moodle, at, status):
    moodle.score()
    answer = moodle.score(timestamp=f"2026-03-01T{at}", scoreGiven=0)
    assert answer.status_code == status
    if status == 409:
        assert answer.reason.startswith("Refusing score with an earlier timestamp")
        assert answer.json()["reason"] == answer.reason


@pytest.mark.parametrize("change", [{"gradingProgress": "Pending"}, {"scoreGiven": "leave out"}])
def test_moodle_wipes_the_grade_on_anything_but_a_final_score(moodle, north, change):
    moodle.score(comment="kept?")
    assert moodle.score(timestamp="2026-03-01T11:00:00Z", **change).status_code == 200
    cell = north.cell("programme", "candidate")
    assert cell["score"] is None
    assert cell["comment"] is None
    assert "resultScore" not in moodle.results()[0]


@pytest.mark.parametrize("persona", ["observer", "administrator", "nobody-known"])
def test_moodle_takes_no_grade_for_somebody_who_is_no_learner(moodle, persona):
    answer = moodle.score(persona)
    assert answer.status_code == 400
    assert answer.reason == "Incorrect score received"


@pytest.mark.parametrize(
    "change",
    [
        {"timestamp": "2026-03-01"},
        {"timestamp": "2026-03-01T10:00:00"},
        {"scoreMaximum": "leave out"},
        {"scoreGiven": -1},
        {"scoreGiven": "1"},
        {"activityProgress": "Banana"},
        {"gradingProgress": "leave out"},
        {"userId": 11},
    ],
)
def test_a_score_that_is_not_to_the_letter_is_refused(moodle, change):
    assert moodle.score(**change).status_code == 400


def test_a_teachers_grade_stays_and_moodle_says_yes_all_the_same(moodle, north):
    moodle.score()
    north.grade_by_hand("programme", "candidate", 55)
    assert moodle.score(timestamp="2020-01-01T00:00:00Z").status_code == 409
    assert moodle.score(timestamp="2099-01-01T00:00:00Z").status_code == 200
    assert north.cell("programme", "candidate")["score"] == 55
    assert moodle.results()[0]["resultScore"] == 55


@pytest.mark.parametrize("accept", ["application/json", "*/*", None])
def test_moodle_knows_its_own_media_types_only(moodle, accept):
    assert moodle.send("GET", moodle.container, headers={"Accept": accept}).status_code == 400
    assert moodle.send("POST", moodle.container, json={}, headers={"Content-Type": "application/json"}).status_code == 400
    assert moodle.score(media="application/json").status_code == 400
    assert moodle.score(media=f"{SCORE_TYPE}; charset=utf-8").status_code == 200


def test_open_edx_answers_406_and_415(openedx):
    assert openedx.send("GET", openedx.container, headers={"Accept": "application/json"}).status_code == 406
    assert openedx.score(media="application/json").status_code == 415


def test_moodle_looks_for_its_tool_type_on_every_address(moodle):
    item = moodle.item
    bare = item.partition("?")[0]
    assert moodle.score(item=bare).status_code == 400
    behind = moodle.send("POST", f"{item}/scores", json={}, headers={"Content-Type": SCORE_TYPE})
    assert behind.status_code in {400, 405}


@pytest.mark.parametrize(("site", "status"), [(NORTH, 401), (SOUTH, 403)])
def test_a_token_that_is_no_good_is_401_on_moodle_and_403_on_open_edx(tool, site, status):
    wire = Wire(tool, site)
    for token in (None, "garbage"):
        assert wire.send("GET", wire.container, token=token, headers={"Accept": ITEMS}).status_code == status
    results_only = Wire(tool, site, scopes=RESULT_READ)
    assert results_only.send("GET", wire.container, headers={"Accept": ITEMS}).status_code == status


def test_open_edx_has_an_address_for_the_result_of_one_person_and_moodle_a_filter(moodle, openedx):
    for wire, persons in ((openedx, 200), (moodle, 404)):
        wire.score()
        sub = wire.results()[0]["userId"]
        one = wire.send("GET", wire.part(f"results/{sub}"), headers={"Accept": RESULTS})
        assert one.status_code == persons
    assert [found["userId"] for found in openedx.send("GET", openedx.part(f"results/{sub}x"), headers={"Accept": RESULTS}).json()] == []


def test_a_token_of_one_placement_reaches_no_other(tool, openedx):
    other = Wire(tool, SOUTH, "observation")
    assert openedx.send("GET", other.container, headers={"Accept": ITEMS}).status_code == 404


def test_open_edx_refuses_an_older_or_equal_time_in_its_own_words(openedx):
    assert openedx.score().status_code == 201
    equal = openedx.score()
    assert (equal.status_code, equal.json()) == (400, {"timestamp": ["Score already exists for the provided timestamp"]})
    older = openedx.score(timestamp="2026-03-01T09:59:59.999Z")
    assert older.json() == {"timestamp": ["Score timestamp can only be updated to a later point in time"]}
    assert openedx.score(timestamp="2026-03-01T10:00:00.001Z").status_code == 201


def test_open_edx_publishes_final_scores_only_and_keeps_what_was_published(openedx, south):
    openedx.score(gradingProgress="PendingManual", timestamp="2026-03-01T09:00:00Z")
    assert south.cell("programme", "candidate")["score"] is None
    openedx.score()
    openedx.score(gradingProgress="Pending", scoreGiven="leave out", timestamp="2026-03-01T11:00:00Z")
    assert south.cell("programme", "candidate")["score"] == 100


def test_open_edx_breaks_on_a_user_that_it_does_not_know(openedx):
    assert openedx.score("nobody-known").status_code == 500


def test_open_edx_wants_whole_maximums_and_never_deletes(tool):
    wire = Wire(tool, SOUTH, "programmatic")
    body = {"label": "Programme", "scoreMaximum": 10.5, "resourceId": "programme"}
    headers = {"Content-Type": ITEM}
    assert wire.send("POST", wire.container, json=body, headers=headers).json() == {"scoreMaximum": ["A valid integer is required."]}
    made = wire.send("POST", wire.container, json={**body, "scoreMaximum": 10}, headers=headers)
    assert made.status_code == 201
    assert wire.send("DELETE", made.json()["id"]).status_code == 403


def test_all_items_of_a_block_on_open_edx_share_one_cell(tool, south, browser):
    wire = Wire(tool, SOUTH, "programmatic")
    link = SOUTH.resource_link_id(SOUTH.activity("programmatic"))
    made = [
        wire.send(
            "POST",
            wire.container,
            json={"label": name, "scoreMaximum": 100, "resourceId": name, "resourceLinkId": link},
            headers={"Content-Type": ITEM},
        ).json()["id"]
        for name in ("one", "two")
    ]
    wire.score(item=made[0], scoreGiven=1)
    wire.score(item=made[1], scoreGiven=0.7)
    assert south.cell("programmatic", "candidate")["score"] == 70


def test_a_column_that_the_tool_makes_is_found_again_by_its_tag(moodle):
    body = {"label": "Modules", "scoreMaximum": 5, "resourceId": "m", "tag": "module"}
    made = moodle.send("POST", moodle.container, json=body, headers={"Content-Type": ITEM})
    assert made.status_code == 201
    assert moodle.items("tag=module") == [made.json()]
    assert moodle.items("resource_id=m&tag=other") == []
    replaced = moodle.send("PUT", made.json()["id"], json={"label": "M", "scoreMaximum": 6}, headers={"Content-Type": ITEM})
    assert "tag" not in replaced.json()  # what is not repeated is gone
    assert moodle.send("DELETE", made.json()["id"]).status_code == 204


def test_a_second_column_of_one_link_makes_moodle_announce_none(tool, moodle, browser):
    link = NORTH.resource_link_id(moodle.activity)
    body = {"label": "Second", "scoreMaximum": 5, "resourceLinkId": link}
    assert moodle.send("POST", moodle.container, json=body, headers={"Content-Type": ITEM}).status_code == 201
    answer = moodle.send("POST", moodle.container, json={**body, "resourceLinkId": "999"}, headers={"Content-Type": ITEM})
    assert answer.status_code == 404
    assert 'lineitem"' not in browser.login("north", "candidate", "programme").text


def test_moodles_links_are_typographic_when_a_limit_is_asked_for(moodle):
    answer = moodle.send("GET", f"{moodle.container}&limit=1", headers={"Accept": ITEMS})
    assert "rel=“next”" in answer.headers["Link"].encode("latin-1").decode()
    assert "&amp;" in answer.headers["Link"]
    assert moodle.send("GET", f"{moodle.part('results')}&limit=1", headers={"Accept": RESULTS}).status_code == 404


def _follow(wire: Wire, url: str, media: str) -> list[Any]:
    seen, pages = [], 0
    while url:
        answer = wire.send("GET", url, headers={"Accept": media})
        assert answer.status_code == 200, answer.text
        found = answer.json()
        seen += found["members"] if isinstance(found, dict) else found
        pages += 1
        match = re.search(r'<([^<>]+)>;[^,<]*rel="?next', answer.headers.get("Link", ""), re.IGNORECASE)
        url = match.group(1) if match else ""
    assert pages > 1
    return seen


@pytest.mark.parametrize("site", [NORTH, SOUTH])
def test_the_roster_comes_in_pages_whose_cursors_mind_their_case(tool, site):
    wire = Wire(tool, site)
    url = f"{tool.lms_url}/{site.key}/nrps/{site.service_scope(wire.activity)}/memberships?limit=3"
    members = _follow(wire, url, MEMBERS)
    assert len({one["user_id"] for one in members}) == len(members) == len([one for one in site.people if one.enrolled])
    first = wire.send("GET", url, headers={"Accept": MEMBERS}).headers["Link"]
    lowered = re.search("<([^<>]+cursor[^<>]+)>", first).group(1).lower()
    assert wire.send("GET", lowered, headers={"Accept": MEMBERS}).status_code == 400


def test_moodle_lists_short_roles_and_nobody_who_is_not_enrolled(moodle, tool):
    url = f"{tool.lms_url}/north/nrps/2/memberships"
    members = moodle.send("GET", url, headers={"Accept": MEMBERS}).json()["members"]
    assert {role for one in members for role in one["roles"]} == {"Learner", "Instructor"}
    assert "2" not in {one["user_id"] for one in members}
    assert "Link" not in moodle.send("GET", url, headers={"Accept": MEMBERS}).headers


def test_lists_can_be_forced_into_small_pages(moodle, north):
    north.fault("small_pages", "lineitems", size=2)
    assert len(_follow(moodle, moodle.container, ITEMS)) == len(
        [one for one in NORTH.activities if one.course == 2 and one.book == "column"]
    )
