# SPDX-License-Identifier: Apache-2.0
"""What a roster's word on somebody changes: it fills in, it never takes a role or a name that was there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

WAITING, RUNNING, DONE, FAILED = "waiting", "running", "done", "failed"
"""Where a course's sync stands."""

FULL, DIFFERENCES = "full", "differences"

ACTIVE, INACTIVE, LEFT = "active", "inactive", "left"
"""Where a membership stands."""

EVERY = timedelta(days=1)
"""How often a roster is read by itself."""

FIRST_AFTER = timedelta(minutes=15)
"""When a new course's roster is read by itself for the first time; sooner if its coordinator asks."""

AGAIN_AFTER = timedelta(minutes=1)
"""How soon after a complete run somebody may ask for the next."""

FULL_EVERY = 7
"""Each run of that number is a full one, whatever differences the LMS offers."""

MOST_TRIES = 12
MOST_PAGES = 20_000
MOST_MEMBERS = 500_000
"""What no course has. A roster that is longer is an error; it is never cut off in silence."""


@dataclass(frozen=True, slots=True)
class Held:
    """What we hold of somebody in a course. ``standing`` is the one that counts, ``told`` what the roster said last ("" : nothing yet)."""

    launched: bool
    standing: str = "none"
    told: str = ""
    status: str = ACTIVE


def after(held: Held, *, standing: str, status: str) -> Held:
    """The same once a roster has said so.

    A role that a launch gave stays: Moodle's non-editing teacher is an Instructor at launch and a Learner in the roster. Whoever never
    came has what the roster says. "Deleted" comes in differences only, and ends a membership; nothing is ever erased.
    """
    ended = LEFT if status == "deleted" else status
    return Held(held.launched, held.standing if held.launched else standing, standing, ended)


def launched(held: Held, *, standing: str) -> Held:
    """The same after a launch: the LMS has let them in, so they are there, as what it says now."""
    return Held(True, standing, held.told, ACTIVE)


def name_after(held: str | None, said: str | None, *, first: bool) -> str | None:
    """The name to keep. Nothing erases none (NR-03); the first word of a roster fills in only, since a launch has said it already and
    perhaps in other words; a later one is a change."""
    return held if not said or (first and held) else said


def next_kind(*, run: int, differences: bool) -> str:
    """Whether a run asks for what has changed, or for everybody."""
    return DIFFERENCES if differences and run % FULL_EVERY else FULL


def due_again(now: datetime, chance: float) -> datetime:
    """When it is read by itself again; courses that were set up together do not come back together."""
    return now + EVERY * (0.9 + 0.2 * chance)
