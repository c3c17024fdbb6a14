# SPDX-License-Identifier: Apache-2.0
"""What released sessions showed of each competency: of one candidate over time, and of everybody in a course. Only results that stand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sqlalchemy import and_, func, select

from lti_mentoring.domain import board
from lti_mentoring.domain import profile as rules
from lti_mentoring.domain.observation import RELEASED
from lti_mentoring.domain.people import Actor, display_name
from lti_mentoring.domain.profile import Cell, Person, Session, Track, Wanted
from lti_mentoring.domain.programme import Competency, Programme
from lti_mentoring.services import candidacy, privacy, programme, taking_part
from lti_mentoring.services import records as recorded
from lti_mentoring.store import base, people
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.rating import ResolvedLevel


@dataclass(frozen=True, slots=True)
class Profile:
    """One candidate's competencies over time. ``mine``: the reader is the candidate."""

    candidacy_id: str
    name: str
    programme: str
    sessions: tuple[Session, ...]
    tracks: tuple[Track, ...]
    bar: Fraction
    mine: bool

    @property
    def seen(self) -> tuple[Track, ...]:
        """Competencies of which something was observed."""
        return tuple(one for one in self.tracks if one.points)

    @property
    def below(self) -> tuple[Track, ...]:
        """Those whose last level is below the bar."""
        return tuple(one for one in self.seen if one.last is not None and one.last.below)


@dataclass(frozen=True, slots=True)
class Heat:
    """People by competencies. ``rows`` are those of the page, ``found`` how many were asked for; ``below`` counts over everybody."""

    competencies: tuple[Competency, ...]
    rows: Sequence[Person]
    found: int
    people: int
    observed: int
    below: dict[str, int]
    page: int
    pages: int


def own(*, actor: Actor) -> Profile:
    """The reader's own. NotFound if they are no candidate here."""
    held = candidacy.of(actor)
    return _profile(held.id, actor.name, programme.load(held.programme_version_id), actor, mine=True)


def of_candidate(*, actor: Actor, candidacy_id: str) -> Profile:
    """A candidate of the course, for who leads it. NotFound for everybody else's."""
    row = taking_part.row_of(base.session(), candidacy_id, actor)
    name = display_name(row.name or row.chosen_name, row.person_id)
    return _profile(row.id, name, programme.load(row.programme_version_id), actor, mine=row.person_id == actor.person_id)


def _profile(candidacy_id: str, name: str, version: Programme, actor: Actor, *, mine: bool) -> Profile:
    shown = recorded.own(candidacy_id, version, org_id=actor.org_id, trained=False, observed=True)
    sessions = tuple(
        Session(one.id, one.kind, one.planned_for, one.observer, one.verdict.means.competencies)
        for one in shown.observations
        if one.verdict is not None
    )
    bar = version.policy.competency_mean
    return Profile(candidacy_id, name, version.title, sessions, rules.tracks(version.competencies, bar, sessions), bar, mine)


# --- a whole course ------------------------------------------------------------------------------------------------------------------


def cohort(*, actor: Actor, wanted: Wanted) -> Heat:
    """Everybody in the actor's course by competencies; two queries, whatever their number."""
    everybody, competencies = _read(actor, wanted.kind)
    kept = rules.chosen(everybody, wanted)
    number, pages = board.page_of(len(kept), wanted.page)
    return Heat(
        competencies=competencies,
        rows=kept[(number - 1) * board.PER_PAGE : number * board.PER_PAGE],
        found=len(kept),
        people=len(everybody),
        observed=sum(bool(one.cells) for one in everybody),
        below=rules.below_by(everybody, [one.key for one in competencies]),
        page=number,
        pages=pages,
    )


def export(*, actor: Actor, wanted: Wanted) -> tuple[tuple[Competency, ...], Sequence[Person]]:
    """All that were asked for, to leave the tool; that they did stands in the record."""
    everybody, competencies = _read(actor, wanted.kind)
    kept = rules.chosen(everybody, wanted)
    with base.transactional() as session:
        what = {"object_kind": "competencies", "object_id": actor.course_id}
        privacy.record(session, actor=actor, verb="export", **what, rows=len(kept), filtered=bool(wanted.q or wanted.below))
    return competencies, kept


def _read(actor: Actor, kind: str) -> tuple[list[Person], tuple[Competency, ...]]:
    session, who = base.session(), people.Person
    tested = select(people.Identity.id).where(people.Identity.person_id == Candidacy.person_id, people.Identity.test_user)
    rows = session.execute(
        select(Candidacy.id, Candidacy.person_id, Candidacy.programme_version_id, who.name, who.chosen_name)
        .join(who, and_(who.org_id == Candidacy.org_id, who.id == Candidacy.person_id))
        .where(Candidacy.course_id == actor.course_id, ~tested.exists())
    ).all()
    versions = {row.programme_version_id: programme.load(row.programme_version_id) for row in rows}
    bars = {row.id: versions[row.programme_version_id].policy.competency_mean for row in rows}
    cells = _cells(actor, kind, bars)
    competencies = {one.key: one for version in versions.values() for one in version.competencies}
    found = [Person(row.id, display_name(row.name or row.chosen_name, row.person_id), cells.get(row.id, {})) for row in rows]
    return found, tuple(competencies.values())


def _cells(actor: Actor, kind: str, bars: dict[str, Fraction]) -> dict[str, dict[str, Cell]]:
    """Sums by criterion come from the database, exact: a denominator is a group of its own."""
    query = (
        select(Observation.candidacy_id, Observation.rubric_version_id, ResolvedLevel.criterion, ResolvedLevel.denominator)
        .add_columns(func.sum(ResolvedLevel.numerator).label("total"), func.count(ResolvedLevel.numerator).label("levels"))
        .join(ResolvedLevel, and_(ResolvedLevel.org_id == Observation.org_id, ResolvedLevel.resolution_id == Observation.resolution_id))
        .where(Observation.course_id == actor.course_id, Observation.state == RELEASED, Observation.kind == kind)
        .where(~recorded.IN_CONFLICT)
        .where(ResolvedLevel.numerator.is_not(None))
        .group_by(Observation.candidacy_id, Observation.rubric_version_id, ResolvedLevel.criterion, ResolvedLevel.denominator)
    )
    behind: dict[str, dict[str, tuple[str, ...]]] = {}
    sums: dict[str, dict[str, list[Any]]] = defaultdict(dict)
    for candidacy_id, rubric, criterion, denominator, total, levels in base.session().execute(query):
        if candidacy_id not in bars:
            continue
        if rubric not in behind:
            behind[rubric] = {one.key: one.competencies for one in programme.rubric(rubric).criteria}
        for key in behind[rubric].get(criterion, ()):
            held = sums[candidacy_id].setdefault(key, [Fraction(0), 0])
            held[0] += Fraction(int(total), denominator)
            held[1] += levels
    return {one: {key: rules.cell(held[0], held[1], bars[one]) for key, held in found.items()} for one, found in sums.items()}
