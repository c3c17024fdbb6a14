# SPDX-License-Identifier: Apache-2.0
"""Second and third opinions as who leads the course reads of them: which observation waits for one, and whom to ask."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session, aliased

from lti_mentoring.domain import releasing as holding
from lti_mentoring.domain.capacity import UNTOLD
from lti_mentoring.domain.observation import RATED, WAITING
from lti_mentoring.domain.people import LEADS, Actor, display_name, led_alone
from lti_mentoring.domain.programme import Policy
from lti_mentoring.domain.releasing import SECOND, SELF, THIRD, State
from lti_mentoring.domain.rule import NotFound
from lti_mentoring.services import assessor, conflict, naming, programme, rater, unreleased
from lti_mentoring.services.rater import Possible
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.people import Person, RoleGrant
from lti_mentoring.store.rating import Rater, SubmittedRating

MOST_LISTED = 200


@dataclass(frozen=True, slots=True)
class Matter:
    """An observation that wants another person's rating; for who leads the course alone.

    ``purpose``: second or third; self where the candidate's own part is all that is open. ``hidden``: the reader rates it themself, so that
    neither which opinion it is nor why is said. ``reasons`` are codes of ``domain.scoring`` and ``domain.releasing``. ``ahead``: somebody
    can still sit in the room. ``rater`` was asked and has not submitted; ``unfit`` says that they have come into conflict since. ``able``:
    how many could be asked; ``spared``: the policy does without, where nobody can.
    """

    id: str
    candidate: str
    observer: str
    kind: str
    planned_for: date
    purpose: str
    reasons: tuple[str, ...]
    ahead: bool
    since: datetime
    able: int
    rater: str = ""
    rater_id: str = ""
    from_notes: bool = False
    due_on: date | None = None
    late: bool = False
    unfit: bool = False
    spared: bool = False
    hidden: bool = False

    @property
    def shown(self) -> str:
        """What is wanted, as its reader may learn of it (I9)."""
        return "another" if self.hidden and self.purpose != SELF else self.purpose


@dataclass(frozen=True, slots=True)
class Choice:
    """Whom to ask about one matter."""

    matter: Matter
    people: tuple[Possible, ...]
    names: Mapping[str, str]
    """Of everybody whom the sentences about conflicts speak of."""

    @property
    def able(self) -> tuple[Possible, ...]:
        """Those who may be asked. Where it is not known yet who manages whom, the result waits for that word, and not the question."""
        return tuple(one for one in self.people if not set(one.why) - {UNTOLD})

    @property
    def unable(self) -> tuple[Possible, ...]:
        """Those who may not, each with why."""
        return tuple(one for one in self.people if set(one.why) - {UNTOLD})


# --- what waits --------------------------------------------------------------------------------------------------------------------

_Observer = aliased(Person)
_ROWS = (
    select(Observation, Candidacy.person_id, Candidacy.programme_version_id)
    .add_columns(Person.name, Person.chosen_name, _Observer.name, _Observer.chosen_name)
    .join(Candidacy, and_(Candidacy.org_id == Observation.org_id, Candidacy.id == Observation.candidacy_id))
    .join(Person, and_(Person.org_id == Observation.org_id, Person.id == Candidacy.person_id))
    .join(_Observer, and_(_Observer.org_id == Observation.org_id, _Observer.id == Observation.observer_id))
)


def waiting(*, actor: Actor) -> tuple[Matter, ...]:
    """What waits for somebody's second or third opinion in a course: what is rated already first, the longest wait at the top; a constant
    number of queries. Of a session that they rate themself who leads the course is told nothing while somebody else leads it as well; who
    leads it alone is told once their own rating is in, and corrects it no more from then on."""
    session = base.session()
    # What is held for anything else, such as lines to be read, takes nobody's place in the list.
    reasons = and_(Observation.state.in_((*WAITING, RATED)), Observation.second_reasons != "")
    wants = reasons | and_(Observation.state == RATED, Observation.id.in_(select(Rater.observation_id)))
    query = _ROWS.where(Observation.course_id == actor.course_id, wants).order_by(Observation.planned_for, Observation.id)
    found = session.execute(query.limit(5 * MOST_LISTED)).all()
    made = _matters(session, actor, found, rater.pool(session, actor.course_id, [row[0] for row in found])) if found else []
    return tuple(sorted(made, key=lambda one: (one.ahead, one.since, one.id))[:MOST_LISTED])


def choose(*, actor: Actor, observation_id: str) -> Choice:
    """One matter with everybody who could be asked. NotFound where it wants nobody's rating, or is the reader's own."""
    session = base.session()
    query = _ROWS.where(Observation.id == observation_id, Observation.course_id == actor.course_id)
    found = session.execute(query.where(Observation.state.in_((*WAITING, RATED)))).all()
    pool = rater.pool(session, actor.course_id, [row[0] for row in found])
    made = _matters(session, actor, found, pool)
    if not made or made[0].purpose == SELF:
        raise NotFound("second")
    people = pool.of(found[0][0])
    spoken_of = {person for one in people for found in one.findings for person in (found.one, found.other, found.facts.get("manager", ""))}
    return Choice(made[0], people, naming.names(session, actor.course_id, {str(one) for one in spoken_of}))


def matter_of(session: Session, actor: Actor, row: Observation) -> Matter | None:
    """What one observation wants, None where it wants nobody's rating, or is the actor's own."""
    pool = rater.pool(session, row.course_id, [row])
    made = _matters(session, actor, session.execute(_ROWS.where(Observation.id == row.id)).all(), pool)
    return made[0] if made else None


def seen(session: Session, row: Observation, person_id: str) -> bool:
    """Whether a rater could read that their session waits for another opinion, or does no more: one was asked for, and they have led the
    course alone at some time since their own rating was in, whoever leads it by now."""
    further = select(Rater.id).where(Rater.observation_id == row.id, Rater.purpose != SELF)
    if not row.second_reasons and session.scalar(further.limit(1)) is None:
        return False
    mine = (SubmittedRating.observation_id == row.id, SubmittedRating.assessor_id == person_id)
    since = session.scalar(select(func.min(SubmittedRating.submitted_at)).where(*mine))
    held = select(RoleGrant.person_id, RoleGrant.granted_at, RoleGrant.revoked_at)
    leading = session.execute(held.where(RoleGrant.course_id == row.course_id, RoleGrant.role.in_(LEADS)))
    return since is not None and led_alone(person_id, [(one, start, end) for one, start, end in leading], since)


def _matters(session: Session, actor: Actor, found: Sequence[Any], pool: rater.Pool) -> list[Matter]:
    ids = [one[0].id for one in found]
    every = unreleased.seats_of(session, ids)
    states = unreleased.states_of(session, [one[0] for one in found], every, pool)
    seats = {key: [one for one in some if one.state != "ended"] for key, some in every.items()}
    fit = conflict.standing(session, "rater", [one.id for some in seats.values() for one in some])
    alone = _leads_alone(session, actor)
    made = []
    for row, subject_id, version_id, *names in found:
        own = {row.observer_id, *(one.person_id for one in seats.get(row.id, ()))}
        given = actor.person_id in {one.assessor_id for one in states[row.id].ratings} and not states[row.id].amending
        if actor.person_id == subject_id or (actor.person_id in own and not (alone and given)):
            continue
        version = programme.load(version_id)
        able = sum(not set(one.why) - {UNTOLD} for one in pool.of(row))
        state = states[row.id]
        purpose = _wanted(row, state, version.policy)
        if not purpose:
            continue
        asked = _asked(seats.get(row.id, ()), purpose)
        names_of = [display_name(names[1] or names[0], subject_id), display_name(names[3] or names[2], row.observer_id)]
        made.append(_matter(row, names_of, purpose, state, asked, pool, able, fit, hidden=actor.person_id in own))
    return made


def _asked(seats: Iterable[Rater], purpose: str) -> Rater | None:
    """Who was asked for an opinion and has not given it yet."""
    return next((one for one in seats if one.purpose == purpose and one.state == "asked"), None)


def _wanted(row: Observation, state: State, policy: Policy) -> str:
    """For what another person is wanted: before the first rating is in, what is known beforehand; then what holds the result back."""
    if row.state != RATED:
        given = any(one.purpose == SECOND for one in state.ratings)
        return SECOND if state.reasons and not given else ""
    if holding.second_missing(replace(state, spared=False)):  # shown where it is spared too, so that it does not wait unseen
        return SECOND
    if not holding.resolution(policy, programme.rubric(row.rubric_version_id), state.ratings).resolved:
        return THIRD
    return SELF if holding.own_part_missing(state) else ""


def _matter(
    row: Observation,
    names: Sequence[str],
    purpose: str,
    state: State,
    asked: Rater | None,
    pool: rater.Pool,
    able: int,
    fit: Mapping[str, str],
    *,
    hidden: bool,
) -> Matter:
    today = base.now().date()
    return Matter(
        id=row.id,
        candidate=names[0],
        observer=names[1],
        kind=row.kind,
        planned_for=row.planned_for,
        purpose=purpose,
        reasons=() if hidden else _reasons(purpose, state),
        ahead=_ahead(row),
        since=max((one.at for one in state.ratings if one.at), default=row.created_at),
        able=able,
        rater=names[0] if purpose == SELF else pool.names.get(asked.person_id, display_name(None, asked.person_id)) if asked else "",
        rater_id=asked.person_id if asked else "",
        from_notes=asked.from_notes if asked else False,
        due_on=asked.due_on if asked else None,
        late=bool(asked and asked.due_on and asked.due_on < today),
        unfit=bool(asked) and fit.get(asked.id if asked else "", "clear") in assessor.STOPS,
        spared=state.spared,
        hidden=hidden,
    )


def _reasons(purpose: str, state: State) -> tuple[str, ...]:
    return {SECOND: tuple(sorted(state.reasons)), THIRD: ("disputed",)}.get(purpose, ())


def _ahead(row: Observation) -> bool:
    return row.state in WAITING and row.planned_for >= base.now().date()


def _leads_alone(session: Session, actor: Actor) -> bool:
    held = (RoleGrant.course_id == actor.course_id, RoleGrant.role.in_(LEADS), RoleGrant.revoked_at.is_(None))
    return actor.is_any(*LEADS) and not session.scalar(select(func.count()).where(*held, RoleGrant.person_id != actor.person_id))
