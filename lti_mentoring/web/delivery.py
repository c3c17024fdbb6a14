# SPDX-License-Identifier: Apache-2.0
"""The coordinator's page of grades and mails: what is stuck and why, what is on its way, and sending again."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import ngettext
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate, validates_schema
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.services import delivery, mail
from lti_mentoring.web.access import actor, require

bp = Blueprint("delivery", __name__, url_prefix="/courses/<course>")


class WhichForm(Schema):
    """One stuck grade, or one mail, or all that are stuck for one cause."""

    class Meta:
        unknown = EXCLUDE

    grade = fields.String(load_default="", validate=validate.Length(max=32))
    mail = fields.String(load_default="", validate=validate.Length(max=32))
    cause = fields.String(load_default="", validate=validate.Length(max=32))

    @validates_schema
    def one_of_all(self, data: dict[str, str], **_: object) -> None:
        """One of them names what is meant."""
        if sum(bool(data.get(name)) for name in ("grade", "mail", "cause")) != 1:
            raise ValidationError("name a grade, a mail or a cause")


@bp.get("/grades")
@require("delivery.read")
def index(course: str) -> str:
    return render_template("delivery/index.html", page=delivery.stuck(actor=actor()), mails=mail.stuck(actor=actor()))


@bp.post("/grades/retry")
@require("delivery.retry")
def retry(course: str) -> AnyResponse:
    which = WhichForm().load(request.form.to_dict())
    if which["grade"]:
        count = delivery.retry(actor=actor(), publication_id=which["grade"])
    else:
        count = delivery.retry_all(actor=actor(), cause=which["cause"])
    flash(ngettext("One grade is on its way again.", "%(num)s grades are on their way again.", count), "ok")
    return redirect(url_for("delivery.index", course=course), 303)


@bp.post("/grades/set-aside")
@require("delivery.retry")
def set_aside(course: str) -> AnyResponse:
    which = WhichForm().load(request.form.to_dict())
    count = delivery.set_aside(actor=actor(), cause=which["cause"], publication_id=which["grade"])
    flash(ngettext("One grade was set aside. A new result is sent.", "%(num)s grades were set aside. New results are sent.", count))
    return redirect(url_for("delivery.index", course=course), 303)


@bp.post("/grades/mails/retry")
@require("delivery.retry")
def retry_mail(course: str) -> AnyResponse:
    which = WhichForm().load(request.form.to_dict())
    count = mail.retry(actor=actor(), mail_id=which["mail"], cause=which["cause"])
    flash(ngettext("One mail is on its way again.", "%(num)s mails are on their way again.", count), "ok")
    return redirect(url_for("delivery.index", course=course), 303)


@bp.post("/grades/mails/set-aside")
@require("delivery.retry")
def set_aside_mail(course: str) -> AnyResponse:
    which = WhichForm().load(request.form.to_dict())
    count = mail.set_aside(actor=actor(), mail_id=which["mail"], cause=which["cause"])
    flash(ngettext("One mail was set aside. Its notice stays.", "%(num)s mails were set aside. Their notices stay.", count))
    return redirect(url_for("delivery.index", course=course), 303)
