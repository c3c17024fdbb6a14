# SPDX-License-Identifier: Apache-2.0
"""Columns, scores and results over the wire: the rows LI, SC and RS, against a small server on loopback."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import parse_qsl, urlsplit

import pytest

from lti_mentoring.lti.grades import LINEITEM, LINEITEM_READONLY, RESULT, Result, Verdict
from lti_mentoring.lti.lineitem import read
from lti_mentoring.lti.verdict import Ended
from lti_mentoring.outbound import Client
from support.platform_in_memory import NOW
from support.services_on_loopback import score


def posted(platform) -> list[dict]:
    return [json.loads(body) for method, _, _, body in platform.asked if method == "POST"]


# --- the score itself -------------------------------------------------------------------------------------------------


def test_SC_02_timestamps_are_utc_with_milliseconds():
    moment = datetime(2026, 1, 2, 5, 4, 5, 678_999, tzinfo=timezone(timedelta(hours=2)))
    assert json.loads(score(timestamp=moment).body())["timestamp"] == "2026-01-02T03:04:05.678Z"


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -1, -0.5, True, "1"])
def test_SC_06_a_score_that_is_no_number_from_zero_never_leaves(bad):
    with pytest.raises(ValueError):
        score(score_given=bad)
    with pytest.raises(ValueError):
        score(score_maximum=bad)


def test_SC_06_a_maximum_is_above_zero_and_goes_with_every_score():
    for changes in ({"score_maximum": 0}, {"score_maximum": None}, {"score_maximum": 0.0}):
        with pytest.raises(ValueError):
            score(**changes)
    said = json.loads(score(score_given=0, score_maximum=1.0).body())
    assert (said["scoreGiven"], said["scoreMaximum"]) == (0, 1)
    assert json.loads(score(score_given=1.5, score_maximum=1).body())["scoreGiven"] == 1.5


def test_SC_07_and_SC_08_both_states_are_always_there_and_no_scorer():
    said = json.loads(score(score_given=None, score_maximum=None).body())
    assert said == {
        "userId": "7",
        "timestamp": "2026-11-25T12:00:00.000Z",
        "activityProgress": "Completed",
        "gradingProgress": "FullyGraded",
    }
    for changes in ({"activity_progress": "Banana"}, {"grading_progress": ""}, {"user_id": ""}, {"timestamp": datetime(2026, 1, 1)}):  # noqa: DTZ001
        with pytest.raises(ValueError):
            score(**changes)


def test_SC_11_a_comment_goes_along_and_an_empty_one_does_not():
    assert json.loads(score(comment="Gut ☺").body())["comment"] == "Gut ☺"
    assert "comment" not in json.loads(score(comment="").body())


# --- sending ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "wanted"),
    [("/li/1?type_id=5", "/li/1/scores?type_id=5"), ("/li/1/", "/li/1/scores"), ("/li/1?a=b?c&d=%2F", "/li/1/scores?a=b?c&d=%2F")],
)
def test_SC_01_the_score_goes_below_the_column_with_its_query(grades, platform, lms, column, wanted):
    platform.on("POST", "/li/1/scores", (200, ""))
    assert grades().post_score(lms.url + column, score()) == Verdict("done", 200)
    method, path, headers, body = platform.asked[0]
    assert (method, path) == ("POST", wanted)
    assert headers["Content-Type"] == "application/vnd.ims.lis.v1.score+json"
    assert headers["Authorization"] == "Bearer token-1"
    assert json.loads(body)["scoreGiven"] == 1


@pytest.mark.parametrize(
    "answer",
    [
        (200, "stored"),
        (200, "", {"Content_Type": "text/html; charset=utf-8"}),
        (200, '{"said": "<b>stored</b>"}', {"Content_Type": "text/html"}),
        (201, "{}"),
        (204, ""),
        (200, "x" * 6_000_000),
        (200, "x", {"Content_Encoding": "br"}),
        (200, "x", {"Content_Encoding": "gzip"}),
    ],
)
def test_any_2xx_without_a_page_is_a_stored_score_whatever_comes_with_it(grades, platform, lms, answer):
    platform.on("POST", "/li/scores", answer)
    assert grades().post_score(lms.url + "/li", score()).kind == "done"


@pytest.mark.parametrize(
    "answer",
    [
        (200, "<html>not json"),
        (200, "\ufeff\n <!DOCTYPE html><title>Sign in</title>"),
        (200, "Down<br>for maintenance", {"Content_Type": "text/html; charset=utf-8"}),
        (200, "packed", {"Content_Type": "text/html", "Content_Encoding": "br"}),
        (201, "<h1>Sign in</h1>" + "x" * 6_000_000),
    ],
)
@pytest.mark.parametrize("family", ["generic", "moodle", "openedx"])
def test_a_page_is_no_proof_that_a_score_was_stored_so_it_is_sent_again(grades, platform, lms, answer, family):
    platform.on("POST", "/li/scores", answer)
    verdict = grades(family).post_score(lms.url + "/li", score())
    assert (verdict.kind, verdict.remedy) == ("later", "server_error")


def test_a_refusal_comes_back_in_the_platforms_words_without_our_token(grades, platform, lms):
    platform.on("POST", "/li/scores", (400, "Incorrect score received for token-1"))
    verdict = grades("moodle").post_score(lms.url + "/li", score())
    assert verdict == Verdict("refused", 400, "Incorrect score received for …", "user_not_gradable")


def test_SC_05_a_repeated_score_at_open_edx(grades, platform, lms):
    platform.on("POST", "/li/scores", (400, '{"timestamp": ["Score already exists for the provided timestamp."]}'))
    assert grades("openedx").post_score(lms.url + "/li", score()).kind == "stale"
    assert grades("openedx").post_score(lms.url + "/li", score(), repeated=True).kind == "done"


def test_a_busy_platform_says_when_to_come_back(grades, platform, lms):
    platform.on("POST", "/li/scores", (429, "slow down", {"Retry_After": "90"}))
    verdict = grades().post_score(lms.url + "/li", score())
    assert (verdict.kind, verdict.remedy) == ("later", "busy")
    assert timedelta(seconds=89) < verdict.retry_after - NOW < timedelta(seconds=92)


def test_trouble_on_the_way_is_later_and_never_an_exception(grades, platform, lms, tokens):
    platform.on("POST", "/li/scores", (200, ""))
    make = grades()
    assert make.post_score(lms.url + "/li", score()).kind == "done"
    closed = "http://127.0.0.1:9/li"
    assert grades().post_score(closed, score()) == Verdict("later", None, "", "unreachable")
    inside = RuntimeError("inside a transaction")

    def forbid():
        raise inside

    with pytest.raises(RuntimeError, match="inside a transaction"):
        grades(client=Client(allow_local=True, forbid=forbid)).post_score(lms.url + "/li", score())


def test_AS_05_the_token_goes_to_hosts_of_the_registration_only(grades, platform):
    verdict = grades().post_score("http://localhost:9/li", score())
    assert verdict == Verdict("refused", None, "", "address_refused")
    assert platform.asked == []


def test_AS_05_the_frame_origins_of_a_registration_are_its_hosts(registration):
    shared = replace(registration, frame_origins=("https://school.example", "not an address"))
    assert shared.service_hosts == {"127.0.0.1", "school.example"}


def test_one_piece_of_work_ends_within_the_clients_total_time(grades, platform, lms):
    def slow(asked):
        time.sleep(0.15)
        return 401, "", {}

    platform.on("POST", "/li/scores", slow)
    client = Client(allow_local=True, connect_timeout=1, read_timeout=1, total_timeout=0.2)
    began = time.monotonic()
    assert grades(client=client).post_score(lms.url + "/li", score()) == Verdict("later", None, "", "unreachable")
    assert time.monotonic() - began < 1


# --- columns ----------------------------------------------------------------------------------------------------------


def ensure(grades, lms, **changes):
    wanted = {
        "lineitems_url": lms.url + "/items?type_id=1",
        "resource_link_id": "link-1",
        "resource_id": "module:M1",
        "tag": "module",
        "label": "Week 1",
    }
    return grades.ensure_line_item(**{**wanted, "score_maximum": 1, **changes})


def item(number, **changes) -> dict:
    return {"id": f"https://lms.example/items/{number}", "resourceId": "module:M1", "tag": "module", "resourceLinkId": "link-1", **changes}


def test_LI_03_a_column_is_made_and_its_address_kept_as_it_is(grades, platform, lms):
    platform.on("GET", "/items", (200, []))
    platform.on("POST", "/items", (201, {"id": "https://lms.example/Items/9?type_id=1"}))
    assert ensure(grades(), lms) == "https://lms.example/Items/9?type_id=1"
    (_, looked, headers, _), (_, made, more, body) = platform.asked
    assert dict(parse_qsl(urlsplit(looked).query)) == {"type_id": "1", "resource_id": "module:M1", "tag": "module"}
    assert headers["Accept"] == "application/vnd.ims.lis.v2.lineitemcontainer+json"
    assert made == "/items?type_id=1"
    assert more["Content-Type"] == more["Accept"] == "application/vnd.ims.lis.v2.lineitem+json"
    assert json.loads(body) == {
        "label": "Week 1",
        "scoreMaximum": 1,
        "resourceId": "module:M1",
        "tag": "module",
        "resourceLinkId": "link-1",
    }
    assert platform.form["scope"] == [LINEITEM]


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        ([item(1)], 1),
        ([item(1, resourceLinkId="link-2"), item(2)], 2),
        ([item(1, resourceLinkId=None), item(2)], 2),
        ([item(1, resourceLinkId=""), item(2, resourceLinkId=None)], 1),
        ([item(1, tag="other"), item(2, resourceId="module:M2"), item(3, resourceLinkId=None)], 3),
        ([{"tag": "module"}, None, "x", item(4)], 4),
    ],
)
def test_LI_04_a_column_that_is_there_is_found_also_after_a_course_was_copied(grades, platform, lms, found, wanted):
    platform.on("GET", "/items", (200, found))
    assert ensure(grades(), lms) == f"https://lms.example/items/{wanted}"
    assert posted(platform) == []


def test_LI_04_another_placements_column_is_not_taken(grades, platform, lms):
    platform.on("GET", "/items", (200, [item(1, resourceLinkId="link-2")]))
    platform.on("POST", "/items", (201, item(5)))
    assert ensure(grades(), lms) == "https://lms.example/items/5"


def test_LI_05_the_next_page_is_followed_as_it_is(grades, platform, lms):
    platform.on(
        "GET",
        "/items",
        (200, [item(1, tag="x")], {"Link": f'<{lms.url}/More?cursor=AbC=&p=2>; title="x"; rel=next, <{lms.url}/items>; rel="first"'}),
    )
    platform.on("GET", "/More", (200, [item(2, tag="x")], {"link": '<Last?Cursor=zZ>; REL="next"'}))
    platform.on("GET", "/Last", (200, [item(3)]))
    assert ensure(grades(), lms) == "https://lms.example/items/3"
    assert [path for _, path, _, _ in platform.asked[1:]] == ["/More?cursor=AbC=&p=2", "/Last?Cursor=zZ"]
    assert platform.tokens == 1


@pytest.mark.parametrize(
    "link", ["<http://localhost:9/items?p=2>; rel=next", '</items?type_id=1&resource_id=module%3AM1&tag=module>; rel="next"']
)
def test_LI_05_no_page_elsewhere_and_no_circle(grades, platform, lms, link):
    platform.on("GET", "/items", (200, [], {"Link": link}))
    assert ensure(grades(), lms).kind == "refused"
    assert len(platform.asked) == 1


def test_moodle_gets_columns_without_a_link_and_is_asked_for_its_reading_scope(grades, platform, lms):
    platform.on("GET", "/items", (200, []))
    platform.on("POST", "/items", (201, item(1)))
    ensure(grades("moodle"), lms)
    assert "resourceLinkId" not in posted(platform)[0]
    assert platform.form["scope"] == [f"{LINEITEM} {LINEITEM_READONLY}"]
    platform.granted = LINEITEM
    assert isinstance(ensure(grades("moodle", scopes=frozenset({LINEITEM})), lms), str)
    assert platform.form["scope"] == [LINEITEM]


def test_a_column_has_a_name_and_a_maximum(grades, platform, lms):
    platform.on("GET", "/items", (200, []))
    for changes in ({"label": " "}, {"score_maximum": 0}, {"score_maximum": float("nan")}):
        with pytest.raises(ValueError):
            ensure(grades(), lms, **changes)
    with pytest.raises(ValueError):
        ensure(grades("openedx"), lms, score_maximum=10.5)


@pytest.mark.parametrize(
    ("get", "post", "kind"),
    [
        ((403, "no"), None, "refused"),
        ((200, "<html>"), None, "later"),
        ((200, {"a": 1}), None, "refused"),
        ((500, ""), None, "later"),
        ((200, []), (422, "no"), "refused"),
        ((200, []), (201, "{}"), "refused"),
        ((200, []), (200, ""), "later"),
    ],
)
def test_trouble_with_columns_is_a_verdict(grades, platform, lms, get, post, kind):
    platform.on("GET", "/items", get)
    platform.on("POST", "/items", post or (500, ""))
    assert ensure(grades(), lms).kind == kind


# --- results ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entries", "wanted"),
    [
        ([], None),
        ([{"userId": "7", "resultScore": 0.83, "resultMaximum": 1, "comment": "ok"}], Result(0.83, 1.0, "ok")),
        ([{"userId": "7", "resultScore": 0}], Result(0.0, 1.0)),
        ([{"userId": "7"}], Result(None, 1.0)),
        ([{"userId": "7", "resultScore": None, "resultMaximum": None}], Result(None, 1.0)),
        ([{"userId": "8", "resultScore": 1}, {"userId": "7", "resultScore": 2, "resultMaximum": 4}], Result(2.0, 4.0)),
        ([{"userId": "8", "resultScore": 1}], None),
        ([{"userId": "7", "resultScore": "1"}], Result(None, 1.0)),
    ],
)
def test_RS_01_the_result_of_one_person(grades, platform, lms, entries, wanted):
    platform.on("GET", "/li/results", (200, entries))
    assert grades().result(lms.url + "/li?type_id=2", "7") == wanted
    _, path, headers, _ = platform.asked[0]
    assert path == "/li/results?type_id=2&user_id=7"
    assert headers["Accept"] == "application/vnd.ims.lis.v2.resultcontainer+json"
    assert platform.form["scope"] == [RESULT]


def test_on_blackboard_a_persons_result_is_picked_from_all_so_that_its_comment_is_there(grades, platform, lms):
    platform.on("GET", "/li/results", (200, [{"userId": "8", "resultScore": 0}, {"userId": "7", "resultScore": 1, "comment": "by hand"}]))
    assert grades("blackboard").result(lms.url + "/li", "7") == Result(1.0, 1.0, "by hand")
    _, path, _, _ = platform.asked[0]
    assert "user_id" not in path


def test_on_open_edx_a_persons_result_is_asked_for_at_its_own_address(grades, platform, lms):
    platform.on("GET", "/li/results/7%2F8", (200, [{"userId": "7/8", "resultScore": 1}]))
    assert grades("openedx").result(lms.url + "/li", "7/8") == Result(1.0, 1.0)


def test_a_result_that_cannot_be_had_is_a_verdict(grades, platform, lms):
    platform.on("GET", "/li/results", (404, "<html>crash"))
    assert grades().result(lms.url + "/li", "7") == Verdict("refused", 404, "crash", "column_gone")


def test_T_04_only_scopes_of_the_launch_are_asked_for(grades, platform, lms):
    none = grades(scopes=frozenset({LINEITEM_READONLY}))
    refused = Verdict("refused", None, "", "scope_missing")
    assert none.post_score(lms.url + "/li", score()) == refused
    assert none.result(lms.url + "/li", "7") == refused
    assert ensure(none, lms) == refused
    assert platform.tokens == 0


# --- columns changed --------------------------------------------------------------------------------------------------

WHOLE = {
    "id": "https://lms.example/items/9",
    "label": "Week 1",
    "scoreMaximum": 60,
    "resourceId": "module:M1",
    "tag": "",
    "resourceLinkId": "link-1",
    "startDateTime": "",
    "endDateTime": None,
    "gradesReleased": False,
    "https://lms.example/weight": 2,
}


def test_LI_06_an_update_puts_the_whole_item_back_and_believes_the_answer(grades, platform, lms):
    platform.on("GET", "/items/9", (200, WHOLE))
    platform.on("PUT", "/items/9", (200, WHOLE | {"label": "WEEK TWO"}))
    found = grades().update_line_item(f"{lms.url}/items/9?type_id=1", lambda _: {"label": "Week 2"})
    assert found.label == "WEEK TWO"
    (_, looked, _, _), (method, path, headers, body) = platform.asked
    assert (method, path, looked) == ("PUT", "/items/9?type_id=1", "/items/9?type_id=1")
    assert headers["Content-Type"] == headers["Accept"] == "application/vnd.ims.lis.v2.lineitem+json"
    kept = {name: value for name, value in WHOLE.items() if name not in ("startDateTime", "endDateTime")}
    assert json.loads(body) == kept | {"label": "Week 2"}


def test_LI_06_what_has_not_changed_is_not_put_back(grades, platform, lms):
    platform.on("GET", "/items/9", (200, WHOLE))
    assert grades().update_line_item(f"{lms.url}/items/9", lambda _: {}).label == "Week 1"
    assert [method for method, _, _, _ in platform.asked] == ["GET"]


@pytest.mark.parametrize("answer", [(404, ""), (200, []), (200, "<html>"), (403, "no")])
def test_a_column_that_cannot_be_had_is_a_verdict(grades, platform, lms, answer):
    platform.on("GET", "/items/9", answer)
    assert isinstance(grades().update_line_item(f"{lms.url}/items/9", lambda _: {"label": "x"}), Verdict)


@pytest.mark.parametrize("empty", ["", None, "soon", 7, "2026-11-26T12:00:00"])
def test_LI_08_an_empty_date_is_none(empty):
    found = read({"startDateTime": empty, "endDateTime": "2026-11-26T12:00:00Z"})
    assert (found.starts_at, found.ends_at) == (None, datetime(2026, 11, 26, 12, tzinfo=UTC))


@pytest.mark.parametrize("empty", ["", None, "absent"])
def test_LI_07_null_empty_and_absent_are_one(empty):
    said = {} if empty == "absent" else {"tag": empty, "resourceId": empty, "resourceLinkId": empty}
    found = read(said)
    assert (found.tag, found.resource_id, found.link) == ("", "", None)


def test_LI_09_whether_grades_are_released_is_the_platforms_to_say():
    assert [read({"gradesReleased": said}).released for said in (True, False, None, "yes")] == [True, False, None, None]
    for name in ("gradesReleased", "id", "resourceLinkId"):
        with pytest.raises(ValueError, match=name):
            read(WHOLE).changed({name: "x"})


def test_LI_11_data_of_our_own_goes_under_full_addresses_only():
    with pytest.raises(ValueError, match="weight"):
        read(WHOLE).changed({"weight": 1})
    assert read(WHOLE).changed({"https://tool.example/weight": 1})["https://tool.example/weight"] == 1


# --- a whole column read back -----------------------------------------------------------------------------------------


def test_LI_05_a_column_is_read_along_the_links_as_they_stand(grades, platform, lms):
    link = f'<{lms.url}/li/results?Cursor=AbC%3D&type_id=2>; rel="next"'
    first = [{"userId": "1", "resultScore": 1, "resultMaximum": 2}]
    platform.on("GET", "/li/results", (200, first, {"Link": link}), (200, [{"userId": "2"}]))
    found = list(grades().results(f"{lms.url}/li?type_id=2"))
    assert found == [("1", Result(1.0, 2.0)), ("2", Result(None, 1.0))]
    assert [path for _, path, _, _ in platform.asked] == ["/li/results?type_id=2", "/li/results?Cursor=AbC%3D&type_id=2"]


@pytest.mark.parametrize("link", ["<http://localhost:9/li/results?p=2>; rel=next", "</li/results>; rel=next"])
def test_LI_05_reading_back_goes_to_no_other_host_and_in_no_circle(grades, platform, lms, link):
    platform.on("GET", "/li/results", (200, [{"userId": "1", "resultScore": 1}], {"Link": link}))
    read_back = grades().results(f"{lms.url}/li")
    assert next(read_back) == ("1", Result(1.0, 1.0))
    with pytest.raises(Ended):
        next(read_back)
    assert len(platform.asked) == 1


@pytest.mark.parametrize(("family", "said"), [("generic", True), ("moodle", True), ("openedx", False)])
def test_LI_12_a_column_that_we_make_says_where_it_is_reviewed(grades, platform, lms, family, said):
    platform.on("GET", "/items", (200, []))
    platform.on("POST", "/items", (201, {"id": "https://lms.example/items/9"}))
    ensure(grades(family, review_url="https://tool.example/lti/launch"), lms)
    made = json.loads(platform.asked[-1][3])
    assert ("submissionReview" in made) is said
    assert not said or made["submissionReview"]["url"] == "https://tool.example/lti/launch"
