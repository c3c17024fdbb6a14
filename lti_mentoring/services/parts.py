# SPDX-License-Identifier: Apache-2.0
"""Columns beside the one aggregate score of an activity: one for each module and each competency that it sums up, where staff want them
and the LMS lets us make them."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from lti_mentoring.domain import delivery as rules
from lti_mentoring.domain.programme import Programme
from lti_mentoring.lti.platforms import profile
from lti_mentoring.services import delivery, intake, programme
from lti_mentoring.store import base
from lti_mentoring.store.people import Placement

SHOWN, PUT_AWAY = "part", "part_off"
"""Where a part's ``item_source`` says so: it is filled, or no longer. Its column in the LMS is never deleted: grades stand in it."""


def possible(place: Placement, family: str, plan: Programme) -> tuple[tuple[str, str], ...]:
    """(item, title) of each part that could have a column; none where the LMS has one cell for each activity, or lets us make none."""
    may = rules.LINEITEM_SCOPE in place.ags_scopes and rules.SCORE_SCOPE in place.ags_scopes and place.lineitems_url
    if not may or profile(family).one_cell:
        return ()
    rubric = plan.rubric(plan.policy.observation_rubric)
    rated = [one.key for one in plan.competencies if any(one.key in criterion.competencies for criterion in rubric.criteria)]
    return tuple((item, _title(item, plan)) for item in rules.parts(place.item, plan.policy, rated))


def _title(item: str, plan: Programme) -> str:
    if item.startswith(rules.MODULE):
        return plan.module(item.removeprefix(rules.MODULE)).title
    return plan.competency(item.removeprefix(rules.COMPETENCY)).title


def show(session: Session, place: Placement, family: str) -> None:
    """Give each part its column, in the caller's transaction; not those that stand in the course already, by whatever activity."""
    version = intake.version_in(session.connection(), org_id=place.org_id, course_id=place.course_id)
    wanted = possible(place, family, programme.source(version)) if version is not None else ()
    query = select(Placement.item).where(Placement.course_id == place.course_id, Placement.item_source != PUT_AWAY)
    there = set(session.scalars(query.where(Placement.id != place.id)))
    own = select(Placement.item, Placement.id).where(Placement.part_of == place.id)
    known = {one.item: one.id for one in session.execute(own)}
    for item, title in wanted:
        if item in there:
            continue
        if item in known:
            session.execute(update(Placement).where(Placement.id == known[item]).values(item_source=SHOWN))
        else:
            known[item] = _make(session, place, item, title)
    _follow(session, place)
    for made in session.scalars(select(Placement.id).where(Placement.part_of == place.id, Placement.item_source == SHOWN)).all():
        delivery.placement_changed(session, org_id=place.org_id, placement_id=made)


def _make(session: Session, place: Placement, item: str, title: str) -> str:
    made = base.new_id()
    said = {"org_id": place.org_id, "id": made, "course_id": place.course_id, "registration_id": place.registration_id}
    said |= {"deployment_id": place.deployment_id, "resource_link_id": f"part:{place.id}:{item}"[:255], "part_of": place.id}
    # What was rated is told in points; a module is complete or not, as its activity would say.
    grading = place.grading if item.startswith(rules.MODULE) else "points"
    said |= {"title": f"{place.title}: {title}"[:400] if place.title else title[:400], "item": item, "item_source": SHOWN}
    session.execute(insert(Placement), {**said, "grading": grading})
    return made


def put_away(session: Session, place_id: str, items: Iterable[str] | None = None) -> None:
    """Fill the columns of these parts no longer, all unless named."""
    query = update(Placement).where(Placement.part_of == place_id)
    if items is not None:
        query = query.where(Placement.item.in_(list(items)))
    session.execute(query.values(item_source=PUT_AWAY, ags_scopes=[], updated_at=base.now()))


def follow(session: Session, place_id: str) -> None:
    """After a launch has said new addresses or scopes: the parts go the same way. In the caller's transaction."""
    place = session.get_one(Placement, (base.current_tenant(), place_id))
    session.refresh(place)
    _follow(session, place)


def _follow(session: Session, place: Placement) -> None:
    session.execute(
        update(Placement)
        .where(Placement.part_of == place.id, Placement.item_source == SHOWN)
        .values(ags_scopes=place.ags_scopes, lineitems_url=place.lineitems_url, deployment_id=place.deployment_id, updated_at=base.now())
    )
