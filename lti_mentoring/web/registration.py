# SPDX-License-Identifier: Apache-2.0
"""For whoever installs the tool in an LMS: what to enter there, and what will leave it."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, render_template, request

from lti_mentoring.lti.claims import NOTICE_SCOPE
from lti_mentoring.lti.grades import LINEITEM, LINEITEM_READONLY, RESULT, SCORE
from lti_mentoring.services import invite as invites
from lti_mentoring.web import frame
from lti_mentoring.web.access import public
from lti_mentoring.web.wiring import wiring

bp = Blueprint("registration", __name__)

MEMBERS = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
SCOPES = (LINEITEM, LINEITEM_READONLY, RESULT, SCORE, MEMBERS, NOTICE_SCOPE)


def addresses() -> dict[str, str]:
    """Our own addresses, as an LMS must know them."""
    base = wiring().settings.public_url
    return {
        "login": f"{base}/lti/login",
        "launch": wiring().settings.launch_url,
        "keys": f"{base}/.well-known/jwks.json",
        "config": f"{base}/lti/config.json",
    }


@bp.get("/lti/register/<invite>")
@public("an LMS administrator comes with an invitation, which is the proof")
def index(invite: str) -> str:
    found = invites.find(invite)
    frame.allow_frames(frame.ANYONE)  # it shows what everybody may know, and changes nothing
    return render_template(
        "registration/index.html", organisation=found.organisation, ours=addresses(), by_itself="openid_configuration" in request.args
    )


@bp.get("/lti/config.json")
@public("what an LMS must know of the tool; the same for everybody")
def config() -> Response:
    """The tool as Canvas reads it; other LMSs take the same values by hand."""
    ours = addresses()
    answer = jsonify(
        title="Mentoring",
        description="From applicant to credentialed mentor: training, observed conversations, grades in your gradebook.",
        oidc_initiation_url=ours["login"],
        target_link_uri=ours["launch"],
        public_jwk_url=ours["keys"],
        scopes=list(SCOPES),
        custom_fields={},
        extensions=[
            {
                "platform": "canvas.instructure.com",
                "privacy_level": "public",
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
