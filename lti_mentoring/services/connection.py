# SPDX-License-Identifier: Apache-2.0
"""How our own sign-in at an LMS fares: where its services are, whether it refuses us, and until when it is left alone for that."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

from sqlalchemy import bindparam, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from lti_mentoring.lti.registration import Registration as KnownRegistration
from lti_mentoring.services.platform import known
from lti_mentoring.store import base
from lti_mentoring.store.platform import Deployment, Registration

_d = base.table(Deployment).c


def hold(*, registration_id: str, what: str, until: Callable[[int], datetime]) -> None:
    """Note that an LMS refuses our sign-in, and what staff must mend there; nothing is sent for it until one grade may try again.

    ``until`` gives that time for the number of refusals in a row.
    """
    with base.transactional() as session:
        refusals = session.scalar(select(Registration.refusals).where(Registration.id == registration_id).with_for_update())
        if refusals is not None:
            told = {"attention": what[:200], "refusals": refusals + 1, "held_until": until(refusals + 1)}
            session.execute(update(Registration).where(Registration.id == registration_id).values(**told))


def note_attention(*, registration_id: str, what: str) -> None:
    """Note what staff must mend at an LMS, or with an empty text that all is well again; then nothing is held any more."""
    told: dict[str, Any] = {"attention": what[:200]} | ({} if what else {"refusals": 0, "held_until": None})
    with base.transactional() as session:
        session.execute(update(Registration).where(Registration.id == registration_id).values(**told))


def try_again(session: Session, registrations: Collection[str]) -> None:
    """Somebody says that these LMSs take our sign-in again: one grade of each may try at once. In the caller's transaction."""
    now = base.now()
    session.execute(update(Registration).where(Registration.id.in_(registrations), Registration.held_until > now).values(held_until=now))


@dataclass(frozen=True, slots=True)
class Service:
    """Where the services of a deployment are: its registration with the hosts that the deployment has told, and the id that token
    requests name (T-03). ``attention``: what staff must mend there, if anything."""

    registration: KnownRegistration
    deployment_id: str
    attention: str


_SERVICES = (
    select(base.table(Registration), _d.id.label("key"), _d.deployment_id, _d.frame_origins.label("told"))
    .join(base.table(Deployment), _d.registration_id == base.table(Registration).c.id)
    .where(_d.id.in_(bindparam("deployments", expanding=True)), base.table(Registration).c.active)
)


def services_of(connection: Connection, deployments: Collection[str]) -> dict[str, Service]:
    """The services of deployments, by our ids of their rows; those of registrations that are switched off are left out."""
    found = {}
    for row in connection.execute(_SERVICES, {"deployments": list(deployments)}) if deployments else ():
        at = known(cast(Registration, row))
        found[row.key] = Service(replace(at, frame_origins=(*at.frame_origins, *row.told)), row.deployment_id, row.attention)
    return found
