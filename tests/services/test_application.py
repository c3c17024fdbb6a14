# SPDX-License-Identifier: Apache-2.0
"""From an application to a candidacy: kept as it is typed, frozen when submitted, read blind, decided by people, one place given once."""

from __future__ import annotations

import threading
from contextvars import copy_context
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import func, select, update

from conftest import World, make_world
from lti_mentoring.domain.board import Wanted
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import (
    application,
    board,
    dossier,
    holdings,
    intake,
    recorded,
    reference,
    reporting_line,
    reviewing,
    roles,
    selection,
)
from lti_mentoring.services.application import Declared
from lti_mentoring.services.declaring import NamedReferee
from lti_mentoring.services.reporting_line import Manager
from lti_mentoring.store import base
from lti_mentoring.store.application import Application, ApplicationSnapshot, Reference
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.delivery import ScorePublication
from lti_mentoring.store.notification import Notification
from lti_mentoring.store.people import Course, Person
from lti_mentoring.store.privacy import AuditEvent
from lti_mentoring.store.reporting_line import ReportingLine
from support.applying import REFEREES, answered, reviewed, submitted, submitted_by, taking_applications


def code_of(verb, **how) -> str:
    with pytest.raises(RuleBroken) as refused:
        verb(**how)
    return refused.value.code


def test_a_learner_who_launches_into_a_course_that_takes_applications_is_no_candidate_yet(world: World):
    taking_applications(world)
    with base.transactional() as session:
        found = intake.entry(session.connection(), org_id=world.org_id, course_id=world.course_id)
    assert found is None
    assert intake.of(org_id=world.org_id, course_id=world.course_id).mode == "apply"


def test_a_draft_is_kept_as_it_is_typed_and_two_windows_do_not_overwrite_each_other(world: World):
    taking_applications(world)
    who = world.person("Ada", standing="none")
    application.begin(actor=who)
    application.begin(actor=who)  # again is harmless
    revision, _ = application.save(actor=who, answers={"position": "Midwife"}, declared=Declared(), revision=0)
    assert code_of(application.save, actor=who, answers={"position": "Nurse"}, declared=Declared(), revision=0) == "draft_conflict"
    page = application.page(actor=who)
    assert (page.answers["position"], page.revision, page.state) == ("Midwife", revision, "draft")
    assert {problem.code for problem in page.problems} == {"missing", "not_declared"}


def test_what_is_missing_is_named_and_nothing_is_submitted_half(world: World):
    taking_applications(world, "assured")
    who = world.person("Ada", standing="none")
    application.begin(actor=who)
    with pytest.raises(RuleBroken) as refused:
        application.submit(actor=who, answers=answered(world, who, hours=""), declared=Declared(nobody=True), revision=0)
    assert [(one.field, one.code) for one in refused.value.facts["problems"]] == [("hours", "missing"), ("referees", "referees_missing")]
    assert application.page(actor=who).answers == {}
    said = Declared(referees=REFEREES)
    assert code_of(application.submit, actor=who, answers=answered(world, who), declared=said, revision=0) == "manager_unattested"
    assert base.session().scalar(select(func.count(ApplicationSnapshot.id))) == 0


def test_what_was_submitted_never_changes_and_what_is_added_stands_beside_it(world: World):
    lead = taking_applications(world)
    made = submitted(world, "Ada", position="Midwife")
    who = world.actor("Ada")
    assert code_of(application.save, actor=who, answers={"position": "Nurse"}, declared=Declared(), revision=1) == "application_closed"
    selection.ask_information(actor=lead, application_id=made, words="Where do the hours come from?")
    assert application.page(actor=who).asked == "Where do the hours come from?"
    application.give_information(actor=who, text="Fridays, agreed with my head.")
    read = dossier.dossier(actor=lead, application_id=made).submitted
    assert read.answers["position"] == "Midwife"
    assert read.supplements == (("Where do the hours come from?", "Fridays, agreed with my head."),)


