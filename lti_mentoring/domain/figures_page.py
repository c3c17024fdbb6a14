# SPDX-License-Identifier: Apache-2.0
"""The figures of a pack as a page of Markdown, to be kept beside it: what was counted in each module and transcript, and when it was
reviewed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from lti_mentoring.domain.standard import Figures
from lti_mentoring.domain.transcript_standard import TranscriptFigures

_MODULES = (
    *("Module", "Reviewed", "Words to read", "Dialogues", "Card", "Words a sentence, mean and most", "Longest turn", "Moralising in 1,000"),
    *("Items", "Critical", "Key longest", "Key shortest", "Keys A to D", "Unequal bins", "Guessed at most, draws of 100"),
)
_TRANSCRIPTS = (
    *("Transcript", "Reviewed", "Words", "Length", "Silence, s", "Words a second", "Shares of the words", "Levels 1 to 4"),
    *("Not observed", "Mean"),
)

Dated = tuple[str, str]
"""A file with the day of its review, "" where none is noted."""


def page(title: str, modules: Sequence[tuple[Dated, Figures]], transcripts: Sequence[tuple[Dated, TranscriptFigures]]) -> str:
    """The whole page. The same pack gives the same page."""
    lines = ["<!-- SPDX-License-Identifier: Apache-2.0 -->", f"# {title}: figures", "", _BEFORE, ""]
    lines += _table(_MODULES, [_module(file, reviewed, counted) for (file, reviewed), counted in modules])
    lines += ["", *_table(_TRANSCRIPTS, [_transcript(file, reviewed, counted) for (file, reviewed), counted in transcripts])]
    return "\n".join(lines) + "\n"


_BEFORE = (
    "Counted by `lti-mentoring programme figures`; nothing here is typed by hand. What the numbers have to be is told in the standard for "
    "modules. Transcripts are author-scored, not validated."
)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)


def _module(file: str, reviewed: str, counted: Figures) -> list[str]:
    outcomes = counted.outcomes
    letters = " ".join(str(round(float(share.part))) for _, share in sorted(counted.letters.items()))
    return [
        file,
        reviewed,
        str(counted.words),
        str(counted.dialogues),
        str(counted.card),
        f"{float(counted.mean_sentence):.1f}, {counted.longest_sentence}",
        str(counted.longest_turn),
        "" if counted.moralising is None else f"{float(1000 * counted.moralising):.1f}",
        str(sum(one.many_part + one.choice for one in outcomes)),
        str(sum(one.critical for one in outcomes)),
        f"{_percent(counted.key_longest.rate)} %",
        f"{_percent(counted.key_shortest.rate)} %",
        letters,
        f"{_percent(counted.unequal_bins.rate)} %",
        f"{float(100 * max((one.blind_guess for one in outcomes), default=Fraction(0))):.2f}",
    ]


def _transcript(file: str, reviewed: str, counted: TranscriptFigures) -> list[str]:
    return [
        file,
        reviewed,
        str(counted.words),
        f"{counted.seconds // 60}:{counted.seconds % 60:02}",
        str(counted.silence),
        f"{float(counted.rate):.2f}",
        ", ".join(f"{who} {_percent(share)} %" for who, share in counted.shares),
        " ".join(map(str, counted.levels)),
        str(counted.not_observed),
        "" if counted.mean is None else f"{float(counted.mean):.1f}",
    ]


def _percent(share: Fraction) -> int:
    return round(100 * share)
