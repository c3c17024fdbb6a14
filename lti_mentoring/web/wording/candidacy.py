# SPDX-License-Identifier: Apache-2.0
"""A candidate's way in words: stations, what is required, what comes next, and why there is no grade yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext, lazy_gettext, ngettext

from lti_mentoring.domain.candidacy import NextStep
from lti_mentoring.web.wording import counting
from lti_mentoring.web.wording.line import Line
from lti_mentoring.web.wording.phrase import Coded, capital, count_words, say, unknown

_l = lazy_gettext

TITLES = {
    "application": _l("Application"),
    "selection": _l("Selection"),
    "training": _l("Training"),
    "structured_observation": _l("Structured observation"),
    "co_mentoring": _l("Co-mentoring"),
    "independent_mentoring": _l("Independent mentoring"),
    "group_mentoring": _l("Leading a group"),
    "credential": _l("Credential"),
}


def station_title(key: str) -> str:
    """The name of one of the seven steps."""
    return str(TITLES[key])


STATIONS = {
    "step_met": ("met", _l("Met")),
    "step_open": ("notyet", _l("Not yet")),
    "not_asked": ("notseen", _l("Not from this version")),
    "take_module": ("yours", _l("Yours to start")),
    "go_on_module": ("yours", _l("Yours to finish")),
    "retake_module": ("yours", _l("Yours to try again")),
    "do_practice": ("yours", _l("A practice task to write")),
    "go_on_practice": ("yours", _l("A practice task to hand in")),
    "redo_practice": ("yours", _l("A practice task, once more")),
    "await_practice": ("waits", _l("Waits for a trainer")),
    "renew_module": ("yours", _l("Yours to take anew")),
    "await_plan": ("notyet", _l("Not planned yet")),
    "await_session": ("waits", _l("With %(observer)s, %(planned_for)s")),
    "await_rating": ("waits", _l("Waits for %(observer)s")),
    "await_result": ("waits", _l("Rated; the result is on its way")),
    "await_another": ("notyet", _l("Another one to plan")),
    "await_more": ("notyet", _l("Another one to plan")),
    "await_again": ("notyet", _l("Another one to plan, for what is missing")),
}
"""What stands below a station: kind of state, words."""


def station_words(phrase: Coded) -> tuple[str, str]:
    """The state of a station: its kind and its words."""
    if phrase.code not in STATIONS:
        return "unknown", unknown(phrase.code)
    kind, words = STATIONS[phrase.code]
    return kind, say(words, phrase.facts)


HALTED = {
    "deferred": _l("You have paused."),
    "withdrawn": _l("You have left the programme."),
    "completed": _l("You have completed the programme."),
    "refused": _l("Your way has ended."),
    "excluded": _l("You were excluded from the programme."),
    "timed_out": _l("The time for the whole way is over."),
}


def headline_words(phrase: Coded) -> str:
    """The first clause of the page: how far, or that somebody takes part no more."""
    if phrase.code in HALTED:
        return str(HALTED[phrase.code])
    done, of = int(phrase.facts.get("done", 0)), int(phrase.facts.get("of", 0))
    if phrase.code == "way_met":
        return gettext("Everything that this version asks for is met.")
    if not done:
        return gettext("Your way begins here.")
    return ngettext("%(done)s of %(of)s requirements is met.", "%(done)s of %(of)s requirements are met.", done,
                    done=capital(count_words(done)), of=count_words(of))  # fmt: skip


LEDES = {
    "take_module": _l("The next step is yours: module %(key)s, “%(title)s”."),
    "go_on_module": _l("You have begun module %(key)s, “%(title)s”; go on whenever you like."),
    "retake_module": _l("Module %(key)s is not mastered yet. You can take its check again, as often as you need."),
    "do_practice": _l("The check of module %(key)s is mastered; its practice task is left. A trainer reads it."),
    "go_on_practice": _l("You have begun the practice task of module %(key)s. Hand it in when it is ready."),
    "redo_practice": _l("A trainer has written back on the practice task of module %(key)s: once more, please."),
    "await_practice": _l("A trainer reads your practice task of module %(key)s. Nothing is asked of you until then."),
    "renew_module": _l("Module %(key)s asks for more since you mastered it: %(unproven)s. Take its check once more."),
    "await_plan": _l("Your coordinator plans your observation and names an observer. Nothing is asked of you until then."),
    "await_session": _l("%(observer)s observes you (%(planned_for)s). Nothing else is asked of you until then."),
    "await_rating": _l("%(observer)s is writing the report on your session. Nothing is asked of you; it appears here when it is released."),
    "await_result": _l("%(observer)s has rated your session. Nothing is asked of you; the report appears here once the result stands."),
    "await_another": _l("Your last observation is not met yet. Read its report; your coordinator plans another one."),
    "await_more": _l("A session of yours does not count, and another one is asked for; why stands below. Your coordinator plans it."),
    "await_again": _l("Your sessions are kept. Another one will be planned, and it looks only at what is missing."),
    "all_met": _l("Your gradebook gets the grade by itself. No credential can be issued from this version."),
    "deferred": _l("Nothing is asked of you, and the time for the whole way stands still."),
    "withdrawn": _l("What you have done is kept; your coordinator can take you back for a while."),
    "completed": _l("Everything stays here to read."),
    "refused": _l("The decision was not to award the credential. You can read here what you have done."),
    "excluded": _l("You can appeal; your coordinator says how. You can read here what you have done."),
    "timed_out": _l("What you have done is kept, and nothing new can be begun."),
}


def lede_words(phrase: Coded) -> str:
    """The rest of the first sentence: what comes next, and for whom."""
    words = counting.LEDES.get((phrase.code, str(phrase.facts.get("kind"))), LEDES.get(phrase.code))
    return say(words, phrase.facts) if words is not None else unknown(phrase.code)


@dataclass(frozen=True, slots=True)
class NextWords:
    """The one next thing: a title, one sentence, the words of the button."""

    title: str
    text: str
    button: str


NEXT = {
    "take_module": (
        _l("Module %(key)s: %(title)s"),
        _l("Read the module, then take its knowledge check. You can stop at any time; what you have answered is kept."),
        _l("Open the module"),
    ),
    "go_on_module": (_l("Finish module %(key)s: %(title)s"), _l("Your check is open. Your answers so far are kept."), _l("Go on")),
    "retake_module": (
        _l("Take the check of module %(key)s again"),
        _l("The last attempt did not clear every outcome. New questions are drawn; the module says which parts to read again."),
        _l("Open the module"),
    ),
    "do_practice": (
        _l("Practice task of module %(key)s: %(title)s"),
        _l("Write it here, in as many sittings as you like; what you type is kept. Then hand it in: a trainer marks it on the rubric."),
        _l("Open the practice task"),
    ),
    "go_on_practice": (_l("Finish the practice task of module %(key)s"), _l("What you have written so far is kept."), _l("Go on")),
    "redo_practice": (
        _l("Practice task of module %(key)s, once more"),
        _l("Read what the trainer says of each criterion. Your text is there to go on from."),
        _l("Open the practice task"),
    ),
    "renew_module": (
        _l("Take the check of module %(key)s once more"),
        _l("The programme has a newer version of it, which also asks for: %(unproven)s. What you mastered before is kept."),
        _l("Open the module"),
    ),
}


def next_words(phrase: Coded) -> NextWords:
    """The one next thing that is the reader's own."""
    title, text, button = NEXT[phrase.code]
    return NextWords(say(title, phrase.facts), say(text, phrase.facts), say(button, phrase.facts))


