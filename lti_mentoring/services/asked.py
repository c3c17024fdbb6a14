# SPDX-License-Identifier: Apache-2.0
"""Deep linking requests that wait for an answer, kept in the browser's own session: another browser has no part in them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_mentoring.domain.rule import NotFound
from lti_mentoring.lti.deep_linking import DeepLinking
from lti_mentoring.lti.launch import Launch
from lti_mentoring.services.session import hashed
from lti_mentoring.store import base
from lti_mentoring.store.people import WebSession

GOOD_FOR = timedelta(hours=1)
MOST_OPEN = 5
"""Requests of one browser that wait at once, each in a tab of its own."""

KEY = "linking"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: what the LMS takes, and by which registration and deployment the answer goes."""

    registration_id: str
    deployment_id: str
    course_id: str
    deep_linking: DeepLinking


def held(session: Session, launch: Launch, org_id: str, course_id: str, person_id: str, old_token: str | None) -> dict[str, Any]:
    """What the new session keeps: this request, and those of the same person's session that it takes the place of."""
    now = base.now()
    waiting = _of_old(session, org_id, person_id, old_token)
    still = {handle: one for handle, one in waiting.items() if datetime.fromisoformat(one["until"]) > now}
    kept = dict(list(still.items())[-(MOST_OPEN - 1) :])
    kept[secrets.token_urlsafe(16)] = {
        "registration_id": launch.registration.id,
        "deployment_id": launch.deployment_id,
        "course_id": course_id,
        "until": (now + GOOD_FOR).isoformat(),
        **asdict(cast(DeepLinking, launch.deep_linking)),
    }
    return {KEY: kept}


def _of_old(session: Session, org_id: str, person_id: str, old_token: str | None) -> dict[str, Any]:
    if not old_token:
        return {}
    query = select(WebSession.payload).where(WebSession.id_hash == hashed(old_token), WebSession.org_id == org_id)
    payload = session.scalar(query.where(WebSession.person_id == person_id))
    return dict((payload or {}).get(KEY, {}))


def newest(kept: Mapping[str, Any]) -> str:
    """The handle of the request that was added last."""
    return str(list(kept[KEY])[-1])


def find(payload: Mapping[str, Any], handle: str, course_id: str) -> Asked:
    """The request of a handle. NotFound after its hour, in another browser, and from another course than it came from: what somebody
    may do there says nothing about here."""
    one = payload.get(KEY, {}).get(handle)
    if one is None or one.get("course_id") != course_id or datetime.fromisoformat(one["until"]) <= base.now():
        raise NotFound("linking")
    said: dict[str, Any] = {name: one[name] for name in ("return_url", "accept_multiple", "accept_lineitem", "title", "data")}
    said |= {name: tuple(one[name]) for name in ("accept_types", "targets")}
    return Asked(one["registration_id"], one["deployment_id"], course_id, DeepLinking(**said))
