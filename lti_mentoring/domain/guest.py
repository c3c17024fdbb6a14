# SPDX-License-Identifier: Apache-2.0
"""Links for people without an account: how long one lives, what it opens, and why one opens nothing any more."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from lti_mentoring.domain.releasing import READING

CONSENT, FIELD = "consent", "field"
PURPOSES = (CONSENT, FIELD)
"""A participant's own page, and an observer's one assignment."""

NOTES = "notes"
"""What is left of a field link for a while after its end: notes can still be sent, and nothing is shown."""

LIVES = timedelta(hours=24)
"""How long a link waits to be opened, and how long what it opens stays open at the least."""

READS = READING + LIVES
"""The same of a link to lines that can be struck: as long as the result waits for that, and a day."""

SENDS_FOR = timedelta(days=14)
"""How long after it was opened what was written in the field can still arrive; a device keeps it no longer either."""

_ENDINGS = (
    "academy agency app art asia auto bar best bet bid bio biz blog buzz cam care casino center cfd chat click cloud club codes com company"
    " consulting contact cyou data date day dev digital direct download edu education email events example expert fans finance fit forum"
    " foundation fun fund fyi games global goog gov group guru health help homes host hosting icu inc info ink institute int international"
    " invalid jobs lat law life link live loan local localhost love ltd market media men mil mobi monster museum name net network news ngo"
    " ninja now one ong onion online org page party photos pics pro quest racing rest review rocks run sale sbs school science services sex"
    " shop show site social software solutions space store stream studio support systems tax team tech technology test tips today tokyo"
    " tools top tours trade training travel university vip webcam website wiki win work works world wtf xxx xyz zip zone"
).replace(" ", "|")
_NO_TITLE = r"(?<!(?<!\S)(?:dr|fr|mr|ms|sr|st))"
_ADDRESS = re.compile(
    rf"\S*(?:://|www\.|@|\d\.\d|\.xn--|\w{{2}}{_NO_TITLE}\.(?:\w{{2}}|{_ENDINGS})\b|\w{{2}}\.\w{{2,}}[/:?#])\S*", re.IGNORECASE
)
"""What a mail program makes a link of: a dot before the ending of a country or another one that is common, or before a path. Initials are
none, nor are titles and names with a dot between them."""

SPENT, OLD, REVOKED = "guest_link_spent", "guest_link_old", "guest_link_revoked"


@dataclass(frozen=True, slots=True)
class Link:
    """The times of a link and of the pass that it was exchanged for."""

    purpose: str
    expires_at: datetime
    spent_at: datetime | None = None
    revoked_at: datetime | None = None
    pass_expires_at: datetime | None = None


def has_address(name: str) -> bool:
    """Whether an address of a page or a mailbox stands in a name."""
    return _ADDRESS.search(name) is not None


def without_address(name: str) -> str:
    """A name as it may stand in a mail."""
    return " ".join(_ADDRESS.sub("", name).split())


def refusal(link: Link, now: datetime) -> str:
    """Why a link cannot be opened, as a code; empty where it can. What was taken back is said first: it holds whatever else is true."""
    if link.revoked_at is not None:
        return REVOKED
    if link.spent_at is not None:
        return SPENT
    return "" if now < link.expires_at else OLD


def opens(link: Link, purpose: str, now: datetime) -> bool:
    """Whether the pass of a link opens something: its purpose until it ends or is taken back; ``NOTES`` for longer, come what may."""
    if link.spent_at is None:
        return False
    if purpose == NOTES:
        return link.purpose == FIELD and now < link.spent_at + SENDS_FOR
    return link.purpose == purpose and link.revoked_at is None and link.pass_expires_at is not None and now < link.pass_expires_at
