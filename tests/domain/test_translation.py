# SPDX-License-Identifier: Apache-2.0
"""A programme says the same in every language: words change, and nothing that anybody is judged by."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lti_mentoring.domain import translation as rules
from lti_mentoring.domain.answer import read_answer, score, steps
from lti_mentoring.domain.body import content_hash, from_body, to_body
from lti_mentoring.domain.language import TAG, choose
from lti_mentoring.domain.module import Module
from lti_mentoring.domain.programme import Programme
from lti_mentoring.domain.question import Given, pose
from lti_mentoring.domain.training import draw, mastery, shuffled
from lti_mentoring.services import programme as packs
from support import every_item, two_languages
from support.every_item import any_answer

T1 = every_item.read()
FOUNDATIONS = Path(__file__).parents[1] / "support" / "packs" / "one-module"


def turned(whole: rules.Whole, **words: str) -> dict[str, str]:
    """Every text of a part said otherwise, by place."""
    return {place: f"«{text[::-1]}»" for place, text in rules.texts(whole)} | words


def in_another(module: Module) -> Module:
    made = replace(module, translations=(rules.translation(module, "xx", turned(module), {}),))
    return rules.read_in(made, "xx", "en")


OTHER = in_another(T1)


# --- what does not depend on the language

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A machine that others use too may be slow, and is not wrong."""


@PATIENT
@given(data=st.data())
def test_whatever_is_answered_scores_the_same_in_both_languages(data: st.DataObject):
    key = data.draw(st.sampled_from([item.key for item in T1.items]))
    here, there = T1.item(key), OTHER.item(key)
    for step in range(1, steps(here) + 1):
        raw = data.draw(any_answer(here, step))
        answer = read_answer(here, raw, step)
        assert read_answer(there, raw, step) == answer
        ours, theirs = score(here, answer, step), score(there, answer, step)
        assert (theirs.points, theirs.of, theirs.right) == (ours.points, ours.of, ours.right)
        assert [(mark.key, mark.chosen, mark.fits, mark.points) for mark in theirs.marks] == [
            (mark.key, mark.chosen, mark.fits, mark.points) for mark in ours.marks
        ]


@PATIENT
@given(seed=st.text("0123456789abcdef", min_size=8, max_size=16), seen=st.lists(st.sampled_from([item.key for item in T1.items])))
def test_draws_shuffles_and_mastery_are_the_same_in_both_languages(seed: str, seen: list[str]):
    drawn = draw(T1, seed, seen)
    assert draw(OTHER, seed, seen) == drawn
    for item in T1.items:
        for step in range(1, steps(item) + 1):
            assert shuffled(OTHER.item(item.key), seed, step) == shuffled(item, seed, step)
    points = {key: T1.item(key).points for key in drawn[1:]}
    assert mastery(OTHER, drawn, points) == mastery(T1, drawn, points)


def test_a_translation_differs_from_its_source_in_words_alone_and_in_all_of_them():
    assert list(rules.differences(T1, OTHER)) == []
    here, there = dict(rules.texts(T1)), dict(rules.texts(OTHER))
    assert there == {place: f"«{text[::-1]}»" for place, text in here.items()}
    assert {item.reads for item in OTHER.items} == {section.reads for section in OTHER.sections} == {"xx"}
    item = OTHER.items[0]
    assert pose(item, 1, "seed", {1: Given({"cards": dict.fromkeys("123456", 0)})}).reads == "xx"


def test_every_text_of_the_default_pack_can_be_translated():
    source, _ = packs.read(FOUNDATIONS)
    assert source is not None
    wholes = dict(rules.wholes(source))
    places = {file: dict(rules.texts(whole)) for file, whole in wholes.items()}
    body = json.dumps(to_body(source), ensure_ascii=False)
    told = {text for said in places.values() for text in said.values()}
    for text in (source.support, source.form.sections[0].fields[0].help, source.protocols[0].aspects[0].text, source.outlines[1].title):
        assert json.dumps(text, ensure_ascii=False) in body
        assert text in told
    assert len(told) > 800


# --- what a reader gets


