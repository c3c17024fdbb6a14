# SPDX-License-Identifier: Apache-2.0
"""A page asks the database as often for thirty people as for three, whatever it lists."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from conftest import make_world
from lti_mentoring.domain.observation import Rating
from lti_mentoring.domain.recognition import Claim
from lti_mentoring.services import (
    approving,
    assistance,
    concern,
    editing,
    intake,
    matter,
    mentorship,
    moving,
    note,
    notification,
    observation,
    opening,
    outside,
    participation,
    programme,
    recognition,
    recorded,
    reviewing,
    roles,
    room,
    selection,
    training,
)
from lti_mentoring.services.rating import Note
from lti_mentoring.store import base, centre
from lti_mentoring.store.assistance import AssistanceRequest
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.centre import PrivacyCopy
from lti_mentoring.store.delivery import ScorePublication
from lti_mentoring.store.field import Participant
from lti_mentoring.store.mentorship import MentorshipMember
from lti_mentoring.store.moving import CandidacyMove
from lti_mentoring.store.notification import Notification
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.outcome import OutcomeMeasure, OutcomeReading
from lti_mentoring.store.participation import DeferralPeriod, EnrolmentPeriod, ParticipationChange
from lti_mentoring.store.people import RoleGrant
from lti_mentoring.store.rating import Rater
from lti_mentoring.store.training import CheckAttempt
from support import applying, marked, pairing, rating
from support.statements import statements
from support.visitor import Visitor, handle

FEW, MANY = 3, 30

PAGES: dict[str, tuple[str, dict[str, Any]]] = {
    "home.index": ("coordinator", {}),
    "home.way": ("candidate", {}),
    "home.placed": ("coordinator", {"item": "cohort"}),
    "people.name": ("candidate", {}),
    "people.index": ("coordinator", {}),
    "people.invitation": ("candidate", {}),
    "people.office": ("administrator", {}),
    "roster.index": ("coordinator", {}),
    "review.index": ("candidate", {}),
    "review.person": ("coordinator", {"person": "{person}"}),
    "my_privacy.index": ("candidate", {}),
    "concern.index": ("observer", {"about": "{told_about}"}),
    "concern.sheet": ("observer", {"told": "{told}"}),
    "concern.desk": ("coordinator", {}),
    "my_privacy.take_copy": ("observer", {"copy": "{copy}"}),
    "my_privacy.erasing": ("candidate", {}),
    "holdings.index": ("candidate", {"person": "{person}"}),
    "privacy.index": ("candidate", {}),
    "placement.index": ("coordinator", {}),
    "handout.index": ("candidate", {}),
    "handout.one": ("candidate", {"key": "agreement"}),
    "training.module": ("candidate", {"key": "M1"}),
    "training.part": ("candidate", {"key": "M1", "part": "{part}"}),
    "training.practice": ("candidate", {"key": "M1"}),
    "training.check": ("candidate", {"key": "M1"}),
    "training.attempt": ("candidate", {"attempt": "{attempt}"}),
    "training.question": ("candidate", {"attempt": "{attempt}", "number": 1}),
    "training.result": ("candidate", {"attempt": "{finished}"}),
    "training.preview": ("coordinator", {"key": "M1", "number": 1}),
    "practice.queue": ("coordinator", {}),
    "practice.sheet": ("coordinator", {"submission": "{submission}"}),
    "recognition.index": ("candidate", {}),
    "recognition.queue": ("coordinator", {}),
    "recognition.form": ("coordinator", {}),
    "recognition.sheet": ("coordinator", {"recognition": "{recognition}"}),
    "observation.index": ("observer", {}),
    "observation.cohort": ("coordinator", {}),
    "board.index": ("coordinator", {}),
    "board.person": ("coordinator", {"candidacy": "{candidacy}"}),
    "board.export": ("coordinator", {}),
    "profile.own": ("candidate", {}),
    "profile.person": ("coordinator", {"candidacy": "{candidacy}"}),
    "profile.cohort": ("coordinator", {}),
    "profile.export": ("coordinator", {}),
    "listing.index": ("coordinator", {}),
    "listing.export": ("coordinator", {}),
    "report.pdf": ("coordinator", {"observation": "{released}"}),
    "participation.own": ("candidate", {}),
    "participation.leave": ("candidate", {}),
    "participation.candidate": ("coordinator", {"candidacy": "{candidacy}"}),
    "observation.plan": ("coordinator", {"candidate": "{candidacy}"}),
    "conflict.index": ("coordinator", {}),
    "conflict.sheet": ("coordinator", {"watched": "{watched}"}),
    "reporting_line.own": ("coordinator", {}),
    "reporting_line.one": ("coordinator", {"person": "{person}"}),
    "reporting_line.at": ("observer", {"observation": "{ready}"}),
    "reporting_line.file": ("coordinator", {}),
    "directory.index": ("coordinator", {}),
    "directory.own": ("candidate", {}),
    "mentorship.index": ("coordinator", {}),
    "mentorship.form": ("coordinator", {}),
    "mentorship.one": ("coordinator", {"pair": "{pair}"}),
    "note.own": ("observer", {}),
    "note.index": ("observer", {"pair": "{pair}"}),
    "note.one": ("observer", {"pair": "{pair}", "note": "{said}"}),
    "mine.index": ("observer", {}),
    "mine.one": ("observer", {"pair": "{pair}"}),
    "outcome.index": ("observer", {"pair": "{pair}"}),
    "outcome.report": ("coordinator", {}),
    "meeting.index": ("observer", {}),
    "meeting.sheet": ("coordinator", {"meeting": "{meeting}"}),
    "meeting.calendar": ("coordinator", {"meeting": "{meeting}"}),
    "meeting.observed": ("observer", {"observation": "{ready}"}),
    "joint_plan.sheet": ("observer", {"observation": "{together}"}),
    "observation.sheet": ("observer", {"observation": "{ready}"}),
    "field.page": ("observer", {"observation": "{ready}"}),
    "field.paper": ("observer", {"observation": "{ready}"}),
    "field_api.get": ("observer", {"observation": "{ready}"}),
    "observation.confirm": ("observer", {"observation": "{ready}"}),
    "handing_in.page": ("candidate", {"observation": "{watching}"}),
    "handing_in.again": ("candidate", {}),
    "observation.report": ("coordinator", {"observation": "{released}"}),
    "consent.index": ("applicant", {}),
    "consent.one": ("applicant", {"observation": "{present}"}),
    "consent.outsiders": ("coordinator", {}),
    "consent.people": ("observer", {"observation": "{present}"}),
    "second.index": ("coordinator", {}),
    "second.choose": ("coordinator", {"observation": "{doubled}"}),
    "second.audit": ("coordinator", {}),
    "second.export": ("coordinator", {}),
    "capacity.index": ("coordinator", {}),
    "capacity.export": ("coordinator", {}),
    "calibration.index": ("observer", {}),
    "qualification.own": ("observer", {}),
    "agreement.index": ("coordinator", {}),
    "founding.index": ("coordinator", {}),
    "agreement.export": ("coordinator", {}),
    "qualification.index": ("coordinator", {}),
    "calibration.sheet": ("observer", {"key": "T1"}),
    "calibration.result": ("observer", {"key": "T1", "attempt": "{rated}"}),
    "application.index": ("applicant", {}),
    "selection.queue": ("coordinator", {}),
    "selection.one": ("coordinator", {"application": "{application}"}),
    "selection.reviews": ("observer", {}),
    "selection.review": ("observer", {"review": "{review}"}),
    "recorded.index": ("coordinator", {}),
    "opening.index": ("coordinator", {}),
    "moving.index": ("coordinator", {}),
    "moving.own": ("candidate", {}),
    "moving.what_if": ("coordinator", {"policy": "assured"}),
    "opening.start": ("coordinator", {}),
    "editing.draft": ("coordinator", {}),
    "editing.sheet": ("coordinator", {"page": "modules/M1/check/O1"}),
    "editing.changes": ("coordinator", {}),
    "editing.pack_file": ("coordinator", {}),
    "editing.case_file": ("coordinator", {}),
    "assistance.index": ("candidate", {}),
    "assistance.ask": ("candidate", {"offer": "{offer}"}),
    "assistance.board": ("coordinator", {}),
    "assistance.sheet": ("coordinator", {"help_request": "{taken}"}),
    "linking.index": ("coordinator", {"handle": "{handle}"}),
    "delivery.index": ("coordinator", {}),
    "comparison.index": ("coordinator", {}),
    "permission.why": ("coordinator", {}),
    "office.index": ("administrator", {}),
    "notification.index": ("observer", {}),
    "notification.follow": ("observer", {"notice": "{notice}"}),
    "notification.choices": ("coordinator", {}),
}
"""Every page by GET -> who reads it, and where. ``{name}`` stands for an id."""

SAME_PAGE_FOR_OTHERS = (
    ("training.practice", "writer"),
    ("home.index", "candidate"),
    ("home.index", "observer"),
    ("observation.index", "candidate"),
)
"""Addresses that show somebody else another page."""


class Course:
    """A course with ``size`` of everything: people, observers, placements, observations in each state, attempts, grades."""

    def __init__(self, app: Flask, name: str, size: int) -> None:
        self.world = make_world(name)
        with base.tenant(self.world.org_id):
            people = {
                "candidate": self.world.person("Candidate"),
                "observer": self.world.person("Observer", "observer", standing="instructor"),
                "coordinator": self.world.person("Coordinator", "coordinator", standing="instructor"),
                "administrator": self.world.person("Administrator", standing="none"),
                "applicant": self.world.person("Applicant", standing="none"),
            }
            roles.grant_by_operator(
                organisation_id=self.world.org_id,
                person_id=people["administrator"].person_id,
                role="administrator",
                course_id=None,
                registration_id=self.world.registration_id,
            )
            self.people = people
            self.ids = {"part": training.module_page(actor=people["candidate"], key="M1").module.sections[0].key}
            self.ids["handle"] = handle(self.world.org_id)
            self.ids["person"] = people["candidate"].person_id
            opening.choose_policy(actor=people["coordinator"], name="starter")
            editing.begin(actor=people["coordinator"], edition="2032")
            intake.change(actor=people["coordinator"], mode="apply", places=None, opens_at=None, closes_at=None)
            self.ids["application"] = applying.submitted_by(self.world, people["applicant"])
            self.ids["candidacy"] = self.world.candidacy_id("Candidate")
            people["writer"] = marked.writer(self.world, "Writer")
            for number in range(size):
                self._grow(number)
            for _ in range(2 * size):  # behind all sessions, which a policy may let wait for modules; and back to the same version
                self._move(name="Candidate")
            self.ids["submission"] = marked.handed_in(people["writer"])
            self.ids["recognition"] = self._claim()
            self.ids["review"] = reviewing.waiting(actor=people["observer"])[0].id
            self.ids["attempt"] = training.start_check(actor=people["candidate"], key="M1")
            self.ids["notice"] = notification.page(actor=people["observer"]).notices[0].id
            self.visitors = {role: Visitor(app, who, lms_administrator=role == "administrator") for role, who in people.items()}

    def _grow(self, number: int) -> None:
        self.world.person(f"Candidate {number}")
        self.world.person(f"Observer {number}", "observer", standing="instructor")
        roles.invite(actor=self.people["coordinator"], role="observer")
        self._apply(number)
        place = self.world.placement("observation", lineitem=f"https://lms.example/li/{number}", reads=True)
        self._pause(number)
        for name in ("Candidate", f"Candidate {number}"):
            self._attempt(name, number + 1 if name == "Candidate" else 1)
            self._plan(name)
            self._watch(name)
            self.ids["doubled"] = self._plan(name)
            self._double(self.ids["doubled"], number)
            self.ids["ready"], revision = self._rate(name)
            self.ids["released"], revision = self._rate(name)
            observation.submit(actor=self.people["observer"], observation_id=self.ids["released"], revision=revision)
        self.world.person(f"Untold {number}", told=False)
        self._plan(f"Untold {number}")
        self.ids["watched"] = matter.overview(actor=self.people["coordinator"]).held[0].id
        self._help(number)
        self._present(number)
        self._pair(number)
        self._tell(number)
        self._learn(number)
        self.ids["rated"] = rating.submitted(self.people["observer"], number=number + 1)
        with base.transactional() as session:
            for stuck, row in enumerate(session.scalars(select(ScorePublication).where(ScorePublication.placement_id == place))):
                if stuck % 2:
                    row.state, row.fault, row.words, row.stuck_at = "refused", f"fault_{number}", "Incorrect score received", base.now()

    def _present(self, number: int) -> None:
        """The applicant is in the room of one more session, and one more guest in that of the first one."""
        made = self._plan("Candidate 0")
        self.ids.setdefault("present", made)
        with base.transactional() as session:
            session.add(Participant(observation_id=made, person_id=self.people["applicant"].person_id, role="protege"))
        outside.name(actor=self.people["coordinator"], named=room.Named(f"Outsider {number}", ""))
        named = room.Named(f"Guest {number}", "")
        if number < room.MOST_IN_ROOM - 2:  # as many as a room holds
            room.add(actor=self.people["coordinator"], observation_id=self.ids["present"], named=named)

    def _pair(self, number: int) -> None:
        """A group that grows in sessions, another pair, and a session that two lead together."""
        lead, observer = self.people["coordinator"], self.people["observer"].person_id
        if not number:
            proteges = "\n".join(f"Protégé {one}, p{one}@example.org" for one in range(9))
            self.ids["pair"] = pairing.paired(lead, observer, proteges, kind="group")
        said = {"mentorship_id": self.ids["pair"], "note_id": base.new_id(), "text": "Said.", "known": 0, "shared": False}
        self.ids["said"] = note.keep(actor=self.people["observer"], **said).id
        self.ids["meeting"] = pairing.met(lead, self.ids["pair"])
        self._measure()
        pairing.paired(lead, observer, f"Protégé {number}, only{number}@example.org")
        self.ids["together"] = self._plan(f"Candidate {number}")
        with base.transactional() as session:
            row = session.get_one(observation.Observation, (self.world.org_id, self.ids["together"]))
            row.kind, row.session_id = "co", self.ids["meeting"]
            row.mentor_id = self.people["coordinator"].person_id  # who mentors with a candidate observes them no more

    def _tell(self, number: int) -> None:
        """One more confidant, whom the observer tells something about a protégé, and one more copy of the observer's data."""
        confidant, observer = self.world.person(f"Confidant {number}", standing="instructor"), self.people["observer"]
        concern.name(actor=self.people["coordinator"], person_id=confidant.person_id)
        concern.agree(actor=confidant)
        members = mentorship.members_of(base.session(), [self.ids["pair"]])[self.ids["pair"]]
        self.ids["told_about"] = next(one.person_id for one in members if one.person_id != observer.person_id)
        self.ids |= {"told": base.new_id(), "copy": base.new_id()}
        told = {"about_id": self.ids["told_about"], "confidant_id": confidant.person_id, "words": "It got out.", "may_tell": False}
        concern.report(actor=observer, concern_id=self.ids["told"], **told)
        kept = {"state": "ready", "expires_at": base.now() + timedelta(days=7), "body_sealed": centre.sealer().seal(b"PK")}
        with base.transactional() as session:
            session.add(PrivacyCopy(id=self.ids["copy"], person_id=observer.person_id, **kept))
    def _measure(self) -> None:
        """One more measure of the group, with a reading."""
        with base.transactional() as session:
            of_group = (MentorshipMember.mentorship_id == self.ids["pair"], MentorshipMember.role == "protege")
            owner = session.scalars(select(MentorshipMember.person_id).where(*of_group).limit(1)).one()
            facts = {"kind": "time", "direction": "down", "baseline": 9.0, "target": 4.0, "horizon": 6}
            before = base.now().date() - timedelta(days=90)
            row = OutcomeMeasure(id=base.new_id(), mentorship_id=self.ids["pair"], owner_id=owner, started_on=before, **facts)
            session.add(row)
            session.flush()
            session.add(OutcomeReading(measure_id=row.id, read_on=before + timedelta(days=9), value=7.0))

    def _learn(self, number: int) -> None:
        """The writer's practice task comes back, somebody else's waits; a recognition is refused."""
        lead = self.people["coordinator"]
        marked.returned(lead, marked.handed_in(self.people["writer"]))
        marked.handed_in(marked.writer(self.world, f"Writer {number}"))
        approving.refuse(actor=lead, recognition_id=self._claim(), reason="Not shown.")

    def _claim(self) -> str:
        claim = Claim("Questions", "A college", "2023", "A certificate")
        return recognition.ask(actor=self.people["candidate"], recognition_id=base.new_id(), module_key="M1", claim=claim)

    def _apply(self, number: int) -> None:
        """Somebody applies and is reviewed by the observer, who also reviews the one applicant among many; somebody is selected."""
        lead, observer = self.people["coordinator"], self.people["observer"]
        made = applying.submitted(self.world, f"Applicant {number}")
        selection.assign(actor=lead, application_id=made, reviewer_id=observer.person_id)
        other = self.world.people[f"Observer {number}"]
        selection.assign(actor=lead, application_id=self.ids["application"], reviewer_id=other)
        self.world.person(f"Selected {number}", standing="none")
        day = base.now().date()
        recorded.record(actor=lead, text=f"Selected {number}", decided_by="The board", decided_on=day, why="Known.")

    def _pause(self, number: int) -> None:
        """A pause that is over, and another place at the institution."""
        lead, held = self.people["coordinator"], self.ids["candidacy"]
        participation.defer(actor=lead, candidacy_id=held, reason="workload", until=base.now().date() + timedelta(days=9))
        participation.come_back(actor=lead, candidacy_id=held)
        state = ("active", "leaving")[number % 2]
        participation.enrol(actor=lead, candidacy_id=held, state=state, day=base.now().date())

    def _help(self, number: int) -> None:
        coordinator = self.people["coordinator"]
        for name in ("Candidate", f"Candidate {number}"):
            for taken in (False, True):
                made = assistance.ask(
                    actor=self.world.actor(name), request_id=base.new_id(), topic="module:M1", urgency="blocked", text="I am stuck."
                )
                if taken:
                    assistance.take(actor=coordinator, request_id=made)
                    contact = {"contact_id": base.new_id(), "minutes": 5, "mode": "call", "outcome": "Talked it through."}
                    assistance.add_contact(actor=coordinator, request_id=made, **contact)
                    self.ids["taken"] = made
        with base.transactional() as session:
            facts = {"candidacy_id": self.world.candidacy_id("Candidate"), "course_id": self.world.course_id, "topic_kind": "other"}
            offer = AssistanceRequest(id=base.new_id(), state="offered", reason="inactive", offer_key=f"inactive:{number}", **facts)
            session.add(offer)
        self.ids["offer"] = offer.id

    def _move(self, name: str) -> None:
        """Moved once more, from wherever they are to the version that they are not in."""
        lead, held = self.people["coordinator"], self.world.candidacy_id(name)
        for version in moving.page(actor=lead).versions:
            for row in moving.page(actor=lead, version_id=version.id).people:
                if row.candidacy_id == held:
                    marks = {held: row.prospect.mark}
                    moving.move(actor=lead, version_id=version.id, people=marks, longer=marks, reason="Another one.")
                    return

    def _attempt(self, name: str, number: int) -> None:
        with base.transactional() as session:
            held = session.scalars(select(Candidacy).where(Candidacy.person_id == self.world.people[name])).one()
            made = CheckAttempt(
                id=base.new_id(),
                candidacy_id=held.id,
                module_version_id=programme.module_version_id(held.programme_version_id, "M1"),
                module_key="M1",
                number=number,
                seed="s",
                item_keys=[],
                state="finished",
                mastered=name != "Candidate",  # under starter, nobody is observed before
                started_at=base.now() - timedelta(days=60),
                finished_at=base.now() - timedelta(days=60),
                result={"outcomes": [], "critical_missed": []},
            )
            session.add(made)
        if name == "Candidate":
            self.ids["finished"] = made.id

    def _watch(self, name: str) -> None:
        """A mentor to watch, and one note more of the candidate's."""
        made = self._plan(name)
        with base.transactional() as session:
            row = session.get_one(Observation, (self.world.org_id, made))
            row.kind, row.state = "structured", "rated"  # so that it stays while they pause and are moved
        if name == "Candidate":
            watching = self.ids.setdefault("watching", made)
            note = Note(id=secrets.token_hex(16), text="Asks one open question and waits.")
            observation.save_note(actor=self.people["candidate"], observation_id=watching, note=note)

    def _plan(self, name: str) -> str:
        return observation.plan(
            actor=self.people["coordinator"],
            candidacy_id=self.world.candidacy_id(name),
            observer_id=self.people["observer"].person_id,
            planned_for=base.now().date(),
            protege_label="A new colleague",
        )

    def _double(self, made: str, number: int) -> None:
        """Somebody is wanted beside the observer, and was asked for every third one, the last one too."""
        with base.transactional() as session:
            row = session.scalars(select(Observation).where(Observation.id == made)).one()
            row.second_reasons = "drawn"
            if number % 3 == 2:
                person = self.world.people[f"Observer {number}"]
                session.add(Rater(observation_id=made, person_id=person, purpose="second", assigned_by="x"))

    def _rate(self, name: str) -> tuple[str, int]:
        made, observer = self._plan(name), self.people["observer"]
        note = Note(id=secrets.token_hex(16), text="Asks one open question and waits.")
        observation.save_note(actor=observer, observation_id=made, note=note)
        sheet = observation.sheet(actor=observer, observation_id=made)
        ratings = [Rating(one.criterion.key, level=2, note_ids=(note.id,)) for one in sheet.criteria]
        draft = observation.save_draft(actor=observer, observation_id=made, revision=sheet.revision, ratings=ratings, consent=True)
        return made, draft.revision

    def read(self, app: Flask, endpoint: str, role: str) -> list[str]:
        """Read a page. -> the statements that it took."""
        places = {key: self.ids.get(str(value).strip("{}"), value) for key, value in PAGES[endpoint][1].items()}
        with app.test_request_context():
            path = app.url_for(endpoint, course=self.world.course_id, **places, _external=False)
        with statements() as seen:
            answer = self.visitors[role].get(path)
        assert answer.status_code < 400, (endpoint, role, answer.get_data(as_text=True)[-800:])
        return seen


