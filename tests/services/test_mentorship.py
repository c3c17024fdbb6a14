# SPDX-License-Identifier: Apache-2.0
"""Pairs, groups and their sessions: who may make them, what the conflict guard says, what goes along when a session moves or ends."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from conftest import World, make_world
from lti_mentoring.domain.rule import NotAllowed, NotFound, RuleBroken
from lti_mentoring.services import appointments, calendar, meeting, mentorship, observation, occasion, pairing, reporting_line
from lti_mentoring.services.occasion import Asked
from lti_mentoring.services.reporting_line import Manager
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.field import Participant
from lti_mentoring.store.mentorship import MentoringSession, Mentorship, MentorshipMember
from lti_mentoring.store.notification import Notification
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.people import Person
from lti_mentoring.store.privacy import AuditEvent
from lti_mentoring.store.qualification import FoundingMentor
from support.pairing import ADA, ahead, met, of_starter, paired
from support.racing import at_once


@pytest.fixture
def cast(world: World):
    """A candidate who mentors, an accomplished mentor, an observer, a coordinator."""
    lead = world.person("R. Okafor", "coordinator", standing="instructor")
    return {
        "coordinator": lead,
        "candidate": of_starter(world, lead, "F. Martins"),
        "mentor": world.person("A. Mwangi", "observer", standing="instructor"),
        "observer": world.person("T. Lindqvist", "observer", standing="instructor"),
    }


def rows(table, *conditions) -> int:
    return base.session().scalar(select(func.count()).select_from(table).where(*conditions)) or 0


def begun(session_id: str) -> None:
    """Time has passed: the session began an hour ago."""
    with base.transactional() as session:
        session.execute(update(MentoringSession).where(MentoringSession.id == session_id).values(starts_at=base.now() - timedelta(hours=1)))


def observed(world: World, cast, **changes) -> str:
    given = {"actor": cast["coordinator"], "candidacy_id": world.candidacy_id("F. Martins"), "observer_id": cast["observer"].person_id}
    return observation.plan(**(given | changes))


def told(person) -> list[str]:
    return list(base.session().scalars(select(Notification.kind).where(Notification.person_id == person.person_id)))


# --- pairs ------------------------------------------------------------------------------------------------------------------


def test_a_protege_without_an_account_becomes_a_person_once_and_the_same_address_is_the_same_person(world, cast):
    lead, candidate = cast["coordinator"], cast["candidate"].person_id
    first = paired(lead, candidate)
    second = paired(lead, cast["mentor"].person_id, "A. Quill, ADA@example.org")
    assert rows(Person, func.lower(Person.email) == "ada@example.org") == 1
    members = mentorship.members_of(base.session(), [first, second])
    assert len({one.person_id for pair in (first, second) for one in members[pair] if one.role == "protege"}) == 1
    assert rows(AuditEvent, AuditEvent.verb == "pair") == 2


def test_somebody_of_the_course_is_a_protege_by_name_for_who_leads_and_roles_follow(world, cast):
    learner = world.person("Wen Zhang")
    pair = paired(cast["coordinator"], cast["candidate"].person_id, "Wen Zhang")
    assert "protege" in world.actor("Wen Zhang").roles
    assert "mentor" in world.actor("F. Martins").roles
    assert learner.person_id in {one.person_id for one in mentorship.members_of(base.session(), [pair])[pair]}
    pairing.end(actor=cast["coordinator"], mentorship_id=pair)
    assert not {"protege", "mentor"} & (world.actor("Wen Zhang").roles | world.actor("F. Martins").roles)


def test_a_founding_mentor_is_a_mentor_once_a_sponsor_has_signed(world, cast):
    founder = world.person("Founder", standing="instructor")
    with base.transactional() as session:
        named = {"reason": "First.", "named_by": cast["coordinator"].person_id}
        session.add(FoundingMentor(course_id=world.course_id, person_id=founder.person_id, **named))
    assert "mentor" not in world.actor("Founder").roles
    with base.transactional() as session:
        session.execute(update(FoundingMentor).values(signed_at=base.now(), signed_by=cast["observer"].person_id))
    assert "mentor" in world.actor("Founder").roles


def test_a_mentor_pairs_only_themself_and_is_told_nobodys_name(world, cast):
    paired(cast["coordinator"], cast["candidate"].person_id)
    mentor = world.actor("F. Martins")
    assert mentorship.form(actor=mentor).people == ()
    made = paired(mentor, mentor.person_id, "Bo Lind, bo@example.org")
    assert made in {one.id for one in mentorship.page(actor=mentor).active}
    with pytest.raises(NotAllowed, match="mentor_pairs_own"):
        paired(mentor, cast["observer"].person_id, "Cy Ode, cy@example.org")
    with pytest.raises(RuleBroken, match="protege_address"):
        paired(mentor, mentor.person_id, "A. Mwangi")


def test_somebody_elses_pair_is_not_found(world, cast):
    pair = paired(cast["coordinator"], cast["candidate"].person_id)
    held = met(cast["coordinator"], pair)
    for who in (cast["observer"], cast["mentor"]):
        for act in (
            lambda who=who: meeting.pair_page(actor=who, mentorship_id=pair),
            lambda who=who: pairing.end(actor=who, mentorship_id=pair),
            lambda who=who: met(who, pair),
            lambda who=who: meeting.cancel(actor=who, session_id=held),
            lambda who=who: calendar.of_session(actor=who, session_id=held),
        ):
            with pytest.raises(NotFound):
                act()


@pytest.mark.parametrize(
    ("proteges", "kind", "code"),
    [
        ("F. Martins", "one_to_one", "mentor_and_protege"),
        ("", "one_to_one", "protege_missing"),
        (ADA, "group", "group_size"),
        ("Nobody Here", "one_to_one", "protege_address"),
        ("ada@example.org", "one_to_one", "protege_name"),
        (f"{ADA}\nSame Again, ada@example.org", "group", "member_twice"),
    ],
)
def test_what_is_no_pair_leaves_nobody_behind(world, cast, proteges, kind, code):
    before = rows(Person)
    with pytest.raises(RuleBroken, match=code):
        paired(cast["coordinator"], cast["candidate"].person_id, proteges, kind=kind)
    assert (rows(Person), rows(Mentorship)) == (before, 0)


def test_a_manager_is_never_paired_with_their_own_people(world, cast):
    boss, learner = cast["candidate"], world.person("Wen Zhang")
    reporting_line.enter(actor=cast["coordinator"], person_id=learner.person_id, managers=[Manager("direct", boss.person_id)])
    with pytest.raises(RuleBroken, match="conflict_closed") as broken:
        paired(cast["coordinator"], boss.person_id, "Wen Zhang")
    assert "manages" in [one.code for one in broken.value.facts["findings"]]
    assert broken.value.facts["names"][boss.person_id] == "F. Martins"
    assert rows(Mentorship) == 0


def test_what_is_not_known_yet_holds_a_pair_and_says_whose_line_it_is(world, cast):
    pair = paired(cast["coordinator"], cast["candidate"].person_id)
    page = meeting.pair_page(actor=cast["coordinator"], mentorship_id=pair)
    assert page.pair.verdict == "unattested"
    assert {one.code for one in page.findings} == {"line_unknown"}
    assert set(page.names.values()) == {"Ada Quill"}
    assert met(cast["coordinator"], pair)


def test_a_dotted_line_needs_an_exception_before_they_meet(world, cast):
    boss, learner = cast["candidate"], world.person("Wen Zhang")
    reporting_line.enter(actor=cast["coordinator"], person_id=boss.person_id, managers=[])
    reporting_line.enter(actor=cast["coordinator"], person_id=learner.person_id, managers=[Manager("dotted", boss.person_id)])
    pair = paired(cast["coordinator"], boss.person_id, "Wen Zhang")
    with pytest.raises(RuleBroken, match="pair_held"):
        met(cast["coordinator"], pair)


def test_ending_a_pair_calls_off_what_lies_ahead_and_keeps_what_was(world, cast):
    pair = paired(cast["coordinator"], cast["candidate"].person_id)
    past, later = met(cast["coordinator"], pair), met(cast["coordinator"], pair)
    begun(past)
    meeting.hold(actor=cast["coordinator"], session_id=past, minutes=50)
    made = observed(world, cast, asked=Asked(session_id=later))
    for _ in range(2):
        pairing.end(actor=cast["coordinator"], mentorship_id=pair)
    session = base.session()
    assert dict(session.execute(select(MentoringSession.id, MentoringSession.state)).all()) == {past: "held", later: "cancelled"}
    assert session.scalar(select(Observation.state).where(Observation.id == made)) == "cancelled"
    assert told(cast["observer"]).count("observation_called_off") == 1
    assert rows(MentorshipMember, MentorshipMember.ended_on.is_(None)) == 0
    with pytest.raises(RuleBroken, match="mentorship_ended"):
        met(cast["coordinator"], pair)


def test_two_who_pair_the_same_people_at_once_make_one_pair(any_app: Flask):
    world = make_world("Racing")
    with base.tenant(world.org_id):
        lead, mentor = world.person("Lead", "coordinator", standing="instructor"), world.person("Mentor")
        found = at_once(any_app, [lambda: paired(lead, mentor.person_id)] * 2)
        assert sorted(one.code if one else "" for one in found) == ["", "pair_there"]
        base.session().rollback()
        assert (rows(Mentorship), rows(Person, Person.email == "ada@example.org")) == (1, 1)


# --- sessions ----------------------------------------------------------------------------------------------------------------


def test_the_day_of_a_session_is_the_one_of_who_planned_it(world, cast):
    pair = paired(cast["coordinator"], cast["candidate"].person_id, started_on=date(2026, 1, 1))
    late_in_lima = datetime(2026, 12, 1, 21, 30, tzinfo=timezone(timedelta(hours=-5)))
    made = met(cast["coordinator"], pair, ahead(starts_at=late_in_lima))
    row = base.session().get_one(MentoringSession, (world.org_id, made))
    assert (row.starts_at, meeting.day_of(row)) == (datetime(2026, 12, 2, 2, 30, tzinfo=UTC), date(2026, 12, 1))


def test_a_moved_session_takes_its_observation_along_and_its_observer_is_told(world, cast):
    pair = paired(cast["coordinator"], cast["candidate"].person_id)
    held = met(cast["coordinator"], pair)
    made = observed(world, cast, asked=Asked(session_id=held))
    moved = ahead(5, place="Library")
    for _ in range(2):  # the form sent twice moves once
        meeting.change(actor=cast["coordinator"], session_id=held, when=moved)
    row = base.session().get_one(Observation, (world.org_id, made))
    assert (row.planned_for, row.place) == (moved.starts_at.date(), "Library")
    assert told(cast["observer"]) == ["observation_planned", "observation_moved"]
    assert base.session().scalar(select(MentoringSession.sequence)) == 1


def test_a_session_of_which_notes_are_taken_stays_where_it_is(world, cast):
    pair = paired(cast["coordinator"], cast["candidate"].person_id)
    held = met(cast["coordinator"], pair)
    made = observed(world, cast, asked=Asked(session_id=held))
    with base.transactional() as session:
        session.execute(update(Participant).values(consent="granted"))
    observation.save_note(actor=cast["observer"], observation_id=made, note=observation.Note("a" * 32, "Waits."))
    for act in (
        lambda: meeting.change(actor=cast["coordinator"], session_id=held, when=ahead(9)),
        lambda: meeting.cancel(actor=cast["coordinator"], session_id=held),
    ):
        with pytest.raises(RuleBroken, match="session_observed"):
            act()


def test_how_a_session_went_is_said_once_it_has_begun_and_can_be_set_right(world, cast):
    held = met(cast["coordinator"], paired(cast["coordinator"], cast["candidate"].person_id))
    with pytest.raises(RuleBroken, match="session_ahead"):
        meeting.hold(actor=cast["coordinator"], session_id=held, minutes=50)
    begun(held)
    mentor = world.actor("F. Martins")
    meeting.miss(actor=mentor, session_id=held)
    meeting.hold(actor=mentor, session_id=held, minutes=35)
    assert base.session().execute(select(MentoringSession.state, MentoringSession.minutes)).one() == ("held", 35)


def test_planning_and_calling_off_at_once_leaves_no_observation_on_a_dead_session(any_app: Flask):
    world = make_world("Racing")
    with base.tenant(world.org_id):
        lead, observer = world.person("Lead", "coordinator", standing="instructor"), world.person("Eye", "observer", standing="instructor")
        candidate = world.person("F. Martins")
        held = met(lead, paired(lead, candidate.person_id))
        facts = {"actor": lead, "candidacy_id": world.candidacy_id("F. Martins"), "observer_id": observer.person_id}
        asked = Asked(session_id=held)
        found = at_once(
            any_app,
            [lambda: observation.plan(**facts, asked=asked), lambda: meeting.cancel(actor=lead, session_id=held)],
        )
        base.session().rollback()
        assert base.session().scalar(select(MentoringSession.state)) == "cancelled"
        assert set(base.session().scalars(select(Observation.state))) <= {"cancelled"}
        assert found[1] is None
        assert found[0] is None or found[0].code == "session_closed"


# --- observed -----------------------------------------------------------------------------------------------------------------


def test_a_session_is_planned_with_its_observation_or_not_at_all(world, cast):
    pair = paired(cast["coordinator"], cast["candidate"].person_id)
    asked = Asked(mentorship_id=pair, when=ahead(3), new_id="b" * 32)
    made = observed(world, cast, asked=asked, observation_id="c" * 32)
    assert observed(world, cast, asked=asked, observation_id="c" * 32) == made
    row = base.session().get_one(Observation, (world.org_id, made))
    assert (row.session_id, row.protege_label, row.place, row.mentor_id) == ("b" * 32, "A.Q.", "Room 2.14", None)
    world.person("S. Haddad")
    with pytest.raises(RuleBroken, match="session_of_candidate"):
        observed(
            world,
            cast,
            candidacy_id=world.candidacy_id("S. Haddad"),
            asked=Asked(mentorship_id=pair, when=ahead(4), new_id="d" * 32),
        )
    assert rows(MentoringSession) == 1


def test_a_candidate_watches_the_mentor_of_another_pair_and_the_mentor_is_named(world, cast):
    pair = paired(cast["coordinator"], cast["mentor"].person_id)
    made = observed(world, cast, kind="structured", asked=Asked(mentorship_id=pair, when=ahead(), new_id="b" * 32))
    assert base.session().get_one(Observation, (world.org_id, made)).mentor_id == cast["mentor"].person_id
    with pytest.raises(RuleBroken, match="mentor_observes"):
        observed(
            world,
            cast,
            kind="structured",
            observer_id=cast["mentor"].person_id,
            asked=Asked(mentorship_id=pair, when=ahead(), new_id="e" * 32),
        )


def test_who_is_no_accomplished_mentor_is_not_taken_for_one(world, cast):
    world.person("Learner")
    plain = {"kind": "structured", "planned_for": date(2026, 12, 1), "protege_label": "A.Q."}
    with pytest.raises(RuleBroken, match="mentor_unknown"):
        observed(world, cast, **plain, asked=Asked(mentor_id=world.people["Learner"]))
    made = observed(world, cast, **plain, asked=Asked(mentor_id=cast["mentor"].person_id))
    assert base.session().get_one(Observation, (world.org_id, made)).mentor_id == cast["mentor"].person_id


def test_accomplished_mentors_are_who_observes_who_founded_and_who_has_completed(world, cast):
    lead = cast["coordinator"]
    founded = {name: world.person(name, standing="none").person_id for name in ("Founder", "Unsigned", "Ended")}
    completed = world.person("Completed").person_id
    world.person("Learner")
    signed = {"signed_by": lead.person_id, "signed_at": base.now()}
    facts = {"Founder": signed, "Unsigned": {}, "Ended": {**signed, "ended_at": base.now()}}
    with base.transactional() as session:
        for name, more in facts.items():
            named = {"course_id": world.course_id, "person_id": founded[name], "reason": "Known.", "named_by": lead.person_id}
            session.add(FoundingMentor(**named, **more))
        session.execute(update(Candidacy).where(Candidacy.person_id == completed).values(participation="completed"))
    found = {name for _, name in occasion.options(actor=lead).mentors}
    assert found == {"A. Mwangi", "T. Lindqvist", "Founder", "Completed"}


def test_everybody_in_the_room_is_asked_before_a_session_is_observed(world, cast):
    world.person("Wen Zhang", standing="none")
    pair = paired(cast["coordinator"], cast["mentor"].person_id, "Wen Zhang")
    made = observed(world, cast, kind="structured", asked=Asked(session_id=met(cast["coordinator"], pair)))
    asked = base.session().execute(select(Participant.person_id, Participant.role).where(Participant.observation_id == made)).all()
    assert dict(map(tuple, asked)) == {world.people["Wen Zhang"]: "protege", cast["mentor"].person_id: "mentor"}
    assert "consent_asked" in told(world.actor("Wen Zhang"))


# --- everybody's own ------------------------------------------------------------------------------------------------------------


def test_everybody_finds_their_sessions_the_next_one_first(world, cast):
    wen = world.person("Wen Zhang", standing="none")
    pair = paired(cast["coordinator"], cast["candidate"].person_id, "Wen Zhang")
    later, soon = met(cast["coordinator"], pair, ahead(7)), met(cast["coordinator"], pair, ahead(1))
    observed(world, cast, asked=Asked(session_id=later))
    for who, parts in (("F. Martins", ["leads", "candidate"]), ("Wen Zhang", ["protege", "protege"]), ("T. Lindqvist", ["observes"])):
        page = appointments.own(actor=world.actor(who))
        assert [row.part for row in page.ahead] == parts
        assert [row.session_id for row in page.ahead] == ([soon, later] if len(parts) == 2 else [later])
    theirs = appointments.own(actor=wen).ahead
    assert all("Lindqvist" not in name for row in theirs for name in row.people), "who observes is told by the question for consent"
    assert not any(row.kind for row in theirs)


def test_a_calendar_is_told_of_what_was_moved_and_what_was_called_off(world, cast):
    pair = paired(cast["coordinator"], cast["candidate"].person_id)
    held = met(cast["coordinator"], pair)
    made = observed(world, cast, asked=Asked(session_id=held))
    first = calendar.of_observation(actor=cast["observer"], observation_id=made)
    meeting.change(actor=cast["coordinator"], session_id=held, when=ahead(6))
    moved = calendar.of_observation(actor=cast["observer"], observation_id=made)
    observation.cancel(actor=cast["coordinator"], observation_id=made)
    off = calendar.of_observation(actor=cast["observer"], observation_id=made)
    assert [(one.sequence, one.cancelled) for one in (first, moved, off)] == [(0, False), (1, False), (2, True)]
    assert first.id == off.id
    assert not calendar.of_session(actor=world.actor("F. Martins"), session_id=held).cancelled
    with pytest.raises(NotFound):
        calendar.of_observation(actor=cast["mentor"], observation_id=made)
