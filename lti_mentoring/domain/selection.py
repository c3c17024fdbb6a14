# SPDX-License-Identifier: Apache-2.0
"""How applications are judged: what reviews make together, who may read which, and who may review whom."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from lti_mentoring.domain.programme import LEVELS, Rubric, Selection
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.domain.scoring import median as middle

LONGEST_GROUND = 1000


@dataclass(frozen=True, slots=True)
class Mark:
    """What a reviewer says of one criterion: a level, or None where the application does not let it be judged, and on what ground."""

    criterion: str
    level: int | None
    ground: str


@dataclass(frozen=True, slots=True)
class Review:
    """A submitted review, one mark for each criterion."""

    reviewer: str
    marks: tuple[Mark, ...]

    def level(self, criterion: str) -> int | None:
        """The level given there; None where none was."""
        return next((mark.level for mark in self.marks if mark.criterion == criterion), None)


@dataclass(frozen=True, slots=True)
class Short:
    """Why the bar is not reached: ``mean_short`` (of no criterion), ``critical_short`` or ``critical_at_one``; the value, and the need."""

    code: str
    criterion: str = ""
    value: Fraction | None = None
    needed: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class Standing:
    """What the reviews make together. ``levels`` are exact, None where nobody could judge; ``apart`` are criteria on which reviewers are
    further apart than the policy lets stand without a further one."""

    missing: int
    levels: Mapping[str, Fraction | None]
    mean: Fraction | None
    apart: tuple[str, ...]
    needs_further: bool
    short: tuple[Short, ...]


def standing(selection: Selection, rubric: Rubric, reviews: Sequence[Review]) -> Standing:
    """Where an application stands by the reviews that are in.

    Reviewers who agree within ``most_apart`` are averaged. Where the first ones do not, a further review is needed, and the median of all
    decides that criterion: halves stay halves, nothing is rounded up.
    """
    missing = max(selection.reviewers - len(reviews), 0)
    first = reviews[: selection.reviewers]
    apart = tuple(one.key for one in rubric.criteria if _spread(one.key, first) > selection.most_apart)
    further = len(reviews) > selection.reviewers
    levels = {one.key: _together(one.key, reviews, median=one.key in apart and further) for one in rubric.criteria}
    known = [level for level in levels.values() if level is not None]
    mean = sum(known, Fraction(0)) / len(known) if known else None
    return Standing(
        missing=missing,
        levels=levels,
        mean=mean,
        apart=apart,
        needs_further=bool(apart) and not further,
        short=tuple(_short(selection, rubric, levels, mean, reviews)),
    )


def _given(criterion: str, reviews: Iterable[Review]) -> list[int]:
    return sorted(level for review in reviews if (level := review.level(criterion)) is not None)


def _spread(criterion: str, reviews: Iterable[Review]) -> int:
    given = _given(criterion, reviews)
    return given[-1] - given[0] if given else 0


def _together(criterion: str, reviews: Sequence[Review], *, median: bool) -> Fraction | None:
    given = _given(criterion, reviews)
    if not given:
        return None
    return middle(given) if median else Fraction(sum(given), len(given))


def _short(
    selection: Selection, rubric: Rubric, levels: Mapping[str, Fraction | None], mean: Fraction | None, reviews: Sequence[Review]
) -> Iterator[Short]:
    if mean is None or mean < selection.mean:
        yield Short("mean_short", "", mean, selection.mean)
    for one in rubric.criteria:
        if not one.critical:
            continue
        level = levels[one.key]
        if level is not None and level <= LEVELS[0]:
            yield Short("critical_at_one", one.key, level, Fraction(selection.critical_level))
        elif level is None or level < selection.critical_level:
            yield Short("critical_short", one.key, level, Fraction(selection.critical_level))


# --- one review ---------------------------------------------------------------------------------------------------------


def check_marks(rubric: Rubric, marks: Iterable[Mark]) -> None:
    """What even a draft must keep. RuleBroken ``criterion_unknown``, ``level_unknown`` or ``ground_long``, with the criterion."""
    known = {one.key for one in rubric.criteria}
    for mark in marks:
        if mark.criterion not in known:  # a second mark of one criterion is as unknown
            raise RuleBroken("criterion_unknown", criterion=mark.criterion)
        known.discard(mark.criterion)
        if mark.level is not None and mark.level not in LEVELS:
            raise RuleBroken("level_unknown", criterion=mark.criterion)
        if len(mark.ground) > LONGEST_GROUND:
            raise RuleBroken("ground_long", criterion=mark.criterion, most=LONGEST_GROUND)


def gaps(rubric: Rubric, marks: Iterable[Mark]) -> tuple[str, ...]:
    """The criteria that have no ground yet, and with it no mark: a level, or that it cannot be judged, always says why."""
    grounded = {mark.criterion for mark in marks if mark.ground.strip()}
    return tuple(one.key for one in rubric.criteria if one.key not in grounded)


# --- who may ------------------------------------------------------------------------------------------------------------


def all_in(*, assigned: Collection[str], submitted: Collection[str], wanted: int) -> bool:
    """Whether every assigned reviewer has submitted, and as many as the policy asks for have."""
    return len(submitted) >= wanted and set(assigned) <= set(submitted)


def may_read(reader: str, *, author: str, assigned: Collection[str], submitted: Collection[str], wanted: int) -> bool:
    """Whether somebody may read a review: its author always; others once all are in, whoever they are (I9)."""
    return reader == author or all_in(assigned=assigned, submitted=submitted, wanted=wanted)


@dataclass(frozen=True, slots=True)
class Conflict:
    """Why somebody may not review an application (R9): ``oneself``, ``manages``, ``above``, ``managed``, ``refereed``, ``applies``."""

    code: str
    rule: str = "R9"


def conflicts(
    *, applicant: str, reviewer: str, managers: Collection[str], above: Collection[str], below: Collection[str], referees: Collection[str]
) -> tuple[Conflict, ...]:
    """The conflicts of a reviewer with an applicant. ``managers`` are direct managers and appraisers, ``above`` those further up, ``below``
    whoever the applicant manages, each within the last twelve months; ``referees`` who speak for the applicant."""
    found = []
    if reviewer == applicant:
        found.append(Conflict("oneself"))
    if reviewer in managers:
        found.append(Conflict("manages"))
    elif reviewer in above:
        found.append(Conflict("above"))
    if reviewer in below:
        found.append(Conflict("managed"))
    if reviewer in referees:
        found.append(Conflict("refereed"))
    return tuple(found)
