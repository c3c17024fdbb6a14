# SPDX-License-Identifier: Apache-2.0
"""Moving candidates to another version of their programme: each one's difference first, then the move, which nobody can take unread."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, select, update
from sqlalchemy.orm import Session

from lti_mentoring.domain import candidacy as asked
from lti_mentoring.domain import moving as rules
from lti_mentoring.domain import practice
from lti_mentoring.domain.moving import Prospect
from lti_mentoring.domain.observation import WAITING
from lti_mentoring.domain.participation import ACTIVE, DEFERRED, Part
from lti_mentoring.domain.people import Actor, display_name
from lti_mentoring.domain.period import Period
from lti_mentoring.domain.programme import Programme
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import candidacy, delivery, intake, language, notification, privacy, programme
from lti_mentoring.services import records as recorded
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import AT_ONCE, Candidacy
from lti_mentoring.store.moving import CandidacyMove
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.participation import DeferralPeriod
from lti_mentoring.store.people import Identity, Person
from lti_mentoring.store.programme import ProgrammeVersion
from lti_mentoring.store.training import CheckAttempt

A_PAGE = 100
"""People to a page, and so the most that one move takes."""

LONGEST_REASON = 1000
MOST_VERSIONS = 50
GO_ON = (ACTIVE, DEFERRED)
"""Who can be moved. Whoever has left comes back first; what was decided stays decided under its version."""


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version of the programme. ``pinned``: new candidates of this course begin with it; ``people`` are in it, of this course."""

    id: str
    edition: str
    policy: str
    imported_at: datetime
    pinned: bool
    people: int


@dataclass(frozen=True, slots=True)
class PersonRow:
    """Somebody who could be moved, from which version, with all that it would mean for them."""

    candidacy_id: str
    name: str
    participation: str
    version: VersionRow
    prospect: Prospect


@dataclass(frozen=True, slots=True)
class MovingPage:
    """The people of a course who are not in the target version, ``A_PAGE`` at a time by name; ``number`` counts from 1."""

    title: str
    versions: tuple[VersionRow, ...]
    target: VersionRow
    people: tuple[PersonRow, ...]
    total: int
    number: int
    pages: int


# --- reading -------------------------------------------------------------------------------------------------------------


