# SPDX-License-Identifier: Apache-2.0
"""The draft of a course's next programme version, and the pages that show it: what was changed, what is wrong, what publishing changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from lti_mentoring.domain.body import content_hash, to_body
from lti_mentoring.domain.draft import Finding, Verdict, judge
from lti_mentoring.domain.editable import Page, entry_fields, fields, has_answers, pages
from lti_mentoring.domain.editing import Difference, Field, changed, differences, with_values
from lti_mentoring.domain.people import LEADS, Actor, display_name
from lti_mentoring.domain.rule import NotFound
from lti_mentoring.domain.written_module import Body
from lti_mentoring.services import intake, programme, training
from lti_mentoring.services.intake import MODES, MOST_PLACES, IntakeRow
from lti_mentoring.store import base
from lti_mentoring.store.application import Intake
from lti_mentoring.store.people import NEVER, Course, Membership, Person, RoleGrant
from lti_mentoring.store.programme import ProgrammeDraft, ProgrammeVersion


@dataclass(frozen=True, slots=True)
class Desk:
    """A draft on the desk: what it is edited from, how it stands, and what the course has now."""

    row: ProgrammeDraft
    source: Body
    body: Body
    fields: tuple[Field, ...]
    entry: tuple[Field, ...]
    now: tuple[Field, ...]
    version_id: str

    def verdict(self, *, advice: bool = False) -> Verdict:
        """Whether it can be published; with ``advice``, which takes longest, where it is shown."""
        return judge(self.body, self.source, self.entry, advice=advice)

    @property
    def all(self) -> tuple[Field, ...]:
        """Every field, as it stands in the draft."""
        return (*self.fields, *self.entry)

    def on(self, page: str) -> tuple[Field, ...]:
        """The fields of one page."""
        return tuple(field for field in self.all if field.page == page)


@dataclass(frozen=True, slots=True)
class Start:
    """A programme that a draft may begin with: its course, what it is called, its edition; ``own`` is the one of this course."""

    course_id: str
    course: str
    title: str
    edition: str
    own: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """The draft of a course as a whole, or what one could begin with."""

    title: str
    edition: str
    pages: tuple[tuple[Page, int, int], ...]
    """Each page with how many of its fields were changed, and how many faults are on it."""
    faults: tuple[Finding, ...]
    advice: tuple[Finding, ...]
    changes: int
    revision: int
    updated_at: datetime
    updated_by: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page of the draft: its fields, what is wrong with them, and the mark of what was seen."""

    page: Page
    before: Page | None
    after: Page | None
    fields: tuple[Field, ...]
    faults: Mapping[str, tuple[Finding, ...]]
    advice: tuple[Finding, ...]
    seen: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What publishing would change, page by page, and what keeps the draft from it."""

    pages: tuple[tuple[Page, tuple[Difference, ...]], ...]
    all_pages: tuple[Page, ...]
    faults: tuple[Finding, ...]
    revision: int
    version_id: str
    edition: str
    old_edition: str


# --- reading ------------------------------------------------------------------------------------------------------------


def has_draft(*, actor: Actor) -> bool:
    """Whether the actor's course has a draft."""
    return base.session().scalar(select(ProgrammeDraft.id).where(ProgrammeDraft.course_id == actor.course_id)) is not None


def starts(*, actor: Actor) -> tuple[Start, ...]:
    """What a draft may begin with: the programme of this course first, then those of other courses that the actor leads."""
    led = select(RoleGrant.course_id).where(
        RoleGrant.person_id == actor.person_id, RoleGrant.role.in_(LEADS), RoleGrant.revoked_at.is_(None), RoleGrant.course_id.is_not(None)
    )
    newest = programme.current(actor.org_id)
    chosen = func.coalesce(Intake.programme_version_id, newest.id if newest is not None else None)
    rows = base.session().execute(
        select(Course.id, Course.title, ProgrammeVersion.body["title"].as_string(), ProgrammeVersion.edition)
        .outerjoin(Intake, and_(Intake.org_id == Course.org_id, Intake.course_id == Course.id))
        .join(ProgrammeVersion, and_(ProgrammeVersion.org_id == Course.org_id, ProgrammeVersion.id == chosen))
        .join(Membership, and_(Membership.org_id == Course.org_id, Membership.course_id == Course.id))
        .where(Course.id.in_(led), Membership.person_id == actor.person_id, Membership.launched_at > NEVER)
        .order_by(Course.id != actor.course_id, Course.title, Course.id)
    )
    return tuple(Start(course, name or "", title, edition, course == actor.course_id) for course, name, title, edition in rows)


