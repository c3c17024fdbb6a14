# SPDX-License-Identifier: Apache-2.0
"""Practising on calibration transcripts: the list, a rating kept as it is made, and its comparison with the master ratings.

A candidate who observes as well rates what the other observers rate: the version that the course works with, and not their own.
Everybody sees their own attempts only. The master ratings leave this file in a ``Result``, never before one's own attempt is submitted.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from lti_mentoring.domain import calibration as rules
from lti_mentoring.domain.calibration import Chosen, Comparison
from lti_mentoring.domain.language import mark
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.programme import Criterion, Programme
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.domain.transcript import Script, Spoken, Transcript, script
from lti_mentoring.services import intake, privacy, programme, qualification
from lti_mentoring.store import base
from lti_mentoring.store.calibration import CalibrationAttempt
from lti_mentoring.store.people import Membership

SUBMITTED = "submitted"


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """An attempt of one's own that was submitted: so many of so many criteria the same as the master's."""

    id: str
    number: int
    submitted_at: datetime
    same: int
    of: int


@dataclass(frozen=True, slots=True)
class Exercise:
    """A transcript to practise on, as far as it may be known beforehand; nothing of its ratings.

    ``labels`` are its kind, rubric, difficulty, words, length and time, as it says them; ``reads`` the language in which it is read;
    ``gone``: the programme of the course does not have it any more.
    """

    key: str
    reads: str
    title: str
    labels: tuple[tuple[str, str], ...]
    rubric: str
    minutes: int
    before: str
    spoken: tuple[Spoken, ...]
    unreviewed: bool
    reviewed: date | None = None
    gone: bool = False


@dataclass(frozen=True, slots=True)
class ExerciseRow:
    """A transcript in the list. ``answered``: criteria of an open draft, None where none is open; ``attempts`` newest first."""

    exercise: Exercise
    answered: int | None
    of: int
    attempts: tuple[AttemptRow, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A transcript and the form to rate it: attempt ``number``, ``chosen`` so far at ``revision``; ``text`` its mark, and ``earlier``
    attempts on that text, newest first."""

    exercise: Exercise
    criteria: tuple[Criterion, ...]
    number: int
    chosen: Chosen
    revision: int
    text: str
    earlier: tuple[AttemptRow, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """An attempt of one's own beside the master ratings."""

    exercise: Exercise
    script: Script
    attempt: AttemptRow
    comparison: Comparison


# --- reading ------------------------------------------------------------------------------------------------------------


def exercises(*, actor: Actor) -> tuple[ExerciseRow, ...]:
    """All transcripts of the programme, each with the reader's own attempts, then those that it has no more and the reader has rated."""
    version = intake.version_here(actor)
    made = programme.load(version)
    rows = defaultdict(list)
    for row in _own(base.session(), actor):
        rows[row.transcript_key].append(row)
    gone = [rows[key] for key in rows if key not in {one.key for one in made.transcripts}]
    return (*(_listed(made, version, one, rows[one.key]) for one in made.transcripts), *map(_gone, gone))


def sheet(*, actor: Actor, key: str) -> Sheet:
    """A transcript with the form to rate it. NotFound where the programme has none of that key."""
    version = intake.version_here(actor)
    made = programme.load(version)
    transcript = _transcript(made, key)
    rows = _own(base.session(), actor, key)
    draft = next((row for row in rows if row.state != SUBMITTED), None)
    text = _text(version, key)
    criteria = _criteria(version, key)
    return Sheet(
        exercise=_exercise(made, transcript),
        criteria=criteria,
        number=sum(row.state == SUBMITTED for row in rows) + 1,
        chosen=draft.levels if draft is not None and _rated(draft) == text else {},
        revision=draft.revision if draft is not None else 0,
        text=text,
        earlier=_submitted([row for row in rows if _rated(row) == text]),
    )


def result(*, actor: Actor, key: str, attempt_id: str) -> Result:
    """An attempt beside the master ratings of the version that it was made on. NotFound for anybody else's, and for a draft."""
    row = base.session().scalar(_query(actor, key).where(CalibrationAttempt.id == attempt_id, CalibrationAttempt.state == SUBMITTED))
    if row is None:
        raise NotFound("calibration_attempt")
    made = programme.load(row.programme_version_id)
    transcript = _transcript(made, key)
    comparison = _compared(row)
    gone = all(one.key != key for one in programme.load(intake.version_here(actor)).transcripts)
    return Result(_exercise(made, transcript, gone=gone), script(transcript), _attempt(row, comparison), comparison)


def _listed(made: Programme, version: str, transcript: Transcript, rows: list[CalibrationAttempt]) -> ExerciseRow:
    text = _text(version, transcript.key)
    draft = next((row for row in rows if row.state != SUBMITTED and _rated(row) == text), None)
    answered = len(draft.levels) if draft is not None else None
    return ExerciseRow(_exercise(made, transcript), answered, len(_criteria(version, transcript.key)), _submitted(rows))


def _gone(rows: list[CalibrationAttempt]) -> ExerciseRow:
    last = rows[-1]
    made = programme.load(last.programme_version_id)
    exercise = _exercise(made, _transcript(made, last.transcript_key), gone=True)
    answered = len(last.levels) if last.state != SUBMITTED else None
    return ExerciseRow(exercise, answered, len(programme.rubric(last.rubric_version_id).criteria), _submitted(rows))


def _submitted(rows: list[CalibrationAttempt]) -> tuple[AttemptRow, ...]:
    return tuple(_attempt(row, _compared(row)) for row in reversed(rows) if row.state == SUBMITTED)


def _attempt(row: CalibrationAttempt, comparison: Comparison) -> AttemptRow:
    return AttemptRow(row.id, row.number, row.submitted_at or row.started_at, comparison.same, len(comparison.rows))


def _compared(row: CalibrationAttempt) -> Comparison:
    transcript = _transcript(programme.load(row.programme_version_id), row.transcript_key)
    return rules.compared(script(transcript), programme.rubric(row.rubric_version_id).criteria, row.levels)


def _exercise(made: Programme, transcript: Transcript, *, gone: bool = False) -> Exercise:
    read = script(transcript)
    return Exercise(
        key=transcript.key,
        reads=transcript.reads,
        title=read.title,
        labels=read.labels,
        rubric=read.rubric,
        minutes=read.rating_minutes,
        before=read.before,
        spoken=read.spoken,
        unreviewed=made.unreviewed(transcript.reads),
        reviewed=date.fromisoformat(day) if (day := made.reviewed(transcript.key)) else None,
        gone=gone,
    )


def _transcript(made: Programme, key: str) -> Transcript:
    found = next((one for one in made.transcripts if one.key == key), None)
    if found is None:
        raise NotFound("transcript", key=key)
    return found


def _rubric(version: str, key: str) -> str:
    """The rubric's version that a transcript is rated on, as its source says."""
    return programme.rubric_version_id(version, script(_transcript(programme.source(version), key)).rubric)


def _criteria(version: str, key: str) -> tuple[Criterion, ...]:
    return programme.rubric(_rubric(version, key)).criteria


def _text(version: str, key: str) -> str:
    """The mark of what is rated: the transcript as it was written, and the version of its rubric."""
    return mark(_transcript(programme.source(version), key).text + _rubric(version, key))


def _rated(row: CalibrationAttempt) -> str:
    """The mark of what an attempt has rated. It is not kept: the versions that the row names never change."""
    return _text(row.programme_version_id, row.transcript_key)


def _query(actor: Actor, key: str | None = None) -> Select[CalibrationAttempt]:
    mine = select(CalibrationAttempt).where(
        CalibrationAttempt.course_id == actor.course_id, CalibrationAttempt.person_id == actor.person_id
    )
    return mine.where(CalibrationAttempt.transcript_key == key) if key is not None else mine


def _own(session: Session, actor: Actor, key: str | None = None) -> list[CalibrationAttempt]:
    """The reader's attempts in this course, the oldest first."""
    return list(session.scalars(_query(actor, key).order_by(CalibrationAttempt.number)))


# --- writing ------------------------------------------------------------------------------------------------------------


def keep(*, actor: Actor, key: str, number: int, chosen: Chosen, revision: int, text: str | None = None) -> int:
    """Keep what is chosen so far as the draft of attempt ``number``; ``text`` is the sheet's, None for today's. -> its revision.

    RuleBroken ``calibration_submitted`` (attempt, its id) where that one was submitted meanwhile, ``calibration_elsewhere`` (criteria)
    where another window has kept other levels, ``calibration_text`` where the transcript or its rubric is another by now,
    ``criterion_unknown``, ``level_unknown``. NotFound where there is no such transcript.
    """
    with base.transactional() as session:
        return _keep(session, actor, key, number, chosen, revision, text)[0].revision


def submit(*, actor: Actor, key: str, number: int, chosen: Chosen, revision: int, text: str | None = None) -> str:
    """Keep and submit: from then on the attempt never changes, and the master ratings are open to its rater. -> its id.

    RuleBroken ``calibration_open`` (criteria) while some are not answered, and what ``keep`` refuses.
    """
    with base.transactional() as session:
        row, criteria = _keep(session, actor, key, number, chosen, revision, text)
        open_ = rules.missing(criteria, row.levels)
        if open_:
            raise RuleBroken("calibration_open", criteria=open_)
        row.state, row.submitted_at = SUBMITTED, base.now()
        _note(session, actor, row, "submit")
        session.flush()
        qualification.note_attempt(session, actor=actor, rubric=programme.rubric(row.rubric_version_id).key)
        return row.id


def _keep(
    session: Session, actor: Actor, key: str, number: int, chosen: Chosen, revision: int, text: str | None
) -> tuple[CalibrationAttempt, tuple[Criterion, ...]]:
    version = intake.version_here(actor)
    today, criteria = _text(version, key), _criteria(version, key)
    row = _draft(session, actor, key, number)
    if text is not None and text != today:
        raise RuleBroken("calibration_text")
    rules.check(criteria, chosen)
    kept = row.levels if row is not None and _rated(row) == today else {}
    begins = row is None
    if row is None:
        mine = {"course_id": actor.course_id, "person_id": actor.person_id, "transcript_key": key}
        row = CalibrationAttempt(id=base.new_id(), number=number, levels={}, revision=0, **mine)
        session.add(row)
    row.programme_version_id = version  # a draft is of the version that the course works with now
    row.rubric_version_id = _rubric(version, key)
    if dict(chosen) != kept and revision != row.revision:
        raise RuleBroken("calibration_elsewhere", criteria=rules.differing(criteria, chosen, kept))
    if dict(chosen) != row.levels:
        row.levels = dict(chosen)
        row.revision += 1
    session.flush()
    if begins:
        _note(session, actor, row, "begin")
    return row, criteria


def _note(session: Session, actor: Actor, row: CalibrationAttempt, verb: str) -> None:
    about = {"object_kind": "calibration_attempt", "object_id": row.id}
    privacy.record(session, actor=actor, verb=verb, **about, transcript=row.transcript_key, number=row.number)


def _draft(session: Session, actor: Actor, key: str, number: int) -> CalibrationAttempt | None:
    """The draft of attempt ``number``, None before anything is kept of it."""
    # Their membership is locked, since before the first save there is no row to lock; SQLite has one writer at a time anyway.
    here = Membership.course_id == actor.course_id, Membership.person_id == actor.person_id
    session.execute(select(Membership.id).where(*here).with_for_update())
    rows = _own(session, actor, key)
    done = [row for row in rows if row.state == SUBMITTED]
    if number <= len(done):
        raise RuleBroken("calibration_submitted", attempt=done[number - 1].id)
    if number > len(done) + 1:
        raise NotFound("calibration_attempt")
    return rows[-1] if len(rows) > len(done) else None
