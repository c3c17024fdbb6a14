# SPDX-License-Identifier: Apache-2.0
"""Who is inside a pair: those who hold a seat today, and nobody else, whatever else they do in the course."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from lti_mentoring.domain.rule import NotFound
from lti_mentoring.services import mine, pairing, talk_access
from lti_mentoring.store import base
from lti_mentoring.store.mentorship import MentorshipMember
from support.pairing import paired


@pytest.fixture
def cast(world):
    lead = world.person("R. Okafor", "coordinator", standing="instructor")
    mentor, other = world.person("A. Mwangi"), world.person("T. Lindqvist")
    pair = paired(lead, mentor.person_id, "Bo Lind, bo@example.org", co_mentor_id=other.person_id)
    return {"lead": lead, "mentor": mentor, "co": other, "pair": pair}


def seat(cast, who):
    session = base.session()
    session.rollback()
    return talk_access.inside(session, person_id=cast[who].person_id, mentorship_id=cast["pair"])


def test_whoever_holds_a_seat_is_inside_and_who_leads_the_course_is_not(cast):
    assert seat(cast, "mentor").role == "mentor"
    assert cast["co"].person_id in seat(cast, "mentor").others
    with pytest.raises(NotFound):
        seat(cast, "lead")
    with pytest.raises(NotFound):
        mine.page(actor=cast["lead"], mentorship_id=cast["pair"])


def test_a_co_mentor_who_left_today_is_outside_at_once(cast):
    with base.transactional() as session:
        row = session.scalars(select(MentorshipMember).where(MentorshipMember.person_id == cast["co"].person_id)).one()
        row.ended_on = base.now().date()
    with pytest.raises(NotFound):
        seat(cast, "co")
    assert mine.index(actor=cast["co"]) == ()
    assert cast["co"].person_id not in seat(cast, "mentor").others


def test_a_seat_ahead_opens_and_one_that_ended_before_it_began_does_not(cast, world):
    later = base.now().date() + timedelta(days=9)
    cast["pair"] = paired(cast["lead"], cast["mentor"].person_id, "Cy Lind, cy@example.org", started_on=later)
    assert seat(cast, "mentor").mentorship.started_on == later
    pairing.end(actor=cast["lead"], mentorship_id=cast["pair"])
    with pytest.raises(NotFound):
        seat(cast, "mentor")


def test_a_pair_of_another_course_is_not_found_in_this_one(cast):
    with pytest.raises(NotFound):
        talk_access.inside(base.session(), person_id=cast["mentor"].person_id, mentorship_id=cast["pair"], course_id="0" * 32)
