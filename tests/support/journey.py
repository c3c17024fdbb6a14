# SPDX-License-Identifier: Apache-2.0
"""The ways that people go through the product over HTTP, step by step, for tests that need somebody to have gone them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from lti_mentoring.demo.story import right_answer
from lti_mentoring.domain.answer import steps
from lti_mentoring.domain.item import Item
from lti_mentoring.domain.module import Module
from lti_mentoring.services import programme
from lti_mentoring.store import base
from support.driver import Browser
from support.live import Town

OBSERVER = {"north": "Okonjo-Vale", "south": "Thistledown"}
CANDIDATE = {"north": "Amina", "south": "Lucía"}


def ready(town: Town, site: str) -> str:
    """Make sure that a site's course has its coordinator and observer. -> the course's address."""
    coordinator = town.browser()
    page = coordinator.launch(site, "coordinator", "programme")
    home = re.match(r"(/courses/\w+)/", page.path)
    assert home
    if any(form.action.endswith("/coordinator") for form in page.forms):
        coordinator.post(f"{home[1]}/coordinator")
    town.browser().launch(site, "observer", "observation")
    people = coordinator.get(f"{home[1]}/people")
    observer = re.search(r"/people/(\w+)/roles\b", people.text[people.text.index(OBSERVER[site]) :])
    assert observer
    coordinator.post(f"{home[1]}/people/{observer[1]}/roles", {"role": "observer"})
    return home[1]


def share(town: Town, site: str, persona: str, activity: str) -> float | None:
    """What the gradebook shows for a person in an activity, as a share of the column's maximum; None for an empty cell."""
    for one in town.lms(site).state(log=False)["gradebook"]:
        if one["persona"] == persona and one["activity"] == activity and one["score"] is not None:
            return float(one["score"] / one["maximum"])
    return None


def module(town: Town, site: str) -> Module:
    """Module M1 as the organisation of a site has it."""
    with town.app.app_context(), base.tenant(town.organisations[site]):
        version = programme.current(town.organisations[site])
        assert version is not None
        return programme.load(version.id).modules[0]


def wrong_answer(item: Item, step: int = 1) -> dict[str, object]:
    """An answer that earns nothing."""
    if item.kind == "order":
        return {"order": list(reversed(item.order))}
    if item.cards:
        return {"cards": {card.key: str((card.bin + 1) % len(item.bins)) for card in item.cards}}
    keys = [choice.key for choice in item.options(step) if not choice.right]
    return {"choices": keys} if item.kind == "multiple" else {"choice": keys[0]}


def answers(given: dict[str, object]) -> dict[str, object]:
    """An answer in the names of a form's fields."""
    if "order" in given:
        return {f"card-{key}": str(place) for place, key in enumerate(given["order"], 1)}  # type: ignore[arg-type]
    if "cards" in given:
        return {f"card-{key}": str(value) for key, value in given["cards"].items()}  # type: ignore[attr-defined]
    if "levels" in given:
        return {f"level-{key}": str(value) for key, value in given["levels"].items()}  # type: ignore[attr-defined]
    return given


def take_the_check(town: Town, site: str, candidate: Browser, course: str) -> None:
    """Answer every question as the key says, page by page."""
    items = {item.key: item for item in module(town, site).items}
    candidate.get(f"{course}/modules/M1/check")
    page = candidate.post(f"{course}/modules/M1/check")
    if "module_mastered" in page.text:
        return
    for _ in range(60):
        if page.path.endswith("/result"):
            return
        key = re.search(r"/answers/([\w-]+)", page.text)
        assert key, page.text
        for step in range(1, steps(items[key[1]]) + 1):
            page = candidate.post(page.path, {"step": step, **answers(right_answer(items[key[1]], step))})
            assert page.status == 200, page.text
        page = candidate.get(re.sub(r"/questions/\d+$", "", page.path))
    raise AssertionError("the check does not end")


def rate(town: Town, observer: Browser, course: str, sheet: str, *, level: int) -> None:
    """Write a note, give every criterion the same level on its evidence, record consent, release."""
    page = observer.get(sheet)
    note_id = page.form(sheet).fields["note_id"]
    page = observer.submit(page.form(sheet), ("action", "note"), note="“What would you try first?” Waits eleven seconds.")
    assert "eleven seconds" in page.text
    form = page.form(sheet)
    criteria = re.findall(r'name="level-(C\d+)"', page.text)
    said: dict[str, object] = {}
    for key in dict.fromkeys(criteria):
        said |= {f"level-{key}": str(level), f"notes-{key}": note_id}
    page = observer.submit(form, ("action", "consent"), **said)
    page = observer.submit(page.form(sheet), ("action", "release"))
    assert page.path.endswith("/release"), page.text
    page = observer.submit(page.form("/release"))
    assert page.path.endswith("/report"), page.text


def told(coordinator: Browser, course: str) -> None:
    """The coordinator writes down that nobody manages whoever has not said it: until it is known, nothing counts."""
    listed = coordinator.get(f"{course}/conflicts").text
    for person in dict.fromkeys(re.findall(r'/lines/of/(\w+)/ask"', listed)):
        page = coordinator.get(f"{course}/lines/of/{person}")
        coordinator.submit(page.form(f"/lines/of/{person}"), ("nobody", "yes"))


def plan(coordinator: Browser, course: str, candidate: str, observer: str) -> str:
    """The coordinator plans an observation. -> the path of its sheet."""
    told(coordinator, course)
    page = coordinator.get(f"{course}/observations/plan")
    form = page.form("/observations/plan")
    chosen = dict(re.findall(r'<option value="(\w+)"[^>]*>([^<]+)<', page.text))
    pick = {name: key for key, name in chosen.items()}
    names = [field for field in form.fields if field not in ("csrf_token",)]
    chose = {
        "candidate": next(key for name, key in pick.items() if candidate in name),
        "observer": next(key for name, key in pick.items() if observer in name),
    }
    chose |= {"planned_for": datetime.now(UTC).date().isoformat(), "protege": "A new colleague"}
    assert set(chose) <= set(names), names
    page = coordinator.submit(form, **chose)
    assert page.status == 200, page.text
    return f"{course}/observations/{form.fields['plan']}"
