# SPDX-License-Identifier: Apache-2.0
"""What this installation holds about somebody, as a count of each kind: the page that a data privacy launch opens (DP-01)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.engine import Connection

from lti_mentoring.domain.people import OFFICE, Actor, display_name
from lti_mentoring.domain.rule import NotAllowed, NotFound
from lti_mentoring.lti.launch import Launch
from lti_mentoring.services.review import NOBODY
from lti_mentoring.store import base
from lti_mentoring.store.application import Application, ApplicationReview
from lti_mentoring.store.assistance import AssistanceContact, AssistanceRequest
from lti_mentoring.store.calibration import CalibrationAttempt
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.conflict import ConflictParty, DeclaredRelation
from lti_mentoring.store.delivery import Mail, ScorePublication
from lti_mentoring.store.field import Participant
from lti_mentoring.store.mentorship import MentorshipMember
from lti_mentoring.store.moving import CandidacyMove
from lti_mentoring.store.notification import Notification
from lti_mentoring.store.observation import EvidenceNote, Observation
from lti_mentoring.store.participation import ParticipationChange
from lti_mentoring.store.people import NEVER, Identity, Membership, Person, RoleGrant, WebSession
from lti_mentoring.store.privacy import AuditEvent
from lti_mentoring.store.reporting_line import ReportingLine
from lti_mentoring.store.training import CheckAttempt

_i, _g = base.table(Identity).c, base.table(RoleGrant).c


@dataclass(frozen=True, slots=True)
class Holdings:
    """Counts by kind of record; never what a record says. ``name`` and ``email`` are the person's own, as the LMS sent them."""

    mine: bool
    known: bool
    name: str
    has_name: bool
    has_email: bool
    since: datetime | None
    counts: tuple[tuple[str, int], ...]


def pointed(connection: Connection, launch: Launch, org_id: str, person_id: str) -> str:
    """The person at whom a data privacy launch points; in the launch's transaction. NOBODY for somebody else, but to whom the operator
    has made an administrator of this registration: what a message says of its sender's office opens nothing."""
    if launch.for_user == launch.sub:
        return person_id
    office = exists().where(
        _g.org_id == org_id,
        _g.person_id == person_id,
        _g.registration_id == launch.registration.id,
        _g.role.in_(OFFICE),
        _g.revoked_at.is_(None),
    )
    known = select(_i.person_id).where(
        _i.org_id == org_id, _i.issuer == launch.issuer, _i.sub == launch.for_user, _i.registration_id == launch.registration.id
    )
    return connection.execute(known.where(office)).scalar() or NOBODY


def look(*, actor: Actor, person_id: str) -> Holdings:
    """What is held about a person of the actor's organisation: oneself, or for an administrator somebody of their registration.

    NotAllowed ``privacy_others`` for everybody else, NotFound ``person`` for who is none of theirs.
    """
    mine = person_id == actor.person_id
    if not mine and not actor.is_any(*OFFICE):
        raise NotAllowed("privacy_others")
    session = base.session()
    query = select(Person).where(Person.id == person_id)
    if not mine:
        of_registration = Identity.person_id == Person.id, Identity.registration_id == actor.registration_id
        query = query.where(select(Identity.id).where(*of_registration).exists())
    person = session.scalar(query)
    if person is None and person_id != NOBODY:
        raise NotFound("person")
    if person is None:
        return Holdings(mine, False, "", False, False, None, ())
    kinds = _kinds(person_id) | (_own_kinds(person_id) if mine else {})
    row = session.execute(select(*(_counted(kind, condition) for kind, condition in kinds.items()))).one()
    return Holdings(
        mine=mine,
        known=True,
        name=display_name(person.name or person.chosen_name, person.id),
        has_name=bool(person.name or person.chosen_name),
        has_email=bool(person.email),
        since=person.created_at,
        counts=tuple((name, int(count)) for name, count in row._mapping.items()),
    )


def _kinds(person_id: str) -> dict[str, Any]:
    """The name of each kind of record, and which of them concern a person."""
    candidacies = select(Candidacy.id).where(Candidacy.person_id == person_id)
    return {
        "courses": (Membership.id, Membership.person_id == person_id, Membership.launched_at > NEVER),
        "rosters": (Membership.id, Membership.person_id == person_id, Membership.roster_run > 0),
        "roles": (RoleGrant.id, RoleGrant.person_id == person_id),
        "checks": (CheckAttempt.id, CheckAttempt.candidacy_id.in_(candidacies)),
        "applications": (Application.id, Application.person_id == person_id),
        "lines": (ReportingLine.id, ReportingLine.subordinate_id == person_id),
        "guarded": (ConflictParty.id, ConflictParty.person_id == person_id),
        "reviews": (ApplicationReview.id, ApplicationReview.reviewer_id == person_id),
        "moves": (CandidacyMove.id, CandidacyMove.candidacy_id.in_(candidacies)),
        "parts": (ParticipationChange.id, ParticipationChange.candidacy_id.in_(candidacies)),
        "observed": (Observation.id, Observation.candidacy_id.in_(candidacies)),
        "observing": (Observation.id, Observation.observer_id == person_id),
        "notes": (EvidenceNote.id, EvidenceNote.author_id == person_id),
        "grades": (ScorePublication.id, ScorePublication.person_id == person_id, ScorePublication.last_timestamp.is_not(None)),
        "notices": (Notification.id, Notification.person_id == person_id),
        "mails": (Mail.id, Mail.person_id == person_id, Mail.sent_at.is_not(None)),
        "sessions": (WebSession.id_hash, WebSession.person_id == person_id, WebSession.expires_at > base.now()),
        "acts": (AuditEvent.id, AuditEvent.actor_id == person_id),
    }


def _own_kinds(person_id: str) -> dict[str, Any]:
    """Kinds that are counted for the person alone: nobody else learns that somebody has asked for help, practises rating, or is
    mentored."""
    candidacies = select(Candidacy.id).where(Candidacy.person_id == person_id)
    return {
        "asked": (AssistanceRequest.id, AssistanceRequest.candidacy_id.in_(candidacies)),
        "calibrated": (CalibrationAttempt.id, CalibrationAttempt.person_id == person_id),
        "related": (DeclaredRelation.id, DeclaredRelation.one_id == person_id),
        "present": (Participant.id, Participant.person_id == person_id),
        "paired": (MentorshipMember.id, MentorshipMember.person_id == person_id),
        "helped": (AssistanceContact.id, AssistanceContact.helper_id == person_id),
    }


def _counted(kind: str, told: tuple[Any, ...]) -> Any:
    column, *conditions = told
    return select(func.count(column)).where(*conditions).scalar_subquery().label(kind)
