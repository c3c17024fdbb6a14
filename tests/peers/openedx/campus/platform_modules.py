# SPDX-License-Identifier: AGPL-3.0-or-later
"""Stands in for the one module of edx-platform that the consumer imports by name while it is being imported."""

from __future__ import annotations

import sys
from types import ModuleType


class CourseWaffleFlag:
    """A course's feature switch. Off, as on a fresh installation."""

    def __init__(self, name: str, module: str) -> None:
        self.name = name

    def is_enabled(self, course_key: object = None) -> bool:
        """Never."""
        return False


def install() -> None:
    """Put ``openedx.core.djangoapps.waffle_utils`` where an import finds it."""
    path = ""
    for part in ("openedx", "core", "djangoapps", "waffle_utils"):
        path = f"{path}.{part}" if path else part
        module = sys.modules.setdefault(path, ModuleType(path))
        module.__path__ = []  # type: ignore[attr-defined]
    module.CourseWaffleFlag = CourseWaffleFlag  # type: ignore[attr-defined]
