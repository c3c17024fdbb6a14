# SPDX-License-Identifier: Apache-2.0
"""Every column that can hold somebody's words or data is a field of the visibility policy, or is known to hold none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import Babel
from sqlalchemy import JSON, String, Text

from lti_mentoring.domain.privacy import FIELDS, FieldClass, Relation, When, columns, condition, who
from lti_mentoring.store import base, tables
from lti_mentoring.web.wording.privacy import held_words, relation_words

ROOT = Path(__file__).parents[2]
CODE = 64
"""Text of at most so many letters holds ids, codes, hashes and days; whatever people type has more room."""

SHORT = {"person.locale", "participant.consent"}
"""Short, and about a person all the same."""

HOLD_NONE = {
    "the programme": """module_version.body programme_version.body rubric_version.body programme_draft.values programme_version.slug
        candidacy_move.difference""",
    "ids, codes, numbers and addresses": """application_event.reason erasure.counts tombstone_key.key_sealed
        talk_key.wrapped own_key.wrapped
        audit_event.facts audit_event.reason check_attempt.item_keys
        conflict_override.rules criterion_rating.note_ids identity.issuer notification.facts notification.endpoint notification.ids
        notification.once observation.helped_with observation.second_reasons observation.focus resolution.ratings""",
    "the course and its activities": """course.issuer course.scope course.context_id course.title course.label course_group.lms_id
        course_group.name placement.resource_link_id placement.title placement.item placement.lineitem_url placement.lineitems_url
        placement.own_lineitem_url placement.own_label placement.ags_scopes placement.memberships_url placement.groups_url
        roster_sync.next_url roster_sync.differences_url roster_sync.only_link""",
}
"""Wide columns of tenant tables that hold nobody's words or data, by what they hold instead."""


def wide() -> set[str]:
    """Every column of a tenant table in which words or whole records fit."""
    assert tables.ROOMS
    found = set()
    for name in base.tenant_tables():
        for column in base.Base.metadata.tables[name].c:
            roomy = isinstance(column.type, JSON | Text) or (isinstance(column.type, String) and (column.type.length or 0) > CODE)
            if roomy and not column.foreign_keys:
                found.add(f"{name}.{column.name}")
    return found


def test_every_column_of_words_is_in_exactly_one_field_or_holds_none():
    named = [column for column, _ in columns()]
    none = {one for several in HOLD_NONE.values() for one in several.split()}
    every = {f"{table.name}.{column.name}" for table in base.Base.metadata.tables.values() for column in table.c}
    assert sorted(named) == sorted(set(named)), "a column stands in two fields"
    assert none.isdisjoint(named)
    assert set(named) <= every, "a field names a column that is none"
    assert wide() - set(named) - none == set(), "say in domain/held what these hold, or here that they hold none"
    assert none - every == set()
    assert set(named) >= SHORT


def test_what_is_sealed_is_named_by_what_is_kept_of_it():
    for field in FIELDS.values():
        if field.sealed:
            assert all(re.search(r"sealed|cipher", column) for column in field.columns), field.name


def test_every_field_has_words_and_so_has_every_relation():
    app = Flask("words")
    Babel(app)
    with app.test_request_context():
        for field in FIELDS.values():
            assert held_words(field.name) != field.name, field.name
            for one in who(field):
                assert relation_words(one, condition(field, one))


def test_whatever_a_page_says_of_who_can_see_it_is_of_a_field():
    named = {one for file in (ROOT / "templates").rglob("*.html") for one in re.findall(r'who_sees\("([\w.]+)"\)', file.read_text("utf-8"))}
    assert named
    assert named <= set(FIELDS)


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_a_manager_another_organisation_and_the_outside_see_nothing_that_is_not_public(name: str):
    if FIELDS[name].fclass is not FieldClass.PUBLIC:
        for one in (Relation.MANAGER, Relation.OTHER_TENANT, Relation.OUTSIDER, Relation.PUBLIC):
            assert condition(name, one) is When.NEVER
