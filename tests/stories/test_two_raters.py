# SPDX-License-Identifier: Apache-2.0
"""Two people rate a session without seeing each other, lie on two sides of the bar, and a third decides; then there is a grade."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from sqlalchemy import update

from lti_mentoring.services import programme
from lti_mentoring.settings import Settings
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from support.driver import Browser
from support.journey import CANDIDATE, OBSERVER, plan, ready, share, take_the_check
from support.live import Town, town
from support.opinions import ALWAYS_SECOND

SITE = "north"
NAMES = {"observer": OBSERVER[SITE], "second_observer": "Marigold", "second": "Larkspur-Lind"}
LINE = "“What would you try first?” Waits eleven seconds."


def asks_for_a_second(place: Town) -> None:
    """Everybody is under a policy by which a candidate's first session alone is rated twice."""
    org_id = place.organisations[SITE]
    with place.app.app_context(), base.tenant(org_id):
        now = programme.current(org_id)
        assert now is not None
        version = programme.load(now.id)
        asked = replace(version, policy=replace(version.policy, doubling=ALWAYS_SECOND), policies=())
        with base.transactional() as session:
            made = programme.publish(session, org_id=org_id, programme=asked, actor="operator", derived_from=now.id)
            session.execute(update(Candidacy).values(programme_version_id=made.id))


def person(coordinator: Browser, address: str, name: str) -> str:
    people = coordinator.get(f"{address}/people").text
    found = re.search(r"/people/(\w+)/roles\b", people[people.index(name) :])
    assert found
    return found[1]


def submit(rater: Browser, sheet: str, level: int, *, note: str = "") -> str:
    """Rate everything alike from one's own seat, on a line of one's own or the first that one may read. -> the page after it"""
    page = rater.get(sheet)
    if note:
        page = rater.submit(page.form(sheet), ("action", "note"), note=note)
        page = rater.submit(page.form(sheet), ("action", "consent"))
    line = re.search(r'name="notes-C\d+"[^>]*value="(\w+)"', page.text)
    assert line, page.text
    keys = dict.fromkeys(re.findall(r'name="level-(C\d+)"', page.text))
    said: dict[str, object] = {f"level-{key}": str(level) for key in keys} | {f"notes-{key}": line[1] for key in keys}
    page = rater.submit(page.form(sheet), ("action", "release"), **said)
    assert page.path.endswith("/release"), page.text
    assert len(chosen(rater.get(sheet).text)) == len(keys), "levels stand on the sheet of who chose them"
    return str(rater.submit(page.form("/release")).text)


def chosen(text: str) -> list[str]:
    """Levels that stand on a sheet as chosen."""
    return re.findall(r'<input[^>]*name="level-C\d+"[^>]*\bchecked\b', text)


def everything(reader: Browser, address: str, sheet: str) -> str:
    """What somebody can read in lists, on the sheet and by the API."""
    api = sheet.replace("/courses/", "/api/v1/courses/", 1)
    paths = (f"{address}/observations", f"{address}/notices", sheet, f"{sheet}/release", f"{sheet}/report", f"{api}/draft", f"{api}/field")
    return "\n".join(reader.get(path).text for path in paths)


def test_two_who_straddle_the_bar_a_third_who_decides_and_only_then_a_grade(
    make_settings: Callable[..., Settings], empty_database: Path, tmp_path: Path
) -> None:
    with town(make_settings, empty_database, tmp_path) as place:
        address = ready(place, SITE)
        raters = {key: place.browser() for key in NAMES}
        coordinator, candidate = place.browser(), place.browser()
        for activity in ("observation", "module-m1"):
            candidate.launch(SITE, "candidate", activity)
        take_the_check(place, SITE, candidate, address)
        coordinator.launch(SITE, "coordinator", "programme")
        for key, there in raters.items():
            there.launch(SITE, key, "observation")
            ids = person(coordinator, address, NAMES[key])
            coordinator.post(f"{address}/people/{ids}/roles", {"role": "observer"})
            page = coordinator.get(f"{address}/lines/of/{ids}")
            coordinator.submit(page.form(f"/lines/of/{ids}"), ("nobody", "yes"))
        candidate_id = person(coordinator, address, CANDIDATE[SITE])
        page = coordinator.get(f"{address}/lines/of/{candidate_id}")
        coordinator.submit(page.form(f"/lines/of/{candidate_id}"), ("nobody", "yes"))
        asks_for_a_second(place)
        sheet = plan(coordinator, address, CANDIDATE[SITE], OBSERVER[SITE])
        observation = sheet.rsplit("/", 1)[1]

        def waits() -> None:
            place.deliver()
            assert share(place, SITE, "candidate", "observation") is None

        def ask(key: str) -> None:
            said = {"person": person(coordinator, address, NAMES[key]), "way": "notes"}
            page = coordinator.post(f"{address}/opinions/{observation}", said)
            assert "Asked." in page.text, page.text

        submit(raters["observer"], sheet, 2, note=LINE)
        waits()
        ask("second_observer")
        seen = everything(raters["second_observer"], address, sheet)
        assert "eleven seconds" in seen, "the raw notes are what they rate from"
        assert chosen(seen) == []
        assert '"level": 2' not in seen
        assert '"level":2' not in seen
        assert "first session alone" not in seen
        submit(raters["second_observer"], sheet, 3)
        waits()
        assert "a third opinion" in coordinator.get(f"{address}/opinions").text
        ask("second")
        assert chosen(everything(raters["second"], address, sheet)) == []
        waits()
        submit(raters["second"], sheet, 3)
        place.deliver()
        assert share(place, SITE, "candidate", "observation") == 1
        assert "eleven seconds" in candidate.get(f"{sheet}/report").text
