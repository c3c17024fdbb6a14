# SPDX-License-Identifier: Apache-2.0
"""Why a course's roster could not be read, and what to do about it."""

from __future__ import annotations

from flask_babel import lazy_gettext

_l = lazy_gettext

_ADMINISTRATOR = _l("Ask whoever looks after the LMS, and send them the LMS’s answer below.")

FAULTS = {
    "scope_missing": (
        _l("The LMS does not let this tool read the list of participants."),
        _l("Ask whoever looks after the LMS to allow “names and roles” for this tool (on Open edX: also sharing personal data)."),
    ),
    "credentials": (_l("The LMS refused the tool’s own sign-in; its registration was changed or removed."), _ADMINISTRATOR),
    "keys_unreachable": (
        _l("The LMS could not load this tool’s public keys, so it does not know that it is us who ask."),
        _l("Ask whoever looks after the LMS whether it can reach this tool’s key address."),
    ),
    "roster_gone": (
        _l("The list of participants is not where the LMS said it was."),
        _l("Open an activity of this tool from the course page: that tells us the new place."),
    ),
    "roster_unavailable": (
        _l("No activity says any more where the list of participants is, or the LMS is switched off here."),
        _l("Open an activity of this tool from the course page, with “names and roles” allowed for the tool."),
    ),
    "roster_foreign": (
        _l("The LMS sent us to another server for the rest of the list. We did not go there."),
        _ADMINISTRATOR,
    ),
    "roster_empty": (
        _l("The LMS answered with an empty list. Nobody was marked as gone, since somebody opened an activity of this course."),
        _l("See whether the course has participants in the LMS, and whether this tool may read them; then bring the list up to date."),
    ),
    "roster_loop": (
        _l("The LMS’s pages lead in a circle, so the list has no end. What was read is kept; nobody was marked as gone."),
        _ADMINISTRATOR,
    ),
    "roster_too_large": (
        _l("The list is longer than the LMS or this tool gives out. Nothing was cut off in silence: nobody was marked as gone."),
        _l("Ask whoever looks after the LMS whether it limits how many participants tools may read."),
    ),
    "roster_unreadable": (_l("What the LMS sent is no list of participants."), _ADMINISTRATOR),
    "redirected": (_l("The LMS sent us to another address. We did not go there."), _ADMINISTRATOR),
    "address_refused": (
        _l("The list is at an address that this tool may not call."),
        _l("Ask whoever runs this tool to allow the host, if it is the LMS’s own."),
    ),
    "busy": (_l("The LMS asked us to slow down."), _l("Nothing needs to be done: it is read on as soon as the LMS has room.")),
    "server_error": (_l("The LMS had a fault of its own."), _l("It is tried again by itself, from the page where it stopped.")),
    "unreachable": (_l("The LMS did not answer."), _l("It is tried again by itself, from the page where it stopped.")),
}

UNKNOWN = (_l("The LMS turned us down, and did not say why in words that we know."), _ADMINISTRATOR)

STATUSES = {"active": _l("in the course"), "inactive": _l("suspended in the LMS"), "left": _l("left the course")}


def roster_words(code: str) -> tuple[str, str]:
    """What happened, and what to do."""
    what, to_do = FAULTS.get(code, UNKNOWN)
    return str(what), str(to_do)


def membership_words(status: str) -> str:
    """Where somebody's membership stands."""
    return str(STATUSES.get(status, status))
