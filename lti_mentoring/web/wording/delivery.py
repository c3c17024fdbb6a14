# SPDX-License-Identifier: Apache-2.0
"""What an LMS refuses about a grade, explained, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import lazy_gettext

_l = lazy_gettext


@dataclass(frozen=True, slots=True)
class Remedy:
    """A cause of stuck grades: its title, what it means, and the steps that mend it. No step touches what is kept here."""

    title: str
    what: str
    steps: tuple[str, ...]


AGAIN = _l("Come back to this page and send the grade again.")
ADMINISTRATOR = _l("Send the LMS’s answer above to whoever looks after the LMS.")

OPERATOR = _l("Send the mail server’s answer above to whoever runs this tool.")
MAIL_AGAIN = _l("Come back to this page and send the mail again.")

MAIL = {
    "mail_address": (
        _l("The mailbox does not take mail"),
        _l("The mail server knows no such mailbox, or the mailbox takes nothing from us. The notice stands in the tool."),
        (
            _l("Ask the person to look at their address in the LMS; we take it from there when they next open an activity."),
            _l("If it is a referee’s: the page of that application says what to do."),
            MAIL_AGAIN,
        ),
    ),
    "mail_refused": (
        _l("The mail server refused these mails"),
        _l("Its answer stands beside this. The notices stand in the tool."),
        (OPERATOR, MAIL_AGAIN),
    ),
    "mail_login": (
        _l("The mail server does not let this tool in"),
        _l("It refused the tool’s name and password, or asks for none."),
        (OPERATOR, _l("Nothing else: once the server takes a mail again, these go out by themselves within five days.")),
    ),
    "mail_no_tls": (
        _l("The mail server offers no safe connection"),
        _l("The settings ask for TLS, and the server offers none that can be trusted. Nothing was sent, and no password was said."),
        (OPERATOR, _l("Nothing else: once the server takes a mail again, these go out by themselves within five days.")),
    ),
    "mail_server": (
        _l("The mail server turns this tool away"),
        _l("It refused the connection in words before any mail was offered."),
        (OPERATOR, _l("Nothing else: once the server takes a mail again, these go out by themselves within five days.")),
    ),
    "mail_unreachable": (
        _l("The mail server did not answer"),
        _l("It could not be reached. The tool tries again by itself, for five days."),
        (_l("If it lasts, tell whoever runs this tool."), MAIL_AGAIN),
    ),
    "mail_busy": (
        _l("The mail server asked us to come back later"),
        _l("The tool tries again by itself, for five days."),
        (_l("If it lasts, send the mail server’s answer to whoever runs this tool."), MAIL_AGAIN),
    ),
}

REMEDIES = {
    "user_not_gradable": (
        _l("The LMS does not grade these people"),
        _l("It takes grades only for people who are enrolled in the course as students. These are no longer, or hold a teaching role."),
        (_l("Open the list of participants in the course and give each a student role, or enrol them again."), AGAIN),
    ),
    "column_gone": (
        _l("The gradebook column is gone"),
        _l("The activity or its column was deleted or hidden in the LMS after the last launch."),
        (_l("Open the activity once from the course page: that tells us its new column."), AGAIN),
    ),
    "course_closed": (
        _l("The course is closed"),
        _l("The LMS takes no grades for a course that has ended."),
        (_l("Ask whoever looks after the course to open it again, if the grade still counts."), AGAIN),
    ),
    "scope_missing": (
        _l("The tool may not send grades"),
        _l("The LMS lets people open this tool, but its settings do not let the tool fill the gradebook."),
        (_l("Ask whoever looks after the LMS to allow grade services (“use this service for grade sync and column management”)."), AGAIN),
    ),
    "keys_unreachable": (
        _l("The LMS cannot check our signature"),
        _l("It could not load this tool’s public keys, so it does not know that the grade comes from us."),
        (_l("Ask whoever looks after the LMS whether it can reach this tool’s key address, and whether that address is right."), AGAIN),
    ),
    "newer_grade": (
        _l("The LMS holds a newer grade"),
        _l("Somebody changed this grade by hand in the gradebook after we sent ours. We do not overwrite a person."),
        (_l("Ask the teacher which one stands."), _l("If it is ours, send it again; it then carries today’s time.")),
    ),
    "teacher_grade": (
        _l("Somebody changed this grade in the LMS"),
        _l(
            "The gradebook holds another value than the one we sent, most likely a teacher’s own grade. There is a new result here, and we"
            " did not write it over a person’s."
        ),
        (_l("Ask the teacher which one stands."), _l("If it is ours, send it; otherwise keep what the LMS holds.")),
    ),
    "no_look": (
        _l("The LMS does not say what it holds"),
        _l("Before a changed grade is sent, we look whether a teacher has written another one. The LMS failed when it was asked."),
        (
            _l("Look into the gradebook yourself: is the grade there still the one that was sent?"),
            _l("If so, send it again; it then goes out without another look."),
        ),
    ),
    "credentials": (
        _l("The LMS no longer knows this tool"),
        _l("It refused the tool’s own sign-in; its registration was changed or removed."),
        (ADMINISTRATOR, AGAIN),
    ),
    "busy": (
        _l("The LMS asked us to slow down"),
        _l("Many grades came at once. They go out by themselves as soon as it has room."),
        (_l("Nothing needs to be done."),),
    ),
    "server_error": (
        _l("The LMS had a fault of its own"),
        _l("It answered with an error on its side. The tool tries again by itself; a grade that fails often waits for you."),
        (
            _l("If it lasts, the gradebook may be locked for these people, or the LMS has lost them: open their row in the gradebook."),
            ADMINISTRATOR,
            AGAIN,
        ),
    ),
    "unreachable": (
        _l("The LMS does not answer"),
        _l("It could not be reached. The tool tries again by itself."),
        (_l("Nothing needs to be done, unless it lasts for days: then tell whoever looks after the LMS."),),
    ),
    "paused": (
        _l("Whoever runs this tool has paused deliveries to this LMS"),
        _l("Often the LMS is being upgraded. Grades are kept and go out once it is resumed."),
        (_l("Nothing needs to be done."),),
    ),
    "redirected": (
        _l("The LMS has moved"),
        _l(
            "It answered from another address than the one that is registered. Grades are not sent to addresses that nobody has registered."
        ),
        (_l("Ask whoever looks after the LMS for its present address, and whoever runs this tool to register it."), AGAIN),
    ),
    "address_refused": (
        _l("The gradebook’s address may not be used"),
        _l("The LMS named an address for its gradebook that lies outside of what is registered for it."),
        (_l("Ask whoever runs this tool to compare the addresses of the registration with those of the LMS."), AGAIN),
    ),
    **MAIL,
    "unknown": (
        _l("The LMS refused these grades"),
        _l("Its answer stands beside this. Nothing is lost here, and nobody’s grade was changed."),
        (ADMINISTRATOR, AGAIN),
    ),
}


def remedy_words(remedy: str) -> Remedy:
    """The cause behind a remedy code."""
    title, what, steps = REMEDIES.get(remedy, REMEDIES["unknown"])
    return Remedy(str(title), str(what), tuple(str(step) for step in steps))
