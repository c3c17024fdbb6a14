# SPDX-License-Identifier: Apache-2.0
"""The rubric's levels, what a sheet still lacks, and exact means, in words."""

from __future__ import annotations

from fractions import Fraction

from flask_babel import lazy_gettext

from lti_mentoring.domain.candidacy import STEP_OF
from lti_mentoring.domain.observation import Rating, rounded_down
from lti_mentoring.web.wording.candidacy import station_title

_l = lazy_gettext

LEVELS = {1: _l("Not yet"), 2: _l("Emerging"), 3: _l("Competent"), 4: _l("Accomplished")}

GAPS = {
    "consent_missing": _l("consent of who is in the room"),
    "criterion_open": _l("not rated yet"),
    "reason_missing": _l("needs a reason"),
    "evidence_missing": _l("needs a note"),
    "observation_of_oneself": _l("you are the candidate"),
    "modules_before": _l("modules that come before"),
    "observation_held": _l("something is still open"),
}

KINDS = {
    "structured": _l("The candidate watches an accomplished mentor"),
    "co": _l("The candidate mentors together with an accomplished mentor"),
    "independent": _l("The candidate mentors alone"),
    "group": _l("The candidate leads a group"),
}


CALLED_OFF = {
    "session": _l("The session itself does not take place."),
    "deferred": _l("The candidate takes no part at the moment; a new session is planned when they are back."),
    "completed": _l("The candidate has completed the programme, so there is nothing more to observe."),
}


def called_off_words(state: str) -> str:
    """Why a session was called off, as far as its observer hears of it: that the candidate takes no part, and nothing of why."""
    return str(CALLED_OFF.get(state, _l("The candidate takes part in the programme no more.")))


def kind_words(kind: str) -> str:
    """A kind of observation."""
    return str(KINDS[kind])


def step_words(kind: str) -> str:
    """A kind of observation by the step that it belongs to, where there is little room."""
    return station_title(STEP_OF[kind]) if kind in STEP_OF else kind_words(kind)


def level_words(level: int) -> str:
    """The name of a level."""
    return str(LEVELS[level])


def gap_words(code: str) -> str:
    """What is missing, short enough to stand beside the criterion's name."""
    return str(GAPS[code])


def mean_words(mean: Fraction) -> str:
    """A mean, never rounded up."""
    return rounded_down(mean)


def rating_words(rating: Rating) -> str:
    """What was said of a criterion, in a few words."""
    if rating.not_observed:
        return str(_l("not observed"))
    return f"{rating.level} {LEVELS[rating.level]}" if rating.level is not None else str(_l("nothing chosen"))
