# SPDX-License-Identifier: Apache-2.0
"""A pack is read whole, every mistake in it is named by file, line and remedy, and it is imported once as versions that never change."""

from __future__ import annotations

import json
import re
import shutil
from fractions import Fraction
from pathlib import Path

import pytest
from sqlalchemy import func, select

from conftest import World, make_world
from lti_mentoring.domain.body import content_hash, from_body, to_body
from lti_mentoring.domain.programme import Policy, Programme
from lti_mentoring.domain.reliability import ASSURED_DOUBLING, ASSURED_QUALIFYING, STARTER_DOUBLING, STARTER_QUALIFYING
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.domain.setting import Counting
from lti_mentoring.services import programme as packs
from lti_mentoring.store import base
from lti_mentoring.store.base import FenceBroken
from lti_mentoring.store.privacy import AuditEvent
from lti_mentoring.store.programme import ModuleVersion, ProgrammeVersion, RubricVersion

PACK = Path(__file__).parents[1] / "support" / "packs" / "one-module"


@pytest.fixture(scope="module")
def foundations() -> Programme:
    programme, faults = packs.read(PACK)
    assert [str(fault) for fault in faults] == []
    assert programme is not None
    return programme


def test_the_default_pack_has_the_ten_competencies_two_of_them_critical(foundations):
    assert [competency.key for competency in foundations.competencies] == [f"MC{number}" for number in range(1, 11)]
    assert [competency.key for competency in foundations.competencies if competency.critical] == ["MC1", "MC2"]


def test_the_policy_of_this_version(foundations):
    policy = foundations.policy
    assert policy.modules_required == ("M1",)
    assert (policy.independent_observations, policy.observation_rubric) == (1, "RU-C")
    assert (policy.overall_mean, policy.competency_mean, policy.no_critical_at_one) == (Fraction(11, 4), Fraction(5, 2), True)
    assert (policy.qualifying, policy.doubling) == (None, None)


def test_a_pack_that_asks_for_no_qualification_keeps_the_hash_that_it_was_imported_by(foundations, tmp_path):
    body = to_body(foundations)["policy"]
    assert (body["observer_qualification"], body["double_scoring"]) == ("not_required", "not_required")
    assert {"qualifying", "doubling"}.isdisjoint(body)
    text = (PACK / P).read_text("utf-8")
    without = text.replace(f"  {OLD}\n", "").replace("  double_scoring: not_required\n", "")
    for name, said in (("left out", without), ("later", text.replace(OLD, "qualifying: not_required"))):
        assert edited_body(tmp_path / name, said) == to_body(foundations), name


def edited_body(folder: Path, text: str) -> object:
    shutil.copytree(PACK, folder)
    (folder / P).write_text(text, "utf-8")
    programme, faults = packs.read(folder)
    assert faults == []
    return to_body(programme)


def test_the_default_pack_s_larger_policies_ask_who_may_rate_and_for_a_second_rating():
    programme, faults = packs.read(PACK.parents[3] / "config" / "programmes" / "foundations")
    assert (faults, programme.policy.qualifying, programme.policy.doubling) == ([], None, None)
    starter, assured = programme.policies
    assert (starter.qualifying, starter.doubling) == (STARTER_QUALIFYING, STARTER_DOUBLING)
    assert (assured.qualifying, assured.doubling) == (ASSURED_QUALIFYING, ASSURED_DOUBLING)


def test_the_default_pack_s_larger_policies_count_sessions_together_and_the_short_one_does_not():
    programme, _ = packs.read(PACK.parents[3] / "config" / "programmes" / "foundations")
    starter, assured = programme.policies
    assert programme.policy.counting is None
    assert starter.counting == Counting(beyond_co_mentor=True, critical_mean=Fraction(3), co_mentoring_level=3)
    assert assured.counting == Counting(2, True, 30, Fraction(3), 2, 2, 2, 3, 3)
    assert (starter.group_observations, assured.group_observations) == (0, 0)


