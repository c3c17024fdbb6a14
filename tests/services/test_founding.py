# SPDX-License-Identifier: Apache-2.0
"""Founding mentors: two people sign, neither of them the mentor, and nobody signs twice."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from conftest import World, make_world
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import founding
from lti_mentoring.store import base
from lti_mentoring.store.privacy import AuditEvent
from support.racing import at_once


@pytest.fixture
def cast(world: World):
    names = {"lead": "coordinator", "sponsor": "trainer", "mentor": "observer", "other": "deputy"}
    return {name: world.person(name, role, standing="instructor") for name, role in names.items()}


def founders(actor) -> frozenset[str]:
    with base.transactional() as session:
        return founding.of(session, actor.course_id)


def test_a_mentor_is_founding_once_a_second_person_has_signed(cast):
    made = founding.name(actor=cast["lead"], person_id=cast["mentor"].person_id, reason=" Ten years as a mentor ")
    assert founders(cast["lead"]) == frozenset()
    founding.sign(actor=cast["sponsor"], founding_id=made)
    founding.sign(actor=cast["sponsor"], founding_id=made)
    assert founders(cast["lead"]) == {cast["mentor"].person_id}
    (one,) = founding.page(actor=cast["lead"]).founders
    assert (one.name, one.reason, one.named_by, one.signed_by) == ("mentor", "Ten years as a mentor", "lead", "sponsor")
    verbs = base.session().scalars(select(AuditEvent.verb).where(AuditEvent.object_kind == founding.KIND).order_by(AuditEvent.at))
    assert list(verbs) == ["name", "sign"]
    founding.end(actor=cast["lead"], founding_id=made)
    assert (founders(cast["lead"]), founding.page(actor=cast["lead"]).founders) == (frozenset(), ())
    again = founding.name(actor=cast["other"], person_id=cast["mentor"].person_id, reason="Once more")
    assert (again, founders(cast["lead"])) == (made, frozenset()), "it takes two signatures again"


@pytest.mark.parametrize(("who", "code"), [("lead", "founding_same_person"), ("mentor", "founding_oneself")])
def test_the_second_signature_is_of_another_person_than_the_first_and_the_mentor(cast, who, code):
    made = founding.name(actor=cast["lead"], person_id=cast["mentor"].person_id, reason="Ten years")
    assert not founding.page(actor=cast[who]).founders[0].may_sign
    with pytest.raises(RuleBroken, match=code):
        founding.sign(actor=cast[who], founding_id=made)


def test_what_cannot_be_named_is_refused(cast):
    def refused(code: str, person: str, reason: str = "Ten years") -> None:
        with pytest.raises(RuleBroken, match=code):
            founding.name(actor=cast["lead"], person_id=person, reason=reason)

    refused("founding_oneself", cast["lead"].person_id)
    refused("founding_without_reason", cast["mentor"].person_id, "  ")
    refused("reason_long", cast["mentor"].person_id, "x" * 501)
    with pytest.raises(NotFound):
        founding.name(actor=cast["lead"], person_id="f" * 32, reason="Nobody here")
    founding.name(actor=cast["lead"], person_id=cast["mentor"].person_id, reason="Ten years")
    refused("founding_named", cast["mentor"].person_id)


def test_only_who_leads_is_offered_people_to_name(cast):
    assert founding.page(actor=cast["sponsor"]).people == ()
    assert {name for _, name in founding.page(actor=cast["lead"]).people} == {"mentor", "other", "sponsor"}


def test_two_second_signatures_at_once_are_one(any_app: Flask):
    world = make_world("Northfield")
    with base.tenant(world.org_id):
        lead, mentor = world.person("lead", "coordinator", standing="instructor"), world.person("mentor", "observer")
        sponsors = [world.person(f"sponsor {number}", "trainer", standing="instructor") for number in (1, 2)]
        made = founding.name(actor=lead, person_id=mentor.person_id, reason="Ten years")
        broken = at_once(any_app, [lambda one=one: founding.sign(actor=one, founding_id=made) for one in sponsors])
        assert sorted(one.code if one else "" for one in broken) == ["", "founding_signed"]
