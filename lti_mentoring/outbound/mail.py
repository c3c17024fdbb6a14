# SPDX-License-Identifier: Apache-2.0
"""The door to the mail server, and for trying things out a folder in its place. What goes wrong comes back as a verdict."""

from __future__ import annotations

import contextlib
import os
import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

from lti_mentoring.domain.mail import ADDRESS, DONE, LATER, LOGIN, NO_TLS, NOT_TAKEN, REFUSED, SERVER, UNREACHABLE, Verdict, said, verdict

Carry = Callable[[EmailMessage, str, str], Verdict]
"""Hands over one mail: (mail, sender's address, recipient's address) -> how it ended."""

Door = Callable[[], AbstractContextManager[Carry]]
"""Opens the way to the server for some mails in a row; MailFault if it does not open."""


class MailFault(Exception):
    """The server cannot be spoken to at all, or no longer; ``verdict`` holds for every mail that was meant for it."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.remedy)
        self.verdict = verdict


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server as the operator names it. ``security`` is none, starttls or tls; without ``user`` nobody signs in."""

    host: str
    port: int
    security: str
    timeout_seconds: float
    user: str = ""
    password: str = field(default="", repr=False)
    ca_bundle: str | None = None


def to_server(server: Server, *, forbid: Callable[[], None] = lambda: None) -> Door:
    """The way to a mail server. ``forbid`` raises where the network must not be used, such as inside a transaction."""

    @contextmanager
    def opened() -> Iterator[Carry]:
        forbid()
        smtp = _speaking(server)
        try:
            yield lambda mail, sender, address: _hand_over(smtp, mail, sender, address)
        finally:
            _leave(smtp)

    return opened


def _speaking(server: Server) -> smtplib.SMTP:
    """A server that we have greeted, over TLS and signed in where the settings say so."""
    remedy, smtp = SERVER, None
    try:
        smtp = _connected(server)
        smtp.ehlo_or_helo_if_needed()
        if server.security == "starttls":
            remedy = NO_TLS  # nothing is said to a server that offers no TLS, least of all a password
            smtp.starttls(context=_context(server))
            smtp.ehlo_or_helo_if_needed()
        if server.user:
            remedy = LOGIN
            smtp.login(server.user, server.password)
    except ssl.SSLCertVerificationError as error:
        _leave(smtp)
        raise MailFault(Verdict(REFUSED, None, said(error.verify_message), NO_TLS)) from error
    except smtplib.SMTPException as error:
        _leave(smtp)
        raise MailFault(_of(error, remedy)) from error
    except OSError as error:
        _leave(smtp)
        raise MailFault(Verdict(LATER, None, said(error.strerror or type(error).__name__), UNREACHABLE)) from error
    return smtp


def _connected(server: Server) -> smtplib.SMTP:
    if server.security == "tls":
        return smtplib.SMTP_SSL(server.host, server.port, timeout=server.timeout_seconds, context=_context(server))
    return smtplib.SMTP(server.host, server.port, timeout=server.timeout_seconds)


def _context(server: Server) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=server.ca_bundle)


def _hand_over(smtp: smtplib.SMTP, mail: EmailMessage, sender: str, address: str) -> Verdict:
    """One mail; MailFault where the connection is of no use any more."""
    try:
        smtp.send_message(mail, sender, [address])
    except smtplib.SMTPRecipientsRefused as refused:
        status, words = refused.recipients[address]
        found = verdict(status, said(_text(words)), remedy=ADDRESS)
    except smtplib.SMTPServerDisconnected as error:
        raise MailFault(Verdict(LATER, None, "", UNREACHABLE)) from error
    except smtplib.SMTPException as error:
        found = _of(error, NOT_TAKEN)
    except OSError as error:
        raise MailFault(Verdict(LATER, None, said(error.strerror or type(error).__name__), UNREACHABLE)) from error
    else:
        return Verdict(DONE, 250)
    if smtp.sock is None:  # 421: the server closes the connection with its answer
        raise MailFault(found)
    return found


def _of(error: smtplib.SMTPException, remedy: str) -> Verdict:
    """What a protocol's error means; one without a number is the server's want of something that we need."""
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return Verdict(LATER, None, "", UNREACHABLE)
    if isinstance(error, smtplib.SMTPResponseException) and error.smtp_code > 0:
        found = verdict(error.smtp_code, said(_text(error.smtp_error)), remedy=remedy)
        return found if found.kind != DONE else Verdict(LATER, found.status, found.words, UNREACHABLE)
    return Verdict(REFUSED, None, said(str(error)), remedy)


def _text(words: bytes | str) -> str:
    return words.decode("utf-8", "replace") if isinstance(words, bytes) else words


def _leave(smtp: smtplib.SMTP | None) -> None:
    if smtp is not None:
        with contextlib.suppress(smtplib.SMTPException, OSError):
            smtp.quit()
        smtp.close()


# --- a folder ----------------------------------------------------------------------------------------------------------------------


def to_folder(folder: Path, *, forbid: Callable[[], None] = lambda: None) -> Door:
    """Mails as files that nobody sends, for trying things out: ``<Message-ID>.eml``, the same mail the same file."""

    def keep(mail: EmailMessage, sender: str, address: str) -> Verdict:
        name = str(mail["Message-ID"]).strip("<>").partition("@")[0]
        half = folder / f".{name}.half"
        half.write_bytes(mail.as_bytes())
        os.replace(half, folder / f"{name}.eml")
        return Verdict(DONE)

    @contextmanager
    def opened() -> Iterator[Carry]:
        forbid()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise MailFault(Verdict(LATER, None, said(error.strerror or ""), UNREACHABLE)) from error
        yield keep

    return opened
