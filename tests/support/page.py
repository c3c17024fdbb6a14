# SPDX-License-Identifier: Apache-2.0
"""A page as its HTML says it, and what every page owes to those who do not see it or have no mouse."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"input", "br", "meta", "link", "hr", "img", "rect", "use", "path", "circle"}


class Page(HTMLParser):
    """What a person without eyes or a mouse meets: fields with their names and labels, and whether every element is closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.fields: list[dict[str, str | None]] = []
        self.labels: set[str] = set()
        self.ids: list[str] = []
        self.inline: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        assert self.open == [], self.open

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if tag in ("input", "select", "textarea") and given.get("type") != "hidden":
            self.fields.append({**given, "in_label": "yes" if "label" in self.open else None})
        if tag == "label" and given.get("for"):
            self.labels.add(given["for"])
        if given.get("id"):
            self.ids.append(given["id"])
        self.inline += [name for name in given if name.startswith("on") or name == "style"]

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open, tag
            assert self.open[-1] == tag, (tag, self.open)
            self.open.pop()


def looked_at(html: str) -> Page:
    """The page, after what every page owes: each field has a label, no id stands twice, nothing is inline."""
    page = Page(html)
    for field in page.fields:
        assert field["in_label"] or field.get("id") in page.labels or field.get("aria-label"), field
    assert len(page.ids) == len(set(page.ids)), page.ids
    assert page.inline == []
    assert html.count("<h1") == 1
    return page
