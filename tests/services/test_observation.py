# SPDX-License-Identifier: Apache-2.0
"""Planning, evidence, drafts that two windows share without loss, the release, and who may read what."""

from __future__ import annotations

import threading
from contextvars import copy_context
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import delete, event, func, select, update

from conftest import World, make_world
from lti_mentoring.domain.board import Wanted
from lti_mentoring.domain.observation import Rating
from lti_mentoring.domain.rule import NotAllowed, NotFound, RuleBroken
from lti_mentoring.services import assistance, board, candidacy, observation, opening, recorded, reporting_line, roles
from lti_mentoring.services.observation import Note
from lti_mentoring.services.reporting_line import Manager
from lti_mentoring.store import base
from lti_mentoring.store.delivery import ScorePublication
from lti_mentoring.store.observation import Assessment, CriterionRating, EvidenceNote, Observation
from lti_mentoring.store.people import Course, RoleGrant
from lti_mentoring.store.privacy import AuditEvent

NOTE = "0" * 31 + "1"
DAY = date(2026, 11, 24)


@pytest.fixture
def cast(world: World):
    """A candidate, an observer, a coordinator, and another candidate."""
    return {
        "candidate": world.person("F. Martins"),
        "other": world.person("S. Haddad"),
        "observer": world.person("T. Lindqvist", "observer", standing="instructor"),
        "coordinator": world.person("R. Okafor", "coordinator", standing="instructor"),
    }


def planned(world, cast, **changes) -> str:
    given = {
        "actor": cast["coordinator"],
        "candidacy_id": world.candidacy_id("F. Martins"),
        "observer_id": cast["observer"].person_id,
        "planned_for": DAY,
        "protege_label": "A new colleague",
    }
    return observation.plan(**(given | changes))


def filled(cast, made, *, level=3, consent=True) -> int:
    """A complete draft. -> its revision."""
    actor = cast["observer"]
    observation.save_note(actor=actor, observation_id=made, note=Note(NOTE, "“What would you like to leave here with?”"))
    keys = [row.criterion.key for row in observation.sheet(actor=actor, observation_id=made).criteria]
    ratings = [Rating(key, level, note_ids=(NOTE,)) for key in keys]
    return observation.save_draft(actor=actor, observation_id=made, revision=0, ratings=ratings, consent=consent).revision


def released(world, cast, *, level=3) -> str:
    made = planned(world, cast)
    observation.submit(actor=cast["observer"], observation_id=made, revision=filled(cast, made, level=level))
    return made


def rows(table, *conditions) -> int:
    return base.session().scalar(select(func.count()).select_from(table).where(*conditions)) or 0


# --- planning -----------------------------------------------------------------------------------------------------------


def test_a_coordinator_plans_and_the_observer_finds_it_in_their_list(world, cast):
    made = planned(world, cast, place="  Room 2.14 ")
    queue = observation.queue(actor=cast["observer"])
    assert [(row.id, row.candidate, row.state, row.place, row.consent) for row in queue.waiting] == [
        (made, "F. Martins", "planned", "Room 2.14", False)
    ]
    assert rows(AuditEvent, AuditEvent.verb == "plan", AuditEvent.object_id == made) == 1


def test_the_form_sent_twice_plans_once(world, cast):
    first = planned(world, cast, observation_id="a" * 32)
    assert planned(world, cast, observation_id="a" * 32) == first
    assert rows(Observation) == 1


def test_nobody_observes_themself(world, cast):
    both = world.person("Both", "observer")
    with pytest.raises(RuleBroken, match="observation_of_oneself"):
        planned(world, cast, candidacy_id=world.candidacy_id("Both"), observer_id=both.person_id)


@pytest.mark.parametrize("who", ["coordinator", "other"])
def test_only_somebody_who_is_an_observer_now_is_planned(world, cast, who):
    with pytest.raises(RuleBroken, match="observer_unknown"):
        planned(world, cast, observer_id=cast[who].person_id)


