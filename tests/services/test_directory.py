# SPDX-License-Identifier: Apache-2.0
"""The directory on both databases: nobody without their own yes, gone at once, room by pairs and never by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from conftest import World, make_world
from lti_mentoring.domain.directory import Entry
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.services import directory, pairing
from lti_mentoring.services.directory import Wanted
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.people import Membership
from support.pairing import ADA, paired

GIVEN = Entry(own="Pédiatrie, 100 % ward", languages=("en", "fr"), capacity=1, hours=3, meets=("video",), about="Calm.")


@pytest.fixture
def here(any_app: Flask) -> Iterator[World]:
    made = make_world("Northfield")
    with base.tenant(made.org_id):
        yield made


def found(reader: Actor, **wanted: Any) -> list[str]:
    base.session().rollback()
    base.session().expire_all()
    return [one.name for one in directory.page(actor=reader, wanted=Wanted(**wanted)).entries]


def listed(world: World, name: str, entry: Entry = GIVEN) -> Actor:
    actor = world.person(name)
    directory.write(actor=actor, entry=entry)
    directory.list_entry(actor=actor, listed=True)
    return actor


def test_nobody_is_shown_without_their_own_yes_and_unlisting_takes_effect_at_once(here: World):
    reader, mentor = here.person("A. Reader", standing="none"), here.person("B. Mentor")
    with pytest.raises(RuleBroken, match="entry_missing"):
        directory.list_entry(actor=mentor, listed=True)
    directory.write(actor=mentor, entry=GIVEN)
    assert found(reader) == []
    directory.list_entry(actor=mentor, listed=True)
    assert found(reader) == ["B. Mentor"]
    (shown,) = directory.page(actor=reader, wanted=Wanted()).entries
    assert shown == directory.mine(actor=mentor).preview
    assert shown.in_training
    directory.list_entry(actor=mentor, listed=False)
    assert found(reader) == []


def test_it_is_searched_without_accents_and_nothing_typed_stands_for_anything_else(here: World):
    reader = here.person("A. Reader", standing="none")
    listed(here, "B. Mentor")
    listed(here, "C. Other", replace(GIVEN, own="Surgery", languages=("de",)))
    assert found(reader, text="pediatrie CALM") == ["B. Mentor"]
    assert found(reader, text="100 %") == ["B. Mentor"]
    assert found(reader, text="_") == []
    assert found(reader, language="fr") == ["B. Mentor"]
    assert found(reader, language="f") == []
    assert found(reader, area="MC") == []


def test_room_is_counted_from_pairs_that_go_on(here: World):
    lead, reader = here.person("L. Lead", "coordinator", standing="instructor"), here.person("A. Reader", standing="none")
    mentor = listed(here, "B. Mentor")
    assert found(reader, free=True) == ["B. Mentor"]
    pair = paired(lead, mentor.person_id, ADA)
    assert found(reader, free=True) == []
    (shown,) = directory.page(actor=reader, wanted=Wanted()).entries
    assert shown.free == 0
    assert "Ada" not in repr(shown)
    pairing.end(actor=lead, mentorship_id=pair)
    assert found(reader, free=True) == ["B. Mentor"]


def test_who_pauses_leaves_or_takes_nobody_on_is_shown_to_nobody(here: World):
    reader = here.person("A. Reader", standing="none")
    people = [listed(here, name) for name in ("B. Paused", "C. Left", "D. Busy", "E. Stays")]
    with base.transactional() as session:
        session.execute(update(Candidacy).where(Candidacy.person_id == people[0].person_id).values(participation="deferred"))
        session.execute(update(Membership).where(Membership.person_id == people[1].person_id).values(status="left"))
    directory.write(actor=people[2], entry=replace(GIVEN, paused=True))
    assert found(reader) == ["E. Stays"]


def test_a_page_is_twenty_by_name_and_another_course_has_its_own(here: World):
    reader = here.person("Z. Reader", standing="none")
    for number in range(21):
        listed(here, f"M{number:02d}")
    assert found(reader) == [f"M{number:02d}" for number in range(20)]
    assert found(reader, number=2) == ["M20"]
    assert directory.page(actor=replace(reader, course_id="0" * 32), wanted=Wanted()).entries == ()
