# SPDX-License-Identifier: Apache-2.0
"""What leaves the tool as a table: cells that no spreadsheet takes for more than text."""

from __future__ import annotations

import re

# Spreadsheets look past blanks and signs that nobody sees, take full-width signs for plain ones, and where the decimal is a comma they
# begin a new cell at a semicolon.
_UNSEEN = r"\x00-\x20\u00a0\u00ad\u061c\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff"
_FORMULA = re.compile(rf"(^|;)(?=[{_UNSEEN}]*[-=+@＝＋－＠﹦﹢﹣﹫]|[\t\r\n])")


def plain(text: str) -> str:
    """A cell that no spreadsheet takes for a formula, nor any part of it."""
    return _FORMULA.sub(r"\1'", text)
