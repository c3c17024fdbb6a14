# SPDX-License-Identifier: Apache-2.0
"""What is counted in the field, by devices that lose their network: each only grows, so that what comes late or twice does no harm."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

TALK = ("mentor", "protege")
"""Who speaks: counted in seconds."""

QUESTIONS = ("open", "closed", "leading", "stacked")
"""The mentor's questions by type: counted in taps."""

BACK = "_back"
"""A tap that was taken back is counted too, under the question's name with this; nothing is ever counted down."""

COUNTERS = (*TALK, *QUESTIONS, *(f"{one}{BACK}" for one in QUESTIONS))

MOST = 100_000
"""The largest count: more seconds than a day has. A counter that says more is broken."""

MOST_SPANS = 500
"""Spans off the record of one device, the newest; nobody presses so often."""

FIRST_DAY = datetime(2000, 1, 1, tzinfo=UTC)
"""No session was earlier; a device whose clock says so has lost it."""

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Counted:
    """What one device has counted. ``pauses``: spans off the record, in seconds of the session's clock, in order and apart."""

    counts: Mapping[str, int] = field(default_factory=dict)
    pauses: tuple[Span, ...] = ()
    started_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """What all devices of somebody have counted together. ``share``: of the talk, the mentor's in whole hundredths; None without any."""

    talk: Mapping[str, int]
    questions: Mapping[str, int]
    pauses: int = 0
    started_at: datetime | None = None

    @property
    def share(self) -> int | None:
        """The mentor's part of the talk, in whole hundredths."""
        seconds = sum(self.talk.values())
        return round(100 * self.talk["mentor"] / seconds) if seconds else None

    @property
    def empty(self) -> bool:
        """Whether nothing was counted at all."""
        return not (any(self.talk.values()) or any(self.questions.values()) or self.pauses)


def merged(kept: Counted, sent: Counted) -> Counted:
    """What a device has counted, from two of its reports in whatever order: the larger of each count, the earlier start, the later end,
    and every span that either was off the record."""
    names = (name for name in COUNTERS if name in kept.counts or name in sent.counts)
    return Counted(
        {name: max(kept.counts.get(name, 0), sent.counts.get(name, 0)) for name in names},
        joined((*kept.pauses, *sent.pauses)),
        min((at for at in (kept.started_at, sent.started_at) if at is not None), default=None),
        max((at for at in (kept.ended_at, sent.ended_at) if at is not None), default=None),
    )


def joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Spans in order; what overlaps or touches is one, and what has no length is none. Of too many, the newest."""
    found: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return tuple(found[-MOST_SPANS:])


def plausible(at: datetime, now: datetime) -> datetime:
    """What a device's clock says, as far as it can be so: in UTC, no earlier than ``FIRST_DAY`` and no later than a day from ``now``."""
    return max(FIRST_DAY, min(at, now + timedelta(days=1))).astimezone(UTC)


def totals(devices: Iterable[Counted]) -> Totals:
    """Devices side by side: what each has counted adds up."""
    each = tuple(devices)

    def of(name: str) -> int:
        return sum(one.counts.get(name, 0) for one in each)

    return Totals(
        {name: of(name) for name in TALK},
        {name: max(0, of(name) - of(f"{name}{BACK}")) for name in QUESTIONS},
        sum(end - start for one in each for start, end in one.pauses),
        min((one.started_at for one in each if one.started_at is not None), default=None),
    )


def off_the_record(pauses: Iterable[Span], at_second: int | None) -> bool:
    """Whether a note was begun while nothing may be kept. The seconds in which a span begins and ends belong to both sides of it."""
    return at_second is not None and any(start < at_second < end for start, end in pauses)
