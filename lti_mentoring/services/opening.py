# SPDX-License-Identifier: Apache-2.0
"""Opening a programme in a course: whether its eight components are there, whom each policy needs, and the policy that is chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from lti_mentoring.domain import readiness as rules
from lti_mentoring.domain import translation
from lti_mentoring.domain.editing import LINE, TEXT, cleaned
from lti_mentoring.domain.people import LEADS, Actor
from lti_mentoring.domain.programme import Policy, Programme
from lti_mentoring.domain.readiness import Component, Need, Staffing
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.domain.translation import Share
from lti_mentoring.services import intake, privacy, programme
from lti_mentoring.services.intake import IntakeRow
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.people import RoleGrant

OBSERVES = ("observer",)
"""Roles of those who can be watched, co-mentor and observe, until credentials say so."""


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """A policy that the programme can be run under: what it needs, and whether there are people enough."""

    policy: Policy
    chosen: bool
    proposed: bool
    needs: tuple[Need, ...]
    staffing: Staffing


@dataclass(frozen=True, slots=True)
class Readiness:
    """The readiness of a course's programme; ``shares`` say how much of it is translated, language by language, ``reads`` in
    which of them its title stands."""

    version_id: str
    title: str
    edition: str
    components: tuple[Component, ...]
    policies: tuple[PolicyRow, ...]
    candidates: int
    people: Mapping[str, int]
    shares: tuple[Share, ...] = ()
    reads: str = ""
    opened: bool = False

    @property
    def complete(self) -> bool:
        """Whether all eight components are there."""
        return all(one.there for one in self.components)


def readiness(*, actor: Actor) -> Readiness:
    """How ready the programme of the actor's course is; four queries. RuleBroken ``programme_missing`` before the first import."""
    entry = intake.of(org_id=actor.org_id, course_id=actor.course_id)
    pinned = intake.version_of(actor, entry)
    version = programme.load(pinned)
    people = _people(actor)
    proposed = rules.offered(version, people["mentor"])
    choices = version.policies if version.policy in version.policies else (version.policy, *version.policies)
    return Readiness(
        version_id=pinned,
        title=version.title,
        edition=version.edition,
        components=rules.components(version),
        policies=tuple(
            PolicyRow(
                policy=one,
                chosen=one == version.policy,
                proposed=one.name == proposed,
                needs=rules.needs(one),
                staffing=rules.staffing(one, coordinators=people["coordinator"], mentors=people["mentor"], outside=people["outside"]),
            )
            for one in choices
        ),
        candidates=_candidates(actor),
        people=people,
        shares=translation.shares(programme.source(pinned)),
        reads=version.reads,
        opened=entry.programme_version_id is not None,
    )


def _people(actor: Actor) -> dict[str, int]:
    """Coordinators, mentors who can be watched and can observe, and people of the staff who do neither: each person once."""
    rows = base.session().execute(
        select(RoleGrant.person_id, RoleGrant.role).where(RoleGrant.course_id == actor.course_id, RoleGrant.revoked_at.is_(None))
    )
    held: dict[str, set[str]] = {}
    for person, role in rows:
        held.setdefault(person, set()).add(role)
    mentors = {person for person, roles in held.items() if roles & set(OBSERVES)}
    leads = {person for person, roles in held.items() if roles & LEADS} - mentors
    return {"coordinator": len(leads), "mentor": len(mentors), "outside": len(held.keys() - mentors - leads)}


def _candidates(actor: Actor) -> int:
    query = select(func.count(Candidacy.id)).where(Candidacy.course_id == actor.course_id)
    return int(base.session().scalar(query) or 0)


@dataclass(frozen=True, slots=True)
class Questions:
    """What a programme is opened with: what the pack proposes, and which policy for few or for many observers."""

    opened: bool
    title: str
    support: str
    observers: int
    policies: tuple[str, ...]
    few: str
    many: str
    least_for_many: int = rules.MANY_OBSERVERS


def questions(*, actor: Actor) -> Questions:
    """The five questions of the actor's course. RuleBroken ``programme_missing`` before the first import."""
    entry = intake.of(org_id=actor.org_id, course_id=actor.course_id)
    version = programme.source(intake.version_of(actor, entry))
    few, many = rules.offered(version, 0), rules.offered(version, rules.MANY_OBSERVERS)
    names = tuple(one.name for one in version.policies)
    return Questions(entry.programme_version_id is not None, version.title, version.support, _people(actor)["mentor"], names, few, many)


def start(
    *,
    actor: Actor,
    title: str,
    observers: int,
    policy: str = "",
    mode: str,
    places: int | None,
    opens_at: datetime | None,
    closes_at: datetime | None,
    support: str,
) -> str:
    """Open the organisation's programme in the actor's course with five answers. Without a ``policy`` it is the one that so many
    ``observers`` are offered.

    -> the version. NotFound ``policy``; RuleBroken ``programme_opened``, ``programme_missing``, ``title_missing``, ``support_missing``,
    ``component_missing`` and what ``intake.change`` refuses. Nothing is written where anything is refused.
    """
    title, support = cleaned(LINE, title), cleaned(TEXT, support)
    if not title or not support:
        raise RuleBroken("support_missing" if title else "title_missing")
    source = intake.version_of(actor, IntakeRow())
    version = programme.source(source)
    made = replace(under(version, policy or rules.offered(version, observers)), title=title, support=support)
    missing = tuple(rules.shortfalls(made))
    if missing:
        raise RuleBroken("component_missing", components=missing)
    with base.transactional() as session:
        row = intake.held(session, actor)
        if row.programme_version_id is not None:
            raise RuleBroken("programme_opened")
        chosen = programme.publish(session, org_id=actor.org_id, programme=made, actor=actor, derived_from=source)
        row.programme_version_id = chosen.id
        intake.settle(session, row, made, actor=actor, mode=mode, places=places, opens_at=opens_at, closes_at=closes_at)
        facts: dict[str, Any] = {"policy": made.policy.name, "version": chosen.id, "observers": observers}
        privacy.record(session, actor=actor, verb="open", object_kind="intake", object_id=row.id, **facts)
        return chosen.id


def choose_policy(*, actor: Actor, name: str, version_id: str | None = None) -> str:
    """Run the course's programme under one of its policies from now on; whoever is a candidate keeps the version they began with.

    -> the version. NotFound ``policy``; RuleBroken ``policy_moved`` where the course works with another version than ``version_id``, which
    was seen, and ``component_missing`` (components) where a component is missing: then it cannot open.
    """
    with base.transactional() as session:
        row = intake.held(session, actor)  # from here on nobody else publishes
        source = intake.version_of(actor, intake.of(org_id=actor.org_id, course_id=actor.course_id))
        if version_id not in (None, source):
            raise RuleBroken("policy_moved")
        made = under(programme.source(source), name)
        missing = tuple(rules.shortfalls(made))
        if missing:
            raise RuleBroken("component_missing", components=missing)
        chosen = programme.publish(session, org_id=actor.org_id, programme=made, actor=actor, derived_from=source)
        row.programme_version_id = chosen.id
        row.updated_by, row.updated_at = actor.person_id, base.now()
        privacy.record(session, actor=actor, verb="choose_policy", object_kind="intake", object_id=row.id, policy=name, version=chosen.id)
        return chosen.id


def under(version: Programme, name: str) -> Programme:
    """The programme with the policy of that name in force, and all its translations. NotFound ``policy``."""
    for one in (*version.policies, version.policy):
        if one.name == name:
            offered = version.policies if version.policy in version.policies else (version.policy, *version.policies)
            return replace(version, policy=one, policies=offered)
    raise NotFound("policy", name=name)
