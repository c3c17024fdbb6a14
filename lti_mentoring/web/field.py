# SPDX-License-Identifier: Apache-2.0
"""Capture in the field: the page, its shell and service worker for rooms without a network, the sheet to print, what a phone sends."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable
from pathlib import Path
from textwrap import shorten
from typing import Any

from flask import Blueprint, Response, current_app, flash, jsonify, make_response, redirect, render_template, request, url_for
from flask_babel import force_locale, gettext
from flask_wtf.csrf import generate_csrf
from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load, validate
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.domain.discretion import PATTERNS
from lti_mentoring.domain.field import COUNTERS, MOST, Counted, joined
from lti_mentoring.domain.guest import FIELD, NOTES
from lti_mentoring.domain.people import display_name
from lti_mentoring.domain.rule import NotAllowed, NotFound, RuleBroken
from lti_mentoring.services import field as verbs
from lti_mentoring.services.field import Batch, Device, FieldPage
from lti_mentoring.services.noting import LONGEST_NOTE, Note
from lti_mentoring.services.seat import NoteRow
from lti_mentoring.web.access import actor, here, public, require
from lti_mentoring.web.language import known
from lti_mentoring.web.observation_form import Hex
from lti_mentoring.web.page import asset
from lti_mentoring.web.wiring import wiring
from lti_mentoring.web.wording.field import capture_about_words
from lti_mentoring.web.wording.observation import level_words
from lti_mentoring.web.wording.rule import rule_words

bp = Blueprint("field", __name__)
api = Blueprint("field_api", __name__, url_prefix="/api/v1/courses/<course>")

Answer = str | AnyResponse | tuple[str, int]

LONGEST_TAG = 40
MOST_AT_ONCE = 100

MODULES = ("autosave", "discretion", "field-clock", "field-ready", "field-send", "field-show", "field-vault")
"""What the field page's script is made of besides itself; they stand in it without a version."""


# --- what comes in ----------------------------------------------------------------------------------------------------------------


class FieldNote(Schema):
    """A note from the field, under the device's own id."""

    class Meta:
        unknown = EXCLUDE

    id = Hex(required=True)
    text = fields.String(required=True)
    noted_at = fields.AwareDateTime(load_default=None, allow_none=True)
    at_second = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(0, MOST))
    tag = fields.String(load_default="")

    @post_load
    def made(self, data: dict[str, Any], **kwargs: Any) -> Note:
        """-> Note, with as many whole tags as there is room for"""
        return Note(**data | {"tag": shorten(data["tag"], LONGEST_TAG, placeholder="")})


_second = fields.Integer(validate=validate.Range(0, MOST))


class FieldBatch(Schema):
    """What a device brings. What it counts, and this version does not know, is left out; a note that cannot be read keeps no other back."""

    class Meta:
        unknown = EXCLUDE

    person = fields.String(required=True, validate=validate.Length(max=32))
    device = Hex(required=True)
    notes = fields.List(fields.Dict(), load_default=list, validate=validate.Length(max=MOST_AT_ONCE))
    counts = fields.Dict(keys=fields.String(), values=fields.Integer(validate=validate.Range(0, MOST)), load_default=dict)
    pauses = fields.List(fields.Tuple((_second, _second)), load_default=list)
    started_at = fields.AwareDateTime(load_default=None, allow_none=True)
    ended_at = fields.AwareDateTime(load_default=None, allow_none=True)

    @post_load
    def made(self, data: dict[str, Any], **kwargs: Any) -> tuple[Batch, list[str]]:
        """-> Batch, and the ids of notes that cannot be read"""
        notes, unread = _read(data["notes"])
        counts = {name: count for name, count in data["counts"].items() if name in COUNTERS}
        counted = Counted(counts, joined(data["pauses"]), data["started_at"], data["ended_at"])
        return Batch(data["person"], data["device"], notes, counted), unread


def _read(sent: Iterable[dict[str, Any]]) -> tuple[list[Note], list[str]]:
    """Each note by itself."""
    notes, unread = [], []
    for one in sent:
        try:
            notes.append(FieldNote().load(one))
        except ValidationError:
            unread.append(str(one.get("id", ""))[:100])
    return notes, unread


# --- pages ------------------------------------------------------------------------------------------------------------------------


@bp.get("/courses/<course>/observations/<observation>/field")
@require("observation.rate", guest=FIELD)
def page(course: str, observation: str) -> Answer:
    return _shown(verbs.page(actor=actor(), observation_id=observation))


@bp.post("/courses/<course>/observations/<observation>/field")
@require("observation.rate", guest=FIELD)
def keep(course: str, observation: str) -> Answer:
    """A note without a script. Words that may tell who somebody is are asked about once, and given back; so is what was refused."""
    who, text, sent_id = actor(), request.form.get("text", "").strip(), request.form.get("id", "")
    try:
        found = verbs.findings(actor=who, observation_id=observation, texts=[text]) if "anyway" not in request.form else ()
        if found or not text:
            return _shown(verbs.page(actor=who, observation_id=observation), typed=text, found=found, note_id=sent_id)
        verbs.save(actor=who, observation_id=observation, note=_note(sent_id, text))
    except RuleBroken as broken:
        if isinstance(broken, (NotFound, NotAllowed)):
            raise
        seen = verbs.page(actor=who, observation_id=observation)
        return _shown(seen, typed=text, error=rule_words(broken.code, broken.facts), note_id=sent_id), 409
    flash(gettext("The note is kept."), "ok")
    return redirect(url_for("field.page", course=course, observation=observation), 303)


