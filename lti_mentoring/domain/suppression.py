# SPDX-License-Identifier: Apache-2.0
"""Counts that are told of a group: none under five, and none that a subtraction would give back."""

from __future__ import annotations

from collections.abc import Sequence

LEAST = 5
"""The fewest people of whom a figure is told."""


def parts(counts: Sequence[int], least: int = LEAST) -> tuple[int | None, ...]:
    """The parts of a group whose total may be told; None for what is held back.

    Whatever is under ``least`` is held back (primary), then the next smallest, until what the total gives back by subtraction is the sum
    of two parts at least and itself no fewer than ``least`` (complementary). Nothing is told of a group that is too small.
    """
    if total(counts, least) is None:
        return (None,) * len(counts)
    order = sorted(range(len(counts)), key=lambda place: (counts[place], place))
    hidden = [place for place in order if counts[place] < least]
    for place in order[len(hidden) :]:
        if not hidden or (len(hidden) > 1 and sum(counts[one] for one in hidden) >= least):
            break
        hidden.append(place)
    return tuple(None if place in hidden else one for place, one in enumerate(counts))


def total(counts: Sequence[int], least: int = LEAST) -> int | None:
    """How many there are, where they are enough to be told of."""
    found = sum(counts)
    return found if found >= least else None


def renewed(before: int, now: int, least: int = LEAST) -> bool:
    """Whether a figure may move: enough people are in it that were not when it was told last, so that no difference is one person's."""
    return now - before >= least
