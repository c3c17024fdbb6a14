# SPDX-License-Identifier: Apache-2.0
"""What is drawn of competencies: each level that a session gave appears once, in its place; nothing is drawn where nothing was seen."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from lti_mentoring.domain import profile
from lti_mentoring.domain.profile import HIGH, Cell, Person, Session, Wanted
from lti_mentoring.domain.programme import Competency

KNOWN = tuple(Competency(f"MC{number}", f"Title {number}", number == 1) for number in range(1, 6))
LEVELS = st.sampled_from([Fraction(part, 6) for part in range(6, 25)])
MEANS = st.dictionaries(st.sampled_from([*(one.key for one in KNOWN), "OLD"]), LEVELS)
SESSIONS = st.lists(MEANS, max_size=9).map(
    lambda found: [Session(str(at), "independent", date(2026, 1, 1) + timedelta(at), "T.", means) for at, means in enumerate(found)]
)


@given(SESSIONS, LEVELS)
def test_every_level_of_every_session_is_drawn_once_and_no_other(sessions, bar):
    tracks = profile.tracks(KNOWN, bar, sessions)
    drawn = sorted((track.key, sessions[point.place].id, point.level) for track in tracks for point in track.points)
    assert drawn == sorted((key, session.id, level) for session in sessions for key, level in session.means.items())
    assert [track.key for track in tracks][: len(KNOWN)] == [one.key for one in KNOWN]
    for track in tracks:
        assert all(point.below == (point.level < bar) for point in track.points)
        assert len(track.pairs) == max(0, len(track.points) - 1)


@given(LEVELS, LEVELS, st.integers(1, 20))
def test_a_higher_level_stands_higher_and_everything_within_the_picture(one, other, count):
    assert (profile.up(one) < profile.up(other)) == (one > other and profile.up(one) != profile.up(other))
    assert 0 <= profile.up(one) <= HIGH
    places = [profile.across(place, count) for place in range(count)]
    assert places == sorted(places)
    assert all(0 <= place <= 100 for place in places)


@given(st.lists(LEVELS, min_size=1), LEVELS)
def test_a_cell_is_the_exact_mean_of_its_levels(levels, bar):
    cell = profile.cell(sum(levels, Fraction(0)), len(levels), bar)
    assert (cell.level * cell.of, cell.of) == (sum(levels), len(levels))
    assert cell.below == (cell.level < bar)
    assert profile.tone(cell) in (1, 2, 3, 4)
    assert profile.tone(Cell()) == 0


def test_people_are_found_by_part_of_their_name_without_accents_and_by_where_they_are_below():
    low, high = (profile.cell(Fraction(level), 1, Fraction(5, 2)) for level in (2, 3))
    rows = [Person("1", "Zoë Ámbar", {"MC1": low}), Person("2", "Anna", {"MC1": high}), Person("3", "Bea", {})]
    assert [one.id for one in profile.chosen(rows, Wanted())] == ["2", "3", "1"]
    assert [one.id for one in profile.chosen(rows, Wanted(q="amb"))] == ["1"]
    assert [one.id for one in profile.chosen(rows, Wanted(below="MC1"))] == ["1"]
    assert profile.below_by(rows, ["MC1", "MC2"]) == {"MC1": 1, "MC2": 0}
    assert Wanted(q="a", page=3).address() == {"q": "a"}
    assert Wanted(q="a").address(page=2) == {"q": "a", "page": 2}
