# SPDX-License-Identifier: Apache-2.0
"""The default programme is written to its standard: all that can be counted is counted here, for every module, item, transcript, rubric."""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from lti_mentoring.domain import case, prose, standard, transcript_standard
from lti_mentoring.domain import translation as translations
from lti_mentoring.domain.body import to_body
from lti_mentoring.domain.guessing import blind_guess
from lti_mentoring.domain.handout import HANDOUTS
from lti_mentoring.domain.notification import KINDS
from lti_mentoring.domain.pack import read_pack
from lti_mentoring.domain.programme import Programme
from lti_mentoring.domain.transcript import script
from lti_mentoring.domain.written_pack import files_of
from lti_mentoring.services import programme as packs
from support.blind import guessed

ROOT = Path(__file__).parents[2]
PACK = ROOT / "config" / "programmes" / "foundations"
FOUNDING = ROOT / "tests" / "support" / "founding_documents.txt"
KNOWN = "give junior team members the opportunity"
"""Six words in a row of the founding documents."""

MODULES = ("M0", "M1", "M2", "M3", "M4", "M5", "M5b", "M6", "M7", "M8", "M9", "M10", "M11", "M12", "R1")
TRANSCRIPTS = {"RU-C": 6, "RU-D": 2}
IN_A_ROW, A_SENTENCE = 6, 6
"""Words: so many in a row are nobody else's; a sentence of so many stands in one module."""


@cache
def foundations() -> Programme:
    made, faults = packs.read(PACK)
    assert [str(fault) for fault in faults] == []
    assert made is not None
    return made


def test_nothing_that_can_be_counted_is_outside_its_limits():
    found = packs.examine(PACK)
    assert [str(one) for one in (*found.faults, *found.advice)] == []


def test_the_pack_is_whole():
    made = foundations()
    assert tuple(module.key for module in made.modules) == MODULES
    assert made.outlines == ()
    assert Counter(script(one).rubric for one in made.transcripts) == TRANSCRIPTS
    assert [rubric.key for rubric in made.rubrics] == ["RU-A", "RU-B", "RU-C", "RU-D", "RU-E"]
    assert {protocol.kind for protocol in made.protocols} == {"structured", "co", "independent", "group"}
    assert {one.key for one in made.texts} == set(HANDOUTS)
    assert {one.key for one in made.mails} <= set(KINDS)
    assert {module.competencies[0] for module in made.modules} == {one.key for one in made.competencies}
    assert all(len(one.indicators) >= 2 for one in made.competencies)
    assert made.form is not None
    assert made.certificate


def test_every_module_and_transcript_says_when_it_was_reviewed():
    made = foundations()
    assert {one.key for one in made.reviews} == {one.key for one in made.modules} | {one.key for one in made.transcripts}


@pytest.mark.parametrize("policy", ["starter", "assured"])
def test_both_policies_ask_for_every_module_but_the_refresher(policy):
    (one,) = [one for one in foundations().policies if one.name == policy]
    assert one.modules_required == MODULES[:-1]
    assert one.before_observing == ("M0", "M1", "M5b", "M6", "M7")


# --- items ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", MODULES)
def test_every_outcome_has_nine_items_is_drawn_by_ten_points_and_cleared_by_eight(key):
    module = foundations().module(key)
    assert (module.draw.many_part, module.draw.choice, module.draw.points, module.draw.needed) == (1, 2, 10, 8)
    for outcome in module.outcomes:
        pool = module.pool(outcome.key)
        assert len(pool) >= 9
        assert sum(item.many_part for item in pool) >= 3
        assert all(item.points == (6 if item.many_part else 2) for item in pool)
    critical = [outcome.key for outcome in module.outcomes if any(item.critical for item in module.pool(outcome.key))]
    assert not critical or key in ("M0", "M1", "M5b", "R1")
    assert critical or key not in ("M1", "M5b", "R1")


@pytest.mark.parametrize("key", MODULES)
def test_every_wrong_choice_has_an_explanation_and_every_right_one_that_can_be_missed(key):
    bare = []
    for item in foundations().module(key).items:
        for choice in [*item.choices, *(choice for step in item.steps for choice in step.choices)]:
            if not choice.why and not (choice.right and item.kind != "multiple"):
                bare.append(f"{item.key} {choice.key}")
        bare += [f"{item.key} {card.key}" for card in item.cards if not card.why and not item.order]
        bare += [item.key for _ in [0] if item.order and len(item.slips) < 2]
    assert bare == []


@pytest.mark.parametrize("key", MODULES)
def test_blind_people_clear_no_outcome_in_more_than_three_draws_of_a_hundred(key):
    module = foundations().module(key)
    chance, attempts = random.Random(f"blind-{key}"), 400
    passed: Counter[str] = Counter()
    for attempt in range(attempts):
        passed.update(outcome for outcome, cleared in guessed(module, f"seed-{attempt}", chance).items() if cleared)
    assert max(passed.values(), default=0) <= 3 * attempts / 100
    assert max(blind_guess(module, outcome.key) for outcome in module.outcomes) <= standard.BLIND_GUESS


# --- words ----------------------------------------------------------------------------------------------------------------------


