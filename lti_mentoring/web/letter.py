# SPDX-License-Identifier: Apache-2.0
"""Pages that many people read alike are rendered once, like a form letter; what is each reader's own is put in afterwards."""

from __future__ import annotations

import re
import secrets
import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from flask import g, render_template, request, session
from flask_babel import get_locale
from flask_wtf.csrf import generate_csrf
from markupsafe import escape

from lti_mentoring.services import language
from lti_mentoring.web.frame import csp_nonce
from lti_mentoring.web.session import CARRIED

MOST_LETTERS = 2_000
"""Pages of a few dozen kilobytes at most, of those who stood alike of late."""

_MARK = f"own{secrets.token_hex(8)}"
"""Nothing that anybody could write, since it is another one in each process."""

_PLACES = re.compile(f"{_MARK}(name|person|csrf|nonce)")

_letters: OrderedDict[Hashable, list[str]] = OrderedDict()
_lock = threading.Lock()


def letter(template: str, *, state: Hashable, **context: Any) -> str:
    """A page of the reader, rendered anew only if nobody who stands as they do has read it within the hour.

    ``state`` is all that ``context`` follows from. To it come languages, course, roles, the count of unread notices and what else the
    skeleton of a page shows; the reader's name and id, the token of their forms and the nonce of their scripts are their own. A page that
    would hold any of these in another place, or news for this reader alone, is not kept.
    """
    if "_flashes" in session:
        return render_template(template, **context)
    here = g.here
    who = here.actor
    where = (who.org_id, who.course_id, here.course_title, here.organisation, here.offered, here.unread)
    seen = (str(get_locale()), language.wanted(), request.endpoint, *where, who.roles, CARRIED in request.headers)
    key = (template, seen, datetime.now(UTC).strftime("%Y%m%d%H"), state)
    own = {"name": who.name, "person": who.person_id, "csrf": generate_csrf(), "nonce": csp_nonce()}
    parts = _letters.get(key)
    if parts is None:
        text = _blank(template, context)
        if any(value in text for value in own.values()):
            return render_template(template, **context)
        parts = _PLACES.split(text)
        _keep(key, parts)
    written = list(parts)
    for place in range(1, len(written), 2):
        written[place] = str(escape(own[written[place]]))
    return "".join(written)


def _blank(template: str, context: dict[str, Any]) -> str:
    """The page with marks where the reader's own goes."""
    nobody = replace(g.here.actor, name=f"{_MARK}name", person_id=f"{_MARK}person")
    own = {"current_actor": nobody, "csrf_token": lambda: f"{_MARK}csrf", "csp_nonce": lambda: f"{_MARK}nonce"}
    return render_template(template, **{**context, **own})


def _keep(key: Hashable, parts: list[str]) -> None:
    with _lock:
        _letters[key] = parts
        while len(_letters) > MOST_LETTERS:
            _letters.popitem(last=False)


def forget() -> None:
    """Throw all letters away."""
    with _lock:
        _letters.clear()
