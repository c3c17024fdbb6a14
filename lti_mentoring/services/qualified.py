# SPDX-License-Identifier: Apache-2.0
"""How an observer stands, for themself with what is still missing, and how all observers of a course stand, for who leads it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import and_, select

from lti_mentoring.domain import qualification as rules
from lti_mentoring.domain.agreement import Share
from lti_mentoring.domain.calibration import Compared
from lti_mentoring.domain.people import Actor, display_name
from lti_mentoring.domain.period import add_months
from lti_mentoring.domain.programme import Rubric
from lti_mentoring.domain.qualification import FULL, Attempt, Calibrated, Qualification, Standing
from lti_mentoring.domain.reliability import Qualifying
from lti_mentoring.domain.transcript import script
from lti_mentoring.services import founding, intake, programme, qualification
from lti_mentoring.services.qualification import Asked
from lti_mentoring.store import base
from lti_mentoring.store.people import Person, RoleGrant
from lti_mentoring.store.qualification import ObserverQualification

A_PAGE = 100


@dataclass(frozen=True, slots=True)
class Taken:
    """An exercise that counts towards a qualification, with its title."""

    key: str
    title: str
    reads: str
    attempt: Attempt

    @property
    def scores(self) -> tuple[Compared, ...]:
        """Its criteria that have a level from both."""
        return tuple(row for row in self.attempt.comparison.rows if row.apart is not None)


@dataclass(frozen=True, slots=True)
class Own:
    """How somebody stands on a rubric. ``until`` is the last day of the newest qualification, ``rated`` how many of their sessions
    counted. ``reached`` says what the newest exercises amount to, ``taken`` which those are, ``left`` (key, title, language) those that
    would count if they were rated now. ``shared``: of their last criteria that another person rated as well, so many the same."""

    rubric: str
    title: str
    reads: str
    rules: Qualifying
    state: str
    basis: str
    until: date | None
    standing: Standing
    rated: int
    reached: Calibrated
    taken: tuple[Taken, ...]
    left: tuple[tuple[str, str, str], ...]
    shared: Share


@dataclass(frozen=True, slots=True)
class Observer:
    """An observer of the course: by rubric the state, the last day and what a rating of today would count for."""

    person_id: str
    name: str
    stands: Mapping[str, tuple[str, date | None, Standing]]
    founding: bool


@dataclass(frozen=True, slots=True)
class Roll:
    """A page of the observers of a course, by name. ``rubrics`` are (key, title, language) of those on which observers qualify;
    ``counting``: rubric -> how many observers' ratings count today, of ``total``."""

    rubrics: tuple[tuple[str, str, str], ...]
    observers: tuple[Observer, ...]
    counting: Mapping[str, int]
    total: int
    number: int
    pages: int


def own(*, actor: Actor) -> tuple[Own, ...]:
    """How the reader stands, rubric by rubric; none where the programme asks for no qualification. Four queries a rubric."""
    return tuple(_own(actor, one) for one in qualification.asked(actor.course_id))


def _own(actor: Actor, asked: Asked) -> Own:
    session, now = base.session(), base.now()
    mine = {"course_id": actor.course_id, "person_id": actor.person_id, "rubric": asked.rubric}
    held = qualification.of(session, **mine)
    state, basis = rules.state_on(held, now.date())
    last = held[-1] if held else Qualification()
    rated = qualification.counted(session, actor.course_id, [actor.person_id], asked.rubric).get(actor.person_id, 0)
    attempts = qualification.attempts(session, **mine)
    reached = rules.best(last, attempts, now, asked.rules)
    version = programme.load(intake.version_here(actor))
    rubric = version.rubric(asked.rubric)
    titles = {one.key: (script(one).title, one.reads) for one in version.transcripts}
    seen = {one.exercise for one in attempts if _fresh(one, asked.rules, now.date())} if reached.basis == FULL else set()
    seen |= {one.exercise for one in reached.attempts}
    doubled = sorted((one for one in qualification.doubled(session, **mine) if None not in one.pair), key=lambda one: one.at)
    doubled = doubled[-asked.rules.drift_scores :]
    return Own(
        rubric=asked.rubric,
        title=rubric.title,
        reads=rubric.reads,
        rules=asked.rules,
        state=state,
        basis=basis,
        until=_last_day(last),
        standing=rules.standing(asked.rules, held, now.date(), rated),
        rated=rated,
        reached=reached,
        taken=tuple(Taken(one.exercise, *titles.get(one.exercise, (one.exercise, "")), one) for one in reached.attempts),
        left=tuple((key, *titles[key]) for key in asked.exercises if key not in seen),
        shared=Share(sum(one.pair[0] == one.pair[1] for one in doubled), len(doubled)),
    )


def _fresh(attempt: Attempt, wanted: Qualifying, today: date) -> bool:
    """Whether its master ratings were seen so lately that the exercise would not count again."""
    return add_months(attempt.at.date(), wanted.fresh_months) > today


def _last_day(held: Qualification) -> date | None:
    return held.period.end - timedelta(days=1) if held.period is not None and held.period.end is not None else None


def roll(*, actor: Actor, number: int = 1) -> Roll:
    """The observers of the actor's course and how each stands; three queries, and one more for each rubric."""
    session, today = base.session(), base.now().date()
    asked = qualification.asked(actor.course_id)
    people = session.execute(
        select(Person.id, Person.name, Person.chosen_name)
        .join(RoleGrant, and_(RoleGrant.org_id == Person.org_id, RoleGrant.person_id == Person.id))
        .where(RoleGrant.course_id == actor.course_id, RoleGrant.role == "observer", RoleGrant.revoked_at.is_(None))
        .distinct()
    ).all()
    held: dict[tuple[str, str], list[Qualification]] = defaultdict(list)
    q = ObserverQualification
    for row in session.scalars(select(q).where(q.course_id == actor.course_id).order_by(q.number)):
        held[row.person_id, row.rubric].append(qualification.read(row))
    ids = [one.id for one in people]
    rated = {one.rubric: qualification.counted(session, actor.course_id, ids, one.rubric) for one in asked}
    observers, founders = [], founding.of(session, actor.course_id)
    for one in people:
        stands = {}
        for wanted in asked:
            theirs = held[one.id, wanted.rubric]
            found = rules.standing(wanted.rules, theirs, today, rated[wanted.rubric].get(one.id, 0))
            last = _last_day(theirs[-1]) if theirs else None
            stands[wanted.rubric] = (rules.state_on(theirs, today)[0], last, found)
        observers.append(Observer(one.id, display_name(one.name or one.chosen_name, one.id), stands, one.id in founders))
    observers.sort(key=lambda one: (one.name.casefold(), one.person_id))
    pages = max(1, -(-len(observers) // A_PAGE))
    number = min(max(number, 1), pages)
    return Roll(
        rubrics=tuple((one.rubric, rubric.title, rubric.reads) for one in asked for rubric in [_rubric(actor, one.rubric)]),
        observers=tuple(observers[(number - 1) * A_PAGE : number * A_PAGE]),
        counting={one.rubric: sum(each.stands[one.rubric][2].weight == rules.COUNTS for each in observers) for one in asked},
        total=len(observers),
        number=number,
        pages=pages,
    )


def _rubric(actor: Actor, key: str) -> Rubric:
    return programme.load(intake.version_here(actor)).rubric(key)
