# SPDX-License-Identifier: Apache-2.0
"""Everybody in a course reads its guides, agreement and terms, in their own language where it is there, marked where nobody reviewed it."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from conftest import World
from support import two_languages
from support.page import looked_at
from support.two_languages import ARABIC, edited
from support.visitor import Visitor

MARK = 'lang="ar" dir="rtl"'
NOT_REVIEWED = "has not been reviewed by a native speaker"


def read(visitor: Visitor, path: str, languages: str = "en") -> str:
    answer = visitor.get(path, headers={"Accept-Language": languages})
    assert answer.status_code == 200, answer.get_data(as_text=True)[:400]
    html = str(answer.get_data(as_text=True))
    looked_at(html)
    return html


@pytest.fixture
def reader(world: World, app: Flask) -> Visitor:
    two_languages.use(world.org_id)
    return Visitor(app, world.person("Ada", standing="none"))


def test_the_list_has_every_text_and_every_term(reader: Visitor):
    html = read(reader, "handouts")
    assert f'href="/courses/{reader.actor.course_id}/handouts/agreement"' in html
    assert "What a mentor and a protégé agree on before they begin" in html
    assert "The person who is being mentored." in html
    assert NOT_REVIEWED not in html


def test_a_text_is_read_whole_with_its_lists(reader: Visitor):
    html = read(reader, "handouts/agreement")
    assert "<h1><bdi" in html
    assert "What we agree on" in html
    assert "<li>Serious danger to somebody.</li>" in html


def test_it_is_read_in_the_language_of_the_reader_and_says_that_nobody_reviewed_it(reader: Visitor):
    html = read(reader, "handouts/agreement", ARABIC)
    assert f'<article class="read" {MARK}>' in html
    assert "خطر جسيم على أحد" in html
    assert NOT_REVIEWED in html
    assert NOT_REVIEWED in read(reader, "handouts", ARABIC)


def test_a_module_says_so_too_and_when_it_was_reviewed(world: World, app: Flask, tmp_path: Path):
    two_languages.use(world.org_id, edited(tmp_path, "programme.yaml", '  S1: "2026', '  G1: "2026-03-01"\n  S1: "2026'))
    ada = Visitor(app, world.person("Ada"))
    html = read(ada, "modules/G1", ARABIC)
    assert NOT_REVIEWED in html
    assert "1 Mar" in html
    assert NOT_REVIEWED not in read(ada, "modules/G1")


def test_a_language_that_a_native_speaker_reviewed_is_not_marked(world: World, app: Flask, tmp_path: Path):
    two_languages.use(world.org_id, edited(tmp_path, "programme.yaml", "reviews:", 'native: ["ar"]\nreviews:'))
    assert NOT_REVIEWED not in read(Visitor(app, world.person("Ada")), "handouts/agreement", ARABIC)


def test_a_text_that_is_not_given_out_is_not_there(reader: Visitor):
    assert reader.get("handouts/consent").status_code == 404
    assert reader.get("handouts/../programme").status_code == 404
