# SPDX-License-Identifier: Apache-2.0
"""What the standard for modules counts is found in a manuscript, by line and with a remedy, and nothing else is."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_mentoring.domain import cues, standard
from lti_mentoring.domain.manuscript import places, read_module
from lti_mentoring.domain.module import Draw, Module
from lti_mentoring.domain.outline import Fault

M1 = Path(__file__).parents[2] / "config" / "programmes" / "foundations" / "en" / "modules" / "M1.md"
TEXT = M1.read_text("utf-8")
SINGLES = re.compile(r"#### \S+ · single choice.*?(?=\n###)", re.DOTALL)

Change = Callable[[str], str]


def read(text: str = TEXT, draw: Draw | None = None) -> Module:
    module, faults = read_module(text, "M1.md", draw or Draw())
    assert module is not None, [str(fault) for fault in faults]
    return module


def found(text: str = TEXT, language: str = "en", draw: Draw | None = None) -> list[Fault]:
    return standard.findings(read(text, draw), "en/modules/M1.md", places(text), language)


def messages(text: str, language: str = "en") -> list[str]:
    return [fault.message for fault in found(text, language)]


def test_the_first_module_is_written_to_the_standard():
    assert [str(fault) for fault in found()] == []


# --- manuscripts that miss the standard -------------------------------------------------------------------------------------------


def swap(right: str, wrong: str) -> Change:
    def change(text: str) -> str:
        assert right in text, right
        return text.replace(right, wrong, 1)

    return change


def after(anchor: str, more: str) -> Change:
    return swap(anchor, anchor + more)


def singles(change: Callable[[str, str], str]) -> Change:
    """Change the text of each single choice, given the letter of its key."""

    def key_of(chunk: re.Match[str]) -> str:
        keyed = re.search(r"\*\*Correct: (\w)\.", chunk[0])
        assert keyed is not None
        return change(chunk[0], keyed[1])

    return lambda text: SINGLES.sub(key_of, text)


def padded(chunk: str, key: str) -> str:
    return re.sub(rf"(?m)^(- {key}\. .*)$", r"\1 So it is, in the end, for now.", chunk)


def shortened(chunk: str, key: str) -> str:
    return re.sub(rf"(?m)^(- {key}\. \S+ \S+ \S+).*$", r"\1.", chunk)


def middling(chunk: str, key: str) -> str:
    """One wrong option longest, one shortest: the key never is."""
    low, high, *_ = (letter for letter in "ABCD" if letter != key)
    chunk = re.sub(rf"(?m)^(- {low}\. \S+ \S+).*$", r"\1.", chunk)
    return re.sub(rf"(?m)^(- {high}\. .*)$", r"\1 So it is, in the end, for now and for all.", chunk)


def lettered_a(chunk: str, key: str) -> str:
    """The key becomes A, and what was A takes its letter."""
    names = {"A": key, key: "A"}
    chunk = re.sub(r"(?m)^- ([A-D])([.:])", lambda mark: f"- {names.get(mark[1], mark[1])}{mark[2]}", chunk)
    return chunk.replace(f"**Correct: {key}.", "**Correct: A.")


def wrong_ones_say(word: str) -> Change:
    return singles(lambda chunk, key: re.sub(rf"(?m)^- (?!{key})([A-D])\. ", rf"- \1. {word} ", chunk))


def keys_say(word: str) -> Change:
    return singles(lambda chunk, key: re.sub(rf"(?m)^- {key}\. ", f"- {key}. {word} ", chunk))


def two_outcomes(text: str) -> str:
    text = re.sub(r"(?m)^- \*\*O[34]\*\*.*\n", "", text)
    text = re.sub(r"(?s)### O3 ·.*?(?=## Practice task)", "", text)
    return text.replace("(O1, O4)", "(O1)").replace("(O3)", "(O2)")


def equal_bins(text: str) -> str:
    """Only the sort of six cards in five bins is left with bins that differ."""
    text = swap("5 Go ahead; 6 Closed.", "5 Go ahead; 6 Go ahead.")(text)
    return swap("3 Limits; 4 Stays; 5 Fact; 6 Limits.", "3 Limits; 4 Fact; 5 Fact; 6 Limits.")(text)


def long_winded(text: str) -> str:
    """Eighty sentences of 33 words each."""
    sentence = "Whoever " + "has said " * 15 + "so ends."
    return re.sub(r"(?s)(### 4\. [^\n]*\n).*?(?=### 6\.)", rf"\1\n{' '.join([sentence] * 80)}\n\n", text)


STORY = "Ilse Brandt runs the control room of a regional water company."
OPTION = "- A. He picks the topics, so the agenda is his own and this is mentoring."
TURN = "> **Mei:** Fine. Coaching. Whatever."
CRITICAL = ("#### O2-07 · multiple choice · 2 points", "#### O2-08 · single choice · 2 points", "#### O2-09 · single choice · 2 points")


def critical_too(text: str, marks: tuple[str, ...] = CRITICAL[:2]) -> str:
    for mark in marks:
        text = after(mark, " · CRITICAL")(text)
    return text


MISSES: dict[str, tuple[Change, str, str]] = {
    "an option far longer than another": (after(OPTION, " And that settles it, as things are."), "O1-04: option A has", OPTION[:20]),
    "a step with an option far shorter": (swap("- 2B. Agree, since the agenda is his, and something", "- 2B. Some"), "O4-06: option 2", ""),
    "keys that are the longest": (singles(padded), "The key is the longest option in", "## Knowledge check"),
    "keys that are the shortest": (singles(shortened), "The key is the shortest option in", "## Knowledge check"),
    "keys that are never the longest": (singles(middling), "The key is the longest option in", "## Knowledge check"),
    "keys that are never the shortest": (singles(middling), "The key is the shortest option in", "## Knowledge check"),
    "one letter for every key": (singles(lettered_a), "A is the key in 16 of 16 (100 %)", "## Knowledge check"),
    "a letter that is never the key": (singles(lettered_a), "C is the key in 0 of 16 (0 %)", "## Knowledge check"),
    "bins of equal size": (equal_bins, "Bins of unequal size: in 1 of 6 (17 %) sort items", "## Knowledge check"),
    "a word that gives wrong options away": (wrong_ones_say("Never"), "“never” stands in 0 of 35 keys", "## Knowledge check"),
    "a word that gives keys away": (keys_say("Just"), "“just” stands in 16 of 35 keys", "## Knowledge check"),
    "words that give keys away together": (keys_say("Only"), "The five telling words together stand in", "## Knowledge check"),
    "keys that ask": (singles(lambda chunk, key: re.sub(rf"(?m)^(- {key}\. .*?)\.?$", r"\1?", chunk)), "keys ask a question", "## Know"),
    "wrong options with a reason": (wrong_ones_say("Since so it is:"), "wrong options, which chance", "## Knowledge check"),
    "a stem that asks for a term": (swap("What is this?", "What is this, as defined above?"), "stem of O1-05 says “defined”", "#### O1-05"),
    "a step that asks for a term": (swap("Step 1. Your next move?", "Step 1. Who means it?"), "stem of O1-09 says “means”", "#### O1-09"),
    "too few choices beside critical ones": (critical_too, "O2 has 1 choice items that are not critical", "### O2 · Spot"),
    "two outcomes": (two_outcomes, "The module has 2 outcomes", "## Learning outcomes"),
    "an outcome that is not practised": (swap("way out** (O2)", "way out** (O1)"), "No criterion of the practice task is about O2", "## P"),
    "three criteria": (lambda text: re.sub(r"(?m)^\| \*\*P2.*\n", "", text), "The rubric has 3 criteria", "## Practice task"),
    "a short reading": (lambda text: re.sub(r"(?s)### [56]\. .*?(?=### 7\.)", "", text), "The reading has 2", "## Reading"),
    "a long reading": (after(STORY, " She was there." * 200), "The reading has 3074 words", "## Reading"),
    "minutes that are not those of a reader": (swap("reading 11 min", "reading 25 min"), "are read in 11 minutes", "About 1 h"),
    "a card that is full": (after("Hand the topic back.", " Go on." * 20), "The card has 156 words", "### 8. Card"),
    "two dialogues": (lambda text: re.sub(r"(?s)\*\*C\. The slides.*?(?=### 8)", "", text), "reading has 2 dialogues", "## Reading"),
    "a sentence that does not end": (swap("She was kind, she", "She" + " was kind, she" * 9), "has 37 words: “She was", "Look at"),
    "sentences that are long in the mean": (long_winded, "words in the mean", "## Reading"),
    "a turn that is a speech": (swap(TURN, TURN + " Go on. And why not?" * 12), "A turn of Mei has 63 words", TURN[:20]),
    "people who finish every sentence": (lambda text: text.replace("…", "."), "turns have an unfinished phrase", "## Reading"),
    "a reading that moralises": (after(STORY, " You should. One must. It's important." * 4), "“must” 4, “should” 6", "## Reading"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISSES)
def test_what_misses_the_standard_is_told_with_its_line_and_a_remedy(name):
    change, words, beginning = MISSES[name]
    text = change(TEXT)
    fault = next((fault for fault in found(text) if words in fault.message), None)
    assert fault is not None, messages(text)
    assert fault.file == "en/modules/M1.md"
    assert fault.message.endswith(".")
    assert fault.remedy.endswith(".")
    assert text.splitlines()[fault.line - 1].startswith(beginning)


ALLOWED: dict[str, Change] = {
    "a telling word in both alike": singles(lambda chunk, _: re.sub(r"(?m)^- ([AB])\. ", r"- \1. Just ", chunk)),
    "a telling word once": swap("C. She writes half a page a year", "C. She just writes half a page"),
    "a term in the answer": swap("**Correct: C.** Power and trail", "**Correct: C.** That means power and trail"),
    "a card of 150 words": after("Hand the topic back.", " Go on." * 17),
    "a sentence of 35 words": after("he rings the duty engineer", " again"),
    "a turn of 60 words": swap(TURN, TURN + " Go on, then." * 19),
    "rules that say must": after("1. **Decline and hand over.**", " You must. You must. You must. You must." * 5),
    "a card that says must": after("Hand the topic back.", " One must." * 15),
    "some words that moralise": after(STORY, " You should. One must. It's important." * 3),
    "a reading of 2,800 words": after(STORY, " Go on." * 160),
}


@pytest.mark.parametrize("name", ALLOWED)
def test_what_the_standard_allows_is_not_told(name):
    assert messages(ALLOWED[name](TEXT)) == []


def test_what_is_too_easily_guessed_is_told_for_its_outcome():
    easy = found(draw=Draw(needed=6))
    assert [fault.message.partition(" clears ")[0] for fault in easy] == ["Blind guessing"] * len(easy)
    assert len(easy) >= 1
    for fault in easy:
        outcome = fault.message.split()[3]
        assert TEXT.splitlines()[fault.line - 1].startswith(f"### {outcome} ·")


def test_a_draw_that_would_come_out_short_is_a_fault():
    _, faults = read_module(critical_too(TEXT, CRITICAL), "M1.md", Draw())
    assert ["O2 has 0 choice items beside its critical ones." in fault.message for fault in faults] == [True]


# --- other languages, other sizes ---------------------------------------------------------------------------------------------------


ENGLISH = ("a word that gives keys away", "words that give keys away together", "a stem that asks for a term", "a reading that moralises")


@pytest.mark.parametrize("name", ENGLISH)
def test_rules_on_english_words_are_for_english(name):
    change, words, _ = MISSES[name]
    text = change(TEXT)
    assert any(words in message for message in messages(text, "en-GB"))
    assert not any(words in message for message in messages(text, "de"))


def test_words_are_not_counted_where_they_are_not_spaced():
    long, stem, letters = (MISSES[name][0](TEXT) for name in ("a long reading", "a turn that is a speech", "one letter for every key"))
    assert messages(long, "ja") == messages(stem, "zh-Hant") == []
    assert (len(messages(long, "de")), len(messages(stem, "fr"))) == (2, 1)
    assert len(messages(letters, "ja")) == 4
    assert standard.figures(read(), "ja").words == 0
    assert standard.figures(read(), "de").words == 2474
    assert standard.figures(read(), "de").moralising is None


def test_a_translation_may_be_a_third_longer_and_says_the_minutes_of_its_source():
    text = MISSES["a long reading"][0](TEXT)
    assert standard.findings(read(text), "de/modules/M1.md", places(text), "de", translated=True) == []
    longer = after(STORY, " She was there." * 600)(text)
    (one,) = standard.findings(read(longer), "de/modules/M1.md", places(longer), "de", translated=True)
    assert one.message.startswith("The reading has 4")


def test_a_module_of_an_hour_has_half_as_much_to_read():
    hour = swap("practice task 45 min", "practice task 15 min")(TEXT)
    assert [message.split(" words")[0] for message in messages(hour)] == ["The reading has 2474"]
    half = re.sub(r"(?s)### [2456]\. .*?(?=### [37]\.)", "", hour)
    half = re.sub(r"(?s)\*\*C\. The slides.*?(?=### 8)", "", half).replace("reading 11 min", "reading 5 min")
    words = standard.figures(read(half)).words
    more = swap(STORY, STORY + " She was there." * ((1200 - words) // 3))(half)
    assert messages(more) == []


def test_a_share_of_few_items_says_nothing():
    seven = [item for item in read(singles(lettered_a)(TEXT)).items if item.kind == "single"][:7]
    assert {letter: share.rate for letter, share in cues.letters(seven).items()} == {"A": 1, "B": 0, "C": 0, "D": 0}
    assert list(cues.notes(seven, english=True)) == []


def test_a_key_as_long_as_another_option_counts_in_part():
    item = read().item("O1-04")
    same = replace(item, choices=tuple(replace(choice, text="x" * (9 if choice.key in "AC" else 8)) for choice in item.choices))
    assert cues.key_is([same], most=True).part == Fraction(1, 2)
    assert cues.key_is([same], most=False).part == 0


@given(st.integers(0, 20), st.integers(0, 20), st.integers(0, 20), st.integers(0, 20))
def test_a_telling_word_is_weighed_alike_on_either_side(here, without, there, others):
    assert cues.lopsided(here, here + without, there, there + others) == cues.lopsided(there, there + others, here, here + without)


@given(st.integers(0, 30), st.integers(1, 4))
def test_a_word_at_the_same_rate_is_never_telling(count, times):
    assert not cues.lopsided(count, 3 * count, times * count, times * 3 * count)


@given(st.integers(cues.FEWEST, 60).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_a_share_is_fair_between_15_and_35_of_a_hundred(pair):
    part, of = pair
    assert cues.Share(Fraction(part), of).fair == (15 * of <= 100 * part <= 35 * of)


# --- places and figures -------------------------------------------------------------------------------------------------------------


def test_figures_are_those_an_author_would_count():
    told = standard.figures(read())
    assert (told.module, told.words, told.card, told.dialogues) == ("M1", 2474, 116, 3)
    assert (told.longest_sentence, told.longest_turn) == (34, 36)
    assert 10 < told.mean_sentence < 12
    assert str(told.unequal_bins) == "3 of 6 (50 %)"
    assert {letter: str(share) for letter, share in told.letters.items()} == {
        "A": "5 of 16 (31 %)", "B": "3 of 16 (19 %)", "C": "4 of 16 (25 %)", "D": "4 of 16 (25 %)",
    }  # fmt: skip
    assert [(row.outcome, row.many_part, row.choice, row.critical) for row in told.outcomes] == [
        ("O1", 3, 6, 0), ("O2", 3, 6, 3), ("O3", 3, 6, 3), ("O4", 3, 6, 0),
    ]  # fmt: skip
    assert sum(row.key_longest.part for row in told.outcomes) == told.key_longest.part == 5


def test_every_item_and_option_has_its_line():
    lines, module = places(TEXT), read()
    for item in module.items:
        assert TEXT.splitlines()[lines[item.key] - 1].startswith(f"#### {item.key} ·")
        for _, choices in cues.questions([item]):
            for choice in choices:
                assert choice.text in TEXT.splitlines()[lines[f"{item.key} {choice.key}"] - 1]


@given(st.text(alphabet="#-*> O123456789.·\nabAB:", max_size=300))
def test_places_of_any_text_can_be_asked_for(text):
    assert all(1 <= line <= len(text.splitlines()) for line in places(text).values())
