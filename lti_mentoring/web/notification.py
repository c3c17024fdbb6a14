# SPDX-License-Identifier: Apache-2.0
"""A person's notices, what of them comes by mail, and the link in each mail that ends all of them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.routing import BuildError
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.domain.notification import FAMILIES
from lti_mentoring.services import notification
from lti_mentoring.services.notification import Target
from lti_mentoring.web import letterbox
from lti_mentoring.web.access import actor, public, require
from lti_mentoring.web.wiring import wiring

bp = Blueprint("notification", __name__)


@bp.get("/courses/<course>/notices")
@require("notification.read")
def index(course: str) -> str:
    number = request.args.get("page", 1, type=int)
    return render_template("notification/index.html", page=notification.page(actor=actor(), number=number))


@bp.get("/courses/<course>/notices/<notice>")
@require("notification.read")
def follow(course: str, notice: str) -> AnyResponse:
    """On to the page that a notice is about. It is read from then on: a link that is followed says as much, and needs no button."""
    return redirect(_address(notification.follow(actor=actor(), notice_id=notice)), 303)


def _address(target: Target) -> str:
    try:
        return url_for(target.endpoint, course=target.course_id, **dict[str, Any](target.ids))
    except BuildError:  # a notice of another release, which had such a page
        return url_for("home.index", course=target.course_id)


@bp.post("/courses/<course>/notices/read")
@require("notification.read")
def read_all(course: str) -> AnyResponse:
    count = notification.read_all(actor=actor())
    flash(ngettext("One notice is marked as read.", "%(num)s notices are marked as read.", count), "ok")
    return redirect(url_for("notification.index", course=course), 303)


@bp.get("/courses/<course>/notices/mail")
@require("notification.choose")
def choices(course: str) -> str:
    return render_template("notification/mail.html", page=notification.choices(actor=actor()))


@bp.post("/courses/<course>/notices/mail")
@require("notification.choose")
def choose(course: str) -> AnyResponse:
    notification.choose(actor=actor(), wanted={family: request.form.get(family, "") for family in FAMILIES})
    flash(gettext("Your choice is kept. It holds from now on, and for notices that have not been mailed yet."), "ok")
    return redirect(url_for("notification.choices", course=course), 303)


# --- from a mail -------------------------------------------------------------------------------------------------------------------


@bp.get("/lti/unsubscribe")
@public("whoever follows the link in a mail is not signed in; the link is signed, and reading the page changes nothing")
def ask() -> tuple[str, int]:
    """The page behind the link: one button. Programs that look into mails follow links, and must not end anything."""
    token = request.args.get("mail", "")
    return _page(token, done=False, valid=letterbox.whose(wiring().signer, token) is not None)


@bp.post("/lti/unsubscribe")
@public("the signed link in a mail is its own proof; mail programs send it without a page of ours (RFC 8058)")
def unsubscribe() -> tuple[str, int]:
    """No mail any more, by the page's button or a mail program's own."""
    token = request.args.get("mail", "")
    found = letterbox.whose(wiring().signer, token)
    if found is not None:
        notification.unsubscribe(org_id=found[0], person_id=found[1])
    return _page(token, done=found is not None, valid=found is not None)


def _page(token: str, *, done: bool, valid: bool) -> tuple[str, int]:
    return render_template("notification/unsubscribe.html", token=token, done=done, valid=valid), 200 if valid else 400