def sentences(texts: Iterator[tuple[str, str]]) -> set[str]:
    """The sentences of so many words or more, each as its words."""
    # Times and competency stand above an intro, and which levels pass is said alike on purpose.
    read = (text.partition("\n\n")[2] if place == "intro" else text for place, text in texts if place != "practice/passing")
    units = (line for text in read for line in re.split(r"\n|\|", text))
    found = (prose.words(sentence.text) for unit in units for sentence in prose.sentences(unit))
    return {" ".join(words).casefold() for words in found if len(words) >= A_SENTENCE}


def test_no_sentence_stands_in_two_modules():
    where: defaultdict[str, list[str]] = defaultdict(list)
    for module in foundations().modules:
        for sentence in sentences(translations.texts(module)):
            where[sentence].append(module.key)
    assert {sentence: keys for sentence, keys in where.items() if len(keys) > 1} == {}


def test_no_six_words_in_a_row_are_those_of_the_founding_documents():
    marks = {mark for line in FOUNDING.read_text("utf-8").splitlines() if not line.startswith("#") for mark in line.split()}
    assert len(marks) > 4000
    found = []
    for file in sorted(PACK.rglob("*")):
        if file.suffix in (".md", ".yaml"):
            words = [word.casefold() for word in prose.words(file.read_text("utf-8"))]
            rows = (" ".join(words[at : at + IN_A_ROW]) for at in range(len(words) - IN_A_ROW + 1))
            found += [(file.name, row) for row in rows if hashlib.sha256(row.encode()).hexdigest()[:10] in marks]
    assert found == []
    known = hashlib.sha256(KNOWN.encode()).hexdigest()[:10]
    assert known in marks, "words are told apart otherwise than when the marks were made: nothing would be found"


@pytest.mark.parametrize("key", MODULES)
def test_the_minutes_for_reading_are_right_within_a_fifth_at_220_words_a_minute(key):
    module = foundations().module(key)
    minutes = standard.figures(module).words / 220
    assert abs(module.times.reading - minutes) <= minutes / 5


# --- rubrics and transcripts ----------------------------------------------------------------------------------------------------


def test_the_anchors_of_every_rubric_are_acts_that_differ_and_fit_on_a_screen():
    for rubric in foundations().rubrics:
        anchors = [anchor for criterion in rubric.criteria for anchor in criterion.anchors]
        assert len(set(anchors)) == 4 * len(rubric.criteria)
        for anchor in anchors:
            assert 20 < len(anchor) <= 170, (rubric.key, anchor)
            vague = re.search(r"\b(good|well|excellent|appropriate|effective|adequate|skilful|smooth)\w*\b", anchor, re.IGNORECASE)
            assert not vague, (rubric.key, anchor)


def test_transcripts_are_complete_spread_and_quoted_at_their_times():
    spread: defaultdict[str, list[float]] = defaultdict(list)
    for one in foundations().transcripts:
        read = script(one)
        assert transcript_standard.findings(read, one.key) == []
        assert len(read.speakers) >= (4 if read.rubric == "RU-D" else 2)
        mean = transcript_standard.figures(read).mean
        assert mean is not None
        spread[read.rubric].append(float(mean))
    assert min(spread["RU-C"]) < 2
    assert max(spread["RU-C"]) > 3
    assert any(2.3 < mean < 2.9 for mean in spread["RU-C"])


# --- in and out -----------------------------------------------------------------------------------------------------------------


def test_the_whole_pack_is_written_as_files_and_read_again_unchanged():
    body = to_body(foundations())
    again, faults = read_pack([file.document for file in files_of(json.loads(json.dumps(body)))])
    assert [str(fault) for fault in faults] == []
    assert again is not None
    assert untranslated(to_body(again)) == untranslated(body)


def untranslated(body: Any) -> Any:
    """A body without its translations, which are not written as files."""
    if isinstance(body, dict):
        return {name: untranslated(value) for name, value in body.items() if name != "translations"}
    return [untranslated(one) for one in body] if isinstance(body, list) else body


def test_competencies_and_rubrics_go_out_as_case_and_come_back_unchanged():
    made = foundations()
    package = case.to_case(made, base_uri="https://mentors.northfield.example", made_at=datetime(2026, 11, 30, tzinfo=UTC))
    framework, faults = case.from_case(json.loads(json.dumps(package)))
    assert faults == []
    assert (framework.competencies, framework.rubrics) == (made.competencies, tuple(replace(one, translations=()) for one in made.rubrics))


def test_the_figures_beside_the_pack_are_those_of_today():
    assert (PACK / "FIGURES.md").read_text("utf-8") == packs.figures_page(PACK), "make figures"


def test_spanish_is_whole_for_the_first_two_modules_the_rubrics_the_form_and_the_mails_and_marked_as_not_reviewed():
    made = foundations()
    read = translations.read_in(made, "es", "en")
    assert read.reads == read.form.reads == "es"
    for module in (read.module("M0"), read.module("M1")):
        parts = (module, *module.sections, *module.items, module.practice)
        assert {part.reads for part in parts} == {"es"}
    assert {criterion.reads for rubric in read.rubrics for criterion in rubric.criteria} == {"es"}
    assert {one.reads for one in (*read.protocols, *read.mails, *read.terms, *read.texts)} == {"es"}
    assert made.native == ()
    assert made.unreviewed("es")
