# SPDX-License-Identifier: Apache-2.0
"""Frozen dataclasses to JSON bodies and back without loss, and the hash that names a body by its content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Hashable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from fractions import Fraction
from functools import cache
from types import UnionType
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")
Json = Any
"""What ``json`` can write: dict, list, str, int, bool, None."""

LATER = {"later": True}
"""Metadata of a field that a stored shape got later. At its default it is left out of the body, so that what does not use it keeps the
hash that it was imported by."""


def to_body(value: object) -> Json:
    """The JSON form of a frozen dataclass: tuples become lists, fractions text such as ``11/4``, defaults but for ``LATER`` are written."""
    if is_dataclass(value) and not isinstance(value, type):
        given = {field.name: getattr(value, field.name) for field in fields(value)}
        quiet = {field.name for field in fields(value) if field.metadata.get("later") and given[field.name] == field.default}
        return {name: to_body(entry) for name, entry in given.items() if name not in quiet}
    if isinstance(value, tuple):
        return [to_body(entry) for entry in value]
    if isinstance(value, Fraction):
        return str(value)
    if value is None or isinstance(value, str | int | bool):
        return value
    raise TypeError(f"{type(value).__name__} has no JSON form here")


def from_body(cls: type[T], body: Mapping[str, Json]) -> T:
    """The inverse of ``to_body``. A field that an older body lacks takes its default; KeyError if it has none."""
    given: dict[str, Any] = {}
    for name, (kind, required) in _plan(cast(Hashable, cls)).items():
        if name in body:
            given[name] = _value(kind, body[name])
        elif required:
            raise KeyError(f"{cls.__name__}.{name}")
    return cls(**given)


def content_hash(body: Json) -> str:
    """64 hex digits: SHA-256 of the canonical JSON (sorted keys, no spaces, UTF-8)."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def _plan(cls: Any) -> dict[str, tuple[Any, bool]]:
    hints = get_type_hints(cls)
    return {field.name: (hints[field.name], field.default is MISSING and field.default_factory is MISSING) for field in fields(cls)}


def _value(kind: Any, value: Json) -> Any:
    if get_origin(kind) is tuple:
        inner = get_args(kind)
        if len(inner) == 2 and inner[1] is Ellipsis:
            return tuple(_value(inner[0], entry) for entry in value)
        return tuple(_value(of, entry) for of, entry in zip(inner, value, strict=True))
    if isinstance(kind, UnionType):  # X | None
        return None if value is None else _value(get_args(kind)[0], value)
    if kind is Fraction:
        return Fraction(cast(str, value))
    if is_dataclass(kind):
        return from_body(cast(type, kind), value)
    return value
