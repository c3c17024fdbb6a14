# SPDX-License-Identifier: Apache-2.0
"""The pages on which people are named, appointed and invited."""

from __future__ import annotations

import re

from flask import Flask

from conftest import World
from support.visitor import Visitor


def test_the_first_teacher_is_asked_and_then_leads(world: World, app: Flask) -> None:
    teacher = Visitor(app, world.person("Teacher", standing="instructor"))
    assert f"/courses/{world.course_id}/coordinator" in teacher.get().get_data(as_text=True)
    assert teacher.post("coordinator").status_code == 303
    assert teacher.get("people").status_code == 200
    late = Visitor(app, world.person("Late", standing="instructor"))
    assert late.post("coordinator").status_code == 403


def test_somebody_without_a_name_is_asked_once_and_goes_on_to_where_they_wanted(world: World, app: Flask) -> None:
    visitor = Visitor(app, world.person("Ada", nameless=True))
    there = f"/courses/{world.course_id}/modules/M1"
    page = visitor.get(f"name?next={there}").get_data(as_text=True)
    assert there in page
    assert visitor.post("name", {"name": "Ada", "next": there}).headers["Location"] == there
    course = f"/courses/{world.course_id}"
    for bad in ("https://evil.example/", "//evil.example", "/courses/other/", f"{course}/\\evil", f"{course}/\r\nX: y"):
        assert visitor.post("name", {"name": "Ada", "next": bad}).headers["Location"] == f"/courses/{world.course_id}/"


def test_a_chosen_name_cannot_turn_the_page_around(world: World, app: Flask) -> None:
    visitor = Visitor(app, world.person("Ada", "coordinator", standing="instructor", nameless=True))
    assert visitor.post("name", {"name": "Ada \u202eecalevoL"}).status_code == 303
    assert "\u202e" not in visitor.get("people").get_data(as_text=True)


def test_an_empty_name_is_told_what_to_do(world: World, app: Flask) -> None:
    visitor = Visitor(app, world.person("Ada", nameless=True))
    answer = visitor.post("name", {"name": "  "})
    assert answer.status_code == 400
    assert 'id="name-error"' in answer.get_data(as_text=True)


def test_nobody_whom_the_lms_names_takes_another_name(world: World, app: Flask) -> None:
    visitor = Visitor(app, world.person("Ada"))
    answer = visitor.post("name", {"name": "Grace (coordinator)"})
    assert answer.status_code == 400
    assert world.actor("Ada").name == "Ada"


def test_a_coordinator_appoints_and_dismisses(world: World, app: Flask) -> None:
    coordinator = Visitor(app, world.person("Coordinator", "coordinator", standing="instructor"))
    ada = world.person("Ada").person_id
    assert coordinator.post(f"people/{ada}/roles", {"role": "observer"}).status_code == 303
    assert world.actor("Ada").is_any("observer")
    assert coordinator.post(f"people/{ada}/roles/end", {"role": "observer"}).status_code == 303
    assert not world.actor("Ada").is_any("observer")
    assert coordinator.post(f"people/{ada}/roles", {"role": "emperor"}).status_code == 400
    assert coordinator.post(f"people/{'0' * 32}/roles", {"role": "observer"}).status_code == 404


def test_an_invitation_is_shown_once_and_redeemed_inside_ones_own_launch(world: World, app: Flask) -> None:
    coordinator = Visitor(app, world.person("Coordinator", "coordinator", standing="instructor"))
    shown = coordinator.post("people/invitations", {"role": "observer"}).get_data(as_text=True)
    code = re.search(r"invitation\?code=([\w-]+)", shown)
    assert code
    assert code[1] not in coordinator.get("people").get_data(as_text=True)
    guest = Visitor(app, world.person("Guest"))
    assert code[1] in guest.get(f"invitation?code={code[1]}").get_data(as_text=True)
    assert guest.post("invitation", {"code": code[1]}).status_code == 303
    assert world.actor("Guest").is_any("observer")
    again = guest.post("invitation", {"code": code[1]})
    assert again.status_code == 400
    assert 'id="code-error"' in again.get_data(as_text=True)


def test_an_lms_administrator_sees_only_how_to_ask_for_the_office(world: World, app: Flask) -> None:
    administrator = Visitor(app, world.person("Admin", standing="none"), lms_administrator=True)
    assert administrator.get().headers["Location"].endswith("/office")
    assert world.people["Admin"] in administrator.get("office").get_data(as_text=True)
    assert administrator.get("people").status_code == 403
    assert Visitor(app, world.person("Ada")).get("office").status_code == 403


def test_candidates_may_not_look_at_the_people(world: World, app: Flask) -> None:
    candidate = Visitor(app, world.person("Ada"))
    for path in ("people", "cohort", "activities", "grades"):
        assert candidate.get(path).status_code == 403, path
