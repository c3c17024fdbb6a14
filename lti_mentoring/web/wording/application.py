# SPDX-License-Identifier: Apache-2.0
"""Applications in words: states, what happened, what is missing, who cannot review, and why not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from flask_babel import format_decimal, lazy_gettext, ngettext

from lti_mentoring.domain.application import WITHOUT_REVIEWS
from lti_mentoring.domain.form import Problem
from lti_mentoring.domain.selection import Conflict, Short
from lti_mentoring.web.wording.phrase import say, unknown

_l = lazy_gettext

RULES = {
    "application": _l("There is no such application for you here."),
    "application_own": _l("This is your own application; somebody else decides on it."),
    "application_closed": _l("That cannot be done with this application any more. Load the page to see how it stands."),
    "application_incomplete": _l("The application is not complete yet. What is missing is marked."),
    "applicant_decides": _l("Whoever decides on applications in this course cannot apply in it, nor the other way round."),
    "candidate_already": _l("This person is a candidate in this course already."),
    "window_closed": _l("The course takes no applications at the moment. Your draft stays here."),
    "window_backwards": _l("The last day comes before the first."),
    "places_given": _l("%(given)s places are offered or taken already. Write that many or more."),
    "form_missing": _l(
        "The policy in force has no form or no rubric to judge applications by. Choose one that has them, on the page of the programme."
    ),
    "intake_unknown": _l("Choose one of the three ways."),
    "programme_missing": _l("The organisation has no programme yet. The operator imports one."),
    "manager_unattested": _l("Say who manages and appraises you, or that nobody does; one of the two."),
    "reapply_later": _l("You can apply again from %(again)s."),
    "applied_often": _l("You have applied as often as the programme lets people in three years. You can apply again from %(again)s."),
    "answer_long": _l("One answer is longer than can be kept (%(most)s characters). Shorten it."),
    "information_empty": _l("Write what it is about first."),
    "reviewers_missing": _l("The policy asks for %(wanted)s reviewers; %(assigned)s are asked."),
    "reviews_missing": _l("Not all reviews are in yet; still missing: %(missing)s."),
    "reviewers_apart": _l("The reviewers are far apart. Ask one more reviewer; their reading decides."),
    "below_the_bar": _l("The reviews do not reach the bar that the policy sets. The page says what is short."),
    "no_place_left": _l("No place is left. Raise the number of places, or put the applicant on the waiting list."),
    "decision_reason_missing": _l("Choose a reason."),
    "feedback_missing": _l("Write what the applicant should know, in a sentence or two. They will read it."),
    "offer_ended": _l("The offer ended on %(until)s. Ask the coordinator whether the place is still free."),
    "offer_running": _l("The offer still runs."),
    "agreement_unsigned": _l("Tick that you agree; without it you cannot become a candidate."),
    "attestation_old": _l(
        "More than a year has passed since the applicant said who manages them, so it is not known any more. Ask them to say it again."
    ),
    "taking_part_elsewhere": _l("You take part in this programme in another course. Leave it there first: one way goes on at a time."),
    "applied_anew": _l("This person has begun a new application meanwhile. Decide on that one."),
    "manager_decides": _l("You manage or appraise this applicant, so somebody else decides, such as a deputy whom you appoint."),
    "reviews_complete": _l("All the reviews that the policy asks for are in, and they are not apart. Decide on them."),
    "reviewer_has_read": _l("Whoever leads the course can read the reviews that are in. Ask somebody who has not read them."),
    "recorded_oneself": _l("The list names yourself. Somebody else records that, so take yourself out of it."),
    "reviewer_unknown": _l("Choose somebody who has a role in this course."),
    "reviewer_conflict": _l("%(reviewer)s cannot review this application; the page says why."),
    "review": _l("There is no such review of yours."),
    "review_late": _l("This application is decided; there is nothing left to review."),
    "review_submitted": _l("This review is submitted, and stays as it is."),
    "review_gaps": _l("Each criterion takes a reason: the place in the application that shows it. What is missing is marked."),
    "ground_long": _l("A reason holds at most %(most)s characters."),
    "words_long": _l("That is too long; %(most)s characters are the most."),
    "reference": _l("There is no such reference here."),
    "reference_link": _l("This link opens nothing. Look whether it was copied whole, or ask for a new one."),
    "reference_old": _l("This link has run out. Ask whoever sent it for a new one."),
    "reference_late": _l("The application is decided or was withdrawn, so a reference is not needed any more. Thank you."),
    "reference_no_mail": _l("This installation sends no mails. Make a link, and send it to the referee yourself."),
    "reference_address": _l(
        "“%(address)s” is no address that mail can go to. Ask the applicant for another, or make a link and send it yourself."
    ),
    "reference_given": _l("This reference is given already, and stays as it is."),
    "reference_short": _l("A sentence or two, please (%(least)s characters at least): something that you saw or heard."),
    "support_unknown": _l("Choose one of the three."),
    "list_empty": _l("Paste at least one line."),
    "list_long": _l("%(most)s lines are the most in one go."),
    "list_names_nobody": _l("No line names somebody of this course who is not a candidate yet. Nothing was recorded."),
    "decider_missing": _l("Say who decided."),
    "why_missing": _l("Say why, in a sentence."),
    "decided_later": _l("That day has not come yet."),
    "places_short": _l("%(wanted)s people for %(left)s places. Raise the number of places first."),
    "policy": _l("The programme has no policy called %(name)s."),
    "component_missing": _l("The programme cannot open: a component is missing. The page says which."),
}

STATES = {
    "draft": ("yours", _l("draft")),
    "submitted": ("waits", _l("submitted")),
    "under_review": ("waits", _l("under review")),
    "information_asked": ("needs", _l("information asked for")),
    "offered": ("yours", _l("place offered")),
    "waitlisted": ("waits", _l("on the waiting list")),
    "accepted": ("met", _l("accepted")),
    "declined": ("notyet", _l("declined")),
    "withdrawn": ("notyet", _l("withdrawn")),
    "lapsed": ("notyet", _l("offer ended")),
}

VERBS = {
    "begin": _l("The application was begun"),
    "submit": _l("Submitted"),
    "review": _l("Given to reviewers"),
    "ask_information": _l("Asked for information"),
    "give_information": _l("Information given"),
    "offer": _l("A place was offered"),
    "waitlist": _l("Put on the waiting list"),
    "decline": _l("Declined"),
    "say_again": _l("Said again who manages and appraises the applicant"),
    "withdraw": _l("Withdrawn by the applicant"),
    "accept": _l("The offer was accepted"),
    "lapse": _l("The offer ended without an answer"),
}

REASONS = {
    "not_yet": _l("Not yet: the reviews say what to come back with"),
    "not_eligible": _l("A condition of the programme is not fulfilled"),
    "role_conflict": _l("The role at work conflicts with mentoring"),
    "no_capacity": _l("There are more good applications than places"),
    "other": _l("Another reason, told in the words below"),
}

PROBLEMS = {
    "missing": _l("This needs an answer."),
    "not_declared": _l("Tick this to submit."),
    "unknown_option": _l("Choose one of the options."),
    "referee_twice": _l("Name two different people."),
}

CONFLICTS = {
    "oneself": _l("is the applicant"),
    "manages": _l("manages or appraises the applicant, or did within a year"),
    "above": _l("is above the applicant in the reporting line"),
    "managed": _l("is managed or appraised by the applicant"),
    "refereed": _l("is named as a referee"),
    "applies": _l("applies in this course too"),
    "nominated": _l("has nominated the applicant, or was nominated by them"),
    "related": _l("has a personal or financial relation to the applicant"),
}

SUPPORTS = {
    "yes": _l("I recommend this person as a mentor"),
    "reservations": _l("I recommend them, with reservations"),
    "no": _l("I do not recommend them"),
}

REFERENCES = {
    "named": ("notyet", _l("no link made yet")),
    "asked": ("waits", _l("asked")),
    "given": ("met", _l("given")),
    "refused": ("notyet", _l("would rather not")),
}


def application_state_words(state: str) -> tuple[str, str]:
    """-> (kind of state, words)"""
    kind, words = STATES.get(state, ("unknown", state))
    return kind, str(words)


def last_day_words(closes_at: datetime) -> str:
    """The last day on which a window is open, as a form writes it."""
    return (closes_at - timedelta(seconds=1)).date().isoformat()


def moment_of_application_words(verb: str) -> str:
    """What happened, as the timeline says it."""
    return str(VERBS.get(verb, verb))


def decline_words(reason: str) -> str:
    """The reason of a decline."""
    return str(REASONS.get(reason, reason))


def decline_reasons_words(*, reviewed: bool = True) -> list[tuple[str, str]]:
    """The reasons to choose from; before the reviews are in, those that can be seen without."""
    return [(code, str(words)) for code, words in REASONS.items() if reviewed or code in WITHOUT_REVIEWS]


def problem_words(problem: Problem) -> str:
    """What is wrong with an answer."""
    if problem.code == "too_long":
        if problem.unit == "characters":
            return ngettext("One character is the most.", "%(num)s characters are the most.", problem.most)
        return ngettext("One word is the most.", "%(num)s words are the most.", problem.most)
    if problem.code == "referees_missing":
        return ngettext("Name one person, with an e-mail address.", "Name %(num)s people, each with an e-mail address.", problem.most)
    return str(PROBLEMS[problem.code]) if problem.code in PROBLEMS else unknown(problem.code)


def conflict_words(conflict: Conflict) -> str:
    """Why somebody cannot review."""
    return str(CONFLICTS[conflict.code]) if conflict.code in CONFLICTS else unknown(conflict.code)


def short_words(short: Short, titles: Mapping[str, str]) -> str:
    """Why the bar is not reached."""
    facts: dict[str, Any] = {
        "value": fraction_words(short.value) if short.value is not None else "–",
        "needed": fraction_words(short.needed),
        "criterion": f"{short.criterion} {titles.get(short.criterion, '')}".strip(),
    }
    if short.code == "mean_short":
        return say(_l("The mean of all criteria is %(value)s; %(needed)s is needed."), facts)
    if short.code == "critical_at_one":
        return say(_l("%(criterion)s stands at 1, and it is critical."), facts)
    return say(_l("%(criterion)s is critical and takes %(needed)s; it stands at %(value)s."), facts)


def fraction_words(value: Fraction) -> str:
    """A level or a mean, with two places at most; never rounded over a bar: 2.4999 is 2.49."""
    return format_decimal(float(Fraction(int(value * 100), 100)), "0.##")


def support_words(supports: str) -> str:
    """What a referee chose."""
    return str(SUPPORTS.get(supports, supports))


def supports_words() -> list[tuple[str, str]]:
    """What a referee can choose from."""
    return [(code, str(words)) for code, words in SUPPORTS.items()]


def reference_words(state: str) -> tuple[str, str]:
    """-> (kind of state, words)"""
    kind, words = REFERENCES.get(state, ("unknown", state))
    return kind, str(words)