def test_an_observer_whose_role_was_taken_back_is_not_planned(world, cast):
    with base.transactional() as session:
        session.execute(update(RoleGrant).where(RoleGrant.person_id == cast["observer"].person_id).values(revoked_at=base.now()))
    with pytest.raises(RuleBroken, match="observer_unknown"):
        planned(world, cast)


def test_an_observer_plans_for_themself_only(world, cast):
    second = world.person("Second", "observer", standing="instructor")
    assert planned(world, cast, actor=cast["observer"])
    with pytest.raises(NotAllowed, match="observer_plans_own"):
        planned(world, cast, actor=cast["observer"], observer_id=second.person_id)
    assert [one.name for one in observation.candidates(actor=cast["observer"]).observers] == ["T. Lindqvist"]
    assert [one.name for one in observation.candidates(actor=cast["coordinator"]).observers] == ["Second", "T. Lindqvist"]


def test_a_candidate_of_another_course_is_unknown(world, cast):
    elsewhere = "c" * 32
    with base.transactional() as session:
        session.add(Course(id=elsewhere, issuer="https://lms.example/other", context_id="c:other"))
    world.person("Elsewhere", course_id=elsewhere)
    with pytest.raises(NotFound):
        planned(world, cast, candidacy_id=world.candidacy_id("Elsewhere"))


def test_the_protege_has_a_label(world, cast):
    with pytest.raises(RuleBroken, match="protege_label_empty"):
        planned(world, cast, protege_label="  ")


def test_test_users_are_offered_to_nobody(world, cast):
    world.person("Student view", test_user=True)
    assert [one.name for one in observation.candidates(actor=cast["coordinator"]).candidates] == ["F. Martins", "S. Haddad"]


def test_calling_off_ends_it_without_a_grade(world, cast):
    world.placement("observation")
    made = planned(world, cast)
    observation.cancel(actor=cast["coordinator"], observation_id=made)
    observation.cancel(actor=cast["coordinator"], observation_id=made)
    assert observation.queue(actor=cast["observer"]).waiting == ()
    assert rows(AuditEvent, AuditEvent.verb == "cancel") == 1
    assert base.session().scalars(select(ScorePublication.wanted)).all() == [1], "planning it was the last thing to tell"
    with pytest.raises(RuleBroken, match="observation_closed"):
        observation.save_note(actor=cast["observer"], observation_id=made, note=Note(NOTE, "Late."))


def test_somebody_elses_observation_is_not_called_off(world, cast):
    made = planned(world, cast)
    second = world.person("Second", "observer", standing="instructor")
    with pytest.raises(NotFound):
        observation.cancel(actor=second, observation_id=made)


# --- the list -----------------------------------------------------------------------------------------------------------


def test_the_oldest_comes_first_and_each_sheet_knows_its_neighbours(world, cast):
    late, early, middle = (planned(world, cast, planned_for=date(2026, 11, day)) for day in (30, 10, 20))
    assert [row.id for row in observation.queue(actor=cast["observer"]).waiting] == [early, middle, late]
    sheet = observation.sheet(actor=cast["observer"], observation_id=middle)
    assert (sheet.previous, sheet.next, sheet.position, sheet.waiting) == (early, late, 2, 3)
    assert observation.sheet(actor=cast["observer"], observation_id=early).previous is None


def test_the_list_says_how_far_each_has_come(world, cast):
    made = planned(world, cast)
    observation.save_note(actor=cast["observer"], observation_id=made, note=Note(NOTE, "One"))
    observation.save_draft(
        actor=cast["observer"], observation_id=made, revision=0, ratings=[Rating("C1", 2), Rating("C2", not_observed=True), Rating("C3")]
    )
    row = observation.queue(actor=cast["observer"]).waiting[0]
    assert (row.state, row.notes, row.rated, row.of) == ("drafting", 1, 2, 12)


