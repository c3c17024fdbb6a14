# SPDX-License-Identifier: Apache-2.0
"""Three observed steps from both sides: notes that a candidate hands in, two ratings of a session that two led, and what is asked again."""

from __future__ import annotations

from contextvars import Context
from datetime import date, timedelta

import pytest
from flask import current_app
from sqlalchemy import func, select

from conftest import World
from lti_mentoring.domain.joint_plan import PARTS, Said
from lti_mentoring.domain.observation import Rating
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import (
    candidacy,
    consent,
    focus,
    handing_in,
    joint_plan,
    observation,
    opening,
    participant,
    recorded,
    reminder,
    room,
)
from lti_mentoring.services.observation import Note
from lti_mentoring.services.room import Named
from lti_mentoring.store import base
from lti_mentoring.store.delivery import ScorePublication
from lti_mentoring.store.notification import Notification
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.privacy import AuditEvent
from lti_mentoring.store.rating import ResolvedLevel

ACCOUNT = "The mentor asked three open questions, and each time the protégé went on by themself."
NOTE = "“What would you try first?”, then silence."


class Course:
    """A candidate under starter who has met the modules, an observer, a coordinator, and a mentor who also observes."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.lead = world.person("Coordinator", "coordinator", standing="instructor")
        self.observer = world.person("Observer", "observer", standing="instructor")
        self.mentor = world.person("Mentor", "observer", standing="instructor")
        opening.choose_policy(actor=self.lead, name="starter")
        world.person("Ada", standing="none")
        recorded.record(actor=self.lead, text="Ada", decided_by="The board", decided_on=self.day, why="Known.")
        world.mastered("Ada")
        self.ada = world.actor("Ada")

    @property
    def day(self) -> date:
        return base.now().date()

    def plan(self, kind: str, by: Actor | None = None, day: date | None = None) -> str:
        who = {"candidacy_id": self.world.candidacy_id("Ada"), "observer_id": (by or self.observer).person_id}
        return observation.plan(actor=self.lead, kind=kind, planned_for=day or self.day, protege_label="A", **who)

    def agree(self, made: str) -> None:
        """Those who lead a session together have agreed on their plan before it begins."""
        plan = joint_plan.save(actor=self.ada, observation_id=made, said={part: Said(f"Our {part}.") for part in PARTS}).plan
        for one in (self.ada, self.mentor):
            joint_plan.agree(actor=one, observation_id=made, revision=plan.revision)

    def rate(self, made: str, by: Actor, **levels: int | None) -> int:
        """A whole sheet, at 3 where nothing else is said; None leaves a criterion open. -> its revision"""
        note = observation.save_note(actor=by, observation_id=made, note=Note(base.new_id(), "Seen."))
        sheet = observation.sheet(actor=by, observation_id=made)
        keys = [one.criterion.key for one in sheet.criteria]
        said = [Rating(key, levels.get(key, 3), note_ids=(note.id,)) for key in keys if levels.get(key, 3) is not None]
        consent = True if sheet.purpose == "first" else None
        return observation.save_draft(actor=by, observation_id=made, revision=sheet.revision, ratings=said, consent=consent).revision

    def submit(self, made: str, by: Actor | None = None, **levels: int | None) -> None:
        by = by or self.observer
        observation.submit(actor=by, observation_id=made, revision=self.rate(made, by, **levels))

    def lead_together(self) -> str:
        made = self.plan("co", by=self.mentor)
        self.agree(made)
        self.submit(made, self.ada)
        self.submit(made, self.mentor)
        return made

    def watch(self) -> str:
        made = self.plan("structured")
        self.submit(made)
        return made

    def state(self, made: str) -> str:
        base.session().rollback()
        return base.session().scalars(select(Observation.state).where(Observation.id == made)).one()


@pytest.fixture
def course(world: World) -> Course:
    return Course(world)


def hand_in(course: Course, made: str, **more: object) -> None:
    given = {"account": ACCOUNT, "revision": 0, "note": Note(base.new_id(), NOTE)}
    handing_in.hand_in(actor=course.ada, observation_id=made, **(given | more))


def look() -> None:
    """A worker looks at what is due, outside of any organisation."""
    app = current_app._get_current_object()

    def work() -> None:
        with app.app_context():
            reminder.sweep(now=base.now())

    base.session().rollback()
    Context().run(work)
    base.session().expire_all()


# --- watching ---------------------------------------------------------------------------------------------------------------------------


def test_what_a_candidate_notes_of_a_mentor_reaches_the_rater_once_it_is_handed_in_and_not_before(course: Course):
    made = course.plan("structured")
    handing_in.keep(actor=course.ada, observation_id=made, account=ACCOUNT, revision=0, note=Note("a" * 32, NOTE))
    sheet = observation.sheet(actor=course.observer, observation_id=made)
    assert (sheet.account, sheet.notes, sheet.state) == (None, (), "planned"), "a draft is its writer's alone"
    handing_in.hand_in(actor=course.ada, observation_id=made, account=ACCOUNT, revision=1)
    sheet = observation.sheet(actor=course.observer, observation_id=made)
    assert (sheet.account, [one.text for one in sheet.notes]) == (ACCOUNT, [NOTE])
    told = base.session().scalars(select(Notification).where(Notification.person_id == course.observer.person_id)).all()
    assert [one.kind for one in told] == ["observation_planned", "notes_handed_in"]


def test_the_account_of_a_session_is_read_struck_and_taken_back_by_who_was_in_the_room(course: Course):
    made = course.plan("structured")
    room.add(actor=course.lead, observation_id=made, named=Named("Kim", ""))
    (kim,) = room.page(actor=course.lead, observation_id=made).people
    who = Actor(course.world.org_id, kim.person_id, course.world.course_id, "Kim", frozenset(), "")

    def lines() -> list[str]:
        base.session().rollback()
        return [one.text for one in consent.page(actor=who, observation_id=made).lines]

    participant.answer(actor=who, observation_id=made, agrees=True)
    handing_in.keep(actor=course.ada, observation_id=made, account=ACCOUNT, revision=0, note=Note("a" * 32, NOTE))
    observation.save_note(actor=course.observer, observation_id=made, note=Note("b" * 32, "Ada noted every question."))
    assert lines() == [NOTE, "Ada noted every question."], "the rater's lines, too, and no draft"
    handing_in.hand_in(actor=course.ada, observation_id=made, account=ACCOUNT, revision=1)
    assert lines()[2] == ACCOUNT
    participant.strike(actor=who, observation_id=made, note_id=consent.page(actor=who, observation_id=made).lines[2].id)
    assert (lines()[2], observation.sheet(actor=course.observer, observation_id=made).account) == ("", "")
    participant.answer(actor=who, observation_id=made, agrees=False)
    assert lines() == ["", "", ""]


def test_an_account_that_comes_after_the_rating_is_read_before_it_is_released(course: Course):
    made = course.plan("structured")
    room.add(actor=course.lead, observation_id=made, named=Named("Kim", ""))
    (kim,) = room.page(actor=course.lead, observation_id=made).people
    who = Actor(course.world.org_id, kim.person_id, course.world.course_id, "Kim", frozenset(), "")
    participant.answer(actor=who, observation_id=made, agrees=True)
    handing_in.keep(actor=course.ada, observation_id=made, account=ACCOUNT, revision=0, note=Note("a" * 32, NOTE))
    with base.transactional() as session:
        row = session.get_one(Observation, (course.world.org_id, made))
        row.state, row.rated_at = "rated", base.now() - timedelta(hours=47)
    participant.read(actor=who, observation_id=made)
    handing_in.hand_in(actor=course.ada, observation_id=made, account=ACCOUNT, revision=1)
    room.link(actor=course.lead, observation_id=made, person_id=kim.person_id)  # nothing else tells Kim of it
    page = consent.page(actor=who, observation_id=made)
    assert (page.lines[-1].text, page.read_at) == (ACCOUNT, None)
    assert page.reading_until is not None
    assert page.reading_until > base.now() + timedelta(hours=47)


def test_nothing_is_written_of_a_session_before_everybody_in_the_room_agrees(course: Course):
    made = course.plan("structured")
    handing_in.keep(actor=course.ada, observation_id=made, account=ACCOUNT, revision=0)
    room.add(actor=course.lead, observation_id=made, named=Named("Kim", ""))
    (kim,) = room.page(actor=course.lead, observation_id=made).people
    who = Actor(course.world.org_id, kim.person_id, course.world.course_id, "Kim", frozenset(), "")
    with pytest.raises(RuleBroken, match="account_not_kept"):
        handing_in.keep(actor=course.ada, observation_id=made, account=f"{ACCOUNT} More.", revision=1)
    base.session().rollback()
    participant.answer(actor=who, observation_id=made, agrees=False)
    assert handing_in.page(actor=course.ada, observation_id=made).account == "", "a draft goes as well"
    with pytest.raises(RuleBroken, match="account_not_kept"):
        handing_in.keep(actor=course.ada, observation_id=made, account=ACCOUNT, revision=2)
    base.session().rollback()
    with pytest.raises(RuleBroken, match="account_not_kept"):
        handing_in.keep(actor=course.ada, observation_id=made, account="", revision=2, note=Note("a" * 32, "He nods."))
    base.session().rollback()
    shown = handing_in.page(actor=course.ada, observation_id=made)
    assert (shown.account, shown.notes) == ("", ())


def test_the_notes_of_the_candidate_are_the_evidence_of_the_rating(course: Course):
    made = course.plan("structured")
    hand_in(course, made)
    sheet = observation.sheet(actor=course.observer, observation_id=made)
    ratings = [Rating(one.criterion.key, 4, note_ids=(sheet.notes[0].id,)) for one in sheet.criteria]
    draft = observation.save_draft(actor=course.observer, observation_id=made, revision=0, ratings=ratings, consent=True)
    observation.submit(actor=course.observer, observation_id=made, revision=draft.revision)
    assert course.state(made) == "released"
    assert candidacy.way(actor=course.ada).requirements.children[1].met


def test_nothing_of_it_changes_once_it_is_handed_in(course: Course):
    made = course.plan("structured")
    hand_in(course, made)
    hand_in(course, made, account="Other words.", note=None)
    page = handing_in.page(actor=course.ada, observation_id=made)
    assert (page.account, page.open, page.late) == (ACCOUNT, False, False)
    with pytest.raises(RuleBroken, match="handed_in_already"):
        handing_in.keep(actor=course.ada, observation_id=made, account="Other words.", revision=9)
    with pytest.raises(RuleBroken, match="observation_closed"):
        observation.save_note(actor=course.ada, observation_id=made, note=Note("b" * 32, "One more."))


@pytest.mark.parametrize(
    ("given", "code"),
    [({"account": "  "}, "account_empty"), ({"note": None}, "notes_missing"), ({"account": "a" * 6001}, "account_long")],
)
def test_without_notes_and_account_nothing_is_handed_in(course: Course, given, code):
    made = course.plan("structured")
    with pytest.raises(RuleBroken, match=code):
        hand_in(course, made, **given)
    assert handing_in.page(actor=course.ada, observation_id=made).open


def test_two_windows_do_not_write_over_each_other(course: Course):
    made = course.plan("structured")
    assert handing_in.keep(actor=course.ada, observation_id=made, account="First.", revision=0)[0] == 1
    with pytest.raises(RuleBroken, match="draft_conflict"):
        handing_in.keep(actor=course.ada, observation_id=made, account="Second.", revision=0)
    assert handing_in.keep(actor=course.ada, observation_id=made, account="First.", revision=0)[0] == 1, "the same again is no conflict"


def test_after_seven_days_a_candidate_is_reminded_once_and_never_refused(course: Course):
    on_time, late = (course.plan("structured", day=course.day - timedelta(days=days)) for days in (7, 8))
    for _ in range(2):
        look()
    told = base.session().scalars(select(Notification).where(Notification.kind == "notes_due")).all()
    assert [one.ids["observation"] for one in told] == [late]
    assert handing_in.page(actor=course.ada, observation_id=late).late
    assert not handing_in.page(actor=course.ada, observation_id=on_time).late
    hand_in(course, late)
    assert handing_in.page(actor=course.ada, observation_id=late).handed_in_at is not None


def test_the_watched_mentor_and_everybody_else_find_nothing(course: Course):
    made = course.plan("structured")
    hand_in(course, made)
    for other in (course.mentor, course.lead, course.observer):
        with pytest.raises(NotFound):
            handing_in.page(actor=other, observation_id=made)
    for other in (course.mentor, course.ada):
        with pytest.raises(NotFound):
            observation.sheet(actor=other, observation_id=made)
    with pytest.raises(NotFound):
        handing_in.page(actor=course.ada, observation_id=course.plan("independent"))


def test_the_audit_record_holds_no_word_of_it(course: Course):
    hand_in(course, course.plan("structured"))
    lines = base.session().scalars(select(AuditEvent)).all()
    assert any(line.verb == "hand_in" for line in lines)
    assert not [line for line in lines if "open questions" in repr(line.facts) or "silence" in repr(line.facts)]


# --- mentoring together -------------------------------------------------------------------------------------------------------------------


def test_nothing_is_released_before_both_have_rated_and_only_the_mentors_rating_counts(course: Course):
    course.watch()
    made = course.plan("co", by=course.mentor)
    course.agree(made)
    course.submit(made, course.mentor)
    assert course.state(made) == "rated"
    with pytest.raises(NotFound):
        observation.report(actor=course.ada, observation_id=made)
    sheet = observation.sheet(actor=course.ada, observation_id=made)
    assert (sheet.purpose, sheet.rated, sheet.notes) == ("self", 0, ())
    course.submit(made, course.ada, B1=1, B2=1, B3=1, B4=1)
    assert course.state(made) == "released"
    levels = select(ResolvedLevel.numerator).join(Observation, Observation.resolution_id == ResolvedLevel.resolution_id)
    assert set(base.session().scalars(levels.where(Observation.id == made))) == {3}
    assert candidacy.way(actor=course.ada).requirements.children[2].met


def test_the_mentor_reads_nothing_of_the_candidates_own_rating_before_their_own_is_in(course: Course):
    made = course.plan("co", by=course.mentor)
    course.submit(made, course.ada, B1=1)
    sheet = observation.sheet(actor=course.mentor, observation_id=made)
    assert (sheet.rated, sheet.notes, sheet.state) == (0, (), "planned")


# --- in order, and together --------------------------------------------------------------------------------------------------------------


def test_an_independent_session_before_its_turn_is_kept_and_the_way_says_why_it_does_not_count(course: Course):
    early = course.plan("independent", day=course.day - timedelta(days=1))
    course.submit(early)
    part = candidacy.way(actor=course.ada).requirements.children[3]
    assert [child.code for child in part.children[0].children] == ["too_early"]
    assert [(one.observation_id, one.counts) for one in candidacy.way(actor=course.ada).reports] == [(early, False)]


def test_after_a_not_yet_only_what_is_left_is_asked_again_and_everything_is_judged_together(course: Course):
    course.watch()
    course.lead_together()
    for number in range(2):
        course.submit(course.plan("independent"), C6=2 if number else 1)
    way = candidacy.way(actor=course.ada)
    assert (way.lede.code, way.again) == ("await_again", True)
    page = focus.page(actor=course.ada)
    assert [(one.competency.key, [each.key for each in one.criteria]) for one in page.again] == [("MC4", ["C6"])]
    assert page.again[0].why is not None
    assert len(page.reports) == 2
    assert base.session().scalar(select(func.count()).select_from(ScorePublication)) == 0

    made = course.plan("independent")
    sheet = observation.sheet(actor=course.observer, observation_id=made)
    assert [one[:3] for one in sheet.focus] == ["MC4"]
    assert {one.criterion.key for one in sheet.criteria if one.asked} == {"C6"}
    others = {one.criterion.key: None for one in sheet.criteria if not one.asked}
    assert {gap.criterion for gap in sheet.gaps if gap.criterion} == {"C6"}
    course.submit(made, C6=4, **others)
    assert course.state(made) == "released"
    assert not candidacy.way(actor=course.ada).requirements.met, "1, 2 and 4 make 7/3"

    course.submit(course.plan("independent"), C6=4, **others)
    assert candidacy.way(actor=course.ada).requirements.met
    assert not focus.page(actor=course.ada).left


def test_where_nothing_is_left_of_a_competency_the_next_session_looks_at_everything(course: Course):
    course.watch()
    course.lead_together()
    course.submit(course.plan("independent"))
    assert observation.sheet(actor=course.observer, observation_id=course.plan("independent")).focus == ()
    assert focus.page(actor=course.ada).again == ()
