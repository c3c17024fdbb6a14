# SPDX-License-Identifier: Apache-2.0
"""Several people rate one session: each from their own seat, blind to the others, until one exact result stands."""

from __future__ import annotations

import threading
from contextvars import copy_context
from datetime import date, timedelta
from fractions import Fraction

import pytest
from sqlalchemy import select

from conftest import make_world
from lti_mentoring.domain import releasing as holding
from lti_mentoring.domain.observation import Rating
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import candidacy, observation, releasing, room
from lti_mentoring.services import seat as seats
from lti_mentoring.services.observation import Note
from lti_mentoring.store import base
from lti_mentoring.store.base import FenceBroken
from lti_mentoring.store.delivery import ScorePublication
from lti_mentoring.store.field import Participant
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.people import Person
from lti_mentoring.store.privacy import AuditEvent
from lti_mentoring.store.rating import Rater, Resolution, ResolvedLevel, SubmittedRating
from lti_mentoring.store.reporting_line import LineAttestation

DAY = date(2026, 11, 24)
PEOPLE = {"first": "T. Lindqvist", "second": "P. Oduya", "third": "L. Brandt"}


@pytest.fixture
def cast(world):
    """A candidate, three observers and a coordinator."""
    return cast_of(world)


def cast_of(world):
    people = {seat: world.person(name, "observer", standing="instructor") for seat, name in PEOPLE.items()}
    leads = world.person("R. Okafor", "coordinator", standing="instructor")
    return people | {"candidate": world.person("F. Martins"), "coordinator": leads}


def planned(world, cast, *, second: bool = False, from_notes: bool = False, **changes) -> str:
    made = observation.plan(
        actor=cast["coordinator"],
        candidacy_id=world.candidacy_id("F. Martins"),
        observer_id=cast["first"].person_id,
        planned_for=DAY,
        protege_label="A new colleague",
    )
    with base.transactional() as session:
        row = session.get_one(Observation, (cast["first"].org_id, made))
        for name, value in changes.items():
            setattr(row, name, value)
        if second:
            row.second_reasons = "drawn"
    if second:
        ask(cast, made, "second", from_notes=from_notes)
    return made


def ask(cast, made: str, purpose: str, *, who: str = "", from_notes: bool = False) -> None:
    with base.transactional() as session:
        person = cast[who or purpose].person_id
        session.add(Rater(observation_id=made, person_id=person, purpose=purpose, from_notes=from_notes, assigned_by="a test"))


def rate(cast, made: str, seat: str, levels: int | dict[str, int], *, text: str = "") -> None:
    """Write a note where one may be written, rate all criteria and submit. Criteria that are not named stand at 3."""
    actor = cast[seat]
    page = observation.sheet(actor=actor, observation_id=made)
    if not page.from_notes:
        observation.save_note(actor=actor, observation_id=made, note=Note(base.new_id(), text or f"What the {seat} rater saw."))
    page = observation.sheet(actor=actor, observation_id=made)
    said = levels if isinstance(levels, dict) else {}
    level = 3 if isinstance(levels, dict) else levels
    links = (page.notes[0].id,)
    ratings = [Rating(row.criterion.key, said.get(row.criterion.key, level), note_ids=links) for row in page.criteria]
    theirs = base.session().scalar(select(Participant.id).where(Participant.observation_id == made).limit(1))
    consent = True if seat == "first" and theirs is None else None  # whoever is asked answers for themself
    draft = observation.save_draft(actor=actor, observation_id=made, revision=page.revision, ratings=ratings, consent=consent)
    observation.submit(actor=actor, observation_id=made, revision=draft.revision)


def state(cast, made: str) -> str:
    return base.session().scalars(select(Observation.state).where(Observation.id == made)).one()


def held(made: str) -> list[str]:
    session = base.session()
    return [one.code for one in releasing.holds(session, session.scalars(select(Observation).where(Observation.id == made)).one())]


def result(made: str) -> dict[str, Fraction]:
    query = select(ResolvedLevel).join(Observation, Observation.resolution_id == ResolvedLevel.resolution_id)
    return {row.criterion: Fraction(row.numerator, row.denominator) for row in base.session().scalars(query.where(Observation.id == made))}