def test_two_policies_are_offered_and_the_small_one_asks_for_fewer_people(foundations):
    starter, assured = foundations.policies
    assert (starter.name, assured.name) == ("starter", "assured")
    assert (starter.selection.reviewers, assured.selection.reviewers) == (1, 2)
    assert (starter.structured_observations, starter.co_mentoring_sessions, starter.independent_observations) == (1, 1, 2)
    assert (assured.structured_observations, assured.co_mentoring_sessions, assured.independent_observations) == (2, 2, 3)
    assert (starter.award.validity_months, assured.award.validity_months) == (24, 36)
    assert (starter.assistance.helper_may_assess, assured.assistance.helper_may_assess) == (True, False)


def test_no_entry_of_a_policy_speaks_of_what_no_policy_may_soften():
    names = " ".join(Policy.__dataclass_fields__)
    assert not re.search(r"reporting|consent|seal|confiden|pinned|conflict", names)


def test_the_rubric_of_independent_mentoring_has_twelve_criteria_with_four_anchors_each(foundations):
    rubric = foundations.rubric("RU-C")
    assert [criterion.key for criterion in rubric.criteria] == [f"C{number}" for number in range(1, 13)]
    assert [criterion.key for criterion in rubric.criteria if criterion.critical] == ["C1", "C2"]
    assert rubric.criterion("C5").competencies == ("MC3", "MC5")
    assert {key for criterion in rubric.criteria for key in criterion.competencies} == {one.key for one in foundations.competencies}


def test_the_anchors_are_acts_that_differ_and_fit_on_a_screen(foundations):
    anchors = [anchor for criterion in foundations.rubric("RU-C").criteria for anchor in criterion.anchors]
    assert len(set(anchors)) == 48
    for anchor in anchors:
        assert 40 < len(anchor) <= 160, anchor
        assert not re.search(r"\b(good|well|excellent|appropriate|effective|adequate|skilful|smooth)\w*\b", anchor, re.IGNORECASE), anchor
        assert anchor.endswith(".")
    for criterion in foundations.rubric("RU-C").criteria:
        assert criterion.anchors[3].startswith("As 3, and"), "each step up adds to the one before it"


def test_a_programme_survives_its_body_unchanged(foundations):
    body = json.loads(json.dumps(to_body(foundations)))
    assert from_body(Programme, body) == foundations
    assert content_hash(body) == content_hash(to_body(foundations))


def edited(tmp_path: Path, file: str, right: str, wrong: str) -> Path:
    folder = tmp_path / "pack"
    shutil.copytree(PACK, folder)
    path = folder / file
    text = path.read_text("utf-8")
    assert right in text, right
    path.write_text(text.replace(right, wrong, 1), "utf-8")
    return folder


