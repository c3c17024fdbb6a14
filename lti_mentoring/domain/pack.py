# SPDX-License-Identifier: Apache-2.0
"""A programme as its authors keep it, in a folder of files: read into a programme, with every fault named by file, line and remedy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from lti_mentoring.domain.form import read_form
from lti_mentoring.domain.manuscript import read_module
from lti_mentoring.domain.marking import RANGES as MARKING_RANGES
from lti_mentoring.domain.module import Draw, Marking, Module
from lti_mentoring.domain.outline import Fault
from lti_mentoring.domain.policy import check_policies, read_policies, sort_faults
from lti_mentoring.domain.programme import (
    LEVELS,
    ApplicationForm,
    Aspect,
    Competency,
    Criterion,
    Indicator,
    Outline,
    Programme,
    Protocol,
    Rubric,
)
from lti_mentoring.domain.reader import Document, Path, Reader
from lti_mentoring.domain.supplement import (
    MAILS,
    TERMS,
    check_reviews,
    file_of,
    read_handouts,
    read_mails,
    read_reviews,
    read_terms,
    read_transcripts,
)

PROGRAMME_FILE = "programme.yaml"
PROTOCOL_KINDS = ("structured", "co", "independent", "group")
ENTRIES = (
    *("slug", "edition", "language", "title", "purpose", "competencies", "policy", "policies", "form", "modules", "outlines"),
    *("rubrics", "protocols", "support", "certificate", "transcripts", "texts", "reviews", "native"),
)


def read_pack(documents: Sequence[Document]) -> tuple[Programme | None, list[Fault]]:
    """The programme, or None and every fault that was found, by file and line."""
    faults: list[Fault] = []
    by_file = {document.file: document for document in documents}
    main = by_file.get(PROGRAMME_FILE)
    if main is None:
        return None, [Fault(PROGRAMME_FILE, 1, "The pack has no programme.", f"Add the file {PROGRAMME_FILE} to its folder.")]
    if not isinstance(main.data, Mapping):
        return None, [Fault(PROGRAMME_FILE, 1, "The file holds no settings.", "Begin it with “slug: …”.")]
    reader = Reader(main, faults)
    reader.keys((), ENTRIES)
    language = reader.text(("language",))
    policy, policies = read_policies(reader)
    rubrics = _rubrics(reader, by_file, language)
    programme = Programme(
        slug=reader.text(("slug",)),
        edition=reader.text(("edition",)),
        language=language,
        title=reader.text(("title",)),
        competencies=_competencies(reader),
        policy=policy,
        modules=_modules(reader, by_file, language),
        rubrics=rubrics,
        policies=policies,
        form=_form(reader, by_file, language),
        protocols=_protocols(reader, by_file, language),
        outlines=_outlines(reader),
        purpose=reader.optional_texts(("purpose",)),
        support=reader.text(("support",)) if reader.has(("support",)) else "",
        certificate=reader.text(("certificate",)) if reader.has(("certificate",)) else "",
        transcripts=read_transcripts(reader, by_file, language, rubrics),
        texts=read_handouts(reader, by_file, language),
        mails=read_mails(by_file.get(f"{language}/{MAILS}"), faults),
        terms=read_terms(by_file.get(f"{language}/{TERMS}"), faults),
        reviews=read_reviews(reader),
        native=reader.optional_texts(("native",)),
    )
    if not faults:
        _check_names(programme, reader)
        check_reviews(programme, reader)
    return (None if faults else programme), sort_faults(faults)


def check(documents: Sequence[Document]) -> list[Fault]:
    """Every fault of a pack, by file and line; none if it can be imported."""
    return read_pack(documents)[1]


def readable(documents: Sequence[Document]) -> tuple[str, list[tuple[Module, Document]]]:
    """The language of a pack, and those of its modules that can be read, each with its file, whatever else is wrong with the pack."""
    by_file = {document.file: document for document in documents}
    main = by_file.get(PROGRAMME_FILE)
    if main is None or not isinstance(main.data, Mapping):
        return "", []
    reader = Reader(main, [])
    language = reader.text(("language",))
    files = [(module, by_file.get(f"{language}/modules/{module.key}.md")) for module in _modules(reader, by_file, language)]
    return language, [(module, document) for module, document in files if document is not None]


def _competencies(reader: Reader) -> tuple[Competency, ...]:
    found = []
    for index in range(len(reader.entries(("competencies",)))):
        path: Path = ("competencies", index)
        reader.keys(path, ("key", "title", "critical", "indicators"))
        key = reader.text((*path, "key"))
        indicators = _indicators(reader, (*path, "indicators"), key)
        found.append(Competency(key, reader.text((*path, "title")), reader.flag((*path, "critical")), indicators))
    reader.once(("competencies",), [competency.key for competency in found])
    return tuple(found)


def _indicators(reader: Reader, path: Path, competency: str) -> tuple[Indicator, ...]:
    """Each is a text, which is numbered, or a key with its text, as a framework from elsewhere has it."""
    found = []
    for index, entry in enumerate(reader.entries(path) if reader.at(path) else ()):
        below: Path = (*path, index)
        if isinstance(entry, Mapping):
            found.append(reader.shape(below, Indicator, {}))
        else:
            found.append(Indicator(f"{competency}.{index + 1}", reader.text(below)))
    reader.once(path, [one.key for one in found])
    return tuple(found)


def _modules(reader: Reader, by_file: Mapping[str, Document], language: str) -> tuple[Module, ...]:
    modules = []
    keys = []
    for index in range(len(reader.entries(("modules",)))):
        path: Path = ("modules", index)
        reader.keys(path, ("key", "draw", "marking"))
        reader.keys((*path, "draw"), Draw.__dataclass_fields__)
        key = reader.text((*path, "key"))
        keys.append(key)
        draw = _draw(reader, (*path, "draw"))
        if draw.needed > draw.points:
            reader.fault((*path, "draw", "needed"), f"{key} needs more points than it draws.", "Lower “needed”.")
        document = file_of(reader, path, by_file, f"{language}/modules/{key}.md")
        if document is None:
            continue
        module, faults = read_module(document.text, document.file, draw)
        reader.faults += faults
        if module is not None and module.key != key:
            reader.fault(path, f"{document.file} holds module {module.key}.", f"Name it {key} in its first heading, or mend the key here.")
        if module is not None:
            modules.append(_marked(reader, path, module))
    reader.once(("modules",), keys)
    return tuple(modules)


def _marked(reader: Reader, path: Path, module: Module) -> Module:
    """With how its practice task is marked, where the pack says so beside the key; the manuscript may say so itself."""
    if not reader.has((*path, "marking")):
        return module
    marking = reader.shape((*path, "marking"), Marking, MARKING_RANGES)
    if marking.critical < marking.level:
        reader.fault((*path, "marking"), "Critical criteria need less than every criterion.", "Raise “critical”, or lower “level”.")
    return replace(module, practice=replace(module.practice, marking=marking))


def _draw(reader: Reader, path: Path) -> Draw:
    """Every number must be there but ``practice``, which is 0 unless the module has short texts to practise on."""
    counted = {name: reader.number((*path, name), 1, 100) for name in Draw.__dataclass_fields__ if name != "practice"}
    return Draw(**counted, practice=0 if reader.at((*path, "practice")) is None else reader.number((*path, "practice"), 0, 20))


def _rubrics(reader: Reader, by_file: Mapping[str, Document], language: str) -> tuple[Rubric, ...]:
    rubrics = []
    keys = reader.texts(("rubrics",))
    for index, key in enumerate(keys):
        document = file_of(reader, ("rubrics", index), by_file, f"{language}/rubrics/{key}.yaml")
        if document is not None:
            rubrics.append(read_rubric(Reader(document, reader.faults), key))
    reader.once(("rubrics",), keys)
    return tuple(rubrics)


def _form(reader: Reader, by_file: Mapping[str, Document], language: str) -> ApplicationForm | None:
    if not reader.has(("form",)):
        return None
    key = reader.text(("form",))
    document = file_of(reader, ("form",), by_file, f"{language}/forms/{key}.yaml")
    return read_form(Reader(document, reader.faults), key) if document is not None else None


def _protocols(reader: Reader, by_file: Mapping[str, Document], language: str) -> tuple[Protocol, ...]:
    keys = reader.optional_texts(("protocols",))
    reader.once(("protocols",), keys)
    found = []
    for index, key in enumerate(keys):
        document = file_of(reader, ("protocols", index), by_file, f"{language}/protocols/{key}.yaml")
        if document is not None:
            found.append(read_protocol(Reader(document, reader.faults), key))
    return tuple(found)


def read_protocol(reader: Reader, key: str) -> Protocol:
    """The protocol of a file; faults where it is none."""
    reader.keys((), Protocol.__dataclass_fields__)
    if reader.text(("key",)) != key:
        reader.fault(("key",), f"The file is not protocol {key}.", f"Write “key: {key}”.")
    kind = reader.text(("kind",))
    if kind not in PROTOCOL_KINDS:
        reader.fault(("kind",), f"“{kind}” is no kind of observation.", f"Known are: {', '.join(PROTOCOL_KINDS)}.")
    paths: list[Path] = [("aspects", index) for index in range(len(reader.entries(("aspects",))))]
    aspects = tuple(reader.shape(path, Aspect, {}) for path in paths)
    reader.once(("aspects",), [aspect.key for aspect in aspects])
    return Protocol(key, kind, reader.text(("title",)), reader.text(("rubric",)), reader.text(("intro",)), aspects)


def _outlines(reader: Reader) -> tuple[Outline, ...]:
    count = len(reader.entries(("outlines",))) if reader.has(("outlines",)) else 0
    paths: list[Path] = [("outlines", index) for index in range(count)]
    found = tuple(reader.shape(path, Outline, {"minutes": (5, 600)}) for path in paths)
    reader.once(("outlines",), [outline.key for outline in found])
    return found


def read_rubric(reader: Reader, key: str) -> Rubric:
    """The rubric of a file; faults where it is none."""
    reader.keys((), ("key", "title", "criteria"))
    if reader.text(("key",)) != key:
        reader.fault(("key",), f"The file is not rubric {key}.", f"Write “key: {key}”.")
    criteria = []
    for index in range(len(reader.entries(("criteria",)))):
        path: Path = ("criteria", index)
        reader.keys(path, Criterion.__dataclass_fields__)
        anchors = reader.at((*path, "anchors"))
        if not isinstance(anchors, Mapping) or list(anchors) != list(LEVELS):
            reader.fault((*path, "anchors"), "A criterion has an anchor for each level.", "Write them as 1, 2, 3 and 4, in this order.")
        one, two, three, four = (reader.text((*path, "anchors", level)) for level in LEVELS)
        criteria.append(
            Criterion(
                key=reader.text((*path, "key")),
                title=reader.text((*path, "title")),
                competencies=reader.texts((*path, "competencies")),
                critical=reader.flag((*path, "critical")),
                anchors=(one, two, three, four),
            )
        )
    reader.once(("criteria",), [criterion.key for criterion in criteria])
    return Rubric(key, reader.text(("title",)), tuple(criteria))


def _check_names(programme: Programme, reader: Reader) -> None:
    """Whether what one part names exists in another."""
    competencies = {competency.key for competency in programme.competencies}
    check_policies(programme, reader)
    for index, outline in enumerate(programme.outlines):
        if outline.key in {module.key for module in programme.modules}:
            message = f"Module {outline.key} is written, and is an outline as well."
            reader.fault(("outlines", index, "key"), message, "Take the outline out.")
        for key in outline.competencies:
            if key not in competencies:
                message = f"The outline of {outline.key} names competency {key}, which is not in the pack."
                reader.fault(("outlines", index, "competencies"), message, "Add it to “competencies”, or mend the outline.")
    for index, protocol in enumerate(programme.protocols):
        if protocol.rubric not in {rubric.key for rubric in programme.rubrics}:
            message = f"Protocol {protocol.key} rates on the rubric “{protocol.rubric}”, which is not in the pack."
            reader.fault(("protocols", index), message, "Name one of “rubrics” in its file.")
    for index, module in enumerate(programme.modules):
        for key in module.competencies:
            if key not in competencies:
                reader.fault(
                    ("modules", index),
                    f"{module.key} names competency {key}, which is not in the pack.",
                    "Add it to “competencies”, or mend the module.",
                )
        drawn = module.draw
        most = 6 * drawn.many_part + 2 * drawn.choice
        if most != drawn.points:
            reader.fault(
                ("modules", index, "draw", "points"),
                f"The draw of {module.key} makes {most} points, not {drawn.points}.",
                "Mend the numbers of “draw”.",
            )
    for index, rubric in enumerate(programme.rubrics):
        for criterion in rubric.criteria:
            for key in criterion.competencies:
                if key not in competencies:
                    reader.fault(
                        ("rubrics", index),
                        f"{rubric.key} {criterion.key} names competency {key}, which is not in the pack.",
                        "Add it to “competencies”, or mend the rubric.",
                    )