def test_the_window_closes_at_its_last_moment_and_says_so(world: World):
    lead = taking_applications(world)
    who = world.person("Ada", standing="none")
    application.begin(actor=who)
    intake.change(actor=lead, mode="apply", places=None, opens_at=None, closes_at=datetime.now(UTC) - timedelta(seconds=1))
    said = Declared(nobody=True)
    assert code_of(application.submit, actor=who, answers=answered(world, who), declared=said, revision=0) == "window_closed"


def test_who_is_not_eligible_is_shown_to_a_person_and_declined_by_nobody_else(world: World):
    lead = taking_applications(world)
    made = submitted(world, "Ada", practised=False)
    read = dossier.dossier(actor=lead, application_id=made)
    assert [one.key for one in read.submitted.not_eligible] == ["practised"]
    assert read.state == "submitted"
    words = "The programme asks for three years; come back in spring."
    selection.decline(actor=lead, application_id=made, reason="not_eligible", feedback=words)
    door = application.door(actor=world.actor("Ada"))
    assert (door.earlier[-1].words, door.refused[0]) == (words, "reapply_later")


# --- reviews


def test_two_reviewers_are_blind_to_each_other_until_both_have_submitted(world: World):
    lead = taking_applications(world, "assured")
    first, second = (world.person(name, "observer", standing="none") for name in ("First", "Second"))
    made = submitted(world, "Ada")
    selection.assign(actor=lead, application_id=made, reviewer_id=second.person_id)
    reviewed(world, lead, made, first, 2)
    page = dossier.dossier(actor=lead, application_id=made)
    assert (page.state, page.reviews, page.standing) == ("under_review", (), None)
    assert code_of(selection.offer, actor=lead, application_id=made) == "reviews_missing"
    reviewed(world, lead, made, second, 3)
    page = dossier.dossier(actor=lead, application_id=made)
    assert [one.reviewer for one in page.reviews] == ["Second", "First"]
    assert page.standing is not None


def test_a_disagreement_asks_for_a_third_reviewer_before_anybody_decides(world: World):
    lead = taking_applications(world, "assured")
    people = [world.person(name, "observer", standing="none") for name in ("First", "Second", "Third")]
    made = submitted(world, "Ada")
    reviewed(world, lead, made, people[0], 3, E4=1)
    reviewed(world, lead, made, people[1], 3, E4=4)
    assert code_of(selection.offer, actor=lead, application_id=made) == "reviewers_apart"
    reviewed(world, lead, made, people[2], 3)
    selection.offer(actor=lead, application_id=made)
    assert dossier.dossier(actor=lead, application_id=made).state == "offered"


def test_R9_whoever_manages_the_applicant_cannot_review_and_is_told_why(world: World):
    lead = taking_applications(world)
    boss = world.person("Boss", "observer", standing="none")
    made = submitted(world, "Ada", declared=Declared(staff=(boss.person_id,), referees=REFEREES))
    with pytest.raises(RuleBroken) as refused:
        selection.assign(actor=lead, application_id=made, reviewer_id=boss.person_id)
    assert [one.code for one in refused.value.facts["conflicts"]] == ["manages"]
    assert dossier.dossier(actor=lead, application_id=made).managers == ("Boss",)


def test_R9_a_manager_or_referee_known_by_an_address_is_known_when_they_come(world: World):
    lead = taking_applications(world, "assured")
    head, referee = (world.person(name, "observer", standing="none") for name in ("Head", "Referee"))
    for person, email in ((head, "HEAD@example.org"), (referee, "oakes@example.org")):
        with base.transactional() as session:
            session.execute(update(Person).where(Person.id == person.person_id).values(email=email))
    said = Declared(managers=(Manager("direct", None, "My head", "head@Example.org"),), referees=REFEREES)
    made = submitted(world, "Ada", declared=said)
    found = {one.name: [conflict.code for conflict in one.conflicts] for one in dossier.dossier(actor=lead, application_id=made).reviewers}
    assert (found["Head"], found["Referee"], found["Coordinator"]) == (["manages"], ["refereed"], [])


