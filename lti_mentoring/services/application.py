# SPDX-License-Identifier: Apache-2.0
"""An applicant's own side: the form kept as they type, submitted as a snapshot, added to, withdrawn, and an offer accepted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lti_mentoring.domain import application as rules
from lti_mentoring.domain import form as forms
from lti_mentoring.domain.application import Case, Earlier
from lti_mentoring.domain.body import content_hash, to_body
from lti_mentoring.domain.delivery import APPLICATION
from lti_mentoring.domain.form import Problem
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.programme import ApplicationForm, Programme, Selection
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import (
    candidacy,
    declaring,
    delivery,
    elsewhere,
    intake,
    programme,
    queueing,
    reminder,
    reporting_line,
    timeline,
)
from lti_mentoring.services.declaring import Declared
from lti_mentoring.services.intake import APPLY, IntakeRow
from lti_mentoring.services.timeline import Moment
from lti_mentoring.store import base
from lti_mentoring.store.application import Application, Reference
from lti_mentoring.store.programme import ProgrammeVersion

LONGEST_SUPPLEMENT = 8000


@dataclass(frozen=True, slots=True)
class ApplicationPage:
    """An applicant's page. ``problems`` keep it from being submitted; ``verbs`` are what the applicant may do in this
    state; ``asked_of`` holds ``say_again`` once it is more than a year ago that they said who manages them."""

    id: str
    state: str
    form: ApplicationForm
    selection: Selection
    answers: Mapping[str, Any]
    declared: Declared
    revision: int
    saved_at: datetime
    problems: tuple[Problem, ...]
    intake: IntakeRow
    staff: tuple[tuple[str, str], ...]
    asked: str
    offer_until: date | None
    timeline: tuple[Moment, ...]
    verbs: tuple[str, ...]
    support: str = ""
    asked_of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Door:
    """What somebody finds who has no application: how the course takes them, why they may not apply yet, and how their last one ended."""

    intake: IntakeRow
    refused: tuple[str, date | None] | None = None
    earlier: tuple[Moment, ...] = ()
    title: str = ""
    intro: str = ""


# --- finding ------------------------------------------------------------------------------------------------------------


def takes_applications(actor: Actor) -> bool:
    """Whether the actor's course takes candidates in by application."""
    return intake.of(org_id=actor.org_id, course_id=actor.course_id).mode == APPLY


def found(*, actor: Actor) -> bool:
    """Whether there is an application page for somebody: one of their own, or a course that takes them."""
    return _own(base.session(), actor) is not None or (not actor.is_any("candidate") and takes_applications(actor))


def door(*, actor: Actor) -> Door:
    """What the course says to somebody who is no candidate. NotFound where it takes no applications."""
    entry = _entry(actor)
    session = base.session()
    version = programme.load(intake.version_of(actor, entry))
    ended = _newest_ended(session, actor)
    return Door(
        intake=entry,
        refused=rules.refusal(version.policy.selection, _earlier(session, actor), base.now().date()),
        earlier=timeline.of(session, ended.id) if ended is not None else (),
        title=version.title,
        intro=version.form.intro if version.form is not None else "",
    )


def _entry(actor: Actor) -> IntakeRow:
    found = intake.of(org_id=actor.org_id, course_id=actor.course_id)
    if found.mode != APPLY:
        raise NotFound("application")
    return found


def _own(session: Session, actor: Actor, *, lock: bool = False) -> Application | None:
    query = select(Application).where(Application.course_id == actor.course_id, Application.slot == actor.person_id)
    return session.scalar(query.with_for_update() if lock else query)


def _mine(session: Session, actor: Actor) -> Application:
    found = _own(session, actor, lock=True)
    if found is None:
        raise NotFound("application")
    return found


def _earlier(session: Session, actor: Actor) -> list[Earlier]:
    """Applications of this person that have ended, in every course of the organisation that works with the same programme."""
    here = intake.version_of(actor, intake.of(org_id=actor.org_id, course_id=actor.course_id))
    same = and_(ProgrammeVersion.org_id == Application.org_id, ProgrammeVersion.id == Application.programme_version_id)
    rows = session.execute(
        select(Application.submitted_at, Application.declined_at)
        .join(ProgrammeVersion, same)
        .where(Application.person_id == actor.person_id, Application.slot != actor.person_id)
        .where(ProgrammeVersion.slug == programme.load(here).slug)
    )
    return [Earlier(at.date() if at else None, no.date() if no else None) for at, no in rows]


