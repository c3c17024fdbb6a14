# SPDX-License-Identifier: Apache-2.0
"""Whether a gradebook holds what we sent, why it may not, and what one click would do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from lti_mentoring.domain.delivery import HELD, REFUSED, SENDING, SET_ASIDE, WAITING

SAME, LMS_DIFFERS, MISSING, THEIRS_ONLY, NOTHING = "same", "lms_differs", "missing", "theirs_only", "nothing"
ON_ITS_WAY, WAITS_FOR_STAFF, RESTS = "on_its_way", "waits_for_staff", "rests"

DIFFERING = (LMS_DIFFERS, MISSING, THEIRS_ONLY)
"""What staff may want to do something about."""

SOMEBODY_ELSES = (LMS_DIFFERS, THEIRS_ONLY)
"""The gradebook holds a grade that is not ours."""

LOOK_FIRST = (*SOMEBODY_ELSES, WAITS_FOR_STAFF, RESTS)
"""Where a grade that is not ours was seen, or may be: before anything is sent there, it is looked at again."""

SEND_OURS, KEEP_THEIRS = "send_ours", "keep_theirs"

CLICKS: Mapping[str, tuple[str, ...]] = {
    SAME: (),
    LMS_DIFFERS: (SEND_OURS, KEEP_THEIRS),
    MISSING: (SEND_OURS,),
    THEIRS_ONLY: (),
    NOTHING: (),
    ON_ITS_WAY: (),
    WAITS_FOR_STAFF: (SEND_OURS, KEEP_THEIRS),
    RESTS: (SEND_OURS,),
}
"""Verdict -> what staff may choose with one click. Nothing is ever chosen by itself."""

_SHARE = 0.00001 + 1e-9
"""What a gradebook may lose in keeping five decimals of a share."""


@dataclass(frozen=True, slots=True)
class Ours:
    """What we hold of one person in one column: where the delivery stands, and the score that the platform is known to have taken;
    ``given`` is None if it has taken none, or was told to clear it."""

    state: str
    given: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, slots=True)
class Theirs:
    """What the gradebook holds; ``score`` is None where a cell was cleared."""

    score: float | None
    maximum: float


def agrees(given: float | None, maximum: float | None, theirs: Theirs | None, *, decimals: int) -> bool:
    """Whether the gradebook's value is this score: scaled to its column, rounded to ``decimals`` there, never above the column's most.

    No score agrees with an empty cell, and with one that is not there.
    """
    if given is None or not maximum:
        return theirs is None or theirs.score is None
    if theirs is None or theirs.score is None or theirs.maximum <= 0:
        return False
    share = given / maximum
    if share > 1 and abs(theirs.score - theirs.maximum) <= _SHARE * theirs.maximum:
        return True  # a score above the most was cut off
    return abs(share - theirs.score / theirs.maximum) <= _SHARE + 0.5 * 10.0**-decimals / theirs.maximum


def verdict(ours: Ours | None, theirs: Theirs | None, *, decimals: int) -> str:
    """What a look into the gradebook says of one person's cell.

    ``same``; ``lms_differs``: it holds something else than what it took from us, a teacher's own grade or a later edit; ``missing``:
    it took ours and holds nothing; ``theirs_only``: it holds a grade, and we never sent one; ``nothing``: neither has any. Not to be
    compared: ``on_its_way`` (ours changes at this moment), ``waits_for_staff`` (stuck), ``rests`` (staff let it be).
    """
    if ours is not None and ours.state in (WAITING, SENDING):
        return ON_ITS_WAY
    if ours is not None and ours.state in (HELD, REFUSED):
        return WAITS_FOR_STAFF
    held = theirs is not None and theirs.score is not None
    if ours is None or ours.given is None:
        return THEIRS_ONLY if held else NOTHING
    if agrees(ours.given, ours.maximum, theirs, decimals=decimals):
        return SAME
    if ours.state == SET_ASIDE:
        return RESTS
    return LMS_DIFFERS if held else MISSING


def somebody_elses(mine: tuple[tuple[float | None, float | None], ...], theirs: Theirs | None, *, decimals: int) -> bool:
    """Whether the gradebook holds a grade that is none of the scores which may be ours: then nothing is sent over it unasked.

    An empty cell is nobody's: sending there takes nothing away.
    """
    if theirs is None or theirs.score is None:
        return False
    return not any(given is not None and agrees(given, maximum, theirs, decimals=decimals) for given, maximum in mine)


# --- when ----------------------------------------------------------------------------------------------------------------------

SOONEST = timedelta(seconds=60)
"""Nobody asks an LMS for a whole column more often than that."""

FIRST_HOUR, HOURS = 0, 5
"""The night, in UTC: a look is put somewhere into it, so that not all columns are asked for at once."""


def tonight(now: datetime, chance: float) -> datetime:
    """When to look next by ourselves: within the next night that has not begun, at a place in it that ``chance`` (0 to 1) chooses."""
    begins = now.replace(hour=FIRST_HOUR, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return begins + timedelta(hours=HOURS * min(max(chance, 0.0), 1.0))
