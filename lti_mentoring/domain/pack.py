# SPDX-License-Identifier: Apache-2.0
"""A programme as its authors keep it, in a folder of files: read into a programme, with every fault named by file, line and remedy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from lti_mentoring.domain.manuscript import read_module
from lti_mentoring.domain.module import Draw, Module
from lti_mentoring.domain.outline import Fault
from lti_mentoring.domain.programme import LEVELS, NOT_REQUIRED, Competency, Criterion, Policy, Programme, Rubric

PROGRAMME_FILE = "programme.yaml"

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A file of a pack: its text, or, for YAML, the data and the line of each entry by its path."""

    file: str
    text: str = ""
    data: Any = None
    lines: Mapping[Path, int] = field(default_factory=dict)


class _Reader:
    """Reads typed values out of one YAML document and collects its faults."""

    def __init__(self, document: Document, faults: list[Fault]) -> None:
        self.document, self.faults = document, faults

    def fault(self, path: Path, message: str, remedy: str) -> None:
        while path and path not in self.document.lines:
            path = path[:-1]
        self.faults.append(Fault(self.document.file, self.document.lines.get(path, 1), message, remedy))

    def at(self, path: Path) -> Any:
        found = self.document.data
        for key in path:
            if isinstance(found, Mapping):
                found = found.get(key)
            elif isinstance(found, list) and isinstance(key, int) and key < len(found):
                found = found[key]
            else:
                return None
        return found

    def keys(self, path: Path, known: Iterable[str]) -> None:
        """Every entry of a mapping must be known, so that a misspelt one is not silently its default."""
        known = list(known)
        found = self.at(path)
        for key in found if isinstance(found, Mapping) else ():
            if key not in known:
                self.fault((*path, key), f"“{key}” is unknown here.", f"Known are: {', '.join(known)}.")

    def text(self, path: Path) -> str:
        value = self.at(path)
        if not isinstance(value, str) or not value.strip():
            self.fault(path, f"“{path[-1]}” must be text.", "Write it, in quotes if it is a number or holds a colon.")
            return ""
        return value.strip()

    def flag(self, path: Path) -> bool:
        value = self.at(path)
        if not isinstance(value, bool):
            self.fault(path, f"“{path[-1]}” must be true or false.", "Write true or false, without quotes.")
        return value is True

    def number(self, path: Path, low: int, high: int) -> int:
        value = self.at(path)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.fault(path, f"“{path[-1]}” must be a whole number from {low} to {high}.", "Write such a number.")
            return low
        return value

    def mean(self, path: Path) -> Fraction:
        value = self.at(path)
        if isinstance(value, bool) or not isinstance(value, int | float) or not LEVELS[0] <= value <= LEVELS[-1]:
            self.fault(path, f"“{path[-1]}” must lie on the scale from {LEVELS[0]} to {LEVELS[-1]}.", "Write a number such as 2.75.")
            return Fraction(LEVELS[0])
        return Fraction(str(value))

    def entries(self, path: Path) -> list[Any]:
        value = self.at(path)
        if not isinstance(value, list) or not value:
            self.fault(path, f"“{path[-1]}” must be a list with at least one entry.", "Write one entry a line, each after “- ”.")
            return []
        return value

    def texts(self, path: Path) -> tuple[str, ...]:
        return tuple(self.text((*path, index)) for index in range(len(self.entries(path))))

    def numbers(self, path: Path, low: int, high: int) -> tuple[int, ...]:
        return tuple(self.number((*path, index), low, high) for index in range(len(self.entries(path))))

    def once(self, path: Path, keys: Sequence[str]) -> None:
        for index, key in enumerate(keys):
            if key and key in keys[:index]:
                self.fault((*path, index), f"{key} stands twice.", "Give each entry a key of its own.")


def read_pack(documents: Sequence[Document]) -> tuple[Programme | None, list[Fault]]:
    """The programme, or None and every fault that was found, by file and line."""
    faults: list[Fault] = []
    by_file = {document.file: document for document in documents}
    main = by_file.get(PROGRAMME_FILE)
    if main is None:
        return None, [Fault(PROGRAMME_FILE, 1, "The pack has no programme.", f"Add the file {PROGRAMME_FILE} to its folder.")]
    if not isinstance(main.data, Mapping):
        return None, [Fault(PROGRAMME_FILE, 1, "The file holds no settings.", "Begin it with “slug: …”.")]
    reader = _Reader(main, faults)
    reader.keys((), ("slug", "edition", "language", "title", "competencies", "policy", "modules", "rubrics"))
    language = reader.text(("language",))
    programme = Programme(
        slug=reader.text(("slug",)),
        edition=reader.text(("edition",)),
        language=language,
        title=reader.text(("title",)),
        competencies=_competencies(reader),
        policy=_policy(reader),
        modules=_modules(reader, by_file, language),
        rubrics=_rubrics(reader, by_file, language),
    )
    if not faults:
        _check_names(programme, reader)
    return (None if faults else programme), sorted(faults)


