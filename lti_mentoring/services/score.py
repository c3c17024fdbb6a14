# SPDX-License-Identifier: Apache-2.0
"""What a person's score for an activity is by the state of things now, where it goes, and why there is no grade yet."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from fractions import Fraction
from typing import Any, Protocol, cast

from sqlalchemy import and_, bindparam, case, func, select
from sqlalchemy.engine import Connection

from lti_mentoring.domain import delivery as rules
from lti_mentoring.domain.candidacy import Records
from lti_mentoring.domain.delivery import DONE, SET_ASIDE, STUCK, WAITING, Standing
from lti_mentoring.domain.people import Actor
from lti_mentoring.lti.platforms import Profile
from lti_mentoring.services import candidacy, programme
from lti_mentoring.services.candidacy import CandidacyRow
from lti_mentoring.store import base
from lti_mentoring.store.application import Application
from lti_mentoring.store.delivery import ScorePublication
from lti_mentoring.store.people import Identity, Membership, Placement
from lti_mentoring.store.platform import Registration
from lti_mentoring.store.training import CheckAttempt


class Addressed(Protocol):
    """What of a placement says where its grades go."""

    ags_scopes: Any
    lineitem_url: Any
    lineitems_url: Any
    own_lineitem_url: Any


def no_column(placement: Addressed | Placement) -> str:
    """Why a placement has no column that we may fill; empty if it has one."""
    return rules.no_column(
        scopes=placement.ags_scopes,
        lineitem_url=placement.lineitem_url,
        lineitems_url=placement.lineitems_url,
        own_lineitem_url=placement.own_lineitem_url,
    )


def target(placement: Addressed | Placement, quirks: Profile) -> str | None:
    """The line item to fill: the one that belongs to the activity, else the one that we found or made; None if we must look first."""
    if quirks.lineitem_claim_may_be_foreign and placement.lineitems_url and rules.LINEITEM_SCOPE in placement.ags_scopes:
        return placement.own_lineitem_url
    return placement.lineitem_url or placement.own_lineitem_url


def where_they_stand(connection: Connection, wanted: Sequence[tuple[Any, str]]) -> dict[tuple[str, str], Standing]:
    """Where each placement's item stands for a person, from their records as they are now, by (placement, person) ids.

    ``wanted``: rows of the placement table, each with a person's id. A constant number of queries, whatever the number of pairs.
    """
    org_id = base.current_tenant()
    found = _applications(connection, org_id, [pair for pair in wanted if pair[0].item == rules.APPLICATION])
    wanted = [pair for pair in wanted if pair[0].item != rules.APPLICATION]
    if not wanted:
        return found
    held = {
        (one.course_id, one.person_id): one
        for one in candidacy.of_people(
            connection, org_id=org_id, courses={place.course_id for place, _ in wanted}, people={person_id for _, person_id in wanted}
        )
    }
    asked = [(place, person_id, held.get((place.course_id, person_id))) for place, person_id in wanted]
    known = {one.id: one for _, _, one in asked if one is not None}
    records = candidacy.records_of_many(connection, list(known.values()), org_id=org_id)
    in_points = {one.id for place, _, one in asked if one is not None and place.grading == "points"}
    percents = _percents(connection, org_id, in_points) if in_points else {}
    for place, person_id, one in asked:
        if one is None:
            found[place.id, person_id] = Standing(rules.STOPPED)
            continue
        policy = programme.load(one.programme_version_id).policy
        found[place.id, person_id] = rules.standing(
            place.item, policy, records[one.id], participation=one.participation, percents=percents.get(one.id)
        )
    return found


_f = base.table(Application).c
_FURTHEST = (
    select(
        _f.course_id,
        _f.person_id,
        func.max(case((_f.submitted_at.is_not(None), 1), else_=0)).label("submitted"),
        func.max(case((_f.state == "accepted", 1), else_=0)).label("accepted"),
    )
    .where(
        _f.org_id == bindparam("org"),
        _f.course_id.in_(bindparam("courses", expanding=True)),
        _f.person_id.in_(bindparam("people", expanding=True)),
    )
    .group_by(_f.course_id, _f.person_id)
)


def _applications(connection: Connection, org_id: str, wanted: Sequence[tuple[Any, str]]) -> dict[tuple[str, str], Standing]:
    """The same for placements that open the application; one query. Whoever applies is no candidate yet."""
    if not wanted:
        return {}
    keys = {"org": org_id, "courses": list({place.course_id for place, _ in wanted}), "people": list({person for _, person in wanted})}
    furthest = {(row.course_id, row.person_id): row for row in connection.execute(_FURTHEST, keys)}
    found = {}
    for place, person_id in wanted:
        row = furthest.get((place.course_id, person_id))
        come = {"submitted": bool(row and row.submitted), "accepted": bool(row and row.accepted)}
        found[place.id, person_id] = rules.application_standing(begun=row is not None, **come)
    return found


_t = base.table(CheckAttempt).c
_RESULTS = select(_t.candidacy_id, _t.module_key, _t.result).where(
    _t.org_id == bindparam("org"), _t.candidacy_id.in_(bindparam("candidacies", expanding=True)), _t.mastered
)


def _percents(connection: Connection, org_id: str, candidacies: Collection[str]) -> dict[str, dict[str, Fraction]]:
    """Candidacy -> module key -> the best mastered attempt's points, in per cent."""
    best: dict[str, dict[str, Fraction]] = {}
    for candidacy_id, key, result in connection.execute(_RESULTS, {"org": org_id, "candidacies": list(candidacies)}):
        outcomes = (result or {}).get("outcomes", [])
        of = sum(one["of"] for one in outcomes)
        if of:
            own = best.setdefault(candidacy_id, {})
            own[key] = max(own.get(key, Fraction(0)), Fraction(100 * sum(one["points"] for one in outcomes), of))
    return best


