# SPDX-License-Identifier: Apache-2.0
"""The translations of a pack: one folder for each language, read and held to the source.

A folder has the files of the source's folder under the same names, and ``programme.yaml`` with the texts of the pack's own one by their
keys. A file that is not there is not translated yet; one that is there has everything that its source has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from lti_mentoring.domain import translation as rules
from lti_mentoring.domain.form import read_form
from lti_mentoring.domain.language import TAG
from lti_mentoring.domain.manuscript import places, read_module
from lti_mentoring.domain.module import Module
from lti_mentoring.domain.outline import Fault
from lti_mentoring.domain.pack import PROGRAMME_FILE, read_pack, read_protocol, read_rubric
from lti_mentoring.domain.programme import Programme, Rubric
from lti_mentoring.domain.reader import Document, Path, Reader
from lti_mentoring.domain.supplement import MAILS, TERMS, read_handout, read_mails, read_one_transcript, read_terms, unlike
from lti_mentoring.domain.transcript import script
from lti_mentoring.domain.translation import Difference

FOLDERS = ("modules", "rubrics", "forms", "protocols", "transcripts", "texts")
MADE_FROM = "made-from.yaml"
"""Of each text the mark of the source that it was made from, so that one can be told that is older; written by ``programme translate``."""

Words = dict[str, dict[str, str]]
"""Translated texts by file and place."""


def read_programme(documents: Sequence[Document]) -> tuple[Programme | None, list[Fault]]:
    """The programme with its translations, or None and every fault that was found, by file and line."""
    programme, faults = read_pack(documents)
    if programme is None:
        return None, faults
    found = {language: _Folder(language, programme, documents) for language in _languages(programme, documents)}
    faults = sorted({fault for folder in found.values() for fault in folder.faults})
    return (None if faults else _with(programme, found)), faults


def advice(programme: Programme, documents: Sequence[Document]) -> list[Fault]:
    """What a translator is told that keeps no pack from being imported: texts that were left as the source has them."""
    found = []
    for language in rules.languages(programme, programme.language)[1:]:
        folder = _Folder(language, programme, documents)
        for file, whole in rules.wholes(programme):
            said = folder.words.get(file, {})
            same = [text for place, text in rules.texts(whole) if rules.left(text, said.get(place, ""))]
            if same:
                count = f"{len(same)} texts are" if len(same) > 1 else "One text is"
                message = f"{count} as in the source, first “{' '.join(same[0].split()[:6])} …”."
                found.append(Fault(f"{language}/{file}", 1, message, "Translate what is not a name; it is read in the source until then."))
    return found


def words_of(programme: Programme, language: str, documents: Sequence[Document]) -> Words:
    """What a language's folder says, by file and place, whether or not it was left as in the source."""
    return _Folder(language, programme, documents).words


def translated_modules(programme: Programme, documents: Sequence[Document]) -> Iterator[tuple[str, Module, Document]]:
    """Each module that is there in another language, with its file."""
    by_file = {document.file: document for document in documents}
    for language in rules.languages(programme, programme.language)[1:]:
        for module in programme.modules:
            document = by_file.get(f"{language}/modules/{module.key}.md")
            other = read_module(document.text, document.file, module.draw, module)[0] if document is not None else None
            if document is not None and other is not None:
                yield language, other, document


def _languages(programme: Programme, documents: Sequence[Document]) -> list[str]:
    """The folders beside the source's that look like one of a language."""
    found: dict[str, None] = {}
    for document in documents:
        folder, _, rest = document.file.partition("/")
        if folder != programme.language and (rest in (PROGRAMME_FILE, MADE_FROM, MAILS, TERMS) or rest.partition("/")[0] in FOLDERS):
            found[folder] = None
    return sorted(found)


def _with(programme: Programme, found: Mapping[str, _Folder]) -> Programme:
    def told(file: str, whole: rules.Whole) -> tuple[rules.Translation, ...]:
        return tuple(rules.translation(whole, one.language, one.words.get(file, {}), one.made_from(file)) for one in found.values())

    return replace(
        programme,
        translations=told(PROGRAMME_FILE, programme),
        modules=tuple(replace(one, translations=told(f"modules/{one.key}.md", one)) for one in programme.modules),
        rubrics=tuple(replace(one, translations=told(f"rubrics/{one.key}.yaml", one)) for one in programme.rubrics),
    )


