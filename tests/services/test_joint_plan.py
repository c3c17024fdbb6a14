# SPDX-License-Identifier: Apache-2.0
"""The joint plan at work: who writes and who reads it, two who write and agree at the same moment, and the moment at which it closes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from conftest import World, make_world
from lti_mentoring.domain.joint_plan import PARTS, Said
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import appointments, joint_plan, meeting, observation
from lti_mentoring.services.occasion import Asked
from lti_mentoring.store import base
from lti_mentoring.store.mentorship import MentoringSession, SessionPlan
from lti_mentoring.store.notification import Notification
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.privacy import AuditEvent
from support.pairing import ahead, met, of_starter, paired
from support.racing import at_once

FULL = {part: Said(f"Our {part}.") for part in PARTS}


class Two:
    """A candidate and an accomplished mentor who lead a session together, which somebody observes."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.lead = world.person("R. Okafor", "coordinator", standing="instructor")
        self.candidate = of_starter(world, self.lead, "F. Martins")
        self.mentor = world.person("A. Mwangi", "observer", standing="instructor")
        self.observer = world.person("T. Lindqvist", "observer", standing="instructor")
        self.session = met(self.lead, paired(self.lead, self.mentor.person_id))
        self.id = self.planned(Asked(session_id=self.session))

    def planned(self, asked: Asked, **changes) -> str:
        facts = {"actor": self.lead, "candidacy_id": self.world.candidacy_id("F. Martins"), "observer_id": self.observer.person_id}
        return observation.plan(**(facts | changes), kind="co", asked=asked)

    def write(self, who, **parts: str) -> joint_plan.Kept:
        words = joint_plan.page(actor=who, observation_id=self.id).plan.words
        return joint_plan.save(actor=who, observation_id=self.id, said={key: Said(text, words[key]) for key, text in parts.items()})

    def agree(self, who, revision: int | None = None):
        read = joint_plan.page(actor=who, observation_id=self.id).plan.revision if revision is None else revision
        return joint_plan.agree(actor=who, observation_id=self.id, revision=read)

    def agreed(self) -> bool:
        base.session().rollback()
        session = base.session()
        return joint_plan.agreed(session, session.get_one(Observation, (self.world.org_id, self.id)))

    def begins(self, ago: timedelta = timedelta(minutes=1)) -> None:
        with base.transactional() as session:
            session.execute(update(MentoringSession).values(starts_at=base.now() - ago))

    def told(self, who) -> list[str]:
        query = select(Notification.kind).where(Notification.person_id == who.person_id, Notification.kind.startswith("joint"))
        return list(base.session().scalars(query.order_by(Notification.created_at)))


@pytest.fixture
def two(world: World) -> Two:
    return Two(world)


def test_a_plan_counts_once_both_have_agreed_before_the_session_begins(two):
    joint_plan.save(actor=two.candidate, observation_id=two.id, said=FULL)
    assert not two.agreed()
    two.agree(two.candidate)
    assert not two.agreed()
    two.agree(two.mentor)
    two.agree(two.mentor)
    assert two.agreed()
    assert two.told(two.mentor) == ["joint_plan_waits"]
    assert two.told(two.candidate) == []
    two.begins()
    assert not two.agreed(), "what was agreed after it began is no plan"


def test_a_change_asks_both_anew_and_tells_whoever_had_agreed_once(two):
    joint_plan.save(actor=two.candidate, observation_id=two.id, said=FULL)
    two.agree(two.candidate)
    two.agree(two.mentor)
    two.write(two.mentor, closing="Another end.")
    two.write(two.mentor, closing="Yet another end.")
    assert not two.agreed()
    assert two.told(two.candidate) == ["joint_plan_changed"]
    two.agree(two.candidate)
    two.agree(two.mentor)
    assert two.agreed()


def test_nothing_is_written_and_nobody_agrees_once_it_has_begun(two):
    joint_plan.save(actor=two.candidate, observation_id=two.id, said=FULL)
    two.begins()
    for act in (lambda: two.write(two.mentor, closing="Late."), lambda: two.agree(two.mentor)):
        with pytest.raises(RuleBroken, match="plan_closed"):
            act()
    page = joint_plan.page(actor=two.mentor, observation_id=two.id)
    assert (page.open, page.counts, page.plan.words["closing"]) == (False, False, "Our closing.")


def test_a_session_that_is_moved_leaves_time_to_agree(two):
    joint_plan.save(actor=two.candidate, observation_id=two.id, said=FULL)
    two.begins()
    meeting.change(actor=two.lead, session_id=two.session, when=ahead(3))
    two.agree(two.candidate)
    two.agree(two.mentor)
    assert two.agreed()