# --- requirements -----------------------------------------------------------------------------------------------------------


def _part(req: Coded) -> Line:
    title = str(TITLES[req.code]) if req.code in TITLES else gettext("Programme")
    return Line("met" if getattr(req, "met", False) else "notyet", title, _share(req.facts))


def _module(req: Coded) -> Line:
    facts = req.facts
    what = say(_l("%(key)s %(title)s"), facts)
    if facts.get("recognised"):
        return Line("met", what, gettext("recognised"), gettext("What you learned before stands for this module."))
    if getattr(req, "met", False):
        return Line("met", what, gettext("mastered"))
    kind, number, why = _practice(facts) if facts.get("mastered") else _check(facts)
    if facts.get("recognition") == "asked":
        why = " ".join((why, gettext("Its recognition is asked for.")))
    return Line(kind, what, number, why)


def _check(facts: Mapping[str, Any]) -> tuple[str, str, str]:
    if facts.get("open_attempt"):
        return "yours", gettext("begun"), gettext("Your check is open; your answers so far are kept.")
    if facts.get("unproven"):
        return "yours", gettext("not yet"), say(_l("Mastered before; since then it also asks for: %(unproven)s."), facts)
    if facts.get("attempts"):
        why = ngettext("One attempt so far; take as many as you need.", "%(num)s attempts so far; take as many as you need.",
                       int(str(facts["attempts"])))  # fmt: skip
        return "yours", gettext("not yet"), why
    if facts.get("practice"):
        return "yours", gettext("not started"), gettext("It takes the knowledge check, and the practice task, which a trainer marks.")
    return "yours", gettext("not started"), gettext("Mastery is the knowledge check. The practice task is shown, not marked.")


