# SPDX-License-Identifier: Apache-2.0
"""How a broken rule is told to the floors above."""

from __future__ import annotations


class RuleBroken(Exception):
    """A rule says no. ``code`` is stable and machine-readable; the words for people are made at the edge (``web/wording.py``)."""

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


class NotAllowed(RuleBroken):
    """This person may not do that here."""


class NotFound(RuleBroken):
    """There is no such thing for this person: absent, of another organisation, and hidden look the same."""
