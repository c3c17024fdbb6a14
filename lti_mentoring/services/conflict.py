# SPDX-License-Identifier: Apache-2.0
"""The conflict guard at work: facts of a day gathered, answers kept where they decide something, and looked at again when lines change."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol

import structlog
from sqlalchemy import and_, delete, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from lti_mentoring.domain import conflict as rules
from lti_mentoring.domain import override
from lti_mentoring.domain.conflict import EDITION, LETS_THROUGH, UNATTESTED, VERDICTS, Check, Finding, Question
from lti_mentoring.domain.override import Exemption
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.reporting_line import chain
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.domain.standing import Facts
from lti_mentoring.services import bulkhead, involvement, privacy, reporting_line
from lti_mentoring.services import chain as lines
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import AT_ONCE
from lti_mentoring.store.conflict import ConflictCheck, ConflictOverride, ConflictParty, ConflictWatch, OverrideVoice
from lti_mentoring.store.people import Person

log = structlog.get_logger()

MOST_AT_ONCE = 200
"""Matters that one sweep looks at; what is left waits for the next."""


@dataclass(frozen=True, slots=True)
class About:
    """What an answer decides: an observation, a pair, a review, …, in a course."""

    kind: str
    id: str
    course_id: str


@dataclass(frozen=True, slots=True)
class Changed:
    """A matter whose verdict is another one than before."""

    about: About
    purpose: str
    before: str
    after: str
    watch_id: str = ""
    findings: tuple[Finding, ...] = ()


class Acts(Protocol):
    """What becomes of a matter whose verdict has changed; ``lock`` comes before the matter itself is locked."""

    def lock(self, session: Session, about: About) -> None: ...

    def act(self, session: Session, changed: Changed) -> None: ...


# --- what is known ------------------------------------------------------------------------------------------------------------


def facts_of(session: Session, people: Collection[str], *, on: date) -> Facts:
    """All that is known of some people on a day; a constant number of statements."""
    found = lines.above(session, people, on=on)
    known = involvement.ties(session, people)
    about = {*people, *(one.one for one in known)}  # where a decider works matters to an appeal
    said = reporting_line.said(session, about)
    return Facts(
        on=on,
        lines=found.lines,
        said={person: row.attested_at.date() for person, row in said.items()},
        ties=known,
        units={person: row.unit.casefold() for person, row in said.items() if row.unit},
        namesakes=_namesakes(session, people, found),
    )


def _namesakes(session: Session, people: Collection[str], found: lines.Above) -> frozenset[tuple[str, str]]:
    """Whose manager, or one further up, is known by a name alone that another of these people has."""
    names: dict[str, set[str]] = {}
    for row in session.execute(select(Person.id, Person.name, Person.chosen_name).where(Person.id.in_(people))):
        for name in (row.name, row.chosen_name):
            names.setdefault((name or "").strip().casefold(), set()).add(row.id)
    names.pop("", None)
    reached = {person: {person, *chain(person, found.lines)} for person in people}
    told = {person: {name for one in reached[person] for name in found.named.get(one, ())} for person in people}
    return frozenset((person, other) for person in people for name in told[person] for other in names.get(name, ()) if other != person)


# --- asking and deciding ------------------------------------------------------------------------------------------------------


def ask(session: Session, question: Question, *, on: date | None = None) -> Check:
    """What a question comes to on a day (today), with no exception and nothing kept: for a page, or a list of whom to choose."""
    return rules.check(question, facts_of(session, question.people, on=on or base.now().date()))


def decide(
    session: Session,
    *,
    actor: Actor,
    question: Question,
    about: About,
    on: date | None = None,
    approvers: int = 2,
    hold: bool = False,
) -> Check:
    """Ask before something is done, and keep the answer with its facts, in the caller's transaction; from then on it is watched.

    ``on`` is the day of what is done once, such as a rating, as of which it is looked at ever after; without, as of each day. An
    exception that holds for this matter counts. RuleBroken ``conflict_needs_override``, ``conflict_unattested``, ``conflict_closed``
    (findings) where it does not go through; with ``hold`` it is kept as held instead, and nothing is raised.
    """
    facts = facts_of(session, question.people, on=on or base.now().date())
    found = _excepted(session, about, question, rules.check(question, facts), approvers=approvers, on=facts.on)
    if found.verdict not in LETS_THROUGH and not hold:
        raise RuleBroken(f"conflict_{found.verdict}", findings=found.findings)
    kept = _keep(session, actor.person_id, question, about, found, facts)
    _watch(session, question, about, found.verdict, kept, fixed_on=on, approvers=approvers)
    return found


def _keep(session: Session, actor_id: str, question: Question, about: About, found: Check, facts: Facts) -> str:
    made = ConflictCheck(
        id=base.new_id(),
        purpose=question.purpose,
        about_kind=about.kind,
        about_id=about.id,
        as_of=facts.on,
        question=plain(asdict(question)),
        verdict=found.verdict,
        findings=plain([asdict(one) for one in found.findings]),
        facts=plain(asdict(facts)),
        edition=EDITION,
        actor_id=actor_id,
    )
    session.add(made)
    session.flush()
    told = {"purpose": question.purpose, "verdict": found.verdict, "rules": " ".join(found.rules)}
    privacy.record(session, actor=actor_id, verb="check_conflict", object_kind=about.kind, object_id=about.id, **told)
    return made.id


def _watch(
    session: Session, question: Question, about: About, verdict: str, check_id: str, *, fixed_on: date | None, approvers: int
) -> None:
    """Begin to watch a matter, or go on with this question. The first sweep looks once more: a line may change at this very moment."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    key = {"org_id": base.current_tenant(), "purpose": question.purpose, "about_kind": about.kind, "about_id": about.id}
    said = {
        "question": plain(asdict(question)),
        "course_id": about.course_id,
        "fixed_on": fixed_on,
        "approvers": approvers,
        "verdict": verdict,
        "check_id": check_id,
        "look_on": base.now().date(),
        "ended_at": None,
    }
    made = insert(ConflictWatch).values(id=base.new_id(), **key, **said)
    watch_id = session.scalar(made.on_conflict_do_update(index_elements=list(key), set_=said).returning(ConflictWatch.id))
    gone = delete(ConflictParty).where(ConflictParty.watch_id == watch_id)
    session.execute(gone.execution_options(synchronize_session=False))
    session.add_all(ConflictParty(watch_id=watch_id, person_id=person) for person in question.people)
    session.flush()


