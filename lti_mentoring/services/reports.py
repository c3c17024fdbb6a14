# SPDX-License-Identifier: Apache-2.0
"""Reads that join nouns: what a page shows, in a constant number of queries."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Boolean, and_, bindparam, func, select

from lti_mentoring.domain.assistance import HELPERS
from lti_mentoring.domain.candidacy import ModuleRecord, Records
from lti_mentoring.domain.participation import ACTIVE
from lti_mentoring.domain.people import LEADS, Actor
from lti_mentoring.domain.practice import MARKERS
from lti_mentoring.services import approving, awaited, candidacy, helping, impartial, intake, language, marking, roles, score
from lti_mentoring.services.candidacy import CandidacyRow, Phrase, Way
from lti_mentoring.services.intake import OPEN
from lti_mentoring.services.records import IN_CONFLICT
from lti_mentoring.services.reviewing import REVIEWED
from lti_mentoring.services.roles import Here
from lti_mentoring.store import base
from lti_mentoring.store.application import Application, ApplicationReview
from lti_mentoring.store.assistance import AssistanceRequest
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.delivery import ScorePublication
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.people import Identity, Placement, RoleGrant


@dataclass(frozen=True, slots=True)
class Todo:
    """One thing that waits for the reader. ``code`` and ``facts`` become a sentence at the edge; ``endpoint`` leads there."""

    code: str
    endpoint: str
    facts: dict[str, int | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StaffHome:
    """The first page of everybody who is not only a candidate; ``way_in`` is how the course takes candidates in."""

    todo: tuple[Todo, ...]
    coordinators: tuple[str, ...]
    asks_to_coordinate: bool
    leads: bool
    observes: bool
    helps: bool
    candidates: int
    observers: int
    released: int
    way_in: str = OPEN


def staff_home(*, actor: Actor, coordinated: bool) -> StaffHome:
    """What waits for this person, and how the course stands."""
    leads, observes, helps = actor.is_any(*LEADS), actor.is_any("observer"), actor.is_any(*HELPERS)
    asked = actor.is_any("teacher") and not coordinated
    entry = intake.of(org_id=actor.org_id, course_id=actor.course_id)
    left = intake.places_left(base.session(), actor.course_id) if leads else 0
    shown = leads or observes or helps  # nobody else is shown a number of the course
    counts = awaited.sure(actor, _counts(actor)) if shown else dict.fromkeys(_COUNTED, 0) | awaited.own(actor)
    return StaffHome(
        todo=tuple(_todo(actor, counts, leads=leads, observes=observes, helps=helps, place_free=left != 0)),
        coordinators=() if leads or observes or helps or asked else roles.coordinators(actor=actor),
        asks_to_coordinate=asked,
        leads=leads,
        observes=observes,
        helps=helps,
        candidates=counts["candidates"],
        observers=counts["observers"],
        released=counts["released"],
        way_in=entry.mode,
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """All that a candidate's page follows from. Two candidates who stand alike read the same page; whoever keeps a page goes by this.

    ``observed`` is the text of the observations, verdicts and their reasons included; ``records`` adds nothing to the rest.
    """

    org_id: str
    version_id: str
    participation: str
    moved_at: datetime | None
    graded: bool
    modules: tuple[ModuleRecord, ...]
    observed: str
    columns: tuple[score.Column, ...]
    languages: tuple[str, ...]
    records: Records = field(compare=False)
    own: CandidacyRow = field(compare=False)


def way(*, here: Here) -> Way:
    """A candidate's own page, with the state of the grades that their activities show. NotFound for who is no candidate."""
    actor = here.actor
    own = here.own or candidacy.of(actor)
    records = candidacy.own_records(own, org_id=actor.org_id)
    graded = here.graded if here.graded is not None else score.gets_grades(actor)
    return _way(
        Standing(
            actor.org_id,
            own.programme_version_id,
            own.participation,
            own.moved_at,
            graded,
            records.modules,
            f"{records.observations} {records.on}" if records.observations else "",
            score.columns(actor=actor) if graded else (),
            language.wanted(),
            records,
            own,
        )
    )