@pytest.fixture
def grown(app: Flask) -> Callable[[str, int], Course]:
    return lambda name, size: Course(app, name, size)


def test_no_page_asks_more_often_for_thirty_than_for_three(app: Flask, grown: Callable[[str, int], Course]) -> None:
    few, many = grown("Northfield", FEW), grown("Southgate", MANY)
    grew = {}
    for endpoint, role in [*((name, who) for name, (who, _) in PAGES.items()), *SAME_PAGE_FOR_OTHERS]:
        for course in (few, many):
            course.read(app, endpoint, role)  # a programme version is read once a process
        small, large = few.read(app, endpoint, role), many.read(app, endpoint, role)
        if len(small) != len(large):
            extra = list(large)
            for statement in small:
                if statement in extra:
                    extra.remove(statement)
            grew[endpoint, role] = (len(small), len(large), extra[:2])
    assert grew == {}


def test_every_page_is_counted(app: Flask) -> None:
    pages = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and hasattr(app.view_functions[rule.endpoint], "permission")
    }
    assert pages == set(PAGES)


def test_the_courses_differ_in_what_they_hold(app: Flask, grown: Callable[[str, int], Course]) -> None:
    """The comparison means nothing unless the larger course holds more of everything that pages list."""
    few, many = grown("Northfield", 1), grown("Southgate", 2)
    pauses = (DeferralPeriod, EnrolmentPeriod, ParticipationChange, CandidacyMove)
    for table in (Candidacy, CheckAttempt, AssistanceRequest, observation.Observation, ScorePublication, RoleGrant, Notification, *pauses):
        held = []
        for course in (few, many):
            with base.tenant(course.world.org_id):
                held.append(len(base.session().scalars(select(table)).all()))
        assert held[0] < held[1], table.__name__
