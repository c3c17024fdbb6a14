# SPDX-License-Identifier: Apache-2.0
"""A press that was in another one's way at the database is done once more, with everything that was sent."""

from __future__ import annotations

from io import BytesIO

import pytest
from flask import request
from sqlalchemy.exc import IntegrityError, OperationalError

from lti_mentoring.web.tool import Tool


class _Deadlock(Exception):
    sqlstate = "40P01"


@pytest.fixture
def tries() -> list[bytes]:
    """What each try has read of the file that was sent."""
    return []


@pytest.fixture
def tool(tries: list[bytes]) -> Tool:
    """A tool with a verb that is in somebody's way the first time."""
    made = Tool(__name__)

    @made.route("/verb", methods=["GET", "POST"])
    def verb() -> str:
        tries.append(request.files["file"].read() if request.files else b"")
        if len(tries) == 1:
            raise OperationalError("UPDATE", {}, _Deadlock())
        return "done"

    return made


def test_a_deadlock_is_done_once_more_with_the_file_that_was_sent(tool: Tool, tries: list[bytes]):
    answer = tool.test_client().post("/verb", data={"file": (BytesIO(b"a,b"), "lines.csv")})
    assert (answer.status_code, answer.text, tries) == (200, "done", [b"a,b", b"a,b"])


def test_a_page_is_not_read_twice(tool: Tool, tries: list[bytes]):
    assert tool.test_client().get("/verb").status_code == 500
    assert tries == [b""]


def test_what_fails_twice_is_told(tries: list[bytes]):
    made = Tool(__name__)

    @made.post("/verb")
    def verb() -> str:
        tries.append(b"")
        raise IntegrityError("INSERT", {}, Exception())

    assert made.test_client().post("/verb").status_code == 500
    assert len(tries) == 2
