# SPDX-License-Identifier: Apache-2.0
"""The released report on an observation: the result that stands, how each level came about, and the evidence behind it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, aliased

from lti_mentoring.domain import candidacy, releasing
from lti_mentoring.domain import report as rules
from lti_mentoring.domain.observation import RATED, RELEASED, WAITING, Reason, Verdict
from lti_mentoring.domain.people import LEADS, Actor, display_name
from lti_mentoring.domain.programme import CO, INDEPENDENT, Programme
from lti_mentoring.domain.releasing import FIRST, SELF
from lti_mentoring.domain.report import Seen
from lti_mentoring.domain.rule import NotFound
from lti_mentoring.services import consent, founding, privacy, programme, records
from lti_mentoring.services import seat as seats
from lti_mentoring.services import sheet as sheets
from lti_mentoring.services.candidacy import named
from lti_mentoring.services.consent import Whose
from lti_mentoring.services.seat import NoteRow
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.observation import Observation
from lti_mentoring.store.people import Person
from lti_mentoring.store.rating import Rater, Resolution, ResolvedLevel, SubmittedRating


@dataclass(frozen=True, slots=True)
class Voice:
    """Somebody whose rating made the result. ``name`` is empty where the reader learns only that there was another person: a candidate
    knows who observed them, and not who rated beside."""

    purpose: str
    name: str
    from_notes: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One criterion with the lines of evidence behind it; of one that was struck only that it was."""

    seen: Seen
    notes: tuple[NoteRow, ...]


@dataclass(frozen=True, slots=True)
class Beside:
    """How a session counts beside the candidate's others; ``reasons`` why it does not. ``open``: something was found since its release,
    and people have to decide first. None of these: its step was complete before."""

    counts: bool
    reasons: tuple[Reason, ...] = ()
    open: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """A released observation. ``bar`` is the policy's for the mean of all levels, ``each_bar`` for that of a competency; ``mine`` says that
    the reader is its subject, ``helped_with`` names the competencies with which its observer had helped them within a year. ``both``: the
    candidate rated their own part as well. ``together`` is there where sessions are judged together, and the verdict says nothing then.
    ``founding``: who observed or led it with the candidate was a founding mentor; ``whose``: whose the consent of who was there is."""

    id: str
    candidate: str
    observer: str
    protege: str
    planned_for: date
    place: str
    released_at: datetime
    strengths: tuple[Line, ...]
    short: tuple[Line, ...]
    unseen: tuple[Line, ...]
    verdict: Verdict
    bar: Fraction
    each_bar: Fraction
    mine: bool
    voices: tuple[Voice, ...]
    method: str
    helped_with: tuple[str, ...] = ()
    kind: str = INDEPENDENT
    both: bool = False
    together: Beside | None = None
    founding: bool = False
    whose: Whose = field(default_factory=Whose)

    @property
    def criteria(self) -> tuple[Line, ...]:
        """All of them."""
        return (*self.strengths, *self.short, *self.unseen)


_Observer = aliased(Person)
_ONE = (
    select(Observation, *(Person.id, Person.name, Person.chosen_name), *(_Observer.name, _Observer.chosen_name))
    .add_columns(Candidacy.programme_version_id, Resolution)
    .join(Candidacy, and_(Candidacy.org_id == Observation.org_id, Candidacy.id == Observation.candidacy_id))
    .join(Person, and_(Person.org_id == Observation.org_id, Person.id == Candidacy.person_id))
    .join(_Observer, and_(_Observer.org_id == Observation.org_id, _Observer.id == Observation.observer_id))
    .outerjoin(Resolution, and_(Resolution.org_id == Observation.org_id, Resolution.id == Observation.resolution_id))
)


