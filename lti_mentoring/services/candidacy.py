# SPDX-License-Identifier: Apache-2.0
"""A candidacy: how it begins, what it has to show, and the page that says the one next thing."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from sqlalchemy import Select, bindparam, func, insert, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lti_mentoring.domain import candidacy as rules
from lti_mentoring.domain.candidacy import STEPS, NextStep, Records, Requirement
from lti_mentoring.domain.counting import UNDER_WAY
from lti_mentoring.domain.participation import PARTICIPATION
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.programme import CO, STRUCTURED, Programme
from lti_mentoring.domain.rule import NotFound
from lti_mentoring.services import intake, privacy, programme
from lti_mentoring.services import records as recorded
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.moving import CandidacyMove


@dataclass(frozen=True, slots=True)
class CandidacyRow:
    """One person's candidacy in one course. Where ``trained`` is False, there is no attempt, no practice task and no recognition
    to read; where ``observed`` is, no observation. ``moved_at`` is when they were last moved to another version, as far as the reader
    has looked."""

    id: str
    person_id: str
    course_id: str
    programme_version_id: str
    participation: str
    trained: bool = True
    observed: bool = True
    moved_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Phrase:
    """Something to say: a stable code with its facts. The edge makes the sentence."""

    code: str
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """One of the seven stations. ``state`` is met, next (the reader acts), wait (somebody else does), open or not_asked."""

    number: int
    title: str
    state: str
    detail: Phrase


@dataclass(frozen=True, slots=True)
class Next:
    """The one next thing that is the reader's own: what, and the page where it is done."""

    title: Phrase
    endpoint: str
    ids: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ReportLink:
    """A released report that the candidate can open. ``counts`` is None where it was judged by itself, as ``met`` says."""

    observation_id: str
    planned_for: date
    observer: str
    met: bool
    counts: bool | None = None


@dataclass(frozen=True, slots=True)
class Yours:
    """A session under way in which something is for the candidate to write: their notes of a mentor, or what they say of their own part."""

    observation_id: str
    kind: str
    planned_for: date
    observer: str


@dataclass(frozen=True, slots=True)
class Way:
    """A candidate's own page. ``grades`` says why there is no grade yet, ``moved_at`` when they were last moved to another version, and
    ``state`` what all of it follows from; ``reports.way`` fills them. ``again``: there are enough sessions, and something is left."""

    programme: str
    headline: Phrase
    lede: Phrase
    steps: tuple[Step, ...]
    next: Next | None
    requirements: Requirement
    reports: tuple[ReportLink, ...]
    records: Records
    grades: tuple[Phrase, ...] = ()
    state: Hashable = None
    goes_on: bool = True
    moved_at: datetime | None = None
    yours: tuple[Yours, ...] = ()
    again: bool = False


# --- beginning ----------------------------------------------------------------------------------------------------------


def begin(session: Session, *, org_id: str, person_id: str, course_id: str, version_id: str | None = None) -> str | None:
    """Start a selected person's candidacy, in the caller's transaction; the one that is there already otherwise. In the newest version
    unless another is named.

    Two that begin at once give one candidacy: the unique key decides, and the second finds what the first made.
    -> the candidacy's id, None while the organisation has no programme.
    """
    held = _held(session, person_id, course_id)
    if held is not None:
        return held
    newest = programme.current(org_id) if version_id is None else None
    version_id = newest.id if newest is not None else version_id
    if version_id is None:
        return None
    try:
        with session.begin_nested():
            return _insert(session.connection(), org_id=org_id, person_id=person_id, course_id=course_id, version_id=version_id)
    except IntegrityError:
        held = _held(session, person_id, course_id)
        if held is None:
            raise
        return held


_START = insert(base.table(Candidacy))


def start(connection: Connection, *, org_id: str, person_id: str, course_id: str) -> str | None:
    """For a learner who launches and had none a moment ago, in a transaction that is begun anew on IntegrityError.

    -> None where the course takes candidates in another way, and while the organisation has no programme.
    """
    version = intake.entry(connection, org_id=org_id, course_id=course_id)
    if version is None:
        return None
    return _insert(connection, org_id=org_id, person_id=person_id, course_id=course_id, version_id=version)


