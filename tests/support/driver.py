# SPDX-License-Identifier: Apache-2.0
"""A browser stand-in over real HTTP, a handle on the pocket LMS, and a way to serve an app: what journeys are written with."""

from __future__ import annotations

import html
import http.client
import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit

from werkzeug.serving import WSGIRequestHandler, make_server

LOOPBACK = {"localhost", "127.0.0.1", "::1"}
REDIRECTS = {301, 302, 303, 307, 308}


# Serving -----------------------------------------------------------------------------------------------------------------


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, *_: Any) -> None:
        pass


def _closed(app: Any) -> Any:
    """What the app gives back is closed even where a browser hung up: the server forgets to, when it meets the reset afterwards."""

    def answer(environ: Any, start_response: Any) -> Iterator[bytes]:
        made = app(environ, start_response)
        try:
            yield from made
        finally:
            getattr(made, "close", lambda: None)()

    return answer


@contextmanager
def serving(app: Any, port: int, host: str = "127.0.0.1") -> Iterator[str]:
    """Serve a WSGI app in threads; its address."""
    made = make_server(host, port, _closed(app), threaded=True, request_handler=_Quiet)
    made.daemon_threads = True
    thread = threading.Thread(target=made.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{port}"
    finally:
        made.shutdown()
        thread.join()
        made.server_close()


# What comes back ---------------------------------------------------------------------------------------------------------


@dataclass
class Form:
    """A form of a page. ``buttons`` are its named submit buttons; they are sent only if asked for."""

    method: str
    action: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)
    auto: bool = False
    repeated: list[tuple[str, str]] = field(default_factory=list)

    def with_fields(self, **fields: str | None) -> Form:
        """The same form with other values; None leaves a field out."""
        merged = {**self.fields, **fields}
        return replace(self, fields={name: value for name, value in merged.items() if value is not None})


@dataclass
class Response:
    """An answer, with the answers that led to it in ``history``."""

    method: str
    url: str
    status: int
    headers: http.client.HTTPMessage
    body: bytes
    history: list[Response] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    @property
    def path(self) -> str:
        """The path of the page that was reached."""
        return urlsplit(self.url).path

    @property
    def location(self) -> str | None:
        """Where a redirect points."""
        target = self.headers.get("Location")
        return urljoin(self.url, target) if target else None

    @property
    def cookies_set(self) -> list[str]:
        """Every Set-Cookie line."""
        return list(self.headers.get_all("Set-Cookie") or [])

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def forms(self) -> list[Form]:
        """The forms of the page."""
        return _Page(self.url, self.text).forms

    @property
    def csrf(self) -> str | None:
        """The page's CSRF token, from its meta element or from a form."""
        return _Page(self.url, self.text).csrf

    def form(self, action: str | None = None) -> Form:
        """The form whose address ends like that, else the first."""
        found = [one for one in self.forms if action is None or urlsplit(one.action).path.endswith(action)]
        assert found, f"{self.url} ({self.status}) has no form{f' to {action}' if action else ''}: {self.text[:600]}"
        return found[0]


