# SPDX-License-Identifier: Apache-2.0
"""The door beside the LMS: what opens to whoever comes by it, how long its links live, and why one opens nothing any more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

LINK, INVITED, OPERATOR, TOLD = "link", "invited", "operator", "passkey"
"""A link that its owner asked for, a first one sent by whoever made a pair, one of the operator's; and a mail without a link."""

LIVES = {LINK: timedelta(minutes=30), INVITED: timedelta(days=7), OPERATOR: timedelta(minutes=30)}
"""How long a link waits to be opened."""

LASTS = timedelta(hours=12)
"""How long whoever came by the door stays signed in at the most."""

FRESH = timedelta(minutes=30)
"""How long after signing in a passkey can be added or taken away: a window that was left open is not enough."""

DISOWNS = timedelta(hours=24)
"""How long after it was opened a link still lets its owner say that it was not them."""

CHALLENGE_LIVES = timedelta(minutes=5)

AN_HOUR = timedelta(hours=1)
MOST_LETTERS = 5
"""Mails of the door to one address in an hour, whoever asks for them."""

MOST_ASKED = 20
"""What one client asks for in an hour."""

SPENT, OLD, REVOKED = "door_link_spent", "door_link_old", "door_link_revoked"

THROUGH = frozenset(
    {
        "mine.index",
        "mine.one",
        "consent.index",
        "consent.one",
        "consent.say",
        "home.way",
        "profile.own",
        "observation.report",
        "report.pdf",
        "outcome.add",
        "outcome.agree",
        "outcome.index",
        "outcome.read",
        "outcome.withdraw",
        "participation.own",
        "participation.leave",
        "participation.act",
        "meeting.index",
        "meeting.calendar",
        "meeting.observed",
        "note.own",
        "note.destroy",
        "note.index",
        "note.one",
        "note.keep",
        "note_api.put_note",
        "notification.index",
        "notification.follow",
        "notification.read_all",
        "notification.choices",
        "notification.choose",
        "handout.index",
        "handout.one",
        "holdings.index",
        "my_privacy.index",
        "my_privacy.ask_copy",
        "my_privacy.take_copy",
        "my_privacy.erase",
        "my_privacy.erasing",
        "privacy.index",
        "signing_out.sign_out",
    }
)
"""The only pages of a course that open to whoever came by the door: their own, and guides. Everything else is not there for them."""

CLOSED = frozenset(
    {
        "agreement", "application", "application_api", "assistance", "board", "calibration", "calibration_api", "capacity",
        "comparison", "concern", "conflict", "consent", "delivery", "directory", "door", "editing", "field",
        "field_api", "founding", "guest", "handing_in",
        "handing_in_api", "handout", "health", "holdings", "home", "joint_plan", "joint_plan_api", "linking", "listing", "lti",
        "meeting", "mentorship", "moving", "notices", "notification", "observation", "observation_api", "office", "opening",
        "participation", "people", "permission", "placement", "practice", "practice_api", "profile", "qualification", "recognition",
        "recorded", "reference", "registration", "report", "reporting_line", "review", "roster", "second", "selection",
        "selection_api", "signing_out", "training", "training_api", "window",
    }
)
"""Blueprints that stay closed but for what ``THROUGH`` names. Pages of any other one are named one by one, there or in ``INSIDE``."""

INSIDE: frozenset[str] = frozenset({"outcome.report"})
"""Pages of blueprints that are not in ``CLOSED``, and that stay in the LMS."""


@dataclass(frozen=True, slots=True)
class Link:
    """The times of a link."""

    expires_at: datetime
    spent_at: datetime | None = None
    revoked_at: datetime | None = None


def refusal(link: Link, now: datetime) -> str:
    """Why a link cannot be opened, as a code; empty where it can. That it was opened is said first: its owner must hear of it."""
    if link.spent_at is not None:
        return SPENT
    if link.revoked_at is not None:
        return REVOKED
    return "" if now < link.expires_at else OLD


def opens(endpoint: str | None) -> bool:
    """Whether a page opens to whoever came by the door."""
    return endpoint in THROUGH
