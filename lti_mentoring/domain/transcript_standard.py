# SPDX-License-Identifier: Apache-2.0
"""The standard for calibration transcripts, as far as it can be counted: advice to their authors, no reason to refuse one.

8 to 12 minutes, 1,300 to 1,700 spoken words. A turn lasts a second for the change of speaker and its words at 2.4 to 2.9 a second (over
the whole), and silences are shown. At most two turns have over 60 words. One criterion stands at 4 and one at 1 or "not observed"; no level
is given to more than half. What is quoted after a time code is said there; what is quoted elsewhere is said somewhere.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from lti_mentoring.domain import prose
from lti_mentoring.domain.outline import Fault
from lti_mentoring.domain.transcript import Script, Spoken

WORDS, MINUTES = (1300, 1700), (8, 12)
RATE = (Fraction(24, 10), Fraction(29, 10))
"""Words a second."""

CHANGE = 1
"""Seconds that pass between two speakers, beside the silences that are shown."""

TURN_RATE, TURN_WORDS = (Fraction(15, 10), Fraction(36, 10)), 15
"""How fast one turn may be, from so many words on: people slow down and speed up."""

LONG_TURN, LONG_TURNS = 60, 2
LONG_SILENCE, SILENCES = 5, 2
TRAPS = 2
FULL_LEVELS = 4

_QUOTED = re.compile(r"[\"“„«]([^\"”“»„«]{1,500})[\"”“»]")
CODE = re.compile(r"\b(\d\d):(\d\d)\b")
_TIED = 70
"""A quotation belongs to the time code before it, if nobody ends a sentence in so many letters between, and the code is in no brackets."""

_FREE_WORDS = 4
"""Shorter quotations without a time code may be of an anchor, or of what raters say."""


@dataclass(frozen=True, slots=True)
class TranscriptFigures:
    """A transcript, counted: words, seconds, silence, words a second, shares of the words by speaker, turns, and how many stand where."""

    number: int
    words: int
    seconds: int
    silence: int
    rate: Fraction
    shares: tuple[tuple[str, Fraction], ...]
    turns: int
    levels: tuple[int, int, int, int]
    not_observed: int

    @property
    def mean(self) -> Fraction | None:
        """The mean of the master levels; None where nothing was observed."""
        rated = sum(self.levels)
        return Fraction(sum(level * count for level, count in enumerate(self.levels, 1)), rated) if rated else None


def figures(script: Script) -> TranscriptFigures:
    """The numbers behind the findings."""
    counts = [_count(one) for one in script.spoken]
    words, last = sum(counts), script.spoken[-1]
    silence = sum(one.silence for one in script.spoken[:-1])
    talked = last.at - script.spoken[0].at - silence - CHANGE * (len(script.spoken) - 1)
    rate = Fraction(words - counts[-1], talked) if talked > 0 else Fraction(0)
    end = last.at + (round(counts[-1] / rate) if rate else 0)
    shares = {who: sum(count for one, count in zip(script.spoken, counts, strict=True) if one.speaker == who) for who in script.speakers}
    levels = [one.level for one in script.ratings]
    one, two, three, four = (levels.count(level) for level in range(1, FULL_LEVELS + 1))
    return TranscriptFigures(
        number=script.number,
        words=words,
        seconds=end,
        silence=silence,
        rate=rate,
        shares=tuple((who, Fraction(count, words or 1)) for who, count in shares.items()),
        turns=len(script.spoken),
        levels=(one, two, three, four),
        not_observed=levels.count(None),
    )


def findings(script: Script, file: str, *, translated: bool = False) -> list[Fault]:
    """What is counted and not as the standard has it, by line. Times and amounts of a translation are its source's."""
    counted = figures(script)
    notes = list(_quotations(script))
    if not translated:
        notes += [*_amounts(script, counted), *_times(script, counted), *_turns(script), *_levels(script, counted)]
    return sorted(Fault(file, line, message, remedy) for line, message, remedy in notes)


Note = tuple[int, str, str]


def _count(one: Spoken) -> int:
    return len(prose.words(one.text))


def _amounts(script: Script, counted: TranscriptFigures) -> Iterator[Note]:
    least, most = WORDS
    if not least <= counted.words <= most:
        yield 1, f"{counted.words} words are spoken.", f"Bring them to between {least} and {most}."
    if script.words != counted.words:
        yield 3, f"The transcript says {script.words} spoken words, and has {counted.words}.", f"Write {counted.words}."
    shortest, longest = MINUTES
    if not 60 * shortest <= counted.seconds <= 60 * longest:
        yield 1, f"It lasts {counted.seconds} seconds.", f"Bring it to between {shortest} and {longest} minutes."
    if not counted.seconds // 60 <= script.minutes <= -(-counted.seconds // 60):
        yield 3, f"The transcript says {script.minutes} minutes, and lasts {counted.seconds} seconds.", "Mend the length."
    if len(script.traps) < TRAPS:
        yield 1, f"It names {len(script.traps)} traps.", f"Name {TRAPS}, each with the naive level, its cause and a check."


