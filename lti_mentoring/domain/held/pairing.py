# SPDX-License-Identifier: Apache-2.0
"""Pairs and groups: that somebody meets somebody, when and where. Never what is said."""

from __future__ import annotations

from lti_mentoring.domain.held.kind import ALWAYS, Field, FieldClass, Relation

_MADE_BY_LEADS = {Relation.LEAD: ALWAYS}

FIELDS = (
    Field("pair.label", FieldClass.FACTS, ("mentorship.label", "mentorship_member.said_name"), _MADE_BY_LEADS),
    Field("session.place", FieldClass.FACTS, ("mentoring_session.place",), _MADE_BY_LEADS),
)
