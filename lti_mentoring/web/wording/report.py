# SPDX-License-Identifier: Apache-2.0
"""The report on an observation in plain words: levels, how they came about, who rated, and why it is met or not yet."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from flask_babel import gettext, lazy_gettext

from lti_mentoring.domain.observation import Reason, rounded_down
from lti_mentoring.domain.programme import LEVELS
from lti_mentoring.web.wording.observation import level_words
from lti_mentoring.web.wording.phrase import say, unknown

_l = lazy_gettext

HOW = {
    "single": _l("One person rated it."),
    "exact": _l("Two people saw the same, neither knowing what the other had written."),
    "mean": _l("Two people were one level apart; this is the mean of the two."),
    "one_sided": _l("One of two people saw it; the level is theirs."),
    "median": _l("A third opinion decided: this is the middle of the levels given."),
    "confirmed": _l("Two people rated it, one of them not yet qualified; this is the level of the other, who confirms it."),
    "lower": _l(
        "Two people were far apart, or on two sides of what is asked for, and nobody could give a third opinion: the lower level stands."
    ),
    "unobserved": _l("Nobody observed it."),
}
"""How a level came about, by the codes of ``domain.scoring``."""

METHODS = {
    "single": _l("One person rated this session."),
    "agreement": _l("Two people rated this session, neither knowing the other’s levels, and saw the same."),
    "confirmed": _l(
        "Two people rated this session, neither knowing the other’s levels, one of them not yet qualified. Where they differ, the level of "
        "the other stands."
    ),
    "mean": _l("Two people rated this session, neither knowing the other’s levels. Where they were one level apart, the mean stands."),
    "adjudicated": _l("Two people rated this session, neither knowing the other’s levels. Where they were far apart, a third decided."),
    "lowered": _l(
        "Two people rated this session, neither knowing the other’s levels. Where they were far apart, or on two sides of what is asked "
        "for, the lower level stands, as nobody could give a third opinion."
    ),
}

VOICES = {
    "first": (_l("%(name)s, who observed"), _l("The observer")),
    "second": (_l("%(name)s, who rated second"), _l("A second person")),
    "third": (_l("%(name)s, whose third opinion decided"), _l("A third person")),
}
"""Purpose of a rating -> who gave it, by name and where the reader does not learn it."""

REASONS = {
    "nothing_observed": _l("Nothing could be observed. A session counts once something was seen in it."),
    "overall_mean_below": _l("The mean of all levels is %(mean)s; %(bar)s is asked for."),
    "competency_mean_below": _l("%(competency)s %(title)s: the mean of its criteria is %(mean)s; %(bar)s is asked for."),
    "critical_at_one": _l("%(criterion)s %(title)s is critical and stands at 1. It may not, whatever the other levels are."),
}


def exact_level_words(level: Fraction) -> str:
    """A level of a result: with its name, or between two."""
    if level.denominator == 1:
        return f"{level} {level_words(int(level))}"
    low = int(level)
    facts = {"level": rounded_down(level), "low": level_words(low), "high": level_words(min(low + 1, LEVELS[-1]))}
    return say(_l("%(level)s, between %(low)s and %(high)s"), facts)


def how_words(how: str) -> str:
    """How a level came about."""
    return str(HOW[how]) if how in HOW else unknown(how)


def method_words(method: str) -> str:
    """How the whole came about."""
    return str(METHODS[method]) if method in METHODS else unknown(method)


def beside_words(beside: Any) -> str:
    """How a session counts beside the others: ``services.report.Beside``."""
    if beside.counts:
        return gettext("This session counts.")
    if beside.open:
        return gettext("It is kept. Something is being looked at, and it counts once that is settled.")
    return gettext("It is kept, and does not count.") if beside.reasons else gettext("It is kept; its step was complete before.")


def rater_words(purpose: str, name: str, from_notes: bool) -> str:
    """Who rated, as far as the reader learns it."""
    named, unnamed = VOICES[purpose]
    words = say(named, {"name": name}) if name else str(unnamed)
    return gettext("%(who)s, from the observer’s notes", who=words) if from_notes else words


def reason_words(reason: Reason) -> str:
    """A reason of a verdict as a sentence."""
    return say(REASONS[reason.code], reason.facts) if reason.code in REASONS else unknown(reason.code)
