# SPDX-License-Identifier: Apache-2.0
"""What people ask of their own data, and why it may have to stay."""

from __future__ import annotations

from lti_mentoring.domain.held.kind import NEVER, Field, FieldClass, Relation

FIELDS = (
    Field("copy.body", FieldClass.OWN, ("privacy_copy.body_sealed",)),
    Field("concern.words", FieldClass.OWN, ("concern.words_sealed",)),
    Field("hold.reason", FieldClass.RECORD, ("legal_hold.reason",), {Relation.LEAD: NEVER}),
)