def _practice(facts: Mapping[str, Any]) -> tuple[str, str, str]:
    kind, number, why = PRACTICE[str(facts.get("practice"))]
    return kind, str(number), str(why)


PRACTICE = {
    "none": ("yours", _l("check mastered"), _l("The practice task is left to write.")),
    "draft": ("yours", _l("check mastered"), _l("Your practice task is begun, and not handed in yet.")),
    "handed_in": ("waits", _l("handed in"), _l("A trainer reads your practice task.")),
    "once_more": ("yours", _l("once more"), _l("A trainer has written back on your practice task.")),
}
"""How a practice task stands that a trainer marks, once the check is mastered."""


OBSERVATION = {
    "none": ("notyet", _l("Your coordinator plans it and names an observer.")),
    "planned": ("waits", _l("With %(observer)s, %(planned_for)s.")),
    "drafting": ("waits", _l("Waits for the report of %(observer)s.")),
    "rated": ("waits", _l("Rated by %(observer)s; the result does not stand yet.")),
    "not_yet": ("notyet", _l("The report of %(planned_for)s says not yet; another one will be planned.")),
    "aside": ("notyet", _l("The session of %(planned_for)s is kept and does not count; another one will be planned.")),
    "met": ("met", _l("Observed by %(observer)s, %(planned_for)s.")),
}


def _observation(req: Coded) -> Line:
    kind, why = OBSERVATION[str(req.facts.get("state", "none"))]
    of = int(str(req.facts.get("of", 1)))
    what = counting.session_words(req.facts, of)
    said = say(why, req.facts)
    said = " ".join((said, *counting.more_words(req.facts)))
    return Line(kind, what, "" if of == 1 else f"{req.facts.get('number')}/{of}", said)


def _nothing(req: Coded) -> Line:
    return Line("notseen", gettext("Nothing could be observed"), "", gettext("An observation counts once something was seen in it."))


def _overall(req: Coded) -> Line:
    return Line(
        "notyet", gettext("Mean of all criteria"), say(_l("%(mean)s of %(bar)s"), req.facts), gettext("The bar is for all levels together.")
    )


def _competency(req: Coded) -> Line:
    return Line(
        "notyet",
        say(_l("%(competency)s %(title)s"), req.facts),
        say(_l("%(mean)s of %(bar)s"), req.facts),
        gettext("The mean of its criteria."),
    )


def _critical(req: Coded) -> Line:
    return Line(
        "needs", say(_l("%(criterion)s %(title)s"), req.facts), gettext("level 1"), gettext("A critical criterion may not stand at 1.")
    )


