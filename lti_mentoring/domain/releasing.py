# SPDX-License-Identifier: Apache-2.0
"""What keeps a rated observation from being released, and what its ratings make together once nothing does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from lti_mentoring.domain import scoring
from lti_mentoring.domain.observation import Rating
from lti_mentoring.domain.programme import Policy, Rubric
from lti_mentoring.domain.qualification import COUNTS, PROVISIONAL, SET_ASIDE
from lti_mentoring.domain.scoring import Resolution

FIRST, SECOND, THIRD, SELF = "first", "second", "third", "self"
"""What somebody rates for: the observer; a second and a third person, blind; the candidate, of their own part in a session that two led."""

RATERS = (FIRST, SECOND, THIRD)
"""Whose ratings make the result."""

NEVER_LEFT_OUT = frozenset({PROVISIONAL, SET_ASIDE})
"""Reasons for a second rating that no policy can leave out: without one there is no rating that counts."""

READING = timedelta(hours=48)
"""How long somebody who was in the room may read and strike the lines about them before a result stands, unless they are done earlier."""

ANOTHER, THIRD_OPINION, OWN_PART, AMENDING = "second", "third", "self", "amending"
READS, CONFLICT, CONSENT = "reading", "conflict", "consent"
"""What a result waits for."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """A rating as it stands: the newest that somebody submitted. ``said`` is complete for the rubric."""

    id: str
    assessor_id: str
    purpose: str
    said: Mapping[str, Rating]
    weight: str = COUNTS
    at: datetime | None = None

    @property
    def levels(self) -> Mapping[str, int | None]:
        """Criterion -> level, None for "not observed"."""
        return {key: rating.level for key, rating in self.said.items()}


@dataclass(frozen=True, slots=True)
class State:
    """All that may hold a result back.

    ``reasons``: why a second person rates; ``spared``: the policy does without one, and without a third, where nobody may give it, and
    nobody may. ``own_part``: the candidate was asked to rate their own part. ``amending``: somebody corrects what they submitted.
    ``readers``: who was in the room and may still strike lines, with ``rated_at``; ``unreached``: one of them waits for a link.
    ``clear``: the conflict guard lets it through; ``consent``: everybody's stands.
    """

    ratings: tuple[Submitted, ...]
    reasons: frozenset[str] = frozenset()
    spared: bool = False
    own_part: bool = False
    amending: bool = False
    readers: int = 0
    unreached: bool = False
    rated_at: datetime | None = None
    clear: bool = True
    consent: bool = True


@dataclass(frozen=True, slots=True)
class Hold:
    """One thing that a result waits for: a code, and facts that everybody may know."""

    code: str
    facts: Mapping[str, object] = field(default_factory=dict)


def counting(ratings: Collection[Submitted]) -> tuple[Submitted, ...]:
    """Those that make a result, three at most, in the order in which ``domain.scoring.resolve`` takes them.

    What is set aside never does. What is provisional does beside one that counts, and comes first then: the other confirms it. Where two
    count who rated for the first and the second opinion, what is provisional is not needed any more.
    """
    seated = [one for purpose in RATERS for one in ratings if one.purpose == purpose and one.weight != SET_ASIDE]
    sure, weak = [one for one in seated if one.weight == COUNTS], [one for one in seated if one.weight != COUNTS and one.purpose != THIRD]
    if len(sure) == 1 or (len(sure) == 2 and sure[1].purpose == THIRD):
        return (*weak[:1], *sure)
    return tuple(sure[:3])


def second_missing(state: State) -> bool:
    """Whether another person has to rate before anything can stand."""
    stands = counting(state.ratings)
    if not stands:
        return True
    wanted = state.reasons if not state.spared else state.reasons & NEVER_LEFT_OUT
    # A rating that was set aside took nobody's place: whoever rated instead is the one that counts.
    needed = 1 if wanted <= {SET_ASIDE} else 2
    return bool(wanted) and len(stands) < needed


def own_part_missing(state: State) -> bool:
    """Whether the candidate was asked to rate their own part and has not."""
    return state.own_part and all(one.purpose != SELF for one in state.ratings)


def holds(policy: Policy, rubric: Rubric, state: State, now: datetime) -> tuple[Hold, ...]:
    """Everything that holds a result back, the raters first; empty where it can be released (I15)."""
    return tuple(_holds(policy, rubric, state, now))


def _holds(policy: Policy, rubric: Rubric, state: State, now: datetime) -> Iterator[Hold]:
    if second_missing(state):
        yield Hold(ANOTHER)
    elif not resolution(policy, rubric, state.ratings, spared=state.spared).resolved:
        yield Hold(THIRD_OPINION)
    if own_part_missing(state):
        yield Hold(OWN_PART)
    if state.amending:
        yield Hold(AMENDING)
    until = reading_until(state)
    if state.unreached:
        yield Hold(READS)
    elif until is not None and now < until:
        yield Hold(READS, {"until": until})
    if not state.clear:
        yield Hold(CONFLICT)
    if not state.consent:
        yield Hold(CONSENT)


def reading_until(state: State) -> datetime | None:
    """Until when lines may be struck at the latest; None where nobody reads any more."""
    return state.rated_at + READING if state.readers and state.rated_at is not None else None


def third_missing(policy: Policy, rubric: Rubric, state: State) -> bool:
    """Whether two people have rated, and only a third can decide between them."""
    return not second_missing(state) and not resolution(policy, rubric, state.ratings).resolved


def resolution(policy: Policy, rubric: Rubric, ratings: Collection[Submitted], *, spared: bool = False) -> Resolution:
    """What the ratings make together, ``spared`` where nobody may give a third opinion and the policy does without; ValueError where none
    counts. What stands is made again (I12) with ``spared`` exactly where its method is ``scoring.LOWERED``."""
    found = counting(ratings)
    if not found:
        raise ValueError("no rating counts")
    return scoring.resolve(policy, rubric, *(one.levels for one in found), confirms=found[0].weight != COUNTS, spared=spared)


def digest(ratings: Collection[Submitted]) -> str:
    """A hash of what the ratings say, in the order of the raters, so that a result can be made again and compared (I12). Without the
    reasons, which make no result, and which go when consent is taken back."""
    said = [wordless(plain(one.said)) for one in ratings]
    return hashlib.sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def plain(said: Mapping[str, Rating]) -> dict[str, Any]:
    """A rating as it is kept: criterion -> level (null: not observed), reason, notes."""
    return {key: {"level": one.level, "reason": one.reason, "notes": sorted(one.note_ids)} for key, one in said.items()}


def wordless(said: Mapping[str, Any]) -> dict[str, Any]:
    """What ``plain`` keeps, without the reasons: levels and notes alone."""
    return {key: {**one, "reason": ""} for key, one in said.items()}


def read(said: Mapping[str, Any]) -> dict[str, Rating]:
    """The inverse of ``plain``."""
    return {
        key: Rating(key, one["level"], one["level"] is None, one["reason"], tuple(one["notes"])) for key, one in said.items()
    }
