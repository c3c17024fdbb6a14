# SPDX-License-Identifier: Apache-2.0
"""What a held field is: its class, where it stands, and who may see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class FieldClass(StrEnum):
    """The classes of docs/privacy.md; what is C4 or C5 is sealed wherever it stands."""

    PUBLIC = "C0"
    RECORD = "C1"
    EVIDENCE = "C2"
    FACTS = "C3"
    TALK = "C4"
    OWN = "C5"

    @property
    def sealed(self) -> bool:
        """Whether it is kept encrypted, so that a copy of the database shows nothing of it."""
        return self in (FieldClass.TALK, FieldClass.OWN)


class Relation(StrEnum):
    """How a reader stands to a record."""

    OWNER = "owner"
    """Whose words or data they are."""
    PARTICIPANT = "participant"
    """In that mentorship, or in the room of that session."""
    MENTOR_OF = "mentor_of"
    PROTEGE_OF = "protege_of"
    ASSESSOR = "assessor"
    SUBJECT = "subject"
    """The candidate whom it is about."""
    LEAD = "lead"
    """Coordinator or deputy of the course."""
    TRAINER = "trainer"
    REVIEWER = "reviewer"
    COLLEAGUE = "colleague"
    """Other staff of the course."""
    MEMBER = "member"
    """Everybody in the course: only what its owner has put where all of it look."""
    MANAGER = "manager"
    """In a line above its owner: sees nothing by that."""
    OUTSIDER = "outsider"
    """Of another course, or of this one and none of the above."""
    OTHER_TENANT = "other_tenant"
    LMS = "lms"
    """What leaves for the gradebook."""
    PUBLIC = "public"
    OPERATOR = "operator"
    """The commands of whoever runs the tool."""


class When(StrEnum):
    """Under which condition something is seen."""

    ALWAYS = "always"
    AFTER_RELEASE = "after_release"
    AS_COUNT = "as_count"
    WHILE_ASSIGNED = "while_assigned"
    NEVER = "never"


ALWAYS, AFTER_RELEASE, AS_COUNT, WHILE_ASSIGNED, NEVER = When
SHUT = (Relation.MANAGER, Relation.OTHER_TENANT, Relation.OUTSIDER)
"""Never let in to anything but what is public, whatever a field says."""


@dataclass(frozen=True, slots=True)
class Field:
    """Something that is held: ``noun.word``, its class, the columns where it stands (``table.column``), and where its readers differ
    from those of its class."""

    name: str
    fclass: FieldClass
    columns: tuple[str, ...]
    seen: Mapping[Relation, When] = field(default_factory=dict)

    @property
    def sealed(self) -> bool:
        """Whether it is kept encrypted."""
        return self.fclass.sealed
