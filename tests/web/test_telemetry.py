# SPDX-License-Identifier: Apache-2.0
"""What is written down about requests."""

from __future__ import annotations

import json

import structlog
from flask import Flask

from conftest import World
from lti_mentoring.web.telemetry import Sparing
from support.visitor import Visitor


def test_a_flood_of_refusals_does_not_fill_the_log_and_another_platform_is_still_heard() -> None:
    lines = Sparing(3)
    assert [lines.lets("one", second) for second in range(5)] == [True, True, True, False, False]
    assert lines.lets("two", 5)
    assert lines.lets("one", 61)


def test_what_sparing_remembers_is_bounded() -> None:
    lines = Sparing(1)
    lines.MOST_KEYS = 100
    for number in range(1_000):
        lines.lets(str(number), 0)
    assert len(lines._minutes) <= 100


def test_a_request_is_one_line_with_an_id_and_without_personal_data(world: World, app: Flask) -> None:
    structlog.reset_defaults()
    visitor = Visitor(app, world.person("Ada Unmistakable", "coordinator", standing="instructor"))
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        answer = visitor.post("name", {"name": "Zephyrine Unmistakable", "next": ""})
        visitor.get("people?note=Unmistakable")
    assert answer.headers["X-Request-Id"]
    assert {line["event"] for line in lines} == {"request"}
    assert all(line["request_id"] for line in lines)
    assert "Unmistakable" not in json.dumps(lines)
    assert visitor.actor.person_id not in json.dumps(lines)
