# SPDX-License-Identifier: Apache-2.0
"""Deep linking and a roster by Open edX's own consumer: an author chooses what a block opens, learners open it, and it is graded."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest
from sqlalchemy import func, select

from lti_mentoring.services import roll_call
from lti_mentoring.store import base
from lti_mentoring.store.people import Membership, Placement
from lti_mentoring.store.roster import RosterSync
from support.driver import Response
from support.journey import take_the_check
from support.openedx import SITE, Block, CampusTown

OLD = "9.14.5"
NAME = "Lea Fairweather"
PAGES = {"programme": "/", "module:M1": "/modules/M1", "observation": "/"}
"""What may be placed, and how the address ends that it opens for a learner."""


def linking(town: CampusTown) -> Block:
    """A block whose author chooses in the tool what it opens; nothing of its own says it."""
    launch = f"{town.tool_url}/lti/launch"
    told = {"lti_advantage_deep_linking_enabled": True, "lti_advantage_deep_linking_launch_url": launch, "custom_parameters": []}
    return town.place("programme", **told)


def choose(town: CampusTown, block: Block, *items: str) -> Response:
    """The author goes from Studio to the tool, ticks these, and sends the answer. -> the campus's page on it"""
    browser = town.browser()
    browser.go("POST", f"{town.lms_url}/sign-in", data={"username": "ines"})
    browser.go("GET", str(block.told["deep_linking_launch_url"]).replace("&amp;", "&"), source=f"{town.lms_url}/")
    picker = browser.submit()
    assert picker.status == 200, picker.text
    browser.submit(picker.form(picker.path), item=list(items))
    return browser.submit()


@pytest.mark.parametrize("item", PAGES)
@pytest.mark.checklist("DL-09", "DL-10")
def test_every_kind_of_activity_is_chosen_in_studio_and_opened_by_a_learner(town: CampusTown, item: str) -> None:
    block = linking(town)
    assert choose(town, block, item).status == 200
    _, page = town.enter(town.campus.enrol(NAME), block)
    assert page.status == 200, page.text
    assert page.path.endswith(PAGES[item])
    with town.app.app_context(), base.tenant(town.organisations[SITE]):
        placed = base.session().scalars(select(Placement)).one()
    assert unquote(placed.resource_link_id) == block.usage  # version 9 sends it quoted
    assert placed.item == item


def test_what_was_chosen_is_graded_in_the_one_cell_that_open_edx_has(town: CampusTown) -> None:
    """The line item that an answer brings makes no column there; the block's own one is used, and none is made beside it."""
    block = linking(town)
    choose(town, block, "module:M1")
    before = len(town.campus.state()["line_items"])
    username = town.campus.enrol(NAME)
    browser, page = town.enter(username, block)
    found = re.match(r"/courses/\w+", page.path)
    assert found
    take_the_check(town, SITE, browser, found[0])
    town.deliver()
    assert town.campus.cell(block, username) == 1
    own = [one for one in town.campus.state()["line_items"] if one["config"] == block.config]
    assert len(own) == 1
    assert len(town.campus.state()["line_items"]) - before <= 1


@pytest.mark.checklist("NR-02", "NR-07")
def test_a_roster_of_five_hundred_and_four_is_read(town: CampusTown) -> None:
    """In pages of a hundred by version 11; version 9 knows no pages and sends everybody at once, whatever limit is asked for."""
    block = town.place("programme", lti_1p3_enable_nrps=True)
    members = town.campus.call("crowd", {"count": 504})["members"]
    browser, page = town.enter("ines", block)
    found = re.match(r"/courses/\w+", page.path)
    assert found
    browser.post(f"{found[0]}/coordinator")
    browser.get(f"{found[0]}/roster")
    assert browser.post(f"{found[0]}/roster").status == 200
    with town.app.app_context():
        while roll_call.run(connector_for=town.app.extensions["connector_for"], pace=town.app.extensions["pace"]):
            pass
    with town.app.app_context(), base.tenant(town.organisations[SITE]):
        row = base.session().scalars(select(RosterSync)).one()
        known = base.session().scalar(select(func.count()).select_from(Membership).where(Membership.roster_run == row.run))
    assert (row.state, row.fault, row.seen, known) == ("done", "", members, members)
    assert row.pages == (1 if town.campus.version == OLD else -(-members // 100))
