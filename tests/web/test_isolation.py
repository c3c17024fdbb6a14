# SPDX-License-Identifier: Apache-2.0
"""Two organisations, every address, every role: the other's ids are never found (checklist AS-07)."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from conftest import World, make_world
from lti_mentoring import app as wiring
from lti_mentoring.demo.story import right_answer
from lti_mentoring.domain.answer import steps
from lti_mentoring.domain.notification import FAMILIES
from lti_mentoring.domain.observation import Rating
from lti_mentoring.domain.people import Actor, may
from lti_mentoring.domain.recognition import Claim
from lti_mentoring.services import (
    application,
    assistance,
    comparison,
    concern,
    dossier,
    draft,
    editing,
    exempting,
    founding,
    intake,
    invite,
    marking,
    matter,
    mentorship,
    moving,
    note,
    notification,
    observation,
    opening,
    outside,
    practice,
    recognition,
    relation,
    reporting_line,
    reviewing,
    roles,
    room,
    selection,
    training,
)
from lti_mentoring.services import second as second_verbs
from lti_mentoring.services.rating import Note
from lti_mentoring.services.reporting_line import Manager
from lti_mentoring.services.session import hashed
from lti_mentoring.settings import Settings
from lti_mentoring.store import base, centre
from lti_mentoring.store.assistance import AssistanceRequest
from lti_mentoring.store.centre import PrivacyCopy
from lti_mentoring.store.delivery import Mail, ScorePublication
from lti_mentoring.store.field import Participant
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.outcome import OutcomeMeasure, OutcomeReading
from lti_mentoring.store.platform import Deployment, Registration
from support import applying, marked, pairing, rating
from support.closing import let_go
from support.visitor import Visitor, handle

COURSE = "course"
ROLES = ("candidate", "other", "observer", "trainer", "coordinator", "deputy", "teacher", "administrator")


@dataclass(frozen=True)
class Example:
    """A filled request. ``{name}`` stands for the id of that name; ``by`` is a role for which it works."""

    by: str
    path: dict[str, Any] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    form: dict[str, str] | None = None
    json: dict[str, Any] | None = None
    method: str = "GET"


def post(by: str, form: dict[str, str] | None = None, **path: Any) -> Example:
    """A form."""
    return Example(by, path, form=form or {}, method="POST")


ALIKE = {"review.person", "holdings.index"}
"""Pages about a person that tell most readers the same of everybody, known or not: that it is not for them."""

THEIR_OWN = {"observation.make_plan": 403, "mentorship.make": 403, "field_api.send": 409, "note.keep": 409, "note_api.put_note": 409}
"""What says for whom it is; most roles may say themselves alone, and are told so before anything is looked up. Or, with 409, what takes the
form's own id: of one that is not there nothing is kept, and what was typed is shown again."""

SHEET = {"revision": "0", "criterion": "C1", "level-C1": "3", "notes-C1": "{note}", "action": "keep"}
DRAFT = {"revision": 0, "ratings": [{"criterion": "C1", "level": 3, "notes": ["{note}"]}]}

CLAIM = {"claim": "5" * 32, "what": "Questions", "place": "A college", "period": "2023", "evidence": "A certificate"}

