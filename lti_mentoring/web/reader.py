# SPDX-License-Identifier: Apache-2.0
"""Who reads a page: the languages in which they want a programme, and how its words are marked where they are in another one."""

from __future__ import annotations

from flask import request
from flask_babel import get_locale
from markupsafe import Markup

from lti_mentoring.domain.language import choose
from lti_mentoring.web import session
from lti_mentoring.web.language import direction

MOST_WANTED = 10


def wanted() -> tuple[str, ...]:
    """The languages that the reader of this request wants to read a programme in, the best first. Unlike the tool's own words, a
    programme may be there in any language, so none is left out that we do not know."""
    row = session.current()
    said = [row.locale] if row is not None and row.locale else []
    asked = [tag for tag in request.accept_languages.values() if tag != "*"]
    return tuple(tag.replace("_", "-") for tag in (*said, *asked)[:MOST_WANTED])


def tongue(reads: str) -> Markup:
    """The attributes of an element that holds words of a programme: its language where the page's is another one (WCAG 3.1.2), and the
    way it is written; else the way follows from the words."""
    page = str(get_locale() or "").replace("_", "-")
    if not reads or choose((reads,), ("", page)) == page:
        return Markup('dir="auto"')
    return Markup('lang="{}" dir="{}"').format(reads, direction(reads))
