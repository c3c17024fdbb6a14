# SPDX-License-Identifier: Apache-2.0
"""The readiness of a programme in words: components, policies, and the people that they need."""

from __future__ import annotations

from collections.abc import Mapping

from babel import Locale, UnknownLocaleError
from flask_babel import gettext, lazy_gettext, ngettext

from lti_mentoring.domain.editing import CHANGED
from lti_mentoring.domain.programme import Policy
from lti_mentoring.domain.readiness import Component, Need
from lti_mentoring.domain.translation import Share
from lti_mentoring.web.wording.phrase import count_words, say

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

def component_words(component: Component) -> tuple[str, str]:
    """-> (title, how much of it there is or what is missing)"""
    title, there, missing = COMPONENTS[component.key]
    return str(title), say(there, component.facts) if component.there else str(missing)


def policy_words(policy: Policy) -> tuple[str, str]:
    """-> (name, what it is for)"""
    own = policy.name.removesuffix(CHANGED)
    if own != policy.name:
        called = policy_name_words(own)
        told = gettext("Edited in the browser: it asks for other things than “%(policy)s” as it was imported.", policy=called)
        return policy_name_words(policy.name), told
    return policy_name_words(own), str(POLICIES.get(own, ("", ""))[1])


def policy_name_words(name: str) -> str:
    """What a policy is called."""
    own = name.removesuffix(CHANGED)
    title = str(POLICIES.get(own, (own, ""))[0])
    return title if own == name else gettext("%(policy)s, changed", policy=title)


def share_words(share: Share) -> tuple[str, str]:
    """-> (the language by its own name, how much of it is there)"""
    try:
        name = Locale.parse(share.language, sep="-").get_display_name() or share.language
    except (ValueError, UnknownLocaleError):
        name = share.language
    if share.stale:
        words = ngettext("One text is older than its source.", "%(num)s texts are older than their source.", share.stale)
        return name, f"{words} {gettext('What belongs together is read in the source until it is translated again.')}"
    if share.translated < share.texts:
        return name, gettext("What is not translated is read in the source.")
    return name, gettext("All of it is translated.")


def need_words(need: Need) -> str:
    """One task with the fewest people that it takes."""
    count = need.people
    if need.code == "review":
        return ngettext("One person reads each application", "%(num)s people read each application", count)
    if need.code == "model":
        return ngettext("One mentor is watched and co-mentors", "%(num)s mentors are watched and co-mentor", count)
    if need.code == "observe":
        return ngettext("One person observes independent sessions", "%(num)s people observe independent sessions", count)
    return ngettext("One person decides on the credential", "%(num)s people decide on the credential", count)


def people_kind_words(kind: str, count: int = 2) -> str:
    """Coordinators, mentors, people from outside; of a kind, as many."""
    if kind == "coordinator":
        return ngettext("coordinator", "coordinators", count)
    if kind == "mentor":
        return ngettext("mentor who observes", "mentors who observe", count)
    return ngettext("person from outside who decides", "people from outside who decide", count)


def missing_people_words(missing: Mapping[str, int]) -> str:
    """How many are missing of each kind."""
    return ", ".join(f"{count_words(count)} {people_kind_words(kind, count)}" for kind, count in missing.items())
