# SPDX-License-Identifier: Apache-2.0
"""How far two raters of the same session agree, for who leads a course: by rubric, criterion by criterion, and by pair of raters.

Only sessions whose result stands enter, so that nobody sees another's rating of one that is still open (I9).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from lti_mentoring.domain import agreement as rules
from lti_mentoring.domain.agreement import Agreement, Pair
from lti_mentoring.domain.people import Actor, display_name
from lti_mentoring.domain.releasing import THIRD
from lti_mentoring.services import doubled, privacy, programme
from lti_mentoring.services.doubled import Double
from lti_mentoring.store import base
from lti_mentoring.store.people import Person
from lti_mentoring.store.rating import SubmittedRating


@dataclass(frozen=True, slots=True)
class OnRubric:
    """A rubric with sessions that two rated: its key, title, the language that it is read in, how many."""

    key: str
    title: str
    reads: str
    sessions: int


@dataclass(frozen=True, slots=True)
class Line:
    """What the pairs of one criterion amount to."""

    key: str
    title: str
    reads: str
    found: Agreement


@dataclass(frozen=True, slots=True)
class Raters:
    """What the sessions that these two rated amount to; a bias above 0 says that the second one rates higher."""

    first: str
    second: str
    sessions: int
    found: Agreement


@dataclass(frozen=True, slots=True)
class Page:
    """Agreement on one rubric. ``third``: sessions in which a third person decided. ``parted`` counts (first's level, second's level)."""

    rubrics: tuple[OnRubric, ...]
    rubric: OnRubric | None
    third: int
    whole: Agreement
    lines: tuple[Line, ...]
    raters: tuple[Raters, ...]
    parted: Mapping[tuple[int, int], int]


def page(*, actor: Actor, rubric: str = "") -> Page:
    """How far raters of the actor's course agree on a rubric: the one that is named, else the one with most sessions. Three queries."""
    all_of_them = doubled.sessions(base.session(), course_id=actor.course_id)
    rubrics = _rubrics(all_of_them)
    shown = next((one for one in rubrics if one.key == rubric), rubrics[0] if rubrics else None)
    sessions = [one for one in all_of_them if shown is not None and one.rubric == shown.key]
    pairs = [pair for one in sessions for pair in one.pairs().values()]
    return Page(
        rubrics=rubrics,
        rubric=shown,
        third=_third(sessions),
        whole=_on_page(pairs),
        lines=_lines(sessions),
        raters=_raters(sessions),
        parted=Counter(rules.rated(pairs)),
    )


def export(*, actor: Actor, rubric: str = "") -> Page:
    """The same, to leave the tool; that it did stands in the record."""
    found = page(actor=actor, rubric=rubric)
    with base.transactional() as session:
        key = found.rubric.key if found.rubric is not None else ""
        privacy.record(session, actor=actor, verb="export", object_kind="agreement", object_id=actor.course_id, rubric=key)
    return found


def _rubrics(sessions: Sequence[Double]) -> tuple[OnRubric, ...]:
    many = Counter(one.rubric for one in sessions)
    newest = {one.rubric: one.version for one in sessions}
    made = {key: programme.rubric(version) for key, version in newest.items()}
    return tuple(OnRubric(key, made[key].title, made[key].reads, count) for key, count in many.most_common())


def _third(sessions: Sequence[Double]) -> int:
    third = (SubmittedRating.purpose == THIRD, SubmittedRating.observation_id.in_([one.observation_id for one in sessions]))
    return base.session().scalar(select(func.count(SubmittedRating.observation_id.distinct())).where(*third)) or 0


def _lines(sessions: Sequence[Double]) -> tuple[Line, ...]:
    """In the order of the rubric's newest version; a criterion that only an older one has comes last."""
    pairs: dict[str, list[Pair]] = defaultdict(list)
    named: dict[str, tuple[str, str]] = {}
    for version in dict.fromkeys(one.version for one in reversed(sessions)):
        for criterion in programme.rubric(version).criteria:
            named.setdefault(criterion.key, (criterion.title, criterion.reads))
    for one in sessions:
        for key, pair in one.pairs().items():
            pairs[key].append(pair)
    return tuple(Line(key, *named[key], _on_page(pairs[key])) for key in named if key in pairs)


def _raters(sessions: Sequence[Double]) -> tuple[Raters, ...]:
    """Each two people once, whoever of them rated first; those with most sessions first."""
    together: dict[tuple[str, str], list[Double]] = defaultdict(list)
    for one in sessions:
        low, high = sorted((one.first.person_id, one.second.person_id))
        together[low, high].append(one)
    people = {person for pair in together for person in pair}
    rows = base.session().execute(select(Person.id, Person.name, Person.chosen_name).where(Person.id.in_(people)))
    names = {row.id: display_name(row.name or row.chosen_name, row.id) for row in rows}
    found = []
    for two, theirs in together.items():
        first, second = sorted(two, key=lambda one: (names[one].casefold(), one))
        pairs = [pair if one.first.person_id == first else pair[::-1] for one in theirs for pair in one.pairs().values()]
        found.append(Raters(names[first], names[second], len(theirs), _on_page(pairs)))
    return tuple(sorted(found, key=lambda one: (-one.sessions, one.first.casefold(), one.second.casefold())))


def _on_page(pairs: Sequence[Pair]) -> Agreement:
    return rules.on_page(rules.agreement(pairs))
