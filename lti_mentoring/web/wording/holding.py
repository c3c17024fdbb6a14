# SPDX-License-Identifier: Apache-2.0
"""Kinds of records that are held about somebody."""

from __future__ import annotations

from flask_babel import lazy_gettext

_l = lazy_gettext

HOLDINGS = {
    "courses": _l("Courses in which an activity was opened"),
    "rosters": _l("Courses whose list of participants names them"),
    "roles": _l("Roles given here, ended ones included"),
    "checks": _l("Knowledge checks taken"),
    "applications": _l("Applications of theirs"),
    "lines": _l("Who manages and appraises them, as they, who leads a course, or a file has said it"),
    "guarded": _l("Matters in which it is looked at whether somebody has power over another"),
    "reviews": _l("Reviews of applications by them"),
    "moves": _l("Moves of theirs to another version of the programme"),
    "parts": _l("Pauses, withdrawals and other changes of taking part"),
    "observed": _l("Observations of them"),
    "observing": _l("Observations by them"),
    "notes": _l("Evidence notes written by them"),
    "asked": _l("Requests for help and offers of it; only you see this count"),
    "calibrated": _l("Calibration transcripts that you have rated or begun to rate; only you see this count"),
    "paired": _l("Pairs and groups in which you are or were; only you see this count"),
    "related": _l("Personal or financial relations that you have declared; only you see this count"),
    "present": _l("Sessions in which you were asked whether they may be observed; only you see this count"),
    "helped": _l("Contacts in which you have helped; only you see this count"),
    "grades": _l("Grades sent to the gradebook"),
    "notices": _l("Notices to them"),
    "mails": _l("Mails to them, without their words"),
    "sessions": _l("Browsers signed in now"),
    "acts": _l("Lines in the record of who did what"),
}


def holding_words(kind: str) -> str:
    """What to call a kind."""
    return str(HOLDINGS[kind])
