# SPDX-License-Identifier: Apache-2.0
"""Who can still observe whom in a course, read as often for many candidates and observers as for few (domain map N7)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from lti_mentoring.domain import capacity as rules
from lti_mentoring.domain.assessors import AskMany, asker
from lti_mentoring.domain.capacity import CONFLICT, STUCK, TIGHT, UNTOLD, Group, Need, Observer, Outlook
from lti_mentoring.domain.conflict import LETS_THROUGH
from lti_mentoring.domain.observation import NO_MORE, RELEASED
from lti_mentoring.domain.participation import ACTIVE
from lti_mentoring.domain.people import Actor, display_name
from lti_mentoring.domain.programme import CO, INDEPENDENT, KINDS, Programme
from lti_mentoring.domain.qualification import Qualification
from lti_mentoring.domain.reliability import Qualifying
from lti_mentoring.domain.standing import CO_MENTORED
from lti_mentoring.services import conflict, programme, qualification, rater, records, reporting_line
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.people import Identity, Person


@dataclass(frozen=True, slots=True)
class Row:
    """How it stands with one kind of session of one candidate. ``able`` are names, those first who have the least to do."""

    candidacy_id: str
    candidate: str
    unit: str
    kind: str
    wanted: int
    fresh: int
    state: str
    binds: str
    able: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bound:
    """Candidates who hang on the same people for the same reason. ``unit``: where all of them work, as far as that is one place.
    ``frees``: how many more could observe them, were it not for what binds."""

    kind: str
    state: str
    binds: str
    able: tuple[str, ...]
    candidates: tuple[str, ...]
    unit: str
    frees: int


@dataclass(frozen=True, slots=True)
class Outlooks:
    """A course's observer capacity: the candidates' needs, and what binds them, the worst first."""

    rows: tuple[Row, ...]
    bound: tuple[Bound, ...]
    observers: int
    candidates: int

    @property
    def stuck(self) -> int:
        """How many candidates nobody can finish with."""
        return len({row.candidacy_id for row in self.rows if row.state == STUCK})

    @property
    def tight(self) -> int:
        """How many others hang on one person."""
        stuck = {row.candidacy_id for row in self.rows if row.state == STUCK}
        return len({row.candidacy_id for row in self.rows if row.state == TIGHT} - stuck)


@dataclass(frozen=True, slots=True)
class _Held:
    """A candidate with what is still to be observed."""

    candidacy_id: str
    person_id: str
    name: str
    version_id: str
    needs: tuple[Need, ...]


def read(*, actor: Actor) -> Outlooks:
    """The observer capacity of a course; a constant number of queries."""
    session = base.session()
    names, candidates = rater.observers(session, actor.course_id), _candidates(session, actor)
    people = {one.person_id for one in candidates}
    ask = asker(conflict.facts_of(session, {*names, *people}, on=base.now().date()))
    held = rater.qualifications(session, actor.course_id, names)
    counted = rater.counted(session, actor.course_id, names, (need.rubric for one in candidates for need in one.needs))
    loads = rater.loads(session, actor.course_id)
    units = {person: row.unit for person, row in reporting_line.said(session, people).items() if row.unit}
    ordered = sorted(names, key=lambda one: (loads.get(one, 0), names[one].casefold(), one))
    known: dict[str, list[Observer]] = {}
    found = []
    for one in candidates:
        if one.version_id not in known:
            asked = _asked(actor.course_id, one.version_id)
            known[one.version_id] = [Observer(person, _rubrics(asked, person, held, counted)) for person in ordered]
        for need in one.needs:
            found.append((one, rules.outlook(need, known[one.version_id], _verdicts(ask, one, need, ordered))))
    return Outlooks(
        rows=tuple(_row(one, outlook, names, units) for one, outlook in found),
        bound=tuple(_bound(group, candidates, names, units) for group in rules.groups(outlook for _, outlook in found)),
        observers=len(names),
        candidates=len(candidates),
    )


def _rubrics(
    asked: Mapping[str, Qualifying | None],
    person: str,
    held: Mapping[tuple[str, str], Sequence[Qualification]],
    counted: Mapping[tuple[str, str], int],
) -> frozenset[str]:
    """The rubrics on which a rating of somebody would count today."""
    today = base.now().date()

    def counts(key: str) -> bool:
        return rater.counts(asked[key], held.get((person, key), ()), counted.get((person, key), 0), today)

    return frozenset(filter(counts, asked))


def _asked(course_id: str, version_id: str) -> dict[str, Qualifying | None]:
    """What the policy of a version asks of who rates, by rubric."""
    policy = programme.load(version_id).policy
    keys = {policy.rubric_of(kind) for kind in KINDS if policy.asks(kind)}
    return {key: qualification.asked_on(course_id, key, policy) for key in sorted(keys)}


def _verdicts(ask: AskMany, one: _Held, need: Need, people: Sequence[str]) -> dict[tuple[str, str], str]:
    """Who may not observe, by the conflict guard; a co-mentor's own session is no conflict with itself."""
    version = programme.load(one.version_id)
    asked = rater.question(need.kind, one.person_id, (), version, version.rubric(need.rubric), shared=need.kind == CO)
    found = {}
    for person, check in ask(asked, people).items():
        if check.verdict not in LETS_THROUGH:
            found[need.candidate, person] = CONFLICT if rater.stopped(check) else UNTOLD
    return found


