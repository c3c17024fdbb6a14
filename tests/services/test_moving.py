# SPDX-License-Identifier: Apache-2.0
"""Candidates moved to another version of their programme: read first, told, kept, and never over what has changed meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextvars import copy_context
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from conftest import make_world
from lti_mentoring.domain import delivery
from lti_mentoring.domain.module import Outcome
from lti_mentoring.domain.observation import Rating
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.programme import Programme
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import candidacy, moved, moving, notification, observation, opening, programme, reports, score, training, trial
from lti_mentoring.services.observation import Note
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.delivery import ScorePublication
from lti_mentoring.store.moving import CandidacyMove
from lti_mentoring.store.people import Course, Placement
from lti_mentoring.store.practice import PracticeSubmission
from lti_mentoring.store.privacy import AuditEvent
from lti_mentoring.store.recognition import Recognition
from lti_mentoring.store.training import CheckAttempt
from support.statements import statements


@pytest.fixture
def cast(any_app: Flask) -> Iterator[dict[str, Any]]:
    """A course with a coordinator, an observer and a candidate; on each database."""
    world = make_world("Northfield")
    with base.tenant(world.org_id):
        yield {
            "world": world,
            "coordinator": world.person("R. Okafor", "coordinator", standing="instructor"),
            "observer": world.person("T. Lindqvist", "observer", standing="instructor"),
            "candidate": world.person("F. Martins"),
        }


def derived(lead: Actor, change: Callable[[Programme], Programme]) -> str:
    """A version of the course's programme with something changed. -> its id"""
    now = programme.current(lead.org_id)
    assert now is not None
    with base.transactional() as session:
        made = programme.publish(session, org_id=lead.org_id, programme=change(programme.load(now.id)), actor=lead, derived_from=now.id)
        return made.id


def asking(**changes: Any) -> Callable[[Programme], Programme]:
    """The same programme under another policy."""
    return lambda version: replace(version, policy=replace(version.policy, **changes), policies=())


def with_outcome(version: Programme) -> Programme:
    """M1 with an outcome more."""
    modules = tuple(
        replace(one, outcomes=(*one.outcomes, Outcome("O9", "say no", "Saying no"))) if one.key == "M1" else one for one in version.modules
    )
    return replace(version, modules=modules)


def reworded(version: Programme) -> Programme:
    """M1 in other words, with the same outcomes."""
    modules = tuple(
        replace(one, outcomes=tuple(replace(each, text="In other words.") for each in one.outcomes)) if one.key == "M1" else one
        for one in version.modules
    )
    return replace(version, modules=modules)


def attempt(candidacy_id: str, *, mastered: bool, key: str = "M1", number: int = 1) -> None:
    """A check of the version that the candidate is in: mastered, or begun."""
    version = base.session().scalars(select(Candidacy.programme_version_id).where(Candidacy.id == candidacy_id)).one()
    with base.transactional() as session:
        session.add(
            CheckAttempt(
                candidacy_id=candidacy_id,
                module_version_id=programme.module_version_id(version, key),
                module_key=key,
                number=number,
                seed="s",
                item_keys=[],
                state="finished" if mastered else "open",
                finished_at=base.now() if mastered else None,
                mastered=mastered,
            )
        )


def observed(observer: Actor, candidacy_id: str, level: int) -> str:
    """A released observation with one level throughout."""
    made = observation.plan(
        actor=observer,
        candidacy_id=candidacy_id,
        observer_id=observer.person_id,
        planned_for=date(2026, 11, 24),
        protege_label="P.",
    )
    observation.save_note(actor=observer, observation_id=made, note=Note(made, "Evidence."))
    sheet = observation.sheet(actor=observer, observation_id=made)
    ratings = [Rating(row.criterion.key, level, note_ids=(sheet.notes[0].id,)) for row in sheet.criteria]
    draft = observation.save_draft(actor=observer, observation_id=made, revision=0, ratings=ratings, consent=True)
    observation.submit(actor=observer, observation_id=made, revision=draft.revision)
    return made


def row_of(lead: Actor, version_id: str) -> moving.PersonRow:
    (row,) = moving.page(actor=lead, version_id=version_id).people
    return row


def moved_to(lead: Actor, version_id: str, *, longer: bool = True) -> int:
    """Everybody of the first page, as read a moment ago."""
    rows = moving.page(actor=lead, version_id=version_id).people
    people = {row.candidacy_id: row.prospect.mark for row in rows}
    return moving.move(actor=lead, version_id=version_id, people=people, longer=people if longer else (), reason="The new edition.")


