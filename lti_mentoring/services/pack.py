# SPDX-License-Identifier: Apache-2.0
"""A programme version as a pack again: files of YAML and Markdown that can be edited elsewhere and imported."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import yaml

from lti_mentoring.domain import translation
from lti_mentoring.domain.body import to_body
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.domain.written_pack import files_of
from lti_mentoring.services import framework, intake, programme, training

_MADE_AT = (1980, 1, 1, 0, 0, 0)
"""The same version gives the same archive each time."""


def files(version_id: str, *, translations: bool = True) -> dict[str, str]:
    """Texts by the names of their files, in the language of the source: what is imported from them is the same version.

    NotFound in another organisation; RuleBroken ``translations_lost`` (languages) where it has translations, which are not written, unless
    they are not asked for.
    """
    made_of = programme.source(version_id)
    languages = translation.languages(made_of, made_of.language)[1:]
    if translations and languages:
        raise RuleBroken("translations_lost", languages=", ".join(languages))
    body = to_body(made_of)
    made = {}
    for file in files_of(body):
        document = file.document
        text = document.text or yaml.safe_dump(document.data, sort_keys=False, allow_unicode=True, width=120)
        made[document.file] = text
    return made


def export_pack(*, org_id: str, folder: Path, version_id: str | None = None, translations: bool = True) -> tuple[str, ...]:
    """Write the pack of a version, or else of the current one, into a folder; no file is written over. -> the names of its files.

    NotFound ``programme`` before the first import, ``version`` in another organisation; RuleBroken as ``files``, ``files_there``,
    ``file_unwritten``.
    Must run in the tenant scope of ``org_id``.
    """
    if version_id is None:
        row = programme.current(org_id)
        if row is None:
            raise NotFound("programme")
        version_id = row.id
    made = files(version_id, translations=translations)
    there = [name for name in made if (folder / name).exists()]
    if there:
        raise RuleBroken("files_there", files=tuple(there))
    for name, text in made.items():
        framework.write(folder / name, text, over=False)
    return tuple(made)


def archive(*, actor: Actor, translations: bool = True) -> tuple[str, bytes]:
    """The pack of the programme of the actor's course as a zip. -> (name of the file, its bytes)

    RuleBroken as ``files``; NotAllowed ``preview_candidate`` to a candidate of this course: all answers are in it.
    """
    training.for_staff_alone(actor=actor)
    version_id = intake.version_of(actor, intake.of(org_id=actor.org_id, course_id=actor.course_id))
    made = programme.source(version_id)
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as held:
        for name, text in files(version_id, translations=translations).items():
            held.writestr(zipfile.ZipInfo(name, _MADE_AT), text, zipfile.ZIP_DEFLATED)
    return f"{made.slug}.zip", written.getvalue()
