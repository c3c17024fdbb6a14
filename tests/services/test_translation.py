# SPDX-License-Identifier: Apache-2.0
"""A pack in several languages: each mistake of a translation by file and line, one version that holds them all, each reader's own."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from conftest import World, make_world
from lti_mentoring.domain import translation as rules
from lti_mentoring.domain.programme import Programme
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.services import candidacy, framework, language, moving, opening, training, translating
from lti_mentoring.services import programme as packs
from lti_mentoring.services.declaring import Declared
from lti_mentoring.store import base
from lti_mentoring.store.application import ApplicationSnapshot
from lti_mentoring.store.moving import CandidacyMove
from lti_mentoring.store.programme import ModuleVersion, ProgrammeVersion, RubricVersion
from lti_mentoring.store.training import CheckAnswer
from support import two_languages
from support.applying import submitted, taking_applications
from support.two_languages import PACK, edited

P, M, R = "ar/programme.yaml", "ar/modules/G1.md", "ar/rubrics/RU-G.yaml"
S, A, E = "ar/transcripts/S1.md", "ar/texts/agreement.md", "ar/mails.yaml"
BESIDE = (S, A, E, "ar/terms.yaml")
F, V = "ar/forms/application.yaml", "ar/protocols/independent.yaml"

MISTAKES = {
    "a folder that is no language": ("arabic/programme.yaml", "", "title: x\n", "arabic/programme.yaml", 1, "“arabic” is no language tag"),
    "a key that the source has not": (P, "MC5: {", "MC6: {", P, 10, "“MC6” is unknown here"),
    "a setting that is no word": (P, "support:", "edition: 2\nsupport:", P, 13, "“edition” is unknown here"),
    "a text left empty": (P, "title: فنّ السؤال", 'title: ""', P, 2, "“title” must be text"),
    "a list with one entry more": (P, "بأنفسهم.\n", "بأنفسهم.\n  - x\n", P, 3, "“purpose” has 2 entries, and 1 in the source"),
    "an indicator that is missing": (P, "\n    indicators:\n", "\n    indicators:\n      - x\n", P, 8, "2 entries, and 1 in the source"),
    "an item that is missing": (M, "#### O1-05 · single", "#### O1-55 · single", M, 41, "O1-05 is missing, and is in the source"),
    "an item that is new": (M, "#### O1-05 · single", "#### O1-55 · single", M, 102, "O1-55 is not in the source"),
    "another right answer": (M, "**Correct: A, C.**", "**Correct: A, B.**", M, 115, "O1-06 B has another right answer"),
    "another bin": (M, "**Key:** 1 يفتح", "**Key:** 1 يغلق", M, 47, "O1-01 1 has another right answer"),
    "another order": (M, "**Key:** 4, 2, 1, 3", "**Key:** 4, 1, 2, 3", M, 81, "O1-03 has another right answer"),
    "another critical mark": (
        M, "O1-05 · single choice · 2 points", "O1-05 · single choice · 2 points · CRITICAL", M, 102, "“critical” of O1-05 is “true”",
    ),
    "options in another order": (
        M, "- A. أن فيه ثلاثة أسئلة.\n- B. أنه قصير.", "- B. أنه قصير.\n- A. أن فيه ثلاثة أسئلة.", M, 123, "another order",
    ),
    "an explanation that is missing": (
        M, "**Correct: B.** الصمت بعد سؤال مفتوح عمل في الغالب.", "**Correct: B.**", M, 102, "“reason” of O1-05",
    ),
    "a section that is missing": (M, "### 2. وقفة", "### 9. وقفة", M, 13, "2 is missing, and is in the source"),
    "an outcome of another key": (M, "- **O1** تطرح", "- **O9** تطرح", M, 11, "Outcome O9 has no items"),
    "a talk in prose": (M, "> **علا:** ولم", "> ولم", M, 28, "“speaker”"),
    "another criterion of the task": (M, "**P1 الأسئلة** (O1)", "**P2 الأسئلة** (O1)", M, 164, "P2 is not in the source"),
    "a manuscript that cannot be read": (M, "## Practice task", "## مهمّة", M, 1, "The part “Practice task” is missing"),
    "another competency of a criterion": (R, "competencies: [MC3]", "competencies: [MC5]", R, 7, "“competencies” of C1 is MC5, and MC3"),
    "a criterion that is not critical there": (R, "critical: true", "critical: false", R, 8, "“critical” of C1"),
    "an anchor that is missing": (
        R, "      4: كما في 3، ويبني السؤال التالي على كلمة قالها المتدرّب.\n", "", R, 9, "an anchor for each level",
    ),
    "a form with another question": (F, "key: helped", "key: helping", F, 11, "helping is not in the source"),
    "a form with another limit": (F, "words: 250", "words: 300", F, 13, "“words” of others helped is “300”, and “250”"),
    "a form with an option less": (
        F, 'options: ["في مدينة", "في الريف"]', 'options: ["في مدينة"]', F, 19, "has 1 texts as “options”, and 2",
    ),
    "a protocol of another kind": (V, "kind: independent", "kind: co", V, 3, "“kind” of this file is “co”, and “independent”"),
    "a file that the source has not": ("ar/modules/G7.md", "", "# G7 · x\n", "ar/modules/G7.md", 1, "The source has no such file"),
    "a transcript at another time": (S, "**00:16 علا:**", "**00:17 علا:**", S, 15, "not where the source has it"),
    "a transcript with another level": (S, "| **2** | ثابت |", "| **3** | ثابت |", S, 24, "C2 has another rating"),
    "a text without its title": (A, "# ما نتّفق عليه", "ما نتّفق عليه", A, 1, "begin with its title"),
    "a mail of another kind": (E, "training_begins:", "training_began:", E, 2, "“training_began” is unknown"),
    "a mail that the source has not": (E, "training_begins:", "time_short: س\ntraining_begins:", E, 1, "“time_short” is not"),
    "a term that the source has not": ("ar/terms.yaml", "key: protege", "key: mentor", "ar/terms.yaml", 1, "“mentor” is not in the source"),
    "a file that is no YAML": (R, "criteria:", "criteria: [", R, 5, "not YAML"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_a_translation_is_named_by_file_line_and_remedy(mistake, tmp_path):
    file, right, wrong, told, line, message = MISTAKES[mistake]
    faults = packs.check(edited(tmp_path, file, right, wrong))
    found = [fault for fault in faults if message in fault.message]
    assert found, [str(fault) for fault in faults]
    assert (found[0].file, found[0].line) == (told, line), [str(fault) for fault in faults]
    assert re.match(r"[A-Z“].*[.…]$", found[0].remedy)


def test_texts_left_as_they_are_are_advice_and_counted(tmp_path):
    folder = edited(tmp_path, R, "يتوقّف دون كلمة عمّا يلي.", "Stops without a word on what follows.")
    found = packs.examine(folder)
    assert found.faults == ()
    assert any(one.file == R and "One text is as in the source, first “Stops without a word" in one.message for one in found.advice)
    (share,) = found.shares
    assert (share.language, share.texts, share.translated) == ("ar", 157, 152), "the criterion is read whole in the source"


def test_a_file_that_is_not_there_is_not_translated_yet(tmp_path):
    folder = edited(tmp_path, P, "title", "title")
    (folder / M).unlink()
    (share,) = packs.examine(folder).shares
    assert 0 < share.translated < share.texts
    read = rules.read_in(two_languages.read(folder), "ar", "en")
    assert (read.reads, read.modules[0].reads, read.rubrics[0].reads) == ("ar", "en", "ar")


# --- one version


def reading(*languages: str):
    return language.read_in(lambda: languages)


def bodies(table) -> set[str]:
    return set(base.session().scalars(select(table.content_hash)))


def test_all_languages_are_one_version_whose_hash_covers_them(world: World, tmp_path):
    alone = tmp_path / "alone"
    shutil.copytree(PACK, alone)
    shutil.rmtree(alone / "ar")
    first = two_languages.use(world.org_id, alone)
    second = two_languages.use(world.org_id)
    third = two_languages.use(world.org_id, edited(tmp_path, M, "السؤال الجيّد قصير", "السؤال الحسن قصير"))
    assert len({first, second, third}) == 3
    assert two_languages.use(world.org_id) == second, "the same content is imported once"
    assert base.session().scalar(select(func.count(ProgrammeVersion.id)).where(ProgrammeVersion.slug == "two-languages")) == 3
    assert packs.load(first) == replace(packs.load(second), **untranslated(packs.load(second)))
    with reading("ar"):
        assert packs.load(first).modules[0].reads == "en"
        assert packs.load(second).modules[0].sections[0].blocks[0].text.startswith("السؤال الجيّد")
        assert packs.load(third).modules[0].sections[0].blocks[0].text.startswith("السؤال الحسن")


def untranslated(version: Programme) -> dict[str, object]:
    plain = {"translations": ()}
    return plain | {name: tuple(replace(one, **plain) for one in getattr(version, name)) for name in ("modules", "rubrics")}


@pytest.mark.parametrize(
    ("wanted", "title", "reads"),
    [
        (("ar-EG", "en"), "فنّ السؤال", "ar"),
        (("en-GB", "ar"), "Asking well", "en"),
        (("fr",), "Asking well", "en"),
        ((), "Asking well", ""),
    ],
)
def test_everybody_reads_a_version_in_their_language_or_in_the_source(world: World, wanted, title, reads):
    version = two_languages.use(world.org_id)
    with reading(*wanted):
        read = packs.load(version)
        module = packs.module(packs.module_version_id(version, "G1"))
        rubric = packs.rubric(packs.rubric_version_id(version, "RU-G"))
    assert (read.title, read.reads, read.language) == (title, reads, "en")
    assert (module, rubric) == (read.modules[0], read.rubrics[0])
    assert {item.reads for item in module.items} == {criterion.reads for criterion in rubric.criteria} == {reads}
    assert packs.load(version).reads == "", "what one reader reads stays with that reader"


def test_a_module_and_a_rubric_know_their_source_on_either_database(any_app: Flask):
    made = make_world("Northfield")
    with base.tenant(made.org_id):
        version = two_languages.use(made.org_id)
        parts = packs.module_version_id(version, "G1"), packs.rubric_version_id(version, "RU-G")
        with reading("ar"):
            assert (packs.module(parts[0]).reads, packs.rubric(parts[1]).reads) == ("ar", "ar")
        with reading("fr"):
            assert (packs.module(parts[0]).reads, packs.rubric(parts[1]).reads) == ("en", "en")


def test_an_answer_given_in_one_language_is_the_same_record_in_the_other(world: World):
    two_languages.use(world.org_id)
    ada = world.person("Ada")
    with reading("ar"):
        attempt = training.start_check(actor=ada, key="G1")
        asked = training.attempt_page(actor=ada, attempt_id=attempt).questions
    module = packs.module(packs.module_version_id(packs.current(world.org_id).id, "G1"))
    many = next(one for one in map(module.item, [question.key for question in asked]) if one.many_part)
    given = {"order": list(many.order)} if many.order else {"cards": {card.key: card.bin for card in many.cards}}
    with reading("ar"):
        training.answer(actor=ada, attempt_id=attempt, item_key=many.key, answer=given)
    kept = base.session().scalars(select(CheckAnswer)).one()
    assert (kept.answer, kept.points) == (given, 6)
    for wanted in (("ar",), ("en",), ()):
        with reading(*wanted):
            page = training.attempt_page(actor=ada, attempt_id=attempt)
        assert [question.key for question in page.questions] == [question.key for question in asked]
        assert (page.results[0].points, page.questions[0].points) == (6, 6 if asked[0].key == many.key else 0)
        assert {question.reads for question in page.questions} == {wanted[0] if wanted else ""}


def test_what_is_made_in_the_browser_keeps_all_languages_whoever_makes_it(world: World):
    version = two_languages.use(world.org_id)
    lead = world.person("R. Okafor", "coordinator", standing="instructor")
    with reading("ar"):
        read = packs.load(version)
        with pytest.raises(ValueError, match="source"), base.transactional() as session:
            packs.publish(session, org_id=world.org_id, programme=opening.under(read, "assured"), actor="operator")
        (share,) = opening.readiness(actor=lead).shares
    assert (share.language, share.percent) == ("ar", 100)
    source = packs.source(version)
    offered = replace(source, policies=(replace(source.policy, name="other"),))
    made = opening.under(offered, "other")
    with base.transactional() as session:
        derived = packs.publish(session, org_id=world.org_id, programme=made, actor="operator", derived_from=version)
    assert packs.source(derived.id).translations == source.translations
    with reading("ar"):
        assert packs.load(derived.id).title == "فنّ السؤال"
    hashes = bodies(ModuleVersion), bodies(RubricVersion)
    assert packs.module_version_id(derived.id, "G1") == packs.module_version_id(version, "G1")
    assert (bodies(ModuleVersion), bodies(RubricVersion)) == hashes


def test_an_application_is_kept_alike_whatever_language_its_form_was_read_in(world: World):
    two_languages.use(world.org_id)
    taking_applications(world, "assured")
    for name, wanted in (("Ada", ("ar",)), ("Bo", ("en",))):
        with reading(*wanted):
            submitted(world, name, declared=Declared(nobody=True), place="In a town")
    frozen = list(base.session().scalars(select(ApplicationSnapshot.body)))
    assert len(frozen) == 2
    assert frozen[0] == frozen[1]
    assert frozen[0]["answers"]["place"] == "In a town"


def test_a_move_is_kept_in_the_words_of_the_source_whoever_makes_it(world: World, tmp_path):
    two_languages.use(world.org_id)
    ada, lead = world.person("Ada"), world.person("R. Okafor", "coordinator", standing="instructor")
    folder = edited(tmp_path, "programme.yaml", "[G1]", "[G9]")
    edited(tmp_path, "programme.yaml", "key: G1", "key: G9")
    for tag in ("en", "ar"):
        edited(tmp_path, f"{tag}/modules/G1.md", "# G1 ·", "# G9 ·")
        (folder / tag / "modules/G1.md").rename(folder / tag / "modules/G9.md")
    second = two_languages.use(world.org_id, folder)
    with reading("ar"):
        (row,) = moving.page(actor=lead, version_id=second).people
        told = {"version_id": second, "people": {row.candidacy_id: row.prospect.mark}, "longer": (row.candidacy_id,)}
        assert moving.move(actor=lead, reason="A new edition", **told) == 1
        assert candidacy.way(actor=ada).programme == "فنّ السؤال"
    kept = base.session().scalars(select(CandidacyMove.difference)).one()
    assert "Asking so that the other thinks" in str(kept["changes"])
    assert not re.search("[\u0600-\u06ff]", str(kept))


def test_case_carries_the_language_of_the_source(world: World):
    version = two_languages.use(world.org_id)
    with reading("ar"):
        package = framework.export_case(org_id=world.org_id, base_uri="https://tool.example", version_id=version)
    assert (package["CFDocument"]["language"], package["CFDocument"]["title"]) == ("en", "Asking well")
    assert package == framework.export_case(org_id=world.org_id, base_uri="https://tool.example", version_id=version)


# --- for translators


def test_a_translator_begins_with_the_files_of_the_source_and_ends_with_all_of_it(tmp_path):
    folder = tmp_path / "pack"
    shutil.copytree(PACK, folder)
    shutil.rmtree(folder / "ar")
    begun = translating.begin(path=folder, language="ar")
    assert set(begun.files) == {P, M, R, F, V, *BESIDE}
    assert (begun.share.translated, packs.check(folder)) == (0, [])
    for file in (P, M, R, F, V, *BESIDE):
        shutil.copy(PACK / file, folder / file)
    ended = translating.begin(path=folder, language="ar")
    assert (ended.files, ended.share.percent) == ((), 100)
    changed = (folder / "en/rubrics/RU-G.yaml").read_text("utf-8").replace("Stops without a word on", "Stops without a hint at")
    (folder / "en/rubrics/RU-G.yaml").write_text(changed, "utf-8")
    (share,) = packs.examine(folder).shares
    assert (share.stale, share.translated) == (1, 152)
    assert translating.begin(path=folder, language="ar").share.stale == 1, "asking again does not make it younger"
    again = (folder / R).read_text("utf-8").replace("يتوقّف دون كلمة", "يتوقّف دون إشارة")
    (folder / R).write_text(again, "utf-8")
    assert translating.begin(path=folder, language="ar").share == ended.share


def test_a_change_of_the_source_that_changes_no_meaning_is_settled_at_once(tmp_path):
    folder = edited(tmp_path, P, "title", "title")
    translating.begin(path=folder, language="ar")
    edited(tmp_path, "programme.yaml", "Whoever is stuck asks", "Whoever gets stuck asks")
    assert packs.examine(folder).shares[0].stale == 1
    assert translating.begin(path=folder, language="ar", settled=True).share.stale == 0


@pytest.mark.parametrize("tag", ["german", "en", "../x", ""])
def test_nobody_translates_into_what_is_no_language(tag, tmp_path):
    folder = edited(tmp_path, P, "title", "title")
    before = sorted(folder.rglob("*"))
    with pytest.raises(RuleBroken) as refused:
        translating.begin(path=Path(folder), language=tag)
    assert refused.value.code == "language_unknown"
    assert sorted(folder.rglob("*")) == before
