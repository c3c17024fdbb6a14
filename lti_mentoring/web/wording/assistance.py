# SPDX-License-Identifier: Apache-2.0
"""Requests for help in words: what they are about, how soon, and how they stand for candidate and helpers."""

from __future__ import annotations

from flask_babel import gettext, lazy_gettext, ngettext

from lti_mentoring.domain.assistance import Topic
from lti_mentoring.services.assistance import RequestRow
from lti_mentoring.web.wording.time import day_words

_l = lazy_gettext

RULES = {
    "assistance": _l("There is no such request for help for you."),
    "assistance_taken": _l("Somebody else has taken this request a moment before you. The board shows what still waits."),
    "assistance_moved_on": _l("This request has changed since you loaded the page. Load it again to see how it stands."),
    "assistance_not_yours": _l("This is for somebody else to do: load the page again to see how the request stands."),
    "assistance_of_another": _l("Somebody else helps with this request. They, or the coordinator, can hand it back first."),
    "contact_missing": _l("Write down a contact first, so that the candidate can read what came of it."),
    "topic_unknown": _l("Choose what it is about from the list."),
    "urgency_unknown": _l("Choose how soon you need it."),
    "help_text_empty": _l("Write a line on what it is about, so that somebody can help."),
    "help_text_long": _l("This holds at most %(most)s characters."),
    "minutes_unknown": _l("Give whole minutes, from 1 to %(most)s."),
    "mode_unknown": _l("Choose how you were in contact."),
    "outcome_empty": _l("Write what came of it; the candidate reads it."),
    "follow_up_past": _l("Choose a day from today on, or leave it empty."),
}

URGENCIES = {"can_wait": _l("It can wait"), "this_week": _l("This week"), "blocked": _l("Blocked")}

MODES = {"message": _l("Message"), "call": _l("Call"), "meeting": _l("Meeting")}

TOPICS = {"platform": _l("This tool or the LMS"), "other": _l("Something else")}

OFFERS = {
    "failed_checks": _l("The last checks of this module were hard going. Somebody who knows it can go through it with you."),
    "inactive": _l("You have not been here for a while. If something keeps you from going on, somebody can help."),
}

ENDED = {"closed": ("met", _l("Closed")), "withdrawn": ("notyet", _l("Withdrawn")), "declined": ("notyet", _l("Declined"))}


def topic_words(topic: Topic) -> str:
    """What it is about."""
    if topic.kind == "module":
        return gettext("Module %(key)s: %(title)s", key=topic.key, title=topic.title)
    return topic.title if topic.kind == "competency" else str(TOPICS[topic.kind])


def urgency_words(urgency: str, days: int | None = None) -> str:
    """How soon it is needed; with the days within which an answer is due."""
    said = str(URGENCIES[urgency])
    if days is None:
        return said
    within = ngettext("answer within one day", "answer within %(num)s days", days)
    return gettext("%(urgency)s (%(within)s)", urgency=said, within=within)


def mode_words(mode: str) -> str:
    """How a contact took place."""
    return str(MODES[mode])


def offer_words(reason: str) -> str:
    """Why help is offered."""
    return str(OFFERS[reason])


def own_help_words(row: RequestRow) -> tuple[str, str]:
    """How a request stands, for its candidate: kind of state, and words."""
    if row.state == "offered":
        return "yours", gettext("Yours to accept or decline")
    if row.state == "requested" and row.overdue:
        return "waits", gettext("Waits for somebody to take it; an answer was due by %(day)s", day=_day(row))
    if row.state == "requested":
        return "waits", gettext("Waits for somebody to take it; an answer is due by %(day)s", day=_day(row))
    if row.state == "taken" and row.overdue:
        return "waits", gettext("%(helper)s helps; an answer was due by %(day)s", helper=row.helper, day=_day(row))
    if row.state == "taken":
        return "waits", gettext("%(helper)s helps; an answer is due by %(day)s", helper=row.helper, day=_day(row))
    if row.state == "answered":
        return "yours", gettext("Answered by %(helper)s: yours to close, or to ask again", helper=row.helper)
    kind, words = ENDED[row.state]
    return kind, str(words)


def board_words(row: RequestRow) -> tuple[str, str]:
    """How a request stands, for the helping side."""
    if row.state == "answered":
        return "waits", gettext("Answered; waits for %(candidate)s to close it", candidate=row.candidate)
    if row.overdue:
        return "needs", gettext("Overdue since %(day)s", day=_day(row))
    if row.state == "taken" and not row.mine:
        return "waits", gettext("%(helper)s helps; due by %(day)s", helper=row.helper, day=_day(row))
    return "yours", gettext("Due by %(day)s", day=_day(row))


def _day(row: RequestRow) -> str:
    return day_words(row.due) if row.due else ""
