# SPDX-License-Identifier: Apache-2.0
"""Help from the offer to its end, who learns of it, who has helped, and what the audit record does not say."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select, update

from conftest import World, make_world
from lti_mentoring.demo.story import right_answer
from lti_mentoring.domain.answer import steps
from lti_mentoring.domain.module import Item
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import assistance, holdings, observation, offering, reports, training
from lti_mentoring.services import candidacy as candidacies
from lti_mentoring.store import base
from lti_mentoring.store.assistance import AssistanceContact, AssistanceRequest
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.delivery import ScorePublication
from lti_mentoring.store.notification import Notification
from lti_mentoring.store.people import Membership
from lti_mentoring.store.privacy import AuditEvent
from support.journey import wrong_answer as wrong
from support.statements import statements

WORDS = "I lose the thread when the protégé goes silent."
OUTCOME = "We went through the silence exercise."


@pytest.fixture
def cast(world: World) -> dict[str, Actor]:
    """A candidate, two helpers, an observer who trains too, a coordinator."""
    return {
        "candidate": world.person("F. Martins"),
        "trainer": world.person("L. Brandt", "trainer", standing="instructor"),
        "second": world.person("A. Costa", "trainer", standing="instructor"),
        "observer": world.person("T. Lindqvist", "observer", "trainer", "deputy", standing="instructor"),
        "coordinator": world.person("R. Okafor", "coordinator", standing="instructor"),
    }


def asked(cast, **changes: str) -> str:
    given = {"request_id": base.new_id(), "topic": "module:M1", "urgency": "this_week", "text": WORDS}
    return assistance.ask(actor=cast["candidate"], **(given | changes))


def contact(actor, request_id, **changes) -> None:
    given = {"contact_id": base.new_id(), "minutes": 20, "mode": "call", "outcome": OUTCOME}
    assistance.add_contact(actor=actor, request_id=request_id, **(given | changes))


def board_of(actor: Actor) -> tuple[object, ...]:
    """Everything on somebody's board."""
    page = assistance.board(actor=actor)
    return page.waiting, page.mine, page.others


def plan(world, cast) -> str:
    return observation.plan(
        actor=cast["coordinator"],
        candidacy_id=world.candidacy_id("F. Martins"),
        observer_id=cast["observer"].person_id,
        planned_for=date(2026, 12, 1),
        protege_label="A new colleague",
    )


def row(request_id: str) -> AssistanceRequest:
    base.session().rollback()
    base.session().expire_all()
    return base.session().scalars(select(AssistanceRequest).where(AssistanceRequest.id == request_id)).one()


def rows() -> list[AssistanceRequest]:
    base.session().rollback()
    base.session().expire_all()
    return list(base.session().scalars(select(AssistanceRequest).order_by(AssistanceRequest.id)))


# --- asked, helped, ended ----------------------------------------------------------------------------------------------------


def test_a_candidate_asks_somebody_helps_and_the_candidate_closes_it(world, cast):
    made = asked(cast)
    page = assistance.page(actor=cast["candidate"])
    assert [(one.id, one.state, one.topic.key, one.text) for one in page.open] == [(made, "requested", "M1", WORDS)]
    board = assistance.board(actor=cast["trainer"])
    assert [one.id for one in board.waiting] == [made]
    assert board.waiting[0].due == (base.now() + timedelta(days=5)).date()
    assistance.take(actor=cast["trainer"], request_id=made)
    contact(cast["trainer"], made, follow_up=base.now().date(), answers=True)
    (own,) = assistance.page(actor=cast["candidate"]).open
    assert (own.state, own.helper, own.contacts[0].outcome, own.follow_up) == ("answered", "L. Brandt", OUTCOME, base.now().date())
    assert [one.id for one in assistance.board(actor=cast["trainer"]).mine] == [made]
    assistance.close(actor=cast["candidate"], request_id=made)
    page = assistance.page(actor=cast["candidate"])
    assert [(one.id, one.state) for one in page.ended] == [(made, "closed")]
    assert board_of(cast["trainer"]) == ((), (), ())
    assistance.reopen(actor=cast["candidate"], request_id=made)
    assert [one.id for one in assistance.board(actor=cast["second"]).waiting] == [made]