def kinds(row: moving.PersonRow) -> list[tuple[str, str]]:
    return [(change.kind, str(change.shown.facts.get("key", change.part))) for change in row.prospect.difference.changes]


# --- the difference ---------------------------------------------------------------------------------------------------------


def test_a_module_stays_mastered_where_its_outcomes_are_the_same(cast: dict[str, Any]):
    lead, held = cast["coordinator"], cast["world"].candidacy_id("F. Martins")
    attempt(held, mastered=True)
    target = derived(lead, reworded)
    assert kinds(row_of(lead, target)) == []
    assert moved_to(lead, target, longer=False) == 1
    way = reports.way(here=_here(cast["candidate"]))
    assert way.requirements.children[0].children[0].met


def _here(actor: Actor) -> Any:
    class Here:
        own = None
        graded = None

    found = Here()
    found.actor = actor  # type: ignore[attr-defined]
    return found


def test_a_module_that_asks_for_more_is_open_again_and_going_back_finds_it_mastered(cast: dict[str, Any]):
    lead, learner, held = cast["coordinator"], cast["candidate"], cast["world"].candidacy_id("F. Martins")
    attempt(held, mastered=True)
    before = candidacy.of(learner).programme_version_id
    target = derived(lead, with_outcome)
    row = row_of(lead, target)
    assert kinds(row) == [("unmet", "M1")]
    assert row.prospect.longer
    assert row.prospect.difference.changes[0].shown.facts["unproven"] == ("Saying no",)
    moved_to(lead, target)
    assert not training.module_page(actor=learner, key="M1").mastered
    assert reports.way(here=_here(learner)).lede.code == "renew_module"
    begun = training.start_check(actor=learner, key="M1")  # at once: what was mastered lets nobody wait
    assert training.attempt_page(actor=learner, attempt_id=begun).module.outcomes[-1].key == "O9"
    row = row_of(lead, before)
    assert kinds(row) == [("met", "M1")]
    assert not row.prospect.blocks  # the newer check has all that the older one asks for
    moved_to(lead, before, longer=False)
    assert training.module_page(actor=learner, key="M1").mastered
    assert [one.longer for one in moved.own(actor=learner)] == [False, True]


def test_an_observation_is_judged_by_the_new_bars_on_the_rubric_that_it_was_rated_on(cast: dict[str, Any]):
    lead, held = cast["coordinator"], cast["world"].candidacy_id("F. Martins")
    released = observed(cast["observer"], held, 3)

    def stricter(version: Programme) -> Programme:
        other = tuple(
            replace(one, criteria=tuple(replace(each, key=f"N{each.key}") for each in one.criteria)) for one in version.rubrics
        )
        policy = replace(version.policy, overall_mean=Fraction(7, 2))
        return replace(version, rubrics=other, policy=policy, policies=())

    target = derived(lead, stricter)
    row = row_of(lead, target)
    assert kinds(row) == [("unmet", "independent_mentoring")]
    reasons = [child.code for child in row.prospect.difference.changes[0].shown.children]
    assert reasons == ["overall_mean_below"]
    moved_to(lead, target)
    report = observation.report(actor=cast["candidate"], observation_id=released)
    assert (report.verdict.met, report.bar, report.criteria[0].seen.level) == (False, Fraction(7, 2), 3)
    again = derived(lead, lambda version: replace(version, edition="kinder", policies=()))
    assert kinds(row_of(lead, again)) == [("met", "independent_mentoring")]


def test_what_is_under_way_ends_under_its_own_version_and_counts(cast: dict[str, Any]):
    lead, learner, observer, held = cast["coordinator"], cast["candidate"], cast["observer"], cast["world"].candidacy_id("F. Martins")
    begun = training.start_check(actor=learner, key="M1")
    old = training.attempt_page(actor=learner, attempt_id=begun).module
    planned = observation.plan(
        actor=observer, candidacy_id=held, observer_id=observer.person_id, planned_for=date(2026, 11, 24), protege_label="P."
    )
    rubric = [row.criterion.key for row in observation.sheet(actor=observer, observation_id=planned).criteria]
    target = derived(lead, reworded)
    row = row_of(lead, target)
    assert [(one.code, one.in_vain) for one in row.prospect.under_way] == [("attempt", False), ("observation", False)]
    moved_to(lead, target)
    assert training.attempt_page(actor=learner, attempt_id=begun).module == old
    assert training.start_check(actor=learner, key="M1") == begun
    assert [row.criterion.key for row in observation.sheet(actor=observer, observation_id=planned).criteria] == rubric