def test_the_observer_reads_it_and_nobody_else_finds_it(two):
    joint_plan.save(actor=two.candidate, observation_id=two.id, said=FULL)
    page = joint_plan.page(actor=two.observer, observation_id=two.id)
    assert (page.writer, page.plan.words["purpose"]) == ("", "Our purpose.")
    stranger = two.world.person("S. Haddad")
    for who in (two.lead, stranger):
        with pytest.raises(NotFound):
            joint_plan.page(actor=who, observation_id=two.id)
    for who in (two.lead, stranger, two.observer):
        with pytest.raises(NotFound):
            joint_plan.save(actor=who, observation_id=two.id, said=FULL)
        with pytest.raises(NotFound):
            joint_plan.agree(actor=who, observation_id=two.id, revision=1)


def test_other_kinds_have_no_joint_plan_and_wait_for_none(two):
    pair = paired(two.lead, two.candidate.person_id, "Bo Lind, bo@example.org")
    facts = {"actor": two.lead, "candidacy_id": two.world.candidacy_id("F. Martins"), "observer_id": two.observer.person_id}
    made = observation.plan(**facts, asked=Asked(session_id=met(two.lead, pair)))
    with pytest.raises(NotFound):
        joint_plan.page(actor=two.candidate, observation_id=made)
    session = base.session()
    assert joint_plan.agreed(session, session.get_one(Observation, (two.world.org_id, made)))


def test_where_nobody_else_is_named_the_observer_is_the_co_mentor(two):
    two.id = two.planned(Asked(), planned_for=base.now().date(), protege_label="A new colleague")
    joint_plan.save(actor=two.observer, observation_id=two.id, said=FULL)
    two.agree(two.observer)
    two.agree(two.candidate)
    assert two.agreed(), "where only the day is known, that day is early enough"


def test_no_word_of_a_plan_is_in_the_record(two):
    two.write(two.candidate, purpose="She wants to ask for more money.")
    two.write(two.candidate, opening="As always.")
    facts = [str(row.facts) for row in base.session().scalars(select(AuditEvent).where(AuditEvent.verb == "draft_plan"))]
    assert len(facts) == 2
    assert not any("money" in one or "always" in one for one in facts)


def test_the_list_says_whose_turn_it_is(two):
    def standing(who) -> str:
        return next(row.plan for row in appointments.own(actor=who).ahead if row.observation_id == two.id)

    assert [standing(who) for who in (two.candidate, two.mentor, two.observer)] == ["write", "write", "waits"]
    joint_plan.save(actor=two.candidate, observation_id=two.id, said=FULL)
    two.agree(two.candidate)
    assert [standing(who) for who in (two.candidate, two.mentor, two.observer)] == ["waits", "agree", "waits"]
    two.agree(two.mentor)
    assert {standing(who) for who in (two.candidate, two.mentor, two.observer)} == {"agreed"}


def test_two_who_write_at_once_lose_nothing(any_app: Flask):
    world = make_world("Racing")
    with base.tenant(world.org_id):
        two = Two(world)
        kept: dict[str, joint_plan.Kept] = {}

        def write(name: str, who, part: str) -> None:
            said = {part: Said(f"{name} wrote this."), "closing": Said(f"{name} ends it.")}
            kept[name] = joint_plan.save(actor=who, observation_id=two.id, said=said)

        found = at_once(
            any_app,
            [lambda: write("candidate", two.candidate, "purpose"), lambda: write("mentor", two.mentor, "opening")],
        )
        assert found == [None, None]
        base.session().rollback()
        row = base.session().scalars(select(SessionPlan)).one()
        assert (row.purpose, row.opening, row.revision) == ("candidate wrote this.", "mentor wrote this.", 2)
        late = next(name for name, one in kept.items() if one.clashes)
        assert kept[late].clashes == ("closing",)
        assert row.closing == f"{'mentor' if late == 'candidate' else 'candidate'} ends it."


def test_of_two_where_one_agrees_and_one_writes_at_once_no_unread_word_is_agreed(any_app: Flask):
    world = make_world("Racing")
    with base.tenant(world.org_id):
        two = Two(world)
        revision = joint_plan.save(actor=two.candidate, observation_id=two.id, said=FULL).plan.revision
        two.agree(two.candidate)
        said = {"closing": Said("A last-minute change.", FULL["closing"].text)}
        found = at_once(
            any_app,
            [
                lambda: two.agree(two.mentor, revision),
                lambda: joint_plan.save(actor=two.candidate, observation_id=two.id, said=said),
            ],
        )
        assert found[1] is None
        assert found[0] is None or found[0].code == "plan_changed"
        assert not two.agreed()


def test_two_who_agree_at_once_have_agreed(any_app: Flask):
    world = make_world("Racing")
    with base.tenant(world.org_id):
        two = Two(world)
        revision = joint_plan.save(actor=two.candidate, observation_id=two.id, said=FULL).plan.revision
        found = at_once(any_app, [lambda who=who: two.agree(who, revision) for who in (two.candidate, two.mentor)])
        assert found == [None, None]
        assert two.agreed()
