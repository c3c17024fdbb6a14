# SPDX-License-Identifier: Apache-2.0
"""A line of a list of requirements."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a list of requirements: kind of state, what, number, why."""

    kind: str
    what: str
    number: str = ""
    why: str = ""
