# SPDX-License-Identifier: Apache-2.0
"""A report that something got out: its steps and what one can do, in words."""

from __future__ import annotations

from flask_babel import lazy_gettext

_l = lazy_gettext

RULES: dict[str, object] = {
    "concern": _l("There is no such report that you told, or were told."),
    "concern_empty": _l("Write what happened, in your own words."),
    "concern_long": _l("That is more than %(most)s letters. Say the rest when you talk."),
    "confidant_inside": _l("Choose somebody from the list: everybody on it is outside both lines."),
    "confidant_self": _l("Name somebody else: whoever leads the course is no confidant of it."),
    "concern_step": _l("That step is not open now. The page shows where it stands."),
    "concern_not_told": _l("The other side is heard only once whoever told you agrees to it."),
}

HELD: dict[str, object] = {"concern.words": _l("What somebody told a confidant; the confidant reads it, too")}

STATES = {
    "reported": _l("Told. Your confidant has not read it yet"),
    "received": _l("Read. Your confidant talks with you next"),
    "talked_with_reporter": _l("You have talked with each other"),
    "other_side_heard": _l("The other side was heard, in the confidant’s words"),
    "found": _l("It was found that something said in confidence got out"),
    "not_found": _l("It was not found that something got out"),
    "closed": _l("Closed"),
    "withdrawn": _l("Taken back"),
}

VERBS = {
    "receive": _l("I have read it"),
    "talk": _l("We have talked"),
    "hear": _l("I have heard the other side"),
    "find": _l("Something got out"),
    "not_find": _l("It is not found"),
    "close": _l("Close it"),
    "withdraw": _l("Take it back"),
    "tell": _l("The other side may be heard"),
}


def concern_state_words(state: str) -> str:
    """Where a report stands."""
    return str(STATES[state])


def concern_verb_words(verb: str) -> str:
    """What one can do with it."""
    return str(VERBS[verb])
