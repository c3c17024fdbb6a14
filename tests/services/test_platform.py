# SPDX-License-Identifier: Apache-2.0
"""Hosts that launches may not teach us, and keys that are lost."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from flask import Flask

from lti_mentoring.keys import Sealer
from lti_mentoring.services import keys, platform


@pytest.mark.parametrize("place", ["https://lms.campus.example", "https://10.1.2.3", "https://[fd12::1]", "https://2130706433"])
def test_a_launch_never_ties_a_host_that_only_the_operators_list_opens(place: str) -> None:
    assert platform.only_by_list(place, ("LMS.campus.example", "10.1.0.0/16"))


def test_any_other_host_may_be_learnt() -> None:
    assert not platform.only_by_list("https://lms2.campus.example", ("lms.campus.example",))


def test_a_leaked_key_ends_at_once_even_while_it_is_on_its_way_out(app: Flask, secrets: dict[str, str]) -> None:
    sealer = Sealer([secrets["LTI_MENTORING_ENCRYPTION_KEYS"]])
    now = datetime.now(UTC)
    leaked = keys.signing_key(sealer, now=now).kid
    keys.rotate(sealer, now=now)
    made = keys.rotate(sealer, now=now, at_once=True)["kid"]
    assert leaked != made
    assert [key["kid"] for key in keys.published(now=now)] == [made]
    assert keys.signing_key(sealer, now=now).kid == made
