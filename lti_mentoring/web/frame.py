# SPDX-License-Identifier: Apache-2.0
"""Headers: what may frame a page, what a page may load, and the check that a form came from our own pages."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable
from urllib.parse import urlsplit

from flask import Flask, Request, Response, g, request
from flask_wtf.csrf import CSRFProtect
from werkzeug.exceptions import BadRequest, Forbidden

from lti_mentoring.web import session
from lti_mentoring.web.tool import Onward
from lti_mentoring.web.wiring import EXTENSION, the_request, wiring

ANYONE = ("https:", "http:")
"""For refusal pages: they carry no data and no action, and must be readable inside whatever frame they were refused in."""

NOBODY = "'none'"

POLICY = "default-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'"
"""What holds for every page; scripts, forms and frames are added to it."""

ALWAYS = (("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "same-origin"))
"""Headers that are the same on every response, and that no page sets by itself."""

OF_PAGES = (
    ("Content-Security-Policy-Report-Only", "require-trusted-types-for 'script'"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
)
"""Those that govern a document; a redirect without a page has none to govern, and browsers heed them on no redirect."""

UNKEPT = ("Cache-Control", "no-store")

SECURE = ("Strict-Transport-Security", "max-age=31536000")

_PLACE = re.compile(r"([a-z0-9_.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?", re.ASCII | re.IGNORECASE)
"""Host and port as they may stand in a header."""

NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
UNPAIRED = re.compile("[\ud800-\udfff]")

SAFE = ("GET", "HEAD", "OPTIONS")

PROVEN_OTHERWISE = ("/lti/login", "/lti/launch", "/lti/complete", "/lti/return", "/lti/window", "/lti/notices", "/lti/unsubscribe")
"""Cross-site by nature: a login changes nothing, a launch carries a signed token and a state bound to this browser, and what ends mails
is a signed link that mail programs send by themselves."""

AT_THE_DOOR = ("/door/open", "/door/ask", "/door/not-me", "/door/challenge", "/door/enter")
INVITED = ("/lti/register/", "/references/", "/guest/open", "/guest/ask", *AT_THE_DOOR)
"""Without a session, so without its token: the invite is a secret, and the form must come from a page of ours."""


TOKENS = CSRFProtect()
"""Every form of ours carries a token of its session."""


class ForeignForm(Forbidden):
    """A state-changing request that did not come from one of our own pages."""


def csp_nonce() -> str:
    """The nonce that this response's scripts carry."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    found: str = g.csp_nonce
    return found


def allow_frames(origins: tuple[str, ...]) -> None:
    """Let pages of these origins frame this response."""
    g.frame_origins = origins


def allow_form_to(url: str) -> None:
    """Let this response's forms end at ``url``'s origin; browsers check redirects of a form too."""
    parts = urlsplit(url)
    if _PLACE.fullmatch(parts.netloc):  # anything else could write a directive of its own into the policy
        g.form_targets = (*g.get("form_targets", ()), f"{parts.scheme}://{parts.netloc}")


def _ancestors() -> tuple[str, ...]:
    found: tuple[str, ...] | None = g.get("frame_origins")
    if found is not None:
        return found
    row = session.current()
    return row.frame_origins if row is not None else ()


def policy() -> str:
    """The content security policy of this response (checklist AS-01, AS-02). Where no template asked for a nonce, no script can run."""
    nonce = g.get("csp_nonce")
    scripts = f"'nonce-{nonce}' 'strict-dynamic'" if nonce else "'none'"
    forms = " ".join(("form-action 'self'", *g.get("form_targets", ())))
    return f"{POLICY}; script-src {scripts}; {forms}; frame-ancestors {' '.join(_ancestors()) or NOBODY}"


def _headers(public_url: str) -> Callable[[Response], Response]:
    """-> what gives every response its headers."""
    fixed = (*ALWAYS, SECURE) if public_url.startswith("https://") else ALWAYS
    of_redirects = (*fixed, UNKEPT)

    def add_headers(response: Response) -> Response:
        headers = response.headers
        if isinstance(response, Onward):
            headers.extend(of_redirects)
            return response
        if not headers.getlist("Cache-Control") and request.endpoint != "static":
            headers.extend((UNKEPT,))
        headers.extend((("Content-Security-Policy", policy()), *OF_PAGES, *fixed))
        return response

    return add_headers


def check() -> None:
    """What every request must be; one that may change something, and does not prove itself otherwise, comes from a page of ours."""
    asked = the_request()
    if asked.method not in SAFE and asked.path not in PROVEN_OTHERWISE:
        check_origin(asked)
        if not asked.path.startswith(INVITED):
            TOKENS.protect(apply_exemptions=True)  # nothing is exempt but addresses that lead nowhere
    check_text(asked)


def check_origin(asked: Request) -> None:
    """A state-changing request comes from our own page (checklist AS-03): Sec-Fetch-Site, else Origin, else Referer; none is a refusal."""
    site = asked.headers.get("Sec-Fetch-Site")
    if site is not None:
        if site != "same-origin":
            raise ForeignForm
        return
    claimed = asked.headers.get("Origin") or asked.headers.get("Referer")
    if not claimed:
        raise ForeignForm
    parts = urlsplit(claimed)
    if f"{parts.scheme}://{parts.netloc}" != wiring().settings.public_url:
        raise ForeignForm


def check_text(asked: Request) -> None:
    """No database keeps NUL or half a character, and no page of ours sends one: a bad request, not a failure inside."""
    said = [asked.path]
    for given in (asked.args, asked.form):
        for named in given.items(multi=True):
            said += named
    if asked.is_json:
        try:
            said.append(NUL.sub("\0", json.dumps(asked.get_json(), ensure_ascii=False)))
        except RecursionError:
            raise BadRequest from None
    text = "\n".join(said)
    if "\0" in text or (not text.isascii() and UNPAIRED.search(text)):
        raise BadRequest


def init_app(app: Flask) -> None:
    """Register the checks and the headers."""
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False  # ``check`` asks for the token, where it asks where a form came from
    TOKENS.init_app(app)
    app.before_request(check)
    app.after_request(_headers(app.extensions[EXTENSION].settings.public_url))
    app.jinja_env.globals["csp_nonce"] = csp_nonce