REQUIREMENTS = {
    "programme": _part,
    "training": _part,
    "structured_observation": _part,
    "co_mentoring": _part,
    "independent_mentoring": _part,
    "group_mentoring": _part,
    "module_mastered": _module,
    "observation_met": _observation,
    "nothing_observed": _nothing,
    "overall_mean_below": _overall,
    "competency_mean_below": _competency,
    "critical_at_one": _critical,
    **counting.LINES,
}


def _share(facts: Mapping[str, Any]) -> str:
    return gettext("%(done)s of %(of)s", done=facts["done"], of=facts["of"]) if "done" in facts else ""


def requirement_words(req: Coded) -> Line:
    """A requirement, or a reason of a verdict, as one line."""
    make = REQUIREMENTS.get(req.code)
    return make(req) if make else Line("unknown", unknown(req.code))


# --- grades -----------------------------------------------------------------------------------------------------------------

NO_COLUMN = {
    "no_service": _l("This course’s LMS offers no gradebook to the tool, so your results stay here."),
    "score_not_allowed": _l(
        "The LMS does not let the tool fill the gradebook, so your results stay here. Your coordinator can have it allowed."
    ),
    "no_line_item": _l("This activity has no column in the gradebook, so your results stay here."),
}

GRADES = {
    "not_finished": _l(
        "No grade yet: it is sent once everything it stands for is met. Until then the gradebook stays empty, which is not a zero."
    ),
    "waits_for_observer": _l("No grade yet: the report of your observer is awaited."),
    "stopped": _l("Nothing is sent while you are not taking part. What the gradebook has already stays there."),
    "on_its_way": _l("Your grade is on its way to the gradebook. Nothing needs to be done."),
    "refused": _l("Your grade is kept here, but %(platform)s did not take it. Your coordinator sees why and what to do."),
    "set_aside": _l("Your grade is kept here and is not sent; your coordinator decided so."),
    "sent": _l("Your grade was sent to the gradebook, %(at)s."),
}


def grade_words(phrase: Coded) -> str:
    """Why there is no grade yet, or when it was sent."""
    if phrase.code == "no_column":
        return str(NO_COLUMN[str(phrase.facts["why"])])
    return say(GRADES[phrase.code], phrase.facts) if phrase.code in GRADES else unknown(phrase.code)


def cohort_words(step: NextStep) -> tuple[str, str]:
    """The one next thing of a candidate as the coordinator reads it: kind of state, words."""
    kind, words = COHORT[step.code]
    return kind, say(words, step.facts)


COHORT = {
    "take_module": ("notyet", _l("Has not begun module %(key)s")),
    "go_on_module": ("notyet", _l("Is taking module %(key)s")),
    "retake_module": ("notyet", _l("Takes the check of module %(key)s again")),
    "do_practice": ("notyet", _l("Has the practice task of module %(key)s to write")),
    "go_on_practice": ("notyet", _l("Is writing the practice task of module %(key)s")),
    "redo_practice": ("notyet", _l("Writes the practice task of module %(key)s once more")),
    "await_practice": ("yours", _l("Practice task of module %(key)s waits for a trainer")),
    "renew_module": ("notyet", _l("Takes the newer version of module %(key)s")),
    "await_plan": ("yours", _l("Ready to be observed")),
    "await_session": ("waits", _l("With %(observer)s, %(planned_for)s")),
    "await_rating": ("waits", _l("Waits for %(observer)s’s report")),
    "await_result": ("waits", _l("Rated; the result does not stand yet")),
    "await_another": ("yours", _l("Needs another observation")),
    "await_more": ("yours", _l("Needs another observation")),
    "await_again": ("yours", _l("Needs an observation of what is missing")),
    "all_met": ("met", _l("All met")),
    "deferred": ("waits", _l("Has paused")),
    "withdrawn": ("notseen", _l("Has left")),
    "completed": ("met", _l("Has completed the programme")),
    "refused": ("notseen", _l("Was not awarded the credential")),
    "excluded": ("notseen", _l("Was excluded")),
    "timed_out": ("notseen", _l("Has run out of time")),
}