EXAMPLES: dict[str, Example] = {
    "home.index": Example("candidate"),
    "home.way": Example("candidate"),
    "home.placed": Example("coordinator", path={"item": "cohort"}),
    "people.name": Example("candidate", query={"next": "/courses/{course}/way"}),
    "people.choose_name": post("other", {"name": "Chosen"}),
    "people.take_coordination": post("teacher"),
    "people.index": Example("coordinator"),
    "people.appoint": post("coordinator", {"role": "trainer"}, person="{person}"),
    "people.dismiss": post("coordinator", {"role": "trainer"}, person="{person}"),
    "people.invite": post("coordinator", {"role": "observer"}),
    "roster.index": Example("coordinator"),
    "window.ask": post("other"),
    "signing_out.sign_out": post("other"),
    "review.index": Example("coordinator"),
    "review.person": Example("coordinator", {"person": "{person}"}, {"activity": "{activity}"}),
    "concern.index": Example("observer", query={"about": "{told_about}"}),
    "concern.report": post(
        "observer", {"report": "7" * 32, "about": "{told_about}", "confidant": "{confidant}", "words": "It got out.", "may_tell": "true"}
    ),
    "concern.sheet": Example("observer", {"told": "{told}"}),
    "concern.act": post("observer", told="{told}", verb="withdraw"),
    "concern.agree": post("teacher"),
    "concern.desk": Example("coordinator"),
    "concern.name": post("coordinator", {"person": "{person}"}),
    "my_privacy.index": Example("other"),
    "my_privacy.ask_copy": post("other"),
    "my_privacy.take_copy": Example("other", {"copy": "{copy}"}),
    "my_privacy.erasing": Example("other"),
    "my_privacy.erase": post("other", {"verb": "ask", "sure": "true"}),
    "holdings.index": Example("other", {"person": "{person}"}),
    "privacy.index": Example("other"),
    "roster.ask": post("coordinator", {}),
    "people.invitation": Example("other", query={"code": "{code}"}),
    "people.redeem": post("other", {"code": "{code}"}),
    "people.office": Example("administrator"),
    "placement.index": Example("coordinator"),
    "placement.change": post("coordinator", {"item": "programme", "grading": "points"}, activity="{activity}"),
    "handout.index": Example("other"),
    "handout.one": Example("other", {"key": "agreement"}),
    "training.module": Example("candidate", {"key": "M1"}),
    "training.part": Example("candidate", {"key": "M1", "part": "{part}"}),
    "training.practice": Example("candidate", {"key": "M1"}),
    "training.check": Example("candidate", {"key": "M1"}),
    "training.start": post("other", key="M1"),
    "training.attempt": Example("candidate", {"attempt": "{attempt}"}),
    "training.question": Example("candidate", {"attempt": "{attempt}", "number": 1}),
    "training.answer": post("candidate", {"step": "1", "choice": "A"}, attempt="{attempt}", number=1),
    "training.result": Example("candidate", {"attempt": "{attempt}"}),
    "training.preview": Example("trainer", {"key": "M1", "number": 1}),
    "training.try_out": post("trainer", {"step": "1", "choice": "A"}, key="M1", number=4),
    "training_api.keep": Example("candidate", {"attempt": "{attempt}", "item": "{item}"}, json={"choice": "A"}, method="POST"),
    "practice.keep": post("writer", {"revision": "1", "text": "Open questions.", "action": "draft"}, key="M1"),
    "practice_api.put_text": Example("writer", {"key": "M1"}, json={"revision": 1, "text": "Open questions."}, method="PUT"),
    "practice.queue": Example("trainer"),
    "practice.sheet": Example("trainer", {"submission": "{submission}"}),
    "practice.claim": post("trainer", submission="{submission}"),
    "practice.hand_back": post("coordinator", submission="{claimed}"),
    "practice.mark": post("coordinator", {"revision": "0", "criterion": "P1", "level-P1": "3"}, submission="{claimed}"),
    "recognition.index": Example("candidate"),
    "recognition.ask": post("other", {**CLAIM, "module": "M1"}),
    "recognition.take_back": post("candidate", recognition="{recognition}"),
    "recognition.queue": Example("trainer"),
    "recognition.form": Example("coordinator"),
    "recognition.propose": post("coordinator", {**CLAIM, "module": "{other_candidacy}:M1"}),
    "recognition.sheet": Example("trainer", {"recognition": "{recognition}"}),
    "recognition.decide": post("trainer", {"reason": "Shown."}, recognition="{recognition}", verb="agree"),
    "observation.index": Example("observer"),
    "observation.cohort": Example("coordinator"),
    "board.index": Example("coordinator"),
    "board.person": Example("coordinator", {"candidacy": "{candidacy}"}),
    "board.export": Example("coordinator"),
    "profile.own": Example("candidate"),
    "profile.person": Example("coordinator", {"candidacy": "{candidacy}"}),
    "profile.cohort": Example("coordinator"),
    "profile.export": Example("coordinator"),
    "listing.index": Example("coordinator", query={"observer": "{observer}"}),
    "listing.export": Example("coordinator"),
    "report.pdf": Example("candidate", {"observation": "{released}"}),
    "participation.own": Example("candidate"),
    "participation.leave": Example("candidate"),
    "participation.act": post("other", {"verb": "withdraw", "reason": "no_time", "sure": "1"}),
    "participation.candidate": Example("coordinator", {"candidacy": "{candidacy}"}),
    "participation.decide": post("coordinator", {"verb": "extend", "reason": "illness"}, candidacy="{candidacy}"),
    "participation.enrol": post("coordinator", {"state": "active", "day": "2026-02-01"}, candidacy="{candidacy}"),
    "directory.index": Example("other"),
    "directory.own": Example("candidate"),
    "directory.write": post("candidate", {"languages": "en", "capacity": "2", "hours": "3", "own": "Ward rounds"}),
    "directory.list_entry": post("candidate", {"listed": "yes"}),
    "mentorship.index": Example("coordinator"),
    "mentorship.form": Example("coordinator"),
    "mentorship.make": post(
        "coordinator",
        {"pair": "d" * 32, "leader": "{observer}", "proteges": "Bo Lind, bo@example.org", "started_on": "2026-01-05"},
    ),
    "note.own": Example("observer"),
    "note.index": Example("observer", {"pair": "{pair}"}),
    "note.one": Example("observer", {"pair": "{pair}", "note": "{said}"}),
    "note.keep": post("observer", {"text": "More", "revision": "1"}, pair="{pair}", note="{said}"),
    "note_api.put_note": Example("observer", {"pair": "{pair}", "note": "{said}"}, json={"text": "More", "revision": 1}, method="PUT"),
    "note.destroy": post("observer", note="{said}"),
    "mine.index": Example("observer"),
    "mine.one": Example("observer", {"pair": "{pair}"}),
    "outcome.index": Example("observer", {"pair": "{pair}"}),
    "outcome.add": post(
        "learner", {"measure": "d" * 32, "kind": "skill", "baseline": "1", "target": "3", "horizon": "6"}, pair="{mentored}"
    ),
    "outcome.read": post("learner", {"day": "{soon_after}", "value": "2"}, pair="{mentored}", measure="{measure}"),
    "outcome.agree": post("learner", {"candidacy": "{mentoring}"}, pair="{mentored}", measure="{measure}"),
    "outcome.withdraw": post("learner", pair="{mentored}", measure="{measure}"),
    "outcome.report": Example("coordinator"),
    "mentorship.one": Example("coordinator", {"pair": "{pair}"}),
    "mentorship.end": post("coordinator", pair="{pair}"),
    "door.invite": post("coordinator", {"person": "e" * 32}, pair="{pair}"),
    "mentorship.plan": post("coordinator", {"meeting": "e" * 32, "day": "2031-01-05", "time": "10:00"}, pair="{pair}"),
    "meeting.index": Example("observer"),
    "meeting.sheet": Example("coordinator", {"meeting": "{meeting}"}),
    "meeting.change": post("coordinator", {"day": "2031-01-05", "time": "10:00"}, meeting="{meeting}"),
    "meeting.hold": post("coordinator", {"minutes": "50"}, meeting="{met}"),
    "meeting.drop": post("coordinator", meeting="{meeting}", how="called_off"),
    "meeting.calendar": Example("coordinator", {"meeting": "{meeting}"}),
    "meeting.observed": Example("observer", {"observation": "{planned}"}),
    "joint_plan.sheet": Example("observer", {"observation": "{together}"}),
    "joint_plan.keep": post("candidate", {"purpose": "To listen.", "action": "draft"}, observation="{together}"),
    "joint_plan_api.put_plan": Example(
        "candidate", {"observation": "{together}"}, json={"parts": {"purpose": {"text": "To listen."}}}, method="PUT"
    ),
    "observation.plan": Example("coordinator", query={"candidate": "{candidacy}"}),
    "observation.make_plan": post(
        "coordinator", {"candidate": "{candidacy}", "observer": "{observer}", "planned_for": "2026-12-01", "protege": "A", "plan": "0" * 32}
    ),
    "observation.cancel": post("coordinator", observation="{planned}"),
    "observation.sheet": Example("observer", {"observation": "{planned}"}),
    "observation.keep": post("observer", SHEET, observation="{planned}"),
    "observation.confirm": Example("observer", {"observation": "{ready}"}),
    "observation.correct": post("observer", {"why": "Misread."}, observation="{ready}"),
    "observation.void": post("coordinator", {"reason": "other"}, observation="{released}"),
    "observation.release": post("observer", {"revision": "{revision}"}, observation="{ready}"),
    "observation.report": Example("candidate", {"observation": "{released}"}),
    "handing_in.page": Example("candidate", {"observation": "{watching}"}),
    "handing_in.keep": post("candidate", {"revision": "0", "text": "Three questions.", "action": "draft"}, observation="{watching}"),
    "handing_in.again": Example("candidate"),
    "handing_in_api.put_account": Example(
        "candidate", {"observation": "{watching}"}, json={"revision": 0, "text": "Three questions."}, method="PUT"
    ),
    "second.index": Example("coordinator"),
    "second.choose": Example("coordinator", {"observation": "{doubled}"}),
    "second.ask": post("coordinator", {"person": "{second}", "way": "room"}, observation="{doubled}"),
    "second.excuse": post("coordinator", {"person": "{third}"}, observation="{seated}"),
    "second.without": post("coordinator", observation="{doubled}"),
    "second.audit": Example("coordinator"),
    "second.export": Example("coordinator"),
    "capacity.index": Example("coordinator"),
    "capacity.export": Example("coordinator"),
    "observation_api.put_draft": Example("observer", {"observation": "{planned}"}, json=DRAFT, method="PUT"),
    "field.page": Example("observer", {"observation": "{planned}"}),
    "field.keep": post("observer", {"id": "b" * 32, "text": "Asks, then waits."}, observation="{planned}"),
    "field.paper": Example("observer", {"observation": "{planned}"}),
    "field_api.get": Example("observer", {"observation": "{planned}"}),
    "field_api.send": Example(
        "observer", {"observation": "{planned}"}, json={"person": "{observer}", "device": "a" * 32, "notes": []}, method="POST"
    ),
    "observation_api.post_note": Example(
        "observer", {"observation": "{planned}"}, json={"id": "a" * 32, "text": "Asks, then waits."}, method="POST"
    ),
    "consent.index": Example("other"),
    "consent.one": Example("other", {"observation": "{present}"}),
    "consent.say": post("other", {"action": "agree"}, observation="{present}"),
    "consent.people": Example("observer", {"observation": "{present}"}),
    "consent.add": post("coordinator", {"name": "Somebody else"}, observation="{present}"),
    "consent.reach": post("coordinator", observation="{present}", person="{guest}", verb="link"),
    "consent.outsiders": Example("coordinator"),
    "consent.name_outsider": post("deputy", {"name": "From outside"}),
    "consent.dismiss_outsider": post("coordinator", person="{outsider}"),
    "calibration.index": Example("observer"),
    "qualification.own": Example("observer"),
    "agreement.index": Example("coordinator"),
    "founding.index": Example("deputy"),
    "founding.name": post("coordinator", {"person": "{person}", "reason": "Ten years as a mentor"}),
    "founding.sign": post("deputy", founding="{founder}"),
    "founding.end": post("coordinator", founding="{founder}"),
    "agreement.export": Example("deputy"),
    "qualification.index": Example("coordinator"),
    "calibration.sheet": Example("trainer", {"key": "T1"}),
    "calibration.rate": post("deputy", {"number": "1", "revision": "0", "criterion": "C1", "level-C1": "3"}, key="T1"),
    "calibration_api.put_draft": Example("coordinator", {"key": "T1"}, json={"number": 1, "revision": 0, "answers": []}, method="PUT"),
    "calibration.result": Example("observer", {"key": "T1", "attempt": "{rated}"}),
    "application.index": Example("applicant"),
    "application.begin": post("newcomer"),
    "application.keep": post("drafter", {"revision": "0", "a-position": "Nurse", "action": "draft"}),
    "application.inform": post("asked", {"text": "On Fridays."}),
    "application.withdraw": post("drafter"),
    "application.say_again": post("asked", {"nobody": "yes"}),
    "application.accept": post("chosen", {"agreed": "yes"}),
    "application_api.put_draft": Example("drafter", json={"revision": 0, "answers": {"position": "Nurse"}}, method="PUT"),
    "selection.queue": Example("coordinator"),
    "selection.change_intake": post("coordinator", {"mode": "apply", "places": "9", "opens_on": "2026-01-01", "closes_on": ""}),
    "selection.one": Example("coordinator", {"application": "{application}"}),
    "selection.assign": post("coordinator", {"reviewer": "{person_of_staff}"}, application="{application}"),
    "selection.relieve": post("coordinator", {"reviewer": "{observer}"}, application="{application}"),
    "selection.issue": post("coordinator", application="{application}", reference_id="{reference}"),
    "selection.decide": post("coordinator", {"words": "Where do the hours come from?"}, application="{application}", decision="ask"),
    "selection.reviews": Example("observer"),
    "selection.review": Example("observer", {"review": "{review}"}),
    "selection_api.put_review": Example(
        "observer",
        {"review": "{review}"},
        json={"revision": 0, "marks": [{"criterion": "E1", "level": 3, "ground": "Says so."}]},
        method="PUT",
    ),
    "selection.keep_review": post("observer", {"revision": "0", "criterion": "E1", "ground-E1": "Says so."}, review="{review}"),
    "recorded.index": Example("coordinator"),
    "recorded.record": post(
        "coordinator", {"people": "Newcomer", "decided_by": "The board", "decided_on": "2026-01-05", "why": "Known.", "action": "record"}
    ),
    "opening.index": Example("coordinator"),
    "moving.index": Example("coordinator", query={"to": "{version}"}),
    "moving.move": post("coordinator", {"to": "{version}", "longer": "{moving}", "reason": "The new edition."}),
    "moving.own": Example("candidate"),
    "moving.what_if": Example("coordinator", query={"policy": "assured"}),
    "opening.choose": post("coordinator", {"policy": "assured", "version": "{compared}"}),
    "opening.start": Example("coordinator"),
    "opening.answer": post("coordinator", {"title": "Ours", "observers": "2", "mode": "apply", "support": "Write to us."}),
    "editing.draft": Example("coordinator"),
    "editing.begin": post("deputy", {"edition": "2032"}),
    "editing.sheet": Example("coordinator", {"page": "about"}),
    "editing.save": post("deputy", {"seen": "{seen_of_about}", "title": "Another name"}, page="about"),
    "editing.changes": Example("deputy"),
    "editing.publish": post("coordinator", {"revision": "1", "version": "{compared}"}),
    "editing.discard": post("coordinator", {"revision": "1"}),
    "editing.pack_file": Example("coordinator"),
    "editing.case_file": Example("coordinator"),
    "assistance.index": Example("candidate"),
    "assistance.ask": Example("candidate", query={"offer": "{offer}"}),
    "assistance.make": post("candidate", {"ask": "b" * 32, "offer": "{offer}", "topic": "platform", "urgency": "blocked"}),
    "assistance.decline": post("candidate", help_request="{offer}"),
    "assistance.withdraw": post("candidate", help_request="{asked}"),
    "assistance.close": post("candidate", help_request="{answered}"),
    "assistance.reopen": post("candidate", help_request="{answered}"),
    "assistance.board": Example("trainer"),
    "assistance.sheet": Example("coordinator", {"help_request": "{asked}"}),
    "assistance.take": post("trainer", help_request="{asked}"),
    "assistance.hand_back": post("deputy", help_request="{taken}"),
    "assistance.add_contact": post(
        "trainer", {"contact": "c" * 32, "minutes": "5", "mode": "call", "outcome": "Talked it through."}, help_request="{taken}"
    ),
    "assistance.answer": post("trainer", help_request="{taken}"),
    "linking.index": Example("teacher", {"handle": "{handle}"}),
    "linking.place": post("teacher", {"item": "programme"}, handle="{handle}"),
    "linking.nothing": post("candidate", handle="{handle}"),
    "delivery.index": Example("coordinator"),
    "delivery.retry": post("coordinator", {"grade": "{grade}"}),
    "delivery.set_aside": post("coordinator", {"grade": "{grade}"}),
    "delivery.retry_mail": post("coordinator", {"mail": "{mail}"}),
    "delivery.set_aside_mail": post("coordinator", {"mail": "{mail}"}),
    "notification.index": Example("observer"),
    "notification.follow": Example("observer", {"notice": "{notice}"}),
    "notification.read_all": post("observer"),
    "notification.choices": Example("other"),
    "notification.choose": post("other", dict.fromkeys(FAMILIES, "weekly")),
    "comparison.index": Example("coordinator"),
    "comparison.ask": post("coordinator", {"activity": "{activity}"}),
    "comparison.send_ours": post("coordinator", {"grade": "{grade}", "seen": "{seen}"}),
    "comparison.keep_theirs": post("coordinator", {"grade": "{grade}", "seen": "{seen}"}),
    "conflict.index": Example("coordinator"),
    "conflict.sheet": Example("coordinator", {"watched": "{watched}"}),
    "conflict.ask": post(
        "coordinator", {"reason": "Nobody else.", "safeguards": "Somebody looks on.", "ends_on": "{soon}"}, watched="{watched}"
    ),
    "conflict.speak": post("deputy", exception="{exception}", said="approve"),
    "reporting_line.own": Example("other"),
    "reporting_line.say": post("other", {"nobody": "yes"}),
    "reporting_line.at": Example("observer", {"observation": "{planned}"}),
    "reporting_line.say_at": post("observer", {"nobody": "yes"}, observation="{planned}"),
    "reporting_line.declare": post("candidate", {"person": "{person}"}),
    "reporting_line.over": post("trainer", person="{person}"),
    "reporting_line.one": Example("coordinator", {"person": "{person}"}),
    "reporting_line.enter": post("coordinator", {"nobody": "yes"}, person="{person}"),
    "reporting_line.ask": post("coordinator", person="{person}"),
    "reporting_line.file": Example("coordinator"),
    "reporting_line.look": post("coordinator", {"text": "person,manager\na@x.org,b@x.org\n"}),
    "reporting_line.take": post("coordinator", {"text": "person,manager\na@x.org,b@x.org\n"}),
    "permission.why": Example("coordinator", query={"person": "{person}", "permission": "observation.rate"}),
    "office.index": Example("administrator"),
    "office.check": post("administrator"),
    "office.override": post("administrator", {"typed": "Learner", "standing": "none"}),
    "office.privacy": post("administrator", {"names": "1"}),
    "office.clear": post("administrator"),
    "office.approve": post("administrator", {"deployment": "{deployment}"}),
    "office.end_sessions": post("administrator"),
    "office.make_invite": post("administrator"),
    "office.end_invite": post("administrator", {"key": "{invite}"}),
}

