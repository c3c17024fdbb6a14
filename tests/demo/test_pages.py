# SPDX-License-Identifier: Apache-2.0
"""A person can walk through the pocket LMS: be somebody, open an activity, see the grade and what was said behind it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lti_mentoring.demo.site import NORTH
from lti_mentoring.domain import mail as mails
from lti_mentoring.outbound.mail import to_folder
from support.driver import Browser
from support.little_tool import Wire


@pytest.fixture
def person(tool) -> Browser:
    """Somebody at the Moodle-like site, as the candidate."""
    browser = Browser(tool.url, lms_url=tool.lms_url)
    browser.get(f"{tool.lms_url}/north/course")
    be(browser, "candidate")
    return browser


def be(browser: Browser, persona: str) -> None:
    browser.get(f"{browser.lms_url}/north/?next=/north/course")
    browser.submit(button=("persona", persona))


def test_whoever_is_nobody_is_asked_who_to_be_and_comes_back(tool, browser):
    asked = browser.get(f"{tool.lms_url}/north/activity/programme")
    assert "Who do you want to be?" in asked.text
    assert "Mentor foundations" in browser.submit(button=("persona", "second")).text


def test_the_way_back_stays_on_this_site(tool, browser):
    for elsewhere in ("https://evil.example/north/", "//evil.example/north/", "/south/course"):
        page = browser.get(f"{tool.lms_url}/north/?next={elsewhere}")
        assert page.form().fields["next"] == "/north/course"


def test_the_course_page_shows_every_activity_and_the_activity_frames_the_tool(tool, person):
    for one in NORTH.activities:
        if one.course == 2:
            assert f"/north/activity/{one.key}" in person.page.text
    page = person.get(f"{tool.lms_url}/north/activity/programme")
    assert "<iframe" in page.text
    assert "<iframe" not in person.get(f"{tool.lms_url}/north/activity/window").text


def test_a_launch_from_the_page_arrives_at_the_tool(tool, person):
    page = person.get(f"{tool.lms_url}/north/launch/programme")
    assert page.form().auto
    person.submit()
    assert person.submit().text == "arrived"
    assert "id_token" in tool.arrived[0]


def test_a_candidate_sees_their_own_grade_and_a_teacher_everybodys(tool, person):
    wire = Wire(tool, NORTH)
    wire.score(comment="<b>Well</b> seen")
    own = person.get(f"{tool.lms_url}/north/gradebook").text
    assert "<strong>100</strong> of 100" in own
    assert "&lt;b&gt;Well&lt;/b&gt; seen" in own
    assert "Tomasz" not in own
    be(person, "coordinator")
    everybody = person.get(f"{tool.lms_url}/north/gradebook").text
    assert "Tomasz" in everybody
    assert "Participant 13" in everybody
    assert "<strong>100</strong> of 100" in person.get(f"{tool.lms_url}/north/gradebook").text


def test_the_log_explains_a_launch_in_plain_words(tool, person):
    person.launch("north", "candidate", "module-m1")
    page = person.get(f"{tool.lms_url}/north/log").text
    assert "Amina Quillfeather opened" in page
    assert "module:M1" in page
    assert "60 seconds" in page
    assert "Nothing yet" in person.get(f"{tool.lms_url}/north/log?kind=scores").text


def test_troubles_are_switched_on_and_off_by_hand(tool, person, north):
    person.get(f"{tool.lms_url}/north/faults")
    form = next(one for one in person.page.forms if "name" in one.fields)
    assert "Down for maintenance (503), at ags" in person.submit(form, name="down", where="ags").text
    assert north.state()["faults"][0]["name"] == "down"
    person.submit(button=("clear", "all"))
    assert north.state()["faults"] == []


def test_the_key_is_rotated_by_a_button(tool, person):
    page = person.get(f"{tool.lms_url}/north/platform")
    assert f"{tool.lms_url}/north/token" in page.text
    rotated = person.submit(page.form("/rotate"), button=("keep", "no"))
    assert rotated.text != page.text
    assert rotated.text.count(" signs now") == 1


def test_what_the_tool_says_on_the_way_back_is_shown_as_text(tool, person):
    page = person.get(f"{tool.lms_url}/north/return?course=2&lti_errormsg=%3Cscript%3Ex")
    assert "data-break-out" in page.text
    assert "&lt;script&gt;x" in person.get(f"{tool.lms_url}/north/course/2?lti_errormsg=%3Cscript%3Ex").text


def test_a_form_of_another_site_is_not_taken(tool, person):
    headers = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    answer = person.raw("POST", f"{tool.lms_url}/north/platform/rotate", body="keep=no", headers=headers)
    assert answer.status == 403


@pytest.mark.parametrize("path", ["east/course", "north/activity/none", "north/course/9"])
def test_what_is_not_there_is_404(tool, person, path):
    assert person.get(f"{tool.lms_url}/{path}").status == 404


def test_the_page_of_mails_shows_what_people_of_this_site_were_mailed(tool, person):
    assert "Nothing yet" in person.get(f"{tool.lms_url}/north/mails").text
    words = mails.Written("An observation waits for you", "Look <here>.")
    with to_folder(tool.mail_folder)() as carry:
        for number, site in enumerate(("north", "south")):
            told = {"name": f"Observer of {site}", "address": f"observer@{site}.example", "at": datetime.now(UTC)}
            link = f"{tool.url}/lti/unsubscribe?mail=x"
            made = mails.compose(words, sender=("", "t@tool.example"), message_id=f"<{number}@tool.example>", unsubscribe=link, **told)
            carry(made, "t@tool.example", told["address"])
    page = person.get(f"{tool.lms_url}/north/mails").text
    assert "An observation waits for you" in page
    assert "Observer of north" in page
    assert "Observer of south" not in page
    assert "Look &lt;here&gt;." in page
    assert f'<a href="{link}">' in page
