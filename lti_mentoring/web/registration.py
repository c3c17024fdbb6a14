# SPDX-License-Identifier: Apache-2.0
"""For whoever installs the tool in an LMS: the LMS enters it by itself, or its administrator does; and what will leave the LMS."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, jsonify, render_template, request
from marshmallow import EXCLUDE, Schema, fields, validate

from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.keys import BadToken
from lti_mentoring.lti import manual, platforms
from lti_mentoring.lti.claims import KINDS
from lti_mentoring.lti.dynamic_registration import SCOPES, Offer, Ours
from lti_mentoring.services import invite as invites
from lti_mentoring.services import registering
from lti_mentoring.services.platform import NewPlatform
from lti_mentoring.services.registering import Consent, Done, EntriesRefused, HalfRegistered
from lti_mentoring.web import frame
from lti_mentoring.web.access import public
from lti_mentoring.web.wiring import wiring
from lti_mentoring.web.wording.rule import rule_words

bp = Blueprint("registration", __name__)

WHY = "an LMS administrator comes with an invitation, which is the proof"
PURPOSE = "registration"
TICKET_SECONDS = 3600
DESCRIPTION = "From applicant to credentialed mentor: training, observed conversations, grades in your gradebook."

Answer = str | tuple[str, int]


class EntryForm(Schema):
    """What an administrator read from their LMS; what must be there is the services' to say."""

    class Meta:
        unknown = EXCLUDE

    family = fields.String(load_default="generic", validate=validate.OneOf(sorted(platforms.PROFILES)))
    name = fields.String(load_default="", validate=validate.Length(max=200))
    issuer = fields.String(load_default="", validate=validate.Length(max=500))
    client_id = fields.String(load_default="", validate=validate.Length(max=255))
    deployment_id = fields.String(load_default="", validate=validate.Length(max=255))
    auth_url = fields.String(load_default="", validate=validate.Length(max=1000))
    token_url = fields.String(load_default="", validate=validate.Length(max=1000))
    jwks_url = fields.String(load_default="", validate=validate.Length(max=1000))
    token_audience = fields.String(load_default="", validate=validate.Length(max=1000))
    frame_origin = fields.String(load_default="", validate=validate.Length(max=500))
    lines = fields.String(load_default="", validate=validate.Length(max=100_000))


def addresses() -> dict[str, str]:
    """Our own addresses, as an LMS must know them."""
    base = wiring().settings.public_url
    return {
        "login": f"{base}/lti/login",
        "launch": wiring().settings.launch_url,
        "keys": f"{base}/.well-known/jwks.json",
        "config": f"{base}/lti/config.json",
    }


def _ours() -> Ours:
    told = addresses()
    return Ours("Mentoring", DESCRIPTION, told["login"], told["launch"], told["keys"])


# --- the LMS enters us -------------------------------------------------------------------------------------------------


@bp.get("/lti/register/<invite>")
@public(WHY)
def index(invite: str) -> Answer:
    if "openid_configuration" not in request.args:
        done = registering.again(token=invite)
        return _by_hand(invite) if done is None else render_template("registration/done.html", done=done, closes=False)
    url, proof = request.args["openid_configuration"], request.args.get("registration_token", "")
    try:
        found, offer = registering.look(token=invite, url=url, registration_token=proof, http=wiring().http)
    except NotFound:
        raise
    except RuleBroken as broken:
        return _failed(invite, broken)
    seen = {"invite": invite, "offer": asdict(offer), "proof": proof, "at": datetime.now(UTC).isoformat()}
    return _confirm(found.organisation, offer, wiring().signer.sign(seen, TICKET_SECONDS, purpose=PURPOSE))


def _confirm(organisation: str, offer: Offer, ticket: str, wrong: str = "") -> str:
    frame.allow_frames(offer.origins)
    return render_template(
        "registration/confirm.html",
        organisation=organisation,
        offer=offer,
        scopes=[one.rpartition("/")[2] for one in offer.scopes],
        ours=addresses(),
        ticket=ticket,
        wrong=wrong,
        sent=request.form,
    )


def _failed(invite: str, broken: RuleBroken, status: int = 409) -> tuple[str, int]:
    """Why nothing was registered; it carries no action, so it may be read in whatever frame it stands."""
    frame.allow_frames(frame.ANYONE)
    used_up = broken.code in ("invite_old", "invite_spent", "invite_tried")
    page = render_template(
        "registration/failed.html",
        code=broken.code,
        words=rule_words(broken.code, broken.facts),
        invite=None if used_up else invite,
        half=isinstance(broken, HalfRegistered),
    )
    return page, status


