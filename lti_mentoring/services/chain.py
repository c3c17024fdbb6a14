# SPDX-License-Identifier: Apache-2.0
"""The reporting lines around some people, each found by one recursive statement; circles end at the depth that is followed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Integer, and_, case, func, literal, or_, select
from sqlalchemy.orm import Session

from lti_mentoring.domain.reporting_line import DEEPEST, DIRECT, Line, counts_from
from lti_mentoring.store import base
from lti_mentoring.store.people import Person
from lti_mentoring.store.reporting_line import ReportingLine

_line, _person = base.table(ReportingLine), base.table(Person)


@dataclass(frozen=True, slots=True)
class Above:
    """The lines upwards, and for each subordinate the names of managers of whom nothing but a name is known."""

    lines: tuple[Line, ...] = ()
    named: Mapping[str, frozenset[str]] = field(default_factory=dict)


def above(session: Session, people: Collection[str], *, on: date) -> Above:
    """All lines from these people upwards that count on a day (``Line.counts``), the direct ones followed.

    A manager who is known by an address alone is everybody who has that address now: better one too many than one too few.
    """
    if not people:
        return Above()
    org_id = base.current_tenant()
    addresses = _addresses(org_id)
    counting = _counting(org_id, on)
    manager = func.coalesce(_line.c.manager_id, addresses.c.id)
    by_address = and_(_line.c.manager_id.is_(None), addresses.c.address == _line.c.manager_email)
    seeds = select(_person.c.id.label("person"), literal(0, Integer).label("depth"))
    up = seeds.where(_person.c.org_id == org_id, _person.c.id.in_(people)).cte("up", recursive=True)
    step = (
        select(manager.label("person"), up.c.depth + 1)
        .select_from(up.join(_line, _line.c.subordinate_id == up.c.person).outerjoin(addresses, by_address))
        .where(*counting, _line.c.kind == DIRECT, manager.is_not(None), up.c.depth < DEEPEST - 1)
    )
    up = up.union(step)  # not "all": who is reached twice at one depth, as in a circle, is gone on from once
    reached = select(up.c.person).distinct().subquery("reached")
    found = session.execute(
        select(_line.c.subordinate_id, manager.label("manager"), _line.c.kind, _line.c.started_on, _line.c.ended_on, _line.c.manager_name)
        .select_from(reached.join(_line, _line.c.subordinate_id == reached.c.person).outerjoin(addresses, by_address))
        .where(*counting)
        .order_by(_line.c.id)
    ).all()
    named: dict[str, set[str]] = {}
    for row in found:
        if row.manager is None and row.manager_name:
            named.setdefault(row.subordinate_id, set()).add(row.manager_name.casefold())
    lines = (Line(row.subordinate_id, row.manager, row.kind, row.started_on, row.ended_on) for row in found if row.manager is not None)
    return Above(tuple(dict.fromkeys(lines)), {person: frozenset(names) for person, names in named.items()})


def below(session: Session, people: Collection[str], *, on: date) -> frozenset[str]:
    """Everybody whom these people manage or appraise, or whose direct line leads up to one of them, on a day; without themselves."""
    if not people:
        return frozenset()
    org_id = base.current_tenant()
    seeds = select(_person.c.id.label("person"), literal(0, Integer).label("depth"), literal(1, Integer).label("onward"))
    down = seeds.where(_person.c.org_id == org_id, _person.c.id.in_(people)).cte("down", recursive=True)
    theirs = or_(
        _line.c.manager_id == _person.c.id,
        and_(_line.c.manager_id.is_(None), _line.c.manager_email != "", _line.c.manager_email == func.lower(_person.c.email)),
    )
    step = (
        select(_line.c.subordinate_id, down.c.depth + 1, case((_line.c.kind == DIRECT, 1), else_=0))
        .select_from(down.join(_person, and_(_person.c.org_id == org_id, _person.c.id == down.c.person)).join(_line, theirs))
        .where(*_counting(org_id, on), down.c.depth < DEEPEST, down.c.onward == 1, or_(_line.c.kind == DIRECT, down.c.depth == 0))
    )
    down = down.union(step)
    return frozenset(session.scalars(select(down.c.person).distinct())) - frozenset(people)


def _counting(org_id: str, on: date) -> tuple[Any, ...]:
    lately = or_(_line.c.ended_on.is_(None), _line.c.ended_on >= counts_from(on))
    return _line.c.org_id == org_id, _line.c.started_on <= on, lately


def _addresses(org_id: str) -> Any:
    """Who has an address that a line names, looked up once for the whole statement."""
    named = select(_line.c.manager_email).where(_line.c.org_id == org_id, _line.c.manager_id.is_(None), _line.c.manager_email != "")
    found = select(_person.c.id, func.lower(_person.c.email).label("address"))
    return found.where(_person.c.org_id == org_id, func.lower(_person.c.email).in_(named)).cte("addresses").prefix_with("MATERIALIZED")
