# SPDX-License-Identifier: Apache-2.0
"""The certification guide's list as a report: this tool and the pocket LMS over HTTP, on this machine, and nothing else touched."""

from __future__ import annotations

import html
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

from lti_mentoring.demo.site import NORTH

M = "http://purl.imsglobal.org/vocab/lis/v2/membership"
INSTRUCTOR, LEARNER = f"{M}#Instructor", f"{M}#Learner"
NOTHING = {"name": "", "given_name": "", "family_name": "", "email": ""}
SOMEBODY = "conformance"
MOST_STEPS = 10
SECONDS = 30


@dataclass(frozen=True, slots=True)
class Case:
    """A launch with ``twists``: refused for ``reason``, or let in where there is none. ``rule`` is a row of ``docs/checklist.md``."""

    rule: str
    promise: str
    twists: Mapping[str, Any]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """How one line of the report ended; ``why`` says what was seen where it is not held."""

    rule: str
    promise: str
    held: bool
    why: str = ""


def bad(now: int) -> tuple[Case, ...]:
    """The twelve bad launches, in the guide's order."""
    return (
        Case("B-01", "no key id in the token's header", {"header": {"kid": None}}, "kid_missing"),
        Case("B-02", "a key id that the LMS does not publish", {"header": {"kid": "never-heard-of"}}, "kid_unknown"),
        Case("B-03", "a wrong version", {"claims": {"version": "11.3"}}, "version"),
        Case("B-04", "no version", {"without": ["version"]}, "version_missing"),
        Case("B-05", "a signed token that is no launch", {"payload": {"hello": "world"}}, "not_lti"),
        Case("B-06", "a required claim is missing", {"without": ["iss"]}, "iss_missing"),
        Case("B-07", "a token of the past", {"claims": {"exp": now - 600, "iat": now - 660}}, "token_expired"),
        Case("B-08", "a message type that nobody knows", {"claims": {"message_type": "LtiUnheardOf"}}, "message_type"),
        Case("B-09", "no roles", {"without": ["roles"]}, "roles_missing"),
        Case("B-10", "no deployment id", {"without": ["deployment_id"]}, "deployment_id_missing"),
        Case("B-11", "a resource link without an id", {"claims": {"resource_link": {}}}, "resource_link_missing"),
        Case("B-12", "no subject", {"without": ["sub"]}, "sub_missing"),
        Case("V-01", "a key that is not the LMS's", {"sign": "foreign_key"}, "signature"),
        Case("V-02", "no signature at all", {"sign": "none"}, "alg"),
    )


def good() -> tuple[Case, ...]:
    """The eighteen good ones."""
    full = {"name": "Ada Full", "given_name": "Ada", "family_name": "Full", "email": "ada@lms.example"}
    kinds = f"{M[:-11]}/course#CourseGroup"
    told: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
        ("G-01", "an instructor with everything personal", {"roles": [INSTRUCTOR], **full}),
        ("G-01", "a learner with everything personal", {"roles": [LEARNER], **full}),
        ("G-02", "several roles", {"roles": [LEARNER, INSTRUCTOR]}),
        ("G-03", "the short role of an instructor", {"roles": ["Instructor"]}),
        ("G-03", "the short role of a learner", {"roles": ["Learner"]}),
        ("G-04", "a role that nobody knows", {"roles": ["https://vendor.example/role#Wizard"]}),
        ("G-05", "an empty list of roles", {"roles": []}),
        ("G-06", "an email address and no name", {**NOTHING, "email": "ada@lms.example"}),
        ("G-06", "a name and no email address", {**NOTHING, "given_name": "Ada", "family_name": "Part"}),
        ("G-06", "nothing personal", NOTHING),
        ("G-08", "claims that nobody knows", {"https://vendor.example/claim/x": {"deep": [1, {"a": None}]}}),
        ("G-09", "a context that is a group", {"context": {"id": "2", "type": [kinds]}}),
        ("G-10", "custom values that say nothing", {"custom": {"empty": "", "unknown": "$Nobody.knows", "null": None, "list": [1]}}),
        ("G-11", "sizes as texts and no way back", {"launch_presentation": {"width": "800", "height": "600"}}),
        ("G-12", "an audience that is a list", {"aud": ["north-pocket-client"]}),
        ("G-13", "a language tag that is none", {"launch_presentation": {"locale": "not a locale!"}}),
        ("G-14", "a subject of 255 characters", {"sub": "s" * 255}),
    )
    cases = (Case(rule, promise, {"claims": {"sub": f"{SOMEBODY}-{number}", **said}}) for number, (rule, promise, said) in enumerate(told))
    return (*cases, Case("G-07", "no context", {"without": ["context"], "claims": {"sub": SOMEBODY}}))


