# SPDX-License-Identifier: Apache-2.0
"""What phones bring back: each note once, however often it is sent; counters of several devices; who has a seat."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone

import pytest
from flask import Flask
from sqlalchemy import func, select

from conftest import World, make_world
from lti_mentoring.domain.field import Counted, totals
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import field, noting, observation
from lti_mentoring.services.field import Batch, Receipt
from lti_mentoring.services.rating import Note
from lti_mentoring.store import base
from lti_mentoring.store.field import FieldDevice
from lti_mentoring.store.observation import EvidenceNote
from lti_mentoring.store.privacy import AuditEvent
from lti_mentoring.store.rating import Rater

PHONE, TABLET = "a" * 32, "b" * 32


class Room:
    """An observation that is planned, with people around it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.candidate = world.person("F. Martins")
        self.observer = world.person("T. Lindqvist", "observer", standing="instructor")
        self.second = world.person("B. Marigold", "observer", standing="instructor")
        self.coordinator = world.person("R. Okafor", "coordinator", standing="instructor")
        self.made = observation.plan(
            actor=self.coordinator,
            candidacy_id=world.candidacy_id("F. Martins"),
            observer_id=self.observer.person_id,
            planned_for=date(2026, 11, 24),
            protege_label="A new colleague at Brightwater",
        )

    def send(self, *notes: Note, actor: Actor | None = None, device: str = PHONE, **counted: object) -> Receipt:
        who = actor or self.observer
        batch = Batch(who.person_id, device, notes, Counted(**counted))  # type: ignore[arg-type]
        return field.keep(actor=who, observation_id=self.made, batch=batch)

    def ask(self, *, from_notes: bool = False) -> None:
        """The second observer is asked to rate too."""
        with base.transactional() as session:
            facts = {"purpose": "second", "from_notes": from_notes, "assigned_by": self.coordinator.person_id}
            session.add(Rater(observation_id=self.made, person_id=self.second.person_id, **facts))


@pytest.fixture
def room(world: World) -> Room:
    return Room(world)


def note(text: str = "Asks, then waits.", **more: object) -> Note:
    return Note(secrets.token_hex(16), text, **more)  # type: ignore[arg-type]


def rows(table: type, *conditions: object) -> int:
    return base.session().scalar(select(func.count()).select_from(table).where(*conditions)) or 0  # type: ignore[arg-type]


def test_a_batch_that_is_sent_three_times_is_stored_once_on_each_database(any_app: Flask):
    world = make_world("Northfield")
    with base.tenant(world.org_id):
        room = Room(world)
        batch = [note(f"Line {number}", at_second=number) for number in range(5)]
        first = room.send(*batch, counts={"open": 3}, pauses=((60, 90),))
        for _ in range(2):
            assert room.send(*batch, counts={"open": 3}, pauses=((60, 90),)) == first
        assert first.stored == {one.id: one.id for one in batch}
        assert rows(EvidenceNote) == 5
        assert rows(FieldDevice) == 1
        assert rows(AuditEvent, AuditEvent.verb == "note") == 5
        assert rows(AuditEvent, AuditEvent.verb == "field") == 1


def test_a_note_keeps_the_clocks_of_its_device_and_what_it_belongs_to(room: Room):
    written = base.now() - timedelta(days=4)
    room.send(note("Waits.", noted_at=written, at_second=754, tag="C3 C5"))
    [kept] = field.page(actor=room.observer, observation_id=room.made).notes
    assert (kept.noted_at, kept.at_second, kept.tag) == (written, 754, "C3 C5")


def test_a_clock_that_is_ahead_writes_nothing_into_the_future(room: Room):
    room.send(note(noted_at=base.now() + timedelta(days=9)))
    assert base.session().scalars(select(EvidenceNote.noted_at)).one() <= base.now()


def test_other_words_under_the_same_id_are_kept_beside_the_first(room: Room):
    one = note("As the phone has it.")
    room.send(one)
    answer = room.send(Note(one.id, "As the tablet has it."), device=TABLET)
    assert answer.stored[one.id] != one.id
    assert {line.text for line in answer.notes} == {"As the phone has it.", "As the tablet has it."}
    assert room.send(Note(one.id, "As the tablet has it."), device=TABLET).stored == answer.stored


