# SPDX-License-Identifier: Apache-2.0
"""A page that is rendered once for many holds nothing of one reader when another one reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask

from conftest import World, make_world
from lti_mentoring.store import base
from lti_mentoring.web import letter
from support.visitor import Visitor


@pytest.fixture(autouse=True)
def no_letters() -> Iterator[None]:
    letter.forget()
    yield
    letter.forget()


def page(visitor: Visitor, **headers: str) -> str:
    answer = visitor.get("", headers=headers) if headers else visitor.get("")
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def secrets_of(text: str) -> set[str]:
    """The form token and the nonces of a page."""
    return set(re.findall(r'name="csrf-token" content="([^"]+)"', text)) | set(re.findall(r'nonce="([^"]+)"', text))


def test_two_who_stand_alike_share_a_rendering_and_nothing_else(app: Flask, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    rendered: list[str] = []
    original = letter.render_template
    monkeypatch.setattr(letter, "render_template", lambda name, **context: rendered.append(name) or original(name, **context))
    ada, ben = (Visitor(app, world.person(name)) for name in ("Ada <b>Quill</b>", "Benedikt"))
    first, second, third = page(ada), page(ben), page(ada)
    assert rendered == ["home/way.html"]
    assert "Ada &lt;b&gt;Quill&lt;/b&gt;" in first
    assert "Benedikt" in second
    assert "Quill" not in second
    assert "Benedikt" not in third
    assert not secrets_of(first) & secrets_of(second)
    assert ada.actor.person_id not in second
    assert f'name="field" content="{ben.actor.person_id}"' in second, "what waits on the device is sent for its reader"


def test_the_nonce_of_a_page_is_that_of_its_policy(app: Flask, world: World) -> None:
    ada = Visitor(app, world.person("Ada"))
    for _ in range(2):
        answer = ada.get("")
        nonces = set(re.findall(r'nonce="([^"]+)"', answer.get_data(as_text=True)))
        assert len(nonces) == 1
        assert f"'nonce-{nonces.pop()}'" in answer.headers["Content-Security-Policy"]


def test_a_form_token_from_a_shared_page_is_good_for_its_reader_and_for_nobody_else(app: Flask, world: World) -> None:
    ada, ben = (Visitor(app, world.person(name)) for name in ("Ada", "Ben"))
    page(ada)
    text = page(ben)
    token = re.search(r'name="csrf-token" content="([^"]+)"', text)
    assert token
    assert page(ada).count(token[1]) == 0


def test_another_role_reads_another_page(app: Flask, world: World) -> None:
    ada = Visitor(app, world.person("Ada"))
    page(ada)
    observing = Visitor(app, world.person("Cleo", "observer"))
    assert "Observations" in page(observing)
    assert "Observations" not in page(ada)


def test_somebody_whose_name_stands_in_the_text_anyway_gets_a_page_that_is_not_kept(app: Flask, world: World) -> None:
    odd = Visitor(app, world.person("credential"))
    assert page(odd)
    assert not letter._letters


def test_another_organisation_reads_another_page_though_everything_else_is_alike(app: Flask) -> None:
    texts = {}
    for name in ("Northfield", "Southwater"):
        world = make_world(name)
        with base.tenant(world.org_id):
            who = world.person("Ada")
        base.db.session.remove()
        texts[name] = page(Visitor(app, who))
        assert world.org_id not in texts[name]
    assert "Southwater" not in texts["Northfield"]
    assert "Northfield" not in texts["Southwater"]
