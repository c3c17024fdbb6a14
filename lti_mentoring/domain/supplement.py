# SPDX-License-Identifier: Apache-2.0
"""The files of a pack beside its modules and rubrics: transcripts, texts that are given out, words for mails, and terms."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from lti_mentoring.domain.handout import HANDOUTS, Handout, MailText, Term
from lti_mentoring.domain.language import TAG
from lti_mentoring.domain.notification import KINDS
from lti_mentoring.domain.outline import Fault, outline
from lti_mentoring.domain.programme import Programme, Review, Rubric
from lti_mentoring.domain.reader import Document, Path, Reader
from lti_mentoring.domain.transcript import LETTERS, Script, Transcript, faults_of, read_transcript, too_long

MAILS, TERMS = "mails.yaml", "terms.yaml"
MAIL_LETTERS = 2000
"""How long the words are at most that a pack adds to one mail."""

_KEY = re.compile(r"[A-Za-z0-9][\w.-]{0,39}")
"""A key that is part of a file's name and of a link, and has a column of 40 letters."""


def read_transcripts(reader: Reader, by_file: Mapping[str, Document], language: str, rubrics: Sequence[Rubric]) -> tuple[Transcript, ...]:
    """The transcripts that a pack names, each held to its rubric."""
    keys = reader.optional_texts(("transcripts",))
    reader.once(("transcripts",), keys)
    _check_keys(reader, [(("transcripts", index), key) for index, key in enumerate(keys)])
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
    for what, had, has in (
        ("rubric", source.rubric, other.rubric),
        ("number", source.number, other.number),
        ("time for reading and rating", source.rating_minutes, other.rating_minutes),
    ):
        if had != has:
            faults.append(Fault(file, 1, f"The {what} is {has}, and {had} in the source.", f"Write {had}."))
    for ours, theirs in zip(source.spoken, other.spoken, strict=False):
        if (ours.at, ours.silence) != (theirs.at, theirs.silence):
            remedy = f"Write {ours.code}, and {ours.silence} seconds of silence after it, as the source has it."
            faults.append(Fault(file, theirs.line, f"The turn at {theirs.code} is not where the source has it.", remedy))
            break
    if len(source.spoken) != len(other.spoken):
        message = f"The transcript has {len(other.spoken)} turns, and {len(source.spoken)} in the source."
        faults.append(Fault(file, other.spoken[-1].line, message, "Translate each."))
    elif moved := next((there for here, there in zip(_voices(source), _voices(other), strict=True) if here != there), None):
        line, who = other.spoken[moved[0]].line, other.spoken[moved[0]].speaker
        faults.append(Fault(file, line, f"{who} speaks where somebody else does in the source.", "Let the same person speak, by one name."))
    if (here := [one.criterion for one in source.ratings]) != (there := [one.criterion for one in other.ratings]):
        message = f"The ratings are of {', '.join(there)}, and of {', '.join(here)} in the source."
        faults.append(Fault(file, other.ratings[0].line, message, "Rate what the source rates."))
    for rated, again in zip(source.ratings, other.ratings, strict=False):
        if (rated.criterion, rated.level, rated.open_to) != (again.criterion, again.level, again.open_to):
            faults.append(Fault(file, again.line, f"{again.criterion} has another rating than in the source.", "Write the source's."))
    if len(source.traps) != len(other.traps):
        message = f"It names {len(other.traps)} traps, and the source {len(source.traps)}."
        faults.append(Fault(file, other.ratings[-1].line, message, "Translate each."))
    return faults


def _voices(script: Script) -> list[tuple[int, int]]:
    """Turn by turn, as who of the speakers somebody speaks: their names may be others in another language."""
    return [(at, script.speakers.index(one.speaker)) for at, one in enumerate(script.spoken)]


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
    if len(document.text) > LETTERS:
        return Handout(key, ""), [too_long(document.file, document.text)]
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
    if document.data is not None and not isinstance(document.data, Mapping):
        reader.fault((), "The file holds no words for mails.", "Write a kind of notice, a colon and its words.")
    reader.keys((), KINDS)
    mails = tuple(MailText(kind, reader.text((kind,))) for kind in KINDS if reader.has((kind,)))
    for mail in mails:
        if len(mail.text) > MAIL_LETTERS:
            reader.fault((mail.key,), f"“{mail.key}” has {len(mail.text)} characters.", f"Write at most {MAIL_LETTERS}.")
        if any(line.rstrip() == "--" for line in mail.text.splitlines()):
            reader.fault((mail.key,), f"“{mail.key}” has a line “-- ”, where a mail is taken to end.", "Take that line out.")
    return mails


def read_terms(document: Document | None, faults: list[Fault]) -> tuple[Term, ...]:
    """The terms of a pack, each with a key that is the same in every language."""
    if document is None:
        return ()
    reader = Reader(document, faults)
    reader.keys((), ("terms",))
    paths: list[Path] = [("terms", index) for index in range(len(reader.entries(("terms",))))]
    terms = tuple(reader.shape(path, Term, {}) for path in paths)
    reader.once(("terms",), [term.key for term in terms])
    _check_keys(reader, [((*path, "key"), term.key) for path, term in zip(paths, terms, strict=True)])
    return terms


def _check_keys(reader: Reader, keys: Iterable[tuple[Path, str]]) -> None:
    for path, key in keys:
        if key and not _KEY.fullmatch(key):
            reader.fault(path, f"“{key}” is no key.", "Write at most 40 letters, digits, “.”, “-” and “_”, such as T1.")


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