@bp.post("/lti/register/<invite>")
@public(WHY)
def register(invite: str) -> Answer:
    try:
        seen = wiring().signer.read(request.form.get("ticket", ""), purpose=PURPOSE)
    except BadToken:
        return _failed(invite, RuleBroken("dr_ticket"))
    if seen["invite"] != invite:
        raise NotFound("invite")
    offer = Offer(**seen["offer"])
    consent = Consent(names="names" in request.form, email="email" in request.form, hosts="hosts" in request.form)
    try:
        done = registering.register(
            token=invite,
            offer=offer,
            seen_at=datetime.fromisoformat(seen["at"]),
            registration_token=seen["proof"],
            ours=_ours(),
            consent=consent,
            http=wiring().http,
        )
    except NotFound:
        raise
    except RuleBroken as broken:
        if broken.code == "dr_hosts":
            return _confirm(invites.find(invite, again=True).organisation, offer, request.form["ticket"], _words(broken)), 400
        return _failed(invite, broken)
    frame.allow_frames(offer.origins)
    return render_template("registration/done.html", done=done, closes=True, origins=" ".join(offer.origins))


def _words(broken: RuleBroken) -> str:
    return rule_words(broken.code, broken.facts)


# --- by hand -----------------------------------------------------------------------------------------------------------


def _by_hand(invite: str, sent: dict[str, str] | None = None, **more: Any) -> str:
    """Our addresses, the steps in each LMS, and the form for what it answers; prefilled once its site's address is known."""
    found = invites.find(invite)
    asked = {name: request.values.get(name, "")[:500] for name in ("family", "site")}
    family = (sent or asked).get("family") or "generic"
    known = manual.known(family, asked["site"])
    return render_template(
        "registration/index.html",
        organisation=found.organisation,
        invite=invite,
        ours=addresses(),
        families=manual.FAMILIES,
        family=family,
        site=asked["site"],
        typed=sent or asdict(known),
        shared=platforms.profile(family).shared,
        each_block=platforms.profile(family).deployments_share_courses,
        opened=bool(sent or asked["family"]),
        **{"errors": {}, "wrong": [], **more},
    )


@bp.post("/lti/register/<invite>/enter")
@public(WHY)
def enter(invite: str) -> Answer:
    sent = request.form.to_dict()
    if "fill" in sent:  # nothing is entered; what was typed and does not follow from the site stays
        known = asdict(manual.known(sent.get("family", ""), sent.get("site", ""), sent.get("client_id", "").strip()))
        return _by_hand(invite, sent | {name: value for name, value in known.items() if value})
    wrong = EntryForm().validate(sent)
    if wrong:
        return _by_hand(invite, sent, errors=wrong), 400
    told: dict[str, str] = {name: value.strip() for name, value in EntryForm().load(sent).items()}
    many = manual.lines(told.pop("lines"))
    name = told["name"] or _host(told["issuer"])
    audience, around = told.pop("token_audience") or None, told.pop("frame_origin")
    more = {"token_audience": audience, "frame_origins": (around,) if around else ()}
    single = NewPlatform("", **told | {"name": name} | more)  # type: ignore[arg-type]
    entries = [_of_block(single, one) for one in many] or [single]
    try:
        done = registering.enter(token=invite, entries=entries, http=wiring().http)
    except EntriesRefused as refused:
        reasons = [(number + 1 if many else 0, _words(why)) for number, why in sorted(refused.errors.items())]
        missing = {why.facts["field"]: ["platform_field"] for why in refused.errors.values() if not many and why.code == "platform_field"}
        return _by_hand(invite, sent, wrong=reasons, errors=missing), 400
    except NotFound:
        raise
    except RuleBroken as broken:
        done = registering.sent_before(token=invite, entries=entries)
        if not done:
            return _failed(invite, broken)
    return _entered(done)


def _host(issuer: str) -> str:
    """A name for an LMS that was given none; "" if the issuer is no address."""
    try:
        return urlsplit(issuer).hostname or ""
    except ValueError:
        return ""


def _of_block(shared: NewPlatform, line: manual.Line) -> NewPlatform:
    """A block of Open edX: a client of its own, with key and token addresses of its own where it says so."""
    told = asdict(shared) | {
        "client_id": line.client_id,
        "name": f"{shared.name}: {line.client_id[:8]}" if shared.name else "",
        "jwks_url": line.jwks_url or shared.jwks_url,
        "token_url": line.token_url or shared.token_url,
    }
    return NewPlatform(**told)


def _entered(done: list[Done]) -> str:
    return render_template("registration/done.html", done=done[0], many=done if len(done) > 1 else [], closes=False)


@bp.get("/lti/config.json")
@public("what an LMS must know of the tool; the same for everybody")
def config() -> Response:
    """The tool as Canvas reads it; other LMSs take the same values by hand."""
    ours = addresses()
    answer = jsonify(
        title="Mentoring",
        description=DESCRIPTION,
        oidc_initiation_url=ours["login"],
        target_link_uri=ours["launch"],
        public_jwk_url=ours["keys"],
        scopes=list(SCOPES),
        custom_fields={},
        messages=[{"type": kind, "target_link_uri": ours["launch"]} for kind in KINDS],
        extensions=[
            {
                "platform": "canvas.instructure.com",
                "privacy_level": "name_only",
                "settings": {
                    "placements": [
                        {"placement": place, "message_type": "LtiDeepLinkingRequest", "target_link_uri": ours["launch"]}
                        for place in ("assignment_selection", "link_selection")
                    ]
                },
            }
        ],
    )
    answer.headers["Cache-Control"] = "public, max-age=3600"
    return answer
