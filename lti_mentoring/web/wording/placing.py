# SPDX-License-Identifier: Apache-2.0
"""What an activity opens, in words."""

from __future__ import annotations

from flask_babel import lazy_gettext

from lti_mentoring.web.wording.phrase import say

_l = lazy_gettext

TITLES = {
    "observation": _l("Observed mentoring conversation"),
    "application": _l("Apply to become a mentor"),
    "cohort": _l("The cohort at a glance"),
}

KINDS = {
    "programme": _l("The whole programme: each person’s own way, with the one next step"),
    "module": _l("One module: reading, knowledge check and practice task"),
    "observation": _l("Planning, watching and rating a conversation on the rubric"),
    "application": _l("The form for applicants; the applications for those who select"),
    "cohort": _l("For coordinators: who has met what, and what waits for whom"),
}

PREVIEWS = {
    "programme": _l("Candidates see what is met, what is not, and the shortest way there. Staff see what waits for them."),
    "observation": _l("Candidates share a date and their evidence; observers record what they see and rate it; both read the feedback."),
    "application": _l(
        "Applicants write, submit and read how their application stands. The gradebook hears that it was begun, submitted and led to a"
        " place; it never gets points, and nothing of a decision against somebody."
    ),
    "cohort": _l("Whoever leads the course sees everybody. Learners who open it come to their own page. It has no gradebook column."),
}

OPENS = {
    "programme": _l("The whole programme: %(title)s"),
    "module": _l("Module: %(title)s"),
    "observation": _l("The observations"),
    "application": _l("The application"),
    "cohort": _l("The cohort, for coordinators"),
}


def item_title(item: str, title: str = "") -> str:
    """What an activity is called on the course page: as the programme says, else as we do."""
    return title or str(TITLES.get(item, item))


def item_kind_words(kind: str) -> str:
    """What sort of thing an activity opens."""
    return str(KINDS[kind])


def item_preview_words(kind: str) -> str:
    """What people find there; empty where the programme says it itself."""
    return str(PREVIEWS.get(kind, ""))


def item_words(item: str, title: str) -> str:
    """An item in a list of those that can be opened."""
    return say(OPENS[item.partition(":")[0]], {"title": title})