def test_sending_a_form_twice_asks_once_and_keeps_one_contact(cast):
    made = asked(cast)
    assert asked(cast, request_id=made) == made
    for _ in range(2):
        assistance.take(actor=cast["trainer"], request_id=made)
    for _ in range(2):
        contact(cast["trainer"], made, contact_id="c" * 32, answers=True)
    for _ in range(2):
        assistance.close(actor=cast["candidate"], request_id=made)
    assert len(rows()) == 1
    assert base.session().scalar(select(func.count(AssistanceContact.id))) == 1
    assert row(made).state == "closed"


def test_a_request_can_be_taken_back_while_somebody_helps_and_is_seen_no_more(cast):
    made = asked(cast)
    assistance.take(actor=cast["trainer"], request_id=made)
    contact(cast["trainer"], made)
    assistance.withdraw(actor=cast["candidate"], request_id=made)
    for who in ("trainer", "coordinator"):
        with pytest.raises(NotFound):
            assistance.request_page(actor=cast[who], request_id=made)
    with pytest.raises(NotFound):
        contact(cast["trainer"], made)


def test_a_request_that_its_helper_or_the_coordinator_hands_back_waits_again_and_its_day_stays(cast):
    made = asked(cast)
    due = assistance.board(actor=cast["trainer"]).waiting[0].due
    assistance.take(actor=cast["trainer"], request_id=made)
    with pytest.raises(RuleBroken, match="assistance_of_another"):
        assistance.hand_back(actor=cast["second"], request_id=made)
    assistance.hand_back(actor=cast["coordinator"], request_id=made)
    (waiting,) = assistance.board(actor=cast["second"]).waiting
    assert (waiting.id, waiting.due) == (made, due)
    with pytest.raises(RuleBroken):
        contact(cast["trainer"], made)


def test_an_answer_needs_a_contact_since_it_was_taken(cast):
    made = asked(cast)
    assistance.take(actor=cast["trainer"], request_id=made)
    with pytest.raises(RuleBroken, match="contact_missing"):
        assistance.answer(actor=cast["trainer"], request_id=made)
    contact(cast["trainer"], made)
    assistance.answer(actor=cast["trainer"], request_id=made)
    assistance.reopen(actor=cast["candidate"], request_id=made)
    assistance.take(actor=cast["trainer"], request_id=made)
    with pytest.raises(RuleBroken, match="contact_missing"):
        assistance.answer(actor=cast["trainer"], request_id=made)


def test_what_is_late_is_shown_to_the_helping_side_first(cast):
    with time_machine.travel(datetime(2026, 11, 20, 9, tzinfo=UTC), tick=False) as clock:
        calm, urgent = asked(cast, urgency="can_wait"), asked(cast, urgency="blocked")
        assert [one.id for one in assistance.board(actor=cast["trainer"]).waiting] == [urgent, calm]
        clock.move_to(datetime(2026, 11, 22, 23, tzinfo=UTC))
        assert assistance.board(actor=cast["trainer"]).overdue == 0
        clock.move_to(datetime(2026, 11, 23, 1, tzinfo=UTC))
        board = assistance.board(actor=cast["trainer"])
        assert (board.overdue, board.waiting[0].overdue, board.waiting[1].overdue) == (1, True, False)


def test_somebody_who_does_not_take_part_asks_for_nothing_new_but_can_take_back(world, cast):
    made, done = asked(cast), asked(cast)
    assistance.take(actor=cast["trainer"], request_id=done)
    contact(cast["trainer"], done, answers=True)
    with base.transactional() as session:
        session.execute(update(Candidacy).where(Candidacy.id == world.candidacy_id("F. Martins")).values(participation="deferred"))
    with pytest.raises(RuleBroken, match="not_taking_part"):
        asked(cast)
    with pytest.raises(RuleBroken, match="not_taking_part"):
        assistance.reopen(actor=cast["candidate"], request_id=done)
    assistance.close(actor=cast["candidate"], request_id=done)
    assistance.withdraw(actor=cast["candidate"], request_id=made)
    assert not assistance.page(actor=cast["candidate"]).takes_part


