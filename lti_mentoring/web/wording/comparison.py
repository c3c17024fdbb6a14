# SPDX-License-Identifier: Apache-2.0
"""Why a gradebook and we differ, in words, and why a column cannot be compared."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import lazy_gettext

_l = lazy_gettext


@dataclass(frozen=True, slots=True)
class Difference:
    """A verdict: the kind of its status, the word beside it, and why it is so."""

    kind: str
    title: str
    why: str


VERDICTS = {
    "same": ("met", _l("the same"), _l("The gradebook holds what we sent.")),
    "lms_differs": (
        "flag",
        _l("changed in the LMS"),
        _l(
            "The gradebook took our grade and holds another now, most likely a teacher’s own. It is respected: nothing is sent over it"
            " unasked."
        ),
    ),
    "missing": (
        "needs",
        _l("missing there"),
        _l("The gradebook took our grade and shows none now: it was cleared there, or the person has left the course."),
    ),
    "theirs_only": (
        "flag",
        _l("only in the LMS"),
        _l("Somebody entered a grade in the gradebook, and we have sent none. It stays; a result of ours would wait for you."),
    ),
    "nothing": ("notseen", _l("no grade"), _l("Neither side has a grade.")),
    "on_its_way": ("waits", _l("on its way"), _l("Our grade goes out by itself. Afterwards it can be compared.")),
    "waits_for_staff": ("stuck", _l("waits for you"), _l("Our grade has not been taken. Nothing was overwritten.")),
    "rests": ("notyet", _l("left as it is"), _l("Staff decided to keep what the LMS holds. A new result here asks again.")),
    "not_looked": (
        "unknown",
        _l("not looked at yet"),
        _l("Our grade was taken. Whether it still stands there is looked at by night, or when you ask."),
    ),
}

WHY_NOT = {
    "not_readable": _l("The LMS lets us send grades to this column and not read them. Its administrator can allow reading results."),
    "no_column": _l("The column is made when the first grade is sent."),
    "no_service": _l("The LMS offers no gradebook for this activity."),
    "score_not_allowed": _l("The LMS does not let us send grades for this activity."),
    "no_line_item": _l("The activity has no gradebook column, and the LMS does not let us make one."),
}


def difference_words(code: str) -> Difference:
    """The words of a verdict."""
    kind, title, why = VERDICTS[code]
    return Difference(kind, str(title), str(why))


def why_not_words(code: str) -> str:
    """Why a column cannot be compared."""
    return str(WHY_NOT[code])
