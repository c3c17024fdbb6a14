# SPDX-License-Identifier: Apache-2.0
"""Consent: the page of somebody who is in the room, and the page of who plans the observation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from marshmallow import EXCLUDE, Schema, fields, validate
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.services import consent, outside, participant, room
from lti_mentoring.services.naming import LONGEST_ADDRESS, LONGEST_NAME
from lti_mentoring.web.access import actor, require
from lti_mentoring.web.wiring import wiring
from lti_mentoring.web.wording.rule import rule_words

bp = Blueprint("consent", __name__, url_prefix="/courses/<course>")

Answer = str | AnyResponse | tuple[str, int]

TO_MEND = ("manager_unattested", "consent_unsure", "consent_moved")
"""What somebody in the room can put right on the page."""

TO_MEND_IN_PLAN = ("guest_name_empty", "guest_address", "name_is_address", "guest_is_there", "guest_room_full")
TO_TELL = (
    *("guest_no_mail", "guest_inside", "guest_mail_lately", "guest_not_by_hand", "guest_reads", "guest_dismissed"),
    *("guest_observer_hands", "guest_observer_takes_off", "guest_of_session", "guest_last", "guest_opened"),
)


class OwnForm(Schema):
    """What somebody in the room presses. ``sure`` goes with taking consent back, once lines would go with it;
    ``about`` is the day and place that the page showed."""

    class Meta:
        unknown = EXCLUDE

    action = fields.String(required=True, validate=validate.OneOf(("agree", "refuse", "strike", "read", "line")))
    note = fields.String(load_default="", validate=validate.Length(max=32))
    sure = fields.Boolean(load_default=False)
    about = fields.String(load_default="", validate=validate.Length(max=300))
    nobody = fields.Boolean(load_default=False)
    name = fields.String(load_default="", validate=validate.Length(max=200))
    email = fields.String(load_default="", validate=validate.Length(max=200))


class NamedForm(Schema):
    """Somebody in the room, named by who plans."""

    class Meta:
        unknown = EXCLUDE

    name = fields.String(load_default="", validate=validate.Length(max=LONGEST_NAME))
    email = fields.String(load_default="", validate=validate.Length(max=LONGEST_ADDRESS))
    role = fields.String(load_default=room.PROTEGE, validate=validate.OneOf(room.ROLES))


# --- somebody in the room: inside their course here, outside of it in ``web.guest`` -------------------------------------------------


@dataclass(frozen=True, slots=True)
class Door:
    """By which way somebody came to their page: where its forms go, where it stands, and their other pages (address, day);
    ``handed_by``: who was shown their link, so that it may be they who press."""

    action: str
    back: str
    outside: bool = False
    others: tuple[tuple[str, date], ...] = ()
    handed_by: str = ""


def own_page(who: Actor, observation: str, door: Door, *, sent: dict[str, Any] | None = None, error: str = "") -> str:
    """The page of somebody in the room."""
    page = consent.page(actor=who, observation_id=observation)
    given = {"page": page, "who_name": who.name, "others": door.others, "outside": door.outside, "sent": sent or {}, "error": error}
    return render_template("consent/own.html", action=door.action, layout="guest/frame.html" if door.outside else "base.html", **given)


def act(who: Actor, observation: str, door: Door) -> Answer:
    """Do what was pressed, and show the page again."""
    form: dict[str, Any] = OwnForm().load(request.form.to_dict())
    try:
        _do(who, observation, form, door.handed_by)
    except RuleBroken as broken:
        if broken.code not in TO_MEND:
            raise
        words = rule_words(broken.code, broken.facts)
        return own_page(who, observation, door, sent=form, error=words), 400
    return redirect(f"{door.back}#{'lines' if form['action'] in ('strike', 'read') else 'page'}", 303)


def _do(who: Actor, observation: str, form: dict[str, Any], handed_by: str) -> None:
    verb = form["action"]
    if verb == "strike":
        participant.strike(actor=who, observation_id=observation, note_id=form["note"])
    elif verb == "read":
        participant.read(actor=who, observation_id=observation, handed_by=handed_by)
    elif verb == "line":
        named = {"nobody": form["nobody"], "name": form["name"], "email": form["email"]}
        participant.attest(actor=who, observation_id=observation, handed_by=handed_by, **named)
    else:
        said = {"agrees": verb == "agree", "sure": form["sure"], "about": form["about"]}
        participant.answer(actor=who, observation_id=observation, handed_by=handed_by, **said)


@bp.get("/consents")
@require("consent.own")
def index(course: str) -> str:
    return render_template("consent/index.html", rows=consent.own(actor=actor()))


@bp.get("/consents/<observation>")
@require("consent.own")
def one(course: str, observation: str) -> str:
    return own_page(actor(), observation, _door(course, observation))


@bp.post("/consents/<observation>")
@require("consent.own")
def say(course: str, observation: str) -> Answer:
    return act(actor(), observation, _door(course, observation))


def _door(course: str, observation: str) -> Door:
    ids: dict[str, Any] = {"course": course, "observation": observation}
    return Door(url_for("consent.say", **ids), url_for("consent.one", **ids))


# --- who plans ---------------------------------------------------------------------------------------------------------------------


def _people_page(observation: str, **more: Any) -> str:
    shown: dict[str, Any] = {"sent": {}, "errors": {}, "link": None} | more
    return render_template("consent/people.html", page=room.page(actor=actor(), observation_id=observation), **shown)


@bp.get("/observations/<observation>/people")
@require("consent.ask")
def people(course: str, observation: str) -> str:
    return _people_page(observation)


@bp.post("/observations/<observation>/people")
@require("consent.ask")
def add(course: str, observation: str) -> Answer:
    form: dict[str, Any] = NamedForm().load(request.form.to_dict())
    try:
        room.add(actor=actor(), observation_id=observation, named=room.Named(**form))
    except RuleBroken as broken:
        if broken.code not in TO_MEND_IN_PLAN:
            raise
        field = "email" if broken.code == "guest_address" else "name"
        return _people_page(observation, sent=form, errors={field: rule_words(broken.code, broken.facts)}), 400
    flash(gettext("Asked, in private. What they say stays with them."), "ok")
    return redirect(url_for("consent.people", course=course, observation=observation), 303)


@bp.post("/observations/<observation>/people/<person>/<any(send, link, revoke, off):verb>")
@require("consent.ask")
def reach(course: str, observation: str, person: str, verb: str) -> Answer:
    """Send somebody a new link by mail, hand one over, take theirs back, or take them off."""
    about: dict[str, Any] = {"actor": actor(), "observation_id": observation, "person_id": person}
    try:
        if verb == "link":
            token = room.link(**about)
            address = f"{wiring().settings.public_url}{url_for('guest.index')}#{token}"
            return _people_page(observation, link=(person, address))
        if verb == "revoke":
            room.revoke(**about)
            flash(gettext("Taken back. Whoever opens the link is told so."), "ok")
        elif verb == "off":
            room.take_off(**about)
            flash(gettext("Taken off. Nobody asks them any more."), "ok")
        else:
            room.send(**about)
            flash(gettext("A mail with a new link is on its way."), "ok")
    except RuleBroken as broken:
        if broken.code not in TO_TELL:
            raise
        flash(rule_words(broken.code, broken.facts), "wait")
    return redirect(url_for("consent.people", course=course, observation=observation), 303)


# --- observers from outside --------------------------------------------------------------------------------------------------------


@bp.get("/observers/outside")
@require("people.manage")
def outsiders(course: str) -> str:
    return render_template("consent/outside.html", rows=outside.observers(actor=actor()), sent={}, errors={})


@bp.post("/observers/outside")
@require("people.manage")
def name_outsider(course: str) -> Answer:
    form: dict[str, Any] = NamedForm().load(request.form.to_dict())
    try:
        outside.name(actor=actor(), named=room.Named(**form))
    except RuleBroken as broken:
        if broken.code not in TO_MEND_IN_PLAN:
            raise
        field = "email" if broken.code == "guest_address" else "name"
        errors = {field: rule_words(broken.code, broken.facts)}
        return render_template("consent/outside.html", rows=outside.observers(actor=actor()), sent=form, errors=errors), 400
    flash(gettext("They can be planned as an observer now. Their link is sent from the observation."), "ok")
    return redirect(url_for("consent.outsiders", course=course), 303)


@bp.post("/observers/outside/<person>/dismiss")
@require("people.manage")
def dismiss_outsider(course: str, person: str) -> AnyResponse:
    outside.dismiss(actor=actor(), person_id=person)
    flash(gettext("They are planned no more. Call off what is planned with them, or let it stand."), "ok")
    return redirect(url_for("consent.outsiders", course=course), 303)
