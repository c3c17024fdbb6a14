# SPDX-License-Identifier: Apache-2.0
"""Who plans has no power over who is in the room: no name by an address, no word on who manages them, no way to shut them out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select, update

from conftest import World, make_world
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.rule import NotAllowed, NotFound, RuleBroken
from lti_mentoring.services import (
    assessor,
    attestation,
    guest,
    matter,
    observation,
    outside,
    pairing,
    participant,
    programme,
    reporting_line,
    room,
    second,
)
from lti_mentoring.services import mentorship as pairs
from lti_mentoring.services.consent import Whose
from lti_mentoring.services.declaring import Declared
from lti_mentoring.services.guest import Guest
from lti_mentoring.services.occasion import Asked
from lti_mentoring.services.pairing import Wanted
from lti_mentoring.services.reporting_line import Manager
from lti_mentoring.services.room import PersonRow
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.notification import Notification
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.people import Course, Membership, Person, RoleGrant
from lti_mentoring.store.reporting_line import ReportingLine
from support import opinions
from support.pairing import met, paired


class Plan:
    """A planned observation, and somebody of another course of the organisation."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.candidate = world.person("F. Martins")
        self.observer = world.person("T. Lindqvist", "observer", standing="instructor")
        self.lead = world.person("R. Okafor", "coordinator", standing="instructor")
        with base.transactional() as session:
            known = session.get_one(Course, (world.org_id, world.course_id))
            elsewhere = Course(id=base.new_id(), issuer=known.issuer, scope=known.scope, context_id="elsewhere")
            session.add(elsewhere)
            session.flush()
            self.elsewhere = elsewhere.id
        self.stranger = world.person("Xenia Realname", standing="instructor", course_id=self.elsewhere, told=False)
        with base.transactional() as session:
            session.get_one(Person, (world.org_id, self.stranger.person_id)).email = "x@example.org"
        self.id = self.plan(self.observer.person_id)

    def plan(self, observer_id: str) -> str:
        made = {"candidacy_id": self.world.candidacy_id("F. Martins"), "protege_label": "A new colleague"}
        return observation.plan(actor=self.lead, observer_id=observer_id, planned_for=base.now().date(), **made)

    def add(self, name: str, email: str = "", *, by: Actor | None = None) -> PersonRow:
        known = {one.person_id for one in self.people()}
        room.add(actor=by or self.lead, observation_id=self.id, named=room.Named(name, email))
        return next(one for one in self.people() if one.person_id not in known)

    def people(self) -> tuple[PersonRow, ...]:
        base.end_read()
        return room.page(actor=self.observer, observation_id=self.id).people

    def opened(self, person_id: str) -> tuple[str, Guest]:
        """A link made to hand over, and opened."""
        return guest.exchange(token=room.link(actor=self.lead, observation_id=self.id, person_id=person_id))

    def link_of(self, one: PersonRow) -> str:
        return room.link(actor=self.lead, observation_id=self.id, person_id=one.person_id)

    def whose(self) -> Whose:
        """What the page of who plans says of whose the consent is."""
        base.end_read()
        return room.page(actor=self.observer, observation_id=self.id).whose

    def state(self, state: str) -> None:
        with base.transactional() as session:
            session.scalars(select(Observation).where(Observation.id == self.id)).one().state = state


@pytest.fixture
def made(any_app: Flask) -> Iterator[Plan]:
    world = make_world("Northfield")
    with base.tenant(world.org_id):
        yield Plan(world)


@pytest.fixture
def here(app: Flask) -> Iterator[Plan]:
    world = make_world("Northfield")
    with base.tenant(world.org_id):
        yield Plan(world)


def acting(held: Guest) -> Actor:
    return guest.here(held).actor


# --- names ---------------------------------------------------------------------------------------------------------------------


def test_an_address_that_somebody_knows_tells_them_no_name(made: Plan) -> None:
    found = made.add("Whoever", "x@example.org", by=made.observer)
    assert (found.person_id, found.name) == (made.stranger.person_id, "Whoever")
    wanted = Wanted(base.new_id(), "one_to_one", made.candidate.person_id, "Somebody <x@example.org>", base.now().date())
    pairing.make(actor=made.lead, wanted=wanted)
    base.end_read()
    (pair,) = pairs.page(actor=made.lead).active
    assert pair.proteges == ("Somebody",)


