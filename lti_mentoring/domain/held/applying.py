# SPDX-License-Identifier: Apache-2.0
"""What people write to come into a programme, what others write of them, and what is decided."""

from __future__ import annotations

from lti_mentoring.domain.held.kind import ALWAYS, NEVER, WHILE_ASSIGNED, Field, FieldClass, Relation

_DOSSIER = {Relation.REVIEWER: WHILE_ASSIGNED}
_OF_THEM = {Relation.SUBJECT: NEVER, Relation.REVIEWER: WHILE_ASSIGNED}
"""What a referee or a reviewer writes is not shown to the applicant."""

FIELDS = (
    Field("application.answers", FieldClass.RECORD, ("application.answers", "application_snapshot.body"), _DOSSIER),
    Field("application.lines", FieldClass.RECORD, ("application.declared",)),
    Field("application.asked", FieldClass.RECORD, ("application.asked", "application_event.words"), _DOSSIER),
    Field("reference.referee", FieldClass.RECORD, ("reference.name", "reference.email", "reference.relation"), _DOSSIER),
    Field("reference.text", FieldClass.RECORD, ("reference.text",), _OF_THEM),
    Field("review.ground", FieldClass.RECORD, ("application_review.marks",), _OF_THEM),
    Field("selection.why", FieldClass.RECORD, ("recorded_selection.decided_by", "recorded_selection.why"), {Relation.SUBJECT: NEVER}),
    Field("founding.reason", FieldClass.RECORD, ("founding_mentor.reason",), dict.fromkeys((Relation.TRAINER, Relation.COLLEAGUE), ALWAYS)),
)
