# SPDX-License-Identifier: Apache-2.0
"""Reading typed values out of a pack's YAML, where every mistake is a fault with its file, line and remedy."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from fractions import Fraction
from functools import cache
from types import UnionType
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

from lti_mentoring.domain.outline import Fault
from lti_mentoring.domain.programme import LEVELS, NOT_REQUIRED
from lti_mentoring.domain.translation import OURS

Shape = TypeVar("Shape")

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A file of a pack: its text, or, for YAML, the data and the line of each entry by its path."""

    file: str
    text: str = ""
    data: Any = None
    lines: Mapping[Path, int] = field(default_factory=dict)


class Reader:
    """Reads typed values out of one YAML document and collects its faults."""

    def __init__(self, document: Document, faults: list[Fault]) -> None:
        self.document, self.faults = document, faults

    def fault(self, path: Path, message: str, remedy: str) -> None:
        while path and path not in self.document.lines:
            path = path[:-1]
        self.faults.append(Fault(self.document.file, self.document.lines.get(path, 1), message, remedy))

    def at(self, path: Path) -> Any:
        found = self.document.data
        for key in path:
            if isinstance(found, Mapping):
                found = found.get(key)
            elif isinstance(found, list) and isinstance(key, int) and key < len(found):
                found = found[key]
            else:
                return None
        return found

    def keys(self, path: Path, known: Iterable[str]) -> None:
        """Every entry of a mapping must be known, so that a misspelt one is not silently its default."""
        known = list(known)
        found = self.at(path)
        for key in found if isinstance(found, Mapping) else ():
            if key not in known:
                self.fault((*path, key), f"“{key}” is unknown here.", f"Known are: {', '.join(known)}.")

    def text(self, path: Path) -> str:
        value = self.at(path)
        if not isinstance(value, str) or not value.strip():
            self.fault(path, f"“{path[-1]}” must be text.", "Write it, in quotes if it is a number or holds a colon.")
            return ""
        return value.strip()

    def flag(self, path: Path) -> bool:
        value = self.at(path)
        if not isinstance(value, bool):
            self.fault(path, f"“{path[-1]}” must be true or false.", "Write true or false, without quotes.")
        return value is True

    def number(self, path: Path, low: int, high: int) -> int:
        value = self.at(path)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.fault(path, f"“{path[-1]}” must be a whole number from {low} to {high}.", "Write such a number.")
            return low
        return value

    def mean(self, path: Path) -> Fraction:
        value = self.at(path)
        if isinstance(value, bool) or not isinstance(value, int | float) or not LEVELS[0] <= value <= LEVELS[-1]:
            self.fault(path, f"“{path[-1]}” must lie on the scale from {LEVELS[0]} to {LEVELS[-1]}.", "Write a number such as 2.75.")
            return Fraction(LEVELS[0])
        return Fraction(str(value))

    def entries(self, path: Path) -> list[Any]:
        value = self.at(path)
        if not isinstance(value, list) or not value:
            self.fault(path, f"“{path[-1]}” must be a list with at least one entry.", "Write one entry a line, each after “- ”.")
            return []
        return value

    def texts(self, path: Path) -> tuple[str, ...]:
        return tuple(self.text((*path, index)) for index in range(len(self.entries(path))))

    def numbers(self, path: Path, low: int, high: int) -> tuple[int, ...]:
        return tuple(self.number((*path, index), low, high) for index in range(len(self.entries(path))))

    def once(self, path: Path, keys: Sequence[str]) -> None:
        for index, key in enumerate(keys):
            if key and key in keys[:index]:
                self.fault((*path, index), f"{key} stands twice.", "Give each entry a key of its own.")

    def has(self, path: Path) -> bool:
        """Whether the entry is written at all; what is not takes its default."""
        return self.at(path) is not None

    def optional_texts(self, path: Path) -> tuple[str, ...]:
        """A list of texts that may be missing or empty."""
        return () if self.at(path) in (None, []) else self.texts(path)

    def shape(self, path: Path, shape: type[Shape], ranges: Mapping[str, tuple[int, int]], **given: Any) -> Shape:
        """A frozen dataclass out of a mapping: each entry by the type of its field, whole numbers within ``ranges``; what is not written
        takes its default, or is a fault if it has none. ``given`` are fields that are read elsewhere."""
        kinds, required = _fields(cast(Hashable, shape))
        self.keys(path, kinds)
        values = dict(given)
        for name, kind in kinds.items():
            below = (*path, name)
            if name not in values and (self.has(below) or name in required):
                values[name] = self._one(below, kind, ranges)
        return shape(**values)

    def _one(self, path: Path, kind: Any, ranges: Mapping[str, tuple[int, int]]) -> Any:
        low, high = ranges.get(str(path[-1]), (0, 1000))
        if kind is bool:
            return self.flag(path)
        if kind is int:
            return self.number(path, low, high)
        if kind is Fraction:
            return self.mean(path)
        if get_origin(kind) is tuple:
            return self._tuple(path, get_args(kind), low, high)
        if isinstance(kind, UnionType):  # X | None
            return None if self.at(path) == NOT_REQUIRED else self._one(path, get_args(kind)[0], ranges)
        if is_dataclass(kind):
            if not isinstance(self.at(path), Mapping):
                self.fault(path, f"“{path[-1]}” has no entries.", "Write its entries below it, each with its value.")
            return self.shape(path, cast(type, kind), ranges)
        return self.text(path)

    def _tuple(self, path: Path, kinds: tuple[Any, ...], low: int, high: int) -> tuple[Any, ...]:
        if kinds[0] is str:
            return self.optional_texts(path)
        found = self.numbers(path, low, high)
        if kinds[-1] is not Ellipsis and len(found) != len(kinds):
            self.fault(path, f"“{path[-1]}” has {len(found)} numbers.", f"Write {len(kinds)}.")
            return (low,) * len(kinds)
        return found


@cache
def _fields(shape: Any) -> tuple[dict[str, Any], frozenset[str]]:
    """The types of a dataclass's fields that a pack writes, and the names of those that have no default."""
    hints = get_type_hints(shape)
    required = frozenset(one.name for one in fields(shape) if one.default is MISSING and one.default_factory is MISSING)
    return {one.name: hints[one.name] for one in fields(shape) if one.name not in OURS}, required
