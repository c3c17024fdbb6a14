# SPDX-License-Identifier: Apache-2.0
"""The one visibility policy: who may see what is held, by its class and by how the reader stands to it. Pages, docs and tests read it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from lti_mentoring.domain import held
from lti_mentoring.domain.held.kind import SHUT, Field, FieldClass, Relation, When

__all__ = ("FIELDS", "KEPT", "READERS", "Field", "FieldClass", "Relation", "When", "condition", "kept", "sees", "who")

_R, _W = Relation, When

READERS: Mapping[FieldClass, Mapping[Relation, When]] = MappingProxyType(
    {
        FieldClass.PUBLIC: dict.fromkeys(Relation, _W.ALWAYS),
        FieldClass.RECORD: {_R.OWNER: _W.ALWAYS, _R.SUBJECT: _W.ALWAYS, _R.LEAD: _W.ALWAYS},
        FieldClass.EVIDENCE: {_R.OWNER: _W.ALWAYS, _R.SUBJECT: _W.AFTER_RELEASE, _R.LEAD: _W.AFTER_RELEASE, _R.ASSESSOR: _W.WHILE_ASSIGNED},
        FieldClass.FACTS: {_R.OWNER: _W.ALWAYS, _R.PARTICIPANT: _W.ALWAYS, _R.MENTOR_OF: _W.ALWAYS, _R.PROTEGE_OF: _W.ALWAYS}
        | {_R.LEAD: _W.AS_COUNT, _R.ASSESSOR: _W.WHILE_ASSIGNED},
        FieldClass.TALK: {_R.OWNER: _W.ALWAYS, _R.PARTICIPANT: _W.ALWAYS, _R.MENTOR_OF: _W.ALWAYS, _R.PROTEGE_OF: _W.ALWAYS},
        FieldClass.OWN: {_R.OWNER: _W.ALWAYS},
    }
)
"""Who sees a class, where its field says nothing else. Whoever is not named sees nothing."""

KEPT: Mapping[FieldClass, str] = MappingProxyType(
    {
        FieldClass.PUBLIC: "as_published",
        FieldClass.RECORD: "with_programme",
        FieldClass.EVIDENCE: "with_programme",
        FieldClass.FACTS: "with_programme",
        FieldClass.TALK: "until_destroyed",
        FieldClass.OWN: "until_owner_ends",
    }
)
"""How long a class is kept, as a code with words."""


def _gathered() -> dict[str, Field]:
    found: dict[str, Field] = {}
    for file in sorted(one.name for one in pkgutil.iter_modules(held.__path__)):
        for one in getattr(importlib.import_module(f"{held.__name__}.{file}"), "FIELDS", ()):
            if one.name in found:
                raise ValueError(f"{one.name} stands twice")
            found[one.name] = one
    return found


FIELDS: Mapping[str, Field] = MappingProxyType(_gathered())
"""Everything that is held about people, by its name."""


def condition(field: Field | str, relation: Relation) -> When:
    """When a reader who stands so sees a field. KeyError for a name that is none.

    A manager, another organisation and whoever is outside are let in to public fields alone, and nobody but its owner and who takes part is
    let in to what is sealed, whatever the field says.
    """
    one = FIELDS[field] if isinstance(field, str) else field
    readers = READERS[one.fclass]
    if (one.fclass is not FieldClass.PUBLIC and relation in SHUT) or (one.sealed and relation not in readers):
        return When.NEVER
    return one.seen.get(relation, readers.get(relation, When.NEVER))


def sees(field: Field | str, relation: Relation, *, released: bool = False, assigned: bool = False) -> bool:
    """Whether a reader who stands so may read a field now. A count shows nothing of what it counts."""
    said = condition(field, relation)
    return (
        said is When.ALWAYS
        or (said is When.AFTER_RELEASE and released)
        or (said is When.WHILE_ASSIGNED and assigned)
    )


def who(field: Field | str) -> tuple[Relation, ...]:
    """The relations that see something of a field, in the order of ``Relation``."""
    return tuple(one for one in Relation if condition(field, one) is not When.NEVER)


def kept(field: Field | str) -> str:
    """How long a field is kept, as a code."""
    return KEPT[(FIELDS[field] if isinstance(field, str) else field).fclass]


def columns() -> Iterator[tuple[str, Field]]:
    """(``table.column``, its field) of every column that holds something of people."""
    return ((column, one) for one in FIELDS.values() for column in one.columns)
