# SPDX-License-Identifier: Apache-2.0
"""What is held about somebody, why and for how long, and what an erasure does with it, in words for them."""

from __future__ import annotations

from flask_babel import lazy_gettext

_l = lazy_gettext

HELD: dict[str, object] = {
    "copy.body": _l("The copy of one’s own data"),
    "hold.reason": _l("Why somebody’s programme records must stay for now"),
}

RULES: dict[str, object] = {
    "erasure_unsure": _l("Tick the box as well: an erasure cannot be undone."),
    "erasure_not_sooner": _l("By the door it waits its 14 days. Come by your course, or ask whoever runs this tool, to have it sooner."),
    "erasure_begun": _l("It has begun, and cannot be taken back."),
    "copy": _l("There is no such copy of yours. Copies go after a week; ask for a new one."),
    "copy_waits": _l("Your copy is still being made. Come back in a minute."),
    "erased_before": _l("The record of whoever opened this was erased; they agree first, before a new one begins."),
}

NOUNS = {
    "outcome": _l("Your outcome measures, and what you let be said of them"),
    "person": _l("Your name and address, and how your LMS knows you"),
    "course": _l("Courses in which you are"),
    "role": _l("Roles that you have or had"),
    "browser": _l("Browsers in which you are signed in"),
    "link": _l("Links that were made for you"),
    "act": _l("Lines about what you did, in the record of who did what"),
    "notice": _l("Notices to you"),
    "mail": _l("Mails to you, and what you want by mail"),
    "grade": _l("Grades on their way to the gradebook"),
    "application": _l("Applications, with what you wrote and what was said to them"),
    "candidacy": _l("Your way through the programme: pauses, moves, extensions"),
    "check": _l("Knowledge checks, and your answers"),
    "practice": _l("Practice tasks, and what came back"),
    "recognition": _l("What you asked to have recognised"),
    "help": _l("Questions that you asked, and who helped"),
    "observation": _l("Observations of you, with plans and what you handed in"),
    "evidence": _l("Notes that observers took of your sessions"),
    "present": _l("Sessions in which you were asked whether they may be observed"),
    "rating": _l("Ratings of you, and ratings that you were asked for"),
    "calibration": _l("Your practice at rating, and your standing as an observer"),
    "line": _l("Who manages and appraises you"),
    "relation": _l("Personal or financial relations that you declared"),
    "guarded": _l("Matters in which it is looked at whether somebody has power over another"),
    "pair": _l("Pairs and groups that you are or were in"),
    "entry": _l("What you say of yourself among the mentors"),
    "talk": _l("What you wrote in a pair or for yourself, sealed"),
    "concern": _l("What you told a confidant, sealed, and whether you are one"),
    "request": _l("What you asked on this page"),
}

WHYS = {
    "contact": _l("So that you can sign in and be called by your name. As long as you take part."),
    "programme": _l("It shows how a decision about you came about. As long as the programme keeps its records."),
    "private": _l("You wrote it to work with. Until you or an erasure ends it."),
    "guard": _l("So that nobody who has power over you mentors or judges you. As long as it can matter, and a year more."),
    "sending": _l("It has to reach you, or the gradebook. Until it has, and a while after."),
    "security": _l("To know that it is you. Hours to days."),
    "audit": _l("So that it can be shown who did what. It holds no words of yours, and stays."),
}

ERASURES = {
    "delete": _l("An erasure deletes it."),
    "blank": _l("An erasure takes the words out; that it was stays, without your name."),
    "keep": _l("It stays, without your name."),
}

RECEIPTS = {
    "declared": _l("You sent an application, with its declarations"),
    "consent": _l("You answered whether a session may be observed"),
    "plan": _l("Everybody agreed to a joint plan of yours"),
    "report": _l("The report of an observation was released to you"),
    "lines": _l("It was said who manages you"),
}

SAID = {
    "granted": _l("You said yes."),
    "declined": _l("You said no. Nobody is told why."),
    "refused": _l("You said no. Nobody is told why."),
    "withdrawn": _l("You took it back."),
    "self": _l("You said it yourself."),
    "staff": _l("Somebody who leads a course said it for you."),
    "file": _l("A file of your organisation said it."),
}


def noun_held_words(noun: str) -> str:
    """What to call a noun."""
    return str(NOUNS[noun])


def why_held_words(why: str) -> str:
    """Why something is kept, and how long."""
    return str(WHYS[why])


def erasure_does_words(erasure: str) -> str:
    """What an erasure does with it."""
    return str(ERASURES[erasure])


def receipt_words(kind: str) -> str:
    """What somebody agreed to, or what was opened."""
    return str(RECEIPTS[kind])


def receipt_said_words(said: str) -> str:
    """What they said; "" where there is nothing to say."""
    return str(SAID.get(said, ""))
