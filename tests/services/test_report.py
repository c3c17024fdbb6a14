# SPDX-License-Identifier: Apache-2.0
"""The released report, competencies over time, and the list of observations: from results that stand, and nothing of others before."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from sqlalchemy import select

from lti_mentoring.domain import listing as listing_rules
from lti_mentoring.domain import profile as profile_rules
from lti_mentoring.domain.reliability import Doubling
from lti_mentoring.domain.rule import NotFound
from lti_mentoring.services import founding, listing, observation, profile, releasing, report
from lti_mentoring.store import base
from lti_mentoring.store.conflict import ConflictWatch
from lti_mentoring.store.observation import EvidenceNote, Observation
from lti_mentoring.store.privacy import AuditEvent
from lti_mentoring.web.wording.report import HOW, METHODS
from support import doubled, opinions


@pytest.fixture
def cast(world):
    return {
        "candidate": world.person("F. Martins"),
        "other": world.person("S. Haddad"),
        "first": world.person("T. Lindqvist", "observer", standing="instructor"),
        "second": world.person("A. Brandt", "observer", standing="instructor"),
        "third": world.person("C. Costa", "observer", standing="instructor"),
        "lead": world.person("R. Okafor", "coordinator", standing="instructor"),
    }


def line_of(page, key):
    (found,) = [one for one in page.criteria if one.seen.criterion.key == key]
    return found


def by_two(world, cast, one, other, third=None):
    made = doubled.planned(world, cast["first"], "F. Martins")
    doubled.asked(made, cast["second"], from_notes=True)
    doubled.said(made, cast["first"], one, note="From the first.")
    doubled.said(made, cast["second"], other, note="From the second.")
    if third is not None:
        doubled.asked(made, cast["third"], "third", from_notes=True)
        doubled.said(made, cast["third"], third, note="From the third.")
    return made


def test_each_level_says_how_it_came_about(world, cast):
    made = by_two(world, cast, {"C3": 3, "C4": None, "C5": None}, {"C3": 4, "C4": None, "C5": 4})
    page = report.report(actor=cast["candidate"], observation_id=made)
    told = {key: (line_of(page, key).seen.level, line_of(page, key).seen.how) for key in ("C1", "C3", "C4", "C5")}
    assert told == {"C1": (3, "exact"), "C3": (Fraction(7, 2), "mean"), "C4": (None, "unobserved"), "C5": (4, "one_sided")}
    assert [one.text for one in line_of(page, "C1").notes] == ["From the first.", "From the second."]
    assert line_of(page, "C4").seen.reasons == ("No occasion for C4.",)
    assert page.strengths[0].seen.criterion.key == "C5"
    assert page.method == "mean"


def test_a_third_opinion_decides_and_the_candidate_learns_no_name_but_the_observers(world, cast):
    made = by_two(world, cast, {"C3": 1}, {"C3": 3}, {"C3": 2})
    page = report.report(actor=cast["candidate"], observation_id=made)
    assert (line_of(page, "C3").seen.level, line_of(page, "C3").seen.how, page.method) == (2, "median", "adjudicated")
    assert [(one.purpose, one.name) for one in page.voices] == [("first", "T. Lindqvist"), ("second", ""), ("third", "")]
    assert [one.seen.criterion.key for one in page.short] == ["C3"]
    assert (page.short[0].seen.next, page.short[0].seen.criterion.anchors[2]) == (3, line_of(page, "C3").seen.criterion.anchors[2])
    lead = report.report(actor=cast["lead"], observation_id=made)
    assert [one.name for one in lead.voices] == ["T. Lindqvist", "A. Brandt", "C. Costa"]


def test_where_nobody_can_give_a_third_opinion_the_report_says_that_the_lower_level_stands(world, cast):
    opinions.under(world, doubling=Doubling(first=False, percent=0, near_hundredths=0, critical=False, new_ratings=0, where_possible=True))
    opinions.manages(cast["third"], cast["candidate"])
    made = by_two(world, cast, {"C2": 4, "C3": 1}, {"C3": 3})
    page = report.report(actor=cast["candidate"], observation_id=made)
    assert (line_of(page, "C3").seen.level, line_of(page, "C3").seen.how, page.method) == (1, "lower", "lowered")
    assert (line_of(page, "C2").seen.level, line_of(page, "C2").seen.how) == (Fraction(7, 2), "mean")
    assert [one.purpose for one in page.voices] == ["first", "second"]
    assert (page.method in METHODS, "lower" in HOW) == (True, True), "each has words of its own"


def test_until_the_result_stands_nobody_reads_it_and_afterwards_every_rater_does(world, cast):
    made = doubled.planned(world, cast["first"], "F. Martins")
    doubled.asked(made, cast["second"])
    doubled.said(made, cast["first"])
    for who in ("candidate", "first", "second", "lead"):
        with pytest.raises(NotFound, match="observation_not_released"):
            report.report(actor=cast[who], observation_id=made)
    assert profile.own(actor=cast["candidate"]).sessions == ()
    assert [one.cells for one in profile.cohort(actor=cast["lead"], wanted=profile_rules.Wanted()).rows] == [{}, {}]
    doubled.said(made, cast["second"])
    assert report.report(actor=cast["second"], observation_id=made).observer == "T. Lindqvist"
    for who in ("other", "third"):
        with pytest.raises(NotFound) as refused:
            report.report(actor=cast[who], observation_id=made)
        assert refused.value.code == "observation"


def test_both_sides_of_a_session_that_two_led_stand_beside_each_other(world, cast):
    made = doubled.planned(world, cast["first"], "F. Martins")
    doubled.asked(made, cast["candidate"], "self")
    doubled.said(made, cast["first"], level=3)
    doubled.said(made, cast["candidate"], level=4)
    page = report.report(actor=cast["candidate"], observation_id=made)
    assert {(one.seen.level, one.seen.own.level) for one in page.criteria} == {(3, 4)}
    assert [one.purpose for one in page.voices] == ["first"]


def test_of_a_struck_line_only_that_it_was_is_left(world, cast):
    made = doubled.planned(world, cast["first"], "F. Martins")
    doubled.said(made, cast["first"], note="What the protégé told.")
    with base.transactional() as session:
        row = session.scalars(select(EvidenceNote)).one()
        row.text, row.struck_at = "", base.now()
    page = report.report(actor=cast["candidate"], observation_id=made)
    assert {(note.text, note.struck) for one in page.criteria for note in one.notes} == {("", True)}


def test_a_report_says_that_its_observer_was_a_founding_mentor_then(world, cast):
    before = doubled.planned(world, cast["first"], "F. Martins")
    doubled.said(before, cast["first"])
    named = founding.name(actor=cast["lead"], person_id=cast["first"].person_id, reason="Ten years a mentor.")
    founding.sign(actor=cast["second"], founding_id=named)
    after = doubled.planned(world, cast["first"], "F. Martins")
    doubled.said(after, cast["first"])
    founding.end(actor=cast["lead"], founding_id=named)
    read = {made: report.report(actor=cast["candidate"], observation_id=made).founding for made in (before, after)}
    assert read == {before: False, after: True}


def test_taking_a_report_away_stands_in_the_record(world, cast):
    made = doubled.planned(world, cast["first"], "F. Martins")
    doubled.said(made, cast["first"])
    report.take_away(actor=cast["candidate"], observation_id=made)
    assert base.session().scalars(select(AuditEvent.object_id).where(AuditEvent.verb == "export")).all() == [made]


# --- competencies over time -----------------------------------------------------------------------------------------------------


def test_competencies_are_drawn_session_by_session(world, cast):
    for day, level in ((date(2026, 10, 1), 2), (date(2026, 11, 1), 4)):
        doubled.said(doubled.planned(world, cast["first"], "F. Martins", day=day), cast["first"], level=level)
    page = profile.own(actor=cast["candidate"])
    assert [[(one.level, one.below) for one in track.points] for track in page.seen] == [[(2, True), (4, False)]] * len(page.seen)
    assert (page.below, page.mine) == ((), True)
    theirs = profile.of_candidate(actor=cast["lead"], candidacy_id=world.candidacy_id("F. Martins"))
    assert (theirs.name, theirs.mine, theirs.tracks) == ("F. Martins", False, page.tracks)


def test_the_heat_map_holds_the_exact_mean_of_all_released_levels(world, cast):
    for level in (2, 3, 3):
        doubled.said(doubled.planned(world, cast["first"], "F. Martins"), cast["first"], level=level)
    page = profile.cohort(actor=cast["lead"], wanted=profile_rules.Wanted())
    (martins, haddad) = page.rows
    assert {(cell.level, cell.below) for cell in martins.cells.values()} == {(Fraction(8, 3), False)}
    assert haddad.cell("MC1").level is None
    assert (page.observed, page.people, sum(page.below.values())) == (1, 2, 0)
    assert profile.cohort(actor=cast["lead"], wanted=profile_rules.Wanted(kind="co")).observed == 0
    _, rows = profile.export(actor=cast["lead"], wanted=profile_rules.Wanted(q="haddad"))
    assert [one.name for one in rows] == ["S. Haddad"]


def test_what_is_held_again_after_its_release_is_in_no_heat_map(world, cast):
    made = doubled.planned(world, cast["first"], "F. Martins")
    doubled.said(made, cast["first"])
    with base.transactional() as session:
        held = select(ConflictWatch).where(ConflictWatch.about_kind == "observation", ConflictWatch.about_id == made)
        session.scalars(held).one().verdict = "needs_override"
    assert profile.cohort(actor=cast["lead"], wanted=profile_rules.Wanted()).observed == 0
    assert not any(row.cells for row in profile.export(actor=cast["lead"], wanted=profile_rules.Wanted())[1])


# --- the list -----------------------------------------------------------------------------------------------------------------------


def test_the_list_says_what_a_result_waits_for_and_to_its_rater_only_that_something_is_open(world, cast):
    both = world.person("Leads and rates", "coordinator", "observer", standing="instructor")
    made = doubled.planned(world, both, "F. Martins")
    doubled.asked(made, cast["second"])
    doubled.said(made, both)
    told = {}
    for name, who in (("lead", cast["lead"]), ("both", both)):
        (row,) = listing.page(actor=who, wanted=listing_rules.Wanted()).rows
        told[name] = [one.code for one in row.holds]
    assert told == {"lead": ["second"], "both": ["open"]}
    assert listing.page(actor=cast["lead"], wanted=listing_rules.Wanted(hold="second")).found == 1
    assert listing.page(actor=both, wanted=listing_rules.Wanted(hold="second")).found == 0
    assert [one.code for one in listing.export(actor=both, wanted=listing_rules.Wanted())[0].holds] == ["open"]


def test_what_the_list_says_holds_a_result_is_what_holds_it(world, cast):
    """The list works holds out for many at once; they are those of one."""
    made = by_two(world, cast, {"C3": 1}, {"C3": 4})
    row = base.session().get_one(Observation, (base.current_tenant(), made))
    (listed,) = listing.page(actor=cast["lead"], wanted=listing_rules.Wanted()).rows
    assert listed.holds == releasing.holds(base.session(), row) != ()


def test_the_list_is_filtered_and_paged_by_its_address(world, cast, monkeypatch):
    early = doubled.planned(world, cast["first"], "F. Martins", day=date(2026, 10, 1))
    late = doubled.planned(world, cast["second"], "S. Haddad", day=date(2026, 11, 1))
    doubled.said(early, cast["first"])
    monkeypatch.setattr("lti_mentoring.domain.board.PER_PAGE", 1)
    lead = cast["lead"]

    def shown(**asked):
        return [one.id for one in listing.page(actor=lead, wanted=listing_rules.Wanted(**asked)).rows]

    assert (shown(), shown(page=2), shown(page=9), shown(sort="oldest")) == ([late], [early], [early], [early])
    assert shown(q="hadd") == shown(observer=cast["second"].person_id) == shown(state="planned") == [late]
    assert shown(state="released", kind="independent") == [early]
    assert shown(kind="co") == shown(q="%") == []
    found = listing.page(actor=lead, wanted=listing_rules.Wanted(q="hadd"))
    assert (found.found, found.of) == (1, 2)
    assert [name for _, name in found.observers] == ["A. Brandt", "T. Lindqvist"]
    assert observation.queue(actor=cast["second"]).total == 1
