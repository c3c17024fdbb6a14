# SPDX-License-Identifier: Apache-2.0
"""Each line of docs/platforms.md names an LMS that the product knows, and a test that is there."""

from __future__ import annotations

import re
from pathlib import Path

from lti_mentoring.lti.platforms import PROFILES

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| (?P<id>(?P<lms>[A-Z]+)-\d\d) \| .+ \| .+ \| (?P<test>[^|]+) \|$", re.MULTILINE)
ROWS = [row.groupdict() for row in ROW.finditer((ROOT / "docs" / "platforms.md").read_text("utf-8"))]


def test_every_lms_that_the_product_knows_has_a_line():
    assert {row["lms"].lower() for row in ROWS} == set(PROFILES) - {"generic"}
    assert len({row["id"] for row in ROWS}) == len(ROWS) > 40


def test_every_line_names_a_test_that_is_there():
    missing = []
    for row in ROWS:
        named = re.fullmatch(r"`(?P<file>tests/[\w/]+\.py)::(?P<test>test_\w+)`", row["test"].strip())
        assert named is not None, row
        if not re.search(rf"^def {named['test']}\(", (ROOT / named["file"]).read_text("utf-8"), re.MULTILINE):
            missing.append(named.group())
    assert missing == []
