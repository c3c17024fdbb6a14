# SPDX-License-Identifier: Apache-2.0
"""Sessions that two people rated without seeing each other, once their result stands: what drift and agreement are reckoned from.

Nothing of a session whose result is still open leaves this file (I9).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, and_, exists, select
from sqlalchemy.orm import Session, aliased

from lti_mentoring.domain.agreement import Pair
from lti_mentoring.domain.observation import RELEASED
from lti_mentoring.domain.releasing import FIRST, SECOND
from lti_mentoring.services.records import IN_CONFLICT
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.programme import RubricVersion
from lti_mentoring.store.rating import Rater, SubmittedRating

BLIND = (FIRST, SECOND)
"""Who rates without knowing of anybody's level, on every criterion. A third person decides on disputed ones only, which are no sample."""


@dataclass(frozen=True, slots=True)
class Rated:
    """One person's rating of a session, as it stood in the end."""

    person_id: str
    at: datetime
    weight: str
    levels: Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class Double:
    """A session that two rated, the observer first. ``rubric`` is the rubric's key, ``version`` the version that they rated on."""

    observation_id: str
    rubric: str
    version: str
    released_at: datetime
    first: Rated
    second: Rated

    def pairs(self) -> dict[str, Pair]:
        """Criterion -> what the first and the second said of it."""
        return {key: (level, self.second.levels.get(key)) for key, level in self.first.levels.items()}

    def beside(self, person_id: str) -> tuple[Rated, Rated]:
        """The other one's rating and this person's own."""
        return (self.second, self.first) if self.first.person_id == person_id else (self.first, self.second)


def sessions(session: Session, *, course_id: str, person_id: str | None = None, rubric: str | None = None) -> tuple[Double, ...]:
    """All of a course, of one person, or on one rubric; those released first come first. One query."""
    other = aliased(SubmittedRating)
    of_it = (other.org_id == SubmittedRating.org_id, other.observation_id == SubmittedRating.observation_id)
    query = _ratings(course_id).where(exists().where(*of_it, other.purpose == SECOND))
    if person_id is not None:
        query = query.where(exists().where(*of_it, other.assessor_id == person_id, other.purpose.in_(BLIND)))
    if rubric is not None:
        query = query.where(RubricVersion.key == rubric)
    found: dict[str, dict[str, Rated]] = defaultdict(dict)
    about: dict[str, tuple[str, str, datetime]] = {}
    for row, key, released_at in session.execute(query):
        levels = {criterion: said["level"] for criterion, said in row.said.items()}
        found[row.observation_id][row.purpose] = Rated(row.assessor_id, row.submitted_at, row.weight, levels)
        about[row.observation_id] = key, row.rubric_version_id, released_at or row.submitted_at
    return tuple(_doubles(found, about))


def _ratings(course_id: str) -> Select[SubmittedRating, str, datetime | None]:
    """Ratings of first and second raters whose result stands, the oldest first, so that a correction comes after what it corrects."""
    ended = (Rater.org_id == SubmittedRating.org_id, Rater.observation_id == SubmittedRating.observation_id)
    return (
        select(SubmittedRating, RubricVersion.key, Observation.released_at)
        .join(Observation, and_(Observation.org_id == SubmittedRating.org_id, Observation.id == SubmittedRating.observation_id))
        .join(RubricVersion, and_(RubricVersion.org_id == SubmittedRating.org_id, RubricVersion.id == SubmittedRating.rubric_version_id))
        .where(Observation.course_id == course_id, Observation.state == RELEASED, ~IN_CONFLICT)
        .where(SubmittedRating.purpose.in_(BLIND))
        .where(~exists().where(*ended, Rater.person_id == SubmittedRating.assessor_id, Rater.state == "ended"))
        .order_by(Observation.released_at, SubmittedRating.observation_id, SubmittedRating.number)
    )


def _doubles(found: Mapping[str, Mapping[str, Rated]], about: Mapping[str, tuple[str, str, datetime]]) -> Iterator[Double]:
    for observation_id, said in found.items():
        if len(said) == len(BLIND):
            yield Double(observation_id, *about[observation_id], said[FIRST], said[SECOND])
