# SPDX-License-Identifier: Apache-2.0
"""What people are told because time has passed or something stands still: each reason once, and nothing of what it is about."""

from __future__ import annotations

import ast
import threading
from contextvars import Context
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask, current_app
from sqlalchemy import func, select, update

from conftest import World, make_world
from lti_mentoring.domain.notification import FAMILIES, KINDS
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.reminder import REVIEW_DAYS
from lti_mentoring.services import application, candidacy, intake, notification, participation, recorded, reminder, selection
from lti_mentoring.services import programme as packs
from lti_mentoring.store import base
from lti_mentoring.store.application import ApplicationReview
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.delivery import ScorePublication
from lti_mentoring.store.notification import Notification
from lti_mentoring.store.training import CheckAttempt
from support.applying import reviewed, submitted, taking_applications

SERVICES = Path(__file__).parents[2] / "lti_mentoring" / "services"


def now() -> datetime:
    return datetime.now(UTC)


def told(actor: Actor, *but: str) -> list[tuple[str, dict[str, Any]]]:
    """What somebody was told, the oldest first: kind and facts."""
    base.session().rollback()
    return [(one.kind, dict(one.facts)) for one in reversed(notification.page(actor=actor).notices) if one.kind not in but]


def look(at: datetime, verb: Any = reminder.sweep) -> None:
    """A worker looks at that time, outside of any organisation."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]

    def work() -> None:
        with app.app_context(), time_machine.travel(at, tick=True):
            verb(now=at)

    base.session().rollback()
    Context().run(work)
    base.session().expire_all()


def sweep(days: float = 0) -> None:
    """A worker looks, so many days from now, and a second time."""
    for _ in range(2):
        look(now() + timedelta(days=days))


# --- somebody tells of everything that there is to tell ---------------------------------------------------------------------------


def written() -> set[str]:
    """Every kind of notice that a service names, outside of the room that makes them."""
    found = set()
    for file in SERVICES.glob("*.py"):
        texts = {one.value for one in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(one, ast.Constant)}
        found |= {text for text in texts if isinstance(text, str) and text in KINDS} if file.name != "notification.py" else set()
    return found


def test_every_kind_of_every_family_is_told_by_some_service() -> None:
    assert written() == set(KINDS)
    assert {KINDS[code].family for code in written()} == set(FAMILIES)


# --- applications -------------------------------------------------------------------------------------------------------------------


def draft(world: World, name: str) -> Actor:
    who = world.person(name, standing="none")
    application.begin(actor=who)
    return who


def window(lead: Actor, opens: date | None, closes: date | None) -> None:
    """The course takes applications from the first of these days to the end of the last."""
    first, last = intake.whole_days(opens, closes)
    intake.change(actor=lead, mode="apply", places=None, opens_at=first, closes_at=last)


def test_whoever_has_a_draft_is_told_when_applications_open_and_before_they_close(world: World) -> None:
    lead = taking_applications(world)
    today = now().date()
    window(lead, today + timedelta(days=5), today + timedelta(days=30))
    ada = draft(world, "Ada")
    submitted_later = world.person("Nobody", standing="none")
    sweep()
    assert told(ada) == []
    sweep(6)
    assert told(ada) == [("application_opens", {})]
    sweep(29)
    assert told(ada)[1:] == [("application_closes", {"until": today + timedelta(days=30)})]
    assert told(submitted_later) == []
    window(lead, None, today + timedelta(days=60))
    sweep(59)
    assert told(ada)[2:] == [("application_closes", {"until": today + timedelta(days=60)})]  # another last day is another reason


def test_a_submitted_application_is_not_reminded_of_the_window(world: World) -> None:
    lead = taking_applications(world)
    submitted(world, "Ada")
    window(lead, None, now().date() + timedelta(days=1))
    sweep()
    assert told(world.actor("Ada")) == []


def test_two_days_before_the_end_of_an_offer_its_reader_hears_that_an_answer_is_due_and_of_what_not(world: World) -> None:
    lead = taking_applications(world)
    made = submitted(world, "Ada")
    reviewed(world, lead, made, world.person("Reviewer", "observer", standing="none"))
    selection.offer(actor=lead, application_id=made)
    until = application.page(actor=world.actor("Ada")).offer_until
    assert until is not None
    sweep(10)
    assert told(world.actor("Ada"), "application_news") == []
    sweep(12.01)
    assert told(world.actor("Ada"), "application_news") == [("application_answer", {"until": until})]
    application.accept(actor=world.actor("Ada"), agreed=True)
    assert told(world.actor("Ada"), "application_news", "application_answer") == [("training_begins", {})]


def test_a_reviewer_is_told_once_when_a_review_is_late(world: World) -> None:
    lead = taking_applications(world)
    made = submitted(world, "Ada")
    reviewer = world.person("Reviewer", "observer", standing="none")
    selection.assign(actor=lead, application_id=made, reviewer_id=reviewer.person_id)
    sweep(REVIEW_DAYS.days - 1)
    assert told(reviewer) == [("application_waits", {})]
    sweep(REVIEW_DAYS.days + 1)
    sweep(REVIEW_DAYS.days + 9)
    assert told(reviewer) == [("application_waits", {}), ("review_overdue", {})]
    (row,) = base.session().scalars(select(Notification).where(Notification.kind == "review_overdue"))
    assert (row.endpoint, row.ids) == ("selection.review", {"review": base.session().scalar(select(ApplicationReview.id))})


# --- training ------------------------------------------------------------------------------------------------------------------------


def failed(world: World, name: str, number: int, hours_ago: float) -> None:
    """Somebody has failed their attempt of this number at M1."""
    held = candidacy.find(base.session(), person_id=world.people[name], course_id=world.course_id)
    assert held is not None
    with base.transactional() as session:
        session.add(
            CheckAttempt(
                candidacy_id=held.id,
                module_version_id=packs.module_version_id(held.programme_version_id, "M1"),
                module_key="M1",
                number=number,
                seed="",
                item_keys=[],
                state="finished",
                finished_at=now() - timedelta(hours=hours_ago),
            )
        )


def test_a_candidate_is_told_once_when_the_wait_for_a_module_is_over(world: World) -> None:
    ada = world.person("Ada")
    failed(world, "Ada", 1, 60)
    sweep()
    assert told(ada) == []  # the first retake is at once
    failed(world, "Ada", 2, 20)
    sweep()
    assert told(ada) == []
    sweep(0.25)
    sweep(1)
    assert told(ada) == [("training_open", {"module": "M1"})]
    failed(world, "Ada", 3, 30)
    sweep()
    assert len(told(ada)) == 2


def test_nobody_waits_for_ever_behind_the_many_versions_of_other_courses(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Versions are looked at a few at a time, and every one of them in each sweep; none whose module is gone is told of."""
    people = [world.person(name) for name in ("Ada", "Ben", "Cleo")]
    newest = packs.current(world.org_id)
    assert newest is not None
    source = packs.source(newest.id)
    without = replace(source, edition="without", modules=())
    with base.transactional() as session:
        for who, made in zip(people[1:], (replace(source, edition="next"), without), strict=True):
            version = packs.publish(session, org_id=world.org_id, programme=made, actor="operator", derived_from=newest.id)
            session.execute(update(Candidacy).where(Candidacy.person_id == who.person_id).values(programme_version_id=version.id))
    with base.transactional() as session:
        module = packs.module_version_id(newest.id, "M1")
        for row in session.scalars(select(Candidacy)).all():
            facts = {"module_version_id": module, "module_key": "M1", "number": 2, "seed": "", "item_keys": [], "state": "finished"}
            session.add(CheckAttempt(candidacy_id=row.id, finished_at=now() - timedelta(hours=30), **facts))
    monkeypatch.setattr(reminder, "MOST_AT_ONCE", 1)
    sweep()
    assert [len(told(who)) for who in people] == [1, 1, 0]


