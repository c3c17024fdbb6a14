# SPDX-License-Identifier: Apache-2.0
"""A module's manuscript is read whole, and every mistake in it is named by file, line and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from lti_mentoring.domain.body import content_hash, from_body, to_body
from lti_mentoring.domain.manuscript import read_module
from lti_mentoring.domain.module import Draw, Marking, Module
from lti_mentoring.domain.written_module import manuscript_of

M1 = Path(__file__).parents[2] / "config" / "programmes" / "foundations" / "en" / "modules" / "M1.md"
TEXT = M1.read_text("utf-8")


def read(text: str = TEXT) -> Module:
    module, faults = read_module(text, "M1.md", Draw())
    assert [str(fault) for fault in faults] == []
    assert module is not None
    return module


def test_the_first_module_is_read_whole():
    module = read()
    assert (module.key, module.title, module.minutes) == ("M1", "Mentoring, managing, coaching", 91)
    assert [outcome.key for outcome in module.outcomes] == ["O1", "O2", "O3", "O4"]
    assert [section.kind for section in module.sections] == ["reading", "reading", "pause", "reading", "reading", "reading", "talk", "card"]
    assert [block.kind for block in module.sections[6].blocks].count("talk") == 3
    assert [criterion.key for criterion in module.practice.criteria if criterion.critical] == ["P3"]
    assert "Change of chair" in module.practice.title


def test_nothing_of_the_manuscript_is_lost():
    """Every line with words in it is in the module, but for headings, keys and marks of the grammar."""
    body = str(to_body(read()))
    kept = body.replace("\\'", "'").replace('\\"', '"')
    lost = []
    for line in TEXT.splitlines():
        words = line.lstrip("> ").strip()
        if not words or words.startswith(("#", "|", "**Key", "**Correct", "- **O", "When you have finished")):
            continue
        tail = words.split(":** ", 1)[-1].split(". ", 1)[-1].split(": ", 1)[-1].rstrip("*")[:40]
        if tail not in kept and "Bins:" not in words and "Tags:" not in words:
            lost.append(line)
    assert lost == []


def test_all_thirty_six_items_are_read_with_their_explanations():
    items = read().items
    assert len(items) == 36
    kinds = [item.kind for item in items]
    wanted = {"single": 16, "multiple": 4, "next_move": 4, "sort": 6, "tag": 4, "order": 2}
    assert {kind: kinds.count(kind) for kind in set(kinds)} == wanted
    for item in items:
        for choice in (*item.choices, *(choice for step in item.steps for choice in step.choices)):
            assert choice.right or choice.why, f"{item.key} {choice.key}"
        for card in item.cards:
            assert item.kind == "order" or card.why, f"{item.key} {card.key}"


def test_a_shortened_name_of_a_bin_finds_its_bin():
    item = read().item("O4-02")
    assert [item.bins[card.bin].split()[0] for card in item.cards] == ["Do", "Take", "Pass", "Pass", "Do", "Take"]


def test_a_module_survives_its_body_unchanged():
    module = read()
    body = to_body(module)
    assert from_body(Module, body) == module
    assert content_hash(to_body(from_body(Module, body))) == content_hash(body)


MISTAKES = {
    "no title": ("# M1 · Mentoring, managing, coaching", "# Mentoring", "has no title"),
    "no time for the check": ("knowledge check 25 min", "a check", "The time for the knowledge check is missing"),
    "no competency": ("Competency MC1,", "Competency", "names no competency"),
    "an outcome twice": ("- **O2** spot", "- **O1** spot", "stands twice"),
    "an outcome without items": ("### O4 · Turn", "### O5 · Turn", "Outcome O4 has no items"),
    "a part that is missing": ("## Practice task ·", "## Homework ·", "“Practice task” is missing"),
    "no card": ("### 8. Card to take away", "### 8. Something to take away", "needs one card"),
    "a section without a number": ("### 6. When somebody", "### When somebody", "has no number"),
    "a section that is empty": ("### 6. When somebody", "### 9. Nothing yet\n\n### 6. When somebody", "“9. Nothing yet” is empty"),
    "a conversation without a comment": ("*Commentary.* Paulo's", "Paulo's", "has no comment"),
    "an unknown type": ("#### O1-04 · single choice ·", "#### O1-04 · quiz ·", "unknown type “quiz”"),
    "a heading that is none": ("#### O1-05 · single choice · 2 points", "#### O1-05 single choice", "no heading of an item"),
    "points that do not fit": ("#### O1-01 · sort · 6 points", "#### O1-01 · sort · 5 points", "gives 5 points"),
    "an item twice": ("#### O1-05 ·", "#### O1-04 ·", "O1-04 stands twice"),
    "an item below another outcome": ("#### O1-05 ·", "#### O2-55 ·", "stands below O1"),
    "a key that names no option": ("**Correct: C.** Power", "**Correct: E.** Power", "names E, which is no option"),
    "a single choice with two keys": ("**Correct: C.** Power", "**Correct: B, C.** Power", "with 2 right answers"),
    "no key": ("**Correct: C.** Power", "Power", "O1-04 has no key"),
    "a wrong option unexplained": ("- B: Asking is a style that all five roles use.", "", "does not explain the wrong option B"),
    "a missed option unexplained": ("- D (if missed): One vote in five is still a vote.", "", "miss option D"),
    "an explanation of nothing": ("- B: Asking is a style", "- F: Asking is a style", "explains F, which is no option"),
    "an option twice": ("- D. They look beyond", "- C. They look beyond", "has C twice"),
    "a bin that does not exist": ("**Key:** 1 Coaching; 2 Consulting;", "**Key:** 1 Praying; 2 Consulting;", "puts card 1 in “Praying”"),
    "a card without a key": ("5 Training; 6 Managing.\n", "5 Training.\n", "no key for card 6"),
    "a card too many": ("6. Deniz, who heads", "7. Eve helps.\n6. Deniz, who heads", "has 7 cards for 6 points"),
    "a card unexplained": ("- 2: Not coaching or training: Victor", "Victor", "does not explain card 2"),
    "no bins": (" Bins: Managing / Mentoring / Coaching / Training / Consulting\n1. For", "\n1. For", "names no bins"),
    "an order that is none": ("**Key:** 4, 2, 1, 3.", "**Key:** 4, 2, 1, 1.", "is no order of its cards"),
    "an order printed as its key": ("**Key:** 4, 2, 1, 3.", "**Key:** 1, 2, 3, 4.", "printed in its key order"),
    "one step instead of two": ("Step 2. Gil names", "Then Gil names", "needs two steps"),
    "a step without a key": ("**Correct: 1C, 2B.** Promise", "**Correct: 1C.** Promise", "Step 2 of O1-09 needs one right answer"),
    "too few choices": ("#### O4-09 · single choice · 2 points", "#### Not any more", "no heading of an item"),
    "a criterion without its outcome": ("| **P2 Questions** (O1, O4)", "| **P2 Questions** (O1, O9)", "names outcome O9"),
    "a criterion of three levels": ("| Mostly closed, or with the answer inside |", "|", "has 3 levels"),
    "no model answer": ("### A model answer, with comments", "### Another answer", "has no model answer"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_its_line_and_a_remedy(name):
    right, wrong, words = MISTAKES[name]
    assert TEXT.count(right) >= 1, right
    text = TEXT.replace(right, wrong, 1)
    module, faults = read_module(text, "en/modules/M1.md", Draw())
    assert module is None
    fault = next((fault for fault in faults if words in fault.message), None)
    assert fault is not None, [str(fault) for fault in faults]
    assert fault.file == "en/modules/M1.md"
    assert fault.remedy.endswith(".")
    assert 1 <= fault.line <= len(text.splitlines())


def test_the_line_is_the_one_to_mend():
    text = TEXT.replace("**Correct: C.** Power", "**Correct: E.** Power", 1)
    line = next(number for number, line in enumerate(text.splitlines(), 1) if "**Correct: E.**" in line)
    assert [fault.line for fault in read_module(text, "M1.md", Draw())[1] if "names E" in fault.message] == [line]


@pytest.mark.parametrize(
    ("mark", "words"), [("#### O2-01 · sort", "sort, tag, order and rating"), ("#### O1-04 · single", "5 choice items")]
)
def test_a_pool_smaller_than_three_draws_is_a_fault(mark, words):
    start = TEXT.index(mark)
    end = TEXT.index("#### ", start + 5)
    _, faults = read_module(TEXT[:start] + TEXT[end:], "M1.md", Draw())
    assert any(words in fault.message for fault in faults)


def test_critical_items_come_in_threes():
    _, faults = read_module(TEXT.replace(" · CRITICAL", "", 1), "M1.md", Draw())
    assert any("2 critical items" in fault.message for fault in faults)


# --- a practice task that a trainer marks -------------------------------------------------------------------------------------------

MARKING = "### Marking\n\n- Every criterion: 3\n- Critical criteria: 4\n- Words: 700\n- Days: 10\n\n"


def marked(marking: str = MARKING) -> str:
    return TEXT.replace("### Rubric (pass", f"{marking}### Rubric (pass")


def test_a_module_says_that_a_trainer_marks_its_practice_task_and_by_which_numbers():
    assert read(marked()).practice.marking == Marking(level=3, critical=4, words=700, days=10)
    assert read(marked("### Marking\n\n- Every criterion: 2\n- Words: 700\n- Days: 7\n\n")).practice.marking == Marking(2, 2, 700, 7)
    module = read(marked())
    assert from_body(Module, to_body(module)) == module


@pytest.mark.parametrize("marking", [MARKING, "### Marking\n\n- Every criterion: 2\n- Words: 700\n- Days: 7\n\n"])
def test_the_marking_survives_being_written_as_a_manuscript_again(marking: str):
    module = read(marked(marking))
    assert read("\n".join(manuscript_of(to_body(module)).lines)).practice == module.practice


def test_a_module_without_marking_keeps_the_hash_that_it_was_imported_by():
    assert read().practice.marking is None
    assert "marking" not in to_body(read())["practice"]


@pytest.mark.parametrize(
    ("old", "new", "message", "line"),
    [
        ("- Words: 700", "- Words: many", "“Words” is “many”", "- Words"),
        ("- Words: 700", "- Words: 7", "“Words” is “7”", "- Words"),
        ("- Words: 700\n", "", "does not say “Words”", "### Marking"),
        ("- Days: 10", "- Days: 0", "“Days” is “0”", "- Days"),
        ("- Days: 10", "- Days: 10\n- Days: 11", "“Days” stands twice", "- Days: 11"),
        ("- Every criterion: 3", "- Every criterion: 5", "“Every criterion” is “5”", "- Every"),
        ("- Critical criteria: 4", "- Critical criteria: 2", "need less than every criterion", "### Marking"),
        ("- Days: 10", "- Weeks: 2", "says nothing about marking", "- Weeks"),
    ],
)
def test_a_mistake_in_the_marking_is_named_by_line_with_a_remedy(old, new, message, line):
    text = marked(MARKING.replace(old, new))
    module, faults = read_module(text, "M1.md", Draw())
    assert module is None
    fault = next(one for one in faults if message in one.message)
    assert text.splitlines()[fault.line - 1].startswith(line)
    assert fault.remedy


def test_critical_criteria_are_only_asked_of_a_rubric_that_has_any():
    text = marked().replace("**P3 Limits in the role statement***", "**P3 Limits in the role statement**")
    _, faults = read_module(text, "M1.md", Draw())
    assert any("no critical criterion" in one.message for one in faults)