def end(session: Session, *abouts: About) -> None:
    """Look at matters no more, in the caller's transaction: the pair has ended, the observation was called off, the award is over."""
    for row in hold(session, *abouts):
        row.ended_at = base.now()


def hold(session: Session, *abouts: About) -> Sequence[ConflictWatch]:
    """Lock what is watched of these matters, all at once and in the order of ``reporting_line.look_again``, so that no two wait for each
    other."""
    if not abouts:
        return ()
    which = or_(*(and_(ConflictWatch.about_kind == one.kind, ConflictWatch.about_id == one.id) for one in abouts))
    query = select(ConflictWatch).where(which, ConflictWatch.ended_at.is_(None)).order_by(ConflictWatch.id)
    return session.scalars(query.with_for_update().execution_options(populate_existing=True)).all()


def standing(session: Session, kind: str, ids: Collection[str]) -> Mapping[str, str]:
    """The gravest verdict of each of these matters as it stands; one that a changed line waits to be looked at for is not clear."""
    found: dict[str, str] = {}
    for row in session.scalars(_matters(kind, ids)):
        stale = row.look_on == AT_ONCE and row.verdict in LETS_THROUGH
        found[row.about_id] = max(found.get(row.about_id, rules.CLEAR), UNATTESTED if stale else row.verdict, key=VERDICTS.index)
    return found


def _matters(kind: str, ids: Collection[str]) -> Any:
    return select(ConflictWatch).where(ConflictWatch.about_kind == kind, ConflictWatch.about_id.in_(ids), ConflictWatch.ended_at.is_(None))


# --- exceptions -----------------------------------------------------------------------------------------------------------------


def exemptions(session: Session, watch: ConflictWatch, question: Question) -> dict[str, Exemption]:
    """The exceptions that were asked for in a matter and not taken back, by their ids."""
    rows = session.scalars(select(ConflictOverride).where(ConflictOverride.watch_id == watch.id, ConflictOverride.ended_at.is_(None))).all()
    voices = session.scalars(select(OverrideVoice).where(OverrideVoice.override_id.in_([row.id for row in rows]))).all()

    def said(row: ConflictOverride, verb: str) -> frozenset[str]:
        return frozenset(one.person_id for one in voices if one.override_id == row.id and one.verb == verb)

    return {
        row.id: Exemption(
            purpose=watch.purpose,
            rules=frozenset(row.rules),
            people=frozenset(question.people),
            start=row.starts_on,
            end=row.ends_on,
            reason=row.reason,
            safeguards=row.safeguards,
            agreed=said(row, "agree"),
            approved=said(row, "approve"),
        )
        for row in rows
    }