class _Page(HTMLParser):
    def __init__(self, url: str, text: str) -> None:
        super().__init__()
        self.url, self.forms, self.csrf = url, [], None
        self._form: Form | None = None
        self._area: str | None = None
        self._select: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        if tag == "meta" and known.get("name") == "csrf-token":
            self.csrf = known.get("content")
        if tag == "form":
            target = urljoin(self.url, known.get("action") or self.url)
            self._form = Form(known.get("method", "get").upper(), target, auto="data-auto" in known)
            self.forms.append(self._form)
        if "name" in known and known["name"] == "csrf_token" and self.csrf is None:
            self.csrf = known.get("value")
        if self._form is not None and "name" in known and "disabled" not in known:
            self._control(tag, known)
        if tag == "option" and self._form is not None and self._select is not None:
            first = self._select not in self._form.fields
            if first or "selected" in known:
                self._form.fields[self._select] = known.get("value", "")

    def _control(self, tag: str, known: dict[str, str]) -> None:
        assert self._form is not None
        name, kind = known["name"], known.get("type", "text")
        if tag == "button" or (tag == "input" and kind == "submit"):
            self._form.buttons.append((name, known.get("value", "")))
        elif tag == "input" and kind in {"checkbox", "radio"}:
            if "checked" in known:
                self._keep(name, known.get("value", "on"))
        elif tag == "input":
            self._keep(name, known.get("value", ""))
        elif tag == "textarea":
            self._area = name
            self._form.fields[name] = ""
        elif tag == "select":
            self._select = name

    def _keep(self, name: str, value: str) -> None:
        assert self._form is not None
        if name in self._form.fields:
            self._form.repeated.append((name, value))
        else:
            self._form.fields[name] = value

    def handle_data(self, data: str) -> None:
        if self._area is not None and self._form is not None:
            self._form.fields[self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "textarea":
            self._area = None
        elif tag == "select":
            self._select = None


# The browser -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cookie:
    """A cookie as the browser keeps it."""

    name: str
    value: str
    path: str
    secure: bool
    same_site: str
    partitioned: bool
    http_only: bool


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


class Browser:
    """One person's browser: keeps cookies by origin, follows redirects, sends what a browser sends along.

    ``framed``: the tool stands in a frame of the LMS, so its cookies are third-party ones and need SameSite=None.
    ``third_party_cookies``: False lets only partitioned ones live in a frame. ``cookies``: False keeps none of the tool's.
    """

    def __init__(
        self,
        tool_url: str,
        *,
        lms_url: str = "http://127.0.0.1:8001",
        framed: bool = True,
        third_party_cookies: bool = True,
        cookies: bool = True,
        language: str = "en",
    ) -> None:
        self.tool_url, self.lms_url = tool_url.rstrip("/"), lms_url.rstrip("/")
        self.framed, self.third_party_cookies, self.keep_cookies, self.language = framed, third_party_cookies, cookies, language
        self.jar: dict[str, dict[str, Cookie]] = {}
        self.page: Response | None = None

    # Cookies

    def _third_party(self, url: str) -> bool:
        return self.framed and _origin(url) == _origin(self.tool_url)

    def _allowed(self, url: str, cookie: Cookie) -> bool:
        if _origin(url) == _origin(self.tool_url) and not self.keep_cookies:
            return False
        if cookie.secure and urlsplit(url).scheme != "https" and _host(url) not in LOOPBACK:
            return False
        if not self._third_party(url):
            return True
        return cookie.same_site == "none" and (self.third_party_cookies or cookie.partitioned)

    def _take(self, answer: Response) -> None:
        for line in answer.cookies_set:
            cookie, gone = _parse_cookie(line)
            prefix_kept = not cookie.name.startswith("__Host-") or (cookie.secure and cookie.path == "/" and "domain=" not in line.lower())
            if cookie.same_site == "none" and not cookie.secure:
                continue
            if not prefix_kept or not self._allowed(answer.url, cookie):
                continue
            kept = self.jar.setdefault(_origin(answer.url), {})
            kept.pop(cookie.name, None)
            if not gone:
                kept[cookie.name] = cookie

    def set_cookie(self, url: str, name: str, value: str) -> None:
        """Put a cookie in by hand."""
        self.jar.setdefault(_origin(url), {})[name] = Cookie(name, value, "/", True, "none", True, True)

    def cookies_for(self, url: str, *, cross_site: bool = False) -> dict[str, str]:
        """What is sent along to an address."""
        path = urlsplit(url).path or "/"
        kept = self.jar.get(_origin(url), {}).values()
        return {
            one.name: one.value
            for one in kept
            if self._allowed(url, one) and path.startswith(one.path) and not (cross_site and one.same_site in {"lax", "strict"})
        }

    # Requests

    def raw(
        self, method: str, url: str, *, body: bytes | str | None = None, headers: Mapping[str, str] | None = None, source: str | None = None
    ) -> Response:
        """One request, nothing followed. ``source`` is the page that it comes from."""
        target = urljoin(f"{self.tool_url}/", url)
        cross = source is not None and _host(source) != _host(target)
        sent = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Accept-Language": self.language, "Host": urlsplit(target).netloc}
        sent["User-Agent"] = "driver"
        sent["Sec-Fetch-Site"] = "none" if source is None else "cross-site" if cross else _site_relation(source, target)
        sent["Sec-Fetch-Mode"] = "navigate"
        sent["Sec-Fetch-Dest"] = "iframe" if self.framed else "document"
        if source is not None and method != "GET":
            sent["Origin"] = _origin(source)
        cookies = self.cookies_for(target, cross_site=cross and method != "GET")
        if cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        sent.update(headers or {})
        answer = _send(method, target, body, {name: value for name, value in sent.items() if value != ""})
        self._take(answer)
        return answer

    def go(
        self,
        method: str,
        url: str,
        *,
        data: Mapping[str, Any] | list[tuple[str, str]] | None = None,
        source: str | None = None,
        headers: Mapping[str, str] | None = None,
        follow: bool = True,
    ) -> Response:
        """A navigation: follows redirects, and remembers the page that it ends on."""
        target, history, extra = urljoin(f"{self.tool_url}/", url), [], dict(headers or {})
        body = None
        if data is not None:
            body = urlencode(data, doseq=True)
            extra.setdefault("Content-Type", "application/x-www-form-urlencoded")
        for _ in range(20):
            answer = self.raw(method, target, body=body, headers=extra, source=source)
            answer.history = list(history)
            if not follow or answer.status not in REDIRECTS or answer.location is None:
                self.page = answer
                return answer
            history.append(answer)
            target = answer.location
            if answer.status not in {307, 308}:
                method, body = "GET", None
                extra.pop("Content-Type", None)
        raise AssertionError(f"too many redirects, at {target}")

    def get(self, url: str, *, follow: bool = True, headers: Mapping[str, str] | None = None) -> Response:
        """Open a page of the tool (or any absolute address), as from a link on the last page."""
        return self.go("GET", url, source=self._source(), follow=follow, headers=headers)

    def post(
        self,
        url: str,
        data: Mapping[str, Any] | None = None,
        *,
        csrf: str | bool = True,
        follow: bool = True,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Send a form of the tool from the last page, its CSRF token included unless ``csrf`` is False (or is the token)."""
        fields = dict(data or {})
        token = csrf if isinstance(csrf, str) else self.csrf if csrf else None
        if token:
            fields.setdefault("csrf_token", token)
        return self.go("POST", url, data=fields, source=self._source(), follow=follow, headers=headers)

    def json_post(
        self, url: str, payload: Any, *, method: str = "POST", csrf: str | bool = True, headers: Mapping[str, str] | None = None
    ) -> Response:
        """What a script on the last page would send; the page stays."""
        sent = {"Content-Type": "application/json", "Accept": "application/json", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
        token = csrf if isinstance(csrf, str) else self.csrf if csrf else None
        if token:
            sent["X-CSRFToken"] = token
        return self.raw(method, url, body=json.dumps(payload), headers={**sent, **(headers or {})}, source=self._source())

    def submit(self, form: Form | None = None, button: tuple[str, str] | None = None, *, follow: bool = True, **fields: Any) -> Response:
        """Send a form as it stands (the first of the last page unless given), with other values where named."""
        assert self.page is not None or form is not None
        chosen = form or self.page.form()  # type: ignore[union-attr]
        values: dict[str, Any] = {**chosen.fields, **fields}
        pairs = [(name, item) for name, value in values.items() for item in (value if isinstance(value, list) else [value])]
        pairs += [pair for pair in chosen.repeated if pair[0] not in fields]
        if button:
            pairs.append(button)
        pairs = [(name, str(value)) for name, value in pairs if value is not None]
        if chosen.method == "GET":
            return self.go("GET", f"{chosen.action.split('?')[0]}?{urlencode(pairs)}", source=self._source(), follow=follow)
        return self.go("POST", chosen.action, data=pairs, source=self._source(), follow=follow)

    def _source(self) -> str:
        return self.page.url if self.page is not None else f"{self.tool_url}/"

    @property
    def csrf(self) -> str | None:
        """The CSRF token of the last page."""
        return self.page.csrf if self.page is not None else None

    # Launches

    def initiate(self, site: str, persona: str, activity: str, **twists: Any) -> dict[str, Any]:
        """Begin a launch at the LMS: {login_url, launch_url, params}; this browser is that persona from now on."""
        begun: dict[str, Any] = Lms(self.lms_url, site).launch(persona, activity, **twists)
        self.set_cookie(self.lms_url, begun["cookie"]["name"], begun["cookie"]["value"])
        return begun

    def login(self, site: str, persona: str, activity: str, *, by: str = "POST", **twists: Any) -> Response:
        """Up to the LMS's form for the tool's launch address (``.form()``), or to whatever refused on the way."""
        begun = self.initiate(site, persona, activity, **twists)
        course = f"{self.lms_url}/{site}/course"
        if by == "GET":
            answer = self.go("GET", f"{begun['login_url']}?{urlencode(begun['params'])}", source=course)
        else:
            answer = self.go("POST", begun["login_url"], data=begun["params"], source=course)
        onward = re.search(r'<noscript><meta http-equiv="refresh" content="0; url=([^"]+)">', answer.text)
        return self.go("GET", html.unescape(onward[1]), source=answer.url) if onward else answer

    def launch(self, site: str, persona: str, activity: str, *, by: str = "POST", follow: bool = True, **twists: Any) -> Response:
        """A whole launch, to the page that it ends on.

        Twists (see ``Lms.launch``): ``without=[...]``, ``header={...}``, ``sign="foreign_key"``, ``form={...}``, ``login={...}``,
        ``payload={...}``, ``error="login_required"``, ``message_hint="..."``, ``claims={...}``; anything else is a claim
        by its short name (``roles=[]``, ``deployment_id="x"``, ``exp=1``).
        """
        answer = self.login(site, persona, activity, by=by, **twists)
        if _origin(answer.url) != _origin(self.lms_url) or not any(form.auto for form in answer.forms):
            return answer
        return self.submit(follow=follow)


def _site_relation(source: str, target: str) -> str:
    return "same-origin" if _origin(source) == _origin(target) else "same-site"


def _parse_cookie(line: str) -> tuple[Cookie, bool]:
    first, *attributes = [part.strip() for part in line.split(";")]
    name, _, value = first.partition("=")
    known = {key.strip().lower(): content.strip() for key, _, content in (part.partition("=") for part in attributes)}
    gone = known.get("max-age", "").lstrip("-").isdigit() and int(known["max-age"]) <= 0
    cookie = Cookie(
        name,
        value.strip('"'),
        known.get("path", "/"),
        "secure" in known,
        known.get("samesite", "lax").lower(),
        "partitioned" in known,
        "httponly" in known,
    )
    return cookie, gone


def _send(method: str, url: str, body: bytes | str | None, headers: dict[str, str]) -> Response:
    parts = urlsplit(url)
    assert parts.hostname in LOOPBACK, f"the driver stays on this machine: {url}"
    connection = http.client.HTTPConnection("127.0.0.1", parts.port or 80, timeout=60)
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=-._~") + (f"?{parts.query}" if parts.query else "")
    raw = body.encode() if isinstance(body, str) else body
    try:
        connection.request(method, path, raw, {**headers, "Connection": "close"})
        answer = connection.getresponse()
        return Response(method, url, answer.status, answer.headers, answer.read())
    finally:
        connection.close()


# The pocket LMS ----------------------------------------------------------------------------------------------------------

TWISTS = {"claims", "without", "payload", "header", "sign", "form", "login", "error", "error_description", "message_hint"}
TWISTS |= {"message", "settings", "course", "block", "about", "column"}


class Lms:
    """A handle on one site of a running pocket LMS."""

    def __init__(self, lms_url: str, site: str) -> None:
        self.url, self.site = f"{lms_url.rstrip('/')}/{site}", site

    def call(self, path: str, payload: Mapping[str, Any] | None = None) -> Any:
        """A control request; GET without a payload."""
        headers = {"Content-Type": "application/json"}
        method, body = ("GET", None) if payload is None else ("POST", json.dumps(payload))
        answer = _send(method, f"{self.url}/control/{path}", body, headers)
        assert answer.status == 200, f"the pocket LMS answered {answer.status}: {answer.text[:300]}"
        return answer.json()

    def state(self, *, since: int = 0, log: bool = True) -> dict[str, Any]:
        """Gradebook, columns, counts, simultaneous, held, faults, log."""
        found: dict[str, Any] = self.call(f"state?since={since}" + ("" if log else "&log=0"))
        return found

    def launch(self, persona: str, activity: str, **twists: Any) -> dict[str, Any]:
        """Begin a launch; keywords that are no twist are claims."""
        asked = {name: value for name, value in twists.items() if name in TWISTS}
        claims = {**asked.pop("claims", {}), **{name: value for name, value in twists.items() if name not in TWISTS}}
        found: dict[str, Any] = self.call("launch", {"persona": persona, "activity": activity, "claims": claims, **asked})
        return found

    def fault(self, name: str, where: str = "all", **options: Any) -> dict[str, Any]:
        """Switch a trouble on (``times=`` and its own options), or do ``expired_token`` or ``rotated_key``."""
        found: dict[str, Any] = self.call("faults", {"name": name, "where": where, **options})
        return found

    def clear(self, fault: int | None = None) -> None:
        """Switch one trouble off, or all."""
        self.call("faults", {"clear": True if fault is None else fault})

    def release(self) -> int:
        """Let held answers go."""
        return int(self.call("faults", {"release": True})["released"])

    def grade_by_hand(self, activity: str, persona: str, score: float | None) -> None:
        """A teacher writes a grade."""
        self.call("grade", {"activity": activity, "persona": persona, "score": score})

    def columns(self) -> dict[str, dict[str, Any]]:
        """The gradebook's columns by what the tool calls their item (resourceId); of others by their label."""
        return {one["resource_id"] or one["label"]: one for one in self.state(log=False)["columns"]}

    def reset(self) -> None:
        """Forget everything but the keys."""
        self.call("reset", {})

    def cell(self, activity: str, persona: str) -> dict[str, Any] | None:
        """The gradebook's cell of a person in an activity, None while nothing was sent."""
        rows = self.state(log=False)["gradebook"]
        return next((row for row in rows if row["activity"] == activity and row["persona"] == persona), None)

    def messages(self, *kinds: str, since: int = 0) -> list[dict[str, Any]]:
        """The logged messages of those kinds (login, auth, token, jwks, lineitems, lineitem, scores, results, memberships)."""
        return [row for row in self.state(since=since)["log"] if not kinds or row["kind"] in kinds]

    def wait(self, until: Callable[[dict[str, Any]], Any], seconds: float = 15) -> dict[str, Any]:
        """The state as soon as it satisfies; AssertionError with the state if it never does."""
        deadline = time.monotonic() + seconds
        while True:
            found = self.state()
            if until(found):
                return found
            assert time.monotonic() < deadline, f"never so within {seconds} s: {json.dumps(found)[:2000]}"
            time.sleep(0.05)


def query(url: str) -> dict[str, str]:
    """The parameters of an address."""
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
