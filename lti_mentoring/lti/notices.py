# SPDX-License-Identifier: Apache-2.0
"""Platform notices: what an LMS tells us while nobody is there, and asking it to (checklist PN)."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import jwt

from lti_mentoring.lti import claims
from lti_mentoring.lti.claims import LTI
from lti_mentoring.lti.connector import Connector
from lti_mentoring.lti.keysets import KeySets
from lti_mentoring.lti.refusal import LaunchRefused
from lti_mentoring.lti.registration import Registration, Registry
from lti_mentoring.lti.verdict import Ended, Verdict, judge
from lti_mentoring.lti.verification import Message

MOST_ORIGINS = 20


@dataclass(frozen=True, slots=True)
class Notice:
    """A verified notice. ``context_id`` and ``origins`` are a new course and those that it was copied from."""

    registration: Registration
    deployment_id: str
    id: str
    kind: str
    context_id: str | None
    origins: tuple[str, ...]


def receive(token: str, *, registry: Registry, keysets: KeySets, leeway_seconds: float, now: datetime) -> Notice:
    """Verify one notice as a launch is verified, but for state, person and roles, which it has not (PN-02).

    :raises LaunchRefused: with reason and status
    """
    message = _Notice({"id_token": token}, {}, registry, keysets, cast(Any, None), leeway_seconds, now)
    message.validate()
    body, known = message.body, cast(Registration, message.known)
    if body.get(LTI + "version") != claims.VERSION:
        raise LaunchRefused("version")
    deployment_id = claims.identifier(body, LTI + "deployment_id", "deployment_id")
    deployment = registry.deployment(known.id, deployment_id)
    if deployment is None or deployment.state != "active":
        raise LaunchRefused("deployment_pending")
    said = claims.a_dict(body.get(LTI + "notice"))
    origins = body.get(LTI + "origin_contexts")
    return Notice(
        registration=known,
        deployment_id=deployment_id,
        id=_named(said, "id"),
        kind=_named(said, "type"),
        context_id=claims.context(body)[0],
        origins=tuple(one for one in (origins if isinstance(origins, list) else [])[:MOST_ORIGINS] if _an_id(one)),
    )


def _named(said: Mapping[str, Any], name: str) -> str:
    if not _an_id(said.get(name)):
        raise LaunchRefused("not_lti")
    return cast(str, said[name])


def _an_id(value: Any) -> bool:
    return isinstance(value, str) and value.isprintable() and 0 < len(value) <= claims.MAX_ID


def _unproven(token: str) -> Mapping[str, Any]:
    """What a token says, to look up by whose key it must be signed, and for nothing else."""
    try:
        return cast(Mapping[str, Any], jwt.decode(token, options={"verify_signature": False}))
    except (jwt.PyJWTError, RecursionError):
        raise LaunchRefused("token_malformed") from None


class _Notice(Message):
    """The same steps in the same safe order; whose notice it is says the notice itself, and its signature proves it."""

    def validate(self) -> Message:
        self.validate_jwt_format()
        said = _unproven(self._get_request_param("id_token"))
        self.known = self._whose(said.get("iss"), said.get("aud"))
        self.validate_jwt_signature().validate_parties().validate_times()
        self._validated = True
        return self

    def _whose(self, issuer: Any, audience: Any) -> Registration:
        for one in filter(claims.is_identifier, claims.texts(audience)):
            found = self._registry.registration(issuer, one) if isinstance(issuer, str) and claims.is_identifier(issuer) else None
            if found is not None:
                return found
        raise LaunchRefused("client_unknown")


def order(connector: Connector, url: str, *, handler: str, kinds: Iterable[str]) -> None:
    """Ask the LMS to send notices of these kinds to ``handler``; asking again changes nothing (PN-01).

    :raises Ended: it said no, or nothing
    """
    for kind in kinds:
        body = json.dumps({"notice_type": kind, "handler": handler})
        answer = connector.call("PUT", url, (claims.NOTICE_SCOPE,), accept="application/json", content_type="application/json", body=body)
        verdict = judge(connector.profile, answer, connector.now(), hide=connector.hidden)
        if verdict.kind != "done":
            raise Ended(verdict)
        if kind not in _ordered(answer.body):
            raise Ended(Verdict("refused", answer.status, "", "notices_not_taken"))


def _ordered(body: bytes) -> Collection[str]:
    """The kinds that an answer names."""
    try:
        said = json.loads(body)
    except ValueError:
        return ()
    return claims.texts(claims.a_dict(said).get("notice_type"))
