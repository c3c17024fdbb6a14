# SPDX-License-Identifier: Apache-2.0
"""Who pauses, leaves and comes back: what is kept, what cannot begin, what the timer does, and what two do at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import copy_context
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from conftest import World, make_world
from lti_mentoring.domain.board import Wanted
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.period import add_months
from lti_mentoring.domain.rule import NotAllowed, NotFound, RuleBroken
from lti_mentoring.services import board, candidacy, observation, participation, programme, reports, roles, score, training
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import AT_ONCE, Candidacy
from lti_mentoring.store.delivery import ScorePublication
from lti_mentoring.store.notification import Notification
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.participation import DeferralPeriod, EnrolmentPeriod, ParticipationChange, WithdrawalRecord
from lti_mentoring.store.people import Course, Placement
from lti_mentoring.store.privacy import AuditEvent
from lti_mentoring.store.training import CheckAnswer, CheckAttempt
from support.statements import statements


def today() -> date:
    return base.now().date()


def ahead(days: int) -> date:
    return today() + timedelta(days=days)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


@pytest.fixture
def cast(world: World) -> dict[str, Actor]:
    """A candidate, another one, somebody who leads, and an observer."""
    return {
        "candidate": world.person("F. Martins"),
        "other": world.person("S. Haddad"),
        "coordinator": world.person("R. Okafor", "coordinator", standing="instructor"),
        "observer": world.person("T. Lindqvist", "observer", standing="instructor"),
    }


@pytest.fixture
def held(world: World, cast: dict[str, Actor]) -> str:
    """The candidate's candidacy."""
    return world.candidacy_id("F. Martins")


def state_of(candidacy_id: str) -> str:
    base.session().rollback()
    return str(base.session().scalar(select(Candidacy.participation).where(Candidacy.id == candidacy_id)))


def began(candidacy_id: str, day: date) -> None:
    """Move a candidacy's first day."""
    with base.transactional() as session:
        session.execute(update(Candidacy).where(Candidacy.id == candidacy_id).values(started_at=noon(day), look_on=AT_ONCE))


def rows(table: Any, *conditions: Any) -> int:
    return base.session().scalar(select(func.count()).select_from(table).where(*conditions)) or 0


def swept(app: Flask, world: World, day: date) -> int:
    """A sweep on that day, outside any tenant, as a worker does it."""
    done: list[int] = []

    def work() -> None:
        with app.app_context():
            done.append(participation.sweep(now=noon(day)))

    thread = threading.Thread(target=work)
    base.session().rollback()
    thread.start()
    thread.join()
    base.session().expire_all()
    return done[0]


# --- pausing --------------------------------------------------------------------------------------------------------------------


def test_a_candidate_pauses_and_the_clock_stands_still(world: World, cast: dict[str, Actor], held: str):
    before = participation.own(actor=cast["candidate"])
    participation.defer(actor=cast["candidate"], candidacy_id=held, reason="parental_leave", until=ahead(100))
    page = participation.own(actor=cast["candidate"])
    assert (page.state, page.deferred_until, page.mine) == ("deferred", ahead(100), True)
    assert page.deadline == before.deadline + timedelta(days=100)
    assert [(line.verb, line.by, line.reason, line.until) for line in page.history] == [
        ("defer", "F. Martins", "parental_leave", ahead(100))
    ]
    participation.come_back(actor=cast["candidate"], candidacy_id=held)
    again = participation.own(actor=cast["candidate"])
    assert (again.state, again.deadline, again.deferred_days) == ("active", before.deadline, 0)


