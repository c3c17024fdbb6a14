# SPDX-License-Identifier: Apache-2.0
"""Names, the coordinator's question, appointments and invitations."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, redirect, render_template, request, url_for
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.domain.people import COURSE_ROLES
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.services import roles
from lti_mentoring.web import session
from lti_mentoring.web.access import actor, here, require
from lti_mentoring.web.wiring import wiring

bp = Blueprint("people", __name__, url_prefix="/courses/<course>")


class NameForm(Schema):
    """What somebody wants to be called."""

    class Meta:
        unknown = EXCLUDE

    name = fields.String(required=True, validate=validate.Length(min=1, max=120))
    next = fields.String(load_default="")


class RoleForm(Schema):
    """A role to give or to take."""

    class Meta:
        unknown = EXCLUDE

    role = fields.String(required=True, validate=validate.OneOf(COURSE_ROLES))


class CodeForm(Schema):
    """An invitation's code."""

    class Meta:
        unknown = EXCLUDE

    code = fields.String(required=True, validate=validate.Length(min=1, max=100))


def _own_path(path: str, course: str) -> str:
    """Where to go next, if it is a page of this course; else the first page."""
    parts = urlsplit(path)
    inside = not parts.scheme and not parts.netloc and parts.path.startswith(f"/courses/{course}/")
    return path if inside and path.isprintable() and "\\" not in path else url_for("home.index", course=course)


@bp.get("/name")
@require("people.choose_name")
def name(course: str) -> str:
    return render_template("people/name.html", value="", next=_own_path(request.args.get("next", ""), course), errors={})


@bp.post("/name")
@require("people.choose_name")
def choose_name(course: str) -> AnyResponse | tuple[str, int]:
    sent = request.form.to_dict()
    try:
        form: dict[str, Any] = NameForm().load(sent)
        roles.choose_name(actor=actor(), name=form["name"])
    except (ValidationError, RuleBroken) as error:
        errors = error.messages if isinstance(error, ValidationError) else {"name": [error.code]}
        following = _own_path(sent.get("next", ""), course)
        return render_template("people/name.html", value=sent.get("name", ""), next=following, errors=errors), 400
    return redirect(_own_path(form["next"], course), 303)


@bp.post("/coordinator")
@require("people.coordinate")
def take_coordination(course: str) -> AnyResponse:
    roles.take_coordination(actor=actor())
    return redirect(url_for("home.index", course=course), 303)


@bp.get("/people")
@require("people.read")
def index(course: str) -> str:
    return render_template(
        "people/index.html", page=roles.people_page(actor=actor()), code=None, coordinators=roles.coordinators(actor=actor())
    )


@bp.post("/people/<person>/roles")
@require("people.manage")
def appoint(course: str, person: str) -> AnyResponse:
    roles.appoint(actor=actor(), person_id=person, role=RoleForm().load(request.form.to_dict())["role"])
    return redirect(url_for("people.index", course=course), 303)


@bp.post("/people/<person>/roles/end")
@require("people.manage")
def dismiss(course: str, person: str) -> AnyResponse:
    roles.dismiss(actor=actor(), person_id=person, role=RoleForm().load(request.form.to_dict())["role"])
    return redirect(url_for("people.index", course=course), 303)


@bp.post("/people/invitations")
@require("people.manage")
def invite(course: str) -> str:
    role = RoleForm().load(request.form.to_dict())["role"]
    code = roles.invite(actor=actor(), role=role)
    # Shown once and never stored in clear, so the page answers the form itself.
    page = roles.people_page(actor=actor())
    link = f"{wiring().settings.public_url}{url_for('people.invitation', course=course, code=code)}"
    return render_template("people/index.html", page=page, code=code, link=link, role=role, coordinators=roles.coordinators(actor=actor()))


@bp.get("/invitation")
@require("people.redeem")
def invitation(course: str) -> str:
    return render_template("people/redeem.html", value=request.args.get("code", ""), errors={})


@bp.post("/invitation")
@require("people.redeem")
def redeem(course: str) -> AnyResponse | tuple[str, int]:
    sent = request.form.to_dict()
    try:
        roles.redeem(actor=actor(), code=CodeForm().load(sent)["code"])
    except (ValidationError, RuleBroken) as error:
        errors = error.messages if isinstance(error, ValidationError) else {"code": [error.code]}
        return render_template("people/redeem.html", value=sent.get("code", ""), errors=errors), 400
    return redirect(url_for("home.index", course=course), 303)


@bp.get("/office")
@require("platform.ask_office")
def office(course: str) -> str | AnyResponse:
    if actor().is_any("administrator"):
        return redirect(url_for("office.index", course=course))
    row = session.current()
    return render_template("people/office.html", person_id=here().actor.person_id, registration_id=row.registration_id if row else "")
