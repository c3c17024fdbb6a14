# SPDX-License-Identifier: Apache-2.0
"""Submission review: from a cell of an LMS's gradebook to that person's work, as far as the reader may see it (SR-01 to SR-03)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.engine import Connection

from lti_mentoring.domain import review as rules
from lti_mentoring.domain.people import PERMISSIONS, Actor, display_name
from lti_mentoring.domain.review import View
from lti_mentoring.domain.rule import NotFound
from lti_mentoring.lti.launch import Launch
from lti_mentoring.services import candidacy, observation, roles
from lti_mentoring.services.candidacy import Step
from lti_mentoring.services.observation import ListRow
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.people import Identity, Membership, Person, Placement, RoleGrant

NOBODY = "nobody"
"""In the place of a person's id: somebody whom nobody here knows, or whom the reader may not even learn to be known."""

_g, _i, _m, _a = (base.table(one).c for one in (RoleGrant, Identity, Membership, Placement))


@dataclass(frozen=True, slots=True)
class Review:
    """Somebody's work. ``item`` is what the cell's activity opens, "" where no activity of ours fills it; ``steps`` is for who leads."""

    view: View
    known: bool
    name: str
    activity: str
    item: str
    steps: tuple[Step, ...]
    observations: tuple[ListRow, ...]
    mine: frozenset[str]
    """Ids of the observations that are the reader's to rate."""
    coordinators: tuple[str, ...]

    @property
    def straight_to(self) -> ListRow | None:
        """The one observation that the reader looks for: theirs to rate and still open, or else the only one that is released."""
        if self.item not in ("", "observation"):
            return None
        waiting = [one for one in self.observations if one.id in self.mine and one.state in observation.WAITING]
        released = [one for one in self.observations if one.state == "released"]
        found = waiting or released
        return found[0] if len(found) == 1 else None


def pointed(
    connection: Connection, launch: Launch, org_id: str, course_id: str, person_id: str, placement_id: str | None
) -> tuple[str, str]:
    """The activity and the person at whom a review points, "" for what it does not name; in the launch's transaction.

    Whoever is a learner to the LMS and has no role here is told of nobody but themselves, not even whether there is such a person.
    """
    ags = launch.ags
    if placement_id is None and ags is not None:
        same = or_(_a.lineitem_url == ags.lineitem, _a.own_lineitem_url == ags.lineitem)
        placement_id = connection.execute(select(_a.id).where(_a.org_id == org_id, _a.course_id == course_id, same).limit(1)).scalar()
    if launch.for_user is None:
        return placement_id or "", ""
    if launch.for_user == launch.sub:
        return placement_id or "", person_id
    role = exists().where(_g.org_id == org_id, _g.course_id == course_id, _g.person_id == person_id, _g.revoked_at.is_(None))
    if launch.standing == "learner" and not connection.execute(select(role)).scalar():
        return placement_id or "", NOBODY
    found = connection.execute(
        select(_i.person_id)
        .join(base.table(Membership), and_(_m.org_id == _i.org_id, _m.person_id == _i.person_id, _m.course_id == course_id))
        .where(_i.org_id == org_id, _i.issuer == launch.issuer, _i.sub == launch.for_user)
    ).scalar()
    return placement_id or "", found or NOBODY


def look(*, actor: Actor, person_id: str, placement_id: str = "") -> Review:
    """What the reader may see of a person's work in this course. NotFound ``person`` for who is not in it, ``placement`` likewise."""
    session = base.session()
    theirs = and_(Candidacy.course_id == actor.course_id, Candidacy.person_id == person_id)
    rated = select(Observation.id).join(Candidacy, Candidacy.id == Observation.candidacy_id).where(theirs)
    mine = frozenset(session.scalars(rated.where(Observation.observer_id == actor.person_id)))
    seen = rules.view(actor, subject=person_id, rates=bool(mine) and actor.is_any(*PERMISSIONS["observation.rate"]))
    title, item = _activity(session, actor, placement_id)
    known: Any = None
    if seen != "none":
        query = select(Person.name, Person.chosen_name, Candidacy.id)
        known = session.execute(query.join(Candidacy, Candidacy.person_id == Person.id).where(theirs)).first()
        if known is None and person_id != NOBODY and not _in_course(actor, person_id):
            raise NotFound("person")
    shown = known is not None and seen in ("all", "rated")
    rows = observation.of_candidacy(known[2]) if shown or (known is not None and seen == "own") else ()
    return Review(
        view=seen,
        known=known is not None,
        name=display_name(known[0] or known[1], person_id) if known is not None else "",
        activity=title,
        item=item,
        steps=_steps(actor, person_id) if known is not None and seen == "all" else (),
        observations=tuple(one for one in rows if seen != "rated" or one.id in mine),
        mine=mine,
        coordinators=roles.coordinators(actor=actor) if seen == "none" else (),
    )


def _activity(session: Any, actor: Actor, placement_id: str) -> tuple[str, str]:
    query = select(Placement.title, Placement.item).where(Placement.course_id == actor.course_id, Placement.id == placement_id)
    found = session.execute(query).first() if placement_id else ("", "")
    if found is None:
        raise NotFound("placement")
    return found[0], found[1]


def _in_course(actor: Actor, person_id: str) -> bool:
    query = select(Membership.id).where(Membership.course_id == actor.course_id, Membership.person_id == person_id)
    return base.session().scalar(query) is not None


def _steps(actor: Actor, person_id: str) -> tuple[Step, ...]:
    row = candidacy.find(base.session(), person_id=person_id, course_id=actor.course_id)
    if row is None:
        return ()
    return candidacy.way_of(row.programme_version_id, candidacy.own_records(row, org_id=actor.org_id)).steps
