# SPDX-License-Identifier: Apache-2.0
"""A course's roster seen from both ends: what the pocket LMS says, what is read of it, what is held then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from lti_mentoring.domain.delivery import Pace
from lti_mentoring.services import roll_call, roster
from lti_mentoring.store import base
from lti_mentoring.store.people import Course, Identity, Membership, Person, Placement
from lti_mentoring.store.roster import RosterSync
from support.live import Town
from support.station import PACE, Station


@dataclass(frozen=True)
class Held:
    """A member as we hold them."""

    sub: str
    person_id: str
    name: str | None
    email: str | None
    standing: str
    status: str
    told: str
    launched_at: datetime
    left_at: datetime | None
    roster_run: int
    test_user: bool


class Roster(Station):
    """One site's course."""

    def __init__(self, town: Town, site: str, activity: str = "programme") -> None:
        super().__init__(town, site)
        self.activity = activity

    def link(self, activity: str) -> str:
        """What the LMS calls an activity."""
        return self._link(activity)

    def ask(self, **changes: Any) -> None:
        """Have the course's roster read now, as its coordinator may; ``changes`` to the sync's row come on top."""
        with self.inside(), base.transactional() as session:
            row = session.scalar(select(RosterSync).where(RosterSync.course_id == self._course(session)))
            if row is None:
                row = roster.new_sync(session, self._course(session), base.now())
                assert row
            elif row.state in ("done", "failed"):
                roster.begin_anew(row)
            row.state, row.next_at = "waiting", base.now()
            for name, value in changes.items():
                setattr(row, name, value)

    def step(self, pace: Pace = PACE) -> bool:
        """What the errand does once: one turn of one course."""
        with self.town.app.app_context():
            return roll_call.run(connector_for=self.town.app.extensions["connector_for"], pace=pace, chance=lambda: 1.0)

    def page(self, pace: Pace = PACE) -> bool:
        """One page, by a worker that dies right after it. -> whether there are more"""
        with self.town.app.app_context():
            step = roll_call.claim(pace=pace)
            assert step
            with base.tenant(step.org_id):
                how: dict[str, Any] = {"connector_for": self.town.app.extensions["connector_for"], "pace": pace}
                return roll_call.read(step, chance=lambda: 1.0, **how) is not None

    def sync(self) -> str:
        """Turns until nothing is due. -> the state then"""
        while self.step():
            pass
        return self.row().state

    def row(self) -> RosterSync:
        """The sync's row, detached."""
        with self.inside() as session:
            found = session.scalars(select(RosterSync).where(RosterSync.course_id == self._course(session))).one()
            session.expunge(found)
            return found

    def members(self) -> list[Held]:
        """Everybody whom we hold in the course."""
        with self.inside() as session:
            query = (
                select(Identity, Person, Membership)
                .join(Person, Person.id == Identity.person_id)
                .join(Membership, Membership.person_id == Person.id)
                .where(Membership.course_id == self._course(session))
            )
            return [
                Held(
                    sub=i.sub,
                    person_id=p.id,
                    name=p.name,
                    email=p.email,
                    standing=m.standing,
                    status=m.status,
                    told=m.roster_standing,
                    launched_at=m.launched_at,
                    left_at=m.left_at,
                    roster_run=m.roster_run,
                    test_user=i.test_user,
                )
                for i, p, m in session.execute(query)
            ]

    def member(self, persona: str) -> Held:
        """One of them."""
        known = self.site.persona(persona)
        assert known
        return next(one for one in self.members() if one.sub == self.site.sub(known))

    def _course(self, session: Any) -> str:
        """The course of the activity; launches of other tests may have brought the same link from elsewhere."""
        known = self.site.activity(self.activity)
        place = self.site.course(known.course) if known else None
        assert place
        query = select(Placement.course_id).join(Course, Course.id == Placement.course_id)
        query = query.where(Placement.resource_link_id == self._link(self.activity), Course.context_id == f"c:{place.context_id}")
        return str(session.scalars(query.distinct()).one())