def test_nor_does_what_the_guard_says_of_them(here: Plan) -> None:
    found = here.add("Whoever", "x@example.org", by=here.observer)
    with base.transactional() as session:
        written = {"source": "staff", "said_by": here.lead.person_id}
        reporting_line.say(session, person_id=here.observer.person_id, managers=[Manager("direct", found.person_id)], **written)
        row = session.scalars(select(Observation).where(Observation.id == here.id)).one()
        assessor.again(session, actor=here.lead, row=row)
    base.end_read()
    held = matter.held(actor=here.lead, observation_id=here.id)
    assert held is not None
    assert held.names[found.person_id] == "Whoever"
    version = programme.load(base.session().scalars(select(Candidacy.programme_version_id)).one())
    with base.transactional() as session:
        reporting_line.say(session, person_id=found.person_id, managers=[], source="staff", said_by=here.lead.person_id)
    about = {"subject_id": here.candidate.person_id, "version": version, "person_id": here.observer.person_id}
    with pytest.raises(RuleBroken) as broken, base.transactional() as session:
        assessor.rate(session, actor=here.observer, row=session.scalars(select(Observation)).one(), **about)
    assert broken.value.facts["names"][found.person_id] == "Whoever"


def test_nor_does_the_page_on_which_another_opinion_is_asked_for(here: Plan) -> None:
    found = here.add("Whoever", "x@example.org", by=here.observer)
    other = opinions.observer(here.world, "A. Moreno")
    with base.transactional() as session:
        written = {"source": "staff", "said_by": here.lead.person_id}
        reporting_line.say(session, person_id=other.person_id, managers=[Manager("direct", found.person_id)], **written)
        session.scalars(select(Observation).where(Observation.id == here.id)).one().second_reasons = "drawn"
    base.end_read()
    assert second.choose(actor=here.lead, observation_id=here.id).names[found.person_id] == "Whoever"


def test_the_same_address_is_the_same_person_in_a_room_and_in_a_pair(here: Plan) -> None:
    kim = here.add("Kim", "kim@example.org")
    wanted = Wanted(base.new_id(), "one_to_one", here.candidate.person_id, "K. Other <KIM@example.org>", base.now().date())
    pairing.make(actor=here.lead, wanted=wanted)
    base.end_read()
    assert base.session().scalars(select(Person.id).where(Person.email.ilike("kim@example.org"))).all() == [kim.person_id]


ADDRESSES = ["Win at https://bad.example", "www.bad.example", "bad.example", "a@bad.example", "10.0.0.1"]
ADDRESSES += ["BAD.Co.uk", "bad.schmidt/x", "st.bad.com", "x-dr.li"]
NAMES = ["F. Martins", "J.R. Hart", "Dr. O'Neill-Sá", "F.Martins", "Dr.Smith", "Dr.Li", "St.John", "Ma.Luisa", "anna.schmidt"]


@pytest.mark.parametrize("name", ADDRESSES)
def test_no_name_carries_an_address_into_a_mail(here: Plan, name: str) -> None:
    with pytest.raises(RuleBroken, match="name_is_address"):
        here.add(name)
    assert here.people() == ()


@pytest.mark.parametrize("name", NAMES)
def test_initials_titles_and_names_with_a_dot_are_no_address(here: Plan, name: str) -> None:
    assert here.add(name).name == name


