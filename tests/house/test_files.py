# SPDX-License-Identifier: Apache-2.0
"""What every file of the product owes: a licence line, a sentence that says what it is for, and no word about one machine."""

from __future__ import annotations

import ast
import re
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[2]
LINE = "SPDX-License-Identifier: Apache-2.0"
PEERS = "tests/peers/openedx/"
"""Imports code under the AGPL, so it is under that licence itself: apart from the product, run and spoken to as another program."""

AGPL_LINE = "SPDX-License-Identifier: AGPL-3.0-or-later"
IGNORED = [".git", *(line.strip("/") for line in (ROOT / ".gitignore").read_text("utf-8").split())]

CANNOT_CARRY_A_LINE = {
    ".png": "a picture",
    ".lock": "written by a program, which would drop it",
    ".txt": "the licence itself",
    ".json": "the format has no comments",
    ".pem": "the format has no comments",
    ".ico": "a picture",
    ".pot": "written by a program; the catalogue's header says it",
    ".po": "written by a program; the catalogue's header says it",
}

# Spelled in pieces, so that this file does not name them either.
REGISTRY_HOSTS = [f"{name}.{end}" for name, end in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"))]
MACHINE_PATH = re.compile(r"(?<![\w.>])/(?:home|root|work|Users)/\w|\.\./shared\b")


def product_files(folder: Path = ROOT) -> list[Path]:
    """Every file that is, or would be, in the repository."""
    found = []
    for entry in sorted(folder.iterdir()):
        if not any(fnmatch(entry.name, pattern) for pattern in IGNORED):
            found += product_files(entry) if entry.is_dir() else [entry]
    return found


def readable() -> list[tuple[str, str]]:
    """Name and text of each file that is text."""
    pictures = {".png", ".ico", ".woff2"}
    return [(file.relative_to(ROOT).as_posix(), file.read_text("utf-8")) for file in product_files() if file.suffix not in pictures]


def test_every_file_names_its_licence_in_its_first_lines():
    owing = []
    for file in product_files():
        # A text of a pack is for its readers; its programme.yaml carries the line for the pack.
        read = file.parent.name in ("modules", "transcripts", "texts")
        manuscript = file.suffix == ".md" and read and {"programmes", "packs"} & set(file.parts)
        noted = file.name == "made-from.yaml"  # written anew by "programme translate"
        if file.suffix in CANNOT_CARRY_A_LINE or file.name == ".gitignore" or manuscript or noted:
            continue
        name = file.relative_to(ROOT).as_posix()
        owed = AGPL_LINE if name.startswith(PEERS) else LINE
        if not any(owed in line for line in file.read_text("utf-8").splitlines()[:6]):
            owing.append(name)
    assert not owing


def test_what_imports_the_open_edx_consumer_keeps_its_licence_beside_it_and_to_itself():
    text = (ROOT / PEERS / "LICENSES" / "AGPL-3.0-or-later.txt").read_text("utf-8")
    assert "GNU AFFERO GENERAL PUBLIC LICENSE" in text
    assert "AGPL-3.0-or-later" in (ROOT / PEERS / "README.md").read_text("utf-8")
    importing = re.compile(r"^\s*(?:from|import)\s+(?:lti_consumer|campus|xblock|openedx)\b", re.MULTILINE)
    modules = {name for name, text in readable() if name.endswith(".py") and importing.search(text)}
    assert modules
    assert {name for name in modules if not name.startswith(PEERS)} == set()
    crossing = re.compile(r"^\s*(?:from|import)\s+(?:lti_mentoring|support)\b", re.MULTILINE)
    assert {name for name, text in readable() if name.startswith(PEERS) and crossing.search(text)} == set()


def test_every_module_says_what_it_is_for():
    modules = [(name, text) for name, text in readable() if name.endswith(".py")]
    assert [name for name, text in modules if not ast.get_docstring(ast.parse(text))] == []


def test_no_file_names_a_package_registry():
    found = [f"{name}: {host}" for name, text in readable() for host in REGISTRY_HOSTS if host in text]
    assert not found


def test_no_file_names_a_path_of_somebodys_machine():
    assert {name: found for name, text in readable() if (found := MACHINE_PATH.findall(text))} == {}


def test_the_lock_of_the_product_is_part_of_the_lock_of_its_developers():
    pin = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^ ;]+)", re.MULTILINE)
    product, developers = (dict(pin.findall((ROOT / name).read_text("utf-8"))) for name in ("requirements.lock", "requirements-dev.lock"))
    assert product
    assert {name: version for name, version in product.items() if developers.get(name) != version} == {}


def test_nothing_is_left_to_do_later():
    note = re.compile(r"(?:#|//|/\*|{#|<!--)\s*(?:TODO|FIXME|XXX)\b")
    assert {name: found for name, text in readable() if (found := note.findall(text))} == {}


def test_the_nginx_sample_names_its_log_format_where_nginx_takes_it():
    sample = (ROOT / "docs" / "operate" / "nginx.conf").read_text("utf-8")
    assert sample.index("log_format without_parameters") < sample.index("server {")  # "not allowed here" inside one
