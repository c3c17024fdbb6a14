# SPDX-License-Identifier: Apache-2.0
"""Consent of everybody in the room: asked in private, a no that nobody can see, lines that can be read and struck, all taken back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import and_, delete, func, select, update

from conftest import World, make_world
from lti_mentoring.domain import releasing as holding
from lti_mentoring.domain.observation import Rating
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.releasing import READING
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import (
    consent,
    field,
    guest,
    notification,
    observation,
    outside,
    participant,
    releasing,
    reporting_line,
    reports,
    roles,
    room,
)
from lti_mentoring.services.field import Batch
from lti_mentoring.services.rating import Note
from lti_mentoring.services.room import Named
from lti_mentoring.store import base
from lti_mentoring.store.field import Participant
from lti_mentoring.store.mentorship import MentoringSession, Mentorship, MentorshipMember
from lti_mentoring.store.observation import Assessment, CriterionRating, EvidenceNote, Observation
from lti_mentoring.store.people import NEVER, Identity, Membership, Person, RoleGrant
from lti_mentoring.store.privacy import AuditEvent
from lti_mentoring.store.rating import Rater, Resolution, SubmittedRating
from support.racing import at_once

FIRST, SECOND = "1" * 32, "2" * 32
SAID = "She asks what he would try next."


class Room:
    """An observation with a protégé who has no account, and the people around it."""

    def __init__(self, world: World, *, ask: bool = True) -> None:
        self.world = world
        self.candidate = world.person("F. Martins")
        self.observer = world.person("T. Lindqvist", "observer", standing="instructor")
        self.lead = world.person("R. Okafor", "coordinator", standing="instructor")
        self.plan("Kim" if ask else "")

    def plan(self, protege: str, *, observer_id: str = "") -> None:
        """A session, with this protégé asked."""
        self.id = observation.plan(
            actor=self.lead,
            candidacy_id=self.world.candidacy_id("F. Martins"),
            observer_id=observer_id or self.observer.person_id,
            planned_for=base.now().date(),
            protege_label="A new colleague",
        )
        self.protege = self.ask(protege) if protege else None

    def ask(self, name: str, email: str = "") -> Actor:
        """Name somebody in the room. -> them, as they act by their pass"""
        room.add(actor=self.lead, observation_id=self.id, named=Named(name, email))
        page = room.page(actor=self.lead, observation_id=self.id)
        person_id = next(one.person_id for one in page.people if one.name == name)
        return Actor(self.world.org_id, person_id, self.world.course_id, name, frozenset(), "")

    def yes(self, who: Actor | None = None) -> None:
        participant.answer(actor=who or self.who, observation_id=self.id, agrees=True)

    def no(self, who: Actor | None = None) -> None:
        participant.answer(actor=who or self.who, observation_id=self.id, agrees=False)

    @property
    def who(self) -> Actor:
        assert self.protege is not None
        return self.protege

    def rated(self, *, level: int = 3, unseen: str = "") -> None:
        """The observer notes two lines, links the first to every criterion but one, and submits; the last is ``unseen`` for a reason."""
        for key in (FIRST, SECOND):
            observation.save_note(actor=self.observer, observation_id=self.id, note=Note(key, f"{SAID} {key[0]}"))
        keys = [row.criterion.key for row in observation.sheet(actor=self.observer, observation_id=self.id).criteria]
        said = [Rating(key, level, note_ids=(FIRST,) if number else (SECOND,)) for number, key in enumerate(keys)]
        said = [*said[:-1], Rating(keys[-1], None, True, unseen)] if unseen else said
        self.submit(observation.save_draft(actor=self.observer, observation_id=self.id, revision=0, ratings=said).revision)

    def submit(self, revision: int | None = None) -> None:
        if revision is None:
            revision = observation.sheet(actor=self.observer, observation_id=self.id).revision
        observation.submit(actor=self.observer, observation_id=self.id, revision=revision)

    def row(self) -> Observation:
        base.end_read()
        base.session().expire_all()
        return base.session().scalars(select(Observation).where(Observation.id == self.id)).one()

    def held(self) -> set[str]:
        row = self.row()
        return {one.code for one in releasing.holds(base.session(), row)}

    def stands(self) -> bool:
        row = self.row()
        return consent.stands(base.session(), row)

    def told(self, actor: Actor) -> list[str]:
        base.end_read()
        return [one.kind for one in notification.page(actor=actor).notices]

    def strike(self, note: str, who: Actor | None = None) -> None:
        participant.strike(actor=who or self.who, observation_id=self.id, note_id=note)


def submitted(room: Room) -> list[SubmittedRating]:
    base.end_read()
    base.session().expire_all()
    query = select(SubmittedRating).where(SubmittedRating.observation_id == room.id)
    return list(base.session().scalars(query.order_by(SubmittedRating.id)))


def words_of(room: Room) -> str:
    """All that is kept of ratings of a session, drafts and submitted ones."""
    drafts = base.session().scalars(
        select(CriterionRating.reason)
        .join(Assessment, and_(Assessment.org_id == CriterionRating.org_id, Assessment.id == CriterionRating.assessment_id))
        .where(Assessment.observation_id == room.id)
    )
    return repr([[one.said, one.why] for one in submitted(room)]) + repr(list(drafts))


@pytest.fixture
def inside(any_app: Flask) -> Iterator[Room]:
    """The room, on each database."""
    world = make_world("Northfield")
    with base.tenant(world.org_id):
        yield Room(world)


@pytest.fixture
def here(app: Flask) -> Iterator[Room]:
    world = make_world("Northfield")
    with base.tenant(world.org_id):
        yield Room(world)


# --- asking ----------------------------------------------------------------------------------------------------------------------


def test_who_is_named_is_asked_without_being_enrolled(inside: Room) -> None:
    session = base.session()
    assert session.scalar(select(Membership.id).where(Membership.person_id == inside.who.person_id)) is None
    page = room.page(actor=inside.observer, observation_id=inside.id)
    assert [(one.name, one.role, one.inside, one.mailable) for one in page.people] == [("Kim", "protege", False, False)]
    assert not page.can


def test_the_same_address_is_the_same_person(here: Room) -> None:
    first = here.ask("Sam", "sam@example.org")
    assert base.session().scalar(select(func.count(Person.id)).where(Person.email == "sam@example.org")) == 1
    with pytest.raises(RuleBroken, match="guest_is_there"):
        room.add(actor=here.lead, observation_id=here.id, named=Named("Samuel", "SAM@example.org"))
    assert first.person_id in {one.person_id for one in room.page(actor=here.lead, observation_id=here.id).people}


@pytest.mark.parametrize(("name", "email", "code"), [("", "a@example.org", "guest_name_empty"), ("Sam", "nowhere", "guest_address")])
def test_what_is_no_name_or_address_is_refused_and_nobody_made(here: Room, name: str, email: str, code: str) -> None:
    before = base.session().scalar(select(func.count(Person.id)))
    base.end_read()
    with pytest.raises(RuleBroken, match=code):
        room.add(actor=here.lead, observation_id=here.id, named=Named(name, email))
    assert base.session().scalar(select(func.count(Person.id))) == before


def test_an_enrolled_protege_is_told_in_the_course_and_needs_no_link(here: Room) -> None:
    kim = here.world.person("Noor", standing="none")
    with base.transactional() as session:
        session.get_one(Person, (here.world.org_id, kim.person_id)).email = "noor@example.org"
    here.ask("Noor", "noor@example.org")
    assert here.told(kim) == ["consent_asked"]
    assert [one.observation_id for one in consent.own(actor=kim)] == [here.id]
    with pytest.raises(RuleBroken, match="guest_inside"):
        room.link(actor=here.lead, observation_id=here.id, person_id=kim.person_id)


def test_who_takes_part_in_the_session_is_asked_when_it_is_planned(here: Room) -> None:
    kim, mentor = here.world.person("Noor", standing="none"), here.world.person("M. Host", standing="none")
    today = base.now().date()
    with base.transactional() as session:
        pair = Mentorship(id=base.new_id(), course_id=here.world.course_id, started_on=today, created_by=here.lead.person_id)
        session.add(pair)
        session.flush()
        for who, role in ((kim, "protege"), (mentor, "co_mentor"), (here.candidate, "mentor")):
            session.add(MentorshipMember(mentorship_id=pair.id, person_id=who.person_id, role=role, started_on=today))
        held = MentoringSession(
            id=base.new_id(), mentorship_id=pair.id, starts_at=base.now(), minutes=45, created_by=here.lead.person_id
        )
        session.add(held)
        session.flush()
        row = session.scalars(select(Observation).where(Observation.id == here.id)).one()
        row.session_id = held.id
        room.ask(session, actor=here.lead, row=row)
    assert {one.name: one.role for one in room.page(actor=here.lead, observation_id=here.id).people} == {
        "Kim": "protege",
        "Noor": "protege",
        "M. Host": "mentor",
    }
    assert here.told(kim) == here.told(mentor) == ["consent_asked"]


def test_nobody_else_asks_or_looks_into_the_room(here: Room) -> None:
    other = here.world.person("Other", "observer", standing="instructor")
    for who in (other, here.candidate):
        with pytest.raises(NotFound):
            room.page(actor=who, observation_id=here.id)
        with pytest.raises(NotFound):
            room.add(actor=who, observation_id=here.id, named=Named("Sam", ""))
        with pytest.raises(NotFound):
            consent.page(actor=who, observation_id=here.id)


# --- yes and no --------------------------------------------------------------------------------------------------------------------


def test_it_can_be_observed_once_everybody_agrees(inside: Room) -> None:
    sam = inside.ask("Sam")
    assert not inside.stands()
    inside.yes()
    assert not inside.stands()
    inside.yes(sam)
    assert inside.stands()
    inside.no(sam)
    assert not inside.stands()
    inside.yes(sam)
    assert inside.stands()


def test_words_are_taken_once_everybody_agrees(inside: Room) -> None:
    sam = inside.ask("Sam")

    def waits() -> bool:
        inside.row()
        return consent.waits(base.session(), inside.id)

    assert waits(), "nobody has answered yet"
    inside.yes(sam)
    assert waits(), "one is missing"
    inside.yes()
    assert not waits()
    inside.no(sam)
    assert waits(), "one no is enough"
    inside.yes(sam)
    assert not waits(), "the last word counts"


def test_where_nobody_could_be_asked_the_observers_word_holds(app: Flask, world: World) -> None:
    made = Room(world, ask=False)
    assert not made.stands()
    observation.record_consent(actor=made.observer, observation_id=made.id)
    assert made.stands()
    made.ask("Kim")
    assert not made.stands(), "who is asked speaks for themself"


def test_nobody_says_yes_for_somebody_who_is_asked(here: Room) -> None:
    with pytest.raises(RuleBroken, match="consent_is_theirs"):
        observation.record_consent(actor=here.observer, observation_id=here.id)


def test_nothing_is_submitted_without_the_consent_of_everybody(here: Room) -> None:
    here.no()
    keys = [row.criterion.key for row in observation.sheet(actor=here.observer, observation_id=here.id).criteria]
    kept = observation.save_draft(actor=here.observer, observation_id=here.id, revision=0, ratings=[Rating(key, 1) for key in keys])
    with pytest.raises(RuleBroken, match="consent_missing"):
        here.submit(kept.revision)


def test_a_no_looks_like_no_answer_to_everybody_else(here: Room) -> None:
    def seen() -> str:
        base.end_read()
        pages: list[Any] = [
            room.page(actor=here.lead, observation_id=here.id),
            room.page(actor=here.observer, observation_id=here.id),
            observation.sheet(actor=here.observer, observation_id=here.id),
            observation.queue(actor=here.observer),
            field.page(actor=here.observer, observation_id=here.id),
            *(here.told(who) for who in (here.lead, here.observer, here.candidate)),
        ]
        return "\n".join(map(repr, pages))

    before = seen()
    here.no()
    assert seen() == before


def test_what_is_written_meets_the_same_answer_after_a_no_as_before_any(here: Room) -> None:
    key = observation.sheet(actor=here.observer, observation_id=here.id).criteria[0].criterion.key

    def tried() -> list[Any]:
        batch = Batch(here.observer.person_id, "a" * 32, [Note(FIRST, SAID), Note(SECOND, "x" * 5000)])
        sent = field.keep(actor=here.observer, observation_id=here.id, batch=batch)
        said = [Rating(key, None, True, "She wept.")]
        draft = observation.save_draft(actor=here.observer, observation_id=here.id, revision=0, ratings=said, note=Note(FIRST, SAID))
        with pytest.raises(RuleBroken) as broken:
            observation.save_note(actor=here.observer, observation_id=here.id, note=Note(FIRST, SAID))
        refused = {one: why.code for one, why in sent.refused.items()}
        sheet = observation.sheet(actor=here.observer, observation_id=here.id)
        said_of_draft = (draft.waits, draft.revision, draft.state, draft.clashes, draft.gaps)
        return [sent.stored, sent.waits, refused, sent.notes, sent.open, sent.can, said_of_draft, broken.value.code, sheet]

    silent = tried()
    assert silent[:3] == [{}, {FIRST}, {SECOND: "note_long"}]
    assert silent[-2] == "note_waits"
    assert "wept" not in words_of(here)
    here.no()
    assert tried() == silent
    assert not base.session().scalar(select(func.count(EvidenceNote.id)).where(EvidenceNote.observation_id == here.id))


def test_whoever_observes_is_told_of_each_change_in_the_same_words(here: Room) -> None:
    here.yes()
    here.no()
    here.yes()
    assert here.told(here.observer).count("observation_changed") == 3
    assert here.told(here.lead).count("observation_changed") == 0


def test_no_answer_and_no_name_stand_in_the_record(here: Room) -> None:
    here.yes()
    here.no()
    lines = base.session().scalars(select(AuditEvent).where(AuditEvent.object_id == here.id)).all()
    said = [line for line in lines if line.verb == "answer"]
    assert [(line.actor_id, line.facts, line.reason) for line in said] == [("participant", {}, "")] * 2
    told = json.dumps([[line.verb, line.actor_id, line.facts] for line in lines])
    assert "refused" not in told
    assert "granted" not in told


def test_what_is_over_cannot_be_agreed_to(here: Room) -> None:
    observation.cancel(actor=here.lead, observation_id=here.id)
    with pytest.raises(RuleBroken, match="consent_closed"):
        here.yes()


# --- reading and striking ----------------------------------------------------------------------------------------------------------


def test_the_result_waits_until_they_have_read_the_lines(inside: Room) -> None:
    inside.yes()
    inside.rated()
    assert "reading" in inside.held()
    page = consent.page(actor=inside.who, observation_id=inside.id)
    assert [line.text for line in page.lines] == [f"{SAID} 1", f"{SAID} 2"]
    participant.read(actor=inside.who, observation_id=inside.id)
    assert "reading" not in inside.held()


def test_and_no_longer_than_two_days(here: Room) -> None:
    with base.transactional() as session:
        session.scalars(select(Participant)).one().person_id = here.candidate.person_id  # they have come to the course
    here.yes(here.candidate)
    here.rated()
    with time_machine.travel(base.now() + READING + timedelta(minutes=1), tick=True):
        assert "reading" not in here.held()


def test_the_two_days_of_somebody_whom_nothing_reaches_begin_with_a_link_that_lives_as_long(inside: Room) -> None:
    inside.yes()
    participant.attest(actor=inside.who, observation_id=inside.id, nobody=True)
    inside.rated()
    assert inside.told(inside.lead).count("link_wanted") == 1
    page = consent.page(actor=inside.who, observation_id=inside.id)
    assert (page.to_read, page.reading_until) == (True, None)
    with time_machine.travel(base.now() + timedelta(days=10), tick=False):
        assert "reading" in inside.held()
        token = room.link(actor=inside.lead, observation_id=inside.id, person_id=inside.who.person_id)
        assert consent.page(actor=inside.who, observation_id=inside.id).reading_until == base.now() + READING
        with time_machine.travel(base.now() + READING - timedelta(minutes=1), tick=False):
            assert "reading" in inside.held()
        with time_machine.travel(base.now() + timedelta(hours=30), tick=False):
            secret, _ = guest.exchange(token=token)
        with time_machine.travel(base.now() + READING + timedelta(minutes=1), tick=False):
            assert "reading" not in inside.held()
            assert guest.holder([secret], purpose="consent") is not None, "it may still be read, and lines struck"


def test_nobody_waits_for_a_link_that_is_made_for_nobody(here: Room) -> None:
    here.yes()
    with base.transactional() as session:
        theirs = {"registration_id": here.world.registration_id, "issuer": "https://lms.example.org", "sub": "kim"}
        session.add(Identity(id=base.new_id(), person_id=here.who.person_id, **theirs))
    here.rated()
    assert "link_wanted" not in here.told(here.lead)
    with time_machine.travel(base.now() + READING + timedelta(minutes=1), tick=False):
        assert "reading" not in here.held()


def test_a_struck_line_is_gone_and_what_rested_on_it_is_rated_again(inside: Room) -> None:
    inside.yes()
    inside.rated()
    inside.strike(SECOND)
    assert inside.told(inside.observer).count("rating_again") == 1
    sheet = observation.sheet(actor=inside.observer, observation_id=inside.id)
    assert sheet.open
    assert [gap.code for gap in sheet.gaps] == ["evidence_missing"]
    assert [note.id for note in sheet.notes] == [FIRST]
    assert "amending" in inside.held()
    words = base.session().execute(select(EvidenceNote.text, EvidenceNote.struck_at).where(EvidenceNote.id == SECOND)).one()
    assert words.text == ""
    assert words.struck_at is not None
    inside.strike(SECOND)  # twice is harmless
    assert inside.told(inside.observer).count("rating_again") == 1


def test_a_line_that_nothing_rests_on_alone_opens_nothing(here: Room) -> None:
    here.yes()
    here.rated(level=1)
    here.strike(SECOND)
    assert not observation.sheet(actor=here.observer, observation_id=here.id).open


def test_what_was_struck_does_not_come_back_by_a_resend_or_an_old_page(here: Room) -> None:
    here.yes()
    here.rated()
    here.strike(SECOND)
    observation.save_note(actor=here.observer, observation_id=here.id, note=Note(SECOND, f"{SAID} 2"))
    keys = [row.criterion.key for row in observation.sheet(actor=here.observer, observation_id=here.id).criteria]
    old = [Rating(keys[0], 3, note_ids=(SECOND,))]
    draft = observation.save_draft(actor=here.observer, observation_id=here.id, revision=1, ratings=old)
    assert "evidence_missing" in {gap.code for gap in draft.gaps}
    notes = base.session().scalars(select(EvidenceNote.text).where(EvidenceNote.observation_id == here.id)).all()
    assert sorted(notes) == ["", f"{SAID} 1"]


def test_striking_while_the_rating_is_submitted_never_leaves_a_level_without_evidence(any_app: Flask) -> None:
    world = make_world("Northfield")
    with base.tenant(world.org_id):
        made = Room(world)
        for number in range(4):
            strike_and_submit(any_app, made)
            made.plan(f"Kim {number}")


def strike_and_submit(app: Flask, made: Room) -> None:
    """Both at the same moment, of a sheet of which one level rests on the line alone."""
    made.yes()
    first, second = base.new_id(), base.new_id()
    for key in (first, second):
        observation.save_note(actor=made.observer, observation_id=made.id, note=Note(key, SAID + key))
    keys = [row.criterion.key for row in observation.sheet(actor=made.observer, observation_id=made.id).criteria]
    said = [Rating(key, 3, note_ids=(second if key == keys[0] else first,)) for key in keys]
    revision = observation.save_draft(actor=made.observer, observation_id=made.id, revision=0, ratings=said).revision
    base.end_read()
    at_once(app, [lambda: made.submit(revision), lambda: made.strike(second)])
    sheet = observation.sheet(actor=made.observer, observation_id=made.id)
    assert sheet.open, "refused for what it lacks, or open again"
    assert [gap.code for gap in sheet.gaps] == ["evidence_missing"]
    rows = base.session().scalars(select(SubmittedRating).where(SubmittedRating.observation_id == made.id)).all()
    assert len(rows) in (0, 1)


def test_taking_back_deletes_the_words_and_sets_aside_what_was_rated_on_them(inside: Room) -> None:
    inside.yes()
    inside.rated()
    with pytest.raises(RuleBroken, match="consent_unsure"):
        participant.answer(actor=inside.who, observation_id=inside.id, agrees=False, sure=False)
    inside.no()
    assert set(base.session().scalars(select(EvidenceNote.text).where(EvidenceNote.observation_id == inside.id))) == {""}
    assert (inside.row().state, inside.row().void_reason) == ("void", "other")
    assert "rating_again" not in inside.told(inside.observer), "there is nothing to rate again"
    assert "observation_changed" in inside.told(inside.lead)
    voided = base.session().scalars(select(AuditEvent).where(AuditEvent.object_id == inside.id, AuditEvent.verb == "void")).one()
    assert (voided.actor_id, voided.reason) == ("system", "other"), "it does not say that it was an answer"


@pytest.mark.parametrize("what", ["an answer", "a conflict", "by hand"])
def test_who_observed_and_who_leads_are_told_the_same_of_what_is_set_aside_whatever_the_reason(here: Room, what: str) -> None:
    here.yes()
    here.rated()
    before = here.told(here.observer)
    if what == "an answer":
        here.no()
    elif what == "by hand":
        observation.void(actor=here.lead, observation_id=here.id, reason="other")
    else:
        with base.transactional() as session:
            releasing.set_aside(session, here.row(), "conflict", actor="system")
    assert here.row().state == "void"
    assert here.told(here.observer).count("observation_changed") == before.count("observation_changed") + 1
    assert here.told(here.lead).count("observation_changed") == (what != "by hand"), "nobody is told of what they did themself"


def test_taking_back_takes_every_reason_out_of_what_was_submitted(inside: Room) -> None:
    inside.yes()
    inside.rated(unseen="She wept about her divorce.")
    before = {one.id: (one.number, one.purpose) for one in submitted(inside)}
    levels = [{key: said["level"] for key, said in one.said.items()} for one in submitted(inside)]
    assert "divorce" in words_of(inside)
    inside.no()
    assert "divorce" not in words_of(inside)
    assert {one.id: (one.number, one.purpose) for one in submitted(inside)} == before
    assert [{key: said["level"] for key, said in one.said.items()} for one in submitted(inside)] == levels


def test_whoever_rated_beside_an_observer_who_is_not_done_gives_their_reasons_anew(here: Room) -> None:
    other = here.world.person("S. Second", "observer", standing="instructor")
    with base.transactional() as session:
        session.add(Rater(observation_id=here.id, person_id=other.person_id, purpose="second", assigned_by=here.lead.person_id))
    here.yes()
    keys = [row.criterion.key for row in observation.sheet(actor=other, observation_id=here.id).criteria]
    said = [Rating(key, None, True, "She wept.") for key in keys]
    kept = observation.save_draft(actor=other, observation_id=here.id, revision=0, ratings=said)
    observation.submit(actor=other, observation_id=here.id, revision=kept.revision)
    assert "wept" in words_of(here)
    here.no()
    assert "wept" not in words_of(here)
    sheet = observation.sheet(actor=other, observation_id=here.id)
    assert (sheet.open, sheet.why, {gap.code for gap in sheet.gaps} - {"consent_missing"}) == (True, "line_struck", {"reason_missing"})
    assert here.told(other).count("rating_again") == 1


def test_what_was_submitted_loses_its_words_and_nothing_else(here: Room) -> None:
    here.yes()
    here.rated(unseen="She wept.")

    def change(name: str, value: object) -> None:
        with base.transactional() as session:
            made = session.scalars(select(SubmittedRating).where(SubmittedRating.observation_id == here.id)).one()
            if name:
                setattr(made, name, value)
            else:
                session.delete(made)

    for name, value in (("weight", "set_aside"), ("said", {}), ("why", "Another."), ("", None)):
        with pytest.raises(base.FenceBroken):
            change(name, value)


def test_reasons_are_not_kept_while_somebody_says_no_and_a_page_that_still_has_them_does_not_bring_them_back(here: Room) -> None:
    here.yes()
    key = observation.sheet(actor=here.observer, observation_id=here.id).criteria[0].criterion.key
    said = [Rating(key, None, True, "She wept.")]
    kept = observation.save_draft(actor=here.observer, observation_id=here.id, revision=0, ratings=said)
    here.no()
    observation.save_draft(actor=here.observer, observation_id=here.id, revision=kept.revision, ratings=said)
    assert "wept" not in words_of(here)
    here.yes()
    clashes = observation.save_draft(actor=here.observer, observation_id=here.id, revision=kept.revision, ratings=said).clashes
    assert [one.criterion for one in clashes] == [key]
    assert "wept" not in words_of(here)


def test_a_first_no_deletes_what_was_noted_before_anybody_was_asked(app: Flask, world: World) -> None:
    made = Room(world, ask=False)
    observation.save_note(actor=made.observer, observation_id=made.id, note=Note(FIRST, SAID))
    kim = made.ask("Kim")
    participant.answer(actor=kim, observation_id=made.id, agrees=False, sure=False)
    assert set(base.session().scalars(select(EvidenceNote.text).where(EvidenceNote.observation_id == made.id))) == {""}


def test_what_a_phone_keeps_arrives_once_everybody_agrees_and_what_was_taken_out_stays_out(any_app: Flask) -> None:
    world = make_world("Northfield")
    with base.tenant(world.org_id):
        made = Room(world)
        made.yes()
        first, late = Note(FIRST, SAID), Note(SECOND, "He waits.", tag="C3")
        observation.save_note(actor=made.observer, observation_id=made.id, note=first)
        made.no()
        batch = Batch(made.observer.person_id, "a" * 32, [first, late])
        got = field.keep(actor=made.observer, observation_id=made.id, batch=batch)
        assert (got.stored, got.waits, dict(got.refused), got.notes, got.can) == ({FIRST: FIRST}, {SECOND}, {}, (), False)
        made.yes()
        got = field.keep(actor=made.observer, observation_id=made.id, batch=batch)
        assert (got.stored, got.waits, got.can) == ({FIRST: FIRST, SECOND: SECOND}, frozenset(), True)
        assert [(one.text, one.tag) for one in got.notes] == [("He waits.", "C3")]


def test_reasons_that_are_kept_already_stay_while_somebody_new_has_not_answered(here: Room) -> None:
    here.yes()
    keys = [row.criterion.key for row in observation.sheet(actor=here.observer, observation_id=here.id).criteria]
    said = [Rating(keys[0], None, True, "It did not come up.")]
    kept = observation.save_draft(actor=here.observer, observation_id=here.id, revision=0, ratings=said)
    here.ask("Sam")
    again = observation.save_draft(actor=here.observer, observation_id=here.id, revision=kept.revision, ratings=[*said, Rating(keys[1], 1)])
    assert (again.waits, again.clashes) == (False, ())
    assert "did not come up" in words_of(here)


def test_what_arrives_after_a_no_and_after_the_end_changes_nothing(inside: Room) -> None:
    inside.no()
    observation.cancel(actor=inside.lead, observation_id=inside.id)
    batch = Batch(inside.observer.person_id, "a" * 32, [Note(FIRST, SAID)])
    answer = field.keep(actor=inside.observer, observation_id=inside.id, batch=batch)
    assert answer.refused[FIRST].code == "observation_closed"
    assert not base.session().scalar(select(func.count(EvidenceNote.id)).where(EvidenceNote.observation_id == inside.id))


def test_a_line_that_comes_after_they_have_read_is_read_too_before_it_is_released(inside: Room) -> None:
    noor = inside.world.person("Noor", standing="none")
    with base.transactional() as session:
        session.get_one(Person, (inside.world.org_id, noor.person_id)).email = "noor@example.org"
    inside.ask("Noor", "noor@example.org")
    for who in (noor, inside.who):
        inside.yes(who)
        participant.attest(actor=who, observation_id=inside.id, nobody=True)
    inside.rated()
    with base.transactional() as session:
        session.scalars(select(Observation).where(Observation.id == inside.id)).one().second_reasons = ""
    observation.reopen(actor=inside.observer, observation_id=inside.id, why="One more line.")
    for who in (noor, inside.who):
        participant.read(actor=who, observation_id=inside.id)
    with time_machine.travel(base.now() + timedelta(hours=40), tick=False):
        before = inside.told(noor).count("lines_to_read")
        for key in ("3", "4"):
            observation.save_note(actor=inside.observer, observation_id=inside.id, note=Note(key * 32, f"{SAID} {key}"))
        inside.submit()
        assert inside.held() == {"reading"}
        room.link(actor=inside.lead, observation_id=inside.id, person_id=inside.who.person_id)
        assert consent.page(actor=noor, observation_id=inside.id).reading_until == base.now() + READING
        assert inside.told(noor).count("lines_to_read") == before + 1, "once for both lines"
    with time_machine.travel(base.now() + timedelta(hours=50), tick=False):
        assert inside.held() == {"reading"}, "two days from the newest line"
    with time_machine.travel(base.now() + timedelta(hours=89), tick=False):
        assert inside.held() == set()


def test_the_link_to_the_lines_opens_as_long_as_the_time_for_them_lasts(inside: Room) -> None:
    ana = inside.ask("Ana")
    for who in (ana, inside.who):
        inside.yes(who)
        participant.attest(actor=who, observation_id=inside.id, nobody=True)
    inside.rated()
    about = {"actor": inside.lead, "observation_id": inside.id}
    unopened = room.link(**about, person_id=inside.who.person_id)
    secret, _ = guest.exchange(token=room.link(**about, person_id=ana.person_id))
    told = inside.told(inside.lead).count("link_wanted")
    with time_machine.travel(base.now() + timedelta(hours=47), tick=False):
        observation.reopen(actor=inside.observer, observation_id=inside.id, why="One more line.")
        observation.save_note(actor=inside.observer, observation_id=inside.id, note=Note("3" * 32, f"{SAID} 3"))
        assert inside.told(inside.lead).count("link_wanted") == told, "both have a way to read it"
        assert consent.page(actor=ana, observation_id=inside.id).reading_until == base.now() + READING
    with time_machine.travel(base.now() + timedelta(hours=94), tick=False):
        base.end_read()
        assert guest.holder([secret], purpose="consent") is not None
        guest.exchange(token=unopened)


def test_and_where_a_link_that_is_handed_to_another_begins_it_anew(inside: Room) -> None:
    ana = inside.ask("Ana")
    for who in (ana, inside.who):
        inside.yes(who)
        participant.attest(actor=who, observation_id=inside.id, nobody=True)
    inside.rated()
    about = {"actor": inside.lead, "observation_id": inside.id}
    secret, _ = guest.exchange(token=room.link(**about, person_id=ana.person_id))
    with time_machine.travel(base.now() + timedelta(hours=47), tick=False):
        room.link(**about, person_id=inside.who.person_id)
    with time_machine.travel(base.now() + timedelta(hours=94), tick=False):
        base.end_read()
        assert guest.holder([secret], purpose="consent") is not None


def test_whose_link_to_the_lines_has_ended_gets_another_with_a_line_that_comes_late(inside: Room) -> None:
    ana = inside.ask("Ana")
    for who in (ana, inside.who):
        inside.yes(who)
        participant.attest(actor=who, observation_id=inside.id, nobody=True)
    inside.rated()
    about = {"actor": inside.lead, "observation_id": inside.id}
    room.link(**about, person_id=ana.person_id)
    told = inside.told(inside.lead).count("link_wanted")
    with time_machine.travel(base.now() + timedelta(days=4), tick=False):
        observation.reopen(actor=inside.observer, observation_id=inside.id, why="One more line.")
        for key in ("3", "4"):
            observation.save_note(actor=inside.observer, observation_id=inside.id, note=Note(key * 32, f"{SAID} {key}"))
        assert inside.told(inside.lead).count("link_wanted") == told + 1, "once for both lines"
        assert consent.page(actor=ana, observation_id=inside.id).reading_until is None


def test_who_leads_is_told_of_a_link_to_hand_over_and_not_who_observes(here: Room) -> None:
    both = here.world.person("B. Both", "coordinator", "observer", standing="instructor")
    here.plan("Kim", observer_id=both.person_id)
    here.observer = both
    here.yes()
    here.rated()
    assert ("link_wanted" in here.told(both), "link_wanted" in here.told(here.lead)) == (False, True)

    def waits_for(who: Actor) -> bool:
        base.end_read()
        return "links_wanted" in {one.code for one in reports.staff_home(actor=who, coordinated=True).todo}

    assert (waits_for(both), waits_for(here.lead)) == (False, True)
    with base.transactional() as session:
        theirs = update(RoleGrant).where(RoleGrant.person_id == here.lead.person_id, RoleGrant.role == "coordinator")
        session.execute(theirs.values(revoked_at=base.now()))
    assert waits_for(both), "nobody else leads now"
    room.link(actor=both, observation_id=here.id, person_id=here.who.person_id)
    assert not waits_for(both)


def test_after_the_release_the_words_go_and_the_levels_stay(inside: Room) -> None:
    participant.attest(actor=inside.who, observation_id=inside.id, nobody=True)
    inside.yes()
    inside.rated(unseen="She wept.")
    with base.transactional() as session:
        row = session.scalars(select(Observation).where(Observation.id == inside.id)).one()
        row.second_reasons = ""
    participant.read(actor=inside.who, observation_id=inside.id)
    assert inside.row().state == "released", inside.held()
    before = observation.report(actor=inside.candidate, observation_id=inside.id)
    inside.no()
    base.end_read()
    after = observation.report(actor=inside.candidate, observation_id=inside.id)
    assert SAID in repr(before)
    assert "wept" in repr(before)
    assert SAID not in repr(after)
    assert "wept" not in repr(after)
    made = base.session().scalars(select(Resolution).where(Resolution.observation_id == inside.id)).one()
    assert made.inputs_hash == holding.digest(releasing.submissions(base.session(), inside.id)), "it can be made again (I12)"
    assert after.verdict == before.verdict
    assert inside.row().state == "released"


def test_lines_of_another_session_or_organisation_are_not_theirs(here: Room) -> None:
    here.yes()
    here.rated()
    for note in ("9" * 32, ""):
        with pytest.raises(NotFound):
            here.strike(note)
    stranger = Actor(here.world.org_id, here.candidate.person_id, here.world.course_id, "", frozenset(), "")
    with pytest.raises(NotFound):
        here.strike(FIRST, stranger)


def test_who_they_report_to_is_known_once_they_have_said_so(here: Room) -> None:
    today = base.now().date()
    assert not consent.page(actor=here.who, observation_id=here.id).line_known
    for bad in ({"nobody": True, "name": "A. Head"}, {"nobody": False}):
        with pytest.raises(RuleBroken, match="manager_unattested"):
            participant.attest(actor=here.who, observation_id=here.id, **bad)
    participant.attest(actor=here.who, observation_id=here.id, nobody=True)
    assert consent.page(actor=here.who, observation_id=here.id).line_known
    assert reporting_line.attestation(base.session(), here.who.person_id, on=today).holds


# --- links -------------------------------------------------------------------------------------------------------------------------


def test_a_link_opens_once_and_only_what_it_is_for(inside: Room) -> None:
    token = room.link(actor=inside.lead, observation_id=inside.id, person_id=inside.who.person_id)
    secret, held = guest.exchange(token=token)
    assert (held.person_id, held.purpose, held.observation_id) == (inside.who.person_id, "consent", inside.id)
    assert guest.holder([secret], purpose="consent") == held
    assert guest.holder([secret], purpose="field") is None
    assert guest.holder([secret], purpose="consent", observation_id="f" * 32) is None
    with pytest.raises(RuleBroken, match="guest_link_spent"):
        guest.exchange(token=token)


def test_of_two_at_once_one_gets_it(any_app: Flask) -> None:
    world = make_world("Northfield")
    with base.tenant(world.org_id):
        made = Room(world)
        token = room.link(actor=made.lead, observation_id=made.id, person_id=made.who.person_id)
        base.end_read()
        broken = at_once(any_app, [lambda: guest.exchange(token=token)] * 4)
    assert sorted(one.code if one else "" for one in broken) == ["", *["guest_link_spent"] * 3]


def test_a_link_ends_by_time_by_hand_and_by_a_newer_one(here: Room) -> None:
    about = {"actor": here.lead, "observation_id": here.id, "person_id": here.who.person_id}
    first = room.link(**about)
    second = room.link(**about)
    with pytest.raises(RuleBroken, match="guest_link_revoked"):
        guest.exchange(token=first)
    with time_machine.travel(base.now() + timedelta(hours=24, minutes=1), tick=True), pytest.raises(RuleBroken, match="guest_link_old"):
        guest.exchange(token=second)
    secret, _ = guest.exchange(token=second)
    room.revoke(**about)
    assert guest.holder([secret], purpose="consent") is None


def test_what_was_written_in_the_field_arrives_for_two_weeks_whatever_became_of_the_link(here: Room) -> None:
    about = {"actor": here.lead, "observation_id": here.id, "person_id": here.observer.person_id}
    with pytest.raises(RuleBroken, match="guest_inside"):  # who can sign in is spoken for by nobody who holds a link
        room.link(**about)
    with base.transactional() as session:
        session.execute(update(Membership).where(Membership.person_id == here.observer.person_id).values(launched_at=NEVER))
        session.execute(delete(Identity).where(Identity.person_id == here.observer.person_id))
    secret, held = guest.exchange(token=room.link(**about))
    assert held.purpose == "field"
    room.revoke(**about)
    assert guest.holder([secret], purpose="field") is None
    late = guest.holder([secret], purpose="notes")
    assert late is not None
    assert (late.person_id, late.late, held.late) == (held.person_id, True, False)
    with time_machine.travel(base.now() + timedelta(days=14, minutes=1), tick=True):
        assert guest.holder([secret], purpose="notes") is None


def test_only_who_leads_makes_links_by_hand_and_gives_assignments(here: Room) -> None:
    for person in (here.who.person_id, here.observer.person_id):
        with pytest.raises(RuleBroken, match=r"guest_lead_hands_over|guest_field_lead"):
            room.link(actor=here.observer, observation_id=here.id, person_id=person)
    with pytest.raises(NotFound):
        room.link(actor=here.lead, observation_id=here.id, person_id=here.candidate.person_id)


def test_an_observer_from_outside_is_planned_like_others_and_opens_their_link_alone(inside: Room) -> None:
    with pytest.raises(RuleBroken, match="role_not_grantable"):
        outside.name(actor=inside.observer, named=Named("P. Outer", "outer@example.org"))
    person_id = outside.name(actor=inside.lead, named=Named("P. Outer", "outer@example.org"))
    assert outside.name(actor=inside.lead, named=Named("Outer", "outer@example.org")) == person_id
    assert outside.observers(actor=inside.lead) == ((person_id, "P. Outer"),)
    inside.plan("", observer_id=person_id)
    _, held = guest.exchange(token=room.link(actor=inside.lead, observation_id=inside.id, person_id=person_id))
    actor = guest.here(held).actor
    assert actor.roles == {"observer"}
    observation.save_note(actor=actor, observation_id=inside.id, note=Note(FIRST, SAID))
    assert [note.text for note in observation.sheet(actor=actor, observation_id=inside.id).notes] == [SAID]
    with pytest.raises(NotFound):
        roles.here(org_id=actor.org_id, person_id=person_id, course_id=actor.course_id, registration_id=inside.world.registration_id)
    outside.dismiss(actor=inside.lead, person_id=person_id)
    assert outside.observers(actor=inside.lead) == ()
    with pytest.raises(NotFound):
        outside.dismiss(actor=inside.lead, person_id=person_id)


def test_asking_again_tells_who_leads_once_a_day(here: Room) -> None:
    token = room.link(actor=here.lead, observation_id=here.id, person_id=here.who.person_id)
    guest.exchange(token=token)
    guest.ask_again(token=token)
    guest.ask_again(token=token)
    assert here.told(here.lead) == ["guest_asks"]
    with pytest.raises(NotFound):
        guest.ask_again(token=guest.new_token(here.world.org_id))


def test_a_link_of_another_organisation_opens_nothing_here(app: Flask) -> None:
    north, south = make_world("Northfield"), make_world("Southgate")
    with base.tenant(north.org_id):
        made = Room(north)
        token = room.link(actor=made.lead, observation_id=made.id, person_id=made.who.person_id)
    with base.tenant(south.org_id), pytest.raises(NotFound):
        guest.exchange(token=f"{south.org_id}-{token.partition('-')[2]}")
    with base.tenant(south.org_id), pytest.raises(NotFound):
        guest.exchange(token=token)
    with base.tenant(north.org_id):
        guest.exchange(token=token)


def test_only_hashes_of_links_and_passes_are_kept(here: Room) -> None:
    token = room.link(actor=here.lead, observation_id=here.id, person_id=here.who.person_id)
    secret, _ = guest.exchange(token=token)
    for table in base.Base.metadata.sorted_tables:
        if "org_id" in table.c:
            kept = repr(base.session().execute(select(table).where(table.c.org_id == here.world.org_id)).all())
            assert token.partition("-")[2] not in kept, table.name
            assert secret not in kept, table.name


def test_everybody_in_the_room_has_one_answer(here: Room) -> None:
    assert base.session().scalar(select(func.count(Participant.id)).where(Participant.observation_id == here.id)) == 1
