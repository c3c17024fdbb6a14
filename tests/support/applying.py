# SPDX-License-Identifier: Apache-2.0
"""Applicants, reviewers and an intake, for tests of the way in."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select

from conftest import World
from lti_mentoring.domain.form import LONG, YES, fields_of
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.selection import Mark
from lti_mentoring.services import application, dossier, intake, opening, reviewing, selection
from lti_mentoring.services import programme as packs
from lti_mentoring.services.application import Declared
from lti_mentoring.services.declaring import NamedReferee
from lti_mentoring.store import base
from lti_mentoring.store.application import ApplicationReview

REFEREES = (NamedReferee("R. Oakes", "oakes@example.org", "Colleague"), NamedReferee("T. Lind", "lind@example.org", "Dean"))


def taking_applications(world: World, policy: str = "starter", places: int | None = None) -> Actor:
    """A course that takes candidates in by application. -> its coordinator"""
    lead = world.person("Coordinator", "coordinator", standing="instructor")
    opening.choose_policy(actor=lead, name=policy)
    intake.change(actor=lead, mode="apply", places=places, opens_at=None, closes_at=None)
    return world.actor("Coordinator")


def answered(world: World, actor: Actor, **changes: object) -> dict[str, object]:
    """Every answer of the form, in a few words."""
    version = packs.load(intake.version_of(actor, intake.of(org_id=world.org_id, course_id=world.course_id)))
    assert version.form is not None
    made: dict[str, object] = {
        one.key: True if one.kind == YES else [one.options[0]] if one.options else "A few words." if one.kind == LONG else "Nurse"
        for one in fields_of(version.form)
    }
    return made | changes


def submitted(world: World, name: str, *, declared: Declared | None = None, **changes: object) -> str:
    """Somebody new applies. -> the application's id"""
    return submitted_by(world, world.person(name, standing="none"), declared=declared, **changes)


def submitted_by(world: World, who: Actor, *, declared: Declared | None = None, **changes: object) -> str:
    """This person applies. -> the application's id"""
    application.begin(actor=who)
    said = declared or Declared(nobody=True, referees=REFEREES)
    application.submit(actor=who, answers=answered(world, who, **changes), declared=said, revision=0)
    return application.page(actor=who).id


def reviewed(world: World, lead: Actor, application_id: str, reviewer: Actor, default: int = 3, **levels: int) -> None:
    """The coordinator asks somebody for a review, and they submit it."""
    selection.assign(actor=lead, application_id=application_id, reviewer_id=reviewer.person_id)
    rubric = dossier.dossier(actor=lead, application_id=application_id).rubric
    marks = [Mark(one.key, levels.get(one.key, default), "The second answer shows it.") for one in rubric.criteria]
    own = next(one for one in reviewing.waiting(actor=reviewer) if one.state != "submitted" and one.id in _of(application_id))
    reviewing.submit(actor=reviewer, review_id=own.id, marks=marks, revision=0)


def _of(application_id: str) -> Mapping[str, object]:
    rows = base.session().scalars(select(ApplicationReview.id).where(ApplicationReview.application_id == application_id))
    return dict.fromkeys(rows)
