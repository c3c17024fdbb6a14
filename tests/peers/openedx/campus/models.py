# SPDX-License-Identifier: AGPL-3.0-or-later
"""What edx-platform would keep: who is in the course, the fields of its blocks, and the gradebook."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Member(models.Model):
    """A person in the course. ``role`` is edx-platform's word for what they are there, ``forum_role`` what they are in its forum."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="member")
    name = models.CharField(max_length=200)
    role = models.CharField(max_length=20, default="student")
    forum_role = models.CharField(max_length=40, default="")
    # What a tool gets as `sub`, the same in every placement.
    external_id = models.UUIDField(unique=True)


class Profile(models.Model):
    """edx-platform keeps a name here; the consumer fetches it along with the users of a roster."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="profile")


class BlockField(models.Model):
    """One field of a block, as an author has set it or the block has kept it for somebody."""

    block = models.CharField(max_length=200)
    scope = models.CharField(max_length=60)
    user = models.CharField(max_length=40)
    name = models.CharField(max_length=80)
    value = models.JSONField(null=True)

    class Meta:
        unique_together = [("block", "scope", "user", "name")]


class Grade(models.Model):
    """A cell of the gradebook: what the block has published for somebody. One for each block, whatever line items there are."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    block = models.CharField(max_length=200)
    value = models.FloatField(null=True)
    maximum = models.FloatField(null=True)

    class Meta:
        unique_together = [("user", "block")]


class Unit(models.Model):
    """A line of the course page."""

    block = models.CharField(max_length=200, unique=True)
    title = models.CharField(max_length=200)
