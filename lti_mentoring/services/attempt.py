# SPDX-License-Identifier: Apache-2.0
"""What a module's pages show: the module with the reader's standing, an attempt with its questions, what was kept of an answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from lti_mentoring.domain.candidacy import ModuleRecord, Requirement
from lti_mentoring.domain.module import Module
from lti_mentoring.domain.question import Question
from lti_mentoring.domain.rule import NotFound
from lti_mentoring.domain.training import OutcomeResult


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One attempt of the reader's own."""

    id: str
    number: int
    open: bool
    mastered: bool
    finished_at: datetime | None
    results: tuple[OutcomeResult, ...]


@dataclass(frozen=True, slots=True)
class ModulePage:
    """A module with the reader's own standing in it. ``mastered``: in this version of it. ``takes_part``: this person may take the check;
    ``previews``: may look at it; ``record`` is there for a candidate. ``reviewed``: when somebody last saw whether it still holds;
    ``unreviewed``: it is read in a translation that no native speaker has reviewed."""

    module: Module
    competencies: tuple[str, ...]
    attempts: tuple[AttemptRow, ...]
    mastered: bool
    answered: int
    asked: int
    retake_from: datetime | None
    takes_part: bool
    previews: bool
    record: ModuleRecord | None = None
    reviewed: date | None = None
    unreviewed: bool = False

    @property
    def requirement(self) -> Requirement | None:
        """How the module stands among what is required of a candidate."""
        return Requirement("module_mastered", self.record.facts, self.record.met) if self.record else None

    @property
    def open_attempt(self) -> AttemptRow | None:
        """The attempt to go on with."""
        return next((attempt for attempt in self.attempts if attempt.open), None)


@dataclass(frozen=True, slots=True)
class AttemptPage:
    """One attempt with all its questions. ``results`` stand while it is open too: they are what is in so far."""

    attempt: AttemptRow
    module: Module
    questions: tuple[Question, ...]
    results: tuple[OutcomeResult, ...]
    retake_from: datetime | None

    @property
    def counted(self) -> tuple[Question, ...]:
        """The questions that count: those without practice. The attempt ends with the last of them."""
        return tuple(question for question in self.questions if not question.practice)

    def question(self, number: int) -> Question:
        """Question ``number``, counted from 1. NotFound beyond the last."""
        if not 1 <= number <= len(self.questions):
            raise NotFound("question", number=number)
        return self.questions[number - 1]

    @property
    def first_open(self) -> int | None:
        """The number of the first question that is not complete, practice behind the others; None when all are."""
        return next((question.number for question in self.questions if not question.complete), None)

    def result(self, outcome: str) -> OutcomeResult:
        """How one outcome stands."""
        return next(result for result in self.results if result.outcome == outcome)


@dataclass(frozen=True, slots=True)
class PreviewPage:
    """A question of the pool, for staff. Nothing here is kept."""

    module: Module
    question: Question
    of: int


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of an answer: ``kept_at`` is when it was stored. ``first`` is False if one was in before: the first one holds."""

    item_key: str
    step: int
    kept_at: datetime
    first: bool
    complete: bool
    finished: bool
