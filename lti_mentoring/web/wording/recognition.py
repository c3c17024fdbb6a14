# SPDX-License-Identifier: Apache-2.0
"""Recognition of prior learning in words: how it stands, who said what, and why something is not possible."""

from __future__ import annotations

from flask_babel import gettext, lazy_gettext, ngettext

from lti_mentoring.services.recognition import RecognitionRow, VoiceRow

_l = lazy_gettext

RULES: dict[str, object] = {
    "recognition": _l("There is no such recognition here."),
    "recognition_not_yours": _l("This is not yours to decide."),
    "recognition_needs_lead": _l("Only who leads the course does that."),
    "recognition_not_needed": _l("This module is met, or is not asked for by the policy, or its recognition is asked for already."),
    "recognition_incomplete": _l("Say what was learned, where, when, and what shows it. All four are needed."),
    "recognition_long": _l("This is too long: %(most)s characters are the most."),
    "recognition_reason_missing": _l("Give a reason; the candidate reads it."),
    "recognition_agreed_already": _l("You have agreed already; somebody else has to agree as well."),
    "recognition_needs_more": _l("More people have to agree, and one of them leads the course."),
    "recognition_after_award": _l("The decision on the credential has been made, so nothing is recognised or withdrawn any more."),
    "recognition_closed": _l("This recognition has been decided meanwhile. Load the page again."),
    "approver_self": _l("Nobody recognises their own prior learning."),
    "approver_peer": _l("You are a candidate in this course yourself, so somebody else decides what is recognised for others."),
    "approver_line": _l("You manage or appraise this candidate, or the other way round, or did within a year. Somebody else decides."),
}

STATES = {
    "recognised": ("met", _l("Recognised")),
    "refused": ("notyet", _l("Not recognised")),
    "taken_back": ("notseen", _l("Taken back")),
    "withdrawn": ("notyet", _l("Recognition withdrawn")),
}

VERBS = {"agree": _l("agreed"), "refuse": _l("said no"), "withdraw": _l("withdrew it")}


def recognition_words(row: RecognitionRow) -> tuple[str, str]:
    """How it stands: kind of state, words."""
    if row.state == "asked":
        said = ngettext("%(agreed)s of %(num)s has agreed", "%(agreed)s of %(num)s have agreed", row.approvers, agreed=row.agreed)
        return "waits", said
    kind, words = STATES[row.state]
    return kind, str(words)


def voice_words(voice: VoiceRow) -> str:
    """Who said what."""
    return gettext("%(name)s %(verb)s", name=voice.name, verb=str(VERBS[voice.verb]))
