# SPDX-License-Identifier: Apache-2.0
"""Signing in from a launch: who this is, which course, which activity, and the browser's session."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sqlalchemy import case, insert, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lti_mentoring.domain.delivery import PROGRAMME
from lti_mentoring.domain.placing import CLOSES, DUE, GRADING, GRADINGS, ITEM, OPENS
from lti_mentoring.domain.roster import ACTIVE
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.lti.claims import DATA_PRIVACY, RESOURCE_LINK, SUBMISSION_REVIEW
from lti_mentoring.lti.launch import Launch
from lti_mentoring.services import arrival, asked, candidacy, copying, delivery, holdings, parts, platform, privacy, review, tombstone
from lti_mentoring.services import session as sessions
from lti_mentoring.services.arrival import Known, add
from lti_mentoring.store import base
from lti_mentoring.store.people import NOWHERE, Course, Identity, Membership, Person, Placement
from lti_mentoring.store.platform import Deployment, SpentNonce

MOST_ORIGINS = 20

MOST_COLLISIONS = 8
"""How often a launch may find that another one has just made what it was making: more than there are kinds of rows to make."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What a launch led to. ``token`` is the browser's secret; only its hash is kept. ``about`` is the person whom a review or a data
    privacy launch points at, "" if it points at none, ``review.NOBODY`` for somebody unknown or not to be known."""

    token: str
    org_id: str
    person_id: str
    course_id: str
    placement_id: str
    item: str
    nameless: bool
    message_type: str
    handle: str
    about: str
    lms_administrator: bool


def within(org_id: str) -> AbstractContextManager[None]:
    """The tenant scope of a request, for the floors that may not touch tables."""
    return base.tenant(org_id)


def sign_in(launch: Launch, *, old_token: str | None, absolute: timedelta, private_hosts: Collection[str] = ()) -> SignedIn:
    """Spend the launch's nonce and sign its person in, in one transaction.

    RuleBroken: ``nonce_used`` for a repeated launch, ``deployment_pending`` where an administrator must approve first,
    ``registration_gone`` where the registration or deployment is not what it was when the launch was verified. Refused launches leave
    nothing behind, but for the pending deployment of a shared registration (decision 7).
    """
    if launch.deployment is None and launch.registration.shared:
        platform.hold_deployment(
            registration_id=launch.registration.id, org_id=launch.registration.org_id, deployment_id=launch.deployment_id
        )
        raise RuleBroken("deployment_pending")
    if launch.deployment is not None and launch.deployment.state != "active":
        raise RuleBroken("deployment_pending")
    org_id = launch.deployment.org_id if launch.deployment is not None else launch.registration.org_id
    with base.tenant(org_id):
        for _ in range(MOST_COLLISIONS):
            try:
                return _sign_in(launch, org_id, old_token, absolute, private_hosts)
            except IntegrityError:
                # Two first launches met, at the deployment, the person, the course, ...; the later one finds what the other has made.
                continue
        return _sign_in(launch, org_id, old_token, absolute, private_hosts)


def _sign_in(launch: Launch, org_id: str, old_token: str | None, absolute: timedelta, private_hosts: Collection[str]) -> SignedIn:
    with base.transactional() as session:
        connection = session.connection()
        _spend(connection, launch)
        known = arrival.look(connection, launch, org_id)
        deployment = known.deployment or _join(connection, launch, org_id)
        _frame_origin(connection, launch, deployment, known.frame_origins or (), private_hosts)
        _notices(connection, launch, deployment, known)
        person_id, nameless = _person(connection, launch, org_id, known)
        course_id = _course(connection, launch, org_id, known)
        linked = launch.message_type == RESOURCE_LINK
        placement_id, item = _placement(session, launch, org_id, course_id, deployment, known) if linked else (known.placement or "", "")
        _membership(connection, launch, org_id, course_id, person_id, known)
        if linked and launch.standing == "learner" and known.candidacy is None:
            candidacy.start(connection, org_id=org_id, person_id=person_id, course_id=course_id)
        about = ""
        if launch.message_type == SUBMISSION_REVIEW:
            placement_id, about = review.pointed(connection, launch, org_id, course_id, person_id, known.placement)
        elif launch.message_type == DATA_PRIVACY:
            about = holdings.pointed(connection, launch, org_id, person_id)
        held = asked.held(session, launch, org_id, course_id, person_id, old_token) if launch.deep_linking is not None else None
        token = sessions.begin(connection, launch, org_id, person_id, deployment, old_token, absolute, held)
    return SignedIn(
        token=token,
        org_id=org_id,
        person_id=person_id,
        course_id=course_id,
        placement_id=placement_id,
        item=item,
        nameless=nameless and linked,
        message_type=launch.message_type,
        handle=asked.newest(held) if held else "",
        about=about,
        lms_administrator=launch.administrator,
    )


_SPEND = insert(base.table(SpentNonce))


def _spend(connection: Connection, launch: Launch) -> None:
    try:
        connection.execute(_SPEND, {"nonce": launch.nonce, "expires_at": launch.nonce_expires_at})
    except IntegrityError as error:
        raise RuleBroken("nonce_used") from error


def _frame_origin(connection: Connection, launch: Launch, deployment: str, known: Collection[str], private_hosts: Collection[str]) -> None:
    """The return address of a verified launch tells another host of this deployment: it may frame us, and services may answer there.

    Kept for the deployment, since one client may serve many schools. Never a host that only the operator's list lets us reach: it may
    be somebody else's.
    """
    place = platform.plain_origin(launch.return_url)
    if place is None or place in known or place in launch.registration.frame_origins or platform.only_by_list(place, private_hosts):
        return
    if len(known) < MOST_ORIGINS:
        connection.execute(update(Deployment).where(Deployment.id == deployment).values(frame_origins=sorted({*known, place})))


def _notices(connection: Connection, launch: Launch, deployment: str, known: Known) -> None:
    """A deployment whose LMS offers notices: a worker orders them. Asked anew where the address is another one."""
    told = launch.notices
    if told is None or not told.kinds or told.url == known.notices_url or len(told.url) > 1000:
        return
    wanted = {"notices_url": told.url, "notice_kinds": list(told.kinds), "notices_due": base.now()}
    connection.execute(update(Deployment).where(Deployment.id == deployment).values(**wanted))


def _join(connection: Connection, launch: Launch, org_id: str) -> str:
    made = base.new_id()
    add(
        connection,
        arrival.DEPLOYMENT,
        id=made,
        org_id=org_id,
        registration_id=launch.registration.id,
        deployment_id=launch.deployment_id,
        state="active",
        frame_origins=[],
        created_at=base.now(),
    )
    privacy.note(connection, org_id=org_id, actor=privacy.SYSTEM, verb="join", object_kind="deployment", object_id=made)
    return made


def launch_name(launch: Launch) -> str | None:
    """The name an LMS sends: whole, else given and family (checklist G-06)."""
    parts = " ".join(part for part in (launch.given_name, launch.family_name) if part)
    return (launch.name or parts or None) and (launch.name or parts)[:400]


def _person(connection: Connection, launch: Launch, org_id: str, known: Known) -> tuple[str, bool]:
    name = launch_name(launch)
    if known.identity is None:
        tombstone.stop(connection, launch, org_id)
        return _new_person(connection, launch, org_id, name), name is None
    if known.person_claims != launch.claims_hash:
        told = {key: value for key, value in (("name", name), ("email", launch.email), ("locale", launch.locale)) if value}
        if told:
            them = Person.org_id == org_id, Person.id == known.person, Person.erased_at.is_(None)
            connection.execute(update(Person).where(*them).values(**told))
        connection.execute(
            update(Identity)
            .where(Identity.org_id == org_id, Identity.id == known.identity)
            .values(claims_hash=launch.claims_hash, registration_id=launch.registration.id, test_user=launch.test_user)
        )
    return known.person, not (name or known.name or known.chosen_name)


def _new_person(connection: Connection, launch: Launch, org_id: str, name: str | None) -> str:
    made = base.new_id()
    add(
        connection,
        arrival.PERSON,
        org_id=org_id,
        id=made,
        name=name,
        chosen_name=None,
        email=launch.email,
        locale=launch.locale,
        created_at=base.now(),
    )
    add(
        connection,
        arrival.IDENTITY,
        org_id=org_id,
        id=base.new_id(),
        issuer=launch.issuer,
        sub=launch.sub,
        person_id=made,
        registration_id=launch.registration.id,
        claims_hash=launch.claims_hash,
        test_user=launch.test_user,
    )
    return made


def _course(connection: Connection, launch: Launch, org_id: str, known: Known) -> str:
    title = ((launch.context_title if launch.context_id is not None else launch.resource_link_title) or "")[:400]
    label = (launch.context_label or "")[:200]
    if known.course is None:
        made = base.new_id()
        add(
            connection,
            arrival.COURSE,
            org_id=org_id,
            id=made,
            issuer=launch.issuer,
            scope=launch.course_scope,
            context_id=arrival.context_of(launch),
            title=title,
            label=label,
            created_at=base.now(),
        )
        return made
    if (title and title != known.title) or (label and label != known.course_label):
        connection.execute(
            update(Course)
            .where(Course.org_id == org_id, Course.id == known.course)
            .values(title=title or known.title, label=label or known.course_label)
        )
    return str(known.course)


def _placement(
    session: Session, launch: Launch, org_id: str, course_id: str, deployment: str, known: Known
) -> tuple[str, str]:
    told = _told(launch)
    if known.placement is None:
        made = base.new_id()
        said = launch.custom.get(GRADING)
        told |= {"grading": said} if said in GRADINGS else {}
        told |= copying.inherited(session, launch, org_id=org_id, deployment=deployment)
        session.execute(
            insert(Placement),
            {
                "org_id": org_id,
                "id": made,
                "course_id": course_id,
                "registration_id": launch.registration.id,
                "deployment_id": deployment,
                "resource_link_id": launch.resource_link_id,
                **told,
            },
        )
        delivery.placement_changed(session, org_id=org_id, placement_id=made)
        return made, told["item"]
    if known.item_source == "coordinator":
        told["item"] = known.item
    if known.placement_claims != told["claims_hash"]:
        # A column that we made at the old address of the gradebook is looked for at the new one.
        moved = Placement.lineitems_url.is_distinct_from(told.get("lineitems_url"))
        own = {"own_lineitem_url": case((moved, None), else_=Placement.own_lineitem_url)} if told.get("lineitems_url") else {}
        here = update(Placement).where(Placement.org_id == org_id, Placement.id == known.placement)
        session.execute(here.values(updated_at=base.now(), **told, **own))
        parts.follow(session, known.placement)
        delivery.placement_changed(session, org_id=org_id, placement_id=known.placement, voids=known.item != told["item"])
    return known.placement, told["item"]


def _told(launch: Launch) -> dict[str, Any]:
    """What a launch says of its activity. The newest addresses win (checklist LI-02); a blank line item is none (LI-01)."""
    ags = launch.ags
    told: dict[str, Any] = {"title": (launch.resource_link_title or "")[:400], "item": _item(launch)[:200]}
    if ags is not None:
        told |= {"lineitem_url": ags.lineitem, "lineitems_url": ags.lineitems, "ags_scopes": sorted(ags.scopes)}
    told |= {"memberships_url": launch.memberships_url, "groups_url": launch.groups_url}
    told |= {name: _moment(launch.custom.get(name)) for name in (OPENS, CLOSES, DUE)}
    told["claims_hash"] = hashlib.sha256(repr(sorted(told.items())).encode()).hexdigest()
    return told


def _item(launch: Launch) -> str:
    """The custom parameter; where an LMS lost it, what the placed address says."""
    said = launch.custom.get(ITEM)
    if not said and "?" in launch.target_link_uri:
        said = dict(parse_qsl(urlsplit(launch.target_link_uri).query)).get(ITEM)
    return said or PROGRAMME


def _moment(said: str | None) -> datetime | None:
    """A date that the LMS filled in, if it is one with a zone."""
    try:
        moment = datetime.fromisoformat(said) if said else None
        return moment.astimezone(UTC) if moment is not None and moment.tzinfo is not None else None
    except (ValueError, OverflowError):  # the end of the year 9999, west of Greenwich: some say "never" by that
        return None


def _membership(connection: Connection, launch: Launch, org_id: str, course_id: str, person_id: str, known: Known) -> None:
    roles = sorted(launch.roles)
    # Everybody's questions about their own data meet in no course: nobody teaches there, and nobody sees who asked.
    standing = "none" if launch.message_type == DATA_PRIVACY and arrival.context_of(launch) == NOWHERE else launch.standing
    told: dict[str, Any] = {
        "lti_roles": roles,
        "standing": standing,
        "claims_hash": hashlib.sha256(repr((roles, standing)).encode()).hexdigest(),
        "launched_at": base.now(),
        "status": ACTIVE,  # the LMS has just let them in, whatever its roster said
        "left_at": None,
    }
    if known.membership is None:
        add(connection, arrival.MEMBERSHIP, org_id=org_id, id=base.new_id(), course_id=course_id, person_id=person_id, **told)
    elif (known.membership_claims, known.membership_status) != (told["claims_hash"], ACTIVE) or _stale(known):
        connection.execute(update(Membership).where(Membership.org_id == org_id, Membership.id == known.membership).values(**told))


def _stale(known: Known) -> bool:
    return bool(base.now() - known.launched_at > arrival.TOUCH_EVERY)
