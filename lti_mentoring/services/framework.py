# SPDX-License-Identifier: Apache-2.0
"""A programme's framework goes out as a CASE package, and a CASE package becomes files that an author puts into a pack."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select

from lti_mentoring.domain.body import to_body
from lti_mentoring.domain.case import from_case, to_case
from lti_mentoring.domain.framework import Fault, Framework
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.programme import LEVELS, Competency, Rubric
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import intake, programme
from lti_mentoring.store import base
from lti_mentoring.store.platform import Organisation
from lti_mentoring.store.programme import ProgrammeVersion

LARGEST_FILE = 20_000_000
"""Bytes. What is larger is not read: ``json`` takes several times as much memory."""

COMPETENCIES_FILE = "competencies.yaml"

_HEADER = "# Made from a CASE package. Move “competencies” and “rubrics” into programme.yaml of the pack, then delete this file.\n\n"


@dataclass(frozen=True, slots=True)
class Written:
    """What an import wrote: names of files in the folder, keys. ``unplaced`` are criteria, as "rubric criterion", that name no competency
    yet: the author has to choose. ``faults`` say what was left out."""

    files: tuple[str, ...]
    competencies: tuple[str, ...]
    rubrics: tuple[str, ...]
    unplaced: tuple[str, ...]
    faults: tuple[Fault, ...]


# --- out ----------------------------------------------------------------------------------------------------------------


def export_case(*, org_id: str, base_uri: str, version_id: str | None = None) -> dict[str, Any]:
    """The CFPackage of a programme version, or else of the current one; the same version gives the same package each time, in the language
    of its source.

    ``base_uri`` is the tool's own address. NotFound ``programme`` before the first import, ``version`` in another organisation. Must run
    in the tenant scope of ``org_id``.
    """
    if version_id is None:
        row = programme.current(org_id)
        if row is None:
            raise NotFound("programme")
        version_id = row.id
    made = programme.source(version_id)
    at = base.session().scalars(select(ProgrammeVersion.imported_at).where(ProgrammeVersion.id == version_id)).one()
    creator = base.session().scalars(select(Organisation.name).where(Organisation.id == org_id)).one()
    return to_case(made, base_uri=base_uri, made_at=at, creator=creator)


def of_course(*, actor: Actor, base_uri: str) -> dict[str, Any]:
    """The CFPackage of the programme that the actor's course works with. RuleBroken ``programme_missing`` before the first import."""
    version_id = intake.version_of(actor, intake.of(org_id=actor.org_id, course_id=actor.course_id))
    return export_case(org_id=actor.org_id, base_uri=base_uri, version_id=version_id)


# --- in -----------------------------------------------------------------------------------------------------------------


def read_case(path: Path) -> tuple[Framework, list[Fault]]:
    """The framework in a file, and every fault; what is at fault is left out."""
    with path.open("rb") as file:
        raw = file.read(LARGEST_FILE + 1)
    if len(raw) > LARGEST_FILE:
        return Framework(), [Fault("", f"The file has more than {LARGEST_FILE} bytes.", "Bring a part of the framework.")]
    try:
        body = json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return Framework(), [Fault("", "The file is not UTF-8.", "Save it as UTF-8.")]
    except json.JSONDecodeError as error:
        return Framework(), [Fault("", f"This is not JSON: line {error.lineno}, column {error.colno}.", "Download it anew.")]
    except (RecursionError, ValueError):  # nested thousands deep, or a number with thousands of digits
        return Framework(), [Fault("", "This JSON is made to be unreadable.", "Bring the package as its CASE server gives it.")]
    return from_case(body)


def import_case(*, path: Path, folder: Path, leave_out_faulty: bool = False) -> Written:
    """Write the framework of a CASE package as files of a pack. No file is written over.

    RuleBroken: ``framework_faulty`` with ``faults`` unless what is at fault may be left out, ``framework_empty``, ``files_there``,
    ``file_unwritten``.
    """
    framework, faults = read_case(path)
    if faults and not leave_out_faulty:
        raise RuleBroken("framework_faulty", faults=tuple(faults), count=len(faults))
    if not framework.competencies and not framework.rubrics:
        raise RuleBroken("framework_empty", faults=tuple(faults))
    files = pack_files(framework)
    there = [name for name in files if (folder / name).exists()]
    if there:
        raise RuleBroken("files_there", files=tuple(there))
    for name, text in files.items():
        write(folder / name, text, over=False)
    return Written(
        files=tuple(files),
        competencies=tuple(competency.key for competency in framework.competencies),
        rubrics=tuple(rubric.key for rubric in framework.rubrics),
        unplaced=tuple(f"{rubric.key} {one.key}" for rubric in framework.rubrics for one in rubric.criteria if not one.competencies),
        faults=tuple(faults),
    )


def write(path: Path, text: str, *, over: bool = True) -> None:
    """Write a file, ``over`` one that is there or not at all, and the folders that it needs. RuleBroken ``file_unwritten``."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w" if over else "x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise RuleBroken("file_unwritten", file=str(path), why=error.strerror or "") from error


def pack_files(framework: Framework) -> dict[str, str]:
    """Texts by the names of their files in a pack: the competencies, to be moved into its programme.yaml, and a file for each rubric."""
    competencies = [_competency(competency) for competency in framework.competencies]
    files = {COMPETENCIES_FILE: {"competencies": competencies, "rubrics": [rubric.key for rubric in framework.rubrics]}}
    for rubric in framework.rubrics:
        files[f"{framework.language or 'en'}/rubrics/{rubric.key}.yaml"] = _rubric(rubric)
    return {name: (_HEADER if name == COMPETENCIES_FILE else "") + _yaml(data) for name, data in files.items()}


def _competency(competency: Competency) -> dict[str, Any]:
    body: dict[str, Any] = to_body(competency)
    if not body["indicators"]:
        del body["indicators"]
    return body


def _rubric(rubric: Rubric) -> dict[str, Any]:
    body: dict[str, Any] = to_body(rubric)
    for criterion in body["criteria"]:
        criterion["anchors"] = dict(zip(LEVELS, criterion["anchors"], strict=True))
    return body


def _yaml(data: object) -> str:
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120)
