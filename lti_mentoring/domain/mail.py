# SPDX-License-Identifier: Apache-2.0
"""Mails: who can have one, what stands in its head, and what a mail server's answer means. Nothing of a person breaks out of a header."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime

# --- words and addresses ---------------------------------------------------------------------------------------------------------

_UNSPEAKABLE = ("C", "Zl", "Zp")
"""Unicode categories that end a line, turn it round or show nothing; no name needs them."""

_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_HOST = re.compile(r"(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*")


def line(text: str, most: int = 120) -> str:
    """A text as it may stand in a header: one line, without what only steers, at most ``most`` characters."""
    spoken = "".join(" " if unicodedata.category(one).startswith(_UNSPEAKABLE) else one for one in text)
    return " ".join(spoken.split())[:most].strip()


def mailable(address: str | None) -> str | None:
    """The address as a mail server takes it, or None: not every LMS sends one, and what some send is none."""
    if not address or len(address) > 320:
        return None
    local, at, host = address.strip().rpartition("@")
    try:
        host = host.encode("idna").decode("ascii") if not host.isascii() else host
    except UnicodeError:
        return None
    if not at or len(local) > 64 or not _LOCAL.fullmatch(local) or not _HOST.fullmatch(host):
        return None
    return f"{local}@{host.lower()}"


# --- the mail itself -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Written:
    """A mail's words, in its reader's language."""

    subject: str
    text: str
    language: str = ""


def compose(
    written: Written, *, sender: tuple[str, str], name: str, address: str, message_id: str, unsubscribe: str, at: datetime
) -> EmailMessage:
    """A mail that says what it is: made by a machine, answered by nobody else's, ended with one click (RFC 8058, RFC 3834).

    ``sender`` is name and address, both addresses ``mailable``; ``unsubscribe`` is an address of ours, which ends the text too, or "" for
    a mail that is none of a series: there is nothing to end. The same ``message_id`` makes it the same mail, whenever it is sent again.
    """
    mail = EmailMessage(policy=WIRE)
    mail["From"] = Address(line(sender[0]), addr_spec=sender[1])
    mail["To"] = Address(line(name), addr_spec=address)
    mail["Subject"] = line(written.subject, 200)
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = message_id
    if unsubscribe:
        mail["List-Unsubscribe"] = f"<{unsubscribe}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(f"{written.text}\n{unsubscribe}\n" if unsubscribe else f"{written.text}\n", cte="quoted-printable")
    if written.language:
        mail["Content-Language"] = line(written.language, 35)
    # A long word of a header would be encoded to be folded, and no mail program reads an address in List-Unsubscribe then.
    mail.policy = WIRE.clone(max_line_length=998)
    return mail


def message_id(mail_id: str, host: str) -> str:
    """The id of a mail, made from its row: sent twice because a worker was killed in between, it is one mail to whoever sorts them."""
    return f"<{mail_id}@{host}>"


# --- what a mail server answers --------------------------------------------------------------------------------------------------

DONE, LATER, REFUSED = "done", "later", "refused"

NO_TLS, LOGIN, SERVER, ADDRESS, UNREACHABLE, BUSY, NOT_TAKEN = (
    "mail_no_tls",
    "mail_login",
    "mail_server",
    "mail_address",
    "mail_unreachable",
    "mail_busy",
    "mail_refused",
)
REMEDIES = (NO_TLS, LOGIN, SERVER, ADDRESS, UNREACHABLE, BUSY, NOT_TAKEN)

OF_THE_SERVER = frozenset({NO_TLS, LOGIN, SERVER})
"""Refusals that every mail would meet: once the server takes one again, those that met them go out by themselves."""

WORTH_A_WAIT = timedelta(days=5)
"""How long a mail that nobody takes is tried; what waits stands in the tool all the while."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How sending has ended: done, later or refused, with the server's own words and the code of what to do."""

    kind: str
    status: int | None = None
    words: str = ""
    remedy: str = ""


def verdict(status: int, words: str, *, remedy: str) -> Verdict:
    """What an answer means: 2xx done, 4xx later, anything else refused for ``remedy`` (RFC 5321, 4.2.1)."""
    if 200 <= status < 300:
        return Verdict(DONE, status)
    if 400 <= status < 500:
        return Verdict(LATER, status, words, BUSY)
    return Verdict(REFUSED, status, words, remedy)


def said(words: str, most: int = 500) -> str:
    """A server's words as they are kept: one line, and no address of anybody in it."""
    return line(re.sub(r"[^\s<>@,;:\"]+@[^\s<>@,;:\"]+", "[address]", words), most)


def lane_key(host: str) -> str:
    """The lane of a mail server, at most 32 characters as every lane's."""
    key = f"mail:{host.lower()}"
    return key if len(key) <= 32 else f"mail:{hashlib.sha256(host.lower().encode()).hexdigest()[:27]}"