def test_a_review_says_why_for_each_criterion_and_never_changes_once_it_is_in(world: World):
    lead = taking_applications(world)
    made = submitted(world, "Ada")
    selection.assign(actor=lead, application_id=made, reviewer_id=lead.person_id)
    (own,) = reviewing.waiting(actor=lead)
    assert code_of(reviewing.submit, actor=lead, review_id=own.id, marks=[], revision=0) == "review_gaps"
    base.session().rollback()
    other = world.person("Other", "observer", standing="none")
    with pytest.raises(NotFound):
        reviewing.save(actor=other, review_id=own.id, marks=[], revision=0)
    rubric = dossier.dossier(actor=lead, application_id=made).rubric
    marks = [reviewing.Mark(one.key, 3, "Said so.") for one in rubric.criteria]
    reviewing.submit(actor=lead, review_id=own.id, marks=marks, revision=0)
    assert code_of(reviewing.save, actor=lead, review_id=own.id, marks=[], revision=1) == "review_submitted"


# --- decisions


def ready(world: World, lead, name: str) -> str:
    made = submitted(world, name)
    reviewed(world, lead, made, lead)
    return made


def test_an_offer_accepted_in_time_makes_a_candidate_of_the_version_applied_under(world: World):
    lead = taking_applications(world)
    made = ready(world, lead, "Ada")
    selection.offer(actor=lead, application_id=made)
    who = world.actor("Ada")
    assert code_of(application.accept, actor=who, agreed=False) == "agreement_unsigned"
    application.accept(actor=who, agreed=True)
    row = base.session().scalars(select(Candidacy).where(Candidacy.person_id == who.person_id)).one()
    assert row.programme_version_id == base.session().scalar(select(Application.programme_version_id).where(Application.id == made))
    assert "candidate" in world.actor("Ada").roles


def test_two_coordinators_who_decide_the_last_place_at_once_give_one_place(any_app):
    made = make_world("Race")
    with base.tenant(made.org_id):
        lead = taking_applications(made, places=1)
        ids = [ready(made, lead, name) for name in ("Ada", "Ben", "Cleo", "Dev")]
        gate, told = threading.Barrier(len(ids)), []

        def decide(application_id: str) -> None:
            with any_app.app_context(), base.tenant(made.org_id):
                gate.wait()
                try:
                    selection.offer(actor=lead, application_id=application_id)
                    told.append("offered")
                except RuleBroken as broken:
                    told.append(broken.code)

        base.session().rollback()
        threads = [threading.Thread(target=copy_context().run, args=(decide, one)) for one in ids]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(told) == ["no_place_left"] * 3 + ["offered"]
        base.session().expire_all()
        assert intake.places_of(base.session(), made.course_id).given == 1
        states = base.session().scalars(select(Application.state)).all()
        assert sorted(states) == ["offered"] + ["under_review"] * 3


def test_an_offer_that_ends_gives_its_place_to_the_next(world: World):
    lead = taking_applications(world, places=1)
    ada, ben = ready(world, lead, "Ada"), ready(world, lead, "Ben")
    selection.offer(actor=lead, application_id=ada)
    selection.waitlist(actor=lead, application_id=ben)
    assert code_of(selection.offer, actor=lead, application_id=ben) == "no_place_left"
    with time_machine.travel(datetime.now(UTC) + timedelta(days=16)):
        assert code_of(application.accept, actor=world.actor("Ada"), agreed=True) == "offer_ended"
        base.session().rollback()
    org = world.org_id
    base._scope.set(None)
    with time_machine.travel(datetime.now(UTC) + timedelta(days=16)):
        assert selection.lapse()
        assert not selection.lapse()
    base._scope.set(org)
    selection.offer(actor=lead, application_id=ben)
    assert dossier.dossier(actor=lead, application_id=ada).state == "lapsed"


def test_a_decline_sends_nothing_to_the_lms_and_keeps_its_words_out_of_the_audit(world: World):
    lead = taking_applications(world)
    world.placement()
    made = ready(world, lead, "Ada")
    words = "Your examples end with your own advice; read about listening and come back."
    selection.decline(actor=lead, application_id=made, reason="not_yet", feedback=words)
    assert base.session().scalar(select(func.count(ScorePublication.id))) == 0
    facts = str([(one.verb, one.reason, one.facts) for one in base.session().scalars(select(AuditEvent))])
    assert words not in facts
    assert "not_yet" in facts