SECRETS = {"code"}
"""Not ids but secrets: a foreign one and a made-up one look the same, and the page says so in words (400)."""

VALUES = {"revision", "part", "item", "seen", "soon", "soon_after"}
"""Not ids of a row: a count, and names within the pack that both organisations have."""


@dataclass
class Filled:
    """One organisation with something of everything: its ids by name, its people by role."""

    world: World
    ids: dict[str, str]
    people: dict[str, Actor]


@dataclass
class Town:
    """The same, with a browser for everybody."""

    world: World
    ids: dict[str, str]
    visitors: dict[str, Visitor]


def released_level(observer: Any, made: str) -> int:
    """Fill a sheet so that it can be released. -> its revision."""
    note = Note(id=secrets.token_hex(16), text="Asks one open question and waits.")
    observation.save_note(actor=observer, observation_id=made, note=note)
    sheet = observation.sheet(actor=observer, observation_id=made)
    levels = [Rating(one.criterion.key, level=3, note_ids=(note.id,)) for one in sheet.criteria]
    return observation.save_draft(actor=observer, observation_id=made, revision=sheet.revision, ratings=levels, consent=True).revision


def doubled(world: World, waiting: str, seated: str) -> dict[str, str]:
    """Two sessions that want a second person's rating: one could be asked for one of them, and one is for the other. -> their ids"""
    second, third = (world.person(name, "observer", standing="instructor").person_id for name in ("Second", "Third"))
    with base.transactional() as session:
        for row in session.scalars(select(Observation).where(Observation.id.in_((waiting, seated)))):
            row.second_reasons = "drawn"
    verbs = {"actor": world.actor("Coordinator"), "observation_id": seated, "person_id": third}
    second_verbs.assign(**verbs)
    return {"doubled": waiting, "seated": seated, "second": second, "third": third}