def test_who_leads_sees_states_never_how_full_a_draft_is(world, cast):
    made = planned(world, cast)
    filled(cast, made)
    row = observation.of_candidacy(world.candidacy_id("F. Martins"))[0]
    assert (row.id, row.state, row.notes, row.rated) == (made, "drafting", 0, 0)


def test_the_lists_take_the_same_queries_for_one_as_for_many(world, cast):
    def queries() -> int:
        count = 0

        def one(*args):
            nonlocal count
            count += 1

        base.session().rollback()
        event.listen(base.db.engine, "before_cursor_execute", one)
        observation.queue(actor=cast["observer"])
        board.page(actor=cast["coordinator"], wanted=Wanted())
        event.remove(base.db.engine, "before_cursor_execute", one)
        return count

    planned(world, cast)
    queries()  # a process loads the body of a version once
    few = queries()
    for number in range(6):
        world.person(f"Candidate {number}")
        planned(world, cast, candidacy_id=world.candidacy_id(f"Candidate {number}"))
    assert queries() == few


# --- evidence -----------------------------------------------------------------------------------------------------------


def test_a_note_sent_three_times_is_kept_once(world, cast):
    made = planned(world, cast)
    for _ in range(3):
        observation.save_note(actor=cast["observer"], observation_id=made, note=Note(NOTE, "  Quiet for eight seconds. "))
    assert [line.text for line in observation.sheet(actor=cast["observer"], observation_id=made).notes] == ["Quiet for eight seconds."]


def test_other_words_under_a_known_id_are_kept_beside_it(world, cast):
    made = planned(world, cast)
    for text in ("First words.", "Other words.", "Other words.", "First words."):
        observation.save_note(actor=cast["observer"], observation_id=made, note=Note(NOTE, text))
    notes = observation.sheet(actor=cast["observer"], observation_id=made).notes
    assert sorted(line.text for line in notes) == ["First words.", "Other words."]


def test_the_same_id_in_another_observation_loses_nothing(world, cast):
    first, second = planned(world, cast), planned(world, cast)
    observation.save_note(actor=cast["observer"], observation_id=first, note=Note(NOTE, "Here."))
    observation.save_note(actor=cast["observer"], observation_id=second, note=Note(NOTE, "Here."))
    assert [len(observation.sheet(actor=cast["observer"], observation_id=made).notes) for made in (first, second)] == [1, 1]


@pytest.mark.parametrize(("text", "code"), [(" ", "note_empty"), ("x" * 4001, "note_long")])
def test_a_note_has_words_and_not_too_many(world, cast, text, code):
    with pytest.raises(RuleBroken, match=code):
        observation.save_note(actor=cast["observer"], observation_id=planned(world, cast), note=Note(NOTE, text))


def test_nobody_but_the_observer_reaches_the_sheet(world, cast):
    made = planned(world, cast)
    second = world.person("Second", "observer", standing="instructor")
    for who in (cast["candidate"], cast["other"], cast["coordinator"], second):
        with pytest.raises(NotFound):
            observation.sheet(actor=who, observation_id=made)
        with pytest.raises(NotFound):
            observation.save_draft(actor=who, observation_id=made, revision=0, ratings=[Rating("C1", 1)])
        with pytest.raises(NotFound):
            observation.save_note(actor=who, observation_id=made, note=Note(NOTE, "x"))
        with pytest.raises(NotFound):
            observation.submit(actor=who, observation_id=made, revision=0)


def test_another_organisation_sees_nothing(app: Flask, world, cast):
    made = planned(world, cast)
    found: list[str] = []

    def elsewhere() -> None:
        with app.app_context():
            other = make_world("Elsewhere")
            with base.tenant(other.org_id):
                stranger = other.person("Stranger", "observer", "coordinator", standing="instructor")
                for read in (observation.sheet, observation.report):
                    try:
                        read(actor=stranger, observation_id=made)
                    except NotFound as error:
                        found.append(error.code)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert found == ["observation", "observation"]


# --- drafts -------------------------------------------------------------------------------------------------------------


