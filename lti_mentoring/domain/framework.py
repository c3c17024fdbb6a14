# SPDX-License-Identifier: Apache-2.0
"""A competency framework with its rubrics, on its own; and reading typed values out of JSON that somebody else wrote, fault by fault."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any

from lti_mentoring.domain.programme import Competency, Rubric

LONGEST_TEXT = 10_000
LONGEST_KEY = 100
MOST_FAULTS = 100
"""How many faults are told at once; whoever has more has one cause for them."""

_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters and halves of characters, which no database and no file of ours takes. Tab and line ends are let through."""


@dataclass(frozen=True, slots=True)
class Framework:
    """What mentors can do and what they are rated on. ``title`` and ``language`` are empty where nobody said them."""

    competencies: tuple[Competency, ...] = ()
    rubrics: tuple[Rubric, ...] = ()
    title: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in a JSON file that must be mended. ``place`` is a JSON pointer (RFC 6901), empty for the whole file."""

    place: str
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.place or '/'}: {self.message} {self.remedy}"


@dataclass(slots=True)
class Faults:
    """Faults as they are found, each once, up to the most that are told."""

    found: dict[Fault, None] = field(default_factory=dict)
    more: bool = False

    def add(self, place: str, message: str, remedy: str) -> None:
        fault = Fault(place, message, remedy)
        if len(self.found) < MOST_FAULTS:
            self.found[fault] = None
        elif fault not in self.found:
            self.more = True

    def told(self) -> list[Fault]:
        """All that were kept, and a last one that says that there are more."""
        more = Fault("", f"There are more than these {MOST_FAULTS} faults.", "Mend these first; they often have one cause.")
        return [*self.found, more] if self.more else [*self.found]


@dataclass(frozen=True, slots=True)
class Entry:
    """A JSON object and where it stands. What is null is as if it were absent; what does not fit is a fault and absent."""

    value: dict[Any, Any]
    place: str
    faults: Faults

    def fault(self, name: str, message: str, remedy: str) -> None:
        self.faults.add(self.below(name) if name else self.place, message, remedy)

    def below(self, name: str | int) -> str:
        return f"{self.place}/{str(name).replace('~', '~0').replace('/', '~1')}"

    def text(self, name: str, most: int = LONGEST_TEXT, *, needed: bool = False) -> str:
        """The text as it stands, or an empty one."""
        value = self.value.get(name)
        if value is None or (isinstance(value, str) and not value.strip()):
            if needed:
                self.fault(name, f"“{name}” is missing.", "Write it as text.")
        elif not isinstance(value, str):
            self.fault(name, f"“{name}” must be text.", "Put it in quotes.")
        elif len(value) > most:
            self.fault(name, f"“{name}” has {len(value)} characters; {most} are the most.", "Shorten it.")
        elif _UNSEEN.search(value):
            self.fault(name, f"“{name}” holds a control character or half a character.", "Type it anew, or take that character out.")
        else:
            return value
        return ""

    def number(self, name: str) -> float | None:
        value = self.value.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(_as_float(value)):
            self.fault(name, f"“{name}” must be a number.", "Write a number, without quotes.")
            return None
        return float(value)

    def flag(self, name: str) -> bool:
        value = self.value.get(name)
        if value is not None and not isinstance(value, bool):
            self.fault(name, f"“{name}” must be true or false.", "Write true or false, without quotes.")
        return value is True

    def entry(self, name: str) -> Entry | None:
        """The object of that name."""
        value = self.value.get(name)
        if value is not None and not isinstance(value, dict):
            self.fault(name, f"“{name}” must be an object.", "Write it in braces.")
        return Entry(value, self.below(name), self.faults) if isinstance(value, dict) else None

    def entries(self, name: str, most: int) -> list[Entry]:
        """The objects of the list of that name; a list that is longer than ``most`` is not read at all."""
        found = []
        for place, value in self._list(name, most):
            if isinstance(value, dict):
                found.append(Entry(value, place, self.faults))
            else:
                self.faults.add(place, "This must be an object.", "Write it in braces, or take it out.")
        return found

    def texts(self, name: str, most: int) -> list[tuple[str, str]]:
        """The texts of the list of that name, each with its place."""
        found = []
        for place, value in self._list(name, most):
            if isinstance(value, str) and value.strip() and len(value) <= LONGEST_TEXT:
                found.append((place, value))
            else:
                self.faults.add(place, "This must be text.", "Write it in quotes, or take it out.")
        return found

    def _list(self, name: str, most: int) -> list[tuple[str, Any]]:
        value = self.value.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            self.fault(name, f"“{name}” must be a list.", "Write it in square brackets.")
            return []
        if len(value) > most:
            self.fault(name, f"“{name}” has {len(value)} entries; {most} are the most.", "Bring a smaller framework, or a part of it.")
            return []
        place = self.below(name)
        return [(f"{place}/{index}", entry) for index, entry in enumerate(value)]


def _as_float(value: int | float) -> float:
    """A whole number can be larger than any float."""
    try:
        return float(value)
    except OverflowError:
        return math.inf