def helped(world: World, people: dict[str, Any]) -> dict[str, str]:
    """A request for help in each state that somebody can do something with. -> their ids"""
    candidate, trainer = people["candidate"], people["trainer"]
    made = {}
    for name in ("asked", "taken", "answered"):
        made[name] = base.new_id()
        assistance.ask(actor=candidate, request_id=made[name], topic="module:M1", urgency="blocked", text="I am stuck.")
        if name != "asked":
            assistance.take(actor=trainer, request_id=made[name])
            contact = {"contact_id": base.new_id(), "minutes": 5, "mode": "call", "outcome": "Talked it through."}
            assistance.add_contact(actor=trainer, request_id=made[name], answers=name == "answered", **contact)
    with base.transactional() as session:
        facts = {"candidacy_id": world.candidacy_id("Candidate"), "course_id": world.course_id, "topic_kind": "other"}
        offer = AssistanceRequest(id=base.new_id(), state="offered", reason="inactive", offer_key="inactive:", **facts)
        session.add(offer)
    return {**made, "offer": offer.id}


def learned(world: World, people: dict[str, Any]) -> dict[str, str]:
    """Practice tasks, one begun, one handed in and one held; and a recognition that is asked for. -> their ids"""
    people["writer"] = marked.writer(world, "Writer")
    practice.save(actor=people["writer"], key="M1", text="Three questions.", revision=0)
    made = {name: marked.handed_in(marked.writer(world, name.title())) for name in ("submission", "claimed")}
    marking.claim(actor=people["coordinator"], submission_id=made["claimed"])
    claim = Claim("Questions", "A college", "2023", "A certificate")
    asked = recognition.ask(actor=people["candidate"], recognition_id=base.new_id(), module_key="M1", claim=claim)
    return {**made, "recognition": asked, "other_candidacy": world.candidacy_id("Other")}


