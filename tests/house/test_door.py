# SPDX-License-Identifier: Apache-2.0
"""What opens by the door beside the LMS is a list, and every page is either on it or known to stay closed."""

from __future__ import annotations

from flask import Flask

from lti_mentoring.domain.door import CLOSED, INSIDE, THROUGH


def asking(app: Flask) -> set[str]:
    return {name for name, view in app.view_functions.items() if hasattr(view, "permission")}


def test_every_page_of_a_course_opens_by_the_door_or_is_known_to_stay_closed(bare_app: Flask):
    unknown = {name for name in asking(bare_app) - THROUGH - INSIDE if name.partition(".")[0] not in CLOSED}
    assert unknown == set(), "name each in domain/door.py: in THROUGH if it is somebody's own page, else in INSIDE (or its room in CLOSED)"


def test_the_lists_hold_nothing_that_is_not_there(bare_app: Flask):
    assert THROUGH - asking(bare_app) == set()
    assert INSIDE - asking(bare_app) == set()
    assert not THROUGH & INSIDE
    assert CLOSED - set(bare_app.blueprints) == set()


def test_pages_of_staff_are_never_on_the_list(bare_app: Flask):
    managed = ("mentorship.", "people.", "roster.", "board.", "selection.", "office.", "delivery.", "opening.", "editing.")
    assert {name for name in THROUGH if name.startswith(managed)} == set()