# --- who learns of it --------------------------------------------------------------------------------------------------------


def test_whoever_observes_the_candidate_learns_nothing_of_it_though_they_train_and_deputise(world, cast):
    other = world.person("S. Haddad")
    made, others = asked(cast), assistance.ask(actor=other, request_id=base.new_id(), topic="platform", urgency="blocked", text="x")
    assert {one.id for one in assistance.board(actor=cast["observer"]).waiting} == {made, others}
    planned = plan(world, cast)
    assert [one.id for one in assistance.board(actor=cast["observer"]).waiting] == [others]
    for verb in (assistance.request_page, assistance.take, assistance.hand_back, assistance.answer):
        with pytest.raises(NotFound):
            verb(actor=cast["observer"], request_id=made)
    with pytest.raises(NotFound):
        contact(cast["observer"], made)
    observation.cancel(actor=cast["coordinator"], observation_id=planned)
    assert {one.id for one in assistance.board(actor=cast["observer"]).waiting} == {made, others}


def test_whoever_has_taken_it_and_is_then_planned_as_observer_sees_it_no_more(world, cast):
    made = asked(cast)
    assistance.take(actor=cast["observer"], request_id=made)
    plan(world, cast)
    assert board_of(cast["observer"]) == ((), (), ())
    with pytest.raises(NotFound):
        contact(cast["observer"], made)
    assistance.hand_back(actor=cast["coordinator"], request_id=made)
    assistance.take(actor=cast["trainer"], request_id=made)


def test_a_coordinator_who_observes_sees_it_all_the_same(world, cast):
    made = asked(cast)
    world.person("C. Both", "coordinator", "observer", standing="instructor")
    both = world.actor("C. Both")
    observation.plan(
        actor=both,
        candidacy_id=world.candidacy_id("F. Martins"),
        observer_id=both.person_id,
        planned_for=date(2026, 12, 1),
        protege_label="A",
    )
    assert [one.id for one in assistance.board(actor=both).waiting] == [made]


def test_a_trainer_who_is_a_candidate_too_does_not_help_themself(world, cast):
    own = world.person("Both", "trainer")
    made = assistance.ask(actor=own, request_id=base.new_id(), topic="platform", urgency="blocked", text="")
    assert assistance.board(actor=own).waiting == ()
    with pytest.raises(NotFound):
        assistance.take(actor=own, request_id=made)
    assert [one.id for one in assistance.board(actor=cast["trainer"]).waiting] == [made]


def test_nobody_reaches_a_request_of_another_candidate_course_or_organisation(world, cast):
    made, stranger = asked(cast), world.person("S. Haddad")
    for verb in (assistance.withdraw, assistance.close, assistance.reopen, assistance.decline):
        with pytest.raises(NotFound):
            verb(actor=stranger, request_id=made)
    elsewhere = replace(cast["trainer"], course_id=base.new_id())
    with pytest.raises(NotFound):
        assistance.request_page(actor=elsewhere, request_id=made)
    assert assistance.board(actor=elsewhere).waiting == ()


def test_what_was_said_and_what_it_is_about_stand_in_no_audit_line_and_nothing_goes_to_the_lms(world, cast):
    world.placement("module:M1")
    before = base.session().scalar(select(func.count(ScorePublication.id)))
    made = asked(cast)
    assistance.take(actor=cast["trainer"], request_id=made)
    contact(cast["trainer"], made, answers=True)
    assistance.reopen(actor=cast["candidate"], request_id=made)
    assistance.withdraw(actor=cast["candidate"], request_id=made)
    lines = base.session().scalars(select(AuditEvent).where(AuditEvent.object_kind == "assistance_request").order_by(AuditEvent.at)).all()
    assert [line.verb for line in lines] == ["ask", "take", "contact", "answer", "reopen", "withdraw"]
    assert all((line.object_id, line.facts, line.reason) == (made, {}, "") for line in lines)
    assert base.session().scalar(select(func.count(ScorePublication.id))) == before