def page(*, actor: Actor, version_id: str | None = None, number: int = 1) -> MovingPage:
    """What moving to a version would mean for each person of the course; without one, to that which new candidates begin with.

    A constant number of queries, whatever the number of people. NotFound ``version`` for one of another programme or organisation;
    RuleBroken ``programme_missing`` before the first import.
    """
    session = base.session()
    pinned = intake.version_of(actor, intake.of(org_id=actor.org_id, course_id=actor.course_id))
    known = versions(session, actor, pinned)
    target = known.get(version_id or pinned)
    if target is None:
        raise NotFound("version", id=version_id)
    here = _movable(actor, known, target.id)
    total = session.scalar(select(func.count()).select_from(here.subquery())) or 0
    pages = max(1, -(-total // A_PAGE))
    number = max(1, min(number, pages))
    name = func.lower(func.coalesce(Person.name, Person.chosen_name, ""))
    rows = session.execute(here.order_by(name, Candidacy.id).limit(A_PAGE).offset((number - 1) * A_PAGE)).all()
    people = tuple(
        PersonRow(
            row.id,
            display_name(row.name or row.chosen_name, row.person_id),
            row.participation,
            known[row.programme_version_id],
            found,
        )
        for row, found in _prospects(session, rows, target.id)
    )
    return MovingPage(programme.load(target.id).title, tuple(known.values()), target, people, total, number, pages)


def versions(session: Session, actor: Actor, pinned: str) -> dict[str, VersionRow]:
    """The versions of a course's programme by their ids, newest first, with how many of its candidates are in each."""
    version = ProgrammeVersion
    inside = (
        select(func.count(Candidacy.id))
        .where(
            Candidacy.org_id == version.org_id,
            Candidacy.programme_version_id == version.id,
            Candidacy.course_id == actor.course_id,
            Candidacy.participation.in_(GO_ON),
        )
        .correlate(version)
        .scalar_subquery()
    )
    slug = select(version.slug).where(version.id == pinned).scalar_subquery()
    rows = session.execute(
        select(version.id, version.edition, version.body["policy"]["name"].as_string(), version.imported_at, inside)
        .where(version.slug == slug)
        .order_by((version.id == pinned).desc(), (inside > 0).desc(), version.imported_at.desc(), version.id)
        .limit(MOST_VERSIONS)
    ).all()
    found = [VersionRow(row[0], row[1], row[2] or "", row[3], row[0] == pinned, row[4]) for row in rows]
    return {one.id: one for one in sorted(found, key=lambda one: one.imported_at, reverse=True)}


def _movable(actor: Actor, known: Collection[str], target_id: str) -> Select[*tuple[Any, ...]]:
    tested = select(Identity.id).where(Identity.person_id == Candidacy.person_id, Identity.test_user).exists()
    return (
        select(
            Candidacy.id,
            Candidacy.person_id,
            Candidacy.course_id,
            Candidacy.programme_version_id,
            Candidacy.participation,
            Candidacy.started_at,
            Candidacy.extensions,
            Person.name,
            Person.chosen_name,
        )
        .join(Person, and_(Person.org_id == Candidacy.org_id, Person.id == Candidacy.person_id))
        .where(
            Candidacy.course_id == actor.course_id,
            Candidacy.person_id != actor.person_id,  # nobody decides this for themself
            Candidacy.participation.in_(GO_ON),
            Candidacy.programme_version_id.in_([one for one in known if one != target_id]),
            ~tested,
        )
    )


def _prospects(session: Session, rows: Sequence[Any], target_id: str) -> list[tuple[Any, Prospect]]:
    """Each row with what the move would mean; four queries, and those of versions that this process has not met yet.

    It is kept as it was shown, and then read by others: so it is told in the words of the source, whatever its reader's language.
    """
    with language.read_in(tuple):
        return _compared(session, rows, target_id)


def _compared(session: Session, rows: Sequence[Any], target_id: str) -> list[tuple[Any, Prospect]]:
    which = Candidacy.id.in_([row.id for row in rows])
    target = programme.load(target_id)
    sources = {row.id: programme.load(row.programme_version_id) for row in rows}
    found = recorded.gather(session, which)
    now, then = recorded.judged(sources, found), recorded.judged(dict.fromkeys(sources, target), found)
    under_way = _under_way(found, target)
    paused = _deferrals(session, [row.id for row in rows])
    made = []
    for row in rows:
        source = sources[row.id]
        before = candidacy.named_tree(asked.requirements(source.policy, now[row.id]), source)
        after = candidacy.named_tree(asked.requirements(target.policy, then[row.id]), target)
        part = Part(row.participation, row.started_at.date(), paused.get(row.id, ()), row.extensions)
        prospect = Prospect(
            source_id=row.programme_version_id,
            target_id=target_id,
            difference=rules.difference(before, after),
            under_way=tuple(under_way.get(row.id, ())),
            deadlines=(part.deadline(source.policy.time), part.deadline(target.policy.time)),
            today=base.now().date(),
        )
        made.append((row, prospect))
    return made


def _under_way(found: recorded.Rows, target: Programme) -> dict[str, list[rules.UnderWay]]:
    made: dict[str, list[rules.UnderWay]] = defaultdict(list)
    for row in found.trainings:
        if row.what == "practice" and row.state in practice.WAITING:
            made[row.candidacy_id].append(rules.handed_in(row.module_key, target))
        elif row.what == "recognition" and row.state == "asked":
            made[row.candidacy_id].append(rules.claimed(row.module_key, target))
        elif row.opened:
            made[row.candidacy_id].append(rules.open_attempt(programme.module(row.version_id), target))
    for row in found.observations:
        if row.state in WAITING:
            observer = display_name(row.name or row.chosen_name, row.observer_id)
            made[row.candidacy_id].append(rules.open_observation(row.kind, row.planned_for, observer, target))
    return made


def _deferrals(session: Session, candidacies: Sequence[str]) -> dict[str, tuple[Period, ...]]:
    held: dict[str, tuple[Period, ...]] = defaultdict(tuple)
    query = select(DeferralPeriod.candidacy_id, DeferralPeriod.starts_on, DeferralPeriod.ends_on).where(
        DeferralPeriod.candidacy_id.in_(candidacies)
    )
    for candidacy_id, start, end in session.execute(query.order_by(DeferralPeriod.starts_on)):
        held[candidacy_id] += (Period(start, end),)
    return held


# --- moving --------------------------------------------------------------------------------------------------------------


def move(*, actor: Actor, version_id: str, people: Mapping[str, str], longer: Collection[str], reason: str) -> int:
    """Move these candidacies, each with the mark of the difference that was read; all or nobody. -> how many

    ``longer`` are those of them of whom the actor has said that the way may get longer. NotFound ``version``, ``candidacy``; RuleBroken
    ``move_nobody``, ``move_many`` (most), ``move_reason_missing``, ``move_reason_long`` (most), ``move_changed`` (candidacies) where
    what was read is no longer so, ``move_blocked`` (names), ``move_longer`` (names) where somebody's way gets longer unsaid.
    """
    said = _checked(people, reason)
    pinned = intake.version_of(actor, intake.of(org_id=actor.org_id, course_id=actor.course_id))
    with base.transactional() as session:
        known = versions(session, actor, pinned)
        if version_id not in known:
            raise NotFound("version", id=version_id)
        _hold(session, actor, people)
        rows = session.execute(_movable(actor, known, version_id).where(Candidacy.id.in_(people)).order_by(Candidacy.id)).all()
        found = _prospects(session, rows, version_id)
        _check(people, longer, found)
        for row, prospect in found:
            _move(session, actor, row, prospect, said)
        return len(found)


def _checked(people: Collection[str], reason: str) -> str:
    said = reason.strip()
    if not people:
        raise RuleBroken("move_nobody")
    if len(people) > A_PAGE:
        raise RuleBroken("move_many", most=A_PAGE)
    if not said:
        raise RuleBroken("move_reason_missing")
    if len(said) > LONGEST_REASON:
        raise RuleBroken("move_reason_long", most=LONGEST_REASON)
    return said


def _hold(session: Session, actor: Actor, people: Collection[str]) -> None:
    """Put in order whoever moves, begins, finishes, plans or releases something of these people at the same moment (PostgreSQL).

    The rows are held in the order of their ids, without keeping others from pointing at them: whoever finishes an attempt may write of
    its candidacy while we wait for the attempt.
    """
    mine = and_(Candidacy.course_id == actor.course_id, Candidacy.person_id != actor.person_id, Candidacy.id.in_(people))
    held = session.scalars(select(Candidacy.id).where(mine).order_by(Candidacy.id).with_for_update(key_share=True)).all()
    if len(held) != len(people):
        raise NotFound("candidacy")
    for table, condition in (
        (CheckAttempt, CheckAttempt.state == "open"),
        (Observation, Observation.state.in_(WAITING)),
    ):
        query = select(table.id).where(table.candidacy_id.in_(people), condition).order_by(table.id)
        session.execute(query.with_for_update(key_share=True)).all()


def _check(people: Mapping[str, str], longer: Collection[str], found: Sequence[tuple[Any, Prospect]]) -> None:
    marks = {row.id: prospect.mark for row, prospect in found}
    changed = tuple(one for one, mark in people.items() if marks.get(one) != mark)
    if changed:
        raise RuleBroken("move_changed", candidacies=changed)
    blocked = tuple(display_name(row.name or row.chosen_name, row.person_id) for row, prospect in found if prospect.blocks)
    if blocked:
        raise RuleBroken("move_blocked", names=blocked)
    unsaid = [row for row, prospect in found if prospect.longer and row.id not in longer]
    if unsaid:
        raise RuleBroken("move_longer", names=tuple(display_name(row.name or row.chosen_name, row.person_id) for row in unsaid))


def _move(session: Session, actor: Actor, row: Any, prospect: Prospect, reason: str) -> None:
    made = CandidacyMove(
        id=base.new_id(),
        candidacy_id=row.id,
        from_version_id=prospect.source_id,
        to_version_id=prospect.target_id,
        moved_by=actor.person_id,
        moved_at=base.now(),
        reason=reason,
        longer=prospect.longer,
        difference=rules.to_record(prospect),
    )
    session.add(made)
    session.execute(
        update(Candidacy)
        .where(Candidacy.id == row.id)
        .values(programme_version_id=prospect.target_id, look_on=AT_ONCE)
        .execution_options(synchronize_session=False)
    )
    privacy.record(
        session,
        actor=actor,
        verb="move",
        object_kind="candidacy",
        object_id=row.id,
        move=made.id,
        source=prospect.source_id,
        target=prospect.target_id,
        longer=prospect.longer,
    )
    _tell(session, actor, row, prospect)


def _tell(session: Session, actor: Actor, row: Any, prospect: Prospect) -> None:
    """The candidate, and the gradebook as far as something follows from it: a final grade that was sent is not taken back."""
    whom = {"org_id": actor.org_id, "person_id": row.person_id}
    notification.tell(session, kind="programme_moved", facts={}, endpoint="moving.own", ids={"course": row.course_id}, **whom)
    keys = {module.key for one in (prospect.source_id, prospect.target_id) for module in programme.load(one).modules}
    delivery.want(session, course_id=row.course_id, items={"observation", *(f"module:{key}" for key in keys)}, **whom)
