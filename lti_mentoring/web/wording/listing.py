# SPDX-License-Identifier: Apache-2.0
"""Observations in a list: how each stands, and what holds its result back, in words."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import lazy_gettext

from lti_mentoring.web.wording.phrase import Coded, say, unknown

_l = lazy_gettext

STATES = {
    "planned": ("waits", _l("Planned")),
    "drafting": ("waits", _l("The observer is writing")),
    "rated": ("waits", _l("Rated, not released yet")),
    "released": ("met", _l("Released")),
    "cancelled": ("notseen", _l("Called off")),
    "void": ("notseen", _l("Set aside")),
}
"""State of an observation -> the kind of its status, and its words."""

HOLDS = {
    "second": _l("the rating of a second person"),
    "third": _l("a third opinion"),
    "self": _l("the candidate’s rating of their own part"),
    "amending": _l("a correction that its rater has begun"),
    "reading": _l("somebody who was there and may strike lines, until %(until)s at the latest"),
    "conflict": _l("what stands against it: a conflict of interest, a line not yet told us, or an answer from the room"),
    "open": _l("something that is not done yet; you rate it, or it is about you, so you read no more of it here"),
}
"""What a result waits for, by the codes of ``domain.listing``."""

NO_LINK = _l("a coordinator, who makes a link for somebody who was there and may strike lines")
"""What it waits for where no mail and no notice reaches who reads."""

HOLD_CHOICES = {**HOLDS, "reading": _l("somebody who was there and may strike lines"), "open": _l("what you rate yourself")}


def listed_words(state: str) -> tuple[str, str]:
    """How an observation stands: the kind of its status, and its words."""
    kind, words = STATES[state]
    return kind, str(words)


def hold_choice_words(code: str) -> str:
    """A hold where one is chosen."""
    return str(HOLD_CHOICES[code])


def holds_words(holds: Sequence[Coded]) -> str:
    """What a result waits for, all of it."""
    return "; ".join(_hold_words(one) for one in holds)


def _hold_words(one: Coded) -> str:
    if one.code == "reading" and not one.facts:
        return str(NO_LINK)
    return say(HOLDS[one.code], one.facts) if one.code in HOLDS else unknown(one.code)
