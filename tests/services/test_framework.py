# SPDX-License-Identifier: Apache-2.0
"""A version's framework goes out as CASE and comes back as files that make the same programme again; nothing is written over."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import PACK, World, make_world
from lti_mentoring.domain.case import from_case
from lti_mentoring.domain.framework import Framework
from lti_mentoring.domain.programme import Competency, Criterion, Indicator, Programme, Rubric
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import framework as verbs
from lti_mentoring.services import platform
from lti_mentoring.services import programme as packs
from lti_mentoring.store import base

BASE = "https://mentors.northfield.example"
NOT_FOUR = {"identifier": "r", "title": "Five", "CFRubricCriteria": [{"description": "x", "CFRubricCriterionLevels": [{"score": 1}]}]}
ELSEWHERE: dict[str, Any] = {
    "CFDocument": {"identifier": "d", "title": "Elsewhere", "creator": "E"},
    "CFItems": [{"identifier": "k", "fullStatement": "Listens", "humanCodingScheme": "L1"}],
}


def exported(world: World) -> dict[str, Any]:
    return verbs.export_case(org_id=world.org_id, base_uri=BASE)


def saved(folder: Path, body: object) -> Path:
    """A package in a file."""
    file = folder / "framework.json"
    file.write_text(json.dumps(body), "utf-8")
    return file


def foundations() -> Programme:
    programme, faults = packs.read(PACK)
    assert programme is not None, faults
    return programme


# --- out


def test_the_default_programme_goes_out_and_comes_back_whole(world: World):
    framework, faults = from_case(json.loads(json.dumps(exported(world))))
    assert faults == []
    assert framework.competencies == foundations().competencies
    assert framework.rubrics == foundations().rubrics


def test_a_version_goes_out_the_same_each_time_in_the_name_of_its_organisation(world: World):
    version = packs.current(world.org_id)
    assert version is not None
    package = verbs.export_case(org_id=world.org_id, base_uri=BASE, version_id=version.id)
    assert package == exported(world)
    assert package["CFDocument"]["creator"] == "Northfield"
    assert package["CFDocument"]["uri"].startswith(f"{BASE}/ims/case/v1p1/CFDocuments/")


def test_an_older_version_goes_out_by_its_id(world: World, tmp_path):
    first = packs.current(world.org_id)
    assert first is not None
    shutil.copytree(PACK, tmp_path / "pack")
    file = tmp_path / "pack" / "programme.yaml"
    file.write_text(file.read_text("utf-8").replace('edition: "2"', 'edition: "3"'), "utf-8")
    packs.import_pack(org_id=world.org_id, path=tmp_path / "pack", actor="operator")
    assert exported(world)["CFDocument"]["version"] == "3"
    assert verbs.export_case(org_id=world.org_id, base_uri=BASE, version_id=first.id)["CFDocument"]["version"] == "2"


def test_a_version_of_another_organisation_is_not_there(app):
    north, south = make_world("North"), make_world("South")
    with base.tenant(north.org_id):
        version = packs.current(north.org_id)
    assert version is not None
    with base.tenant(south.org_id), pytest.raises(NotFound):
        verbs.export_case(org_id=south.org_id, base_uri=BASE, version_id=version.id)


def test_before_the_first_programme_there_is_nothing_to_send(app):
    org_id = platform.add_organisation(name="Empty")["id"]
    with base.tenant(org_id), pytest.raises(NotFound) as refused:
        verbs.export_case(org_id=org_id, base_uri=BASE)
    assert refused.value.code == "programme"


# --- in


def test_the_files_of_an_import_make_the_same_programme_again(world: World, tmp_path):
    written = verbs.import_case(path=saved(tmp_path, exported(world)), folder=tmp_path / "new")
    rubrics = ("RU-A", "RU-B", "RU-C", "RU-E")
    assert written.files == ("competencies.yaml", *(f"en/rubrics/{key}.yaml" for key in rubrics))
    assert (written.rubrics, written.unplaced, written.faults) == (rubrics, (), ())
    pack = tmp_path / "pack"
    shutil.copytree(PACK, pack)
    shutil.copytree(tmp_path / "new/en/rubrics", pack / "en/rubrics", dirs_exist_ok=True)
    settings_of_pack = yaml.safe_load((pack / "programme.yaml").read_text("utf-8"))
    moved = yaml.safe_load((tmp_path / "new/competencies.yaml").read_text("utf-8"))
    (pack / "programme.yaml").write_text(yaml.safe_dump({**settings_of_pack, **moved}, allow_unicode=True, sort_keys=False), "utf-8")
    again, faults = packs.read(pack)
    assert faults == []
    assert again == foundations()


texts = st.text(st.one_of(st.characters(exclude_categories=("Cc", "Cs")), st.sampled_from("\t\n\r:#-'\"")), min_size=1)
indicators = st.lists(st.builds(Indicator, texts, texts)).map(tuple)
frameworks = st.builds(
    Framework,
    competencies=st.lists(st.builds(Competency, key=texts, title=texts, critical=st.booleans(), indicators=indicators)).map(tuple),
    rubrics=st.lists(
        st.builds(
            Rubric,
            key=st.just("RU-C"),
            title=texts,
            criteria=st.lists(
                st.builds(
                    Criterion,
                    key=texts,
                    title=texts,
                    competencies=st.lists(texts).map(tuple),
                    critical=st.booleans(),
                    anchors=st.tuples(texts, texts, texts, texts),
                )
            ).map(tuple),
        ),
        max_size=1,
    ).map(tuple),
    language=st.sampled_from(("", "uk")),
)


@settings(deadline=None)
@given(frameworks)
def test_no_text_is_changed_by_the_files(framework):
    files = {name: yaml.safe_load(text) for name, text in verbs.pack_files(framework).items()}
    competencies = files.pop("competencies.yaml")
    assert competencies["rubrics"] == [rubric.key for rubric in framework.rubrics]
    for told, meant in zip(competencies["competencies"], framework.competencies, strict=True):
        indicators = tuple(Indicator(**one) for one in told.pop("indicators", ()))
        assert Competency(**told, indicators=indicators) == meant
    for rubric in framework.rubrics:
        told = files.pop(f"{framework.language or 'en'}/rubrics/{rubric.key}.yaml")
        assert (told["key"], told["title"]) == (rubric.key, rubric.title)
        for one, meant in zip(told["criteria"], rubric.criteria, strict=True):
            assert list(one["anchors"]) == [1, 2, 3, 4]
            assert (one["key"], one["title"], one["critical"]) == (meant.key, meant.title, meant.critical)
            assert (tuple(one["competencies"]), tuple(one["anchors"].values())) == (meant.competencies, meant.anchors)
    assert files == {}


def test_a_criterion_that_names_no_competency_is_told_to_the_author(tmp_path):
    levels = [{"score": score, "description": f"At {score}"} for score in (1, 2, 3, 4)]
    rubric = {"identifier": "r", "CFRubricCriteria": [{"description": "Talk", "CFRubricCriterionLevels": levels}]}
    written = verbs.import_case(path=saved(tmp_path, {**ELSEWHERE, "CFRubrics": [rubric]}), folder=tmp_path / "new")
    assert (written.competencies, written.unplaced) == (("L1",), ("R1 C1",))


def test_a_faulty_package_writes_nothing_unless_told_to_leave_out_what_is_faulty(tmp_path):
    file = saved(tmp_path, {**ELSEWHERE, "CFRubrics": [NOT_FOUR]})
    with pytest.raises(RuleBroken) as refused:
        verbs.import_case(path=file, folder=tmp_path / "new")
    assert refused.value.code == "framework_faulty"
    assert [fault.place for fault in refused.value.facts["faults"]] == ["/CFRubrics/0/CFRubricCriteria/0/CFRubricCriterionLevels"]
    assert not (tmp_path / "new").exists()
    written = verbs.import_case(path=file, folder=tmp_path / "new", leave_out_faulty=True)
    assert (written.competencies, written.rubrics, len(written.faults)) == (("L1",), (), 1)


def test_a_file_that_is_there_is_never_written_over(tmp_path):
    file = saved(tmp_path, ELSEWHERE)
    verbs.import_case(path=file, folder=tmp_path / "new")
    mine = tmp_path / "new/competencies.yaml"
    mine.write_text("mine", "utf-8")
    with pytest.raises(RuleBroken) as refused:
        verbs.import_case(path=file, folder=tmp_path / "new")
    assert (refused.value.code, refused.value.facts["files"]) == ("files_there", ("competencies.yaml",))
    assert mine.read_text("utf-8") == "mine"


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "new").write_text("a file", "utf-8")
    with pytest.raises(RuleBroken) as refused:
        verbs.import_case(path=saved(tmp_path, ELSEWHERE), folder=tmp_path / "new")
    assert refused.value.code == "file_unwritten"


def test_a_package_with_nothing_in_it_writes_nothing(tmp_path):
    with pytest.raises(RuleBroken) as refused:
        verbs.import_case(path=saved(tmp_path, {"CFDocument": ELSEWHERE["CFDocument"]}), folder=tmp_path / "new")
    assert refused.value.code == "framework_empty"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe",
        b"{",
        b"[" * 200_000,
        b'{"CFItems": ' * 100_000,
        b'{"CFDocument": ' + b"9" * 10_000 + b"}",
        b"null",
        b'"' + b"x" * verbs.LARGEST_FILE + b'"',
    ],
)
def test_a_file_that_is_no_package_is_one_fault_with_a_remedy(tmp_path, raw):
    file = tmp_path / "framework.json"
    file.write_bytes(raw)
    framework, faults = verbs.read_case(file)
    assert framework == Framework()
    (fault,) = faults
    assert fault.message
    assert fault.remedy


def test_a_mark_at_the_beginning_of_the_file_does_no_harm(tmp_path):
    file = tmp_path / "framework.json"
    file.write_bytes(b"\xef\xbb\xbf" + json.dumps(ELSEWHERE).encode())
    assert verbs.read_case(file)[1] == []
