# SPDX-License-Identifier: Apache-2.0
"""The one way to drop what is observed, whoever does and why: nobody watches it or waits for it any more, and who had to do with it hears.

In which order rows are locked by whoever changes more than one observation of a candidate, so that no two wait for each other: candidacies
by their ids, pair, sessions by their ids, observations, what the conflict guard watches by its ids, notices.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from lti_mentoring.domain import observation as rules
from lti_mentoring.domain.people import Actor
from lti_mentoring.services import assessor, candidacy, drawing, guest_letter, notification, privacy, reaching
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.rating import Rater


def hold_candidates(session: Session, *which: ColumnElement[bool]) -> None:
    """Lock the candidacies of these observations, in the caller's transaction and before anything else."""
    candidacy.hold(session, select(Observation.candidacy_id).where(*which))


def drop(session: Session, rows: Sequence[Observation], *, actor: Actor | str, why: str = "") -> None:
    """Call off these observations, in the caller's transaction, with their candidacies and themselves locked. ``why``: the code that their
    page says it by. Their observers, raters, candidates and whoever was asked to be in the room are told that it is, and not why; by mail
    whoever came by a link."""
    for row in rows:
        row.state, row.called_off_for = rules.after(row.state, "cancel"), why
    close(session, rows, actor=actor)
    for row in rows:
        privacy.record(session, actor=actor, verb="cancel", object_kind="observation", object_id=row.id, reason=why)
        _tell(session, row, {row.observer_id}, actor, "observation_called_off", "observation.sheet", observation=row.id)
        inside, outside = reaching.everybody(session, row)
        _tell(session, row, inside - {row.observer_id}, actor, "observation_called_off", "home.index")
        kind = guest_letter.SESSION_OFF if why == "session" else guest_letter.OFF
        guest_letter.follow(session, actor=actor, row=row, people=outside, kind=kind)
        reaching.tell_unheard(session, row)


def close(session: Session, rows: Sequence[Observation], *, actor: Actor | str) -> None:
    """What goes with a call-off and with setting aside: the guard's watch ends, another session may be the candidate's first by it, and
    whoever was asked to rate and has not is told. They keep their seat: what they wrote can still arrive."""
    session.flush()
    assessor.end(session, *rows)
    session.flush()
    for candidacy_id in sorted({row.candidacy_id for row in rows}):
        drawing.decide_again(session, candidacy_id)
    for row in rows:
        asked = select(Rater.person_id).where(Rater.observation_id == row.id, Rater.state == "asked", Rater.purpose != "self")
        _tell(session, row, set(session.scalars(asked)), actor, "rating_excused", "observation.index")


def _tell(session: Session, row: Observation, people: set[str], actor: Actor | str, kind: str, endpoint: str, **ids: str) -> None:
    doer = actor.person_id if isinstance(actor, Actor) else actor
    for person_id in sorted(people - {doer}):
        whom = {"org_id": row.org_id, "person_id": person_id, "kind": kind, "endpoint": endpoint}
        notification.tell(session, facts={"planned_for": row.planned_for}, ids={"course": row.course_id, **ids}, **whom)
