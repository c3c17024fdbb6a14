# SPDX-License-Identifier: Apache-2.0
"""What is refused of notes, and of an account that a candidate hands in with theirs, in words."""

from __future__ import annotations

from flask_babel import lazy_gettext

_l = lazy_gettext

RULES = {
    "account_empty": _l("Write a short account first: what you saw, and what you make of it."),
    "account_not_kept": _l("It cannot be observed as things stand, so no words about it are kept yet. Copy them, and ask who planned it."),
    "account_long": _l("That is too long; %(most)s characters are the most."),
    "notes_missing": _l("Keep at least one note first. Your notes are the evidence."),
    "handed_in_already": _l("This was handed in from another window. It cannot be changed any more."),
    "note_empty": _l("There is nothing in this note yet."),
    "note_long": _l("A note holds at most %(most)s characters. Split it in two."),
    "note_unknown": _l("%(criterion)s points to a note that is not in this observation. Load the page again."),
}
