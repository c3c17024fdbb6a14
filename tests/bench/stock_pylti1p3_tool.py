# SPDX-License-Identifier: Apache-2.0
"""The Flask tool that pylti1p3's own README describes, to measure against. It stores nothing durable.

Environment: VARIANT ``default`` (a key set fetch in each launch) or ``cached`` (set_public_key_caching); PORT_LMS the port of loadgen.py.
Paths: /login/ and /launch/; its first page holds the words LAUNCH OK. One process only: what it remembers, it remembers in memory.
"""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Flask, Response, jsonify, render_template
from flask_caching import Cache
from pylti1p3.contrib.flask import FlaskCacheDataStorage, FlaskMessageLaunch, FlaskOIDCLogin, FlaskRequest
from pylti1p3.tool_config import ToolConfDict

app = Flask(__name__, template_folder=str(Path(__file__).parent / "templates"))
app.config.from_mapping(SECRET_KEY="bench", CACHE_TYPE="SimpleCache", CACHE_THRESHOLD=10**7, CACHE_DEFAULT_TIMEOUT=600)
cache = Cache(app)

ISSUER = f"http://127.0.0.1:{os.environ.get('PORT_LMS', '9700')}/p/0"
CLIENT_ID = "client-0"
tool_conf = ToolConfDict(
    {
        ISSUER: [
            {
                "default": True,
                "client_id": CLIENT_ID,
                "auth_login_url": f"{ISSUER}/auth",
                "auth_token_url": f"{ISSUER}/token",
                "key_set_url": f"{ISSUER}/jwks",
                "key_set": None,
                "deployment_ids": ["1"],
            }
        ]
    }
)
_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
_private = _key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
_public = _key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
tool_conf.set_private_key(ISSUER, _private.decode(), CLIENT_ID)
tool_conf.set_public_key(ISSUER, _public.decode(), CLIENT_ID)


@app.route("/login/", methods=["GET", "POST"])
def login() -> Response:
    """OIDC login initiation."""
    request = FlaskRequest()
    oidc = FlaskOIDCLogin(request, tool_conf, launch_data_storage=FlaskCacheDataStorage(cache))
    return oidc.redirect(request.get_param("target_link_uri"))


@app.route("/launch/", methods=["POST"])
def launch() -> str:
    """A launch, answered with the first page itself."""
    storage = FlaskCacheDataStorage(cache)
    message = FlaskMessageLaunch(FlaskRequest(), tool_conf, launch_data_storage=storage)
    if os.environ.get("VARIANT") == "cached":
        message.set_public_key_caching(storage, cache_lifetime=7200)
    data = message.get_launch_data()
    course = data["https://purl.imsglobal.org/spec/lti/claim/context"]["title"]
    return render_template("stock_page.html", data=data, launch_id=message.get_launch_id(), course=course)


@app.route("/jwks/")
def jwks() -> Response:
    """The tool's public keys."""
    return jsonify(tool_conf.get_jwks())


def from_environment() -> Flask:
    """The tool as a WSGI app, made the way that ours is."""
    return app
