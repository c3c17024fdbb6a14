# SPDX-License-Identifier: Apache-2.0
"""All that may hold rated observations back: the one place that reads it, as often for many as for one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_mentoring.domain import releasing as holding
from lti_mentoring.domain.conflict import CLEAR, LETS_THROUGH
from lti_mentoring.domain.consent import GRANTED
from lti_mentoring.domain.programme import Policy
from lti_mentoring.domain.releasing import SECOND, SELF, THIRD, State, Submitted
from lti_mentoring.services import conflict, consent, programme, rater
from lti_mentoring.services.matter import OBSERVATION, RATER
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.field import Participant
from lti_mentoring.store.observation import Assessment, Observation
from lti_mentoring.store.rating import Rater, SubmittedRating

Seats = Mapping[str, Sequence[Rater]]
"""Observation -> everybody who was asked to rate it beside its observer, in the order in which they were asked."""


def seats_of(session: Session, ids: Collection[str]) -> Seats:
    """Those of some observations; who need not rate any more is among them."""
    found: dict[str, list[Rater]] = defaultdict(list)
    for row in session.scalars(select(Rater).where(Rater.observation_id.in_(ids)).order_by(Rater.assigned_at, Rater.id)):
        found[row.observation_id].append(row)
    return found


def states_of(session: Session, rows: Sequence[Observation], seats: Seats, pool: rater.Pool | None = None) -> dict[str, State]:
    """Observation -> all that may hold it back. The rows are of one course; ``pool`` is theirs, where it was read already."""
    ids = [row.id for row in rows]
    ratings, drafts, readers = submissions(session, ids, seats), _drafts(session, ids), _readers(session, ids)
    asked = {row.id: [one for one in seats.get(row.id, ()) if one.state != "ended"] for row in rows}
    observers = conflict.standing(session, OBSERVATION, ids)
    raters = conflict.standing(session, RATER, [one.id for some in asked.values() for one in some])
    consents = consent.standing(session, rows)
    found = {}
    for row in rows:
        verdicts = [observers.get(row.id, CLEAR), *(raters.get(one.id, CLEAR) for one in asked[row.id])]
        found[row.id] = State(
            ratings=ratings.get(row.id, ()),
            reasons=frozenset(row.second_reasons.split()),
            own_part=any(one.purpose == SELF for one in asked[row.id]),
            amending=any((row.id, one.assessor_id) in drafts for one in ratings.get(row.id, ())),
            readers=len(readers.get(row.id, ())),
            unreached=any(readers.get(row.id, ())),
            rated_at=row.rated_at,
            clear=all(one in LETS_THROUGH for one in verdicts),
            consent=consents[row.id],
        )
    spared = _spared(session, rows, asked, found, pool)
    return {key: replace(state, spared=key in spared) for key, state in found.items()}


def state_of(session: Session, row: Observation) -> State:
    """The same of one."""
    return states_of(session, [row], seats_of(session, [row.id]))[row.id]


def submissions(session: Session, ids: Collection[str], seats: Seats) -> dict[str, tuple[Submitted, ...]]:
    """The ratings that stand: of each rater the newest, in the order in which they first submitted; none of who need not rate any more."""
    query = select(SubmittedRating).where(SubmittedRating.observation_id.in_(ids))
    newest: dict[tuple[str, str], SubmittedRating] = {}
    for row in session.scalars(query.order_by(SubmittedRating.number, SubmittedRating.submitted_at, SubmittedRating.id)):
        newest[row.observation_id, row.assessor_id] = row
    gone = {(one.observation_id, one.person_id) for some in seats.values() for one in some if one.state == "ended"}
    found: dict[str, tuple[Submitted, ...]] = {}
    for key, row in newest.items():
        if key not in gone:
            made = Submitted(row.id, row.assessor_id, row.purpose, holding.read(row.said), row.weight, row.submitted_at)
            found[row.observation_id] = (*found.get(row.observation_id, ()), made)
    return found


def _drafts(session: Session, ids: Collection[str]) -> set[tuple[str, str]]:
    """(observation, who writes on their sheet)"""
    query = select(Assessment.observation_id, Assessment.assessor_id)
    return {(row[0], row[1]) for row in session.execute(query.where(Assessment.observation_id.in_(ids), Assessment.state == "draft"))}


def _readers(session: Session, ids: Collection[str]) -> Mapping[str, list[bool]]:
    """Observation -> of each who may still strike lines and has not said that they have read them, whether they wait for a link."""
    may = (Participant.consent == GRANTED, Participant.read_at.is_(None), Participant.role != "candidate")
    found: dict[str, list[bool]] = defaultdict(list)
    query = select(Participant.observation_id, Participant.waits_for_link).where(Participant.observation_id.in_(ids), *may)
    for row in session.execute(query):
        found[row.observation_id].append(row.waits_for_link)
    return found


def _spared(
    session: Session, rows: Sequence[Observation], asked: Seats, states: Mapping[str, State], pool: rater.Pool | None
) -> frozenset[str]:
    """Those whose second or third rating is left out: the candidate's policy asks for it where possible, and there is nobody who may give
    it. Whoever was asked already may."""
    seconds = {row.id for row in rows if states[row.id].reasons and holding.second_missing(states[row.id])}
    found = [row for row in rows if row.id in seconds or len(holding.counting(states[row.id].ratings)) == 2]
    query = select(Candidacy.id, Candidacy.programme_version_id).where(Candidacy.id.in_({row.candidacy_id for row in found}))
    policies = {row[0]: programme.load(row[1]).policy for row in session.execute(query)} if found else {}
    left = [
        row
        for row in found
        if (wanted := SECOND if row.id in seconds else _third(policies[row.candidacy_id], row, states[row.id]))
        and (rules := policies[row.candidacy_id].doubling) is not None
        and rules.where_possible
        and not any(one.purpose == wanted and one.state == "asked" for one in asked[row.id])
    ]
    if not left:
        return frozenset()
    pool = pool or rater.pool(session, left[0].course_id, left)
    return frozenset(row.id for row in left if not pool.anyone(row))


def _third(policy: Policy, row: Observation, state: State) -> str:
    return THIRD if holding.third_missing(policy, programme.rubric(row.rubric_version_id), state) else ""