def half(place: str, text: str | None = None, source: str = "") -> Module:
    """T1 with a translation in which one text is missing, or is made from another source."""
    words = {at: said for at, said in turned(T1).items() if at != place or text is not None}
    made = rules.translation(T1, "xx", words, {place: source} if source else {})
    return rules.read_in(replace(T1, translations=(made,)), "xx", "en")


@pytest.mark.parametrize("place", ["items/O1-06/choices/B/text", "items/O1-06/stem", "items/O1-01/bins/1"])
def test_an_item_that_is_translated_in_part_is_read_whole_in_the_source(place):
    key = place.split("/")[1]
    read = half(place)
    assert replace(read.item(key), reads="") == T1.item(key)
    assert read.item(key).reads == "en"
    assert {item.reads for item in read.items if item.key != key} == {"xx"}


def test_a_text_whose_source_has_changed_since_is_never_shown():
    read = half("sections/1/blocks/0/text", "old", source="0" * 12)
    assert (read.sections[0].reads, read.sections[1].reads) == ("en", "xx")
    assert read.sections[0].blocks == T1.sections[0].blocks


def test_what_is_edited_in_the_source_takes_its_own_part_back_to_the_source_and_is_counted():
    source = two_languages.read()
    assert [(share.translated, share.stale, share.percent) for share in rules.shares(source)] == [(157, 0, 100)]
    module = source.modules[0]
    items = tuple(replace(one, stem="What now?") if one.key == "O1-05" else one for one in module.items)
    changed = replace(source, title="Asking better", modules=(replace(module, items=items),))
    (share,) = rules.shares(changed)
    assert (share.language, share.stale) == ("ar", 2)
    assert share.percent < 100
    read = rules.read_in(changed, "ar", "en")
    assert (read.title, read.reads) == ("Asking better", "en")
    assert read.modules[0].item("O1-05").stem == "What now?"
    assert read.modules[0].item("O1-04").reads == "ar"


def test_an_answer_to_a_choice_is_kept_as_the_source_says_it_and_shown_in_the_readers_language():
    read = rules.read_in(two_languages.read(), "ar", "en")
    assert read.form is not None
    field = read.form.sections[0].fields[1]
    assert field.options == ("In a town", "In the country")
    assert field.choices == (("In a town", "في مدينة"), ("In the country", "في الريف"))
    assert (field.label("In a town"), field.label("elsewhere")) == ("في مدينة", "elsewhere")


def test_a_file_that_was_only_copied_is_no_translation():
    made = rules.translation(T1, "xx", dict(rules.texts(T1)), {})
    read = rules.read_in(replace(T1, translations=(made,)), "xx", "en")
    assert {item.reads for item in read.items} == {"en"}


def test_without_translations_a_body_is_what_it_was():
    source, _ = packs.read(FOUNDATIONS)
    body = json.dumps(to_body(source))
    assert not any(f'"{name}"' in body for name in rules.OURS)
    with_one = two_languages.read()
    kept = json.loads(json.dumps(to_body(with_one)))
    assert from_body(Programme, kept) == with_one
    assert content_hash(kept) == content_hash(to_body(with_one))


# --- which language


@pytest.mark.parametrize(
    ("wanted", "languages", "read"),
    [
        ((), ("en", "de"), "en"),
        (("de-AT",), ("en", "de"), "de"),
        (("de-AT",), ("en", "de", "de-AT"), "de-AT"),
        (("pt",), ("en", "pt-BR"), "pt-BR"),
        (("DE",), ("en", "de"), "de"),
        (("fr", "de", "en"), ("en", "de"), "de"),
        (("en-GB", "de"), ("en", "de"), "en"),
        (("zh-Hant-TW",), ("en", "zh-Hans"), "en"),
        (("zh-TW",), ("en", "zh-Hant"), "zh-Hant"),
        (("not a locale!", ""), ("en", "de"), "en"),
    ],
)
def test_who_asks_reads_the_nearest_language_or_the_source(wanted, languages, read):
    assert choose(wanted, languages) == read


@pytest.mark.parametrize("tag", ["german", "de_AT", "DE", "x", "de-at", "de-", "../de"])
def test_a_tag_that_is_none_is_known(tag):
    assert TAG.match(tag) is None
