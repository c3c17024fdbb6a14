# SPDX-License-Identifier: Apache-2.0
"""What a notice may hold, who gets a mail of it, and which week a digest is of."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_mentoring.domain import notification as rules
from lti_mentoring.domain.notification import ALL, AT_ONCE, CHOICES, FAMILIES, KINDS, OFF, WEEKLY

chosen_of = st.dictionaries(st.sampled_from((*FAMILIES, ALL)), st.sampled_from(CHOICES))
codes = st.sampled_from(sorted(KINDS))


def test_a_notice_keeps_days_numbers_and_codes() -> None:
    kept = rules.checked("observation_planned", {"planned_for": date(2026, 12, 1)})
    assert kept == {"planned_for": "2026-12-01"}
    assert rules.as_said(kept) == {"planned_for": date(2026, 12, 1)}
    assert rules.checked("training_open", {"module": "M1"}) == {"module": "M1"}
    assert rules.checked("grades_stuck", {"count": 3}) == {"count": 3}


@pytest.mark.parametrize("words", ["She was late again", "", "a\nb", "x" * 61, 1.5, None, True, ["M1"]])
def test_a_notice_never_holds_somebodys_words(words: object) -> None:
    with pytest.raises(ValueError, match="module"):
        rules.checked("training_open", {"module": words})


def test_a_fact_that_a_kind_does_not_have_is_a_mistake_and_so_is_a_kind_that_is_none() -> None:
    with pytest.raises(ValueError, match="rating"):
        rules.checked("observation_released", {"rating": 3})
    with pytest.raises(KeyError):
        rules.checked("gossip", {})


@given(codes, chosen_of, st.booleans())
def test_mail_goes_only_to_whom_something_waits_for_and_who_wants_it_at_once(code: str, chosen: dict[str, str], leads: bool) -> None:
    sent = rules.mailed(code, chosen, leads=leads)
    assert not sent or KINDS[code].waits
    assert not sent or rules.choice(KINDS[code].family, chosen, leads=leads) == AT_ONCE
    assert not (sent and code in rules.weekly(chosen, leads=leads))


def test_by_default_what_waits_is_mailed_and_who_leads_gets_a_digest() -> None:
    assert rules.mailed("observation_planned", {}, leads=False)
    assert not rules.mailed("observation_planned", {}, leads=True)
    assert rules.weekly({}, leads=True) == frozenset(KINDS)
    assert rules.weekly({}, leads=False) == frozenset()


@given(codes, st.booleans())
def test_who_ended_all_mails_gets_none_of_a_family_that_a_later_release_brings(code: str, leads: bool) -> None:
    assert not rules.mailed(code, {ALL: OFF}, leads=leads)
    assert rules.weekly({ALL: OFF}, leads=leads) == frozenset()
    assert rules.choice("mentoring", {**dict.fromkeys(FAMILIES, OFF), ALL: OFF}, leads=leads) == OFF


@given(st.floats(0, 4e9))
def test_every_moment_has_one_digest_of_seven_whole_days_that_are_over(seconds: float) -> None:
    now = datetime.fromtimestamp(seconds, UTC)
    week = rules.digest_week(now)
    assert week.until - week.since == timedelta(days=7)
    assert week.until.weekday() == 0
    assert week.until + rules.DIGEST_AT <= now < week.until + rules.DIGEST_AT + timedelta(days=7)
    assert rules.week_named(week.name) == week


def test_a_year_ends_where_its_last_iso_week_ends() -> None:
    assert rules.digest_week(datetime(2027, 1, 1, 12, tzinfo=UTC)).name == "2026-W53"
    assert rules.digest_week(datetime(2027, 1, 4, 5, tzinfo=UTC)).name == "2026-W53"
    assert rules.digest_week(datetime(2027, 1, 4, 6, tzinfo=UTC)).name == "2027-W01"
    assert WEEKLY in CHOICES
