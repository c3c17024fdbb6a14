# SPDX-License-Identifier: Apache-2.0
"""What a translator begins with: the files of a pack that a language lacks, and a note of the source that each text was made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lti_mentoring.domain import translation as rules
from lti_mentoring.domain.language import TAG, mark
from lti_mentoring.domain.pack import PROGRAMME_FILE
from lti_mentoring.domain.programme import Programme
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.domain.supplement import MAILS, TERMS
from lti_mentoring.domain.translating import FOLDERS, MADE_FROM, read_programme, words_of
from lti_mentoring.domain.translation import Share
from lti_mentoring.services import folder
from lti_mentoring.services.framework import write

_NOTED = "# Which source each text was made from; “programme translate” keeps it. Do not edit it by hand.\n"


@dataclass(frozen=True, slots=True)
class Begun:
    """What was written for a translator, files of the pack's folder, and how much of the language is there."""

    files: tuple[str, ...]
    share: Share


def begin(*, path: Path, language: str, settled: bool = False) -> Begun:
    """Copy what the language lacks out of the source, and note down for each translated text which source it was made from: today's
    where it is new or has changed since the last time, else the one that was noted. ``settled``: all of it is made from today's.

    RuleBroken ``pack_faulty`` with ``faults``, ``language_unknown``, ``file_unwritten``.
    """
    programme = _read(path)
    if not TAG.match(language) or language == programme.language:
        raise RuleBroken("language_unknown", language=language)
    made = []
    for name, text in _lacking(path, programme, language):
        write(path / name, text, over=False)
        made.append(name)
    documents, _ = folder.documents(path)
    noted = next((one.data for one in documents if one.file == f"{language}/{MADE_FROM}"), None)
    words = words_of(programme, language, documents)
    notes = {
        file: _notes(whole, words.get(file, {}), {} if settled or not isinstance(noted, Mapping) else noted.get(file) or {})
        for file, whole in rules.wholes(programme)
    }
    kept = {file: said for file, said in notes.items() if said}
    if kept or noted is not None:
        write(path / language / MADE_FROM, _NOTED + _yaml(kept))
    (share,) = [one for one in rules.shares(_read(path)) if one.language == language]
    return Begun(tuple(made), share)


def _read(path: Path) -> Programme:
    documents, faults = folder.documents(path)
    programme, found = read_programme(documents) if not faults else (None, faults)
    if programme is None:
        raise RuleBroken("pack_faulty", faults=tuple(found))
    return programme


def _lacking(path: Path, programme: Programme, language: str) -> Iterator[tuple[str, str]]:
    if not (path / language / PROGRAMME_FILE).exists():
        yield f"{language}/{PROGRAMME_FILE}", _yaml(_names(programme))
    for name in (MAILS, TERMS):
        if (path / programme.language / name).exists() and not (path / language / name).exists():
            yield f"{language}/{name}", (path / programme.language / name).read_text(encoding="utf-8")
    for below in FOLDERS:
        for file in sorted((path / programme.language / below).glob("*.*")):
            name = f"{language}/{below}/{file.name}"
            if not (path / name).exists():
                yield name, file.read_text(encoding="utf-8")


def _names(programme: Programme) -> dict[str, Any]:
    """The words of programme.yaml by their keys, as they are in the source."""
    own = {name: getattr(programme, name) for name in ("title", "support", "certificate") if getattr(programme, name)}
    competencies = {
        one.key: {"title": one.title} | ({"indicators": [each.text for each in one.indicators]} if one.indicators else {})
        for one in programme.competencies
    }
    outlines = {one.key: {"title": one.title, "outcomes": list(one.outcomes)} for one in programme.outlines}
    lists = {"purpose": list(programme.purpose), "competencies": competencies, "outlines": outlines}
    return own | {name: value for name, value in lists.items() if value}


def _notes(whole: rules.Whole, words: Mapping[str, str], noted: Mapping[str, object]) -> dict[str, str]:
    found = {}
    for place, text in rules.texts(whole):
        said = words.get(place, "")
        if said and not rules.left(text, said):
            source, _, before = str(noted.get(place, "")).partition(" ")
            found[place] = f"{source if before == mark(said) else mark(text)} {mark(said)}"
    return found


def _yaml(data: object) -> str:
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120)
