# SPDX-License-Identifier: Apache-2.0
"""Pairs, sessions and joint plans with plain forms: what is typed is given back, times are the typist's, a clash shows both texts."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import select

from conftest import World
from lti_mentoring.domain.joint_plan import PARTS
from lti_mentoring.services import reporting_line
from lti_mentoring.services.reporting_line import Manager
from lti_mentoring.store import base
from lti_mentoring.store.mentorship import MentoringSession, Mentorship, SessionPlan
from lti_mentoring.store.observation import Observation
from support import ics
from support.pairing import ADA, met, of_starter, paired
from support.visitor import Visitor


def text(answer) -> str:
    return str(answer.get_data(as_text=True))


def one(table):
    base.session().rollback()
    return base.session().scalars(select(table)).one()


class Course:
    """A coordinator, a candidate who goes by a policy that asks for all kinds, a mentor, an observer; each with a browser."""

    def __init__(self, app: Flask, world: World) -> None:
        self.world, self.app = world, app
        lead = world.person("R. Okafor", "coordinator", standing="instructor")
        self.actors = {
            "lead": lead,
            "candidate": of_starter(world, lead, "F. Martins"),
            "mentor": world.person("A. Mwangi", "observer", standing="instructor"),
            "observer": world.person("T. Lindqvist", "observer", standing="instructor"),
        }
        self.lead, self.candidate, self.mentor, self.observer = (Visitor(app, who) for who in self.actors.values())

    def pair_form(self, **changes: str) -> dict[str, str]:
        leader = self.actors["candidate"].person_id
        return {"pair": uuid.uuid4().hex, "kind": "one_to_one", "leader": leader, "proteges": ADA, "started_on": "2026-01-05"} | changes

    def plan_form(self, **changes: str) -> dict[str, str]:
        candidacy, observer = self.world.candidacy_id("F. Martins"), self.actors["observer"].person_id
        return {"plan": uuid.uuid4().hex, "candidate": candidacy, "observer": observer, "kind": "independent"} | changes

    def together(self) -> str:
        """A session of co-mentoring, planned on the form. -> the observation's id"""
        held = met(self.actors["lead"], paired(self.actors["lead"], self.actors["mentor"].person_id))
        answer = self.lead.post("observations/plan", self.plan_form(kind="co", occasion=f"session:{held}"))
        assert answer.status_code == 303, text(answer)
        return str(one(Observation).id)


@pytest.fixture
def course(app: Flask, world: World) -> Course:
    return Course(app, world)


WHEN = {"day": "2031-03-01", "time": "23:30", "offset": "-300", "minutes": "45", "mode": "video", "place": "Link in the mail"}


def test_a_pair_is_made_meets_and_ends(course):
    made = course.lead.post("pairs/new", course.pair_form())
    assert made.status_code == 303
    page = text(course.lead.get(made.location))
    assert "Ada Quill" in page
    assert "Ada Quill has not said yet who manages them." in page
    planned = course.lead.post(f"{made.location}/sessions", {"meeting": uuid.uuid4().hex, **WHEN})
    assert planned.status_code == 303
    row = one(MentoringSession)
    assert row.starts_at == datetime(2031, 3, 2, 4, 30, tzinfo=UTC)
    listed = text(course.candidate.get("sessions"))
    assert "Ada Quill" in listed
    assert "45 minutes · by video" in listed
    assert course.lead.post(f"{made.location}/end").status_code == 303
    assert "Ended on" in text(course.lead.get(made.location))
    assert one(MentoringSession).state == "cancelled"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"proteges": "F. Martins"}, "Nobody is mentor and protégé of themself"),
        ({"proteges": "Bo Lind"}, "has no e-mail address for somebody new: Bo Lind"),
        ({"kind": "group"}, "A group has 2 to 12 protégés."),
        ({"started_on": "soon"}, 'id="started_on-error"'),
    ],
)
def test_a_refused_pair_says_why_at_the_field_and_gives_back_what_was_typed(course, changes, words):
    form = course.pair_form(label="Ward 3") | changes
    answer = course.lead.post("pairs/new", form)
    assert answer.status_code == 400
    page = text(answer)
    assert words in page
    assert 'value="Ward 3"' in page
    assert form["proteges"] in page
    base.session().rollback()
    assert base.session().scalars(select(Mentorship)).all() == []


