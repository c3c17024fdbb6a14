# SPDX-License-Identifier: AGPL-3.0-or-later
"""The smallest XBlock runtime in which the real LTI consumer block lives."""

from __future__ import annotations

from typing import Any

from opaque_keys.edx.keys import UsageKey
from xblock.core import XBlockMixin
from xblock.fields import Boolean, DateTime, Scope, ScopeIds, Timedelta
from xblock.reference.user_service import UserService, XBlockUser
from xblock.runtime import KeyValueStore, KvsFieldData, MemoryIdManager, NullI18nService, Runtime

from campus import people
from campus.models import BlockField, Grade


class Course:
    """What the consumer reads of its course."""

    lti_passports: list[str] = []
    display_name_with_default = "Leading through mentoring"
    display_org_with_default = "Campus"


class InheritedFields(XBlockMixin):
    """What edx-platform adds to every block (its InheritanceMixin), as far as the consumer reads it."""

    due = DateTime(scope=Scope.settings, default=None)
    start = DateTime(scope=Scope.settings, default=None)
    graceperiod = Timedelta(scope=Scope.settings, default=None)
    graded = Boolean(scope=Scope.settings, default=True)


class Fields(KeyValueStore):
    """Where fields are kept. A block's are read in one query: the consumer asks for about sixty in a request."""

    def __init__(self) -> None:
        self._read: dict[str, dict[tuple[str, str, str], Any]] = {}

    def _of(self, key: Any) -> tuple[dict[tuple[str, str, str], Any], str, tuple[str, str, str]]:
        block = str(key.block_scope_id or "")
        if block not in self._read:
            rows = BlockField.objects.filter(block=block)
            self._read[block] = {(row.scope, row.user, row.name): row.value for row in rows}
        return self._read[block], block, (str(getattr(key.scope, "name", key.scope)), str(key.user_id or ""), key.field_name)

    def get(self, key: Any) -> Any:
        """The value; KeyError if none is kept."""
        values, _, name = self._of(key)
        return values[name]

    def has(self, key: Any) -> bool:
        """Whether one is kept."""
        values, _, name = self._of(key)
        return name in values

    def set(self, key: Any, value: Any) -> None:
        """Keep one."""
        values, block, name = self._of(key)
        scope, user, field = name
        BlockField.objects.update_or_create(block=block, scope=scope, user=user, name=field, defaults={"value": value})
        values[name] = value

    def delete(self, key: Any) -> None:
        """Keep none."""
        values, block, name = self._of(key)
        scope, user, field = name
        BlockField.objects.filter(block=block, scope=scope, user=user, name=field).delete()
        values.pop(name, None)


class Users(UserService):
    """Who is looking at a block, in the words of edx-platform's user service."""

    def __init__(self, user: Any) -> None:
        super().__init__()
        self._user, self._member = user, people.member(user)

    def get_current_user(self) -> XBlockUser:
        """The person of this request; nobody in particular where a tool asks."""
        known = self._member
        found = XBlockUser(is_current_user=True)
        found.emails = [self._user.email] if known else []
        found.full_name = known.name if known else None
        found.opt_attrs.update(
            {
                "edx-platform.is_authenticated": known is not None,
                "edx-platform.user_id": self._user.id if known else None,
                "edx-platform.username": self._user.username if known else None,
                "edx-platform.user_is_staff": bool(known and self._user.is_staff),
                "edx-platform.user_role": known.role if known else None,
                "edx-platform.anonymous_user_id": f"anonymous-{self._user.id}" if known else None,
                "edx-platform.user_preferences": {"pref-lang": "en"},
            }
        )
        return found

    def get_external_user_id(self, kind: str) -> str | None:
        """What a tool gets as ``sub``."""
        return str(self._member.external_id) if self._member else None

    def get_user_by_anonymous_id(self, uid: str | None = None) -> None:
        """LTI 1.1 only."""
        return


class Rebinding:
    """edx-platform's service that makes a block somebody's: used when a tool's score is put in a learner's gradebook."""

    def rebind_noauth_module_to_user(self, block: Any, user: Any) -> None:
        """From here on the block's user fields are this user's."""
        block.save()
        block.scope_ids = block.scope_ids._replace(user_id=user.id)
        block._field_data_cache.clear()


class CampusRuntime(Runtime):
    """Gives a block its services, and puts what it publishes in the gradebook."""

    def __init__(self, user: Any) -> None:
        ids = MemoryIdManager()
        services = {"field-data": KvsFieldData(Fields()), "user": Users(user), "i18n": NullI18nService(), "rebind_user": Rebinding()}
        super().__init__(ids, ids, mixins=[InheritedFields], services=services)

    def handler_url(self, block: Any, handler_name: str, suffix: str = "", query: str = "", thirdparty: bool = False) -> str:
        """Where a block's script would call it; the campus is driven without scripts."""
        return f"/xblock/{block.scope_ids.usage_id}/handler/{handler_name}/{suffix}?{query}"

    def resource_url(self, resource: str) -> str:
        """Where a block's own files would be."""
        return f"/resource/{resource}"

    def local_resource_url(self, block: Any, uri: str) -> str:
        """The same."""
        return f"/resource/{uri}"

    def publish(self, block: Any, event_type: str, event: Any) -> None:
        """A grade goes to the gradebook; other events are statistics."""
        if event_type == "grade":
            told = {"value": event["value"], "maximum": event["max_value"]}
            Grade.objects.update_or_create(user_id=event["user_id"], block=str(block.scope_ids.usage_id), defaults=told)


def load(location: Any, user: Any) -> Any:
    """The block at a place of the course, for somebody or for nobody; KeyError for any other kind of block."""
    usage = location if isinstance(location, UsageKey) else UsageKey.from_string(str(location))
    if usage.block_type != "lti_consumer":
        raise KeyError(usage)
    user_id = user.id if user is not None and user.is_authenticated else None
    return CampusRuntime(user).construct_xblock("lti_consumer", ScopeIds(user_id, "lti_consumer", usage, usage))
