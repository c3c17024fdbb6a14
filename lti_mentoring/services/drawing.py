# SPDX-License-Identifier: Apache-2.0
"""Why a second person rates, as far as it is known before the session, by lot as well; and, once the results are out, how many were
rated by more than one, with the lots drawn again to compare."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import and_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from lti_mentoring.domain import scoring
from lti_mentoring.domain.observation import NO_MORE, RELEASED, WAITING
from lti_mentoring.domain.people import Actor, display_name
from lti_mentoring.domain.reliability import Doubling
from lti_mentoring.domain.scoring import DRAWN, SUMMATIVE, Planned
from lti_mentoring.services import programme, qualification
from lti_mentoring.services.records import IN_CONFLICT
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.people import Person
from lti_mentoring.store.rating import DrawSeed, Resolution, SubmittedRating

# --- before the session ------------------------------------------------------------------------------------------------------------


def decide_beforehand(session: Session, row: Observation) -> None:
    """Why a second person rates, as far as it is known before the session, in the caller's transaction. Asked again it only adds."""
    session.flush()
    held = select(Candidacy.programme_version_id).where(Candidacy.id == row.candidacy_id)
    rules = programme.load(session.scalars(held).one()).policy.doubling
    others = select(Observation.planned_for, Observation.created_at, Observation.id).where(
        Observation.candidacy_id == row.candidacy_id,
        Observation.kind == row.kind,
        Observation.id != row.id,
        Observation.state.not_in(NO_MORE),
    )
    mine = (row.planned_for, row.created_at, row.id)
    earlier = [one for one in session.execute(others) if tuple(one) < mine]
    rubric = programme.rubric(row.rubric_version_id).key
    counted = qualification.counted(session, row.course_id, [row.observer_id], rubric, row.id).get(row.observer_id, 0)
    found = scoring.beforehand(rules, _seed(session, row.course_id), Planned(row.id, row.kind, not earlier, counted))
    row.second_reasons = " ".join(sorted({*row.second_reasons.split(), *found}))
    session.flush()


def decide_again(session: Session, candidacy_id: str) -> None:
    """One of a candidate's sessions is off, in the caller's transaction: another one may be their first by that."""
    waits = (Observation.candidacy_id == candidacy_id, Observation.state.in_(WAITING))
    for row in session.scalars(select(Observation).where(*waits).order_by(Observation.id).with_for_update()):
        decide_beforehand(session, row)


def _seed(session: Session, course_id: str) -> str:
    """The secret of a course's draw, made when it is first needed; whoever makes it at the same moment gets the same one."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    made = {"org_id": base.current_tenant(), "id": base.new_id(), "course_id": course_id, "seed": secrets.token_hex(32)}
    session.execute(insert(DrawSeed).values(**made, made_at=base.now()).on_conflict_do_nothing(index_elements=["org_id", "course_id"]))
    return session.scalars(select(DrawSeed.seed).where(DrawSeed.course_id == course_id)).one()


# --- afterwards ------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Doubled:
    """A released session: why more than one person was to rate it, how many ratings made its result, how many of these came from notes,
    and how they were put together. ``differs``: drawn again, it comes out otherwise than it was drawn then."""

    id: str
    planned_for: date
    candidate: str
    observer: str
    reasons: tuple[str, ...]
    ratings: int
    from_notes: int
    method: str
    differs: bool


@dataclass(frozen=True, slots=True)
class Audit:
    """All released sessions whose ratings decide on an award; ``reasons``: code -> (asked for, rated by more than one)."""

    rows: tuple[Doubled, ...]
    reasons: Mapping[str, tuple[int, int]]
    percents: tuple[int, ...]
    """The shares to be drawn, by the policies that candidates have."""

    @property
    def doubled(self) -> int:
        """How many were rated by more than one person."""
        return sum(row.ratings > 1 for row in self.rows)

    @property
    def differing(self) -> int:
        """How many were not drawn as the secret of the course says."""
        return sum(row.differs for row in self.rows)


_Observer = aliased(Person)


def audit(*, actor: Actor) -> Audit:
    """The released sessions of a course, the newest first; a constant number of queries. What is not released, or is held again, is in
    none of the counts, so that nobody learns from them what is drawn."""
    session = base.session()
    query = (
        select(Observation, Candidacy.person_id, Candidacy.programme_version_id, Person.name, Person.chosen_name)
        .add_columns(_Observer.name, _Observer.chosen_name, Resolution.method, Resolution.ratings)
        .join(Candidacy, and_(Candidacy.org_id == Observation.org_id, Candidacy.id == Observation.candidacy_id))
        .join(Person, and_(Person.org_id == Observation.org_id, Person.id == Candidacy.person_id))
        .join(_Observer, and_(_Observer.org_id == Observation.org_id, _Observer.id == Observation.observer_id))
        .join(Resolution, and_(Resolution.org_id == Observation.org_id, Resolution.id == Observation.resolution_id))
        .where(Observation.course_id == actor.course_id, Observation.state == RELEASED, ~IN_CONFLICT)
        .where(Observation.kind.in_(SUMMATIVE))
        .order_by(Observation.planned_for.desc(), Observation.id)
    )
    found = session.execute(query).all()
    seed = session.scalar(select(DrawSeed).where(DrawSeed.course_id == actor.course_id))
    from_notes = _from_notes(session, {one for row in found for one in row[-1]})
    rows, percents = [], set()
    for row, person_id, version_id, name, chosen, observer, observer_chosen, method, ratings in found:
        rules, reasons = programme.load(version_id).policy.doubling, tuple(row.second_reasons.split())
        percents |= {rules.percent} if rules else set()
        made = Doubled(
            id=row.id,
            planned_for=row.planned_for,
            candidate=display_name(name or chosen, person_id),
            observer=display_name(observer_chosen or observer, row.observer_id),
            reasons=reasons,
            ratings=len(ratings),
            from_notes=len(from_notes.intersection(ratings)),
            method=method,
            differs=_differs(row, rules, seed),
        )
        rows.append(made)
    return Audit(tuple(rows), _by_reason(rows), tuple(sorted(percents)))


def _differs(row: Observation, rules: Doubling | None, seed: DrawSeed | None) -> bool:
    """Of what was planned before the course had its secret nothing was drawn."""
    if rules is None or seed is None or row.created_at < seed.made_at:
        return False
    return scoring.drawn(seed.seed, row.id, rules.percent) != (DRAWN in row.second_reasons.split())


def _from_notes(session: Session, ids: Collection[str]) -> frozenset[str]:
    return frozenset(session.scalars(select(SubmittedRating.id).where(SubmittedRating.id.in_(ids), SubmittedRating.from_notes)))


def _by_reason(rows: Collection[Doubled]) -> dict[str, tuple[int, int]]:
    codes = sorted({code for row in rows for code in row.reasons})
    having = {code: [row for row in rows if code in row.reasons] for code in codes}
    return {code: (len(some), sum(row.ratings > 1 for row in some)) for code, some in having.items()}
