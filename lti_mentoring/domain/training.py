# SPDX-License-Identifier: Apache-2.0
"""The knowledge check: what an attempt draws, in which order it is shown, what mastery is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lti_mentoring.domain.module import FIXED_KINDS, Item, Module, Outcome


@dataclass(frozen=True, slots=True)
class OutcomeResult:
    """How one outcome stands: ``missed`` names critical items that were not fully right."""

    outcome: str
    points: int
    of: int
    needed: int
    missed: tuple[str, ...]
    mastered: bool


# --- drawing and shuffling ----------------------------------------------------------------------------------------------


def _lot(*parts: str) -> bytes:
    """A lot that is the same on every machine and in every version of Python."""
    return hashlib.sha256("\x1f".join(parts).encode()).digest()


def draw(module: Module, seed: str, seen: Sequence[str] = ()) -> tuple[str, ...]:
    """The items of an attempt, outcome by outcome: so many of many parts, so many choices, one of these critical if the pool has any.
    Behind them all stand those that the reader marks: they take no other's place.

    ``seen`` lists the items of earlier attempts, repeats included: the least seen come first, so that nothing returns while the pool
    lasts. Which items, and their order, follow from ``seed`` alone.
    """
    drawn: list[str] = []
    practice: list[str] = []
    for outcome in module.outcomes:
        picked = [key for pool, count in lots(module, outcome.key) for key in _pick(pool, count, seed, seen)]
        drawn += sorted(picked, key=lambda key: _lot(seed, "order", key))
        practice += _pick([item for item in module.pool(outcome.key) if item.self_marked], module.draw.practice, seed, seen)
    return (*drawn, *practice)


def lots(module: Module, outcome: str) -> tuple[tuple[list[Item], int], ...]:
    """What an attempt draws from for an outcome: items of many parts, critical ones, other choices; each pool with how many are taken.
    What the reader marks is not among them, since it counts for nothing."""
    pool = module.pool(outcome)
    critical = [item for item in pool if item.critical]
    return (
        ([item for item in pool if item.many_part], module.draw.many_part),
        (critical, int(bool(critical))),
        ([item for item in pool if not (item.many_part or item.critical or item.self_marked)], module.draw.choice - bool(critical)),
    )


def _pick(pool: Sequence[Item], count: int, seed: str, seen: Sequence[str]) -> list[str]:
    keys = sorted((item.key for item in pool), key=lambda key: (seen.count(key), _lot(seed, "draw", key)))
    return keys[:count]


def shuffled(item: Item, seed: str, step: int = 1) -> tuple[str, ...]:
    """The keys of the item's options or cards as they are shown: new for each attempt, the same within it, and never in the key order.
    Criteria and features stay in their own order, as on a rubric."""
    shown = item.parts(step)
    if item.kind in FIXED_KINDS:
        return tuple(part.key for part in shown)
    keys = tuple(sorted((part.key for part in shown), key=lambda key: _lot(seed, "shuffle", item.key, key)))
    return keys[1:] + keys[:1] if keys == item.order else keys


# --- mastery -----------------------------------------------------------------------------------------------------------------


def mastery(module: Module, drawn: Sequence[str], points: Mapping[str, int]) -> tuple[OutcomeResult, ...]:
    """Each outcome of an attempt: ``points`` per item, 0 where there is none. Critical items must be fully right, whatever the points.

    What the reader marks counts for nothing here, whatever ``points`` says of it.
    """
    items = [item for item in map(module.item, drawn) if not item.self_marked]
    results = []
    for outcome in module.outcomes:
        asked = [item for item in items if item.outcome == outcome.key]
        got = sum(points.get(item.key, 0) for item in asked)
        missed = tuple(item.key for item in asked if item.critical and points.get(item.key, 0) < item.points)
        of = sum(item.points for item in asked)
        results.append(OutcomeResult(outcome.key, got, of, module.draw.needed, missed, got >= module.draw.needed and not missed))
    return tuple(results)


def mastered(results: Sequence[OutcomeResult]) -> bool:
    """A module is mastered when each of its outcomes is."""
    return bool(results) and all(result.mastered for result in results)


def retake_from(wait_hours: Sequence[int], finished: Sequence[datetime]) -> datetime | None:
    """From when the next attempt may begin, given when the earlier ones ended; None is at once.

    ``wait_hours`` is the wait before the second attempt, the third, and so on; its last entry holds for all later ones.
    """
    if not finished or not wait_hours:
        return None
    wait = wait_hours[min(len(finished), len(wait_hours)) - 1]
    return max(finished) + timedelta(hours=wait) if wait else None


# --- from one version of a module to another ----------------------------------------------------------------------------


def unproven(asked: Module, earned: Iterable[Module]) -> tuple[Outcome, ...]:
    """The outcomes of a module that are in none of the versions of it that somebody has mastered.

    An outcome is its key: the same promise in other words, or in another language, stays proven. Whoever asks for more gives it a key
    of its own.
    """
    proven = {outcome.key for module in earned for outcome in module.outcomes}
    return tuple(outcome for outcome in asked.outcomes if outcome.key not in proven)