@lru_cache(maxsize=1024)
def _way(standing: Standing) -> Way:
    found = candidacy.way_of(standing.version_id, standing.records, standing.participation)
    items = ["programme", *(f"module:{module.key}" for module in standing.modules), "observation"]
    lines = score.lines(items, standing.columns, standing.own, standing.records)
    told = [lines[item] for item in items if item in lines]
    grades = tuple(Phrase(line.code, {**line.facts, "activity": line.title}) for line in told)
    return replace(found, grades=grades, moved_at=standing.moved_at, state=standing)


_org: Any = bindparam("org")
_course: Any = bindparam("course")
_here = and_(Observation.org_id == _org, Observation.course_id == _course)
_tested = select(Identity.id).where(Identity.org_id == _org, Identity.person_id == Candidacy.person_id, Identity.test_user).exists()
_applied = and_(Application.org_id == _org, Application.course_id == _course)
_undecided = Application.state.in_(("submitted", "under_review"))
_read = and_(
    Application.state == "under_review",
    select(ApplicationReview.id)
    .where(
        ApplicationReview.org_id == Application.org_id,
        ApplicationReview.application_id == Application.id,
        ApplicationReview.submitted_at.is_(None),
    )
    .exists(),
)
"""It waits for its reviewers, and not for who leads the course."""
_COUNTED = {
    "candidates": select(func.count(Candidacy.id)).where(Candidacy.org_id == _org, Candidacy.course_id == _course, ~_tested),
    "taking_part": select(func.count(Candidacy.id)).where(
        Candidacy.org_id == _org, Candidacy.course_id == _course, Candidacy.participation == ACTIVE, ~_tested
    ),
    "observers": select(func.count(func.distinct(RoleGrant.person_id))).where(
        RoleGrant.org_id == _org, RoleGrant.course_id == _course, RoleGrant.role == "observer", RoleGrant.revoked_at.is_(None)
    ),
    "waiting": select(func.count(Observation.id)).where(
        _here, Observation.observer_id == bindparam("person"), Observation.state.in_(("planned", "drafting"))
    ),
    "planned": select(func.count(Observation.id)).where(_here, Observation.state.in_(("planned", "drafting"))),
    "released": select(func.count(Observation.id)).where(_here, Observation.state == "released", ~IN_CONFLICT),
    "reviews": select(func.count(ApplicationReview.id))
    .join(Application, and_(Application.org_id == ApplicationReview.org_id, Application.id == ApplicationReview.application_id))
    .where(
        ApplicationReview.org_id == _org,
        ApplicationReview.reviewer_id == bindparam("person"),
        ApplicationReview.submitted_at.is_(None),
        Application.course_id == _course,
        Application.state.in_(REVIEWED),
    ),
    "applications": select(func.count(Application.id)).where(_applied, _undecided, ~_read),
    "in_review": select(func.count(Application.id)).where(_applied, _undecided, _read),
    "waitlisted": select(func.count(Application.id)).where(_applied, Application.state == "waitlisted"),
    "practice": marking.waiting(_org, _course, bindparam("person")),
    "recognitions": approving.waiting(_org, _course, bindparam("person")),
    "stuck": select(func.count(ScorePublication.id))
    .join(Placement, and_(Placement.org_id == ScorePublication.org_id, Placement.id == ScorePublication.placement_id))
    .where(ScorePublication.org_id == _org, Placement.course_id == _course, ScorePublication.state.in_(("refused", "held"))),
    "help_waits": select(func.count(AssistanceRequest.id)).where(
        AssistanceRequest.org_id == _org,
        AssistanceRequest.course_id == _course,
        AssistanceRequest.state == "requested",
        helping.theirs_to_see(bindparam("person"), coordinates=bindparam("coordinates", type_=Boolean)),
    ),
    **awaited.COUNTED,
}
_COUNTS = select(*(query.scalar_subquery().label(name) for name, query in _COUNTED.items()))


