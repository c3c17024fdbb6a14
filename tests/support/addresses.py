# SPDX-License-Identifier: Apache-2.0
"""Werkzeug writes and compiles two functions for each address of an app: the many apps of a test run share them.

They take the rule that they belong to as an argument, so that one function serves the same rule of every app. Nothing else is shared.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule

_written: dict[tuple[Any, ...], Callable[..., tuple[str, str]]] = {}
_write = Rule._compile_builder


def _shared(self: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
    if self.defaults:  # these are written into the function by the rule's own converters
        return _write(self, append_unknown)
    key = (self.rule, tuple(self._trace), append_unknown)
    if key not in _written:
        _written[key] = _write(self, append_unknown)
    return _written[key]


def share() -> None:
    """From now on in this process."""
    Rule._compile_builder = _shared  # type: ignore[method-assign]
