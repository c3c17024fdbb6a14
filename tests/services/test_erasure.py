# SPDX-License-Identifier: Apache-2.0
"""Erasure: afterwards nothing says who it was, what must stay stays without a name, and no roster brings them back unasked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from conftest import World, make_world
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.lti.memberships import Member
from lti_mentoring.services import assistance, enrolment, erasure, note, notification, outcome, reporting_line, tombstone
from lti_mentoring.services.enrolment import Place
from lti_mentoring.services.reporting_line import Manager
from lti_mentoring.store import base
from lti_mentoring.store.application import Application, ApplicationSnapshot
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.centre import Erasure
from lti_mentoring.store.mentorship import Mentorship
from lti_mentoring.store.outcome import OutcomeReading
from lti_mentoring.store.people import Identity, Membership, Person
from lti_mentoring.store.privacy import AuditEvent
from lti_mentoring.store.talk import TalkKey
from support import applying, pairing
from support.visitor import Visitor

MARK = "Zebrafinch"
"""In every word of the person."""


class Killed(Exception):
    """The process ended in the middle of a step."""


def filled(app: Flask, world: World) -> Actor:
    """Somebody with words in as many places as there are ways to write them."""
    lead = applying.taking_applications(world)
    ada = world.person(f"Ada {MARK}")
    with base.transactional() as session:
        session.execute(update(Person).where(Person.id == ada.person_id).values(email=f"ada@{MARK}.example".lower()))
    assistance.ask(actor=ada, request_id=base.new_id(), topic="platform", urgency="blocked", text=f"{MARK} needs a hand.")
    applicant_words = {"answers": {"motive": f"{MARK} writes."}, "declared": {}}
    with base.transactional() as session:
        row = Application(
            course_id=world.course_id,
            person_id=ada.person_id,
            slot=ada.person_id,
            programme_version_id=session.scalars(select(Candidacy.programme_version_id).where(Candidacy.person_id == ada.person_id)).one(),
            state="submitted",
            answers={"motive": f"{MARK} writes.", "areas": [MARK]},
        )
        session.add(row)
        session.flush()
        session.add(ApplicationSnapshot(application_id=row.id, kind="submitted", content_hash="h", body=applicant_words))
        notice = {"org_id": world.org_id, "person_id": ada.person_id, "kind": "training_begins", "endpoint": "home.index"}
        notification.tell(session, facts={}, ids={"course": world.course_id}, **notice)
    bo = world.person("Bo Lind")
    managed = [Manager("direct", name=f"A. {MARK}", email=f"ada@{MARK}.example")]
    reporting_line.enter(actor=lead, person_id=bo.person_id, managers=managed)
    pairing.paired(lead, world.person("A. Mwangi", standing="instructor").person_id, f"Ada {MARK}")
    Visitor(app, ada)
    return ada


def dump() -> str:
    """Everything that is at rest."""
    base.session().rollback()
    with base.db.engine.connect() as connection:
        tables = base.Base.metadata.sorted_tables
        return "\n".join(f"{table.name}: {tuple(row)}" for table in tables for row in connection.execute(select(table)))


def erase(world: World, person_id: str) -> str:
    """All steps, one after the other. -> the erasure"""
    erasure_id = erasure.by_operator(org_id=world.org_id, person_id=person_id)
    while erasure.run(erasure_id=erasure_id):
        pass
    return erasure_id


def test_nothing_says_who_it_was_and_a_kill_in_any_step_loses_nothing(any_app: Flask, monkeypatch: pytest.MonkeyPatch):
    world = make_world("Northfield")
    with base.tenant(world.org_id):
        ada = filled(any_app, world)
        assert dump().count(MARK) > 5
        events = base.session().scalar(select(func.count()).select_from(AuditEvent))
        erasure_id, real, dying = erasure.by_operator(org_id=world.org_id, person_id=ada.person_id), erasure.steps(), [True]

        def mortal(act):
            def acts(*args):
                count = act(*args)
                if dying[0]:
                    raise Killed
                return count

            return acts

        monkeypatch.setattr(erasure, "steps", lambda: tuple((name, held, mortal(act)) for name, held, act in real))
        for _ in real:
            dying[0] = True
            with pytest.raises(Killed):
                erasure.run(erasure_id=erasure_id)
            dying[0] = False
            assert erasure.run(erasure_id=erasure_id)
        assert not erasure.run(erasure_id=erasure_id)
        assert MARK.lower() not in dump().lower()
        told = erasure.report(erasure_id=erasure_id, backup_days=35)
        assert told["state"] == "done"
        assert told["backups_expire"] == (base.now() + timedelta(days=35)).date().isoformat()
        assert base.session().scalar(select(func.count()).select_from(AuditEvent)) > events
        candidacy = base.session().scalars(select(Candidacy).where(Candidacy.person_id == ada.person_id)).one()
        assert candidacy.participation == "withdrawn"
        assert base.session().scalars(select(Mentorship)).one().state == "ended"
        assert base.session().scalars(select(Application)).one().state == "withdrawn"


def member(sub: str) -> Member:
    return Member(sub=sub, roles=(), status="active", name=f"Ada {MARK}", email=None, standing="learner", test_user=False)


def test_a_roster_skips_whoever_was_erased_until_they_agree_and_names_no_erased_row(any_app: Flask):
    world = make_world("Northfield")
    with base.tenant(world.org_id):
        ada = world.person(f"Ada {MARK}")
        sub, issuer = f"sub-{ada.person_id}", f"https://lms.example/{world.org_id}"
        place = Place(world.org_id, world.course_id, issuer, world.registration_id, 1)
        erase(world, ada.person_id)
        assert sub not in dump()
        with base.transactional() as session:
            assert enrolment.write(session.connection(), place, [member(sub), member("somebody-else")], base.now()).added == 1
        assert base.session().scalar(select(Identity.id).where(Identity.sub == sub)) is None
        with base.transactional() as session:
            them = {"org": world.org_id, "its": ada.person_id, "said": MARK, "mail": MARK}
            session.connection().execute(enrolment._NAME, them)
        assert base.session().scalars(select(Person.name).where(Person.id == ada.person_id)).one() is None
        with pytest.raises(tombstone.ErasedBefore) as erased, base.transactional() as session:
            tombstone.stop(session.connection(), Launched(issuer, sub), world.org_id)
        tombstone.lift(org_id=world.org_id, mark=erased.value.mark)
        with base.transactional() as session:
            assert enrolment.write(session.connection(), place, [member(sub)], base.now()).added == 1
        fresh = base.session().scalars(select(Identity.person_id).where(Identity.sub == sub)).one()
        assert fresh != ada.person_id
        assert base.session().scalar(select(func.count()).select_from(Membership).where(Membership.person_id == ada.person_id)) == 0


class Launched:
    """What a launch says of its person."""

    def __init__(self, issuer: str, sub: str) -> None:
        self.issuer, self.sub = issuer, sub


def test_a_hold_that_comes_in_the_middle_keeps_the_records_and_not_the_private_words(any_app: Flask):
    world = make_world("Northfield")
    with base.tenant(world.org_id):
        ada = filled(any_app, world)
        erasure_id = erasure.by_operator(org_id=world.org_id, person_id=ada.person_id)
        assert erasure.run(erasure_id=erasure_id)
        erasure.hold(person_id=ada.person_id, reason="An appeal")
        while erasure.run(erasure_id=erasure_id):
            pass
        assert f"{MARK} needs a hand." not in dump()
        assert f"{MARK} writes." in dump()
        assistance.ask(actor=ada, request_id=base.new_id(), topic="other", urgency="blocked", text=f"{MARK} is back.")
    assert not erasure.step()
    with base.tenant(world.org_id):
        erasure.release(person_id=ada.person_id)
        assert base.session().scalars(select(Erasure.due_at)).one() <= base.now()
        while erasure.run(erasure_id=erasure_id):
            pass
        assert MARK.lower() not in dump().lower()


def test_a_pair_that_is_erased_one_between_the_steps_of_the_other_leaves_no_key(any_app: Flask):
    world = make_world("Northfield")
    with base.tenant(world.org_id):
        lead, ada, bo = world.person("R. Okafor", "coordinator", standing="instructor"), world.person("Ada Quill"), world.person("Bo Lind")
        pair = pairing.paired(lead, ada.person_id, "Bo Lind")
        note.keep(actor=ada, mentorship_id=pair, note_id=base.new_id(), text="Said.", known=0, shared=True)
        both = [erasure.by_operator(org_id=world.org_id, person_id=one.person_id) for one in (ada, bo)]
        going = set(both)
        while going:
            going = {one for one in both if one in going and erasure.run(erasure_id=one)}
        key = base.session().scalars(select(TalkKey).execution_options(populate_existing=True)).one()
        assert (key.wrapped, key.destroyed_at is not None) == (None, True)


def test_what_hangs_on_a_row_goes_with_it_though_it_is_newer_than_its_own_step(any_app: Flask):
    world = make_world("Northfield")
    with base.tenant(world.org_id):
        lead = world.person("R. Okafor", "coordinator", standing="instructor")
        mentor, ada = world.person("F. Martins"), world.person("Ada Quill")
        pair, made = pairing.paired(lead, mentor.person_id, "Ada Quill"), base.new_id()
        outcome.add(actor=ada, mentorship_id=pair, measure_id=made, kind="time", baseline=9.0, target=4.0, horizon=6)
        erasure_id = erasure.by_operator(org_id=world.org_id, person_id=ada.person_id)
        names = [name for name, _, _ in erasure.steps()]
        for _ in range(names.index("outcome_reading") + 1):
            assert erasure.run(erasure_id=erasure_id)
        with base.transactional() as session:
            session.add(OutcomeReading(measure_id=made, read_on=base.now().date(), value=8.0))
        while erasure.run(erasure_id=erasure_id):
            pass
        assert erasure.report(erasure_id=erasure_id, backup_days=35)["state"] == "done"


def test_one_that_cannot_go_on_keeps_nobody_elses_waiting(any_app: Flask, monkeypatch: pytest.MonkeyPatch):
    world = make_world("Northfield")
    with base.tenant(world.org_id):
        stuck, ada = world.person("Bo Lind"), world.person("Ada Quill")
        for one in (stuck, ada):
            erasure.by_operator(org_id=world.org_id, person_id=one.person_id)
    real = erasure.steps()

    def breaks(act: erasure.Step) -> erasure.Step:
        def acts(session: Session, org_id: str, person_id: str) -> int:
            if person_id == stuck.person_id:
                raise Killed
            return act(session, org_id, person_id)

        return acts

    monkeypatch.setattr(erasure, "steps", lambda: tuple((name, held, breaks(act)) for name, held, act in real))
    with pytest.raises(Killed):
        erasure.step()
    while erasure.step():
        pass
    with base.tenant(world.org_id):
        assert set(base.session().execute(select(Erasure.person_id, Erasure.state)).all()) == {
            (stuck.person_id, "waiting"),
            (ada.person_id, "done"),
        }


def test_by_the_door_an_erasure_waits_its_days(any_app: Flask):
    world = make_world("Northfield")
    with base.tenant(world.org_id):
        ada = replace(world.person("Ada Quill"), registration_id="")
        with pytest.raises(RuleBroken, match="erasure_not_sooner"):
            erasure.ask(actor=ada, sure=True, hasten=True)
        erasure.ask(actor=ada, sure=True)
        with pytest.raises(RuleBroken, match="erasure_not_sooner"):
            erasure.ask(actor=ada, sure=True, hasten=True)


def test_it_is_asked_twice_waits_fourteen_days_and_is_taken_back(any_app: Flask):
    world = make_world("Northfield")
    with base.tenant(world.org_id):
        ada = world.person("Ada Quill")
        with pytest.raises(RuleBroken, match="erasure_unsure"):
            erasure.ask(actor=ada, sure=False)
        erasure.ask(actor=ada, sure=True)
        asked = erasure.standing(base.session(), ada.person_id)
        assert asked is not None
        assert timedelta(days=13, hours=23) < asked.due_at - base.now() <= timedelta(days=14)
        erasure.take_back(actor=ada)
        assert erasure.standing(base.session(), ada.person_id) is None
        erasure.ask(actor=ada, sure=True)
        erasure.ask(actor=ada, sure=True, hasten=True)
    assert erasure.step()
    with base.tenant(world.org_id), pytest.raises(RuleBroken, match="erasure_begun"):
        erasure.take_back(actor=ada)