def test_who_withdraws_after_an_offer_gives_the_place_back_and_may_apply_again(world: World):
    lead = taking_applications(world, places=1)
    selection.offer(actor=lead, application_id=ready(world, lead, "Ada"))
    who = world.actor("Ada")
    application.withdraw(actor=who)
    assert intake.places_of(base.session(), world.course_id).given == 0
    application.begin(actor=who)
    assert application.page(actor=who).state == "draft"


def test_nobody_decides_on_their_own_application(world: World):
    lead = taking_applications(world)
    assert code_of(application.begin, actor=lead) == "applicant_decides"
    made = submitted(world, "Ada")
    deputy = world.person("Deputy", "deputy", standing="none")
    with base.transactional() as session:
        session.execute(update(Application).where(Application.id == made).values(person_id=deputy.person_id, slot=deputy.person_id))
    assert code_of(selection.decline, actor=deputy, application_id=made, reason="other", feedback="x" * 30) == "application_own"


def test_another_course_reads_and_decides_nothing_here(world: World):
    lead = taking_applications(world)
    made = submitted(world, "Ada")
    elsewhere = type(lead)(lead.org_id, lead.person_id, base.new_id(), lead.name, lead.roles, lead.registration_id)
    with pytest.raises(NotFound):
        dossier.dossier(actor=elsewhere, application_id=made)
    with pytest.raises(NotFound):
        selection.offer(actor=elsewhere, application_id=made)


# --- references


def asked(world: World, lead, made: str) -> str:
    row = base.session().scalars(select(Reference).where(Reference.application_id == made).order_by(Reference.number)).first()
    return reference.issue(actor=lead, application_id=made, reference_id=row.id)


def test_a_referee_speaks_once_through_a_link_that_nobody_can_guess(world: World):
    lead = taking_applications(world, "assured")
    made = submitted(world, "Ada")
    old, token = asked(world, lead, made), asked(world, lead, made)
    assert reference.organisation_of(token) == world.org_id
    with pytest.raises(NotFound):
        reference.page(token=old)
    assert reference.page(token=token).applicant == "Ada"
    assert code_of(reference.answer, token=token, supports="yes", text="Fine.") == "reference_short"
    reference.answer(token=token, supports="yes", text="She asked me three questions and I had my answer.")
    assert code_of(reference.answer, token=token, supports="no", text="On second thoughts I would rather not say so.") == "reference_given"
    row = dossier.dossier(actor=lead, application_id=made).references[0]
    assert (row.state, row.supports) == ("given", "yes")
    assert code_of(asked, world=world, lead=lead, made=made) == "reference_given"


def test_a_link_ends_after_a_month_and_with_the_application(world: World):
    lead = taking_applications(world, "assured")
    made = submitted(world, "Ada")
    token = asked(world, lead, made)
    with time_machine.travel(datetime.now(UTC) + timedelta(days=31)):
        assert code_of(reference.page, token=token) == "reference_old"
    application.withdraw(actor=world.actor("Ada"))
    assert code_of(reference.page, token=token) == "reference_late"


@pytest.mark.parametrize("token", ["", "x", "0" * 32 + "-", "../../etc", "0" * 32 + "-" + "a" * 40 + "\n"])
def test_what_is_no_link_names_no_organisation(token: str):
    with pytest.raises(NotFound):
        reference.organisation_of(token)


def test_two_referees_are_two_people(world: World):
    taking_applications(world, "assured")
    twice = (NamedReferee("A", "one@example.org", ""), NamedReferee("B", "ONE@example.org", ""))
    with pytest.raises(RuleBroken) as refused:
        submitted(world, "Ada", declared=Declared(nobody=True, referees=twice))
    assert [one.code for one in refused.value.facts["problems"]] == ["referee_twice"]


def told(world: World, name: str) -> list[str]:
    rows = base.session().scalars(select(Notification).where(Notification.person_id == world.people[name]).order_by(Notification.id))
    return [row.kind for row in rows]


