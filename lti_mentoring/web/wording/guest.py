# SPDX-License-Identifier: Apache-2.0
"""Mails with a link for somebody without an account, and what is said of consent and of links."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask_babel import format_date, gettext, lazy_gettext

from lti_mentoring.domain.guest import LIVES, READS
from lti_mentoring.domain.mail import Written
from lti_mentoring.services.consent import Whose
from lti_mentoring.services.postman import Letter
from lti_mentoring.web.wording.phrase import say

_l = lazy_gettext

GUEST_SUBJECTS = {
    "guest_consent": _l("May a mentoring session be observed?"),
    "guest_reading": _l("What was noted in your session can be read"),
    "guest_field": _l("An observation waits for you"),
    "guest_moved": _l("Your session has another day or place"),
    "guest_field_moved": _l("A session was moved"),
    "guest_off": _l("An observation was called off"),
    "guest_session_off": _l("A mentoring session does not take place"),
}

TO_GUESTS = {
    "guest_consent": _l("To somebody in the room: may it be observed"),
    "guest_reading": _l("To somebody in the room: the lines can be read"),
    "guest_field": _l("To an observer: the link of an assignment"),
    "guest_moved": _l("To somebody in the room: another day or place"),
    "guest_field_moved": _l("To an observer: another day or place"),
    "guest_off": _l("By mail: an observation was called off"),
    "guest_session_off": _l("By mail: a session was called off"),
}
"""What staff call these mails, beside the person whom they go to."""

_FIRST = {
    "guest_consent": _l(
        "On %(planned_for)s you take part in a mentoring session, and %(asker)s (%(organisation)s) would like to have it observed. What is"
        " written down is how the mentor works, never your own matter. Whether that is all right is yours to say, and only you and the tool"
        " know what you said."
    ),
    "guest_reading": _l(
        "What an observer noted in the session of %(planned_for)s can be read now (%(organisation)s). You may strike any line within 48"
        " hours; it is then gone, and nobody is told that it was you. “I have read them” lets the result come out earlier."
    ),
    "guest_field": _l(
        "%(asker)s (%(organisation)s) has given you an observation: the session of %(planned_for)s. Its page holds the place to write,"
        " what to watch for, and the rating."
    ),
    "guest_moved": _l(
        "The mentoring session that you were asked about has another day or another place: it is planned for %(planned_for)s now"
        " (%(organisation)s). A yes was for the one before, so please say again whether it may be observed; only you and the tool know"
        " what you said. A no stays a no until you change it."
    ),
    "guest_field_moved": _l(
        "The session that you are to observe has another day or another place: it is planned for %(planned_for)s now (%(organisation)s)."
        " Its page says where, and holds the place to write, what to watch for, and the rating."
    ),
    "guest_off": _l(
        "Nobody observes the mentoring session of %(planned_for)s any more (%(organisation)s): that was called off. There is nothing that"
        " you need do. Whether the session itself takes place is agreed by those who meet in it."
    ),
    "guest_session_off": _l(
        "The mentoring session of %(planned_for)s does not take place (%(organisation)s), and nobody observes it. There is nothing that you"
        " need do."
    ),
}

_DEAR = _l("Dear %(name)s,")
_WHERE = _l("This link opens the page, without an account:")
_ONCE = _l(
    "It works once, within %(lives)s hours, and is yours alone: please do not pass it on. Is it too old? Open it all the same; the page"
    " has a button that asks for a new one."
)
_HEARD = _l("You get this mail because you were asked about this session.")
_WHY = _l("You get this mail because %(asker)s gave your address for this session.")


def guest_words(letter: Letter, page: str) -> Written:
    """The mail in words; ``page`` is the address of the door, which the token is added to as a fragment: no server is sent it."""
    facts: dict[str, Any] = dict(letter.facts or {})
    facts["planned_for"] = format_date(facts["planned_for"], "d MMM yyyy")
    facts["lives"] = (READS if letter.kind == "guest_reading" else LIVES) // timedelta(hours=1)
    paragraphs = [say(one, facts) for one in (_DEAR, _FIRST[letter.kind])]
    if "token" in facts:
        paragraphs += [say(_WHERE, facts), f"{page}{facts['token']}", say(_ONCE, facts)]
    first = letter.kind in ("guest_consent", "guest_reading", "guest_field")
    paragraphs.append(f"-- \n{say(_WHY if first else _HEARD, facts)}")
    return Written(str(GUEST_SUBJECTS[letter.kind]), "\n\n".join(paragraphs))


_STRUCK = _l("A line was struck. Rate again what rested on it.")


def correction_words(why: str) -> str:
    """Why a submitted rating is open again: in its rater's own words, or ours where a line was struck."""
    return str(_STRUCK) if why == "line_struck" else why


