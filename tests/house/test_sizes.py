# SPDX-License-Identifier: Apache-2.0
"""No file or function grows past what one can keep in mind; run as a program, it prints how long they are."""

from __future__ import annotations

import ast
import statistics
from pathlib import Path

ROOT = Path(__file__).parents[2]
LONGEST_FILE = 350
LONGEST_FUNCTION = 45

EXCUSED: dict[str, str] = {}
"""File, or file and function, with the reason that a stranger would accept."""


def product() -> list[Path]:
    """The product's own Python; migrations are a record, not a text that anyone edits."""
    return sorted(file for file in (ROOT / "lti_mentoring").rglob("*.py") if "versions" not in file.parts and "_bundled" not in file.parts)


def lengths() -> tuple[dict[str, int], dict[str, int]]:
    """Lines of each file and of each function."""
    files, functions = {}, {}
    for file in product():
        name, text = file.relative_to(ROOT).as_posix(), file.read_text("utf-8")
        files[name] = len(text.splitlines())
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                functions[f"{name}:{node.name}"] = (node.end_lineno or node.lineno) - node.lineno + 1
    return files, functions


def test_no_file_holds_two_things():
    files, _ = lengths()
    assert {name: lines for name, lines in files.items() if lines > LONGEST_FILE and name not in EXCUSED} == {}


def test_no_function_does_two_things():
    _, functions = lengths()
    assert {name: lines for name, lines in functions.items() if lines > LONGEST_FUNCTION and name not in EXCUSED} == {}


def report() -> str:
    """Middle, 90th hundredth and the longest ten."""
    out = []
    for what, found in zip(("file", "function"), lengths(), strict=True):
        sizes = sorted(found.values())
        out.append(f"{len(sizes)} {what}s: middle {statistics.median(sizes):g} lines, nine of ten within {sizes[int(len(sizes) * 0.9)]}")
        out += [f"  {lines:4} {name}" for name, lines in sorted(found.items(), key=lambda item: -item[1])[:10]]
    return "\n".join(out)


if __name__ == "__main__":
    print(report())
