# SPDX-License-Identifier: Apache-2.0
"""What a pair says and keeps: who reads and writes a note, and what becomes of one that was written in two places at once."""

from __future__ import annotations

from dataclasses import dataclass

from lti_mentoring.domain.rule import RuleBroken

LONGEST_NOTE = 20_000
OVER = ("ended", "declined")
"""States of a pair in which nothing new is written."""


@dataclass(frozen=True, slots=True)
class Note:
    """A note as it stands. ``revision`` counts what was kept of it; 0 is one that is not there yet."""

    author_id: str
    text: str = ""
    shared: bool = False
    revision: int = 0


def reads(note: Note, person_id: str, *, inside: bool) -> bool:
    """Whether somebody reads a note: its author always, also once they have left; who is inside the pair where it is shared."""
    return person_id == note.author_id or (inside and note.shared)


def written(note: Note, text: str, *, known: int, shared: bool) -> Note | None:
    """The note after its author has typed ``text`` over revision ``known``; None where other words were kept since: nothing is lost, both
    are shown. The same words twice are one revision. RuleBroken ``note_empty``, ``note_long`` (most)."""
    said = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not said:
        raise RuleBroken("note_empty")
    if len(said) > LONGEST_NOTE:
        raise RuleBroken("note_long", most=LONGEST_NOTE)
    if (said, shared) == (note.text, note.shared):
        return note
    if known != note.revision and said != note.text:
        return None
    return Note(note.author_id, said, shared, note.revision + 1)


def check_open(state: str) -> None:
    """RuleBroken ``talk_closed`` once a pair is over: what was written stays readable, and nothing is added."""
    if state in OVER:
        raise RuleBroken("talk_closed")
