# SPDX-License-Identifier: Apache-2.0
"""Who reads a note, and that nothing that was typed is ever lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.domain.talk import LONGEST_NOTE, Note, check_open, reads, written

PEOPLE = st.sampled_from(["a", "b", "c"])


@given(author=PEOPLE, reader=PEOPLE, shared=st.booleans(), inside=st.booleans())
def test_a_note_is_its_authors_and_beyond_them_of_nobody_outside_or_unasked(author, reader, shared, inside):
    seen = reads(Note(author, "x", shared, 1), reader, inside=inside)
    assert seen == (reader == author or (shared and inside))


@given(writes=st.lists(st.tuples(st.integers(0, 1), st.sampled_from(["one", "two", "three"]), st.booleans()), max_size=12))
def test_two_tabs_never_put_words_in_place_of_others_that_they_have_not_seen(writes):
    note, seen = Note("a"), [(0, ""), (0, "")]
    for tab, text, shared in writes:
        now = written(note, text, known=seen[tab][0], shared=shared)
        if now is None:
            assert seen[tab][0] != note.revision
            seen[tab] = (note.revision, note.text)
        else:
            assert note.text in (text, seen[tab][1]) or seen[tab][0] == note.revision
            assert now.revision - note.revision in (0, 1)
            note, seen[tab] = now, (now.revision, now.text)


@pytest.mark.parametrize(("text", "code"), [("  \n", "note_empty"), ("x" * (LONGEST_NOTE + 1), "note_long")])
def test_what_is_no_note_is_refused(text, code):
    with pytest.raises(RuleBroken) as broken:
        written(Note("a"), text, known=0, shared=False)
    assert broken.value.code == code


def test_nothing_is_added_to_a_pair_that_is_over():
    check_open("active")
    check_open("paused")
    with pytest.raises(RuleBroken):
        check_open("ended")