def test_reviewers_and_applicants_hear_that_there_is_something_and_not_what(world: World):
    lead = taking_applications(world)
    reader = world.person("Reader", "observer", standing="none")
    made = submitted(world, "Ada")
    reviewed(world, lead, made, reader)
    selection.ask_information(actor=lead, application_id=made, words="Where do the hours come from?")
    assert (told(world, "Reader"), told(world, "Ada")) == (["application_waits"], ["application_news"])
    assert all(row.facts == {} for row in base.session().scalars(select(Notification)))


# --- what somebody tried


def test_I9_a_coordinator_who_asks_one_reviewer_only_reads_nothing_until_as_many_as_the_policy_wants_are_in(world: World):
    lead = taking_applications(world, "assured")
    first = world.person("First", "observer", standing="none")
    made = submitted(world, "Ada")
    reviewed(world, lead, made, first)
    assert dossier.dossier(actor=lead, application_id=made).reviews == ()
    selection.assign(actor=lead, application_id=made, reviewer_id=lead.person_id)
    selection.relieve(actor=lead, application_id=made, reviewer_id=lead.person_id)
    assert dossier.dossier(actor=lead, application_id=made).reviews == ()


def test_nobody_asks_for_reviews_until_the_mean_fits(world: World):
    lead = taking_applications(world)
    friend = world.person("Friend", "observer", standing="none")
    made = submitted(world, "Ada")
    reviewed(world, lead, made, lead, 2)
    assert code_of(selection.assign, actor=lead, application_id=made, reviewer_id=friend.person_id) == "reviews_complete"


def test_R9_a_coordinator_who_manages_the_applicant_neither_reads_nor_decides(world: World):
    lead = taking_applications(world)
    made = submitted(world, "Ada", declared=Declared(staff=(lead.person_id,), referees=REFEREES))
    assert code_of(dossier.dossier, actor=lead, application_id=made) == "manager_decides"
    assert code_of(selection.decline, actor=lead, application_id=made, reason="not_eligible", feedback="x" * 30) == "manager_decides"
    (row,) = dossier.queue(actor=lead).rows
    assert (row.name, row.state, row.submitted_at) == ("Ada", "", None)
    assert board.page(actor=lead, wanted=Wanted()).rows == []
    deputy = world.person("Deputy", "deputy", standing="instructor")
    assert [one.state for one in dossier.queue(actor=deputy).rows] == ["submitted"]
    assert [one.name for one in board.page(actor=deputy, wanted=Wanted()).rows] == ["Ada"]


def test_R9_it_reaches_up_the_direct_line_of_managers_and_no_further(world: World):
    lead = taking_applications(world)
    boss, appraiser = world.person("Boss", "trainer", standing="none"), world.person("Appraiser", standing="none")
    submitted(world, "Ada", declared=Declared(staff=(boss.person_id,), referees=REFEREES))
    with base.transactional() as session:
        facts = {"started_on": base.now().date(), "said_by": boss.person_id, "manager_email": "", "manager_name": ""}
        for kind, manager in (("direct", lead), ("appraiser", appraiser)):
            session.add(ReportingLine(subordinate_id=boss.person_id, manager_id=manager.person_id, kind=kind, **facts))
    today, ada = base.now().date(), world.people["Ada"]
    assert reporting_line.led_by(base.session(), lead.person_id, on=today) == {boss.person_id, ada}
    assert reporting_line.led_by(base.session(), appraiser.person_id, on=today) == {boss.person_id}
    assert reporting_line.led_by(base.session(), boss.person_id, on=today) == {ada}
    assert reporting_line.led_by(base.session(), ada, on=today) == set()


def test_whoever_applies_here_reviews_and_decides_on_no_rival(world: World):
    lead = taking_applications(world)
    rival = world.person("Rival", "observer", standing="none")
    submitted_by(world, rival)
    made = submitted(world, "Ada")
    assert code_of(selection.assign, actor=lead, application_id=made, reviewer_id=rival.person_id) == "reviewer_conflict"
    roles.appoint(actor=lead, person_id=rival.person_id, role="deputy")
    assert code_of(dossier.dossier, actor=world.actor("Rival"), application_id=made) == "applicant_decides"


