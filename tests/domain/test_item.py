# SPDX-License-Identifier: Apache-2.0
"""Calibration ratings and short texts are read from a manuscript, and every mistake in them is named by line and remedy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lti_mentoring.domain.body import content_hash, from_body, to_body
from lti_mentoring.domain.item import read_item
from lti_mentoring.domain.manuscript import read_module
from lti_mentoring.domain.module import Contrast, Draw, Module
from lti_mentoring.domain.outline import outline
from support import every_item

TEXT = (every_item.PACK / "en" / "modules" / "T1.md").read_text("utf-8")
DOC = Path(__file__).parents[2] / "docs" / "items.md"
DRAW = Draw(practice=1)
T1 = every_item.read()


def test_a_calibration_rating_is_read_with_its_talk_its_anchors_its_levels_and_its_reasons():
    item = T1.item("O1-04")
    assert (item.kind, item.points, item.many_part, item.stem) == ("rating", 6, True, "Rate what Ifa does in these lines.")
    assert [turn.speaker for turn in item.talk] == ["Ola", "Ifa", "Ola", "Ifa", "", "Ola", "Ifa"]
    assert [(one.key, one.text, one.level, one.tolerance) for one in item.benchmarks] == [
        ("K1", "Questions", 4, 0),
        ("K2", "Listening", 3, 1),
        ("K3", "Close", 2, 0),
    ]
    assert item.benchmarks[2].anchors[0] == "Stops without a word on what follows"
    assert item.benchmarks[2].contrasts == (
        Contrast(1, "There is a next step, with a day and an hour."),
        Contrast(3, "The step is Ifa's. Nobody asked what Ola wants to do."),
    )


def test_a_short_text_is_read_with_its_limit_its_features_and_its_model_answer():
    item = T1.item("O1-12")
    assert (item.kind, item.words, item.self_marked, item.many_part, item.critical) == ("short_text", 40, True, False, False)
    assert item.stem.endswith("what you would say next.")
    assert [(feature.key, bool(feature.why)) for feature in item.features] == [("A", True), ("B", True), ("C", False)]
    assert item.model.startswith("\"You've gone round it twice")
    assert T1.item("O1-13").reason == "The word is small, and it is his."


def test_a_model_answer_may_go_on_in_the_next_lines_and_is_commented_below():
    right = "**Model answer:** \"You say 'I suppose'. What was missing?\""
    module, faults = read_module(TEXT.replace(right, f"{right}\nA second line.\nA third."), "T1.md", DRAW)
    assert faults == []
    assert module is not None
    assert module.item("O1-13").model.splitlines() == ["\"You say 'I suppose'. What was missing?\"", "A second line.", "A third."]
    assert module.item("O1-13").reason == "The word is small, and it is his."


def test_the_examples_of_the_docs_are_items():
    examples = re.findall(r"```markdown\n(#### .*?)```", DOC.read_text("utf-8"), re.DOTALL)
    found = [read_item(outline(example).parts[0], "O1", "items.md") for example in examples]
    assert [[str(fault) for fault in faults] for _, faults in found] == [[], []]
    assert [item.kind for item, _ in found if item] == ["rating", "short_text"]


def test_a_module_with_every_type_survives_its_body_unchanged():
    body = to_body(T1)
    assert from_body(Module, body) == T1
    assert content_hash(to_body(from_body(Module, body))) == content_hash(body)


def test_what_uses_no_new_type_has_the_body_and_the_hash_that_it_had_before_there_were_any():
    single = to_body(T1.item("O1-06"))
    assert list(single) == [
        *("key", "outcome", "kind", "points", "critical", "stem", "reason"),
        *("choices", "steps", "bins", "cards", "order", "slips"),
    ]
    assert to_body(Draw()) == {"many_part": 1, "choice": 2, "points": 10, "needed": 8}
    assert from_body(Draw, to_body(Draw())) == Draw(practice=0)
    assert to_body(DRAW)["practice"] == 1


RATING = {
    "no talk": ("> ", "", "has no talk to rate"),
    "a talk that begins with a silence": ("> **Ola:** I wrote", "> *(silence)*\n> **Ola:** I wrote", "begins without a speaker"),
    "no words on what to rate": ("Rate what Ifa does in these lines.\n", "", "does not say what to rate"),
    "a criterion too few": ("| **K3 Close** |", "The third: **K3 Close** |", "has 2 criteria"),
    "a criterion without its mark": ("| **K1 Questions** |", "| Questions |", "“Questions” is no criterion of O1-04"),
    "a criterion twice": ("| **K2 Listening** | Speaks", "| **K1 Listening** | Speaks", "has K1 twice"),
    "an anchor missing": ("| Speaks while Ola speaks |", "|", "K2 of O1-04 has 3 anchors"),
    "an anchor empty": ("| Speaks while Ola speaks |", "| |", "K2 of O1-04 has 3 anchors"),
    "no level for a criterion": ("; K3 2.", ".", "gives no level to K3"),
    "a level off the scale": ("**Key:** K1 4;", "**Key:** K1 5;", "says “K1 5”"),
    "a key that is none": ("**Key:** K1 4; K2 3 within 1; K3 2.", "**Key:** four, three, two.", "says “four, three, two”"),
    "a key that names no criterion": ("K3 2.\n", "K3 2; K7 1.\n", "names K7, which is no criterion"),
    "a criterion at two levels": ("K3 2.\n", "K3 2; K3 3.\n", "gives K3 two levels"),
    "a tolerance too wide": ("K2 3 within 1", "K2 3 within 2", "takes levels 2 away"),
    "levels that lie close together": ("**Key:** K1 4; K2 3", "**Key:** K1 3; K2 3", "lie close together"),
    "no reason against the level below": ("- K1 not 3: The question", "The question", "does not say why K1 is not at 3"),
    "no reason against the level above": ("- K2 not 4: Ola goes", "Ola goes", "does not say why K2 is not at 4"),
    "a reason against a far level": ("- K1 not 3: The", "- K1 not 1: It asks.\n- K1 not 3: The", "argues against K1 at 1"),
    "a reason against nothing": ("- K1 not 3: The", "- K8 not 2: No.\n- K1 not 3: The", "argues against K8 at 2"),
    "a reason twice": ("- K1 not 3: The", "- K1 not 3: No.\n- K1 not 3: The", "has K1 not 3 twice"),
    "options in a rating": ("> **Ola:** I wrote to the", "- A. Yes.\n> **Ola:** I wrote to the", "has options"),
    "a model answer in place of the key": ("**Key:** K1 4;", "**Model answer:** K1 4;", "a model answer in place of its key"),
    "too few points": ("#### O1-04 · calibration rating · 6 points", "#### O1-04 · calibration rating · 2 points", "gives 2 points"),
    "a critical rating": ("calibration rating · 6 points", "calibration rating · 6 points · CRITICAL", "critical item of many parts"),
}  # fmt: skip

SHORT = {
    "no limit of words": (" Words: 40", "", "does not say how long"),
    "a limit too high": ("Words: 40", "Words: 900", "takes 900 words"),
    "one feature": ("- B. It asks one question and no more.\n- C. It offers no view of your own.\n", "", "has 1 features"),
    "five features": ("- D. It thanks nobody", "- E. It is short.\n- D. It thanks nobody", "has 5 features"),
    "a feature twice": ("- C. It offers no view", "- B. It offers no view", "has B twice"),
    "no model answer": ("**Model answer:** \"You've gone", "\"You've gone", "has no model answer"),
    "a key in place of a model answer": ("**Model answer:** \"You've gone", "**Key:** \"You've gone", "has no model answer"),
    "an empty model answer": ("**Model answer:** \"You say 'I suppose'. What was missing?\"", "**Model answer:**", "is empty"),
    "a model answer above its own limit": ("Words: 40", "Words: 10", "has 19 words"),
    "critical": ("O1-12 · short text · 2 points", "O1-12 · short text · 2 points · CRITICAL", "O1-12 is critical"),
    "an explanation of nothing": ("- D: A close is", "- F: A close is", "explains F, which is no feature"),
    "cards in a text": ("- A. It leaves the choice", "1. One.\n- A. It leaves the choice", "has cards"),
    "steps in a text": ("- A. It leaves the choice", "Step 1. One.\n- A. It leaves the choice", "has steps"),
    "a reason against a level": ("- D: A close is", "- K1 not 2: No.\n- D: A close is", "has reasons against a level"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", [*RATING.values(), *SHORT.values()], ids=[*RATING, *SHORT])
def test_a_mistake_is_named_with_its_line_and_a_remedy(mistake):
    right, wrong, words = mistake
    start = TEXT.index("#### O1-04") if mistake in RATING.values() else TEXT.index("#### O1-12")
    end = TEXT.index("#### O1-05") if mistake in RATING.values() else len(TEXT)
    assert right in TEXT[start:end], right
    count = -1 if right == "> " else 1
    text = TEXT[:start] + TEXT[start:end].replace(right, wrong, count) + TEXT[end:]
    module, faults = read_module(text, "en/modules/T1.md", DRAW)
    assert module is None
    fault = next((fault for fault in faults if words in fault.message), None)
    assert fault is not None, [str(fault) for fault in faults]
    assert fault.remedy.endswith(".")
    lines = text.splitlines()
    assert any(line.startswith("### O1") for line in lines[: fault.line])
    assert fault.line <= len(lines)


@pytest.mark.parametrize(
    ("right", "wrong", "message", "at"),
    [
        ("K1 4; K2 3 within 1; K3 2.", "K1 5; K2 3 within 1; K3 2.", "says “K1 5”", "**Key:** K1 5"),
        ("| Speaks while Ola speaks |", "|", "has 3 anchors", "| **K2 Listening** | Lets Ola"),
        ("- D: A close is", "- F: A close is", "explains F", "- F: A close is"),
    ],
)
def test_the_line_is_the_one_to_mend(right, wrong, message, at):
    text = TEXT.replace(right, wrong, 1)
    line = next(number for number, line in enumerate(text.splitlines(), 1) if line.startswith(at))
    assert [fault.line for fault in read_module(text, "T1.md", DRAW)[1] if message in fault.message] == [line]


def test_short_texts_come_in_threes_of_what_is_shown_and_are_not_written_for_nobody():
    _, faults = read_module(TEXT, "T1.md", Draw())
    assert any("short text items that no attempt shows" in fault.message for fault in faults)
    _, faults = read_module(TEXT, "T1.md", Draw(practice=2))
    assert any("has 3 short text items" in fault.message and "at least 6" in fault.remedy for fault in faults)


def test_short_texts_do_not_fill_the_pool_of_what_counts():
    start, end = TEXT.index("#### O1-11"), TEXT.index("#### O1-12")
    _, faults = read_module(TEXT[:start] + TEXT[end:], "T1.md", DRAW)
    assert any("has 5 choice items" in fault.message for fault in faults)
