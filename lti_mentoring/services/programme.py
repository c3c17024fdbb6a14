# SPDX-License-Identifier: Apache-2.0
"""Packs become programme versions: check a folder, import it once by its content, load what was imported."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from sqlalchemy import bindparam, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from lti_mentoring.domain import manuscript, standard
from lti_mentoring.domain.body import content_hash, from_body, to_body
from lti_mentoring.domain.module import Module
from lti_mentoring.domain.outline import Fault
from lti_mentoring.domain.pack import read_pack, readable
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.programme import Programme, Rubric
from lti_mentoring.domain.reader import Document
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.domain.standard import Figures
from lti_mentoring.services import privacy
from lti_mentoring.store import base
from lti_mentoring.store.programme import ModuleVersion, ProgrammePart, ProgrammeVersion, RubricVersion

KEPT_KEYS = 10_000
"""How many ids of frozen rows a process remembers, with what they stand for."""

KEPT_IN_MEMORY = 256
"""How many versions a process keeps ready to use; they never change, so they never grow old."""

Shape = TypeVar("Shape", Programme, Module, Rubric)


@dataclass(frozen=True, slots=True)
class VersionRow:
    """An imported version. ``created`` says whether this import made it."""

    id: str
    slug: str
    edition: str
    content_hash: str
    created: bool = False


@dataclass(frozen=True, slots=True)
class Examination:
    """What a pack is like: faults keep it from being imported, advice does not; figures by the file of their module."""

    faults: tuple[Fault, ...]
    advice: tuple[Fault, ...]
    figures: tuple[tuple[str, Figures], ...]


# --- reading a folder -------------------------------------------------------------------------------------------------


def check(path: Path) -> list[Fault]:
    """Every fault of the pack in this folder, by file and line, with its remedy; none if it can be imported."""
    return read(path)[1]


def examine(path: Path) -> Examination:
    """The faults of the pack in this folder, with advice and figures for each module that can be read."""
    documents, faults = _documents(path)
    if faults:
        return Examination(tuple(faults), (), ())
    language, modules = readable(documents)
    advice = [
        finding
        for module, document in modules
        for finding in standard.findings(module, document.file, manuscript.places(document.text), language)
    ]
    return Examination(
        faults=tuple(read_pack(documents)[1]),
        advice=tuple(sorted(advice)),
        figures=tuple((document.file, standard.figures(module, language)) for module, document in modules),
    )


def read(path: Path) -> tuple[Programme | None, list[Fault]]:
    """The programme in this folder, or None and every fault that was found."""
    documents, faults = _documents(path)
    return (None, faults) if faults else read_pack(documents)


def _documents(path: Path) -> tuple[list[Document], list[Fault]]:
    """The files of a folder, and what keeps them from being read."""
    documents: list[Document] = []
    faults: list[Fault] = []
    for file in sorted(path.rglob("*")):
        if file.suffix in (".md", ".yaml"):
            document, found = _document(file, file.relative_to(path).as_posix())
            documents.append(document)
            faults += found
    return documents, sorted(faults)


def _document(file: Path, name: str) -> tuple[Document, list[Fault]]:
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = file.read_bytes()[: error.start].count(b"\n") + 1
        return Document(name), [Fault(name, line, "This is not UTF-8.", "Save the file as UTF-8.")]
    if file.suffix == ".md":
        return Document(name, text), []
    loader = yaml.SafeLoader(text)
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


# --- importing ----------------------------------------------------------------------------------------------------------


def import_pack(*, org_id: str, path: Path, actor: Actor | str) -> VersionRow:
    """Import the pack in a folder as an immutable version; a second import of the same content changes nothing.

    RuleBroken ``pack_faulty`` with ``faults``, as ``check`` gives them. Must run in the tenant scope of ``org_id``.
    """
    programme, faults = read(path)
    if programme is None:
        raise RuleBroken("pack_faulty", faults=tuple(faults))
    with base.transactional() as session:
        return publish(session, org_id=org_id, programme=programme, actor=actor)


def publish(session: Session, *, org_id: str, programme: Programme, actor: Actor | str, derived_from: str | None = None) -> VersionRow:
    """Write a programme as an immutable version with its parts, in the caller's transaction; the one of the same content if there is one.

    ``derived_from`` names the version that it was made from in the browser; then courses choose it, and none begins with it by itself.
    """
    body = to_body(programme)
    digest = content_hash(body)
    known = session.scalar(select(ProgrammeVersion).where(ProgrammeVersion.content_hash == digest))
    if known is not None:
        return _row(known)
    version = ProgrammeVersion(
        org_id=org_id, slug=programme.slug, edition=programme.edition, content_hash=digest, body=body, derived_from=derived_from
    )
    session.add(version)
    session.flush()
    _add_parts(session, org_id, version, programme)
    verb = "import" if derived_from is None else "derive"
    privacy.record(
        session,
        actor=actor,
        verb=verb,
        object_kind="programme_version",
        object_id=version.id,
        slug=programme.slug,
        hash=digest,
        source=derived_from,
    )
    return _row(version, created=True)


def _add_parts(session: Session, org_id: str, version: ProgrammeVersion, programme: Programme) -> None:
    for module in programme.modules:
        part = _version(session, org_id, ModuleVersion, module.key, to_body(module))
        session.add(ProgrammePart(org_id=org_id, programme_version_id=version.id, key=module.key, module_version_id=part))
    for rubric in programme.rubrics:
        part = _version(session, org_id, RubricVersion, rubric.key, to_body(rubric))
        session.add(ProgrammePart(org_id=org_id, programme_version_id=version.id, key=rubric.key, rubric_version_id=part))


def _version(session: Session, org_id: str, table: type[ModuleVersion] | type[RubricVersion], key: str, body: dict[str, Any]) -> str:
    """The id of this content, written if it is new: editions share what did not change."""
    digest = content_hash(body)
    known = session.scalar(select(table.id).where(table.content_hash == digest))
    if known is not None:
        return known
    made = table(org_id=org_id, id=base.new_id(), key=key, content_hash=digest, body=body)
    session.add(made)
    session.flush()
    return made.id


def _row(version: ProgrammeVersion, *, created: bool = False) -> VersionRow:
    return VersionRow(version.id, version.slug, version.edition, version.content_hash, created)


# --- loading ------------------------------------------------------------------------------------------------------------

_ready: OrderedDict[str, Programme | Module | Rubric] = OrderedDict()
_known: OrderedDict[tuple[str, ...], str] = OrderedDict()


_VERSION = base.table(ProgrammeVersion).c
_CURRENT = (
    select(_VERSION.id, _VERSION.slug, _VERSION.edition, _VERSION.content_hash)
    .where(_VERSION.org_id == bindparam("org"), _VERSION.derived_from.is_(None))
    .order_by(_VERSION.imported_at.desc(), _VERSION.id.desc())
    .limit(1)
)


def current(org_id: str) -> VersionRow | None:
    """The version that new candidacies begin with: the newest import. None before the first."""
    row = base.connection().execute(_CURRENT, {"org": org_id}).first()
    return VersionRow(*row) if row is not None else None


def load(version_id: str) -> Programme:
    """The programme of a version. NotFound in another organisation."""
    return _load(Programme, ProgrammeVersion.content_hash, ProgrammeVersion.body, ProgrammeVersion.id, version_id)


def module(module_version_id: str) -> Module:
    """The module of a version. NotFound in another organisation."""
    return _load(Module, ModuleVersion.content_hash, ModuleVersion.body, ModuleVersion.id, module_version_id)


def rubric(rubric_version_id: str) -> Rubric:
    """The rubric of a version. NotFound in another organisation."""
    return _load(Rubric, RubricVersion.content_hash, RubricVersion.body, RubricVersion.id, rubric_version_id)


def module_version_id(version_id: str, key: str) -> str:
    """The version of module ``key`` that a programme version is made of. NotFound if it has no such module."""
    return _part(ProgrammePart.module_version_id, version_id, key)


def rubric_version_id(version_id: str, key: str) -> str:
    """The version of rubric ``key`` that a programme version is made of. NotFound if it has no such rubric."""
    return _part(ProgrammePart.rubric_version_id, version_id, key)


def _part(column: InstrumentedAttribute[str | None], version_id: str, key: str) -> str:
    query = select(column).where(ProgrammePart.programme_version_id == version_id, ProgrammePart.key == key)
    found = _kept((column.key, version_id, key), lambda: base.session().scalar(query))
    if found is None:
        raise NotFound("programme_part", key=key)
    return found


def _kept(key: tuple[str, ...], look: Callable[[], str | None]) -> str | None:
    """What a frozen row said, remembered for its organisation. A row that is not there is looked for again."""
    key = (base.current_tenant(), *key)
    found = _known.get(key)
    if found is None:
        found = look()
        if found is not None:
            _known[key] = found
            while len(_known) > KEPT_KEYS:
                _known.popitem(last=False)
    return found


def _load(
    shape: type[Shape],
    hash_of: InstrumentedAttribute[str],
    body_of: InstrumentedAttribute[dict[str, Any]],
    id_of: InstrumentedAttribute[str],
    version_id: str,
) -> Shape:
    """By content, once a process: rows never change. What was stored must still be what was hashed (invariant I4)."""
    digest = _kept((shape.__name__, version_id), lambda: base.session().scalar(select(hash_of).where(id_of == version_id)))
    if digest is None:
        raise NotFound("version", id=version_id)
    ready = _ready.get(digest)
    if isinstance(ready, shape):
        return ready
    body = base.session().scalars(select(body_of).where(id_of == version_id)).one()
    if content_hash(body) != digest:
        raise RuleBroken("version_changed", id=version_id)
    made = from_body(shape, body)
    _ready[digest] = made
    while len(_ready) > KEPT_IN_MEMORY:
        _ready.popitem(last=False)
    return made
