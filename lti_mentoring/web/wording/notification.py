# SPDX-License-Identifier: Apache-2.0
"""Notices in words: the same on the page and in a mail, which says what waits and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask_babel import format_date, lazy_gettext

from lti_mentoring.domain.mail import Written
from lti_mentoring.services.postman import Letter
from lti_mentoring.web.wording.delivery import remedy_words
from lti_mentoring.web.wording.guest import TO_GUESTS
from lti_mentoring.web.wording.phrase import say
from lti_mentoring.web.wording.referee import TO_REFEREES

_l = lazy_gettext

NOTICES = {
    "application_waits": _l("An application waits for you to review it."),
    "place_free": _l("A place has become free, and somebody waits for one."),
    "application_news": _l("There is news about your application."),
    "application_opens": _l("Applications are taken now; your draft is kept and waits for you."),
    "application_closes": _l("Your application is still a draft. Drafts are taken until %(until)s, and not after that."),
    "application_answer": _l("Your application waits for an answer from you, until %(until)s at the latest."),
    "review_overdue": _l("A review that you were asked for is not in yet; somebody waits for it."),
    "referee_unreached": _l("A mail to a referee did not arrive. The page of that application says why, and what to do."),
    "training_begins": _l("Your training is open; your first page names the next step."),
    "training_open": _l("You can take the check of module %(module)s again."),
    "programme_moved": _l("You were moved to another version of the programme. See what changed for you."),
    "time_short": _l("Your time for the whole way ends on %(until)s. Pausing stops the clock; your coordinator can give more time."),
    "time_short_for": _l("The time of one of your candidates ends on %(until)s. You can give more time."),
    "practice_waits": _l("A practice task of module %(module)s waits for you to mark it."),
    "practice_returned": _l("Your practice task of module %(module)s has come back."),
    "recognition_waits": _l("Somebody asks for module %(module)s to be recognised."),
    "recognition_news": _l("There is news about the recognition of module %(module)s."),
    "help_asked": _l("Somebody has asked for help."),
    "help_answered": _l("Your question has an answer."),
    "observation_planned": _l("An observation was planned for you to carry out: %(planned_for)s."),
    "rating_asked": _l("A session waits for your rating: %(planned_for)s."),
    "rating_excused": _l("A rating that you were asked for is not needed any more: %(planned_for)s."),
    "rating_overdue": _l("A rating of yours is not in yet: %(planned_for)s. It is taken whenever it comes."),
    "opinion_wanted": _l("A session waits for you to ask somebody for another opinion: %(planned_for)s."),
    "observation_called_off": _l("An observation of yours was called off: %(planned_for)s."),
    "notes_due": _l("Your notes of the session that you watched are awaited: %(planned_for)s. Late ones are taken, too."),
    "notes_handed_in": _l("A candidate has handed in their notes of a session that they watched: %(planned_for)s."),
    "observation_moved": _l("A session that you observe or rate was moved, or its place changed: %(planned_for)s."),
    "joint_plan_waits": _l("The joint plan of a session waits for you to agree to it: %(planned_for)s."),
    "joint_plan_changed": _l("A joint plan that you had agreed to was changed. Read it, and agree anew: %(planned_for)s."),
    "observation_released": _l("The report of your observation is ready: %(planned_for)s."),
    "standing_changed": _l("Your standing as an observer has changed. The page says what it means for your ratings, and what to do."),
    "standing_ends": _l("Your qualification as an observer ends on %(until)s. Two exercises renew it."),
    "observer_standing": _l("The standing of an observer has changed."),
    "observation_changed": _l("Whether the session of %(planned_for)s can be observed, or counts, has changed. Look before you go on."),
    "rating_again": _l("A line of the session of %(planned_for)s was struck. Rate again what rested on it, and submit."),
    "consent_asked": _l("You are asked whether your session of %(planned_for)s may be observed. Nobody else sees what you say."),
    "consent_anew": _l("A session that you were asked about has another day or place: %(planned_for)s. A yes was for the one before."),
    "lines_to_read": _l("What was noted in your session of %(planned_for)s can be read. You may strike lines within 48 hours."),
    "guest_asks": _l("Somebody’s link to the session of %(planned_for)s does not work any more. They ask for another one."),
    "link_wanted": _l("Somebody reads the lines of the session of %(planned_for)s, and no mail reaches them. Hand them a new link."),
    "somebody_to_ring": _l("The session of %(planned_for)s was moved or called off, and no mail tells all. Ring whom the page names."),
    "line_wanted": _l("Say who manages you, or that nobody does: something waits for it."),
    "conflict_found": _l("Something under “Lines and conflicts” needs you: the session of %(planned_for)s."),
    "pair_conflict": _l("A pair has come into a conflict of interest, and plans no further session. “Lines and conflicts” says why."),
    "pair_paused": _l("A pair of yours plans no further session for now. Ask who leads the course before you meet again."),
    "exception_waits": _l("Somebody asks for an exception that you have a say in."),
    "observation_news": _l("There is news about your session of %(planned_for)s."),
    "grades_stuck": _l("Grades of an activity do not reach the gradebook. %(fault)s. What the LMS said stands on the page."),
}

SUBJECTS = {
    "application_waits": _l("An application waits for you"),
    "place_free": _l("A place has become free"),
    "application_news": _l("News about your application"),
    "application_opens": _l("Applications are taken now"),
    "application_closes": _l("Your application is still a draft"),
    "application_answer": _l("Your application waits for you"),
    "review_overdue": _l("A review waits for you"),
    "referee_unreached": _l("A referee was not reached"),
    "training_begins": _l("Your training is open"),
    "training_open": _l("A module is open for you"),
    "time_short": _l("Your time in the programme"),
    "time_short_for": _l("A candidate’s time in the programme"),
    "programme_moved": _l("Another version of the programme"),
    "practice_waits": _l("A practice task waits for you"),
    "practice_returned": _l("Your practice task has come back"),
    "recognition_waits": _l("A recognition waits for you"),
    "recognition_news": _l("News about a recognition"),
    "help_asked": _l("Somebody has asked for help"),
    "help_answered": _l("Your question has an answer"),
    "observation_planned": _l("An observation waits for you"),
    "rating_asked": _l("A rating waits for you"),
    "rating_excused": _l("A rating is not needed any more"),
    "rating_overdue": _l("A rating of yours is not in yet"),
    "opinion_wanted": _l("A session waits for you"),
    "observation_called_off": _l("An observation was called off"),
    "notes_due": _l("Your notes of a session are awaited"),
    "notes_handed_in": _l("Notes wait for you"),
    "observation_moved": _l("A session was moved"),
    "joint_plan_waits": _l("A joint plan waits for you"),
    "joint_plan_changed": _l("A joint plan was changed"),
    "observation_released": _l("Your observation report is ready"),
    "standing_changed": _l("Your standing as an observer"),
    "standing_ends": _l("Your qualification ends soon"),
    "observer_standing": _l("An observer’s standing has changed"),
    "observation_changed": _l("An observation has changed"),
    "rating_again": _l("A rating is open again"),
    "consent_asked": _l("May your session be observed?"),
    "consent_anew": _l("Your session has another day or place"),
    "lines_to_read": _l("What was noted in your session"),
    "guest_asks": _l("Somebody asks for a new link"),
    "link_wanted": _l("A link to hand over"),
    "somebody_to_ring": _l("Somebody to ring"),
    "line_wanted": _l("Who do you report to?"),
    "conflict_found": _l("Lines and conflicts: something needs you"),
    "pair_conflict": _l("Lines and conflicts: a pair is paused"),
    "pair_paused": _l("A pair of yours is paused"),
    "exception_waits": _l("An exception waits for your word"),
    "observation_news": _l("News about a session of yours"),
    "grades_stuck": _l("Grades need a person"),
}

COUNTS = {
    "application_waits": _l("Applications to review: %(count)s"),
    "place_free": _l("Places that have become free: %(count)s"),
    "application_news": _l("News about your application: %(count)s"),
    "application_opens": _l("Times that applications were opened: %(count)s"),
    "application_closes": _l("Drafts of yours about to miss the last day: %(count)s"),
    "application_answer": _l("Applications of yours that wait for your answer: %(count)s"),
    "review_overdue": _l("Reviews of yours that are late: %(count)s"),
    "referee_unreached": _l("Mails to referees that did not arrive: %(count)s"),
    "training_begins": _l("Trainings that began: %(count)s"),
    "training_open": _l("Modules opened for you: %(count)s"),
    "time_short": _l("Warnings of your time running out: %(count)s"),
    "time_short_for": _l("Candidates whose time runs out: %(count)s"),
    "programme_moved": _l("Moves to another version of the programme: %(count)s"),
    "practice_waits": _l("Practice tasks handed in: %(count)s"),
    "practice_returned": _l("Practice tasks that came back: %(count)s"),
    "recognition_waits": _l("Modules to be recognised: %(count)s"),
    "recognition_news": _l("News about recognition: %(count)s"),
    "help_asked": _l("Questions asked: %(count)s"),
    "help_answered": _l("Answers to your questions: %(count)s"),
    "observation_planned": _l("Observations planned for you: %(count)s"),
    "rating_asked": _l("Ratings asked of you: %(count)s"),
    "rating_excused": _l("Ratings not needed any more: %(count)s"),
    "rating_overdue": _l("Ratings of yours that are not in yet: %(count)s"),
    "opinion_wanted": _l("Sessions that wait for another opinion: %(count)s"),
    "observation_called_off": _l("Observations called off: %(count)s"),
    "notes_due": _l("Sessions that you watched, with your notes to hand in: %(count)s"),
    "notes_handed_in": _l("Notes of candidates to rate: %(count)s"),
    "observation_moved": _l("Sessions moved: %(count)s"),
    "joint_plan_waits": _l("Joint plans that wait for you: %(count)s"),
    "joint_plan_changed": _l("Joint plans changed: %(count)s"),
    "observation_released": _l("Observation reports: %(count)s"),
    "standing_changed": _l("Changes of your standing as an observer: %(count)s"),
    "standing_ends": _l("Qualifications of yours that end soon: %(count)s"),
    "observer_standing": _l("Observers whose standing has changed: %(count)s"),
    "observation_changed": _l("Observations that changed: %(count)s"),
    "rating_again": _l("Ratings of yours open again: %(count)s"),
    "consent_asked": _l("Sessions of yours that somebody would observe: %(count)s"),
    "consent_anew": _l("Sessions that you were asked about, with another day or place: %(count)s"),
    "lines_to_read": _l("Sessions of yours to read lines of: %(count)s"),
    "guest_asks": _l("New links asked for: %(count)s"),
    "link_wanted": _l("Links to hand over: %(count)s"),
    "somebody_to_ring": _l("People to ring: %(count)s"),
    "line_wanted": _l("Times that you were asked who manages you: %(count)s"),
    "conflict_found": _l("Times that “Lines and conflicts” needed you: %(count)s"),
    "pair_conflict": _l("Pairs that came into a conflict: %(count)s"),
    "pair_paused": _l("Pairs of yours that were paused: %(count)s"),
    "exception_waits": _l("Exceptions that waited for you: %(count)s"),
    "observation_news": _l("News about your sessions: %(count)s"),
    "grades_stuck": _l("Times that grades needed a person: %(count)s"),
}

FAMILIES = {
    "application": (_l("Applications"), _l("Applications to review, and news about your own.")),
    "training": (
        _l("Training"),
        _l("Modules that open for you, practice tasks, what is to be recognised, and another version of the programme."),
    ),
    "time": (_l("Time"), _l("Time for the whole way that runs out: yours, or your candidates’.")),
    "help": (_l("Help"), _l("Questions that wait for you, and answers to yours.")),
    "observation": (_l("Observations"), _l("Observations and ratings that wait for you, what was called off, and reports of your own.")),
    "grades": (_l("Grades"), _l("Grades that did not reach the LMS.")),
}

CHOICES = {
    "at_once": _l("A mail when something waits for me"),
    "weekly": _l("Numbers, once a week"),
    "off": _l("No mail"),
}


WHY = _l(
    "You get this mail because of your role in a mentor programme. “Notices” in the tool has a page on which you choose what comes by"
    " mail. To end all mails, follow this link:"
)


def notice_words(kind: str, facts: Mapping[str, Any]) -> str:
    """A notice in a sentence or two."""
    if kind == "grades_stuck":
        facts = {**facts, "fault": remedy_words(str(facts.get("fault", ""))).title}
    return say(NOTICES.get(kind, _l("There is news for you.")), facts)  # a notice of another release has no words here


def notice_title(kind: str) -> str:
    """What a mail is called; without a kind, the weekly one."""
    return str((SUBJECTS | TO_REFEREES | TO_GUESTS).get(kind, _l("Your week in the mentor programme")))


def family_words(family: str) -> tuple[str, str]:
    """A family of notices: its name, and what is in it."""
    name, what = FAMILIES[family]
    return str(name), str(what)


def mail_choice_words(choice: str) -> str:
    """What may come by mail."""
    return str(CHOICES[choice])


def letter_words(letter: Letter) -> Written:
    """A mail in the reader's language, as it is forced around this: what waits, and where to look. No link into the tool, since the
    way in is the course page of the LMS."""
    if letter.counts:
        paragraphs = [say(_l("In the last week there was:")), "\n".join(_count(kind, count) for kind, count in letter.counts)]
        where = say(_l("Who waits for whom stands in the tool. Open the activity in your course to see it."))
    else:
        paragraphs, where = [notice_words(letter.kind, _dated(letter.facts or {}))], _where(letter)
    told = (letter.told,) if letter.told else ()
    return Written(notice_title(letter.kind), "\n\n".join((*paragraphs, *told, where, f"-- \n{WHY}")))


def _dated(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Days as dates: nobody knows when a mail is read, so that "tomorrow" says nothing in it."""
    return {name: format_date(value, "d MMM yyyy") if isinstance(value, date) else value for name, value in facts.items()}


def _count(kind: str, count: int) -> str:
    return f"- {say(COUNTS[kind], {'count': count})}"


def _where(letter: Letter) -> str:
    names = {"activity": letter.activity, "course": letter.course}
    if letter.activity and letter.course:
        return say(_l("To see it, open “%(activity)s” in your course “%(course)s”."), names)
    return say(_l("To see it, open the activity in your course “%(course)s”."), names) if letter.course else _anywhere()


def _anywhere() -> str:
    return say(_l("To see it, open the activity in your course."))