# --- one rating, two, three ---------------------------------------------------------------------------------------------------


def test_one_rating_is_its_own_result_and_kept_as_it_was_submitted(world, cast):
    made = planned(world, cast)
    rate(cast, made, "first", {"C1": 4})
    assert state(cast, made) == "released"
    assert result(made)["C1"] == 4
    kept = base.session().scalars(select(SubmittedRating)).one()
    assert (kept.number, kept.purpose, kept.weight, kept.said["C1"]["level"]) == (1, "first", "counts", 4)
    resolution = base.session().scalars(select(Resolution)).one()
    assert (resolution.method, resolution.ratings) == ("single", [kept.id])
    assert resolution.inputs_hash == holding.digest(releasing.submissions(base.session(), made)), "it can be made again (I12)"


def test_nothing_is_released_and_nothing_sent_before_the_second_rating_is_in(world, cast):
    world.placement("observation")
    made = planned(world, cast, second=True)
    rate(cast, made, "first", 3)
    assert (state(cast, made), held(made)) == ("rated", ["second"])
    assert result(made) == {}
    with pytest.raises(NotFound, match="observation_not_released"):
        observation.report(actor=cast["candidate"], observation_id=made)
    leaf = candidacy.way(actor=cast["candidate"]).requirements.children[-1].children[0]
    assert (leaf.met, leaf.facts["state"]) == (False, "rated")
    rate(cast, made, "second", {"C1": 4})
    assert state(cast, made) == "released"
    assert result(made)["C1"] == Fraction(7, 2), "the mean of two neighbours keeps its half"
    assert base.session().scalars(select(ScorePublication.wanted)).one() > 1


def test_raters_on_two_sides_of_the_bar_wait_for_a_third_opinion_which_decides(world, cast):
    made = planned(world, cast, second=True)
    rate(cast, made, "first", {"C4": 2})
    rate(cast, made, "second", {"C4": 3})
    assert held(made) == ["third"]
    ask(cast, made, "third", from_notes=True)
    rate(cast, made, "third", {"C4": 2})
    assert state(cast, made) == "released"
    assert result(made)["C4"] == 2
    assert base.session().scalars(select(Resolution.method)).one() == "adjudicated"


def test_the_second_rater_may_be_done_before_the_first(world, cast):
    made = planned(world, cast, second=True)
    observation.record_consent(actor=cast["first"], observation_id=made)
    rate(cast, made, "second", 3)
    assert state(cast, made) in ("planned", "drafting")
    rate(cast, made, "first", 3)
    assert state(cast, made) == "released"


# --- blind --------------------------------------------------------------------------------------------------------------------


def test_no_rater_sees_anothers_rating_or_notes_but_who_rates_from_the_notes_sees_those_alone(world, cast):
    made = planned(world, cast, second=True)
    rate(cast, made, "first", 4, text="“And what else?”")
    in_the_room = observation.sheet(actor=cast["second"], observation_id=made)
    assert (in_the_room.notes, in_the_room.rated) == ((), 0)
    ask(cast, made, "third", from_notes=True)
    from_notes = observation.sheet(actor=cast["third"], observation_id=made)
    assert [note.text for note in from_notes.notes] == ["“And what else?”"]
    assert from_notes.rated == 0
    assert all(not row.rating.note_ids for row in from_notes.criteria)


def test_tags_of_the_first_are_not_shown_to_who_rates_from_the_notes(world, cast):
    made = planned(world, cast, second=True)
    observation.save_note(actor=cast["first"], observation_id=made, note=Note(base.new_id(), "Waits.", tag="silence"))
    rate(cast, made, "first", 3)
    ask(cast, made, "third", from_notes=True)
    assert {note.tag for note in observation.sheet(actor=cast["third"], observation_id=made).notes} == {""}
    assert {note.tag for note in observation.sheet(actor=cast["first"], observation_id=made).notes} == {"silence", ""}


def test_an_observer_without_a_seat_finds_nothing(world, cast):
    made = planned(world, cast)
    with pytest.raises(NotFound):
        observation.sheet(actor=cast["second"], observation_id=made)
    ask(cast, made, "second")
    with base.transactional() as session:
        session.scalars(select(Rater)).one().state = "ended"
    with pytest.raises(NotFound):
        observation.sheet(actor=cast["second"], observation_id=made)


