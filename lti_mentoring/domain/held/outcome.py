# SPDX-License-Identifier: Apache-2.0
"""What is held of outcomes."""

from __future__ import annotations

from lti_mentoring.domain.held.kind import AS_COUNT, NEVER, Field, FieldClass, Relation

FIELDS = (
    Field(
        "outcome.measure",
        FieldClass.FACTS,
        ("outcome_measure.baseline", "outcome_measure.target", "outcome_reading.value"),
        {Relation.LEAD: AS_COUNT, Relation.ASSESSOR: NEVER},
    ),
)
