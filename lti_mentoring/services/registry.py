# SPDX-License-Identifier: Apache-2.0
"""What the lti floor asks about registrations, kept in the process for a few seconds so that a login need not ask the database."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar

from sqlalchemy import bindparam, select

from lti_mentoring.lti.registration import Deployment as KnownDeployment
from lti_mentoring.lti.registration import Registration as KnownRegistration
from lti_mentoring.lti.roles import STANDINGS, Standing
from lti_mentoring.store import base
from lti_mentoring.store.platform import Deployment, Registration

FRESH_SECONDS = 5.0
"""How old an answer may be. A login that is so stale only redirects to an LMS; a launch looks again in its own transaction."""

MOST_KEPT = 10_000
"""Registrations, and deployments, that a process remembers."""

_OF_ISSUER = select(Registration).where(Registration.issuer == bindparam("issuer"), Registration.active).order_by(Registration.id)
_OF_CLIENT = _OF_ISSUER.where(Registration.client_id == bindparam("client_id"))
_OF_DEPLOYMENT = _OF_ISSUER.join(Deployment, Deployment.registration_id == Registration.id).where(
    Deployment.deployment_id == bindparam("deployment_id"), Deployment.state == "active"
)
_DEPLOYMENT = select(Deployment.deployment_id, Deployment.org_id, Deployment.state).where(
    Deployment.registration_id == bindparam("registration_id"), Deployment.deployment_id == bindparam("deployment_id")
)


def overrides(kept: Mapping[str, str]) -> tuple[tuple[str, Standing], ...]:
    """Role overrides as the lti floor takes them; whatever stands there, it can give a standing and nothing else."""
    return tuple(sorted((role, said) for role, said in kept.items() if said in STANDINGS)) if kept else ()


def known(row: Registration) -> KnownRegistration:
    """A registration as the lti floor knows it."""
    return KnownRegistration(
        id=row.id,
        org_id=row.org_id,
        name=row.name,
        issuer=row.issuer,
        client_id=row.client_id,
        auth_url=row.auth_url,
        token_url=row.token_url,
        jwks_url=row.jwks_url,
        token_audience=row.token_audience,
        family=row.family,
        shared=row.shared,
        frame_origins=tuple(row.frame_origins),
        role_overrides=overrides(row.role_overrides),
        keep_names=row.keep_names,
        keep_email=row.keep_email,
    )


Key = TypeVar("Key")
Answer = TypeVar("Answer")


class Kept(Generic[Key, Answer]):
    """Answers of the last seconds, the oldest dropped first. That something is unknown is never kept: it may be added at any moment."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._answers: OrderedDict[Key, tuple[float, Answer]] = OrderedDict()

    def get(self, key: Key, look: Callable[[], Answer | None], *, good: Callable[[Answer], bool] = bool) -> Answer | None:
        """What is kept of ``key``, else what ``look`` finds; that is kept if it is ``good``."""
        answers = self._answers  # what was asked before a change must not be kept after it
        kept = answers.get(key)
        if kept is not None and self._clock() - kept[0] < FRESH_SECONDS:
            return kept[1]
        asked = self._clock()
        found = look()
        if found is None or not good(found):
            answers.pop(key, None)
        else:
            answers[key] = (asked, found)
            if len(answers) > MOST_KEPT:
                answers.popitem(last=False)
        return found

    def forget(self) -> None:
        """Look again, whatever was asked."""
        self._answers = OrderedDict()


class Registrations:
    """Answers ``lti.registration.Registry``: the one registration or deployment of a login and launch from memory, the rest anew."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._registrations: Kept[tuple[str, str], KnownRegistration] = Kept(clock)
        self._deployments: Kept[tuple[str, str], KnownDeployment] = Kept(clock)

    def forget(self) -> None:
        """A registration or a deployment has changed in this process, or was found to have changed in another one."""
        self._registrations.forget()
        self._deployments.forget()

    def registrations(self, issuer: str) -> Sequence[KnownRegistration]:
        """The active registrations of an issuer."""
        return [known(row) for row in base.session().scalars(_OF_ISSUER, {"issuer": issuer})]

    def registration(self, issuer: str, client_id: str) -> KnownRegistration | None:
        """One active registration by its natural key."""

        def look() -> KnownRegistration | None:
            row = base.session().scalar(_OF_CLIENT, {"issuer": issuer, "client_id": client_id})
            return known(row) if row is not None else None

        return self._registrations.get((issuer, client_id), look)

    def by_deployment(self, issuer: str, deployment_id: str) -> Sequence[KnownRegistration]:
        """The active registrations of an issuer that know this deployment."""
        return [known(row) for row in base.session().scalars(_OF_DEPLOYMENT, {"issuer": issuer, "deployment_id": deployment_id})]

    def deployment(self, registration_id: str, deployment_id: str) -> KnownDeployment | None:
        """A deployment of a registration, active or pending."""

        def look() -> KnownDeployment | None:
            row = base.session().execute(_DEPLOYMENT, {"registration_id": registration_id, "deployment_id": deployment_id}).first()
            return KnownDeployment(deployment_id=row.deployment_id, org_id=row.org_id, state=row.state) if row is not None else None

        return self._deployments.get((registration_id, deployment_id), look, good=lambda found: found.state == "active")
