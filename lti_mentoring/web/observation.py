# SPDX-License-Identifier: Apache-2.0
"""Observations: plan, the list of what waits, the rating sheet as a form and as JSON for autosave, the release, and the report."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext
from marshmallow import ValidationError
from werkzeug.wrappers import Response as AnyResponse

from lti_mentoring.domain.guest import FIELD, NOTES
from lti_mentoring.domain.observation import Rating
from lti_mentoring.domain.people import LEADS
from lti_mentoring.domain.programme import INDEPENDENT, KINDS
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import field, matter, room
from lti_mentoring.services import observation as verbs
from lti_mentoring.services.observation import Clash, Draft, Note
from lti_mentoring.services.sheet import ReleasePage, Sheet
from lti_mentoring.web.access import actor, require
from lti_mentoring.web.observation_form import CorrectionForm, DraftForm, NoteForm, PlanForm, ReleaseForm, VoidForm, asked
from lti_mentoring.web.wording.conflict import why_words
from lti_mentoring.web.wording.rule import field_words, rule_words

bp = Blueprint("observation", __name__, url_prefix="/courses/<course>")
api = Blueprint("observation_api", __name__, url_prefix="/api/v1/courses/<course>")

NOT_OBSERVED = "NO"

Answer = str | AnyResponse | tuple[str, int]


PLAN_FIELDS = {
    "observation_of_oneself": "observer",
    "observer_unknown": "observer",
    "candidacy_paused": "candidate",
    "kind_not_asked": "kind",
    "conflict_closed": "observer",
    "conflict_needs_override": "observer",
    "protege_label_empty": "protege",
    "day_missing": "planned_for",
    "session_before": "planned_for",
    "mentorship_ended": "occasion",
    "pair_held": "occasion",
    "session_closed": "occasion",
    "session_of_candidate": "occasion",
    "session_watched": "occasion",
    "session_mentor": "mentor",
    "mentor_unknown": "mentor",
    "mentor_observes": "observer",
}
"""What a rule refuses of a plan, by the field that it is about."""

CONSENT = {"consent": True, "take_back_consent": False}
"""Buttons of the sheet that also say something of the protégé's consent."""


def _sheet_form() -> dict[str, Any]:
    """The sheet's form in the shape of ``DraftForm``. ``criterion`` names each row, since an empty row sends nothing else."""
    sent = request.form
    ratings = []
    for key in sent.getlist("criterion"):
        level = sent.get(f"level-{key}", "")
        ratings.append(
            {
                "criterion": key,
                "level": level if level not in ("", NOT_OBSERVED) else None,
                "not_observed": level == NOT_OBSERVED,
                "reason": sent.get(f"reason-{key}", ""),
                "notes": sent.getlist(f"notes-{key}"),
            }
        )
    note = {"id": sent.get("note_id", ""), "text": sent.get("note", "")} if sent.get("note", "").strip() else None
    return {"revision": sent.get("revision"), "ratings": ratings, "note": note, "consent": CONSENT.get(sent.get("action", ""))}


# --- lists --------------------------------------------------------------------------------------------------------------


@bp.get("/observations")
@require("course.enter")
def index(course: str) -> Answer:
    who = actor()
    if who.is_any("observer"):
        return render_template("observation/index.html", page=verbs.queue(actor=who))
    if who.is_any(*LEADS):
        return redirect(url_for("board.index", course=course))
    return redirect(url_for("home.index", course=course))


@bp.get("/candidates")
@require("candidacy.cohort")
def cohort(course: str) -> AnyResponse:
    """Where the board of the cohort stood before."""
    return redirect(url_for("board.index", course=course))


# --- planning -----------------------------------------------------------------------------------------------------------


@bp.get("/observations/plan")
@require("observation.plan")
def plan(course: str) -> str:
    chosen = {name: request.args.get(name, "") for name in ("candidate", "occasion")} | {"plan": uuid.uuid4().hex}
    page = verbs.candidates(actor=actor(), chosen=chosen["candidate"])
    if chosen["candidate"] and chosen["candidate"] not in {one.id for one in page.candidates}:
        raise NotFound("candidacy")
    return render_template("observation/plan.html", page=page, values=chosen, errors={})