def overview(*, actor: Actor) -> Overview:
    """The draft of the actor's course. NotFound ``draft``."""
    desk = desk_of(held(base.session(), actor), actor)
    verdict = desk.verdict(advice=True)
    changes = differences_of(desk)
    touched = [one.field.page for one in changes]
    wrong = [finding.page for finding in verdict.faults]
    name = base.session().execute(select(Person.name, Person.chosen_name).where(Person.id == desk.row.updated_by)).first()
    return Overview(
        title=_value(desk, "title"),
        edition=_value(desk, "edition"),
        pages=tuple((page, touched.count(page.key), wrong.count(page.key)) for page in pages(desk.body)),
        faults=verdict.faults,
        advice=verdict.advice,
        changes=len(changes),
        revision=desk.row.revision,
        updated_at=desk.row.updated_at,
        updated_by=display_name(name.chosen_name or name.name if name else None, desk.row.updated_by),
    )


def sheet(*, actor: Actor, page: str) -> Sheet:
    """One page of the draft. NotFound ``draft``, ``draft_page``; NotAllowed ``preview_candidate`` as ``page_of``."""
    desk = desk_of(held(base.session(), actor), actor)
    found = page_of(desk, page, actor)
    listed = pages(desk.body)
    at = listed.index(found)
    verdict = desk.verdict(advice=True)
    faults: dict[str, tuple[Finding, ...]] = {}
    for finding in verdict.faults:
        if finding.page == page:
            faults[finding.path] = (*faults.get(finding.path, ()), finding)
    return Sheet(
        page=found,
        before=listed[at - 1] if at else None,
        after=listed[at + 1] if at + 1 < len(listed) else None,
        fields=desk.on(page),
        faults=faults,
        advice=tuple(one for one in verdict.advice if one.page == page),
        seen=mark(desk.on(page)),
    )


def changes(*, actor: Actor) -> Changes:
    """What publishing the draft would change. NotFound ``draft``; NotAllowed ``preview_candidate`` to a candidate where answers change."""
    desk = desk_of(held(base.session(), actor), actor)
    found = differences_of(desk)
    if any(has_answers(one.field.page) for one in found):
        training.for_staff_alone(actor=actor)
    listed = {page.key: page for page in pages(desk.body)}
    keys = dict.fromkeys((*listed, *(one.field.page for one in found)))
    grouped = ((listed.get(key, Page(key, "gone")), tuple(one for one in found if one.field.page == key)) for key in keys)
    return Changes(
        pages=tuple((page, below) for page, below in grouped if below),
        all_pages=tuple(listed.values()),
        faults=desk.verdict().faults,
        revision=desk.row.revision,
        version_id=desk.version_id,
        edition=_value(desk, "edition"),
        old_edition=next(field.value for field in desk.now if field.path == "edition"),
    )


def held(session: Session, actor: Actor, *, lock: bool = False) -> ProgrammeDraft:
    query = select(ProgrammeDraft).where(ProgrammeDraft.course_id == actor.course_id)
    row = session.scalar(query.with_for_update() if lock else query)
    if row is None:
        raise NotFound("draft")
    return row


def desk_of(row: ProgrammeDraft, actor: Actor) -> Desk:
    """The draft with everything that is said of it; three queries, and two more for versions that are not in memory."""
    entry = intake.of(org_id=actor.org_id, course_id=actor.course_id)
    version_id = intake.version_of(actor, entry)
    source = to_body(programme.source(row.source_version_id))
    body = changed(source, fields(source), row.values)
    intake_now = entry_of(entry)
    now = (*fields(to_body(programme.source(version_id))), *intake_now)
    return Desk(row, source, body, fields(body), with_values(intake_now, row.values), now, version_id)


def entry_of(row: IntakeRow) -> tuple[Field, ...]:
    return entry_fields(
        modes=MODES,
        mode=row.mode,
        places=row.places,
        most=MOST_PLACES,
        opens_on=row.opens_at.date().isoformat() if row.opens_at else "",
        closes_on=(row.closes_at - timedelta(days=1)).date().isoformat() if row.closes_at else "",
    )


def differences_of(desk: Desk) -> tuple[Difference, ...]:
    return differences(desk.now, desk.all)


def page_of(desk: Desk, key: str, actor: Actor) -> Page:
    """A page of the draft. NotFound ``draft_page``; NotAllowed ``preview_candidate`` where it has answers and the actor is a candidate."""
    for page in pages(desk.body):
        if page.key == key:
            if has_answers(page.key):
                training.for_staff_alone(actor=actor)
            return page
    raise NotFound("draft_page")


def mark(shown: tuple[Field, ...]) -> str:
    """Stands for what a page says, so that whoever sends it back is known to have seen that and nothing older."""
    return content_hash([[field.path, field.value] for field in shown])[:16]


def _value(desk: Desk, path: str) -> str:
    return next(field.value for field in desk.all if field.path == path)
