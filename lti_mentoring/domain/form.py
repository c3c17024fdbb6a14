# SPDX-License-Identifier: Apache-2.0
"""The application form: read from a pack, and what applicants have answered held against it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from lti_mentoring.domain import word
from lti_mentoring.domain.programme import ApplicationForm, FormField, FormSection
from lti_mentoring.domain.reader import Path, Reader

SHORT, LONG, CHOICE, CHOICES, YES = "short", "long", "choice", "choices", "yes"
KINDS = (SHORT, LONG, CHOICE, CHOICES, YES)
SHORT_LENGTH, LONG_LENGTH = 300, 8000
"""Characters that an answer may have, whatever the form says of words."""

_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}$")

Answer = str | tuple[str, ...] | bool
Answers = Mapping[str, Answer]
"""What was answered, by the keys of the fields."""


# --- reading ------------------------------------------------------------------------------------------------------------


def read_form(reader: Reader, key: str) -> ApplicationForm:
    """The form of a file; faults where it is none."""
    reader.keys((), ("key", "title", "intro", "sections", "eligibility", "declarations"))
    if reader.text(("key",)) != key:
        reader.fault(("key",), f"The file is not form {key}.", f"Write “key: {key}”.")
    sections = []
    for index in range(len(reader.entries(("sections",)))):
        path: Path = ("sections", index)
        reader.keys(path, ("key", "title", "intro", "fields"))
        intro = reader.text((*path, "intro")) if reader.has((*path, "intro")) else ""
        below = tuple(_fields(reader, (*path, "fields")))
        sections.append(FormSection(reader.text((*path, "key")), reader.text((*path, "title")), below, intro))
    form = ApplicationForm(
        key=key,
        title=reader.text(("title",)),
        intro=reader.text(("intro",)),
        sections=tuple(sections),
        eligibility=tuple(_fields(reader, ("eligibility",))),
        declarations=tuple(_fields(reader, ("declarations",))),
    )
    _once(reader, form)
    return form


def _fields(reader: Reader, path: Path) -> Iterator[FormField]:
    for index in range(len(reader.entries(path))):
        yield _field(reader, (*path, index), only_yes=path[0] != "sections")


def _field(reader: Reader, path: Path, *, only_yes: bool) -> FormField:
    found = reader.shape(path, FormField, {"words": (0, 1500)})
    if found.key and not _KEY.match(found.key):
        reader.fault((*path, "key"), f"“{found.key}” is no key.", "Write small letters, digits and _, beginning with a letter.")
    if found.kind not in KINDS:
        reader.fault((*path, "kind"), f"“{found.kind}” is no kind of question.", f"Known are: {', '.join(KINDS)}.")
    elif only_yes and found.kind != YES:
        reader.fault((*path, "kind"), "What is declared is answered with yes.", f"Write “kind: {YES}”.")
    if (found.kind in (CHOICE, CHOICES)) != bool(found.options):
        reader.fault(path, "A choice has options, and nothing else has.", "Write “options” below a choice, and nowhere else.")
    if len(set(found.options)) != len(found.options):
        reader.fault((*path, "options"), "An option stands twice.", "Keep one of them.")
    if found.words and found.kind != LONG:
        reader.fault((*path, "words"), "Words are counted in long answers.", f"Write “kind: {LONG}”, or take “words” out.")
    return found


def _once(reader: Reader, form: ApplicationForm) -> None:
    seen: set[str] = set()
    for one in fields_of(form):
        if one.key in seen:
            reader.fault((), f"The question {one.key} stands twice.", "Give each question a key of its own.")
        seen.add(one.key)


# --- answering ----------------------------------------------------------------------------------------------------------


def fields_of(form: ApplicationForm) -> Iterator[FormField]:
    """Every field: the questions, what one must be eligible for, and what is declared, in the form's order."""
    yield from form.eligibility
    for section in form.sections:
        yield from section.fields
    yield from form.declarations


@dataclass(frozen=True, slots=True)
class Problem:
    """An answer that does not do: ``missing``, ``too_long`` (most, unit: words or characters), ``unknown_option`` or ``not_declared``."""

    field: str
    code: str
    most: int = 0
    unit: str = "words"


def clean(form: ApplicationForm, sent: Mapping[str, object]) -> dict[str, Answer]:
    """The answers that the form has fields for, each in its field's own shape; what fits no shape is left out."""
    answers: dict[str, Answer] = {}
    for one in fields_of(form):
        value = sent.get(one.key)
        if one.kind == YES:
            answers[one.key] = value is True or value in ("yes", "on", "true")
        elif one.kind == CHOICES:
            chosen = value if isinstance(value, list | tuple) else () if value is None else (value,)
            answers[one.key] = tuple(option for option in one.options if option in chosen)
        elif isinstance(value, str):
            answers[one.key] = value.replace("\r\n", "\n").replace("\x00", "").strip()
    return answers


def problems(form: ApplicationForm, answers: Answers) -> tuple[Problem, ...]:
    """What keeps the form from being submitted, in its order. An applicant who is not eligible may submit all the same: people decide."""
    signed = {one.key for one in form.declarations}
    asked = {one.key for one in form.eligibility}
    found: list[Problem] = []
    for one in fields_of(form):
        if one.key not in asked:
            found += _problems(one, answers.get(one.key), declared=one.key in signed)
    return tuple(found)


def too_long(form: ApplicationForm, answers: Answers) -> tuple[Problem, ...]:
    """The answers that even a draft cannot keep, in the form's order."""
    found = (_length(one, answers.get(one.key)) for one in fields_of(form))
    return tuple(problem for problem in found if problem is not None and problem.unit == "characters")


def _problems(one: FormField, answer: Answer | None, *, declared: bool) -> Iterable[Problem]:
    if not answer:
        if declared:
            return (Problem(one.key, "not_declared"),)
        return (Problem(one.key, "missing"),) if one.required else ()
    if one.kind == CHOICE and answer not in one.options:
        return (Problem(one.key, "unknown_option"),)
    long = _length(one, answer)
    return (long,) if long is not None else ()


def _length(one: FormField, answer: Answer | None) -> Problem | None:
    if not isinstance(answer, str):
        return None
    most = SHORT_LENGTH if one.kind in (SHORT, CHOICE) else LONG_LENGTH
    if len(answer) > most:
        return Problem(one.key, "too_long", most, "characters")
    if one.words and word.count(answer) > one.words:
        return Problem(one.key, "too_long", one.words)
    return None


def not_eligible(form: ApplicationForm, answers: Answers) -> tuple[FormField, ...]:
    """What the applicant says that they do not fulfil. It is shown to those who decide, and decides nothing."""
    return tuple(one for one in form.eligibility if answers.get(one.key) is not True)