# --- the candidates ------------------------------------------------------------------------------------------------------------------


def _candidates(session: Session, actor: Actor) -> list[_Held]:
    """Whoever is on the way, by name, with what is still to be observed with them and is not planned yet."""
    tested = select(Identity.id).where(Identity.person_id == Candidacy.person_id, Identity.test_user).exists()
    here = and_(Candidacy.course_id == actor.course_id, Candidacy.participation == ACTIVE, ~tested)
    query = (
        select(Candidacy.id, Candidacy.person_id, Candidacy.programme_version_id, Person.name, Person.chosen_name)
        .join(Person, and_(Person.org_id == Candidacy.org_id, Person.id == Candidacy.person_id))
        .where(here)
    )
    rows = session.execute(query).all()
    versions = {row.id: programme.load(row.programme_version_id) for row in rows}
    met = {one.id for shown in records.read(session, here, versions).values() for one in shown.observations if one.counts}
    seen = _seen(session, here)
    made = []
    for row in rows:
        needs = tuple(_needs(row.person_id, versions[row.id], seen.get(row.id, ()), met))
        made.append(_Held(row.id, row.person_id, display_name(row.name or row.chosen_name, row.person_id), row.programme_version_id, needs))
    return sorted(made, key=lambda one: (one.name.casefold(), one.candidacy_id))


def _seen(session: Session, which: Any) -> dict[str, list[Observation]]:
    query = select(Observation).join(Candidacy, and_(Candidacy.org_id == Observation.org_id, Candidacy.id == Observation.candidacy_id))
    found: dict[str, list[Observation]] = {}
    for row in session.scalars(query.where(which, Observation.state.not_in(NO_MORE))):
        found.setdefault(row.candidacy_id, []).append(row)
    return found


def _needs(person_id: str, version: Programme, seen: Sequence[Observation], met: Collection[str]) -> Iterator[Need]:
    policy = version.policy
    led = frozenset(person for row in seen if row.kind == CO for person in (row.observer_id, row.mentor_id) if person)
    for kind in KINDS:
        counted = [row.observer_id for row in seen if row.kind == kind and (row.state != RELEASED or row.id in met)]
        wanted, fresh = rules.wants(policy.asks(kind), counted, policy.independent_observers if kind == INDEPENDENT else 1)
        if wanted:
            rubric = version.rubric(policy.rubric_of(kind))
            noted = CO_MENTORED in rater.question(kind, person_id, (), version, rubric).noted
            outsider = kind == INDEPENDENT and noted and set(counted) <= led
            yield Need(person_id, kind, rubric.key, wanted, fresh, frozenset(counted), led, outsider)


# --- as it is shown ------------------------------------------------------------------------------------------------------------------


def _row(one: _Held, found: Outlook, names: Mapping[str, str], units: Mapping[str, str]) -> Row:
    return Row(
        candidacy_id=one.candidacy_id,
        candidate=one.name,
        unit=units.get(one.person_id, ""),
        kind=found.need.kind,
        wanted=found.need.wanted,
        fresh=found.need.fresh,
        state=found.state,
        binds=found.binds,
        able=tuple(names[person] for person in found.able),
    )


def _bound(group: Group, candidates: Sequence[_Held], names: Mapping[str, str], units: Mapping[str, str]) -> Bound:
    called = {one.person_id: one.name for one in candidates}
    places = {units.get(person, "") for person in group.candidates}
    return Bound(
        kind=group.kind,
        state=group.state,
        binds=group.binds,
        able=tuple(names[person] for person in group.able),
        candidates=tuple(called[person] for person in group.candidates),
        unit=places.pop() if len(places) == 1 else "",
        frees=group.frees,
    )
