# SPDX-License-Identifier: Apache-2.0
"""What staff see of deliveries, sending again, and why there is no grade yet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, update

from conftest import World
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import delivery, programme
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.delivery import ScorePublication
from lti_mentoring.store.people import Course, Placement
from lti_mentoring.store.privacy import AuditEvent
from lti_mentoring.store.training import CheckAttempt

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
GONE = {"state": "refused", "fault": "user_not_gradable", "status": 400, "words": "Incorrect score received"}
NEWER = {"state": "held", "fault": "newer_grade", "status": 409, "words": "Refusing score", "lms_given": 60.0, "lms_maximum": 100.0}


@pytest.fixture
def staff(world: World) -> Actor:
    return world.person("Coordinator", "coordinator", standing="instructor")


def publish(world: World, name: str, placement: str, **values: Any) -> str:
    """A row of the outbox as a delivery leaves it. -> its id."""
    made = base.new_id()
    known: dict[str, Any] = {"stuck_at": NOW, "tries": 1, "given": 1.0, "maximum": 1.0, "last_payload_hash": "x", "grading": "FullyGraded"}
    person_id = world.people.get(name) or world.person(name).person_id
    with base.transactional() as session:
        session.add(
            ScorePublication(
                id=made,
                placement_id=placement,
                person_id=person_id,
                registration_id=world.registration_id,
                **(known | values),
            )
        )
    return made


def state_of(publication_id: str) -> str:
    base.session().expire_all()
    return str(base.session().scalars(select(ScorePublication.state).where(ScorePublication.id == publication_id)).one())


def master(world: World, name: str) -> None:
    """Give somebody a mastered attempt at M1."""
    held = base.session().get(Candidacy, (world.org_id, world.candidacy_id(name)))
    assert held
    version = programme.module_version_id(held.programme_version_id, "M1")
    known: dict[str, Any] = {"module_key": "M1", "number": 1, "seed": "s", "item_keys": [], "state": "finished", "mastered": True}
    with base.transactional() as session:
        session.add(CheckAttempt(candidacy_id=held.id, module_version_id=version, **known))


# --- the page --------------------------------------------------------------------------------------------------------------------


def test_stuck_grades_are_grouped_by_their_cause(world: World, staff: Actor) -> None:
    module, observed = world.placement("module:M1"), world.placement("observation")
    for name, place in (("Ada", module), ("Ben", module), ("Cleo", observed)):
        publish(world, name, place, **GONE)
    publish(world, "Dag", module, **NEWER)
    page = delivery.stuck(actor=staff)
    assert page.need_person == 4
    told = [(cause.remedy, len(cause.grades), cause.held) for cause in page.causes]
    assert told == [("user_not_gradable", 3, False), ("newer_grade", 1, True)]
    assert page.causes[0].words == "Incorrect score received"
    assert page.causes[1].grades[0].theirs == (60.0, 100.0)
    assert [grade.person for grade in page.causes[0].grades] == ["Ada", "Ben", "Cleo"]


def test_causes_without_a_code_are_told_apart_by_the_lmss_words(world: World, staff: Actor) -> None:
    place = world.placement("module:M1")
    for name, words in (("Ada", "No."), ("Ben", "No."), ("Cleo", "Never.")):
        publish(world, name, place, **(GONE | {"fault": "unknown", "words": words}))
    assert [(cause.words, len(cause.grades)) for cause in delivery.stuck(actor=staff).causes] == [("No.", 2), ("Never.", 1)]


def test_what_is_on_its_way_says_when_and_why_and_what_was_sent_is_listed(world: World, staff: Actor) -> None:
    place = world.placement("module:M1")
    soon = base.now() + timedelta(minutes=1)
    for name in ("Ada", "Ben"):
        publish(world, name, place, state="waiting", fault="busy", status=429, words="Too many", tries=2, next_at=soon, stuck_at=None)
    publish(world, "Cleo", place, state="done", sent_at=base.now(), stuck_at=None)
    publish(world, "Dag", place, state="set_aside")
    page = delivery.stuck(actor=staff)
    assert (page.need_person, page.on_their_way, page.delivered_lately) == (0, 2, 1)
    assert [(one.count, one.remedy, one.status, one.tries, one.next_at) for one in page.on_the_way] == [(2, "busy", 429, 2, soon)]
    assert [one.person for one in page.sent] == ["Cleo"]


def test_grades_of_another_course_are_neither_shown_nor_touched(world: World, staff: Actor) -> None:
    place = world.placement("module:M1")
    other = publish(world, "Ada", place, **GONE)
    key = delivery.stuck(actor=staff).causes[0].key
    elsewhere = base.new_id()
    with base.transactional() as session:
        session.add(Course(id=elsewhere, issuer="https://lms.example", context_id="c:other"))
        session.flush()
        session.execute(update(Placement).where(Placement.id == place).values(course_id=elsewhere))
    assert delivery.stuck(actor=staff).causes == ()
    for wrong in (
        lambda: delivery.retry(actor=staff, publication_id=other),
        lambda: delivery.set_aside(actor=staff, publication_id=other),
    ):
        with pytest.raises(NotFound):
            wrong()
    with pytest.raises(RuleBroken, match="nothing_stuck"):
        delivery.retry_all(actor=staff, cause=key)
    assert state_of(other) == "refused"


def test_the_page_costs_the_same_whatever_is_stuck(world: World, staff: Actor) -> None:
    place = world.placement("module:M1")

    def cost() -> int:
        seen: list[str] = []

        def note(conn: object, cursor: object, statement: str, *_: object) -> None:
            seen.append(statement)

        base.session().rollback()
        event.listen(base.db.engine, "before_cursor_execute", note)
        delivery.stuck(actor=staff)
        event.remove(base.db.engine, "before_cursor_execute", note)
        return len([one for one in seen if one.startswith("SELECT")])

    empty = cost()
    for number in range(12):
        publish(world, f"P{number}", place, **(GONE if number % 2 else NEWER))
        publish(world, f"Q{number}", place, state="done", sent_at=base.now())
    assert cost() == empty <= 5


# --- sending again ---------------------------------------------------------------------------------------------------------------


def test_sending_again_takes_the_whole_cause_and_leaves_a_line_in_the_record(world: World, staff: Actor) -> None:
    place = world.placement("module:M1")
    ids = [publish(world, name, place, **GONE) for name in ("Ada", "Ben")]
    newer = publish(world, "Cleo", place, **NEWER)
    key = next(cause.key for cause in delivery.stuck(actor=staff).causes if not cause.held)
    assert delivery.retry_all(actor=staff, cause=key) == 2
    assert [state_of(one) for one in (*ids, newer)] == ["waiting", "waiting", "held"]
    lines = base.session().scalars(select(AuditEvent).where(AuditEvent.verb == "retry")).all()
    assert {(line.actor_id, line.object_id, line.reason) for line in lines} == {(staff.person_id, one, "user_not_gradable") for one in ids}


def test_sending_one_again_forgets_what_the_platform_was_known_to_have(world: World, staff: Actor) -> None:
    held = publish(world, "Ada", world.placement("module:M1"), **NEWER)
    assert delivery.retry(actor=staff, publication_id=held) == 1
    row = base.session().scalars(select(ScorePublication)).one()
    assert (row.state, row.tries, row.last_payload_hash, row.fault) == ("waiting", 0, "", "")
    assert (row.overwrite, row.lms_given) == (True, 60.0)  # over what staff have seen there, and nothing else


def test_a_column_that_is_gone_is_looked_for_anew(world: World, staff: Actor) -> None:
    place = world.placement("module:M1", lineitem=None)
    with base.transactional() as session:
        session.execute(update(Placement).values(own_lineitem_url="https://lms.example/li/9"))
    gone = publish(world, "Ada", place, **(GONE | {"fault": "column_gone", "status": 404}))
    delivery.retry(actor=staff, publication_id=gone)
    assert base.session().scalars(select(Placement.own_lineitem_url)).one() is None


def test_set_aside_grades_need_nobody_until_there_is_a_new_result(world: World, staff: Actor) -> None:
    place = world.placement("module:M1")
    rested = publish(world, "Ada", place, **GONE)
    assert delivery.set_aside(actor=staff, cause=delivery.stuck(actor=staff).causes[0].key) == 1
    assert state_of(rested) == "set_aside"
    assert delivery.stuck(actor=staff).need_person == 0
    with base.transactional() as session:
        delivery.want(session, org_id=world.org_id, course_id=world.course_id, person_id=world.people["Ada"], items={"module:M1"})
    assert state_of(rested) == "waiting"


def test_the_operator_lists_without_names_and_sends_again(world: World) -> None:
    stuck = publish(world, "Ada", world.placement("module:M1"), **GONE)
    listed = delivery.listing(org_id=world.org_id)
    assert [(row["id"], row["state"], row["fault"], row["words"]) for row in listed] == [
        (stuck, "refused", "user_not_gradable", "Incorrect score received")
    ]
    assert "Ada" not in str(listed)
    assert delivery.retry_by_operator(org_id=world.org_id, publication_id=stuck) == {"id": stuck, "state": "waiting"}
    with pytest.raises(NotFound):
        delivery.retry_by_operator(org_id=world.org_id, publication_id=stuck)


# --- why there is no grade yet ---------------------------------------------------------------------------------------------------


def line(world: World, name: str = "Ada", item: str = "module:M1") -> tuple[str, dict[str, object]] | None:
    base.session().expire_all()
    found = delivery.grade_line(actor=world.actor(name), item=item)
    return (found.code, dict(found.facts)) if found else None


def test_an_activity_without_a_column_says_so(world: World) -> None:
    world.person("Ada")
    world.placement("module:M1", lineitem=None)
    assert line(world) == ("no_column", {"why": "no_line_item"})


def test_what_is_not_finished_has_no_grade_yet(world: World) -> None:
    world.person("Ada")
    world.placement("module:M1")
    assert line(world) == ("not_finished", {})


def test_a_finished_item_is_on_its_way_then_sent_or_refused(world: World) -> None:
    world.person("Ada")
    place = world.placement("module:M1")
    master(world, "Ada")
    assert line(world) == ("on_its_way", {"next_at": None})
    row = publish(world, "Ada", place, state="waiting", next_at=NOW, stuck_at=None)
    assert line(world) == ("on_its_way", {"next_at": NOW})
    for values, said in (
        ({"state": "done", "sent_at": NOW}, ("sent", {"at": NOW})),
        (GONE, ("refused", {"remedy": "user_not_gradable", "platform": "LMS of Northfield"})),
        ({"state": "set_aside"}, ("set_aside", {})),
    ):
        with base.transactional() as session:
            session.execute(update(ScorePublication).where(ScorePublication.id == row).values(**values))
        assert line(world) == said


def test_of_several_activities_of_one_item_the_worst_is_told(world: World) -> None:
    world.person("Ada")
    master(world, "Ada")
    publish(world, "Ada", world.placement("module:M1"), state="done", sent_at=NOW)
    publish(world, "Ada", world.placement("module:M1"), **GONE)
    assert (line(world) or ("",))[0] == "refused"


def test_nothing_is_said_to_people_who_get_no_grades_or_where_no_activity_opens_the_item(world: World) -> None:
    world.person("Ada")
    assert line(world) is None
    world.placement("module:M1")
    world.person("Teacher", standing="instructor")
    world.person("Preview", test_user=True)
    assert line(world, "Teacher") is None
    assert line(world, "Preview") is None
    assert line(world, item="cohort") is None
