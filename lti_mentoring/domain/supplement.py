# SPDX-License-Identifier: Apache-2.0
"""The files of a pack beside its modules and rubrics: transcripts, texts that are given out, words for mails, and terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from lti_mentoring.domain.handout import HANDOUTS, Handout, MailText, Term
from lti_mentoring.domain.language import TAG
from lti_mentoring.domain.notification import KINDS
from lti_mentoring.domain.outline import Fault, outline
from lti_mentoring.domain.programme import Programme, Review, Rubric
from lti_mentoring.domain.reader import Document, Path, Reader
from lti_mentoring.domain.transcript import Script, Transcript, faults_of, read_transcript

MAILS, TERMS = "mails.yaml", "terms.yaml"


def read_transcripts(reader: Reader, by_file: Mapping[str, Document], language: str, rubrics: Sequence[Rubric]) -> tuple[Transcript, ...]:
    """The transcripts that a pack names, each held to its rubric."""
    keys = reader.optional_texts(("transcripts",))
    reader.once(("transcripts",), keys)
    criteria = {rubric.key: tuple(one.key for one in rubric.criteria) for rubric in rubrics}
    found = []
    for index, key in enumerate(keys):
        document = file_of(reader, ("transcripts", index), by_file, f"{language}/transcripts/{key}.md")
        if document is not None:
            transcript, faults = read_one_transcript(document, key, criteria)
            reader.faults += faults
            found.append(transcript)
    return tuple(found)


def read_one_transcript(document: Document, key: str, criteria: Mapping[str, tuple[str, ...]]) -> tuple[Transcript, list[Fault]]:
    """A transcript of a file, and what is wrong with it; ``criteria`` are the keys of each rubric's."""
    script, faults = read_transcript(document.text, document.file)
    if script is not None:
        faults = list(faults_of(script, document.file, criteria.get))
    return Transcript(key, document.text.strip()), faults


def unlike(source: Script, other: Script, file: str) -> list[Fault]:
    """Where a translated transcript differs in what is no word: who speaks when, silences, levels."""
    faults = []
    for ours, theirs in zip(source.spoken, other.spoken, strict=False):
        if (ours.at, ours.silence) != (theirs.at, theirs.silence):
            remedy = f"Write {ours.code}, and {ours.silence} seconds of silence after it, as the source has it."
            faults.append(Fault(file, theirs.line, f"The turn at {theirs.code} is not where the source has it.", remedy))
            break
    if len(source.spoken) != len(other.spoken):
        message = f"The transcript has {len(other.spoken)} turns, and {len(source.spoken)} in the source."
        faults.append(Fault(file, other.spoken[-1].line, message, "Translate each."))
    for rated, again in zip(source.ratings, other.ratings, strict=False):
        if (rated.criterion, rated.level, rated.open_to) != (again.criterion, again.level, again.open_to):
            faults.append(Fault(file, again.line, f"{again.criterion} has another rating than in the source.", "Write the source's."))
    if len(source.traps) != len(other.traps):
        message = f"It names {len(other.traps)} traps, and the source {len(source.traps)}."
        faults.append(Fault(file, other.ratings[-1].line, message, "Translate each."))
    return faults


def read_handouts(reader: Reader, by_file: Mapping[str, Document], language: str) -> tuple[Handout, ...]:
    """The texts that a pack gives out."""
    keys = reader.optional_texts(("texts",))
    reader.once(("texts",), keys)
    found = []
    for index, key in enumerate(keys):
        if key not in HANDOUTS:
            reader.fault(("texts", index), f"“{key}” is no text that is given out.", f"Known are: {', '.join(HANDOUTS)}.")
            continue
        document = file_of(reader, ("texts", index), by_file, f"{language}/texts/{key}.md")
        if document is not None:
            handout, faults = read_handout(document, key)
            reader.faults += faults
            found.append(handout)
    return tuple(found)


def read_handout(document: Document, key: str) -> tuple[Handout, list[Fault]]:
    """A text that is given out, and what is wrong with it."""
    root = outline(document.text)
    faults = []
    if root.text or len(root.parts) != 1 or root.parts[0].level != 1:
        message = "The text does not begin with its title, or has two."
        faults.append(Fault(document.file, 1, message, "Begin it with one heading, as “# Guide for candidates”."))
    elif not root.parts[0].text and not root.parts[0].parts:
        faults.append(Fault(document.file, 1, "Nothing stands below the title.", "Write what is read there."))
    return Handout(key, document.text.strip()), faults


def read_mails(document: Document | None, faults: list[Fault]) -> tuple[MailText, ...]:
    """The words that a pack adds to mails: kinds of notice, each with its text."""
    if document is None:
        return ()
    reader = Reader(document, faults)
    reader.keys((), KINDS)
    kinds = [kind for kind in KINDS if reader.has((kind,))]
    return tuple(MailText(kind, reader.text((kind,))) for kind in kinds)


def read_terms(document: Document | None, faults: list[Fault]) -> tuple[Term, ...]:
    """The terms of a pack, each with a key that is the same in every language."""
    if document is None:
        return ()
    reader = Reader(document, faults)
    reader.keys((), ("terms",))
    paths: list[Path] = [("terms", index) for index in range(len(reader.entries(("terms",))))]
    terms = tuple(reader.shape(path, Term, {}) for path in paths)
    reader.once(("terms",), [term.key for term in terms])
    return terms


def read_reviews(reader: Reader) -> tuple[Review, ...]:
    """When each module and transcript was last reviewed."""
    said = reader.at(("reviews",))
    if said is None:
        return ()
    if not isinstance(said, Mapping):
        reader.fault(("reviews",), "“reviews” must be days by the keys of modules and transcripts.", "Write “M1: \"2026-11-30\"”.")
        return ()
    found = tuple(Review(str(key), reader.text(("reviews", key))) for key in said)
    for one in found:
        if one.on and not _is_day(one.on):
            reader.fault(("reviews", one.key), f"“{one.on}” is no day.", "Write it as “2026-11-30”, in quotes.")
    return found


def check_reviews(programme: Programme, reader: Reader) -> None:
    """Whether what was reviewed, and the languages that were, are there."""
    known = {one.key for one in programme.modules} | {one.key for one in programme.transcripts}
    for one in programme.reviews:
        if one.key not in known:
            message = f"A review is noted of {one.key}, which is no module and no transcript of the pack."
            reader.fault(("reviews", one.key), message, "Mend its key, or take it out.")
    for index, tag in enumerate(programme.native):
        if not TAG.match(tag):
            reader.fault(("native", index), f"“{tag}” is no language tag.", "Name languages such as de, pt-BR or zh-Hant.")


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def file_of(reader: Reader, path: Path, by_file: Mapping[str, Document], file: str) -> Document | None:
    """The file of something that a list of the pack names; a fault where it is missing."""
    if file not in by_file:
        reader.fault(path, f"The file {file} is missing.", "Add it, or take its key out of this list.")
    return by_file.get(file)
