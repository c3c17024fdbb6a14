# SPDX-License-Identifier: Apache-2.0
"""Outcomes in words: kinds of measures, readings, and what a statement of one says."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext, lazy_gettext, ngettext

from lti_mentoring.web.wording.phrase import unknown

_l = lazy_gettext

RULES: dict[str, object] = {
    "outcome": _l("There is no such measure of yours."),
    "outcome_candidate": _l("There is no such candidate in this pair."),
    "outcome_protege": _l("The protégé keeps these measures. You can read them."),
    "outcome_kind": _l("Choose what it is a measure of."),
    "outcome_number": _l("Write a number that is not above a billion."),
    "outcome_target": _l("The target is the same as where you are now. Choose another number."),
    "outcome_horizon": _l("Choose 3, 6 or 12 months."),
    "outcome_day": _l("Choose a day after the measure began (%(started_on)s), not later than today."),
    "outcome_many": _l("That is as many as can be kept here."),
    "outcome_no_reading": _l("Write down a first reading; before it there is nothing to say."),
}

HELD: dict[str, object] = {"outcome.measure": _l("Outcome measures and their readings")}

KINDS = {
    "quality": _l("How good something is"),
    "time": _l("How long something takes"),
    "cost": _l("What something costs"),
    "amount": _l("How much or how many"),
    "people": _l("What the people served say"),
    "skill": _l("A skill"),
}


def outcome_kind_words(kind: str) -> str:
    """What a measure is of."""
    return str(KINDS[kind]) if kind in KINDS else unknown(kind)


def outcome_number_words(value: float) -> str:
    """A number as it was typed: no zeros behind it."""
    return f"{value:.10g}"


def outcome_said_words(said: Any) -> str:
    """All that an award case holds of an outcome."""
    facts = {"kind": outcome_kind_words(said.kind)}
    if not said.months:
        return (gettext("%(kind)s: moved toward the target, within a month.", **facts) if said.moved
                else gettext("%(kind)s: not moved toward the target yet, within a month.", **facts))  # fmt: skip
    if said.moved:
        return ngettext(
            "%(kind)s: moved toward the target, by one month.",
            "%(kind)s: moved toward the target, by %(num)s months.",
            said.months,
            **facts,
        )
    return ngettext(
        "%(kind)s: not moved toward the target yet, after one month.",
        "%(kind)s: not moved toward the target yet, after %(num)s months.",
        said.months,
        **facts,
    )
