# SPDX-License-Identifier: Apache-2.0
"""What an operator says on the command line: one JSON object for what was made, one clear line for what cannot be."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import structlog
from click.testing import CliRunner, Result
from sqlalchemy import select

from lti_mentoring.cli import main
from lti_mentoring.store import base
from lti_mentoring.store.privacy import AuditEvent

PLATFORM = {
    "organisation": "Northfield",
    "name": "Moodle of Northfield",
    "issuer": "https://moodle.northfield.example",
    "client-id": "abc",
    "deployment-id": "1",
    "auth-url": "https://moodle.northfield.example/auth",
    "token-url": "https://moodle.northfield.example/token",
    "jwks-url": "https://moodle.northfield.example/jwks",
    "family": "moodle",
}


@pytest.fixture
def run(database_url: str, secrets: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Say something on the command line."""
    for name, value in (*secrets.items(), ("LTI_MENTORING_DATABASE_URL", database_url)):
        monkeypatch.setenv(name, value)

    def say(*words: str) -> Result:
        try:
            return CliRunner().invoke(main, [*words])
        finally:
            structlog.reset_defaults()  # a command writes its log to the runner's standard error, which ends with it

    return say


def platform(**changes: str) -> list[str]:
    """The words of ``platform add``."""
    return ["platform", "add", *(part for name, value in {**PLATFORM, **changes}.items() for part in (f"--{name}", value))]


def made(result: Result) -> Any:
    """The one JSON object of a command that went well."""
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def refused(result: Result) -> str:
    """The one line of a command that could not."""
    assert result.exit_code == 2
    assert result.stdout == ""
    lines = result.stderr.strip().splitlines()
    assert len([line for line in lines if line.startswith("lti-mentoring: ")]) == 1, lines
    return lines[-1]


def test_an_organisation_is_added_once_with_the_default_programme(run: Callable[..., Result]) -> None:
    first = made(run("organisation", "add", "Northfield"))
    assert made(run("organisation", "add", "Northfield")) == first
    again = made(run("programme", "import", "config/programmes/foundations", "--organisation", "Northfield"))
    assert again["created"] is False


def test_a_platform_is_added_once_and_a_new_deployment_joins_it(run: Callable[..., Result]) -> None:
    run("organisation", "add", "Northfield")
    first = made(run(*platform()))
    assert made(run(*platform())) == first
    second = made(run(*platform(**{"deployment-id": "2"})))
    assert second["id"] == first["id"]
    listed = [json.loads(line) for line in run("platform", "list").stdout.splitlines()]
    assert [(row["deployment_id"], row["attention"]) for row in listed] == [("1", ""), ("2", "")]


def test_other_addresses_for_a_known_platform_are_named_and_need_a_word(run: Callable[..., Result]) -> None:
    run("organisation", "add", "Northfield")
    made(run(*platform()))
    moved = platform(**{"token-url": "https://moodle.northfield.example/token2"})
    assert "token_url" in refused(run(*moved))
    made(run(*moved, "--update"))
    made(run(*moved))


def test_another_organisation_gets_a_new_deployment_only(run: Callable[..., Result]) -> None:
    for name in ("Northfield", "Southgate"):
        run("organisation", "add", name)
    made(run(*platform()))
    refused(run(*platform(organisation="Southgate")))
    made(run(*platform(organisation="Southgate", **{"deployment-id": "2"})))
    refused(
        run(*platform(organisation="Southgate", **{"deployment-id": "2", "auth-url": "https://moodle.northfield.example/x"}), "--update")
    )


def test_one_issuer_with_keys_elsewhere_is_not_believed(run: Callable[..., Result]) -> None:
    run("organisation", "add", "Northfield")
    made(run(*platform()))
    refused(run(*platform(**{"client-id": "other", "jwks-url": "https://evil.example/jwks"})))


def test_a_platform_is_switched_off(run: Callable[..., Result]) -> None:
    run("organisation", "add", "Northfield")
    added = made(run(*platform()))
    assert made(run("platform", "disable", added["id"])) == {"id": added["id"], "active": False}
    refused(run("platform", "disable", "no-such-id"))


def test_keys_rotate_and_are_listed_without_their_private_part(run: Callable[..., Result]) -> None:
    first = made(run("keys", "rotate"))
    made(run("keys", "rotate", "--at-once"))
    listed = run("keys", "list").stdout
    assert first["kid"] in listed
    assert "private" not in listed.lower()
    assert made(run("keys", "reseal")) == {"keys": 0, "tokens": 0, "talk_keys": 0, "concerns": 0, "marks": 0, "copies": 0}


