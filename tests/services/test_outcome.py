# SPDX-License-Identifier: Apache-2.0
"""Outcomes: read inside the pair alone, told beyond it of five people or more, said in an award case while its owner agrees."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from conftest import World
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.rule import NotAllowed, NotFound, RuleBroken
from lti_mentoring.services import outcome, outcome_report, outcome_statement
from lti_mentoring.store import base
from lti_mentoring.store.outcome import OutcomeFigure, OutcomeMeasure, OutcomeReading
from lti_mentoring.store.privacy import AuditEvent
from support.pairing import paired


class Cast:
    """A coordinator, a mentor who is a candidate, their protégé, an observer, and another pair."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.lead = world.person("R. Okafor", "coordinator", standing="instructor")
        self.mentor, self.learner = world.person("F. Martins"), world.person("Wen Zhang", standing="none")
        self.observer = world.person("T. Lindqvist", "observer", standing="instructor")
        self.other = world.person("Bo Lind", standing="none")
        self.pair = paired(self.lead, self.mentor.person_id, "Wen Zhang")
        self.other_pair = paired(self.lead, self.observer.person_id, "Bo Lind")

    def begun(self, **changes: Any) -> str:
        """A measure of the protégé's that began long ago."""
        made = base.new_id()
        given: dict[str, Any] = {"kind": "time", "baseline": 9.0, "target": 4.0, "horizon": 6}
        outcome.add(actor=self.learner, mentorship_id=self.pair, measure_id=made, **(given | changes))
        with base.transactional() as session:
            before = base.now().date() - timedelta(days=100)
            session.execute(update(OutcomeMeasure).where(OutcomeMeasure.id == made).values(started_on=before))
        return made

    def read(self, made: str, value: float, days_ago: int = 0) -> None:
        day = base.now().date() - timedelta(days=days_ago)
        outcome.read(actor=self.learner, mentorship_id=self.pair, measure_id=made, day=day, value=value)

    def agree(self, made: str, candidacy_id: str | None = None) -> None:
        mentoring = candidacy_id or self.world.candidacy_id("F. Martins")
        outcome.agree(actor=self.learner, mentorship_id=self.pair, measure_id=made, candidacy_id=mentoring)

    def said(self) -> list[tuple[str, bool, int]]:
        found = outcome_statement.for_candidacy(base.session(), self.world.candidacy_id("F. Martins"))
        return [(one.kind, one.moved, one.months) for one in found]


@pytest.fixture
def cast(world: World) -> Cast:
    return Cast(world)


def test_those_inside_read_a_measure_and_nobody_else_does(cast: Cast):
    made = cast.begun()
    cast.read(made, 7.0)
    for inside in (cast.learner, cast.mentor):
        (row,) = outcome.page(actor=inside, mentorship_id=cast.pair).measures
        assert (row.moved, row.readings[-1][1], row.mine) == (True, 7.0, inside is cast.learner)
    for outside in (cast.lead, cast.observer, cast.other):
        with pytest.raises(NotFound, match="mentorship"):
            outcome.page(actor=outside, mentorship_id=cast.pair)


def test_the_protege_alone_keeps_a_measure(cast: Cast):
    made = cast.begun()
    with pytest.raises(NotAllowed, match="outcome_protege"):
        outcome.add(
            actor=cast.mentor, mentorship_id=cast.pair, measure_id=base.new_id(), kind="time", baseline=1.0, target=2.0, horizon=3
        )
    for verb in (
        lambda: outcome.read(actor=cast.mentor, mentorship_id=cast.pair, measure_id=made, day=base.now().date(), value=1.0),
        lambda: outcome.withdraw(actor=cast.mentor, mentorship_id=cast.pair, measure_id=made),
        lambda: outcome.read(actor=cast.other, mentorship_id=cast.other_pair, measure_id=made, day=base.now().date(), value=1.0),
    ):
        with pytest.raises(NotFound, match="outcome"):
            verb()


def test_a_form_sent_twice_makes_one_and_a_day_has_one_reading(cast: Cast):
    made = cast.begun()
    outcome.add(actor=cast.learner, mentorship_id=cast.pair, measure_id=made, kind="time", baseline=9.0, target=4.0, horizon=6)
    for value in (8.0, 6.0):
        cast.read(made, value)
    (row,) = outcome.page(actor=cast.learner, mentorship_id=cast.pair).measures
    assert [value for _, value in row.readings] == [9.0, 6.0]
    with pytest.raises(RuleBroken, match="outcome_day"):
        cast.read(made, 1.0, days_ago=100)
    with pytest.raises(RuleBroken, match="outcome_day"):
        cast.read(made, 1.0, days_ago=-1)


