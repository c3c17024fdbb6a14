# SPDX-License-Identifier: Apache-2.0
"""The cohort board in words: cells, columns, who is waited for, and what a requirement means for who leads the course."""

from __future__ import annotations

from flask_babel import gettext, lazy_gettext, ngettext

from lti_mentoring.domain import board as rules
from lti_mentoring.domain.board import Cell, Column, Row
from lti_mentoring.domain.participation import ENROLMENT, PARTICIPATION
from lti_mentoring.web.wording.application import application_state_words
from lti_mentoring.web.wording.candidacy import cohort_words, requirement_words, station_title
from lti_mentoring.web.wording.counting import more_words
from lti_mentoring.web.wording.line import Line
from lti_mentoring.web.wording.participation import enrolment_words, part_state_words
from lti_mentoring.web.wording.phrase import Coded, capital, say

_l = lazy_gettext

CELLS = {
    "met": ("ok", _l("Met")),
    "progress": ("half", _l("In progress")),
    "waits": ("wait", _l("Waits for somebody")),
    "open": ("open", _l("Not begun")),
    "not_asked": ("none", _l("Not asked")),
}
"""State of a cell -> its icon and its words."""

WAITS = {
    "candidate": _l("The candidate"),
    "observer": _l("An observer"),
    "trainer": _l("A trainer"),
    "coordinator": _l("You, or who else leads the course"),
    "reviewer": _l("A reviewer"),
    "nobody": _l("Nobody"),
}

ALERTS = {
    "quiet": _l("Nothing done for a while"),
    "soon": _l("The last day is near"),
    "over": _l("The last day has passed"),
}

SORTS = {
    "name": _l("Name"),
    "-progress": _l("Most met first"),
    "progress": _l("Least met first"),
    "activity": _l("Longest quiet first"),
    "-activity": _l("Last active first"),
    "time": _l("Least time left first"),
}


def cell_words(state: str) -> tuple[str, str]:
    """The state of a cell: its icon and its words."""
    icon, words = CELLS[state]
    return icon, str(words)


def cell_line_words(cell: Cell) -> str:
    """A cell in words alone, with its share where it has parts."""
    words = cell_words(cell.state)[1]
    return gettext("%(state)s, %(done)s of %(of)s", state=words, done=cell.done, of=cell.of) if cell.of > 1 else words


def column_title(column: Column) -> str:
    """A column's name in full: the step, or what stands by itself under it."""
    step = station_title(column.step)
    return f"{step}: {column.name} {column.title}".strip() if column.name else step


def cell_options_words() -> list[tuple[str, str]]:
    """States of a requirement to choose from."""
    return [(code, cell_words(code)[1]) for code in rules.STATES]


def waits_words(code: str) -> str:
    """Who is waited for."""
    return str(WAITS[code])


def waits_options_words() -> list[tuple[str, str]]:
    """Those who may be waited for, to choose from."""
    return [(code, waits_words(code)) for code in rules.WAITED_FOR]


def reached_words(step: str) -> str:
    """Where somebody stands on the way."""
    return gettext("All met") if step == rules.ALL_MET else station_title(step)


def reached_options_words() -> list[tuple[str, str]]:
    """Places on the way to choose from."""
    return [(step, reached_words(step)) for step in rules.REACHED]


def taking_part_words(part: str) -> tuple[str, str]:
    """Whether somebody takes part, an applicant included: kind of state, words."""
    return ("waits", gettext("Has applied")) if part == rules.APPLYING else part_state_words(part)


def taking_part_options_words() -> list[tuple[str, str]]:
    """What to choose from."""
    return [(code, taking_part_words(code)[1]) for code in (*PARTICIPATION, rules.APPLYING)]


def enrolment_options_words() -> list[tuple[str, str]]:
    """Places at the institution to choose from."""
    return [(rules.NOT_KNOWN, gettext("Not known")), *((code, enrolment_words(code)) for code in ENROLMENT if code)]


def known_enrolment_words(state: str) -> str:
    """How somebody stands at their institution, or that nobody has said."""
    return enrolment_words(state) if state else gettext("Not known")


def alert_words(code: str) -> str:
    """What is urgent."""
    return str(ALERTS[code])


def alert_options_words() -> list[tuple[str, str]]:
    """What is urgent, to choose from."""
    return [(code, alert_words(code)) for code in rules.ALERTS]


def sort_options_words() -> list[tuple[str, str]]:
    """Orders to choose from."""
    return [(code, str(words)) for code, words in SORTS.items()]


def standing_of_words(row: Row) -> tuple[str, str]:
    """The one next thing of somebody on the board, an applicant included: kind of state, words."""
    kind, words = application_state_words(row.step.code) if row.part == rules.APPLYING else cohort_words(row.step)
    return kind, capital(words)


def quiet_words(days: int) -> str:
    """How long ago somebody did something."""
    return ngettext("yesterday", "%(num)s days ago", days) if days else gettext("today")


# --- what is required of somebody else -----------------------------------------------------------------------------------------------

OBSERVATION = {
    "none": ("notyet", _l("Not planned yet.")),
    "planned": ("waits", _l("With %(observer)s, %(planned_for)s.")),
    "drafting": ("waits", _l("Waits for the report of %(observer)s.")),
    "rated": ("waits", _l("Rated by %(observer)s; the result does not stand yet.")),
    "not_yet": ("yours", _l("The report of %(planned_for)s says not yet; plan another one.")),
    "aside": ("yours", _l("The session of %(planned_for)s is kept and does not count; plan another one.")),
    "met": ("met", _l("Observed by %(observer)s, %(planned_for)s.")),
}


PRACTICE = {
    "none": _l("Their practice task is left to write."),
    "draft": _l("Their practice task is begun, and not handed in yet."),
    "handed_in": _l("A trainer reads their practice task."),
    "once_more": _l("A trainer has written back on their practice task."),
}


def _module(req: Coded) -> Line:
    """The candidate's own line, said of them."""
    own, facts = requirement_words(req), req.facts
    if getattr(req, "met", False):
        return own
    told = []
    if facts.get("mastered"):
        told.append(str(PRACTICE.get(str(facts.get("practice")), "")))
    elif facts.get("open_attempt"):
        told.append(gettext("Their check is open."))
    elif facts.get("attempts"):
        told.append(ngettext("One attempt so far.", "%(num)s attempts so far.", int(str(facts["attempts"]))))
    if facts.get("recognition") == "asked":
        told.append(gettext("Its recognition is asked for."))
    waits = facts.get("practice") == "handed_in" or facts.get("recognition") == "asked"
    return Line("waits" if waits else "notyet", own.what, own.number, " ".join(told))


def _observation(req: Coded) -> Line:
    own = requirement_words(req)
    kind, why = OBSERVATION[str(req.facts.get("state", "none"))]
    return Line(kind, own.what, own.number, " ".join((say(why, req.facts), *more_words(req.facts))))


OF_OTHERS = {"module_mastered": _module, "observation_met": _observation}


def requirement_of_words(req: Coded) -> Line:
    """A requirement of somebody else as one line, for who leads the course; in the candidate's words where those serve both."""
    return OF_OTHERS.get(req.code, requirement_words)(req)
