# SPDX-License-Identifier: Apache-2.0
"""Every rule of docs/checklist.md that this version holds has a test that carries its id, and no test carries an unknown one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| (?P<id>[A-Z]+-\d\d) \| (?P<priority>[012]) \| (?P<held>[a-z]+) \| .+ \|$", re.MULTILINE)
IN_NAME = re.compile(r"test_([A-Z]{1,3})_(\d\d)(?![0-9])")

# A rule is shown from outside, over HTTP or in a browser; tests of single rooms may carry ids, but do not count.
FROM_OUTSIDE = ("certification", "stories", "browser", "web")

HELD_NOW = frozenset(
    f"{family}-{number:02}"
    for family, numbers in {
        "LOG": range(1, 17),
        "PM": range(1, 12),
        "B": range(1, 13),
        "G": range(1, 15),
        "V": range(1, 18),
        "R": range(1, 8),
        "K": range(1, 6),
        "T": range(1, 8),
        "SC": range(1, 17),
        "RS": range(1, 4),
        "LI": range(1, 13),
        "CK": range(1, 8),
        "AS": range(1, 7),
        "DR": range(1, 10),
        "PN": range(1, 4),
        "DL": range(1, 16),
        "SR": range(1, 4),
        "DP": (1,),
        "NR": range(1, 12),
        "CG": (1,),
    }.items()
    for number in numbers
)


def rows() -> dict[str, str]:
    """Each id of the checklist with the word that says what holds it."""
    found = [(row["id"], row["held"]) for row in ROW.finditer((ROOT / "docs/checklist.md").read_text("utf-8"))]
    assert len(found) == len(dict(found)), "an id stands twice"
    return dict(found)


def _marked(node: ast.AST) -> Iterator[str]:
    """The ids in each ``pytest.mark.checklist(...)`` beneath ``node``."""
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "checklist":
            yield from (part.value for part in call.args if isinstance(part, ast.Constant) and isinstance(part.value, str))


def carried() -> dict[str, set[str]]:
    """Each id that tests carry, with the folders of those tests."""
    found: dict[str, set[str]] = {}
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        if file == Path(__file__):
            continue
        folder = file.relative_to(ROOT / "tests").parts[0]
        tree = ast.parse(file.read_text("utf-8"))
        names = (node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
        ids = {f"{family}-{number}" for name in names for family, number in IN_NAME.findall(name)}
        for one in ids | set(_marked(tree)):
            found.setdefault(one, set()).add(folder)
    return found


def test_the_table_says_now_for_exactly_what_this_version_promises():
    assert {one for one, held in rows().items() if held == "now"} == HELD_NOW


def test_every_rule_held_now_has_a_test_from_outside():
    tests = carried()
    missing = sorted(one for one in HELD_NOW if not tests.get(one, set()) & set(FROM_OUTSIDE))
    assert not missing, f"{len(missing)} rules without a test in tests/{{{','.join(FROM_OUTSIDE)}}}: {' '.join(missing)}"


def test_no_test_carries_an_id_that_the_checklist_does_not_have():
    families = {one.split("-")[0] for one in rows()}
    unknown = sorted(one for one in set(carried()) - set(rows()) if one.split("-")[0] in families)
    assert not unknown