class _Folder:
    """Collects the words of one language, and what in its folder is not as in the source."""

    def __init__(self, language: str, programme: Programme, documents: Sequence[Document]) -> None:
        self.language, self.programme = language, programme
        start = f"{language}/"
        self.files = {one.file.removeprefix(start): one for one in documents if one.file.startswith(start)}
        self.faults: list[Fault] = []
        self.words: Words = {}
        if not TAG.match(language):
            remedy = "Name the folder by its language, such as de, pt-BR or zh-Hant."
            self.faults.append(Fault(min(one.file for one in self.files.values()), 1, f"“{language}” is no language tag.", remedy))
            return
        self.read()

    def read(self) -> None:
        programme = self.programme
        known = {PROGRAMME_FILE, MADE_FROM}
        self.words[PROGRAMME_FILE] = dict(self.names())
        for module in programme.modules:
            known.add(f"modules/{module.key}.md")
            self.module(module)
        for rubric in programme.rubrics:
            known.add(f"rubrics/{rubric.key}.yaml")
            self.rubric(rubric)
        for protocol in programme.protocols:
            known.add(file := f"protocols/{protocol.key}.yaml")
            if (reader := self.reader(file)) is not None:
                self.beside(protocol, read_protocol(reader, protocol.key), reader, f"protocols/{protocol.key}/")
        known |= self.supplements()
        if programme.form is not None:
            known.add(file := f"forms/{programme.form.key}.yaml")
            if (reader := self.reader(file)) is not None:
                self.beside(programme.form, read_form(reader, programme.form.key), reader, "form/")
        for file, document in self.files.items():
            if file not in known and file.partition("/")[0] in FOLDERS:
                self.faults.append(Fault(document.file, 1, "The source has no such file.", "Take it out, or mend its name."))

    def reader(self, file: str) -> Reader | None:
        """A reader of a file that is there, with faults of its own: they decide whether it can be compared."""
        document = self.files.get(file)
        return Reader(document, []) if document is not None else None

    def made_from(self, file: str) -> dict[str, str]:
        """The marks of the source of each text of a file, as they were noted down."""
        noted = self.files[MADE_FROM].data if MADE_FROM in self.files else None
        marks = noted.get(file) if isinstance(noted, Mapping) else None
        said = marks if isinstance(marks, Mapping) else {}
        return {str(place): str(both).partition(" ")[0] for place, both in said.items()}

    def module(self, source: Module) -> None:
        document = self.files.get(file := f"modules/{source.key}.md")
        if document is None:
            return
        module, faults = read_module(document.text, document.file, source.draw, source)
        self.faults += faults
        if module is not None:
            if module.practice.marking is None:  # a pack may say how a task is marked where it names the module
                module = replace(module, practice=replace(module.practice, marking=source.practice.marking))
            lines = places(document.text)
            for one in rules.differences(source, module):
                line = next((lines[at] for at in _markdown(one) if at and at in lines), 1)
                self.faults.append(Fault(document.file, line, one.message, one.remedy))
            self.words[file] = dict(rules.texts(module))

    def rubric(self, source: Rubric) -> None:
        file = f"rubrics/{source.key}.yaml"
        reader = self.reader(file)
        if reader is not None:
            rubric = read_rubric(reader, source.key)
            self.compare(reader, rules.differences(source, rubric))
            self.words[file] = dict(rules.texts(rubric))

    def beside(self, source: object, part: object, reader: Reader, place: str) -> None:
        """A form or a protocol: a file of its own, and a part of the programme."""
        self.compare(reader, rules.differences(source, part))
        self.words[PROGRAMME_FILE] |= dict(rules.texts(part, place))

    def supplements(self) -> set[str]:
        """Transcripts, texts that are given out, words for mails and terms. -> the names of their files"""
        criteria = {rubric.key: tuple(one.key for one in rubric.criteria) for rubric in self.programme.rubrics}
        names = set()
        for one in self.programme.transcripts:
            names.add(file := f"transcripts/{one.key}.md")
            if (document := self.files.get(file)) is not None:
                other, faults = read_one_transcript(document, one.key, criteria)
                self.faults += faults or unlike(script(one), script(other), document.file)
                self.words[PROGRAMME_FILE][f"transcripts/{one.key}/text"] = other.text
        for handout in self.programme.texts:
            names.add(file := f"texts/{handout.key}.md")
            if (document := self.files.get(file)) is not None:
                again, faults = read_handout(document, handout.key)
                self.faults += faults
                self.words[PROGRAMME_FILE][f"texts/{handout.key}/text"] = again.text
        self.listed(MAILS, "mails", self.programme.mails, read_mails)
        self.listed(TERMS, "terms", self.programme.terms, read_terms)
        return names

    def listed(self, file: str, name: str, source: Sequence[Any], read: Callable[[Document | None, list[Fault]], Sequence[Any]]) -> None:
        """A file with a list of texts by their keys; what it lacks is not translated yet."""
        found = read(self.files.get(file), self.faults)
        known = {one.key for one in source}
        for one in found:
            if one.key not in known:
                self.faults.append(Fault(f"{self.language}/{file}", 1, f"“{one.key}” is not in the source.", "Take it out."))
            self.words[PROGRAMME_FILE] |= dict(rules.texts(one, f"{name}/{one.key}/"))

    def compare(self, reader: Reader, found: Iterable[Difference]) -> None:
        """What cannot be read is told first: the differences follow from it."""
        if not reader.faults:
            for one in found:
                reader.fault(one.path, one.message, one.remedy)
        self.faults += reader.faults

    def names(self) -> Iterator[tuple[str, str]]:
        """The texts of programme.yaml by their places; what is not written is not translated yet."""
        reader = self.reader(PROGRAMME_FILE)
        if reader is None:
            return
        programme = self.programme
        reader.keys((), ("title", "purpose", "support", "certificate", "competencies", "outlines"))
        for name in ("title", "support", "certificate"):
            if reader.has((name,)):
                yield name, reader.text((name,))
        yield from _list(reader, ("purpose",), programme.purpose, "purpose")
        reader.keys(("competencies",), [one.key for one in programme.competencies])
        for competency in programme.competencies:
            path: Path = ("competencies", competency.key)
            yield from _entry(reader, path, "indicators")
            said = _list(reader, (*path, "indicators"), competency.indicators, "")
            keys = [one.key for one in competency.indicators]
            yield from ((f"competencies/{competency.key}/indicators/{keys[int(at)]}/text", text) for at, text in said)
        reader.keys(("outlines",), [one.key for one in programme.outlines])
        for outline in programme.outlines:
            path = ("outlines", outline.key)
            yield from _entry(reader, path, "outcomes")
            yield from _list(reader, (*path, "outcomes"), outline.outcomes, f"outlines/{outline.key}/outcomes")
        self.faults += reader.faults


def _entry(reader: Reader, path: Path, other: str) -> Iterator[tuple[str, str]]:
    reader.keys(path, ("title", other))
    if reader.has((*path, "title")):
        yield "/".join(map(str, (*path, "title"))), reader.text((*path, "title"))


def _list(reader: Reader, path: Path, source: Sequence[object], place: str) -> Iterator[tuple[str, str]]:
    """The texts of a list by their places; as many as the source has, or none yet."""
    said = reader.optional_texts(path)
    if said and len(said) != len(source):
        reader.fault(path, f"“{path[-1]}” has {len(said)} entries, and {len(source)} in the source.", "Translate each, in the same order.")
        return
    for index, text in enumerate(said):
        yield f"{place}/{index}" if place else str(index), text


def _markdown(one: Difference) -> Iterator[str]:
    """Places of a manuscript where a difference may be looked at, the nearest first."""
    yield one.name
    yield one.name.partition(" ")[0]
    top = one.path[0] if one.path else ""
    if top == "sections":
        yield f"section {one.name.partition(' ')[0]}"
    parts = {"sections": "Reading", "outcomes": "Learning outcomes", "items": "Knowledge check", "practice": "Practice task"}
    yield parts.get(str(top), "")