@bp.post("/observations/plan")
@require("observation.plan")
def make_plan(course: str) -> Answer:
    sent = request.form.to_dict()
    if sent.get("action") == "look":
        return _plan_again(sent, {}, 200)
    try:
        form: dict[str, Any] = PlanForm().load({name: value for name, value in sent.items() if value})
        verbs.plan(
            actor=actor(),
            candidacy_id=form["candidate"],
            observer_id=form["observer"],
            planned_for=form["planned_for"],
            protege_label=form["protege"],
            place=form["place"],
            kind=form["kind"],
            observation_id=form["plan"],
            exception=form["exception"],
            asked=asked(form),
        )
    except ValidationError as error:
        return _plan_again(sent, {name: field_words(told) for name, told in error.normalized_messages().items()})
    except RuleBroken as broken:
        field = PLAN_FIELDS.get(broken.code)
        if field is None:
            raise
        return _plan_again(sent, {field: rule_words(broken.code, broken.facts)})
    flash(gettext("Planned. It stands in the observer’s list."), "ok")
    _tell_held(form["plan"])
    return redirect(url_for("board.index" if actor().is_any(*LEADS) else "observation.index", course=course), 303)


def _tell_held(observation_id: str) -> None:
    """What the conflict guard holds of a plan, in a sentence each, so that nobody is surprised later."""
    found = matter.held(actor=actor(), observation_id=observation_id)
    if found is not None:
        why = why_words(found.findings, found.names)
        flash(gettext("It may go on, and nothing of it counts before this is settled: %(why)s", why=why), "wait")


def _plan_again(sent: dict[str, str], errors: dict[str, str], status: int = 400) -> Answer:
    kind = sent.get("kind", INDEPENDENT)
    page = verbs.candidates(actor=actor(), chosen=sent.get("candidate", ""), kind=kind if kind in KINDS else INDEPENDENT)
    return render_template("observation/plan.html", page=page, values={"plan": uuid.uuid4().hex, **sent}, errors=errors), status


@bp.post("/observations/<observation>/cancel")
@require("observation.plan")
def cancel(course: str, observation: str) -> AnyResponse:
    verbs.cancel(actor=actor(), observation_id=observation)
    flash(gettext("Called off. Nothing of it counts, and nothing was sent."), "ok")
    if room.page(actor=actor(), observation_id=observation).unheard:  # somebody has to ring them
        return redirect(url_for("consent.people", course=course, observation=observation), 303)
    return redirect(url_for("board.index" if actor().is_any(*LEADS) else "observation.index", course=course), 303)


# --- the sheet ----------------------------------------------------------------------------------------------------------


@bp.get("/observations/<observation>")
@require("observation.rate", guest=FIELD)
def sheet(course: str, observation: str) -> Answer:
    page = verbs.sheet(actor=actor(), observation_id=observation)
    if page.state == "released":
        return redirect(url_for("observation.report", course=course, observation=observation))
    return _sheet(page, checking="check" in request.args)


@bp.post("/observations/<observation>")
@require("observation.rate", guest=FIELD)
def keep(course: str, observation: str) -> Answer:
    form: dict[str, Any] = DraftForm().load(_sheet_form())
    draft = verbs.save_draft(actor=actor(), observation_id=observation, **form)
    here = url_for("observation.sheet", course=course, observation=observation)
    if draft.clashes or draft.waits:
        page = verbs.sheet(actor=actor(), observation_id=observation)
        clashes = {clash.criterion: clash for clash in draft.clashes}
        return _sheet(page, clashes=clashes, typed=_typed(form) if draft.waits else {}), 409
    if request.form.get("action") == "release":
        if draft.gaps:
            return redirect(f"{here}?check=1#open", 303)
        return redirect(url_for("observation.confirm", course=course, observation=observation), 303)
    flash(gettext("Draft kept."), "ok")
    return redirect(f"{here}#notes" if request.form.get("action") == "note" else here, 303)


def _sheet(page: Sheet, **given: Any) -> str:
    values = {"clashes": {}, "checking": False, "typed": {}, **given}
    return render_template("observation/sheet.html", page=page, note_id=uuid.uuid4().hex, **values)


def _typed(form: dict[str, Any]) -> dict[str, Any]:
    """Words that are not taken yet, given back."""
    reasons = {one.criterion: one.reason for one in form["ratings"]}
    return {"note": form["note"].text if form["note"] else "", "reasons": reasons, "why": rule_words("note_waits", {})}


# --- release and report ---------------------------------------------------------------------------------------------------


@bp.get("/observations/<observation>/release")
@require("observation.rate", guest=FIELD)
def confirm(course: str, observation: str) -> Answer:
    try:
        page = verbs.release_page(actor=actor(), observation_id=observation)
    except RuleBroken as broken:
        if broken.facts.get("state") == "released":
            return redirect(url_for("observation.report", course=course, observation=observation))
        if "gaps" not in broken.facts:
            raise
        return redirect(url_for("observation.sheet", course=course, observation=observation, check=1, _anchor="open"))
    return _confirm(page, observation, errors={}, minutes=page.minutes)


def _confirm(page: ReleasePage, observation: str, **told: Any) -> str:
    found = field.findings(actor=actor(), observation_id=observation, texts=page.texts)
    return render_template("observation/release.html", page=page, found=found, **told)