def test_a_statement_stands_from_a_yes_until_it_is_taken_back(cast: Cast):
    made = cast.begun()
    with pytest.raises(RuleBroken, match="outcome_no_reading"):
        cast.agree(made)
    cast.read(made, 7.0)
    assert cast.said() == []
    for _ in range(2):
        cast.agree(made)
    assert cast.said() == [("time", True, 3)]
    cast.read(made, 20.0)
    assert cast.said() == [("time", True, 3)], "as it stood when they agreed"
    outcome.withdraw(actor=cast.learner, mentorship_id=cast.pair, measure_id=made)
    assert cast.said() == []
    (row,) = outcome.page(actor=cast.learner, mentorship_id=cast.pair).measures
    assert row.statements[0].withdrawn_at is not None
    assert outcome.page(actor=cast.mentor, mentorship_id=cast.pair).measures[0].statements == (), "a receipt is its owner's"


def test_a_statement_goes_to_no_candidate_but_who_leads_the_pair(cast: Cast):
    made = cast.begun()
    cast.read(made, 7.0)
    cast.world.person("Somebody else")
    with pytest.raises(NotFound, match="outcome_candidate"):
        cast.agree(made, cast.world.candidacy_id("Somebody else"))


def test_the_record_holds_no_number_of_a_measure(cast: Cast):
    made = cast.begun(baseline=918273.0, target=918274.0)
    cast.read(made, 918275.0)
    cast.agree(made)
    lines = base.session().scalars(select(AuditEvent).where(AuditEvent.object_kind.like("outcome%"))).all()
    assert {line.verb for line in lines} == {"add", "read", "agree"}
    assert all(line.facts == {} and not line.reason for line in lines)


# --- beyond the pair --------------------------------------------------------------------------------------------------------------


def grow(cast: Cast, first: int, number: int, *, moved: int, day: date) -> None:
    """So many more people, each with a measure that was read on a day; the first ``moved`` of them have moved."""
    for count in range(number):
        name = f"Protégé {first + count}"
        who = cast.world.person(name, standing="none")
        pair = paired(cast.lead, cast.observer.person_id, name)
        facts = {"kind": "time", "direction": "down", "baseline": 9.0, "target": 4.0, "horizon": 6}
        with base.transactional() as session:
            row = OutcomeMeasure(
                id=base.new_id(), mentorship_id=pair, owner_id=who.person_id, started_on=day - timedelta(days=60), **facts
            )
            session.add(row)
            session.flush()
            session.add(OutcomeReading(measure_id=row.id, read_on=day, value=7.0 if count < moved else 9.0))


def told(lead: Actor) -> tuple[int | None, int | None]:
    (line,) = (one for one in outcome_report.report(actor=lead) if one.kind == "time")
    return line.people, line.moved


def another_month() -> None:
    with base.transactional() as session:
        session.execute(update(OutcomeFigure).values(made_on=date(2020, 1, 1)))


def test_four_people_are_not_told_of_and_figures_stand_for_a_month(cast: Cast):
    before = base.now().date().replace(day=1) - timedelta(days=1)
    assert told(cast.lead) == (None, None)
    grow(cast, 0, 4, moved=4, day=before)
    another_month()
    assert told(cast.lead) == (None, None)
    grow(cast, 4, 8, moved=2, day=before)
    assert told(cast.lead) == (None, None), "made for this month already"
    another_month()
    assert told(cast.lead) == (12, 6)


def test_one_more_person_moves_no_figure_and_five_do(cast: Cast):
    before = base.now().date().replace(day=1) - timedelta(days=1)
    grow(cast, 0, 12, moved=6, day=before)
    assert told(cast.lead) == (12, 6)
    grow(cast, 12, 4, moved=4, day=before)
    another_month()
    assert told(cast.lead) == (12, 6)
    grow(cast, 16, 1, moved=1, day=before)
    another_month()
    assert told(cast.lead) == (17, 11)


def test_what_is_read_this_month_waits_for_the_next_and_a_small_side_is_not_told(cast: Cast):
    today = base.now().date()
    grow(cast, 0, 6, moved=6, day=today)
    assert told(cast.lead) == (None, None)
    grow(cast, 6, 6, moved=5, day=today.replace(day=1) - timedelta(days=1))
    another_month()
    assert told(cast.lead) == (6, None), "six, of whom five, would tell of the one"
    assert base.session().scalar(select(func.count()).select_from(OutcomeFigure)) == 6
