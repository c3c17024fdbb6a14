# SPDX-License-Identifier: Apache-2.0
"""From a course page to a grade in the gradebook, in Chromium against the running demo, with every page on the way held to the look."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from lti_mentoring.demo.story import right_answer
from lti_mentoring.domain.answer import steps
from lti_mentoring.domain.module import CHOICE_KINDS, MANY_PART_KINDS, MULTIPLE, Item, Module
from lti_mentoring.services import programme
from support import chromium
from support.demo import Demo, running_demo
from support.reader import HEIGHT, Reader, keep_picture

Open = Callable[..., BrowserContext]

NOTES = ("Opens with “What would you like to leave here with?” and waits eleven seconds.", "Asks for his own next step before naming any.")
CRITERIA = [f"C{number}" for number in range(1, 13)]
PACK = Path(__file__).parents[2] / "config" / "programmes" / "foundations"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo, started by its command."""
    with running_demo(tmp_path_factory.mktemp("demo")) as running:
        yield running


@pytest.fixture(scope="module")
def m1() -> Module:
    """Module M1 of the pack that the demo imports."""
    read, faults = programme.read(PACK)
    assert faults == []
    assert read is not None
    return read.module("M1")


def answer_by_keyboard(who: Reader, item: Item, step: int) -> None:
    """Give the right answer, touching nothing but keys."""
    told = right_answer(item, step)
    if item.kind in MANY_PART_KINDS:
        places = {key: str(place) for place, key in enumerate(told.get("order", []), 1)}
        places |= {key: str(value) for key, value in told.get("cards", {}).items()}
        order = who.frame.eval_on_selector_all("select[name^=card-]", "all => all.map(one => one.name)")
        assert len(order) == len(places)
        for name in order:
            who.pick_option(name, places[name.removeprefix("card-")])
    elif item.kind == MULTIPLE:
        order = who.frame.eval_on_selector_all("input[name=choices]", "all => all.map(one => one.value)")
        for value in order:
            if value in told["choices"]:
                who.tab_to(f"input[name=choices][value='{value}']")
                who.press("Space")
    else:
        who.pick_radio("choice", told["choice"])
    who.tab_to("form[data-question] button[type=submit]")
    who.press("Enter")
    who.frame.wait_for_url(re.compile(rf"\?kept={step}#answer$"))


def master(who: Reader, module: Module, *, looks: bool) -> set[str]:
    """Begin the knowledge check and answer it to the end. -> the types of question that were met."""
    items, met = {item.key: item for item in module.items}, set()
    who.follow("main button[type=submit]")
    for _ in range(60):
        who.heading("Question")
        key = who.frame.get_attribute("form[data-question]", "data-question")
        assert key
        if looks and items[key].kind not in met:
            who.look(picture="question" if items[key].kind == "sort" else "")
        who.take_the_frame()
        for step in range(1, steps(items[key]) + 1):
            answer_by_keyboard(who, items[key], step)
        if looks and items[key].kind not in met:
            who.look()
        met.add(items[key].kind)
        last = who.frame.get_by_role("link", name="See your result").count()
        who.follow("main .btn-primary")
        if last:
            who.heading("Result of attempt")
            return met
        who.frame.wait_for_url(re.compile(r"/questions/\d+$"))
    raise AssertionError("the check does not end")


def learn(who: Reader, module: Module, *, looks: bool) -> set[str]:
    """Open the module from the course page, read a part of it, master its check. -> the types of question that were met."""
    who.open("module-m1")
    who.heading(module.title)
    if looks:
        who.look()
    who.follow(".rail a")
    who.heading(module.sections[0].title)
    if looks:
        who.look(picture="reading", widths=(360,))
    who.follow(".rail a[href$='/check']")
    who.heading("Knowledge check")
    if looks:
        who.look()
    met = master(who, module, looks=looks)
    expect(who.page.frame_locator("iframe.tool").locator(".lede")).to_contain_text("Mastered")
    if looks:
        who.look()
    return met


def rate_by_keyboard(who: Reader, key: str) -> None:
    """Rate a criterion on the first note, or say why there was nothing to rate."""
    if key == "C12":
        who.pick_radio(f"level-{key}", "NO")
        who.tab_to(f"#reason-{key}")
        who.page.keyboard.type("There was no earlier observation to compare with.")
        return
    who.pick_radio(f"level-{key}", "3")
    who.tab_to(f"#c-{key} summary")
    who.press("Enter")
    who.tab_to(f"#c-{key} [data-options] input")
    who.press("Space")


