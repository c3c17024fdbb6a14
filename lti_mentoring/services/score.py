# SPDX-License-Identifier: Apache-2.0
"""What a person's score for an activity is by the state of things now, where it goes, and why there is no grade yet."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from lti_mentoring.domain import delivery as rules
from lti_mentoring.domain.candidacy import Records
from lti_mentoring.domain.delivery import DONE, SET_ASIDE, STUCK, WAITING, Standing
from lti_mentoring.domain.people import Actor
from lti_mentoring.lti.platforms import Profile
from lti_mentoring.services import candidacy, programme
from lti_mentoring.services.candidacy import CandidacyRow
from lti_mentoring.store import base
from lti_mentoring.store.delivery import ScorePublication
from lti_mentoring.store.people import Identity, Membership, Placement
from lti_mentoring.store.platform import Registration
from lti_mentoring.store.training import CheckAttempt


def no_column(placement: Placement) -> str:
    """Why a placement has no column that we may fill; empty if it has one."""
    return rules.no_column(
        scopes=placement.ags_scopes,
        lineitem_url=placement.lineitem_url,
        lineitems_url=placement.lineitems_url,
        own_lineitem_url=placement.own_lineitem_url,
    )


def target(placement: Placement, quirks: Profile) -> str | None:
    """The line item to fill: the one that belongs to the activity, else the one that we found or made; None if we must look first."""
    if quirks.lineitem_claim_may_be_foreign and placement.lineitems_url and rules.LINEITEM_SCOPE in placement.ags_scopes:
        return placement.own_lineitem_url
    return placement.lineitem_url or placement.own_lineitem_url


def where_they_stand(session: Session, wanted: Sequence[tuple[Placement, str]]) -> dict[tuple[str, str], Standing]:
    """Where each placement's item stands for a person, from their records as they are now, by (placement, person) ids.

    A constant number of queries, whatever the number of pairs.
    """
    held = {
        (one.course_id, one.person_id): one
        for one in candidacy.of_people(
            session, courses={place.course_id for place, _ in wanted}, people={person_id for _, person_id in wanted}
        )
    }
    asked = {pair: held.get((pair[0].course_id, pair[1])) for pair in wanted}
    known = {one.id: one for one in asked.values() if one is not None}
    records = candidacy.records_of_many(session, list(known.values()))
    in_points = {one.id for (place, _), one in asked.items() if one is not None and place.grading == "points"}
    percents = _percents(session, in_points) if in_points else {}
    found = {}
    for (place, person_id), one in asked.items():
        if one is None:
            found[place.id, person_id] = Standing(rules.STOPPED)
            continue
        policy = programme.load(one.programme_version_id).policy
        found[place.id, person_id] = rules.standing(
            place.item, policy, records[one.id], participation=one.participation, percents=percents.get(one.id)
        )
    return found


def _percents(session: Session, candidacies: Collection[str]) -> dict[str, dict[str, Fraction]]:
    """Candidacy -> module key -> the best mastered attempt's points, in per cent."""
    query = select(CheckAttempt.candidacy_id, CheckAttempt.module_key, CheckAttempt.result).where(
        CheckAttempt.candidacy_id.in_(candidacies), CheckAttempt.mastered
    )
    best: dict[str, dict[str, Fraction]] = {}
    for candidacy_id, key, result in session.execute(query):
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

    ``no_column`` (why: no_service, score_not_allowed, no_line_item), ``not_finished``, ``waits_for_observer``, ``on_its_way`` (next_at,
    None while it is being sent), ``refused`` (remedy, platform), ``set_aside``, ``sent`` (at). ``title`` is what the
    course page calls the activity.
    """

    code: str
    facts: Mapping[str, object] = field(default_factory=dict)
    title: str = field(default="", compare=False)


def grade_line(*, actor: Actor, item: str) -> GradeLine | None:
    """Why the reader has no grade for ``item`` yet, or that it was sent. None where no activity of the course opens it, or for somebody
    who gets no grades: no learner here, or a test user.
    """
    return grade_lines(actor=actor, items=(item,)).get(item)


def grade_lines(*, actor: Actor, items: Collection[str], records: Records | None = None) -> dict[str, GradeLine]:
    """The same for several items at once, in a constant number of queries. ``records`` are the reader's own, if they are at hand."""
    session = base.session()
    wanted = [item for item in items if rules.graded(item)]
    if not wanted or not _gets_grades(session, actor):
        return {}
    by_item: dict[str, list[Any]] = {}
    for row in _columns(session, actor, wanted):
        by_item.setdefault(row[0].item, []).append(row)
    if not by_item:
        return {}
    held = candidacy.find(session, person_id=actor.person_id, course_id=actor.course_id)
    if held is not None and records is None:
        records = candidacy.records(session, held)
    return {item: replace(_worst(by_item[item], held, records), title=by_item[item][0][0].title) for item in wanted if item in by_item}


def _columns(session: Session, actor: Actor, items: Collection[str]) -> Sequence[Any]:
    """(placement, the reader's publication or None, the platform's name) of each activity that opens one of these."""
    mine = and_(
        ScorePublication.org_id == Placement.org_id,
        ScorePublication.placement_id == Placement.id,
        ScorePublication.person_id == actor.person_id,
    )
    return session.execute(
        select(Placement, ScorePublication, Registration.name)
        .join(Registration, Registration.id == Placement.registration_id)
        .outerjoin(ScorePublication, mine)
        .where(Placement.org_id == actor.org_id, Placement.course_id == actor.course_id, Placement.item.in_(items))
        .order_by(Placement.created_at)
    ).all()


def _worst(rows: Sequence[Any], held: CandidacyRow | None, records: Records | None) -> GradeLine:
    """What the reader must know first of an item that may stand in several columns."""
    with_column = [row for row in rows if not no_column(row[0])]
    if not with_column:
        return GradeLine("no_column", {"why": no_column(rows[0][0])})
    stage = rules.STOPPED
    if held is not None and records is not None:
        policy = programme.load(held.programme_version_id).policy
        stage = rules.standing(with_column[0][0].item, policy, records, participation=held.participation).stage
    if stage != rules.FINAL:
        return GradeLine("waits_for_observer" if stage == "submitted" else "not_finished")
    return min((_line(row, platform) for _, row, platform in with_column), key=lambda line: _WORST.index(line.code))


_WORST = ("refused", "on_its_way", "set_aside", "sent")


def _line(row: ScorePublication | None, platform: str) -> GradeLine:
    if row is None:
        return GradeLine("on_its_way", {"next_at": None})
    if row.state in STUCK:
        return GradeLine("refused", {"remedy": row.fault, "platform": platform})
    if row.state == SET_ASIDE:
        return GradeLine("set_aside", {})
    if row.state == DONE and row.sent_at is not None:
        return GradeLine("sent", {"at": row.sent_at})
    return GradeLine("on_its_way", {"next_at": row.next_at if row.state == WAITING else None})


def _gets_grades(session: Session, actor: Actor) -> bool:
    tested = select(Identity.id).where(Identity.org_id == actor.org_id, Identity.person_id == actor.person_id, Identity.test_user).exists()
    query = select(Membership.id).where(
        Membership.org_id == actor.org_id,
        Membership.course_id == actor.course_id,
        Membership.person_id == actor.person_id,
        Membership.standing == "learner",
        ~tested,
    )
    return session.scalar(query) is not None
