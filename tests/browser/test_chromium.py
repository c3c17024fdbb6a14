# SPDX-License-Identifier: Apache-2.0
"""The browser of these tests treats cookies as a reader's does: what counts as blocked is blocked, or the other tests prove nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask, Response, request
from playwright.sync_api import BrowserContext

from support.driver import serving
from support.ports import free_port

Open = Callable[..., BrowserContext]


@pytest.fixture(scope="module")
def inner() -> Iterator[str]:
    """A site that sets three cookies, and tells which came back."""
    app = Flask("inner")

    @app.get("/")
    def page() -> Response:
        answer = Response(" ".join(sorted(request.cookies)) or "none")
        answer.set_cookie("plain", "1", secure=True, samesite="None")
        answer.set_cookie("__Host-apart", "1", secure=True, samesite="None", path="/", partitioned=True)
        return answer

    port = free_port()
    with serving(app, port):
        yield f"http://localhost:{port}"


@pytest.fixture(scope="module")
def outer(inner: str) -> Iterator[str]:
    """A site of another kind that frames it."""
    app = Flask("outer")

    @app.get("/")
    def page() -> str:
        return f'<!doctype html><title>outer</title><iframe src="{inner}"></iframe>'

    port = free_port()
    with serving(app, port):
        yield f"http://127.0.0.1:{port}"


def came_back(browser: BrowserContext, outer: str) -> list[str]:
    """The cookies that the framed site gets on its second visit."""
    page = browser.new_page()
    page.goto(outer)
    page.goto(outer)
    return page.frames[1].inner_text("body").split()


def test_with_third_party_cookies_allowed_both_kinds_come_back(open_browser: Open, outer: str):
    assert came_back(open_browser(), outer) == ["__Host-apart", "plain"]


def test_with_third_party_cookies_blocked_only_the_partitioned_one_comes_back(open_browser: Open, outer: str):
    assert came_back(open_browser(third_party_cookies=False), outer) == ["__Host-apart"]


def test_with_every_cookie_of_a_site_blocked_none_comes_back(open_browser: Open, outer: str, inner: str):
    assert came_back(open_browser(no_cookies_for=[inner]), outer) == ["none"]