def conflicted(world: World, people: dict[str, Any]) -> dict[str, str]:
    """Somebody planned to observe whom they manage in part, held, with an exception asked for; another held without one; a relation."""
    lead, tomorrow = people["coordinator"], base.now().date() + timedelta(days=1)
    made = {}
    for name in ("Led", "Led too"):
        led = world.person(name)
        with base.transactional() as session:
            reporting_line.attest(session, actor=led, managers=[Manager("dotted", person_id=people["trainer"].person_id)])
        roles.appoint(actor=lead, person_id=people["trainer"].person_id, role="observer") if name == "Led" else None
        facts = {"observer_id": people["trainer"].person_id, "planned_for": tomorrow, "protege_label": "A", "exception": True}
        observation.plan(actor=lead, candidacy_id=world.candidacy_id(name), **facts)
    relation.declare(actor=people["trainer"], other_id=people["other"].person_id)
    first, second = (one.id for one in matter.overview(actor=lead).held)
    said = {"reason": "Nobody else.", "safeguards": "Somebody looks on.", "ends_on": tomorrow}
    made["exception"] = exempting.request(actor=lead, matter_id=second, **said)
    for name, unit in (("Deputy", "Ward 1"), ("Trainer", "Ward 2"), ("Led", "Ward 3"), ("Led too", "Ward 3")):
        reporting_line.enter(actor=lead, person_id=world.people[name], managers=[], unit=unit)
    return {**made, "watched": first, "soon": tomorrow.isoformat()} | copied(people["other"])


def told(people: dict[str, Any], pair: str) -> dict[str, str]:
    """Two are named confidants, one has agreed, and somebody has told them about their protégé. -> the ids"""
    for name in ("trainer", "teacher"):
        concern.name(actor=people["coordinator"], person_id=people[name].person_id)
    concern.agree(actor=people["trainer"])
    members = mentorship.members_of(base.session(), [pair])[pair]
    about = next(one.person_id for one in members if one.person_id != people["observer"].person_id)
    made = base.new_id()
    said = {"about_id": about, "confidant_id": people["trainer"].person_id, "words": "It got out.", "may_tell": True}
    concern.report(actor=people["observer"], concern_id=made, **said)
    return {"told": made, "told_about": about, "confidant": people["trainer"].person_id}


