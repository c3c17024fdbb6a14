# SPDX-License-Identifier: Apache-2.0
"""The roster's service (checklist section 6), against the pocket LMS."""

from __future__ import annotations

import pytest

from lti_mentoring.demo.site import NORTH, SOUTH
from support.live import Town
from support.roster import Roster

MOODLE, OPENEDX = NORTH.key, SOUTH.key


@pytest.mark.parametrize("site", [MOODLE, OPENEDX])
def test_NR_01_the_claims_address_is_read_with_its_media_type_and_scope(live: Town, site: str) -> None:
    roster = Roster(live, site)
    roster.launch("coordinator", "programme")
    roster.ask()
    assert roster.sync() == "done"
    enrolled = {roster.site.sub(one) for one in roster.site.people if one.enrolled}
    assert {one.sub for one in roster.members() if one.status == "active" and one.roster_run} == enrolled
