# SPDX-License-Identifier: Apache-2.0
"""What candidacies have to show: modules with their attempts, observations with their verdicts; read as often for many as for one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, func, select
from sqlalchemy.engine import Connection
from sqlalchemy.orm import InstrumentedAttribute, Session

from lti_mentoring.domain import observation
from lti_mentoring.domain.candidacy import ModuleRecord, ObservationRecord, Records
from lti_mentoring.domain.observation import Rating
from lti_mentoring.domain.people import display_name
from lti_mentoring.domain.programme import Programme
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.observation import Assessment, CriterionRating, Observation
from lti_mentoring.store.people import Person
from lti_mentoring.store.training import CheckAttempt


def read(session: Session, which: ColumnElement[bool], versions: Mapping[str, Programme]) -> dict[str, Records]:
    """Records of many candidacies in three queries, whatever their number. ``versions`` is candidacy id -> its programme."""
    return _made(
        versions,
        session.execute(_attempts(which)).all(),
        session.execute(_observations(which)).all(),
        session.execute(_released_ratings(which)).all(),
    )


def of_many(connection: Connection, versions: Mapping[str, Programme], *, org_id: str) -> dict[str, Records]:
    """The same in statements built once, and only those that there is something to ask."""
    keys = {"org": org_id, "candidacies": list(versions)}
    observations = connection.execute(_MANY_OBSERVATIONS, keys).all()
    released = any(row.state == "released" for row in observations)
    ratings = connection.execute(_MANY_RATINGS, keys).all() if released else ()
    return _made(versions, connection.execute(_MANY_ATTEMPTS, keys).all(), observations, ratings)


def own(candidacy_id: str, version: Programme, *, org_id: str, trained: bool, observed: bool) -> Records:
    """The records of one candidacy, in statements built once; only what there is of ``trained`` and ``observed`` is asked for."""
    keys, connection = {"org": org_id, "candidacy": candidacy_id}, base.connection()
    attempts = connection.execute(_OWN_ATTEMPTS, keys).all() if trained else ()
    observations = connection.execute(_OWN_OBSERVATIONS, keys).all() if observed else ()
    released = any(row.state == "released" for row in observations)
    ratings = connection.execute(_OWN_RATINGS, keys).all() if released else ()
    return _made({candidacy_id: version}, attempts, observations, ratings)[candidacy_id]


def _made(
    versions: Mapping[str, Programme], attempts: Iterable[Any], observations: Iterable[Any], ratings: Iterable[Any]
) -> dict[str, Records]:
    tried = {(row[0], row[1]): (int(row[2]), int(row[3]), int(row[4])) for row in attempts}
    seen = _judged(versions, observations, ratings)
    made = {}
    for candidacy_id, version in versions.items():
        modules = []
        for module in version.modules:
            finished, opened, mastered = tried.get((candidacy_id, module.key), (0, 0, 0))
            modules.append(ModuleRecord(module.key, module.title, bool(mastered), finished, bool(opened)))
        made[candidacy_id] = Records(tuple(modules), tuple(seen.get(candidacy_id, ())))
    return made


def _judged(versions: Mapping[str, Programme], observations: Iterable[Any], ratings: Iterable[Any]) -> dict[str, list[ObservationRecord]]:
    said: dict[str, dict[str, Rating]] = defaultdict(dict)
    for observation_id, criterion, level, not_observed in ratings:
        said[observation_id][criterion] = Rating(criterion, level, not_observed)
    found: dict[str, list[ObservationRecord]] = defaultdict(list)
    for row in observations:
        version = versions.get(row.candidacy_id)
        if version is None:
            continue
        verdict = None
        if row.state == "released":
            rubric = version.rubric(version.policy.rubric_of(row.kind))
            verdict = observation.met(version.policy, rubric, said.get(row.id, {}))
        observer = display_name(row.name or row.chosen_name, row.observer_id)
        found[row.candidacy_id].append(ObservationRecord(row.id, row.kind, row.state, row.planned_for, observer, verdict))
    return found


def _attempts(which: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    def count(condition: ColumnElement[bool] | InstrumentedAttribute[bool]) -> ColumnElement[int]:
        return func.sum(case((condition, 1), else_=0))

    finished, opened = count(CheckAttempt.state == "finished"), count(CheckAttempt.state == "open")
    return (
        select(CheckAttempt.candidacy_id, CheckAttempt.module_key, finished, opened, count(CheckAttempt.mastered))
        .join(Candidacy, and_(Candidacy.org_id == CheckAttempt.org_id, Candidacy.id == CheckAttempt.candidacy_id))
        .where(which)
        .group_by(CheckAttempt.candidacy_id, CheckAttempt.module_key)
    )


def _observations(which: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Observation.id,
            Observation.candidacy_id,
            Observation.kind,
            Observation.state,
            Observation.planned_for,
            Observation.observer_id,
            Person.name,
            Person.chosen_name,
        )
        .join(Candidacy, and_(Candidacy.org_id == Observation.org_id, Candidacy.id == Observation.candidacy_id))
        .join(Person, and_(Person.org_id == Observation.org_id, Person.id == Observation.observer_id))
        .where(which)
        .order_by(Observation.planned_for, Observation.created_at, Observation.id)
    )


def _released_ratings(which: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    return (
        select(Assessment.observation_id, CriterionRating.criterion, CriterionRating.level, CriterionRating.not_observed)
        .join(Assessment, and_(Assessment.org_id == CriterionRating.org_id, Assessment.id == CriterionRating.assessment_id))
        .join(Observation, and_(Observation.org_id == Assessment.org_id, Observation.id == Assessment.observation_id))
        .join(Candidacy, and_(Candidacy.org_id == Observation.org_id, Candidacy.id == Observation.candidacy_id))
        .where(which, Assessment.state == "released")
    )


_OWN = and_(Candidacy.org_id == bindparam("org"), Candidacy.id == bindparam("candidacy"))
_OWN_ATTEMPTS, _OWN_OBSERVATIONS, _OWN_RATINGS = _attempts(_OWN), _observations(_OWN), _released_ratings(_OWN)

_MANY = and_(Candidacy.org_id == bindparam("org"), Candidacy.id.in_(bindparam("candidacies", expanding=True)))
_MANY_ATTEMPTS, _MANY_OBSERVATIONS, _MANY_RATINGS = _attempts(_MANY), _observations(_MANY), _released_ratings(_MANY)
