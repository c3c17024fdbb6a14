# SPDX-License-Identifier: Apache-2.0
"""The floors keep to their contracts, commits have one site, SQL has no second door."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "lti_mentoring"
MIGRATIONS = PACKAGE / "store/migrations"
FILES = sorted(file for file in PACKAGE.rglob("*.py") if "_bundled" not in file.parts)

COMMIT_SITES = {"store/base.py": 1}
"""The one function that commits. Alembic's own transactions in migrations are its affair."""

RAW_SQL = {"text", "exec_driver_sql"}
RAW_SQL_ALLOWED = {"store/base.py": {"exec_driver_sql"}}
"""BEGIN IMMEDIATE, and nothing else."""


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Each call with the last part of its name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                yield node.func.attr, node
            elif isinstance(node.func, ast.Name):
                yield node.func.id, node


def parsed(file: Path) -> tuple[str, ast.Module]:
    """A file's name within the package, and its tree."""
    return file.relative_to(PACKAGE).as_posix(), ast.parse(file.read_text("utf-8"))


def test_import_contracts_hold():
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_only_transactional_commits():
    found: dict[str, int] = {}
    for file in FILES:
        name, tree = parsed(file)
        count = sum(called == "commit" for called, _ in calls(tree))
        # The pocket LMS keeps its own state in its own file, outside the product's database.
        if count and not name.startswith("demo/") and MIGRATIONS not in file.parents:
            found[name] = count
    assert found == COMMIT_SITES


def test_sql_is_written_as_expressions():
    broken = []
    for file in FILES:
        if MIGRATIONS in file.parents:
            continue
        name, tree = parsed(file)
        from_sqlalchemy = {
            alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sqlalchemy")
            for alias in node.names
        }
        wrong = RAW_SQL - RAW_SQL_ALLOWED.get(name, set())
        if "text" in from_sqlalchemy:
            broken.append(f"{name}: imports text()")
        broken += [f"{name}:{call.lineno}: {called}()" for called, call in calls(tree) if called in wrong - {"text"}]
        broken += [
            f"{name}:{call.lineno}: {ast.unparse(call.func)}()"
            for called, call in calls(tree)
            if called == "text" and isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) in ("sa", "db", "sqlalchemy")
        ]
    assert not broken


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(PACKAGE).as_posix())
def test_no_import_is_deferred(file):
    _, tree = parsed(file)
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda))
    deferred = [inner.lineno for node in functions for inner in ast.walk(node) if isinstance(inner, ast.Import | ast.ImportFrom)]
    assert not deferred, f"lines {deferred}"


def test_no_room_is_a_ragbag():
    names = {file.stem for file in FILES} | {folder.name for folder in PACKAGE.rglob("*") if folder.is_dir()}
    assert not names & {"utils", "util", "helpers", "common", "misc", "models", "views", "manager"}


def test_templates_run_no_query_and_trust_no_text():
    forbidden = re.compile(r"""\.query\b|session\.execute|\bdb\.|[^'"\s]\s*\|\s*safe\b""")
    found = {
        file.relative_to(ROOT).as_posix(): hits
        for file in sorted((ROOT / "templates").rglob("*.html"))
        if (hits := forbidden.findall(file.read_text("utf-8")))
    }
    assert found == {}
