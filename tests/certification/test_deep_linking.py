# SPDX-License-Identifier: Apache-2.0
"""Deep linking: what an LMS asks for, what a teacher chooses, and the answer that it takes (checklist DL, LI-04, LI-07)."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest
from sqlalchemy import select

from lti_mentoring.demo.linking import DATA
from lti_mentoring.store import base
from lti_mentoring.store.people import Placement, WebSession
from support.driver import Browser, Form, Response
from support.journey import ready, share, take_the_check
from support.live import Town

DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"
LTI = "https://purl.imsglobal.org/spec/lti/claim/"
ALL = ["programme", "module:M1", "observation"]


def asks(town: Town, *, site: str = "north", persona: str = "coordinator", **twists: Any) -> Browser:
    """Somebody at the picker."""
    browser = town.browser()
    twists.setdefault("block", "quiet" if site == "south" else "")
    browser.launch(site, persona, "programme" if site == "north" else twists["block"], message="deep_linking", course=2, **twists)
    return browser


def picker(browser: Browser) -> Form:
    """The form of the picker."""
    assert browser.page is not None
    return next(form for form in browser.page.forms if "/linking/" in form.action and not form.action.endswith("/nothing"))


def choose(browser: Browser, *items: str, **fields: str) -> Response:
    """Press the button with these ticked; the page with the answer for the LMS."""
    return browser.submit(picker(browser), item=list(items), **fields)


def answer_of(page: Response) -> dict[str, Any]:
    """The claims that would go to the LMS."""
    token = page.form().fields["JWT"]
    return json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))


def header_of(page: Response) -> dict[str, Any]:
    return json.loads(base64.urlsafe_b64decode(page.form().fields["JWT"].split(".")[0] + "=="))


def deliver(browser: Browser) -> Response:
    """Take the answer to the LMS."""
    assert browser.page is not None
    return browser.submit(browser.page.form())


def test_DL_01_a_teacher_comes_to_the_picker_without_any_activity_being_made(live: Town) -> None:
    page = asks(live).page
    assert page is not None
    assert page.status == 200
    assert "Add activities" in page.text
    with live.app.app_context(), base.tenant(live.organisations["north"]):
        assert base.session().scalars(select(Placement).where(Placement.resource_link_id == "")).all() == []


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"deep_link_return_url": None}, "deep_linking_invalid"),
        ({"deep_link_return_url": "javascript:alert(1)"}, "deep_linking_invalid"),
        ({"accept_types": None}, "deep_linking_invalid"),
        ({"accept_types": "ltiResourceLink"}, "deep_linking_invalid"),
        ({"data": 7}, "deep_linking_invalid"),
        ({"deep_link_return_url": "https://elsewhere.example/take"}, "deep_linking_elsewhere"),
    ],
    ids=str,
)
@pytest.mark.checklist("DL-01", "DL-12")
def test_what_cannot_be_answered_is_refused(live: Town, refused: Any, settings: dict[str, Any], reason: str) -> None:
    refused(reason, 400, persona="coordinator", message="deep_linking", course=2, settings=settings)


@pytest.mark.parametrize("site", ["north", "south"])
def test_DL_02_a_learner_is_told_why_and_finds_a_way_back(live: Town, site: str) -> None:
    browser = asks(live, site=site, persona="candidate")
    assert browser.page is not None
    assert browser.page.status == 403
    assert "Only course staff can add content" in browser.page.text
    browser.submit(browser.page.form())
    assert answer_of(browser.page)[DL + "content_items"] == []
    assert answer_of(browser.page)[DL + "msg"] == "Only course staff can add content."
    assert "Nothing was added" in deliver(browser).text
    assert "placed" not in str(live.lms(site).state()["columns"])


def test_DL_02_a_learner_who_sends_a_teachers_form_gets_nothing_signed(live: Town) -> None:
    teacher = asks(live)
    path = picker(teacher).action
    learner = asks(live, persona="candidate")
    assert learner.page is not None
    own, token = learner.page.form().action.removesuffix("/nothing"), str(learner.csrf)
    refused = learner.post(own, {"item": "programme"}, csrf=token)
    assert refused.status == 403
    assert "Your role in this course does not open this page" in refused.text
    assert learner.post(path, {"item": "programme"}, csrf=token).status == 404


def test_DL_03_where_links_are_not_taken_nothing_is_offered_and_the_frame_can_close(live: Town) -> None:
    browser = asks(live, settings={"accept_types": ["file", "html"]})
    assert browser.page is not None
    assert "Nothing of this tool fits here" in browser.page.text
    browser.submit(browser.page.form())
    assert answer_of(browser.page)[DL + "content_items"] == []
    assert answer_of(browser.page)[DL + "msg"]
    assert deliver(browser).status == 200


def test_DL_04_one_where_one_is_taken_several_where_several_are(live: Town) -> None:
    browser = asks(live, settings={"accept_multiple": False})
    assert browser.page is not None
    assert 'type="radio"' in browser.page.text
    assert 'type="checkbox" name="item"' not in browser.page.text
    wrong = choose(browser, *ALL)
    assert wrong.status == 400
    assert "takes one activity at a time" in wrong.text
    assert len(answer_of(choose(browser, "observation"))[DL + "content_items"]) == 1
    assert len(answer_of(choose(asks(live), *ALL))[DL + "content_items"]) == 3


@pytest.mark.parametrize(("said", "sent"), [(None, True), (True, True), (False, False)])
def test_DL_05_a_line_item_comes_along_unless_the_lms_says_no(live: Town, said: bool | None, sent: bool) -> None:
    browser = asks(live, settings={"accept_lineitem": said})
    assert browser.page is not None
    assert ("Gradebook column" in browser.page.text) is sent
    (item,) = answer_of(choose(browser, "module:M1"))[DL + "content_items"]
    assert ("lineItem" in item) is sent
    assert deliver(browser).status == 200


@pytest.mark.parametrize("data", [DATA, "", " \t ", "ünï—✓", "x" * 15_000])
def test_DL_06_data_comes_back_byte_for_byte(live: Town, data: str) -> None:
    browser = asks(live, site="south", settings={"data": data})
    assert answer_of(choose(browser, "programme"))[DL + "data"] == data
    assert deliver(browser).status == 200


def test_DL_06_without_data_there_is_none_in_the_answer(live: Town) -> None:
    assert DL + "data" not in answer_of(choose(asks(live), "programme"))


@pytest.mark.checklist("DL-07", "DL-15")
@pytest.mark.parametrize("site", ["north", "south"])
def test_the_answer_is_what_the_specification_asks_for(live: Town, site: str) -> None:
    browser = asks(live, site=site)
    page = choose(browser, "programme")
    claims, header = answer_of(page), header_of(page)
    known = live.sites[site]
    assert claims["iss"] in known.client_ids()
    assert claims["aud"] == f"{live.lms_url}/{site}"
    assert claims["exp"] - claims["iat"] == 300
    assert len(claims["nonce"]) > 20
    assert claims[LTI + "deployment_id"] == known.deployment_id
    assert (claims[LTI + "message_type"], claims[LTI + "version"]) == ("LtiDeepLinkingResponse", "1.3.0")
    assert header["alg"] == "RS256"
    assert header["kid"]
    assert "null" not in json.dumps(claims)
    assert page.form().action.startswith(f"{live.lms_url}/{site}/linking/return")
    assert deliver(browser).status == 200


def test_DL_08_who_changes_their_mind_comes_back_with_nothing(live: Town) -> None:
    browser = asks(live)
    assert browser.page is not None
    browser.submit(next(form for form in browser.page.forms if form.action.endswith("/nothing")))
    assert answer_of(browser.page)[DL + "content_items"] == []
    assert DL + "msg" not in answer_of(browser.page)
    assert "Nothing was added" in deliver(browser).text


def test_DL_08_an_empty_choice_is_asked_for_again(live: Town) -> None:
    browser = asks(live)
    page = choose(browser)
    assert page.status == 400
    assert "Choose at least one activity" in page.text
    assert len(answer_of(choose(browser, "programme"))[DL + "content_items"]) == 1


@pytest.mark.checklist("DL-09", "DL-10", "LI-07")
def test_an_item_says_what_it_opens_twice_and_brings_its_column(live: Town) -> None:
    fields = {"title-module:M1": "Before we begin", "grading-module:M1": "points"}
    (item,) = answer_of(choose(asks(live), "module:M1", **fields))[DL + "content_items"]
    assert item["url"] == f"{live.tool_url}/lti/launch?item=module%3AM1"
    assert (item["type"], item["title"]) == ("ltiResourceLink", "Before we begin")
    assert item["custom"] == {
        "item": "module:M1",
        "grading": "points",
        "opens_at": "$ResourceLink.available.startDateTime",
        "closes_at": "$ResourceLink.available.endDateTime",
        "due_at": "$ResourceLink.submission.endDateTime",
        "link_history": "$ResourceLink.id.history",
        "context_history": "$Context.id.history",
    }
    assert item["lineItem"].pop("submissionReview")["url"] == f"{live.tool_url}/lti/launch"
    assert item["lineItem"] == {"label": "Before we begin", "scoreMaximum": 100, "resourceId": "module:M1", "tag": "module"}


@pytest.mark.parametrize(
    ("item", "status"), [("module:M99", 409), ("https://evil.example", 409), ("", 400), ("x" * 201, 400)], ids=lambda one: str(one)[:20]
)
def test_what_the_programme_does_not_have_is_not_placed(live: Town, item: str, status: int) -> None:
    assert choose(asks(live), item).status == status


STANDARD = {"type", "url", "title", "text", "custom", "lineItem", "icon", "thumbnail", "window", "iframe", "available", "submission"}
COLUMN = {"label", "scoreMaximum", "resourceId", "tag", "gradesReleased", "submissionReview"}
CLAIMS = {"iss", "aud", "exp", "iat", "nonce", "azp", "jti"}


def test_DL_11_what_the_standard_does_not_name_is_named_by_a_full_address(live: Town) -> None:
    claims = answer_of(choose(asks(live), "programme", "module:M1", "observation"))
    assert [name for name in claims if name not in CLAIMS and not name.startswith("https://")] == []
    items = claims["https://purl.imsglobal.org/spec/lti-dl/claim/content_items"]
    assert len(items) == 3
    for item in items:
        assert [name for name in item if name not in STANDARD and not name.startswith("https://")] == []
        assert [name for name in item["lineItem"] if name not in COLUMN and not name.startswith("https://")] == []


def test_DL_12_the_answer_may_go_to_the_lms_and_nowhere_else(live: Town) -> None:
    return_url = f"{live.lms_url}/north/linking/return?x=\"><script>alert(1)</script>&y='"
    page = choose(asks(live, settings={"deep_link_return_url": return_url}), "programme")
    assert f"form-action 'self' {live.lms_url};" in page.headers["Content-Security-Policy"]
    assert "<script>alert" not in page.text
    assert page.form().action == return_url


def test_DL_13_a_chosen_activity_is_known_to_us_only_once_somebody_opens_it(live: Town) -> None:
    browser = asks(live)
    choose(browser, "observation")
    deliver(browser)
    with live.app.app_context(), base.tenant(live.organisations["north"]):
        placed = select(Placement).where(Placement.resource_link_id == str(new_number(live)))
        assert base.session().scalars(placed).all() == []
        live.browser().launch("north", "second", f"placed-{new_number(live)}")
    with live.app.app_context(), base.tenant(live.organisations["north"]):
        assert base.session().scalars(placed).one().item == "observation"


def new_number(town: Town) -> int:
    """The number that the pocket LMS gives to the first activity that is placed."""
    return max(one.number for one in town.sites["north"].activities) + 1


def test_DL_14_pressing_twice_signs_two_answers_and_an_hour_later_none(live: Town) -> None:
    browser = asks(live)
    form = picker(browser)
    first, second = (browser.submit(form, item=["programme"]) for _ in range(2))
    assert answer_of(first)["nonce"] != answer_of(second)["nonce"]
    with live.app.app_context(), base.transactional() as session:
        for row in session.scalars(select(WebSession)):
            waiting = {key: {**one, "until": "2026-01-01T00:00:00+00:00"} for key, one in row.payload.get("linking", {}).items()}
            row.payload = {**row.payload, "linking": waiting}
    late = browser.submit(form, item=["programme"])
    assert late.status == 404
    assert "This choice has run out" in late.text


def test_two_tabs_each_answer_their_own_request(live: Town) -> None:
    browser = asks(live, settings={"accept_multiple": False})
    one = picker(browser)
    browser.launch("north", "coordinator", "programme", message="deep_linking", course=3)
    other = picker(browser)
    assert one.action != other.action
    assert browser.submit(other, item=ALL).status == 200
    assert browser.submit(one, item=ALL, csrf_token=other.fields["csrf_token"]).status == 400


def test_three_activities_are_placed_opened_and_graded(live: Town) -> None:
    teacher = asks(live)
    choose(teacher, *ALL)
    assert "Added to the course" in deliver(teacher).text
    first = new_number(live)
    columns = {row["resource_id"]: row for row in live.lms("north").state()["columns"] if row["tag"] and row["coupled"]}
    assert set(columns) == set(ALL)
    assert all(row["coupled"] for row in columns.values())
    learner, course = live.browser(), ready(live, "north")
    assert "/modules/M1" in learner.launch("north", "candidate", f"placed-{first + 1}").path
    take_the_check(live, "north", learner, course)
    live.deliver()
    assert share(live, "north", "candidate", f"placed-{first + 1}") == 1


@pytest.mark.checklist("LI-04", "DL-10")
def test_a_copied_course_has_no_doubled_columns_and_opens_the_same(live: Town) -> None:
    teacher = asks(live)
    choose(teacher, *ALL)
    deliver(teacher)
    first = new_number(live)
    for number in range(3):
        live.browser().launch("north", "candidate", f"placed-{first + number}")
    copy = live.lms("north").call("copy-course", {"course": 2})
    before = len(live.lms("north").state()["columns"])
    for number in range(3):
        assert live.browser().launch("north", "candidate", f"placed-{first + number}-{copy['number']}").status == 200
    live.deliver()
    assert len(live.lms("north").state()["columns"]) == before
    with live.app.app_context(), base.tenant(live.organisations["north"]):
        placed = base.session().scalars(select(Placement).where(Placement.resource_link_id > str(first + 2))).all()
        assert {row.item for row in placed} >= set(ALL)


@pytest.mark.parametrize(("site", "said"), [("north", True), ("south", False)])
def test_LI_12_a_column_says_where_it_is_reviewed_unless_the_lms_knows_of_no_review(live: Town, site: str, said: bool) -> None:
    ready(live, site)
    claims = answer_of(choose(asks(live, site=site, settings={"accept_lineitem": True}), "observation"))
    column = claims[DL + "content_items"][0]["lineItem"]
    assert ("submissionReview" in column) is said
    if said:
        assert column["submissionReview"]["url"] == f"{live.tool_url}/lti/launch"
        assert "Submitted" in column["submissionReview"]["reviewableStatus"]


def test_an_application_brings_a_column_only_where_progress_is_kept_and_a_cohort_never(live: Town) -> None:
    for site, columned in (("north", ["programme"]), ("south", ["programme", "application"])):
        for item in ("programme", "application", "cohort"):
            (placed,) = answer_of(choose(asks(live, site=site), item))[DL + "content_items"]
            assert ("lineItem" in placed) == (item in columned), (site, item)
            if item == "application" and "lineItem" in placed:
                assert placed["lineItem"] == {"label": placed["title"], "scoreMaximum": 1, "resourceId": item, "tag": item}


def test_a_learner_who_opens_the_cohort_comes_to_their_own_page(live: Town) -> None:
    ready(live, "north")
    page = live.browser().launch("north", "candidate", "programme", custom={"item": "cohort"})
    assert page.status == 200
    assert re.fullmatch(r"/courses/\w+/", page.path)
    assert live.browser().launch("north", "coordinator", "programme", custom={"item": "cohort"}).path.endswith("/cohort")
    live.browser().launch("north", "coordinator", "programme")  # the activity opens the programme again
