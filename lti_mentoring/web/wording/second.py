# SPDX-License-Identifier: Apache-2.0
"""Second and third opinions, and observer capacity, in words. What is said here is for who leads the course; a rater hears none of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext, lazy_gettext, ngettext

from lti_mentoring.web.wording.phrase import unknown

_l = lazy_gettext

RULES: dict[str, object] = {
    "second": _l("This session waits for nobody’s opinion, or it is about you."),
    "second_not_wanted": _l("It waits for no other opinion any more; most likely it was given meanwhile."),
    "correction_seen": _l(
        "You have led this course alone since you submitted your rating, so you could see whether this session waits for another opinion. "
        "Your own rating stays as you submitted it."
    ),
    "notes_unfinished": _l(
        "The notes are not finished yet. You can rate from them once the observer has sent their own rating; you are told when."
    ),
    "own_part_early": _l(
        "It goes on without the candidate’s rating of their own part once the observer has rated and the candidate’s three days are over."
    ),
    "second_possible": _l("Somebody can still be asked, so it does not go on without."),
    "rater_asked": _l("%(name)s was asked meanwhile. If somebody else is to rate, choose them instead."),
    "rater_submitted": _l("Their rating is in already, so nobody takes their place."),
    "rater_unqualified": _l("%(name)s is not qualified for this rubric at present, so their rating would not settle anything."),
}

REASONS = {
    "first_summative": _l("the candidate’s first session alone"),
    "drawn": _l("drawn by lot"),
    "critical_at_one": _l("something critical was seen as not yet there"),
    "near_the_bar": _l("close to the bar"),
    "new_observer": _l("among the observer’s first ratings"),
    "provisional": _l("the observer is not qualified yet, so somebody who is has to confirm it"),
    "set_aside": _l("the observer’s rating is set aside, so somebody else has to rate"),
    "disputed": _l("the two opinions lie on two sides of a bar, or far apart"),
}

METHODS = {
    "single": _l("one rating"),
    "agreement": _l("the same by all"),
    "confirmed": _l("confirmed by somebody qualified"),
    "mean": _l("the mean of neighbours"),
    "adjudicated": _l("a third opinion decided"),
    "lowered": _l("the lower of two, as nobody could give a third opinion"),
}

WHYS = {
    "observation_of_oneself": _l("is the candidate"),
    "rater_present": _l("took part in the session"),
    "rater_twice": _l("rates it already"),
    "unqualified": _l("not qualified for this rubric at present"),
    "untold": _l("not yet told us who reports to whom"),
    "conflict": _l("a conflict"),
}

BINDS = {
    "unqualified": _l("not qualified for the rubric"),
    "untold": _l("not yet told us who reports to whom"),
    "conflict": _l("reporting lines and other conflicts"),
    "role": _l("not appointed as observer"),
    "used": _l("has observed the candidate already, and somebody new is asked for"),
    "co_mentor": _l("has co-mentored with the candidate, and somebody else is asked for"),
    "nobody": _l("nobody is an observer here"),
}

REMEDIES = {
    "unqualified": _l("Let observers calibrate: the practice texts are on “Practise rating”."),
    "untold": _l("Ask them, and the candidate, who they report to; “nobody here” is an answer."),
    "conflict": _l("Ask somebody from another unit, or from a partner, to become an observer."),
    "role": _l("Appoint them as observers on the page of people."),
    "used": _l("Appoint one more observer, so that somebody new can look."),
    "co_mentor": _l("Appoint an observer who has not led sessions with them."),
    "nobody": _l("Appoint observers on the page of people."),
}

OUTLOOKS = {
    "stuck": ("stuck", _l("nobody can finish it")),
    "tight": ("needs", _l("hangs on one person")),
    "enough": ("met", _l("enough people")),
}

SHORT_KINDS = {
    "structured": _l("structured observation"),
    "co": _l("co-mentoring"),
    "independent": _l("independent session"),
    "group": _l("group session"),
}

PURPOSES = {
    "second": _l("a second opinion"),
    "third": _l("a third opinion"),
    "another": _l("another opinion"),
    "self": _l("the rating of their own part"),
}


def second_reason_words(code: str) -> str:
    """Why another person rates."""
    return str(REASONS[code]) if code in REASONS else unknown(code)


def opinion_words(purpose: str) -> str:
    """What is asked for."""
    return str(PURPOSES[purpose])


def combined_words(method: str) -> str:
    """How several ratings became one result."""
    return str(METHODS[method]) if method in METHODS else unknown(method)


def unable_words(code: str) -> str:
    """Why somebody may not rate, in a few words."""
    return str(WHYS[code]) if code in WHYS else unknown(code)


def binds_words(code: str) -> str:
    """What keeps people from observing, in a few words."""
    return str(BINDS[code]) if code in BINDS else unknown(code)


def binds_remedy_words(code: str) -> str:
    """What can be done about it."""
    return str(REMEDIES[code]) if code in REMEDIES else unknown(code)


def outlook_words(state: str) -> tuple[str, str]:
    """How it stands: kind of state, words."""
    kind, words = OUTLOOKS[state]
    return kind, str(words)


def short_kind_words(kind: str) -> str:
    """A kind of session, in two words."""
    return str(SHORT_KINDS.get(kind, kind))


def able_words(names: Sequence[str], most: int = 4) -> str:
    """Names, the first few of them and how many more."""
    more = len(names) - most
    shown = ", ".join(names[:most])
    return gettext("%(names)s and %(more)s more", names=shown, more=more) if more > 0 else shown


def bound_words(bound: Any) -> str:
    """The sentence of a group: how many people there are for how many candidates, of where."""
    many, names = len(bound.candidates), able_words(bound.candidates)
    if bound.unit:
        of = ngettext("one candidate of %(unit)s", "%(num)s candidates of %(unit)s", many, unit=bound.unit)
    else:
        of = ngettext("one candidate", "%(num)s candidates", many)
    if bound.state == "stuck":
        if not bound.able:
            return gettext("No eligible observer for %(of)s: %(names)s.", of=of, names=names)
        return gettext("Not enough eligible observers for %(of)s: %(names)s.", of=of, names=names)
    one = ngettext("One eligible observer for %(of)s: %(names)s.", "%(num)s observers for %(of)s, and none can be spared: %(names)s.",
                   len(bound.able), of=of, names=names)
    return str(one)
