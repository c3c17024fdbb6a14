# SPDX-License-Identifier: Apache-2.0
"""Who somebody is: as the LMS says it, as they choose it, and to whom they report."""

from __future__ import annotations

from lti_mentoring.domain.held.kind import ALWAYS, NEVER, SHUT, Field, FieldClass, Relation, When

_NOT_BY_NAME = {*SHUT, Relation.LMS, Relation.PUBLIC}
_BY_NAME: dict[Relation, When] = {one: ALWAYS for one in Relation if one not in _NOT_BY_NAME}
_LMS_LIST = ("membership.lti_roles", "membership.lms_groups")

FIELDS = (
    Field("person.name", FieldClass.RECORD, ("person.name", "person.chosen_name"), _BY_NAME),
    Field("person.email", FieldClass.RECORD, ("person.email",)),
    Field("person.language", FieldClass.RECORD, ("person.locale",), {Relation.LEAD: NEVER}),
    Field("person.lms", FieldClass.RECORD, ("identity.sub", *_LMS_LIST), {Relation.OPERATOR: ALWAYS}),
    Field("line.manager", FieldClass.RECORD, ("reporting_line.manager_name", "reporting_line.manager_email", "line_attestation.unit")),
    Field(
        "conflict.facts",
        FieldClass.RECORD,
        ("conflict_check.question", "conflict_check.findings", "conflict_check.facts", "conflict_watch.question"),
        {Relation.OWNER: NEVER, Relation.SUBJECT: NEVER},
    ),
    Field("exception.reason", FieldClass.RECORD, ("conflict_override.reason", "conflict_override.safeguards")),
)
