# SPDX-License-Identifier: Apache-2.0
"""That a trainer marks a practice task, and by which numbers, read from the module's manuscript.

Below the task stands ``### Marking`` with a line for each number: ``- Every criterion: 3``, ``- Critical criteria: 3``, ``- Words: 700``,
``- Days: 7``. Without that part the task is for its writer to hold against the rubric.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from lti_mentoring.domain.module import Marking, TaskCriterion
from lti_mentoring.domain.outline import Part
from lti_mentoring.domain.script import Report

NUMBERS = {
    "Every criterion": ("level", range(2, 5)),
    "Critical criteria": ("critical", range(2, 5)),
    "Words": ("words", range(50, 3001)),
    "Days": ("days", range(1, 61)),
}
"""What a line says -> the field that it fills, and what it may be."""

RANGES = {field: (allowed[0], allowed[-1]) for field, allowed in NUMBERS.values()}
"""What each field may be, for packs that say it beside the key of the module."""

MAY_BE_LEFT_OUT = frozenset({"Critical criteria"})
"""Then critical criteria need what every criterion needs."""

_LINE = re.compile(r"- (?P<name>[^:]+): *(?P<value>.*?)\.?$")


def read_marking(part: Part | None, criteria: Sequence[TaskCriterion], report: Report) -> Marking | None:
    """How the task is marked; None without the part."""
    if part is None:
        return None
    if not criteria:
        report(part.line, "The practice task is marked, and its rubric has no criterion.", "Add rows to the table of its rubric.")
    found: dict[str, int] = {}
    for number, line in part.body:
        if not line.strip():
            continue
        told = _LINE.match(line)
        if told is None or told["name"] not in NUMBERS:
            report(number, f"“{line.strip()}” says nothing about marking.", f"Known are: {', '.join(NUMBERS)}; each as “- Words: 700”.")
            continue
        field, allowed = NUMBERS[told["name"]]
        if field in found:
            report(number, f"“{told['name']}” stands twice.", "Keep one of them.")
        if not re.fullmatch("[0-9]{1,6}", told["value"]) or int(told["value"]) not in allowed:
            remedy = f"Write a whole number from {allowed[0]} to {allowed[-1]}."
            report(number, f"“{told['name']}” is “{told['value']}”.", remedy)
            continue
        found[field] = int(told["value"])
    return _whole(part, found, criteria, report)


def _whole(part: Part, found: dict[str, int], criteria: Sequence[TaskCriterion], report: Report) -> Marking:
    written = part.text
    for name, (field, allowed) in NUMBERS.items():
        if field not in found and name not in MAY_BE_LEFT_OUT and f"- {name}:" not in written:
            report(part.line, f"The marking does not say “{name}”.", f"Add “- {name}: {allowed[0]}” or more below its heading.")
    level = found.get("level", Marking().level)
    critical = found.get("critical", level)
    if critical < level:
        report(part.line, "Critical criteria need less than every criterion.", f"Raise “Critical criteria” to {level} or more.")
    if "critical" in found and not any(one.critical for one in criteria):
        remedy = "Mark one by a star, as “**P3 Limits*** (O3)”, or take “Critical criteria” out."
        report(part.line, "The rubric has no critical criterion.", remedy)
    return Marking(level, critical, found.get("words", Marking().words), found.get("days", Marking().days))
