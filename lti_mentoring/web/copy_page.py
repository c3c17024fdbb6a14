# SPDX-License-Identifier: Apache-2.0
"""The readable page of somebody's copy of their data, made in a worker: plain HTML that needs nothing from anywhere."""

from __future__ import annotations

from html import escape
from typing import Any

from flask import Flask
from flask_babel import Babel, force_locale, gettext

from lti_mentoring.domain.holding_register import NOUNS, REGISTER
from lti_mentoring.services.own_copy import Page, Rows
from lti_mentoring.web.letterbox import TRANSLATIONS
from lti_mentoring.web.wording.my_privacy import noun_held_words, why_held_words

STYLE = "body{font:16px/1.5 sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}dt{color:#46585e}dd{margin:0 0 .5rem}"


def writer(app: Flask, languages: tuple[str, ...]) -> Page:
    """What writes the page in the first language of this installation, in the context of a worker, which has no pages."""
    if "babel" not in app.extensions:
        app.config.update(BABEL_TRANSLATION_DIRECTORIES=str(TRANSLATIONS), BABEL_DEFAULT_LOCALE=languages[0])
        Babel(app, configure_jinja=False)

    def write(rows: Rows) -> str:
        with force_locale(languages[0]):
            return page(rows, languages[0].replace("_", "-"))

    return write


def page(rows: Rows, language: str) -> str:
    """Every noun with its rows, and why each is kept."""
    parts = [_noun(noun, {name: found for name, found in rows.items() if REGISTER[name].noun == noun}) for noun in NOUNS]
    head = f'<!doctype html><html lang="{escape(language)}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    style = f"<style>{STYLE}</style>"
    title = f"<title>{escape(gettext('Your data'))}</title><h1>{escape(gettext('Your data'))}</h1>"
    left_out = gettext("What others said in confidence, and who they are, is left out. The file data.json has the same for programs.")
    told = f"<p>{escape(gettext('What stands here is held about you.'))} {escape(left_out)}</p>"
    return head + style + title + told + "".join(parts) + "</html>"


def _noun(noun: str, tables: Rows) -> str:
    if not tables:
        return ""
    whys = dict.fromkeys(REGISTER[name].why for name in tables)
    told = "".join(f"<p>{escape(why_held_words(one))}</p>" for one in whys)
    return f"<h2>{escape(noun_held_words(noun))}</h2>{told}" + "".join(_one(row) for found in tables.values() for row in found)


def _one(row: dict[str, Any]) -> str:
    some = {name: value for name, value in row.items() if value not in (None, "", [], {})}
    said = "".join(f"<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd>" for name, value in some.items())
    return f"<hr><dl>{said}</dl>"
