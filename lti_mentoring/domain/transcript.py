# SPDX-License-Identifier: Apache-2.0
"""A calibration transcript as its author writes it, in Markdown: one session, how a master rates it and why, and what misleads raters.

Headings and labels are in the language of the text; numbers, time codes, keys of criteria and levels are what a program reads.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from lti_mentoring.domain.body import LATER
from lti_mentoring.domain.outline import Fault, Part, outline, table, text_of

NOT_OBSERVED = "NO"
LABELS = 6
"""What the line below the title says, each after a colon: kind, rubric, difficulty, spoken words, length, time for reading and rating."""

LETTERS, TURNS = 100_000, 400
"""How long a text is at most, in characters, and how many turns a transcript has."""

_TITLE = re.compile(r"\D*(\d+) · (.+)$")
_TURN = re.compile(r"\*\*(\d{1,2}):(\d\d) ([^*:]{1,60}):\*\* (.+)$")
_SILENCE = re.compile(r"\*\(\D*(\d{1,3})\D*\)\*$")
_RUBRIC = re.compile(r"RU-\w+")
_NUMBER = re.compile(r"\d{1,6}")
_PARTED = re.compile(r"\d\W\d")
_OPEN_TO = re.compile(r"\D+([1-9])$")
_CRITERION = re.compile(r"\*\*([A-Z]\d+)\*\*\s*(.*)$")
_LEVEL = re.compile(rf"\*\*([1-4]|{NOT_OBSERVED})\*\*$")
_TRAP = re.compile(r"\*\*(.+?)\*\*\s*(.+)$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Transcript:
    """A transcript of a programme: its key and its whole text. It is read in one language, as a whole."""

    key: str
    text: str
    reads: str = field(default="", metadata=LATER)


@dataclass(frozen=True, slots=True)
class Spoken:
    """One turn: when it starts, in seconds; who speaks; the words; the seconds of silence that are shown after it; its line."""

    at: int
    speaker: str
    text: str
    silence: int
    line: int

    @property
    def code(self) -> str:
        """Its time code, such as 04:08."""
        return f"{self.at // 60:02}:{self.at % 60:02}"


@dataclass(frozen=True, slots=True)
class MasterRating:
    """How a criterion stands: ``level`` 1 to 4, or None for "not observed"; ``open_to`` a level that an experienced rater could defend."""

    criterion: str
    title: str
    level: int | None
    open_to: int | None
    firmness: str
    evidence: str
    contrast: str
    line: int


@dataclass(frozen=True, slots=True)
class Trap:
    """What leads raters astray here."""

    title: str
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Script:
    """A transcript, read. ``labels`` are the six of the line below its title; ``words``, ``minutes`` and ``rating_minutes`` as it says."""

    number: int
    title: str
    labels: tuple[tuple[str, str], ...]
    rubric: str
    words: int
    minutes: int
    rating_minutes: int
    before: str
    spoken: tuple[Spoken, ...]
    rating_intro: str
    ratings: tuple[MasterRating, ...]
    traps_title: str
    traps: tuple[Trap, ...]
    after: str

    @property
    def speakers(self) -> tuple[str, ...]:
        """Everybody who speaks, in the order of their first word."""
        return tuple(dict.fromkeys(one.speaker for one in self.spoken))


def read_transcript(text: str, file: str = "") -> tuple[Script | None, list[Fault]]:
    """The transcript, or None and every fault that was found."""
    if len(text) > LETTERS:
        return None, [too_long(file, text)]
    reader = _Reader(text, file)
    script = reader.read()
    return (None if reader.faults else script), reader.faults


def too_long(file: str, text: str) -> Fault:
    """What is said of a text that nobody reads in one go."""
    return Fault(file, 1, f"The text has {len(text)} characters.", f"Write at most {LETTERS}.")


@lru_cache(maxsize=64)
def script(transcript: Transcript) -> Script:
    """What a transcript of an imported programme says; ValueError if nobody checked it."""
    found, faults = read_transcript(transcript.text)
    if found is None:
        raise ValueError(str(faults[0]))
    return found


class _Reader:
    """Collects the parts of a transcript, and the faults found on the way."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.faults: list[Fault] = []
        self.root = outline(text)
        self.top = self.root.parts[0] if self.root.parts else Part(1, "", 1)

    def fault(self, line: int, message: str, remedy: str) -> None:
        self.faults.append(Fault(self.file, line, message, remedy))

    def read(self) -> Script:
        top = self.top
        head = _TITLE.match(top.title)
        if head is None:
            self.fault(top.line, "The transcript has no number or no title.", "Begin it as “# Calibration transcript 1 · The door”.")
        parts = [*top.parts, Part(2, "", top.line), Part(2, "", top.line)]
        if len(top.parts) != 2:
            remedy = "Write “## Transcript” and “## Master ratings”, and the traps below the second."
            self.fault(top.line, f"The transcript has {len(top.parts)} parts.", remedy)
        talk, rated = parts[:2]
        labels, before = self.labels()
        numbers = [int(found[0]) if (found := _NUMBER.search(value)) else 0 for _, value in labels]
        traps = rated.parts[0] if rated.parts else None
        if traps is None:
            self.fault(rated.line, "The transcript names no traps.", "Add “### Two traps” below the master ratings.")
        named, after = self.traps(traps) if traps else ((), "")
        self.lost([*self.root.parts[1:], *talk.parts, *rated.parts[1:], *(traps.parts if traps else ())])
        return Script(
            number=int(head[1]) if head else 0,
            title=head[2] if head else "",
            labels=labels,
            rubric=self.rubric(labels),
            words=numbers[3] if len(numbers) == LABELS else 0,
            minutes=numbers[4] if len(numbers) == LABELS else 0,
            rating_minutes=numbers[5] if len(numbers) == LABELS else 0,
            before=before,
            spoken=tuple(self.spoken(talk)),
            rating_intro=text_of([(number, line) for number, line in rated.body if not line.lstrip().startswith("|")]),
            ratings=tuple(self.ratings(rated)),
            traps_title=traps.title if traps else "",
            traps=named,
            after=after,
        )

    def lost(self, parts: Iterable[Part]) -> None:
        """Parts that no page would show."""
        if self.root.text:
            self.fault(1, "Something stands above the title.", "Begin with the title.")
        for part in parts:
            self.fault(part.line, f"“{part.title}” heads a part that a transcript does not have.", "Take it out.")

    def labels(self) -> tuple[tuple[tuple[str, str], ...], str]:
        """The labels with what they say, and what is told before one reads."""
        first = next(((number, line) for number, line in self.top.body if line.strip()), (self.top.line, ""))
        pairs = tuple((label.strip(), value.strip()) for label, _, value in (one.partition(":") for one in first[1].split(" · ")))
        if len(pairs) != LABELS or not all(value for _, value in pairs):
            remedy = "Say kind, rubric, intended difficulty, spoken words, length, and time for reading and rating, with “ · ” between."
            self.fault(first[0], f"The line below the title has {len(pairs)} labels.", remedy)
        elif not all(_NUMBER.search(value) for _, value in pairs[3:]):
            self.fault(first[0], "Words, length or time have no number.", "Write it in digits.")
        elif any(_PARTED.search(value) for _, value in pairs[3:]):
            self.fault(first[0], "A number is parted, or is more than one.", "Write one for each, in digits only: 1345, not 1,345.")
        return pairs, text_of([(number, line) for number, line in self.top.body if number > first[0]])

    def rubric(self, labels: tuple[tuple[str, str], ...]) -> str:
        found = _RUBRIC.search(labels[1][1]) if len(labels) == LABELS else None
        if found is None:
            self.fault(self.top.line, "The transcript names no rubric.", "Say the key of a rubric of the pack, as “Rubric: RU-C”.")
        return found[0] if found else ""

    def spoken(self, part: Part) -> Iterator[Spoken]:
        turns: list[Spoken] = []
        for number, line in part.body:
            turn, silence = _TURN.match(line), _SILENCE.match(line)
            if turn is not None:
                at = 60 * int(turn[1]) + int(turn[2])
                if turns and at < turns[-1].at:
                    self.fault(number, f"{turn[1]}:{turn[2]} comes after {turns[-1].code}.", "Put the turns in the order of their times.")
                turns.append(Spoken(at, turn[3], turn[4], 0, number))
            elif silence is not None and turns:
                last = turns[-1]
                turns[-1] = Spoken(last.at, last.speaker, last.text, last.silence + int(silence[1]), last.line)
            elif line.strip():
                self.fault(number, "This is neither a turn nor a silence.", "Write “**00:02 Ada:** …” or “*(silence, 5 seconds)*”.")
        if not turns:
            self.fault(part.line, "Nobody speaks.", "Write turns, as “**00:02 Ada:** …”.")
        if len(turns) > TURNS:
            self.fault(part.line, f"There are {len(turns)} turns.", f"Write at most {TURNS}.")
        yield from turns

    def ratings(self, part: Part) -> Iterator[MasterRating]:
        seen: set[str] = set()
        for number, cells in table(part.body)[1:]:
            head = _CRITERION.match(cells[0])
            level = _LEVEL.match(cells[1]) if len(cells) > 1 else None
            if head is None or level is None or len(cells) != 5 or not all(cells):
                remedy = "Write “| **C1** Title | **3** | firm | evidence | why not a neighbour |”, with NO where it was not observed."
                self.fault(number, "This row is no rating.", remedy)
                continue
            if head[1] in seen:
                self.fault(number, f"{head[1]} is rated twice.", "Keep one row for each criterion.")
            seen.add(head[1])
            other = _OPEN_TO.match(cells[2])
            open_to = int(other[1]) if other else None
            if other is None and re.search(r"\d", cells[2]):
                self.fault(number, f"“{cells[2]}” has a number that is not its end.", "Write “firm”, or “open to 2”.")
            rated = None if level[1] == NOT_OBSERVED else int(level[1])
            if open_to is not None and (rated is None or abs(open_to - rated) != 1 or not 1 <= open_to <= 4):
                self.fault(number, f"{head[1]} is open to {open_to}, which is no neighbour of {level[1]}.", "Name the level next to it.")
            yield MasterRating(head[1], head[2].rstrip("*"), rated, open_to, cells[2], cells[3], cells[4], number)
        if not seen:
            self.fault(part.line, "No criterion is rated.", "Add a table with a row for each criterion of the rubric.")

    def traps(self, part: Part) -> tuple[tuple[Trap, ...], str]:
        """The traps, each a paragraph that begins in bold with the key of its criterion in it; the rest is told afterwards."""
        found: list[Trap] = []
        rest: list[str] = []
        for number, line in part.body:
            trap = _TRAP.match(line)
            if trap is not None and not rest and re.search(r"\b[A-Z]\d+\b", trap[1]):
                found.append(Trap(trap[1], trap[2], number))
            elif line.strip():
                rest.append(line)
        if not found:
            self.fault(part.line, "No trap begins with the key of its criterion.", "Write “**Trap 1 · C2. …** …”.")
        return tuple(found), "\n\n".join(rest)


def faults_of(script: Script, file: str, criteria: Callable[[str], tuple[str, ...] | None]) -> Iterator[Fault]:
    """Where a transcript does not fit the rubrics of its pack; ``criteria`` gives the keys of a rubric, None for one that is not there."""
    keys = criteria(script.rubric)
    if keys is None:
        yield Fault(file, 1, f"The transcript is rated on {script.rubric}, which is not in the pack.", "Name one of “rubrics”.")
        return
    rated = tuple(one.criterion for one in script.ratings)
    if rated != keys:
        line = script.ratings[0].line
        remedy = f"Rate {', '.join(keys)}, in this order."
        yield Fault(file, line, f"The ratings are of {', '.join(rated)}, and {script.rubric} has other criteria.", remedy)