def test_who_has_begun_what_could_not_count_is_moved_once_it_has_ended(cast: dict[str, Any]):
    lead, held = cast["coordinator"], cast["world"].candidacy_id("F. Martins")
    attempt(held, mastered=False)
    target = derived(lead, with_outcome)
    row = row_of(lead, target)
    assert row.prospect.blocks == ("in_vain",)
    with pytest.raises(RuleBroken) as broken:
        moved_to(lead, target)
    assert (broken.value.code, broken.value.facts["names"]) == ("move_blocked", ("F. Martins",))


def test_what_was_handed_in_or_claimed_is_under_way_and_in_vain_where_its_module_is_not_asked_for(cast: dict[str, Any]):
    held, course = cast["world"].candidacy_id("F. Martins"), cast["candidate"].course_id
    version = base.session().scalars(select(Candidacy.programme_version_id).where(Candidacy.id == held)).one()
    facts = {"candidacy_id": held, "course_id": course, "module_key": "M1", "number": 1}
    with base.transactional() as session:
        module = programme.module_version_id(version, "M1")
        session.add(PracticeSubmission(**facts, module_version_id=module, text="T", state="handed_in", revision=1, handed_in_at=base.now()))
        told = {"what": "W.", "place": "P.", "period": "2020", "evidence": "E.", "asked_by": cast["candidate"].person_id}
        session.add(Recognition(**facts, **told, slot="M1", state="asked", approvers=1))
    row = row_of(cast["coordinator"], derived(cast["coordinator"], asking(modules_required=(), before_observing=())))
    assert sorted((one.code, one.in_vain) for one in row.prospect.under_way) == [("practice", True), ("recognition", True)]
    assert row.prospect.blocks == ("in_vain",)


def test_nobody_is_moved_to_a_version_whose_time_is_over_for_them(cast: dict[str, Any]):
    lead, held = cast["coordinator"], cast["world"].candidacy_id("F. Martins")
    with base.transactional() as session:
        row = session.get_one(Candidacy, (lead.org_id, held))
        row.started_at = row.started_at.replace(year=row.started_at.year - 1)
    target = derived(lead, lambda version: asking(time=replace(version.policy.time, months=6))(version))
    assert row_of(lead, target).prospect.blocks == ("time_over",)


# --- the move ---------------------------------------------------------------------------------------------------------------


def test_a_move_is_one_audited_record_and_the_candidate_is_told(cast: dict[str, Any]):
    lead, learner, held = cast["coordinator"], cast["candidate"], cast["world"].candidacy_id("F. Martins")
    source, target = candidacy.of(learner).programme_version_id, derived(lead, asking(independent_observations=2))
    assert moved_to(lead, target) == 1
    assert candidacy.of(learner).programme_version_id == target
    (kept,) = base.session().scalars(select(CandidacyMove)).all()
    assert (kept.from_version_id, kept.to_version_id, kept.moved_by, kept.longer) == (source, target, lead.person_id, True)
    line = base.session().scalars(select(AuditEvent).where(AuditEvent.verb == "move")).one()
    assert (line.actor_id, line.object_kind, line.object_id) == (lead.person_id, "candidacy", held)
    assert line.facts == {"move": kept.id, "source": source, "target": target, "longer": True}
    assert [one.kind for one in notification.page(actor=learner).notices] == ["programme_moved"]
    (told,) = moved.own(actor=learner)
    assert (told.by, told.reason, [change.kind for change in told.changes]) == ("R. Okafor", "The new edition.", ["asked"])
    assert moved.lately(actor=lead) == (told,)


def test_nobody_whose_way_gets_longer_is_moved_unsaid(cast: dict[str, Any]):
    lead = cast["coordinator"]
    target = derived(lead, asking(independent_observations=2))
    with pytest.raises(RuleBroken) as broken:
        moved_to(lead, target, longer=False)
    assert (broken.value.code, broken.value.facts["names"]) == ("move_longer", ("F. Martins",))
    assert base.session().scalar(select(func.count(CandidacyMove.id))) == 0


@pytest.mark.parametrize("reason", ["", " \n ", "x" * 1001])
def test_a_move_needs_a_reason_that_can_be_read(cast: dict[str, Any], reason: str):
    lead, target = cast["coordinator"], derived(cast["coordinator"], asking(independent_observations=2))
    row = row_of(lead, target)
    with pytest.raises(RuleBroken, match="move_reason"):
        moving.move(actor=lead, version_id=target, people={row.candidacy_id: row.prospect.mark}, longer=(), reason=reason)


