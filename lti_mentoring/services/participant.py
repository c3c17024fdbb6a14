# SPDX-License-Identifier: Apache-2.0
"""What somebody in the room does for themself: yes or no, strike a line, say that they have read, take all of it back."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_mentoring.domain import consent as rules
from lti_mentoring.domain.consent import GRANTED
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.reporting_line import DIRECT
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import consent, notification, privacy, rating, releasing, reporting_line
from lti_mentoring.services.reporting_line import Manager
from lti_mentoring.store import base
from lti_mentoring.store.observation import Assessment, EvidenceNote, Observation

LINE_STRUCK = "line_struck"
"""Why a submitted rating is open again: a code, which its rater reads in words. Not who had the line struck."""


def answer(*, actor: Actor, observation_id: str, agrees: bool, sure: bool = True) -> None:
    """Yes or no, in private, at any time; a no takes back what was noted. Who leads or observes learns whether it can be observed,
    and nothing else. NotFound ``consent``; RuleBroken ``consent_closed``,
    ``consent_unsure`` where a yes is taken back, lines would go and nobody was ``sure``."""
    with base.transactional() as session:
        row, mine = consent.seat_of(session, actor, observation_id, lock=True)
        before, stood = mine.consent, consent.stands(session, row)
        after = rules.after(before, rules.AGREE if agrees else rules.REFUSE, row.state)
        if after == before:
            return
        mine.consent, mine.answered_at, mine.read_at = after, base.now(), None
        if rules.takes_back(before, after):
            candidate_id, _ = consent.candidate_of(session, row)
            notes = session.scalars(consent.about(row, candidate_id).with_for_update()).all()
            if notes and not sure and before == GRANTED:
                raise RuleBroken("consent_unsure")
            _strike(session, row, notes)
        session.flush()
        privacy.record(session, actor=privacy.PARTICIPANT, verb="answer", object_kind="observation", object_id=row.id)
        if consent.stands(session, row) != stood:
            _tell_observer(session, row)
        releasing.settle(session, row, actor=privacy.PARTICIPANT)


def strike(*, actor: Actor, observation_id: str, note_id: str) -> None:
    """Take the words of one line away. What was rated above 1 on it alone is rated again, unless it is released already.

    NotFound ``consent``, ``note_unknown``. Striking twice is harmless.
    """
    with base.transactional() as session:
        row, _ = consent.seat_of(session, actor, observation_id, lock=True)
        candidate_id, _ = consent.candidate_of(session, row)
        note = session.scalar(consent.about(row, candidate_id).where(EvidenceNote.id == note_id).with_for_update())
        if note is None or row.state not in rules.READ or (row.state != "released" and consent.rates_here(session, row, actor.person_id)):
            raise NotFound("note_unknown")
        _strike(session, row, [note])


def read(*, actor: Actor, observation_id: str) -> None:
    """They have read the lines and strike nothing more for now: the result waits for them no longer. NotFound ``consent``."""
    with base.transactional() as session:
        row, mine = consent.seat_of(session, actor, observation_id, lock=True)
        if mine.consent != GRANTED or row.state not in rules.READ or mine.read_at is not None:
            return
        mine.read_at = base.now()
        session.flush()
        privacy.record(session, actor=privacy.PARTICIPANT, verb="read_lines", object_kind="observation", object_id=row.id)
        releasing.settle(session, row, actor=privacy.PARTICIPANT)


def attest(*, actor: Actor, observation_id: str, nobody: bool, name: str = "", email: str = "") -> None:
    """Who they report to, or that nobody here manages them. NotFound ``consent``; RuleBroken ``manager_unattested`` for neither or both."""
    name, email = " ".join(name.split())[:200], email.strip()[:200]
    if nobody == bool(name or email):
        raise RuleBroken("manager_unattested")
    with base.transactional() as session:
        consent.seat_of(session, actor, observation_id)
        reporting_line.attest(session, actor=actor, managers=[] if nobody else [Manager(DIRECT, None, name, email)])


# --- inside ------------------------------------------------------------------------------------------------------------------------


def _strike(session: Session, row: Observation, notes: Sequence[EvidenceNote]) -> None:
    """Take words away; the line says no more than that something was there. Not who had it struck, in no record either."""
    fresh = [one for one in notes if one.struck_at is None]
    for one in fresh:
        one.text, one.tag, one.struck_at = "", "", base.now()
        privacy.record(session, actor=privacy.PARTICIPANT, verb="strike", object_kind="observation", object_id=row.id, note=one.id)
    if fresh:
        session.flush()
        _again(session, row)


def _again(session: Session, row: Observation) -> None:
    """What rested on struck lines alone is rated again by whoever rated so, whose sheet opens for it; the rest of it stays as it is."""
    if row.state not in rules.OPEN:
        return
    gone = (EvidenceNote.observation_id == row.id, EvidenceNote.struck_at.is_not(None))
    struck = session.scalars(select(EvidenceNote.id).where(*gone)).all()
    sheets = {one.assessor_id: one for one in session.scalars(select(Assessment).where(Assessment.observation_id == row.id))}
    for made in releasing.submissions(session, row.id):
        sheet = sheets.get(made.assessor_id)
        if sheet is not None and sheet.state != "draft" and rules.fallen(made.said, struck):
            rating.take_up(session, row, sheet, LINE_STRUCK, actor=privacy.PARTICIPANT)
            _tell(session, row, made.assessor_id, "rating_again", "observation.sheet")


def _tell_observer(session: Session, row: Observation) -> None:
    """That it can be observed now, or cannot any more: the same words for both, and for whatever reason."""
    if row.state in rules.OPEN:
        _tell(session, row, row.observer_id, "observation_changed", "consent.people")


def _tell(session: Session, row: Observation, person_id: str, kind: str, endpoint: str) -> None:
    ids = {"course": row.course_id, "observation": row.id}
    facts = {"planned_for": row.planned_for}
    notification.tell(session, org_id=row.org_id, person_id=person_id, kind=kind, facts=facts, endpoint=endpoint, ids=ids)
