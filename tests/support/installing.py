# SPDX-License-Identifier: Apache-2.0
"""An administrator of the pocket LMS who installs the tool there."""

from __future__ import annotations

from playwright.sync_api import FrameLocator, Page

from lti_mentoring.services import invite
from support.live import Town


def invited(town_: Town) -> str:
    """The address of a fresh invitation."""
    with town_.app.app_context():
        return f"{town_.tool_url}/lti/register/{invite.make(actor='operator', org_id=town_.organisations['north'])[0]}"


def become(page: Page, town_: Town, persona: str, path: str) -> None:
    """Be somebody of the north site, at an address of it."""
    page.goto(f"{town_.lms_url}/north/?next=/north/{path}")
    page.locator(f"button[value={persona}]").click()


def paste(page: Page, town_: Town, address: str) -> FrameLocator:
    """The administrator's page of tools, and the frame that it opens."""
    become(page, town_, "administrator", "tools")
    page.get_by_label("Tool URL").fill(address)
    page.get_by_role("button", name="Add LTI Advantage").click()
    return page.frame_locator("iframe[name=tool]")
