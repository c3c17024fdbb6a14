# SPDX-License-Identifier: Apache-2.0
"""The example dashboard and the alerts in the docs name numbers that /metrics really tells."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

from conftest import make_world
from lti_mentoring import app as wiring
from lti_mentoring.services import delivery
from lti_mentoring.settings import Settings
from lti_mentoring.store import base

ROOT = Path(__file__).parents[2]
NUMBER = re.compile(r"lti_mentoring_[a-z_]+[a-z]")
PIECES = re.compile(r"_(bucket|count|sum|total|created)$")


def told(make_settings: Callable[..., Settings], database_url: str) -> str:
    """What /metrics says of an installation with one grade in its outbox."""
    app = wiring.create_app(make_settings(database_url=database_url, metrics_token="token-for-metrics"))
    with app.app_context():
        world = make_world("Northfield")
        with base.tenant(world.org_id):
            world.placement("module:M1")
            person = world.person("Ada")
            with base.transactional() as session:
                about = {"org_id": world.org_id, "course_id": world.course_id, "person_id": person.person_id}
                delivery.want(session, **about, items={"module:M1"})
    answer = app.test_client().get("/metrics", headers={"Authorization": "Bearer token-for-metrics"})
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_dashboard_and_alerts_are_in_step_with_the_numbers(make_settings: Callable[..., Settings], database_url: str) -> None:
    text = told(make_settings, database_url)
    known = {PIECES.sub("", name) for name in NUMBER.findall(text)}
    dashboard = json.loads((ROOT / "docs" / "operate" / "dashboard.json").read_text("utf-8"))
    asked = {name for panel in dashboard["panels"] for target in panel["targets"] for name in NUMBER.findall(target["expr"])}
    asked |= set(re.findall(r"`(lti_mentoring_[a-z_]+[a-z])", (ROOT / "docs" / "operate.md").read_text("utf-8")))
    assert len(asked) > 8
    assert sorted(name for name in asked if PIECES.sub("", name) not in known) == []


def test_numbers_carry_the_lms_and_nobody_who_uses_it(make_settings: Callable[..., Settings], database_url: str) -> None:
    text = told(make_settings, database_url)
    assert 'lti_mentoring_delivery_due{lane="' in text
    assert 'platform="lms.example"' in text
    assert "Ada" not in text
    assert "# TYPE lti_mentoring_delivery_requests_total counter" in text