def test_a_manager_and_their_own_person_are_refused_in_a_sentence(course):
    learner = course.world.person("Wen Zhang")
    boss = course.actors["candidate"].person_id
    reporting_line.enter(actor=course.actors["lead"], person_id=learner.person_id, managers=[Manager("direct", boss)])
    answer = course.lead.post("pairs/new", course.pair_form(proteges="Wen Zhang"))
    assert answer.status_code == 400
    assert "F. Martins manages Wen Zhang, and a manager does not mentor their own people." in text(answer)


def test_a_mentor_makes_their_own_pair_and_reads_no_list_of_people(course):
    paired(course.actors["lead"], course.actors["candidate"].person_id)
    page = text(course.candidate.get("pairs/new"))
    assert "You lead it." in page
    assert "Lindqvist" not in page
    answer = course.candidate.post("pairs/new", course.pair_form(proteges="Bo Lind, bo@example.org"))
    assert answer.status_code == 303
    stranger = course.pair_form(leader=course.actors["observer"].person_id)
    assert course.candidate.post("pairs/new", stranger).status_code == 403
    assert course.observer.get("pairs").status_code == 403


def test_a_protege_with_an_account_lands_on_their_sessions(course):
    course.world.person("Wen Zhang", standing="none")
    paired(course.actors["lead"], course.actors["candidate"].person_id, "Wen Zhang")
    theirs = Visitor(course.app, course.world.actor("Wen Zhang"))
    assert theirs.get("").location.endswith("/sessions")
    assert theirs.get("sessions").status_code == 200
    assert theirs.get("pairs").status_code == 403


def test_a_session_is_moved_and_calendars_are_told(course):
    lead = course.actors["lead"]
    held = met(lead, paired(lead, course.actors["candidate"].person_id, started_on=datetime(2026, 1, 1, tzinfo=UTC).date()))
    page = text(course.lead.get(f"sessions/{held}"))
    assert 'name="offset" value="0"' in page
    first = ics.read(course.candidate.get(f"sessions/{held}/calendar").get_data()).inside[0]
    assert course.lead.post(f"sessions/{held}", WHEN).status_code == 303
    answer = course.candidate.get(f"sessions/{held}/calendar")
    assert answer.mimetype == "text/calendar"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    moved = ics.read(answer.get_data()).inside[0]
    assert (moved["UID"], first["SEQUENCE"], moved["SEQUENCE"]) == (first["UID"], "0", "1")
    assert (moved["DTSTART"], moved["LOCATION"]) == ("20310302T043000Z", "Link in the mail")
    assert course.lead.post(f"sessions/{held}/called_off").status_code == 303
    off = ics.read(course.candidate.get(f"sessions/{held}/calendar").get_data()).inside[0]
    assert (off["STATUS"], off["SEQUENCE"]) == ("CANCELLED", "2")
    assert not re.search("Ada|Quill|Martins", answer.get_data(as_text=True)), "a calendar is read by others too"


def test_a_refused_time_is_given_back_as_it_was_typed(course):
    lead = course.actors["lead"]
    held = met(lead, paired(lead, course.actors["candidate"].person_id))
    answer = course.lead.post(f"sessions/{held}", {**WHEN, "minutes": "1"})
    assert answer.status_code == 400
    page = text(answer)
    for kept in ('value="23:30"', 'name="offset" value="-300"', 'value="Link in the mail"', 'id="minutes-error"'):
        assert kept in page
    early = course.lead.post(f"sessions/{held}/held", {"minutes": "50"})
    assert early.status_code == 409
    assert "has not begun yet" in text(early)


# --- planning an observation ---------------------------------------------------------------------------------------------------


def test_an_observation_is_planned_with_a_new_session_on_the_same_page(course):
    pair = paired(course.actors["lead"], course.actors["candidate"].person_id)
    assert f'value="pair:{pair}"' in text(course.lead.get("observations/plan"))
    form = course.plan_form(occasion=f"pair:{pair}", planned_for="2031-03-01", time="23:30", offset="-300", place="Room 2.14")
    for _ in range(2):  # sent twice
        assert course.lead.post("observations/plan", form).status_code == 303
    row, held = one(Observation), one(MentoringSession)
    assert (row.session_id, str(row.planned_for), row.place, row.protege_label) == (held.id, "2031-03-01", "Room 2.14", "A.Q.")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"occasion": "pair:{pair}", "planned_for": "2031-03-01"}, "time"),
        ({"occasion": "pair:{pair}", "time": "10:00"}, "planned_for"),
        ({"occasion": "pair:{pair}", "planned_for": "2031-03-01", "time": "10:00", "kind": "structured"}, "occasion"),
        ({"occasion": "pair:{pair}", "planned_for": "2031-03-01", "time": "10:00", "kind": "co"}, "mentor"),
        ({"planned_for": "2031-03-01"}, "protege"),
        ({"protege": "A.Q."}, "planned_for"),
    ],
)
def test_what_is_missing_for_a_session_is_said_at_its_field(course, changes, field):
    pair = paired(course.actors["lead"], course.actors["candidate"].person_id)
    filled = {name: value.format(pair=pair) for name, value in changes.items()}
    answer = course.lead.post("observations/plan", course.plan_form(**filled))
    assert answer.status_code == 400
    assert f'id="{field}-error"' in text(answer)