P, R, F = "programme.yaml", "en/rubrics/RU-C.yaml", "en/forms/application.yaml"
OLD = "observer_qualification: not_required"
MISTAKES = {
    "no YAML": (P, "slug: foundations", "slug: [foundations", "not YAML"),
    "an alias": (P, "slug: foundations", "slug: foundations\nsupport: *all", "an alias"),
    "an alias of itself": (P, "slug: foundations", "slug: foundations\nsupport: &all [*all]", "an alias"),
    "a character that nobody can print": (P, "slug: foundations", "slug: foun\x07dations", "cannot be printed"),
    "a setting twice": (P, "language: en", "language: en\nlanguage: en", "“language” stands twice"),
    "an unknown setting": (P, "edition:", "editon:", "“editon” is unknown"),
    "an edition that is no text": (P, 'edition: "2"', "edition: 2", "“edition” must be text"),
    "a competency twice": (P, "key: MC2\n", "key: MC1\n", "MC1 stands twice"),
    "a flag that is none": (P, "critical: true\n", "critical: perhaps\n", "must be true or false"),
    "an unknown policy field": (P, "no_critical_at_one: true", "no_critical: true", "“no_critical” is unknown"),
    "a mean off the scale": (P, "overall_mean: 2.75", "overall_mean: 5", "on the scale from 1 to 4"),
    "no observations": (P, "independent_observations: 1", "independent_observations: 0", "whole number from 1 to 20"),
    "a later version's value": (P, "double_scoring: not_required", "double_scoring: blind", "“double_scoring” has an unknown value"),
    "a pack without exercises": (P, OLD, "qualifying: {}", "by 2 exercises on RU-C, and the pack has 1"),
    "qualifying asked for and not": (P, OLD, f"{OLD}\n  qualifying: {{}}", "says the opposite of “qualifying”"),
    "qualifying that is no mapping": (P, OLD, "qualifying: strict", "“qualifying” has no entries"),
    "an unknown entry of it": (P, OLD, "qualifying: {percent: 10}", "“percent” is unknown"),
    "more than all the same": (P, OLD, "qualifying: {exact_percent: 101}", "whole number from 1 to 100"),
    "fewer near than the same": (P, OLD, "qualifying: {within_one_percent: 60}", "than have to be the same"),
    "drift above the bar": (P, OLD, "qualifying: {drift_exact_percent: 75}", "just qualified would be suspended"),
    "a draw that is no share": (P, "double_scoring: not_required", "doubling: {percent: -1}", "whole number from 0 to 100"),
    "points for three levels": (P, "points: [0, 50, 75, 100]", "points: [0, 50, 75]", "has 3 numbers"),
    "points that fall": (P, "points: [0, 50, 75, 100]", "points: [0, 75, 50, 100]", "points fall"),
    "a module that is not there": (P, "key: M1\n", "key: M2\n", "en/modules/M2.md is missing"),
    "a rubric that is not there": (P, "- RU-C", "- RU-X", "en/rubrics/RU-X.yaml is missing"),
    "a policy on an unknown module": (P, "modules_required: [M1]", "modules_required: [M1, M99]", "asks for module M99"),
    "a policy on an unknown rubric": (P, "observation_rubric: RU-C", "observation_rubric: RU-D", "not in the pack"),
    "a draw that does not add up": (P, "points: 10, needed", "points: 12, needed", "makes 10 points, not 12"),
    "a draw that cannot be cleared": (P, "needed: 8", "needed: 11", "needs more points than it draws"),
    "less practice than none": (P, "needed: 8}", "needed: 8, practice: -1}", "a whole number from 0 to 20"),
    "practice without short texts": (P, "needed: 8}", "needed: 8, practice: 1}", "O1 has 0 short text items"),
    "an unknown setting of a draw": (P, "many_part: 1,", "manypart: 1,", "“manypart” is unknown"),
    "a module of another competency": ("en/modules/M1.md", "Competency MC1,", "Competency MC77,", "names competency MC77"),
    "a module under another key": ("en/modules/M1.md", "# M1 ·", "# M4 ·", "holds module M4"),
    "a rubric under another key": (R, "key: RU-C", "key: RU-D", "is not rubric RU-C"),
    "a criterion twice": (R, "key: C2", "key: C1", "C1 stands twice"),
    "a criterion without a competency": (R, "competencies: [MC4]", "competencies: []", "a list with at least one entry"),
    "a criterion of an unknown competency": (R, "competencies: [MC4]", "competencies: [MC44]", "names competency MC44"),
    "three anchors": (R, "4: As 3, and the protégé brings", "5: As 3, and the protégé brings", "an anchor for each level"),
    "a module that is only an outline": (P, "modules_required: [M1]", "modules_required: [M1, M9]", "only an outline"),
    "a policy in force that is none": (P, "policy:\n  name: short", "policy: lenient\nunused:\n  name: short", "“lenient” is not one of"),
    "policies that are a list": (P, "policies:\n  starter:", "policies: [starter]\nunused:\n  starter:", "must be policies by their names"),
    "a policy that asks for no module": (P, "modules_required: [M1]", "modules_required: []", "asks for no module"),
    "a module before observing that is not asked for": (P, "before_observing: [M1]", "before_observing: [M2]", "and is not asked for"),
    "more observers than observations": (P, "independent_observers: 2", "independent_observers: 4", "more observers than"),
    "observations without a rubric": (P, "structured_rubric: RU-A", "structured_rubric: RU-Z", "the rubric “RU-Z”"),
    "applications on an unknown rubric": (P, "{rubric: RU-E, reviewers: 1", "{rubric: RU-X, reviewers: 1", "judged on the rubric “RU-X”"),
    "applications without a form": (P, "form: application\n", "", "there is no form"),
    "no reviewers": (P, "reviewers: 1,", "reviewers: 0,", "whole number from 1 to 5"),
    "more deciders outside than there are": (P, "deciders: 2, outside: 1", "deciders: 1, outside: 2", "More deciders come from outside"),
    "warnings that do not come nearer": (P, "warn_days: [90, 30, 7]", "warn_days: [7, 30, 90]", "do not come nearer"),
    "an extension of three years": (P, "extensions: 1}", "extensions: 1, extension_months: 36}", "whole number from 1 to 24"),
    "what is urgent due later": (P, "due_days: [10, 5, 2]", "due_days: [2, 5, 10]", "is due later"),
    "two numbers of three": (P, "due_days: [10, 5, 2]", "due_days: [10, 5]", "has 2 numbers"),
    "an outline of a written module": (P, "{key: M0, title", "{key: M1, title", "is written, and is an outline as well"),
    "an outline of an unknown competency": (P, "competencies: [MC4], outcomes", "competencies: [MC40], outcomes", "outline of M2 names"),
    "a protocol that is not there": (P, "  - structured\n", "  - stuctured\n", "en/protocols/stuctured.yaml is missing"),
    "a protocol under another key": ("en/protocols/co.yaml", "key: co\n", "key: duo\n", "is not protocol co"),
    "a protocol of an unknown kind": ("en/protocols/co.yaml", "kind: co\n", "kind: duo\n", "no kind of observation"),
    "a protocol on an unknown rubric": ("en/protocols/co.yaml", "rubric: RU-B", "rubric: RU-Q", "rates on the rubric “RU-Q”"),
    "a form under another key": (F, "key: application\n", "key: letter\n", "is not form application"),
    "a question twice": (F, "key: settings ", "key: expertise ", "question expertise stands twice"),
    "a question of an unknown kind": (F, "kind: short", "kind: essay", "no kind of question"),
    "a question with a key that is none": (F, "key: position", "key: Your position", "is no key"),
    "a choice without options": (F, "kind: choices", "kind: choice\n        words: 10", "Words are counted in long answers"),
    "options of what is no choice": (F, "kind: choices", "kind: short", "A choice has options"),
    "an option twice": (F, '"By video"', '"In person"', "An option stands twice"),
    "a declaration that is no yes": (F, '{key: truthful, kind: "yes"', "{key: truthful, kind: long", "declared is answered with yes"),
    "an empty anchor": (R, "3: Asks what the protégé wants to leave with;", "3:\n      9:", "must be text"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_its_file_its_line_and_a_remedy(name, tmp_path):
    file, right, wrong, words = MISTAKES[name]
    folder = edited(tmp_path, file, right, wrong)
    programme, faults = packs.read(folder)
    assert programme is None
    fault = next((fault for fault in faults if words in fault.message), None)
    assert fault is not None, [str(fault) for fault in faults]
    assert fault.remedy
    assert 1 <= fault.line <= len((folder / fault.file).read_text("utf-8").splitlines())


def test_the_line_of_a_setting_is_its_own(tmp_path):
    folder = edited(tmp_path, P, "overall_mean: 2.75", "overall_mean: 9")
    line = next(number for number, line in enumerate((folder / P).read_text("utf-8").splitlines(), 1) if "overall_mean: 9" in line)
    assert [(fault.file, fault.line) for fault in packs.check(folder)] == [(P, line)]


def test_a_file_that_is_not_utf8_is_named_with_its_line(tmp_path):
    folder = tmp_path / "pack"
    shutil.copytree(PACK, folder)
    path = folder / "en" / "modules" / "M1.md"
    path.write_bytes(path.read_bytes().replace("protégé".encode(), "protégé".encode("latin-1"), 1))
    (fault,) = packs.check(folder)
    assert (fault.file, fault.line) == ("en/modules/M1.md", 5)


def test_an_empty_folder_is_no_pack(tmp_path):
    (fault,) = packs.check(tmp_path)
    assert fault.file == "programme.yaml"


# --- importing


def test_a_second_import_of_the_same_content_changes_nothing(world: World):
    before = packs.current(world.org_id)
    again = packs.import_pack(org_id=world.org_id, path=PACK, actor="operator")
    assert before is not None
    assert (again.id, again.created) == (before.id, False)
    assert base.session().scalar(select(func.count(ProgrammeVersion.id))) == 1


def test_an_import_writes_its_audit_line(world: World):
    line = base.session().scalars(select(AuditEvent).where(AuditEvent.verb == "import")).one()
    assert (line.actor_id, line.object_kind, line.facts["slug"]) == ("operator", "programme_version", "foundations")


def test_what_was_imported_is_what_the_pack_says(world: World, foundations):
    version = packs.current(world.org_id)
    assert version is not None
    assert packs.load(version.id) == foundations
    assert packs.module(packs.module_version_id(version.id, "M1")) == foundations.module("M1")
    assert packs.rubric(packs.rubric_version_id(version.id, "RU-C")) == foundations.rubric("RU-C")


def test_an_edited_pack_is_a_new_version_and_shares_what_did_not_change(world: World, tmp_path):
    first = packs.current(world.org_id)
    assert first is not None
    folder = edited(tmp_path, P, 'edition: "2"', 'edition: "3"')
    second = packs.import_pack(org_id=world.org_id, path=folder, actor="operator")
    assert second.created
    assert packs.current(world.org_id).id == second.id
    assert packs.load(first.id).edition == "2"
    assert packs.module_version_id(first.id, "M1") == packs.module_version_id(second.id, "M1")
    assert base.session().scalar(select(func.count(ModuleVersion.id))) == 1


def test_a_faulty_pack_imports_nothing_and_names_its_faults(world: World, tmp_path):
    folder = edited(tmp_path, P, "overall_mean: 2.75", "overall_mean: 9")
    with pytest.raises(RuleBroken) as refused:
        packs.import_pack(org_id=world.org_id, path=folder, actor="operator")
    assert refused.value.code == "pack_faulty"
    assert [fault.file for fault in refused.value.facts["faults"]] == [P]
    assert base.session().scalar(select(func.count(ProgrammeVersion.id))) == 1


@pytest.mark.parametrize("table", [ProgrammeVersion, ModuleVersion, RubricVersion])
def test_a_version_never_changes(world: World, table):
    with pytest.raises(FenceBroken), base.transactional() as session:
        session.scalars(select(table)).first().content_hash = "0" * 64


def test_a_version_whose_row_was_tampered_with_is_refused(world: World, tmp_path):
    folder = edited(tmp_path, R, "Role and boundaries", "Role and its boundaries")
    version = packs.import_pack(org_id=world.org_id, path=folder, actor="operator")
    rubric = packs.rubric_version_id(version.id, "RU-C")
    body = base.session().scalar(select(RubricVersion.body).where(RubricVersion.id == rubric))
    base.session().rollback()
    # Past every door of ours, as somebody with the file could: the product's own connection refuses to change such a row.
    behind = base.db.engine.raw_connection()
    behind.cursor().execute("UPDATE rubric_version SET body = ? WHERE id = ?", (json.dumps({**body, "title": "Other"}), rubric))
    behind.close()
    with pytest.raises(RuleBroken) as refused:
        packs.rubric(rubric)
    assert refused.value.code == "version_changed"


def test_versions_of_another_organisation_are_not_there(app):
    north, south = make_world("North"), make_world("South")
    with base.tenant(north.org_id):
        version = packs.current(north.org_id)
        assert version is not None
        module, rubric = packs.module_version_id(version.id, "M1"), packs.rubric_version_id(version.id, "RU-C")
    with base.tenant(south.org_id):
        for look in (lambda: packs.load(version.id), lambda: packs.module(module), lambda: packs.rubric(rubric)):
            with pytest.raises(NotFound):
                look()
