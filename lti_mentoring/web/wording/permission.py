# SPDX-License-Identifier: Apache-2.0
"""What each permission opens, how each role is come by, and where somebody's came from, in words."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext, lazy_gettext

from lti_mentoring.web.wording.people import role_words

_l = lazy_gettext

PERMISSIONS = {
    "course.enter": _l("Enter the course here"),
    "people.choose_name": _l("Choose what to be called"),
    "people.redeem": _l("Redeem an invitation"),
    "people.coordinate": _l("Take up coordination"),
    "people.read": _l("See who is in the course, and their roles"),
    "people.manage": _l("Give and take roles"),
    "application.apply": _l("Apply, where the course takes applications"),
    "application.read": _l("See the applications of the course"),
    "application.decide": _l("Decide on applications, and how the course takes candidates in"),
    "application.review": _l("Review an application that one is asked to"),
    "programme.open": _l("See how ready the programme is, and choose its policy"),
    "programme.move": _l("Try a policy on the candidates, and move candidates to another version"),
    "programme.edit": _l("Open the programme, edit it, publish its next version, and take it away as files"),
    "notification.read": _l("Read one’s own notices"),
    "notification.choose": _l("Choose what comes by mail"),
    "line.own": _l("Say who manages one, and to whom one has a relation"),
    "line.enter": _l("Write down who manages whom, and take over a file of reporting lines"),
    "conflict.read": _l("See what conflicts hold back, ask for an exception, and set a rating aside"),
    "conflict.speak": _l("Agree to an exception, or approve it, where one is asked to"),
    "review.open": _l("Open somebody’s work from the gradebook of the LMS, as far as one’s roles here go"),
    "privacy.read": _l("See what is held about oneself"),
    "privacy.own": _l("See, take along, and have erased what is held about oneself"),
    "concern.own": _l("Tell a confidant that something one said got out, and answer as one"),
    "concern.confidants": _l("Name the confidants of the course"),
    "people.why": _l("Have a verdict explained"),
    "platform.ask_office": _l("Ask for the LMS office"),
    "office.read": _l("See the LMS office"),
    "office.manage": _l("Change what the LMS office decides"),
    "placement.read": _l("See the activities of the course"),
    "placement.edit": _l("Change what an activity opens"),
    "handout.read": _l("Read the guides, the agreement and the terms of the programme"),
    "training.learn": _l("Work on a module"),
    "training.read": _l("Read the modules"),
    "training.preview": _l("Try the questions of a module"),
    "practice.mark": _l("Read and mark practice tasks that were handed in"),
    "recognition.ask": _l("Ask for a module to be recognised"),
    "recognition.propose": _l("Propose that a module be recognised for a candidate"),
    "recognition.decide": _l("Agree to a recognition, or refuse it"),
    "candidacy.way": _l("See one’s own way through the programme"),
    "participation.own": _l("Pause, leave, or come back"),
    "participation.decide": _l("See whether candidates take part, and pause or bring back their part"),
    "candidacy.cohort": _l("See the candidates and how far they are"),
    "directory.read": _l("Look for a mentor among those who let themselves be found"),
    "directory.own": _l("Write one’s own entry among the mentors, and list it or not"),
    "mentorship.manage": _l("Make pairs and groups, and plan their sessions: all of the course, or one’s own"),
    "mentoring.own": _l("See the pairs that one is in oneself"),
    "outcome.report": _l("See how far outcomes have moved, in groups of five people or more"),
    "session.own": _l("See one’s own sessions"),
    "session.calendar": _l("Take a session along as a calendar file"),
    "observation.plan_together": _l("Plan a session of co-mentoring together"),
    "observation.plan": _l("Plan an observation"),
    "observation.queue": _l("See one’s own observations"),
    "observation.rate": _l("Rate an observation"),
    "observation.second": _l("Ask somebody for a second or third opinion"),
    "observation.capacity": _l("See who can observe whom"),
    "observation.void": _l("Set an observation aside"),
    "consent.own": _l("Say whether one may be observed, and read and strike the lines about oneself"),
    "consent.ask": _l("Ask who is in the room of an observation, and see whether it can be observed"),
    "observation.read": _l("Read a report"),
    "calibration.practise": _l("Practise rating on a transcript, and compare with its master ratings"),
    "founding.name": _l("Name founding mentors"),
    "founding.sign": _l("See founding mentors, and sign for one as the second person"),
    "agreement.read": _l("See how far two raters of the same session agree"),
    "qualification.read": _l("See how the observers of the course stand"),
    "assistance.own": _l("See and end one’s own requests for help"),
    "assistance.ask": _l("Ask for help"),
    "assistance.help": _l("See who asks for help, and help; but not candidates whom one observes"),
    "delivery.read": _l("See grades on their way"),
    "delivery.retry": _l("Send a grade again"),
}

OTHER_ROLES = {
    "member": _l("Anybody who has opened an activity"),
    "teacher": _l("Teacher of a course that nobody coordinates"),
    "colleague": _l("Teacher of a course that somebody coordinates"),
    "lms_administrator": _l("Administrator of the LMS, as the LMS says"),
    "administrator": _l("Administrator of the LMS, confirmed for the office"),
}

HOW = {
    "member": _l("by opening an activity in the course"),
    "teacher": _l("the LMS says that somebody teaches the course, and nobody coordinates it yet"),
    "colleague": _l("the LMS says that somebody teaches the course"),
    "candidate": _l("by opening an activity as a learner of the course; who pauses or leaves keeps it, to read what they did"),
    "mentor": _l("by leading a pair or group that goes on, or as a founding mentor whom a sponsor has signed for"),
    "protege": _l("by being the protégé of a pair or group that goes on"),
    "observer": _l("a coordinator or deputy gives it on the page of people, or by an invitation"),
    "trainer": _l("a coordinator or deputy gives it on the page of people, or by an invitation"),
    "deputy": _l("a coordinator gives it on the page of people"),
    "coordinator": _l("a teacher takes it up while nobody has it; later only whoever runs this tool can change it"),
    "administrator": _l("whoever runs this tool confirms it, for one registration of an LMS"),
    "lms_administrator": _l("the LMS says so at the launch; it opens only the question for the office"),
}


def permission_words(permission: str) -> str:
    """What a permission opens."""
    return str(PERMISSIONS.get(permission, permission))


def held_role_words(role: str) -> str:
    """Any role, those that nobody grants included."""
    return str(OTHER_ROLES.get(role) or role_words(role))


def come_by_words(role: str) -> str:
    """How somebody comes by a role."""
    return str(HOW.get(role, gettext("whoever runs this tool can say")))


def source_words(source: Any) -> str:
    """Where a role that somebody holds came from."""
    if source.origin == "grant":
        by = gettext("whoever runs this tool") if source.by == "operator" else source.by
        return gettext("given by %(name)s", name=by)
    if source.origin == "candidacy":
        return gettext("follows from the candidacy")
    if source.origin == "mentorship":
        return gettext("follows from being in a pair or group, or from being a founding mentor")
    return gettext("follows from the last launch")
