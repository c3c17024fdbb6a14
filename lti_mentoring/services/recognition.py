# SPDX-License-Identifier: Apache-2.0
"""Prior learning that is to stand for a module: asked for by its candidate or proposed by who leads, read again, taken back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from lti_mentoring.domain import recognition as rules
from lti_mentoring.domain.candidacy import ModuleRecord
from lti_mentoring.domain.participation import PARTICIPATION
from lti_mentoring.domain.people import LEADS, Actor, display_name
from lti_mentoring.domain.programme import Programme
from lti_mentoring.domain.recognition import APPROVERS, LIVE, Case, Claim, Voice
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import impartial, notification, practice, privacy, programme, records
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.people import Person
from lti_mentoring.store.recognition import Recognition, RecognitionVoice


@dataclass(frozen=True, slots=True)
class VoiceRow:
    """What somebody said: agree, refuse or withdraw, with their reason."""

    person_id: str
    name: str
    verb: str
    leads: bool
    reason: str
    said_at: datetime


@dataclass(frozen=True, slots=True)
class RecognitionRow:
    """One time that a module was to be recognised. ``proposed``: not the candidate asked; ``critical``: the module is a critical one."""

    id: str
    candidate: str
    module: str
    state: str
    claim: Claim
    proposed: bool
    critical: bool
    approvers: int
    asked_at: datetime
    ended_at: datetime | None
    voices: tuple[VoiceRow, ...] = ()

    @property
    def agreed(self) -> int:
        """How many have agreed so far."""
        return sum(one.verb == "agree" for one in self.voices)


@dataclass(frozen=True, slots=True)
class OwnPage:
    """A candidate's own, the newest first, and the modules that could be asked for now; ``approvers`` is how many have to agree;
    ``lacking``: something is asked for, and too few people in the course may agree to it, or nobody of them leads."""

    rows: tuple[RecognitionRow, ...]
    open: tuple[ModuleRecord, ...]
    approvers: int
    takes_part: bool
    lacking: bool = False


@dataclass(frozen=True, slots=True)
class ProposeForm:
    """For whom something can be proposed: candidacy id, name, and the modules that are open for them."""

    candidates: tuple[tuple[str, str, tuple[ModuleRecord, ...]], ...]


# --- pages --------------------------------------------------------------------------------------------------------------


def own(*, actor: Actor) -> OwnPage:
    """The reader's own. NotFound ``candidacy`` for who is no candidate."""
    session = base.session()
    candidacy = _own_candidacy(session, actor)
    version = programme.load(candidacy.programme_version_id)
    found = rows(session, session.execute(listed().where(Recognition.candidacy_id == candidacy.id)).all())
    needed = max((one.approvers for one in found if one.state == "asked"), default=0)
    return OwnPage(
        rows=found,
        lacking=needed > 0 and _lacking(session, candidacy, needed),
        open=rules.open_modules(version, _modules(actor, candidacy, version)),
        approvers=version.policy.waiver_approvers,
        takes_part=PARTICIPATION[candidacy.participation],
    )


def _lacking(session: Session, candidacy: Candidacy, needed: int) -> bool:
    may = [practice.judges(session, candidacy.course_id, candidacy.person_id, roles) for roles in (APPROVERS, LEADS)]
    return len(may[0]) < needed or not may[1]


def form(*, actor: Actor) -> ProposeForm:
    """Whom who leads may propose something for, by name; nobody in a line with them."""
    session = base.session()
    here = (Candidacy.course_id == actor.course_id, impartial.judged_by(session, actor))
    going_on = [state for state, goes_on in PARTICIPATION.items() if goes_on]
    found = session.execute(
        select(Candidacy.id, Candidacy.programme_version_id, Person.id, Person.name, Person.chosen_name)
        .join(Person, and_(Person.org_id == Candidacy.org_id, Person.id == Candidacy.person_id))
        .where(*here, Candidacy.participation.in_(going_on))
    ).all()
    versions = {row[0]: programme.load(row[1]) for row in found}
    modules = records.modules_of(versions, org_id=actor.org_id)
    named = [(row[0], display_name(row[4] or row[3], row[2]), rules.open_modules(versions[row[0]], modules[row[0]])) for row in found]
    return ProposeForm(tuple(sorted((one for one in named if one[2]), key=lambda one: (one[1].casefold(), one[0]))))