def test_it_goes_its_way_on_either_database(any_app: Flask):
    world = make_world("Northfield")
    with base.tenant(world.org_id):
        candidate, helper = world.person("Ada"), world.person("Grace", "trainer", standing="instructor")
        with base.transactional() as session:
            offer = offering._offer(session, world.candidacy_id("Ada"), world.course_id, "inactive", "other", "")
            assert offering._offer(session, world.candidacy_id("Ada"), world.course_id, "inactive", "other", "") is None
        assert offer is not None
        assert assistance.form(actor=candidate, offer_id=offer).offer is not None
        assistance.accept(actor=candidate, request_id=offer, topic="competency:MC1", urgency="blocked", text=WORDS)
        assert [one.id for one in assistance.board(actor=helper).waiting] == [offer]
        assert [one.code for one in reports.staff_home(actor=helper, coordinated=True).todo] == ["help_waits"]
        assistance.take(actor=helper, request_id=offer)
        assistance.hand_back(actor=helper, request_id=offer)
        assistance.take(actor=helper, request_id=offer)
        contact(helper, offer)
        assistance.answer(actor=helper, request_id=offer)
        assistance.reopen(actor=candidate, request_id=offer)
        assert assistance.request_page(actor=helper, request_id=offer).verbs == {"take"}
        assistance.withdraw(actor=candidate, request_id=offer)
        assert assistance.helped(base.session(), world.candidacy_id("Ada")) == {(helper.person_id, frozenset({"MC1"}))}


def test_what_is_held_counts_help_for_oneself_and_not_for_the_office(world, cast):
    made = asked(cast)
    assistance.take(actor=cast["trainer"], request_id=made)
    contact(cast["trainer"], made)
    candidate, trainer = cast["candidate"], cast["trainer"]
    assert dict(holdings.look(actor=candidate, person_id=candidate.person_id).counts)["asked"] == 1
    assert dict(holdings.look(actor=trainer, person_id=trainer.person_id).counts)["helped"] == 1
    office = replace(cast["observer"], roles=frozenset({"member", "administrator"}))
    seen = holdings.look(actor=office, person_id=candidate.person_id)
    assert seen.known
    assert not {"asked", "helped"} & set(dict(seen.counts))


# --- one of two --------------------------------------------------------------------------------------------------------------


def test_of_many_who_take_it_at_once_one_has_it_and_the_others_are_told(any_app: Flask):
    world = make_world("Northfield")
    with base.tenant(world.org_id):
        cast = {"candidate": world.person("Ada")}
        helpers = [world.person(f"Helper {number}", "trainer", standing="instructor") for number in range(6)]
        made = asked(cast)
    gate, told = threading.Barrier(len(helpers)), []

    def take(who: Actor) -> None:
        with any_app.app_context(), base.tenant(world.org_id):
            gate.wait()
            try:
                assistance.take(actor=who, request_id=made)
                told.append(who.person_id)
            except RuleBroken as broken:
                told.append(broken.code)

    threads = [threading.Thread(target=take, args=(who,)) for who in helpers]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    with base.tenant(world.org_id):
        assert sorted(told) == sorted([str(row(made).helper_id), *["assistance_taken"] * (len(helpers) - 1)])


def test_whoever_read_it_as_waiting_a_moment_too_late_is_told_that_somebody_has_it(cast, monkeypatch):
    made = asked(cast)
    after = offering.rules.after

    def slow(state, verb, case):
        found = after(state, verb, case)
        if verb == "take":  # between our look and our update
            theirs = update(AssistanceRequest).values(state="taken", helper_id=cast["second"].person_id)
            base.session().execute(theirs.execution_options(synchronize_session=False))
        return found

    monkeypatch.setattr(offering.rules, "after", slow)
    with pytest.raises(RuleBroken, match="assistance_taken"):
        assistance.take(actor=cast["trainer"], request_id=made)


# --- offered -----------------------------------------------------------------------------------------------------------------


