# SPDX-License-Identifier: Apache-2.0
"""A programme as data: competencies, policy, modules and rubrics; one version of it never changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from lti_mentoring.domain.body import LATER, content_hash, from_body, to_body
from lti_mentoring.domain.handout import Handout, MailText, Term
from lti_mentoring.domain.language import Translation
from lti_mentoring.domain.module import Module
from lti_mentoring.domain.reliability import Doubling, Qualifying
from lti_mentoring.domain.setting import ASSISTANCE, AWARD, SELECTION, TIME, Assistance, Award, Counting, Selection, TimeLimits
from lti_mentoring.domain.transcript import Transcript

__all__ = [
    "LEVELS",
    "Assistance",
    "Award",
    "Competency",
    "Counting",
    "Criterion",
    "Policy",
    "Programme",
    "Rubric",
    "Selection",
    "TimeLimits",
    "content_hash",
    "from_body",
    "to_body",
]

LEVELS = (1, 2, 3, 4)
"""Not yet, emerging, competent, accomplished. "Not observed" is no level."""

NOT_REQUIRED = "not_required"

STRUCTURED, CO, INDEPENDENT, GROUP = "structured", "co", "independent", "group"
KINDS = (STRUCTURED, CO, INDEPENDENT, GROUP)
"""Kinds of observation, in the order of the way: watching an accomplished mentor, mentoring with one, mentoring alone; and, for those who
are to lead groups, leading one."""


@dataclass(frozen=True, slots=True)
class Indicator:
    """An act by which a competency shows."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Competency:
    """Something a mentor can do; ``critical`` ones weigh more in later policies."""

    key: str
    title: str
    critical: bool
    indicators: tuple[Indicator, ...] = ()
    reads: str = field(default="", metadata=LATER)


@dataclass(frozen=True, slots=True)
class Criterion:
    """One line of a rubric: what is rated, and an observable act for each of the four levels, from 1 to 4."""

    key: str
    title: str
    competencies: tuple[str, ...]
    critical: bool
    anchors: tuple[str, str, str, str]
    reads: str = field(default="", metadata=LATER)


@dataclass(frozen=True, slots=True)
class Rubric:
    """Criteria with anchors; judged by, so never changed."""

    key: str
    title: str
    criteria: tuple[Criterion, ...]
    reads: str = field(default="", metadata=LATER)
    translations: tuple[Translation, ...] = field(default=(), metadata=LATER)

    def criterion(self, key: str) -> Criterion:
        """The criterion with that key; KeyError if there is none."""
        for criterion in self.criteria:
            if criterion.key == key:
                return criterion
        raise KeyError(key)


@dataclass(frozen=True, slots=True)
class Policy:
    """What a programme may set. Reporting lines, consent, evidence, sealing and pinned versions are never fields.

    Means are exact fractions of the 1 to 4 scale. ``points`` maps levels 1 to 4 to gradebook points of 100, for placements that post
    points. ``retake_wait_hours`` is the wait before the second attempt at a check, the third, and so on; the last holds for all later.
    ``before_observing`` names the modules that come before the first observation, the others come before the award.
    ``waiver_approvers`` people agree before prior learning stands for a module; whether it then earns full points where a placement
    posts points, or only says that the module is complete, is ``recognised_full_points``. ``qualifying``, ``doubling`` and ``counting`` are
    None where they are not asked for; the two settings ``reliability.BEFORE`` them stay in the bodies of older versions, for the sake of
    their hashes.
    """

    modules_required: tuple[str, ...]
    observation_rubric: str
    independent_observations: int = 1
    overall_mean: Fraction = Fraction(11, 4)
    competency_mean: Fraction = Fraction(5, 2)
    no_critical_at_one: bool = True
    observer_qualification: str = NOT_REQUIRED
    double_scoring: str = NOT_REQUIRED
    points: tuple[int, int, int, int] = (0, 50, 75, 100)
    retake_wait_hours: tuple[int, ...] = (0, 24)
    name: str = "assured"
    before_observing: tuple[str, ...] = ()
    selection: Selection = SELECTION
    assistance: Assistance = ASSISTANCE
    time: TimeLimits = TIME
    award: Award = AWARD
    waiver_approvers: int = 2
    structured_observations: int = 0
    structured_rubric: str = ""
    co_mentoring_sessions: int = 0
    co_mentoring_rubric: str = ""
    independent_observers: int = 1
    evidence_months: int = 24
    recognised_full_points: bool = field(default=False, metadata=LATER)
    group_observations: int = field(default=0, metadata=LATER)
    group_rubric: str = field(default="", metadata=LATER)
    counting: Counting | None = field(default=None, metadata=LATER)
    qualifying: Qualifying | None = field(default=None, metadata=LATER)
    doubling: Doubling | None = field(default=None, metadata=LATER)

    def asks(self, kind: str) -> int:
        """How many observations of a kind are asked for; KeyError for what is no kind."""
        counts = {
            STRUCTURED: self.structured_observations,
            CO: self.co_mentoring_sessions,
            INDEPENDENT: self.independent_observations,
            GROUP: self.group_observations,
        }
        return counts[kind]

    def rubric_of(self, kind: str) -> str:
        """The rubric that observations of a kind are rated on; KeyError for what is no kind."""
        rubrics = {STRUCTURED: self.structured_rubric, CO: self.co_mentoring_rubric, GROUP: self.group_rubric}
        return {**rubrics, INDEPENDENT: self.observation_rubric}[kind]