def report(*, actor: Actor, observation_id: str) -> Report:
    """A released observation, for its subject, who rated it and who leads the course.

    NotFound ``observation`` for everybody else, and for the subject of one that was called off or set aside; NotFound
    ``observation_not_released`` for those while it is under way. Until a result stands nobody reads another's rating (I9).
    """
    session = base.session()
    found = _found(actor, observation_id)
    row, subject_id, made, mine = found[0], found[1], found[7], actor.person_id == found[1]
    if not (actor.person_id in (subject_id, row.observer_id) or actor.is_any(*LEADS) or _rates(session, row, actor)):
        raise NotFound("observation")
    if row.state != RELEASED or made is None:
        raise NotFound("observation_not_released" if row.state in (*WAITING, RATED, RELEASED) else "observation")
    version, rubric = programme.load(found[6]), programme.rubric(row.rubric_version_id)
    ratings = _ratings(session, row, made)
    own = {key: said for rating, _ in ratings if rating.purpose == SELF for key, said in releasing.read(rating.said).items()}
    others = [(rating, name) for rating, name in ratings if rating.purpose != SELF]
    levels = {one.criterion: (_exact(one), one.how) for one in _levels(session, made)}
    said = [releasing.read(rating.said) for rating, _ in others]
    parts = rules.in_order(version.policy, rules.seen(rubric.criteria, levels, said, own))
    notes = {note.id: note for note in seats.all_notes_of(session, row.id)}
    return Report(
        id=row.id,
        candidate=display_name(found[3] or found[2], subject_id),
        observer=display_name(found[5] or found[4], row.observer_id),
        protege=row.protege_label,
        planned_for=row.planned_for,
        place=row.place,
        released_at=row.released_at,
        strengths=_lines(parts.strengths, notes),
        short=_lines(parts.short, notes),
        unseen=_lines(parts.unseen, notes),
        verdict=_verdict(version, row, levels),
        bar=version.policy.overall_mean,
        each_bar=version.policy.competency_mean,
        mine=mine,
        voices=tuple(Voice(one.purpose, "" if mine and one.purpose != FIRST else name, one.from_notes) for one, name in others),
        method=made.method,
        helped_with=tuple(row.helped_with.split()),
        kind=row.kind,
        both=bool(own) and row.kind == CO,
        together=_beside(version, row),
        founding=bool(founding.were(session, row.course_id, (row.observer_id, row.mentor_id), row.released_at)),
        whose=consent.whose(session, row),
    )


def _found(actor: Actor, observation_id: str) -> Any:
    found = base.session().execute(_ONE.where(Observation.id == observation_id, Observation.course_id == actor.course_id)).first()
    if found is None:
        raise NotFound("observation")
    return found


def _beside(version: Programme, row: Observation) -> Beside | None:
    """As the candidate's own page has it."""
    if version.policy.counting is None:
        return None
    shown = records.own(row.candidacy_id, version, org_id=row.org_id, trained=False, observed=True)
    step = candidacy.steps(version.policy, shown).get(row.kind)
    if step is None:
        return None
    reasons = [reason for one in step.aside if one.record.id == row.id for reason in one.reasons]
    told = tuple(Reason(one.code, named(one.facts, version)) for one in reasons)
    return Beside(any(one.id == row.id for one in step.counting), told, open=any(one.id == row.id for one in step.under_way))


def take_away(*, actor: Actor, observation_id: str) -> Report:
    """The same, to leave the tool as a file; that it did stands in the record."""
    found = report(actor=actor, observation_id=observation_id)
    with base.transactional() as session:
        privacy.record(session, actor=actor, verb="export", object_kind="observation", object_id=observation_id)
    return found


def _rates(session: Session, row: Observation, actor: Actor) -> bool:
    """Whether the actor rated it beside its observer."""
    theirs = (Rater.observation_id == row.id, Rater.person_id == actor.person_id, Rater.state != "ended")
    return session.scalar(select(Rater.id).where(*theirs)) is not None


def _ratings(session: Session, row: Observation, made: Resolution) -> list[tuple[SubmittedRating, str]]:
    """The ratings that the result was made from, and the newest of the candidate's own part, each with the rater's name."""
    query = (
        select(SubmittedRating, Person.name, Person.chosen_name)
        .join(Person, and_(Person.org_id == SubmittedRating.org_id, Person.id == SubmittedRating.assessor_id))
        .where(SubmittedRating.observation_id == row.id, or_(SubmittedRating.id.in_(made.ratings), SubmittedRating.purpose == SELF))
        .order_by(SubmittedRating.number)
    )
    newest = {one.assessor_id: (one, display_name(chosen or name, one.assessor_id)) for one, name, chosen in session.execute(query)}
    place = {rating: number for number, rating in enumerate(made.ratings)}
    return sorted(newest.values(), key=lambda one: place.get(one[0].id, len(place)))


def _levels(session: Session, made: Resolution) -> Iterable[ResolvedLevel]:
    return session.scalars(select(ResolvedLevel).where(ResolvedLevel.resolution_id == made.id))


def _exact(one: ResolvedLevel) -> Fraction | None:
    return None if one.numerator is None else Fraction(one.numerator, one.denominator)


def _verdict(version: Programme, row: Observation, levels: Mapping[str, tuple[Fraction | None, str]]) -> Verdict:
    return sheets.verdict_of(version, row, {key: level for key, (level, _) in levels.items()})


def _lines(part: Iterable[Seen], notes: Mapping[str, NoteRow]) -> tuple[Line, ...]:
    return tuple(Line(one, tuple(notes[key] for key in one.note_ids if key in notes)) for one in part)

