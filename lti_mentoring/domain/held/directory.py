# SPDX-License-Identifier: Apache-2.0
"""The directory of mentors: what somebody says of themself so that everybody in the course finds them."""

from __future__ import annotations

from lti_mentoring.domain.held.kind import ALWAYS, Field, FieldClass, Relation

FIELDS = (
    Field(
        "entry.text",
        FieldClass.RECORD,
        tuple(f"mentor_entry.{one}" for one in ("areas", "own", "languages", "meets", "about", "marks", "folded")),
        {Relation.MEMBER: ALWAYS},
    ),
)