def observe(who: Reader, candidate: str, *, looks: bool) -> None:
    """Open the observation from the course page, record consent, write notes, rate on them, release."""
    who.open("observation")
    who.heading("Your observations")
    if looks:
        who.look()
    frame = who.frame
    sheet = frame.get_by_role("link", name=f"Open with {candidate}").get_attribute("href")
    who.follow(f"a[href='{sheet}']")
    who.heading(f"Rate what you saw: {candidate}")
    if looks:
        who.look()
    who.follow("button[value=consent]")
    expect(frame.get_by_text("The protégé has agreed")).to_be_visible()
    who.take_the_frame()
    for number, note in enumerate(NOTES, 1):
        who.tab_to("#note") if number == 1 else None
        who.page.keyboard.type(note)
        who.tab_to("[data-keep-note]")
        who.press("Enter")
        expect(frame.locator("[data-evidence] li")).to_have_count(number)
    for key in CRITERIA:
        rate_by_keyboard(who, key)
    expect(frame.locator("[data-status]")).to_contain_text("Draft kept")
    expect(frame.locator(".jump .ok")).to_have_count(len(CRITERIA))
    if looks:
        keep_rating(who)
    who.tab_to("[data-release]")
    who.press("Enter")
    who.heading(f"Release the report on {candidate}?")
    if looks:
        who.look(picture="release", widths=(1280,))
    who.follow("main form .btn-primary")
    who.heading(f"Report on {candidate}")
    if looks:
        who.look()


def keep_rating(who: Reader) -> None:
    """The sheet with its grid in sight, at both widths."""
    page = who.look()
    for width in chromium.WIDTHS:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        keep_picture(page, f"rating-{width}", at="#rating")


def arrived(who: Reader, *titles: str) -> None:
    """The gradebook page shows a full grade in each of these columns, within 30 s."""
    deadline = time.monotonic() + 30
    while True:
        who.page.goto(f"{who.demo.lms_url}/{who.site.key}/gradebook")
        rows = {row.locator("th").inner_text(): row.locator("td").first.inner_text() for row in who.page.locator("tbody tr").all()}
        if all(re.fullmatch(r"([\d.]+) of \1.*", rows.get(title, "")) for title in titles):
            return
        assert time.monotonic() < deadline, rows
        who.page.wait_for_timeout(200)


def test_the_pages_of_those_who_run_the_course(demo: Demo, open_browser: Open):
    coordinator = Reader(open_browser(), demo, "north", "coordinator")
    coordinator.open("programme")
    coordinator.look()
    for path in ("activities", "observations/plan", "modules/M1", "modules/M1/practice", "modules/M1/preview/1", "invitation"):
        coordinator.look(path)
    coordinator.look("people", picture="people", widths=(360,))
    coordinator.look("cohort", picture="candidates", widths=(1280,))
    coordinator.look("grades", picture="grades", widths=(1280,))


@pytest.mark.parametrize(("site", "third_party_cookies"), [("north", True), ("south", False)])
def test_from_a_course_page_to_a_grade_in_the_gradebook(demo: Demo, m1: Module, open_browser: Open, site: str, third_party_cookies: bool):
    def reader(persona: str) -> Reader:
        return Reader(open_browser(third_party_cookies=third_party_cookies), demo, site, persona)

    looks = site == "north"
    candidate, observer = reader("candidate"), reader("observer")
    if looks:
        candidate.open("programme")
        candidate.look(picture="way")
    met = learn(candidate, m1, looks=looks)
    assert met & CHOICE_KINDS
    assert met & MANY_PART_KINDS
    known = candidate.site.persona("candidate")
    assert known
    observe(observer, known.name, looks=looks)
    frame = candidate.open("observation")
    if looks:
        candidate.look()
    candidate.follow("main a[href$='/report']")
    candidate.heading("Your observation")
    expect(frame.locator(".lede")).to_contain_text("Met.")
    expect(frame.get_by_text("waits eleven seconds").first).to_be_visible()
    if looks:
        candidate.look(picture="report")
    arrived(candidate, "Module 1: before you begin", "Observed mentoring conversation", "Mentor foundations")
    if looks:
        keep_picture(candidate.page, "gradebook-1280")
    assert candidate.complaints == []
    assert observer.complaints == []


def test_with_every_cookie_blocked_the_refusal_explains_itself_and_says_the_way_on(demo: Demo, open_browser: Open):
    browser = open_browser(no_cookies_for=[demo.tool_url])
    for site, way in (("south", "button"), ("north", "words")):
        who = Reader(browser, demo, site, "candidate")
        refused = who.page.frame_locator("iframe.tool")
        who.page.goto(f"{demo.lms_url}/{site}/course")
        who.page.get_by_role("link", name="Mentor foundations", exact=True).click()
        expect(refused.get_by_role("heading", level=1)).to_have_text("Your browser kept back a cookie")
        expect(refused.get_by_text("no work or grade was touched")).to_be_visible()
        button = refused.get_by_role("button", name="Open in its own window")
        expect(button).to_have_count(1 if way == "button" else 0)
        if way == "words":
            expect(refused.get_by_text("open the activity in a new window or tab")).to_be_visible()
        if way == "button":
            keep_picture(who.page, "refusal-1280")
