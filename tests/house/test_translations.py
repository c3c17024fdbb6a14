# SPDX-License-Identifier: Apache-2.0
"""Texts for people go through gettext, and the catalogue that translators work from is in step with them."""

from __future__ import annotations

import re
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from support import catalogue

TEMPLATES = Path(__file__).parents[2] / "templates"
TEXT_BETWEEN_TAGS = re.compile(r">([^<>{}=]*[A-Za-z]{3,}[^<>{}=]*)<")
CODE = re.compile(r"{#.*?#}|{%.*?%}|{{.*?}}", re.DOTALL)


def texts(catalog: Catalog) -> set[tuple[object, object]]:
    """Every text of a catalogue with its context."""
    return {(message.id if isinstance(message.id, str) else tuple(message.id), message.context) for message in catalog if message.id}


def test_the_catalogue_is_in_step_with_code_and_templates():
    found, kept = texts(catalogue.extracted()), texts(catalogue.kept())
    assert (found - kept, kept - found) == (set(), set()), "run `make translations`"


def test_every_language_is_in_step_with_the_catalogue():
    for file in catalogue.FOLDER.glob("*/LC_MESSAGES/messages.po"):
        with file.open("rb") as opened:
            assert texts(read_po(opened)) == texts(catalogue.kept()), f"{file}: run `make translations`"


def test_no_template_shows_text_that_is_not_translated():
    bare = {}
    for file in sorted(TEMPLATES.rglob("*.html")):
        if "demo" in file.relative_to(TEMPLATES).parts:
            continue
        found = [text.strip() for text in TEXT_BETWEEN_TAGS.findall(CODE.sub("", file.read_text("utf-8")))]
        if found:
            bare[file.name] = found
    assert bare == {}