def _insert(connection: Connection, *, org_id: str, person_id: str, course_id: str, version_id: str) -> str:
    made = base.new_id()
    connection.execute(
        _START,
        {
            "org_id": org_id,
            "id": made,
            "person_id": person_id,
            "course_id": course_id,
            "programme_version_id": version_id,
            "participation": "active",
            "started_at": base.now(),
        },
    )
    privacy.note(
        connection, org_id=org_id, actor=person_id, verb="begin", object_kind="candidacy", object_id=made, version=version_id
    )
    return made


def _held(session: Session, person_id: str, course_id: str) -> str | None:
    return session.scalar(select(Candidacy.id).where(Candidacy.person_id == person_id, Candidacy.course_id == course_id))


def of(actor: Actor) -> CandidacyRow:
    """The actor's own candidacy in their course. NotFound if they are no candidate there."""
    found = find(base.session(), person_id=actor.person_id, course_id=actor.course_id)
    if found is None:
        raise NotFound("candidacy")
    return found


def hold(session: Session, which: Select[str]) -> None:
    """Put a change to candidacies' records in order with whoever moves them to another version (PostgreSQL; SQLite has one writer)."""
    session.execute(select(Candidacy.id).where(Candidacy.id.in_(which)).order_by(Candidacy.id).with_for_update(key_share=True)).all()


def find(session: Session, *, person_id: str, course_id: str) -> CandidacyRow | None:
    """The candidacy of a person in a course, within the organisation in scope."""
    moves = CandidacyMove.org_id == Candidacy.org_id, CandidacyMove.candidacy_id == Candidacy.id
    moved_at = select(func.max(CandidacyMove.moved_at)).where(*moves).correlate(Candidacy).scalar_subquery()
    row = session.execute(_ROWS.add_columns(moved_at).where(Candidacy.person_id == person_id, Candidacy.course_id == course_id)).first()
    return replace(CandidacyRow(*row[:5]), moved_at=row[5]) if row is not None else None


_ROWS = select(Candidacy.id, Candidacy.person_id, Candidacy.course_id, Candidacy.programme_version_id, Candidacy.participation)


# --- what there is to show ------------------------------------------------------------------------------------------------


def records(session: Session, candidacy: CandidacyRow | Candidacy) -> Records:
    """Modules in the programme's order and observations oldest first, each released one with its verdict."""
    version = programme.load(candidacy.programme_version_id)
    return recorded.read(session, Candidacy.id == candidacy.id, {candidacy.id: version})[candidacy.id]


def records_of_many(connection: Connection, candidacies: Sequence[CandidacyRow], *, org_id: str) -> dict[str, Records]:
    """The same for many candidacies at once, by their ids; at most three queries, whatever their number."""
    if not candidacies:
        return {}
    versions = {one.id: programme.load(one.programme_version_id) for one in candidacies}
    return recorded.of_many(connection, versions, org_id=org_id)


def own_records(own: CandidacyRow, *, org_id: str) -> Records:
    """The records of a reader's own candidacy, for their page: only what is there is asked for."""
    version = programme.load(own.programme_version_id)
    return recorded.own(own.id, version, org_id=org_id, trained=own.trained, observed=own.observed)


_OF_PEOPLE = _ROWS.where(
    Candidacy.org_id == bindparam("org"),
    Candidacy.course_id.in_(bindparam("courses", expanding=True)),
    Candidacy.person_id.in_(bindparam("people", expanding=True)),
)


def of_people(connection: Connection, *, org_id: str, courses: Collection[str], people: Collection[str]) -> list[CandidacyRow]:
    """The candidacies of these people in these courses."""
    found = connection.execute(_OF_PEOPLE, {"org": org_id, "courses": list(courses), "people": list(people)})
    return [CandidacyRow(*row) for row in found]


# --- pages --------------------------------------------------------------------------------------------------------------

PAGES = dict.fromkeys(rules.PRACTICE_STEPS.values(), "training.practice")
"""The page of a next step that is the candidate's own; a module's for all others."""


