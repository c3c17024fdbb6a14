# SPDX-License-Identifier: Apache-2.0
"""The folder of a pack as documents: its Markdown as text, its YAML as data with the line of each entry."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml

from lti_mentoring.domain.outline import Fault
from lti_mentoring.domain.reader import Document


def documents(path: Path) -> tuple[list[Document], list[Fault]]:
    """The files of a folder, and what keeps them from being read."""
    documents: list[Document] = []
    faults: list[Fault] = []
    for file in sorted(path.rglob("*")):
        if file.suffix in (".md", ".yaml"):
            document, found = _document(file, file.relative_to(path).as_posix())
            documents.append(document)
            faults += found
    return documents, sorted(faults)


class _Loader(yaml.SafeLoader):
    """YAML without aliases: a few lines of them can stand for more entries than a machine holds, or for themselves."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """As YAML has it, but for an alias: MarkedYAMLError."""
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="an alias (*) stands here", problem_mark=self.peek_event().start_mark)
        return super().compose_node(parent, index)


def _document(file: Path, name: str) -> tuple[Document, list[Fault]]:
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = file.read_bytes()[: error.start].count(b"\n") + 1
        return Document(name), [Fault(name, line, "This is not UTF-8.", "Save the file as UTF-8.")]
    odd = yaml.reader.Reader.NON_PRINTABLE.search(text)
    if odd is not None:
        line = text.count("\n", 0, odd.start()) + 1
        return Document(name), [Fault(name, line, "A character is in this file that cannot be printed.", "Take it out.")]
    if file.suffix == ".md":
        return Document(name, text), []
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        lines: dict[tuple[str | int, ...], int] = {}
        faults = list(_lines(loader, node, name, (), lines)) if node is not None else []
        data = loader.construct_document(node) if node is not None else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        fault = Fault(
            name, mark.line + 1 if mark else 1, f"This is not YAML: {error.problem}.", "Mend the line, often its indent, colon or quotes."
        )
        return Document(name), [fault]
    finally:
        loader.dispose()
    return Document(name, text, data, lines), faults


def _lines(
    loader: yaml.SafeLoader, node: yaml.Node, name: str, path: tuple[str | int, ...], lines: dict[tuple[str | int, ...], int]
) -> Iterator[Fault]:
    """Note the line of every entry, by its path, and find keys that stand twice: YAML itself would take the last one silently."""
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        for index, entry in enumerate(node.value):
            yield from _lines(loader, entry, name, (*path, index), lines)
    elif isinstance(node, yaml.MappingNode):
        for key_node, entry in node.value:
            key = loader.construct_object(key_node)
            below = (*path, key if isinstance(key, int) else str(key))
            if below in lines:
                yield Fault(name, key_node.start_mark.line + 1, f"“{key}” stands twice.", "Keep one of them.")
            lines[below] = key_node.start_mark.line + 1
            yield from _lines(loader, entry, name, below, lines)
