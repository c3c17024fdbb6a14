# SPDX-License-Identifier: Apache-2.0
"""The cohort board: everybody on the way in a course with what is met and what is not, and one person for who leads the course."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from lti_mentoring.domain import board as rules
from lti_mentoring.domain import candidacy as way
from lti_mentoring.domain.board import APPLYING, Cell, Column, Row, Wanted
from lti_mentoring.domain.candidacy import NextStep, Records, Requirement
from lti_mentoring.domain.participation import ACTIVE, DEFERRED, PARTICIPATION, Part
from lti_mentoring.domain.people import Actor, display_name
from lti_mentoring.domain.programme import Programme
from lti_mentoring.services import candidacy, cohort, observation, privacy, programme, taking_part
from lti_mentoring.services import records as recorded
from lti_mentoring.services.candidacy import CandidacyRow, ReportLink
from lti_mentoring.services.cohort import Cohort, Member
from lti_mentoring.services.observation import ListRow
from lti_mentoring.store import base

A_STATEMENT = 1000
"""So many candidacies are named in one statement."""


@dataclass(frozen=True, slots=True)
class Board:
    """What the page shows. ``figures`` are of the whole cohort, step by step; ``rows`` those of the page, ``found`` of all that were
    asked for, ``people`` of everybody. ``drafts`` counts applications that nobody reads yet. ``waiting`` counts whom people wait for."""

    columns: tuple[Column, ...]
    figures: Mapping[str, Counter[str]]
    waiting: Counter[str]
    alerts: Counter[str]
    rows: Sequence[Row]
    found: int
    people: int
    candidates: int
    page: int
    pages: int
    drafts: int
    takes_applications: bool
    now: datetime


@dataclass(frozen=True, slots=True)
class Person:
    """A candidate for who leads the course: why not yet, the next thing, dates, and where more is to be read."""

    candidacy_id: str
    name: str
    participation: str
    programme: str
    edition: str
    requirements: Requirement
    step: NextStep
    done: int
    of: int
    started_on: date
    deadline: date
    active_at: datetime
    now: datetime
    alerts: frozenset[str]
    reports: tuple[ReportLink, ...]
    under_way: tuple[ListRow, ...]
    goes_on: bool


def page(*, actor: Actor, wanted: Wanted) -> Board:
    """The board as it was asked for; as many queries for ten thousand people as for two."""
    now = base.now()
    found = cohort.read(actor)
    rows, columns = _rows(found, now)
    kept = rules.chosen(rows, wanted)
    number, pages = rules.page_of(len(kept), wanted.page)
    return Board(
        columns=columns,
        figures=rules.figures(rows, dict.fromkeys(one.step for one in columns)),
        waiting=Counter(row.waits for row in rows),
        alerts=Counter(code for row in rows for code in row.alerts),
        rows=_in_full(actor, found, rules.cut(kept, number)),
        found=len(kept),
        people=len(rows),
        candidates=len(found.members),
        page=number,
        pages=pages,
        drafts=found.drafts,
        takes_applications=found.takes_applications,
        now=now,
    )


def export(*, actor: Actor, wanted: Wanted) -> tuple[tuple[Column, ...], Sequence[Row]]:
    """All rows that were asked for, to leave the tool; that they did stands in the record."""
    found = cohort.read(actor)
    rows, columns = _rows(found, base.now())
    kept = _in_full(actor, found, rules.chosen(rows, wanted))
    with base.transactional() as session:
        what, part = {"object_kind": "cohort", "object_id": actor.course_id}, wanted.filters
        privacy.record(session, actor=actor, verb="export", **what, rows=len(kept), filtered=part)
    return columns, kept


def person(*, actor: Actor, candidacy_id: str) -> Person:
    """One candidate of the course. NotFound for everybody else's."""
    session, now = base.session(), base.now()
    row = taking_part.row_of(session, candidacy_id, actor)
    version = programme.load(row.programme_version_id)
    part, _ = taking_part.part_of(session, row)
    held = CandidacyRow(row.id, row.person_id, row.course_id, row.programme_version_id, row.participation)
    shown = recorded.own(row.id, version, org_id=actor.org_id, trained=True, observed=True)
    tree, step = stand(version, shown, row.participation)
    leaves = _leaves(tree)
    deadline = part.deadline(version.policy.time)
    active_at = cohort.active_at(actor.org_id, held, row.started_at, shown)
    return Person(
        candidacy_id=row.id,
        name=display_name(row.name or row.chosen_name, row.person_id),
        participation=row.participation,
        programme=version.title,
        edition=version.edition,
        requirements=candidacy.named_tree(tree, version),
        step=step,
        done=sum(leaf.met for leaf in leaves),
        of=len(leaves),
        started_on=part.started_on,
        deadline=deadline,
        active_at=active_at,
        now=now,
        alerts=rules.alerts(version.policy, row.participation, active_at, deadline, now),
        reports=candidacy.released(shown, version),
        under_way=tuple(one for one in observation.of_candidacy(row.id) if one.state != "released"),
        goes_on=PARTICIPATION[row.participation],
    )


