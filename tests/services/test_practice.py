# SPDX-License-Identifier: Apache-2.0
"""A practice task is kept as it is typed, handed in, marked by one impartial trainer, and returned; the grade follows."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from conftest import World, make_world
from lti_mentoring.domain.practice import Mark
from lti_mentoring.domain.rule import NotAllowed, NotFound, RuleBroken
from lti_mentoring.services import candidacy, marking, practice, reporting_line, reports, training
from lti_mentoring.services.reporting_line import Manager
from lti_mentoring.store import base
from lti_mentoring.store.delivery import ScorePublication
from lti_mentoring.store.notification import Notification
from lti_mentoring.store.people import RoleGrant
from lti_mentoring.store.practice import PracticeMark, PracticeSubmission
from lti_mentoring.store.privacy import AuditEvent
from support import marked
from support.marked import KEY
from support.racing import at_once

TEXT = "Instead of “Have you tried ringing?” I ask: “What have you tried?”\n\n  It is open.  "


@pytest.fixture
def cast(world: World):
    return people(world)


def people(world: World):
    """A candidate whose module asks for a marked practice task, two trainers and a coordinator."""
    marked.use(world.org_id)
    return {
        "trainer": world.person("Trainer", "trainer", standing="instructor"),
        "second": world.person("Second", "trainer", standing="instructor"),
        "coordinator": world.person("Coordinator", "coordinator", standing="instructor"),
        "candidate": world.person("Ada"),
    }


def handed_in(cast, text: str = TEXT) -> str:
    practice.hand_in(actor=cast["candidate"], key=KEY, text=text, revision=0)
    return base.session().scalars(select(PracticeSubmission.id).order_by(PracticeSubmission.number.desc())).first()


def returned(cast, made: str, level: int, feedback: str = "Ask one at a time.") -> None:
    trainer = cast["trainer"]
    marking.claim(actor=trainer, submission_id=made)
    revision = marking.keep(
        actor=trainer, submission_id=made, marks=[Mark("P1", level, "The second is stacked.")], feedback=feedback, revision=0
    )
    marking.give_back(actor=trainer, submission_id=made, met=level >= 3, revision=revision)


def rows(table, *conditions) -> int:
    return base.session().scalar(select(func.count()).select_from(table).where(*conditions)) or 0


def told(kind: str) -> set[str]:
    return set(base.session().scalars(select(Notification.person_id).where(Notification.kind == kind)))


def code_of(act, *args, **named) -> str:
    with pytest.raises(RuleBroken) as refused:
        act(*args, **named)
    return refused.value.code


# --- the candidate ------------------------------------------------------------------------------------------------------


def test_a_draft_is_kept_as_it_is_typed_and_read_by_nobody_else(cast):
    assert practice.save(actor=cast["candidate"], key=KEY, text=TEXT, revision=0)[0] == 1
    work = practice.own(actor=cast["candidate"], key=KEY)
    assert (work.text, work.revision, work.writes, work.attempts) == (TEXT, 1, True, ())
    made = base.session().scalars(select(PracticeSubmission.id)).one()
    assert marking.queue(actor=cast["trainer"]).free == ()
    with pytest.raises(NotFound):
        marking.sheet(actor=cast["trainer"], submission_id=made)


def test_a_second_window_overwrites_nothing(cast):
    practice.save(actor=cast["candidate"], key=KEY, text=TEXT, revision=0)
    assert code_of(practice.save, actor=cast["candidate"], key=KEY, text="Other words.", revision=0) == "draft_conflict"
    assert practice.own(actor=cast["candidate"], key=KEY).text == TEXT
    assert practice.save(actor=cast["candidate"], key=KEY, text=TEXT, revision=0)[0] == 1, "the same words again are no conflict"


def test_a_text_that_is_too_long_is_kept_and_not_handed_in(cast):
    long = "word " * 61
    practice.save(actor=cast["candidate"], key=KEY, text=long, revision=0)
    assert code_of(practice.hand_in, actor=cast["candidate"], key=KEY, text=long, revision=1) == "practice_long"
    assert code_of(practice.hand_in, actor=cast["candidate"], key=KEY, text="  ", revision=1) == "practice_empty"
    assert practice.own(actor=cast["candidate"], key=KEY).text == long


def test_what_was_handed_in_never_changes(cast):
    handed_in(cast)
    assert code_of(practice.save, actor=cast["candidate"], key=KEY, text="Other.", revision=1) == "practice_closed"
    with pytest.raises(base.FenceBroken), base.transactional() as session:
        session.scalars(select(PracticeSubmission)).one().text = "Rewritten."


def test_who_takes_no_part_hands_in_nothing_and_a_module_without_marking_takes_nothing(world, cast):
    with base.transactional() as session:
        session.execute(update(candidacy.Candidacy).values(participation="deferred"))
    assert code_of(practice.save, actor=cast["candidate"], key=KEY, text=TEXT, revision=0) == "not_taking_part"
    assert practice.own(actor=cast["candidate"], key=KEY).writes is False


def test_the_default_pack_is_for_its_reader_to_check(world):
    ada = world.person("Ada")
    assert practice.own(actor=ada, key="M1") is None
    assert training.module_page(actor=ada, key="M1").record.practice == ""
    with pytest.raises(NotFound):
        practice.save(actor=ada, key="M1", text=TEXT, revision=0)


# --- those who mark ---------------------------------------------------------------------------------------------------------


def test_trainers_hear_of_it_and_not_who_manages_its_writer(world, cast):
    with base.transactional() as session:
        reporting_line.attest(session, actor=cast["candidate"], managers=[Manager("direct", cast["second"].person_id)])
    made = handed_in(cast)
    assert told("practice_waits") == {cast["trainer"].person_id, cast["coordinator"].person_id}
    (row,) = marking.queue(actor=cast["trainer"]).free
    assert (row.candidate, row.number, row.overdue) == ("Ada", 1, False)
    for act in (marking.sheet, marking.claim):
        with pytest.raises(NotAllowed, match="marker_line"):
            act(actor=cast["second"], submission_id=made)


def test_nobody_marks_their_own(world, cast):
    both = world.person("Both", "trainer")
    practice.hand_in(actor=both, key=KEY, text=TEXT, revision=0)
    made = base.session().scalars(select(PracticeSubmission.id)).one()
    assert marking.queue(actor=both).free == ()
    with pytest.raises(NotAllowed, match="marker_self"):
        marking.claim(actor=both, submission_id=made)


def test_one_holds_it_and_no_mark_is_overwritten(cast):
    made = handed_in(cast)
    marking.claim(actor=cast["trainer"], submission_id=made)
    marking.claim(actor=cast["trainer"], submission_id=made)
    assert code_of(marking.claim, actor=cast["second"], submission_id=made) == "practice_claimed"
    said = {"submission_id": made, "marks": [Mark("P1", 3, "All are open.")], "feedback": ""}
    assert code_of(marking.keep, actor=cast["second"], revision=0, **said) == "practice_of_another"
    assert marking.keep(actor=cast["trainer"], revision=0, **said) == 1
    other = said | {"marks": [Mark("P1", 1, "None is open.")]}
    assert code_of(marking.keep, actor=cast["trainer"], revision=0, **other) == "draft_conflict"
    assert marking.sheet(actor=cast["trainer"], submission_id=made).marks[0][1] == Mark("P1", 3, "All are open.")
    assert marking.sheet(actor=cast["second"], submission_id=made).marks[0][1] == Mark("P1"), "a draft is its marker's own"


def test_who_leads_can_free_it_and_the_next_one_judges_afresh(cast):
    made = handed_in(cast)
    marking.claim(actor=cast["trainer"], submission_id=made)
    marking.keep(actor=cast["trainer"], submission_id=made, marks=[Mark("P1", 1, "No.")], feedback="No.", revision=0)
    assert code_of(marking.hand_back, actor=cast["second"], submission_id=made) == "practice_of_another"
    marking.hand_back(actor=cast["coordinator"], submission_id=made)
    marking.claim(actor=cast["second"], submission_id=made)
    page = marking.sheet(actor=cast["second"], submission_id=made)
    assert (page.marks[0][1], page.feedback) == (Mark("P1"), "")


def test_once_more_gives_the_text_to_go_on_from_and_every_attempt_is_kept(cast):
    returned(cast, handed_in(cast), level=2)
    work = practice.own(actor=cast["candidate"], key=KEY)
    assert (work.text, work.revision, work.writes, work.state) == (TEXT, 0, True, "once_more")
    assert (work.attempts[0].marker, work.attempts[0].marks[0].level, work.attempts[0].feedback) == ("Trainer", 2, "Ask one at a time.")
    returned(cast, handed_in(cast, "What have you tried?"), level=3)
    work = practice.own(actor=cast["candidate"], key=KEY)
    assert [(one.number, one.state, one.text) for one in work.attempts] == [(2, "met", "What have you tried?"), (1, "once_more", TEXT)]
    assert not work.writes
    assert told("practice_returned") == {cast["candidate"].person_id}


def test_a_return_needs_reasons_and_says_what_its_levels_say(cast):
    made = handed_in(cast)
    trainer = cast["trainer"]
    marking.claim(actor=trainer, submission_id=made)
    assert code_of(marking.give_back, actor=trainer, submission_id=made, met=True, revision=0) == "practice_unmarked"
    revision = marking.keep(actor=trainer, submission_id=made, marks=[Mark("P1", 2, "Stacked.")], feedback="", revision=0)
    assert code_of(marking.give_back, actor=trainer, submission_id=made, met=True, revision=revision) == "practice_below"
    assert code_of(marking.give_back, actor=trainer, submission_id=made, met=False, revision=revision) == "practice_feedback_missing"
    assert code_of(marking.give_back, actor=trainer, submission_id=made, met=True, revision=0) == "draft_conflict"


def test_what_was_returned_never_changes_and_a_second_press_changes_nothing(cast):
    made = handed_in(cast)
    returned(cast, made, level=3)
    marking.give_back(actor=cast["trainer"], submission_id=made, met=True, revision=0)
    assert rows(AuditEvent, AuditEvent.verb == "return") == 1
    with pytest.raises(base.FenceBroken), base.transactional() as session:
        session.scalars(select(PracticeMark)).one().level = 4
    with pytest.raises(base.FenceBroken), base.transactional() as session:
        session.scalars(select(PracticeSubmission)).one().feedback = "Rewritten."


def test_the_module_is_met_with_the_check_and_the_task_and_its_grade_follows(world, cast):
    world.placement(f"module:{KEY}")
    world.mastered("Ada", KEY)
    way = candidacy.way(actor=cast["candidate"])
    assert (way.next.title.code, way.next.endpoint) == ("do_practice", "training.practice")
    made = handed_in(cast)
    leaf = candidacy.way(actor=world.actor("Ada")).requirements.children[0].children[0]
    assert (leaf.met, leaf.facts["practice"]) == (False, "handed_in")
    wanted = base.session().scalar(select(ScorePublication.wanted))
    returned(cast, made, level=3)
    assert candidacy.way(actor=world.actor("Ada")).requirements.children[0].met
    assert base.session().scalar(select(ScorePublication.wanted)) == wanted + 1


def test_no_words_of_the_task_are_in_the_audit(cast):
    returned(cast, handed_in(cast), level=2)
    facts = " ".join(str(one.facts) + one.reason for one in base.session().scalars(select(AuditEvent)))
    for words in ("ringing", "stacked", "Ask one"):
        assert words not in facts


# --- races ------------------------------------------------------------------------------------------------------------------


def test_of_two_trainers_who_take_it_at_once_one_has_it(any_app: Flask):
    world = make_world("Northfield")
    with base.tenant(world.org_id):
        cast = people(world)
        made = handed_in(cast)
        trainers = [cast["trainer"], cast["second"], cast["coordinator"]]
        base.session().rollback()
        ended = at_once(any_app, [lambda who=who: marking.claim(actor=who, submission_id=made) for who in trainers])
        assert sorted(getattr(one, "code", "") for one in ended) == ["", "practice_claimed", "practice_claimed"]
        assert rows(AuditEvent, AuditEvent.verb == "claim") == 1


def test_two_windows_that_begin_at_once_make_one_attempt(any_app: Flask):
    world = make_world("Northfield")
    with base.tenant(world.org_id):
        cast = people(world)
        base.session().rollback()
        save = [lambda text=text: practice.save(actor=cast["candidate"], key=KEY, text=text, revision=0) for text in ("One.", "Two.")]
        ended = at_once(any_app, save)
        assert sorted(getattr(one, "code", "") for one in ended) == ["", "draft_conflict"]
        assert rows(PracticeSubmission) == 1


def test_a_trainer_whose_role_was_taken_back_hears_nothing(cast):
    with base.transactional() as session:
        session.execute(update(RoleGrant).where(RoleGrant.person_id == cast["second"].person_id).values(revoked_at=base.now()))
    handed_in(cast)
    assert told("practice_waits") == {cast["trainer"].person_id, cast["coordinator"].person_id}


# --- who may not judge, and what waits for whom -------------------------------------------------------------------------------


def test_a_candidate_of_the_course_neither_marks_nor_reads_what_others_hand_in_until_they_have_completed_it(world, cast):
    both = world.person("Both", "trainer")
    made = handed_in(cast)
    assert both.person_id not in told("practice_waits")
    page = marking.queue(actor=both)
    assert (page.free, page.peer) == ((), True)
    for act in (marking.sheet, marking.claim):
        with pytest.raises(NotAllowed, match="marker_peer"):
            act(actor=both, submission_id=made)
    with base.transactional() as session:
        theirs = update(candidacy.Candidacy).where(candidacy.Candidacy.person_id == both.person_id)
        session.execute(theirs.values(participation="completed"))
    marking.claim(actor=both, submission_id=made)


def test_what_somebody_may_never_mark_neither_waits_for_them_nor_is_listed(cast):
    with base.transactional() as session:
        reporting_line.attest(session, actor=cast["candidate"], managers=[Manager("direct", cast["second"].person_id)])
    handed_in(cast)
    codes = {name: [one.code for one in reports.staff_home(actor=cast[name], coordinated=True).todo] for name in ("trainer", "second")}
    assert "practice_waits" in codes["trainer"]
    assert "practice_waits" not in codes["second"]
    assert marking.queue(actor=cast["second"]).free == ()


def test_whoever_comes_into_a_line_after_taking_it_can_hand_it_back_and_nothing_else(cast):
    made = handed_in(cast)
    marking.claim(actor=cast["trainer"], submission_id=made)
    with base.transactional() as session:
        reporting_line.attest(session, actor=cast["candidate"], managers=[Manager("direct", cast["trainer"].person_id)])
    (row,) = marking.queue(actor=cast["trainer"]).mine
    assert row.barred
    with pytest.raises(NotAllowed, match="marker_line"):
        marking.keep(actor=cast["trainer"], submission_id=made, marks=[], feedback="", revision=0)
    marking.hand_back(actor=cast["trainer"], submission_id=made)
    assert [one.id for one in marking.queue(actor=cast["second"]).free] == [made]


def test_where_nobody_may_mark_the_candidate_and_the_coordinator_read_that(cast):
    handed_in(cast)
    assert not practice.own(actor=cast["candidate"], key=KEY).unjudged
    managers = [Manager("direct", cast[name].person_id) for name in ("trainer", "second", "coordinator")]
    with base.transactional() as session:
        reporting_line.attest(session, actor=cast["candidate"], managers=managers)
    assert practice.own(actor=cast["candidate"], key=KEY).unjudged
    codes = [one.code for one in reports.staff_home(actor=cast["coordinator"], coordinated=True).todo]
    assert "nobody_judges" in codes
    assert "practice_waits" not in codes


def test_returning_it_a_second_time_with_its_marks_changes_nothing(cast):
    made = handed_in(cast)
    returned(cast, made, level=3)
    again = {"marks": [Mark("P1", 3, "The second is stacked.")], "feedback": "", "revision": 0, "returned": "met"}
    assert marking.keep(actor=cast["trainer"], submission_id=made, **again) == 1
    marking.give_back(actor=cast["trainer"], submission_id=made, met=True, revision=1)
    assert rows(AuditEvent, AuditEvent.verb == "return") == 1
    assert code_of(marking.keep, actor=cast["trainer"], submission_id=made, **again | {"returned": "once_more"}) == "practice_closed"
