# SPDX-License-Identifier: Apache-2.0
"""Pairs, groups, sessions and joint plans in words."""

from __future__ import annotations

from flask_babel import lazy_gettext

from lti_mentoring.web.wording.phrase import unknown

_l = lazy_gettext

RULES: dict[str, object] = {
    "mentorship": _l("There is no such pair or group for you."),
    "session": _l("There is no such session for you."),
    "joint_plan": _l("There is no such joint plan for you."),
    "mentor_pairs_own": _l("You make pairs in which you are the mentor yourself; whoever leads the course makes the others."),
    "mentorship_kind": _l("Choose a pair or a group."),
    "mentor_and_protege": _l("Nobody is mentor and protégé of themself. Take them out on one side."),
    "member_twice": _l("Somebody is named twice."),
    "mentor_missing": _l("Choose who leads it."),
    "protege_missing": _l("A pair has one protégé. Name one person, or make a group of it."),
    "group_size": _l("A group has %(least)s to %(most)s protégés."),
    "pair_there": _l("These two are a pair here already."),
    "protege_name": _l("This line names nobody of this course, and has no name for somebody new: %(line)s"),
    "protege_address": _l("This line names nobody of this course, and has no e-mail address for somebody new: %(line)s"),
    "protege_several": _l("Several people of this course are called so; add the e-mail address: %(line)s"),
    "mentorship_ended": _l("This pair or group has ended. Make a new one to go on."),
    "pair_held": _l("No session of this pair is planned while the rules on conflicts of interest stand against it; its page says why."),
    "session_minutes": _l("A session lasts %(least)s to %(most)s minutes."),
    "length_missing": _l("Say how long the session lasted, in minutes: a session counts only from a certain length on."),
    "protege_label_empty": _l("Say who the protégé is; initials or a role are enough."),
    "session_mode": _l("Choose how you meet."),
    "session_before": _l("The pair begins on %(started_on)s; choose that day or a later one."),
    "session_closed": _l("This session is over or was called off, so nothing of it changes. Plan a new one."),
    "session_ahead": _l("This session has not begun yet. Say how it went once it has."),
    "session_observed": _l("Notes were taken of this session already, so it stays as it is."),
    "session_of_candidate": _l("The candidate does not lead this session alone. Choose one of theirs, or another kind of observation."),
    "session_watched": _l("The candidate is in this pair themself. Choose a session of somebody else whom they can watch."),
    "session_mentor": _l("Choose the accomplished mentor: one of those who lead this session, and not the candidate themself."),
    "mentor_observes": _l("The observer takes part in this session themself. Choose somebody else to observe, or another session."),
    "mentor_unknown": _l("This person is no accomplished mentor of the course: who observes, a founding mentor, or a credentialed one."),
    "day_missing": _l("Choose a day, or one of the sessions."),
    "time_missing": _l("Choose a time."),
    "plan_part": _l("There is no such part of the plan."),
    "plan_long": _l("That is more than this part can hold; %(most)s characters are the most."),
    "plan_changed": _l("The plan was changed since you read it. Read it once more, then agree."),
    "plan_open": _l("Write something in each of the four parts first; then you can both agree."),
    "plan_closed": _l("The session has begun, so its plan stays as it is."),
}

KINDS = {"one_to_one": _l("Pair"), "group": _l("Group")}
ROLES = {
    **{"mentor": _l("mentor"), "co_mentor": _l("co-mentor"), "facilitator": _l("facilitator")},
    **{"protege": _l("protégé"), "peer": _l("both")},
}
MODES = {"in_person": _l("in person"), "video": _l("by video"), "phone": _l("by telephone")}

PAIR_STATES = {
    "proposed": ("waits", _l("proposed")),
    "agreed": ("waits", _l("accepted by everybody, not signed yet")),
    "active": ("met", _l("meets")),
    "paused": ("waits", _l("paused")),
    "ended": ("notseen", _l("ended")),
    "declined": ("notseen", _l("did not come about")),
}

STATES = {
    "planned": ("waits", _l("planned")),
    "held": ("met", _l("took place")),
    "no_show": ("notseen", _l("somebody did not come")),
    "cancelled": ("notseen", _l("called off")),
}

PARTS = {
    "leads": _l("You lead it."),
    "protege": _l("You are the protégé."),
    "observes": _l("You observe it."),
    "candidate": _l("You are observed."),
    "mentor": _l("You are the accomplished mentor."),
}

PLANS = {
    "write": ("yours", _l("The joint plan is yours to write")),
    "agree": ("yours", _l("The joint plan is yours to agree to")),
    "waits": ("waits", _l("The joint plan is not agreed yet")),
    "agreed": ("met", _l("The joint plan is agreed")),
    "late": ("needs", _l("The joint plan was not agreed in time")),
}


def mentorship_kind_words(kind: str) -> str:
    """A pair or a group."""
    return str(KINDS[kind]) if kind in KINDS else unknown(kind)


def mentorship_role_words(role: str) -> str:
    """What somebody is in a pair or group."""
    return str(ROLES[role]) if role in ROLES else unknown(role)


def pair_state_words(state: str) -> tuple[str, str]:
    """How a pair stands: kind of state, words."""
    kind, words = PAIR_STATES.get(state, ("unknown", state))
    return kind, str(words)


def meeting_mode_words(mode: str) -> str:
    """How people meet."""
    return str(MODES[mode]) if mode in MODES else unknown(mode)


def meeting_state_words(state: str) -> tuple[str, str]:
    """How a session stands: kind of state, words."""
    kind, words = STATES.get(state, ("unknown", state))
    return kind, str(words)


def part_in_session_words(part: str) -> str:
    """What the reader does in a session."""
    return str(PARTS[part]) if part in PARTS else unknown(part)


def joint_plan_words(plan: str) -> tuple[str, str]:
    """How a joint plan stands for the reader: kind of state, words."""
    kind, words = PLANS.get(plan, ("unknown", plan))
    return kind, str(words)
