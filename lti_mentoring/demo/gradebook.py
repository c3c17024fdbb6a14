# SPDX-License-Identifier: Apache-2.0
"""The gradebook's service (AGS 2.0): columns, scores and results, each LMS family in its own way."""

from __future__ import annotations

import sqlite3
from typing import Any

from flask import Blueprint, Response, g, request

from lti_mentoring.demo import columns, scoring
from lti_mentoring.demo.answers import Refusal, accepted, as_json, body, content_type, limit, paged
from lti_mentoring.demo.door import served
from lti_mentoring.demo.faults import page_size
from lti_mentoring.demo.site import LINEITEM, LINEITEM_READ, RESULT_READ, SCORE
from lti_mentoring.demo.world import here, world

bp = Blueprint("gradebook", __name__, url_prefix="/<site>/ags/<scope>/lineitems")

ITEM = "application/vnd.ims.lis.v2.lineitem+json"
ITEMS = "application/vnd.ims.lis.v2.lineitemcontainer+json"
RESULTS = "application/vnd.ims.lis.v2.resultcontainer+json"
SCORE_TYPE = "application/vnd.ims.lis.v1.score+json"


def bearer(scope: str, *needed: str) -> str:
    """The client whose token came along, if it may do this here."""
    site = here()
    refused = site.profile.unauthorised  # Open edX says 403 for a token that is missing, garbled or too old
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    found = world().state.token(site.key, token.strip()) if kind == "Bearer" else None
    if found is None:
        raise Refusal(refused, "Unauthorized" if refused == 401 else "You do not have permission to perform this action.")
    client_id, scopes = found
    if scopes.isdisjoint(needed):
        raise Refusal(refused, "The token lacks the scope for this request")
    reachable = {site.service_scope(one) for one in site.activities if site.client_id(one) == client_id}
    if scope not in reachable:
        raise Refusal(404, "Not Found: there is no such place in the gradebook for this tool")
    return client_id


def _tool_type() -> None:
    """Moodle hangs its tool type on every address and looks for it again."""
    site = here()
    if not site.profile.client_per_placement and request.args.get("type_id") != site.deployment_id:
        raise Refusal(400, "No tool type in the address (type_id)")


def _column(scope: str, number: int) -> sqlite3.Row:
    row = columns.column(world().state, here(), scope, number)
    if row is None:
        raise Refusal(404, f"Not Found: Grade item {number} doesn't exist.")
    return row


def _written(row: sqlite3.Row) -> dict[str, Any]:
    """A column as a line item; what is empty is left out."""
    item = {
        "id": columns.column_url(here(), world().base_url, row["scope"], row["id"]),
        "label": row["label"],
        "scoreMaximum": int(row["maximum"]) if here().profile.integer_maximum else row["maximum"],
        "resourceId": row["resource_id"],
        "tag": row["tag"],
        "resourceLinkId": row["resource_link_id"],
    }
    return {name: value for name, value in item.items() if value not in (None, "")}


@bp.get("")
@served("lineitems")
def container(scope: str) -> Response:
    """The columns, all or those asked for."""
    accepted(ITEMS)
    bearer(scope, LINEITEM, LINEITEM_READ)
    _tool_type()
    found = columns.columns(world().state, here(), scope)
    for parameter, name in (("resource_link_id", "resource_link_id"), ("resource_id", "resource_id"), ("tag", "tag")):
        if parameter in request.args:
            found = [row for row in found if row[name] == request.args[parameter]]
    address = f"{world().issuer(here())}/ags/{scope}/lineitems"
    rows, links = paged(found, page_size("lineitems"), address)
    if limit() is not None and not here().profile.client_per_placement:
        rows, links = found[: limit()], _moodle_links(len(found), address)
    return as_json([_written(row) for row in rows], 200, ITEMS, links)


def _moodle_links(total: int, address: str) -> list[str]:
    """Moodle's own way: HTML-escaped addresses and typographic quotes, which nobody can parse. Open edX ignores the limit."""
    if total <= (limit() or 0):
        return []
    escaped = f"{address}?type_id={here().deployment_id}&amp;limit={limit()}&amp;from={limit()}"
    return [f"<{escaped}>; rel=“next”".encode().decode("latin-1")]


@bp.post("")
@served("lineitems")
def create(scope: str) -> Response:
    """A new column."""
    content_type(ITEM)
    bearer(scope, LINEITEM)
    _tool_type()
    values = scoring.column_values(here(), scope, body())
    with world().state.write() as db:
        done = db.execute(
            "INSERT INTO book_column (site, scope, label, maximum, resource_id, tag, resource_link_id) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (here().key, scope, *values),
        )
    g.title = f"The tool made a column: {values[0]}"
    return as_json(_written(_column(scope, done.lastrowid or 0)), 201, ITEM)


