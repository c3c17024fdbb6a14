# SPDX-License-Identifier: Apache-2.0
"""Notices: what somebody is told, which of it goes out by mail, and what a week's digest covers; in codes and facts, without words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

FAMILIES = ("application", "training", "time", "help", "observation", "grades")

AT_ONCE, WEEKLY, OFF = "at_once", "weekly", "off"
CHOICES = (AT_ONCE, WEEKLY, OFF)

ALL = "all"
"""What somebody has chosen for families that they have said nothing of, those of later releases too: who wants no mail gets none."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a notice is about. ``waits``: something waits for its reader, so that it may go out by mail at once; the others are news,
    and stand in the tool and in a digest only. ``facts`` are the names of all that may be said beside the code."""

    code: str
    family: str
    waits: bool
    facts: frozenset[str] = frozenset()


KINDS: Mapping[str, Kind] = {
    one.code: one
    for one in (
        Kind("application_waits", "application", True),
        Kind("place_free", "application", True),
        Kind("application_news", "application", True),
        Kind("application_opens", "application", True),
        Kind("application_closes", "application", True, frozenset({"until"})),
        Kind("application_answer", "application", True, frozenset({"until"})),
        Kind("review_overdue", "application", True),
        Kind("referee_unreached", "application", True),
        Kind("training_begins", "training", True),
        Kind("programme_moved", "training", True),
        Kind("training_open", "training", True, frozenset({"module"})),
        Kind("time_short", "time", True, frozenset({"until"})),
        Kind("time_short_for", "time", True, frozenset({"until"})),
        Kind("practice_waits", "training", True, frozenset({"module"})),
        Kind("practice_returned", "training", True, frozenset({"module"})),
        Kind("recognition_waits", "training", True, frozenset({"module"})),
        Kind("recognition_news", "training", True, frozenset({"module"})),
        Kind("help_asked", "help", True),
        Kind("help_answered", "help", True),
        Kind("observation_planned", "observation", True, frozenset({"planned_for"})),
        Kind("rating_asked", "observation", True, frozenset({"planned_for"})),
        Kind("rating_excused", "observation", False, frozenset({"planned_for"})),
        Kind("rating_overdue", "observation", True, frozenset({"planned_for"})),
        Kind("opinion_wanted", "observation", True, frozenset({"planned_for"})),
        Kind("observation_called_off", "observation", True, frozenset({"planned_for"})),
        Kind("notes_due", "observation", True, frozenset({"planned_for"})),
        Kind("notes_handed_in", "observation", True, frozenset({"planned_for"})),
        Kind("observation_moved", "observation", True, frozenset({"planned_for"})),
        Kind("joint_plan_waits", "observation", True, frozenset({"planned_for"})),
        Kind("joint_plan_changed", "observation", True, frozenset({"planned_for"})),
        Kind("observation_released", "observation", True, frozenset({"planned_for"})),
        Kind("standing_changed", "observation", True),
        Kind("standing_ends", "observation", True, frozenset({"until"})),
        Kind("observer_standing", "observation", True),
        Kind("observation_changed", "observation", True, frozenset({"planned_for"})),
        Kind("rating_again", "observation", True, frozenset({"planned_for"})),
        Kind("consent_asked", "observation", True, frozenset({"planned_for"})),
        Kind("consent_anew", "observation", True, frozenset({"planned_for"})),
        Kind("lines_to_read", "observation", True, frozenset({"planned_for"})),
        Kind("guest_asks", "observation", True, frozenset({"planned_for"})),
        Kind("link_wanted", "observation", True, frozenset({"planned_for"})),
        Kind("somebody_to_ring", "observation", True, frozenset({"planned_for"})),
        Kind("line_wanted", "observation", True),
        Kind("conflict_found", "observation", True, frozenset({"planned_for"})),
        Kind("pair_conflict", "observation", True),
        Kind("pair_paused", "observation", True),
        Kind("exception_waits", "observation", True),
        Kind("observation_news", "observation", True, frozenset({"planned_for"})),
        Kind("grades_stuck", "grades", True, frozenset({"count", "fault", "status"})),
    )
}
"""Every kind, by its code. No code names a decision, and no fact says one: a mail is read by whoever holds the mailbox."""

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,59}")


def checked(code: str, facts: Mapping[str, Any]) -> dict[str, str | int]:
    """The facts of a notice as they are kept: whole numbers, days and short codes, and never a person's words.

    KeyError for a kind that is none, ValueError for a fact that its kind does not have or that could hold words: mistakes of ours.
    """
    unknown = set(facts) - KINDS[code].facts
    if unknown:
        raise ValueError(f"{code} has no fact {min(unknown)}")
    return {name: _kept(name, value) for name, value in facts.items()}


def _kept(name: str, value: Any) -> str | int:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _CODE.fullmatch(value):
        return value
    raise ValueError(f"the fact {name} is no number, no day and no code")


def as_said(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts as a sentence takes them: days are days again."""
    return {name: _day(value) for name, value in facts.items()}


def _day(value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return value
    return value


# --- who gets a mail -------------------------------------------------------------------------------------------------------------


def choice(family: str, chosen: Mapping[str, str], *, leads: bool) -> str:
    """What somebody wants of a family by mail: what they have chosen, else a mail for what waits for them; who leads a course, and so
    is told of much, a weekly digest."""
    return chosen.get(family) or chosen.get(ALL) or (WEEKLY if leads else AT_ONCE)


def mailed(code: str, chosen: Mapping[str, str], *, leads: bool) -> bool:
    """Whether a notice of this kind goes out by mail on its own."""
    kind = KINDS[code]
    return kind.waits and choice(kind.family, chosen, leads=leads) == AT_ONCE


def weekly(chosen: Mapping[str, str], *, leads: bool) -> frozenset[str]:
    """The codes that somebody's digest counts."""
    return frozenset(code for code, kind in KINDS.items() if choice(kind.family, chosen, leads=leads) == WEEKLY)


# --- the week of a digest --------------------------------------------------------------------------------------------------------

DIGEST_AT = timedelta(hours=6)
"""How long after a week has begun (UTC) its digest goes out: nobody is woken at midnight."""


@dataclass(frozen=True, slots=True)
class Week:
    """The ISO week in which a digest goes out, such as 2026-W48, and what it covers: the seven days before that week began."""

    name: str
    since: datetime
    until: datetime


def digest_week(now: datetime) -> Week:
    """The week whose digest is the newest that is due."""
    year, week, _ = (now.astimezone(UTC) - DIGEST_AT).isocalendar()
    return _week(year, week)


def week_named(name: str) -> Week:
    """The week of this name; ValueError for what is none."""
    year, _, week = name.partition("-W")
    return _week(int(year), int(week))


def _week(year: int, week: int) -> Week:
    until = datetime.combine(date.fromisocalendar(year, week, 1), time(), UTC)
    return Week(f"{year}-W{week:02}", until - timedelta(days=7), until)