def test_a_draft_is_kept_without_evidence_and_says_what_is_open(world, cast):
    made = planned(world, cast)
    draft = observation.save_draft(actor=cast["observer"], observation_id=made, revision=0, ratings=[Rating("C1", 4)])
    assert (draft.revision, draft.state, draft.clashes) == (1, "drafting", ())
    codes = {gap.criterion: gap.code for gap in draft.gaps}
    assert (codes["C1"], codes["C2"], codes[""]) == ("evidence_missing", "criterion_open", "consent_missing")


def test_saving_the_same_again_changes_nothing(world, cast):
    made = planned(world, cast)
    for _ in range(2):
        draft = observation.save_draft(actor=cast["observer"], observation_id=made, revision=0, ratings=[Rating("C1", 2)])
    assert (draft.revision, draft.clashes) == (1, ())
    assert rows(AuditEvent, AuditEvent.verb == "rate") == 1


def test_two_windows_on_different_criteria_both_win(world, cast):
    made = planned(world, cast)
    for rating in (Rating("C1", 2), Rating("C2", 3)):
        draft = observation.save_draft(actor=cast["observer"], observation_id=made, revision=0, ratings=[rating])
        assert draft.clashes == ()
    sheet = observation.sheet(actor=cast["observer"], observation_id=made)
    assert [row.rating.level for row in sheet.criteria[:2]] == [2, 3]


def test_two_windows_on_one_criterion_clash_and_lose_nothing(world, cast):
    made = planned(world, cast)
    first = Rating("C9", not_observed=True, reason="No occasion for feedback.")
    second = Rating("C9", not_observed=True, reason="I came late.")
    observation.save_draft(actor=cast["observer"], observation_id=made, revision=0, ratings=[first])
    note = Note(NOTE, "Typed in the second window.")
    draft = observation.save_draft(actor=cast["observer"], observation_id=made, revision=0, ratings=[second, Rating("C1", 3)], note=note)
    assert [(clash.criterion, clash.yours.reason, clash.kept.reason) for clash in draft.clashes] == [
        ("C9", "I came late.", "No occasion for feedback.")
    ]
    sheet = observation.sheet(actor=cast["observer"], observation_id=made)
    kept = {row.criterion.key: row.rating for row in sheet.criteria}
    assert (kept["C9"].reason, kept["C1"].level) == ("No occasion for feedback.", 3)
    assert [line.text for line in sheet.notes] == ["Typed in the second window."]
    again = observation.save_draft(actor=cast["observer"], observation_id=made, revision=draft.revision, ratings=[second])
    assert again.clashes == ()
    assert rows(CriterionRating, CriterionRating.reason == "I came late.") == 1


@pytest.mark.parametrize(
    ("rating", "code"),
    [
        (Rating("C99", 1), "criterion_unknown"),
        (Rating("C1", 9), "level_unknown"),
        (Rating("C1", 2, note_ids=("f" * 32,)), "note_unknown"),
        (Rating("C1", not_observed=True, reason="x" * 501), "reason_long"),
    ],
)
def test_a_draft_that_does_not_fit_changes_nothing(world, cast, rating, code):
    made = planned(world, cast)
    with pytest.raises(RuleBroken, match=code):
        observation.save_draft(
            actor=cast["observer"], observation_id=made, revision=0, ratings=[Rating("C2", 2), rating], note=Note(NOTE, "x")
        )
    assert (rows(CriterionRating), rows(EvidenceNote)) == (0, 0)


def test_a_note_of_another_observation_cannot_be_linked(world, cast):
    first, second = planned(world, cast), planned(world, cast)
    observation.save_note(actor=cast["observer"], observation_id=first, note=Note(NOTE, "There."))
    with pytest.raises(RuleBroken, match="note_unknown"):
        observation.save_draft(actor=cast["observer"], observation_id=second, revision=0, ratings=[Rating("C1", 2, note_ids=(NOTE,))])


