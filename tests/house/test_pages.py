# SPDX-License-Identifier: Apache-2.0
"""What every template and stylesheet owes to the policy of the page, to the look, and to readers from right to left."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEMPLATES = {
    file.relative_to(ROOT).as_posix(): file.read_text("utf-8")
    for file in sorted((ROOT / "templates").rglob("*.html"))
    if "demo" not in file.relative_to(ROOT).parts
}
STATIC = ROOT / "lti_mentoring" / "web" / "static"
SCRIPTS = {file.name: file.read_text("utf-8") for file in sorted(STATIC.rglob("*.js"))}
THEME = (STATIC / "theme.css").read_text("utf-8")
SPRITE = (ROOT / "templates" / "icons.html").read_text("utf-8")

HELPERS = r"m[se]-\d|p[se]-\d|text-start|text-end|float-\w+|input-group|start-\d|end-\d|border-start|border-end"
DIRECTED = re.compile(rf'class="[^"]*(?<![\w-])({HELPERS})\b')


def offenders(pattern: str, texts: dict[str, str]) -> dict[str, list[str]]:
    """Name of a file -> what it has of ``pattern``."""
    return {name: found for name, text in texts.items() if (found := re.findall(pattern, text))}


def test_no_template_holds_a_style_or_a_handler():
    assert offenders(r"\sstyle\s*=|<style\b", TEMPLATES) == {}
    assert offenders(r"\son[a-z]+\s*=\s*[\"']", TEMPLATES) == {}
    assert offenders(r"javascript:", TEMPLATES) == {}


def test_every_script_is_a_file_and_carries_the_nonce():
    for name, text in TEMPLATES.items():
        for attributes, body in re.findall(r"<script\b((?:{{.*?}}|[^>])*)>(.*?)</script>", text, re.DOTALL):
            assert "src=" in attributes, name
            assert "nonce=" in attributes, name
            assert not body.strip(), name


def test_what_becomes_of_a_draft_is_said_where_nothing_moves():
    told = {name: text for name, text in TEMPLATES.items() if name != "templates/macros.html"}
    assert offenders("data-status|data-kept=.*data-away", told) == {}, "macros.kept gives the status a room of its own"
    assert len(offenders(r"\bkept\(\)", told)) >= 7


def test_every_legend_is_a_child_of_its_fieldset_so_that_it_names_the_group():
    between = r"(?s)<fieldset(?:(?!<fieldset|<legend).)*<(?:div|p|section|ul|label)\b(?:(?!<fieldset).)*?<legend"
    assert offenders(between, TEMPLATES) == {}


def test_no_template_uses_a_directional_helper():
    assert {name: found for name, text in TEMPLATES.items() if (found := DIRECTED.findall(text))} == {}


def test_our_own_rules_are_logical_so_that_one_file_serves_both_directions():
    own = re.sub(r"/\*.*?\*/", "", THEME, flags=re.DOTALL)
    physical = r"[;{\s](margin|padding|border)-(left|right)\b|[;{\s](left|right)\s*:|text-align:\s*(left|right)|float:\s*(left|right)"
    assert re.findall(physical, own) == []


UNHELD = ("registration/", "reference/", "guest/index", "guest/over", "door/index", "door/link", "door/spent")
"""Pages that whoever reads them is not signed in for."""


def test_every_form_that_changes_something_carries_the_token():
    for name, text in TEMPLATES.items():
        if name in ("templates/error/refused.html", "templates/linking/back.html"):
            continue  # these go to a login address, which has its own proof, and to the LMS, which must not have the token
        if name == "templates/storage/ask.html":
            continue  # nobody is signed in yet; where the form comes from and the sealed launch in it are the proof
        if name.startswith(tuple(f"templates/{one}" for one in UNHELD)):
            continue  # without a session; the secret invite or link, or a passkey, and where the form comes from are the proof
        if name in ("templates/notification/unsubscribe.html", "templates/my_privacy/return.html"):
            continue  # nobody is signed in; the signed link of a mail, or what a verified launch was answered with, is the proof
        for form in re.findall(r"<form\b.*?</form>", text, re.DOTALL):
            if 'method="post"' in form:
                assert "csrf()" in form or "csrf_token" in form, name


def test_every_icon_that_a_template_names_is_in_the_sprite():
    drawn = set(re.findall(r'id="i-(\w+)"', SPRITE))
    named = {icon for text in TEMPLATES.values() for icon in re.findall(r'icon\("(\w+)"\)|#i-(\w+)"', text) for icon in icon if icon}
    assert named <= drawn


def test_no_script_builds_a_page_from_text():
    """But for the one that shows whole pages of the server's, where a browser keeps no cookie to load them by."""
    scripts = {name: text for name, text in SCRIPTS.items() if name != "carry.js"}
    assert offenders(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write\b|\beval\(|new Function", scripts) == {}
    assert offenders(r"innerHTML|insertAdjacentHTML|\beval\(|new Function", SCRIPTS) == {}


def test_nothing_is_loaded_from_elsewhere():
    assert offenders(r"""(?:src|href)=["']https?:""", TEMPLATES) == {}
    assert re.findall(r"@import|url\((?!['\"]?data:)", THEME) == []
