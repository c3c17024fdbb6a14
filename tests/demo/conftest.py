# SPDX-License-Identifier: Apache-2.0
"""A pocket LMS in front of a tool that does no more than the protocol asks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lti_mentoring.demo.lms import create_lms
from lti_mentoring.demo.site import NORTH, SITES, SOUTH
from support.driver import Browser, Lms, serving
from support.little_tool import Tool
from support.ports import free_port


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tool]:
    """Both, running."""
    ports = free_port(), free_port()
    tool = Tool(f"http://localhost:{ports[0]}", f"http://127.0.0.1:{ports[1]}")
    folder = tmp_path_factory.mktemp("lms")
    tool.mail_folder = folder / "mails"
    told = {"base_url": tool.lms_url, "tool_url": tool.url, "secret": "for this test only", "mail_folder": tool.mail_folder}
    lms = create_lms(state_path=folder / "lms.sqlite3", **told)  # type: ignore[arg-type]
    with serving(tool.app(), ports[0]), serving(lms, ports[1]):
        yield tool


@pytest.fixture
def tool(served: Tool) -> Tool:
    """The tool, with nothing left of the test before."""
    served.auth, served.keys_status = {}, 200
    served.arrived.clear()
    for site in SITES:
        Lms(served.lms_url, site.key).reset()
    return served


@pytest.fixture
def north(tool: Tool) -> Lms:
    """The Moodle-like site."""
    return Lms(tool.lms_url, NORTH.key)


@pytest.fixture
def south(tool: Tool) -> Lms:
    """The Open edX-like site."""
    return Lms(tool.lms_url, SOUTH.key)


@pytest.fixture
def browser(tool: Tool) -> Browser:
    """Somebody's browser."""
    return Browser(tool.url, lms_url=tool.lms_url)