def test_whoever_pauses_is_not_called_back_to_a_module(world: World) -> None:
    ada = world.person("Ada")
    failed(world, "Ada", 2, 30)
    with base.transactional() as session:
        session.execute(update(Candidacy).values(participation="deferred"))
    sweep()
    assert told(ada) == []


def test_whose_selection_was_recorded_is_told_that_training_is_open(world: World) -> None:
    lead = world.person("Lead", "coordinator", standing="instructor")
    ben = world.person("Ben Hartley", standing="none")
    recorded.record(actor=lead, text="Ben Hartley", decided_by="The panel", decided_on=now().date(), why="Interview")
    assert told(ben) == [("training_begins", {})]


# --- time ----------------------------------------------------------------------------------------------------------------------------


def test_the_candidate_and_who_leads_are_warned_of_the_deadline_once_for_each_warning(world: World) -> None:
    ada, lead = world.person("Ada"), world.person("Lead", "coordinator", standing="instructor")
    deadline = participation.own(actor=ada).deadline
    for days in (91, 89, 89, 29, 6, 6):
        noon = datetime(deadline.year, deadline.month, deadline.day, 12, tzinfo=UTC)
        look(noon - timedelta(days=days), participation.sweep)
    assert told(ada) == [("time_short", {"until": deadline})] * 3
    assert told(lead) == [("time_short_for", {"until": deadline})] * 3
    (row, *_) = base.session().scalars(select(Notification).where(Notification.person_id == lead.person_id))
    assert row.ids == {"candidacy": world.candidacy_id("Ada")}