def test_a_note_of_another_seat_carries_no_level(world, cast):
    made = planned(world, cast, second=True)
    rate(cast, made, "first", 3)
    session = base.session()
    foreign = seats.all_notes_of(session, made)[0].id
    with pytest.raises(NotFound, match="note_unknown"):
        observation.save_draft(actor=cast["second"], observation_id=made, revision=0, ratings=[Rating("C1", 3, note_ids=(foreign,))])


# --- corrections ---------------------------------------------------------------------------------------------------------------


def test_a_correction_needs_a_reason_stands_beside_what_was_submitted_and_holds_the_result(world, cast):
    made = planned(world, cast, second=True)
    rate(cast, made, "first", {"C1": 4})
    with pytest.raises(RuleBroken, match="correction_without_reason"):
        observation.reopen(actor=cast["first"], observation_id=made, why="  ")
    observation.reopen(actor=cast["first"], observation_id=made, why="I had linked the wrong note.")
    rate(cast, made, "second", 3)
    assert held(made) == ["amending"]
    rate(cast, made, "first", {"C1": 3})
    assert result(made)["C1"] == 3
    kept = base.session().scalars(select(SubmittedRating).where(SubmittedRating.purpose == "first").order_by(SubmittedRating.number)).all()
    assert [(row.number, row.said["C1"]["level"], row.why) for row in kept] == [(1, 4, ""), (2, 3, "I had linked the wrong note.")]


def test_once_the_result_stands_no_rating_is_corrected(world, cast):
    made = planned(world, cast)
    rate(cast, made, "first", 3)
    with pytest.raises(RuleBroken, match="correction_late"):
        observation.reopen(actor=cast["first"], observation_id=made, why="Too late.")


def test_a_closed_sheet_takes_no_level_but_still_a_note_that_was_under_way(world, cast):
    made = planned(world, cast, second=True)
    rate(cast, made, "first", 3)
    with pytest.raises(RuleBroken, match="observation_closed"):
        observation.save_draft(actor=cast["first"], observation_id=made, revision=9, ratings=[Rating("C1", 1)])
    observation.save_note(actor=cast["first"], observation_id=made, note=Note(base.new_id(), "Written in the tunnel."))


def test_submitted_ratings_and_results_refuse_to_change(world, cast):
    made = planned(world, cast)
    rate(cast, made, "first", 3)
    for table in (SubmittedRating, Resolution, ResolvedLevel):
        with base.transactional() as session:
            session.delete(session.scalars(select(table)).first())
            with pytest.raises(FenceBroken):
                session.flush()
            session.rollback()


# --- who was in the room --------------------------------------------------------------------------------------------------------


def guest(cast, made: str, consent: str = "granted") -> str:
    with base.transactional() as session:
        person = Person(id=base.new_id(), name="A guest")
        session.add(person)
        session.flush()
        session.add(LineAttestation(person_id=person.id))
        session.add(Participant(observation_id=made, person_id=person.id, role="protege", consent=consent))
        return person.id


def worker(app, do):
    """What a worker does, outside any tenant. -> what it gave back"""
    told: list[int] = []

    def work() -> None:
        with app.app_context():
            told.append(do())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    base.session().rollback()
    return told[0]


def _two_days_pass(cast, made: str) -> None:
    with base.transactional() as session:
        session.get_one(Observation, (cast["first"].org_id, made)).rated_at = base.now() - timedelta(hours=49)


def test_lines_may_be_struck_for_two_days_then_the_worker_releases(app, world, cast):
    made = planned(world, cast)
    guest(cast, made)
    rate(cast, made, "first", 3)
    assert held(made) == ["reading"]
    _two_days_pass(cast, made)
    assert worker(app, lambda: releasing.settle_due(now=base.now())) == 0
    assert (state(cast, made), held(made)) == ("rated", ["reading"]), "they have no link to read them by"
    person_id = base.session().scalars(select(Participant.person_id)).one()
    room.link(actor=cast["coordinator"], observation_id=made, person_id=person_id)
    assert worker(app, lambda: releasing.settle_due(now=base.now())) == 0
    _two_days_pass(cast, made)
    assert worker(app, lambda: releasing.settle_due(now=base.now())) == 1
    assert state(cast, made) == "released"
    assert worker(app, lambda: releasing.settle_due(now=base.now())) == 0