@dataclass(frozen=True, slots=True)
class FormField:
    """A question of the application form. ``kind`` is ``short``, ``long`` (up to ``words``), ``choice``, ``choices`` or ``yes``.

    An option is kept as the source says it, whatever language it was read in; ``labels`` is what a reader of a translation sees."""

    key: str
    kind: str
    title: str
    help: str = ""
    required: bool = True
    options: tuple[str, ...] = ()
    words: int = 0
    labels: tuple[str, ...] = field(default=(), metadata=LATER)
    reads: str = field(default="", metadata=LATER)

    @property
    def choices(self) -> tuple[tuple[str, str], ...]:
        """Each option as it is kept, with what the reader sees."""
        return tuple(zip(self.options, self.labels or self.options, strict=True))

    def label(self, option: str) -> str:
        """What the reader sees of an answer to a choice."""
        return dict(self.choices).get(option, option)


@dataclass(frozen=True, slots=True)
class FormSection:
    """Questions that belong together."""

    key: str
    title: str
    fields: tuple[FormField, ...]
    intro: str = ""
    reads: str = field(default="", metadata=LATER)


@dataclass(frozen=True, slots=True)
class ApplicationForm:
    """What applicants are asked, who may apply, and what they sign; judged by, so never changed."""

    key: str
    title: str
    intro: str
    sections: tuple[FormSection, ...]
    eligibility: tuple[FormField, ...] = ()
    declarations: tuple[FormField, ...] = ()
    reads: str = field(default="", metadata=LATER)


@dataclass(frozen=True, slots=True)
class Aspect:
    """Something that a protocol asks an observer to watch for."""

    key: str
    title: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Protocol:
    """How one kind of session is observed: ``kind`` is ``structured``, ``co``, ``independent`` or ``group``."""

    key: str
    kind: str
    title: str
    rubric: str
    intro: str
    aspects: tuple[Aspect, ...]
    reads: str = field(default="", metadata=LATER)


@dataclass(frozen=True, slots=True)
class Outline:
    """A module that is planned and not yet written: what it will be about."""

    key: str
    title: str
    outcomes: tuple[str, ...]
    competencies: tuple[str, ...]
    minutes: int
    reads: str = field(default="", metadata=LATER)


@dataclass(frozen=True, slots=True)
class Review:
    """The day on which somebody last read a module or a transcript, by its key, to see whether it still holds."""

    key: str
    on: str


@dataclass(frozen=True, slots=True)
class Programme:
    """One version of a programme. ``policy`` is in force; ``policies`` are those that a programme may be opened with. ``purpose`` says what
    the mentoring is to bring about (the outcomes of the mentoring process). ``language`` is that of the source; ``translations`` hold
    what stands neither in a module nor in a rubric, which have their own. ``native`` are the languages that a native speaker has reviewed.

    Each part that is read whole in one language has ``reads``: the language in which a reader gets it, empty in the source itself."""

    slug: str
    edition: str
    language: str
    title: str
    competencies: tuple[Competency, ...]
    policy: Policy
    modules: tuple[Module, ...]
    rubrics: tuple[Rubric, ...]
    policies: tuple[Policy, ...] = ()
    form: ApplicationForm | None = None
    protocols: tuple[Protocol, ...] = ()
    outlines: tuple[Outline, ...] = ()
    purpose: tuple[str, ...] = ()
    support: str = ""
    certificate: str = ""
    transcripts: tuple[Transcript, ...] = field(default=(), metadata=LATER)
    texts: tuple[Handout, ...] = field(default=(), metadata=LATER)
    mails: tuple[MailText, ...] = field(default=(), metadata=LATER)
    terms: tuple[Term, ...] = field(default=(), metadata=LATER)
    reviews: tuple[Review, ...] = field(default=(), metadata=LATER)
    native: tuple[str, ...] = field(default=(), metadata=LATER)
    reads: str = field(default="", metadata=LATER)
    translations: tuple[Translation, ...] = field(default=(), metadata=LATER)

    def competency(self, key: str) -> Competency:
        """The competency with that key; KeyError if there is none."""
        for competency in self.competencies:
            if competency.key == key:
                return competency
        raise KeyError(key)

    def module(self, key: str) -> Module:
        """The module with that key; KeyError if there is none."""
        for module in self.modules:
            if module.key == key:
                return module
        raise KeyError(key)

    def criterion(self, key: str) -> Criterion:
        """The criterion with that key, on whichever rubric observations are rated; KeyError if there is none."""
        for kind in KINDS:
            for rubric in self.rubrics:
                if rubric.key == self.policy.rubric_of(kind) and any(one.key == key for one in rubric.criteria):
                    return rubric.criterion(key)
        raise KeyError(key)

    def rubric(self, key: str) -> Rubric:
        """The rubric with that key; KeyError if there is none."""
        for rubric in self.rubrics:
            if rubric.key == key:
                return rubric
        raise KeyError(key)

    def reviewed(self, key: str) -> str:
        """The day of the last review of a module or transcript, as 2026-11-30; empty where none is noted."""
        return next((one.on for one in self.reviews if one.key == key), "")

    def unreviewed(self, reads: str) -> bool:
        """Whether a text that is read in this language is a translation that no native speaker has reviewed."""
        return reads not in ("", self.language, *self.native)
