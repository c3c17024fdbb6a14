# SPDX-License-Identifier: Apache-2.0
"""Packs become programme versions: check a folder, import it once by its content, load what was imported."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import bindparam, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from lti_mentoring.domain import figures_page as pages
from lti_mentoring.domain import manuscript, standard, transcript_standard, translating, translation
from lti_mentoring.domain.body import content_hash, from_body, to_body
from lti_mentoring.domain.language import choose
from lti_mentoring.domain.module import Module
from lti_mentoring.domain.outline import Fault
from lti_mentoring.domain.pack import readable
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.programme import Programme, Rubric
from lti_mentoring.domain.reader import Document
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.domain.standard import Figures
from lti_mentoring.domain.transcript import Script, read_transcript
from lti_mentoring.domain.transcript_standard import TranscriptFigures
from lti_mentoring.domain.translation import Share
from lti_mentoring.services import folder, language, privacy
from lti_mentoring.store import base
from lti_mentoring.store.programme import ModuleVersion, ProgrammePart, ProgrammeVersion, RubricVersion

KEPT_KEYS = 10_000
"""How many ids of frozen rows a process remembers, with what they stand for."""

KEPT_IN_MEMORY = 256
"""How many versions a process keeps ready to use; they never change, so they never grow old."""

Shape = TypeVar("Shape", Programme, Module, Rubric)


@dataclass(frozen=True, slots=True)
class VersionRow:
    """An imported version. ``created`` says whether this import made it, ``derived`` that it was made in the browser before: then no course
    begins with it by itself, whoever imports it."""

    id: str
    slug: str
    edition: str
    content_hash: str
    created: bool = False
    derived: bool = False


@dataclass(frozen=True, slots=True)
class Examination:
    """What a pack is like: faults keep it from being imported, advice does not; figures by the file of their module; how much of it is
    there in each language but the source's, once nothing is at fault."""

    faults: tuple[Fault, ...]
    advice: tuple[Fault, ...]
    figures: tuple[tuple[str, Figures], ...]
    transcripts: tuple[tuple[str, TranscriptFigures], ...] = ()
    language: str = ""
    shares: tuple[Share, ...] = ()


# --- reading a folder -------------------------------------------------------------------------------------------------


def check(path: Path) -> list[Fault]:
    """Every fault of the pack in this folder, by file and line, with its remedy; none if it can be imported."""
    return read(path)[1]


def examine(path: Path) -> Examination:
    """The faults of the pack in this folder, with advice and figures for each module that can be read, in whatever language."""
    documents, faults = folder.documents(path)
    if faults:
        return Examination(tuple(faults), (), ())
    source, readables = readable(documents)
    programme, found = translating.read_programme(documents)
    modules = [(source, *one) for one in readables]
    modules += translating.translated_modules(programme, documents) if programme is not None else ()
    advice: list[Fault] = []
    told: set[tuple[str, str]] = set()  # what follows from the source is told once, and there
    for tag, module, document in modules:
        findings = standard.findings(module, document.file, manuscript.places(document.text), tag, translated=tag != source)
        advice += [one for one in findings if (module.key, one.message) not in told]
        told |= {(module.key, one.message) for one in findings}
    scripts = _scripts(documents)
    for file, script in scripts:
        advice += transcript_standard.findings(script, file, translated=not file.startswith(f"{source}/"))
    advice += translating.advice(programme, documents) if programme is not None else ()
    return Examination(
        faults=tuple(found),
        advice=tuple(sorted(advice)),
        figures=tuple((document.file, standard.figures(module, tag)) for tag, module, document in modules),
        transcripts=tuple((file, transcript_standard.figures(script)) for file, script in scripts),
        language=source,
        shares=translation.shares(programme) if programme is not None else (),
    )


def figures_page(path: Path) -> str:
    """The figures of the pack in this folder as Markdown, with the days of review of what is in its source's language.

    RuleBroken ``pack_faulty`` with ``faults``.
    """
    programme, faults = read(path)
    if programme is None:
        raise RuleBroken("pack_faulty", faults=tuple(faults))
    found = examine(path)

    def dated(file: str) -> tuple[str, str]:
        return file, programme.reviewed(Path(file).stem) if file.startswith(f"{programme.language}/") else ""

    modules = [(dated(file), counted) for file, counted in found.figures]
    return pages.page(programme.title, modules, [(dated(file), counted) for file, counted in found.transcripts])