def listed() -> Any:
    """Rows of recognition with what a row of them needs, the newest first."""
    return (
        select(Recognition, Candidacy.programme_version_id, Candidacy.person_id, Candidacy.participation, Person.name, Person.chosen_name)
        .join(Candidacy, and_(Candidacy.org_id == Recognition.org_id, Candidacy.id == Recognition.candidacy_id))
        .join(Person, and_(Person.org_id == Candidacy.org_id, Person.id == Candidacy.person_id))
        .order_by(Recognition.asked_at.desc(), Recognition.id)
    )


def rows(session: Session, found: Iterable[Any]) -> tuple[RecognitionRow, ...]:
    """Rows for people, each with what was said of it; one query."""
    found = tuple(found)
    voices = voices_of(session, [one[0].id for one in found])
    return tuple(_row(one, voices[one[0].id]) for one in found)


def _row(found: Any, voices: list[VoiceRow]) -> RecognitionRow:
    one: Recognition = found[0]
    version = programme.load(found.programme_version_id)
    module = next((each for each in version.modules if each.key == one.module_key), None)
    return RecognitionRow(
        id=one.id,
        candidate=display_name(found.chosen_name or found.name, found.person_id),
        module=f"{one.module_key} {module.title}" if module else one.module_key,
        state=one.state,
        claim=Claim(one.what, one.place, one.period, one.evidence),
        proposed=one.asked_by != found.person_id,
        critical=module is not None and rules.critical(module, version),
        approvers=max(one.approvers, version.policy.waiver_approvers) if one.state == "asked" else one.approvers,
        asked_at=one.asked_at,
        ended_at=one.ended_at,
        voices=tuple(voices),
    )


def voices_of(session: Session, recognition_ids: Collection[str]) -> dict[str, list[VoiceRow]]:
    """What was said of each, in the order of time."""
    query = (
        select(RecognitionVoice, Person.name, Person.chosen_name)
        .join(Person, and_(Person.org_id == RecognitionVoice.org_id, Person.id == RecognitionVoice.person_id))
        .where(RecognitionVoice.recognition_id.in_(recognition_ids))
        .order_by(RecognitionVoice.said_at, RecognitionVoice.id)
    )
    found: dict[str, list[VoiceRow]] = defaultdict(list)
    for one, name, chosen in session.execute(query):
        row = VoiceRow(one.person_id, display_name(chosen or name, one.person_id), one.verb, one.leads, one.reason, one.said_at)
        found[one.recognition_id].append(row)
    return found


# --- verbs --------------------------------------------------------------------------------------------------------------


def ask(*, actor: Actor, recognition_id: str, module_key: str, claim: Claim) -> str:
    """Ask for a module to be recognised. -> its id, which is the form's own, so that sending it twice asks once.

    RuleBroken ``recognition_not_needed`` (met, not asked for by the policy, or asked already), ``recognition_incomplete``,
    ``recognition_long`` (field, most), ``not_taking_part``.
    """
    with base.transactional() as session:
        candidacy = _own_candidacy(session, actor, lock=True)
        return _begin(session, actor, candidacy, recognition_id, module_key, claim, verb="ask")


def propose(*, actor: Actor, recognition_id: str, candidacy_id: str, module_key: str, claim: Claim) -> str:
    """The same by who leads the course, for a candidate in it. Whoever proposes may be one of those who agree. RuleBroken as for ``ask``,
    and ``approver_self``, ``approver_peer``, ``approver_line``; NotFound ``candidacy``."""
    with base.transactional() as session:
        query = select(Candidacy).where(Candidacy.id == candidacy_id, Candidacy.course_id == actor.course_id)
        candidacy = session.scalar(query.with_for_update())
        if candidacy is None:
            raise NotFound("candidacy")
        if impartial.barred(session, actor, candidacy.person_id) == "peer":
            raise RuleBroken("approver_peer")
        return _begin(session, actor, candidacy, recognition_id, module_key, claim, verb="propose")


