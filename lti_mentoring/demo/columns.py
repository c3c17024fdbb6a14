# SPDX-License-Identifier: Apache-2.0
"""The gradebook at rest: columns, what the tool sent for each person, and what the cell shows."""

from __future__ import annotations

import sqlite3
from typing import Any

from lti_mentoring.demo.site import Activity, Site, issuer
from lti_mentoring.demo.state import State


def prepare(state: State, site: Site) -> None:
    """Give every graded activity its own column, once."""
    with state.write() as db:
        for one in site.activities:
            link = site.resource_link_id(one)
            known = db.execute("SELECT 1 FROM book_column WHERE site = ? AND resource_link_id = ? AND coupled", (site.key, link))
            if one.book == "column" and known.fetchone() is None:
                # Open edX makes its own item with the block as resource id; Moodle's has none
                resource_id = link if site.profile.client_per_placement else None
                db.execute(
                    "INSERT INTO book_column (site, scope, label, maximum, resource_id, resource_link_id, coupled)"
                    " VALUES (?, ?, ?, ?, ?, ?, 1)",
                    (site.key, site.service_scope(one), one.title, one.maximum, resource_id, link),
                )


def column_url(site: Site, base_url: str, scope: str, number: int) -> str:
    """The address of a line item."""
    address = f"{issuer(site, base_url)}/ags/{scope}/lineitems/{number}/lineitem"
    return address if site.profile.client_per_placement else f"{address}?type_id={site.deployment_id}"


def claimed_url(state: State, site: Site, activity: Activity, base_url: str) -> str | None:
    """The ``lineitem`` that a launch of this placement announces."""
    scope, link = site.service_scope(activity), site.resource_link_id(activity)
    with state.read() as db:
        if activity.book == "programmatic":  # Open edX: the configuration's first item, whatever it is
            rows = db.execute("SELECT id FROM book_column WHERE site = ? AND scope = ? ORDER BY id LIMIT 1", (site.key, scope))
            found = rows.fetchall()
        else:  # Moodle: none as soon as a second column is tied to the same link
            rows = db.execute("SELECT id FROM book_column WHERE site = ? AND scope = ? AND resource_link_id = ?", (site.key, scope, link))
            found = rows.fetchall()
    return column_url(site, base_url, scope, found[0]["id"]) if len(found) == 1 else None


def columns(state: State, site: Site, scope: str | None = None) -> list[sqlite3.Row]:
    """The columns of a site, or of one course or block in it."""
    with state.read() as db:
        if scope is None:
            return db.execute("SELECT * FROM book_column WHERE site = ? ORDER BY id", (site.key,)).fetchall()
        return db.execute("SELECT * FROM book_column WHERE site = ? AND scope = ? ORDER BY id", (site.key, scope)).fetchall()


def column(state: State, site: Site, scope: str, number: int) -> sqlite3.Row | None:
    """One column."""
    with state.read() as db:
        row: sqlite3.Row | None = db.execute(
            "SELECT * FROM book_column WHERE site = ? AND scope = ? AND id = ?", (site.key, scope, number)
        ).fetchone()
        return row


def grades(state: State, number: int) -> list[sqlite3.Row]:
    """Everything held in one column."""
    with state.read() as db:
        return db.execute("SELECT * FROM grade WHERE book_column = ? ORDER BY sub", (number,)).fetchall()


def cells(state: State, site: Site) -> list[dict[str, Any]]:
    """What the gradebook shows, one row for each person and column that the tool (or a teacher) has touched.

    Open edX has one cell for each block, and whatever was published last stands in it.
    """
    with state.read() as db:
        rows = db.execute(
            "SELECT c.id AS number, c.label, c.maximum AS column_maximum, c.resource_link_id, g.* FROM grade g"
            " JOIN book_column c ON c.id = g.book_column WHERE c.site = ? ORDER BY c.id, g.cell_order",
            (site.key,),
        ).fetchall()
    shown: dict[tuple[Any, str], dict[str, Any]] = {}
    for row in rows:
        activity = site.by_link(row["resource_link_id"] or "")
        if site.profile.client_per_placement and activity is None:
            continue  # an item without a block never shows
        place = row["resource_link_id"] if site.profile.client_per_placement else row["number"]
        known = shown.get((place, row["sub"]))
        if known is None or (row["cell_order"], row["number"]) >= (known["order"], known["column"]):
            shown[place, row["sub"]] = _cell(site, row, activity)
    return list(shown.values())


def _cell(site: Site, row: sqlite3.Row, activity: Activity | None) -> dict[str, Any]:
    person = site.by_sub(row["sub"])
    return {
        "column": row["number"],
        "activity": activity.key if activity else None,
        "label": row["label"],
        "user_id": row["sub"],
        "persona": person.key if person else None,
        "name": person.shown if person else row["sub"],
        "score": row["cell"],
        "maximum": row["column_maximum"],
        "comment": row["comment"],
        "timestamp": row["timestamp"],
        "activity_progress": row["activity_progress"],
        "grading_progress": row["grading_progress"],
        "sent": row["score"],
        "sent_maximum": row["maximum"],
        "overridden": bool(row["overridden"]),
        "posts": row["posts"],
        "order": row["cell_order"],
    }


def coupled(state: State, site: Site, activity: Activity) -> int | None:
    """The number of the activity's own column."""
    with state.read() as db:
        query = "SELECT id FROM book_column WHERE site = ? AND resource_link_id = ? AND coupled"
        row = db.execute(query, (site.key, site.resource_link_id(activity))).fetchone()
    return int(row["id"]) if row else None


def override(state: State, site: Site, number: int, sub: str, score: float | None, timestamp: str) -> bool:
    """A teacher writes a grade by hand into a column; whether there is one."""
    with state.write() as db:
        if db.execute("SELECT id FROM book_column WHERE site = ? AND id = ?", (site.key, number)).fetchone() is None:
            return False
        db.execute(
            "INSERT INTO grade (book_column, sub, cell, timestamp, overridden, cell_order) VALUES (?, ?, ?, ?, 1, ?)"
            " ON CONFLICT (book_column, sub) DO UPDATE SET cell = excluded.cell, timestamp = excluded.timestamp, overridden = 1",
            (number, sub, score, timestamp, next_order(db)),
        )
    return True


def edit(state: State, site: Site, number: int, label: str | None) -> bool:
    """A teacher gives a column another name, or deletes it; whether there is one."""
    with state.write() as db:
        if label is None:
            done = db.execute("DELETE FROM book_column WHERE site = ? AND id = ?", (site.key, number))
        else:
            done = db.execute("UPDATE book_column SET label = ? WHERE site = ? AND id = ?", (label, site.key, number))
    return done.rowcount == 1


def next_order(db: sqlite3.Connection) -> int:
    """A number greater than every publication before."""
    return int(db.execute("SELECT COALESCE(MAX(cell_order), 0) + 1 FROM grade").fetchone()[0])


def described(site: Site, base_url: str, row: sqlite3.Row) -> dict[str, Any]:
    """A column in plain words, for the state report."""
    activity = site.by_link(row["resource_link_id"] or "")
    return {
        "column": row["id"],
        "url": column_url(site, base_url, row["scope"], row["id"]),
        "scope": row["scope"],
        "label": row["label"],
        "maximum": row["maximum"],
        "resource_id": row["resource_id"],
        "tag": row["tag"],
        "resource_link_id": row["resource_link_id"],
        "activity": activity.key if activity else None,
        "coupled": bool(row["coupled"]),
    }