@pytest.mark.parametrize(
    "words",
    [
        ("platform", "approve-deployment", "x", "y", "--organisation", "Nowhere"),
        ("role", "grant", "--organisation", "Nowhere", "--person", "x", "--role", "observer"),
        ("session", "end"),
        ("delivery", "retry", "x", "--organisation", "Nowhere"),
        platform(family="blackbird"),
        platform(name=""),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(run: Callable[..., Result], words: tuple[str, ...]) -> None:
    run("organisation", "add", "Northfield")
    assert "KeyError" not in refused(run(*words))


def test_a_setting_that_does_not_exist_is_named(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LTI_MENTORING_SECERT_KEY", "x")
    assert "LTI_MENTORING_SECERT_KEY" in refused(run("platform", "list"))


def test_without_secrets_nothing_starts(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LTI_MENTORING_SECRET_KEY")
    assert "secrets new" in refused(run("serve"))


def test_a_fresh_set_of_secrets_is_printed_for_the_environment(run: Callable[..., Result]) -> None:
    lines = run("secrets", "new").stdout.split()
    assert {line.partition("=")[0] for line in lines} >= {"LTI_MENTORING_SECRET_KEY", "LTI_MENTORING_ENCRYPTION_KEYS"}


def test_a_faulty_pack_is_told_by_file_and_line(run: Callable[..., Result], tmp_path: Any) -> None:
    (tmp_path / "programme.yaml").write_text("title: [", "utf-8")
    result = run("programme", "check", str(tmp_path))
    assert result.exit_code == 1
    assert result.stdout.startswith("programme.yaml:")
    assert run("programme", "check", "config/programmes/foundations").exit_code == 0


@pytest.fixture
def pack(tmp_path: Path) -> Callable[..., Path]:
    """The default programme with one place of a file changed; a second change adds to the first."""

    def changed(file: str, right: str, wrong: str) -> Path:
        if not (tmp_path / "pack").exists():
            shutil.copytree("tests/support/packs/one-module", tmp_path / "pack")
        text = (tmp_path / "pack" / file).read_text("utf-8")
        assert right in text
        (tmp_path / "pack" / file).write_text(text.replace(right, wrong, 1), "utf-8")
        return tmp_path / "pack"

    return changed


DEFINED = ("en/modules/M1.md", "What is this?", "What is this, as defined above?")


def test_an_author_is_advised_and_may_import_all_the_same(run: Callable[..., Result], pack: Callable[..., Path]) -> None:
    made_of = str(pack(*DEFINED))
    result = run("programme", "check", made_of)
    assert result.exit_code == 0
    advice, last = result.stdout.splitlines()
    assert advice.startswith("en/modules/M1.md:245: advice: The stem of O1-05 says “defined”. ")
    assert last == "nothing is wrong, but there is advice"
    run("organisation", "add", "Northfield")
    assert made(run("programme", "import", made_of, "--organisation", "Northfield"))["created"] is True


def test_who_is_strict_takes_advice_for_a_fault(run: Callable[..., Result], pack: Callable[..., Path]) -> None:
    result = run("programme", "check", "--strict", str(pack(*DEFINED)))
    assert result.exit_code == 1
    assert result.stdout.startswith("en/modules/M1.md:245: The stem of O1-05 says “defined”. ")
    assert len(result.stdout.splitlines()) == 1
    assert run("programme", "check", "--strict", "config/programmes/foundations").stdout.splitlines()[-1] == "nothing is wrong"


def test_faults_are_told_before_advice(run: Callable[..., Result], pack: Callable[..., Path]) -> None:
    pack(*DEFINED)
    result = run("programme", "check", str(pack("programme.yaml", "modules_required: [M1]", "modules_required: [M9]")))
    assert result.exit_code == 1
    fault, advice = result.stdout.splitlines()
    assert fault.startswith("programme.yaml:")
    assert "M9" in fault
    assert "advice: The stem of O1-05" in advice


def test_figures_are_told_for_each_outcome(run: Callable[..., Result]) -> None:
    result = run("programme", "check", "--figures", "tests/support/packs/one-module")
    assert result.exit_code == 0
    reading, check, *outcomes, spoken, last = result.stdout.splitlines()
    assert "dialogues 3, reading 2474 words, card 116, sentence 11.1 words in the mean and 34 at most" in reading
    assert "key longest in 5 of 24 (21 %), shortest in 5 of 24 (21 %)" in check
    assert [line.split()[1] for line in outcomes] == ["O1:", "O2:", "O3:", "O4:"]
    assert outcomes[1].endswith(
        "O2: 3 of many parts, 6 choices (3 critical); blind guessing clears 0.65 draws of 100; key longest in 2.5 of 6 (42 %)"
    )
    assert "transcript 1: 1345 words in 11:55, 85 seconds of it silence; 2.38 words a second; Joaquim 45 %" in spoken
    assert last == "nothing is wrong"


def test_the_figures_of_a_pack_are_a_page_to_keep_beside_it(run: Callable[..., Result], tmp_path: Path) -> None:
    page = run("programme", "figures", "tests/support/packs/one-module").stdout
    assert "| en/modules/M1.md | 2026-11-30 | 2474 | 3 | 116 |" in page
    assert "| en/transcripts/T1.md |  | 1345 | 11:55 |" in page
    (tmp_path / "programme.yaml").write_text("title: [", "utf-8")
    assert "programme.yaml:1: This is not YAML" in refused(run("programme", "figures", str(tmp_path)))


def test_words_of_a_language_without_spaces_are_not_counted(run: Callable[..., Result], pack: Callable[..., Path]) -> None:
    folder = pack("programme.yaml", "language: en", "language: ja")
    (folder / "en").rename(folder / "ja")
    result = run("programme", "check", "--figures", str(folder))
    assert result.stdout.splitlines()[0] == "ja/modules/M1.md: M1: dialogues 3, words not counted in this language"


def test_what_the_operator_does_is_written_down(run: Callable[..., Result], app: Any) -> None:
    run("organisation", "add", "Northfield")
    run(*platform())
    with base.across_organisations("a test"):
        told = base.session().execute(select(AuditEvent.actor_id, AuditEvent.verb)).all()
    assert {("operator", "add"), ("operator", "register"), ("operator", "import")} <= {tuple(row) for row in told}


def test_the_doctor_says_what_is_wrong_and_ends_with_it(run: Callable[..., Result]) -> None:
    run("organisation", "add", "Northfield")
    known = made(run(*platform(**{"token-url": "https://lms.invalid/token", "jwks-url": "https://lms.invalid/jwks"})))
    found = run("doctor", "--platform", known["id"])
    assert found.exit_code == 1
    assert "lms.invalid" in found.stdout
    assert "access token address" in found.stdout
    tool, lms = (json.loads(line) for line in run("doctor", "--json").stdout.splitlines())
    assert tool["platform"] is None
    assert {"name_unknown"} <= {one["code"] for one in lms["findings"]}
    refused(run("doctor", "--platform", "nobody"))


def test_a_registration_is_changed_and_told_in_full(run: Callable[..., Result]) -> None:
    run("organisation", "add", "Northfield")
    known = made(run(*platform()))["id"]
    moved = ("platform", "update", known, "--token-url", "https://moodle.northfield.example/token2", "--token-audience", "elsewhere")
    assert made(run(*moved))["changed"] == ["token_audience", "token_url"]
    assert made(run(*moved))["changed"] == []
    assert made(run("platform", "update", known, "--token-audience", ""))["changed"] == ["token_audience"]
    assert "scheme" in refused(run("platform", "update", known, "--jwks-url", "http://moodle.northfield.example/jwks"))
    assert "generic" in refused(run("platform", "update", known, "--family", "elsewhere"))
    refused(run("platform", "update", "nobody", "--name", "A"))
    assert made(run("platform", "disable", known)) == {"id": known, "active": False}
    assert made(run("platform", "update", known, "--enable"))["active"] is True
    told = made(run("platform", "show", known))
    assert told["token_url"].endswith("/token2")
    assert told["deployments"] == [{"deployment_id": "1", "organisation": told["organisation"], "state": "active"}]


def test_roles_and_privacy_of_a_registration_are_said_once(run: Callable[..., Result]) -> None:
    run("organisation", "add", "Northfield")
    known = made(run(*platform()))["id"]
    for _ in range(2):
        said = made(run("platform", "override", known, "--role", "Manager", "--standing", "grader"))
        assert said["role_overrides"] == {"Manager": "grader"}
        assert made(run("platform", "privacy", known, "--no-email")) == {"id": known, "names": True, "email": False}
    assert "grader" in refused(run("platform", "override", known, "--role", "Manager", "--standing", "coordinator"))
    assert made(run("platform", "privacy", known, "--clear"))["cleared"][0]["email"] == 0
    made(run("platform", "privacy", known, "--email"))
    refused(run("platform", "privacy", known, "--clear"))
    assert made(run("platform", "override", known, "--role", "Manager"))["role_overrides"] == {}


def test_the_doctor_says_which_part_is_missing_before_anything_is_there(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LTI_MENTORING_DATABASE_URL", f"sqlite:///{tmp_path / 'nothing.sqlite3'}")
    found = run("doctor")
    assert found.exit_code == 1
    assert "A part of this tool does not work: database" in found.stdout
    assert "db upgrade" in found.stdout


def test_invites_are_made_listed_and_ended_and_their_secret_is_told_once(run: Callable[..., Result]) -> None:
    run("organisation", "add", "Northfield")
    first = made(run("platform", "invite", "--organisation", "Northfield"))
    assert "/lti/register/" in first["url"]
    (listed,) = [json.loads(line) for line in run("platform", "invites", "--organisation", "Northfield").stdout.splitlines()]
    assert listed["organisation"] == "Northfield"
    assert first["url"].rpartition("/")[2] not in json.dumps(listed)
    made(run("platform", "revoke-invite", listed["key"]))
    assert run("platform", "invites").stdout == ""
    refused(run("platform", "revoke-invite", listed["key"]))
    refused(run("platform", "revoke-invite", ""))
    for _ in range(20):
        made(run("platform", "invite", "--organisation", "Northfield"))
    assert "20 invites" in refused(run("platform", "invite", "--organisation", "Northfield"))


def test_a_framework_goes_out_as_case_and_comes_back_as_files(run: Callable[..., Result], tmp_path: Path) -> None:
    run("organisation", "add", "Northfield")
    package = made(run("programme", "export-case", "--organisation", "Northfield"))
    file = tmp_path / "out" / "framework.json"
    told = made(run("programme", "export-case", "--organisation", "Northfield", "--out", str(file)))
    assert told == {"file": str(file), "identifier": package["CFDocument"]["identifier"]}
    assert json.loads(file.read_text("utf-8")) == package
    written = made(run("programme", "import-case", str(file), "--out", str(tmp_path / "new")))
    assert written["files"] == ["competencies.yaml", *(f"en/rubrics/RU-{letter}.yaml" for letter in "ABCDE")]
    assert (len(written["competencies"]), written["rubrics"], written["faults"]) == (10, ["RU-A", "RU-B", "RU-C", "RU-D", "RU-E"], 0)
    assert all((tmp_path / "new" / name).is_file() for name in written["files"])


def test_a_package_with_faults_is_told_line_by_line_and_writes_nothing(run: Callable[..., Result], tmp_path: Path) -> None:
    file = tmp_path / "framework.json"
    body = {"CFDocument": {"title": "T"}, "CFItems": [{"identifier": "a", "fullStatement": "Listens"}, {"identifier": "b"}]}
    file.write_text(json.dumps(body), "utf-8")
    result = run("programme", "import-case", str(file), "--out", str(tmp_path / "new"))
    assert "--leave-out-faulty" in refused(result)
    assert "/CFItems/1/fullStatement: " in result.stderr
    assert not (tmp_path / "new").exists()
    result = run("programme", "import-case", str(file), "--out", str(tmp_path / "new"), "--leave-out-faulty")
    assert (made(result)["competencies"], made(result)["faults"]) == (["C1"], 1)
    assert "/CFItems/1/fullStatement: " in result.stderr


def test_a_framework_that_cannot_go_out_is_one_clear_line(run: Callable[..., Result], tmp_path: Path) -> None:
    run("organisation", "add", "Northfield")
    refused(run("programme", "export-case", "--organisation", "Nowhere"))
    refused(run("programme", "export-case", "--organisation", "Northfield", "--version-id", "no-such-id"))
    (tmp_path / "file").write_text("x", "utf-8")
    said = refused(run("programme", "export-case", "--organisation", "Northfield", "--out", str(tmp_path / "file" / "framework.json")))
    assert "cannot be written" in said


def test_a_translator_is_given_a_beginning_and_told_how_much_of_each_language_is_there(run: Callable[..., Result], tmp_path: Path) -> None:
    folder = tmp_path / "pack"
    shutil.copytree("tests/support/packs/two-languages", folder)
    begun = made(run("programme", "translate", str(folder), "de"))
    assert (begun["language"], begun["translated"], len(begun["files"])) == ("de", 0, 9)
    assert "“german” is no language" in refused(run("programme", "translate", str(folder), "german"))
    lines = run("programme", "check", str(folder)).stdout.splitlines()
    assert lines[-4:-1] == [
        "en: the source, 157 texts",
        "ar: 157 of 157 texts translated (100 %)",
        "de: 0 of 157 texts translated (0 %)",
    ]


def test_the_record_is_verified_by_a_command(run: Callable[..., Result]) -> None:
    made(run("organisation", "add", "Northfield"))
    said = made(run("audit", "verify", "--organisation", "Northfield"))
    assert (said["organisation"], said["verified"], said["broken"]) == ("Northfield", 0, None)
    assert said["not_chained_yet"] > 0
    refused(run("audit", "verify", "--organisation", "Nowhere"))
