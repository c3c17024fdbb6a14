# SPDX-License-Identifier: Apache-2.0
"""What somebody in the room does for themself: yes or no, strike a line, say that they have read, take all of it back."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_mentoring.domain import consent as rules
from lti_mentoring.domain import releasing as holding
from lti_mentoring.domain.consent import GRANTED
from lti_mentoring.domain.observation import RATED, RELEASED
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.reporting_line import DIRECT
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import consent, dropping, notification, privacy, rating, releasing, reporting_line
from lti_mentoring.services import seat as seats
from lti_mentoring.services.reporting_line import Manager
from lti_mentoring.store import base
from lti_mentoring.store.handing_in import HandingIn
from lti_mentoring.store.observation import Assessment, CriterionRating, EvidenceNote, Observation
from lti_mentoring.store.rating import SubmittedRating

LINE_STRUCK = "line_struck"
"""Why a submitted rating is open again: a code, which its rater reads in words. Not who had the line struck."""


def answer(
    *, actor: Actor, observation_id: str, agrees: bool, sure: bool = True, about: str = "", handed_by: str = ""
) -> None:
    """Yes or no, in private, at any time; a new no takes out what was noted until then, and sets aside what was rated on it and is not
    released (I11). Who leads or observes learns whether it can be observed, and nothing else. ``handed_by``: who was shown the link by
    which they came, which stands beside a yes. NotFound ``consent``; RuleBroken ``consent_closed``, ``consent_moved`` where a yes is
    ``about`` another day or place than the session has by now, ``consent_unsure`` where a yes is taken back, lines would go and nobody
    was ``sure``."""
    with base.transactional() as session:
        dropping.hold_candidates(session, Observation.id == observation_id)  # since it may be set aside
        row, mine = consent.seat_of(session, actor, observation_id, lock=True)
        if agrees and about and about != consent.about(row):
            raise RuleBroken("consent_moved")
        before, stood = mine.consent, consent.stands(session, row)
        after = rules.after(before, rules.AGREE if agrees else rules.REFUSE, row.state)
        if after == before:
            return
        mine.consent, mine.answered_at, mine.read_at = after, base.now(), None
        if agrees:
            mine.handed_by = handed_by or None
        if rules.takes_back(before, after):
            if not sure and before == GRANTED and consent.lines(session, row):
                raise RuleBroken("consent_unsure")
            if row.state == RATED:
                # Nothing can come of it: what was rated rests on nothing. Neither the reason nor the actor says that it was an answer.
                releasing.set_aside(session, row, "other", actor=privacy.SYSTEM)
            _take_out(session, row)
        session.flush()
        privacy.record(session, actor=privacy.PARTICIPANT, verb="answer", object_kind="observation", object_id=row.id)
        if row.state in rules.OPEN and consent.stands(session, row) != stood:
            _tell(session, row, row.observer_id, "observation_changed", "consent.people")
        releasing.settle(session, row, actor=privacy.PARTICIPANT)


def strike(*, actor: Actor, observation_id: str, note_id: str) -> None:
    """Take the words of one line away. What was rated above 1 on it alone is rated again, unless it is released already.

    NotFound ``consent``, ``note_unknown``. Striking twice is harmless.
    """
    with base.transactional() as session:
        row, _ = consent.seat_of(session, actor, observation_id, lock=True)
        account = seats.handed_in(session, row.id)
        note = session.scalar(consent.notes(row).where(EvidenceNote.id == note_id).with_for_update())
        theirs = row.state == RELEASED or not consent.rates_here(session, row, actor.person_id)
        if theirs and note is not None:
            _strike(session, row, [note])
        elif theirs and account is not None and account.id == note_id and account.handed_in_at is not None:
            _empty_account(session, row, account)
        else:
            raise NotFound("note_unknown")


def read(*, actor: Actor, observation_id: str, handed_by: str = "") -> None:
    """They have read the lines and strike nothing more for now: the result waits for them no longer. ``handed_by`` as ``answer`` has it.
    NotFound ``consent``."""
    with base.transactional() as session:
        row, mine = consent.seat_of(session, actor, observation_id, lock=True)
        if mine.consent != GRANTED or mine.read_at is not None:
            return
        mine.read_at, mine.handed_by = base.now(), handed_by or mine.handed_by
        session.flush()
        privacy.record(session, actor=privacy.PARTICIPANT, verb="read_lines", object_kind="observation", object_id=row.id)
        releasing.settle(session, row, actor=privacy.PARTICIPANT)


def attest(*, actor: Actor, observation_id: str, nobody: bool, name: str = "", email: str = "", handed_by: str = "") -> None:
    """Who they report to, or that nobody here manages them; ``handed_by`` as ``reporting_line.attest`` has it. NotFound ``consent``;
    RuleBroken ``manager_unattested`` for neither or both."""
    name, email = " ".join(name.split())[:200], email.strip()[:200]
    if nobody == bool(name or email):
        raise RuleBroken("manager_unattested")
    with base.transactional() as session:
        consent.seat_of(session, actor, observation_id)
        managers = [] if nobody else [Manager(DIRECT, None, name, email)]
        reporting_line.attest(session, actor=actor, managers=managers, handed_by=handed_by)


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


def _empty_account(session: Session, row: Observation, account: HandingIn) -> None:
    """What the candidate wrote of a session that they watched, as one line more. Another window of theirs is told that it changed."""
    if account.account:
        account.account, account.revision = "", account.revision + 1
        privacy.record(session, actor=privacy.PARTICIPANT, verb="strike", object_kind="observation", object_id=row.id, note=account.id)


def _take_out(session: Session, row: Observation) -> None:
    """Everything that anybody wrote of a session goes, whoever it was about: one no is enough. Levels stay, and rest on nothing."""
    _strike(session, row, session.scalars(consent.notes(row).with_for_update()).all())
    account = seats.handed_in(session, row.id)
    if account is not None:
        _empty_account(session, row, account)
    for sheet in session.scalars(select(Assessment).where(Assessment.observation_id == row.id)):
        _empty_sheet(session, row, sheet)
    for made in session.scalars(select(SubmittedRating).where(SubmittedRating.observation_id == row.id)):
        made.said, made.why = holding.wordless(made.said), ""


def _empty_sheet(session: Session, row: Observation, sheet: Assessment) -> None:
    """Why something was not observed, and why a rating is corrected, can say as much as a line does. What was submitted without the
    observer having done so opens again."""
    if sheet.why not in ("", LINE_STRUCK):
        sheet.why = ""
    said = session.scalars(
        select(CriterionRating).where(CriterionRating.assessment_id == sheet.id, CriterionRating.reason != "")
    ).all()
    if said and row.state in rules.OPEN:
        _open(session, row, sheet)
        sheet.revision += 1
    for one in said:
        one.reason = ""
        if row.state in rules.OPEN:  # an open page that still has the words is told that they changed
            one.revision = sheet.revision


def _open(session: Session, row: Observation, sheet: Assessment) -> None:
    if sheet.state != "draft":
        rating.take_up(session, row, sheet, LINE_STRUCK, actor=privacy.PARTICIPANT)
        _tell(session, row, sheet.assessor_id, "rating_again", "observation.sheet")


def _again(session: Session, row: Observation) -> None:
    """What rested on struck lines alone is rated again by whoever rated so, whose sheet opens for it; the rest of it stays as it is."""
    if row.state not in rules.OPEN:
        return
    gone = (EvidenceNote.observation_id == row.id, EvidenceNote.struck_at.is_not(None))
    struck = session.scalars(select(EvidenceNote.id).where(*gone)).all()
    sheets = {one.assessor_id: one for one in session.scalars(select(Assessment).where(Assessment.observation_id == row.id))}
    for made in releasing.submissions(session, row.id):
        sheet = sheets.get(made.assessor_id)
        if sheet is not None and rules.fallen(made.said, struck):
            _open(session, row, sheet)


def _tell(session: Session, row: Observation, person_id: str, kind: str, endpoint: str) -> None:
    ids = {"course": row.course_id, "observation": row.id}
    facts = {"planned_for": row.planned_for}
    notification.tell(session, org_id=row.org_id, person_id=person_id, kind=kind, facts=facts, endpoint=endpoint, ids=ids)
