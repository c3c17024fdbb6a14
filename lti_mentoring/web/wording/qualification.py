# SPDX-License-Identifier: Apache-2.0
"""Who may rate, in words: the state first, what it means for a rating, and what is still missing."""

from __future__ import annotations

from datetime import date

from flask_babel import gettext, lazy_gettext, ngettext

from lti_mentoring.domain.qualification import COUNTS, CURRENT, LAPSED, PROVISIONAL, SHORT, SUSPENDED, Lack, Standing
from lti_mentoring.services.qualified import Own
from lti_mentoring.web.wording.time import day_words

_l = lazy_gettext

WEIGHTS = {
    COUNTS: _l("Ratings count"),
    PROVISIONAL: _l("Ratings wait until somebody qualified confirms them"),
    "set_aside": _l("Ratings are set aside"),
}

MEANS = {
    COUNTS: _l("What you rate today counts."),
    PROVISIONAL: _l("What you rate today is kept and waits: somebody who is qualified rates the session from its evidence as well."),
    "set_aside": _l("What you rate today is kept and set aside: somebody else rates the session instead."),
}


def own_standing_words(row: Own) -> str:
    """The first sentence of one's own page: how one stands on a rubric."""
    if row.standing.reason == "full_calibration_due":
        return gettext("The whole calibration is due: your first %(count)s ratings have counted.", count=row.rules.short_ratings)
    if row.state == CURRENT and row.basis == SHORT:
        left = row.rules.short_ratings - row.rated
        return ngettext("You may begin: your next rating counts.", "You may begin: your next %(num)s ratings count.", left)
    if row.state == CURRENT:
        return gettext("You are qualified until %(day)s.", day=day_words(row.until)) if row.until else ""
    if row.state == LAPSED:
        return gettext("Your qualification has ended; its last day was %(day)s.", day=day_words(row.until)) if row.until else ""
    if row.state == SUSPENDED:
        return gettext("Your qualification is suspended: your last ratings lay too far from those of others.")
    return gettext("You are not qualified yet.")


def weight_words(standing: Standing) -> tuple[str, str]:
    """What a rating of today counts for: kind of state, words."""
    kind = {COUNTS: "met", PROVISIONAL: "waits"}.get(standing.weight, "stuck")
    return kind, str(WEIGHTS[standing.weight])


def weight_meaning_words(standing: Standing) -> str:
    """What that means, for the observer."""
    return str(MEANS[standing.weight])


def standing_state_words(state: str, until: date | None, standing: Standing) -> tuple[str, str]:
    """How an observer stands, for who leads the course: kind of state, words."""
    if standing.reason == "full_calibration_due":
        return "needs", gettext("whole calibration is due")
    day = day_words(until) if until is not None else ""
    if state == CURRENT:
        return "met", gettext("qualified until %(day)s", day=day)
    if state == LAPSED:
        return "needs", gettext("ended; last day: %(day)s", day=day)
    return ("stuck", gettext("suspended")) if state == SUSPENDED else ("notyet", gettext("not qualified yet"))


def lack_words(lack: Lack, titles: dict[str, str] | None = None) -> str:
    """One thing that is missing, as a sentence."""
    facts = lack.facts
    if lack.code == "exercises_missing":
        return gettext("Exercises: %(have)s of %(needed)s.", **facts)
    if lack.code == "scores_missing":
        return gettext("Criteria with a level from you and from the master: %(have)s of %(needed)s.", **facts)
    if lack.code == "critical_missed":
        named = ", ".join(dict.fromkeys(facts["criteria"]))  # type: ignore[call-overload]
        return gettext("Two or more levels from the master on a critical criterion: %(named)s.", named=named)
    have = facts["have"]
    share = {"count": have.count, "of": have.of, "needed": facts["needed"]}  # type: ignore[attr-defined]
    if lack.code == "exact_below":
        return gettext("The same as the master: %(count)s of %(of)s; %(needed)s %% are needed.", **share)
    return gettext("Within one level of the master: %(count)s of %(of)s; %(needed)s %% are needed.", **share)
