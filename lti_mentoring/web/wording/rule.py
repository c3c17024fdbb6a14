# SPDX-License-Identifier: Apache-2.0
"""Why something did not work: a sentence for each code that a rule, a service or a page refuses with."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext

from lti_mentoring.web import wording
from lti_mentoring.web.wording import conflict
from lti_mentoring.web.wording.phrase import say, unknown

_l = lazy_gettext

FORMS = {
    "form": _l("Something in the form does not fit. Go back, look at the marked fields and send it again."),
    "foreign_form": _l("The tool could not make sure that this form came from its own page."),
    "permission": _l("Your role in this course does not open this page."),
    "unforeseen": _l("This was not meant to happen, and it was written down."),
    "http_400": _l("The request could not be read."),
    "http_401": _l("You are not signed in here any more."),
    "http_403": _l("This page is not open to you."),
    "http_404": _l("There is nothing at this address for you."),
    "http_405": _l("This address takes no such request."),
    "http_409": _l("Somebody else was quicker, or this has changed in the meantime."),
    "http_413": _l("This is more than can be taken in one go."),
    "http_415": _l("This kind of content is not taken here."),
    "http_429": _l("That was too often in a short time."),
    "http_500": _l("This was not meant to happen."),
    "http_503": _l("The tool is not able to work at the moment."),
}

PEOPLE = {
    "course": _l("There is no such course for you."),
    "person": _l("There is no such person in this course."),
    "notification": _l("There is no such notice for you."),
    "mail_choice_unknown": _l("Choose one of the answers for each kind of notice."),
    "mail": _l("There is no such mail in this course."),
    "mail_not_stuck": _l("This mail is not stuck; it needs nobody."),
    "privacy_others": _l("What is held about somebody is seen by themselves, and by an LMS administrator whom the operator has confirmed."),
    "why_others": _l("Only coordinators, deputies and the LMS’s administrator see why somebody else may do something."),
    "permission_unknown": _l("There is no permission called %(permission)s."),
    "roster_unavailable": _l("The LMS has not said where its list of participants is. Open an activity from the course page first."),
    "roster_recent": _l("The list was read a moment ago. Wait a minute before you have it read again."),
    "name_known": _l("Your LMS tells your name, and that is the one used here. It can be changed in your LMS."),
    "name_empty": _l("Write the name that people here shall call you by."),
    "name_long": _l("That is too long for a name; 120 characters are the most."),
    "course_none": _l("Nobody coordinates here: this page belongs to no course. Open an activity from your course page."),
    "coordinator_exists": _l("Somebody else has just become coordinator of this course."),
    "role_unknown": _l("There is no role called %(role)s."),
    "role_not_grantable": _l("You cannot give or take this role; a coordinator can."),
    "role_needs_platform": _l("The role %(role)s holds for an LMS: name its registration."),
    "role_needs_course": _l("The role %(role)s holds in a course: name the course."),
    "person_unknown": _l("There is no person %(id)s in this organisation."),
    "session_whose": _l("Name a person or a platform whose sessions shall end."),
    "invitation_unknown": _l("This code belongs to no invitation to this course. Check it letter by letter, or ask for a new one."),
    "invitation_spent": _l("This invitation was used already. Each works once; ask for a new one."),
    "invitation_old": _l("This invitation has run out. Ask for a new one."),
}

REGISTERING = {
    "invite": _l("This invitation was never one. Look whether its address was copied whole, or ask whoever sent it for a new one."),
    "invite_old": _l("This invitation has run out or was ended. Ask whoever sent it for a new one."),
    "invite_spent": _l("This invitation was used already; each works once. Ask whoever sent it for a new one."),
    "invite_busy": _l("This invitation is being used in another window at this moment. Look there, or try again in a minute."),
    "invite_tried": _l("Too much was tried by this invitation. Ask whoever sent it for a new one."),
    "invite_other": _l("This invitation is for the registration at %(issuer)s only, and this is another one."),
    "dr_status": _l("%(host)s answered with status %(status)s when we asked for its configuration."),
    "dr_incomplete": _l("The configuration of the LMS is not complete. Missing: %(fields)s."),
    "dr_address": _l(
        "The address %(address)s cannot be used (%(why)s). Addresses must be https, and at public hosts unless the operator allows them."
    ),
    "dr_unreachable": _l("%(host)s cannot be reached from here (%(why)s). Is it open to this server?"),
    "dr_redirect": _l("%(host)s sent us to another address. Enter the LMS’s own address, without a redirect."),
    "dr_not_json": _l("%(host)s answered with a page where data was expected, or with too much of it."),
    "dr_issuer": _l(
        "The LMS says that it is %(issuer)s, but its configuration came from %(host)s. Whoever speaks for an LMS must be at its address."
    ),
    "dr_algorithm": _l("The LMS does not sign by RS256, the one way that LTI 1.3 requires."),
    "dr_authentication": _l("The LMS does not take signed assertions (private_key_jwt) for access tokens, as LTI 1.3 requires."),
    "dr_messages": _l("The LMS does not offer to open activities (LtiResourceLinkRequest)."),
    "dr_token_used": _l(
        "The LMS says that its registration token was used. Begin again there; if the tool is pending there, delete it or choose Update."
    ),
    "dr_refused": _l("The LMS did not enter the tool (status %(status)s). Its words: %(words)s"),
    "dr_no_client": _l(
        "The LMS answered without a client id that can be used. Look in the LMS whether it has entered the tool, and delete it there."
    ),
    "dr_other_addresses": _l("The LMS has entered other addresses for the tool than we gave. Delete the tool there and begin again."),
    "dr_hosts": _l("Confirm that these hosts belong to your LMS: %(hosts)s."),
    "dr_ticket": _l("This page was open for too long. Begin again in your LMS; the invitation is still good."),
    "platform_off": _l("The registration at %(issuer)s was switched off by whoever runs the tool. Ask them to switch it on first."),
    "entries_refused": _l("Some of the lines cannot be taken, so none was."),
    "entries_many": _l("Between 1 and %(most)s entries can be taken at a time."),
    "entry_twice": _l("The client id %(client)s stands in an earlier line."),
}

LINKING = {
    "linking": _l("This choice has run out: it is good for an hour, in the window that began it. Begin again in your LMS."),
    "linking_none": _l("Choose at least one activity, or go back without one."),
    "linking_one": _l("Your LMS takes one activity at a time here."),
    "linking_types": _l("Your LMS takes no activities of this tool in this place."),
}

PLATFORM = {
    "organisation_name": _l("An organisation needs a name of at most %(most)s characters."),
    "organisation_unknown": _l("There is no organisation called %(name)s; 'organisation add' makes one."),
    "platform": _l("There is no such LMS for you."),
    "invites_many": _l("%(most)s invites of this organisation wait already. End one that is not needed, or let them run out."),
    "invite_unknown": _l("No invite %(key)s waits: it was used, has run out, or is not yours."),
    "platform_of_others": _l("This registration serves other institutions too, so only whoever runs this tool can change that."),
    "checked_lately": _l("Somebody has checked this LMS a moment ago. Wait half a minute and try again."),
    "override_role": _l("Write one LTI role, as the LMS sends it, without spaces."),
    "override_standing": _l("A role can give one of these: %(standings)s."),
    "override_many": _l("At most %(most)s roles can be given another meaning."),
    "nothing_switched_off": _l("Names and e-mail addresses are both kept here, so there is nothing to delete. Switch one off first."),
    "deployment_not_waiting": _l("No deployment of that id waits. Copy the id from your LMS, and open an activity once if nobody has."),
    "platform_family": _l("There is no platform family %(family)s; known are %(known)s."),
    "platform_field": _l("%(field)s is missing or longer than 255 characters."),
    "platform_other_keys": _l(
        "%(issuer)s is known here with keys from %(known)s, and this registration offers keys from %(offered)s. "
        "One issuer in one organisation is one set of people, so an administrator must settle which is right."
    ),
    "platform_other_tokens": _l(
        "Access tokens of %(issuer)s would be asked for, or named, at another server: %(offered)s. A key signs for all institutions here, "
        "so an invitation can enter only addresses at the LMS’s own server. Ask whoever runs this tool to enter them."
    ),
    "platform_other_sign_in": _l(
        "People of %(issuer)s would sign in at another server: %(offered)s. Enter an address at the LMS’s own server, or ask whoever runs "
        "this tool to enter this one."
    ),
    "dr_private": _l("%(host)s is in a private network and belongs to another institution here, so this invitation does not reach it."),
    "platform_differs": _l("This platform is registered with other values for: %(fields)s. '--update' takes the new ones."),
    "platform_client_elsewhere": _l(
        "The client id %(client)s is entered for another LMS already, and both would get the same access tokens. Check it in your LMS; "
        "if it is right, ask whoever runs this tool to find out whose it is."
    ),
    "platform_foreign": _l(
        "%(issuer)s with this client belongs to another organisation, which alone can change it. If your LMS shares it, "
        "open the tool there once; whoever runs it approves the deployment that then waits."
    ),
    "lane_unknown": _l("There is no lane %(lane)s; “lti-mentoring delivery lanes” lists them."),
    "lane_limit": _l("An LMS can be given from 1 to 1000 requests at once, and from 0 (no limit) to 10000 a second."),
    "platform_unknown": _l("There is no platform %(id)s."),
    "platform_url": _l("This address may not be used: %(url)s."),
    "deployment_foreign": _l("Deployment %(deployment)s belongs to another organisation."),
    "deployment_unknown": _l("There is no deployment %(deployment)s on this platform."),
    "deployment_pending": _l("This copy of the tool waits for an administrator’s approval."),
    "registration_gone": _l("The registration of this LMS was changed or switched off a moment ago."),
    "nonce_used": _l("This launch was used already."),
}

PROGRAMME = {
    "programme": _l("No programme has been set up here yet."),
    "programme_part": _l("This programme has no part %(key)s."),
    "part": _l("This module has no such part."),
    "handout": _l("The programme of this course gives out no such text."),
    "pack_faulty": _l("The programme has faults, so nothing was imported: %(faults)s."),
    "version": _l("There is no such version of the programme."),
    "framework_faulty": _l(
        "The framework has faults (%(count)s), so nothing was written. Mend them in the file, or say '--leave-out-faulty' to take the rest."
    ),
    "framework_empty": _l("There is no competency and no rubric in this file that could be taken, so nothing was written."),
    "language_unknown": _l("“%(language)s” is no language to translate into. Write a tag such as de, pt-BR or ar, not that of the source."),
    "files_there": _l("These files are there already, and none is written over: %(files)s. Name another folder."),
    "file_unwritten": _l("%(file)s cannot be written (%(why)s). Name another place."),
    "version_changed": _l("This version of the programme is not what it was when it was imported; it must be restored."),
}

TRAINING = {
    "candidacy": _l("There is no such candidate in this course."),
    "candidacy_paused": _l("This candidate is not taking part at the moment."),
    "not_taking_part": _l("You are not taking part at the moment, so nothing new can be begun. Your coordinator can change that."),
    "module_mastered": _l("You have mastered this module already; there is nothing left to take."),
    "retake_later": _l("You can take the check again from %(at)s. Until then, the parts to read again are named on the module’s page."),
    "attempt": _l("There is no such attempt of yours."),
    "question": _l("There is no such question in this attempt."),
    "step_too_early": _l("Answer the first step before the second."),
    "answer_missing": _l("Choose an answer first; for cards, place every one."),
    "answer_unknown": _l("This answer is not one of the choices. Load the page again and choose anew."),
    "text_missing": _l("There is no text yet. Write it first."),
    "text_long": _l("This text has %(words)s words; %(most)s are the most. Shorten it. It still stands here as you wrote it."),
    "answer_places": _l("Give each card a place of its own."),
    "answers_missing": _l("Questions still open: %(open)s. The attempt ends by itself with the last answer."),
    "preview_candidate": _l("You are a candidate here, so you take the check itself; looking at the questions is for staff."),
}

OBSERVATION = {
    "observation": _l("There is no such observation for you."),
    "observation_not_released": _l(
        "This report is not yet released. Its observer is still at work; you can read it here once they have finished."
    ),
    "observation_closed": _l("This observation is closed; nothing in it can be changed any more."),
    "observation_held": _l("Something is still open, so that the result cannot stand yet. It is released by itself as soon as it can be."),
    "correction_without_reason": _l("Say in a sentence why you correct your rating; it is kept beside it."),
    "correction_late": _l("The result stands, so that its ratings cannot be corrected any more. Tell the coordinator what you have seen."),
    "correction_open": _l("Your rating is open already; go on where you were."),
    "void_reason_unknown": _l("Choose why it is set aside."),
    "modules_before": _l(
        "The release waits for modules that come before observing. What you have written is kept; the coordinator reads which they are."
    ),
    "rater_present": _l("Who took part in the session does not rate it. Choose somebody else."),
    "rater_twice": _l("This person has rated the session already. A further opinion comes from somebody else."),
    "observation_of_oneself": _l("Nobody observes and judges themself. Choose another observer."),
    "observer_plans_own": _l("You can plan observations for yourself to observe; a coordinator plans them for others."),
    "observer_unknown": _l("Choose somebody who is an observer in this course."),
    "kind_not_asked": _l("The policy that this candidate goes by does not ask for such a session. Choose another kind."),
    "criterion_open": _l("Not rated yet: %(criteria)s. Choose a level, or “not observed”."),
    "reason_missing": _l("Say why these could not be observed: %(criteria)s."),
    "evidence_missing": _l("A level above 1 needs a note behind it: %(criteria)s. Link a note, or choose level 1."),
    "criterion_unknown": _l("The rubric has no criterion %(criterion)s. Load the page again."),
    "level_unknown": _l("%(criterion)s takes a level from 1 to 4, or “not observed”."),
    "reason_long": _l("A reason holds at most %(most)s characters. Put the rest into a note."),
    "draft_conflict": _l("This was changed in another window meanwhile. Load the page to see what is kept, and go on from there."),
    "draft_changed": _l("This draft was changed in another window. Load the page again to go on from the newest; your notes are kept."),
}

DELIVERY = {
    "grade": _l("There is no such stuck grade."),
    "grade_moved_on": _l("This grade has changed since you loaded the page. Look at it again, then decide."),
    "compared_just_now": _l("This column was read less than a minute ago."),
    "not_comparable": _l("The LMS does not let us read this column."),
    "nothing_stuck": _l("Nothing is stuck for this reason any more."),
    "grading_unknown": _l("There is no way of grading called %(grading)s."),
    "item_unknown": _l("This programme has nothing called %(item)s that an activity could open."),
    "placement": _l("There is no such activity in this course."),
}

OWN = (FORMS, PEOPLE, REGISTERING, LINKING, PLATFORM, PROGRAMME, TRAINING, OBSERVATION, DELIVERY)


def every_room() -> Iterator[tuple[str, Mapping[str, object]]]:
    """The rules of each file of these words that says some, and those that are said here, by the file's name."""
    yield from (("rule", part) for part in OWN)
    for one in sorted(pkgutil.iter_modules(wording.__path__), key=lambda one: one.name):
        if one.name != "rule":
            yield one.name, getattr(importlib.import_module(f"{wording.__name__}.{one.name}"), "RULES", {})


