# SPDX-License-Identifier: Apache-2.0
"""Something got out: told to a confidant outside both lines, read by the two alone, never in clear at rest."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from conftest import make_world
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import concern, reporting_line
from lti_mentoring.services.reporting_line import Manager
from lti_mentoring.store import base
from lti_mentoring.store.concern import Concern
from lti_mentoring.store.privacy import AuditEvent
from support import pairing


def test_only_the_two_read_it_and_nobody_of_either_line_is_told(any_app: Flask):
    world = make_world("Northfield")
    with base.tenant(world.org_id):
        lead = world.person("R. Okafor", "coordinator", standing="instructor")
        mentor, ada = world.person("A. Mwangi", standing="instructor"), world.person("Ada Quill")
        free, boss, top = (world.person(name, standing="instructor") for name in ("T. Lind", "B. Boss", "C. Top"))
        reporting_line.enter(actor=lead, person_id=mentor.person_id, managers=[Manager("direct", boss.person_id)])
        reporting_line.enter(actor=lead, person_id=boss.person_id, managers=[Manager("direct", top.person_id)])
        pairing.paired(lead, mentor.person_id, "Ada Quill")
        for one in (free, boss, top):
            concern.name(actor=lead, person_id=one.person_id)
        assert concern.overview(actor=ada, about=mentor.person_id).confidants == ()
        for one in (free, boss, top):
            concern.agree(actor=one)
        with pytest.raises(NotFound):
            concern.agree(actor=ada)
        assert [name for _, name in concern.overview(actor=ada, about=mentor.person_id).confidants] == ["T. Lind"]
        made = base.new_id()
        said = {"about_id": mentor.person_id, "words": "Zebrafinch was told at lunch.", "may_tell": False}
        with pytest.raises(RuleBroken, match="confidant_inside"):
            concern.report(actor=ada, concern_id=made, confidant_id=top.person_id, **said)
        with pytest.raises(NotFound):
            concern.report(actor=ada, concern_id=made, confidant_id=free.person_id, **(said | {"about_id": lead.person_id}))
        for _ in range(2):
            concern.report(actor=ada, concern_id=made, confidant_id=free.person_id, **said)
        assert "Zebrafinch" not in str(base.session().execute(select(Concern.__table__)).all())
        for one in (lead, boss, top, mentor):
            with pytest.raises(NotFound):
                concern.sheet(actor=one, concern_id=made)
            assert concern.overview(actor=one).reports == ()
        for verb in ("receive", "talk"):
            concern.act(actor=free, concern_id=made, verb=verb)
        with pytest.raises(RuleBroken, match="concern_not_told"):
            concern.act(actor=free, concern_id=made, verb="hear")
        concern.act(actor=ada, concern_id=made, verb="tell")
        for verb in ("hear", "not_find", "close"):
            concern.act(actor=free, concern_id=made, verb=verb)
        page = concern.sheet(actor=ada, concern_id=made)
        assert (page.words, page.state, page.verbs) == ("Zebrafinch was told at lunch.", "closed", ())
        way = ["reported", "received", "talked_with_reporter", "other_side_heard", "not_found", "closed"]
        assert [state for state, _ in page.steps] == way
        assert concern.desk(actor=lead).count is None
        lines = base.session().scalars(select(AuditEvent).where(AuditEvent.object_kind == "concern")).all()
        assert {one.actor_id for one in lines} == {"participant"}