# --- why there is no grade yet ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GradeLine:
    """Where the grade of an activity stands, as a code with facts.

    ``no_column`` (why: no_service, score_not_allowed, no_line_item), ``not_finished``, ``waits_for_observer``, ``stopped`` (they take
    part no more, for now or for good), ``on_its_way`` (next_at, None while it is being sent), ``refused`` (remedy, platform),
    ``set_aside``, ``sent`` (at). ``title`` is what the course page calls the activity.
    """

    code: str
    facts: Mapping[str, object] = field(default_factory=dict)
    title: str = field(default="", compare=False)


def grade_line(*, actor: Actor, item: str) -> GradeLine | None:
    """Why the reader has no grade for ``item`` yet, or that it was sent. None where no activity of the course opens it, or for somebody
    who gets no grades: no learner here, or a test user.
    """
    return grade_lines(actor=actor, items=(item,)).get(item)


def grade_lines(*, actor: Actor, items: Collection[str]) -> dict[str, GradeLine]:
    """The same for several items at once, in a constant number of queries."""
    session = base.session()
    if not any(map(rules.graded, items)) or not gets_grades(actor):
        return {}
    found = columns(actor=actor)
    held = candidacy.find(session, person_id=actor.person_id, course_id=actor.course_id) if found else None
    records = candidacy.records(session, held) if held is not None else None
    return lines(items, found, held, records)


@dataclass(frozen=True, slots=True)
class Column:
    """An activity of the course as one reader's grade sees it. ``missing`` says why there is no column; ``state`` is their publication's,
    None without one."""

    item: str
    title: str
    missing: str
    platform: str
    state: str | None
    fault: str | None
    next_at: datetime | None
    sent_at: datetime | None


_a, _b, _r = base.table(Placement).c, base.table(ScorePublication).c, base.table(Registration).c
_COLUMNS = (
    select(
        _a.item,
        _a.title,
        _a.ags_scopes,
        _a.lineitem_url,
        _a.lineitems_url,
        _a.own_lineitem_url,
        _r.name,
        _b.state,
        _b.fault,
        _b.next_at,
        _b.sent_at,
    )
    .select_from(base.table(Placement))
    .join(base.table(Registration), _r.id == _a.registration_id)
    .outerjoin(
        base.table(ScorePublication),
        and_(_b.org_id == _a.org_id, _b.placement_id == _a.id, _b.person_id == bindparam("person")),
    )
    .where(_a.org_id == bindparam("org"), _a.course_id == bindparam("course"), _a.item_source != "part_off")
    .order_by(_a.created_at)
)


def columns(*, actor: Actor) -> tuple[Column, ...]:
    """Every graded activity of the course, the oldest first."""
    keys = {"org": actor.org_id, "course": actor.course_id, "person": actor.person_id}
    return tuple(
        Column(row.item, row.title, no_column(cast(Addressed, row)), row.name, row.state, row.fault, row.next_at, row.sent_at)
        for row in base.connection().execute(_COLUMNS, keys)
        if rules.graded(row.item)
    )


def lines(
    items: Collection[str], found: Sequence[Column], held: CandidacyRow | None, records: Records | None
) -> dict[str, GradeLine]:
    """Where the grade of each item stands, for somebody with these columns and records."""
    by_item: dict[str, list[Column]] = {}
    for column in found:
        by_item.setdefault(column.item, []).append(column)
    return {item: replace(_worst(by_item[item], held, records), title=by_item[item][0].title) for item in items if item in by_item}


def _worst(found: Sequence[Column], held: CandidacyRow | None, records: Records | None) -> GradeLine:
    """What the reader must know first of an item that may stand in several columns."""
    with_column = [column for column in found if not column.missing]
    if not with_column:
        return GradeLine("no_column", {"why": found[0].missing})
    stage = rules.STOPPED
    if held is not None and records is not None:
        policy = programme.load(held.programme_version_id).policy
        stage = rules.standing(with_column[0].item, policy, records, participation=held.participation).stage
    if stage == rules.STOPPED and held is not None:
        return GradeLine("stopped")
    if stage != rules.FINAL:
        return GradeLine("waits_for_observer" if stage == "submitted" else "not_finished")
    return min(map(_line, with_column), key=lambda line: _WORST.index(line.code))


_WORST = ("refused", "on_its_way", "set_aside", "sent")


def _line(column: Column) -> GradeLine:
    if column.state in STUCK:
        return GradeLine("refused", {"remedy": column.fault, "platform": column.platform})
    if column.state == SET_ASIDE:
        return GradeLine("set_aside", {})
    if column.state == DONE and column.sent_at is not None:
        return GradeLine("sent", {"at": column.sent_at})
    return GradeLine("on_its_way", {"next_at": column.next_at if column.state == WAITING else None})


def gets_grades(actor: Actor) -> bool:
    """Whether the LMS gets grades of this person: a learner here, and no test user."""
    tested = select(Identity.id).where(Identity.org_id == actor.org_id, Identity.person_id == actor.person_id, Identity.test_user).exists()
    query = select(Membership.id).where(
        Membership.org_id == actor.org_id,
        Membership.course_id == actor.course_id,
        Membership.person_id == actor.person_id,
        Membership.standing == "learner",
        ~tested,
    )
    return base.session().scalar(query) is not None