def _counts(actor: Actor) -> dict[str, int]:
    """All the numbers of the page in one statement."""
    who = {"person": actor.person_id, "coordinates": actor.is_any("coordinator")}
    row = base.connection().execute(_COUNTS, {"org": actor.org_id, "course": actor.course_id, **who}).one()
    counts = {name: int(getattr(row, name) or 0) for name in _COUNTED}
    return counts | _judged(actor) if counts["practice"] or counts["recognitions"] else counts


def _judged(actor: Actor) -> dict[str, int]:
    """What waits of those whom the reader may judge."""
    session = base.session()
    found = (actor.org_id, actor.course_id, actor.person_id, impartial.judged_by(session, actor))
    counted = {"practice": marking.waiting(*found), "recognitions": approving.waiting(*found)}
    if actor.is_any(*LEADS):
        nobody = (impartial.judged_by_nobody(session, actor.course_id, roles) for roles in (MARKERS, LEADS))
        stuck = [one.waiting(actor.org_id, actor.course_id, "", which) for one, which in zip((marking, approving), nobody, strict=True)]
        counted["unjudged"] = select(stuck[0].scalar_subquery() + stuck[1].scalar_subquery())
    return {name: int(session.scalar(query) or 0) for name, query in counted.items()}


def _todo(actor: Actor, counts: dict[str, int], *, leads: bool, observes: bool, helps: bool, place_free: bool) -> list[Todo]:
    todo: list[Todo] = []
    if counts["answers"]:
        todo.append(Todo("consents_wait", "consent.index", {"count": counts["answers"]}))
    if counts["unread"]:
        todo.append(Todo("lines_to_read", "consent.index", {"count": counts["unread"]}))
    if counts["own_line"]:
        todo.append(Todo("own_line", "reporting_line.own"))
    if helps and counts["help_waits"]:
        todo.append(Todo("help_waits", "assistance.board", {"count": counts["help_waits"]}))
    if observes and counts["waiting"]:
        todo.append(Todo("observations_wait", "observation.index", {"count": counts["waiting"]}))
    if counts["reviews"]:
        todo.append(Todo("reviews_wait", "selection.reviews", {"count": counts["reviews"]}))
    if helps and counts["practice"]:
        todo.append(Todo("practice_waits", "practice.queue", {"count": counts["practice"]}))
    if helps and counts["recognitions"]:
        todo.append(Todo("recognitions_wait", "recognition.queue", {"count": counts["recognitions"]}))
    if leads and counts["applications"]:
        facts: dict[str, int | str] = {"count": counts["applications"], "in_review": counts["in_review"]}
        todo.append(Todo("applications_wait", "selection.queue", facts))
    if leads and counts["waitlisted"] and place_free:
        todo.append(Todo("place_free", "selection.queue", {"count": counts["waitlisted"]}))
    if leads and counts["opinions"]:
        todo.append(Todo("opinions_wait", "second.index", {"count": counts["opinions"]}))
    if leads and counts["links"]:
        todo.append(Todo("links_wanted", "listing.index", {"count": counts["links"]}))
    if leads and counts["conflicts"]:
        todo.append(Todo("conflicts_wait", "conflict.index", {"count": counts["conflicts"]}))
    if leads and counts["unknown_lines"]:
        todo.append(Todo("lines_unknown", "conflict.index", {"count": counts["unknown_lines"]}))
    if leads and counts["stuck"]:
        todo.append(Todo("grades_stuck", "delivery.index", {"count": counts["stuck"]}))
    if leads and counts.get("unjudged"):
        todo.append(Todo("nobody_judges", "people.index", {"count": counts["unjudged"]}))
    if leads and not counts["observers"]:
        todo.append(Todo("no_observer", "people.index"))
    if leads and counts["taking_part"] and counts["observers"] and not counts["planned"] and not counts["released"]:
        todo.append(Todo("nothing_planned", "observation.plan"))
    if actor.is_any("candidate"):
        todo.append(Todo("own_way", "home.way"))
    return todo