def copied(who: Actor) -> dict[str, str]:
    """Somebody's copy of their data, ready. -> its id"""
    body = centre.sealer().seal(b"PK")
    with base.transactional() as session:
        week = base.now() + timedelta(days=7)
        row = PrivacyCopy(id=base.new_id(), person_id=who.person_id, state="ready", expires_at=week, body_sealed=body)
        session.add(row)
    return {"copy": row.id}


@pytest.fixture(scope="module")
def filled_database(
    make_settings: Callable[..., Settings], empty_database: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Filled]]:
    """A database with two organisations to copy from: filling one takes a second, and there are more than a hundred cases."""
    path = tmp_path_factory.mktemp("isolation") / "filled.sqlite3"
    shutil.copy(empty_database, path)
    app = wiring.create_app(make_settings(database_url=f"sqlite:///{path}", sqlite_synchronous="NORMAL", allow_local_platforms="true"))
    with app.app_context():
        made = {name: filled(name) for name in ("Northfield", "Southgate")}
        let_go()
    return path, made


@pytest.fixture
def database_url(filled_database: tuple[Path, dict[str, Filled]], tmp_path: Path) -> str:
    """A copy of it, this test's own."""
    path = tmp_path / "tool.sqlite3"
    shutil.copy(filled_database[0], path)
    return f"sqlite:///{path}"


Open = Callable[[str], Town]


@pytest.fixture
def town(app: Flask, filled_database: tuple[Path, dict[str, Filled]]) -> Open:
    """Opens an organisation of the copy by its name."""

    def opened(name: str) -> Town:
        made = filled_database[1][name]
        with base.tenant(made.world.org_id):
            visitors = {role: Visitor(app, today(who), lms_administrator=role == "administrator") for role, who in made.people.items()}
        return Town(made.world, made.ids, visitors)

    return opened


def today(who: Actor) -> Actor:
    """Somebody with the roles that they hold by now: on the way some were appointed, or mentor somebody."""
    facts = {"org_id": who.org_id, "person_id": who.person_id, "course_id": who.course_id, "registration_id": who.registration_id}
    return roles.here(**facts).actor


def filled(name: str) -> Filled:
    """An organisation with something of everything. Leaves no tenant in scope."""
    world = make_world(name)
    with base.tenant(world.org_id):
        activity = world.placement("observation", reads=True)
        people = {
            "candidate": world.person("Candidate"),
            "other": world.person("Other", nameless=True),
            "observer": world.person("Observer", "observer", standing="instructor"),
            "trainer": world.person("Trainer", "trainer", standing="instructor"),
            "coordinator": world.person("Coordinator", "coordinator", standing="instructor"),
            "deputy": world.person("Deputy", "deputy", standing="instructor"),
            "teacher": world.person("Teacher", standing="instructor"),
            "administrator": world.person("Administrator", standing="none"),
            **{name.casefold(): world.person(name, standing="none") for name in ("Applicant", "Newcomer", "Drafter", "Asked", "Chosen")},
        }
        roles.grant_by_operator(
            organisation_id=world.org_id,
            person_id=people["administrator"].person_id,
            role="administrator",
            course_id=None,
            registration_id=world.registration_id,
        )
        observer, coordinator = people["observer"], people["coordinator"]
        attempt = training.start_check(actor=people["candidate"], key="M1")
        first = training.attempt_page(actor=people["candidate"], attempt_id=attempt).questions[0]

        def planned() -> str:
            return observation.plan(
                actor=coordinator,
                candidacy_id=world.candidacy_id("Candidate"),
                observer_id=observer.person_id,
                planned_for=datetime.now(UTC).date(),
                protege_label="A new colleague",
            )

        waiting, ready, done, present, watching, alone, seated = (planned() for _ in range(7))
        note = Note(id=secrets.token_hex(16), text="Waits.")
        observation.save_note(actor=observer, observation_id=waiting, note=note)
        revision = released_level(observer, ready)
        observation.submit(actor=observer, observation_id=done, revision=released_level(observer, done))
        with base.transactional() as session:
            session.get_one(Observation, (world.org_id, watching)).kind = "structured"
            session.get_one(Registration, world.registration_id).keep_email = False
            stuck = Mail(
                id=base.new_id(),
                person_id=observer.person_id,
                course_id=world.course_id,
                lane="mail:smtp.example",
                state="refused",
                fault="mail_address",
                stuck_at=base.now(),
            )
            session.add(stuck)
            waits = f"waits-{world.org_id}"
            session.add(Deployment(registration_id=world.registration_id, deployment_id=waits, org_id=world.org_id, state="pending"))
        applications = applied(world, people)
        ids = {
            **applications,
            **conflicted(world, people),
            "course": world.course_id,
            "person": people["other"].person_id,
            "observer": observer.person_id,
            "candidacy": world.candidacy_id("Candidate"),
            "activity": activity,
            "attempt": attempt,
            "item": first.key,
            "planned": waiting,
            "watching": watching,
            "ready": ready,
            "released": done,
            "note": note.id,
            "revision": str(revision),
            "mail": stuck.id,
            "notice": notification.page(actor=observer).notices[0].id,
            "deployment": waits,
            "invite": hashed(invite.make(actor=world.actor("Administrator"), org_id=world.org_id)[0])[:12],
            "code": roles.invite(actor=coordinator, role="observer"),
            "handle": handle(world.org_id),
            "part": training.module_page(actor=people["candidate"], key="M1").module.sections[0].key,
        }
        ids |= doubled(world, alone, seated)
        ids |= paired_up(world, people, planned()) | measured(world, people)
        ids |= told(people, ids["pair"])
        ids |= helped(world, people) | movable(world, coordinator) | drafted(coordinator) | learned(world, people)
        ids["rated"] = rating.submitted(observer)
        ids |= {"present": present, "guest": in_the_room(people, present)}
        ids["founder"] = founding.name(actor=coordinator, person_id=observer.person_id, reason="Ten years as a mentor")
        ids |= stuck_grade(coordinator, people["candidate"].person_id)
        ids["outsider"] = outside.name(actor=coordinator, named=room.Named("An outsider", ""))
    return Filled(world, ids, people)


