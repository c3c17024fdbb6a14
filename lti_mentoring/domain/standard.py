# SPDX-License-Identifier: Apache-2.0
"""The standard that a module is written to, as far as it can be counted: advice to its authors, no reason to refuse it.

The check does not give its answers away (``cues``), and blind guessing clears an outcome in at most 3 draws of 100 (``guessing``).
A pool is three times the draw in each kind. There are 3 to 5 outcomes, each practised; the rubric of the task has four criteria. The
reading has 2,200 to 2,800 words, three dialogues and a card of at most 150 words; a short module (at most 75 minutes) has half the words
and one dialogue. The minutes for the reading are right within a fifth at 220 words a minute. A sentence has at most 35 words and 16 in the
mean, a turn at most 60, and one turn in ten breaks off; words that moralise come less than 6 times in 1,000. Counting words needs spaces
between them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from lti_mentoring.domain import cues, prose
from lti_mentoring.domain.cues import Note, Share
from lti_mentoring.domain.guessing import blind_guess
from lti_mentoring.domain.manuscript import POOL_TIMES_DRAW
from lti_mentoring.domain.module import Block, Module
from lti_mentoring.domain.outline import Fault
from lti_mentoring.domain.training import lots

BLIND_GUESS = Fraction(3, 100)
OUTCOMES = (3, 5)
CRITERIA = 4
READING_WORDS, SHORT_READING_WORDS = (2200, 2800), (1100, 1400)
SHORT_MINUTES = 75
"""A module that says it takes no longer is half as much to read."""

WORDS_A_MINUTE, READING_TIME_OFF = 220, Fraction(1, 5)
TRANSLATED_LENGTH = Fraction(13, 10)
CARD_WORDS = 150
DIALOGUES = 3
MEAN_SENTENCE, LONGEST_SENTENCE, LONGEST_TURN = 16, 35, 60
UNFINISHED, TURNS_TO_UNFINISHED = re.compile(r"…|[,،、–—][\"”’]?\s*$"), 10
MORALISING = re.compile(r"\b(?:(?:should|must)(?:n[’']t)?|important|remember)\b", re.IGNORECASE)
MORALISING_RATE = Fraction(6, 1000)

_COMMENTARY = "Commentary."


@dataclass(frozen=True, slots=True)
class OutcomeFigures:
    """The items of an outcome, counted."""

    outcome: str
    many_part: int
    choice: int
    critical: int
    blind_guess: Fraction
    key_longest: Share


@dataclass(frozen=True, slots=True)
class Figures:
    """A module, counted. ``moralising`` is None in another language than English; numbers of words are 0 where none can be told apart."""

    module: str
    words: int
    card: int
    dialogues: int
    mean_sentence: Fraction
    longest_sentence: int
    longest_turn: int
    moralising: Fraction | None
    key_longest: Share
    key_shortest: Share
    letters: Mapping[str, Share]
    unequal_bins: Share
    outcomes: tuple[OutcomeFigures, ...]


def findings(module: Module, file: str, lines: Mapping[str, int], language: str = "en", *, translated: bool = False) -> list[Fault]:
    """What is counted and not as the standard has it, by line; ``lines`` as ``manuscript.places`` gives them. A translation may be longer
    than its source, whose minutes it says."""
    tag = language.casefold().split("-")[0]
    notes = [*_outcomes(module), *_pools(module), *_guesses(module), *cues.notes(module.items, english=tag == "en", built=not translated)]
    if tag not in prose.UNSPACED:
        notes += [*_amounts(module, translated), *_sentences(module), *_turns(module)]
    notes += [*_dialogues(module), *(_moralising(module) if tag == "en" else ())]
    return sorted(Fault(file, _line(note, lines), note.message, note.remedy) for note in notes)


def _line(note: Note, lines: Mapping[str, int]) -> int:
    return next((lines[place] for place in note.places if place in lines), 1)


def figures(module: Module, language: str = "en") -> Figures:
    """The numbers behind the findings."""
    tag = language.casefold().split("-")[0]
    spaced = tag not in prose.UNSPACED
    told = [sentence.words for _, sentence in _told(module, "prose", "comment")] if spaced else []
    every = [sentence.words for _, sentence in _told(module, "prose", "comment", "talk", "keep")] if spaced else []
    turns = [len(prose.words(turn.text)) for _, block in _blocks(module, "talk") for turn in block.turns] if spaced else []
    return Figures(
        module=module.key,
        words=_words(module, "prose", "comment", "talk", "keep") if spaced else 0,
        card=_card(module)[1] if spaced else 0,
        dialogues=sum(1 for _ in _blocks(module, "talk")),
        mean_sentence=Fraction(sum(told), len(told)) if told else Fraction(0),
        longest_sentence=max(every, default=0),
        longest_turn=max(turns, default=0),
        moralising=_moral_rate(module)[0] if tag == "en" else None,
        key_longest=cues.key_is(module.items, most=True),
        key_shortest=cues.key_is(module.items, most=False),
        letters=cues.letters(module.items),
        unequal_bins=cues.unequal_bins(module.items),
        outcomes=tuple(_outcome_figures(module, outcome.key) for outcome in module.outcomes),
    )


def _outcome_figures(module: Module, outcome: str) -> OutcomeFigures:
    pool = module.pool(outcome)
    many = sum(item.many_part for item in pool)
    critical = sum(item.critical for item in pool)
    choice = sum(not (item.many_part or item.self_marked) for item in pool)
    return OutcomeFigures(outcome, many, choice, critical, blind_guess(module, outcome), cues.key_is(pool, most=True))


# --- outcomes and pools ---------------------------------------------------------------------------------------------------------


def _outcomes(module: Module) -> Iterator[Note]:
    least, most = OUTCOMES
    if not least <= len(module.outcomes) <= most:
        yield Note(("Learning outcomes",), f"The module has {len(module.outcomes)} outcomes.", f"Promise {least} to {most}.")
    for outcome in module.outcomes:
        if not any(outcome.key in criterion.outcomes for criterion in module.practice.criteria):
            yield Note(
                ("Practice task",), f"No criterion of the practice task is about {outcome.key}.", "Let the task practise each outcome."
            )
    if len(module.practice.criteria) != CRITERIA:
        yield Note(("Practice task",), f"The rubric has {len(module.practice.criteria)} criteria.", f"Rate the task on {CRITERIA}.")


def _pools(module: Module) -> Iterator[Note]:
    """Beside critical items, other choices are a kind of their own; the pools of the other kinds are checked when a module is read."""
    for outcome in module.outcomes:
        _, (critical, _), (others, drawn) = lots(module, outcome.key)
        if critical and len(others) < POOL_TIMES_DRAW * drawn:
            yield Note(
                (outcome.key, "Knowledge check"),
                f"{outcome.key} has {len(others)} choice items that are not critical.",
                f"Write at least {POOL_TIMES_DRAW * drawn}, since an attempt draws {drawn} beside a critical one.",
            )


def _guesses(module: Module) -> Iterator[Note]:
    for outcome in module.outcomes:
        chance = blind_guess(module, outcome.key)
        if chance > BLIND_GUESS:
            yield Note(
                (outcome.key, "Knowledge check"),
                f"Blind guessing clears {outcome.key} in {float(100 * chance):.1f} draws of 100.",
                f"Bring it to at most {round(100 * BLIND_GUESS)}, by more options and bins or by more points that are needed.",
            )


# --- the reading ----------------------------------------------------------------------------------------------------------------


def _blocks(module: Module, *kinds: str) -> Iterator[tuple[str, Block]]:
    """The blocks of these kinds, each with the place of its section."""
    for section in module.sections:
        for block in section.blocks:
            if block.kind in kinds:
                yield f"section {section.key}", block


def _texts(module: Module, *kinds: str) -> Iterator[tuple[str, str]]:
    for place, block in _blocks(module, *kinds):
        for text in (block.text, *(turn.text for turn in block.turns)):
            if text:
                yield place, text


def _words(module: Module, *kinds: str) -> int:
    return sum(len(prose.words(text)) for _, text in _texts(module, *kinds))


def _card(module: Module) -> tuple[str, int]:
    """The place of the card, and its words."""
    card = next(section for section in module.sections if section.kind == "card")
    return f"section {card.key}", sum(len(prose.words(block.text)) for block in card.blocks)


def _told(module: Module, *kinds: str) -> Iterator[tuple[str, prose.Sentence]]:
    """The sentences of these blocks; "Commentary." is a mark and none of them."""
    for place, text in _texts(module, *kinds):
        for sentence in prose.sentences(text):
            if sentence.text != _COMMENTARY:
                yield place, sentence


def short(module: Module) -> bool:
    """Whether it is a short module, which has half as much to read."""
    return module.minutes <= SHORT_MINUTES


def _amounts(module: Module, translated: bool) -> Iterator[Note]:
    longer = TRANSLATED_LENGTH if translated else 1
    least, most = SHORT_READING_WORDS if short(module) else READING_WORDS
    words = _words(module, "prose", "comment", "talk", "keep")
    if not least / longer <= words <= longer * most:
        yield Note(("Reading",), f"The reading has {words} words.", f"Bring it to between {least} and {most}.")
    minutes = Fraction(words, WORDS_A_MINUTE)
    if not translated and abs(module.times.reading - minutes) > READING_TIME_OFF * minutes:
        yield Note(
            ("minutes", "Reading"),
            f"{words} words are read in {round(minutes)} minutes, and the module says {module.times.reading}.",
            f"Say “reading {round(minutes)} min”.",
        )
    place, card = _card(module)
    if card > longer * CARD_WORDS:
        yield Note((place, "Reading"), f"The card has {card} words.", f"Keep what fits into {CARD_WORDS}.")


def _dialogues(module: Module) -> Iterator[Note]:
    found = sum(1 for _ in _blocks(module, "talk"))
    if found != DIALOGUES and not (short(module) and found):
        yield Note(("Reading",), f"The reading has {found} dialogues.", f"Write {DIALOGUES}, each with one fault in the mentor.")


def _sentences(module: Module) -> Iterator[Note]:
    told = [sentence.words for _, sentence in _told(module, "prose", "comment")]
    if sum(told) > MEAN_SENTENCE * len(told):
        yield Note(
            ("Reading",),
            f"A sentence of the reading has {sum(told) / len(told):.1f} words in the mean.",
            f"Divide the longest, until it is at most {MEAN_SENTENCE}.",
        )
    for place, sentence in _told(module, "prose", "comment", "talk", "keep"):
        if sentence.words > LONGEST_SENTENCE:
            yield Note(
                (sentence.line, place, "Reading"),
                f"A sentence has {sentence.words} words: “{' '.join(sentence.text.split()[:6])} …”.",
                f"Divide it; none has more than {LONGEST_SENTENCE}.",
            )


def _turns(module: Module) -> Iterator[Note]:
    said = [turn.text for _, block in _blocks(module, "talk") for turn in block.turns if turn.speaker]
    unfinished = sum(bool(UNFINISHED.search(text)) for text in said)
    if unfinished < len(said) // TURNS_TO_UNFINISHED:
        yield Note(
            ("Reading",),
            f"{unfinished} of {len(said)} turns have an unfinished phrase.",
            f"People break off: let one in {TURNS_TO_UNFINISHED} do so, with “…” or a comma at its end.",
        )
    for place, block in _blocks(module, "talk"):
        for turn in block.turns:
            words = len(prose.words(turn.text))
            if words > LONGEST_TURN:
                yield Note(
                    (turn.text, place, "Reading"),
                    f"A turn of {turn.speaker or 'nobody'} has {words} words.",
                    f"Let the other one in; none has more than {LONGEST_TURN}.",
                )


def _moral_rate(module: Module) -> tuple[Fraction, list[str]]:
    """How often words moralise, for each word of the running text: rules stand in lists, tables and on the card, and may say "must"."""
    texts = [prose.running(text) for _, text in _texts(module, "prose", "comment", "talk")]
    found = [word.casefold() for text in texts for word in MORALISING.findall(prose.plain(text))]
    words = sum(len(prose.words(text)) for text in texts)
    return Fraction(len(found), words) if words else Fraction(0), found


def _moralising(module: Module) -> Iterator[Note]:
    rate, found = _moral_rate(module)
    if rate >= MORALISING_RATE:
        counted = ", ".join(f"“{word}” {found.count(word)}" for word in sorted(set(found)))
        yield Note(
            ("Reading",),
            f"Words that moralise come {float(1000 * rate):.1f} times in 1,000 words: {counted}.",
            "Show what it costs instead; fewer than 6 are left.",
        )
