# SPDX-License-Identifier: Apache-2.0
"""The office of an LMS's administrator: health of the one registration, the doctor, deployments, role overrides, privacy, sessions."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.domain.rule import NotAllowed, NotFound, RuleBroken
from lti_mentoring.lti.roles import STANDINGS
from lti_mentoring.services import invite, office
from lti_mentoring.services.doctor import Bag
from lti_mentoring.web.access import actor, require
from lti_mentoring.web.wiring import wiring

bp = Blueprint("office", __name__, url_prefix="/courses/<course>/office/lms")


class OverrideForm(Schema):
    """What an LTI role shall give; an empty standing takes it back."""

    class Meta:
        unknown = EXCLUDE

    role = fields.String(load_default="", validate=validate.Length(max=255))
    typed = fields.String(load_default="", validate=validate.Length(max=255))
    standing = fields.String(load_default="", validate=validate.OneOf(("", *STANDINGS)))


class PrivacyForm(Schema):
    """What of a person is kept; an unchecked box is not sent."""

    class Meta:
        unknown = EXCLUDE

    names = fields.String(load_default="")
    email = fields.String(load_default="")


class DeploymentForm(Schema):
    """The deployment that waits."""

    class Meta:
        unknown = EXCLUDE

    deployment = fields.String(required=True, validate=validate.Length(min=1, max=255))


class InviteForm(Schema):
    """The invite that shall end."""

    class Meta:
        unknown = EXCLUDE

    key = fields.String(required=True, validate=validate.Length(min=1, max=64))


def _page(errors: dict[str, Any] | None = None, typed: dict[str, str] | None = None, invited: str = "") -> str:
    page = office.page(actor=actor())
    return render_template(
        "office/index.html",
        page=page,
        choices=office.roles_of(page.seen_roles, page.overrides),
        tool=wiring().settings.public_url,
        invited=invited,
        errors=errors or {},
        typed=typed or {},
    )


def _back(course: str, part: str = "") -> AnyResponse:
    return redirect(url_for("office.index", course=course, _anchor=part or None), 303)


@bp.get("")
@require("office.read")
def index(course: str) -> str:
    return _page()


@bp.post("/check")
@require("office.manage")
def check(course: str) -> AnyResponse:
    try:
        office.check(actor=actor(), bag=cast(Bag, current_app.extensions["doctor"]))
    except RuleBroken as error:
        if error.code != "checked_lately":
            raise
        flash(gettext("It was checked a moment ago; this is what was found."), "wait")
    return _back(course)


@bp.post("/roles")
@require("office.manage")
def override(course: str) -> AnyResponse | tuple[str, int]:
    sent = request.form.to_dict()
    try:
        form = OverrideForm().load(sent)
        office.override(
            actor=actor(), registration_id=actor().registration_id, role=form["typed"] or form["role"], standing=form["standing"]
        )
    except (ValidationError, RuleBroken) as error:
        return _refused(error, "typed", sent)
    flash(gettext("It holds from the next launch on. Whoever is here now keeps what they have until then."), "ok")
    return _back(course, "roles")


@bp.post("/privacy")
@require("office.manage")
def privacy(course: str) -> AnyResponse:
    form = PrivacyForm().load(request.form.to_dict())
    office.keep(actor=actor(), registration_id=actor().registration_id, names=bool(form["names"]), email=bool(form["email"]))
    flash(gettext("Kept. It holds from the next launch on; what is here already stays until you delete it."), "ok")
    return _back(course, "privacy")


@bp.post("/privacy/clear")
@require("office.manage")
def clear(course: str) -> AnyResponse:
    counts = office.clear(actor=actor(), registration_id=actor().registration_id)
    total = sum(counts.values())
    flash(ngettext("One entry was deleted.", "%(num)s entries were deleted.", total), "ok")
    return _back(course, "privacy")


@bp.post("/deployments")
@require("office.manage")
def approve(course: str) -> AnyResponse | tuple[str, int]:
    sent = request.form.to_dict()
    try:
        office.approve(actor=actor(), deployment_id=DeploymentForm().load(sent)["deployment"])
    except (ValidationError, RuleBroken) as error:
        return _refused(error, "deployment", sent)
    flash(gettext("The deployment has joined. Its next launch works."), "ok")
    return _back(course, "deployments")


@bp.post("/invites")
@require("office.manage")
def make_invite(course: str) -> str:
    token, _ = invite.make(actor=actor(), org_id=actor().org_id)
    # Shown once and never stored in clear, so the page answers the form itself.
    return _page(invited=f"{wiring().settings.public_url}/lti/register/{token}")


@bp.post("/invites/end")
@require("office.manage")
def end_invite(course: str) -> AnyResponse:
    invite.revoke(actor=actor(), key=InviteForm().load(request.form.to_dict())["key"])
    return _back(course, "invites")


@bp.post("/sessions/end")
@require("office.manage")
def end_sessions(course: str) -> AnyResponse:
    office.end_sessions(actor=actor())
    return _back(course)


def _refused(error: ValidationError | RuleBroken, field: str, sent: dict[str, str]) -> tuple[str, int]:
    if isinstance(error, NotAllowed | NotFound):
        raise error
    errors: Any = error.messages if isinstance(error, ValidationError) else {field: [error.code]}
    return _page(errors, sent), 400