def test_every_change_says_who_and_why_and_holds_no_words(world: World, cast: dict[str, Actor], held: str):
    participation.defer(actor=cast["coordinator"], candidacy_id=held, reason="workload", until=ahead(10))
    participation.come_back(actor=cast["candidate"], candidacy_id=held)
    participation.extend(actor=cast["coordinator"], candidacy_id=held, reason="illness")
    participation.withdraw(actor=cast["candidate"], candidacy_id=held, reason="no_time")
    participation.reinstate(actor=cast["coordinator"], candidacy_id=held)
    lines = base.session().scalars(
        select(AuditEvent).where(AuditEvent.object_kind == "candidacy", AuditEvent.object_id == held).order_by(AuditEvent.id)
    )
    told = [(one.verb, one.actor_id, one.reason) for one in lines if one.verb != "begin"]
    lead, own = cast["coordinator"].person_id, cast["candidate"].person_id
    assert told == [
        ("defer", lead, "workload"),
        ("return", own, ""),
        ("extend", lead, "illness"),
        ("withdraw", own, "no_time"),
        ("reinstate", lead, ""),
    ]
    left = base.session().scalars(select(WithdrawalRecord)).one()
    assert (left.by, left.reason_code, left.reinstated_on) == (own, "no_time", today())


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"until": date(2020, 1, 1)}, "deferral_end_past"),
        ({"until": date(2999, 1, 1)}, "deferral_too_long"),
        ({"reason": "because I say so"}, "reason_unknown"),
    ],
)
def test_a_pause_that_is_refused_changes_nothing(cast: dict[str, Actor], held: str, change: dict[str, Any], code: str):
    asked = {"actor": cast["candidate"], "candidacy_id": held, "reason": "workload", "until": ahead(10)}
    with pytest.raises(RuleBroken, match=code):
        participation.defer(**(asked | change))
    assert state_of(held) == "active"
    assert (rows(DeferralPeriod), rows(ParticipationChange)) == (0, 0)


def test_the_days_of_all_pauses_are_counted_together(cast: dict[str, Actor], held: str):
    latest = participation.own(actor=cast["candidate"]).latest
    assert latest == add_months(today(), 24)
    participation.defer(actor=cast["candidate"], candidacy_id=held, reason="workload", until=latest)
    assert participation.own(actor=cast["candidate"]).deferred_days == (latest - today()).days


def planned(cast: dict[str, Actor], held: str, day: date, **more: Any) -> str:
    asked = {"observer_id": cast["observer"].person_id, "protege_label": "P.", **more}
    return observation.plan(actor=cast["coordinator"], candidacy_id=held, planned_for=day, **asked)


def states_of(*observations: str) -> list[tuple[str, str]]:
    base.session().rollback()
    base.session().expire_all()
    found = {row.id: (row.state, row.called_off_for) for row in base.session().scalars(select(Observation))}
    return [found[one] for one in observations]


def told_to(who: Actor) -> list[tuple[str, dict[str, Any]]]:
    rows = base.session().scalars(select(Notification).where(Notification.person_id == who.person_id).order_by(Notification.created_at))
    return [(row.kind, row.facts) for row in rows]


def test_a_pause_calls_off_what_falls_into_it_and_tells_the_observer_that_and_not_why(cast: dict[str, Actor], held: str):
    before, within, after = (planned(cast, held, ahead(days)) for days in (-3, 5, 40))
    participation.defer(actor=cast["candidate"], candidacy_id=held, reason="bereavement", until=ahead(30))
    assert states_of(before, within, after) == [("planned", ""), ("cancelled", "deferred"), ("planned", "")]
    assert told_to(cast["observer"])[-1] == ("observation_called_off", {"planned_for": ahead(5).isoformat()})
    page = observation.queue(actor=cast["observer"])
    assert ([one.id for one in page.waiting], [one.called_off_for for one in page.called_off]) == ([before, after], ["deferred"])
    audit = base.session().scalars(select(AuditEvent).where(AuditEvent.object_kind == "observation", AuditEvent.verb == "cancel")).one()
    assert (audit.object_id, audit.actor_id, audit.reason) == (within, cast["candidate"].person_id, "deferred")
    participation.come_back(actor=cast["candidate"], candidacy_id=held)
    assert states_of(within) == [("cancelled", "deferred")], "nothing is planned anew by itself"
    assert planned(cast, held, ahead(5)) != within


def test_what_an_observer_has_begun_to_write_outlives_the_leaving_of_its_candidate(cast: dict[str, Actor], held: str):
    begun, ahead_of = planned(cast, held, today()), planned(cast, held, ahead(9))
    note = observation.Note(base.new_id(), "She waited until the protégé had finished.")
    observation.save_note(actor=cast["observer"], observation_id=begun, note=note)
    participation.withdraw(actor=cast["candidate"], candidacy_id=held, reason="no_time")
    assert states_of(begun, ahead_of) == [("drafting", ""), ("cancelled", "withdrawn")]
    assert [one.text for one in observation.sheet(actor=cast["observer"], observation_id=begun).notes] == [note.text]
    assert observation.sheet(actor=cast["observer"], observation_id=ahead_of).called_off_for == "withdrawn"


