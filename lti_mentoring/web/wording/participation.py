# SPDX-License-Identifier: Apache-2.0
"""Taking part in words: states, reasons, the lines of the history, and how somebody stands at their institution."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext, lazy_gettext, ngettext

from lti_mentoring.domain.participation import DEFER_REASONS, EXTEND_REASONS, WITHDRAW_REASONS
from lti_mentoring.web.wording.phrase import say, unknown
from lti_mentoring.web.wording.time import day_words

_l = lazy_gettext

RULES = {
    "participation_closed": _l("This is not possible as things stand now. Load the page again to see what is."),
    "participation_not_yours": _l("This is for a coordinator of the course to do. Ask them."),
    "participation_changed": _l("Somebody else has just changed this. Load the page again to see how things stand."),
    "reason_unknown": _l("Choose a reason from the list."),
    "withdraw_unsure": _l("Tick this box if it is really meant; nothing has changed yet."),
    "limit_passed": _l("The time for the whole way ended on %(deadline)s. A coordinator can give more time, once."),
    "limit_not_passed": _l("There is still time, until %(deadline)s."),
    "deferral_used_up": _l("All the time for pauses is used up; together they may last %(months)s months."),
    "deferral_end_past": _l("Choose a first day back that is later than today."),
    "deferral_too_long": _l("That is too long: all pauses together may last %(months)s months. Come back on %(latest)s at the latest."),
    "deferral_overlaps": _l("There is another pause at that time already."),
    "deferral_goes_on": _l("The pause goes on until %(until)s."),
    "reinstate_late": _l("Coming back was possible for %(months)s months, until %(until)s."),
    "candidacy_elsewhere": _l("They take part in this programme in another course already; one way goes on at a time."),
    "place_given": _l("Their place was given to somebody else, and none is left. Raise the number of places first."),
    "extensions_used": _l("More time was given as often as the programme allows (%(most)s)."),
    "enrolment_unknown": _l("Choose how they stand at the institution."),
    "enrolment_same": _l("That is how they stand already."),
    "enrolment_order": _l("This does not follow on how they stand now. Load the page again and choose anew."),
    "enrolment_before": _l("This must not be earlier than %(start)s, when the present state began."),
}

STATES = {
    "active": ("met", _l("Takes part")),
    "deferred": ("waits", _l("Has paused")),
    "withdrawn": ("notseen", _l("Has left")),
    "completed": ("met", _l("Has completed the programme")),
    "refused": ("notseen", _l("Was not awarded the credential")),
    "excluded": ("notseen", _l("Was excluded")),
    "timed_out": ("notseen", _l("Has run out of time")),
}

REASONS = {
    "parental_leave": _l("Parental leave"),
    "long_term_sickness": _l("Long illness"),
    "bereavement": _l("Bereavement"),
    "career_break": _l("A break from work"),
    "workload": _l("Too much other work"),
    "personal": _l("Personal; I would rather not say"),
    "no_time": _l("No time for it"),
    "changed_work": _l("Other work now"),
    "left_organisation": _l("Leaving the organisation"),
    "not_for_me": _l("Mentoring is not for me"),
    "programme_unsuitable": _l("The programme does not fit"),
    "illness": _l("Illness"),
    "programme_delay": _l("The programme caused a delay"),
    "accommodation": _l("An accommodation that was agreed"),
    "misconduct": _l("Misconduct"),
    "confidentiality_breach": _l("A breach of confidentiality"),
    "false_evidence": _l("False evidence"),
}

OFFERED = {"defer": DEFER_REASONS, "withdraw": WITHDRAW_REASONS, "extend": EXTEND_REASONS}

LINES = {
    "defer": _l("Paused, to come back on %(until)s"),
    "return": _l("Came back from the pause"),
    "resume": _l("The pause ended by itself"),
    "withdraw": _l("Left the programme"),
    "reinstate": _l("Was taken back"),
    "extend": _l("Got more time"),
    "complete": _l("Completed the programme"),
    "refuse": _l("Was not awarded the credential"),
    "exclude": _l("Was excluded"),
    "time_out": _l("Ran out of time"),
}

ENROLMENT = {
    "joining": _l("Joining"),
    "active": _l("There"),
    "leaving": _l("Leaving"),
    "left": _l("Gone"),
}

DONE = {
    "defer": _l("Paused. The clock stands still, and what was done is kept."),
    "return": _l("The pause has ended. The clock goes on."),
    "withdraw": _l("Left. What was done is kept."),
    "reinstate": _l("Taken back. Everything is where it was."),
    "extend": _l("More time is given."),
}


def part_state_words(state: str) -> tuple[str, str]:
    """A state of the participation axis: kind of state, words."""
    kind, words = STATES.get(state, ("unknown", unknown(state)))
    return kind, str(words)


def part_reason_words(code: str) -> str:
    """A reason, by its code."""
    return str(REASONS[code]) if code in REASONS else unknown(code)


def part_reasons_words(verb: str) -> list[tuple[str, str]]:
    """The reasons to choose from, each with its code."""
    return [(code, part_reason_words(code)) for code in OFFERED[verb]]


def part_line_words(line: Any) -> str:
    """What happened, as one line of the history."""
    if line.verb == "warn":
        last = day_words(line.until)
        return ngettext("The time ends in one day: %(until)s", "The time ends in %(num)s days: %(until)s", line.days, until=last)
    if line.verb == "enrol":
        return gettext("At the institution from %(day)s: %(state)s", day=day_words(line.until), state=enrolment_words(line.state))
    return say(LINES[line.verb], {"until": line.until}) if line.verb in LINES else unknown(line.verb)


def part_done_words(verb: str) -> str:
    """What is said once something was done."""
    return str(DONE[verb])


def enrolment_words(state: str) -> str:
    """How somebody stands at their institution."""
    return str(ENROLMENT.get(state, state))
