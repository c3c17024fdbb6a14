# SPDX-License-Identifier: Apache-2.0
"""All observations of a course for who leads it: as the address asks for them, with what holds each back; read as often for many as for
one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from lti_mentoring.domain import board
from lti_mentoring.domain import listing as rules
from lti_mentoring.domain import releasing as holding
from lti_mentoring.domain.listing import Wanted
from lti_mentoring.domain.observation import RATED
from lti_mentoring.domain.people import Actor, display_name
from lti_mentoring.domain.releasing import Hold
from lti_mentoring.domain.rule import NotFound
from lti_mentoring.services import privacy, programme, unreleased
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.people import Person

MOST_HELD = 1000
"""Rated and unreleased observations of one course whose holds are worked out, the oldest first; a course has some dozens at a time."""


@dataclass(frozen=True, slots=True)
class Row:
    """One observation. ``holds``: what it waits for, as far as the reader may learn."""

    id: str
    candidacy_id: str
    candidate: str
    observer: str
    kind: str
    state: str
    planned_for: date
    released_at: datetime | None
    holds: tuple[Hold, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """The page: ``rows`` of it, ``found`` of all that were asked for, ``of`` in the course; ``observers`` (id, name) to choose from.
    ``cut``: there are more that are rated than could be looked at, so that of the newest it is not said what they wait for."""

    rows: tuple[Row, ...]
    found: int
    of: int
    held: int
    observers: tuple[tuple[str, str], ...]
    page: int
    pages: int
    cut: bool = False


_Observer = aliased(Person)
_LISTED = (
    select(Observation.id, Observation.candidacy_id, Observation.kind, Observation.state, Observation.planned_for, Observation.released_at)
    .add_columns(Observation.observer_id, Candidacy.person_id, Person.name, Person.chosen_name)
    .add_columns(_Observer.name.label("observer"), _Observer.chosen_name.label("observer_chosen"))
    .join(Candidacy, and_(Candidacy.org_id == Observation.org_id, Candidacy.id == Observation.candidacy_id))
    .join(Person, and_(Person.org_id == Observation.org_id, Person.id == Candidacy.person_id))
    .join(_Observer, and_(_Observer.org_id == Observation.org_id, _Observer.id == Observation.observer_id))
)


def page(*, actor: Actor, wanted: Wanted) -> Listing:
    """The page that was asked for, or the nearest one that there is. NotFound ``person`` for an observer who observes nobody here."""
    session = base.session()
    held = _held(session, actor)
    here = Observation.course_id == actor.course_id
    observers = _observers(session, here)
    _check_observer(wanted, observers)
    which = and_(here, *_asked(wanted, held))
    found = _count(session, which)
    number, pages = board.page_of(found, wanted.page)
    rows = session.execute(_ordered(_LISTED.where(which), wanted).limit(board.PER_PAGE).offset((number - 1) * board.PER_PAGE)).all()
    of = _count(session, here) if wanted.filters else found
    holding_back = sum(map(bool, held.values()))
    return Listing(_rows(rows, held), found, of, holding_back, observers, number, pages, cut=len(held) >= MOST_HELD)


def export(*, actor: Actor, wanted: Wanted) -> tuple[Row, ...]:
    """All that were asked for, to leave the tool; that they did stands in the record. NotFound as ``page``."""
    session = base.session()
    held = _held(session, actor)
    _check_observer(wanted, _observers(session, Observation.course_id == actor.course_id))
    which = and_(Observation.course_id == actor.course_id, *_asked(wanted, held))
    rows = _rows(session.execute(_ordered(_LISTED.where(which), wanted)).all(), held)
    with base.transactional() as session:
        what = {"object_kind": "observations", "object_id": actor.course_id}
        privacy.record(session, actor=actor, verb="export", **what, rows=len(rows), filtered=wanted.filters)
    return rows


def _check_observer(wanted: Wanted, observers: Iterable[tuple[str, str]]) -> None:
    if wanted.observer and wanted.observer not in dict(observers):
        raise NotFound("person")


def _asked(wanted: Wanted, held: Mapping[str, Sequence[Hold]]) -> Iterable[ColumnElement[bool]]:
    if wanted.state:
        yield Observation.state == wanted.state
    if wanted.kind:
        yield Observation.kind == wanted.kind
    if wanted.observer:
        yield Observation.observer_id == wanted.observer
    for word in wanted.q.split():
        yield or_(Person.name.icontains(word, autoescape=True), Person.chosen_name.icontains(word, autoescape=True))
    if wanted.hold:
        yield Observation.id.in_([one for one, holds in held.items() if any(hold.code == wanted.hold for hold in holds)])


def _ordered(query: Select[*tuple[Any, ...]], wanted: Wanted) -> Select[*tuple[Any, ...]]:
    if wanted.sort == rules.OLDEST:
        return query.order_by(Observation.planned_for, Observation.id)
    return query.order_by(Observation.planned_for.desc(), Observation.id.desc())


def _count(session: Session, which: ColumnElement[bool]) -> int:
    query = select(func.count(Observation.id)).join(
        Candidacy, and_(Candidacy.org_id == Observation.org_id, Candidacy.id == Observation.candidacy_id)
    )
    return session.scalar(query.join(Person, and_(Person.org_id == Candidacy.org_id, Person.id == Candidacy.person_id)).where(which)) or 0


def _rows(rows: Iterable[Any], held: Mapping[str, tuple[Hold, ...]]) -> tuple[Row, ...]:
    return tuple(
        Row(
            id=row.id,
            candidacy_id=row.candidacy_id,
            candidate=display_name(row.name or row.chosen_name, row.person_id),
            observer=display_name(row.observer_chosen or row.observer, row.observer_id),
            kind=row.kind,
            state=row.state,
            planned_for=row.planned_for,
            released_at=row.released_at,
            holds=held.get(row.id, ()),
        )
        for row in rows
    )


def _observers(session: Session, here: ColumnElement[bool]) -> tuple[tuple[str, str], ...]:
    """Whoever observes in the course, by name."""
    who = select(Observation.observer_id).where(here)
    rows = session.execute(select(Person.id, Person.name, Person.chosen_name).where(Person.id.in_(who)))
    named = [(one, display_name(chosen or name, one)) for one, name, chosen in rows]
    return tuple(sorted(named, key=lambda one: (one[1].casefold(), one[0])))


# --- what holds them back -------------------------------------------------------------------------------------------------------------


def _held(session: Session, actor: Actor) -> dict[str, tuple[Hold, ...]]:
    """Observation -> what it waits for, of every rated one of the course; as ``releasing.holds`` has it for one."""
    query = (
        select(Observation, Candidacy.person_id, Candidacy.programme_version_id)
        .join(Candidacy, and_(Candidacy.org_id == Observation.org_id, Candidacy.id == Observation.candidacy_id))
        .where(Observation.course_id == actor.course_id, Observation.state == RATED)
        .order_by(Observation.rated_at, Observation.id)
        .limit(MOST_HELD)
    )
    found = session.execute(query).all()
    ids = [row.id for row, *_ in found]
    seats = unreleased.seats_of(session, ids)
    states = unreleased.states_of(session, [row for row, *_ in found], seats)
    now, held = base.now(), {}
    for row, subject, version in found:
        holds = holding.holds(programme.load(version).policy, programme.rubric(row.rubric_version_id), states[row.id], now)
        involved = {row.observer_id, subject, *(one.person_id for one in seats.get(row.id, ()))}
        held[row.id] = rules.told(holds, actor.person_id, involved)
    return held
