# SPDX-License-Identifier: Apache-2.0
"""Signing in from a launch: who this is, which course, which activity, and the browser's session."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.lti.launch import Launch
from lti_mentoring.services import candidacy, delivery, platform, privacy
from lti_mentoring.services import session as sessions
from lti_mentoring.store import base
from lti_mentoring.store.people import Course, Identity, Membership, Person, Placement
from lti_mentoring.store.platform import Deployment, SpentNonce

TOUCH_EVERY = timedelta(minutes=5)
"""How stale the time of the last launch may be; touching it on every launch would be a write on every repeat."""


MOST_ORIGINS = 20

MOST_COLLISIONS = 8
"""How often a launch may find that another one has just made what it was making: more than there are kinds of rows to make."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What a launch led to. ``token`` is the browser's secret; only its hash is kept."""

    token: str
    org_id: str
    person_id: str
    course_id: str
    placement_id: str
    item: str
    nameless: bool
    lms_administrator: bool


def within(org_id: str) -> AbstractContextManager[None]:
    """The tenant scope of a request, for the floors that may not touch tables."""
    return base.tenant(org_id)


def sign_in(launch: Launch, *, old_token: str | None, absolute: timedelta, private_hosts: Collection[str] = ()) -> SignedIn:
    """Spend the launch's nonce and sign its person in, in one transaction.

    RuleBroken: ``nonce_used`` for a repeated launch, ``deployment_pending`` where an administrator must approve first. Refused
    launches leave nothing behind, but for the pending deployment of a shared registration (decision 7).
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
        _spend(session, launch)
        deployment = _deployment(session, launch, org_id)
        _frame_origin(session, launch, deployment, private_hosts)
        person_id, nameless = _person(session, launch, org_id)
        course_id = _course(session, launch, org_id)
        placement_id, item = _placement(session, launch, org_id, course_id, deployment)
        _membership(session, launch, org_id, course_id, person_id)
        if launch.standing == "learner":
            candidacy.begin(session, org_id=org_id, person_id=person_id, course_id=course_id)
        token = sessions.begin(session, launch, org_id, person_id, deployment, old_token, absolute)
    return SignedIn(
        token=token,
        org_id=org_id,
        person_id=person_id,
        course_id=course_id,
        placement_id=placement_id,
        item=item,
        nameless=nameless,
        lms_administrator=launch.administrator,
    )


def _spend(session: Session, launch: Launch) -> None:
    try:
        session.execute(insert(SpentNonce), {"nonce": launch.nonce, "expires_at": launch.nonce_expires_at})
    except IntegrityError as error:
        raise RuleBroken("nonce_used") from error


def _frame_origin(session: Session, launch: Launch, deployment: str, private_hosts: Collection[str]) -> None:
    """The return address of a verified launch tells another host of this deployment: it may frame us, and services may answer there.

    Kept for the deployment, since one client may serve many schools. Never a host that only the operator's list lets us reach: it may
    be somebody else's.
    """
    place = platform.plain_origin(launch.return_url)
    if place is None or place in launch.registration.frame_origins or platform.only_by_list(place, private_hosts):
        return
    known = session.scalar(select(Deployment.frame_origins).where(Deployment.id == deployment)) or []
    if place not in known and len(known) < MOST_ORIGINS:
        session.execute(update(Deployment).where(Deployment.id == deployment).values(frame_origins=sorted({*known, place})))


_DEPLOYMENT = select(Deployment.id).where(
    Deployment.registration_id == bindparam("registration_id"), Deployment.deployment_id == bindparam("deployment_id")
)


def _deployment(session: Session, launch: Launch, org_id: str) -> str:
    keys = {"registration_id": launch.registration.id, "deployment_id": launch.deployment_id}
    found = session.scalar(_DEPLOYMENT, keys)
    if found is not None:
        return found
    made = base.new_id()
    session.execute(insert(Deployment), {"id": made, "org_id": org_id, "state": "active", **keys})
    privacy.record(session, actor=privacy.SYSTEM, verb="join", object_kind="deployment", object_id=made)
    return made


_IDENTITY = (
    select(Identity.id, Identity.person_id, Identity.claims_hash, Person.name, Person.chosen_name)
    .join(Person, (Person.org_id == Identity.org_id) & (Person.id == Identity.person_id))
    .where(Identity.org_id == bindparam("org"), Identity.issuer == bindparam("issuer"), Identity.sub == bindparam("sub"))
)


def launch_name(launch: Launch) -> str | None:
    """The name an LMS sends: whole, else given and family (checklist G-06)."""
    parts = " ".join(part for part in (launch.given_name, launch.family_name) if part)
    return (launch.name or parts or None) and (launch.name or parts)[:400]


def _person(session: Session, launch: Launch, org_id: str) -> tuple[str, bool]:
    row = session.execute(_IDENTITY, {"org": org_id, "issuer": launch.issuer, "sub": launch.sub}).first()
    name = launch_name(launch)
    if row is None:
        person_id = base.new_id()
        session.execute(insert(Person), {"org_id": org_id, "id": person_id, "name": name, "email": launch.email, "locale": launch.locale})
        session.execute(
            insert(Identity),
            {
                "org_id": org_id,
                "id": base.new_id(),
                "issuer": launch.issuer,
                "sub": launch.sub,
                "person_id": person_id,
                "registration_id": launch.registration.id,
                "claims_hash": launch.claims_hash,
                "test_user": launch.test_user,
            },
        )
        return person_id, name is None
    if row.claims_hash != launch.claims_hash:
        told = {key: value for key, value in (("name", name), ("email", launch.email), ("locale", launch.locale)) if value}
        if told:
            session.execute(update(Person).where(Person.org_id == org_id, Person.id == row.person_id).values(**told))
        session.execute(
            update(Identity)
            .where(Identity.org_id == org_id, Identity.id == row.id)
            .values(claims_hash=launch.claims_hash, registration_id=launch.registration.id, test_user=launch.test_user)
        )
    return row.person_id, not (name or row.name or row.chosen_name)


_COURSE = select(Course.id, Course.title, Course.label).where(
    Course.org_id == bindparam("org"),
    Course.issuer == bindparam("issuer"),
    Course.scope == bindparam("scope"),
    Course.context_id == bindparam("context"),
)


def _course(session: Session, launch: Launch, org_id: str) -> str:
    # A launch without context has a course of its own for each resource link (decision 1); the prefix keeps it apart from real ids.
    context = f"c:{launch.context_id}" if launch.context_id is not None else f"l:{launch.resource_link_id}"
    title = ((launch.context_title if launch.context_id is not None else launch.resource_link_title) or "")[:400]
    label = (launch.context_label or "")[:200]
    keys = {"org": org_id, "issuer": launch.issuer, "scope": launch.course_scope, "context": context}
    row = session.execute(_COURSE, keys).first()
    if row is None:
        made = base.new_id()
        session.execute(
            insert(Course),
            {
                "org_id": org_id,
                "id": made,
                "issuer": launch.issuer,
                "scope": launch.course_scope,
                "context_id": context,
                "title": title,
                "label": label,
            },
        )
        return made
    if (title and title != row.title) or (label and label != row.label):
        session.execute(
            update(Course).where(Course.org_id == org_id, Course.id == row.id).values(title=title or row.title, label=label or row.label)
        )
    return str(row.id)


_PLACEMENT = select(Placement.id, Placement.item, Placement.item_source, Placement.claims_hash).where(
    Placement.org_id == bindparam("org"),
    Placement.registration_id == bindparam("registration"),
    Placement.deployment_id == bindparam("deployment"),
    Placement.course_id == bindparam("course"),
    Placement.resource_link_id == bindparam("link"),
)


def _placement(session: Session, launch: Launch, org_id: str, course_id: str, deployment: str) -> tuple[str, str]:
    keys = {
        "org": org_id,
        "registration": launch.registration.id,
        "deployment": deployment,
        "course": course_id,
        "link": launch.resource_link_id,
    }
    row = session.execute(_PLACEMENT, keys).first()
    told = _told(launch)
    if row is None:
        made = base.new_id()
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
    if row.item_source == "coordinator":
        told["item"] = row.item
    if row.claims_hash != told["claims_hash"]:
        session.execute(update(Placement).where(Placement.org_id == org_id, Placement.id == row.id).values(updated_at=base.now(), **told))
        delivery.placement_changed(session, org_id=org_id, placement_id=row.id, voids=row.item != told["item"])
    return row.id, told["item"]


def _told(launch: Launch) -> dict[str, Any]:
    """What a launch says of its activity. The newest addresses win (checklist LI-02); a blank line item is none (LI-01)."""
    ags = launch.ags
    told: dict[str, Any] = {"title": (launch.resource_link_title or "")[:400], "item": (launch.custom.get("item") or "programme")[:200]}
    if ags is not None:
        told |= {"lineitem_url": ags.lineitem, "lineitems_url": ags.lineitems, "ags_scopes": sorted(ags.scopes)}
    told["claims_hash"] = hashlib.sha256(repr(sorted(told.items())).encode()).hexdigest()
    return told


_MEMBERSHIP = select(Membership.id, Membership.standing, Membership.claims_hash, Membership.launched_at).where(
    Membership.org_id == bindparam("org"), Membership.course_id == bindparam("course"), Membership.person_id == bindparam("person")
)


def _membership(session: Session, launch: Launch, org_id: str, course_id: str, person_id: str) -> None:
    row = session.execute(_MEMBERSHIP, {"org": org_id, "course": course_id, "person": person_id}).first()
    roles = sorted(launch.roles)
    told = {
        "lti_roles": roles,
        "standing": launch.standing,
        "claims_hash": hashlib.sha256(repr((roles, launch.standing)).encode()).hexdigest(),
    }
    if row is None:
        session.execute(insert(Membership), {"org_id": org_id, "id": base.new_id(), "course_id": course_id, "person_id": person_id, **told})
    elif row.claims_hash != told["claims_hash"] or base.now() - row.launched_at > TOUCH_EVERY:
        session.execute(
            update(Membership).where(Membership.org_id == org_id, Membership.id == row.id).values(launched_at=base.now(), **told)
        )