def test_a_session_planned_while_its_candidate_leaves_is_refused_or_called_off(any_app: Flask):
    made = make_world("Northfield")
    with base.tenant(made.org_id):
        people = {"candidate": made.person("F. Martins"), "coordinator": made.person("R. Okafor", "coordinator", standing="instructor")}
        people["observer"] = made.person("T. Lindqvist", "observer", standing="instructor")
        held = made.candidacy_id("F. Martins")
        told = at_once(
            any_app,
            lambda: planned(people, held, ahead(5)),
            lambda: participation.withdraw(actor=people["candidate"], candidacy_id=held, reason="no_time"),
        )
        assert told in (["", ""], ["", "candidacy_paused"])
        base.session().expire_all()
        assert rows(Observation, Observation.state == "planned") == 0


# --- leaving and coming back ----------------------------------------------------------------------------------------------------


def test_who_leaves_keeps_what_was_done_and_begins_nothing_new(world: World, cast: dict[str, Actor], held: str):
    attempt = training.start_check(actor=cast["candidate"], key="M1")
    participation.withdraw(actor=cast["candidate"], candidacy_id=held, reason="no_time")
    me = world.actor("F. Martins")
    assert me.is_any("candidate"), "they read what they did"
    assert training.attempt_page(actor=me, attempt_id=attempt).attempt.open
    assert not training.module_page(actor=me, key="M1").takes_part
    with pytest.raises(RuleBroken, match="not_taking_part"):
        training.start_check(actor=me, key="M1")
    with pytest.raises(RuleBroken, match="candidacy_paused"):
        observation.plan(
            actor=cast["coordinator"],
            candidacy_id=held,
            observer_id=cast["observer"].person_id,
            planned_for=today(),
            protege_label="P.",
        )
    assert held not in {one.id for one in observation.candidates(actor=cast["coordinator"]).candidates}
    assert rows(CheckAttempt) == 1
    assert rows(CheckAnswer) == 0
    way = candidacy.way(actor=me)
    assert (way.lede.code, way.next, way.goes_on) == ("withdrawn", None, False)
    assert [row.step.code for row in board.page(actor=cast["coordinator"], wanted=Wanted(part="withdrawn")).rows] == ["withdrawn"]


def test_leaving_during_a_pause_ends_the_pause(cast: dict[str, Actor], held: str):
    participation.defer(actor=cast["candidate"], candidacy_id=held, reason="workload", until=ahead(50))
    participation.withdraw(actor=cast["candidate"], candidacy_id=held, reason="changed_work")
    assert base.session().scalars(select(DeferralPeriod.ends_on)).one() == today()


def test_only_who_leads_takes_somebody_back_and_only_for_a_while(cast: dict[str, Actor], held: str):
    participation.withdraw(actor=cast["candidate"], candidacy_id=held, reason="no_time")
    with pytest.raises(NotAllowed, match="participation_not_yours"):
        participation.reinstate(actor=cast["candidate"], candidacy_id=held)
    with base.transactional() as session:
        session.execute(update(WithdrawalRecord).values(withdrawn_on=add_months(today(), -12) - timedelta(days=1)))
    page = participation.of(actor=cast["coordinator"], candidacy_id=held)
    assert "reinstate" not in page.verbs
    with pytest.raises(RuleBroken, match="reinstate_late"):
        participation.reinstate(actor=cast["coordinator"], candidacy_id=held)
    assert state_of(held) == "withdrawn"


