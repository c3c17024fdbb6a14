# SPDX-License-Identifier: Apache-2.0
"""A town of one test's own, with shortcuts to what makes a grade, and the steps of a delivery one by one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import time_machine
from sqlalchemy import select, update

from lti_mentoring.demo import site as sites
from lti_mentoring.demo.site import Persona, Site
from lti_mentoring.domain.delivery import Pace
from lti_mentoring.domain.lane import Limits
from lti_mentoring.domain.people import Actor
from lti_mentoring.services import candidacy, delivery, dispatch, lane, programme, roles, settlement
from lti_mentoring.services.dispatch import Job
from lti_mentoring.services.reconciliation import Comparer, enlist
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.delivery import Reconciliation, ScorePublication
from lti_mentoring.store.people import Identity, Membership, Person, Placement
from lti_mentoring.store.training import CheckAttempt
from support.driver import Lms
from support.live import Town

PACE = Pace(lease_seconds=60, base_seconds=10, cap_seconds=3600, batch=50)
LIMITS = Limits(most_at_once=8, per_second=0, burst=20, breaker_failures=5, breaker_seconds=30, cap_seconds=3600)
POINTS = {"O1": 9, "O2": 10}
RESULT = {
    "outcomes": [
        {"outcome": name, "points": points, "of": 10, "needed": 8, "missed": [], "mastered": True} for name, points in POINTS.items()
    ]
}


CROWD = "Learner"


def crowded(site: Site, many: int) -> Site:
    """A site with so many more learners in it."""
    first = max(one.number for one in site.people) + 1000
    crowd = (Persona(f"learner-{number}", first + number, "learner", CROWD, f"{number:04}", "One of many") for number in range(many))
    return replace(site, people=(*site.people, *crowd))


def _finished(candidacy_id: str, version: str, *, number: int = 1, state: str = "finished", mastered: bool = True) -> CheckAttempt:
    return CheckAttempt(
        candidacy_id=candidacy_id,
        module_version_id=version,
        module_key="M1",
        number=number,
        seed="seed",
        item_keys=[],
        state=state,
        result=RESULT,
        mastered=mastered,
    )


class Station:
    """One site of a town, seen from the outbox. Each method is a unit of work of its own."""

    def __init__(self, town: Town, site: str) -> None:
        self.town, self.site = town, town.sites[site]
        self.org_id, self.lms = town.organisations[site], Lms(town.lms_url, site)

    @contextmanager
    def inside(self) -> Iterator[Any]:
        """The app, with the site's organisation in scope."""
        with self.town.app.app_context(), base.tenant(self.org_id):
            yield base.session()

    def launch(self, persona: str, *activities: str) -> None:
        """Open activities as somebody."""
        browser = self.town.browser()
        for activity in activities:
            assert browser.launch(self.site.key, persona, activity).status == 200

    def person_id(self, persona: str) -> str:
        """The person whom a persona is here."""
        known = self.site.persona(persona)
        assert known
        with self.inside() as session:
            return str(session.scalars(select(Identity.person_id).where(Identity.sub == self.site.sub(known))).one())

    def actor(self, persona: str) -> Actor:
        """A persona as who acts in the course that they have opened, with the roles of this moment."""
        who = self.person_id(persona)
        with self.inside() as session:
            course = session.scalars(select(Membership.course_id).where(Membership.person_id == who)).one()
            registration = session.scalars(select(Placement.registration_id).where(Placement.course_id == course)).first()
            return roles.here(org_id=self.org_id, person_id=who, course_id=course, registration_id=str(registration)).actor

    def enrol(self, *activities: str) -> None:
        """Make a candidate who has finished M1 of every ``Learner`` of a crowded site, as their launches and checks would, and ask for
        their grades in ``activities``, which somebody has opened before."""
        with self.inside() as session:
            links = [self._link(activity) for activity in activities]
            place = session.scalars(select(Placement).where(Placement.resource_link_id == links[0])).one()
            issuer, course_id = sites.issuer(self.site, self.town.lms_url), place.course_id
            version = programme.current(self.org_id)
            assert version
            module = programme.module_version_id(version.id, "M1")
            learners = [one for one in self.site.people if one.given == CROWD]
            people = {one.key: base.new_id() for one in learners}
            with base.transactional() as writing:
                writing.add_all(Person(id=people[one.key], name=one.name) for one in learners)
                writing.flush()
                for one in learners:
                    who = people[one.key]
                    writing.add(Identity(issuer=issuer, sub=self.site.sub(one), person_id=who, registration_id=place.registration_id))
                    writing.add(Membership(course_id=course_id, person_id=who, standing="learner"))
                    held = Candidacy(id=base.new_id(), person_id=who, course_id=course_id, programme_version_id=version.id)
                    writing.add(held)
                    writing.flush()
                    writing.add(_finished(held.id, module))
                    writing.flush()
                    delivery.want(writing, org_id=self.org_id, course_id=course_id, person_id=who, items={"module:M1"})

    def stranger(self, activity: str) -> str:
        """A learner of ours whom the LMS does not know any more. -> their person."""
        with self.inside() as session:
            place = session.scalars(select(Placement).where(Placement.resource_link_id == self._link(activity))).one()
            course_id, registration_id = place.course_id, place.registration_id
            issuer = session.scalars(select(Identity.issuer).limit(1)).one()
            person_id = base.new_id()
            with base.transactional() as writing:
                writing.add(Person(id=person_id, name=f"Gone {person_id[-4:]}"))
                writing.flush()
                writing.add(Identity(issuer=issuer, sub=f"gone-{person_id}", person_id=person_id, registration_id=registration_id))
                writing.add(Membership(course_id=course_id, person_id=person_id, standing="learner"))
                candidacy.begin(writing, org_id=self.org_id, person_id=person_id, course_id=course_id)
        return person_id

    def attempt(self, person_id: str, *, activity: str = "module-m1", mastered: bool = True, state: str = "finished") -> None:
        """Give somebody an attempt at M1, worth 95 per cent, and ask for their grade in the same transaction."""
        with self.inside() as session:
            place = session.scalars(select(Placement).where(Placement.resource_link_id == self._link(activity))).one()
            held = candidacy.find(session, person_id=person_id, course_id=place.course_id)
            assert held
            version = programme.module_version_id(held.programme_version_id, "M1")
            with base.transactional() as writing:
                number = len(writing.scalars(select(CheckAttempt.id).where(CheckAttempt.candidacy_id == held.id)).all()) + 1
                writing.add(_finished(held.id, version, number=number, state=state, mastered=mastered))
                delivery.want(writing, org_id=self.org_id, course_id=held.course_id, person_id=person_id, items={"module:M1"})

    def want_again(self, person_id: str, activity: str = "module-m1") -> None:
        """A decision that may have changed the grade."""
        with self.inside() as session:
            course_id = session.scalars(select(Placement.course_id).where(Placement.resource_link_id == self._link(activity))).one()
            with base.transactional() as writing:
                delivery.want(writing, org_id=self.org_id, course_id=course_id, person_id=person_id, items={"module:M1"})

    def change(self, activity: str, **values: Any) -> str:
        """Change a placement as its coordinator may. -> its id."""
        with self.inside(), base.transactional() as session:
            place = session.scalars(select(Placement).where(Placement.resource_link_id == self._link(activity))).one()
            voids = "item" in values and values["item"] != place.item
            for name, value in values.items():
                setattr(place, name, value)
            session.flush()
            delivery.placement_changed(session, org_id=self.org_id, placement_id=place.id, voids=voids)
            return place.id

    def row(self, activity: str = "module-m1", persona: str = "candidate", person_id: str | None = None) -> ScorePublication | None:
        """The outbox's row, detached."""
        who = person_id or self.person_id(persona)
        with self.inside() as session:
            found = session.scalar(
                select(ScorePublication)
                .join(Placement, Placement.id == ScorePublication.placement_id)
                .where(Placement.resource_link_id == self._link(activity), ScorePublication.person_id == who)
            )
            if found is not None:
                session.expunge(found)
            return found

    def lane(self, activity: str = "module-m1") -> str:
        """The lane through which an activity's grades go."""
        with self.inside() as session:
            place = session.scalars(select(Placement).where(Placement.resource_link_id == self._link(activity))).one()
            return lane.of_placement(place, sites.issuer(self.site, self.town.lms_url))[0]

    def registration(self, activity: str = "module-m1") -> str:
        """The registration by which an activity is known."""
        with self.inside() as session:
            return str(session.scalars(select(Placement.registration_id).where(Placement.resource_link_id == self._link(activity))).one())

    def claim(self, pace: Pace = PACE, *, most: int = 1, activity: str = "module-m1") -> list[Job]:
        """Step one of a delivery: what the gate lets through, with what is to be said of it."""
        key = self.lane(activity)
        with self.town.app.app_context():
            due = lane.admit(key, most=most, pace=pace, limits=LIMITS).due
        with self.inside():
            return dispatch.prepare(key, due, pace)

    def send(self, job: Job, pace: Pace = PACE) -> dispatch.Outcome:
        """Step two."""
        with self.inside():
            grades = self.town.app.extensions["grades_for"](job.service.registration, job.service.deployment_id)
            return dispatch.send(job, grades, pace)

    def settle(self, job: Job, outcome: dispatch.Outcome, pace: Pace = PACE) -> None:
        """Step three."""
        with self.inside():
            settlement.settle([(job, outcome)], pace=pace, limits=LIMITS, chance=lambda: 1.0)

    def run(self, lane_key: str, pace: Pace = PACE) -> datetime | None:
        """What one wake-up does, with the longest waits that chance can give."""
        with self.town.app.app_context():
            grades_for = self.town.app.extensions["grades_for"]
            return delivery.run(lane_key, grades_for=grades_for, pace=pace, limits=LIMITS, chance=lambda: 1.0)

    def deliver(self) -> None:
        """All that is due now, in every lane."""
        with self.town.app.app_context():
            lanes = delivery.sweep()
        for key in lanes:
            self.run(key)

    def compare(self, *, night: bool = True) -> int:
        """Read the gradebook back as the worker's errand does: what is due, and by ``night`` all of them. -> how many columns."""
        if night:
            with self.town.app.app_context():
                enlist()
            with self.inside(), base.transactional() as session:
                session.execute(update(Reconciliation).values(next_at=base.now()))
        comparer, count = Comparer(self.town.app.extensions["grades_for"], chance=lambda: 0.5), 0
        while True:
            with self.town.app.app_context():
                if not comparer.step():
                    return count
            count += 1

    def share(self, activity: str = "module-m1", persona: str = "candidate") -> float | None:
        """What the LMS's gradebook shows, as a share of its maximum."""
        cell = self.lms.cell(activity, persona)
        return None if cell is None or cell["score"] is None else float(cell["score"] / cell["maximum"])

    def scores(self) -> list[dict[str, Any]]:
        """The score messages that the LMS got, oldest first."""
        return [one["detail"]["request"]["body"] for one in self.lms.messages("scores")]

    def _link(self, activity: str) -> str:
        known = self.site.activity(activity)
        assert known
        return self.site.resource_link_id(known)


@contextmanager
def later(**how: float) -> Iterator[None]:
    """The same, but so much later."""
    with time_machine.travel(datetime.now(UTC) + timedelta(**how), tick=True):
        yield