def take_check(actor: Actor, how=wrong) -> None:
    """A whole attempt at the check of module M1."""
    attempt = training.start_check(actor=actor, key="M1")
    module = training.module_page(actor=actor, key="M1").module
    for question in training.attempt_page(actor=actor, attempt_id=attempt).questions:
        item = module.item(question.key)
        for step in range(1, steps(item) + 1):
            training.answer(actor=actor, attempt_id=attempt, item_key=item.key, answer=how(item, step), step=step)


def right(item: Item, step: int) -> dict[str, object]:
    """The answer that earns everything."""
    given = right_answer(item, step)
    return {"cards": {key: str(value) for key, value in given["cards"].items()}} if "cards" in given else given


def test_two_failed_checks_are_reason_to_offer_help_once_and_nobody_else_sees_it(cast):
    ada = cast["candidate"]
    take_check(ada)
    assert rows() == []
    take_check(ada)
    (offer,) = assistance.page(actor=ada).offers
    assert (offer.topic.code, offer.reason, offer.state) == ("module:M1", "failed_checks", "offered")
    with time_machine.travel(base.now() + timedelta(days=4), tick=True):
        take_check(ada)
    assert len(rows()) == 1
    for who in ("trainer", "coordinator"):
        assert board_of(cast[who]) == ((), (), ())
        with pytest.raises(NotFound):
            assistance.take(actor=cast[who], request_id=offer.id)
    assistance.accept(actor=ada, request_id=offer.id, topic="module:M1", urgency="blocked", text="")
    assistance.accept(actor=ada, request_id=offer.id, topic="module:M1", urgency="blocked", text="")
    assert [one.id for one in assistance.board(actor=cast["trainer"]).waiting] == [offer.id]
    assert row(offer.id).offer_key is None


def test_a_declined_offer_is_gone_and_comes_again_only_after_as_many_failures(cast):
    ada = cast["candidate"]
    start = datetime(2026, 11, 2, 9, tzinfo=UTC)
    with time_machine.travel(start, tick=True) as clock:
        for day, offers in enumerate([0, 1, 0, 1]):
            clock.move_to(start + timedelta(days=3 * day))
            take_check(ada)
            page = assistance.page(actor=ada)
            assert len(page.offers) == offers, day
            for offer in page.offers:
                assistance.decline(actor=ada, request_id=offer.id)
                assistance.decline(actor=ada, request_id=offer.id)
                with pytest.raises(RuleBroken):
                    assistance.accept(actor=ada, request_id=offer.id, topic="platform", urgency="blocked", text="")


def test_a_mastered_check_offers_nothing(cast):
    ada = cast["candidate"]
    take_check(ada)
    take_check(ada, how=right)
    assert rows() == []


def test_the_inactive_are_offered_help_once_and_whoever_does_something_is_not(app: Flask):
    world = make_world("Northfield")
    with base.tenant(world.org_id):
        ada, busy, gone, asking = (world.person(name) for name in ("Ada", "Busy", "Gone", "Asking"))
        tested = world.person("Tested", test_user=True)
        now = base.now() + timedelta(days=30)
        with base.transactional() as session:
            session.execute(update(Membership).where(Membership.person_id == busy.person_id).values(launched_at=now - timedelta(days=20)))
            session.execute(update(Candidacy).where(Candidacy.person_id == gone.person_id).values(participation="withdrawn"))
        assistance.ask(actor=asking, request_id=base.new_id(), topic="platform", urgency="blocked", text="")
    assert assistance.offer_to_inactive(now=now) == (1, None)
    assert assistance.offer_to_inactive(now=now) == (0, None)
    with base.tenant(world.org_id):
        (offer,) = [one for one in rows() if one.state == "offered"]
        assert (offer.reason, offer.topic_kind, offer.candidacy_id) == ("inactive", "other", world.candidacy_id("Ada"))
        line = base.session().scalars(select(AuditEvent).where(AuditEvent.object_id == offer.id)).one()
        assert (line.actor_id, line.verb, line.facts) == ("system", "offer", {})
        with time_machine.travel(now, tick=True):
            assistance.decline(actor=ada, request_id=offer.id)
    assert assistance.offer_to_inactive(now=now + timedelta(days=20))[0] == 1, "the busy one, who has been away since"
    assert assistance.offer_to_inactive(now=now + timedelta(days=22))[0] == 1, "declining was an act"
    with base.tenant(world.org_id):
        assert tested.person_id not in {candidacy_owner(one.candidacy_id) for one in rows()}