def test_consent_is_recorded_with_name_and_time_and_can_be_taken_back(world, cast):
    made = planned(world, cast)
    observation.record_consent(actor=cast["observer"], observation_id=made)
    row = base.session().scalars(select(Observation)).one()
    assert (row.consent_by, row.consent_at is not None, row.state) == (cast["observer"].person_id, True, "planned")
    observation.record_consent(actor=cast["observer"], observation_id=made, given=False)
    assert observation.sheet(actor=cast["observer"], observation_id=made).consent_at is None
    verbs = base.session().scalars(select(AuditEvent.verb).where(AuditEvent.object_id == made).order_by(AuditEvent.id)).all()
    assert verbs == ["check_conflict", "plan", "consent", "take_back_consent"]


# --- release ------------------------------------------------------------------------------------------------------------


def test_a_release_is_final_and_asks_for_the_grade_in_the_same_transaction(world, cast):
    placement = world.placement("observation")
    made = released(world, cast)
    assert rows(ScorePublication, ScorePublication.placement_id == placement) == 1
    assert observation.queue(actor=cast["observer"]).total == 0
    event_row = base.session().scalars(select(AuditEvent).where(AuditEvent.verb == "release")).one()
    assert (event_row.object_id, event_row.facts["met"]) == (made, True)
    with pytest.raises(RuleBroken, match="observation_closed"):
        observation.save_draft(actor=cast["observer"], observation_id=made, revision=99, ratings=[Rating("C1", 1)])
    with pytest.raises(RuleBroken, match="observation_closed"):
        observation.cancel(actor=cast["coordinator"], observation_id=made)


def test_pressing_twice_releases_once(world, cast):
    world.placement("observation")
    made = planned(world, cast)
    revision = filled(cast, made)
    for _ in range(2):
        observation.submit(actor=cast["observer"], observation_id=made, revision=revision)
    assert rows(AuditEvent, AuditEvent.verb == "release") == 1
    assert base.session().scalars(select(ScorePublication.wanted)).one() == 2, "planned once, released once"


def test_a_failure_on_the_way_releases_nothing(world, cast, monkeypatch):
    made = planned(world, cast)
    revision = filled(cast, made)

    def broken(*args, **kwargs):
        raise RuntimeError("the outbox is gone")

    monkeypatch.setattr("lti_mentoring.services.delivery.want", broken)
    with pytest.raises(RuntimeError):
        observation.submit(actor=cast["observer"], observation_id=made, revision=revision)
    assert observation.sheet(actor=cast["observer"], observation_id=made).state == "drafting"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"consent": False}, "consent_missing"),
        ({"ratings": [Rating("C5")]}, "criterion_open"),
        ({"ratings": [Rating("C5", 2)]}, "evidence_missing"),
        ({"ratings": [Rating("C5", not_observed=True)]}, "reason_missing"),
    ],
)
def test_a_release_that_lacks_something_is_refused(world, cast, change, code):
    made = planned(world, cast)
    revision = filled(cast, made)
    revision = observation.save_draft(actor=cast["observer"], observation_id=made, revision=revision, **change).revision
    with pytest.raises(RuleBroken) as refused:
        observation.submit(actor=cast["observer"], observation_id=made, revision=revision)
    assert refused.value.code == code
    with pytest.raises(RuleBroken, match=code):
        observation.release_page(actor=cast["observer"], observation_id=made)


def test_what_is_confirmed_is_what_was_read(world, cast):
    made = planned(world, cast)
    revision = filled(cast, made)
    observation.save_draft(actor=cast["observer"], observation_id=made, revision=revision, ratings=[Rating("C1", 4, note_ids=(NOTE,))])
    with pytest.raises(RuleBroken, match="draft_changed"):
        observation.submit(actor=cast["observer"], observation_id=made, revision=revision)


def test_an_empty_plan_is_refused_for_what_it_lacks(world, cast):
    with pytest.raises(RuleBroken, match="consent_missing"):
        observation.submit(actor=cast["observer"], observation_id=planned(world, cast), revision=0)