# --- grades --------------------------------------------------------------------------------------------------------------------------


def publish(world: World, place: str, *people: Actor, **values: Any) -> None:
    """Grades of these people that the LMS has refused."""
    stuck = {"state": "refused", "fault": "column_gone", "status": 404, "words": "Not found: Ada", "stuck_at": now()} | values
    with base.transactional() as session:
        for one in people:
            session.add(ScorePublication(placement_id=place, person_id=one.person_id, registration_id=world.registration_id, **stuck))


def test_who_leads_is_told_of_a_column_once_and_not_for_each_person(world: World) -> None:
    lead, deputy = (world.person(role, role, standing="instructor") for role in ("coordinator", "deputy"))
    observer = world.person("Observer", "observer", standing="instructor")
    people = [world.person(name) for name in ("Ada", "Ben", "Cleo")]
    place, other = world.placement("module:M1"), world.placement("observation")
    publish(world, place, *people[:2])
    sweep()
    once = [("grades_stuck", {"count": 2, "fault": "column_gone", "status": 404})]
    assert told(lead) == told(deputy) == once
    publish(world, place, people[2])
    sweep()
    assert told(lead) == once
    publish(world, other, people[0], state="held", fault="teacher_grade", status=None)
    sweep()
    assert told(lead)[1:] == [("grades_stuck", {"count": 1, "fault": "teacher_grade"})]
    assert told(observer) == []
    assert "Ada" not in str([row.facts for row in base.session().scalars(select(Notification))])


def test_a_column_that_was_mended_and_breaks_again_is_told_of_again(world: World) -> None:
    lead, ada = world.person("Lead", "coordinator", standing="instructor"), world.person("Ada")
    publish(world, world.placement("module:M1"), ada)
    for state in ("refused", "done", "refused"):
        with base.transactional() as session:
            session.execute(update(ScorePublication).values(state=state))
        sweep()
    assert len(told(lead)) == 2


# --- races ---------------------------------------------------------------------------------------------------------------------------


def test_two_sweeps_at_once_tell_everybody_once(any_app: Flask) -> None:
    made = make_world("Northfield")
    with base.tenant(made.org_id):
        lead = made.person("Lead", "coordinator", standing="instructor")
        people = [made.person(f"Person {number}") for number in range(8)]
        for one in range(8):
            failed(made, f"Person {one}", 2, 30)
        publish(made, made.placement("module:M1"), *people)
    start = threading.Barrier(4)

    def work() -> None:
        with any_app.app_context():
            start.wait()
            reminder.sweep(now=now())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    with base.tenant(made.org_id):
        query = select(Notification.kind, func.count()).group_by(Notification.kind)
        assert sorted(base.session().execute(query).all()) == [("grades_stuck", 1), ("training_open", 8)]
        assert told(lead)[0][0] == "grades_stuck"


def test_a_notice_of_a_reason_is_made_once_with_its_mail_and_its_line(any_app: Flask) -> None:
    made = make_world("Northfield")
    with base.tenant(made.org_id):
        ada = made.person("Ada")
        how: dict[str, Any] = {"org_id": made.org_id, "person_id": ada.person_id, "kind": "training_begins", "facts": {}}
        how |= {"endpoint": "home.index", "ids": {"course": made.course_id}}
        with base.transactional() as session:
            first = notification.tell(session, **how, once="a reason")
            assert notification.tell(session, **how, once="a reason") is None
            assert notification.tell(session, **how) is not None
            assert notification.tell(session, **how) is not None
        assert first is not None
        assert len(told(ada)) == 3


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_no_notice_can_hold_words_of_an_application_or_of_help(kind: str) -> None:
    assert KINDS[kind].facts <= {"module", "until", "planned_for", "count", "fault", "status"}
