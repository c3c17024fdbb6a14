# SPDX-License-Identifier: Apache-2.0
"""What is written and judged where a session is observed, and what people in the room said."""

from __future__ import annotations

from lti_mentoring.domain.held.kind import AFTER_RELEASE, ALWAYS, NEVER, Field, FieldClass, Relation

_IN_THE_ROOM = {Relation.PARTICIPANT: ALWAYS}
_PLAN = {Relation.ASSESSOR: ALWAYS, Relation.LEAD: ALWAYS}

FIELDS = (
    Field("observation.evidence", FieldClass.EVIDENCE, ("evidence_note.text",), _IN_THE_ROOM),
    Field("observation.tally", FieldClass.EVIDENCE, ("field_device.counts", "field_device.pauses"), {Relation.LEAD: NEVER}),
    Field("observation.protege", FieldClass.FACTS, ("observation.protege_label", "participant.said_name"), _PLAN),
    Field("observation.place", FieldClass.FACTS, ("observation.place",), {**_PLAN, Relation.SUBJECT: ALWAYS}),
    Field("observation.account", FieldClass.EVIDENCE, ("handing_in.account",), {**_IN_THE_ROOM, Relation.SUBJECT: ALWAYS}),
    Field("rating.reason", FieldClass.EVIDENCE, ("criterion_rating.reason", "submitted_rating.said")),
    Field("rating.level", FieldClass.EVIDENCE, ("criterion_rating.level",)),
    Field("rating.correction", FieldClass.EVIDENCE, ("assessment.why", "submitted_rating.why"), {Relation.SUBJECT: AFTER_RELEASE}),
    Field("consent.answer", FieldClass.RECORD, ("participant.consent",), {Relation.LEAD: NEVER, Relation.SUBJECT: NEVER}),
    Field(
        "joint_plan.text",
        FieldClass.FACTS,
        ("session_plan.purpose", "session_plan.opening", "session_plan.roles", "session_plan.closing"),
        {Relation.LEAD: NEVER, Relation.ASSESSOR: ALWAYS, Relation.PROTEGE_OF: NEVER},
    ),
)
