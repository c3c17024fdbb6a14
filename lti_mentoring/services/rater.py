# SPDX-License-Identifier: Apache-2.0
"""Who may rate a session beside its observer: qualified, clear of conflicts, not in the room for another reason, and nobody twice."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from lti_mentoring.domain import qualification as standings
from lti_mentoring.domain.assessors import AskMany, asker
from lti_mentoring.domain.capacity import CONFLICT, UNQUALIFIED, UNTOLD
from lti_mentoring.domain.conflict import ASSESSMENT, CLOSED, LETS_THROUGH, OVERRIDE, Check, Finding, Question
from lti_mentoring.domain.observation import RATED, WAITING
from lti_mentoring.domain.people import LEADS, display_name
from lti_mentoring.domain.programme import CO, Programme, Rubric
from lti_mentoring.domain.qualification import COUNTS, Qualification
from lti_mentoring.domain.reliability import Qualifying
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.domain.scoring import SUMMATIVE, check_rater
from lti_mentoring.domain.standing import CO_MENTORED, HELPED
from lti_mentoring.services import conflict, notification, programme, qualification
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.field import Participant
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.people import Person, RoleGrant
from lti_mentoring.store.qualification import ObserverQualification
from lti_mentoring.store.rating import Rater, SubmittedRating

WHYS = ("observation_of_oneself", "rater_present", "rater_twice", UNQUALIFIED, UNTOLD, CONFLICT)
"""Why somebody may not rate beside the observer."""


@dataclass(frozen=True, slots=True)
class Possible:
    """Somebody who could be asked, with everything that speaks against it; nothing does where ``why`` is empty. ``load``: ratings and
    sessions that wait for them already."""

    id: str
    name: str
    why: tuple[str, ...]
    findings: tuple[Finding, ...] = ()
    load: int = 0


@dataclass(frozen=True, slots=True)
class _Case:
    """What is asked of everybody who could rate one observation."""

    subject_id: str
    present: frozenset[str]
    others: frozenset[str]
    question: Question
    rubric: Rubric
    version: Programme
    qualifying: Qualifying | None
    day: date


@dataclass(frozen=True, slots=True)
class Pool:
    """Everybody who observes in a course, with what is known of them: read once, for one observation or for many."""

    names: Mapping[str, str]
    cases: Mapping[str, _Case]
    ask: AskMany
    held: Mapping[tuple[str, str], Sequence[Qualification]]
    counted: Mapping[tuple[str, str], int]
    loads: Mapping[str, int]

    def of(self, row: Observation) -> tuple[Possible, ...]:
        """Who could rate one of the observations, those first who may; among them who has the least to do."""
        case = self.cases[row.id]
        checks = self.ask(case.question, self.names)
        made = [
            Possible(person, name, tuple(self._against(person, case, checks[person])), checks[person].findings, self.loads.get(person, 0))
            for person, name in self.names.items()
        ]
        return tuple(sorted(made, key=lambda one: (bool(one.why), one.load, one.name.casefold(), one.id)))

    def anyone(self, row: Observation) -> bool:
        """Whether somebody could rate one of the observations, or could once they have told us who manages them."""
        case = self.cases[row.id]
        fit = (person for person in self.names if not any(self._unfit(person, case)))
        return any(not stopped(self.ask(case.question, [person])[person]) for person in fit)

    def _against(self, person: str, case: _Case, check: Check) -> Iterable[str]:
        yield from self._unfit(person, case)
        if check.verdict not in LETS_THROUGH:
            yield CONFLICT if stopped(check) else UNTOLD

    def _unfit(self, person: str, case: _Case) -> Iterable[str]:
        """What speaks against somebody beside lines and other conflicts."""
        try:
            check_rater(person, subject=case.subject_id, present=case.present, others=case.others)
        except RuleBroken as broken:
            yield broken.code
        key = (person, case.rubric.key)
        if not counts(case.qualifying, self.held.get(key, ()), self.counted.get(key, 0), case.day):
            yield UNQUALIFIED


def stopped(check: Check) -> bool:
    """Whether anything found keeps somebody from rating, also where something else is not known yet."""
    return any(one.verdict in (OVERRIDE, CLOSED) for one in check.findings)


def pool(session: Session, course_id: str, rows: Sequence[Observation]) -> Pool:
    """The pool for some observations of a course; as many statements for many as for one."""
    names = observers(session, course_id)
    cases = {row.id: case for row, case in zip(rows, _cases(session, rows), strict=True)}
    about = {person for case in cases.values() for person in case.question.people}
    facts = conflict.facts_of(session, {*names, *about}, on=base.now().date())
    held = qualifications(session, course_id, names)
    rated = counted(session, course_id, names, (case.rubric.key for case in cases.values()))
    return Pool(names, cases, asker(facts), held, rated, loads(session, course_id))


def eligible(session: Session, row: Observation) -> tuple[Possible, ...]:
    """Everybody who observes in the course of an observation, each with why they may not rate it beside its observer."""
    return pool(session, row.course_id, [row]).of(row)


def question(
    kind: str, subject_id: str, present: Collection[str], version: Programme, rubric: Rubric, *, shared: bool = False
) -> Question:
    """What the conflict guard is asked of whoever rates a session of a kind; ``acting`` is still to be named. ``shared``: they led it
    together with the candidate. What the policy lets stand is noted: help, and having mentored together where somebody else observes at
    least once."""
    policy = version.policy
    helped = {HELPED} if policy.assistance.helper_may_assess else set()
    together = {CO_MENTORED} if policy.counting is not None and policy.counting.beyond_co_mentor else set()
    return Question(
        ASSESSMENT,
        (),
        (subject_id,),
        tuple(sorted(present)),
        summative=kind in SUMMATIVE,
        shared=shared,
        competencies=frozenset(key for one in rubric.criteria for key in one.competencies),
        noted=frozenset(helped | together),
    )


def question_of(session: Session, row: Observation, person_id: str) -> Question:
    """The same of one person, with all that it needs read. Who led a session of co-mentoring is not held to be tied by it (step 5)."""
    led = row.kind == CO and person_id == (row.mentor_id or row.observer_id)
    return replace(_cases(session, [row])[0].question, shared=led)


def involved(session: Session, row: Observation) -> frozenset[str]:
    """Whoever rates an observation or is its candidate."""
    case = _cases(session, [row])[0]
    return case.others | {case.subject_id}


def tell_leads(session: Session, row: Observation, wanted: str) -> None:
    """Whoever leads the course is told, once, that a rated session waits for them to ask somebody, in the caller's transaction; not who
    rates it themself, nor its candidate."""
    if session.scalar(select(Rater.id).where(Rater.observation_id == row.id, Rater.purpose == wanted, Rater.state == "asked").limit(1)):
        return
    held = (RoleGrant.course_id == row.course_id, RoleGrant.role.in_(LEADS), RoleGrant.revoked_at.is_(None))
    leads = set(session.scalars(select(RoleGrant.person_id).where(*held)))
    for person_id in sorted(leads - involved(session, row)):
        ids, facts = {"course": row.course_id, "observation": row.id}, {"planned_for": row.planned_for}
        notification.tell(
            session,
            org_id=row.org_id,
            person_id=person_id,
            kind="opinion_wanted",
            facts=facts,
            endpoint="second.choose",
            ids=ids,
            once=f"{wanted}:{row.id}",
        )


# --- read once -----------------------------------------------------------------------------------------------------------------


def observers(session: Session, course_id: str) -> dict[str, str]:
    """Everybody who observes in a course, with their names."""
    held = (RoleGrant.course_id == course_id, RoleGrant.role == "observer", RoleGrant.revoked_at.is_(None))
    grants = select(Person.id, Person.name, Person.chosen_name).where(Person.id.in_(select(RoleGrant.person_id).where(*held)))
    return {row.id: display_name(row.chosen_name or row.name, row.id) for row in session.execute(grants)}


def qualifications(session: Session, course_id: str, people: Collection[str]) -> dict[tuple[str, str], list[Qualification]]:
    """(person, rubric) -> all qualifications in a course, the oldest first."""
    query = select(ObserverQualification).where(ObserverQualification.course_id == course_id).order_by(ObserverQualification.number)
    found: dict[tuple[str, str], list[Qualification]] = {}
    for row in session.scalars(query):
        if row.person_id in people:
            found.setdefault((row.person_id, row.rubric), []).append(qualification.read(row))
    return found


def counted(session: Session, course_id: str, people: Collection[str], rubrics: Iterable[str]) -> dict[tuple[str, str], int]:
    """(person, rubric) -> how many sessions they have rated on it so that it counted."""
    found = {rubric: qualification.counted(session, course_id, people, rubric) for rubric in sorted(set(rubrics))}
    return {(person, rubric): many for rubric, told in found.items() for person, many in told.items()}


def counts(rules: Qualifying | None, held: Sequence[Qualification], ratings: int, day: date) -> bool:
    """Whether a rating of that day would count, by who gives it: as ``qualification.standing_of`` says of one."""
    return standings.standing(rules, held, day, ratings).weight == COUNTS


def loads(session: Session, course_id: str) -> dict[str, int]:
    """Observations and ratings that wait for each person in a course."""
    theirs = select(Observation.observer_id, func.count()).where(Observation.course_id == course_id, Observation.state.in_(WAITING))
    asked = (
        select(Rater.person_id, func.count())
        .join(Observation, and_(Observation.org_id == Rater.org_id, Observation.id == Rater.observation_id))
        .where(Observation.course_id == course_id, Observation.state.in_((*WAITING, RATED)), Rater.state == "asked")
    )
    found: dict[str, int] = {}
    for query in (theirs.group_by(Observation.observer_id), asked.group_by(Rater.person_id)):
        for person, many in session.execute(query):
            found[person] = found.get(person, 0) + many
    return found


def _cases(session: Session, rows: Sequence[Observation]) -> list[_Case]:
    ids, today = [row.id for row in rows], base.now().date()
    held = select(Candidacy.id, Candidacy.person_id, Candidacy.programme_version_id)
    subjects = {row[0]: row for row in session.execute(held.where(Candidacy.id.in_({row.candidacy_id for row in rows})))}
    there = _by_observation(session, Participant.observation_id, Participant.person_id, Participant.role, ids)
    asked = _by_observation(session, Rater.observation_id, Rater.person_id, Rater.state, ids)
    wrote = _by_observation(session, SubmittedRating.observation_id, SubmittedRating.assessor_id, SubmittedRating.purpose, ids)
    made, asked_on = [], _asked_on()
    for row in rows:
        _, subject_id, version_id = subjects[row.candidacy_id]
        version, rubric = programme.load(version_id), programme.rubric(row.rubric_version_id)
        proteges = {person for person, role in there.get(row.id, ()) if role == "protege"}
        led = {person for person, role in there.get(row.id, ()) if role == "mentor"} | {row.mentor_id or ""} - {""}
        others = {row.observer_id, *(person for person, state in asked.get(row.id, ()) if state != "ended")}
        others |= {person for person, _ in wrote.get(row.id, ())}
        asked_of = question(row.kind, subject_id, proteges, version, rubric)
        day = max(row.planned_for, today)
        qualifying = asked_on(row.course_id, version_id, rubric.key)
        made.append(_Case(subject_id, frozenset(proteges | led), frozenset(others), asked_of, rubric, version, qualifying, day))
    return made


def _asked_on() -> Callable[[str, str, str], Qualifying | None]:
    """What is asked of who rates: (course, version, rubric) -> it; each read once."""
    return cache(lambda course_id, version_id, rubric: qualification.asked_on(course_id, rubric, programme.load(version_id).policy))


def _by_observation(session: Session, of: Any, person: Any, what: Any, ids: Collection[str]) -> Mapping[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for observation_id, person_id, said in session.execute(select(of, person, what).where(of.in_(ids))):
        found.setdefault(observation_id, []).append((person_id, said))
    return found
