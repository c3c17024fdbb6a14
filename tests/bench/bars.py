# SPDX-License-Identifier: Apache-2.0
"""A bar: what was asked for, what was measured, and whether that is enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Bar:
    """``sense``: the value must be at ``least`` or at ``most`` the limit. A ``stretch`` goal is reported, and not demanded."""

    name: str
    value: float
    limit: float
    sense: str = "least"
    stretch: bool = False

    @property
    def met(self) -> bool:
        """Whether the value is on the right side, before it is rounded for people."""
        return self.value >= self.limit if self.sense == "least" else self.value <= self.limit

    def said(self) -> dict[str, Any]:
        """As JSON has it."""
        made: dict[str, Any] = {"bar": self.name, "value": round(self.value, 3), f"at_{self.sense}": self.limit, "met": self.met}
        return made | ({"stretch": True} if self.stretch else {})
