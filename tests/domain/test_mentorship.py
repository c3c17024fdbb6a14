# SPDX-License-Identifier: Apache-2.0
"""Who may be in a pair or group, what can become of a session, and whose session an observation is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_mentoring.domain import mentorship as rules
from lti_mentoring.domain.mentorship import CO_MENTOR, FACILITATOR, GROUP, KINDS, LEADING, MENTOR, ONE_TO_ONE, PROTEGE
from lti_mentoring.domain.rule import RuleBroken

PAIR = (("m", MENTOR), ("p", PROTEGE))
AT = datetime(2026, 12, 1, 14, 0, tzinfo=UTC)
BEFORE, LATER = AT - timedelta(seconds=1), AT + timedelta(hours=1)

seats = st.lists(st.tuples(st.sampled_from("abcdefghijklmnop"), st.sampled_from((*LEADING, PROTEGE))), max_size=16)


def group(size: int) -> tuple[tuple[str, str], ...]:
    return (("f", FACILITATOR), *((f"p{number}", PROTEGE) for number in range(size)))


def test_a_pair_is_a_mentor_and_a_protege_with_a_co_mentor_perhaps():
    rules.check(ONE_TO_ONE, PAIR)
    rules.check(ONE_TO_ONE, (*PAIR, ("c", CO_MENTOR)))


@pytest.mark.parametrize("size", [2, 12])
def test_a_group_has_two_to_twelve_proteges(size):
    rules.check(GROUP, group(size))


@pytest.mark.parametrize(
    ("kind", "members", "code"),
    [
        (ONE_TO_ONE, (("m", MENTOR), ("m", PROTEGE)), "mentor_and_protege"),
        (ONE_TO_ONE, (*PAIR, ("p", CO_MENTOR)), "mentor_and_protege"),
        (ONE_TO_ONE, (*PAIR, ("m", CO_MENTOR)), "member_twice"),
        (GROUP, (*group(2), ("p0", PROTEGE)), "member_twice"),
        (ONE_TO_ONE, (("p", PROTEGE),), "mentor_missing"),
        (ONE_TO_ONE, (("f", FACILITATOR), ("p", PROTEGE)), "mentor_missing"),
        (GROUP, (("m", MENTOR), ("p", PROTEGE), ("q", PROTEGE)), "mentor_missing"),
        (ONE_TO_ONE, (("m", MENTOR),), "protege_missing"),
        (ONE_TO_ONE, (*PAIR, ("q", PROTEGE)), "protege_missing"),
        (GROUP, group(1), "group_size"),
        (GROUP, group(13), "group_size"),
        ("triad", PAIR, "mentorship_kind"),
    ],
)
def test_what_is_no_pair_and_no_group_is_refused_with_its_reason(kind, members, code):
    with pytest.raises(RuleBroken, match=code):
        rules.check(kind, members)


@given(st.sampled_from(KINDS), seats)
def test_whatever_is_let_through_keeps_i2(kind, members):
    try:
        rules.check(kind, members)
    except RuleBroken:
        return
    proteges = [person for person, role in members if role == PROTEGE]
    leading = [person for person, role in members if role != PROTEGE]
    assert not set(proteges) & set(leading)
    assert len({*proteges, *leading}) == len(members)
    assert 2 <= len(proteges) <= 12 if kind == GROUP else len(proteges) == 1


# --- sessions ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["hold", "miss"])
def test_nothing_is_said_of_how_a_session_went_before_it_has_begun(verb):
    with pytest.raises(RuleBroken, match="session_ahead"):
        rules.after("planned", verb, starts_at=AT, now=BEFORE)
    assert rules.after("planned", verb, starts_at=AT, now=AT) in ("held", "no_show")


def test_what_was_called_off_stays_so_and_what_was_written_down_wrongly_is_set_right():
    for verb in ("change", "hold", "miss", "cancel", "plan"):
        with pytest.raises(RuleBroken, match="session_closed"):
            rules.after("cancelled", verb, starts_at=AT, now=LATER)
    assert rules.after("no_show", "hold", starts_at=AT, now=LATER) == "held"
    assert rules.after("held", "miss", starts_at=AT, now=LATER) == "no_show"


@given(st.lists(st.sampled_from(("change", "hold", "miss", "cancel")), max_size=12), st.sampled_from((BEFORE, LATER)))
def test_what_a_page_offers_is_what_can_be_done(acts, now):
    state = rules.after("new", "plan", starts_at=AT, now=now)
    for verb in acts:
        offered = rules.verbs(state, starts_at=AT, now=now)
        try:
            state = rules.after(state, verb, starts_at=AT, now=now)
        except RuleBroken:
            assert verb not in offered
        else:
            assert verb in offered
    assert now is LATER or state in ("planned", "cancelled")


@pytest.mark.parametrize("minutes", [4, 481])
def test_a_session_lasts_minutes_and_not_days(minutes):
    with pytest.raises(RuleBroken, match="session_minutes"):
        rules.check_length(minutes)


# --- observed ---------------------------------------------------------------------------------------------------------------


def who(kind: str, members=PAIR, *, shape: str = ONE_TO_ONE, candidate: str = "m", mentor: str | None = None):
    return rules.observed(kind, shape, members, candidate_id=candidate, mentor_id=mentor)


def test_a_candidate_is_rated_alone_in_a_session_that_they_lead():
    assert who("independent") == rules.Observed(None, ("p",))
    for stranger in ("x", "p"):
        with pytest.raises(RuleBroken, match=r"session_of_candidate|session_watched"):
            who("independent", candidate=stranger)


def test_a_group_is_observed_as_a_group_and_a_pair_as_a_pair():
    assert who("group", group(2), shape=GROUP, candidate="f").proteges == ("p0", "p1")
    for kind, members, shape, candidate in (("group", PAIR, ONE_TO_ONE, "m"), ("independent", group(2), GROUP, "f")):
        with pytest.raises(RuleBroken, match="session_of_candidate"):
            who(kind, members, shape=shape, candidate=candidate)


def test_whoever_watches_is_not_of_the_pair_and_watches_one_who_leads_it():
    assert who("structured", candidate="x") == rules.Observed("m", ("p",))
    for changes in ({"candidate": "m"}, {"candidate": "p"}, {"candidate": "x", "mentor": "y"}):
        with pytest.raises(RuleBroken, match=r"session_watched|session_mentor"):
            who("structured", **changes)


def test_one_of_two_who_mentor_together_leads_the_pair():
    assert who("co", candidate="x").mentor_id == "m"
    assert who("co", candidate="m", mentor="y").mentor_id == "y"
    assert who("co", (*PAIR, ("c", CO_MENTOR)), candidate="c").mentor_id == "m"
    for changes in ({"candidate": "m"}, {"candidate": "m", "mentor": "m"}, {"candidate": "x", "mentor": "y"}):
        with pytest.raises(RuleBroken, match="session_mentor"):
            who("co", **changes)


def test_a_protege_is_called_by_initials_where_a_name_is_nobodys_business():
    assert rules.label_of(["Ada Quill", "Bo", "名 字", "—"]) == "A.Q., B., 名.字., –"
