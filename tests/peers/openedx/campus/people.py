# SPDX-License-Identifier: AGPL-3.0-or-later
"""The course team, and learners who come and go."""

from __future__ import annotations

import uuid
from types import SimpleNamespace
from typing import Any

from django.contrib.auth import get_user_model

from campus.models import Member

TEAM = [
    # username, name, role in the course, role in its forum, global staff
    ("ines", "Ines Instructor", "instructor", "", False),
    ("stan", "Stan Staff", "staff", "", False),
    # edx-platform answers "staff" for global staff as well.
    ("gail", "Gail Global", "staff", "", True),
    ("tara", "Tara Teaching", "student", "Community TA", False),
]


def hire() -> None:
    """Everyone of the team."""
    for username, name, role, forum_role, global_staff in TEAM:
        join(username, name, role=role, forum_role=forum_role, global_staff=global_staff)


def join(username: str, name: str, *, role: str = "student", forum_role: str = "", global_staff: bool = False) -> Member:
    """Make somebody a member of the course, unless they are."""
    user, _ = get_user_model().objects.get_or_create(
        username=username, defaults={"email": f"{username}@campus.example", "is_staff": global_staff}
    )
    told = {"name": name, "role": role, "forum_role": forum_role, "external_id": uuid.uuid4()}
    return Member.objects.get_or_create(user=user, defaults=told)[0]


def crowd(many: int) -> int:
    """So many learners more, who have never been here. -> how many are in the course then"""
    users = get_user_model()
    made = users.objects.bulk_create(users(username=f"crowd-{uuid.uuid4().hex}") for _ in range(many))
    Member.objects.bulk_create(Member(user=one, name=one.username, external_id=uuid.uuid4()) for one in made)
    return int(Member.objects.count())


def listed() -> dict[int, dict[str, Any]]:
    """Everyone in the course, as edx-platform's course API tells."""
    return {
        one.user_id: {"id": one.user_id, "username": one.user.username, "email": one.user.email, "name": one.name, "roles": [one.role]}
        for one in Member.objects.select_related("user")
    }


def external_ids(users: Any) -> dict[int, Any]:
    """What tools know these users as."""
    found = Member.objects.filter(user__in=users)
    return {one.user_id: SimpleNamespace(external_user_id=str(one.external_id)) for one in found}


def retire(username: str) -> None:
    """An account goes, and with it the id by which tools knew it."""
    Member.objects.filter(user__username=username).delete()


def member(user: Any) -> Member | None:
    """Who a user is in the course; None for somebody who is not in it, or not signed in."""
    if user is None or not user.is_authenticated:
        return None
    return Member.objects.filter(user=user).first()


def named() -> dict[str, str]:
    """External id -> username of everyone in the course."""
    return {str(one.external_id): one.user.username for one in Member.objects.select_related("user")}