def check(documents: Sequence[Document]) -> list[Fault]:
    """Every fault of a pack, by file and line; none if it can be imported."""
    return read_pack(documents)[1]


def _competencies(reader: _Reader) -> tuple[Competency, ...]:
    found = []
    for index in range(len(reader.entries(("competencies",)))):
        path: Path = ("competencies", index)
        reader.keys(path, ("key", "title", "critical"))
        found.append(Competency(reader.text((*path, "key")), reader.text((*path, "title")), reader.flag((*path, "critical"))))
    reader.once(("competencies",), [competency.key for competency in found])
    return tuple(found)


def _policy(reader: _Reader) -> Policy:
    path: Path = ("policy",)
    reader.keys(path, Policy.__dataclass_fields__)
    for name in ("observer_qualification", "double_scoring"):
        if reader.text((*path, name)) not in ("", NOT_REQUIRED):
            reader.fault((*path, name), f"“{name}” has an unknown value.", f"This version knows {NOT_REQUIRED}.")
    points = reader.numbers((*path, "points"), 0, 100)
    if points and (len(points) != len(LEVELS) or list(points) != sorted(points)):
        reader.fault(
            (*path, "points"), "The points do not fit the four levels.", "Write four numbers that do not fall, such as [0, 50, 75, 100]."
        )
        points = ()
    return Policy(
        modules_required=reader.texts((*path, "modules_required")),
        observation_rubric=reader.text((*path, "observation_rubric")),
        independent_observations=reader.number((*path, "independent_observations"), 1, 20),
        overall_mean=reader.mean((*path, "overall_mean")),
        competency_mean=reader.mean((*path, "competency_mean")),
        no_critical_at_one=reader.flag((*path, "no_critical_at_one")),
        points=(points[0], points[1], points[2], points[3]) if points else (0, 0, 0, 0),
        retake_wait_hours=reader.numbers((*path, "retake_wait_hours"), 0, 24 * 365),
    )


def _modules(reader: _Reader, by_file: Mapping[str, Document], language: str) -> tuple[Module, ...]:
    modules = []
    keys = []
    for index in range(len(reader.entries(("modules",)))):
        path: Path = ("modules", index)
        reader.keys(path, ("key", "draw"))
        reader.keys((*path, "draw"), Draw.__dataclass_fields__)
        key = reader.text((*path, "key"))
        keys.append(key)
        draw = _draw(reader, (*path, "draw"))
        if draw.needed > draw.points:
            reader.fault((*path, "draw", "needed"), f"{key} needs more points than it draws.", "Lower “needed”.")
        document = _file(reader, path, by_file, f"{language}/modules/{key}.md")
        if document is None:
            continue
        module, faults = read_module(document.text, document.file, draw)
        reader.faults += faults
        if module is not None and module.key != key:
            reader.fault(path, f"{document.file} holds module {module.key}.", f"Name it {key} in its first heading, or mend the key here.")
        if module is not None:
            modules.append(module)
    reader.once(("modules",), keys)
    return tuple(modules)


def _draw(reader: _Reader, path: Path) -> Draw:
    """Every number must be there but ``practice``, which is 0 unless the module has short texts to practise on."""
    counted = {name: reader.number((*path, name), 1, 100) for name in Draw.__dataclass_fields__ if name != "practice"}
    return Draw(**counted, practice=0 if reader.at((*path, "practice")) is None else reader.number((*path, "practice"), 0, 20))


def _rubrics(reader: _Reader, by_file: Mapping[str, Document], language: str) -> tuple[Rubric, ...]:
    rubrics = []
    keys = reader.texts(("rubrics",))
    for index, key in enumerate(keys):
        document = _file(reader, ("rubrics", index), by_file, f"{language}/rubrics/{key}.yaml")
        if document is not None:
            rubrics.append(_rubric(_Reader(document, reader.faults), key))
    reader.once(("rubrics",), keys)
    return tuple(rubrics)


def _file(reader: _Reader, path: Path, by_file: Mapping[str, Document], file: str) -> Document | None:
    if file not in by_file:
        reader.fault(path, f"The file {file} is missing.", "Add it, or take its key out of this list.")
    return by_file.get(file)


def _rubric(reader: _Reader, key: str) -> Rubric:
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


def _check_names(programme: Programme, reader: _Reader) -> None:
    """Whether what one part names exists in another."""
    competencies = {competency.key for competency in programme.competencies}
    modules = {module.key for module in programme.modules}
    for index, key in enumerate(programme.policy.modules_required):
        if key not in modules:
            reader.fault(
                ("policy", "modules_required", index),
                f"The policy asks for module {key}, which is not in the pack.",
                "Add it to “modules”, or take it out here.",
            )
    if programme.policy.observation_rubric not in {rubric.key for rubric in programme.rubrics}:
        reader.fault(("policy", "observation_rubric"), "The policy rates on a rubric that is not in the pack.", "Name one of “rubrics”.")
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
