# SPDX-License-Identifier: Apache-2.0
"""Roles, and what waits for staff, in words."""

from __future__ import annotations

from collections.abc import Callable

from flask_babel import lazy_gettext, ngettext

from lti_mentoring.web.wording.phrase import Coded, say, unknown

_l = lazy_gettext

ROLES = {
    "candidate": _l("Candidate"),
    "protege": _l("Protégé"),
    "mentor": _l("Mentor"),
    "observer": _l("Observer"),
    "trainer": _l("Trainer"),
    "coordinator": _l("Coordinator"),
    "deputy": _l("Deputy coordinator"),
    "administrator": _l("Administrator of the LMS"),
}

STANDINGS = {
    "instructor": _l("teaches in the course"),
    "grader": _l("assists in the course"),
    "learner": _l("learner in the course"),
    "none": _l("no course role"),
}


def role_words(role: str) -> str:
    """A role as it is called."""
    return str(ROLES.get(role, role))


def standing_words(standing: str) -> str:
    """What the LMS says of somebody in its course."""
    return str(STANDINGS.get(standing, standing))


TODO = {
    "nobody_judges": (
        "waits",
        _l("A candidate waits, and nobody here may judge what they sent"),
        _l("Everybody who could stands in a reporting line with them, or is a candidate too. Bring in another trainer or deputy."),
        _l("Bring somebody in"),
    ),
    "no_observer": (
        "waits",
        _l("Nobody can observe yet"),
        _l("Every new course starts here. Appoint somebody who has opened an activity, or send an invitation."),
        _l("Appoint an observer"),
    ),
    "own_way": (
        "yours",
        _l("Your own way to the credential"),
        _l("You are a candidate of this course, too."),
        _l("See what comes next"),
    ),
    "own_line": (
        "yours",
        _l("Who do you report to?"),
        _l("Something that you have a part in waits for your answer: nobody judges whom they manage, or who manages them."),
        _l("Answer"),
    ),
    "nothing_planned": (
        "yours",
        _l("Plan the first observation"),
        _l("There are candidates and somebody to observe them; no session is planned."),
        _l("Plan an observation"),
    ),
}


COUNTED: dict[str, tuple[Callable[[int], str], object, object]] = {
    "recognitions_wait": (
        lambda count: ngettext("One recognition waits for your word", "%(num)s recognitions wait for your word", count),
        _l("What somebody learned before may stand for a module."),
        _l("Open the list"),
    ),
    "consents_wait": (
        lambda count: ngettext("You are asked about one session", "You are asked about %(num)s sessions", count),
        _l("Whether somebody may sit in and take notes is yours to say, in private. Nobody learns why you say no."),
        _l("Answer"),
    ),
    "lines_to_read": (
        lambda count: ngettext("You can read what was noted of one session", "You can read what was noted of %(num)s sessions", count),
        _l("You may strike lines before anything is released."),
        _l("Read it"),
    ),
    "opinions_wait": (
        lambda count: ngettext("One session wants another person’s opinion", "%(num)s sessions want another person’s opinion", count),
        _l("Nobody is asked for it yet, and no result stands before it is in."),
        _l("See whom you can ask"),
    ),
    "links_wanted": (
        lambda count: ngettext("One result waits for a link to hand over", "%(num)s results wait for links to hand over", count),
        _l("Somebody who was in the room can read the lines, and no mail reaches them. “Who is in the room” makes the link."),
        _l("See which"),
    ),
    "conflicts_wait": (
        lambda count: ngettext("One conflict holds something back", "%(num)s conflicts hold something back", count),
        _l("Choose somebody else, or ask for an exception where there is one."),
        _l("See what it is"),
    ),
    "lines_unknown": (
        lambda count: ngettext(
            "One thing waits: it is not known who manages whom", "%(num)s things wait: it is not known who manages whom", count
        ),
        _l("Those whom it is about are asked; you can write down what you know."),
        _l("See who has not said"),
    ),
}
"""What waits by its number: what, a sentence, the words of its button."""


def todo_words(todo: Coded) -> tuple[str, str, str, str]:
    """One thing that waits for the reader: kind of state, what, one sentence, the words of its button."""
    if todo.code == "observations_wait":
        count = int(todo.facts["count"])
        what = ngettext("One observation waits for you", "%(num)s observations wait for you", count)
        return "yours", what, say(_l("Oldest first. Drafts are kept as you write.")), say(_l("Open the list"))
    if todo.code == "reviews_wait":
        count = int(todo.facts["count"])
        what = ngettext("One application waits for your review", "%(num)s applications wait for your review", count)
        return "yours", what, say(_l("Nobody reads your review before all are in.")), say(_l("Open the list"))
    if todo.code == "applications_wait":
        count = int(todo.facts["count"])
        what = ngettext("One application waits for you", "%(num)s applications wait for you", count)
        text = say(_l("Ask for reviews, or decide on those that are in.")) if not todo.facts.get("in_review") else ngettext(
            "Ask for reviews, or decide on those that are in. One more waits for its reviewers.",
            "Ask for reviews, or decide on those that are in. %(num)s more wait for their reviewers.",
            int(todo.facts["in_review"]),
        )
        return "yours", what, text, say(_l("Open the list"))
    if todo.code == "place_free":
        count = int(todo.facts["count"])
        what = ngettext("A place is free, and one person waits for it", "A place is free, and %(num)s people wait for it", count)
        return "yours", what, say(_l("Nobody moves up by themselves: you decide whom to offer it.")), say(_l("See who is next"))
    if todo.code == "help_waits":
        count = int(todo.facts["count"])
        what = ngettext("One candidate’s request for help waits", "%(num)s requests for help wait", count)
        return "yours", what, say(_l("What is due first stands at the top.")), say(_l("Open the board"))
    if todo.code == "practice_waits":
        count = int(todo.facts["count"])
        what = ngettext("One practice task waits to be marked", "%(num)s practice tasks wait to be marked", count)
        return "yours", what, say(_l("The oldest stands at the top.")), say(_l("Open the list"))
    if todo.code in COUNTED:
        what_waits, text_of, press = COUNTED[todo.code]
        return "yours", what_waits(int(todo.facts["count"])), str(text_of), str(press)
    if todo.code == "grades_stuck":
        count = int(todo.facts["count"])
        what = ngettext("One grade needs a person", "%(num)s grades need a person", count)
        return "stuck", what, say(_l("Nothing is lost. The page says what the LMS answered and what to do.")), say(_l("See why"))
    if todo.code not in TODO:
        return "unknown", unknown(todo.code), "", say(_l("Open"))
    kind, what_said, text, button = TODO[todo.code]
    return kind, str(what_said), str(text), str(button)