def test_a_room_has_an_end(here: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST_IN_ROOM", 2)
    here.add("Ana")
    here.add("Kim")
    with pytest.raises(RuleBroken, match="guest_room_full"):
        here.add("Noor")


# --- links -----------------------------------------------------------------------------------------------------------------------


def test_nobody_holds_a_link_for_somebody_who_signs_in_elsewhere_in_the_organisation(made: Plan) -> None:
    found = made.add("Whoever", "x@example.org")
    assert not found.by_hand
    with pytest.raises(RuleBroken, match="guest_not_by_hand"):
        made.opened(found.person_id)


def test_what_is_said_by_a_link_that_was_handed_over_ends_no_line_of_their_own(made: Plan) -> None:
    kim = made.add("Kim")
    _, held = made.opened(kim.person_id)
    assert held.handed_by == made.lead.person_id
    with base.transactional() as session:
        reporting_line.attest(session, actor=acting(held), managers=[Manager("direct", made.lead.person_id)])
    participant.attest(actor=acting(held), observation_id=made.id, nobody=True, handed_by=held.handed_by)
    base.end_read()
    line = base.session().scalars(select(ReportingLine).where(ReportingLine.subordinate_id == kim.person_id)).one()
    assert line.ended_on is None
    said = reporting_line.said(base.session(), [kim.person_id])[kim.person_id]
    assert (said.source, said.said_by) == ("staff", made.lead.person_id)


def test_who_reads_the_lines_is_not_shut_out_from_them(made: Plan) -> None:
    kim = made.add("Kim")
    secret, _ = made.opened(kim.person_id)
    about = {"observation_id": made.id, "person_id": kim.person_id}
    with pytest.raises(RuleBroken, match="guest_lead_takes_back"):
        room.revoke(actor=made.observer, **about)
    made.state("rated")
    with pytest.raises(RuleBroken, match="guest_reads"):
        room.revoke(actor=made.lead, **about)
    assert guest.holder([secret], purpose="consent") is not None


def test_an_observer_who_was_dismissed_opens_nothing_more_and_their_notes_arrive(made: Plan) -> None:
    person_id = outside.name(actor=made.lead, named=room.Named("P. Outer", ""))
    made.id = made.plan(person_id)
    secret, _ = made.opened(person_id)
    outside.dismiss(actor=made.lead, person_id=person_id)
    assert guest.holder([secret], purpose="field") is None
    assert guest.holder([secret], purpose="notes") is not None
    with pytest.raises(RuleBroken, match="guest_dismissed"):
        made.opened(person_id)


# --- who manages whom ------------------------------------------------------------------------------------------------------------


def test_who_manages_people_from_outside_can_be_written_down(made: Plan) -> None:
    kim = made.add("Kim").person_id
    outer = outside.name(actor=made.lead, named=room.Named("P. Outer", ""))
    base.end_read()
    unknown = {one.id for one in attestation.everybody(actor=made.lead) if not one.known}
    assert {kim, outer} <= unknown
    for person_id in (kim, outer):
        assert attestation.of(actor=made.lead, person_id=person_id).person.outside
        attestation.enter(actor=made.lead, person_id=person_id, declared=Declared(nobody=True), unit="")
    base.end_read()
    assert not {kim, outer} & {one.id for one in attestation.everybody(actor=made.lead) if not one.known}


def test_and_what_another_course_wrote_of_them_stays(here: Plan) -> None:
    kim = here.add("Kim").person_id
    with base.transactional() as session:
        written = {"source": "staff", "said_by": here.stranger.person_id}
        reporting_line.say(session, person_id=kim, managers=[Manager("direct", here.lead.person_id)], **written)
    attestation.enter(actor=here.lead, person_id=kim, declared=Declared(nobody=True), unit="")
    base.end_read()
    assert base.session().scalars(select(ReportingLine.ended_on).where(ReportingLine.subordinate_id == kim)).all() == [None]


def test_nobody_writes_it_down_for_who_signs_in_elsewhere_who_is_asked_where_they_are(here: Plan) -> None:
    here.add("Whoever", "x@example.org")
    with pytest.raises(NotFound):
        attestation.enter(actor=here.lead, person_id=here.stranger.person_id, declared=Declared(nobody=True), unit="")
    with base.transactional() as session:
        attestation.want(session, [here.stranger.person_id], org_id=here.world.org_id, course_id=here.world.course_id)
    base.end_read()
    asked = select(Notification.course_id).where(Notification.person_id == here.stranger.person_id, Notification.kind == "line_wanted")
    assert base.session().scalars(asked).all() == [here.elsewhere]


def test_an_observer_from_outside_says_it_by_their_link(made: Plan) -> None:
    person_id = outside.name(actor=made.lead, named=room.Named("P. Outer", ""))
    made.id = made.plan(person_id)
    _, held = made.opened(person_id)
    assert guest.here(held).asks_line
    assert attestation.by_link(actor=acting(held), observation_id=made.id).staff == ()
    attestation.say(actor=acting(held), declared=Declared(nobody=True), handed_by=held.handed_by)
    base.end_read()
    assert not guest.here(held).asks_line


# --- whose word it is -------------------------------------------------------------------------------------------------------------


def test_a_yes_by_a_link_that_was_handed_over_says_so_and_nothing_is_said_while_it_cannot_be_observed(made: Plan) -> None:
    kim, noor = made.add("Kim"), made.add("Noor")
    for one in (kim, noor):
        assert made.whose() == Whose()
        _, held = made.opened(one.person_id)
        participant.answer(actor=acting(held), observation_id=made.id, agrees=True, handed_by=held.handed_by)
    assert made.whose() == Whose(handed=("R. Okafor",))
    participant.answer(actor=acting(held), observation_id=made.id, agrees=False)
    assert made.whose() == Whose()


def test_nor_does_it_say_so_of_a_yes_of_their_own_until_somebody_has_read_for_them(here: Plan) -> None:
    _, held = here.opened(here.add("Kim").person_id)
    participant.answer(actor=acting(held), observation_id=here.id, agrees=True)
    assert here.whose() == Whose()
    here.state("rated")
    participant.read(actor=acting(held), observation_id=here.id, handed_by=held.handed_by)
    assert here.whose() == Whose(handed=("R. Okafor",))


def test_the_observers_own_word_is_called_that(here: Plan) -> None:
    observation.save_draft(actor=here.observer, observation_id=here.id, revision=0, ratings=[], consent=True)
    assert here.whose() == Whose(by_word=True)


def test_who_observes_or_is_observed_hands_no_link_over_where_somebody_else_could(here: Plan) -> None:
    both = here.world.person("B. Both", "coordinator", "observer", standing="instructor")
    here.id = here.plan(both.person_id)
    room.add(actor=here.lead, observation_id=here.id, named=room.Named("Kim", ""))
    page = room.page(actor=both, observation_id=here.id)
    assert not page.hands
    about = {"actor": both, "person_id": page.people[0].person_id}
    with pytest.raises(RuleBroken, match="guest_observer_hands"):
        room.link(observation_id=here.id, **about)
    with base.transactional() as session:
        theirs = update(RoleGrant).where(RoleGrant.person_id == here.lead.person_id, RoleGrant.role == "coordinator")
        session.execute(theirs.values(revoked_at=base.now()))
    room.link(observation_id=here.id, **about)  # nobody else leads now


# --- named by mistake -------------------------------------------------------------------------------------------------------------


def test_who_was_named_by_a_wrong_address_is_taken_off_and_asked_by_the_right_one(made: Plan) -> None:
    wrong = made.add("Kim", "kim@exmaple.org")
    with pytest.raises(NotAllowed):
        room.take_off(actor=made.observer, observation_id=made.id, person_id=wrong.person_id)
    token = made.link_of(wrong)
    right = made.add("Kim", "kim@example.org")
    room.take_off(actor=made.lead, observation_id=made.id, person_id=wrong.person_id)
    with pytest.raises(RuleBroken, match="guest_link_revoked"):
        guest.exchange(token=token)
    assert [one.person_id for one in made.people()] == [right.person_id]
    made.state("rated")
    with pytest.raises(RuleBroken, match="observation_closed"):
        room.take_off(actor=made.lead, observation_id=made.id, person_id=right.person_id)


def test_who_observes_takes_nobody_off_where_somebody_else_could(here: Plan) -> None:
    both = here.world.person("B. Both", "coordinator", "observer", standing="instructor")
    here.id = here.plan(both.person_id)
    for name in ("Kim", "Sol"):
        room.add(actor=here.lead, observation_id=here.id, named=room.Named(name, ""))
    kim = room.page(actor=both, observation_id=here.id).people[0]
    with pytest.raises(RuleBroken, match="guest_observer_takes_off"):
        room.take_off(actor=both, observation_id=here.id, person_id=kim.person_id)
    room.take_off(actor=here.lead, observation_id=here.id, person_id=kim.person_id)


def test_what_was_asked_of_somebody_themself_is_never_the_observers_word_again(made: Plan) -> None:
    kim = made.add("Kim")
    token = made.link_of(kim)
    with pytest.raises(RuleBroken, match="guest_last"):
        room.take_off(actor=made.lead, observation_id=made.id, person_id=kim.person_id)
    with pytest.raises(RuleBroken, match="consent_is_theirs"):
        observation.save_draft(actor=made.observer, observation_id=made.id, revision=0, ratings=[], consent=True)
    guest.exchange(token=token)  # and their link opens as before


def test_who_belongs_to_the_session_is_not_taken_off(made: Plan) -> None:
    held = met(made.lead, paired(made.lead, made.candidate.person_id, "Kim, kim@example.org"))
    about = {"candidacy_id": made.world.candidacy_id("F. Martins"), "observer_id": made.observer.person_id}
    made.id = observation.plan(actor=made.lead, **about, asked=Asked(session_id=held))
    (kim,) = made.people()
    made.add("Sol")
    with pytest.raises(RuleBroken, match="guest_of_session"):
        room.take_off(actor=made.lead, observation_id=made.id, person_id=kim.person_id)


@pytest.mark.parametrize("said", [None, True, False])
def test_whoever_may_have_answered_stays_whatever_they_said(here: Plan, said: bool | None) -> None:
    kim = here.add("Kim")
    secret, held = here.opened(kim.person_id)
    if said is not None:
        participant.answer(actor=acting(held), observation_id=here.id, agrees=said)
    with pytest.raises(RuleBroken, match="guest_opened"):
        room.take_off(actor=here.lead, observation_id=here.id, person_id=kim.person_id)
    assert guest.holder([secret], purpose="consent") is not None, "their page is open as before"


def test_nobody_is_taken_off_who_can_answer_in_the_course(here: Plan) -> None:
    sam = here.world.person("Sam", "mentor")
    with base.transactional() as session:
        session.get_one(Person, (here.world.org_id, sam.person_id)).email = "sam@example.org"
    here.add("Sam", "sam@example.org")
    with pytest.raises(RuleBroken, match="guest_inside"):
        room.take_off(actor=here.lead, observation_id=here.id, person_id=sam.person_id)
    with base.transactional() as session:
        session.scalars(select(Membership).where(Membership.person_id == sam.person_id)).one().status = "left"
    with pytest.raises(RuleBroken, match="guest_opened"):
        room.take_off(actor=here.lead, observation_id=here.id, person_id=sam.person_id)
