# SPDX-License-Identifier: Apache-2.0
"""How a sentence takes the facts of its code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from fractions import Fraction
from typing import Any, Protocol

from flask_babel import gettext, lazy_gettext

from lti_mentoring.domain.observation import rounded_down
from lti_mentoring.web.wording.time import day_words, moment_words

_l = lazy_gettext


class Coded(Protocol):
    """Anything that says what it means by a stable code with facts."""

    @property
    def code(self) -> str:
        """The code."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """What is known about it."""


class Facts(Mapping[str, object]):
    """Facts as they stand in a sentence: days and means in words, lists joined; an absent one is empty rather than an error."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self._facts = facts

    def __getitem__(self, name: str) -> object:
        value = self._facts.get(name, "")
        if isinstance(value, datetime):
            return moment_words(value)
        if isinstance(value, date):
            return day_words(value)
        if isinstance(value, Fraction):
            return rounded_down(value)
        if isinstance(value, tuple | list | frozenset | set):
            return ", ".join(str(one) for one in value)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._facts)

    def __len__(self) -> int:
        return len(self._facts)


def say(sentence: object, facts: Mapping[str, Any] | None = None) -> str:
    """A translated sentence with its facts."""
    return str(sentence) % Facts(facts or {})


_NUMBERS = (
    _l("none"), _l("one"), _l("two"), _l("three"), _l("four"), _l("five"), _l("six"), _l("seven"), _l("eight"), _l("nine"), _l("ten"),
)  # fmt: skip


def count_words(number: int) -> str:
    """A small number as a word, a large one in digits."""
    return str(_NUMBERS[number]) if 0 <= number < len(_NUMBERS) else str(number)


def capital(text: str) -> str:
    """The text with a capital at its start; no other letter changes."""
    return text[:1].upper() + text[1:]


def unknown(code: str) -> str:
    """What is said where no words were written. A test of the house keeps this from happening."""
    return gettext("This did not work (%(code)s).", code=code.replace("_", " "))
