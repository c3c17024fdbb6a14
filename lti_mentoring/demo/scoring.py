# SPDX-License-Identifier: Apache-2.0
"""What becomes of a score: the rules of Moodle's gradebook, and those of Open edX's."""

from __future__ import annotations

import math
import re
import sqlite3
from datetime import UTC, datetime
from typing import Any

from lti_mentoring.demo.answers import Refusal
from lti_mentoring.demo.columns import next_order
from lti_mentoring.demo.site import Site
from lti_mentoring.demo.state import State

ACTIVITY = {"Initialized", "Started", "InProgress", "Submitted", "Completed"}
GRADING = {"FullyGraded", "Pending", "PendingManual", "Failed", "NotReady"}
MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:?\d{2})")


def moodle(state: State, site: Site, column: sqlite3.Row, score: dict[str, Any]) -> None:
    """Moodle: whole seconds, strictly newer; anything but a final score wipes the cell; only learners have cells."""
    person = site.by_sub(str(score.get("userId")))
    at = _moment(score.get("timestamp"))
    given: Any = score.get("scoreGiven")
    maximum: Any = score.get("scoreMaximum")
    bad = (
        at is None
        or score.get("activityProgress") not in ACTIVITY  # Moodle would take any word; a strict LMS does not
        or score.get("gradingProgress") not in GRADING
        or not _number(given, absent=True)
        or not _number(maximum, absent=given is None)
        or (given is not None and (given < 0 or maximum < 0))
    )
    if bad or at is None or not isinstance(score.get("userId"), str) or person is None or not person.gradable:
        raise Refusal(400, "Incorrect score received")
    with state.write() as db:
        known = db.execute("SELECT * FROM grade WHERE book_column = ? AND sub = ?", (column["id"], score["userId"])).fetchone()
        before = _moment(known["timestamp"]) if known else None
        if before is not None and int(before.timestamp()) >= int(at.timestamp()):
            raise Refusal(409, f"Refusing score with an earlier timestamp for item {column['id']} and user {score['userId']}")
        final = score["gradingProgress"] == "FullyGraded" and given is not None
        cell = _scaled(given, maximum, column["maximum"]) if final else None
        # A teacher's own value in an activity's column stays, and the tool is told 200 all the same
        overridden = bool(known and known["overridden"] and column["coupled"])
        _keep(db, column["id"], score, known["cell"] if overridden else cell, wiped=not final, overridden=overridden)


def openedx(state: State, site: Site, column: sqlite3.Row, score: dict[str, Any]) -> None:
    """Open edX: every score is stored, only a final one is published; an older or equal time is a validation error."""
    missing = [name for name in ("timestamp", "activityProgress", "gradingProgress", "userId") if score.get(name) is None]
    if missing:
        raise Refusal(400, "missing", {name: ["This field is required."] for name in missing})
    at = _moment(score["timestamp"])
    given: Any = score.get("scoreGiven")
    maximum: Any = score.get("scoreMaximum")
    if at is None:
        raise Refusal(400, "timestamp", {"timestamp": ["Datetime has wrong format."]})
    numbers = [name for name in ("scoreGiven", "scoreMaximum") if not _number(score.get(name), absent=True)]
    if numbers:
        raise Refusal(400, "number", {name: ["A valid number is required."] for name in numbers})
    known_words = score["activityProgress"] in ACTIVITY and score["gradingProgress"] in GRADING
    if site.by_sub(str(score["userId"])) is None or not known_words or (given or 0) < 0:
        raise Refusal(500, "Server Error (500)", html=True)
    if given is not None and not maximum:
        raise Refusal(400, "scoreMaximum", {"scoreMaximum": ["This field is required with scoreGiven."]})
    with state.write() as db:
        known = db.execute("SELECT * FROM grade WHERE book_column = ? AND sub = ?", (column["id"], score["userId"])).fetchone()
        before = _moment(known["timestamp"]) if known else None
        if before is not None and before > at:
            raise Refusal(400, "older", {"timestamp": ["Score timestamp can only be updated to a later point in time"]})
        if before is not None and before == at:
            raise Refusal(400, "equal", {"timestamp": ["Score already exists for the provided timestamp"]})
        final = score["gradingProgress"] == "FullyGraded" and given is not None
        cell = _scaled(given, maximum, column["maximum"]) if final else (known["cell"] if known else None)
        _keep(db, column["id"], score, cell, wiped=False, overridden=False, published=final)


def _keep(
    db: sqlite3.Connection,
    column: int,
    score: dict[str, Any],
    cell: float | None,
    *,
    wiped: bool,
    overridden: bool,
    published: bool = True,
) -> None:
    db.execute(
        "INSERT INTO grade (book_column, sub, score, maximum, comment, timestamp, activity_progress, grading_progress,"
        " cell, cell_order, posts)"
        " VALUES (:book_column, :sub, :score, :maximum, :comment, :timestamp, :activity, :grading, :cell, :cell_order, 1)"
        " ON CONFLICT (book_column, sub) DO UPDATE SET score = excluded.score, maximum = excluded.maximum, comment = excluded.comment,"
        " timestamp = excluded.timestamp, activity_progress = excluded.activity_progress, grading_progress = excluded.grading_progress,"
        " cell = excluded.cell, posts = posts + 1, overridden = :overridden,"
        " cell_order = CASE WHEN :published THEN excluded.cell_order ELSE cell_order END",
        {
            "book_column": column,
            "sub": score["userId"],
            "score": None if wiped else score.get("scoreGiven"),
            "maximum": score.get("scoreMaximum"),
            "comment": None if wiped else (score.get("comment") or None),
            "timestamp": score["timestamp"],
            "activity": score["activityProgress"],
            "grading": score["gradingProgress"],
            "cell": cell,
            "cell_order": next_order(db) if published else 0,
            "overridden": int(overridden),
            "published": int(published),
        },
    )


def column_values(site: Site, scope: str, item: dict[str, Any]) -> tuple[str, float, str | None, str | None, str | None]:
    """Label, maximum, resource id, tag and link of a column that the tool wants; Refusal if it may not be."""
    label, maximum = item.get("label"), item.get("scoreMaximum")
    resource_id, tag, link = (item.get(name) or None for name in ("resourceId", "tag", "resourceLinkId"))
    if not isinstance(label, str) or not label.strip():
        raise Refusal(400, "No label", {"label": ["This field may not be blank."]})
    if not _number(maximum) or maximum is None or maximum <= 0:
        raise Refusal(400, "No scoreMaximum", {"scoreMaximum": ["A valid number is required."]})
    if site.profile.integer_maximum and int(maximum) != maximum:
        raise Refusal(400, "scoreMaximum", {"scoreMaximum": ["A valid integer is required."]})
    if site.profile.integer_maximum and resource_id is None and link is None:
        raise Refusal(400, "resourceId", {"resourceId": ["This field is required."]})
    if link is not None:
        placed = site.by_link(str(link))
        if placed is None or site.service_scope(placed) != scope:
            raise Refusal(404, "Not Found: there is no such link here")
    return label, float(maximum), resource_id, tag, link


def _scaled(given: float, maximum: float, column: float) -> float:
    """The value in the cell: scaled to the column, never above it. A maximum of 0 means no scaling (Moodle)."""
    value = given * column / maximum if maximum else given
    return round(max(0.0, min(value, column)), 5)


def _number(value: Any, *, absent: bool = False) -> bool:
    if value is None:
        return absent
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _moment(text: Any) -> datetime | None:
    """An aware time with a zone, as AGS asks; anything else is none."""
    if not isinstance(text, str) or not MOMENT.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return None
