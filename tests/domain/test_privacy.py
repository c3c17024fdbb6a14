# SPDX-License-Identifier: Apache-2.0
"""Who may see what is held: by class, by how the reader stands to it, and never by a line of power."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_mentoring.domain.privacy import FIELDS, Field, FieldClass, Relation, When, condition, sees, who

INSIDE = {Relation.OWNER, Relation.PARTICIPANT, Relation.MENTOR_OF, Relation.PROTEGE_OF}


@given(st.sampled_from(sorted(FieldClass)), st.dictionaries(st.sampled_from(sorted(Relation)), st.sampled_from(sorted(When))))
def test_no_field_can_open_itself_to_a_manager_or_its_talk_to_whoever_was_not_there(fclass: FieldClass, seen: dict[Relation, When]):
    field = Field("a.field", fclass, ("a.sealed",), seen)
    if fclass is not FieldClass.PUBLIC:
        assert not {Relation.MANAGER, Relation.OTHER_TENANT, Relation.OUTSIDER} & set(who(field))
    if fclass is FieldClass.TALK:
        assert set(who(field)) <= INSIDE
    if fclass is FieldClass.OWN:
        assert set(who(field)) <= {Relation.OWNER}


def test_conditions_open_what_they_say_and_no_more():
    assert not sees("observation.evidence", Relation.SUBJECT)
    assert sees("observation.evidence", Relation.SUBJECT, released=True)
    assert not sees("application.answers", Relation.REVIEWER, released=True)
    assert sees("application.answers", Relation.REVIEWER, assigned=True)
    counted = Field("session.minutes", FieldClass.FACTS, ())
    assert condition(counted, Relation.LEAD) is When.AS_COUNT
    assert not sees(counted, Relation.LEAD, released=True, assigned=True)


def test_the_gradebook_gets_a_grade_and_nothing_else():
    assert [name for name in FIELDS if condition(name, Relation.LMS) is not When.NEVER] == ["grade.value"]


def test_a_name_that_is_no_field_is_a_mistake_of_ours():
    with pytest.raises(KeyError):
        sees("goal.nothing", Relation.OWNER)
