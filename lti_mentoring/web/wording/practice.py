# SPDX-License-Identifier: Apache-2.0
"""Practice tasks in words: how one stands, and what keeps it from being handed in or returned."""

from __future__ import annotations

from flask_babel import gettext, lazy_gettext

from lti_mentoring.services.marking import QueueRow
from lti_mentoring.services.practice import Attempt
from lti_mentoring.web.wording.time import day_words

_l = lazy_gettext

RULES: dict[str, object] = {
    "practice": _l("There is no such practice task to mark here."),
    "practice_not_yours": _l("Only its candidate writes a practice task."),
    "practice_empty": _l("There is no text yet. Write it first, then hand it in."),
    "practice_long": _l("Your text has %(words)s words; %(most)s are the most. Shorten it. It is kept as you wrote it."),
    "practice_closed": _l("What was handed in, and what was returned, stays as it is. Load the page again to see how it stands."),
    "practice_claimed": _l("Somebody else marks this one; they took it a moment ago."),
    "practice_of_another": _l("Somebody else holds this practice task, or nobody does. Take it first, then mark it."),
    "practice_unmarked": _l("No level yet: %(criteria)s. Choose one for each criterion."),
    "practice_reason_missing": _l("Say why, from what was written: %(criteria)s."),
    "practice_below": _l("These do not reach the level that the task needs: %(criteria)s. Change a level, or ask for it once more."),
    "practice_reached": _l("Every criterion reaches its level, so the task is met. Change a level, or return it as met."),
    "practice_feedback_missing": _l("Say what would make it met: one or two things to change."),
    "feedback_long": _l("Feedback holds at most %(most)s characters."),
    "marker_self": _l("Nobody marks their own practice task."),
    "marker_peer": _l("You are a candidate in this course yourself, so somebody else reads and marks what other candidates write."),
    "marker_line": _l(
        "You manage or appraise this candidate, or the other way round, or did within a year. Somebody else reads and marks it."
    ),
}

STATES = {
    "handed_in": ("waits", _l("With a trainer")),
    "met": ("met", _l("Met")),
    "once_more": ("yours", _l("Once more")),
}


def practice_words(attempt: Attempt) -> tuple[str, str]:
    """How an attempt stands, for its writer: kind of state, words."""
    kind, words = STATES[attempt.state]
    return kind, str(words)


def marking_words(row: QueueRow) -> tuple[str, str]:
    """How a text stands that waits to be marked: kind of state, words."""
    if row.overdue:
        return "needs", gettext("Overdue since %(day)s", day=day_words(row.due))
    if row.marker and not row.mine:
        return "waits", gettext("%(marker)s marks it; due by %(day)s", marker=row.marker, day=day_words(row.due))
    return "yours", gettext("Due by %(day)s", day=day_words(row.due))
