# SPDX-License-Identifier: Apache-2.0
"""The pocket LMS misbehaves when told to, and counts what it is asked."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
import requests

from lti_mentoring.demo.faults import KINDS
from lti_mentoring.demo.gradebook import ITEM, ITEMS, RESULTS
from lti_mentoring.demo.lms import NotLoopback, create_lms
from lti_mentoring.demo.site import NORTH, SCORE, SOUTH
from support.driver import Lms
from support.little_tool import Wire


@pytest.fixture
def wire(tool) -> Wire:
    return Wire(tool, NORTH)


def test_too_many_requests_says_when_to_come_back(wire, north):
    item = wire.item
    north.fault("throttle", "scores", times=2, retry_after=7)
    answers = [wire.score(item=item, timestamp=f"2026-03-01T10:00:0{number}Z") for number in range(3)]
    assert [one.status_code for one in answers] == [429, 429, 200]
    assert answers[0].headers["Retry-After"] == "7"


def test_a_server_error_strikes_once_and_does_nothing(wire, north):
    item = wire.item
    north.fault("error", "ags")
    assert wire.score(item=item).status_code == 500
    assert north.cell("programme", "candidate") is None
    assert wire.score(item=item).status_code == 200


def test_down_stays_down_until_cleared(wire, north):
    item = wire.item
    made = north.fault("down", "all")["id"]
    assert [wire.score(item=item).status_code for _ in range(3)] == [503] * 3
    north.clear(made)
    assert wire.score(item=item).status_code == 200


def test_slow_answers_are_slow_and_right(wire, north):
    item = wire.item
    north.fault("slow", "scores", seconds=0.15)
    assert wire.score(item=item).elapsed.total_seconds() > 0.14


def test_an_html_page_with_status_200_has_no_effect(wire, north):
    item = wire.item
    north.fault("html", "scores")
    answer = wire.score(item=item)
    assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (200, "text/html")
    assert north.cell("programme", "candidate") is None


def test_a_share_of_requests_fails_and_the_same_seed_gives_the_same_row(wire, north):
    item, rows = wire.item, []
    for _ in range(2):
        made = north.fault("flaky", "scores", share=0.4, seed=7)["id"]
        rows.append([wire.score(item=item, timestamp="2026-03-01T10:00:00Z").status_code == 503 for _ in range(20)])
        north.clear(made)
    assert rows[0] == rows[1]
    assert 2 < sum(rows[0]) < 18


def test_retry_after_can_be_a_date_by_the_clock_of_the_lms(wire, north):
    item = wire.item
    north.fault("clock", seconds=3600)
    north.fault("throttle", "scores", retry_after=60, as_date=True)
    ahead = parsedate_to_datetime(wire.score(item=item).headers["Retry-After"]) - datetime.now(UTC)
    assert 3600 < ahead.total_seconds() <= 3661


def test_a_connection_reset_after_the_effect(wire, north):
    item = wire.item
    north.fault("reset", "scores")
    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        wire.score(item=item)
    assert north.cell("programme", "candidate")["score"] == 100


def test_a_black_hole_takes_the_request_does_nothing_and_never_answers(wire, north):
    item = wire.item
    north.fault("black_hole", "scores")
    ended: list[type] = []

    def ask():
        try:
            wire.score(item=item)
        except requests.ConnectionError as problem:
            ended.append(type(problem))

    thread = threading.Thread(target=ask)
    thread.start()
    north.wait(lambda state: state["held"])
    north.release()
    thread.join()
    assert ended == [requests.ConnectionError]
    assert north.cell("programme", "candidate") is None


def test_a_drip_is_a_whole_answer_byte_by_byte(wire, north):
    item = wire.item
    north.fault("drip", "lineitem", seconds=0)
    assert wire.send("GET", item, headers={"Accept": ITEM}).json()["id"] == item


@pytest.mark.parametrize(
    ("name", "site", "status", "words"),
    [
        ("quota", "north", 403, "Rate Limit Exceeded"),
        ("media_type", "north", 400, "No handler found"),
        ("media_type", "south", 415, "No handler found"),
        ("refused_token", "north", 401, "Unauthorized"),
        ("refused_token", "south", 403, "permission"),
        ("stale", "north", 409, "earlier timestamp"),
        ("stale", "south", 400, "later point in time"),
        ("deleted_column", "north", 404, "exist"),
        ("not_gradable", "north", 400, "Incorrect score received"),
        ("closed_course", "north", 422, "concluded"),
    ],
)
def test_a_trouble_answers_in_the_words_of_its_family_and_does_nothing(tool, name, site, status, words):
    lms, wire = Lms(tool.lms_url, site), Wire(tool, {"north": NORTH, "south": SOUTH}[site])
    item = wire.item
    made = lms.fault(name, "scores")["id"]
    answer = wire.score(item=item)
    assert (answer.status_code, words in answer.text) == (status, True)
    assert lms.cell("programme", "candidate") is None
    lms.clear(made)
    assert wire.score(item=item).status_code in (200, 201)


@pytest.mark.parametrize("site", [NORTH, SOUTH], ids=lambda site: site.key)
def test_json_that_is_called_html_is_still_json_and_was_done(tool, site):
    lms, wire = Lms(tool.lms_url, site.key), Wire(tool, site)
    item = wire.item
    lms.fault("json_as_html")
    answers = [wire.send("GET", item, headers={"Accept": ITEM}), tool.ask(site, SCORE), wire.score(item=item)]
    assert {one.headers["Content-Type"].split(";")[0] for one in answers} == {"text/html"}
    assert answers[0].json()["id"] == item
    assert answers[1].json()["access_token"]
    assert lms.cell("programme", "candidate")["score"] == 100


def test_an_html_page_can_come_after_the_effect(wire, north):
    item = wire.item
    north.fault("html", "scores", before=False)
    answer = wire.score(item=item)
    assert (answer.status_code, "Please sign in" in answer.text) == (200, True)
    assert north.cell("programme", "candidate")["score"] == 100


@pytest.mark.parametrize(
    ("site", "options", "status", "words"),
    [
        (NORTH, {"equal": True}, 409, "earlier timestamp"),
        (SOUTH, {"equal": True}, 400, "already exists for the provided timestamp"),
        (SOUTH, {"equal": False}, 400, "later point in time"),
    ],
    ids=str,
)
def test_what_is_said_of_an_equal_or_older_time_is_what_a_real_one_gets(tool, site, options, status, words):
    lms, wire = Lms(tool.lms_url, site.key), Wire(tool, site)
    item = wire.item
    lms.fault("stale", "scores", **options)
    said = wire.score(item=item)
    assert (said.status_code, words in said.text) == (status, True)
    if site is SOUTH:
        wire.score(item=item, timestamp="2026-03-01T10:00:00.000Z")
        earlier = "2026-03-01T10:00:00.000Z" if options["equal"] else "2026-02-01T10:00:00.000Z"
        assert wire.score(item=item, timestamp=earlier).text == said.text


def test_one_person_alone_can_be_no_longer_gradable(wire, north):
    item = wire.item
    north.fault("not_gradable", "scores", persona="second")
    assert [wire.score(who, item=item).status_code for who in ("candidate", "second", "candidate", "second")] == [200, 400, 409, 400]
    assert north.cell("programme", "second") is None


def test_a_connection_reset_before_the_effect(wire, north):
    item = wire.item
    north.fault("reset", "scores", before=True)
    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        wire.score(item=item)
    assert north.cell("programme", "candidate") is None
    assert wire.score(item=item).status_code == 200


def test_columns_that_are_gone_on_open_edx_stay_gone_while_the_list_is_there(tool, south):
    wire = Wire(tool, SOUTH)
    item = wire.item
    made = south.fault("deleted_column")["id"]
    asked = [wire.score(item=item), wire.send("GET", item, headers={"Accept": ITEM})]
    asked += [wire.send("GET", wire.part("results", item), headers={"Accept": RESULTS}), wire.score(item=item)]
    assert [one.status_code for one in asked] == [404] * 4
    assert "exist" in asked[0].json()["detail"]
    assert wire.items()
    south.clear(made)
    assert wire.score(item=item).status_code == 201


@pytest.mark.parametrize("status", [422, 403])
def test_a_closed_course_on_open_edx_takes_no_grades_and_shows_no_columns(tool, south, status):
    wire = Wire(tool, SOUTH)
    item = wire.item
    south.fault("closed_course", status=status)
    refused = [wire.score(item=item), wire.send("GET", wire.container, headers={"Accept": ITEMS})]
    assert [(one.status_code, one.json()["detail"]) for one in refused] == [(status, "This course has concluded")] * 2
    assert wire.send("GET", wire.part("results", item), headers={"Accept": RESULTS}).status_code == 200
    assert south.cell("programme", "candidate") is None


@pytest.mark.parametrize(("seconds", "words"), [(600, "has expired"), (-100, "lies in the future"), (-600, "more than 300 seconds away")])
def test_a_wrong_clock_does_not_believe_our_sign_in(tool, north, seconds, words):
    made = north.fault("clock", seconds=seconds)["id"]
    now = int(datetime.now(UTC).timestamp())
    refused = tool.ask(NORTH, SCORE, iat=now - 60, exp=now + 180)
    assert (refused.status_code, words in refused.json()["error_description"]) == (400, True)
    north.clear(made)
    assert tool.ask(NORTH, SCORE, iat=now - 60, exp=now + 180).status_code == 200


def test_a_wrong_clock_is_on_launches_and_on_grades_by_hand(north, browser):
    north.fault("clock", seconds=3600)
    browser.launch("north", "candidate", "programme")
    claims = north.messages("auth")[-1]["detail"]["answer"]["claims"]
    ahead = datetime.fromtimestamp(claims["iat"], UTC) - datetime.now(UTC)
    by_hand = datetime.fromisoformat(north.call("grade", {"activity": "programme", "persona": "candidate", "score": 5})["timestamp"])
    for found in (ahead, by_hand - datetime.now(UTC)):
        assert timedelta(minutes=59) < found <= timedelta(minutes=60)


def test_every_trouble_can_be_switched_on_from_the_page(tool, north):
    with requests.Session() as session:
        for name in KINDS:
            sent = {"name": name, "where": "all"}
            assert session.post(f"{tool.lms_url}/north/faults", data=sent, timeout=10, allow_redirects=False).status_code == 303, name


def test_expired_tokens_are_no_good_and_new_ones_are(tool, wire, north):
    north.fault("expired_token")
    assert wire.send("GET", wire.container, headers={"Accept": ITEMS}).status_code == 401
    assert tool.ask(NORTH, SCORE).status_code == 200


@pytest.mark.parametrize(("keep_old", "published"), [(False, 1), (True, 2)])
def test_a_rotated_key_replaces_or_joins_the_old_one(tool, north, keep_old, published):
    north.fault("rotated_key")
    kid = north.fault("rotated_key", keep_old=keep_old)["kid"]
    with requests.Session() as session:
        keys = session.get(f"{tool.lms_url}/north/jwks", timeout=10).json()["keys"]
    assert kid in {one["kid"] for one in keys}
    assert len(keys) == published


def test_a_held_request_has_had_its_effect_before_anybody_hears(wire, north):
    item = wire.item
    north.fault("hang", "scores")
    answers: list[int] = []
    thread = threading.Thread(target=lambda: answers.append(wire.score(item=item).status_code))
    thread.start()
    state = north.wait(lambda state: state["held"])
    assert north.cell("programme", "candidate")["score"] == 100
    assert state["simultaneous"]["now"] == 1
    assert answers == []
    assert north.release() == 1
    thread.join()
    assert answers == [200]


def test_it_counts_requests_by_endpoint_and_those_at_once(wire, north):
    item = wire.item
    north.fault("hang", "scores", times=3)
    people = ("candidate", "second", "nameless")
    threads = [threading.Thread(target=wire.score, args=(one,), kwargs={"item": item}) for one in people]
    for thread in threads:
        thread.start()
    north.wait(lambda state: len(state["held"]) == 3)
    north.release()
    for thread in threads:
        thread.join()
    state = north.state()
    assert state["counts"]["scores"] == 3
    assert state["simultaneous"]["per_endpoint"]["scores"] == 3
    assert state["simultaneous"]["max_per_cell"] == 1


def test_the_log_tells_every_message_decoded_and_keeps_no_token(tool, wire, north, browser):
    browser.launch("north", "candidate", "programme")
    wire.score()
    log = north.state()["log"]
    assert {"login", "auth", "token", "lineitems", "scores"} <= {one["kind"] for one in log}
    launch = next(one for one in log if one["kind"] == "auth")
    assert launch["detail"]["answer"]["claims"]["name"] == "Amina Quillfeather"
    sent = next(one for one in log if one["kind"] == "scores")
    assert sent["detail"]["request"]["body"]["scoreGiven"] == 1
    assert wire.token not in str(log)
    assert tool.arrived[0]["id_token"] not in str(log)


def test_no_such_fault_place_or_option_is_said_so(tool):
    with requests.Session() as session:
        for wrong in ({"name": "flood"}, {"name": "down", "where": "moon"}, {"name": "down", "size": 3}):
            assert session.post(f"{tool.lms_url}/north/control/faults", json=wrong, timeout=10).status_code == 400


def test_it_takes_orders_as_json_under_its_own_name_only(tool):
    url = f"{tool.lms_url}/north/control/reset"
    with requests.Session() as session:
        assert session.post(url, data="{}", headers={"Content-Type": "text/plain"}, timeout=10).status_code == 415
        assert session.post(url, json={}, headers={"Host": "rebound.example"}, timeout=10).status_code == 403


def test_it_refuses_to_play_anywhere_but_on_this_machine(tmp_path):
    with pytest.raises(NotLoopback):
        create_lms(state_path=tmp_path / "s", base_url="http://lms.example:8001", tool_url="http://localhost:8000", secret="s")
