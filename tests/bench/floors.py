# SPDX-License-Identifier: Apache-2.0
"""The least that a durable launch can cost: Flask, one verification with a kept key object, and one short transaction with SQLAlchemy
Core (nonce insert, two upserts, one commit), answered with one small page; without a database, the same but for the transaction.

Environment: FLOOR_DATABASE_URL (empty: none), FLOOR_PUBLIC_KEY a PEM file with the platform's public key, PORT_LMS the platform's port.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jwt
from cryptography.hazmat.primitives import serialization
from flask import Flask, Response, make_response, redirect, render_template, request
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import Column, Engine, MetaData, String, Table, create_engine, event, insert
from sqlalchemy.dialects import postgresql, sqlite

CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
METADATA = MetaData()
NONCE = Table("nonce", METADATA, Column("nonce", String(64), primary_key=True))
PERSON = Table(
    "person",
    METADATA,
    Column("issuer", String(200), primary_key=True),
    Column("sub", String(200), primary_key=True),
    Column("name", String),
)
MEMBER = Table(
    "member",
    METADATA,
    Column("course", String(200), primary_key=True),
    Column("sub", String(200), primary_key=True),
    Column("roles", String),
)


def make_engine(url: str) -> Engine:
    """SQLite with WAL and every commit durable, or PostgreSQL."""
    if not url.startswith("sqlite"):
        return create_engine(url)
    made = create_engine(url, connect_args={"timeout": 30})

    @event.listens_for(made, "connect")
    def pragmas(connection: sqlite3.Connection, record: object) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000"):
            connection.execute(f"PRAGMA {pragma}")

    event.listen(made, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return made


def upsert(engine: Engine, table: Table, keys: list[str], changed: str) -> Any:
    """An upsert, built once."""
    made = (postgresql if engine.dialect.name == "postgresql" else sqlite).insert(table)
    return made.on_conflict_do_update(index_elements=keys, set_={changed: made.excluded[changed]})


def from_environment() -> Flask:
    """The floor as a WSGI app."""
    app = Flask(__name__, template_folder=str(Path(__file__).parent / "templates"))
    issuer = f"http://127.0.0.1:{os.environ['PORT_LMS']}/p/0"
    key = serialization.load_pem_public_key(Path(os.environ["FLOOR_PUBLIC_KEY"]).read_bytes())
    signer = URLSafeTimedSerializer("bench", salt="state")
    url = os.environ.get("FLOOR_DATABASE_URL", "")
    engine = make_engine(url) if url else None
    if engine is not None:
        METADATA.create_all(engine)
        spend = insert(NONCE)
        person, member = upsert(engine, PERSON, ["issuer", "sub"], "name"), upsert(engine, MEMBER, ["course", "sub"], "roles")

    @app.route("/login/", methods=["GET", "POST"])
    def login() -> Response:
        nonce, bound = secrets.token_urlsafe(24), secrets.token_urlsafe(16)
        state = signer.dumps([nonce, bound, request.values["target_link_uri"]])
        said = {"scope": "openid", "response_type": "id_token", "response_mode": "form_post", "prompt": "none", "nonce": nonce}
        said |= {"client_id": request.values["client_id"], "login_hint": request.values["login_hint"], "state": state}
        said["redirect_uri"] = request.values["target_link_uri"]
        answer = make_response(redirect(f"{issuer}/auth?{urlencode(said)}"))
        answer.set_cookie("state", bound, max_age=600, httponly=True)
        return answer

    @app.route("/launch/", methods=["POST"])
    def launch() -> Any:
        nonce, bound, _ = signer.loads(request.form["state"], max_age=600)
        claims = jwt.decode(request.form["id_token"], key, algorithms=["RS256"], audience="client-0", issuer=issuer)
        if claims["nonce"] != nonce or request.cookies.get("state") != bound:
            return "refused", 403
        course = claims[CLAIM + "context"]
        if engine is not None:
            with engine.begin() as connection:
                connection.execute(spend, {"nonce": nonce})
                connection.execute(person, {"issuer": issuer, "sub": claims["sub"], "name": claims["name"]})
                connection.execute(member, {"course": course["id"], "sub": claims["sub"], "roles": " ".join(claims[CLAIM + "roles"])})
        return render_template("stock_page.html", data=claims, launch_id=nonce, course=course["title"])

    return app
