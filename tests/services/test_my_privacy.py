# SPDX-License-Identifier: Apache-2.0
"""What somebody sees of what is held about them: their own rows, counted by noun, and what they agreed to."""

from __future__ import annotations

from flask import Flask

from conftest import make_world
from lti_mentoring.services import my_privacy, observation, training
from lti_mentoring.store import base
from support import applying


def test_rows_are_counted_for_whose_they_are_through_every_table_between(any_app: Flask):
    world = make_world("Northfield")
    with base.tenant(world.org_id):
        ada, bo = world.person("Ada Quill"), world.person("Bo Lind")
        observer = world.person("T. Lindqvist", "observer", standing="instructor")
        lead = world.person("R. Okafor", "coordinator", standing="instructor")
        training.start_check(actor=ada, key="M1")
        planned = {"candidacy_id": world.candidacy_id("Ada Quill"), "observer_id": observer.person_id, "protege_label": "A. B."}
        observation.plan(actor=lead, planned_for=base.now().date(), **planned)
        hers, his = ({one.noun: one.count for one in my_privacy.page(actor=who).kinds} for who in (ada, bo))
        assert (hers["check"], hers["observation"], hers["candidacy"]) == (1, 1, his["candidacy"])
        assert not {"check", "observation"} & his.keys()
        theirs = {one.noun for one in my_privacy.page(actor=observer).kinds}
        assert not {"check", "observation", "candidacy"} & theirs


def test_what_was_sent_with_its_declarations_is_a_receipt_of_ones_own(any_app: Flask):
    world = make_world("Northfield")
    with base.tenant(world.org_id):
        lead, ada = applying.taking_applications(world), world.person("Ada Quill", standing="none")
        applying.submitted_by(world, ada)
        assert "declared" in {one.kind for one in my_privacy.page(actor=ada).receipts}
        assert "declared" not in {one.kind for one in my_privacy.page(actor=lead).receipts}