@bp.post("/observations/<observation>/release")
@require("observation.rate", guest=FIELD)
def release(course: str, observation: str) -> Answer:
    sent = {name: value for name, value in request.form.items() if value.strip()}
    try:
        form: dict[str, Any] = ReleaseForm().load(sent)
        verbs.submit(actor=actor(), observation_id=observation, **form)
    except ValidationError as error:
        if "minutes" not in error.normalized_messages():
            raise
        return _length_again(observation, field_words(error.normalized_messages()["minutes"]))
    except RuleBroken as broken:
        if broken.code in ("length_missing", "session_minutes"):
            return _length_again(observation, rule_words(broken.code, broken.facts))
        if not broken.facts.keys() & {"gaps", "findings"} and broken.code != "draft_changed":
            raise
        flash(rule_words(broken.code, broken.facts), "wait")
        return redirect(url_for("observation.sheet", course=course, observation=observation, check=1, _anchor="open"), 303)
    if verbs.stands(actor=actor(), observation_id=observation):
        flash(gettext("Released. The candidate can read it now."), "ok")
        return redirect(url_for("observation.report", course=course, observation=observation), 303)
    flash(gettext("Submitted. It is released by itself as soon as nothing else is open."), "ok")
    return redirect(url_for("observation.sheet", course=course, observation=observation), 303)


def _length_again(observation: str, told: str) -> Answer:
    page = verbs.release_page(actor=actor(), observation_id=observation)
    typed = request.form.get("minutes", "")
    return _confirm(page, observation, errors={"minutes": told}, minutes=typed), 400


@bp.post("/observations/<observation>/correct")
@require("observation.rate", guest=FIELD)
def correct(course: str, observation: str) -> AnyResponse:
    """Take a submitted rating up again, with a reason."""
    form: dict[str, Any] = CorrectionForm().load(request.form.to_dict())
    try:
        verbs.reopen(actor=actor(), observation_id=observation, why=form["why"])
    except RuleBroken as broken:
        if broken.code not in ("correction_without_reason", "reason_long", "correction_open", "correction_late", "correction_seen"):
            raise
        flash(rule_words(broken.code, broken.facts), "wait")
    return redirect(url_for("observation.sheet", course=course, observation=observation), 303)


@bp.post("/observations/<observation>/void")
@require("observation.void")
def void(course: str, observation: str) -> AnyResponse:
    """Set aside what was rated."""
    form: dict[str, Any] = VoidForm().load(request.form.to_dict())
    verbs.void(actor=actor(), observation_id=observation, reason=form["reason"])
    flash(gettext("Set aside. It counts for nothing, and its grade is taken back."), "ok")
    return redirect(url_for("board.index", course=course), 303)


@bp.get("/observations/<observation>/report")
@require("observation.read", guest=FIELD)
def report(course: str, observation: str) -> str:
    return render_template("observation/report.html", page=verbs.report(actor=actor(), observation_id=observation))


# --- autosave -------------------------------------------------------------------------------------------------------------


@api.put("/observations/<observation>/draft")
@require("observation.rate", guest=FIELD)
def put_draft(course: str, observation: str) -> Response | tuple[Response, int]:
    form: dict[str, Any] = DraftForm().load(request.get_json())
    draft = verbs.save_draft(actor=actor(), observation_id=observation, **form)
    if draft.clashes:
        words = rule_words("draft_conflict", {})
        answer = jsonify(type="about:blank", status=409, code="draft_conflict", title=words, **_draft(draft))
        answer.mimetype = "application/problem+json"
        return answer, 409
    return jsonify(_draft(draft))


@api.post("/observations/<observation>/notes")
@require("observation.rate", guest=NOTES)
def post_note(course: str, observation: str) -> tuple[Response, int]:
    note: Note = NoteForm().load(request.get_json())
    kept = verbs.save_note(actor=actor(), observation_id=observation, note=note)
    return jsonify(id=kept.id, text=kept.text, noted_at=kept.noted_at.isoformat()), 201


def _draft(draft: Draft) -> dict[str, Any]:
    return {
        "revision": draft.revision,
        "state": draft.state,
        "saved_at": draft.saved_at.isoformat(),
        "gaps": [{"code": gap.code, "criterion": gap.criterion} for gap in draft.gaps],
        "clashes": [_clash(clash) for clash in draft.clashes],
        "waits": rule_words("note_waits", {}) if draft.waits else "",
    }


def _clash(clash: Clash) -> dict[str, Any]:
    return {"criterion": clash.criterion, "yours": _rating(clash.yours), "kept": _rating(clash.kept)}


def _rating(rating: Rating) -> dict[str, Any]:
    return {"level": rating.level, "not_observed": rating.not_observed, "reason": rating.reason, "notes": list(rating.note_ids)}
