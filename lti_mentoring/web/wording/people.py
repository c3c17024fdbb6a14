# SPDX-License-Identifier: Apache-2.0
"""Roles, and what waits for staff, in words."""

from __future__ import annotations

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
    "nothing_planned": (
        "yours",
        _l("Plan the first observation"),
        _l("There are candidates and somebody to observe them; no session is planned."),
        _l("Plan an observation"),
    ),
}


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
    if todo.code == "recognitions_wait":
        count = int(todo.facts["count"])
        what = ngettext("One recognition waits for your word", "%(num)s recognitions wait for your word", count)
        return "yours", what, say(_l("What somebody learned before may stand for a module.")), say(_l("Open the list"))
    if todo.code == "grades_stuck":
        count = int(todo.facts["count"])
        what = ngettext("One grade needs a person", "%(num)s grades need a person", count)
        return "stuck", what, say(_l("Nothing is lost. The page says what the LMS answered and what to do.")), say(_l("See why"))
    if todo.code not in TODO:
        return "unknown", unknown(todo.code), "", say(_l("Open"))
    kind, what_said, text, button = TODO[todo.code]
    return kind, str(what_said), str(text), str(button)