@dataclass
class Seen:
    """What came back in the end."""

    status: int
    url: str
    text: str
    cookies_set: list[str] = field(default_factory=list)

    def fields(self, ending: str = "") -> dict[str, str]:
        """The hidden fields of the page's first posted form (whose address ends so), with its address as ``""``; none without one."""
        for told, inside in re.findall(r"<form\b([^>]*)>(.*?)</form>", self.text, re.DOTALL):
            action = re.search(r'action="([^"]*)"', told)
            address = urljoin(self.url, html.unescape(action[1])) if action else self.url
            if 'method="post"' in told and address.endswith(ending):
                return {"": address, **dict(_hidden(inside))}
        return {}


def _hidden(inside: str) -> Iterator[tuple[str, str]]:
    for tag in re.findall(r"<input\b[^>]*>", inside):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and 'type="hidden"' in tag:
            yield name[1], html.unescape(value[1]) if value else ""


class Visitor:
    """A browser's part of a launch: cookies for each origin, forms that send themselves, redirects."""

    def __init__(self, tool_url: str, lms_url: str, site: str = "north") -> None:
        self.tool_url, self.lms_url, self.site = tool_url, lms_url, site
        self._jar: dict[str, dict[str, str]] = {}
        self._http = requests.Session()
        self._http.trust_env = False

    def launch(self, persona: str, activity: str, **twists: Any) -> Seen:
        """From the course page to the page that it ends on, or to whatever refused on the way."""
        asked = {"persona": persona, "activity": activity, **twists}
        begun = self._http.post(f"{self.lms_url}/{self.site}/control/launch", json=asked, timeout=SECONDS).json()
        self._jar.setdefault(self.lms_url, {})[begun["cookie"]["name"]] = begun["cookie"]["value"]
        seen = self.go("POST", begun["login_url"], begun["params"])
        fields = seen.fields()
        if not seen.url.startswith(self.lms_url) or not fields:
            return seen
        return self.go("POST", fields.pop(""), fields)

    def go(self, method: str, url: str, data: Mapping[str, Any] | None = None) -> Seen:
        """One navigation, its redirects followed."""
        set_lines: list[str] = []
        for _ in range(MOST_STEPS):
            origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))
            own = origin == self.tool_url
            headers = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin" if own and "/lti/" not in url else "cross-site"}
            cookies = "; ".join(f"{name}={value}" for name, value in self._jar.get(origin, {}).items())
            answer = self._http.request(
                method, url, data=data, headers=headers | ({"Cookie": cookies} if cookies else {}), allow_redirects=False, timeout=SECONDS
            )
            self._http.cookies.clear()
            lines = answer.raw.headers.getlist("Set-Cookie")
            set_lines += [line for line in lines if own]
            self._take(origin, lines)
            if answer.status_code not in (301, 302, 303) or "Location" not in answer.headers:
                return Seen(answer.status_code, url, answer.text, set_lines)
            method, data, url = "GET", None, urljoin(url, answer.headers["Location"])
        return Seen(0, url, "", set_lines)

    def _take(self, origin: str, lines: list[str]) -> None:
        for line in lines:
            name, _, rest = line.partition("=")
            kept = self._jar.setdefault(origin, {})
            if "max-age=0" in line.lower():
                kept.pop(name, None)
            else:
                kept[name] = rest.partition(";")[0]

    def state(self) -> dict[str, Any]:
        """What the pocket LMS holds."""
        found: dict[str, Any] = self._http.get(f"{self.lms_url}/{self.site}/control/state?log=0", timeout=SECONDS).json()
        return found


