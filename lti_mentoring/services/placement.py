# SPDX-License-Identifier: Apache-2.0
"""Activities on the course page: what each opens, how it is graded, and whom that concerns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from lti_mentoring.domain.delivery import APPLICATION, COHORT
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.placing import GRADINGS
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import delivery, intake, parts, privacy, programme, reconciliation
from lti_mentoring.store import base
from lti_mentoring.store.people import Placement
from lti_mentoring.store.platform import Registration


@dataclass(frozen=True, slots=True)
class Activity:
    """One placement. ``column``: whether the LMS gave it a gradebook column, or lets us make one. ``parts``: how many columns stand beside
    it, of those (their titles) that are ``parts_possible``."""

    id: str
    title: str
    item: str
    grading: str
    chosen: bool
    column: bool
    updated_at: datetime
    parts: int
    parts_possible: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ActivitiesPage:
    """Every activity of the course, and what one can open. An item is (its name, its title)."""

    activities: tuple[Activity, ...]
    items: tuple[tuple[str, str], ...]


def items(actor: Actor) -> tuple[tuple[str, str], ...]:
    """What a placement can open in the programme version of the actor's course: (name, title in the pack's words, "" for what has none)."""
    version = intake.version_in(base.connection(), org_id=actor.org_id, course_id=actor.course_id)
    if version is None:
        return ()
    plan = programme.load(version)
    return (
        ("programme", plan.title),
        *((f"module:{module.key}", module.title) for module in plan.modules),
        ("observation", ""),
        *(((APPLICATION, ""),) if plan.form is not None else ()),
        (COHORT, ""),
    )


def page(*, actor: Actor) -> ActivitiesPage:
    """The activities of this course, by title."""
    session = base.session()
    version = intake.version_in(base.connection(), org_id=actor.org_id, course_id=actor.course_id)
    plan = programme.load(version) if version is not None else None
    counted = (
        select(Placement.part_of, func.count().label("many"))
        .where(Placement.course_id == actor.course_id, Placement.item_source == parts.SHOWN)
        .group_by(Placement.part_of)
    )
    beside = {one.part_of: one.many for one in session.execute(counted)}
    rows = session.execute(
        select(Placement, Registration.family)
        .join(Registration, Registration.id == Placement.registration_id)
        .where(Placement.course_id == actor.course_id, Placement.part_of.is_(None))
        .order_by(Placement.title, Placement.id)
    )
    found = tuple(
        Activity(
            row.id,
            row.title,
            row.item,
            row.grading,
            row.item_source == "coordinator",
            bool(row.lineitem_url or row.own_lineitem_url or row.lineitems_url),
            row.updated_at,
            beside.get(row.id, 0),
            tuple(title for _, title in parts.possible(row, family, plan)) if plan is not None else (),
        )
        for row, family in rows
    )
    return ActivitiesPage(found, items(actor))


def change(*, actor: Actor, placement_id: str, item: str, grading: str, beside: bool = False) -> None:
    """Choose what an activity opens and how it is graded; what is known of its candidates is sent anew. ``beside``: with a column of its
    own for each of its parts, where the LMS lets us make them."""
    if grading not in GRADINGS:
        raise RuleBroken("grading_unknown", grading=grading)
    if item not in {name for name, _ in items(actor)}:
        raise RuleBroken("item_unknown", item=item)
    with base.transactional() as session:
        query = select(Placement, Registration.family).join(Registration, Registration.id == Placement.registration_id)
        own = query.where(Placement.id == placement_id, Placement.course_id == actor.course_id, Placement.part_of.is_(None))
        found = session.execute(own).first()
        if found is None:
            raise NotFound("placement")
        row, family = found
        voids = row.item != item
        row.item, row.grading, row.item_source, row.updated_at = item, grading, "coordinator", base.now()
        session.flush()
        privacy.record(
            session,
            actor=actor,
            verb="change",
            object_kind="placement",
            object_id=placement_id,
            item=item,
            grading=grading,
            beside=beside,
        )
        delivery.placement_changed(session, org_id=actor.org_id, placement_id=placement_id, voids=voids)
        if row.own_lineitem_url is not None:  # our column is about something else now
            reconciliation.soon(session, actor.org_id, placement_id, row.registration_id, base.now())
        if voids or not beside:
            parts.put_away(session, placement_id)
        if beside:
            parts.show(session, row, family)