def whose_words(whose: Whose) -> list[str]:
    """Whose the consent of a session is where it may not be everybody's own; nothing else is said of it."""
    said = [gettext("Consent rests on the observer’s word: nobody in the room was asked themself.")] if whose.by_word else []
    names = ", ".join(whose.handed)
    return said + ([gettext("Consent came by a link that was handed over by %(names)s.", names=names)] if names else [])


RULES = {
    "guest_link": _l("This link opens nothing. It may have been cut off on its way: copy all of it, up to the end."),
    "guest_link_spent": _l("This link was opened before, and works once."),
    "guest_link_old": _l("This link was not opened in time."),
    "guest_link_revoked": _l("This link was taken back, or a newer one was made for you."),
    "guest_name_empty": _l("Say what the person is called."),
    "guest_address": _l("“%(address)s” is no address that a mail could go to."),
    "guest_is_there": _l("Nobody new: this person is asked already, or is the candidate or the observer."),
    "guest_no_mail": _l("No mail can go there: no address is known, or this installation sends no mails. Hand the link over instead."),
    "name_is_address": _l("“%(name)s” has an address in it. Write the name alone: it stands in mails."),
    "guest_room_full": _l("%(most)s people are asked for this session; that is the most."),
    "guest_mail_lately": _l("A mail went to them within the last hour. Wait a little before you send the next."),
    "guest_not_by_hand": _l(
        "No link is handed over for this person: they have a mailbox, or sign in at your organisation, and a link in other hands would "
        "speak in their name. Send it by mail, or have them open the course."
    ),
    "guest_reads": _l("They may read the lines and strike them now; that way stays open until the rating is released."),
    "guest_dismissed": _l("This observer is planned no more. Name them again, or call the session off."),
    "guest_lead_takes_back": _l("Only a coordinator takes a link back."),
    "guest_observer_hands": _l(
        "You observe this session, or are observed in it. Have somebody else who coordinates hand the link over, so that nobody can think "
        "that the answer is yours."
    ),
    "guest_lead_takes_off": _l("Only a coordinator takes somebody off."),
    "guest_observer_takes_off": _l(
        "You observe this session, or are observed in it. Have somebody else who coordinates take them off, so that nobody is left out by "
        "who has a part in it."
    ),
    "guest_of_session": _l("They belong to the session itself, and so they are asked. Call the session off if it is the wrong one."),
    "guest_last": _l(
        "Somebody has been asked themself, and so somebody stays asked. Ask the right person first, then take this one off; or call the "
        "observation off."
    ),
    "guest_opened": _l("They may have opened their page already, and so they stay: nobody who was asked is left out by others."),
    "guest_inside": _l("This person takes part in the course and finds the page there; they need no link."),
    "guest_lead_hands_over": _l("Only a coordinator hands a link over; you can send it by mail."),
    "guest_field_lead": _l("Only a coordinator gives an observer the link of an assignment."),
    "consent": _l("There is no session here that you were asked about."),
    "consent_by_observer": _l("The observer of this session records what its protégé says. Tell them."),
    "consent_missing": _l("Not everybody in the room has agreed as things stand. Without that nothing can be submitted or released."),
    "consent_is_theirs": _l("Who is in the room is asked in private; nobody can say yes for them."),
    "consent_moved": _l("The session has another day or place than when you opened this page. Read what it is now, then answer."),
    "consent_unsure": _l("Tick the box first: the words that were noted would be gone for good."),
    "consent_closed": _l("This session is over or was called off; there is nothing left to agree to."),
}