def test_nobody_is_taken_back_while_they_take_part_in_the_programme_elsewhere(world: World, cast: dict[str, Actor], held: str):
    elsewhere = base.new_id()
    with base.transactional() as session:
        session.add(Course(id=elsewhere, issuer="https://lms.example/other", context_id="c:other"))
        session.flush()
        own = cast["candidate"].person_id
        other = candidacy.begin(session, org_id=world.org_id, person_id=own, course_id=elsewhere)
    participation.withdraw(actor=cast["candidate"], candidacy_id=held, reason="changed_work")
    page = participation.of(actor=cast["coordinator"], candidacy_id=held)
    assert page.elsewhere
    assert "reinstate" not in page.verbs
    with pytest.raises(RuleBroken, match="candidacy_elsewhere"):
        participation.reinstate(actor=cast["coordinator"], candidacy_id=held)
    with base.transactional() as session:
        session.execute(update(Candidacy).where(Candidacy.id == other).values(participation="withdrawn"))
    participation.reinstate(actor=cast["coordinator"], candidacy_id=held)
    assert state_of(held) == "active"


def test_a_second_withdrawal_has_a_window_of_its_own(cast: dict[str, Actor], held: str):
    participation.withdraw(actor=cast["candidate"], candidacy_id=held, reason="no_time")
    with base.transactional() as session:
        session.execute(update(WithdrawalRecord).values(withdrawn_on=today() - timedelta(days=300)))
    participation.reinstate(actor=cast["coordinator"], candidacy_id=held)
    participation.withdraw(actor=cast["candidate"], candidacy_id=held, reason="not_for_me")
    assert participation.own(actor=cast["candidate"]).back_until == add_months(today(), 12)


@pytest.mark.parametrize("verb", ["defer", "come_back", "withdraw", "reinstate", "extend", "of", "enrol"])
def test_nobody_touches_the_part_of_another_candidate(cast: dict[str, Actor], held: str, verb: str):
    more: dict[str, Any] = {
        "defer": {"reason": "workload", "until": ahead(9)},
        "withdraw": {"reason": "no_time"},
        "extend": {"reason": "illness"},
        "enrol": {"state": "active", "day": today()},
    }.get(verb, {})
    for who in ("other", "observer"):
        with pytest.raises(NotFound):
            getattr(participation, verb)(actor=cast[who], candidacy_id=held, **more)
    assert state_of(held) == "active"


def test_a_coordinator_reaches_no_candidate_of_another_course(world: World, cast: dict[str, Actor]):
    elsewhere = base.new_id()
    with base.transactional() as session:
        session.add(Course(id=elsewhere, issuer="https://lms.example/other", context_id="c:other"))
    world.person("Elsewhere", course_id=elsewhere)
    with pytest.raises(NotFound):
        participation.of(actor=cast["coordinator"], candidacy_id=world.candidacy_id("Elsewhere"))


def test_a_coordinator_who_is_a_candidate_too_gives_themself_no_more_time(world: World):
    both = world.person("Both", "coordinator")
    own = participation.own(actor=both)
    assert (own.mine, own.verbs) == (True, ("defer", "withdraw"))
    with pytest.raises(NotAllowed):
        participation.extend(actor=both, candidacy_id=own.candidacy_id, reason="illness")
    with pytest.raises(NotFound):
        participation.enrol(actor=world.person("Teacher", standing="instructor"), candidacy_id=own.candidacy_id, state="left", day=today())


def test_a_decision_ends_the_way_for_good(cast: dict[str, Actor], held: str):
    with base.transactional() as session:
        participation.settle(session, actor=cast["coordinator"], candidacy_id=held, verb="complete", who="award")
    assert state_of(held) == "completed"
    with pytest.raises(RuleBroken, match="participation_closed"):
        participation.withdraw(actor=cast["candidate"], candidacy_id=held, reason="no_time")
    assert participation.own(actor=cast["candidate"]).verbs == ()


# --- at once --------------------------------------------------------------------------------------------------------------------