@dataclass(frozen=True, slots=True)
class Worker:
    """What a worker would do now: send what is due, and read the rosters that were asked for."""

    deliver: Callable[[], None]
    read_rosters: Callable[[], None]


def report(tool_url: str, lms_url: str, worker: Worker) -> Iterator[Result]:
    """Each line as it is found."""
    for case in (*bad(int(time.time())), *good()):
        yield _launched(Visitor(tool_url, lms_url), case)
    yield _placed(Visitor(tool_url, lms_url))
    yield _enrolled(Visitor(tool_url, lms_url), worker)
    yield _graded(Visitor(tool_url, lms_url), worker)


def _launched(visitor: Visitor, case: Case) -> Result:
    seen = visitor.launch("candidate", "programme", **case.twists)
    signed_in = any("__Host-lti-mentoring=" in line and "max-age=0" not in line.lower() for line in seen.cookies_set)
    if case.reason:
        held = seen.status in (400, 401) and f">{case.reason}<" in seen.text and not signed_in
        return Result(case.rule, f"refused: {case.promise}", held, "" if held else _saw(seen, signed_in))
    held = seen.status == 200 and urlsplit(seen.url).path.startswith("/courses/") and signed_in
    return Result(case.rule, f"accepted: {case.promise}", held, "" if held else _saw(seen, signed_in))


def _saw(seen: Seen, signed_in: bool) -> str:
    reason = re.search(r'<dd class="wire">([a-z_]+)</dd>', seen.text)
    said = f", reason {reason[1]}" if reason else ""
    return f"status {seen.status} at {urlsplit(seen.url).path}{said}, {'' if signed_in else 'not '}signed in"


def _placed(visitor: Visitor) -> Result:
    promise = "deep linking: a request, a choice, a signed answer that the LMS takes"
    picker = visitor.launch("coordinator", "programme", message="deep_linking", course=2)
    fields = picker.fields()
    if picker.status != 200 or not fields:
        return Result("DL-15", promise, False, _saw(picker, True))
    answer = visitor.go("POST", fields.pop(""), {**fields, "item": "programme"})
    back = answer.fields()
    if "JWT" not in back:
        return Result("DL-15", promise, False, _saw(answer, True))
    taken = visitor.go("POST", back.pop(""), back)
    held = taken.status == 200 and "Added to the course" in taken.text
    return Result("DL-15", promise, held, "" if held else f"the LMS answered {taken.status}: {_words(taken.text)}")


def _words(text: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())[:200]


def _enrolled(visitor: Visitor, worker: Worker) -> Result:
    promise = "names and roles: everybody whom the LMS lists is known here"
    home = visitor.launch("coordinator", "programme")
    address = f"{'/'.join(home.url.split('/')[:5])}/roster"
    fields = visitor.go("GET", address).fields("/roster")
    if not fields:
        return Result("NR-02", promise, False, "the page of the roster has no button to read it")
    visitor.go("POST", fields.pop(""), fields)
    worker.read_rosters()
    page = visitor.go("GET", address).text
    missing = [one.name for one in NORTH.people if one.enrolled and one.name and html.escape(one.name) not in page]
    return Result("NR-02", promise, not missing, f"not there: {', '.join(missing)}" if missing else "")


def _graded(visitor: Visitor, worker: Worker) -> Result:
    promise = "grades: a score that was decided here stands in the LMS's gradebook"
    worker.deliver()
    cells = [cell for cell in visitor.state()["gradebook"] if cell["persona"] == "second" and cell["score"] is not None]
    held = bool(cells)
    return Result("SC-01", promise, held, "" if held else "the gradebook holds no score")