def _excepted(session: Session, about: About, question: Question, found: Check, *, approvers: int, on: date) -> Check:
    """The check with the exceptions of its matter, as long as they were made for the same people."""
    watch = session.scalar(_matters(about.kind, [about.id]).where(ConflictWatch.purpose == question.purpose))
    if watch is None or question_of(watch.question).people != question.people:
        return found
    return override.applied(question, found, exemptions(session, watch, question).values(), approvers=approvers, on=on)


# --- looking again --------------------------------------------------------------------------------------------------------------


def look(session: Session, watch: ConflictWatch, *, today: date, actor_id: str = privacy.SYSTEM) -> Changed | None:
    """Look at a locked matter again, in the caller's transaction. What is found anew is kept beside what was found before."""
    question, about = question_of(watch.question), About(watch.about_kind, watch.about_id, watch.course_id)
    facts = facts_of(session, question.people, on=watch.fixed_on or today)
    found = _excepted(session, about, question, rules.check(question, facts), approvers=watch.approvers, on=facts.on)
    watch.look_on = today + timedelta(days=1)
    before = session.scalars(select(ConflictCheck).where(ConflictCheck.id == watch.check_id)).one()
    if before.findings == plain([asdict(one) for one in found.findings]):
        return None
    was, watch.verdict = watch.verdict, found.verdict
    watch.check_id = _keep(session, actor_id, question, about, found, facts)
    return Changed(about, watch.purpose, was, found.verdict, watch.id, found.findings) if was != found.verdict else None


def sweep(*, now: datetime, acts: Acts | None = None) -> tuple[Changed, ...]:
    """Look at what is due: what a changed line has to do with, and once a day everything that is watched. What changed takes effect in
    the same transaction. -> what changed"""
    due = (ConflictWatch.ended_at.is_(None), ConflictWatch.look_on <= now.date())
    of = (ConflictWatch.org_id, ConflictWatch.id, ConflictWatch.about_kind, ConflictWatch.about_id, ConflictWatch.course_id)
    query = select(*of).where(*due).order_by(ConflictWatch.look_on, ConflictWatch.id)
    with base.across_organisations("conflicts: due"):
        found = bulkhead.due("conflict", query, MOST_AT_ONCE)
    changed = []
    for org_id, watch_id, *about in found:
        with bulkhead.apart("conflict", watch=watch_id):
            with base.tenant(org_id), base.transactional() as session:
                if acts is not None:
                    acts.lock(session, About(*about))
                again = select(ConflictWatch).where(ConflictWatch.id == watch_id, *due).with_for_update(skip_locked=True)
                watch = session.scalar(again)
                one = look(session, watch, today=now.date()) if watch is not None else None  # else another worker was quicker
                if one is not None and acts is not None:
                    acts.act(session, one)
            changed += [one] if one is not None else []
    for one in changed:
        log.info("conflict_changed", kind=one.about.kind, id=one.about.id, purpose=one.purpose, before=one.before, after=one.after)
    return tuple(changed)


# --- as it is kept ----------------------------------------------------------------------------------------------------------------


def plain(value: Any) -> Any:
    """As JSON holds it: days as text, sets in one order."""
    return json.loads(json.dumps(value, default=lambda one: one.isoformat() if isinstance(one, date) else sorted(one)))


def question_of(body: Mapping[str, Any]) -> Question:
    """The inverse of ``plain`` for a question."""
    sets = {"competencies", "noted"}
    made: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in body.items()}
    return Question(**made | {name: frozenset(made[name]) for name in sets & made.keys()})


def findings_of(row: ConflictCheck) -> tuple[Finding, ...]:
    """What a kept check found, for its sentences; days are days again."""
    days = {"said", "until", "exempt_until"}

    def read(facts: Mapping[str, Any]) -> dict[str, Any]:
        return {name: date.fromisoformat(value) if name in days and value else value for name, value in facts.items()}

    return tuple(Finding(**{**one, "facts": read(one["facts"])}) for one in row.findings)