def test_what_was_read_and_is_no_longer_so_moves_nobody(cast: dict[str, Any]):
    lead, world = cast["coordinator"], cast["world"]
    other = world.person("S. Haddad")
    target = derived(lead, with_outcome)
    rows = moving.page(actor=lead, version_id=target).people
    attempt(world.candidacy_id("F. Martins"), mastered=True)
    people = {row.candidacy_id: row.prospect.mark for row in rows}
    with pytest.raises(RuleBroken) as broken:
        moving.move(actor=lead, version_id=target, people=people, longer=people, reason="New.")
    assert (broken.value.code, broken.value.facts["candidacies"]) == ("move_changed", (world.candidacy_id("F. Martins"),))
    assert candidacy.of(other).programme_version_id != target
    assert base.session().scalar(select(func.count(CandidacyMove.id))) == 0


def test_a_grade_that_was_sent_is_not_taken_back_by_a_move(cast: dict[str, Any]):
    lead, learner, world = cast["coordinator"], cast["candidate"], cast["world"]
    world.placement("module:M1")
    held = world.candidacy_id("F. Martins")
    attempt(held, mastered=True)
    target = derived(lead, with_outcome)
    moved_to(lead, target)
    row = base.session().scalars(select(ScorePublication).where(ScorePublication.person_id == learner.person_id)).one()
    assert row.state == "waiting"
    place = base.session().scalars(select(Placement)).one()
    standing = score.where_they_stand(base.connection(), [(place, learner.person_id)])[place.id, learner.person_id]
    assert delivery.score_for(standing, grading="completion", wipes_on_nonfinal=False, final_sent=True) is None


def test_a_version_or_a_candidate_of_elsewhere_is_not_found(cast: dict[str, Any], any_app: Flask):
    lead, world = cast["coordinator"], cast["world"]
    target = derived(lead, asking(independent_observations=2))
    row = row_of(lead, target)
    with base.transactional() as session:
        course = base.new_id()
        session.add(Course(id=course, issuer=f"https://lms.example/{world.org_id}", context_id="c:course-2", title="Another"))
    world.person("A. Neighbour", course_id=course)
    people = {row.candidacy_id: row.prospect.mark, world.candidacy_id("A. Neighbour"): "0" * 16}
    with pytest.raises(NotFound, match="candidacy"):
        moving.move(actor=lead, version_id=target, people=people, longer=people, reason="New.")
    with pytest.raises(NotFound, match="version"):
        moving.page(actor=lead, version_id="0" * 32)
    unrelated = derived(lead, lambda version: replace(version, slug="another", policies=()))
    with pytest.raises(NotFound, match="version"):
        moving.page(actor=lead, version_id=unrelated)


def test_nobody_moves_themself_and_nobody_who_has_left(cast: dict[str, Any]):
    world = cast["world"]
    both = world.person("B. Both", "deputy")
    target = derived(cast["coordinator"], asking(independent_observations=2))
    assert [row.name for row in moving.page(actor=both, version_id=target).people] == ["F. Martins"]
    with base.transactional() as session:
        session.get_one(Candidacy, (both.org_id, world.candidacy_id("F. Martins"))).participation = "withdrawn"
    assert moving.page(actor=both, version_id=target).people == ()


# --- two at once ------------------------------------------------------------------------------------------------------------