def _newest_ended(session: Session, actor: Actor) -> Application | None:
    own = (Application.person_id == actor.person_id, Application.course_id == actor.course_id)
    return session.scalar(select(Application).where(*own, Application.slot != actor.person_id).order_by(Application.id.desc()).limit(1))


# --- the page -----------------------------------------------------------------------------------------------------------


def page(*, actor: Actor) -> ApplicationPage:
    """The applicant's own application. NotFound where there is none."""
    session = base.session()
    own = _own(session, actor)
    if own is None:
        raise NotFound("application")
    version = programme.load(own.programme_version_id)
    form = _form(version)
    declared = declaring.read(own.declared)
    return ApplicationPage(
        id=own.id,
        state=own.state,
        form=form,
        selection=version.policy.selection,
        answers=own.answers,
        declared=declared,
        revision=own.revision,
        saved_at=own.saved_at,
        problems=_problems(version, own.answers, declared),
        intake=intake.of(org_id=actor.org_id, course_id=actor.course_id),
        staff=declaring.staff(session, actor),
        asked=own.asked,
        offer_until=own.offer_until,
        timeline=timeline.of(session, own.id),
        verbs=rules.open_verbs(own.state, rules.APPLICANT),
        support=version.support,
        asked_of=("say_again",) if declaring.outdated(session, own) else (),
    )


def _form(version: Programme) -> ApplicationForm:
    if version.form is None:
        raise RuleBroken("form_missing")
    return version.form


def _problems(version: Programme, answers: Mapping[str, Any], declared: Declared) -> tuple[Problem, ...]:
    found = list(forms.problems(_form(version), forms.clean(_form(version), answers)))
    wanted = version.policy.selection.referees
    named = [one for one in declared.referees if one.name and one.email]
    if len(named) < wanted:
        found.append(Problem("referees", "referees_missing", wanted, "referees"))
    elif len({one.email.lower() for one in named}) < len(named):
        found.append(Problem("referees", "referee_twice", wanted, "referees"))
    return tuple(found)


# --- writing ------------------------------------------------------------------------------------------------------------


def begin(*, actor: Actor) -> None:
    """Begin an application; the one that lives already otherwise. RuleBroken where the person may not apply yet, or decides here."""
    entry = _entry(actor)
    if actor.is_any("coordinator", "deputy"):
        raise RuleBroken("applicant_decides")
    if actor.is_any("candidate"):
        raise RuleBroken("candidate_already")
    version_id = intake.version_of(actor, entry)
    selection = programme.load(version_id).policy.selection
    try:
        with base.transactional() as session:
            if _own(session, actor) is not None:
                return
            case = Case(base.now(), refused=rules.refusal(selection, _earlier(session, actor), base.now().date()))
            state = rules.after("new", "begin", case)
            row = Application(
                id=base.new_id(),
                course_id=actor.course_id,
                person_id=actor.person_id,
                slot=actor.person_id,
                programme_version_id=version_id,
                state=state,
            )
            session.add(row)
            session.flush()
            timeline.note(session, row, actor, "begin")
            _gradebook(session, row)
    except IntegrityError:
        if _own(base.session(), actor) is None:  # two windows began at once; the other one's is theirs
            raise


def save(*, actor: Actor, answers: Mapping[str, object], declared: Declared, revision: int) -> tuple[int, datetime]:
    """Keep a draft. -> its revision, and when.

    RuleBroken ``draft_conflict`` (revision) where another window has kept something since, ``application_closed`` once it is submitted,
    and ``answer_long`` (field, most) for what not even a draft can hold.
    """
    with base.transactional() as session:
        row = _mine(session, actor)
        _keep(session, actor, row, answers, declared, revision)
        return row.revision, row.saved_at


def _keep(session: Session, actor: Actor, row: Application, answers: Mapping[str, object], declared: Declared, revision: int) -> None:
    if row.state != "draft":
        raise RuleBroken("application_closed", state=row.state, verb="save")
    form = _form(programme.load(row.programme_version_id))
    kept = forms.clean(form, answers)
    long = forms.too_long(form, kept)
    if long:
        raise RuleBroken("answer_long", field=long[0].field, most=long[0].most)
    body = declaring.stored(session, actor, declared)
    written = {key: list(value) if isinstance(value, tuple) else value for key, value in kept.items()}
    if (written, body) == (row.answers, row.declared):
        return
    if revision != row.revision:
        raise RuleBroken("draft_conflict", revision=row.revision)
    row.answers, row.declared = written, body
    row.revision += 1
    row.saved_at = base.now()


