# SPDX-License-Identifier: Apache-2.0
"""What if: a policy tried on the people of a course, before anybody is judged by it. Nothing is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from lti_mentoring.domain import candidacy as asked
from lti_mentoring.domain import moving as rules
from lti_mentoring.domain.candidacy import Requirement
from lti_mentoring.domain.moving import Bar, Difference
from lti_mentoring.domain.people import Actor, display_name
from lti_mentoring.domain.programme import Policy, Programme
from lti_mentoring.domain.rule import NotFound
from lti_mentoring.services import candidacy, intake, programme
from lti_mentoring.services import records as recorded
from lti_mentoring.services.moving import GO_ON
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.people import Identity, Person

A_PAGE = 50

NUMBERS = (
    "structured_observations",
    "co_mentoring_sessions",
    "independent_observations",
    "overall_mean",
    "competency_mean",
    "no_critical_at_one",
    "modules_required",
)
"""What of a policy changes what is asked of a candidate, and so can be tried."""


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """Somebody for whom something would change."""

    candidacy_id: str
    name: str
    difference: Difference


@dataclass(frozen=True, slots=True)
class TrialPage:
    """What a policy would mean for a course. ``elsewhere`` of the ``people`` are in another version now, which changes things of itself;
    ``met_now`` and ``met_then`` have met everything. ``changed`` is one page of those for whom something changes, by name."""

    title: str
    policies: tuple[Policy, ...]
    modules: tuple[tuple[str, str], ...]
    present: Policy
    tried: Policy
    people: int
    elsewhere: int
    met_now: int
    met_then: int
    bars: tuple[Bar, ...]
    changed: tuple[ChangedRow, ...]
    total: int
    longer: int
    number: int
    pages: int


@dataclass(frozen=True, slots=True)
class _Compared:
    id: str
    name: str
    before: Requirement
    after: Requirement
    difference: Difference


def page(
    *, actor: Actor, policy: str = "", numbers: Mapping[str, Any] | None = None, only: str = "", number: int = 1
) -> TrialPage:
    """The cohort under ``policy`` (the one in force without a name) with other ``numbers``; a constant number of queries.

    ``only`` is the name of a bar: those for whom that one changes. NotFound ``policy``; RuleBroken as ``domain.moving.tried``.
    """
    pinned = intake.version_of(actor, intake.of(org_id=actor.org_id, course_id=actor.course_id))
    version = programme.load(pinned)
    policies = version.policies if version.policy in version.policies else (version.policy, *version.policies)
    chosen = next((one for one in policies if one.name == policy), None) if policy else version.policy
    if chosen is None:
        raise NotFound("policy", name=policy)
    tried = rules.tried(chosen, numbers or {}, [one.key for one in version.modules])
    found, elsewhere = _compared(base.session(), actor, pinned, replace(version, policy=tried))
    changed = [one for one in found if one.difference.changes and _concerns(one.difference, only)]
    pages = max(1, -(-len(changed) // A_PAGE))
    number = max(1, min(number, pages))
    shown = changed[(number - 1) * A_PAGE : number * A_PAGE]
    return TrialPage(
        title=version.title,
        policies=policies,
        modules=tuple((one.key, one.title) for one in version.modules),
        present=version.policy,
        tried=tried,
        people=len(found),
        elsewhere=elsewhere,
        met_now=sum(one.before.met for one in found),
        met_then=sum(one.after.met for one in found),
        bars=rules.bars((one.before, one.after) for one in found),
        changed=tuple(ChangedRow(one.id, one.name, _titled(one.difference, version)) for one in shown),
        total=len(changed),
        longer=sum(one.difference.longer for one in changed),
        number=number,
        pages=pages,
    )


def _concerns(found: Difference, only: str) -> bool:
    return not only or any(change.name == only for change in found.changes)


def _titled(found: Difference, version: Programme) -> Difference:
    """Reasons that name a competency say its title; only of those who are shown, since a cohort is large."""
    changes = (replace(one, after=one.after and candidacy.named_tree(one.after, version)) for one in found.changes)
    return replace(found, changes=tuple(changes))


def _judges(version: Programme) -> tuple[object, ...]:
    """All by which records are judged; where it is the same, they need not be judged twice."""
    policy = version.policy
    return version.modules, policy.overall_mean, policy.competency_mean, policy.no_critical_at_one


def _compared(session: Session, actor: Actor, pinned: str, then: Programme) -> tuple[list[_Compared], int]:
    """Everybody who is on the way here by name, as they stand and as they would; four queries. -> and how many are in another version"""
    tested = select(Identity.id).where(Identity.person_id == Candidacy.person_id, Identity.test_user).exists()
    here: ColumnElement[bool] = and_(Candidacy.course_id == actor.course_id, Candidacy.participation.in_(GO_ON), ~tested)
    rows = session.execute(
        select(Candidacy.id, Candidacy.programme_version_id, Candidacy.person_id, Person.name, Person.chosen_name)
        .join(Person, and_(Person.org_id == Candidacy.org_id, Person.id == Candidacy.person_id))
        .where(here)
    ).all()
    sources = {row.id: programme.load(row.programme_version_id) for row in rows}
    gathered = recorded.gather(session, here)
    was = recorded.judged(sources, gathered)
    otherwise = {version for version in {row.programme_version_id for row in rows} if _judges(programme.load(version)) != _judges(then)}
    anew = {row.id: then for row in rows if row.programme_version_id in otherwise}
    would = was | recorded.judged(anew, gathered) if anew else was
    found = []
    for row in rows:
        source = sources[row.id]
        before = asked.requirements(source.policy, was[row.id])
        after = asked.requirements(then.policy, would[row.id])
        name = display_name(row.name or row.chosen_name, row.person_id)
        found.append(_Compared(row.id, name, before, after, rules.difference(before, after)))
    found.sort(key=lambda one: (one.name.casefold(), one.id))
    return found, sum(row.programme_version_id != pinned for row in rows)
