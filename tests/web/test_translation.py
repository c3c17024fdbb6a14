# SPDX-License-Identifier: Apache-2.0
"""Somebody reads the module, the form and the rating sheet in their own language, marked as what it is, and it is the same record."""

from __future__ import annotations

import re
import uuid

import pytest
from flask import Flask
from flask_babel import force_locale
from sqlalchemy import select, update

from conftest import World
from lti_mentoring.store import base
from lti_mentoring.store.observation import CriterionRating
from lti_mentoring.store.people import WebSession
from lti_mentoring.web.reader import tongue
from support import two_languages
from support.applying import taking_applications
from support.page import looked_at
from support.two_languages import ARABIC
from support.visitor import Visitor

MARK = 'lang="ar" dir="rtl"'


def read(visitor: Visitor, path: str, languages: str = ARABIC) -> str:
    answer = visitor.get(path, headers={"Accept-Language": languages})
    assert answer.status_code == 200, answer.get_data(as_text=True)[:400]
    return str(answer.get_data(as_text=True))


@pytest.fixture
def ada(world: World, app: Flask) -> Visitor:
    two_languages.use(world.org_id)
    return Visitor(app, world.person("Ada"))


def test_a_module_is_read_in_the_language_that_the_browser_asks_for(ada: Visitor):
    html = read(ada, "modules/G1")
    looked_at(html)
    assert f"<h1><bdi {MARK}>أن تسأل بحيث يفكّر الآخر</bdi></h1>" in html
    assert '<html lang="en" dir="ltr">' in html, "the tool itself is not there in Arabic"
    part = read(ada, "modules/G1/parts/3")
    looked_at(part)
    assert f'<article class="read" {MARK}>' in part
    assert "إيفا" in part
    assert "Ifa" not in part
    assert f"<article class=\"read\" {MARK}>" in read(ada, "modules/G1/practice")
    assert "Asking so that the other thinks" in read(ada, "modules/G1", "fr, en;q=0.5")
    assert 'lang="' not in read(ada, "modules/G1/parts/1", "en-GB").replace('<html lang="en"', "")


def test_what_the_lms_said_at_launch_comes_before_what_the_browser_asks_for(ada: Visitor):
    with base.transactional() as session:
        session.execute(update(WebSession).where(WebSession.person_id == ada.actor.person_id).values(locale="ar-EG"))
    assert "سؤال واحد" in read(ada, "modules/G1/parts/1", "en")


def test_a_question_is_asked_and_explained_in_the_readers_language(ada: Visitor):
    assert ada.post("modules/G1/check").status_code == 303
    attempt = re.search(r"attempts/(\w+)", read(ada, "modules/G1/check"))
    assert attempt
    html = read(ada, f"attempts/{attempt[1]}/questions/1")
    looked_at(html)
    assert f"<legend {MARK}>" in html
    assert not re.search(r"<legend[^>]*>[A-Z]", html)


def test_a_rating_that_is_made_on_an_arabic_sheet_is_read_in_an_english_report(ada: Visitor, world: World, app: Flask):
    observer = Visitor(app, world.person("T. Lindqvist", "observer", standing="instructor"))
    lead = Visitor(app, world.person("R. Okafor", "coordinator", standing="instructor"))
    form = {"plan": uuid.uuid4().hex, "candidate": world.candidacy_id("Ada"), "observer": observer.actor.person_id}
    assert lead.post("observations/plan", form | {"planned_for": "2026-11-24", "protege": "A colleague"}).status_code == 303
    sheet = f"observations/{form['plan']}"
    html = read(observer, sheet)
    looked_at(html)
    assert f"<span {MARK}>الأسئلة</span>" in html
    assert f'<span class="act" {MARK}>يطرح سؤالًا مفتوحًا واحدًا' in html
    revision = re.search(r'name="revision" value="(\d+)"', html)
    assert revision
    said = {"criterion": ["C1", "C2"], "level-C1": "1", "level-C2": "NO", "reason-C2": "لم تحن فرصة"}
    draft = {"revision": revision[1], "action": "draft", **said}
    assert observer.post(sheet, draft).status_code in (200, 303)
    base.session().rollback()
    rows = {row.criterion: row for row in base.session().scalars(select(CriterionRating))}
    assert (rows["C1"].level, rows["C2"].not_observed) == (1, True)
    assert "Asks only what can be answered by yes or no." in read(observer, sheet, "en")
    assert re.search(r'name="level-C1" value="1" checked', read(observer, sheet, "en"))


def test_a_form_is_answered_in_arabic_and_its_choices_are_kept_as_the_source_says_them(world: World, app: Flask):
    two_languages.use(world.org_id)
    lead = taking_applications(world, "assured")
    bo = Visitor(app, world.person("Bo", standing="none"))
    assert bo.post("application/begin").status_code == 303
    html = read(bo, "application")
    looked_at(html)
    assert f"<h1><bdi {MARK}>طلب لتصبح مرشدًا</bdi></h1>" in html
    assert '<option value="In a town">في مدينة</option>' in html
    assert f'<label class="pick" {MARK}><input type="checkbox" name="a-formats" value="By video"><span>بالفيديو</span>' in html
    said = {"revision": "0", "a-time": "yes", "a-helped": "مرّة", "a-place": "In a town", "a-formats": ["By video"], "a-truthful": "yes"}
    assert bo.post("application", said | {"nobody": "yes", "action": "submit"}).status_code == 303
    queue = read(Visitor(app, lead), "applications", "en")
    found = re.search(r"applications/(\w{32})", queue)
    assert found, queue
    dossier = read(Visitor(app, lead), f"applications/{found[1]}", "en")
    assert "By video" in dossier
    assert "بالفيديو" in read(Visitor(app, lead), f"applications/{found[1]}")


def test_the_readiness_page_names_the_languages_and_how_much_of_each_is_there(ada: Visitor, world: World, app: Flask):
    lead = Visitor(app, world.person("R. Okafor", "coordinator", standing="instructor"))
    html = read(lead, "programme", "en")
    looked_at(html)
    assert "<bdi>العربية</bdi>" in html
    assert "100 %" in html


def test_a_page_says_which_language_its_words_are_in_only_where_it_is_another(app: Flask):
    with app.test_request_context(), force_locale("de_AT"):
        assert [tongue(one) for one in ("", "de", "de-CH", "en", "he")] == [
            'dir="auto"',
            'dir="auto"',
            'dir="auto"',
            'lang="en" dir="ltr"',
            'lang="he" dir="rtl"',
        ]


def test_two_who_stand_alike_and_read_differently_read_different_pages(ada: Visitor, world: World, app: Flask):
    bo = Visitor(app, world.person("Bo"))
    first, second, third = read(ada, ""), read(bo, "", "en"), read(bo, "")
    assert "فنّ السؤال" in first
    assert "فنّ السؤال" in third
    assert "Asking well" in second
    assert "فنّ السؤال" not in second