@bp.route("/<int:number>/lineitem", methods=["GET"])
@served("lineitem")
def read(scope: str, number: int) -> Response:
    """One column."""
    accepted(ITEM)
    bearer(scope, LINEITEM, LINEITEM_READ)
    _tool_type()
    return as_json(_written(_column(scope, number)), 200, ITEM)


@bp.route("/<int:number>/lineitem", methods=["PUT"])
@served("lineitem")
def replace(scope: str, number: int) -> Response:
    """Another column in its place: what is not repeated is gone, the tie to a link included (Moodle)."""
    content_type(ITEM)
    bearer(scope, LINEITEM)
    _tool_type()
    _column(scope, number)
    values = scoring.column_values(here(), scope, body())
    with world().state.write() as db:
        db.execute(
            "UPDATE book_column SET label = ?, maximum = ?, resource_id = ?, tag = ?, resource_link_id = ? WHERE id = ?",
            (*values, number),
        )
    g.title = f"The tool changed a column: {values[0]}"
    return as_json(_written(_column(scope, number)), 200, ITEM)


@bp.route("/<int:number>/lineitem", methods=["DELETE"])
@served("lineitem")
def delete(scope: str, number: int) -> Response:
    """Take a column away; Open edX never lets anybody."""
    bearer(scope, LINEITEM)
    _tool_type()
    _column(scope, number)
    if here().profile.client_per_placement:
        raise Refusal(403, "You do not have permission to perform this action.")
    with world().state.write() as db:
        db.execute("DELETE FROM book_column WHERE id = ?", (number,))
    g.title = "The tool deleted a column"
    return Response(status=204)


@bp.post("/<int:number>/lineitem/scores")
@served("scores")
def post_score(scope: str, number: int) -> Response:
    """A grade for one person."""
    content_type(SCORE_TYPE)
    bearer(scope, SCORE)
    _tool_type()
    row, score = _column(scope, number), body()
    person = here().by_sub(str(score.get("userId")))
    g.title = f"The tool sent a grade for {person.shown if person else 'somebody unknown'}: {_spoken(score)}"
    if here().profile.client_per_placement:
        scoring.openedx(world().state, here(), row, score)
        return as_json(score, 201, SCORE_TYPE)
    scoring.moodle(world().state, here(), row, score)
    return Response(status=200, mimetype=SCORE_TYPE)


def _spoken(score: dict[str, Any]) -> str:
    given = score.get("scoreGiven")
    value = f"{given} of {score.get('scoreMaximum')}" if given is not None else "no score"
    return f"{value}, {score.get('activityProgress')}, {score.get('gradingProgress')}"


@bp.get("/<int:number>/lineitem/results")
@bp.get("/<int:number>/lineitem/results/<person>")
@served("results")
def results(scope: str, number: int, person: str | None = None) -> Response:
    """What the gradebook holds."""
    if person is not None and not here().profile.client_per_placement:
        raise Refusal(404, "Not Found: results are asked for by user_id here")  # an address of Open edX's
    accepted(RESULTS, absent=True)
    bearer(scope, RESULT_READ)
    _tool_type()
    row = _column(scope, number)
    if limit() is not None and not here().profile.client_per_placement:
        raise Refusal(404, "Error/codingerror", html=True)  # Moodle crashes on a limit here
    held = columns.grades(world().state, number)
    if "user_id" in request.args and not here().profile.client_per_placement:  # Open edX ignores this filter
        held = [one for one in held if one["sub"] == request.args["user_id"]]
    if person is not None:
        held = [one for one in held if one["sub"] == person]
    address = f"{world().issuer(here())}/ags/{scope}/lineitems/{number}/lineitem/results"
    page, links = paged(held, page_size("results"), address)
    item = columns.column_url(here(), world().base_url, scope, number)
    return as_json([_result(item, row, one) for one in page], 200, RESULTS, links)


def _result(item: str, row: sqlite3.Row, grade: sqlite3.Row) -> dict[str, Any]:
    openedx = here().profile.client_per_placement
    path, _, query = item.partition("?")
    found = {
        "id": f"{path}/results/{grade['sub']}" + (f"?{query}" if query else ""),
        "scoreOf": item,
        "userId": grade["sub"],
        "resultScore": grade["score"] if openedx else grade["cell"],
        "resultMaximum": (grade["maximum"] or 1) if openedx else row["maximum"],
        "comment": grade["comment"],
    }
    return {name: value for name, value in found.items() if value is not None}