def at_once(app: Flask, *verbs: Callable[[], object]) -> list[str]:
    """-> what became of each: empty, or the code that it was refused with."""
    gate, told = threading.Barrier(len(verbs)), []

    def run(verb: Callable[[], object]) -> None:
        gate.wait()
        with app.app_context():
            try:
                verb()
                told.append("")
            except RuleBroken as broken:
                told.append(broken.code)

    base.session().rollback()
    threads = [threading.Thread(target=copy_context().run, args=(run, verb)) for verb in verbs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(told)


def test_two_pauses_at_once_are_one(any_app: Flask):
    made = make_world("Northfield")
    with base.tenant(made.org_id):
        who = made.person("F. Martins")
        held = made.candidacy_id("F. Martins")

        def pause() -> None:
            participation.defer(actor=who, candidacy_id=held, reason="workload", until=ahead(30))

        told = at_once(any_app, *[pause] * 4)
        assert told[0] == ""
        assert set(told[1:]) <= {"participation_changed", "participation_closed"}
        assert (rows(DeferralPeriod), rows(ParticipationChange)) == (1, 1)
        assert state_of(held) == "deferred"


def test_time_is_extended_once_however_many_press_the_button(any_app: Flask):
    made = make_world("Northfield")
    with base.tenant(made.org_id):
        made.person("F. Martins")
        lead = made.person("R. Okafor", "coordinator", standing="instructor")
        held = made.candidacy_id("F. Martins")

        def more() -> None:
            participation.extend(actor=lead, candidacy_id=held, reason="illness")

        told = at_once(any_app, *[more] * 3)
        assert told[0] == ""
        assert set(told[1:]) <= {"participation_changed", "extensions_used"}
        assert participation.of(actor=lead, candidacy_id=held).extensions_left == 0


def test_enrolments_written_at_once_do_not_overlap(any_app: Flask):
    made = make_world("Northfield")
    with base.tenant(made.org_id):
        made.person("F. Martins")
        lead = made.person("R. Okafor", "coordinator", standing="instructor")
        held = made.candidacy_id("F. Martins")
        told = at_once(
            any_app, *[lambda: participation.enrol(actor=lead, candidacy_id=held, state="joining", day=today())] * 3
        )
        assert told == ["", "enrolment_same", "enrolment_same"]
        assert rows(EnrolmentPeriod) == 1


# --- the timer ------------------------------------------------------------------------------------------------------------------


def test_a_pause_ends_by_itself_on_its_day(app: Flask, world: World, cast: dict[str, Actor], held: str):
    participation.defer(actor=cast["candidate"], candidacy_id=held, reason="workload", until=ahead(10))
    swept(app, world, ahead(9))
    assert state_of(held) == "deferred"
    swept(app, world, ahead(12))
    assert state_of(held) == "active"
    line = participation.own(actor=cast["candidate"]).history[-1]
    assert (line.verb, line.by, line.state) == ("resume", "", "active")
    assert base.session().scalars(select(DeferralPeriod.ends_on)).one() == ahead(10), "the pause was as long as it was asked for"


def test_each_warning_comes_once_and_then_the_end(app: Flask, world: World, cast: dict[str, Actor], held: str):
    began(held, date(2026, 1, 5))
    last = date(2028, 1, 5)
    for day in (*range(100, -4, -3), -4, -4):
        swept(app, world, last - timedelta(days=day))
    history = participation.own(actor=cast["candidate"]).history
    assert [(line.verb, line.days) for line in history] == [("warn", 90), ("warn", 30), ("warn", 7), ("time_out", None)]
    assert state_of(held) == "timed_out"
    actors = set(base.session().scalars(select(AuditEvent.actor_id).where(AuditEvent.verb.in_(("warn", "time_out")))))
    assert actors == {"system"}


def test_a_deadline_that_has_moved_is_warned_of_anew(app: Flask, world: World, cast: dict[str, Actor], held: str):
    began(held, date(2026, 1, 5))
    swept(app, world, date(2027, 12, 30))
    participation.extend(actor=cast["coordinator"], candidacy_id=held, reason="illness")
    swept(app, world, date(2027, 12, 30))
    swept(app, world, date(2028, 6, 30))
    told = [(line.until, line.days) for line in participation.own(actor=cast["candidate"]).history if line.verb == "warn"]
    assert told == [(date(2028, 1, 5), 90), (date(2028, 1, 5), 30), (date(2028, 1, 5), 7), *[(date(2028, 7, 5), n) for n in (90, 30, 7)]]


def test_an_idle_sweep_is_one_query_and_writes_nothing(app: Flask, world: World, cast: dict[str, Actor], held: str):
    assert swept(app, world, today()) == 2, "every new candidacy is looked at once"
    with statements() as seen:
        assert swept(app, world, today()) == 0
    assert len([one for one in seen if "candidacy" in one]) == 1
    assert not [one for one in seen if one.startswith(("UPDATE", "INSERT"))]


def test_a_sweep_goes_over_all_organisations_and_two_at_once_do_nothing_twice(any_app: Flask):
    worlds = [make_world(name) for name in ("Northfield", "Southgate")]
    for one in worlds:
        with base.tenant(one.org_id):
            one.person("F. Martins")
            began(one.candidacy_id("F. Martins"), date(2026, 1, 5))
    gate = threading.Barrier(3)

    def work() -> None:
        gate.wait()
        with any_app.app_context():
            participation.sweep(now=noon(date(2027, 12, 20)))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one in worlds:
        with base.tenant(one.org_id):
            told = base.session().scalars(select(ParticipationChange.days).order_by(ParticipationChange.days)).all()
            assert list(told) == [30, 90]


# --- grades ---------------------------------------------------------------------------------------------------------------------


def test_the_gradebook_hears_of_a_pause_only_where_it_was_told_something(world: World, cast: dict[str, Actor], held: str):
    world.placement("observation")
    module = world.placement("module:M1")
    training.start_check(actor=cast["candidate"], key="M1")
    with base.transactional() as session:
        session.execute(update(ScorePublication).values(state="done", settled=ScorePublication.wanted))
    participation.defer(actor=cast["candidate"], candidacy_id=held, reason="workload", until=ahead(10))
    found = base.session().scalars(select(ScorePublication)).all()
    assert [(one.placement_id, one.state) for one in found] == [(module, "waiting")]
    line = score.grade_line(actor=cast["candidate"], item="module:M1")
    assert line is not None
    assert line.code == "stopped"


def test_a_finished_module_counts_and_is_sent_though_they_have_left(world: World, cast: dict[str, Actor], held: str):
    place = world.placement("module:M1")
    version = base.session().scalars(select(Candidacy.programme_version_id).where(Candidacy.id == held)).one()
    with base.transactional() as session:
        session.add(
            CheckAttempt(
                candidacy_id=held,
                module_version_id=programme.module_version_id(version, "M1"),
                module_key="M1",
                number=1,
                seed="s",
                item_keys=[],
                state="finished",
                finished_at=base.now(),
                mastered=True,
            )
        )
    participation.withdraw(actor=cast["candidate"], candidacy_id=held, reason="no_time")
    with base.transactional() as session:
        wanted = session.get(Placement, (world.org_id, place))
        stands = score.where_they_stand(session.connection(), [(wanted, cast["candidate"].person_id)])
    standing = stands[place, cast["candidate"].person_id]
    assert (standing.stage, standing.closed) == ("final", True)


# --- roles and pages ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["deferred", "withdrawn", "completed", "refused", "excluded", "timed_out"])
def test_whoever_takes_part_no_more_still_reads_their_way(world: World, cast: dict[str, Actor], held: str, state: str):
    with base.transactional() as session:
        session.execute(update(Candidacy).where(Candidacy.id == held).values(participation=state))
    here = roles.here(
        org_id=world.org_id,
        person_id=cast["candidate"].person_id,
        course_id=world.course_id,
        registration_id=world.registration_id,
    )
    page = reports.way(here=here)
    assert (page.lede.code, page.next, page.goes_on) == (state, None, False)
    assert participation.own(actor=here.actor).state == state


def test_who_is_no_candidate_has_no_part(world: World):
    with pytest.raises(NotFound):
        participation.own(actor=world.person("Teacher", standing="instructor"))


def test_enrolment_is_written_as_periods_beside_the_part(cast: dict[str, Actor], held: str):
    lead = cast["coordinator"]
    participation.enrol(actor=lead, candidacy_id=held, state="active", day=date(2026, 2, 1))
    participation.enrol(actor=lead, candidacy_id=held, state="left", day=date(2026, 9, 1))
    page = participation.of(actor=lead, candidacy_id=held)
    assert [(state, period.start, period.end) for state, period in page.enrolments] == [
        ("active", date(2026, 2, 1), date(2026, 9, 1)),
        ("left", date(2026, 9, 1), None),
    ]
    assert page.state == "active", "the one says nothing about the other"
    assert page.enrolment_next == ("joining", "active")
