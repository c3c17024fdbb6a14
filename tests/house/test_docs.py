# SPDX-License-Identifier: Apache-2.0
"""What the docs name is there: files, headings, commands of the product and targets of the Makefile."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from lti_mentoring import cli

ROOT = Path(__file__).parents[2]
DOCS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(#[^)\s]*)?\)")


def commands(group: click.Group = cli.main, before: str = "") -> Iterator[str]:
    """Every command of the product, as it is typed."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}"


def anchors(text: str) -> set[str]:
    """The anchors that a page's headings get where it is read."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    return {"#" + re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("file", DOCS, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_links_are_in_step_with_what_is_there(file: Path):
    broken = []
    for path, anchor in LINK.findall(file.read_text("utf-8")):
        target = (file.parent / path).resolve() if path else file
        if not target.exists() or (anchor and anchor not in anchors(target.read_text("utf-8"))):
            broken.append(path + anchor)
    assert broken == []


@pytest.mark.parametrize("file", DOCS, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_commands_in_docs_are_in_step_with_the_product(file: Path):
    known = set(commands())
    groups = {name for name, command in cli.main.commands.items() if isinstance(command, click.Group)}
    wrong = []
    for words in re.findall(r"lti-mentoring((?: [a-z][a-z-]*){1,2})", file.read_text("utf-8")):
        first, *rest = words.split()
        if first in groups and rest and f"{first} {rest[0]}" not in known:
            wrong.append(words.strip())
    assert wrong == []


def test_the_changelog_is_in_step_with_the_commands():
    told = (ROOT / "CHANGELOG.md").read_text("utf-8")
    first = {command.split()[0] for command in commands()}
    assert [name for name in sorted(first) if f"`{name}" not in told] == []


def test_make_targets_in_docs_are_in_step_with_the_makefile():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {name for file in DOCS for name in re.findall(r"(?:`|^)make ([a-z]+)", file.read_text("utf-8"), re.MULTILINE)}
    assert named <= targets
