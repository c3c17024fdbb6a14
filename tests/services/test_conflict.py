# SPDX-License-Identifier: Apache-2.0
"""The conflict guard at work on both databases: facts of a day, answers that are kept, and a second look when a line changes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select, update

from conftest import World, make_world
from lti_mentoring.domain.conflict import ASSESSMENT, CLEAR, CLOSED, OVERRIDE, PAIRING, REVIEW, UNATTESTED, WARN, Question
from lti_mentoring.domain.reporting_line import ALWAYS, lines_of
from lti_mentoring.domain.rule import NotAllowed, NotFound, RuleBroken
from lti_mentoring.services import chain, conflict, exempting, relation, reporting_line
from lti_mentoring.services.conflict import About
from lti_mentoring.services.reporting_line import Manager
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import AT_ONCE
from lti_mentoring.store.conflict import ConflictCheck, ConflictWatch
from lti_mentoring.store.people import Person
from lti_mentoring.store.privacy import AuditEvent
from lti_mentoring.store.reporting_line import LineAttestation, ReportingLine

PAIR = "0" * 31 + "1"


@pytest.fixture
def place(any_app: Flask) -> Iterator[World]:
    """An organisation in scope, on each database."""
    made = make_world("Northfield")
    with base.tenant(made.org_id):
        yield made


def today() -> date:
    return base.now().date()


def somebody(place: World, *names: str) -> list[str]:
    """Persons of whom nothing is known but their names and addresses."""
    ids = [base.new_id() for _ in names]
    with base.transactional() as session:
        session.add_all(Person(id=one, name=name, email=f"{name}@x.org") for one, name in zip(ids, names, strict=True))
    place.people |= dict(zip(names, ids, strict=True))
    return ids


def lines(*told: tuple[str, str], kind: str = "direct", start: date = ALWAYS, end: date | None = None) -> None:
    with base.transactional() as session:
        facts = {"kind": kind, "started_on": start, "ended_on": end, "said_by": "x"}
        session.add_all(ReportingLine(subordinate_id=lower, manager_id=upper, **facts) for lower, upper in told)


def known(*people: str, days: int = 0, unit: str = "") -> None:
    """It was said who manages these people, so many days ago."""
    with base.transactional() as session:
        at = base.now() - timedelta(days=days)
        session.add_all(LineAttestation(person_id=one, attested_at=at, unit=unit) for one in people)


def attest(actor: Any, *managers: Manager) -> None:
    with base.transactional() as session:
        reporting_line.attest(session, actor=actor, managers=managers)


def about(place: World, kind: str = "pair") -> About:
    return About(kind, PAIR, place.course_id)


def decide(place: World, actor: Any, asked: Question, **more: Any) -> str:
    with base.transactional() as session:
        return conflict.decide(session, actor=actor, question=asked, about=about(place), **more).verdict


def swept(days: int = 0) -> tuple[conflict.Changed, ...]:
    """A worker looks, so many days from now, outside of any organisation."""
    org_id = base.current_tenant()
    base.session().rollback()
    base._scope.set(None)
    try:
        return conflict.sweep(now=base.now() + timedelta(days=days))
    finally:
        base._scope.set(org_id)


def watched() -> ConflictWatch:
    base.session().rollback()
    base.session().expire_all()
    return base.session().scalars(select(ConflictWatch)).one()


def checks() -> int:
    return base.session().scalar(select(func.count(ConflictCheck.id))) or 0


def statements(call: Any) -> int:
    """How many statements a call sends."""
    count = 0

    def seen(*_: object) -> None:
        nonlocal count
        count += 1

    engine = base.db.engine
    event.listen(engine, "before_cursor_execute", seen)
    try:
        call()
    finally:
        event.remove(engine, "before_cursor_execute", seen)
    return count


# --- one recursive statement ----------------------------------------------------------------------------------------------------


def test_a_line_is_followed_ten_steps_up_and_down_by_one_statement_each(place: World):
    ids = somebody(place, *(f"p{number}" for number in range(14)))
    lines(*pairwise(ids))
    session = base.session()
    up: list[chain.Above] = []
    assert statements(lambda: up.append(chain.above(session, ids[:1], on=today()))) == 1
    assert {line.manager for line in up[0].lines} == set(ids[1:11])
    down: list[frozenset[str]] = []
    assert statements(lambda: down.append(chain.below(session, ids[13:], on=today()))) == 1
    assert down[0] == set(ids[3:13])
    found = reporting_line.of(session, ids[5], on=today())
    assert (found.managers, found.above, found.below) == ({ids[6]}, set(ids[7:14]), set(ids[:5]))


def test_a_circle_ends_and_is_found_from_everywhere_in_it(place: World):
    ids = somebody(place, "a", "b", "c")
    lines(*zip(ids, [*ids[1:], ids[0]], strict=True))
    for one in ids:
        assert {line.subordinate for line in chain.above(base.session(), [one], on=today()).lines} == set(ids)
        assert chain.below(base.session(), [one], on=today()) == set(ids) - {one}
        assert reporting_line.of(base.session(), one, on=today()).above == set(ids) - {one, ids[(ids.index(one) + 1) % 3]}


def test_only_direct_lines_lead_on_and_each_kind_is_found(place: World):
    low, mid, top = somebody(place, "low", "mid", "top")
    lines((low, mid), kind="dotted")
    lines((mid, top))
    assert [line.manager for line in chain.above(base.session(), [low], on=today()).lines] == [mid]
    assert chain.below(base.session(), [mid], on=today()) == {low}
    assert chain.below(base.session(), [top], on=today()) == {mid}


def test_lines_are_those_of_the_day_and_of_the_year_before(place: World):
    low, mid = somebody(place, "low", "mid")
    lines((low, mid), start=date(2025, 1, 1), end=date(2025, 6, 1))
    for day, there in ((date(2024, 12, 31), 0), (date(2025, 1, 1), 1), (date(2026, 5, 31), 1), (date(2026, 6, 1), 0)):
        assert len(chain.above(base.session(), [low], on=day).lines) == there, day
        assert len(chain.below(base.session(), [mid], on=day)) == there, day


def test_a_manager_known_by_an_address_is_everybody_who_has_it(place: World):
    low, one, other = somebody(place, "low", "boss", "Boss")
    with base.transactional() as session:
        session.execute(update(Person).where(Person.id == other).values(email="BOSS@x.org"))
        session.add(ReportingLine(subordinate_id=low, manager_email="boss@x.org", manager_name="B", started_on=ALWAYS, said_by=low))
    assert {line.manager for line in chain.above(base.session(), [low], on=today()).lines} == {one, other}
    assert chain.below(base.session(), [other], on=today()) == {low}


def test_facts_of_two_and_of_twenty_take_as_many_statements(place: World):
    ids = somebody(place, *(f"p{number}" for number in range(20)))
    lines(*pairwise(ids))
    known(*ids)
    few, many = (statements(lambda people=people: conflict.facts_of(base.session(), people, on=today())) for people in (ids[:2], ids))
    assert few == many


# --- who says a line, and since when ----------------------------------------------------------------------------------------------


def test_nobody_here_is_kept_and_is_an_answer(place: World):
    mentor, protege = place.person("Mentor", told=False), place.person("Protege", told=False)
    asked = Question(PAIRING, (mentor.person_id,), (protege.person_id,))
    assert conflict.ask(base.session(), asked).verdict == UNATTESTED
    attest(mentor)
    assert conflict.ask(base.session(), asked).verdict == UNATTESTED
    attest(protege)
    assert conflict.ask(base.session(), asked).verdict == CLEAR
    assert conflict.ask(base.session(), asked, on=today() + timedelta(days=366)).verdict == UNATTESTED


def test_a_line_that_is_named_first_counts_for_all_that_was_before(place: World):
    low, boss = place.person("Low", told=False), place.person("Boss", standing="none", told=False)
    attest(low, Manager("direct", boss.person_id))
    (line,) = base.session().scalars(select(ReportingLine)).all()
    assert line.started_on == ALWAYS


def test_a_line_that_is_named_later_counts_from_the_last_word_before_it(place: World):
    low = place.person("Low", told=False)
    old, new = (place.person(name, standing="none", told=False) for name in ("Old", "New"))
    attest(low, Manager("direct", old.person_id))
    with base.transactional() as session:
        session.execute(update(LineAttestation).values(attested_at=base.now() - timedelta(days=40)))
    attest(low, Manager("direct", new.person_id), Manager("dotted", old.person_id, since=today() - timedelta(days=3)))
    rows = {row.manager_id + row.kind: (row.started_on, row.ended_on) for row in base.session().scalars(select(ReportingLine))}
    assert rows[new.person_id + "direct"] == (today() - timedelta(days=40), None)
    assert rows[old.person_id + "direct"] == (ALWAYS, today())
    assert rows[old.person_id + "dotted"] == (today() - timedelta(days=3), None)


def test_each_source_ends_only_what_it_has_said(place: World):
    lead = place.person("Lead", "coordinator", standing="instructor", told=False)
    low, boss = place.person("Low", told=False), place.person("Boss", standing="none", told=False)
    reporting_line.enter(actor=lead, person_id=low.person_id, managers=[Manager("direct", boss.person_id)], unit="Law")
    attest(low)
    assert reporting_line.of(base.session(), low.person_id, on=today()).managers == {boss.person_id}, "nobody talks a manager away"
    reporting_line.enter(actor=lead, person_id=low.person_id, managers=[])
    (row,) = base.session().scalars(select(ReportingLine)).all()
    assert row.ended_on == today()
    assert reporting_line.said(base.session(), [low.person_id])[low.person_id].unit == "Law"


def test_staff_write_down_the_lines_of_others_of_their_course(place: World):
    lead = place.person("Lead", "coordinator", standing="instructor", told=False)
    (stranger,) = somebody(place, "stranger")
    with pytest.raises(RuleBroken, match="line_of_ones_own"):
        reporting_line.enter(actor=lead, person_id=lead.person_id, managers=[])
    with pytest.raises(NotFound):
        reporting_line.enter(actor=lead, person_id=stranger, managers=[])


def test_a_manager_who_is_only_a_name_may_be_the_person_of_that_name(place: World):
    mentor, protege = place.person("Ada Boss", told=False), place.person("Protege", told=False)
    attest(mentor)
    attest(protege, Manager("direct", name="ada boss "))
    check = conflict.ask(base.session(), Question(PAIRING, (mentor.person_id,), (protege.person_id,)))
    assert [(one.rule, one.code) for one in check.findings] == [("R0", "namesake")]
    assert check.verdict == UNATTESTED


# --- deciding ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def cast(place: World) -> dict[str, Any]:
    """A mentor and a protégé whose lines are known, a coordinator, and two more of the staff from elsewhere."""
    made = {"mentor": place.person("Mentor", told=False), "protege": place.person("Protege", told=False)}
    made["lead"] = place.person("Lead", "coordinator", standing="instructor", told=False)
    made |= {name: place.person(name, "trainer", standing="instructor", told=False) for name in ("One", "Two")}
    known(made["mentor"].person_id, made["protege"].person_id, unit="Sales")
    known(*(made[name].person_id for name in ("lead", "One", "Two")), unit="Law")
    made["pair"] = Question(PAIRING, (made["mentor"].person_id,), (made["protege"].person_id,))
    made["rates"] = Question(ASSESSMENT, (made["mentor"].person_id,), (made["protege"].person_id,))
    return made


def test_an_answer_that_decides_is_kept_with_its_question_its_facts_and_an_audit_line(place: World, cast):
    boss = place.person("Boss", standing="none", told=False)
    lines((cast["mentor"].person_id, boss.person_id), (cast["protege"].person_id, boss.person_id))
    assert decide(place, cast["lead"], cast["pair"]) == WARN
    (row,) = base.session().scalars(select(ConflictCheck)).all()
    assert (row.verdict, row.as_of, row.about_kind, row.about_id) == (WARN, today(), "pair", PAIR)
    assert [one.code for one in conflict.findings_of(row)] == ["same_manager"]
    assert conflict.question_of(row.question) == cast["pair"]
    assert {one["manager"] for one in row.facts["lines"]} == {boss.person_id}
    told = base.session().scalars(select(AuditEvent).where(AuditEvent.verb == "check_conflict")).one()
    assert told.facts == {"purpose": "pairing", "verdict": "warn", "rules": "R4"}


def test_a_kept_check_never_changes(place: World, cast):
    decide(place, cast["lead"], cast["pair"])
    with pytest.raises(base.FenceBroken), base.transactional() as session:
        session.execute(update(ConflictCheck).values(verdict="clear"))


@pytest.mark.parametrize(("kind", "code"), [("direct", "conflict_closed"), ("dotted", "conflict_needs_override")])
def test_what_does_not_go_through_is_refused_and_nothing_is_kept(place: World, cast, kind, code):
    lines((cast["protege"].person_id, cast["mentor"].person_id), kind=kind)
    with pytest.raises(RuleBroken) as refused:
        decide(place, cast["lead"], cast["pair"])
    assert refused.value.code == code
    assert [one.rule for one in refused.value.facts["findings"]] == ["R1" if kind == "direct" else "R3"]  # type: ignore[attr-defined]
    assert checks() == 0


def test_who_is_not_known_holds_a_matter_until_they_have_said_it(place: World, cast):
    late = place.person("Late", told=False)
    asked = Question(PAIRING, (cast["mentor"].person_id,), (late.person_id,))
    assert decide(place, cast["lead"], asked, hold=True) == UNATTESTED
    assert conflict.standing(base.session(), "pair", [PAIR]) == {PAIR: UNATTESTED}
    attest(late)
    (changed,) = swept()
    assert (changed.before, changed.after, changed.about) == (UNATTESTED, CLEAR, about(place))
    assert conflict.standing(base.session(), "pair", [PAIR]) == {PAIR: CLEAR}


def test_the_same_question_again_is_one_matter_with_two_checks(place: World, cast):
    for _ in range(2):
        decide(place, cast["lead"], cast["pair"])
    assert checks() == 2
    assert watched().verdict == CLEAR


# --- looking again ----------------------------------------------------------------------------------------------------------------


def test_a_line_that_changes_stops_a_pair_at_the_next_look_and_is_not_clear_until_then(place: World, cast):
    decide(place, cast["lead"], cast["pair"])
    swept()
    assert watched().look_on == today() + timedelta(days=1)
    attest(cast["protege"], Manager("direct", cast["mentor"].person_id))
    assert watched().look_on == AT_ONCE
    assert conflict.standing(base.session(), "pair", [PAIR]) == {PAIR: UNATTESTED}
    (changed,) = swept()
    assert (changed.before, changed.after) == (CLEAR, CLOSED)
    assert conflict.standing(base.session(), "pair", [PAIR]) == {PAIR: CLOSED}
    assert checks() == 2, "the first answer stays as it was"


def test_a_line_far_above_is_looked_at_for_everybody_below_it(place: World, cast):
    boss = place.person("Boss", standing="none", told=False)
    lines((cast["protege"].person_id, boss.person_id))
    decide(place, cast["lead"], cast["pair"])
    attest(boss, Manager("direct", cast["mentor"].person_id))
    assert [one.after for one in swept()] == [CLOSED]


def test_a_line_of_others_leaves_a_matter_alone(place: World, cast):
    decide(place, cast["lead"], cast["pair"])
    swept()
    attest(place.person("Stranger", told=False), Manager("direct", cast["mentor"].person_id))
    assert watched().look_on > today()


def test_every_night_everything_is_looked_at_and_what_was_said_a_year_ago_is_not_known_any_more(place: World, cast):
    decide(place, cast["lead"], cast["pair"])
    assert swept() == ()
    assert swept(300) == ()
    assert watched().look_on == today() + timedelta(days=301)
    assert [one.after for one in swept(366)] == [UNATTESTED]
    assert checks() == 2


def test_a_rating_is_looked_at_as_of_its_own_day(place: World, cast):
    rated = today() - timedelta(days=30)
    decide(place, cast["lead"], cast["rates"], on=rated)
    attest(cast["protege"], Manager("direct", cast["mentor"].person_id, since=rated + timedelta(days=1)))
    assert swept() == (), "a line that began between rating and award"
    attest(cast["protege"], Manager("direct", cast["mentor"].person_id, since=rated))
    (changed,) = swept()
    assert (changed.before, changed.after) == (CLEAR, OVERRIDE), "a line that held when it was rated, and was told later"
    assert base.session().scalars(select(ConflictCheck.as_of).distinct()).all() == [rated]


def test_a_line_that_is_told_after_the_rating_without_a_day_counts_for_the_rating(place: World, cast):
    with base.transactional() as session:
        session.execute(update(LineAttestation).values(attested_at=base.now() - timedelta(days=60)))
    decide(place, cast["lead"], cast["rates"], on=today() - timedelta(days=30))
    attest(cast["protege"], Manager("direct", cast["mentor"].person_id))
    assert [one.after for one in swept()] == [OVERRIDE]


def test_what_has_ended_is_looked_at_no_more(place: World, cast):
    decide(place, cast["lead"], cast["pair"])
    with base.transactional() as session:
        conflict.end(session, about(place))
    attest(cast["protege"], Manager("direct", cast["mentor"].person_id))
    assert swept() == ()
    assert conflict.standing(base.session(), "pair", [PAIR]) == {}
    with pytest.raises(RuleBroken, match="conflict_closed"):
        decide(place, cast["lead"], cast["pair"])


# --- declared relations -------------------------------------------------------------------------------------------------------------


def test_R6_a_relation_that_somebody_declares_closes_the_pair_and_counts_for_a_year_after_it(place: World, cast):
    decide(place, cast["lead"], cast["pair"])
    for _ in range(2):
        relation.declare(actor=cast["protege"], other_id=cast["mentor"].person_id)
    assert relation.declared(actor=cast["protege"]) == (cast["mentor"].person_id,)
    assert relation.declared(actor=cast["mentor"]) == ()
    assert [one.after for one in swept()] == [CLOSED]
    relation.over(actor=cast["protege"], other_id=cast["mentor"].person_id)
    assert conflict.ask(base.session(), cast["pair"]).verdict == CLOSED
    told = base.session().scalars(select(AuditEvent).where(AuditEvent.object_kind == "declared_relation")).all()
    assert [(one.verb, one.object_id, one.facts) for one in told] == [
        ("declare", cast["protege"].person_id, {}),
        ("end", cast["protege"].person_id, {}),
    ], "to whom, no audit line says"


def test_R6_nobody_is_related_to_themself_or_to_who_is_not_here(place: World, cast):
    (stranger,) = somebody(place, "stranger")
    for other, error in ((stranger, NotFound), (cast["protege"].person_id, RuleBroken)):
        with pytest.raises(error):
            relation.declare(actor=cast["protege"], other_id=other)
    with pytest.raises(RuleBroken, match="relation_unknown"):
        relation.over(actor=cast["protege"], other_id=cast["mentor"].person_id)


# --- exceptions -----------------------------------------------------------------------------------------------------------------------


SAID = {"reason": "Nobody else speaks Basque.", "safeguards": "The deputy sits in."}


@pytest.fixture
def held(place: World, cast) -> dict[str, Any]:
    """A pair that needs an exception, and is held."""
    lines((cast["protege"].person_id, cast["mentor"].person_id), kind="dotted")
    assert decide(place, cast["lead"], cast["pair"], hold=True) == OVERRIDE
    return cast


def asked_for(place: World, cast, **changes: Any) -> str:
    given = {"actor": cast["lead"], "matter_id": watched().id, "ends_on": today() + timedelta(days=90), **SAID}
    return exempting.request(**(given | changes))


def test_an_exception_holds_once_the_protege_and_two_from_outside_have_said_yes_and_until_its_end(place: World, held):
    made = asked_for(place, held)
    for name, say in (("protege", exempting.agree), ("One", exempting.approve), ("One", exempting.approve)):
        say(actor=held[name], override_id=made)
        assert watched().verdict == OVERRIDE, name
    exempting.approve(actor=held["Two"], override_id=made)
    assert watched().verdict == WARN
    row = base.session().scalars(select(ConflictCheck).where(ConflictCheck.id == watched().check_id)).one()
    assert conflict.findings_of(row)[0].facts["exempt_until"] == today() + timedelta(days=90)
    assert decide(place, held["lead"], held["pair"]) == WARN
    assert [one.after for one in swept(89)] == []
    assert [one.after for one in swept(90)] == [OVERRIDE]


def test_without_the_protege_there_is_no_exception_and_they_can_take_it_back(place: World, held):
    made = asked_for(place, held)
    for name in ("One", "Two"):
        exempting.approve(actor=held[name], override_id=made)
    assert watched().verdict == OVERRIDE
    exempting.agree(actor=held["protege"], override_id=made)
    assert watched().verdict == WARN
    exempting.take_back(actor=held["protege"], override_id=made)
    assert watched().verdict == OVERRIDE
    with pytest.raises(NotFound):
        exempting.approve(actor=held["One"], override_id=made)


@pytest.mark.parametrize(
    ("changes", "gap"),
    [
        ({"reason": " "}, "override_reason"),
        ({"safeguards": ""}, "override_safeguards"),
        ({"ends_on": date(2020, 1, 1)}, "override_end"),
        ({"ends_on": date(2099, 1, 1)}, "override_end"),
        ({"reason": "x" * 2001}, "override_long"),
    ],
)
def test_an_exception_says_why_what_keeps_it_harmless_and_when_it_ends(place: World, held, changes, gap):
    with pytest.raises(RuleBroken) as refused:
        asked_for(place, held, **changes)
    assert refused.value.facts["gaps"] == (gap,)


@pytest.mark.parametrize("kind", ["direct", "related"])
def test_there_is_no_exception_from_R1_or_R6(place: World, held, kind):
    if kind == "direct":
        lines((held["protege"].person_id, held["mentor"].person_id))
    else:
        relation.declare(actor=held["mentor"], other_id=held["protege"].person_id)
    with pytest.raises(RuleBroken, match="override_never"):
        asked_for(place, held)


def test_an_exception_made_before_does_not_open_what_is_closed_later(place: World, held):
    made = asked_for(place, held)
    exempting.agree(actor=held["protege"], override_id=made)
    for name in ("One", "Two"):
        exempting.approve(actor=held[name], override_id=made)
    attest(held["protege"], Manager("direct", held["mentor"].person_id))
    assert [one.after for one in swept()] == [CLOSED]


def test_who_approves_is_of_the_staff_and_from_outside(place: World, held):
    made = asked_for(place, held)
    inside, unknown = (place.person(name, "trainer", standing="instructor", told=False) for name in ("Inside", "Unknown"))
    known(inside.person_id, unit="sales")
    boss = place.person("Boss", "trainer", standing="instructor", told=False)
    known(boss.person_id, unit="Law")
    lines((held["protege"].person_id, boss.person_id))
    for actor, code in ((inside, "override_same_unit"), (unknown, "override_line_unknown"), (boss, "override_in_line")):
        with pytest.raises(RuleBroken, match=code):
            exempting.approve(actor=actor, override_id=made)
    with pytest.raises(NotFound):
        exempting.approve(actor=held["mentor"], override_id=made)
    with pytest.raises(NotFound):
        exempting.agree(actor=held["mentor"], override_id=made)
    with pytest.raises(NotAllowed):
        asked_for(place, held, actor=held["One"])


# --- what records tell ------------------------------------------------------------------------------------------------------------------


def test_a_review_asks_the_lines_that_selection_asks(place: World, cast):
    lines((cast["protege"].person_id, cast["mentor"].person_id))
    asked = Question(REVIEW, (cast["mentor"].person_id,), (cast["protege"].person_id,))
    check = conflict.ask(base.session(), asked)
    assert [(one.rule, one.code) for one in check.findings] == [("R9", "manages")]
    found = chain.above(base.session(), [cast["protege"].person_id], on=today())
    assert lines_of(cast["protege"].person_id, found.lines, today()).managers == {cast["mentor"].person_id}