def way(*, actor: Actor) -> Way:
    """Where a candidate stands and the one next thing. NotFound for who is no candidate."""
    own = of(actor)
    return way_of(own.programme_version_id, own_records(own, org_id=actor.org_id), own.participation)


def way_of(version_id: str, shown: Records, participation: str = "active") -> Way:
    """The same from the records that there are. Who takes part no more reads that, and has no next thing to do."""
    version = programme.load(version_id)
    tree = rules.requirements(version.policy, shown)
    step = rules.next_step(version.policy, shown)
    leaves = [leaf for part in tree.children for leaf in part.children]
    done = {"done": sum(leaf.met for leaf in leaves), "of": len(leaves)}
    goes_on = PARTICIPATION[participation]
    step = step if goes_on else NextStep(participation)
    ids = {"key": str(step.facts["key"])} if step.yours else {}
    return Way(
        programme=version.title,
        headline=Phrase(("way_met" if tree.met else "way_open") if goes_on else participation, done),
        lede=Phrase(step.code, step.facts),
        steps=_steps(tree, step),
        next=Next(Phrase(step.code, step.facts), PAGES.get(step.code, "training.module"), ids) if step.yours else None,
        requirements=named_tree(tree, version),
        reports=released(shown, version),
        records=shown,
        goes_on=goes_on,
        yours=_yours(shown) if goes_on else (),
        again=any(leaf.facts.get("state") == "again" for leaf in leaves),
    )


def named(facts: Mapping[str, object], version: Programme) -> dict[str, object]:
    """Facts that name a competency by its key, with its ``title`` beside it. What somebody was rated on may be of an earlier version, and
    this one have no such competency: then the key has to do."""
    if "competency" not in facts:
        return dict(facts)
    key = facts["competency"]
    return {**facts, "title": next((one.title for one in version.competencies if one.key == key), "")}


def named_tree(node: Requirement, version: Programme) -> Requirement:
    """Requirements with such titles in the facts of each."""
    return replace(node, facts=named(node.facts, version), children=tuple(named_tree(child, version) for child in node.children))


def released(shown: Records, version: Programme) -> tuple[ReportLink, ...]:
    """The reports that there are to read, oldest first."""
    steps = rules.steps(version.policy, shown) if version.policy.counting is not None else {}
    counting = {one.id for step in steps.values() for one in step.counting}
    return tuple(
        ReportLink(one.id, one.planned_for, one.observer, one.counts, one.id in counting if steps else None)
        for one in shown.observations
        if one.verdict is not None
    )


def _yours(shown: Records) -> tuple[Yours, ...]:
    kinds = (STRUCTURED, CO)
    return tuple(
        Yours(one.id, one.kind, one.planned_for, one.observer)
        for one in shown.observations
        if one.kind in kinds and one.state in UNDER_WAY
    )


def _steps(tree: Requirement, step: NextStep) -> tuple[Step, ...]:
    """The seven stations; what this policy does not ask for says so."""
    parts = {part.code: part for part in tree.children}
    return tuple(_station(number, title, parts.get(title), step) for number, title in enumerate(STEPS, 1))


def _station(number: int, title: str, part: Requirement | None, step: NextStep) -> Step:
    if part is None:
        return Step(number, title, "not_asked", Phrase("not_asked"))
    if part.met:
        return Step(number, title, "met", Phrase("step_met", part.facts))
    open_leaves = [leaf for leaf in part.children if not leaf.met]
    if (step.yours or step.code == "await_practice") and any(leaf.facts == step.facts for leaf in open_leaves):
        return Step(number, title, "next" if step.yours else "wait", Phrase(step.code, step.facts))
    open_leaf = open_leaves[0]
    waits = {"planned": "await_session", "drafting": "await_rating", "rated": "await_result"}.get(str(open_leaf.facts.get("state")))
    if waits is not None:
        return Step(number, title, "wait", Phrase(waits, open_leaf.facts))
    return Step(number, title, "open", Phrase("step_open", part.facts))
