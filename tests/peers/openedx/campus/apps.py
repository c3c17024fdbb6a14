# SPDX-License-Identifier: AGPL-3.0-or-later
"""Puts the campus where the consumer looks for edx-platform: its own seam, ``lti_consumer.plugin.compat``."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig


class CampusConfig(AppConfig):
    """The campus as a Django app."""

    name = "campus"

    def ready(self) -> None:
        """Replace the seam's functions; they may be imported only now that Django's models are there."""
        from crum import get_current_user  # noqa: PLC0415
        from lti_consumer.exceptions import LtiError  # noqa: PLC0415
        from lti_consumer.plugin import compat  # noqa: PLC0415

        from campus import blocks, people, tokens  # noqa: PLC0415
        from campus.models import Member  # noqa: PLC0415

        def user_of(external_id: str) -> Any:
            found = Member.objects.filter(external_id=external_id).select_related("user").first()
            if found is None:
                raise LtiError("Invalid User")
            return found.user

        def forum_role(user_id: int, course_key: object) -> str | None:
            return Member.objects.filter(user_id=user_id).values_list("forum_role", flat=True).first() or None

        compat.load_enough_xblock = lambda location: blocks.load(location, None)
        compat.load_block_as_user = lambda location: blocks.load(location, get_current_user())
        compat.save_xblock = lambda block: block.save()
        compat.get_course_by_id = lambda key: blocks.Course
        compat.user_has_access = lambda user, action, block, key: user.is_authenticated
        compat.user_course_access = lambda course, user, *args, **kwargs: people.member(user) is not None
        compat.user_has_studio_write_access = lambda user, key: getattr(people.member(user), "role", "") in ("instructor", "staff")
        compat.get_user_from_external_user_id = user_of
        compat.get_course_members = lambda key: people.listed()
        compat.batch_get_or_create_externalids = people.external_ids
        compat.get_user_course_forum_role = forum_role  # the consumer asks since 11
        tokens.install()
