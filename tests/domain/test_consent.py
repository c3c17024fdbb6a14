# SPDX-License-Identifier: Apache-2.0
"""Consent of who is in the room: an answer can change at any time, one no is enough, and what is taken back is taken back once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_mentoring.domain import consent, guest
from lti_mentoring.domain.consent import AGREE, ASKED, GRANTED, MOVED, MOVES, REFUSE, REFUSED, WITHDRAWN
from lti_mentoring.domain.observation import MOVES as STATES
from lti_mentoring.domain.observation import Rating
from lti_mentoring.domain.rule import RuleBroken

OBSERVED = sorted({move.to for move in STATES})
ANSWERS = (ASKED, GRANTED, REFUSED, WITHDRAWN)
NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)


def test_every_answer_can_be_given_from_every_other() -> None:
    assert set(MOVES) == {(answer, verb) for answer in ANSWERS for verb in (AGREE, REFUSE, MOVED)}
    assert {to for (_, verb), to in MOVES.items() if verb != MOVED} == {GRANTED, REFUSED, WITHDRAWN}


def test_a_yes_is_for_one_day_and_place_and_a_no_stays() -> None:
    assert {before: to for (before, verb), to in MOVES.items() if verb == MOVED and to != before} == {GRANTED: ASKED}


@given(st.lists(st.sampled_from((AGREE, REFUSE)), max_size=12), st.sampled_from(consent.OPEN))
def test_the_last_word_counts_and_words_go_with_every_no_that_follows_none(said: list[str], state: str) -> None:
    now, taken = ASKED, 0
    for verb in said:
        after = consent.after(now, verb, state)
        taken += consent.takes_back(now, after)
        now = after
    assert (now == GRANTED) == (bool(said) and said[-1] == AGREE)
    fell = sum(one != REFUSE and other == REFUSE for one, other in pairwise(["", *said]))
    assert taken == fell


@given(st.sampled_from(ANSWERS), st.sampled_from(OBSERVED))
def test_a_no_is_never_too_late_and_a_yes_is_once_it_is_over(before: str, state: str) -> None:
    assert consent.after(before, REFUSE, state) in (REFUSED, WITHDRAWN)
    if state in consent.OPEN or before == GRANTED:
        assert consent.after(before, AGREE, state) == GRANTED
    else:
        with pytest.raises(RuleBroken, match="consent_closed"):
            consent.after(before, AGREE, state)


@given(st.lists(st.sampled_from(ANSWERS), max_size=6), st.booleans())
def test_it_stands_only_if_everybody_who_was_asked_agrees(answers: list[str], word: bool) -> None:
    assert consent.stands(answers, word) == (set(answers) == {GRANTED} if answers else word)


@given(
    st.dictionaries(st.sampled_from("abcd"), st.tuples(st.integers(1, 4), st.sets(st.sampled_from("xyz")))), st.sets(st.sampled_from("xyz"))
)
def test_a_level_above_one_falls_when_all_that_it_rested_on_is_struck(said: dict[str, tuple[int, set[str]]], struck: set[str]) -> None:
    ratings = {key: Rating(key, level, note_ids=tuple(sorted(notes))) for key, (level, notes) in said.items()}
    fallen = set(consent.fallen(ratings, struck))
    assert fallen == {key for key, (level, notes) in said.items() if level > 1 and notes <= struck}


@given(
    spent=st.none() | st.integers(0, 23),
    revoked=st.none() | st.integers(0, 400),
    at=st.integers(0, 500),
    purpose=st.sampled_from(guest.PURPOSES),
    wanted=st.sampled_from((*guest.PURPOSES, guest.NOTES)),
)
def test_a_link_opens_its_own_purpose_while_it_lives_and_notes_for_two_weeks(
    spent: int | None, revoked: int | None, at: int, purpose: str, wanted: str
) -> None:
    def hour(number: int | None) -> datetime | None:
        return NOW + timedelta(hours=number) if number is not None else None

    taken_back = revoked if revoked is not None and revoked <= at else None
    opened = spent if spent is not None and spent <= at else None
    link = guest.Link(purpose, NOW + guest.LIVES, hour(opened), hour(taken_back), hour(opened + 24 if opened is not None else None))
    moment = NOW + timedelta(hours=at)
    opens = guest.opens(link, wanted, moment)
    if opened is None:
        assert not opens
    elif wanted == guest.NOTES:
        assert opens == (purpose == guest.FIELD and at < opened + 14 * 24)
    else:
        assert opens == (purpose == wanted and taken_back is None and at < opened + 24)
    assert (guest.refusal(link, moment) == "") == (opened is None and taken_back is None and at < 24)
