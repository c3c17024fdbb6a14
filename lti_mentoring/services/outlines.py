# SPDX-License-Identifier: Apache-2.0
"""Everybody in a course in outline: how each stands, without names, days and numbers; two who stand alike are worked out once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import String, and_, bindparam, case, cast, func, select
from sqlalchemy.engine import Connection

from lti_mentoring.domain import observation
from lti_mentoring.domain.candidacy import ObservationRecord, Records
from lti_mentoring.domain.observation import Means, Reason, Verdict
from lti_mentoring.domain.period import add_months
from lti_mentoring.domain.programme import Policy, Programme
from lti_mentoring.services import programme
from lti_mentoring.services.records import IN_CONFLICT, PLAN, SESSION, TOLD, in_records, module_record, state_of, trainings_of, who_and_what
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.mentorship import MentoringSession, SessionPlan
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.rating import ResolvedLevel


@dataclass(frozen=True, slots=True)
class Outlines:
    """How many stand, as far as a list tells them apart: ``of`` maps a candidacy to its place in ``shapes``, each of them a version's id
    with Records whose attempts are one at most and whose observations have no id, observer, day and reasons."""

    shapes: Sequence[tuple[str, Records]]
    of: Mapping[str, int]


class Seen(NamedTuple):
    """Kind and state of an observation, and whether it is met by itself; None before it is released. ``more`` is there where several count
    together: day, observer, mentor, protégé, minutes, whether it was planned jointly, rubric and levels, with numbers in place of
    people and, as long as nothing is too old, of days."""

    kind: str
    state: str
    met: bool | None
    more: tuple[Any, ...] = ()


def read(
    connection: Connection, candidacies: Mapping[str, str], versions: Mapping[str, Programme], *, org_id: str, course_id: str
) -> Outlines:
    """Everybody in a course in three queries that give a row for each person or observation, whatever they tried and were rated.

    ``candidacies`` is candidacy id -> version id. Two who stand alike share one shape, so that what follows from it is worked out once.
    """
    keys = {"org": org_id, "course": course_id}
    trained = {row.candidacy_id: row.told for row in connection.execute(_TOLD_TRAINING, keys).all()}
    said = {row.id: row.told for row in connection.execute(_TOLD_LEVELS, keys).all()}
    counts: dict[tuple[str, str, str], bool] = {}
    rows: dict[str, list[Any]] = defaultdict(list)
    for row in connection.execute(_TOLD_OBSERVATIONS, keys).all():
        if row.candidacy_id in candidacies:
            rows[row.candidacy_id].append(row)
    seen: dict[str, tuple[Seen, ...]] = {}
    for candidacy_id, own in rows.items():
        version_id = candidacies[candidacy_id]
        version, found = versions[version_id], []
        more = _more(version.policy, own, said) if version.policy.counting is not None else [()] * len(own)
        for row, told_more in zip(own, more, strict=True):
            met, state = None, state_of(row)
            if state == observation.RELEASED:
                told = (version_id, row.rubric_version_id, said.get(row.id, ""))
                met = counts[told] if told in counts else counts.setdefault(told, _counts(version, *told[1:]))
            found.append(Seen(row.kind, state, met, told_more))
        seen[candidacy_id] = tuple(found)
    places: dict[tuple[str, str, tuple[Seen, ...]], int] = {}
    of = {one: places.setdefault((version, trained.get(one, ""), seen.get(one, ())), len(places)) for one, version in candidacies.items()}
    return Outlines([(shape[0], _shape(versions[shape[0]], *shape[1:])) for shape in places], of)


def _more(policy: Policy, rows: Sequence[Any], said: Mapping[str, str]) -> list[tuple[Any, ...]]:
    """What tells the observations of one candidate apart where they count together. Two candidates of whom the same is to be said get the
    same, whoever observed them and on whichever days."""
    numbers: dict[str, str] = {}
    today = base.now().date()
    days = sorted({row.planned_for for row in rows})
    fresh = all(add_months(day, policy.evidence_months) > today for day in days)
    place = {day: today - timedelta(days=len(days) - at) if fresh else day for at, day in enumerate(days)}

    def number(who: str) -> str:
        return numbers.setdefault(who, str(len(numbers) + 1)) if who else ""

    made = []
    for row in rows:
        found = who_and_what(row, {})
        people = tuple(number(found[name]) for name in ("observer_id", "mentor_id", "protege"))
        made.append((place[row.planned_for], *people, found["minutes"], found["planned"], row.rubric_version_id, said.get(row.id, "")))
    return made


class _Told(NamedTuple):
    """A row of ``records.trainings_of`` as it was put into a text."""

    module_key: str
    what: str
    version_id: str
    number: str
    opened: int
    mastered: int
    state: str


_FIELD, _ROW = "\x1f", "\x1e"
_VERDICTS = {met: Verdict(met, () if met else (Reason("nothing_observed"),), Means(None, {}, 0)) for met in (False, True)}


def _shape(version: Programme, trained: str, seen: Iterable[Seen]) -> Records:
    told: dict[str, list[_Told]] = defaultdict(list)
    for line in filter(None, trained.split(_ROW)):
        key, what, version_id, number, opened, mastered, state = line.split(_FIELD)
        told[key].append(_Told(key, what, version_id, number, int(opened), int(mastered), state))
    modules = tuple(module_record(module, told.get(module.key, ())) for module in version.modules)
    return in_records(version, modules, tuple(map(_observation, seen)))


def _observation(seen: Seen) -> ObservationRecord:
    made = ObservationRecord("", seen.kind, seen.state, date.min, "", None if seen.met is None else _VERDICTS[seen.met])
    if not seen.more:
        return made
    day, observer_id, mentor_id, protege, minutes, planned, rubric, told = seen.more
    who = {"observer_id": observer_id, "mentor_id": mentor_id, "protege": protege, "minutes": minutes, "planned": planned}
    return replace(made, planned_for=day, **who, levels=_levels(told), rubric=programme.rubric(rubric))


def _levels(told: str) -> dict[str, Fraction | None]:
    return dict(map(_level, filter(None, told.split(_ROW))))


@lru_cache(maxsize=4096)
def _level(told: str) -> tuple[str, Fraction | None]:
    criterion, numerator, denominator = told.split(_FIELD)
    return criterion, Fraction(int(numerator), int(denominator)) if numerator else None


def _counts(version: Programme, rubric_version_id: str, told: str) -> bool:
    return observation.held(version.policy, programme.rubric(rubric_version_id), _levels(told)).met


def _text(column: Any) -> Any:
    return cast(column, String)


_org: Any = bindparam("org")
_course: Any = bindparam("course")
# By IN: SQLite would otherwise read the attempts and ratings of the whole organisation for a course of ten people.
_HERE = and_(
    Candidacy.org_id == _org, Candidacy.id.in_(select(Candidacy.id).where(Candidacy.org_id == _org, Candidacy.course_id == _course))
)
_t = trainings_of(_HERE).subquery().c
_check = _t.what == "check"
_TOLD_TRAINING = select(
    _t.candidacy_id,
    func.aggregate_strings(
        _t.module_key
        + _FIELD
        + _t.what
        + _FIELD
        + _t.version_id
        + _FIELD
        + case((and_(_check, _t.number > 0), "1"), else_=_text(_t.number))
        + _FIELD
        + case((_t.opened > 0, "1"), else_="0")
        + _FIELD
        + case((_t.mastered > 0, "1"), else_="0")
        + _FIELD
        + _t.state,
        _ROW,
    ).label("told"),
).group_by(_t.candidacy_id)
_TOLD_LEVELS = (
    select(
        Observation.id,
        func.aggregate_strings(
            ResolvedLevel.criterion
            + _FIELD
            + func.coalesce(_text(ResolvedLevel.numerator), "")
            + _FIELD
            + _text(ResolvedLevel.denominator),
            _ROW,
        ).label("told"),
    )
    .join(ResolvedLevel, and_(ResolvedLevel.org_id == Observation.org_id, ResolvedLevel.resolution_id == Observation.resolution_id))
    .where(Observation.org_id == _org, Observation.course_id == _course, Observation.state == observation.RELEASED)
    .group_by(Observation.id)
)
_TOLD_OBSERVATIONS = (
    select(
        Observation.id,
        Observation.candidacy_id,
        Observation.state,
        *TOLD,
        IN_CONFLICT.label("in_conflict"),
    )
    .outerjoin(MentoringSession, SESSION)
    .outerjoin(SessionPlan, PLAN)
    .where(Observation.org_id == _org, Observation.course_id == _course)
    .order_by(Observation.planned_for, Observation.created_at, Observation.id)
)
