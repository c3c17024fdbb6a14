# SPDX-License-Identifier: Apache-2.0
"""Transcripts, texts, words for mails, terms and reviews belong to a pack: read, held to what is there, written and read again."""

from __future__ import annotations

import pytest

from lti_mentoring.domain.body import from_body, to_body
from lti_mentoring.domain.handout import Handout
from lti_mentoring.domain.outline import Fault
from lti_mentoring.domain.pack import read_pack
from lti_mentoring.domain.programme import Programme
from lti_mentoring.domain.reader import Document
from lti_mentoring.domain.supplement import read_mails
from lti_mentoring.domain.written_pack import files_of
from lti_mentoring.services import programme as packs
from support import two_languages
from support.two_languages import edited

P = "programme.yaml"


def test_what_a_pack_has_beside_its_modules_is_read():
    made = two_languages.read()
    assert [one.key for one in made.transcripts] == ["S1"]
    assert [(one.key, one.title) for one in made.texts] == [("agreement", "What we agree on")]
    assert made.texts[0].body.startswith("What we say stays between us")
    assert [(one.key, one.text[:8]) for one in made.mails] == [("training_begins", "Welcome.")]
    assert [(one.key, one.term) for one in made.terms] == [("protege", "protégé")]
    assert (made.reviewed("S1"), made.reviewed("G1")) == ("2026-11-30", "")


def test_a_language_is_marked_until_a_native_speaker_has_reviewed_it(tmp_path):
    made = two_languages.read()
    assert [made.unreviewed(tag) for tag in ("", "en", "ar")] == [False, False, True]
    reviewed = two_languages.read(edited(tmp_path, P, "reviews:", 'native: ["ar"]\nreviews:'))
    assert reviewed.unreviewed("ar") is False


def test_all_of_it_survives_a_body_and_is_written_as_files_again():
    body = to_body(two_languages.read())
    assert from_body(Programme, body) == two_languages.read()
    again, faults = read_pack([file.document for file in files_of(body)])
    assert [str(fault) for fault in faults] == []
    assert again is not None
    for name in ("transcripts", "texts", "mails", "terms", "reviews", "native"):
        assert getattr(again, name) == getattr(two_languages.read(), name), name


MISTAKES = {
    "a transcript that is not there": (P, "  - S1\n", "  - S2\n", "en/transcripts/S2.md is missing"),
    "a transcript on another rubric": ("en/transcripts/S1.md", "Rubric: RU-G", "Rubric: RU-H", "rated on RU-H"),
    "a text that is none": (P, "  - agreement\n", "  - treaty\n", "“treaty” is no text that is given out"),
    "a text without words": ("en/texts/agreement.md", "# What we agree on", "# Nothing\n\n# What we agree on", "title, or has two"),
    "a mail of a kind that is none": ("en/mails.yaml", "training_begins:", "training_starts:", "“training_starts” is unknown here"),
    "a mail without words": ("en/mails.yaml", "Welcome. Begin with the first module; it takes an hour.", "[]", "must be text"),
    "a transcript of a key too long": (P, "  - S1\n", f"  - {'x' * 41}\n", "is no key"),
    "a transcript of a key that leads away": (P, "  - S1\n", "  - a/b\n", "is no key"),
    "a transcript of a key of dots": (P, "  - S1\n", "  - ..\n", "is no key"),
    "transcripts that are no list": (P, "transcripts:\n  - S1\n", "transcripts: 0\n", "must be a list"),
    "texts that are empty words": (P, "texts:\n  - agreement\n", 'texts: ""\n', "must be a list"),
    "native speakers that are false": (P, "reviews:", "native: false\nreviews:", "must be a list"),
    "a term of a key with a space": ("en/terms.yaml", "key: protege", "key: a b", "“a b” is no key"),
    "a term that says how it is read": ("en/terms.yaml", "term: protégé,", "term: protégé, reads: es,", "“reads” is unknown here"),
    "mails that are a list": ("en/mails.yaml", "training_begins: ", "- ", "no words for mails"),
    "a mail that is a book": ("en/mails.yaml", "Welcome.", "Welcome. " * 300, "characters"),
    "a text without end": ("en/texts/agreement.md", "# What we agree on", "# What we agree on\n" + "x" * 100_001, "at most 100000"),
    "a term twice": ("en/terms.yaml", "terms:\n", "terms:\n  - {key: protege, term: x, text: y}\n", "protege stands twice"),
    "a term with more": ("en/terms.yaml", "term: protégé,", "term: protégé, colour: red,", "“colour” is unknown here"),
    "a review of what is not there": (P, '  S1: "2026', '  S9: "2026', "A review is noted of S9"),
    "a review on no day": (P, '"2026-11-30"', '"last week"', "“last week” is no day"),
    "reviews that are a list": (P, 'reviews:\n  S1: "2026-11-30"', "reviews: [S1]", "must be days by the keys"),
    "a native speaker of nothing": (P, "reviews:", "native: [Arabic]\nreviews:", "“Arabic” is no language tag"),
    "marking with a number that is none": (P, "needed: 8}", "needed: 8}\n    marking: {words: 9}", "whole number from 50 to 3000"),
    "marking that asks less of what is critical": (P, "needed: 8}", "needed: 8}\n    marking: {level: 4, critical: 3}", "need less than"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_its_file_and_a_remedy(name, tmp_path):
    file, right, wrong, words = MISTAKES[name]
    faults = packs.check(edited(tmp_path, file, right, wrong))
    fault = next((fault for fault in faults if words in fault.message or words in fault.remedy), None)
    assert fault is not None, [str(fault) for fault in faults]
    assert fault.remedy.endswith(".")
    assert fault.file == file


def test_a_pack_says_beside_a_module_how_its_task_is_marked(tmp_path):
    folder = edited(tmp_path, P, "needed: 8}", "needed: 8}\n    marking: {level: 3, critical: 4, words: 300, days: 5}")
    marking = two_languages.read(folder).modules[0].practice.marking
    assert marking is not None
    assert (marking.level, marking.critical, marking.words, marking.days) == (3, 4, 300, 5)


def test_a_mail_has_no_line_that_would_end_it():
    faults: list[Fault] = []
    read_mails(Document("en/mails.yaml", data={"training_begins": "Welcome.\n-- \nWe"}), faults)
    assert ["where a mail is taken to end" in fault.message for fault in faults] == [True]


@pytest.mark.parametrize("end", ["\n", "\u2028", "\x85", "\r\n"])
def test_a_heading_of_a_text_is_shown_once_however_its_lines_end(end: str):
    assert Handout("agreement", f"# What we agree on{end}{end}It stays here.").body == "It stays here."