def submit(*, actor: Actor, answers: Mapping[str, object], declared: Declared, revision: int) -> None:
    """Submit what the form says: kept, frozen as a snapshot, the lines attested, the referees named; all of it or nothing.

    RuleBroken ``window_closed``, ``reapply_later``, ``applied_often``, ``application_incomplete`` (problems), ``manager_unattested``,
    and what ``save`` refuses.
    """
    with base.transactional() as session:
        row = _mine(session, actor)
        if row.state == "draft":
            _keep(session, actor, row, answers, declared, revision)
        version = programme.load(row.programme_version_id)
        entry = intake.of(org_id=actor.org_id, course_id=actor.course_id)
        if entry.mode != APPLY:
            raise RuleBroken("window_closed")
        _no_candidate(session, actor)
        said = declaring.read(row.declared)
        case = Case(
            base.now(),
            problems=_problems(version, row.answers, said),
            opens_at=entry.opens_at,
            closes_at=entry.closes_at,
            attested=said.attested(),
            refused=rules.refusal(version.policy.selection, _earlier(session, actor), base.now().date()),
        )
        row.state = rules.after(row.state, "submit", case)
        row.submitted_at = base.now()
        reporting_line.attest(session, actor=actor, managers=said.lines())
        for number, one in enumerate(said.referees, 1):
            session.add(Reference(application_id=row.id, number=number, name=one.name, email=one.email.lower(), relation=one.relation))
        asked = _form(programme.source(row.programme_version_id))
        timeline.freeze(session, row, "submitted", {"answers": row.answers, "form": content_hash(to_body(asked))})
        timeline.note(session, row, actor, "submit")
        _gradebook(session, row)


def _gradebook(session: Session, row: Application) -> None:
    """The LMS hears how far it is, where an activity opens the application. A decision is never a reason to write."""
    delivery.want(session, org_id=row.org_id, course_id=row.course_id, person_id=row.person_id, items=(APPLICATION,))


def _no_candidate(session: Session, actor: Actor) -> None:
    """Whoever has become a candidate meanwhile in another way has nothing left to apply for."""
    if candidacy.find(session, person_id=actor.person_id, course_id=actor.course_id) is not None:
        raise RuleBroken("candidate_already")


def give_information(*, actor: Actor, text: str) -> None:
    """Answer what was asked for; it stands beside what was submitted, which stays as it was. RuleBroken ``information_empty``."""
    text = text.strip()
    if not text:
        raise RuleBroken("information_empty")
    if len(text) > LONGEST_SUPPLEMENT:
        raise RuleBroken("answer_long", field="information", most=LONGEST_SUPPLEMENT)
    with base.transactional() as session:
        row = _mine(session, actor)
        row.state = rules.after(row.state, "give_information", Case(base.now()))
        timeline.freeze(session, row, "supplement", {"asked": row.asked, "text": text})
        row.asked = ""
        timeline.note(session, row, actor, "give_information")


def withdraw(*, actor: Actor) -> None:
    """Take the application back; a place that was offered is free again."""
    with base.transactional() as session:
        row = _mine(session, actor)
        before = row.state
        row.state = rules.after(before, "withdraw", Case(base.now()))
        if before == "offered":
            queueing.place_freed(session, row.course_id, by=actor.person_id)
        timeline.note(session, row, actor, "withdraw")


def accept(*, actor: Actor, agreed: bool) -> None:
    """Accept an offer and become a candidate, pinned to the version that one has applied under.

    RuleBroken ``offer_ended``, ``agreement_unsigned``, ``taking_part_elsewhere`` (I3).
    """
    with base.transactional() as session:
        row = _mine(session, actor)
        _no_candidate(session, actor)
        elsewhere.only_here(session, row.person_id, version_id=row.programme_version_id, course_id=row.course_id)
        row.state = rules.after(row.state, "accept", Case(base.now(), offer_until=row.offer_until, agreed=agreed))
        begun = candidacy.begin(
            session, org_id=actor.org_id, person_id=row.person_id, course_id=row.course_id, version_id=row.programme_version_id
        )
        reminder.training_begins(session, person_id=row.person_id, course_id=row.course_id, candidacy_id=begun)
        timeline.note(session, row, actor, "accept")
        _gradebook(session, row)
