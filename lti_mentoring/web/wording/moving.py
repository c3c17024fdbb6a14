# SPDX-License-Identifier: Apache-2.0
"""Moves to another version in words: what changes, what is under way, what is against it, and which version is which."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext, lazy_gettext

from lti_mentoring.domain.candidacy import Requirement
from lti_mentoring.domain.moving import Change, UnderWay
from lti_mentoring.web.wording.candidacy import requirement_words, station_title
from lti_mentoring.web.wording.line import Line
from lti_mentoring.web.wording.opening import POLICIES
from lti_mentoring.web.wording.phrase import capital, say, unknown
from lti_mentoring.web.wording.time import moment_words

_l = lazy_gettext

CHANGES = {
    "met": ("met", _l("becomes met")),
    "unmet": ("needs", _l("becomes open")),
    "asked_met": ("met", _l("new, and met already")),
    "asked": ("notyet", _l("new")),
    "dropped_met": ("notseen", _l("no longer asked for")),
    "dropped": ("notseen", _l("no longer asked for")),
}
"""What becomes of a requirement: kind of state, words."""

KEPT = _l("What was done is kept, and counts again after a move back.")

UNDER_WAY = {
    "attempt": (
        _l("The open check of %(key)s %(title)s ends with the questions that it began with, and counts."),
        _l("The open check of %(key)s %(title)s could not count there. It has to be finished first."),
    ),
    "practice": (
        _l("The practice task of %(key)s that was handed in is marked on the rubric that it was written for, and counts."),
        _l("The practice task of %(key)s that was handed in could not count there. Have it marked and returned first."),
    ),
    "recognition": (
        _l("The recognition of %(key)s that is asked for goes on, with as many who agree as both versions need."),
        _l("The recognition of %(key)s that is asked for would change nothing there. Have it decided or taken back first."),
    ),
    "observation": (
        _l("The session with %(observer)s (%(planned_for)s) is rated on the rubric that it was planned with, and counts."),
        _l("The session with %(observer)s (%(planned_for)s) is of a kind that is not asked for there. Have it finished, or call it off."),
    ),
}

BLOCKS = {
    "in_vain": _l("Cannot be moved yet: something is under way that could not count there."),
    "time_over": _l("Cannot be moved: by that version’s limits the time for the whole way is over already. Give more time first."),
}

RULES = {
    "move_nobody": _l("Tick at least one person to move."),
    "move_many": _l("At most %(most)s people are moved at a time."),
    "move_reason_missing": _l("Say why you move them: each of them reads it."),
    "move_reason_long": _l("That is too long for a reason; %(most)s characters are the most."),
    "move_changed": _l("Something changed while you read, so nobody was moved. What is marked below is new: read it and confirm again."),
    "move_blocked": _l("Nobody was moved, since these cannot be now: %(names)s. What is against it stands with their names."),
    "move_longer": _l("Nobody was moved: the way of %(names)s gets longer, and that has to be ticked for each of them."),
    "trial_number": _l("This number goes from %(least)s to %(most)s."),
    "trial_modules": _l("A policy asks for one module at least."),
}

FIELDS = {"move_reason_missing": "reason", "move_reason_long": "reason"}
"""Code of a rule -> the field that it is about."""


def asked_title(part: str, req: Requirement) -> str:
    """What is asked for, without where anybody stands with it."""
    if req.code == "module_mastered":
        return say(_l("%(key)s %(title)s"), req.facts)
    if req.code == "observation_met":
        title = {**req.facts, "step": station_title(part)}
        return say(_l("%(step)s, session %(number)s"), title) if int(str(req.facts.get("of", 1))) > 1 else station_title(part)
    return requirement_words(req).what


def change_words(change: Change) -> Line:
    """What becomes of one requirement, as a line; why it counts no longer, where it does not."""
    kind, number = CHANGES[change.kind]
    return Line(kind, asked_title(change.part, change.shown), str(number), _why(change))


def _why(change: Change) -> str:
    req = change.shown
    if change.kind == "dropped_met":
        return str(KEPT)
    if change.kind in ("met", "asked_met", "dropped"):
        return ""
    if req.facts.get("unproven"):
        lost = _l("Mastered before in a version that did not have: %(unproven)s. That mastery is kept; the check is taken once more.")
        return say(lost, req.facts)
    if req.facts.get("mastered") and req.facts.get("practice") not in ("", "met", None):
        return gettext("The check stays mastered. In this version a trainer marks the practice task, which is left.")
    if req.children:
        told = [requirement_words(child) for child in req.children]
        reasons = "; ".join(f"{one.what}: {one.number}" if one.number else one.what for one in told)
        return gettext("The levels stay as they were given, on the rubric of that time. By this policy: %(reasons)s.", reasons=reasons)
    return ""


def under_way_words(one: UnderWay) -> str:
    """What happens to something that was begun."""
    goes_on, in_vain = UNDER_WAY[one.code]
    return say(in_vain if one.in_vain else goes_on, one.facts)


def block_words(code: str) -> str:
    """What is against moving somebody now."""
    return str(BLOCKS[code]) if code in BLOCKS else unknown(code)


def version_words(edition: str, at: Any, policy: str = "") -> str:
    """Which version: its edition, its policy where that is told, and when it was written."""
    told = [gettext("edition %(edition)s", edition=edition)]
    if policy:
        told.append(str(POLICIES[policy][0]) if policy in POLICIES else policy)
    return capital(" · ".join([*told, moment_words(at)]))