def _note(sent_id: str, text: str) -> Note:
    """Under the form's own id, or under a new one where that is none."""
    try:
        note: Note = FieldNote().load({"id": sent_id, "text": text})
    except ValidationError:
        note = Note(uuid.uuid4().hex, text)
    return note


@bp.get("/courses/<course>/observations/<observation>/paper")
@require("observation.rate", guest=FIELD)
def paper(course: str, observation: str) -> str:
    return render_template("field/paper.html", page=verbs.page(actor=actor(), observation_id=observation))


def _shown(seen: FieldPage, **given: Any) -> str:
    values = {"typed": "", "found": (), "error": "", "note_id": uuid.uuid4().hex, **{name: value for name, value in given.items() if value}}
    return render_template("field/capture.html", page=seen, pack=_pack(seen), **values)


# --- the shell and its worker: the same for everybody ----------------------------------------------------------------------------------


@bp.get("/courses/field-shell")
@public("an empty page: what stands on it comes from the device that opens it")
def shell() -> Response:
    with force_locale(_language()):
        answer = make_response(render_template("field/capture.html", page=None, typed="", found=(), error="", note_id=""))
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@bp.get("/courses/field-worker.js")
@public("a file of the product, the same for everybody")
def worker() -> Response:
    """Served here, so that its scope can be the courses' pages. It changes whenever a file that it keeps does."""
    static = Path(current_app.static_folder or "")
    script = (static / "field-worker.js").read_text("utf-8")
    language = _language()
    shell_url = url_for("field.shell", language=language)
    files = [asset(name) for name in ("theme.css", "look.js", "app.js", "field.js")]
    files += [url_for("static", filename=f"{name}.js") for name in MODULES]
    files.append(url_for("bootstrap.static", filename="css/bootstrap.min.css"))
    with force_locale(language):
        made = render_template("field/capture.html", page=None, typed="", found=(), error="", note_id="")
    texts = [script, made.replace(_nonce(made), ""), *((static / f"{name}.js").read_text("utf-8") for name in MODULES)]
    version = hashlib.sha256("\n".join((*files, *texts)).encode()).hexdigest()[:16]
    said = json.dumps({"version": version, "shell": shell_url, "files": files})
    answer = Response(f"const FIELD = {said};\n{script}", mimetype="text/javascript")
    answer.headers["Cache-Control"] = "no-cache"
    return answer


def _nonce(html: str) -> str:
    """The one part of the shell that differs each time."""
    return html.partition('nonce="')[2].partition('"')[0]


def _language() -> str:
    languages = wiring().settings.languages
    return known(request.args.get("language"), languages) or languages[0]


# --- what a phone fetches and sends ----------------------------------------------------------------------------------------------------


@api.get("/observations/<observation>/field")
@require("observation.rate", guest=NOTES)
def get(course: str, observation: str) -> Response:
    """What a page shows that began without a network, and a token for sending; through a link that has ended, the token alone."""
    if here().late:
        return jsonify(csrf=generate_csrf())
    return jsonify(csrf=generate_csrf(), **_pack(verbs.page(actor=actor(), observation_id=observation)))


@api.post("/observations/<observation>/field")
@require("observation.rate", guest=NOTES)
def send(course: str, observation: str) -> Response:
    sent: tuple[Batch, list[str]] = FieldBatch().load(request.get_json())
    batch, unread = sent
    receipt = verbs.keep(actor=actor(), observation_id=observation, batch=batch)
    refused = {**receipt.refused, **dict.fromkeys(unread, RuleBroken("note_unread"))}
    return jsonify(
        stored=[{"id": sent, "kept": held} for sent, held in receipt.stored.items()],
        waits=sorted(receipt.waits),
        refused=[{"id": sent, "code": why.code, "words": _words(why)} for sent, why in refused.items()],
        # Through a link that has ended nothing is shown; what was written arrives all the same.
        notes=_notes(receipt.notes) if not here().late else None,
        devices=_devices(receipt.devices) if not here().late else None,
        open=receipt.open,
        can=receipt.can,
    )


def _words(why: RuleBroken) -> str:
    return rule_words(why.code, why.facts)


def _pack(seen: FieldPage) -> dict[str, Any]:
    """All that the page's script shows, as a device keeps it."""
    course = actor().course_id
    return {
        "person": seen.person_id,
        "reader": display_name(actor().name, seen.person_id),
        "observation": seen.id,
        "api": url_for("field_api.send", course=course, observation=seen.id),
        "sheet": url_for("observation.sheet", course=course, observation=seen.id),
        "candidate": seen.candidate,
        "about": capture_about_words(seen),
        "criteria": [
            {"key": one.key, "title": one.title, "lang": one.reads, "anchors": list(one.anchors)} for one in seen.criteria
        ],
        "levels": [level_words(level) for level in (1, 2, 3, 4)],
        "names": list(seen.names),
        "patterns": PATTERNS,
        "longest": LONGEST_NOTE,
        "notes": _notes(seen.notes),
        "devices": _devices(seen.devices),
        "open": seen.open,
        "can": seen.can,
    }


def _notes(rows: Iterable[NoteRow]) -> list[dict[str, Any]]:
    return [
        {"id": row.id, "text": row.text, "noted_at": row.noted_at.isoformat(), "second": row.at_second, "tag": row.tag} for row in rows
    ]


def _devices(rows: Iterable[Device]) -> dict[str, Any]:
    """By their ids: counts, and when the session began by that device's clock."""
    return {
        row.id: {
            "counts": dict(row.counted.counts),
            "started_at": row.counted.started_at.isoformat() if row.counted.started_at else None,
        }
        for row in rows
    }
