# SPDX-License-Identifier: Apache-2.0
"""What candidates write and answer while they train, and the help that they ask for."""

from __future__ import annotations

from lti_mentoring.domain.held.kind import ALWAYS, NEVER, WHILE_ASSIGNED, Field, FieldClass, Relation

_ALONE = {Relation.LEAD: NEVER, Relation.SUBJECT: NEVER}
_TRAINERS = {Relation.TRAINER: ALWAYS}
_HELPERS = {Relation.TRAINER: WHILE_ASSIGNED}

FIELDS = (
    Field("check.answer", FieldClass.RECORD, ("check_answer.answer",), _ALONE),
    Field("check.result", FieldClass.RECORD, ("check_attempt.result",)),
    Field("calibration.levels", FieldClass.RECORD, ("calibration_attempt.levels",), _ALONE),
    Field("practice.text", FieldClass.RECORD, ("practice_submission.text",), _TRAINERS),
    Field("practice.feedback", FieldClass.RECORD, ("practice_submission.feedback", "practice_mark.reason"), _TRAINERS),
    Field(
        "recognition.claim",
        FieldClass.RECORD,
        ("recognition.what", "recognition.place", "recognition.period", "recognition.evidence", "recognition_voice.reason"),
        _TRAINERS,
    ),
    Field("help.text", FieldClass.RECORD, ("assistance_request.text",), _HELPERS),
    Field("help.outcome", FieldClass.RECORD, ("assistance_contact.outcome",), _HELPERS),
    Field("moving.reason", FieldClass.RECORD, ("candidacy_move.reason",)),
)
