# SPDX-License-Identifier: Apache-2.0
"""The directory's pages: from an empty entry to being found, with plain forms."""

from __future__ import annotations

from flask import Flask

from conftest import World
from support.visitor import Visitor

FORM = {"own": "Ward rounds", "languages": "en", "capacity": "2", "hours": "3", "meets": "video", "about": "I listen."}


def text(answer) -> str:
    return str(answer.get_data(as_text=True))


def test_an_entry_is_written_listed_found_and_taken_back(app: Flask, world: World):
    mentor, reader = Visitor(app, world.person("B. Mentor")), Visitor(app, world.person("A. Reader", standing="none"))
    assert mentor.post("mentors/mine", FORM).status_code == 303
    assert "Ward rounds" in text(mentor.get("mentors/mine"))
    assert "Ward rounds" not in text(reader.get("mentors"))
    assert mentor.post("mentors/mine/listed", {"listed": "yes"}).status_code == 303
    page = text(reader.get("mentors?text=WARD&language=en&free=yes"))
    assert "B. Mentor" in page
    assert "in training" in page
    assert "room for 2 people" in page
    assert "B. Mentor" not in text(reader.get("mentors?language=de"))
    mentor.post("mentors/mine/listed", {"listed": "no"})
    assert "B. Mentor" not in text(reader.get("mentors"))


def test_what_was_typed_is_given_back_with_what_is_wrong(app: Flask, world: World):
    mentor = Visitor(app, world.person("B. Mentor"))
    wrong = (({"capacity": "0"}, "Say for how many people"), ({"languages": "xx"}, "at least one language"), ({"hours": ""}, "hours-error"))
    for changes, said in wrong:
        answer = mentor.post("mentors/mine", FORM | changes)
        assert answer.status_code == 400
        assert "I listen." in text(answer)
        assert said in text(answer)


def test_who_only_reads_has_no_entry(app: Flask, world: World):
    reader = Visitor(app, world.person("A. Reader", standing="none"))
    assert reader.get("mentors/mine").status_code == 403
    assert "My entry" not in text(reader.get("mentors"))
