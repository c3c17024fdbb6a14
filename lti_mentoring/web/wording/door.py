# SPDX-License-Identifier: Apache-2.0
"""Mails of the door beside the LMS, and what is said at it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask_babel import format_datetime, gettext, lazy_gettext

from lti_mentoring.domain.mail import Written
from lti_mentoring.services.postman import Letter
from lti_mentoring.web.wording.phrase import say

_l = lazy_gettext

DOOR_SUBJECTS = {
    "door_link": _l("Your link to your mentoring pages"),
    "door_invited": _l("Your own pages for mentoring"),
    "door_passkey": _l("A passkey was added to your mentoring pages"),
}

_DEAR = _l("Dear %(name)s,")
_FIRST = {
    "door_link": _l("This link opens your mentoring pages at %(organisation)s. It works once, within 30 minutes:"),
    "door_invited": _l(
        "You have a page of your own for mentoring at %(organisation)s: whom you meet, and what the two of you write. You need no account"
        " and no course. This link opens it once, within seven days:"
    ),
    "door_passkey": _l(
        "A passkey was added to your mentoring pages at %(organisation)s, on %(when)s (UTC). It lets whoever holds that device in. If it"
        " was not you, open the door, ask for a link, and take the passkey away:"
    ),
}
_LAST = {
    "door_link": _l("You did not ask for it? Then nobody has come in: you may delete this mail. Please pass the link on to nobody."),
    "door_invited": _l("Is the link too old? At the same address you can ask for a new one. Please pass it on to nobody."),
    "door_passkey": _l("There you can also sign out everywhere."),
}


def door_words(letter: Letter, page: str) -> Written:
    """The mail in words; ``page`` is the address of the door, which the token is added to as a fragment: no server is sent it."""
    facts: dict[str, Any] = dict(letter.facts or {})
    facts["when"] = format_datetime(facts["at"], "d MMM yyyy, HH:mm")
    where = f"{page}/link#{facts['token']}" if "token" in facts else page
    paragraphs = [say(_DEAR, facts), say(_FIRST[letter.kind], facts), where, say(_LAST[letter.kind], facts)]
    return Written(str(DOOR_SUBJECTS[letter.kind]), "\n\n".join(paragraphs))


def spent_words(at: datetime | None, browser: str) -> str:
    """When and where a link was opened, for its owner."""
    when = format_datetime(at, "d MMM, HH:mm") if at is not None else ""
    if browser:
        return gettext("This link was used on %(when)s (UTC), in %(browser)s.", when=when, browser=browser)
    return gettext("This link was used on %(when)s (UTC).", when=when)


def door_day_words(at: datetime | None) -> str:
    """When a passkey was used last."""
    return format_datetime(at.astimezone(UTC), "d MMM yyyy, HH:mm") if at is not None else gettext("not yet")


RULES = {
    "door_link": _l("This link opens nothing. It may have been cut off on its way: copy all of it, up to the end."),
    "door_link_spent": _l("This link was used before, and works once."),
    "door_link_old": _l("This link is too old. Ask for a new one; it comes by mail."),
    "door_link_revoked": _l("This link opens nothing any more: a newer one was made for you, or nothing here is yours now."),
    "door_address": _l("That is no address that a mail could go to."),
    "door_no_mail": _l("No mail can go there: no address is known, or this installation sends no mails."),
    "door_nothing_there": _l("Nothing is theirs: no pair that goes on, no candidacy, no course."),
    "door_challenge": _l("That took too long, or was begun in another window. Please try once more."),
    "door_passkey_refused": _l("This passkey opens nothing here. Ask for a link by mail instead."),
    "door_passkey_copied": _l("This passkey may have been copied, so it opens nothing. Ask for a link by mail, and take the passkey away."),
    "door_passkey_known": _l("This passkey is here already."),
    "door_passkeys_many": _l("You have %(most)s passkeys; that is the most. Take one away first."),
    "door_stale": _l("You came in a while ago. Sign out and come in again first: a passkey is changed soon after signing in only."),
    "passkey": _l("There is no such passkey of yours."),
}
