# SPDX-License-Identifier: Apache-2.0
"""The diagrams in the documentation are the tables that the product runs on."""

from __future__ import annotations

import re
from pathlib import Path

from lti_mentoring.domain import assistance, observation

DOMAIN = Path(__file__).parents[2] / "docs" / "domain.md"


def test_the_states_of_observations_and_of_help_are_drawn_as_they_are():
    drawn = re.findall(r"```mermaid\n(.*?)```", DOMAIN.read_text("utf-8"), re.S)
    assert drawn == [observation.diagram(), assistance.diagram()]
