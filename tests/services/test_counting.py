# SPDX-License-Identifier: Apache-2.0
"""What of a session makes it count beside others, as it is read from the tables: its plan, its length, and with whom it was."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from lti_mentoring.domain.joint_plan import PARTS, Said
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.services import joint_plan, meeting, observation, programme, records, room
from lti_mentoring.services.occasion import Asked
from lti_mentoring.services.outlines import read as outlines
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.conflict import ConflictWatch
from lti_mentoring.store.mentorship import MentoringSession, Mentorship
from lti_mentoring.store.observation import Observation
from support import doubled
from support.pairing import met, of_starter, paired
from support.visitor import Visitor

GRACE = "Grace Hale, grace@example.org"


def read(world, name="F. Martins"):
    """The records of a candidate; read for many at once they say the same."""
    base.session().rollback()
    session, candidacy = base.session(), world.candidacy_id(name)
    version = session.get_one(Candidacy, (world.org_id, candidacy)).programme_version_id
    own = records.own(candidacy, programme.load(version), org_id=world.org_id, trained=False, observed=True).observations
    course = session.get_one(Candidacy, (world.org_id, candidacy)).course_id
    drawn = outlines(base.connection(), {candidacy: version}, {version: programme.load(version)}, org_id=world.org_id, course_id=course)
    many = drawn.shapes[drawn.of[candidacy]][1].observations
    assert [(one.minutes, one.planned) for one in many] == [(one.minutes, one.planned) for one in own]
    assert [one.state for one in many] == [one.state for one in own]
    assert len({one.protege for one in many}) == len({one.protege for one in own})
    return own


@pytest.fixture
def cast(world):
    lead = world.person("R. Okafor", "coordinator", standing="instructor")
    mentor = world.person("A. Mwangi", "observer", standing="instructor")
    return {"lead": lead, "mentor": mentor, "candidate": of_starter(world, lead, "F. Martins")}


def planned(world, cast, **asked):
    facts = {"candidacy_id": world.candidacy_id("F. Martins"), "observer_id": cast["mentor"].person_id}
    words = {"planned_for": base.now().date(), "protege_label": asked.pop("label", "")}
    kind = asked.pop("kind", "independent")
    return observation.plan(actor=cast["lead"], **facts, **({} if asked else words), kind=kind, asked=Asked(**asked))


def test_a_session_that_two_lead_counts_once_both_have_agreed_on_its_plan(world, cast):
    session_id = met(cast["lead"], paired(cast["lead"], cast["mentor"].person_id))
    made = planned(world, cast, kind="co", session_id=session_id)
    assert [one.planned for one in read(world)] == [False]
    assert observation.sheet(actor=cast["mentor"], observation_id=made).unplanned
    joint_plan.save(actor=cast["candidate"], observation_id=made, said={part: Said("Ours.") for part in PARTS})
    joint_plan.agree(actor=cast["candidate"], observation_id=made, revision=1)
    assert [one.planned for one in read(world)] == [False]
    joint_plan.agree(actor=cast["mentor"], observation_id=made, revision=1)
    assert [one.planned for one in read(world)] == [True]
    assert not observation.sheet(actor=cast["mentor"], observation_id=made).unplanned


def test_a_protege_is_the_same_person_in_two_pairs_and_under_two_spellings(world, cast):
    for _ in range(2):
        pair = paired(cast["lead"], cast["candidate"].person_id)
        planned(world, cast, session_id=met(cast["lead"], pair))
        with base.transactional() as session:
            session.get_one(Mentorship, (world.org_id, pair)).state = "ended"
    assert len({one.protege for one in read(world)}) == 1
    planned(world, cast, session_id=met(cast["lead"], paired(cast["lead"], cast["candidate"].person_id, GRACE)))
    assert len({one.protege for one in read(world)}) == 2
    planned(world, cast, label="A new colleague")
    planned(world, cast, label="a new  colleague.")
    assert len({one.protege for one in read(world)}) == 3


def test_a_name_without_an_address_is_no_second_protege_however_often_it_is_typed(world, cast):
    typed = [("Kim", ""), ("Kim", ""), ("K. Tanaka", "")]
    typed += [("Kim", "kim@example.org"), ("K. T.", "KIM@example.org"), ("Noor", "n@example.org")]
    for name, email in typed:
        made = planned(world, cast, label="A new colleague")
        room.add(actor=cast["mentor"], observation_id=made, named=room.Named(name, email))
    found = Counter(one.protege for one in read(world))
    assert sorted(found.values()) == [1, 2, 3]
    planned(world, cast, label="A colleague")
    assert sorted(Counter(one.protege for one in read(world)).values()) == [1, 2, 4], "nor are words beside names"


def test_two_in_a_room_of_whom_one_has_no_address_are_nobody_alone(world, cast):
    made = planned(world, cast, label="A new colleague")
    for name, email in (("Kim", ""), ("Noor", "n@example.org")):
        room.add(actor=cast["mentor"], observation_id=made, named=room.Named(name, email))
    alone = planned(world, cast, label="A new colleague")
    room.add(actor=cast["mentor"], observation_id=alone, named=room.Named("Noor", "n@example.org"))
    assert len({one.protege for one in read(world)}) == 2


def asks_for_length(world, cast):
    """Their programme, with a least length and nothing that comes before observing."""
    with base.transactional() as session:
        row = session.get_one(Candidacy, (world.org_id, world.candidacy_id("F. Martins")))
        source = programme.source(row.programme_version_id)
        counting = replace(source.policy.counting, session_minutes=30)
        policy = replace(source.policy, before_observing=(), counting=counting)
        made = programme.publish(
            session, org_id=world.org_id, programme=replace(source, policy=policy), actor="operator", derived_from=row.programme_version_id
        )
        row.programme_version_id = made.id


def test_its_observer_says_how_long_it_was_and_no_other_number_counts_then(world, cast):
    asks_for_length(world, cast)
    made = planned(world, cast, label="A new colleague")
    with pytest.raises(RuleBroken, match="length_missing"):
        doubled.said(made, cast["mentor"])
    sheet = observation.release_page(actor=cast["mentor"], observation_id=made)
    assert (sheet.asks_length, sheet.minutes) == (True, None)
    told = {"actor": cast["mentor"], "observation_id": made, "revision": sheet.sheet.revision}
    with pytest.raises(RuleBroken, match="session_minutes"):
        observation.submit(**told, minutes=0)
    observation.submit(**told, minutes=25)
    assert [one.minutes for one in read(world)] == [25]
    session_id = met(cast["lead"], paired(cast["lead"], cast["candidate"].person_id))
    observed = planned(world, cast, session_id=session_id)
    with base.transactional() as session:
        session.get_one(Observation, (world.org_id, observed)).minutes = 20
    with base.transactional() as session:
        session.execute(update(MentoringSession).values(starts_at=base.now() - timedelta(hours=2)))
    meeting.hold(actor=cast["candidate"], session_id=session_id, minutes=60)
    assert sorted(one.minutes for one in read(world)) == [20, 25]


def test_the_release_asks_for_the_length_and_gives_back_what_was_typed(world, cast, app):
    asks_for_length(world, cast)
    made = planned(world, cast, label="A new colleague")
    with pytest.raises(RuleBroken, match="length_missing"):
        doubled.said(made, cast["mentor"])
    reads = Visitor(app, cast["mentor"])
    assert "How many minutes did the session last?" in reads.get(f"observations/{made}/release").get_data(as_text=True)
    revision = observation.release_page(actor=cast["mentor"], observation_id=made).sheet.revision
    for typed in ("", "900", "long"):
        answer = reads.post(f"observations/{made}/release", {"revision": str(revision), "minutes": typed})
        assert answer.status_code == 400
        assert f'value="{typed}"' in answer.get_data(as_text=True)
    assert reads.post(f"observations/{made}/release", {"revision": str(revision), "minutes": "40"}).status_code == 303
    assert [one.minutes for one in read(world)] == [40]


def test_what_is_held_again_after_its_release_counts_on_no_page(world, cast):
    made = planned(world, cast, label="A new colleague")
    with base.transactional() as session:
        session.get_one(Observation, (world.org_id, made)).state = "released"
    assert [one.state for one in read(world)] == ["released"]
    with base.transactional() as session:
        held = select(ConflictWatch).where(ConflictWatch.about_kind == "observation", ConflictWatch.about_id == made)
        session.scalars(held).one().verdict = "needs_override"
    assert [one.state for one in read(world)] == ["rated"]
