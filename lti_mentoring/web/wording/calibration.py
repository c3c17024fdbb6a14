# SPDX-License-Identifier: Apache-2.0
"""Calibration in words: what a rater and the master chose, how far apart they are, and what keeps an attempt from being submitted."""

from __future__ import annotations

from fractions import Fraction

from flask_babel import gettext, lazy_gettext, ngettext

from lti_mentoring.domain.calibration import DEFENSIBLE, ONE_SIDED, SAME, Compared
from lti_mentoring.domain.observation import rounded_down
from lti_mentoring.web.wording.observation import level_words

_l = lazy_gettext

RULES: dict[str, object] = {
    "transcript": _l("The programme of this course has no such transcript."),
    "calibration_attempt": _l("There is no such attempt of yours."),
    "calibration_text": _l("The text has changed since you began. Read it again, and look at each level before you submit."),
    "calibration_open": _l("Not answered yet: %(criteria)s. Choose a level for each, or “not observed”."),
    "calibration_submitted": _l("This attempt was submitted already, and stays as it was then."),
    "founding": _l("Nobody is named here by this address any more."),
    "founding_oneself": _l("Nobody names themself as a founding mentor, or signs for themself."),
    "founding_without_reason": _l("Say why this person can be watched and can observe before anybody holds a credential."),
    "founding_named": _l("This person was named already. See the list."),
    "founding_same_person": _l("You have named this person; somebody else of the staff signs as the second."),
    "founding_signed": _l("A second person has signed already."),
    "qualification_modules": _l("Before you can qualify come: %(modules)s."),
    "qualification_short": _l("The last exercises do not reach what qualifying asks for. What is missing stands beside them."),
    "qualification_goes_on": _l("This qualification has not ended yet."),
    "qualification_holds": _l("The last ratings that two people gave do not show a drift."),
    "qualification_closed": _l("This is not possible as the qualification stands now. Load the page again."),
    "calibration_elsewhere": _l("Another window has kept something else: %(criteria)s. Keep the draft to see both."),
}


def answer_words(level: int | None) -> str:
    """What was chosen for a criterion."""
    return gettext("not observed") if level is None else f"{level} {level_words(level)}"


def compared_words(row: Compared) -> tuple[str, str]:
    """How a rater's answer stands to the master's: kind of state, words."""
    if row.verdict == SAME:
        return "met", gettext("the same")
    if row.verdict == ONE_SIDED:
        return "notseen", gettext("only the master saw it") if row.own is None else gettext("only you saw it")
    apart = row.apart or 0
    higher = apart > 0
    many = abs(apart)
    if row.verdict == DEFENSIBLE:
        return "notyet", gettext("one level higher, and defensible") if higher else gettext("one level lower, and defensible")
    above = ngettext("one level higher", "%(num)s levels higher", many)
    below = ngettext("one level lower", "%(num)s levels lower", many)
    return "notyet" if many == 1 else "needs", above if higher else below


def apart_words(bias: Fraction | None) -> str:
    """A signed mean of differences as a figure; a dash where there is none."""
    if bias is None:
        return "–"
    sign = "+" if bias > 0 else "−" if bias < 0 else ""
    return sign + rounded_down(abs(bias))


def bias_words(bias: Fraction | None) -> str:
    """Whether somebody rates higher or lower than the master on the whole."""
    if bias is None:
        return gettext("No criterion has a level from both of you.")
    if bias == 0:
        return gettext("On the whole you rate neither higher nor lower.")
    size = rounded_down(abs(bias))
    if bias > 0:
        return gettext("On the whole you rate higher, by %(size)s of a level.", size=size)
    return gettext("On the whole you rate lower, by %(size)s of a level.", size=size)
