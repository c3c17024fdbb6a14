# SPDX-License-Identifier: Apache-2.0
"""What a pair says and keeps."""

from __future__ import annotations

from lti_mentoring.domain.held.kind import Field, FieldClass

FIELDS = (
    Field("note.text", FieldClass.TALK, ("note.sealed",)),
)
