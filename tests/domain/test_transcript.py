# SPDX-License-Identifier: Apache-2.0
"""A calibration transcript is read whole; what is wrong with it, and what misses the standard, is named by line and remedy."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_mentoring.domain import transcript_standard as standard
from lti_mentoring.domain.outline import Fault, outline
from lti_mentoring.domain.supplement import unlike
from lti_mentoring.domain.transcript import Script, Transcript, faults_of, read_transcript, script

TEXT = (Path(__file__).parents[2] / "config" / "programmes" / "foundations" / "en" / "transcripts" / "T1.md").read_text("utf-8")
CRITERIA = tuple(f"C{number}" for number in range(1, 13))


def read(text: str = TEXT) -> Script:
    found, faults = read_transcript(text, "T1.md")
    assert [str(fault) for fault in faults] == []
    assert found is not None
    return found


def changed(right: str, wrong: str) -> str:
    assert right in TEXT, right
    return TEXT.replace(right, wrong, 1)


def told(text: str) -> list[Fault]:
    return standard.findings(read(text), "T1.md")


def test_the_first_transcript_is_read_whole():
    one = read()
    assert (one.number, one.title, one.rubric, one.words, one.minutes, one.rating_minutes) == (1, "The door", "RU-C", 1345, 11, 45)
    assert one.speakers == ("Joaquim", "Dilnoza")
    assert [rating.criterion for rating in one.ratings] == list(CRITERIA)
    assert [rating.level for rating in one.ratings] == [3, 2, 4, 2, 3, 3, 3, 3, 1, 3, 2, None]
    assert [rating.open_to for rating in one.ratings] == [2, None, None, None, 2, None, None, 4, None, None, None, None]
    assert [trap.title[:11] for trap in one.traps] == ["Trap 1 · C2", "Trap 2 · C7"]
    assert one.spoken[0].code == "00:02"
    assert sum(turn.silence for turn in one.spoken) == 85
    assert "Author-scored, not validated" in one.before
    assert one.after.endswith("One session decides nothing.")


def test_nothing_that_is_written_is_lost():
    one = read()
    kept = " ".join(
        (
            " · ".join(f"{label}: {value}" for label, value in one.labels),
            one.before,
            one.rating_intro,
            *(turn.text for turn in one.spoken),
            *(f"{rating.title} {rating.firmness} {rating.evidence} {rating.contrast}" for rating in one.ratings),
            *(f"{trap.title} {trap.text}" for trap in one.traps),
            one.after,
        )
    )
    lost = []
    for line in TEXT.splitlines():
        tail = line.rsplit(":** ", 1)[-1].rsplit(" | ", 1)[-1].strip("| *")[-40:]
        if tail and not line.startswith(("#", "|--", "| |", "*(silence")) and tail not in kept:
            lost.append(line)
    assert lost == []


def test_the_first_transcript_is_written_to_the_standard():
    assert [str(fault) for fault in told(TEXT)] == []
    counted = standard.figures(read())
    assert (counted.words, counted.seconds, counted.silence, counted.turns) == (1345, 715, 85, 64)
    assert {who: round(100 * share) for who, share in counted.shares} == {"Joaquim": 45, "Dilnoza": 55}
    assert (counted.levels, counted.not_observed, counted.mean) == ((1, 3, 6, 1), 1, Fraction(29, 11))


FAULTS = {
    "no number": ("# Calibration transcript 1 · The door", "# The door", "no number or no title"),
    "a label too few": (" · Reading and rating: 45 min", "", "has 5 labels"),
    "words that are no number": ("Spoken words: 1345", "Spoken words: many", "have no number"),
    "no rubric": ("Rubric: RU-C, all 12 criteria", "Rubric: the third", "names no rubric"),
    "no ratings": ("## Master ratings, RU-C", "Master ratings", "has 1 parts"),
    "a turn without its time": ("**00:40 Joaquim:** Right.", "**Joaquim:** Right.", "neither a turn nor a silence"),
    "a turn before the one before": ("**00:40 Joaquim:** Right.", "**00:20 Joaquim:** Right.", "00:20 comes after 00:25"),
    "a level that is none": ("| **3** | open to 2 |", "| **5** | open to 2 |", "is no rating"),
    "a cell too few": ("| **NO** | firm |", "| **NO** |", "is no rating"),
    "a criterion twice": ("| **C3** Agenda", "| **C2** Agenda", "C2 is rated twice"),
    "open to no neighbour": ("| **3** | open to 2 |", "| **3** | open to 1 |", "is open to 1"),
    "a number in parts": ("Spoken words: 1345", "Spoken words: 1,345", "is parted"),
    "firm with a number": ("| **4** | firm |", "| **4** | firm (2 raters) |", "a number that is not its end"),
    "a heading among the turns": ("**00:40 Joaquim:**", "### Later\n\n**00:40 Joaquim:**", "“Later” heads a part"),
    "a third part of the ratings": ("### Two traps", "### First\n\n**Trap 1 · C2. a** b\n\n### Two traps", "“Two traps” heads a part"),
    "a second title": ("### Two traps", "# Another\n\n### Two traps", "“Another” heads a part"),
    "too many turns": ("**00:40 Joaquim:**", "**00:40 Joaquim:** a\n" * 400 + "**00:40 Joaquim:**", "464 turns"),
    "a book": ("**00:40 Joaquim:**", "**00:40 Joaquim:**" + " a" * 50_000, "characters"),
    "no traps": ("### Two traps", "", "names no traps"),
    "a trap of nothing": ("**Trap 1 · C2. ", "**Trap 1. ", "No trap begins"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_mistake_is_named_with_its_line_and_a_remedy(name):
    right, wrong, words = FAULTS[name]
    text = changed(right, wrong)
    found, faults = read_transcript(text, "T1.md")
    assert found is None
    fault = next((fault for fault in faults if words in fault.message), None)
    assert fault is not None, [str(fault) for fault in faults]
    assert fault.remedy.endswith(".")
    assert 1 <= fault.line <= len(text.splitlines())


def test_what_does_not_fit_the_rubric_of_the_pack_is_named():
    rubrics = {"RU-C": CRITERIA}
    assert list(faults_of(read(), "T1.md", rubrics.get)) == []
    assert "RU-D, which is not in the pack" in next(faults_of(replace(read(), rubric="RU-D"), "T1.md", rubrics.get)).message
    assert "has other criteria" in next(faults_of(read(), "T1.md", {"RU-C": (*CRITERIA, "C13")}.get)).message
    with pytest.raises(ValueError, match="has no number or no title"):
        script(Transcript("T9", "# Nothing"))


MISSES = {
    "words that were not counted": ("Spoken words: 1345", "Spoken words: 1400", "says 1400 spoken words, and has 1345"),
    "another length": ("Length: 11 min", "Length: 9 min", "says 9 minutes, and lasts 715 seconds"),
    "few words": ("**00:25 Dilnoza:** I made a list of three.", "**00:25 Dilnoza:** I made a list.", "1345 spoken words, and has 1343"),
    "a turn faster than speech": ("**01:21 Dilnoza:**", "**01:10 Dilnoza:**", "words are said in 2 seconds"),
    "a quotation that is not said there": ('03:19 "you\'re a natural at this', '03:26 "you\'re a natural at this', "is not said at 03:26"),
    "a quotation that nobody says": ('He said "same as always, between us"', 'He said "same as ever, between us two"', "is not said."),
    "a time at which nobody begins": ("01:07 her Thursday", "01:08 her Thursday", "No turn starts at 01:08"),
    "no four": ("| **4** | firm |", "| **3** | firm |", "No criterion stands at 4"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISSES)
def test_what_misses_the_standard_is_told_with_its_line(name):
    right, wrong, words = MISSES[name]
    text = changed(right, wrong)
    fault = next((fault for fault in told(text) if words in fault.message), None)
    assert fault is not None, [str(fault) for fault in told(text)]
    assert fault.remedy.endswith(".")
    assert 1 <= fault.line <= len(text.splitlines())


def test_a_level_without_a_quotation_is_told_and_what_was_not_observed_needs_none():
    some = replace(read(), ratings=tuple(replace(one, evidence="He was careful.") for one in read().ratings))
    messages = [fault.message for fault in standard.findings(some, "T1.md")]
    told = [message.split()[0] for message in messages if "quotes nothing with its time" in message]
    assert told == list(CRITERIA[:-1])


def test_a_level_for_more_than_half_of_the_criteria_is_told():
    some = replace(read(), ratings=tuple(replace(one, level=3) if one.criterion != "C3" else one for one in read().ratings))
    assert any("11 of 12 criteria stand at 3" in fault.message for fault in standard.findings(some, "T1.md"))
    assert any("No criterion stands at 1" in fault.message for fault in standard.findings(some, "T1.md"))


def test_a_third_long_turn_and_a_talk_without_silence_are_told():
    long = " ".join(["word"] * 61)
    spoken = [replace(one, text=long if at in (4, 8, 12, 16) else one.text, silence=0) for at, one in enumerate(read().spoken)]
    messages = [fault.message for fault in standard.findings(replace(read(), spoken=tuple(spoken)), "T1.md")]
    assert sum("says 61 words" in message for message in messages) >= 2
    assert any("fewer than two silences" in message for message in messages)


def test_a_translation_keeps_times_silences_and_levels():
    assert unlike(read(), read(), "T1.md") == []
    for right, wrong, words in (
        ("**00:40 Joaquim:**", "**00:41 Joaquim:**", "not where the source has it"),
        ("*(silence, 8 seconds)*", "*(silencio, 9 segundos)*", "not where the source has it"),
        ("**00:40 Joaquim:** Right.\n\n", "", "63 turns, and 64"),
        ("| **4** | firm |", "| **3** | firm |", "C3 has another rating"),
        ("Rubric: RU-C", "Rubric: RU-D", "rubric is RU-D, and RU-C"),
        ("transcript 1 ·", "transcript 7 ·", "number is 7, and 1"),
        ("Reading and rating: 45", "Reading and rating: 5", "rating is 5, and 45"),
        ("**00:40 Joaquim:**", "**00:40 Dilnoza:**", "speaks where somebody else does"),
        ("| **C12** ", "| **C13** ", "C13, and of"),
    ):
        assert any(words in fault.message for fault in unlike(read(), read(changed(right, wrong)), "T1.md")), words


@given(st.text(alphabet="#*:|- 0123456789.·\nabC“”\"()…", max_size=300))
def test_any_text_is_read_or_its_faults_are_named(text):
    found, faults = read_transcript(text)
    assert (found is None) == bool(faults)
    if found is not None:
        standard.findings(found, "T1.md")


def test_a_transcript_in_another_language_may_name_who_speaks_otherwise_and_what_is_open_to_what():
    arabic = TEXT.replace("Joaquim:", "Juaquim:").replace("open to 2", "قابل لـ 2")
    assert unlike(read(), read(arabic), "T1.md") == []


def test_a_heading_of_a_million_spaces_and_as_many_quotation_marks_are_read_at_once():
    # With steps that grow with the square of its length this would not end today.
    assert outline(f"# T\n#{' ' * 1_000_000}").parts[0].parts == []
    evil = "„" * 1_000_000 + '00:02 "a b" ' * 10_000
    some = replace(read(), traps=(replace(read().traps[0], text=evil),))
    assert standard.findings(some, "T1.md")