def _scripts(documents: Sequence[Document]) -> list[tuple[str, Script]]:
    """The transcripts that can be read, in whatever language, by their files."""
    files = [one for one in documents if "/transcripts/" in one.file]
    found = [(one.file, read_transcript(one.text, one.file)[0]) for one in files]
    return [(file, script) for file, script in found if script is not None]


def read(path: Path) -> tuple[Programme | None, list[Fault]]:
    """The programme in this folder with its translations, or None and every fault that was found."""
    documents, faults = folder.documents(path)
    return (None, faults) if faults else translating.read_programme(documents)


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

    It is one as ``source`` gives it, with all its translations; what somebody reads in their language is not (ValueError).
    ``derived_from`` names the version that it was made from in the browser; then courses choose it, and none begins with it by itself.
    """
    if programme.reads:
        raise ValueError("this is what somebody reads, and not what was written: make a version from programme.source()")
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
    return VersionRow(
        version.id, version.slug, version.edition, version.content_hash, created, version.derived_from is not None and not created
    )


# --- loading ------------------------------------------------------------------------------------------------------------

_ready: OrderedDict[tuple[str, ...], Programme | Module | Rubric] = OrderedDict()
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
    """The programme of a version, in the language of its reader (``services.language``), else its own. NotFound in another organisation."""
    found, digest = _load(Programme, ProgrammeVersion.content_hash, ProgrammeVersion.body, ProgrammeVersion.id, version_id)
    return _read(found, digest, lambda: found.language)


def source(version_id: str) -> Programme:
    """The programme of a version as it was written, with all its translations: what another version is made from."""
    return _load(Programme, ProgrammeVersion.content_hash, ProgrammeVersion.body, ProgrammeVersion.id, version_id)[0]


def module(module_version_id: str) -> Module:
    """The module of a version, in the language of its reader. NotFound in another organisation."""
    found, digest = _load(Module, ModuleVersion.content_hash, ModuleVersion.body, ModuleVersion.id, module_version_id)
    return _read(found, digest, lambda: _language(ProgrammePart.module_version_id, module_version_id))


def rubric(rubric_version_id: str) -> Rubric:
    """The rubric of a version, in the language of its reader. NotFound in another organisation."""
    found, digest = _load(Rubric, RubricVersion.content_hash, RubricVersion.body, RubricVersion.id, rubric_version_id)
    return _read(found, digest, lambda: _language(ProgrammePart.rubric_version_id, rubric_version_id))


def _read(found: Shape, digest: str, source: Callable[[], str]) -> Shape:
    """What was loaded as its reader gets it, made once for each language."""
    wanted = language.wanted()
    if not wanted:
        return found
    own = source()
    chosen = choose(wanted, translation.languages(found, own))
    key = (digest, own, chosen)
    ready = _ready.get(key)
    if isinstance(ready, type(found)):
        return ready
    return _keep(key, translation.read_in(found, chosen, own))


def _language(column: InstrumentedAttribute[str | None], part_id: str) -> str:
    """The language in which a module or a rubric was written: its programme's."""
    made_of = (ProgrammePart.org_id == ProgrammeVersion.org_id) & (ProgrammePart.programme_version_id == ProgrammeVersion.id)
    query = select(ProgrammeVersion.body["language"].as_string()).join(ProgrammePart, made_of).where(column == part_id).limit(1)
    return _kept(("language", part_id), lambda: base.session().scalar(query)) or ""


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
) -> tuple[Shape, str]:
    """By content, with its hash, once a process: rows never change. What was stored must still be what was hashed (invariant I4)."""
    digest = _kept((shape.__name__, version_id), lambda: base.session().scalar(select(hash_of).where(id_of == version_id)))
    if digest is None:
        raise NotFound("version", id=version_id)
    ready = _ready.get((digest,))
    if isinstance(ready, shape):
        return ready, digest
    body = base.session().scalars(select(body_of).where(id_of == version_id)).one()
    if content_hash(body) != digest:
        raise RuleBroken("version_changed", id=version_id)
    return _keep((digest,), from_body(shape, body)), digest


def _keep(key: tuple[str, ...], made: Shape) -> Shape:
    _ready[key] = made
    while len(_ready) > KEPT_IN_MEMORY:
        _ready.popitem(last=False)
    return made