def _begin(
    session: Session, actor: Actor, candidacy: Candidacy, recognition_id: str, module_key: str, claim: Claim, *, verb: str
) -> str:
    if session.scalar(select(Recognition.id).where(Recognition.id == recognition_id)) is not None:
        return recognition_id
    rules.check_claim(claim)
    version = programme.load(candidacy.programme_version_id)
    module = next((one for one in _modules(actor, candidacy, version) if one.key == module_key), None)
    case = Case(
        actor_id=actor.person_id,
        subject_id=candidacy.person_id,
        related=verb == "propose" and actor.person_id in impartial.in_line_with(session, candidacy.person_id),
        leads=actor.is_any(*LEADS),
        takes_part=PARTICIPATION[candidacy.participation],
        wanted=module is not None and rules.wanted(version.policy, module) and module.recognition not in LIVE,
        claim=claim,
    )
    made = _made(session, candidacy, recognition_id, module_key, claim)
    made.state, made.asked_by, made.approvers = rules.after("new", verb, case), actor.person_id, version.policy.waiver_approvers
    session.add(made)
    session.flush()
    privacy.record(
        session,
        actor=actor,
        verb=verb,
        object_kind="recognition",
        object_id=made.id,
        module=module_key,
        critical=rules.critical(version.module(module_key), version),
    )
    _tell(session, made, candidacy, actor)
    return made.id


def _made(session: Session, candidacy: Candidacy, recognition_id: str, module_key: str, claim: Claim) -> Recognition:
    before = select(func.count(Recognition.id)).where(Recognition.candidacy_id == candidacy.id, Recognition.module_key == module_key)
    return Recognition(
        id=recognition_id,
        candidacy_id=candidacy.id,
        course_id=candidacy.course_id,
        module_key=module_key,
        number=(session.scalar(before) or 0) + 1,
        slot=module_key,
        what=claim.what.strip(),
        place=claim.place.strip(),
        period=claim.period.strip(),
        evidence=claim.evidence.strip(),
    )


def _tell(session: Session, made: Recognition, candidacy: Candidacy, actor: Actor) -> None:
    """Those who may agree hear of it, and of a proposal its candidate; not who made it."""
    for person_id in practice.judges(session, made.course_id, candidacy.person_id, APPROVERS):
        if person_id != actor.person_id:
            notification.tell(
                session,
                org_id=made.org_id,
                person_id=person_id,
                kind="recognition_waits",
                facts={"module": made.module_key},
                endpoint="recognition.sheet",
                ids={"course": made.course_id, "recognition": made.id},
            )
    if actor.person_id != candidacy.person_id:
        tell_candidate(session, made, candidacy.person_id)


def tell_candidate(session: Session, row: Recognition, person_id: str) -> None:
    """There is something new about it; what, stands on the page."""
    ids = {"course": row.course_id}
    notification.tell(
        session,
        org_id=row.org_id,
        person_id=person_id,
        kind="recognition_news",
        facts={"module": row.module_key},
        endpoint="recognition.index",
        ids=ids,
    )


def take_back(*, actor: Actor, recognition_id: str) -> None:
    """Its candidate wants it no more. RuleBroken ``recognition_closed`` once it is decided; a second time changes nothing."""
    with base.transactional() as session:
        candidacy = _own_candidacy(session, actor, lock=True)
        query = select(Recognition).where(Recognition.id == recognition_id, Recognition.candidacy_id == candidacy.id)
        row = session.scalar(query.with_for_update())
        if row is None:
            raise NotFound("recognition")
        if row.state == "taken_back":
            return
        end(row, rules.after(row.state, "take_back", Case(actor.person_id, candidacy.person_id)))
        privacy.record(session, actor=actor, verb="take_back", object_kind="recognition", object_id=row.id, module=row.module_key)


def end(row: Recognition, state: str) -> None:
    """It is over, so that it can be asked for again."""
    row.state, row.slot, row.ended_at = state, row.id, base.now()


def agreed(voices: Iterable[VoiceRow]) -> tuple[Voice, ...]:
    """Those who agreed."""
    return tuple(Voice(one.person_id, one.leads) for one in voices if one.verb == "agree")


def _own_candidacy(session: Session, actor: Actor, *, lock: bool = False) -> Candidacy:
    query = select(Candidacy).where(Candidacy.course_id == actor.course_id, Candidacy.person_id == actor.person_id)
    found = session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotFound("candidacy")
    return found


def _modules(actor: Actor, candidacy: Candidacy, version: Programme) -> tuple[ModuleRecord, ...]:
    return records.modules_of({candidacy.id: version}, org_id=actor.org_id)[candidacy.id]