def candidacy_owner(candidacy_id: str) -> str:
    return str(base.session().scalar(select(Candidacy.person_id).where(Candidacy.id == candidacy_id)))


def test_a_round_goes_step_by_step_over_all_organisations_and_rests_for_an_hour(any_app: Flask, monkeypatch):
    monkeypatch.setattr(offering, "offer_to_inactive", lambda **given: real(**given, most=2))
    real = assistance.offer_to_inactive
    worlds = [make_world(name) for name in ("Northfield", "Southgate")]
    for world in worlds:
        with base.tenant(world.org_id):
            for number in range(2):
                world.person(f"Candidate {number}")
    with time_machine.travel(base.now() + timedelta(days=22), tick=False) as clock:
        rounds = assistance.Rounds()
        assert [rounds.step() for _ in range(4)] == [True, True, False, False]
        clock.shift(timedelta(minutes=61))
        assert rounds.step() is False
    for world in worlds:
        with base.tenant(world.org_id):
            assert [one.reason for one in rows()] == ["inactive"] * 2


def test_looking_for_the_inactive_asks_as_often_for_many_as_for_few(app: Flask):
    world, counts = make_world("Northfield"), []
    for size in (2, 12):
        with base.tenant(world.org_id):
            for number in range(size):
                world.person(f"Candidate {size} {number}")
        assistance.offer_to_inactive(now=base.now())  # a programme version is read once a process
        with statements() as seen:
            assistance.offer_to_inactive(now=base.now())
        counts.append(len(seen))
    assert counts == [1, 1]


# --- who has helped ----------------------------------------------------------------------------------------------------------


def test_who_has_helped_with_what_is_known_for_twelve_months(world, cast):
    with_module, with_platform = asked(cast), asked(cast, topic="platform")
    assistance.take(actor=cast["trainer"], request_id=with_module)
    candidacy_id = world.candidacy_id("F. Martins")
    assert assistance.helped(base.session(), candidacy_id) == set(), "to take it is not yet to have helped"
    contact(cast["trainer"], with_module)
    assistance.take(actor=cast["second"], request_id=with_platform)
    contact(cast["second"], with_platform)
    module = training.module_page(actor=cast["candidate"], key="M1").module
    assert module.competencies
    expected = {(cast["trainer"].person_id, frozenset(module.competencies)), (cast["second"].person_id, frozenset())}
    assistance.withdraw(actor=cast["candidate"], request_id=with_module)
    assert assistance.helped(base.session(), candidacy_id) == expected, "taking a request back does not undo that somebody helped"
    assert assistance.helped(base.session(), candidacy_id, at=base.now() + timedelta(days=366)) == set()


def test_help_changes_nothing_of_what_is_met(world, cast):
    own = candidacies.of(cast["candidate"])
    before = candidacies.records(base.session(), own)
    made = asked(cast)
    assistance.take(actor=cast["trainer"], request_id=made)
    contact(cast["trainer"], made, answers=True)
    assert candidacies.records(base.session(), own) == before


def test_helpers_hear_that_somebody_asks_and_never_who_assesses_them_and_the_candidate_hears_of_an_answer(world, cast):
    plan(world, cast)
    made = asked(cast)
    assistance.take(actor=cast["trainer"], request_id=made)
    contact(cast["trainer"], made)
    assistance.answer(actor=cast["trainer"], request_id=made)
    notices = base.session().execute(select(Notification.person_id, Notification.kind).where(Notification.kind.like("help_%")))
    told = {(person, kind) for person, kind in notices}
    helpers = {(cast[name].person_id, "help_asked") for name in ("trainer", "second", "coordinator")}
    assert told == helpers | {(cast["candidate"].person_id, "help_answered")}