def stuck_grade(lead: Actor, person_id: str) -> dict[str, str]:
    """Somebody's grade that the LMS refuses. The last step: whatever happens in the course reckons it anew. -> it, and what is seen"""
    with base.transactional() as session:
        row = session.scalars(select(ScorePublication).where(ScorePublication.person_id == person_id)).one()
        row.state, row.fault, row.words = "refused", "user_not_gradable", "Incorrect score received"
        grade = row.id
    (line,) = (one for column in comparison.page(actor=lead).columns for one in column.lines if one.id == grade)
    return {"grade": grade, "seen": line.seen}


def in_the_room(people: dict[str, Any], observation_id: str) -> str:
    """Somebody of the course and a guest are in the room of an observation. -> the guest"""
    with base.transactional() as session:
        session.add(Participant(observation_id=observation_id, person_id=people["other"].person_id, role="protege"))
    room.add(actor=people["coordinator"], observation_id=observation_id, named=room.Named("A guest", ""))
    page = room.page(actor=people["coordinator"], observation_id=observation_id)
    return next(one.person_id for one in page.people if not one.inside)


def paired_up(world: World, people: dict[str, Any], together: str) -> dict[str, str]:
    """A pair with a session ahead and one that has begun, and an observation of two who lead together. -> their ids"""
    lead, observer = people["coordinator"], people["observer"]
    pair = pairing.paired(lead, observer.person_id, started_on=date(2026, 1, 1))
    begun = pairing.met(lead, pair, pairing.ahead(-1))
    with base.transactional() as session:
        row = session.get_one(Observation, (world.org_id, together))
        row.kind, row.mentor_id = "co", people["deputy"].person_id
    said = note.keep(actor=observer, mentorship_id=pair, note_id=base.new_id(), text="Said.", known=0, shared=False).id
    return {"pair": pair, "meeting": pairing.met(lead, pair), "met": begun, "together": together, "said": said}


def measured(world: World, people: dict[str, Any]) -> dict[str, str]:
    """A protégé with a measure that has a reading, whose mentor is a candidate. -> their ids"""
    leading, people["learner"] = world.person("Leading"), world.person("Learner", standing="none")
    pair, measure, today = pairing.paired(people["coordinator"], leading.person_id, "Learner"), base.new_id(), base.now().date()
    begun = {"kind": "time", "direction": "down", "baseline": 9.0, "target": 4.0, "horizon": 6, "started_on": today - timedelta(days=9)}
    with base.transactional() as session:
        row = OutcomeMeasure(id=measure, mentorship_id=pair, owner_id=people["learner"].person_id, **begun)
        session.add(row)
        session.flush()
        session.add(OutcomeReading(measure_id=measure, read_on=today, value=7.0))
    mine = {"mentored": pair, "measure": measure, "mentoring": world.candidacy_id("Leading")}
    return {**mine, "soon_after": (today - timedelta(days=1)).isoformat()}


def movable(world: World, lead: Actor) -> dict[str, str]:
    """Somebody who can be moved to the version of the course, as the box of the page says it."""
    page = moving.page(actor=lead)
    (row,) = (one for one in page.people if one.candidacy_id == world.candidacy_id("Other"))
    return {"version": page.target.id, "moving": f"{row.candidacy_id}:{row.prospect.mark}"}


def drafted(lead: Any) -> dict[str, str]:
    """A draft of the programme with one change. -> what was seen of it"""
    editing.begin(actor=lead)
    editing.save(actor=lead, page="about", sent={"title": "A new name"}, seen=draft.sheet(actor=lead, page="about").seen)
    return {"seen_of_about": draft.sheet(actor=lead, page="about").seen, "compared": draft.changes(actor=lead).version_id}


def applied(world: World, people: dict[str, Any]) -> dict[str, str]:
    """Applications in several states. -> the ids of the one that is under review, with its review and a reference."""
    lead = people["coordinator"]
    opening.choose_policy(actor=lead, name="starter")
    intake.change(actor=lead, mode="apply", places=None, opens_at=None, closes_at=None)
    made = {name: applying.submitted_by(world, people[name]) for name in ("applicant", "asked", "chosen")}
    application.begin(actor=people["drafter"])
    selection.ask_information(actor=lead, application_id=made["asked"], words="Where do the hours come from?")
    applying.reviewed(world, lead, made["chosen"], people["trainer"])
    selection.offer(actor=lead, application_id=made["chosen"])
    selection.assign(actor=lead, application_id=made["applicant"], reviewer_id=people["observer"].person_id)
    (review,) = reviewing.waiting(actor=people["observer"])
    reference = dossier.dossier(actor=lead, application_id=made["applicant"]).references[0]
    staff = {"person_of_staff": people["trainer"].person_id}
    return {"application": made["applicant"], "review": review.id, "reference": reference.id, **staff}


def fill_in(value: Any, ids: dict[str, str]) -> Any:
    """Put ids into an example."""
    if isinstance(value, str):
        for name, one in ids.items():
            value = value.replace(f"{{{name}}}", one)
        return value
    if isinstance(value, dict):
        return {key: fill_in(one, ids) for key, one in value.items()}
    return [fill_in(one, ids) for one in value] if isinstance(value, list) else value


def send(app: Flask, visitor: Visitor, endpoint: str, ids: dict[str, str]) -> Any:
    """Make the example's request."""
    example = EXAMPLES[endpoint]
    with app.test_request_context():
        path = app.url_for(endpoint, course=ids["course"], **fill_in(example.path, ids), **fill_in(example.query, ids), _external=False)
    if example.json is not None:
        return visitor.send(example.method, path, fill_in(example.json, ids))
    return visitor.post(path, fill_in(example.form, ids)) if example.method == "POST" else visitor.get(path)


