# SPDX-License-Identifier: Apache-2.0
"""Programmes whose practice task a trainer marks: the small pack with an item of every type, and the default one beside itself."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from sqlalchemy import select

from conftest import World
from lti_mentoring.domain.module import Marking
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.practice import Mark
from lti_mentoring.services import candidacy, marking, practice, programme
from lti_mentoring.store import base
from lti_mentoring.store.practice import PracticeSubmission
from support import every_item

KEY = every_item.KEY
MARKING = "### Marking\n\n- Every criterion: 3\n- Words: 60\n- Days: 7\n\n### Rubric (pass"


def use(org_id: str) -> None:
    """Make it the programme that those who come now begin with."""
    with tempfile.TemporaryDirectory() as folder:
        pack = Path(shutil.copytree(every_item.PACK, Path(folder) / "marked"))
        module, main = pack / "en" / "modules" / f"{KEY}.md", pack / "programme.yaml"
        module.write_text(module.read_text("utf-8").replace("### Rubric (pass", MARKING), "utf-8")
        main.write_text(main.read_text("utf-8").replace('edition: "1"', 'edition: "marked"'), "utf-8")
        programme.import_pack(org_id=org_id, path=pack, actor="operator")


def writer(world: World, name: str) -> Actor:
    """Somebody who begins with the default programme as it would be if M1 were marked; nobody else begins with that."""
    made = world.person(name, standing="none")
    current = programme.current(world.org_id)
    assert current is not None
    whole = programme.load(current.id)
    (m1,) = whole.modules
    asked = replace(m1, practice=replace(m1.practice, marking=Marking()))
    with base.transactional() as session:
        whole = replace(whole, modules=(asked,), edition="marked")
        version = programme.publish(session, org_id=world.org_id, programme=whole, actor="operator", derived_from=current.id)
        candidacy.begin(session, org_id=world.org_id, person_id=made.person_id, course_id=world.course_id, version_id=version.id)
    return world.actor(name)


def handed_in(who: Actor, text: str = "Open questions.") -> str:
    """Somebody hands in their practice task of M1. -> its id"""
    practice.hand_in(actor=who, key="M1", text=text, revision=0)
    query = select(PracticeSubmission.id).join(candidacy.Candidacy, candidacy.Candidacy.id == PracticeSubmission.candidacy_id)
    newest = query.where(candidacy.Candidacy.person_id == who.person_id).order_by(PracticeSubmission.number.desc())
    return str(base.session().scalars(newest).first())


def returned(marker: Actor, submission: str, *, met: bool = False) -> None:
    """Somebody marks it with 4 or with 1, and returns it."""
    marking.claim(actor=marker, submission_id=submission)
    keys = [one.key for one, _ in marking.sheet(actor=marker, submission_id=submission).marks]
    marks = [Mark(key, 4 if met else 1, "The first line says so.") for key in keys]
    revision = marking.keep(actor=marker, submission_id=submission, marks=marks, feedback="One at a time.", revision=0)
    marking.give_back(actor=marker, submission_id=submission, met=met, revision=revision)
