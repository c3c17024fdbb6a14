# SPDX-License-Identifier: Apache-2.0
"""How a course takes candidates in: by itself, by application, or by a selection made elsewhere; and its places, each given once."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import and_, bindparam, func, insert, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lti_mentoring.domain.participation import ACTIVE, DEFERRED
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.programme import Programme
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.services import privacy, programme
from lti_mentoring.store import base
from lti_mentoring.store.application import Application, Intake
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.people import Identity
from lti_mentoring.store.programme import ProgrammeVersion

OPEN, APPLY, RECORDED = "open", "apply", "recorded"
MODES = (OPEN, APPLY, RECORDED)
MOST_PLACES = 10_000


@dataclass(frozen=True, slots=True)
class IntakeRow:
    """The intake of a course. ``places`` is None where they are not counted."""

    mode: str = OPEN
    programme_version_id: str | None = None
    places: int | None = None
    opens_at: datetime | None = None
    closes_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Places:
    """The places of a course, counted from who holds one: whoever takes part, in a pause too, and whoever an offer runs for."""

    most: int | None
    taking_part: int
    offered: int

    @property
    def given(self) -> int:
        """How many are held."""
        return self.taking_part + self.offered

    @property
    def left(self) -> int | None:
        """Places left; None where they are not counted."""
        return None if self.most is None else max(self.most - self.given, 0)


_i = base.table(Intake).c
_INTAKE = select(_i.mode, _i.programme_version_id, _i.places, _i.opens_at, _i.closes_at).where(
    _i.org_id == bindparam("org"), _i.course_id == bindparam("course")
)


def of(*, org_id: str, course_id: str) -> IntakeRow:
    """The intake of a course; ``open`` until somebody has decided otherwise."""
    row = base.connection().execute(_INTAKE, {"org": org_id, "course": course_id}).first()
    return IntakeRow(*row) if row is not None else IntakeRow()


_v = base.table(ProgrammeVersion).c
_imported = and_(_v.org_id == bindparam("org"), _v.derived_from.is_(None))
_NEWEST = select(_v.id).where(_imported).order_by(_v.imported_at.desc(), _v.id.desc()).limit(1).scalar_subquery()
_own = and_(_i.org_id == bindparam("org"), _i.course_id == bindparam("course"))
_ENTRY = select(
    select(_i.mode).where(_own).scalar_subquery().label("mode"),
    func.coalesce(select(_i.programme_version_id).where(_own).scalar_subquery(), _NEWEST).label("version"),
)


def entry(connection: Connection, *, org_id: str, course_id: str) -> str | None:
    """The programme version in which a learner's first launch begins a candidacy; None where it begins none."""
    row = connection.execute(_ENTRY, {"org": org_id, "course": course_id}).one()
    return row.version if row.mode in (None, OPEN) else None


def version_in(connection: Connection, *, org_id: str, course_id: str) -> str | None:
    """The programme version that a course works with: its own, else the newest import; None before the first."""
    version: str | None = connection.execute(_ENTRY, {"org": org_id, "course": course_id}).one().version
    return version


def version_here(actor: Actor) -> str:
    """The programme version that the actor's course works with. NotFound ``programme`` before the first import."""
    version = version_in(base.connection(), org_id=actor.org_id, course_id=actor.course_id)
    if version is None:
        raise NotFound("programme")
    return version


def version_of(actor: Actor, intake: IntakeRow) -> str:
    """The programme version that the course works with. RuleBroken ``programme_missing`` before the first import."""
    if intake.programme_version_id is not None:
        return intake.programme_version_id
    newest = programme.current(actor.org_id)
    if newest is None:
        raise RuleBroken("programme_missing")
    return newest.id


def whole_days(first: date | None, last: date | None) -> tuple[datetime | None, datetime | None]:
    """A window of whole days in UTC: from the start of the first until the end of the last."""
    opens = datetime.combine(first, time.min, UTC) if first is not None else None
    closes = datetime.combine(last, time.min, UTC) + timedelta(days=1) if last is not None else None
    return opens, closes


