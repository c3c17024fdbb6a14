# SPDX-License-Identifier: Apache-2.0
"""A candidate watches a mentor, in Chromium at both widths: notes, an account that keeps itself, handing in; and what is asked again."""

from __future__ import annotations

from flask import Flask
from playwright.sync_api import expect
from sqlalchemy import select

from lti_mentoring.domain.joint_plan import PARTS, Said
from lti_mentoring.domain.observation import Rating
from lti_mentoring.domain.people import Actor
from lti_mentoring.services import joint_plan, observation, opening, programme
from lti_mentoring.services.observation import Note
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.people import RoleGrant
from lti_mentoring.store.reporting_line import LineAttestation
from lti_mentoring.store.training import CheckAttempt
from support.journey import ready
from support.live import Town
from support.way_in import Open, enter_course, looked_at


class Staff:
    """Who leads the course and who observes in it, as the tool knows them; its newest candidate is under starter, and has met M1."""

    def __init__(self, app: Flask, org_id: str) -> None:
        self.app, self.org_id = app, org_id
        with app.app_context(), base.tenant(org_id):
            session = base.session()
            held = session.scalars(select(Candidacy).order_by(Candidacy.started_at.desc())).first()
            assert held is not None
            self.candidacy_id, course_id = held.id, held.course_id
            grants = session.scalars(select(RoleGrant).where(RoleGrant.course_id == course_id, RoleGrant.revoked_at.is_(None)))
            who = {one.role: one.person_id for one in grants}
            self.lead, self.observer = (
                Actor(org_id, who[role], course_id, role, frozenset({role}), "") for role in ("coordinator", "observer")
            )
            version = opening.choose_policy(actor=self.lead, name="starter")
            with base.transactional() as session:
                session.get_one(Candidacy, (org_id, held.id)).programme_version_id = version
                module = programme.module_version_id(version, "M1")
                met = {"module_version_id": module, "module_key": "M1", "number": 9, "seed": "s", "item_keys": [], "mastered": True}
                session.add(CheckAttempt(candidacy_id=held.id, state="finished", finished_at=base.now(), **met))

    def plan(self, kind: str) -> str:
        with self.app.app_context(), base.tenant(self.org_id):
            who = {"candidacy_id": self.candidacy_id, "observer_id": self.observer.person_id, "planned_for": base.now().date()}
            return observation.plan(actor=self.lead, kind=kind, protege_label="A new colleague", **who)

    def agree(self, made: str, *both: Actor) -> None:
        """Those who lead a session together have agreed on their plan before it begins."""
        with self.app.app_context(), base.tenant(self.org_id):
            plan = joint_plan.save(actor=both[0], observation_id=made, said={part: Said(f"Our {part}.") for part in PARTS}).plan
            for one in both:
                joint_plan.agree(actor=one, observation_id=made, revision=plan.revision)

    def rate(self, made: str, by: Actor, **levels: int) -> None:
        with self.app.app_context(), base.tenant(self.org_id):
            note = observation.save_note(actor=by, observation_id=made, note=Note(base.new_id(), "“What have you tried?”"))
            sheet = observation.sheet(actor=by, observation_id=made)
            said = [Rating(one.criterion.key, levels.get(one.criterion.key, 3), note_ids=(note.id,)) for one in sheet.criteria]
            consent = True if sheet.purpose == "first" else None
            draft = observation.save_draft(actor=by, observation_id=made, revision=sheet.revision, ratings=said, consent=consent)
            observation.submit(actor=by, observation_id=made, revision=draft.revision)


def test_a_candidate_hands_in_what_they_saw_and_reads_what_is_asked_again(live: Town, open_browser: Open) -> None:
    ready(live, "north")
    page, course = enter_course(live, open_browser(), "candidate")
    staff = Staff(live.app, live.organisations["north"])
    watched, together = staff.plan("structured"), staff.plan("co")
    looked_at(page, f"{course}/way", "way-yours")
    page.get_by_role("link", name="Your notes").click()
    page.get_by_label("What was said or done").fill("“What would you try first?”, then silence.")
    page.get_by_role("button", name="Keep this note").click()
    expect(page.locator(".notes")).to_contain_text("then silence")
    page.get_by_label("What you make of it").fill("Three open questions; each time the protégé went on by themself.")
    expect(page.locator("[data-status]")).to_contain_text("Draft kept")
    looked_at(page, page.url, "watching")
    page.get_by_role("button", name="Hand it in").click()
    expect(page.locator(".lede")).to_contain_text("Your notes are handed in.")
    looked_at(page, page.url, "handed-in")
    rater, _ = enter_course(live, open_browser(), "observer")
    looked_at(rater, f"{course}/observations/{watched}", "structured-sheet")
    with live.app.app_context(), base.tenant(staff.org_id):
        ada = base.session().scalars(select(Candidacy.person_id).where(Candidacy.id == staff.candidacy_id)).one()
        with base.transactional() as session:  # both have said that nobody manages them, so that what is rated can be released
            session.add_all(LineAttestation(person_id=one) for one in (ada, staff.observer.person_id))
    looked_at(page, f"{course}/observations/{together}", "own-part")
    candidate = Actor(staff.org_id, ada, staff.observer.course_id, "candidate", frozenset({"candidate"}), "")
    staff.agree(together, candidate, staff.observer)
    staff.rate(watched, staff.observer)
    staff.rate(together, staff.observer)
    staff.rate(together, candidate)
    for _ in range(2):
        staff.rate(staff.plan("independent"), staff.observer, C6=1)
    page.goto(f"{course}/way")
    page.get_by_role("link", name="What is asked again, and why").click()
    expect(page.locator(".lede")).to_contain_text("One competency is left.")
    looked_at(page, page.url, "again")
    looked_at(page, f"{course}/way", "way-again")
    looked_at(rater, f"{course}/observations/{staff.plan('independent')}", "focus-sheet")
    expect(rater.locator("#sheet")).to_contain_text("not asked this time")