def test_two_devices_add_up_and_a_late_report_takes_nothing_away(room: Room):
    room.send(counts={"open": 5, "mentor": 100})
    room.send(device=TABLET, counts={"open": 2, "open_back": 1})
    late = room.send(counts={"open": 3, "mentor": 40})
    assert {one.id: dict(one.counted.counts) for one in late.devices} == {
        PHONE: {"open": 5, "mentor": 100},
        TABLET: {"open": 2, "open_back": 1},
    }
    assert totals(one.counted for one in late.devices).questions["open"] == 6


def test_a_note_begun_off_the_record_is_refused_and_holds_up_no_other(room: Room):
    off, on = note("Said in confidence.", at_second=75), note("On again.", at_second=90)
    answer = room.send(off, on, pauses=((60, 90),))
    assert answer.refused[off.id].code == "off_the_record"
    assert set(answer.stored) == {on.id}
    assert "Said in confidence." not in {line.text for line in answer.notes}


def test_what_does_not_fit_is_refused_alone(room: Room):
    long, empty, good = note("x" * 4001), note("   "), note()
    answer = room.send(long, empty, good)
    assert {sent: why.code for sent, why in answer.refused.items()} == {long.id: "note_long", empty.id: "note_empty"}
    assert list(answer.stored) == [good.id]


def test_what_comes_after_the_observation_was_called_off_is_refused_and_counts_nothing(room: Room):
    observation.cancel(actor=room.coordinator, observation_id=room.made)
    late = note()
    answer = room.send(late, counts={"open": 1})
    assert answer.refused[late.id].code == "observation_closed"
    assert not answer.open
    assert rows(FieldDevice) == rows(EvidenceNote) == 0


def test_what_was_stored_is_still_acknowledged_after_the_observation_was_called_off(room: Room):
    one = note()
    room.send(one)
    observation.cancel(actor=room.coordinator, observation_id=room.made)
    assert room.send(one).stored == {one.id: one.id}


def test_notes_of_one_person_are_never_sent_as_somebody_elses(room: Room):
    room.ask()
    with pytest.raises(RuleBroken, match="field_other_person"):
        field.keep(actor=room.second, observation_id=room.made, batch=Batch(room.observer.person_id, PHONE, [note()]))


def test_a_second_rater_in_the_room_sees_and_counts_their_own_alone(room: Room):
    room.ask()
    room.send(note("The first one’s."), counts={"open": 7})
    answer = room.send(note("The second one’s."), actor=room.second, counts={"open": 1})
    assert [line.text for line in answer.notes] == ["The second one’s."]
    assert [dict(one.counted.counts) for one in answer.devices] == [{"open": 1}]
    page = field.page(actor=room.observer, observation_id=room.made)
    assert [line.text for line in page.notes] == ["The first one’s."]


@pytest.mark.parametrize("who", ["candidate", "coordinator", "second"])
def test_who_has_no_seat_finds_nothing(room: Room, who: str):
    actor = getattr(room, who)
    with pytest.raises(NotFound, match="observation"):
        field.page(actor=actor, observation_id=room.made)
    with pytest.raises(NotFound, match="observation"):
        room.send(note(), actor=actor)


def test_who_rates_from_notes_was_not_in_the_room(room: Room):
    room.ask(from_notes=True)
    with pytest.raises(NotFound, match="observation"):
        field.page(actor=room.second, observation_id=room.made)


def test_an_observation_of_another_organisation_is_not_found(app: Flask):
    north, south = make_world("Northfield"), make_world("Southgate")
    with base.tenant(north.org_id):
        made = Room(north).made
    with base.tenant(south.org_id):
        stranger = Room(south).observer
        with pytest.raises(NotFound, match="observation"):
            field.keep(actor=stranger, observation_id=made, batch=Batch(stranger.person_id, PHONE, [note()]))


