# SPDX-License-Identifier: Apache-2.0
"""What the doctor found, in words: what it means, and the steps that mend it, in the LMS's own menus where we know them."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext, lazy_gettext

from lti_mentoring.domain.diagnosis import Finding
from lti_mentoring.web.wording.delivery import remedy_words
from lti_mentoring.web.wording.fault import AGAIN, FINDINGS
from lti_mentoring.web.wording.mending import FAMILY_STEPS
from lti_mentoring.web.wording.phrase import say, unknown

_l = lazy_gettext


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A finding as people read it. ``wire`` are the LMS's own words with the status, empty where it said none."""

    title: str
    what: str
    steps: tuple[str, ...]
    wire: str


WHICH = {
    "auth": _l("sign-in address (authentication request URL)"),
    "token": _l("access token address"),
    "jwks": _l("public key address (key set URL)"),
    "lineitems": _l("gradebook service"),
    "memberships": _l("roster service"),
    "service": _l("services"),
}

LINKS = {
    "tool": _l("This tool"),
    "registration": _l("Registration"),
    "launches": _l("Launches"),
    "clock": _l("Clock"),
    "keys": _l("The LMS’s keys"),
    "sign_in": _l("Our sign-in"),
    "services": _l("Services"),
    "grades": _l("Grades"),
    "roster": _l("Roster"),
}

SCOPES = {
    "score": _l("sending grades"),
    "lineitem": _l("making gradebook columns"),
    "lineitem.readonly": _l("reading gradebook columns"),
    "result.readonly": _l("reading grades back"),
    "contextgroup.readonly": _l("the groups of the course"),
    "contextmembership.readonly": _l("the list of the course’s people"),
}


def scope_words(scope: str) -> str:
    """What a permission is for."""
    return str(SCOPES.get(scope.rpartition("/")[2], scope))


def link_words(link: str) -> str:
    """A link of the chain."""
    return str(LINKS[link])


def diagnosis_words(found: Finding, *, family: str = "", registration: str = "", tool: str = "") -> Diagnosis:
    """A finding in words. ``family`` chooses the LMS's own menus, ``tool`` is our public address."""
    if found.code not in FINDINGS:
        said = unknown(found.code)
        return Diagnosis(said, said, (), "")
    title, what, steps = FINDINGS[found.code]
    cause = remedy_words(str(found.facts.get("cause") or "unknown"))
    facts = {
        "registration": registration,
        "tool": tool,
        "what": str(WHICH.get(found.facts.get("which", ""), "")),
        "service": scope_words(str(found.facts.get("scope", ""))),
        "cause_words": cause.title,
        "cause_what": cause.what,
        **found.facts,
    }
    if found.code == "granted":
        facts["scopes"] = [scope_words(one) for one in found.facts.get("scopes", ())]
    if "seconds" in found.facts:
        facts["seconds"] = abs(found.facts["seconds"])
    own = FAMILY_STEPS.get((found.code, family))
    chosen = (*own, AGAIN) if own else steps
    return Diagnosis(say(title, facts), say(what, facts), tuple(say(step, facts) for step in chosen), _wire(found))


def _wire(found: Finding) -> str:
    status, words = found.facts.get("status"), found.facts.get("words")
    if not status and not words:
        return ""
    return " · ".join(str(one) for one in (status, words or gettext("no words")) if one)
