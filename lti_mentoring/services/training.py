# SPDX-License-Identifier: Apache-2.0
"""A module's pages and its knowledge check: begin, answer one by one, finish, try again."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_mentoring.domain import training
from lti_mentoring.domain.answer import read_answer, score, steps
from lti_mentoring.domain.body import to_body
from lti_mentoring.domain.module import Module
from lti_mentoring.domain.participation import PARTICIPATION
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.programme import Policy
from lti_mentoring.domain.question import Given, Question, pose
from lti_mentoring.domain.rule import NotAllowed, NotFound, RuleBroken
from lti_mentoring.domain.training import OutcomeResult
from lti_mentoring.services import assistance, delivery, intake, privacy, programme, records
from lti_mentoring.services.attempt import AttemptPage, AttemptRow, Kept, ModulePage, PreviewPage
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.training import CheckAnswer, CheckAttempt

OPEN, FINISHED = "open", "finished"
PREVIEW_SEED = "preview"


# --- pages ----------------------------------------------------------------------------------------------------------------


def module_page(*, actor: Actor, key: str) -> ModulePage:
    """Module ``key`` of the version that the reader is pinned to, or of the current one for staff. NotFound if it has no such module."""
    candidacy = _candidacy(base.session(), actor)
    version_id = candidacy.programme_version_id if candidacy else intake.version_here(actor)
    pinned = programme.load(version_id)
    module = programme.module(programme.module_version_id(version_id, key))
    rows = _attempts(base.session(), candidacy, key) if candidacy else []
    open_row = next((row for row in rows if row.state == OPEN), None)
    questions = _questions(base.session(), module, open_row) if open_row else ()
    found = records.modules_of({candidacy.id: pinned}, org_id=actor.org_id)[candidacy.id] if candidacy else ()
    return ModulePage(
        module=module,
        competencies=tuple(pinned.competency(one).title for one in module.competencies),
        attempts=tuple(_row(row) for row in rows),
        mastered=_mastered(module, rows),
        answered=sum(question.complete for question in questions if not question.practice),
        asked=sum(not question.practice for question in questions),
        retake_from=_retake_from(pinned.policy, rows),
        takes_part=candidacy is not None and PARTICIPATION[candidacy.participation],
        previews=candidacy is None,
        record=next((one for one in found if one.key == key), None),
        reviewed=date.fromisoformat(pinned.reviewed(key)) if pinned.reviewed(key) else None,
        unreviewed=pinned.unreviewed(module.reads),
    )


def attempt_page(*, actor: Actor, attempt_id: str) -> AttemptPage:
    """The reader's own attempt with its questions, explained as far as they are answered. NotFound for anybody else's."""
    session = base.session()
    candidacy, row = _own_attempt(session, actor, attempt_id)
    module = programme.module(row.module_version_id)
    policy = programme.load(candidacy.programme_version_id).policy
    questions = _questions(session, module, row)
    results = training.mastery(module, row.item_keys, {question.key: question.points for question in questions})
    return AttemptPage(_row(row), module, questions, results, _retake_from(policy, _attempts(session, candidacy, row.module_key)))


def preview(*, actor: Actor, key: str, number: int, answers: Mapping[int, Mapping[str, object]] | None = None) -> PreviewPage:
    """Question ``number`` of the whole pool, for staff: their answers (by step) are explained and count for nobody.

    NotAllowed ``preview_candidate`` to somebody who is a candidate in this course.
    """
    for_staff_alone(actor=actor)
    module = programme.module(programme.module_version_id(intake.version_here(actor), key))
    if not 1 <= number <= len(module.items):
        raise NotFound("question", number=number)
    item = module.items[number - 1]
    given = {step: Given(read_answer(item, raw, step)) for step, raw in sorted((answers or {}).items())}
    return PreviewPage(module, pose(item, number, PREVIEW_SEED, given), len(module.items))


def for_staff_alone(*, actor: Actor) -> None:
    """Answers to questions are shown to nobody who is asked them: NotAllowed ``preview_candidate`` to a candidate of this course."""
    if _candidacy(base.session(), actor) is not None:
        raise NotAllowed("preview_candidate")


# --- verbs ----------------------------------------------------------------------------------------------------------------


def start_check(*, actor: Actor, key: str) -> str:
    """Begin an attempt, or go on with the one that is open. -> its id.

    RuleBroken ``module_mastered``, ``retake_later`` (at), ``not_taking_part``.
    """
    with base.transactional() as session:
        candidacy = _own_candidacy(session, actor)
        rows = _attempts(session, candidacy, key)
        for row in rows:
            if row.state == OPEN:
                return row.id
        policy = programme.load(candidacy.programme_version_id).policy
        later = _retake_from(policy, rows)
        version_id = programme.module_version_id(candidacy.programme_version_id, key)
        if _mastered(programme.module(version_id), rows):
            raise RuleBroken("module_mastered", module=key)
        if later is not None:
            raise RuleBroken("retake_later", at=later)
        seed = secrets.token_hex(16)
        drawn = training.draw(programme.module(version_id), seed, [item for row in rows for item in row.item_keys])
        attempt = CheckAttempt(
            org_id=actor.org_id,
            id=base.new_id(),
            candidacy_id=candidacy.id,
            module_version_id=version_id,
            module_key=key,
            number=len(rows) + 1,
            seed=seed,
            item_keys=list(drawn),
        )
        session.add(attempt)
        privacy.record(
            session, actor=actor, verb="start", object_kind="check_attempt", object_id=attempt.id, module=key, number=attempt.number
        )
        session.flush()
        items = {f"module:{key}"}
        delivery.want(session, org_id=actor.org_id, course_id=candidacy.course_id, person_id=candidacy.person_id, items=items)
        return attempt.id


def answer(*, actor: Actor, attempt_id: str, item_key: str, answer: Mapping[str, object], step: int = 1) -> Kept:
    """Keep one answer; when this returns it is stored. The last one that counts ends the attempt; practice may come before or after.

    An answer that is in holds: the explanation has been seen. So a double click, a second tab and a repeated request change nothing.
    A short text is its writer's own: it is in their answer and in no line of the audit, no log, no other page.
    RuleBroken ``answer_missing`` (cards), ``answer_unknown``, ``answer_places``, ``text_missing``, ``text_long`` (words, most),
    ``step_too_early``, ``not_taking_part``.
    """
    with base.transactional() as session:
        candidacy, row = _own_attempt(session, actor, attempt_id, lock=True)
        module = programme.module(row.module_version_id)
        if item_key not in row.item_keys:
            raise NotFound("question", item=item_key)
        item = module.item(item_key)
        if not 1 <= step <= steps(item):
            raise NotFound("question", item=item_key, step=step)
        given = _answers(session, row).get(item_key, {})
        if step in given:
            complete = len(given) == steps(item)
            return Kept(item_key, step, given[step].answered_at, False, complete, row.state == FINISHED)
        if not PARTICIPATION[candidacy.participation]:
            raise RuleBroken("not_taking_part")
        if step > 1 and step - 1 not in given:
            raise RuleBroken("step_too_early", item=item_key)
        normal = read_answer(item, answer, step)
        made = CheckAnswer(
            org_id=actor.org_id,
            attempt_id=row.id,
            item_key=item_key,
            step=step,
            answer=normal,
            points=score(item, normal, step).points,
            answered_at=base.now(),
        )
        session.add(made)
        session.flush()
        finished = row.state == FINISHED or _finish(session, actor, candidacy, row, module)
        return Kept(item_key, step, made.answered_at, True, step == steps(item), finished)


def finish(*, actor: Actor, attempt_id: str) -> AttemptRow:
    """The attempt as it ended. RuleBroken ``answers_missing`` (open: how many questions) while it has not: an open attempt stays open."""
    page = attempt_page(actor=actor, attempt_id=attempt_id)
    if page.attempt.open:
        raise RuleBroken("answers_missing", open=sum(not question.complete for question in page.counted))
    return page.attempt


def _finish(session: Session, actor: Actor, candidacy: Candidacy, row: CheckAttempt, module: Module) -> bool:
    """End the attempt once every question that counts is complete, and let the gradebook know if that made the module mastered."""
    answers = _answers(session, row)
    counted = [item for item in map(module.item, row.item_keys) if not item.self_marked]
    if any(len(answers.get(item.key, {})) < steps(item) for item in counted):
        return False
    points = {key: sum(one.points for one in by_step.values()) for key, by_step in answers.items()}
    results = training.mastery(module, row.item_keys, points)
    row.state, row.finished_at = FINISHED, base.now()
    row.mastered = training.mastered(results)
    row.result = {"outcomes": [to_body(result) for result in results]}
    privacy.record(
        session, actor=actor, verb="finish", object_kind="check_attempt", object_id=row.id, module=row.module_key, mastered=row.mastered
    )
    if row.mastered:
        items = {f"module:{row.module_key}"}
        delivery.want(session, org_id=actor.org_id, course_id=candidacy.course_id, person_id=candidacy.person_id, items=items)
    else:
        assistance.offer_after_check(session, candidacy, row.module_key)
    return True


# --- rows -----------------------------------------------------------------------------------------------------------------


def _candidacy(session: Session, actor: Actor, *, lock: bool = False) -> Candidacy | None:
    query = select(Candidacy).where(Candidacy.course_id == actor.course_id, Candidacy.person_id == actor.person_id)
    return session.scalar(query.with_for_update() if lock else query)


def _own_candidacy(session: Session, actor: Actor) -> Candidacy:
    # The lock puts two tabs that begin an attempt in order on PostgreSQL; SQLite has one writer at a time anyway.
    candidacy = _candidacy(session, actor, lock=True)
    if candidacy is None:
        raise NotFound("candidacy")
    if not PARTICIPATION[candidacy.participation]:
        raise RuleBroken("not_taking_part")
    return candidacy


def _own_attempt(session: Session, actor: Actor, attempt_id: str, *, lock: bool = False) -> tuple[Candidacy, CheckAttempt]:
    query = (
        select(Candidacy, CheckAttempt)
        .join(CheckAttempt, (CheckAttempt.org_id == Candidacy.org_id) & (CheckAttempt.candidacy_id == Candidacy.id))
        .where(CheckAttempt.id == attempt_id, Candidacy.course_id == actor.course_id, Candidacy.person_id == actor.person_id)
    )
    found = session.execute(query.with_for_update(of=CheckAttempt) if lock else query).first()
    if found is None:
        raise NotFound("attempt")
    return found[0], found[1]


def _attempts(session: Session, candidacy: Candidacy, key: str) -> Sequence[CheckAttempt]:
    return session.scalars(
        select(CheckAttempt).where(CheckAttempt.candidacy_id == candidacy.id, CheckAttempt.module_key == key).order_by(CheckAttempt.number)
    ).all()


def _answers(session: Session, row: CheckAttempt) -> dict[str, dict[int, CheckAnswer]]:
    """The answers of an attempt, by item and step."""
    found: dict[str, dict[int, CheckAnswer]] = {}
    for one in session.scalars(select(CheckAnswer).where(CheckAnswer.attempt_id == row.id)):
        found.setdefault(one.item_key, {})[one.step] = one
    return found


def _questions(session: Session, module: Module, row: CheckAttempt) -> tuple[Question, ...]:
    answers = _answers(session, row)
    return tuple(
        pose(module.item(key), number, row.seed, {step: Given(one.answer, one.answered_at) for step, one in answers.get(key, {}).items()})
        for number, key in enumerate(row.item_keys, 1)
    )


def _mastered(module: Module, rows: Sequence[CheckAttempt]) -> bool:
    """Whether what was mastered, in whatever version, has all that this one asks for."""
    earned = [programme.module(row.module_version_id) for row in rows if row.mastered]
    return bool(earned) and not training.unproven(module, earned)


def _retake_from(policy: Policy, rows: Sequence[CheckAttempt]) -> datetime | None:
    """From when another attempt may begin; None if at once. What was mastered, in another version, lets nobody wait."""
    failed = [row.finished_at for row in rows if row.finished_at is not None and not row.mastered]
    later = training.retake_from(policy.retake_wait_hours, failed)
    return later if later is not None and later > base.now() else None


def _row(row: CheckAttempt) -> AttemptRow:
    outcomes = (row.result or {}).get("outcomes", [])
    results = tuple(OutcomeResult(**{**one, "missed": tuple(one["missed"])}) for one in outcomes)
    return AttemptRow(row.id, row.number, row.state == OPEN, row.mastered, row.finished_at, results)
