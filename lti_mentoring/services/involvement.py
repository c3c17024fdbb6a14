# SPDX-License-Identifier: Apache-2.0
"""What ties people to one another besides reporting lines, read from the records of what they did: for the conflict guard."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import timedelta
from itertools import permutations
from typing import Any

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import Session

from lti_mentoring.domain.assistance import competencies_of
from lti_mentoring.domain.programme import CO
from lti_mentoring.domain.standing import ASSESSED, CO_MENTORED, DECIDED, HELPED, MENTORED, REFEREED, RELATED, REVIEWED, TRAINED, Tie
from lti_mentoring.services import programme
from lti_mentoring.store.application import Application, ApplicationEvent, ApplicationReview, Reference
from lti_mentoring.store.assistance import AssistanceContact, AssistanceRequest
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.conflict import DeclaredRelation
from lti_mentoring.store.mentorship import MentorshipMember
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.people import Person
from lti_mentoring.store.practice import PracticeSubmission

DECISIONS = ("offer", "waitlist", "decline")
DAY = timedelta(days=1)


def ties(session: Session, people: Collection[str]) -> tuple[Tie, ...]:
    """Everything that ties some of these people to whoever did something for or about them; a constant number of statements.

    Of what was done to one of them all is told, since who was the only one is known by the others. What lasts a moment is a day.
    """
    found = (_declared, _observed, _met, _trained, _helped, _refereed, _reviewed, _decided)
    return tuple(dict.fromkeys(tie for each in found for tie in each(session, people)))


def _declared(session: Session, people: Collection[str]) -> Iterator[Tie]:
    among = (DeclaredRelation.one_id.in_(people), DeclaredRelation.other_id.in_(people))
    for row in session.scalars(select(DeclaredRelation).where(*among)):
        yield Tie(RELATED, row.one_id, row.other_id, row.started_on, row.ended_on)


def _of_candidates(people: Collection[str], joined: Any, *columns: Any) -> Select[Any]:
    """Rows of something that belongs to a candidacy of one of these people, with that person and the candidacy's version."""
    query = select(Candidacy.person_id, Candidacy.programme_version_id, *columns)
    same = and_(joined.org_id == Candidacy.org_id, joined.candidacy_id == Candidacy.id)
    return query.join(joined, same).where(Candidacy.person_id.in_(people))


def _observed(session: Session, people: Collection[str]) -> Iterator[Tie]:
    """A released observation assesses; a session of co-mentoring that was not called off joins both who led it."""
    columns = (Observation.observer_id, Observation.mentor_id, Observation.kind, Observation.state, Observation.planned_for)
    for person, _, observer, mentor, kind, state, day in session.execute(_of_candidates(people, Observation, *columns)):
        if state == "released":
            yield Tie(ASSESSED, observer, person, day, day + DAY)
        if kind == CO and state != "cancelled":
            yield Tie(CO_MENTORED, mentor or observer, person, day, day + DAY)


def _met(session: Session, people: Collection[str]) -> Iterator[Tie]:
    """Who mentors whom, and who mentors beside whom, for as long as both were in the pair or group."""
    theirs = select(MentorshipMember.mentorship_id).where(MentorshipMember.person_id.in_(people))
    members: dict[str, list[MentorshipMember]] = {}
    for row in session.scalars(select(MentorshipMember).where(MentorshipMember.mentorship_id.in_(theirs)).order_by(MentorshipMember.id)):
        members.setdefault(row.mentorship_id, []).append(row)
    for one, other in (pair for rows in members.values() for pair in permutations(rows, 2)):
        start = max(one.started_on, other.started_on)
        end = min((row.ended_on for row in (one, other) if row.ended_on is not None), default=None)
        if one.role == "protege" or one.person_id == other.person_id or (end is not None and end <= start):
            continue
        yield Tie(MENTORED if other.role == "protege" else CO_MENTORED, one.person_id, other.person_id, start, end)


def _trained(session: Session, people: Collection[str]) -> Iterator[Tie]:
    """Whoever marked a practice task trained its writer in what the module is about."""
    columns = (PracticeSubmission.marker_id, PracticeSubmission.module_key, PracticeSubmission.returned_at)
    marked = _of_candidates(people, PracticeSubmission, *columns).where(PracticeSubmission.returned_at.is_not(None))
    for person, version, marker, key, at in session.execute(marked.where(PracticeSubmission.marker_id.is_not(None))):
        about = competencies_of(programme.load(version), "module", key)
        yield Tie(TRAINED, marker, person, at.date(), at.date() + DAY, about)


def _helped(session: Session, people: Collection[str]) -> Iterator[Tie]:
    """Help that was about no competency, such as about the platform, ties nobody."""
    query = _of_candidates(people, AssistanceRequest, AssistanceRequest.topic_kind, AssistanceRequest.topic_key)
    same = and_(AssistanceContact.org_id == AssistanceRequest.org_id, AssistanceContact.request_id == AssistanceRequest.id)
    query = query.join(AssistanceContact, same).add_columns(AssistanceContact.helper_id, AssistanceContact.noted_at)
    for person, version, kind, key, helper, at in session.execute(query):
        about = competencies_of(programme.load(version), kind, key)
        if about:
            yield Tie(HELPED, helper, person, at.date(), at.date() + DAY, about)


def _of_applicants(people: Collection[str], joined: Any, *columns: Any) -> Select[Any]:
    query = select(Application.person_id, *columns)
    same = and_(joined.org_id == Application.org_id, joined.application_id == Application.id)
    return query.join(joined, same).where(Application.person_id.in_(people))


def _refereed(session: Session, people: Collection[str]) -> Iterator[Tie]:
    """Whoever is named as a referee, known by their address, from the day on which the application began."""
    named = _of_applicants(people, Reference, Person.id, Application.created_at).where(Reference.email != "")
    known = and_(Person.org_id == Reference.org_id, func.lower(Person.email) == func.lower(Reference.email), Person.id.in_(people))
    for person, referee, at in session.execute(named.join(Person, known)):
        yield Tie(REFEREED, referee, person, at.date())


def _reviewed(session: Session, people: Collection[str]) -> Iterator[Tie]:
    columns = (ApplicationReview.reviewer_id, ApplicationReview.submitted_at)
    for person, reviewer, at in session.execute(_of_applicants(people, ApplicationReview, *columns)):
        if at is not None:
            yield Tie(REVIEWED, reviewer, person, at.date(), at.date() + DAY)


def _decided(session: Session, people: Collection[str]) -> Iterator[Tie]:
    taken = _of_applicants(people, ApplicationEvent, ApplicationEvent.actor_id, ApplicationEvent.at)
    for person, decider, at in session.execute(taken.where(ApplicationEvent.verb.in_(DECISIONS))):
        yield Tie(DECIDED, decider, person, at.date(), at.date() + DAY)