def change(*, actor: Actor, mode: str, places: int | None, opens_at: datetime | None, closes_at: datetime | None) -> None:
    """Decide how the course takes candidates in. Who is a candidate already stays one.

    RuleBroken ``intake_unknown``, ``window_backwards``, ``places_given`` (given) where fewer places are set than were given, and
    ``form_missing`` where the programme has no form or no rubric to judge applications by.
    """
    version = programme.load(version_of(actor, of(org_id=actor.org_id, course_id=actor.course_id))) if mode == APPLY else None
    with base.transactional() as session:
        row = held(session, actor)
        settle(session, row, version, actor=actor, mode=mode, places=places, opens_at=opens_at, closes_at=closes_at)


def settle(
    session: Session,
    row: Intake,
    version: Programme | None,
    *,
    actor: Actor,
    mode: str,
    places: int | None,
    opens_at: datetime | None,
    closes_at: datetime | None,
) -> None:
    """Write a decision about the intake, in the caller's transaction; ``version`` is the programme that applications would be for.
    RuleBroken as ``change``."""
    if mode not in MODES:
        raise RuleBroken("intake_unknown", mode=mode)
    if opens_at is not None and closes_at is not None and closes_at <= opens_at:
        raise RuleBroken("window_backwards")
    if mode == APPLY and version is not None and (version.form is None or not version.policy.selection.rubric):
        raise RuleBroken("form_missing")
    given = places_of(session, row.course_id).given
    if places is not None and mode != OPEN and places < given:
        raise RuleBroken("places_given", given=given)
    row.mode, row.places, row.opens_at, row.closes_at = mode, places, opens_at, closes_at
    row.updated_by, row.updated_at = actor.person_id, base.now()
    privacy.record(session, actor=actor, verb="change", object_kind="intake", object_id=row.id, mode=mode, places=places, given=given)


def held(session: Session, actor: Actor) -> Intake:
    """The row of the actor's course, made if there is none, in the caller's transaction."""
    query = select(Intake).where(Intake.course_id == actor.course_id).with_for_update()
    row = session.scalar(query)
    if row is None:
        made = {"org_id": actor.org_id, "id": base.new_id(), "course_id": actor.course_id, "mode": OPEN, "given": 0}
        with suppress(IntegrityError), session.begin_nested():  # somebody else has just made it
            session.execute(insert(Intake).values(**made, updated_by=actor.person_id, updated_at=base.now()))
        row = session.scalars(query).one()
    return row


def places_of(session: Session, course_id: str, most: int | None = None, *, besides: str = "") -> Places:
    """Who holds a place of a course now, of ``most``, ``besides`` one candidacy; one query. Test users hold none."""
    tested = select(Identity.id).where(Identity.org_id == Candidacy.org_id, Identity.person_id == Candidacy.person_id, Identity.test_user)
    taking_part = select(func.count(Candidacy.id)).where(
        Candidacy.course_id == course_id, Candidacy.id != besides, Candidacy.participation.in_((ACTIVE, DEFERRED)), ~tested.exists()
    )
    offered = select(func.count(Application.id)).where(Application.course_id == course_id, Application.state == "offered")
    row = session.execute(select(taking_part.scalar_subquery(), offered.scalar_subquery())).one()
    return Places(most, row[0], row[1])


def places_left(session: Session, course_id: str, *, besides: str = "", lock: bool = False) -> int | None:
    """How many places are left ``besides`` one candidacy, None where they are not counted: everybody may enter, or nobody has set a number.

    ``lock`` holds the intake until the caller's transaction ends, so that of two who ask for the last place the second finds it given.
    """
    query = select(Intake.mode, Intake.places).where(Intake.course_id == course_id)
    row = session.execute(query.with_for_update() if lock else query).first()
    return places_of(session, course_id, row.places, besides=besides).left if row is not None and row.mode != OPEN else None
