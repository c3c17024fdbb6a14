# SPDX-License-Identifier: Apache-2.0
"""Targeted re-observation: what is asked again after a "not yet", and why. All evidence is kept; observers read no old levels."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from lti_mentoring.domain import candidacy as rules
from lti_mentoring.domain import counting
from lti_mentoring.domain.candidacy import Records, Requirement
from lti_mentoring.domain.observation import in_focus
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.programme import CO, INDEPENDENT, Competency, Criterion, Programme
from lti_mentoring.domain.releasing import SELF
from lti_mentoring.services import candidacy, programme
from lti_mentoring.services.candidacy import ReportLink
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.rating import Rater


@dataclass(frozen=True, slots=True)
class Again:
    """A competency that is asked again: why, as the requirement says it, and what it is rated by."""

    competency: Competency
    why: Requirement | None
    criteria: tuple[Criterion, ...]


@dataclass(frozen=True, slots=True)
class FocusPage:
    """What is asked again of a candidate; empty where nothing is. ``missing`` is whatever else their sessions do not show together yet,
    such as another observer; ``reports`` are the sessions that count, oldest first; ``planned`` says that the next one is."""

    again: tuple[Again, ...]
    missing: tuple[Requirement, ...]
    reports: tuple[ReportLink, ...]
    planned: bool
    left: bool


def page(*, actor: Actor) -> FocusPage:
    """The candidate's own page. NotFound for who is no candidate."""
    own = candidacy.of(actor)
    version = programme.load(own.programme_version_id)
    return _page(version, candidacy.own_records(own, org_id=actor.org_id))


def _page(version: Programme, records: Records) -> FocusPage:
    if version.policy.counting is None:
        return FocusPage((), (), (), planned=False, left=False)
    step = rules.steps(version.policy, records)[INDEPENDENT]
    focus = counting.focus(version.policy, step)
    part = next(one for one in rules.requirements(version.policy, records).children if one.code == rules.STEP_OF[INDEPENDENT])
    whys = {str(child.facts["competency"]): child for leaf in part.children for child in leaf.children if "competency" in child.facts}
    criteria = version.rubric(version.policy.observation_rubric).criteria
    again = tuple(
        Again(one, whys.get(one.key), tuple(each for each in criteria if in_focus(each, (one.key,))))
        for one in version.competencies
        if one.key in focus
    )
    enough = len(step.counting) >= step.wanted
    missing = tuple(leaf for leaf in part.children if not leaf.met and leaf.code != "competencies_together") if enough else ()
    known = {one.id for one in step.counting}
    reports = tuple(one for one in candidacy.released(records, version) if one.observation_id in known)
    return FocusPage(again, missing, reports, planned=bool(step.under_way), left=not step.met)


def keep(session: Session, row: Observation, subject: Candidacy) -> None:
    """Keep an observation that is being planned with what it takes along, in the caller's transaction: an independent one looks only at
    what is left, where that is all that is; of a session that two lead, the candidate rates their own part as well."""
    row.focus = list(_focus(session, subject)) if row.kind == INDEPENDENT else []
    session.add(row)
    session.flush()
    if row.kind == CO:
        session.add(Rater(observation_id=row.id, person_id=subject.person_id, purpose=SELF, assigned_by=row.created_by))
        session.flush()


def _focus(session: Session, subject: Candidacy) -> tuple[str, ...]:
    version = programme.load(subject.programme_version_id)
    if version.policy.counting is None:
        return ()
    steps = rules.steps(version.policy, candidacy.records(session, subject))
    return counting.focus(version.policy, steps[INDEPENDENT])


def titles(version: Programme, focus: tuple[str, ...]) -> tuple[Competency, ...]:
    """The competencies of a focus, as the programme names them; one that it does not have any more is left out."""
    return tuple(one for one in version.competencies if one.key in focus)