# --- setting aside ----------------------------------------------------------------------------------------------------------------


def test_what_is_set_aside_counts_for_nothing_and_its_grade_is_taken_back(world, cast):
    placement = world.placement("observation")
    made = planned(world, cast)
    rate(cast, made, "first", 3)
    before = base.session().scalars(select(ScorePublication.wanted).where(ScorePublication.placement_id == placement)).one()
    observation.void(actor=cast["coordinator"], observation_id=made, reason="conflict")
    observation.void(actor=cast["coordinator"], observation_id=made, reason="conflict")
    assert state(cast, made) == "void"
    assert base.session().scalars(select(ScorePublication.wanted).where(ScorePublication.placement_id == placement)).one() == before + 1
    assert observation.of_candidacy(world.candidacy_id("F. Martins")) == ()
    assert base.session().scalars(select(AuditEvent.reason).where(AuditEvent.verb == "void")).one() == "conflict"


def test_only_who_leads_sets_aside_and_only_what_was_rated(world, cast):
    made = planned(world, cast)
    for actor in (cast["first"], cast["candidate"]):
        with pytest.raises(NotFound):
            observation.void(actor=actor, observation_id=made, reason="other")
    with pytest.raises(RuleBroken, match="observation_closed"):
        observation.void(actor=cast["coordinator"], observation_id=made, reason="other")
    with pytest.raises(RuleBroken, match="void_reason_unknown"):
        observation.void(actor=cast["coordinator"], observation_id=made, reason="a whim")


# --- an earlier version of the tool beside this one ---------------------------------------------------------------------------------


def test_what_an_earlier_version_released_gets_its_one_rating_as_its_result(app, world, cast):
    made = planned(world, cast)
    keys = [row.criterion.key for row in observation.sheet(actor=cast["first"], observation_id=made).criteria]
    ratings = [Rating(key, 4 if key == "C1" else 1) for key in keys]
    observation.save_draft(actor=cast["first"], observation_id=made, revision=0, ratings=ratings)
    with base.transactional() as session:  # as an earlier version leaves it
        row = session.get_one(Observation, (cast["first"].org_id, made))
        row.state, row.released_at = "released", base.now()
    assert worker(app, releasing.adopt) == 1
    assert result(made)["C1"] == 4
    assert worker(app, releasing.adopt) == 0


# --- races --------------------------------------------------------------------------------------------------------------------------


def test_two_raters_submit_at_once_and_one_result_stands(any_app):
    with any_app.app_context():
        world = make_world("Northfield")
        with base.tenant(world.org_id):
            both_submit_at_once(any_app, world, cast_of(world))


def both_submit_at_once(any_app, world, cast):
    made = planned(world, cast, second=True)
    observation.record_consent(actor=cast["first"], observation_id=made)
    revisions = {}
    for seat in ("first", "second"):
        note = base.new_id()
        observation.save_note(actor=cast[seat], observation_id=made, note=Note(note, f"Seen by the {seat}."))
        keys = [row.criterion.key for row in observation.sheet(actor=cast[seat], observation_id=made).criteria]
        ratings = [Rating(key, 3, note_ids=(note,)) for key in keys]
        revisions[seat] = observation.save_draft(actor=cast[seat], observation_id=made, revision=0, ratings=ratings).revision
    base.session().rollback()
    failures: list[BaseException] = []
    barrier = threading.Barrier(2)

    def press(seat: str) -> None:
        with any_app.app_context(), base.tenant(cast[seat].org_id):
            barrier.wait()
            try:
                observation.submit(actor=cast[seat], observation_id=made, revision=revisions[seat])
            except BaseException as failure:
                failures.append(failure)

    threads = [threading.Thread(target=copy_context().run, args=(press, seat)) for seat in revisions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    base.session().rollback()
    assert state(cast, made) == "released"
    assert len(base.session().scalars(select(Resolution)).all()) == 1
    assert set(result(made).values()) == {3}
