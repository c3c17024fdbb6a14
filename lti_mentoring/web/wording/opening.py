# SPDX-License-Identifier: Apache-2.0
"""The readiness of a programme in words: components, policies, and the people that they need."""

from __future__ import annotations

from flask_babel import lazy_gettext, ngettext

from lti_mentoring.domain.programme import Policy
from lti_mentoring.domain.readiness import Component, Need
from lti_mentoring.web.wording.phrase import say

_l = lazy_gettext

COMPONENTS = {
    "application": (_l("How one applies"), _l("%(questions)s questions in the form"), _l("The pack has no application form.")),
    "competencies": (
        _l("What a mentor can do"),
        _l("%(competencies)s competencies with %(indicators)s indicators"),
        _l("No competency has an indicator."),
    ),
    "outcomes": (_l("What it is to bring about"), _l("%(outcomes)s outcomes"), _l("The pack names no purpose.")),
    "recognition": (_l("Who is likely to become one"), _l("%(conditions)s conditions"), _l("The form names no condition.")),
    "selection": (_l("How candidates are selected"), _l("reviewed by %(reviewers)s"), _l("The policy names no rubric for applications.")),
    "training": (_l("What they learn"), _l("%(modules)s modules asked for, %(planned)s more planned"), _l("No module is asked for.")),
    "support": (_l("How they are helped"), _l("an answer within %(days)s days for who is stuck"), _l("The pack says nothing of support.")),
    "credential": (_l("What they earn"), _l("a credential for %(months)s months"), _l("The pack says nothing of the credential.")),
}

POLICIES = {
    "starter": (_l("Starter"), _l("For a programme that begins: few people, every rule that protects people kept.")),
    "assured": (_l("Assured"), _l("More people look at the same thing before anything is decided.")),
    "short": (_l("Short"), _l("Modules and one observation, to try the programme with.")),
}

NEEDS = {
    "review": _l("read each application"),
    "model": _l("are watched and co-mentor"),
    "observe": _l("observe independent sessions"),
    "decide": _l("decide on the credential"),
}

KINDS = {"coordinator": _l("coordinators"), "mentor": _l("mentors who observe"), "outside": _l("people from outside who decide")}


def component_words(component: Component) -> tuple[str, str]:
    """-> (title, how much of it there is or what is missing)"""
    title, there, missing = COMPONENTS[component.key]
    return str(title), say(there, component.facts) if component.there else str(missing)


def policy_words(policy: Policy) -> tuple[str, str]:
    """-> (name, what it is for)"""
    name, text = POLICIES.get(policy.name, (policy.name, ""))
    return str(name), str(text)


def need_words(need: Need) -> str:
    """One task with the fewest people that it takes."""
    who = ngettext("One person", "%(num)s people", need.people)
    return f"{who} {NEEDS[need.code]}"


def people_kind_words(kind: str) -> str:
    """Coordinators, mentors, people from outside."""
    return str(KINDS[kind])