def _times(script: Script, counted: TranscriptFigures) -> Iterator[Note]:
    slowest, fastest = RATE
    if not slowest <= round(counted.rate, 1) <= fastest:
        yield (
            script.spoken[0].line,
            f"{float(counted.rate):.2f} words are spoken in a second.",
            f"Mend the times, until it is between {float(slowest)} and {float(fastest)} beside silences and a second for each change.",
        )
    slow, fast = TURN_RATE
    for one, after in zip(script.spoken, script.spoken[1:], strict=False):
        words, seconds = _count(one), after.at - one.at - one.silence - CHANGE
        if words >= TURN_WORDS and not slow * seconds <= words <= fast * max(seconds, 1):
            yield one.line, f"{words} words are said in {seconds} seconds.", "Mend the time of the next turn."
    if sum(one.silence >= LONG_SILENCE for one in script.spoken) < SILENCES:
        yield script.spoken[0].line, "There are fewer than two silences.", f"Show {SILENCES} of {LONG_SILENCE} seconds or more."


def _turns(script: Script) -> Iterator[Note]:
    long = [one for one in script.spoken if _count(one) > LONG_TURN]
    for one in long[LONG_TURNS:]:
        yield one.line, f"{one.speaker} says {_count(one)} words at {one.code}.", f"At most {LONG_TURNS} turns have over {LONG_TURN}."


def _levels(script: Script, counted: TranscriptFigures) -> Iterator[Note]:
    line, (one, *_, four) = script.ratings[0].line, counted.levels
    if not four:
        yield line, "No criterion stands at 4.", "Plan one beforehand."
    if not one + counted.not_observed:
        yield line, "No criterion stands at 1, and all were observed.", "Plan one at 1, or one that could not be observed."
    for level, count in enumerate(counted.levels, 1):
        if 2 * count > len(script.ratings):
            yield line, f"{count} of {len(script.ratings)} criteria stand at {level}.", "Give no level to more than half."


# --- quotations -------------------------------------------------------------------------------------------------------------------


def _quotations(script: Script) -> Iterator[Note]:
    for one in script.ratings:
        if one.level is not None and not any(code for code, _ in _tied(one.evidence)):
            yield one.line, f"{one.criterion} quotes nothing with its time.", "Quote what was said, after its time code."
    places = [(one.line, text) for one in script.ratings for text in (one.evidence, one.contrast)]
    places += [(trap.line, text) for trap in script.traps for text in (trap.title, trap.text)]
    at = {turn.code: turn for turn in script.spoken}
    for line, text in places:
        for code in dict.fromkeys(found[0] for found in CODE.finditer(text)):
            if code not in at:
                yield line, f"No turn starts at {code}.", "Write the time at which the turn starts."
        for tied, quoted in _tied(text):
            if tied in at and not _says(at[tied].text, quoted):
                yield line, f"“{quoted}” is not said at {tied}.", "Quote word for word, with “…” for what is left out, or mend the time."
            elif tied is None and len(prose.words(quoted)) >= _FREE_WORDS and not any(_says(turn.text, quoted) for turn in script.spoken):
                yield line, f"“{quoted}” is not said.", "Quote word for word."


def _tied(text: str) -> Iterator[tuple[str | None, str]]:
    """Each quotation with the time code that it belongs to, or None."""
    codes = list(CODE.finditer(text))
    ends = [one.end() for one in codes]
    before: tuple[str | None, int] = (None, 0)
    for found in _QUOTED.finditer(text):
        earlier = bisect_right(ends, found.start())
        near = codes[earlier - 1] if earlier else None
        code: str | None = None
        if near is not None and near.end() >= before[1]:
            between = text[near.end() : found.start()]
            code = near[0] if len(between) <= _TIED and not re.search(r"^\)|[.?!;]\s", between) else None
        elif before[0] is not None:
            between = text[before[1] : found.start()]
            code = before[0] if len(between) <= _TIED and not re.search(r"[.?!;)]", between) else None
        before = (code, found.end())
        yield code, found[1]


def _says(said: str, quoted: str) -> bool:
    """Whether this was said: every piece of it, in its order; "…" stands for what is left out."""
    at, whole = 0, _spoken(said)
    for piece in quoted.split("…"):
        words = _spoken(piece)
        found = f" {whole} ".find(f" {words} ", at) if words else at
        if found < 0:
            return False
        at = found + len(words)
    return True


@lru_cache(maxsize=1024)
def _spoken(text: str) -> str:
    return " ".join(word.casefold() for word in prose.words(text))
