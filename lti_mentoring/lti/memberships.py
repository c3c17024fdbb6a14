# SPDX-License-Identifier: Apache-2.0
"""The roster's service (NRPS 2.0): who is in a course, one page at a time (checklist NR)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

from lti_mentoring.lti import claims
from lti_mentoring.lti.address import linked, same_origin, with_query
from lti_mentoring.lti.connector import Connector
from lti_mentoring.lti.groups import identifier
from lti_mentoring.lti.roles import Standing, is_test_user, standing_at
from lti_mentoring.lti.verdict import Ended, Verdict, judge
from lti_mentoring.outbound import Answer, Refused

__all__ = ["Member", "Page", "first_page", "read"]

SCOPE = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
ACCEPT = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"

LIMIT = 100
"""Members that we ask a page to have. A hint: Canvas gives 50, Moodle whatever is asked, Open edX pages only if it is asked at all."""

MOST_BYTES = 16 * 1024 * 1024
"""Of one page: an LMS that takes no hint may send a whole course at once, some 50,000 people."""

MOST_NAME = 400
_MAX_ROLES = 100
_MAX_GROUPS = 200

Status = Literal["active", "inactive", "deleted"]

_STATUS: Mapping[str, Status] = {"active": "active", "inactive": "inactive", "deleted": "deleted"}


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in a course, as its roster has them. Pictures and source ids are left where they are (NR-11)."""

    sub: str
    roles: tuple[str, ...]
    status: Status
    name: str | None
    email: str | None
    standing: Standing
    test_user: bool
    groups: tuple[str, ...] = ()
    """The ids of the groups that they are in, where the LMS says so."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some members, and where the next are, exactly as the LMS wrote it; on one page or another also where to ask later for what
    has changed since."""

    members: tuple[Member, ...]
    next_url: str | None
    differences_url: str | None


def first_page(url: str, *, link: str | None = None) -> str:
    """Where to begin: the launch's address with our ``limit``, unless it has one (NR-07). ``link``: the resource link whose people alone
    are asked for (NR-08); an LMS that does not know it ignores it or answers 4xx."""
    held = {name for name, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True)}
    wanted = {"limit": str(LIMIT)} | ({"rlid": link} if link else {})
    return with_query(url, {name: value for name, value in wanted.items() if name not in held})


def read(connector: Connector, url: str, *, home: str) -> Page:
    """One page. It must be on the origin of ``home``, the address that a launch gave.

    :raises Ended: with the verdict on what came instead
    """
    if not same_origin(url, home):
        raise _refused("roster_foreign")
    answer = _fetched(connector, url)
    verdict = _judged(connector, answer)
    if verdict.kind != "done":
        raise Ended(verdict)
    following, differences = linked(answer, "next"), linked(answer, "differences")
    if following is not None and not same_origin(following, home):
        raise _refused("roster_foreign")
    if following == url:
        raise _refused("roster_loop")
    if differences is not None and not same_origin(differences, home):
        differences = None
    members = tuple(_members(answer, connector))
    return Page(members, following, differences)


def _fetched(connector: Connector, url: str) -> Answer:
    try:
        return connector.call("GET", url, [SCOPE], accept=ACCEPT, most_bytes=MOST_BYTES)
    except Ended as ended:
        if isinstance(ended.__cause__, Refused) and ended.__cause__.code == "too_large":
            raise _refused("roster_too_large") from ended
        raise


def _refused(remedy: str, status: int | None = None) -> Ended:
    return Ended(Verdict("refused", status, "", remedy))


def _judged(connector: Connector, answer: Answer) -> Verdict:
    """The same judgement as on grades, in the roster's words."""
    verdict = judge(connector.profile, answer, connector.now(), hide=connector.hidden)
    if verdict.kind in ("done", "later") or verdict.everywhere:
        return verdict
    remedy = verdict.remedy
    if "response_limit" in verdict.words:  # Open edX: a course with more people than it gives to tools
        remedy = "roster_too_large"
    elif answer.status in (404, 410):
        remedy = "roster_gone"
    elif remedy in ("user_not_gradable", "newer_grade", "column_gone", "course_closed"):
        remedy = "unknown"
    return Verdict("refused", verdict.status, verdict.words, remedy)


def _members(answer: Answer, connector: Connector) -> Iterator[Member]:
    try:
        body = answer.json()
    except ValueError:
        raise Ended(Verdict("later", answer.status, "", "server_error")) from None
    listed = body.get("members") if isinstance(body, dict) else None
    if not isinstance(listed, list):
        raise _refused("roster_unreadable", answer.status)
    for one in listed:
        found = _member(one, above=connector.profile.course_roles_said_above, overrides=connector.known.overrides)
        if found is not None:
            yield found


def _member(said: Any, *, above: bool, overrides: Mapping[str, Standing]) -> Member | None:
    """A member with an id that we could ever meet at a launch; None for anything else."""
    if not isinstance(said, dict):
        return None
    sub = said.get("user_id")
    if isinstance(sub, int) and not isinstance(sub, bool):
        sub = str(sub)
    if not isinstance(sub, str) or not claims.is_identifier(sub):
        return None
    listed = said.get("roles")
    given = (listed if isinstance(listed, list) else [listed])[:_MAX_ROLES]
    roles = tuple(sorted({one for one in given if isinstance(one, str) and claims.is_identifier(one)}))
    # Absent means Active; Coursera writes it in capitals. A word that we do not know ends nobody's membership.
    status = _STATUS.get(str(said.get("status") or "active").strip().lower(), "active")
    name, email = claims.name(said), claims.text(said.get("email"), MOST_NAME)
    return Member(
        sub=sub,
        roles=roles,
        status=status,
        name=name[:MOST_NAME] if name else None,
        email=email,
        standing=standing_at(roles, above=above, overrides=overrides),
        test_user=is_test_user(roles),
        groups=_groups(said.get("group_enrollments")),
    )


def _groups(said: Any) -> tuple[str, ...]:
    listed = said[:_MAX_GROUPS] if isinstance(said, list) else []
    return tuple(sorted({its for one in listed if (its := identifier(claims.a_dict(one).get("group_id"))) is not None}))
