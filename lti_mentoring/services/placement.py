# SPDX-License-Identifier: Apache-2.0
"""Activities on the course page: what each opens, how it is graded, and whom that concerns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.placing import GRADINGS
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import delivery, privacy, programme
from lti_mentoring.store import base
from lti_mentoring.store.people import Placement


@dataclass(frozen=True, slots=True)
class Activity:
    """One placement. ``column``: whether the LMS gave it a gradebook column, or lets us make one."""

    id: str
    title: str
    item: str
    grading: str
    chosen: bool
    column: bool
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ActivitiesPage:
    """Every activity of the course, and what one can open. An item is (its name, its title)."""

    activities: tuple[Activity, ...]
    items: tuple[tuple[str, str], ...]


def items(org_id: str) -> tuple[tuple[str, str], ...]:
    """What a placement can open in the organisation's newest programme version: (name, title in the pack's words)."""
    version = programme.current(org_id)
    if version is None:
        return ()
    plan = programme.load(version.id)
    return (("programme", plan.title), *((f"module:{module.key}", module.title) for module in plan.modules), ("observation", ""))


def page(*, actor: Actor) -> ActivitiesPage:
    """The activities of this course, by title."""
    rows = base.session().scalars(select(Placement).where(Placement.course_id == actor.course_id).order_by(Placement.title, Placement.id))
    found = tuple(
        Activity(
            row.id,
            row.title,
            row.item,
            row.grading,
            row.item_source == "coordinator",
            bool(row.lineitem_url or row.own_lineitem_url or row.lineitems_url),
            row.updated_at,
        )
        for row in rows
    )
    return ActivitiesPage(found, items(actor.org_id))


def change(*, actor: Actor, placement_id: str, item: str, grading: str) -> None:
    """Choose what an activity opens and how it is graded; what is known of its candidates is sent anew."""
    if grading not in GRADINGS:
        raise RuleBroken("grading_unknown", grading=grading)
    if item not in {name for name, _ in items(actor.org_id)}:
        raise RuleBroken("item_unknown", item=item)
    with base.transactional() as session:
        row = session.scalar(select(Placement).where(Placement.id == placement_id, Placement.course_id == actor.course_id))
        if row is None:
            raise NotFound("placement")
        voids = row.item != item
        row.item, row.grading, row.item_source, row.updated_at = item, grading, "coordinator", base.now()
        session.flush()
        privacy.record(
            session, actor=actor, verb="change", object_kind="placement", object_id=placement_id, item=item, grading=grading
        )
        delivery.placement_changed(session, org_id=actor.org_id, placement_id=placement_id, voids=voids)

