# SPDX-License-Identifier: Apache-2.0
"""What leaves for the gradebook, and what an LMS or a mail server answered about it."""

from __future__ import annotations

from lti_mentoring.domain.held.kind import ALWAYS, Field, FieldClass, Relation

FIELDS = (
    Field(
        "grade.value",
        FieldClass.RECORD,
        ("score_publication.given", "score_publication.lms_given", "score_publication.taken_given"),
        {Relation.LMS: ALWAYS},
    ),
    Field("grade.fault", FieldClass.RECORD, ("score_publication.words", "reconciliation.words", "roster_sync.words", "mail.words")),
)
