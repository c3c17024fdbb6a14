# SPDX-License-Identifier: Apache-2.0
"""What a placed activity brings along: its gradebook column, and the values by which we know it again after a course copy."""

from __future__ import annotations

from dataclasses import dataclass

from lti_mentoring.domain.delivery import APPLICATION, tag

ITEM, GRADING = "item", "grading"
"""Our custom parameters: what an activity opens, and how it is graded when it is opened first."""

OPENS, CLOSES, DUE = "opens_at", "closes_at", "due_at"
LINK_HISTORY, CONTEXT_HISTORY = "link_history", "context_history"

FOLLOWED = {
    OPENS: "$ResourceLink.available.startDateTime",
    CLOSES: "$ResourceLink.available.endDateTime",
    DUE: "$ResourceLink.submission.endDateTime",
    LINK_HISTORY: "$ResourceLink.id.history",
    CONTEXT_HISTORY: "$Context.id.history",
}
"""Custom parameter -> the LMS's variable that fills it at each launch: dates that a teacher moves, and what was copied from what."""

GRADINGS = ("completion", "points")


@dataclass(frozen=True, slots=True)
class Column:
    """A gradebook column; ``resource_id`` and ``tag`` outlive the copy of a course (checklist LI-07)."""

    maximum: int
    resource_id: str
    tag: str


def column_of(item: str, grading: str) -> Column:
    """The column of an activity: one point for complete or not, else a hundred. An application's holds no points, whatever is chosen."""
    return Column(100 if grading == "points" and item != APPLICATION else 1, item, tag(item))


def followed(grading: str) -> dict[str, str]:
    """The custom parameters that every placed activity carries."""
    return {GRADING: grading, **FOLLOWED}
