# SPDX-License-Identifier: Apache-2.0
"""Markdown of a pack as safe HTML, rendered once for each text."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererProtocol
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from markupsafe import Markup

from lti_mentoring.domain.transcript_standard import CODE

TAGS = frozenset(
    (
        *("p", "br", "em", "strong", "ul", "ol", "li", "blockquote", "table", "thead", "tbody", "tr", "th", "td", "div"),
        *("h2", "h3", "h4", "a", "code"),
    )
)
ATTRIBUTES = {
    "a": {"href", "title"},
    "div": {"class", "role", "tabindex", "aria-label"},
    "table": {"class"},
    "th": {"scope"},
    "ol": {"start"},
}


def _table_open(self: RendererProtocol, tokens: Sequence[Token], at: int, options: OptionsDict, env: Any) -> str:
    """A wide table scrolls in a region of its own, which the keyboard can reach and which has a name."""
    label = escapeHtml(str(env.get("label", "")))
    return f'<div class="scroll" role="region" tabindex="0" aria-label="{label}"><table class="tbl">'


def _table_close(self: RendererProtocol, tokens: Sequence[Token], at: int, options: OptionsDict, env: Any) -> str:
    return "</table></div>"


def _th_open(self: RendererProtocol, tokens: Sequence[Token], at: int, options: OptionsDict, env: Any) -> str:
    return '<th scope="col">'


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "typographer": True, "quotes": "“”‘’"}).enable(["table", "smartquotes"])
    parser.add_render_rule("table_open", _table_open)
    parser.add_render_rule("table_close", _table_close)
    parser.add_render_rule("th_open", _th_open)
    return parser


_markdown = _parser()


def _safe(html: str) -> Markup:
    # The parser escapes HTML, and nh3 lets nothing through that is not listed, whatever a pack holds.
    return Markup(nh3.clean(html, tags=set(TAGS), attributes={tag: set(names) for tag, names in ATTRIBUTES.items()}))  # noqa: S704  # nosec B704


def timed(text: str, codes: Collection[str]) -> str:
    """The Markdown with its time codes as links to the turns of a transcript, where a turn begins at that time."""
    return CODE.sub(lambda found: f"[{found[0]}](#t-{found[1]}{found[2]})" if found[0] in codes else found[0], text)


@lru_cache(maxsize=2048)
def reading(text: str, label: str = "") -> Markup:
    """Paragraphs, lists, quotes and tables. ``label`` names a table's region for those who do not see it."""
    # An empty corner heads nothing, and is no header for those who hear the table.
    return _safe(_markdown.render(text, {"label": label}).replace('<th scope="col"></th>', "<td></td>"))


@lru_cache(maxsize=8192)
def inline(text: str) -> Markup:
    """A phrase for a label or a legend, where no paragraph may stand; blank lines become line breaks."""
    return _safe("<br><br>".join(_markdown.renderInline(part) for part in re.split(r"\n\s*\n", text.strip())))
