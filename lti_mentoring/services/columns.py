# SPDX-License-Identifier: Apache-2.0
"""The columns that we made, kept as their activities are called and what they are about; those of others are left alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from sqlalchemy import update

from lti_mentoring.domain import delivery as rules
from lti_mentoring.lti.lineitem import LineItem
from lti_mentoring.lti.verdict import Verdict
from lti_mentoring.store import base
from lti_mentoring.store.people import Placement


class Columns(Protocol):
    """What is asked of ``lti.grades.Grades`` here."""

    def update_line_item(self, lineitem_url: str, change: Callable[[LineItem], Mapping[str, Any]]) -> LineItem | Verdict: ...


def ours(place: Placement, url: str) -> bool:
    """Whether a column was made by us for this activity, and by nobody's hand since: one that the platform coupled to it never is."""
    return bool(place.own_label) and url == place.own_lineitem_url and rules.LINEITEM_SCOPE in place.ags_scopes


def tend(place: Placement, url: str, columns: Columns) -> None:
    """See that our own column has the activity's present name, and names what it is about, so that the copy of a course finds it.

    No transaction is open. A column that somebody has given another name than ours keeps it from then on. What the LMS refuses stays as
    it is: a name is worth no grade.
    """
    title, ours_was = (place.title or place.item)[:400], place.own_label

    def change(found: LineItem) -> Mapping[str, Any]:
        if found.label != ours_was:
            return {}
        wanted = {"label": title, "resourceId": place.item, "tag": rules.tag(place.item)}
        has = {"label": found.label, "resourceId": found.resource_id, "tag": found.tag}
        return {name: value for name, value in wanted.items() if has[name] != value}

    found = columns.update_line_item(url, change)
    if isinstance(found, Verdict):
        return
    label = title if found.label == title else ""
    if label != ours_was:
        with base.transactional() as session:
            session.execute(
                update(Placement).where(Placement.id == place.id, Placement.own_lineitem_url == url).values(own_label=label)
            )
