# SPDX-License-Identifier: Apache-2.0
"""Programme packs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from lti_mentoring.cli.base import opened, say
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.domain.standard import Figures
from lti_mentoring.domain.transcript_standard import TranscriptFigures
from lti_mentoring.services import framework as framework_verbs
from lti_mentoring.services import pack as pack_verbs
from lti_mentoring.services import people as people_verbs
from lti_mentoring.services import platform as platform_verbs
from lti_mentoring.services import programme as programme_verbs
from lti_mentoring.services import translating as translating_verbs
from lti_mentoring.services.programme import Examination

_NOT_NEWEST = (
    "Nothing was imported: this organisation has the same content already, as a version that was made in the browser. The courses that "
    "chose it keep it, and courses that begin still begin with the newest import before. To let them begin with this content, give it "
    "another “edition” in programme.yaml and import it again."
)


def import_pack(org_id: str, path: Path) -> dict[str, Any]:
    """Publish a pack to an organisation; a pack with faults is told line by line."""
    with faults_told(), people_verbs.within(org_id):
        row = programme_verbs.import_pack(org_id=org_id, path=path, actor="operator")
    if row.derived:
        click.echo(_NOT_NEWEST, err=True)
    return asdict(row)


@contextmanager
def faults_told() -> Iterator[None]:
    """Each fault that a rule was broken by, on a line of standard error: where, what, and how to mend it."""
    try:
        yield
    except RuleBroken as error:
        for fault in error.facts.get("faults", ()):  # type: ignore[attr-defined]
            click.echo(str(fault), err=True)
        raise


@click.group("programme")
def programme_group() -> None:
    """Programme packs."""


@programme_group.command("check")
@click.argument("path", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--strict", is_flag=True, help="Take advice for faults.")
@click.option("--figures", is_flag=True, help="Print what was counted in each module, too.")
def programme_check(path: Path, strict: bool, figures: bool) -> None:
    """Say what is wrong with a pack: file, line and remedy.

    Faults keep a pack from being imported. Advice tells an author where a module is not as the standard for modules has it.
    """
    found = programme_verbs.examine(path)
    faults = sorted((*found.faults, *found.advice)) if strict else found.faults
    advice = () if strict else found.advice
    for fault in faults:
        click.echo(str(fault))
    for fault in advice:
        click.echo(f"{fault.file}:{fault.line}: advice: {fault.message} {fault.remedy}")
    for file, counted in found.figures if figures else ():
        for line in _told(counted):
            click.echo(f"{file}: {line}")
    for file, spoken in found.transcripts if figures else ():
        click.echo(f"{file}: {_spoken(spoken)}")
    for line in _languages(found):
        click.echo(line)
    if faults:
        sys.exit(1)
    click.echo("nothing is wrong, but there is advice" if advice else "nothing is wrong")


def _languages(found: Examination) -> Iterator[str]:
    """Each language of a pack that has more than one, with how much of it is there."""
    if found.shares:
        yield f"{found.language}: the source, {found.shares[0].texts} texts"
    for share in found.shares:
        older = f", {share.stale} older than their source" if share.stale else ""
        yield f"{share.language}: {share.translated} of {share.texts} texts translated ({share.percent} %){older}"


def _told(counted: Figures) -> Iterator[str]:
    """What was counted in a module, in a line for its reading, one for its check and one for each outcome."""
    words = (
        f", reading {counted.words} words, card {counted.card}, sentence {float(counted.mean_sentence):.1f} words in the mean "
        f"and {counted.longest_sentence} at most, turn {counted.longest_turn} at most"
    )
    moralising = "" if counted.moralising is None else f", moralising {float(1000 * counted.moralising):.1f} in 1,000 words"
    yield f"{counted.module}: dialogues {counted.dialogues}{words if counted.words else ', words not counted in this language'}{moralising}"
    letters = ", ".join(f"{letter} {share}" for letter, share in counted.letters.items())
    yield (
        f"{counted.module}: key longest in {counted.key_longest}, shortest in {counted.key_shortest}; keys {letters}; "
        f"unequal bins in {counted.unequal_bins}"
    )
    for outcome in counted.outcomes:
        yield (
            f"{outcome.outcome}: {outcome.many_part} of many parts, {outcome.choice} choices ({outcome.critical} critical); "
            f"blind guessing clears {float(100 * outcome.blind_guess):.2f} draws of 100; key longest in {outcome.key_longest}"
        )


def _spoken(counted: TranscriptFigures) -> str:
    """What was counted in a transcript."""
    shares = ", ".join(f"{who} {round(100 * share)} %" for who, share in counted.shares)
    levels = ", ".join(f"{level}: {count}" for level, count in enumerate(counted.levels, 1))
    mean = f", mean {float(counted.mean):.1f}" if counted.mean is not None else ""
    length = f"{counted.seconds // 60}:{counted.seconds % 60:02}"
    told = (
        f"{counted.words} words in {length}, {counted.silence} seconds of it silence",
        f"{float(counted.rate):.2f} words a second",
        f"{shares} of the words",
        f"levels {levels}, not observed: {counted.not_observed}{mean}",
    )
    return f"transcript {counted.number}: {'; '.join(told)}"


@programme_group.command("figures")
@click.argument("path", type=click.Path(exists=True, file_okay=False, path_type=Path))
def programme_figures(path: Path) -> None:
    """Print what is counted in each module and transcript of a pack as a page of Markdown, to be kept beside it."""
    with faults_told():
        click.echo(programme_verbs.figures_page(path), nl=False)


@programme_group.command("translate")
@click.argument("path", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("language")
@click.option("--settled", is_flag=True, help="Every text of the language says what its source says today.")
def programme_translate(path: Path, language: str, settled: bool) -> None:
    """Write the files that a translator begins with, and note which source each text was made from; nothing is written over."""
    with faults_told():
        begun = translating_verbs.begin(path=path, language=language, settled=settled)
    say({"files": begun.files, **asdict(begun.share)})


@programme_group.command("import")
@click.argument("path", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--organisation", required=True)
def programme_import(path: Path, organisation: str) -> None:
    """Publish a pack to an organisation as a version that never changes."""
    with opened():
        say(import_pack(platform_verbs.organisation_id(organisation), path))


@programme_group.command("export")
@click.option("--organisation", required=True)
@click.option("--version-id", help="A version as 'programme import' named it; without it the current one.")
@click.option("--out", "folder", required=True, type=click.Path(file_okay=False, path_type=Path), help="A folder for the files.")
@click.option("--without-translations", is_flag=True, help="Write a version that has translations, without them.")
def programme_export(organisation: str, version_id: str | None, folder: Path, without_translations: bool) -> None:
    """Write a version as a pack again, with whatever was edited in the browser; translations are not written."""
    with opened():
        org_id = platform_verbs.organisation_id(organisation)
        with people_verbs.within(org_id):
            made = pack_verbs.export_pack(org_id=org_id, folder=folder, version_id=version_id, translations=not without_translations)
            say({"files": made})


@programme_group.command("export-case")
@click.option("--organisation", required=True)
@click.option("--version-id", help="A version as 'programme import' named it; without it the current one.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="A file, in place of standard output.")
def programme_export_case(organisation: str, version_id: str | None, out: Path | None) -> None:
    """Competencies and rubrics as a package of 1EdTech's CASE 1.1 (JSON)."""
    with opened() as app:
        org_id = platform_verbs.organisation_id(organisation)
        base_uri = app.extensions["doctor"].public_url
        with people_verbs.within(org_id):
            package = framework_verbs.export_case(org_id=org_id, base_uri=base_uri, version_id=version_id)
    if out is None:
        say(package)
    else:
        framework_verbs.write(out, json.dumps(package, ensure_ascii=False, indent=2) + "\n")
        say({"file": str(out), "identifier": package["CFDocument"]["identifier"]})


@programme_group.command("import-case")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", "folder", required=True, type=click.Path(file_okay=False, path_type=Path), help="A folder for the files.")
@click.option("--leave-out-faulty", is_flag=True, help="Write what can be read, and say what was left out.")
def programme_import_case(file: Path, folder: Path, leave_out_faulty: bool) -> None:
    """Turn a CASE package into files for a pack; nothing is published."""
    with faults_told():
        written = framework_verbs.import_case(path=file, folder=folder, leave_out_faulty=leave_out_faulty)
    for fault in written.faults:
        click.echo(str(fault), err=True)
    say({**asdict(written), "faults": len(written.faults)})
