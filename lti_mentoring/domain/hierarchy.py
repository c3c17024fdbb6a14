# SPDX-License-Identifier: Apache-2.0
"""Things that stand below one another, told as single links by somebody else: put in order, with the circles found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Link:
    """``child`` stands below ``parent``. Siblings stand by ``rank``; those without one come last, as they were listed."""

    child: str
    parent: str
    rank: float | None = None


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """``top`` stands below nothing. ``order`` has each name once, after one of its parents. What is in a circle of links, or below
    one, is in neither; each of ``circles`` names one, from a child to its parent and on."""

    top: tuple[str, ...]
    order: tuple[str, ...]
    below: Mapping[str, tuple[str, ...]]
    circles: tuple[tuple[str, ...], ...]


def hierarchy(names: Sequence[str], links: Iterable[Link]) -> Hierarchy:
    """The order of ``names``, each of which is given once. A link to a parent that is no name still ranks its child at the top; a
    link from a child that is no name says nothing. Time and memory grow with names and links, never with the depth."""
    listed = {name: index for index, name in enumerate(names)}
    ranks: dict[tuple[str, str], float | None] = {}
    at_top: dict[str, float | None] = {}
    for link in links:
        if link.child in listed and link.parent in listed:
            ranks.setdefault((link.child, link.parent), link.rank)
        else:
            at_top.setdefault(link.child, link.rank)
    children: dict[str, list[str]] = defaultdict(list)
    parents: dict[str, list[str]] = defaultdict(list)
    for child, parent in ranks:
        children[parent].append(child)
        parents[child].append(parent)
    free = _free(names, children, parents)

    def place(name: str, rank: float | None) -> tuple[bool, float, int]:
        return rank is None, rank or 0.0, listed[name]

    top = sorted((name for name in names if not parents[name]), key=lambda name: place(name, at_top.get(name)))
    below = {
        parent: tuple(sorted((child for child in found if child in free), key=lambda child: place(child, ranks[child, parent])))
        for parent, found in children.items()
        if parent in free
    }
    return Hierarchy(tuple(top), _order(top, below), below, _circles([name for name in names if name not in free], parents))


def _free(names: Sequence[str], children: Mapping[str, Sequence[str]], parents: Mapping[str, Sequence[str]]) -> set[str]:
    """All that no circle is above of: take away what has no parent left, again and again."""
    waits = {name: len(parents.get(name, ())) for name in names}
    ready = [name for name in names if not waits[name]]
    free = set(ready)
    while ready:
        for child in children.get(ready.pop(), ()):
            waits[child] -= 1
            if not waits[child]:
                free.add(child)
                ready.append(child)
    return free


def _order(top: Sequence[str], below: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    waiting = list(reversed(top))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = None
            waiting.extend(reversed(below.get(name, ())))
    return tuple(found)


def _circles(bound: Collection[str], parents: Mapping[str, Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    """Every bound name has a bound parent, so whoever climbs comes round; each circle is told once."""
    inside = set(bound)
    seen: set[str] = set()
    circles = []
    for name in bound:
        path: dict[str, None] = {}
        while name not in seen and name not in path:
            path[name] = None
            name = next(parent for parent in parents[name] if parent in inside)
        if name in path:
            steps = list(path)
            circles.append(tuple(steps[steps.index(name) :]))
        seen.update(path)
    return tuple(circles)