# --- rows ------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Standing:
    """How those stand who stand alike."""

    cells: Mapping[str, Cell]
    step: NextStep
    waits: str
    done: int
    of: int


def _rows(found: Cohort, now: datetime) -> tuple[list[Row], tuple[Column, ...]]:
    """Everybody in outline, and the columns that any of their versions asks for."""
    columns: dict[str, dict[str, Column]] = {}
    known: dict[tuple[int, str, str], _Standing] = {}
    rows = []
    for member in found.members:
        alike = (found.outlines.of[member.id], member.participation, member.entered)
        if alike not in known:
            version_id, shown = found.outlines.shapes[alike[0]]
            tree, step = stand(found.versions[version_id], shown, member.participation)
            if version_id not in columns:  # which columns there are follows from the version alone
                columns[version_id] = rules.columns_of(tree)
            cells = {**rules.entered(member.entered), **rules.cells(tree, step)}
            leaves = _leaves(tree)
            done = sum(leaf.met for leaf in leaves)
            known[alike] = _Standing(cells, step, rules.waits_for(step, member.participation), done, len(leaves))
        rows.append(_row(found, member, known[alike], now))
    entered = [Column(step) for step in ("application", "selection") if any(step in one.cells for one in known.values())]
    for applicant in found.applicants:
        cells, who = rules.applying(applicant.state, reviews_open=applicant.reviews_open)
        step = NextStep(applicant.state)
        rows.append(Row(applicant.id, applicant.name, APPLYING, cells, who, step, active_at=applicant.submitted_at))
    if found.applicants:
        entered = [Column("application"), Column("selection")]
    return rows, rules.in_order([*entered, *(one for each in columns.values() for one in each.values())])


def _row(found: Cohort, member: Member, standing: _Standing, now: datetime) -> Row:
    policy = found.versions[member.version_id].policy
    limited = member.participation in (ACTIVE, DEFERRED)
    part = Part(member.participation, member.started_at.date(), found.deferrals.get(member.id, ()), member.extensions)
    deadline = part.deadline(policy.time)
    return Row(
        id=member.id,
        name=member.name,
        part=member.participation,
        cells=standing.cells,
        waits=standing.waits,
        step=standing.step,
        done=standing.done,
        of=standing.of,
        enrolment=found.enrolments.get(member.id, ""),
        active_at=member.active_at,
        deadline=deadline if limited else None,
        alerts=rules.alerts(policy, member.participation, member.active_at, deadline, now),
    )


def _in_full(actor: Actor, found: Cohort, rows: Sequence[Row]) -> Sequence[Row]:
    """The rows with names and days in their next step, which an outline does not have."""
    pinned = {member.id: found.versions[member.version_id] for member in found.members}
    versions = {row.id: pinned[row.id] for row in rows if row.part != APPLYING}
    shown: dict[str, Records] = {}
    ids = list(versions)
    for start in range(0, len(ids), A_STATEMENT):  # SQLite takes 32,766 values to a statement
        part = {one: versions[one] for one in ids[start : start + A_STATEMENT]}
        shown |= recorded.of_many(base.connection(), part, org_id=actor.org_id)
    return [replace(row, step=stand(versions[row.id], shown[row.id], row.part)[1]) if row.id in shown else row for row in rows]


def stand(version: Programme, shown: Records, participation: str) -> tuple[Requirement, NextStep]:
    """What is required of somebody against what there is, and the next thing; who takes no part has none."""
    tree = way.requirements(version.policy, shown)
    step = way.next_step(version.policy, shown, tree)
    return tree, step if PARTICIPATION[participation] else NextStep(participation)


def _leaves(tree: Requirement) -> Sequence[Requirement]:
    return [leaf for part in tree.children for leaf in part.children]
