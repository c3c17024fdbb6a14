# SPDX-License-Identifier: Apache-2.0
"""Prior learning stands for a module once enough people agree; it counts everywhere, and can be withdrawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from conftest import World, make_world
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.recognition import Claim
from lti_mentoring.domain.rule import NotAllowed, NotFound, RuleBroken
from lti_mentoring.services import approving, candidacy, opening, recognition, recorded, reporting_line, reports
from lti_mentoring.services.reporting_line import Manager
from lti_mentoring.settings import Settings
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.notification import Notification
from lti_mentoring.store.people import Course, Person
from lti_mentoring.store.privacy import AuditEvent
from lti_mentoring.store.recognition import Recognition, RecognitionVoice
from support.live import Town, town
from support.racing import at_once
from support.station import Station

CLAIM = Claim("I rewrite lines as questions, daily.", "Northfield College", "2023", "A certificate, and two recordings.")
SHOWN = "The recordings show it."


@pytest.fixture
def cast(world: World):
    return people(world)


def people(world: World):
    """A candidate under assured, where two have to agree, and who may."""
    lead = world.person("Coordinator", "coordinator", standing="instructor")
    opening.choose_policy(actor=lead, name="assured")
    return {
        "coordinator": lead,
        "deputy": world.person("Deputy", "deputy", standing="instructor"),
        "trainer": world.person("Trainer", "trainer", standing="instructor"),
        "second": world.person("Second", "trainer", standing="instructor"),
        "candidate": candidate(world),
    }


def candidate(world: World):
    world.person("Ada", standing="none")
    day = base.now().date()
    recorded.record(actor=world.actor("Coordinator"), text="Ada", decided_by="The board", decided_on=day, why="Known.")
    return world.actor("Ada")


def asked(cast, made: str = "a" * 32) -> str:
    return recognition.ask(actor=cast["candidate"], recognition_id=made, module_key="M1", claim=CLAIM)


def recognised(cast, made: str = "a" * 32) -> str:
    asked(cast, made)
    approving.agree(actor=cast["trainer"], recognition_id=made, reason=SHOWN)
    assert approving.agree(actor=cast["coordinator"], recognition_id=made, reason=SHOWN) == "recognised"
    return made


def training(world: World):
    return candidacy.way(actor=world.actor("Ada")).requirements.children[0]


def state(made: str) -> str | None:
    return base.session().scalar(select(Recognition.state).where(Recognition.id == made))


def rows(table, *conditions) -> int:
    return base.session().scalar(select(func.count()).select_from(table).where(*conditions)) or 0


def told(kind: str) -> list[str]:
    return sorted(base.session().scalars(select(Notification.person_id).where(Notification.kind == kind)))


def test_two_different_people_agree_and_the_module_counts_as_met_and_says_so(world, cast):
    made = asked(cast)
    assert training(world).children[0].facts["recognition"] == "asked"
    assert approving.agree(actor=cast["trainer"], recognition_id=made, reason=SHOWN) == "asked"
    assert approving.agree(actor=cast["trainer"], recognition_id=made, reason=SHOWN) == "asked", "the same person again is nobody else"
    assert not training(world).met
    assert approving.agree(actor=cast["coordinator"], recognition_id=made, reason=SHOWN) == "recognised"
    assert training(world).met
    assert training(world).children[0].facts["recognised"]
    assert [one.verb for one in approving.sheet(actor=cast["deputy"], recognition_id=made).row.voices] == ["agree", "agree"]


def test_two_trainers_are_not_enough_without_somebody_who_leads(world, cast):
    made = asked(cast)
    approving.agree(actor=cast["trainer"], recognition_id=made, reason=SHOWN)
    assert approving.agree(actor=cast["second"], recognition_id=made, reason=SHOWN) == "asked"
    assert approving.sheet(actor=cast["coordinator"], recognition_id=made).needs_lead
    assert approving.agree(actor=cast["deputy"], recognition_id=made, reason=SHOWN) == "recognised"


def test_one_refusal_ends_it_and_it_can_be_asked_for_again(world, cast):
    made = asked(cast)
    approving.agree(actor=cast["trainer"], recognition_id=made, reason=SHOWN)
    approving.refuse(actor=cast["deputy"], recognition_id=made, reason="The certificate is of another course.")
    assert state(made) == "refused"
    with pytest.raises(RuleBroken, match="recognition_closed"):
        approving.agree(actor=cast["coordinator"], recognition_id=made, reason=SHOWN)
    (row,) = recognition.own(actor=cast["candidate"]).rows
    assert (row.state, row.voices[-1].reason) == ("refused", "The certificate is of another course.")
    asked(cast, "b" * 32)
    assert training(world).children[0].facts["recognition"] == "asked", "the newest says how it stands"


def test_one_of_a_module_lives_at_a_time_and_the_form_sent_twice_asks_once(cast):
    asked(cast)
    asked(cast)
    assert rows(Recognition) == 1
    with pytest.raises(RuleBroken, match="recognition_not_needed"):
        asked(cast, "b" * 32)


def test_its_candidate_takes_it_back_and_asks_anew(cast):
    made = asked(cast)
    recognition.take_back(actor=cast["candidate"], recognition_id=made)
    recognition.take_back(actor=cast["candidate"], recognition_id=made)
    assert state(made) == "taken_back"
    asked(cast, "b" * 32)


def test_a_module_that_is_met_needs_no_recognition(world, cast):
    world.mastered("Ada")
    with pytest.raises(RuleBroken, match="recognition_not_needed"):
        asked(cast)
    assert recognition.own(actor=cast["candidate"]).open == ()


def test_who_leads_proposes_and_may_be_one_of_those_who_agree(world, cast):
    lead = cast["coordinator"]
    assert [one[1] for one in recognition.form(actor=lead).candidates] == ["Ada"]
    held = world.candidacy_id("Ada")
    made = recognition.propose(actor=lead, recognition_id="a" * 32, candidacy_id=held, module_key="M1", claim=CLAIM)
    assert told("recognition_news") == [cast["candidate"].person_id]
    approving.agree(actor=lead, recognition_id=made, reason=SHOWN)
    assert approving.agree(actor=cast["trainer"], recognition_id=made, reason=SHOWN) == "recognised"


def test_who_manages_the_candidate_neither_hears_of_it_nor_reads_it_nor_decides(cast):
    with base.transactional() as session:
        reporting_line.attest(session, actor=cast["candidate"], managers=[Manager("direct", cast["deputy"].person_id)])
    made = asked(cast)
    assert told("recognition_waits") == sorted(cast[name].person_id for name in ("coordinator", "trainer", "second"))
    for act in (approving.agree, approving.refuse):
        with pytest.raises(NotAllowed, match="approver_line"):
            act(actor=cast["deputy"], recognition_id=made, reason=SHOWN)
    with pytest.raises(NotAllowed, match="approver_line"):
        approving.sheet(actor=cast["deputy"], recognition_id=made)


def test_nobody_decides_on_their_own(world, cast):
    both = world.person("Both", "trainer")
    made = recognition.ask(actor=both, recognition_id="a" * 32, module_key="M1", claim=CLAIM)
    assert approving.queue(actor=both).waiting == ()
    with pytest.raises(NotAllowed, match="approver_self"):
        approving.agree(actor=both, recognition_id=made, reason=SHOWN)


def test_without_a_reason_nothing_is_said(cast):
    made = asked(cast)
    for act in (approving.agree, approving.refuse):
        with pytest.raises(RuleBroken, match="recognition_reason_missing"):
            act(actor=cast["coordinator"], recognition_id=made, reason="  ")
    assert rows(RecognitionVoice) == 0


def test_under_starter_the_coordinator_alone_agrees(world):
    lead = world.person("Coordinator", "coordinator", standing="instructor")
    opening.choose_policy(actor=lead, name="starter")
    ada = candidate(world)
    made = recognition.ask(actor=ada, recognition_id="a" * 32, module_key="M1", claim=CLAIM)
    assert approving.agree(actor=lead, recognition_id=made, reason=SHOWN) == "recognised"


def test_it_is_withdrawn_before_the_award_and_the_module_is_open_again(world, cast):
    made = recognised(cast)
    with pytest.raises(RuleBroken, match="recognition_needs_lead"):
        approving.withdraw(actor=cast["trainer"], recognition_id=made, reason="It was another course.")
    approving.withdraw(actor=cast["deputy"], recognition_id=made, reason="It was another course.")
    assert not training(world).met
    asked(cast, "b" * 32)


def test_after_the_award_it_stands(world, cast):
    made = recognised(cast)
    with base.transactional() as session:
        session.execute(update(Candidacy).where(Candidacy.person_id == cast["candidate"].person_id).values(participation="completed"))
    with pytest.raises(RuleBroken, match="recognition_after_award"):
        approving.withdraw(actor=cast["deputy"], recognition_id=made, reason="Too late.")


def test_a_critical_module_is_recognised_by_the_same_people_and_that_is_noted(cast):
    made = asked(cast)
    assert approving.sheet(actor=cast["deputy"], recognition_id=made).row.critical
    line = base.session().scalars(select(AuditEvent).where(AuditEvent.object_id == made)).one()
    assert line.facts == {"module": "M1", "critical": True}


def test_no_words_of_it_are_in_the_audit(cast):
    recognised(cast)
    said = " ".join(str(one.facts) + one.reason for one in base.session().scalars(select(AuditEvent)))
    assert "recordings" not in said
    assert "Northfield College" not in said


def test_a_candidate_of_another_course_and_a_made_up_one_are_not_found(cast):
    for held in ("0" * 32, "nothing"):
        with pytest.raises(NotFound):
            recognition.propose(actor=cast["coordinator"], recognition_id="a" * 32, candidacy_id=held, module_key="M1", claim=CLAIM)
    with pytest.raises(NotFound):
        approving.sheet(actor=cast["coordinator"], recognition_id="0" * 32)


def test_two_candidates_who_lead_do_not_agree_to_each_others(world, cast):
    both = world.person("Both", "deputy")
    made = asked(cast)
    assert approving.queue(actor=both).peer
    with pytest.raises(NotAllowed, match="approver_peer"):
        approving.agree(actor=both, recognition_id=made, reason=SHOWN)
    held = world.candidacy_id("Ada")
    with pytest.raises(RuleBroken, match="approver_peer"):
        recognition.propose(actor=both, recognition_id="b" * 32, candidacy_id=held, module_key="M1", claim=CLAIM)


def test_the_list_shows_a_manager_nothing_of_whom_they_manage(cast):
    with base.transactional() as session:
        reporting_line.attest(session, actor=cast["candidate"], managers=[Manager("direct", cast["deputy"].person_id)])
    recognised(cast)
    page = approving.queue(actor=cast["deputy"])
    assert (page.waiting, page.with_others, page.over) == ((), (), ())
    assert len(approving.queue(actor=cast["coordinator"]).over) == 1
    assert recognition.form(actor=cast["deputy"]).candidates == ()


def test_as_many_agree_as_the_policy_asks_for_when_it_asks_for_more_than_at_the_claim(cast):
    made = asked(cast)
    with base.transactional() as session:
        session.execute(update(Recognition).values(approvers=1))
    assert approving.agree(actor=cast["coordinator"], recognition_id=made, reason=SHOWN) == "asked"


def test_a_candidate_reads_that_too_few_may_agree(cast):
    asked(cast)
    assert not recognition.own(actor=cast["candidate"]).lacking
    managers = [Manager("direct", cast[name].person_id) for name in ("deputy", "coordinator")]
    with base.transactional() as session:
        reporting_line.attest(session, actor=cast["candidate"], managers=managers)
    assert recognition.own(actor=cast["candidate"]).lacking
    assert "nobody_judges" in [one.code for one in reports.staff_home(actor=cast["coordinator"], coordinated=True).todo]


# --- races ------------------------------------------------------------------------------------------------------------------


def test_two_who_agree_at_once_make_it_recognised_once(any_app: Flask):
    world = make_world("Northfield")
    with base.tenant(world.org_id):
        cast = people(world)
        made = asked(cast)
        base.session().rollback()
        both = [cast["trainer"], cast["coordinator"]]
        ended = at_once(any_app, [lambda who=who: approving.agree(actor=who, recognition_id=made, reason=SHOWN) for who in both])
        assert ended == [None, None]
        assert state(made) == "recognised"
        assert len(told("recognition_news")) == 1


def test_of_one_who_agrees_last_and_one_who_refuses_at_once_one_is_late(any_app: Flask):
    world = make_world("Northfield")
    with base.tenant(world.org_id):
        cast = people(world)
        made = asked(cast)
        approving.agree(actor=cast["trainer"], recognition_id=made, reason=SHOWN)
        base.session().rollback()
        ended = at_once(
            any_app,
            [
                lambda: approving.agree(actor=cast["coordinator"], recognition_id=made, reason=SHOWN),
                lambda: approving.refuse(actor=cast["deputy"], recognition_id=made, reason="No."),
            ],
        )
        assert sorted(getattr(one, "code", "") for one in ended) == ["", "recognition_closed"]
        assert state(made) in ("recognised", "refused")
        assert rows(RecognitionVoice) == 2


def test_one_candidate_who_asks_in_two_windows_at_once_asks_once(any_app: Flask):
    world = make_world("Northfield")
    with base.tenant(world.org_id):
        cast = people(world)
        base.session().rollback()
        ended = at_once(any_app, [lambda made=made: asked(cast, made * 32) for made in "ab"])
        assert sorted(getattr(one, "code", "") for one in ended) == ["", "recognition_not_needed"]
        assert rows(Recognition) == 1


# --- the gradebook ------------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["north", "south"])
def station(request, make_settings: Callable[..., Settings], empty_database: Path, tmp_path: Path) -> Iterator[Station]:
    """A Moodle, an Open edX, with a candidate who has opened module 1, and asks for it to be recognised."""
    with town(make_settings, empty_database, tmp_path) as made:
        yield _asked_in(made, request.param)


def _asked_in(own_town: Town, site: str) -> Station:
    made = Station(own_town, site)
    made.launch("candidate", "module-m1")
    ada = made.person_id("candidate")
    with made.inside() as session:
        course_id = session.scalars(select(Course.id).join(Candidacy, Candidacy.course_id == Course.id)).one()
        with base.transactional() as writing:
            writing.add_all([Person(id="1" * 32, name="Lead"), Person(id="2" * 32, name="Trainer")])
        claimed = {"recognition_id": "a" * 32, "module_key": "M1", "claim": CLAIM}
        recognition.ask(actor=Actor(made.org_id, ada, course_id, "Ada", frozenset({"candidate"}), ""), **claimed)
    return made


def decide(made: Station, act: Callable[..., object]) -> None:
    with made.inside() as session:
        course_id = session.scalars(select(Recognition.course_id)).one()
        who = [("1", "Lead", "coordinator"), *([("2", "Trainer", "trainer")] if act is approving.agree else [])]
        for key, name, role in who:
            act(actor=Actor(made.org_id, key * 32, course_id, name, frozenset({role}), ""), recognition_id="a" * 32, reason=SHOWN)
    made.deliver()


def test_the_gradebook_hears_that_a_recognised_module_is_complete_and_is_cleared_when_it_is_withdrawn(station: Station):
    decide(station, approving.agree)
    assert station.share() == 1
    assert "recordings" not in str(station.scores())
    decide(station, approving.withdraw)
    last = station.scores()[-1]
    assert (last["activityProgress"], last["gradingProgress"], last.get("scoreGiven")) == ("Initialized", "NotReady", None)
    assert station.share() is None or station.site.key == "south", "an Open edX keeps the number beside the state"


def test_a_column_of_points_hears_that_it_is_complete_and_no_points(station: Station):
    station.change("module-m1", grading="points")
    decide(station, approving.agree)
    last = station.scores()[-1]
    assert (last["activityProgress"], last["gradingProgress"]) == ("Completed", "FullyGraded")
    assert "scoreGiven" not in last
    assert station.share() is None


def test_a_complete_without_points_is_taken_back_where_the_platform_keeps_it_and_a_teachers_grade_is_left_alone(station: Station):
    station.change("module-m1", grading="points")
    decide(station, approving.agree)
    heard = len(station.scores())
    decide(station, approving.withdraw)
    told = [(one["activityProgress"], one["gradingProgress"]) for one in station.scores()[heard:]]
    assert told == ([("Initialized", "NotReady")] if station.site.key == "south" else []), "a Moodle shows no progress, only grades"
    assert (row := station.row()) is not None
    assert not row.void


def test_whoever_graded_the_cell_themself_keeps_it_when_the_module_is_recognised_without_points(station: Station):
    station.change("module-m1", grading="points")
    heard = len(station.scores())
    station.launch("candidate", "module-m1")
    station.lms.grade_by_hand("module-m1", "candidate", 7)
    decide(station, approving.agree)
    assert (row := station.row()) is not None
    assert station.share() == pytest.approx(0.7)
    if station.site.key == "north":  # where a score without points would clear the cell
        assert (row.state, row.fault) == ("held", "teacher_grade")
        assert len(station.scores()) == heard, "nothing was sent over it"
