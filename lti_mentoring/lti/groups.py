# SPDX-License-Identifier: Apache-2.0
"""The course groups service: into which groups an LMS has divided a course (checklist CG-01)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lti_mentoring.lti import claims
from lti_mentoring.lti.address import linked, same_origin
from lti_mentoring.lti.connector import Connector
from lti_mentoring.lti.verdict import Ended, Verdict, judge

__all__ = ["SCOPE", "Group", "read"]

SCOPE = "https://purl.imsglobal.org/spec/lti-gs/scope/contextgroup.readonly"
ACCEPT = "application/vnd.ims.lti-gs.v1.contextgroupcontainer+json"
MOST_PAGES = 50
MOST_GROUPS = 2_000
MOST_NAME = 400


@dataclass(frozen=True, slots=True)
class Group:
    """A group of a course. ``hidden``: its LMS shows it to staff only."""

    id: str
    name: str
    hidden: bool


def read(connector: Connector, url: str) -> tuple[Group, ...]:
    """All groups of the course, its pages followed on their own server only; the same id twice counts once.

    :raises Ended: with the verdict on what came instead
    """
    found: dict[str, Group] = {}
    asked: set[str] = set()
    following: str | None = url
    while following is not None:
        if not same_origin(following, url):
            raise _refused("roster_foreign")
        if following in asked or len(asked) == MOST_PAGES or len(found) > MOST_GROUPS:
            raise _refused("roster_loop" if following in asked else "roster_too_large")
        asked.add(following)
        answer = connector.call("GET", following, [SCOPE], accept=ACCEPT)
        verdict = judge(connector.profile, answer, connector.now(), hide=connector.hidden)
        if verdict.kind != "done":
            raise Ended(verdict)
        try:
            found |= {one.id: one for one in _groups(answer.json())}
        except ValueError:
            raise _refused("roster_unreadable", answer.status) from None
        following = linked(answer, "next")
    return tuple(found.values())


def _refused(remedy: str, status: int | None = None) -> Ended:
    return Ended(Verdict("refused", status, "", remedy))


def _groups(body: Any) -> Iterator[Group]:
    listed = body.get("groups") if isinstance(body, dict) else None
    if not isinstance(listed, list):
        raise ValueError("no groups")
    for one in listed:
        known = claims.a_dict(one)
        its = identifier(known.get("id"))
        name = claims.text(known.get("name"), MOST_NAME)
        if its is not None:
            yield Group(its, (name or its)[:MOST_NAME], str(known.get("hidden", "")).lower() == "true")


def identifier(said: Any) -> str | None:
    """The id of a group as text; some LMSs write a number. None for what is none."""
    if isinstance(said, int) and not isinstance(said, bool):
        said = str(said)
    return said if isinstance(said, str) and claims.is_identifier(said) else None
