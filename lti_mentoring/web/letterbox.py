# SPDX-License-Identifier: Apache-2.0
"""Mails as their readers get them: their words in the reader's language, and the signed link that ends them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask
from flask_babel import Babel, force_locale

from lti_mentoring.domain.mail import Written
from lti_mentoring.keys import BadToken, Signer
from lti_mentoring.lti.launch import StateSigner
from lti_mentoring.outbound import mail
from lti_mentoring.services.postman import Letter, MailWay, Post
from lti_mentoring.settings import Settings
from lti_mentoring.web.language import known
from lti_mentoring.web.wording.door import DOOR_SUBJECTS, door_words
from lti_mentoring.web.wording.guest import GUEST_SUBJECTS, guest_words
from lti_mentoring.web.wording.notification import letter_words
from lti_mentoring.web.wording.referee import REFEREE_SUBJECTS, referee_words

TRANSLATIONS = Path(__file__).parents[1] / "translations"

GOOD_FOR = timedelta(days=365)
"""How long a mail's own link ends mails; the tool's page does it at any time."""

_PURPOSE = "unsubscribe"


def post(app: Flask, settings: Settings, way: MailWay, *, forbid: Callable[[], None]) -> Post:
    """How this installation writes and sends, as its settings say. ``forbid`` raises where the network must not be used."""
    told = settings.mail
    bundle = settings.ca_bundle or None
    signer = Signer(settings.secret_key, settings.secret_key_fallbacks)
    server = mail.Server(told.host, told.port, told.security, told.timeout_seconds, told.user, told.password, bundle)
    return Post(
        way=way,
        door=mail.to_folder(Path(told.folder), forbid=forbid) if told.folder else mail.to_server(server, forbid=forbid),
        sender=told.sender_parts,
        host=urlsplit(settings.public_url).hostname or "localhost",
        write=writer(app, settings.languages, settings.public_url),
        unsubscribe=unsubscribe_link(signer, settings.public_url),
        secret=signer.mac,
    )


def writer(app: Flask, languages: tuple[str, ...], public_url: str) -> Callable[[Letter], Written]:
    """What writes mails, in the context of ``app``; a worker's has no pages, and so no languages and no addresses of them."""
    if "babel" not in app.extensions:
        app.config.update(BABEL_TRANSLATION_DIRECTORIES=str(TRANSLATIONS), BABEL_DEFAULT_LOCALE=languages[0])
        Babel(app, configure_jinja=False)

    def write(letter: Letter) -> Written:
        language = known(letter.locale, languages) or languages[0]
        with force_locale(language):
            if letter.kind in REFEREE_SUBJECTS:
                words = referee_words(letter, f"{public_url}/references/")
            elif letter.kind in GUEST_SUBJECTS:
                words = guest_words(letter, f"{public_url}/guest#")
            elif letter.kind in DOOR_SUBJECTS:
                words = door_words(letter, f"{public_url}/door")
            else:
                words = letter_words(letter)
            return replace(words, language=language.replace("_", "-"))

    return write


def unsubscribe_link(signer: Signer, public_url: str) -> Callable[[str, str, datetime], str]:
    """What makes a mail's link, for (organisation, person, time of the mail); the same mail gets the same link again."""

    def link(org_id: str, person_id: str, at: datetime) -> str:
        said = {"o": org_id, "p": person_id}
        token = signer.sign(said, GOOD_FOR.total_seconds(), purpose=_PURPOSE, now=int(at.timestamp()))
        return f"{public_url}/lti/unsubscribe?mail={token}"

    return link


def whose(signer: StateSigner, token: str) -> tuple[str, str] | None:
    """The organisation and person of a link of ours; None for what is none, or past its time."""
    try:
        said = signer.read(token, purpose=_PURPOSE)
    except (BadToken, ValueError):
        return None
    return said["o"], said["p"]