RULES: dict[str, object] = {code: words for _, room in every_room() for code, words in room.items()}


def rule_words(code: str, facts: Mapping[str, Any] | None = None) -> str:
    """One sentence for a code, and what to do where the reader can do something; what the conflict guard found comes first."""
    if facts and "findings" in facts:
        facts = {**facts, "why": conflict.why_words(facts["findings"], facts.get("names", {}))}
    return say(RULES[code], facts) if code in RULES else unknown(code)


SHAPES = (
    (("Missing", "Field may not be null", "Shorter"), _l("This is still empty.")),
    (("Longer", "Length must"), _l("This is empty or too long.")),
    (("Must be one of", "Invalid value"), _l("Choose one of the offered values.")),
    (("Not a valid date",), _l("This is not a date.")),
)
"""How the form library's own messages begin, and what we say instead."""


def field_words(message: object) -> str:
    """What is wrong with a field, from a rule's code or from a message of the form library."""
    if isinstance(message, list | tuple):
        return " ".join(field_words(one) for one in message)
    text = str(message)
    if text in RULES:
        return rule_words(text)
    return next((str(words) for starts, words in SHAPES if text.startswith(starts)), text)


# --- whole pages --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Page:
    """An error page: its title, whether anything was lost, and what this reader can do."""

    title: str
    kept: str
    steps: tuple[str, ...]