def signed_in_endpoints(app: Flask) -> set[str]:
    """Every endpoint that needs a session."""
    return {rule.endpoint for rule in app.url_map.iter_rules() if not hasattr(app.view_functions[rule.endpoint], "public")}


def test_every_endpoint_has_a_permission_and_a_filled_example(app: Flask) -> None:
    assert signed_in_endpoints(app) == set(EXAMPLES)
    for endpoint in EXAMPLES:
        assert getattr(app.view_functions[endpoint], "permission", None), endpoint


@pytest.mark.parametrize("endpoint", EXAMPLES)
def test_the_example_works_with_ones_own_ids(app: Flask, town: Open, endpoint: str) -> None:
    north = town("Northfield")
    if endpoint == "people.take_coordination":
        with base.tenant(north.world.org_id):
            roles.revoke_by_operator(
                organisation_id=north.world.org_id,
                person_id=north.world.people["Coordinator"],
                role="coordinator",
                course_id=north.world.course_id,
                registration_id=None,
            )
    if endpoint in ("training.answer", "training_api.keep"):
        with base.tenant(north.world.org_id):
            answer_first_card(north, endpoint)
        return
    answer = send(app, north.visitors[EXAMPLES[endpoint].by], endpoint, north.ids)
    assert answer.status_code < 400, (answer.status_code, answer.get_data(as_text=True)[-1500:])


def answer_first_card(town: Town, endpoint: str) -> None:
    """The answer's shape follows from the question that was drawn."""
    candidate = town.visitors["candidate"]
    page = training.attempt_page(actor=candidate.actor, attempt_id=town.ids["attempt"])
    item = page.module.item(town.ids["item"])
    given = right_answer(item)
    assert steps(item) in (1, 2)
    if endpoint == "training_api.keep":
        if "cards" in given:
            given = {"cards": {key: str(value) for key, value in given["cards"].items()}}  # type: ignore[attr-defined]
        path = f"/api/v1/courses/{town.ids['course']}/attempts/{town.ids['attempt']}/answers/{item.key}"
        assert candidate.send("POST", path, given).status_code == 200
        return
    cards = given.get("cards") or {key: place for place, key in enumerate(given.get("order", ()), 1)}  # type: ignore[arg-type, var-annotated]
    form = {f"card-{key}": str(value) for key, value in cards.items()} or given  # type: ignore[attr-defined]
    assert candidate.post(f"attempts/{town.ids['attempt']}/questions/1", {"step": "1", **form}).status_code == 303


HELP = re.compile(r'<div class="end"><a href="[^"]*/help/[^"]*">(?:Get help|Help is offered)</a>')


def test_every_page_that_a_candidate_can_read_offers_help(app: Flask, town: Open) -> None:
    north = town("Northfield")
    candidate, read = north.visitors["candidate"], set()
    for endpoint, example in EXAMPLES.items():
        permission = app.view_functions[endpoint].permission  # type: ignore[attr-defined]
        if example.method != "GET" or not may(candidate.actor, permission):
            continue
        answer = send(app, candidate, endpoint, north.ids)
        if answer.status_code == 200 and answer.mimetype == "text/html":
            read.add(endpoint)
            assert HELP.search(answer.get_data(as_text=True)), endpoint
    wanted = "home.way training.module training.part training.question notification.index observation.report participation.own"
    assert read >= set(wanted.split()), "the walk has met the pages that it is about"


def everything(town: Town) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of an organisation but its signed-in browsers."""
    found = {}
    with base.across_organisations("a test"):
        for name, table in sorted(base.Base.metadata.tables.items()):
            if "org_id" in table.c and name != "web_session":
                rows = base.session().execute(select(table).where(table.c.org_id == town.world.org_id)).all()
                found[name] = sorted(tuple(map(str, row)) for row in rows)
    return found


def uses(endpoint: str) -> set[str]:
    """The ids that an example names."""
    example = EXAMPLES[endpoint]
    text = f"{example.path}{example.query}{example.form}{example.json}"
    return {name for name in ("course", *NAMES) if f"{{{name}}}" in text} | {COURSE}


APPLYING = ("application", "review", "reference", "person_of_staff")
NAMES = ("person", "observer", "candidacy", "activity", "attempt", "planned", "ready", "released", "note", "grade", "code", *APPLYING)
NAMES += ("asked", "taken", "answered", "offer", "present", "guest", "outsider")
NAMES += ("doubled", "seated", "second", "third")
NAMES += ("mail", "notice", "version", "moving")
NAMES += ("pair", "meeting", "met", "together")
NAMES += ("mentored", "measure", "mentoring")
NAMES += ("said", "told", "told_about", "confidant", "copy")
NAMES += ("submission", "claimed", "recognition", "other_candidacy")


@pytest.mark.checklist("AS-07")
@pytest.mark.parametrize("role", ROLES)
def test_the_ids_of_another_organisation_are_not_found(app: Flask, town: Open, role: str) -> None:
    north, south = town("Northfield"), town("Southgate")
    before = everything(south)
    visitor = north.visitors[role]
    for endpoint in EXAMPLES:
        permission = app.view_functions[endpoint].permission  # type: ignore[attr-defined]
        for name in sorted(uses(endpoint)):
            answer = send(app, visitor, endpoint, {**north.ids, name: south.ids[name]})
            told = answer.get_data(as_text=True)
            where = (endpoint, name, answer.status_code)
            if name == COURSE:
                assert answer.status_code == 404, where
            elif not may(visitor.actor, permission):
                assert answer.status_code == 403, where
            elif name == "person" and endpoint in ALIKE:
                assert answer.status_code in (403, 404), where
            elif endpoint in THEIR_OWN:
                assert answer.status_code in (THEIR_OWN[endpoint], 404), where
            elif name in SECRETS:
                assert answer.status_code in (200, 400), where
            else:
                assert answer.status_code == 404, where
            assert "Southgate" not in told, where
    assert everything(south) == before
