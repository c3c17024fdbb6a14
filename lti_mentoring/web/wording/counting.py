# SPDX-License-Identifier: Apache-2.0
"""How observations count beside one another, in words: what they have to show together, and why one does not count."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from flask_babel import gettext, lazy_gettext, ngettext

from lti_mentoring.domain.observation import rounded_down
from lti_mentoring.web.wording.line import Line
from lti_mentoring.web.wording.phrase import Coded, say

_l = lazy_gettext

STEPS = {
    "structured_observation": _l("Structured observation"),
    "co_mentoring": _l("Co-mentoring"),
    "independent_mentoring": _l("Independent mentoring"),
    "group_mentoring": _l("Leading a group"),
}

LEDES = {
    ("await_session", "structured"): _l("You watch a mentor (%(planned_for)s) and hand in your notes; %(observer)s rates how you observe."),
    ("await_session", "co"): _l("You lead a session together with a mentor (%(planned_for)s), and both of you rate your part in it."),
}
"""What comes next where the candidate has something to write, by its code and the kind of session."""

ASIDE = {
    "too_early": (_l("Held before its turn"), _l("“%(step)s” was not complete yet on that day. It is kept, and another one is asked for.")),
    "too_old": (_l("Too long ago"), _l("Evidence counts for %(months)s months; this one did until %(until)s.")),
    "too_short": (_l("Too short"), _l("%(minutes)s minutes; a session that counts has at least %(least)s.")),
    "no_joint_plan": (
        _l("Without a joint plan"),
        _l("The two who led it had not both agreed on a plan before it began. It is kept, and another one is asked for."),
    ),
}
"""Why one that was released does not count, whatever its levels say."""


def _aside(req: Coded) -> Line:
    what, why = ASIDE[req.code]
    facts = {**req.facts, "step": STEPS.get(str(req.facts.get("step")), "")}
    return Line("notseen", str(what), "", say(why, facts))


def _median(req: Coded) -> Line:
    return Line("notyet", gettext("Middle of its levels"), say(_l("%(mean)s of %(bar)s"), req.facts), gettext("Half of them lie lower."))


def _share(what: object, why: object) -> Callable[[Coded], Line]:
    def line(req: Coded) -> Line:
        met = bool(getattr(req, "met", False))
        share = say(_l("%(done)s of %(of)s"), req.facts)
        known = getattr(req, "children", ()) or req.code not in LISTED
        told = say(why, req.facts) if known else gettext("Known once the sessions are held.")
        return Line("met" if met else "notyet", say(what, req.facts), share, "" if met else told)

    return line


def _beyond(req: Coded) -> Line:
    met = bool(getattr(req, "met", False))
    why = "" if met else gettext("Somebody else than the mentor of the shared session observes at least once.")
    return Line("met" if met else "notyet", gettext("An observer who was not the co-mentor"), "", why)


def _overall(req: Coded) -> Line:
    met = bool(getattr(req, "met", False))
    what, why = gettext("Mean over all sessions together"), gettext("All levels of all sessions that count.")
    number = say(_l("%(mean)s of %(bar)s"), req.facts) if req.facts.get("mean") is not None else ""
    return Line("met" if met else "notyet", what, number, "" if met else why)


def _competency(req: Coded) -> Line:
    facts = req.facts
    what = say(_l("%(competency)s %(title)s"), facts)
    if facts.get("mean") is None:
        return Line("notseen", what, gettext("not seen yet"), gettext("No session has shown it so far."))
    number = say(_l("%(mean)s of %(bar)s"), facts)
    if facts["mean"] < facts["bar"]:
        return Line("notyet", what, number, gettext("The mean of its criteria over all sessions."))
    times = gettext("seen %(times)s of %(least)s times", times=facts["times"], least=facts["least"])
    why = gettext("Its mean of %(mean)s is enough; it has to be seen again.", mean=rounded_down(facts["mean"]))
    return Line("notyet", what, times, why)


def _criterion(req: Coded) -> Line:
    what = say(_l("%(criterion)s %(title)s"), req.facts)
    if req.facts.get("level") is None:
        return Line("notseen", what, gettext("not seen yet"))
    return Line("notyet", what, say(_l("%(level)s of %(bar)s"), req.facts), gettext("The last time counts."))


def _critical(req: Coded) -> Line:
    met = bool(getattr(req, "met", False))
    sessions = int(str(req.facts.get("sessions", 1)))
    what = ngettext("No critical criterion at level 1 in the last session", "No critical criterion at level 1 in the last %(num)s sessions",
                    sessions)  # fmt: skip
    return Line("met" if met else "notyet", what)


def _at_one(req: Coded) -> Line:
    what = say(_l("%(criterion)s %(title)s"), req.facts)
    return Line("needs", what, gettext("level 1"), say(_l("In the session of %(planned_for)s."), req.facts))


LISTED = ("competencies_together", "every_criterion")
"""What names its open parts below it."""

LINES: Mapping[str, Callable[[Any], Line]] = {
    **dict.fromkeys(ASIDE, _aside),
    "median_below": _median,
    "different_mentors": _share(_l("Different mentors to watch"), _l("Another one than before is asked for.")),
    "different_observers": _share(_l("Different observers"), _l("Somebody who has not observed you yet is asked for.")),
    "different_proteges": _share(
        _l("Different protégés"),
        _l("A session with another protégé is asked for, in a pair or named with an address; those without either count as one."),
    ),
    "every_criterion": _share(_l("Each criterion at level %(bar)s"), _l("Those below are open.")),
    "beyond_co_mentor": _beyond,
    "overall_together": _overall,
    "competencies_together": _share(_l("Each competency, over all sessions"), _l("Those below are open.")),
    "competency_open": _competency,
    "criterion_below": _criterion,
    "critical_together": _critical,
    "critical_at_one_on": _at_one,
}
"""Code of a requirement or of a reason -> its line."""


def session_words(facts: Mapping[str, Any], of: int) -> str:
    """What is asked for as a session: one that is met by itself, or one that counts beside the others."""
    if facts.get("together"):
        return gettext("One session that counts") if of == 1 else say(_l("Session %(number)s that counts"), facts)
    return gettext("One released observation that is met") if of == 1 else say(_l("Observation %(number)s that is met"), facts)


def more_words(facts: Mapping[str, Any]) -> Iterator[str]:
    """What has to come before a session counts, and until when one does."""
    if facts.get("missing"):
        yield gettext("It can begin after: %(modules)s.", modules=", ".join(facts["missing"]))
    if facts.get("after"):
        yield gettext("It counts from the day on which “%(step)s” is complete.", step=STEPS.get(facts["after"], facts["after"]))
    if facts.get("until"):
        yield say(_l("It counts until %(until)s."), facts)
