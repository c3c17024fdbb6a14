# SPDX-License-Identifier: Apache-2.0
"""Why a launch was refused, in words that a teacher can act on and an administrator can use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext

from lti_mentoring.web.wording.phrase import unknown
from lti_mentoring.web.wording.refusal import ALLOW, NEW_TAB, REASONS, REOPEN, TELL, WINDOW
from lti_mentoring.web.wording.time import moment_words


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused launch as its page shows it: no personal data.

    ``restart`` holds the login's parameters if it may be begun anew, ``detail`` the LMS's own words.
    """

    reason: str
    status: int
    reference: str
    at: datetime
    platform: str | None = None
    return_url: str | None = None
    own_window: bool = False
    restart: Mapping[str, str] | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """A refusal: its title, what happened in one line, what this reader can do, and what an administrator must know.

    ``tells``: the first thing to do is to send the lines to somebody.
    """

    title: str
    what: str
    steps: tuple[str, ...]
    staff: str
    tells: bool = False


def _window(refusal: Refusal, steps: tuple[object, ...]) -> tuple[object, ...]:
    if not refusal.own_window:
        return ALLOW if refusal.reason == "state_unbound" else steps
    return WINDOW if refusal.restart else NEW_TAB


def refusal_words(refusal: Refusal) -> Words:
    """The words of a refused launch."""
    if refusal.reason not in REASONS:
        said = unknown(refusal.reason)
        return Words(gettext("The activity could not be opened"), said, tuple(str(step) for step in REOPEN), said)
    title, what, steps, staff = REASONS[refusal.reason]
    return Words(str(title), str(what), tuple(str(step) for step in _window(refusal, steps)), str(staff), steps is TELL)


def refusal_lines(refusal: Refusal) -> str:
    """What to send to whoever looks after the LMS, as plain text."""
    lines = [
        gettext("The mentoring tool refused a launch."),
        refusal_words(refusal).staff,
        gettext("Reason: %(reason)s", reason=refusal.reason),
    ]
    if refusal.platform:
        lines.append(gettext("Platform: %(platform)s", platform=refusal.platform))
    lines.append(gettext("Reference: %(reference)s, %(at)s", reference=refusal.reference, at=moment_words(refusal.at)))
    return "\n".join(lines)