# --- the joint plan -----------------------------------------------------------------------------------------------------------


def known(page: str) -> dict[str, str]:
    """What the page's form carries along."""
    assert "known-purpose" in page, page[-3000:]
    carried = {f"known-{part}": re.search(rf'name="known-{part}" value="([^"]*)"', page)[1] for part in PARTS}  # type: ignore[index]
    return {"revision": re.search(r'name="revision" value="(\d+)"', page)[1], **carried}  # type: ignore[index]


def test_two_write_and_agree_with_plain_forms(course):
    made = course.together()
    here = f"observations/{made}/joint-plan"
    assert here in text(course.candidate.get("way"))
    assert here in text(course.observer.get("observations"))
    assert here in text(course.observer.get(f"observations/{made}"))
    page = text(course.candidate.get(here))
    full = {part: f"Our {part}." for part in PARTS}
    assert course.candidate.post(here, {**known(page), **full, "action": "agree"}).status_code == 303
    page = text(course.mentor.get(here))
    assert "F. Martins has agreed; now it is your turn." in page
    assert course.mentor.post(here, {**known(page), **full, "action": "agree"}).status_code == 303
    row = one(SessionPlan)
    assert (row.candidate_agreed, row.mentor_agreed, row.revision) == (1, 1, 1)
    read = text(course.observer.get(here))
    assert "Agreed by both, in time." in read
    assert "<textarea" not in read


def test_a_clash_shows_both_texts_and_nothing_is_agreed_unread(course):
    made = course.together()
    here = f"observations/{made}/joint-plan"
    stale = known(text(course.candidate.get(here)))
    course.mentor.post(here, {**stale, "purpose": "Hers.", "opening": "She opens."})
    answer = course.candidate.post(here, {**stale, "purpose": "His.", "closing": "He closes.", "action": "agree"})
    assert answer.status_code == 409
    page = text(answer)
    assert "His.</textarea>" in page
    assert re.search(r"data-kept-words>Hers\.<", page)
    row = one(SessionPlan)
    assert (row.purpose, row.opening, row.closing) == ("Hers.", "She opens.", "He closes.")
    assert course.candidate.post(here, {**known(page), "purpose": "His.", "action": "draft"}).status_code == 303
    assert one(SessionPlan).purpose == "His."


def test_whoever_has_not_read_the_newest_text_is_asked_to_read_it(course):
    made = course.together()
    here = f"observations/{made}/joint-plan"
    full = {part: f"Our {part}." for part in PARTS}
    course.candidate.post(here, {**known(text(course.candidate.get(here))), **full})
    stale = known(text(course.mentor.get(here)))
    course.candidate.post(here, {**known(text(course.candidate.get(here))), **full, "roles": "I lead, you listen."})
    answer = course.mentor.post(here, {**stale, **full, "action": "agree"})
    assert answer.status_code == 400
    assert "Read it once more, then agree." in text(answer)
    assert one(SessionPlan).mentor_agreed is None


def test_autosave_keeps_parts_and_brings_what_the_other_wrote(course):
    made = course.together()
    there = f"/api/v1/courses/{course.world.course_id}/observations/{made}/joint-plan"
    course.mentor.send("PUT", there, {"parts": {"opening": {"text": "She opens.", "known": ""}}})
    kept = course.candidate.send("PUT", there, {"parts": {"purpose": {"text": "His.", "known": ""}, "opening": {"text": "", "known": ""}}})
    assert kept.json["parts"]["opening"] == "She opens."
    assert kept.json["revision"] == 2
    clash = course.candidate.send("PUT", there, {"parts": {"opening": {"text": "He opens.", "known": ""}}})
    assert (clash.status_code, clash.json["clashes"], clash.json["code"]) == (409, ["opening"], "draft_conflict")
    assert course.lead.send("PUT", there, {"parts": {}}).status_code == 403
