# SPDX-License-Identifier: Apache-2.0
"""The mailboxes of a site's people: what the tool has mailed to them, as files of a folder that nobody sends."""

from __future__ import annotations

from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

from flask import Blueprint, current_app, render_template
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.demo.message import email
from lti_mentoring.demo.pages import for_somebody
from lti_mentoring.demo.world import here, world

bp = Blueprint("mails", __name__, url_prefix="/<site>")

FOLDER = "MAILS"
"""The name in the configuration of the folder that the tool writes its mails into; None where it writes none."""

MAILS_ON_A_PAGE = 60


@dataclass(frozen=True, slots=True)
class Kept:
    """One mail. ``unsubscribe`` is its link that ends mails, if it is one of our tool's."""

    subject: str
    to: str
    at: str
    text: str
    headers: tuple[tuple[str, str], ...]
    unsubscribe: str


@bp.get("/mails")
@for_somebody
def show() -> str | AnyResponse:
    """The mails to people of this site, the newest first."""
    folder: Path | None = current_app.config.get(FOLDER)
    mine = {email(here(), persona) for persona in here().people}
    found = [one for one in (_parsed(file) for file in _files(folder)) if _address(one) in mine]
    shown = [_kept(one) for one in found[:MAILS_ON_A_PAGE]]
    return render_template("demo/mails.html", mails=shown, total=len(found), sends=folder is not None)


def _files(folder: Path | None) -> list[Path]:
    # The names begin with the time at which the mail was wanted.
    return sorted(folder.glob("*.eml"), reverse=True) if folder is not None else []


def _parsed(file: Path) -> EmailMessage:
    return BytesParser(EmailMessage, policy=policy.default).parsebytes(file.read_bytes())


def _address(mail: EmailMessage) -> str:
    to = mail["To"]
    return to.addresses[0].addr_spec if to is not None and to.addresses else ""


def _kept(mail: EmailMessage) -> Kept:
    link = str(mail["List-Unsubscribe"] or "").strip("<>")
    return Kept(
        subject=str(mail["Subject"] or ""),
        to=str(mail["To"] or ""),
        at=str(mail["Date"] or ""),
        text=str(mail.get_content()),
        headers=tuple((name, str(value)) for name, value in mail.items()),
        unsubscribe=link if link.startswith(f"{world().tool_url}/") else "",
    )