def test_a_selection_recorded_beside_an_application_takes_one_place_and_nobody_records_themself(world: World):
    lead = taking_applications(world, places=2)
    submitted(world, "Ada")
    how = {"decided_by": "The board", "decided_on": datetime.now(UTC).date(), "why": "Known."}
    assert code_of(recorded.record, actor=lead, text="Ada", **how) == "list_names_nobody"
    assert recorded.check(actor=lead, text="Ada")[0].match.why_not == "applied"
    assert code_of(recorded.record, actor=lead, text="Coordinator", **how) == "recorded_oneself"


def test_a_draft_of_a_course_that_takes_applications_no_more_is_not_submitted(world: World):
    lead = taking_applications(world)
    who = world.person("Ada", standing="none")
    application.begin(actor=who)
    intake.change(actor=lead, mode="open", places=None, opens_at=None, closes_at=None)
    said = Declared(nobody=True)
    assert code_of(application.submit, actor=who, answers=answered(world, who), declared=said, revision=0) == "window_closed"


def test_a_manager_s_address_with_signs_of_a_pattern_is_nobody_else_s(world: World):
    lead = taking_applications(world)
    other = world.person("Other", "observer", standing="none")
    with base.transactional() as session:
        session.execute(update(Person).where(Person.id == other.person_id).values(email="annaxb@example.org"))
    said = Declared(managers=(Manager("direct", None, "Anna", "anna_b@example.org"),), referees=REFEREES)
    made = submitted(world, "Ada", declared=said)
    found = {one.name: one.conflicts for one in dossier.dossier(actor=lead, application_id=made).reviewers}
    assert found["Other"] == ()


def test_what_is_held_counts_applications_and_lines_and_tells_nobody_what_others_have_said_of_them(world: World):
    lead = taking_applications(world)
    submitted(world, "Ada", declared=Declared(staff=(lead.person_id,), referees=REFEREES))
    who = world.actor("Ada")
    counts = dict(holdings.look(actor=who, person_id=who.person_id).counts)
    assert (counts["applications"], counts["lines"], counts["reviews"]) == (1, 1, 0)
    assert "references" not in counts


def test_the_intake_is_made_once_by_two_who_decide_at_once(any_app):
    made = make_world("Twice")
    with base.tenant(made.org_id):
        lead = made.person("Coordinator", "coordinator", standing="instructor")
        gate, told = threading.Barrier(2), []

        def decide() -> None:
            with any_app.app_context(), base.tenant(made.org_id):
                gate.wait()
                intake.change(actor=lead, mode="recorded", places=3, opens_at=None, closes_at=None)
                told.append(True)

        base.session().rollback()
        threads = [threading.Thread(target=copy_context().run, args=(decide,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert told == [True, True]
        assert intake.of(org_id=made.org_id, course_id=made.course_id).places == 3


def test_the_wait_after_a_decline_holds_in_every_course_of_the_programme(world: World):
    lead = taking_applications(world)
    made = submitted(world, "Ada")
    selection.decline(actor=lead, application_id=made, reason="not_eligible", feedback="Come back with three years of practice.")
    elsewhere = base.new_id()
    with base.transactional() as session:
        session.add(Course(id=elsewhere, issuer="https://lms.example/other", context_id="c:other", title="Another course"))
        session.flush()
        session.execute(update(Application).where(Application.id == made).values(course_id=elsewhere))
    assert code_of(application.begin, actor=world.actor("Ada")) == "reapply_later"


def test_a_referee_has_an_address_so_that_it_is_known_who_speaks(world: World):
    taking_applications(world, "assured")
    with pytest.raises(RuleBroken) as refused:
        submitted(world, "Ada", declared=Declared(nobody=True, referees=(REFEREES[0], NamedReferee("No Address", "", ""))))
    assert [one.code for one in refused.value.facts["problems"]] == ["referees_missing"]
