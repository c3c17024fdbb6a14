# SPDX-License-Identifier: Apache-2.0
"""What somebody sees of what is held about them: their own rows, counted by noun, and what they agreed to."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from flask import Flask
from sqlalchemy import select, update

from conftest import make_world
from lti_mentoring.domain.rule import NotFound
from lti_mentoring.services import my_privacy, observation, own_copy, training
from lti_mentoring.store import base
from lti_mentoring.store.application import Reference
from lti_mentoring.store.centre import PrivacyCopy
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


# --- the copy ------------------------------------------------------------------------------------------------------------------


def test_a_copy_has_ones_own_words_and_nothing_that_others_said_in_confidence(any_app: Flask):
    world = make_world("Northfield")
    with base.tenant(world.org_id):
        lead, ada = applying.taking_applications(world), world.person("Ada Quill", standing="none")
        bo = world.person("Bo Lind")
        held = applying.submitted_by(world, ada)
        reviewer = world.person("T. Lindqvist", "observer", standing="instructor")
        applying.reviewed(world, lead, held, reviewer)
        with base.transactional() as session:
            session.execute(update(Reference).values(text="She is late, between us.", state="answered"))
        own_copy.ask(actor=ada)
        own_copy.ask(actor=ada)
        assert len(base.session().scalars(select(PrivacyCopy)).all()) == 1
    while any_app.extensions["errands"].step("copy"):
        pass
    with base.tenant(world.org_id):
        (row,) = base.session().scalars(select(PrivacyCopy)).all()
        copy_id = row.id
        assert row.state == "ready"
        assert "Ada Quill" not in str(row.body_sealed)
        with zipfile.ZipFile(io.BytesIO(own_copy.take(actor=ada, copy_id=copy_id))) as archive:
            data, page = archive.read("data.json").decode(), archive.read("index.html").decode()
        assert json.loads(data)["person"][0]["name"] == "Ada Quill"
        for text in (data, page):
            assert "A few words." in text
            assert "oakes@example.org" in text
            for secret in ("between us", "The second answer shows it.", "T. Lindqvist", reviewer.person_id, lead.person_id):
                assert secret not in text
        with pytest.raises(NotFound):
            own_copy.take(actor=bo, copy_id=copy_id)
        with base.transactional() as session:
            session.execute(update(PrivacyCopy).values(expires_at=base.now()))
    own_copy.forget()
    with base.tenant(world.org_id):
        assert base.session().scalars(select(PrivacyCopy.body_sealed)).one() is None
        with pytest.raises(NotFound):
            own_copy.take(actor=ada, copy_id=copy_id)