def test_the_names_to_leave_out_are_those_that_the_observer_reads_anyway(room: Room):
    page = field.page(actor=room.observer, observation_id=room.made)
    assert page.names == ("Brightwater", "Martins")
    found = field.findings(actor=room.observer, observation_id=room.made, texts=["Martins waits.", "martins nods at x@example.org"])
    assert [one.words for one in found] == ["Martins", "x@example.org"]


EAST = timezone(timedelta(hours=14))
WEST = timezone(timedelta(hours=-14))


@pytest.mark.parametrize("at", [datetime.max.replace(tzinfo=WEST), datetime.min.replace(tzinfo=EAST)])
def test_a_clock_that_is_out_of_its_mind_loses_no_note(room: Room, at: datetime):
    answer = room.send(note("Waits.", noted_at=at), started_at=at, ended_at=at, counts={"open": 1})
    assert [line.text for line in answer.notes] == ["Waits."]
    assert answer.refused == {}


def test_off_the_record_is_kept_by_every_way_in(room: Room):
    begun = base.now() - timedelta(minutes=10)
    room.send(started_at=begun, pauses=((60, 120),))
    for late in (note("By another device.", at_second=90), note("Without its clock.", noted_at=begun + timedelta(seconds=90))):
        with pytest.raises(RuleBroken, match="off_the_record"):
            observation.save_note(actor=room.observer, observation_id=room.made, note=late)
        with pytest.raises(RuleBroken, match="off_the_record"):
            field.save(actor=room.observer, observation_id=room.made, note=late)
        assert room.send(late, device=TABLET).refused[late.id].code == "off_the_record"
    with base.transactional() as session:
        session.scalars(select(FieldDevice).where(FieldDevice.device == PHONE)).one().pauses = [[0, 1200]]
    with pytest.raises(RuleBroken, match="off_the_record"):
        field.save(actor=room.observer, observation_id=room.made, note=note("On the sheet, meanwhile."))
    room.ask()
    assert room.send(note("The second one’s.", at_second=90), actor=room.second).refused == {}, "whose devices have told nothing"


def test_off_the_record_is_compared_by_moments_where_devices_began_at_different_ones(room: Room):
    begun = base.now() - timedelta(minutes=20)
    room.send(started_at=begun, pauses=((300, 600),))
    later = begun + timedelta(minutes=3)  # the tablet, without a network, so that it knew of no other start
    after, within = note("Asks what she tried.", at_second=540), note("Off the record.", at_second=240)
    answer = room.send(after, within, device=TABLET, started_at=later)
    assert (set(answer.stored), answer.refused[within.id].code) == ({after.id}, "off_the_record")


def test_a_note_of_a_device_that_has_told_no_start_goes_by_when_it_was_written(room: Room):
    begun = base.now() - timedelta(minutes=20)
    room.send(started_at=begun, pauses=((300, 600),))
    after = replace(note("Asks what she tried.", at_second=540), noted_at=begun + timedelta(minutes=12))
    within = replace(note("Off the record.", at_second=20), noted_at=begun + timedelta(minutes=7))
    answer = room.send(after, within, device=TABLET)
    assert (set(answer.stored), answer.refused[within.id].code) == ({after.id}, "off_the_record")


def test_one_person_has_no_more_notes_than_can_be_read(room: Room, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(noting, "MOST_NOTES", 2)
    first, second, third = note("One."), note("Two."), note("Three.")
    answer = room.send(first, second, third)
    assert (set(answer.stored), answer.refused[third.id].code) == ({first.id, second.id}, "notes_many")
    assert room.send(first).stored == {first.id: first.id}, "what is stored is still acknowledged"


def test_a_text_that_no_note_can_be_is_searched_for_nothing(room: Room):
    with pytest.raises(RuleBroken, match="note_long"):
        field.findings(actor=room.observer, observation_id=room.made, texts=["a" * (noting.LONGEST_NOTE + 1)])


def test_one_device_more_than_anybody_has_counts_nothing_and_loses_no_note(room: Room, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(field, "MOST_DEVICES", 1)
    room.send(counts={"open": 1})
    answer = room.send(note("Kept all the same."), device=TABLET, counts={"open": 1})
    assert [one.id for one in answer.devices] == [PHONE]
    assert [line.text for line in answer.notes] == ["Kept all the same."]
