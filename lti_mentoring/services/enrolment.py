# SPDX-License-Identifier: Apache-2.0
"""Writing one page of a roster: a member is an identity, its person, and that person's membership; many in few statements."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, cast

from sqlalchemy import JSON, CursorResult, and_, bindparam, insert, select, update
from sqlalchemy.engine import Connection

from lti_mentoring.domain import roster as rules
from lti_mentoring.domain.roster import LEFT, Held
from lti_mentoring.lti.memberships import Member
from lti_mentoring.lti.roles import administrator
from lti_mentoring.services import tombstone
from lti_mentoring.store import base
from lti_mentoring.store.people import NEVER, Identity, Membership, Person

TOGETHER = 500
"""Members to a statement: some databases take no more than a few thousand values."""

_PERSON, _IDENTITY, _MEMBERSHIP = base.table(Person), base.table(Identity), base.table(Membership)
_p, _i, _m = _PERSON.c, _IDENTITY.c, _MEMBERSHIP.c
_org: Any = bindparam("org")
_course: Any = bindparam("course")
_run: Any = bindparam("run")


@dataclass(frozen=True, slots=True)
class Place:
    """Whose roster it is, and which run reads it."""

    org_id: str
    course_id: str
    issuer: str
    registration_id: str
    run: int
    keep_names: bool = True
    keep_email: bool = True


@dataclass(frozen=True, slots=True)
class Known:
    """What we hold of a member: their identity, their person, and the membership if there is one, each as a row of its columns."""

    identity: Any
    person: Any
    membership: Any


@dataclass(slots=True)
class Written:
    """What a page changed. ``new_to_run``: members whom this run had not seen before."""

    seen: int = 0
    added: int = 0
    changed: int = 0
    gone: int = 0
    new_to_run: int = 0


# Three statements and no join: their plans are kept, and one that is made while a course is empty must not cost the square of it later.
_KNOWN = select(_i.sub, _i.id, _i.test_user, _i.person_id).where(
    _i.org_id == _org, _i.issuer == bindparam("issuer"), _i.sub.in_(bindparam("subs", expanding=True))
)
_NAMED = select(_p.id, _p.name, _p.email).where(_p.org_id == _org, _p.id.in_(bindparam("people", expanding=True)))
_ENROLLED = select(
    _m.person_id, _m.id, _m.standing, _m.launched_at, _m.status, _m.left_at, _m.roster_standing, _m.roster_hash, _m.roster_run
).where(_m.org_id == _org, _m.course_id == _course, _m.person_id.in_(bindparam("people", expanding=True)))
_ADD_PERSON, _ADD_IDENTITY, _ADD_MEMBERSHIP = insert(_PERSON), insert(_IDENTITY), insert(_MEMBERSHIP)
_THEM = and_(_p.org_id == _org, _p.id == bindparam("its"), _p.erased_at.is_(None))
_NAME = update(_PERSON).where(_THEM).values(name=bindparam("said"), email=bindparam("mail"))
_TEST_USER = update(_IDENTITY).where(_i.org_id == _org, _i.id == bindparam("its")).values(test_user=True)
_CHANGE = (
    update(_MEMBERSHIP)
    .where(_m.org_id == _org, _m.id == bindparam("its"))
    .values(
        standing=bindparam("to_standing"),
        status=bindparam("to_status"),
        left_at=bindparam("to_left_at"),
        roster_standing=bindparam("told"),
        roster_hash=bindparam("hash"),
        roster_run=_run,
        lms_groups=bindparam("groups", type_=JSON(none_as_null=True)),
    )
)
_SEEN = update(_MEMBERSHIP).where(_m.org_id == _org, _m.id.in_(bindparam("theirs", expanding=True))).values(roster_run=_run)


def write(connection: Connection, place: Place, members: Sequence[Member], now: datetime) -> Written:
    """Bring what we hold in step with some members, in the caller's transaction; the same member twice counts as they came last.

    IntegrityError where a launch or another course's roster has just made the same person: begin the transaction again.
    """
    written = Written()
    known = iter(sorted({one.sub: one for one in members}.items()))  # in one order, so that two rosters do not wait in a circle
    while some := [member for _, member in islice(known, TOGETHER)]:
        _write(connection, place, some, now, written)
    return written


def _write(connection: Connection, place: Place, members: Sequence[Member], now: datetime, written: Written) -> None:
    known = _known(connection, place, [one.sub for one in members])
    unknown = [one.sub for one in members if one.sub not in known]
    erased = tombstone.marked(connection, org_id=place.org_id, issuer=place.issuer, subs=unknown)
    page = _Page(place, now)
    for member in members:
        if member.sub in erased:  # who was erased comes back by their own launch, once they agree, and by no list
            continue
        held = known.get(member.sub)
        page.take(member, held)
        written.new_to_run += held is None or held.membership is None or held.membership.roster_run != place.run
    page.execute(connection)
    written.seen += len(members)
    written.added += len(page.memberships)
    written.changed += len(page.changed)
    written.gone += page.gone


def _known(connection: Connection, place: Place, subs: Sequence[str]) -> dict[str, Known]:
    keys: dict[str, Any] = {"org": place.org_id, "course": place.course_id, "issuer": place.issuer}
    identities = connection.execute(_KNOWN, keys | {"subs": subs}).all()
    if not identities:
        return {}
    keys["people"] = [one.person_id for one in identities]
    people = {one.id: one for one in connection.execute(_NAMED, keys)}
    memberships = {one.person_id: one for one in connection.execute(_ENROLLED, keys)}
    return {one.sub: Known(one, people[one.person_id], memberships.get(one.person_id)) for one in identities}


class _Page:
    """The rows that some members make or change, gathered so that each kind is one statement."""

    def __init__(self, place: Place, now: datetime) -> None:
        self.place, self.now = place, now
        self.people: list[dict[str, Any]] = []
        self.identities: list[dict[str, Any]] = []
        self.memberships: list[dict[str, Any]] = []
        self.changed: list[dict[str, Any]] = []
        self.named: list[dict[str, Any]] = []
        self.test_users: list[dict[str, Any]] = []
        self.seen: list[str] = []
        self.gone = 0

    def take(self, member: Member, held: Known | None) -> None:
        """One member, with what we hold of them, if anything."""
        name = member.name if self.place.keep_names else None
        email = member.email if self.place.keep_email else None
        told = _hash(member, name, email)
        if held is None:
            if member.status != "deleted":
                self._join(member, self._meet(member, name, email), told)
            return
        if member.test_user and not held.identity.test_user:
            self.test_users.append({"org": self.place.org_id, "its": held.identity.id})
        before = held.membership.roster_hash if held.membership is not None else ""
        if before != told:
            self._name(held.person, name, email, first=not before)
        if held.membership is not None:
            self._stay(member, held.membership, told)
        elif member.status != "deleted":
            self._join(member, held.person.id, told)

    def _name(self, person: Any, name: str | None, email: str | None, *, first: bool) -> None:
        names = (rules.name_after(person.name, name, first=first), rules.name_after(person.email, email, first=first))
        if names != (person.name, person.email):
            self.named.append({"org": self.place.org_id, "its": person.id, "said": names[0], "mail": names[1]})

    def _meet(self, member: Member, name: str | None, email: str | None) -> str:
        person = base.new_id()
        org_id = self.place.org_id
        self.people.append(
            {"org_id": org_id, "id": person, "name": name, "chosen_name": None, "email": email, "locale": None, "created_at": self.now}
        )
        self.identities.append(
            {
                "org_id": org_id,
                "id": base.new_id(),
                "issuer": self.place.issuer,
                "sub": member.sub,
                "person_id": person,
                "registration_id": self.place.registration_id,
                "claims_hash": "",
                "test_user": member.test_user,
            }
        )
        return person

    def _join(self, member: Member, person: str, told: str) -> None:
        new = rules.after(Held(launched=False), standing=member.standing, status=member.status)
        self.memberships.append(
            {
                "org_id": self.place.org_id,
                "id": base.new_id(),
                "course_id": self.place.course_id,
                "person_id": person,
                "lti_roles": list(member.roles),
                "standing": new.standing,
                "claims_hash": "",
                "launched_at": NEVER,
                "status": new.status,
                "roster_standing": new.told,
                "roster_hash": told,
                "roster_run": self.place.run,
                "left_at": None,
                "lms_groups": list(member.groups) or None,
            }
        )

    def _stay(self, member: Member, held: Any, told: str) -> None:
        old = Held(held.launched_at > NEVER, held.standing, held.roster_standing, held.status)
        new = rules.after(old, standing=member.standing, status=member.status)
        if new == old and held.roster_hash == told:
            self.seen.append(held.id)
            return
        left = new.status == LEFT
        self.gone += left and old.status != LEFT
        self.changed.append(
            {
                "org": self.place.org_id,
                "its": held.id,
                "to_standing": new.standing,
                "to_status": new.status,
                "to_left_at": (held.left_at or self.now) if left else None,
                "told": new.told,
                "hash": told,
                "run": self.place.run,
                "groups": list(member.groups) or None,
            }
        )

    def execute(self, connection: Connection) -> None:
        """Write all of it."""
        for statement, rows in (
            (_ADD_PERSON, self.people),
            (_ADD_IDENTITY, self.identities),
            (_ADD_MEMBERSHIP, self.memberships),
            (_NAME, self.named),
            (_TEST_USER, self.test_users),
            (_CHANGE, self.changed),
        ):
            if rows:
                connection.execute(statement, rows)
        if self.seen:
            connection.execute(_SEEN, {"org": self.place.org_id, "run": self.place.run, "theirs": self.seen})


def _hash(member: Member, name: str | None, email: str | None) -> str:
    said = (member.roles, member.status, member.standing, member.test_user, name, email, *member.groups)
    return hashlib.blake2b(repr(said).encode(), digest_size=16).hexdigest()


# --- who is not there any more ------------------------------------------------------------------------------------------

_MISSING = and_(
    _m.org_id == _org, _m.course_id == _course, _m.roster_run != _run, _m.status != LEFT, _m.launched_at < bindparam("begun")
)
_LISTED_BEFORE = update(_MEMBERSHIP).where(_MISSING, _m.roster_run > 0).values(status=LEFT, left_at=bindparam("at"))
_NEVER_LISTED = select(_m.id, _m.lti_roles).where(_MISSING, _m.roster_run == 0, _m.id > bindparam("after")).order_by(_m.id).limit(TOGETHER)
_THEIRS = and_(_m.org_id == _org, _m.id.in_(bindparam("theirs", expanding=True)))
_LEAVE = update(_MEMBERSHIP).where(_THEIRS).values(status=LEFT, left_at=bindparam("at"))


def leave(connection: Connection, place: Place, *, begun_at: datetime, now: datetime) -> int:
    """After a complete full run: whom it did not list, and who has not launched since it began, has left. Nothing of theirs is erased.

    An administrator of the LMS whom no roster ever listed stays: Moodle's are in every course without being in any.
    """
    keys = {"org": place.org_id, "course": place.course_id, "run": place.run, "begun": begun_at}
    gone = cast(CursorResult[Any], connection.execute(_LISTED_BEFORE, keys | {"at": now})).rowcount
    for rows in _never_listed(connection, keys):
        theirs = [row.id for row in rows if not administrator(row.lti_roles)]
        if theirs:
            connection.execute(_LEAVE, {"org": place.org_id, "theirs": theirs, "at": now})
            gone += len(theirs)
    return gone


def _never_listed(connection: Connection, keys: dict[str, Any]) -> Iterator[Collection[Any]]:
    after = ""
    while rows := connection.execute(_NEVER_LISTED, keys | {"after": after}).all():
        yield rows
        after = rows[-1].id