BACK = _l("Go back with your browser’s back button; what you typed is usually still there.")
COURSE = _l("Go to the course in your LMS and open the activity again.")
NOTHING = _l("Nothing was changed.")

PAGES: dict[int, tuple[object, object, tuple[object, ...]]] = {
    400: (_l("This could not be read"), NOTHING, (BACK, _l("If the same happens again, open the activity from the course anew."))),
    401: (
        _l("Open the activity from your course"),
        _l(
            "Everything that you sent before is kept. You were signed out by time, by another sign-in, or in a window without your session."
        ),
        (COURSE, _l("Copy what you have typed on the page before first, if you can still go back to it.")),
    ),
    403: (
        _l("This is not open to you"),
        NOTHING,
        (_l("If it should be open to you, ask the coordinator of this course for the role that opens it."),),
    ),
    404: (
        _l("Nothing is here"),
        _l("Nothing was lost; the page may have moved, or it belongs to another course."),
        (_l("Go back, or open the activity from your course again."),),
    ),
    405: (_l("This page works another way"), NOTHING, (_l("Open it from a link or button of the tool, not by typing its address."),)),
    409: (_l("This cannot be done now"), NOTHING, (_l("Go back, load the page again to see how things stand, then decide anew."),)),
    413: (_l("This is too large"), NOTHING, (_l("Go back and send less in one go."),)),
    429: (_l("Too often in a short time"), NOTHING, (_l("Wait a minute, then try again."),)),
    500: (
        _l("Something went wrong on our side"),
        _l("What you had saved before is kept, and no grade was changed."),
        (_l("Try once more in a minute."), _l("If it happens again, send the reference below to whoever looks after this tool.")),
    ),
    503: (_l("The tool is resting"), _l("Everything that was saved is kept."), (_l("Try again in a few minutes."),)),
}


def page_words(status: int) -> Page:
    """The words of an error page by its status."""
    title, kept, steps = PAGES.get(status, PAGES[500])
    return Page(str(title), str(kept), tuple(str(step) for step in steps))
