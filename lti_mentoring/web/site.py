# SPDX-License-Identifier: Apache-2.0
"""All pages, put together. A worker has none, and saves the memory of the libraries that they need."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask
from flask_babel import Babel
from flask_bootstrap import Bootstrap5
from jinja2 import ChoiceLoader, FileSystemLoader

from lti_mentoring.keys import Sealer, Signer, SigningKey
from lti_mentoring.lti.keysets import KeySets
from lti_mentoring.lti.registration import Registry
from lti_mentoring.outbound import Client
from lti_mentoring.services import figures
from lti_mentoring.services import keys as key_verbs
from lti_mentoring.settings import Settings, resources
from lti_mentoring.web import (
    access,
    board,
    capacity,
    comparison,
    concern,
    editing,
    errors,
    founding,
    frame,
    guest,
    handing_in,
    handout,
    health,
    holdings,
    home,
    joint_plan,
    linking,
    listing,
    lti,
    moving,
    my_privacy,
    notices,
    opening,
    page,
    permission,
    placement,
    profile,
    recorded,
    reference,
    registration,
    report,
    returning,
    review,
    second,
    selection,
    session,
    signing_out,
    telemetry,
    window,
    wording,
)
from lti_mentoring.web import agreement as agreement_pages
from lti_mentoring.web import application as application_pages
from lti_mentoring.web import assistance as assistance_pages
from lti_mentoring.web import calibration as calibration_pages
from lti_mentoring.web import conflict as conflict_pages
from lti_mentoring.web import consent as consent_pages
from lti_mentoring.web import delivery as delivery_pages
from lti_mentoring.web import directory as directory_pages
from lti_mentoring.web import door as door_pages
from lti_mentoring.web import field as field_pages
from lti_mentoring.web import meeting as meeting_pages
from lti_mentoring.web import mentorship as mentorship_pages
from lti_mentoring.web import mine as mine_pages
from lti_mentoring.web import note as note_pages
from lti_mentoring.web import notification as notification_pages
from lti_mentoring.web import observation as observation_pages
from lti_mentoring.web import office as office_pages
from lti_mentoring.web import outcome as outcome_pages
from lti_mentoring.web import participation as participation_pages
from lti_mentoring.web import people as people_pages
from lti_mentoring.web import practice as practice_pages
from lti_mentoring.web import privacy as privacy_pages
from lti_mentoring.web import qualification as qualification_pages
from lti_mentoring.web import recognition as recognition_pages
from lti_mentoring.web import reporting_line as line_pages
from lti_mentoring.web import roster as roster_pages
from lti_mentoring.web import training as training_pages
from lti_mentoring.web.wiring import EXTENSION, Wiring

TRANSLATIONS = Path(__file__).parents[1] / "translations"


def open_to_browsers(
    app: Flask,
    settings: Settings,
    *,
    overlay: Path | None,
    registry: Registry,
    http: Client,
    signing_key: Callable[[], SigningKey],
    ready: Callable[[], list[str]],
) -> None:
    """Give an app its pages. ``overlay`` is a deployer's own folder, laid over ``templates/``; ``ready`` answers what does not work."""
    app.jinja_loader = ChoiceLoader([FileSystemLoader(folder) for folder in resources("templates", overlay)])
    app.jinja_options = {**app.jinja_options, "extensions": ["jinja2.ext.do"]}
    app.config.update(
        WTF_CSRF_SSL_STRICT=False,
        WTF_CSRF_TIME_LIMIT=None,
        BOOTSTRAP_SERVE_LOCAL=True,
        BABEL_TRANSLATION_DIRECTORIES=str(TRANSLATIONS),
        BABEL_DEFAULT_LOCALE=settings.languages[0],
        PREFERRED_URL_SCHEME=settings.public_url.partition(":")[0],
        SEND_FILE_MAX_AGE_DEFAULT=86_400,
    )
    app.extensions[EXTENSION] = Wiring(
        settings=settings,
        registry=registry,
        keysets=KeySets(key_verbs.KeySets(), http, noted=telemetry.key_set_fetched),
        sealer=Sealer(settings.encryption_keys),
        signer=Signer(settings.secret_key, settings.secret_key_fallbacks),
        published_keys=lambda: key_verbs.published(now=datetime.now(UTC)),
        signing_key=signing_key,
        ready=ready,
        figures=telemetry.figures(figures.figures),
        http=http,
    )
    _dress(app, settings)


def _dress(app: Flask, settings: Settings) -> None:
    """Blueprints, sessions, headers, CSRF, languages and error pages, in the order in which a request meets them."""
    telemetry.init_app(app)
    app.session_interface = session.ServerSessions()
    frame.init_app(app)
    Bootstrap5(app)
    Babel(app, locale_selector=lambda: page.choose_locale(settings.languages))
    page.init_app(app)
    wording.init_app(app)
    errors.init_app(app)
    rooms = (lti, notices, registration, linking, health, home, people_pages, placement, training_pages, observation_pages, delivery_pages)
    way = (application_pages, selection, recorded, reference, opening, editing, participation_pages, assistance_pages, notification_pages)
    learned = (practice_pages, recognition_pages, handout, calibration_pages)
    observing = (field_pages, guest, consent_pages, qualification_pages, agreement_pages, founding, report, profile, listing, handing_in)
    told = (conflict_pages, line_pages, second, capacity, privacy_pages)
    pairs = (mentorship_pages, directory_pages, meeting_pages, joint_plan, mine_pages, note_pages, door_pages, outcome_pages)
    staff = (board, moving, comparison, roster_pages, office_pages, permission, review, signing_out, window)
    rights = (holdings, my_privacy, returning, concern)
    for room in (*rooms, *way, *learned, *observing, *told, *pairs, *staff, *rights):
        app.register_blueprint(room.bp)
        if hasattr(room, "api"):
            app.register_blueprint(room.api)
    for endpoint in ("static", "bootstrap.static"):
        app.view_functions[endpoint] = access.public("files of the product, the same for everybody")(_plainly(app.view_functions[endpoint]))


def _plainly(view: Any) -> Any:
    """A bound method takes no mark of its own."""

    def files(**ids: Any) -> Any:
        return view(**ids)

    return files
