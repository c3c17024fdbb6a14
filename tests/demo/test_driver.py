# SPDX-License-Identifier: Apache-2.0
"""The browser stand-in keeps cookies as a browser in a frame would, and sends what a browser sends."""

from __future__ import annotations

import pytest
from flask import Flask, jsonify, redirect, request

from support.driver import Browser, serving
from support.ports import free_port

PAGE = """<meta name="csrf-token" content="t0ken"><form method="post" action="/echo"><input name="a" value="1">
<textarea name="words">some text</textarea><input type="checkbox" name="on" value="yes" checked><input type="checkbox" name="off">
<input type="radio" name="level" value="2"><input type="radio" name="level" value="3" checked>
<select name="pick"><option value="x">X</option><option value="y" selected>Y</option></select>
<button name="go" value="now">Go</button></form>"""


@pytest.fixture(scope="module")
def site():
    app = Flask("echo")

    @app.get("/set")
    def set_cookies():
        answer = redirect("/echo", 303)
        for line in (
            "__Host-part=1; Path=/; Secure; HttpOnly; SameSite=None; Partitioned",
            "plain=1; Path=/; Secure; SameSite=None",
            "lax=1; Path=/; SameSite=Lax",
            "__Host-wrong=1; Path=/deep; Secure; SameSite=None",
            "naked=1; Path=/; SameSite=None",
        ):
            answer.headers.add("Set-Cookie", line)
        return answer

    @app.get("/page")
    def page():
        return PAGE

    @app.route("/echo", methods=["GET", "POST"])
    def echo():
        return jsonify(
            cookies=request.cookies, form=request.form.to_dict(), headers=dict(request.headers), json=request.get_json(silent=True)
        )

    port = free_port()
    with serving(app, port):
        yield f"http://localhost:{port}"


@pytest.mark.parametrize(
    ("how", "kept"),
    [
        ({}, {"__Host-part", "plain"}),
        ({"third_party_cookies": False}, {"__Host-part"}),
        ({"framed": False}, {"__Host-part", "plain", "lax"}),
        ({"cookies": False}, set()),
    ],
)
def test_cookies_live_as_they_would_in_a_frame(site, how, kept):
    assert set(Browser(site, **how).get("/set").json()["cookies"]) == kept


def test_a_form_is_sent_as_it_stands_with_the_button_pressed(site):
    browser = Browser(site)
    page = browser.get("/page")
    assert page.csrf == "t0ken"
    sent = browser.submit(button=page.form().buttons[0], words="other").json()
    assert sent["form"] == {"a": "1", "words": "other", "on": "yes", "level": "3", "pick": "y", "go": "now"}


def test_a_post_carries_the_pages_token_and_where_it_comes_from(site):
    browser = Browser(site)
    browser.get("/page")
    sent = browser.post("/echo", {"b": "2"}).json()
    assert sent["form"] == {"b": "2", "csrf_token": "t0ken"}
    assert sent["headers"]["Origin"] == site
    assert sent["headers"]["Sec-Fetch-Site"] == "same-origin"


def test_a_script_sends_json_with_the_token_in_a_header(site):
    browser = Browser(site)
    browser.get("/page")
    sent = browser.json_post("/echo", {"c": 3}).json()
    assert sent["json"] == {"c": 3}
    assert sent["headers"]["X-Csrftoken"] == "t0ken"
    assert browser.page.path == "/page"