def at_once(app: Flask, *works: Callable[[], Any]) -> list[Any]:
    """What came of works that begin at the same moment, each in a thread and an app context of its own."""
    gate, came = threading.Barrier(len(works)), [None] * len(works)
    base.session().rollback()

    def run(index: int, work: Callable[[], Any]) -> None:
        with app.app_context():
            gate.wait()
            try:
                came[index] = work()
            except RuleBroken as broken:
                came[index] = broken.code  # type: ignore[call-overload]

    threads = [threading.Thread(target=copy_context().run, args=(run, index, work)) for index, work in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    base.session().expire_all()
    return came


def test_of_two_who_move_somebody_at_once_one_does(cast: dict[str, Any], any_app: Flask):
    lead, world = cast["coordinator"], cast["world"]
    second = world.person("S. Second", "deputy", standing="instructor")
    targets = [derived(lead, asking(independent_observations=count)) for count in (2, 3)]
    rows = [row_of(lead, target) for target in targets]

    def mover(actor: Actor, index: int) -> Callable[[], int]:
        people = {rows[index].candidacy_id: rows[index].prospect.mark}
        return lambda: moving.move(actor=actor, version_id=targets[index], people=people, longer=people, reason="New.")

    came = at_once(any_app, mover(lead, 0), mover(second, 1))
    assert sorted(map(str, came)) == ["1", "move_changed"]
    kept = base.session().scalars(select(CandidacyMove)).one()
    assert candidacy.of(cast["candidate"]).programme_version_id == kept.to_version_id == targets[came.index(1)]


def test_who_begins_a_check_at_the_moment_of_the_move_begins_it_before_or_after(cast: dict[str, Any], any_app: Flask):
    lead, learner, held = cast["coordinator"], cast["candidate"], cast["world"].candidacy_id("F. Martins")
    target = derived(lead, with_outcome)
    row = row_of(lead, target)
    people = {row.candidacy_id: row.prospect.mark}
    came = at_once(
        any_app,
        lambda: moving.move(actor=lead, version_id=target, people=people, longer=people, reason="New."),
        lambda: training.start_check(actor=learner, key="M1"),
    )
    begun = base.session().scalars(select(CheckAttempt).where(CheckAttempt.candidacy_id == held)).one()
    pinned = candidacy.of(learner).programme_version_id
    assert came[0] in (1, "move_changed", "move_blocked")
    assert (came[0] == 1) == (pinned == target)
    assert begun.module_version_id == programme.module_version_id(pinned, "M1")  # never begun under one and moved unread to the other


# --- how often the database is asked -----------------------------------------------------------------------------------------


def test_a_page_of_many_asks_as_often_as_a_page_of_few(cast: dict[str, Any]):
    lead, world = cast["coordinator"], cast["world"]
    target = derived(lead, asking(independent_observations=2))
    moving.page(actor=lead, version_id=target)

    def asked() -> list[int]:
        found = []
        for read in (lambda: moving.page(actor=lead, version_id=target), lambda: trial.page(actor=lead)):
            base.session().rollback()
            with statements() as seen:
                read()
            found.append(len(seen))
        return found

    few = asked()
    for number in range(8):
        world.person(f"Candidate {number}")
    assert asked() == few
    assert few == [9, 6]


# --- what if ----------------------------------------------------------------------------------------------------------------


def test_a_policy_is_tried_on_the_cohort_and_nothing_is_written(cast: dict[str, Any]):
    lead, world = cast["coordinator"], cast["world"]
    other = world.person("S. Haddad")
    observed(cast["observer"], world.candidacy_id("F. Martins"), 3)
    attempt(world.candidacy_id("F. Martins"), mastered=True)
    assert other
    before = base.session().scalar(select(func.count(AuditEvent.id)))
    calm = trial.page(actor=lead)
    assert (calm.people, calm.met_now, calm.met_then, calm.changed) == (2, 1, 1, ())
    strict = trial.page(actor=lead, numbers={"overall_mean": Fraction(4)})
    assert [(row.name, row.difference.longer) for row in strict.changed] == [("F. Martins", True)]
    assert (strict.met_now, strict.met_then, strict.longer) == (1, 0, 1)
    bar = next(one for one in strict.bars if one.lose)
    assert (bar.part, bar.met_now, bar.met_then, bar.of_then) == ("independent_mentoring", 1, 0, 2)
    assert trial.page(actor=lead, numbers={"overall_mean": Fraction(4)}, only="training.module_mastered.M1..").changed == ()
    assert base.session().scalar(select(func.count(AuditEvent.id))) == before


def test_what_was_tried_is_what_comes_once_it_is_chosen_and_people_are_moved(cast: dict[str, Any]):
    lead = cast["coordinator"]
    attempt(cast["world"].candidacy_id("F. Martins"), mastered=True)
    for policy in ("starter", "assured"):
        tried = trial.page(actor=lead, policy=policy)
        chosen = opening.choose_policy(actor=lead, name=policy)
        page = moving.page(actor=lead)
        assert page.target.id == chosen
        assert [change.name for change in page.people[0].prospect.difference.changes] == [
            change.name for row in tried.changed for change in row.difference.changes
        ]
        moved_to(lead, chosen)
        assert trial.page(actor=lead).elsewhere == 0


def test_a_policy_that_is_none_of_the_programme_is_not_found(cast: dict[str, Any]):
    with pytest.raises(NotFound, match="policy"):
        trial.page(actor=cast["coordinator"], policy="lenient")
