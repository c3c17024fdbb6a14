# SPDX-License-Identifier: Apache-2.0
"""Who may come in: every endpoint declares a permission, or says why it is public."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import g, request
from werkzeug.exceptions import NotFound as NoPage
from werkzeug.exceptions import Unauthorized

from lti_mentoring.domain import door
from lti_mentoring.domain.people import PERMISSIONS, Actor, may
from lti_mentoring.domain.rule import NotAllowed, NotFound
from lti_mentoring.services import door_place, language, people, roles
from lti_mentoring.services import guest as guests
from lti_mentoring.services.guest import Guest
from lti_mentoring.services.roles import Here
from lti_mentoring.web import session
from lti_mentoring.web.reader import wanted

View = TypeVar("View", bound=Callable[..., Any])


def require(permission: str, *, guest: str = "") -> Callable[[View], View]:
    """Let in who is signed in, belongs to the course in the address, and holds ``permission`` there.

    401 without a session, 404 for a course of somebody else, 403 without the permission. The tenant is in scope inside the view, where a
    programme is read in the person's language. ``guest``: whoever holds a pass of this purpose (``domain.guest``) for the very
    ``observation`` in the address comes in as well, as an observer of that one.
    """
    if permission not in PERMISSIONS:
        raise KeyError(permission)

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(*, course: str, **ids: Any) -> Any:
            browser, held = session.browser(), _held(guest, course, ids.get("observation", "")) if guest else None
            org_id = held.org_id if held is not None else browser.organisation()
            if org_id is None:
                raise Unauthorized
            with people.within(org_id), language.read_in(wanted):
                g.here = guests.here(held) if held is not None else browser.visit(org_id, course) or _here(course)
                row = browser.row if held is None else None
                if row is not None and row.by_door and not door.opens(request.endpoint):
                    raise NoPage
                if not may(g.here.actor, permission):
                    raise NotAllowed("permission", permission=permission)
                return view(course=course, **ids)

        checked.permission = permission  # type: ignore[attr-defined]
        return checked  # type: ignore[return-value]

    return decorate


def _held(purpose: str, course: str, observation: str) -> Guest | None:
    """The guest who holds a pass for this observation of this course, unless whoever is signed in means themself: what an earlier person
    left on a device that is shared speaks for nobody who came after. What a device sends names who wrote it."""
    passes = session.passes(request) if observation else []
    if not passes:
        return None
    author = _author()
    held = guests.holder(passes, purpose=purpose, course_id=course, observation_id=observation, author=author)
    row = session.current() if held is not None else None
    if held is None or row is None or held.person_id == author != row.person_id:
        return held
    seated = guests.seated(org_id=row.org_id, person_id=row.person_id, course_id=course, observation_id=observation)
    return None if seated else held


def _author() -> str:
    """Who wrote what is sent, as the device says; "" where nobody is named."""
    sent = request.get_json(silent=True) if request.is_json else None
    return str(sent.get("person", "")) if isinstance(sent, dict) else ""


def _here(course: str) -> Here:
    """The person in the course where the session was looked up before, or the course is not theirs."""
    row = session.current()
    if row is None:
        raise Unauthorized
    if row.by_door:
        found = door_place.here(org_id=row.org_id, person_id=row.person_id, course_id=course)
        if found is None:
            raise NotFound("course")
        return found
    return roles.here(
        org_id=row.org_id,
        person_id=row.person_id,
        course_id=course,
        registration_id=row.registration_id,
        lms_administrator=row.lms_administrator,
    )


def public(why: str) -> Callable[[View], View]:
    """Mark an endpoint that needs no session, with the reason."""

    def decorate(view: View) -> View:
        view.public = why  # type: ignore[attr-defined]
        return view

    return decorate


def here() -> Here:
    """The person and the course of this request, inside a view with ``require``."""
    found: Here = g.here
    return found


def actor() -> Actor:
    """The person who acts in this request."""
    return here().actor