def test_two_releases_at_once_make_one(app: Flask, world, cast):
    made = planned(world, cast)
    revision = filled(cast, made)
    base.session().rollback()
    failures: list[BaseException] = []

    def press() -> None:
        with app.app_context():
            try:
                observation.submit(actor=cast["observer"], observation_id=made, revision=revision)
            except BaseException as error:
                failures.append(error)

    threads = [threading.Thread(target=copy_context().run, args=(press,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert rows(AuditEvent, AuditEvent.verb == "release") == 1


@pytest.mark.parametrize("table", [Assessment, CriterionRating, EvidenceNote])
def test_what_was_released_never_changes_whoever_asks(world, cast, table):
    released(world, cast)
    changes = {Assessment: ("state", "draft"), CriterionRating: ("level", 4), EvidenceNote: ("text", "Rewritten.")}
    name, value = changes[table]

    def change() -> None:
        with base.transactional() as session:
            setattr(session.scalars(select(table).limit(1)).one(), name, value)

    def remove() -> None:
        with base.transactional() as session:
            session.delete(session.scalars(select(table).limit(1)).one())

    def wholesale(statement) -> None:
        with base.transactional() as session:
            session.execute(statement)

    for attempt in (change, remove, lambda: wholesale(update(table).values({name: value})), lambda: wholesale(delete(table))):
        with pytest.raises(base.FenceBroken):
            attempt()


def test_nothing_is_added_to_what_was_released(world, cast):
    made = released(world, cast)
    assessment = base.session().scalars(select(Assessment.id)).one()
    for row in (
        EvidenceNote(observation_id=made, author_id=cast["observer"].person_id, text="Afterthought."),
        CriterionRating(assessment_id=assessment, criterion="C13", level=4),
    ):
        with pytest.raises(base.FenceBroken), base.transactional() as session:
            session.add(row)


# --- the report ---------------------------------------------------------------------------------------------------------


def test_the_candidate_reads_levels_and_evidence_once_released(world, cast):
    made = released(world, cast)
    for who, mine in (("candidate", True), ("observer", False), ("coordinator", False)):
        page = observation.report(actor=cast[who], observation_id=made)
        assert (page.mine, page.verdict.met, page.observer, page.protege) == (mine, True, "T. Lindqvist", "A new colleague")
        assert page.criteria[0].notes[0].text == "“What would you like to leave here with?”"


def test_before_the_release_the_candidate_reads_nothing(world, cast):
    made = planned(world, cast)
    filled(cast, made)
    for who in ("candidate", "observer", "coordinator"):
        with pytest.raises(NotFound, match="observation_not_released"):
            observation.report(actor=cast[who], observation_id=made)


def test_another_candidate_finds_nothing_before_and_after(world, cast):
    made = planned(world, cast)
    for revision in (filled(cast, made), 0):
        with pytest.raises(NotFound) as refused:
            observation.report(actor=cast["other"], observation_id=made)
        assert refused.value.code == "observation"
        observation.submit(actor=cast["observer"], observation_id=made, revision=revision)


def test_notes_that_are_linked_to_nothing_stay_with_the_observer(world, cast):
    made = planned(world, cast)
    observation.save_note(actor=cast["observer"], observation_id=made, note=Note("e" * 32, "For myself."))
    observation.submit(actor=cast["observer"], observation_id=made, revision=filled(cast, made))
    assert "For myself." not in repr(observation.report(actor=cast["candidate"], observation_id=made))


def test_not_yet_names_what_is_missing_and_still_asks_delivery(world, cast):
    world.placement("observation")
    made = released(world, cast, level=2)
    page = observation.report(actor=cast["candidate"], observation_id=made)
    assert not page.verdict.met
    assert page.verdict.reasons[0].code == "overall_mean_below"
    titles = [reason.facts["title"] for reason in page.verdict.reasons[1:]]
    assert "Trust and confidentiality" in titles
    assert rows(ScorePublication) == 1


def test_the_audit_record_holds_nobodys_words(world, cast):
    released(world, cast)
    told = base.session().scalars(select(AuditEvent)).all()
    assert not [line for line in told if "leave here with" in repr(line.facts) or "new colleague" in repr(line.facts)]


def test_each_kind_of_session_is_rated_on_its_own_rubric_and_counts_for_its_own_step(world: World):
    lead = world.person("Coordinator", "coordinator", standing="instructor")
    observer = world.person("Observer", "observer", standing="instructor")
    opening.choose_policy(actor=lead, name="starter")
    world.person("Ada", standing="none")
    day = base.now().date()
    recorded.record(actor=lead, text="Ada", decided_by="The board", decided_on=day, why="Known.")
    world.mastered("Ada")
    page = observation.candidates(actor=lead)
    assert page.kinds == ("structured", "co", "independent")
    facts = {"candidacy_id": world.candidacy_id("Ada"), "observer_id": observer.person_id, "planned_for": day, "protege_label": "A"}
    made = observation.plan(actor=lead, kind="structured", **facts)
    note = Note("a" * 32, "“What would you like to leave with?” 0:40")
    observation.save_note(actor=observer, observation_id=made, note=note)
    sheet = observation.sheet(actor=observer, observation_id=made)
    assert [one.criterion.key for one in sheet.criteria] == [f"A{number}" for number in range(1, 7)]
    ratings = [Rating(one.criterion.key, level=3, note_ids=(note.id,)) for one in sheet.criteria]
    draft = observation.save_draft(actor=observer, observation_id=made, revision=sheet.revision, ratings=ratings, consent=True)
    observation.submit(actor=observer, observation_id=made, revision=draft.revision)
    way = candidacy.way(actor=world.actor("Ada"))
    assert [(part.code, part.met) for part in way.requirements.children] == [
        ("training", True),
        ("structured_observation", True),
        ("co_mentoring", False),
        ("independent_mentoring", False),
    ]


def test_a_kind_that_the_policy_does_not_ask_for_is_not_planned(world: World, cast):
    with pytest.raises(RuleBroken) as refused:
        planned(world, cast, kind="co")
    assert refused.value.code == "kind_not_asked"


def helped(cast, by, topic: str = "module:M1") -> None:
    made = assistance.ask(actor=cast["candidate"], request_id=base.new_id(), topic=topic, urgency="blocked", text="I am stuck.")
    assistance.take(actor=by, request_id=made)
    assistance.add_contact(actor=by, request_id=made, contact_id=base.new_id(), minutes=5, mode="call", outcome="Talked.")


def test_R7_whoever_helped_does_not_observe_under_a_strict_policy_unless_nobody_else_could(world: World, cast):
    helper = world.person("H. Both", "observer", "trainer", standing="instructor")
    helped(cast, helper)
    with pytest.raises(RuleBroken) as refused:
        planned(world, cast, observer_id=helper.person_id)
    assert refused.value.code == "conflict_needs_override"
    roles.dismiss(actor=cast["coordinator"], person_id=cast["observer"].person_id, role="observer")
    assert planned(world, cast, observer_id=helper.person_id)


def test_R7_help_that_the_policy_lets_stand_is_noted_on_the_report_and_nowhere_else(world: World, cast):
    helper = world.person("H. Both", "observer", "trainer", standing="instructor")
    helped(cast, helper)
    roles.dismiss(actor=cast["coordinator"], person_id=cast["observer"].person_id, role="observer")
    made = released(world, cast | {"observer": helper})
    for reader in ("candidate", "coordinator"):
        assert observation.report(actor=cast[reader], observation_id=made).helped_with == ("MC1",)
    audit = base.session().scalars(select(AuditEvent).where(AuditEvent.object_kind == "observation", AuditEvent.object_id == made))
    assert "MC1" not in str([one.facts for one in audit]), "what help was about stands in no audit line"


def test_a_report_of_somebody_who_has_not_helped_notes_nothing(world: World, cast):
    helped(cast, cast["coordinator"])
    made = released(world, cast)
    assert observation.report(actor=cast["candidate"], observation_id=made).helped_with == ()


def test_R7_nobody_in_a_reporting_line_with_the_candidate_observes_them(world: World, cast):
    boss = cast["observer"].person_id
    with base.transactional() as session:
        reporting_line.attest(session, actor=cast["candidate"], managers=[Manager("direct", person_id=boss)])
    with pytest.raises(RuleBroken) as refused:
        planned(world, cast)
    assert refused.value.code == "conflict_needs_override"


# --- what comes before observing ----------------------------------------------------------------------------------------------------


@pytest.fixture
def early(world: World):
    """A candidate under starter, who has not met M1, with a session planned for today."""
    lead = world.person("Coordinator", "coordinator", standing="instructor")
    observer = world.person("Observer", "observer", standing="instructor")
    opening.choose_policy(actor=lead, name="starter")
    world.person("Ada", standing="none")
    day = base.now().date()
    recorded.record(actor=lead, text="Ada", decided_by="The board", decided_on=day, why="Known.")
    facts = {"candidacy_id": world.candidacy_id("Ada"), "observer_id": observer.person_id, "planned_for": day, "protege_label": "A"}
    return lead, observer, observation.plan(actor=lead, kind="structured", **facts)


BEFORE = ("M1 Mentoring, managing, coaching",)


def test_a_session_is_planned_before_the_modules_are_met_and_everybody_is_told_which_are_missing(world, early):
    lead, observer, made = early
    assert observation.candidates(actor=lead).candidates[0].before == BEFORE
    assert observation.candidates(actor=observer).candidates[0].before == ()
    assert [(row.before, row.waits) for row in observation.queue(actor=observer).waiting] == [((), True)], "which, is no observer's to read"
    assert [row.before for row in observation.of_candidacy(world.candidacy_id("Ada"))] == [BEFORE]
    assert observation.sheet(actor=observer, observation_id=made).waits
    way = candidacy.way(actor=world.actor("Ada"))
    assert way.next is not None
    assert way.next.ids == {"key": "M1"}
    assert way.requirements.children[1].children[0].facts["missing"] == BEFORE


def test_whoever_sits_in_a_session_keeps_every_note_and_level_and_only_the_release_waits(world, early):
    _, observer, made = early
    observation.save_note(actor=observer, observation_id=made, note=Note("a" * 32, "Waits."))
    observation.save_draft(actor=observer, observation_id=made, revision=0, ratings=[Rating("A1", 1)])
    assert rows(EvidenceNote) == rows(CriterionRating) == 1
    with pytest.raises(RuleBroken) as refused:
        observation.submit(actor=observer, observation_id=made, revision=1)
    assert "modules" not in refused.value.facts
    assert "modules_before" in [gap.code for gap in refused.value.facts["gaps"]]
    world.mastered("Ada")
    assert not observation.sheet(actor=observer, observation_id=made).waits


def test_what_is_under_way_goes_on_when_a_module_is_open_again_and_only_its_release_waits(world, early):
    _, observer, made = early
    with base.transactional() as session:
        session.get_one(Observation, (world.org_id, made)).state = "drafting"
    observation.save_note(actor=observer, observation_id=made, note=Note("a" * 32, "Waits."))
    keys = [row.criterion.key for row in observation.sheet(actor=observer, observation_id=made).criteria]
    ratings = [Rating(key, 3, note_ids=("a" * 32,)) for key in keys]
    draft = observation.save_draft(actor=observer, observation_id=made, revision=0, ratings=ratings, consent=True)
    assert [gap.code for gap in draft.gaps] == ["modules_before"]
    with pytest.raises(RuleBroken, match="modules_before"):
        observation.submit(actor=observer, observation_id=made, revision=draft.revision)
    world.mastered("Ada")
    observation.submit(actor=observer, observation_id=made, revision=draft.revision)
