# SPDX-License-Identifier: Apache-2.0
"""Sites that grow: activities that deep linking brings, and courses that are copied; kept in the LMS's file."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

from lti_mentoring.demo.site import Activity, Course, Site
from lti_mentoring.demo.world import World


def played(lms: World, key: str) -> Site:
    """The site as it stands."""
    return lms.sites[key]


def restore(lms: World) -> None:
    """Play every site with what was added to it before."""
    for site in list(lms.sites.values()):
        with lms.state.read() as db:
            rows = db.execute("SELECT kind, body FROM grown WHERE site = ? ORDER BY id", (site.key,)).fetchall()
        for row in rows:
            body = json.loads(row["body"])
            site = _with(site, Course(**body) if row["kind"] == "course" else _activity(body))
        lms.change(site)


def _activity(body: dict[str, Any]) -> Activity:
    return Activity(**{**body, "custom": tuple(tuple(pair) for pair in body["custom"])})


def _with(site: Site, added: Course | Activity) -> Site:
    if isinstance(added, Course):
        return replace(site, courses=(*site.courses, added))
    others = tuple(one for one in site.activities if one.key != added.key)
    return replace(site, activities=(*others, added))


def add(lms: World, site: Site, added: Course | Activity) -> Site:
    """Add a course or an activity, or change an activity; the site as it is then."""
    with lms.state.write() as db:
        kind = "course" if isinstance(added, Course) else "activity"
        db.execute("INSERT INTO grown (site, kind, body) VALUES (?, ?, ?)", (site.key, kind, json.dumps(asdict(added))))
    grown = _with(site, added)
    lms.change(grown)
    return grown


def shrink(lms: World, original: Site) -> None:
    """Play the site as it was in the beginning."""
    with lms.state.write() as db:
        db.execute("DELETE FROM grown WHERE site = ?", (original.key,))
    lms.change(original)


def place(lms: World, site: Site, course: int, item: dict[str, Any], block: Activity | None) -> Activity:
    """Make an activity from a content item; on Open edX the block that asked becomes it. Its column comes with it (Moodle)."""
    line = item.get("lineItem") or {}
    number = block.number if block else max(one.number for one in site.activities) + 1
    made = Activity(
        key=block.key if block else f"placed-{number}",
        number=number,
        course=course,
        title=item.get("title") or "External tool",
        intro=item.get("text") or "",
        custom=tuple((item.get("custom") or {}).items()),
        # Open edX keeps a line item that came along, and never makes a column from it
        book=block.book if block else "column" if line else "columns",
        maximum=line.get("scoreMaximum", 100),
        window="window" in item,
        target=item.get("url") or "",
    )
    grown = add(lms, site, made)
    if block is None and line:
        _column(lms, grown, made, line)
    return made


def _column(lms: World, site: Site, activity: Activity, line: dict[str, Any]) -> None:
    values = (line.get("resourceId"), line.get("tag"), json.dumps(line.get("submissionReview")))
    with lms.state.write() as db:
        db.execute(
            "INSERT INTO book_column (site, scope, label, maximum, resource_link_id, coupled, resource_id, tag, review)"
            " VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?)",
            # Moodle ignores the label: the column is called as the activity is
            (site.key, site.service_scope(activity), activity.title, activity.maximum, site.resource_link_id(activity), *values),
        )


def copy_course(lms: World, site: Site, number: int) -> Course:
    """Copy a course with its activities, and with every column in it, as an LMS does for the next term."""
    origin = next(one for one in site.courses if one.number == number)
    new = max(one.number for one in site.courses) + 1
    context_id = origin.context_id.replace("2026", f"2027T{new}") if site.profile.client_per_placement else str(new)
    course = replace(origin, number=new, context_id=context_id, title=f"{origin.title}, next term", copied_from=origin.context_id)
    grown = add(lms, site, course)
    for one in [one for one in site.activities if one.course == number]:
        at = max(each.number for each in grown.activities) + 1
        made = replace(one, key=f"{one.key}-{new}", number=at, course=new, copied_from=site.resource_link_id(one))
        grown = add(lms, grown, made)
        _copy_columns(lms, grown, one, made)
    return course


def _copy_columns(lms: World, site: Site, one: Activity, made: Activity) -> None:
    with lms.state.write() as db:
        db.execute(
            "INSERT INTO book_column (site, scope, label, maximum, resource_id, tag, review, resource_link_id, coupled)"
            " SELECT site, ?, label, maximum, resource_id, tag, review, ?, coupled FROM book_column"
            " WHERE site = ? AND resource_link_id = ?",
            (site.service_scope(made), site.resource_link_id(made), site.key, site.resource_link_id(one)),
        )
