# SPDX-License-Identifier: Apache-2.0
"""What people ask of their own data, and why it may have to stay."""

from __future__ import annotations

from lti_mentoring.domain.held.kind import ALWAYS, NEVER, Field, FieldClass, Relation

_OPERATORS = dict.fromkeys((Relation.OWNER, Relation.SUBJECT, Relation.LEAD), NEVER) | {Relation.OPERATOR: ALWAYS}

FIELDS = (
    Field("copy.body", FieldClass.OWN, ("privacy_copy.body_sealed",)),
    Field("concern.words", FieldClass.TALK, ("concern.words_sealed",), dict.fromkeys((Relation.MENTOR_OF, Relation.PROTEGE_OF), NEVER)),
    Field("hold.reason", FieldClass.RECORD, ("legal_hold.reason",), _OPERATORS),
)
