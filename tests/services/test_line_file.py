# SPDX-License-Identifier: Apache-2.0
"""An institution's file of reporting lines: what is taken over, what is not, and what is told of a file that is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from conftest import World, make_world
from lti_mentoring.domain import line_file as rules
from lti_mentoring.domain.conflict import CLEAR, CLOSED, PAIRING, UNATTESTED, Question
from lti_mentoring.domain.reporting_line import ALWAYS
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.services import conflict, line_file, reporting_line
from lti_mentoring.store import base
from lti_mentoring.store.people import Course, Identity, Person
from lti_mentoring.store.privacy import AuditEvent
from lti_mentoring.store.reporting_line import ReportingLine

HEAD = "person,manager,kind,from,until,unit,person_name,manager_name\n"


def faults(text: str) -> list[tuple[int, str, str]]:
    return [(one.number, one.code, one.what) for one in rules.read(text).faults]


# --- reading --------------------------------------------------------------------------------------------------------------------


def test_a_file_is_read_with_commas_or_semicolons_as_spreadsheets_write_it():
    for text in ("\ufeffPerson,Manager\r\nAda@X.org,BEN@x.org\r\n\r\n", 'person;manager\n"ada@x.org";ben@x.org\n;\n'):
        (row,) = rules.read(text).rows
        assert (row.person, row.manager, row.kind, row.since) == ("ada@x.org", "ben@x.org", "direct", None)


def test_an_empty_manager_says_that_nobody_manages_this_person():
    (row,) = rules.read("person,manager\na@x.org,\n").rows
    assert row.manager == ""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", [(1, "columns_missing", "person, manager")]),
        ("person\na@x.org\n", [(1, "columns_missing", "manager")]),
        ("person,manager,shoe\n", [(1, "column_unknown", "shoe")]),
        ("person,manager,manager\n", [(1, "column_twice", "manager")]),
        ("person,manager\na@x.org\n", [(2, "cell_count", "")]),
        ("person,manager\na,b@x.org\n", [(2, "address_wrong", "person")]),
        ("person,manager\na@x.org,b\n", [(2, "address_wrong", "manager")]),
        ("person,manager\na@x.org,A@x.org\n", [(2, "own_manager", "")]),
        ("person,manager,kind\na@x.org,b@x.org,boss\n", [(2, "kind_unknown", "kind")]),
        ("person,manager,from\na@x.org,b@x.org,1.2.2026\n", [(2, "day_wrong", "from")]),
        ("person,manager,from,until\na@x.org,b@x.org,2026-02-01,2026-01-31\n", [(2, "until_first", "until")]),
        ("person,manager\na@x.org,b@x.org\na@x.org,\n", [(3, "nobody_and_somebody", "")]),
        ("person,manager,unit\na@x.org,b@x.org," + "x" * 201 + "\n", [(2, "cell_long", "unit")]),
        ('person,manager\na@x.org,"b@x.org\n', [(2, "unreadable", "")]),
        ("person,manager\n" + "a@x.org,b@x.org\n" * 100_001, [(100_002, "rows_many", "")]),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_nothing_is_read(text, found):
    assert faults(text) == found
    assert rules.read(text).rows == ()


@given(st.text(alphabet='person,manager;"\n@x.a-1 ', max_size=80) | st.text(max_size=40))
def test_no_file_breaks_the_reader(text):
    read = rules.read(text)
    assert not (read.rows and read.faults)


addresses = st.sampled_from([f"p{number}@x.org" for number in range(9)])
one_row = st.builds(rules.Row, st.just(2), addresses, addresses | st.just(""), st.sampled_from(["direct", "dotted"]))
rows_ = st.lists(one_row.filter(lambda row: row.person != row.manager), max_size=14)


@given(rows_, st.sets(addresses, max_size=2))
def test_kept_are_the_people_and_those_above_them_and_nobody_else(rows, people):
    kept = rules.kept(rows, people)
    named = {row.manager for row in kept if row.kind == "direct"}
    assert {row.person for row in kept} <= people | named
    assert [row for row in rows if row.person in people] == [row for row in kept if row.person in people]
    assert rules.kept(kept, people) == kept


def test_a_circle_is_told():
    read = rules.read("person,manager\na@x.org,b@x.org\nb@x.org,c@x.org\nc@x.org,a@x.org\nd@x.org,a@x.org\n")
    assert [set(circle) for circle in rules.circles(read.rows)] == [{"a@x.org", "b@x.org", "c@x.org"}]


# --- taking over ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def place(any_app: Flask) -> Iterator[World]:
    """An organisation in scope, on each database."""
    made = make_world("Northfield")
    with base.tenant(made.org_id):
        yield made


@pytest.fixture
def cast(place: World) -> dict[str, Any]:
    """A coordinator, a protégé and a mentor of the course, each with an address; of these two nothing is known yet."""
    made = {"lead": place.person("Lead", "coordinator", standing="instructor")}
    made |= {name: place.person(name, standing="none", told=False) for name in ("ada", "mentor")}
    with base.transactional() as session:
        for name, actor in made.items():
            session.execute(update(Person).where(Person.id == actor.person_id).values(email=f"{name}@X.org"))
    return made


def verdict(cast: dict[str, Any]) -> str:
    asked = Question(PAIRING, (cast["mentor"].person_id,), (cast["ada"].person_id,))
    base.session().rollback()
    base.session().expire_all()
    return conflict.ask(base.session(), asked).verdict


def count(model: Any, *where: Any) -> int:
    base.session().rollback()
    return base.session().scalar(select(func.count()).select_from(model).where(*where)) or 0


CHAIN = HEAD + (
    "ada@x.org,boss@x.org,direct,,,Sales,Ada,Boss Name\n"
    "boss@x.org,head@x.org,,,,,,\n"
    "head@x.org,mentor@x.org,,,,,,\n"
    "mentor@x.org,,,,,Board,,\n"
    "other@x.org,boss@x.org,,,,,,\n"
    "far@x.org,other@x.org,,,,,,\n"
)


def test_only_the_people_of_the_course_and_those_above_them_are_kept(place: World, cast):
    before = count(Person)
    taken = line_file.take_over(actor=cast["lead"], text=CHAIN)
    assert (taken.rows, taken.people, taken.begun, taken.ended, taken.circles) == (6, 4, 3, 0, ())
    assert taken.unnamed == (cast["lead"].person_id,)
    assert count(Person) == before + 2
    assert count(Person, Person.email.in_(["other@x.org", "far@x.org"])) == 0
    boss = base.session().scalars(select(Person).where(Person.email == "boss@x.org")).one()
    assert boss.name == "Boss Name"
    assert count(Identity, Identity.person_id == boss.id) == 0, "nobody signs in as them"
    told = base.session().scalars(select(AuditEvent).where(AuditEvent.verb == "take_over")).one()
    assert "x.org" not in str(told.facts)


def test_whoever_stands_above_through_people_who_never_come_is_found(place: World, cast):
    assert verdict(cast) == UNATTESTED
    line_file.take_over(actor=cast["lead"], text=CHAIN)
    assert verdict(cast) == CLOSED
    line_file.take_over(actor=cast["lead"], text=CHAIN.replace("head@x.org,mentor@x.org", "head@x.org,"))
    assert verdict(cast) == CLEAR, "the line has ended, and further up no year is looked back"


def test_somebody_above_who_comes_later_is_known_by_their_address(place: World, cast):
    line_file.take_over(actor=cast["lead"], text=CHAIN)
    late = place.person("late", standing="none")
    with base.transactional() as session:
        session.execute(update(Person).where(Person.id == late.person_id).values(email="Boss@x.org"))
    assert late.person_id in reporting_line.of(base.session(), cast["ada"].person_id, on=base.now().date()).managers
    assert cast["ada"].person_id in reporting_line.led_by(base.session(), late.person_id, on=base.now().date())


def test_the_same_file_again_changes_nothing_and_another_ends_what_it_does_not_say(place: World, cast):
    line_file.take_over(actor=cast["lead"], text=CHAIN)
    again = line_file.take_over(actor=cast["lead"], text=CHAIN)
    assert (again.begun, again.ended) == (0, 0)
    other = line_file.take_over(actor=cast["lead"], text="person,manager\nada@x.org,new@x.org\n")
    assert (other.people, other.begun, other.ended) == (1, 1, 1)
    rows = {row.manager_email: (row.started_on, row.ended_on) for row in base.session().scalars(select(ReportingLine))}
    today = base.now().date()
    assert rows["boss@x.org"] == (ALWAYS, today)
    assert rows["new@x.org"] == (today, None), "it begins with the last word of that person's managers"
    assert rows["head@x.org"] == (ALWAYS, None), "whoever is not named stays as they were"


def test_days_of_a_file_are_kept_and_what_is_over_is_kept_once(place: World, cast):
    text = HEAD + "ada@x.org,boss@x.org,direct,2024-01-01,2025-12-31,,,\nada@x.org,boss@x.org,dotted,2026-01-01,,,,\n"
    for begun in (2, 0):
        assert line_file.take_over(actor=cast["lead"], text=text).begun == begun
    rows = base.session().scalars(select(ReportingLine).order_by(ReportingLine.kind)).all()
    assert [(row.kind, row.started_on, row.ended_on) for row in rows] == [
        ("direct", date(2024, 1, 1), date(2025, 12, 31)),
        ("dotted", date(2026, 1, 1), None),
    ]


def test_a_file_ends_nothing_that_people_said_themselves_nor_they_what_it_says(place: World, cast):
    with base.transactional() as session:
        reporting_line.attest(session, actor=cast["ada"], managers=[reporting_line.Manager("direct", cast["mentor"].person_id)])
    line_file.take_over(actor=cast["lead"], text="person,manager\nada@x.org,boss@x.org\n")
    assert verdict(cast) == CLOSED
    with base.transactional() as session:
        reporting_line.attest(session, actor=cast["ada"], managers=[])
    open_yet = select(ReportingLine.source).where(ReportingLine.ended_on.is_(None))
    assert base.session().scalars(open_yet).all() == ["csv"]


def test_a_file_that_is_wrong_changes_nothing(place: World, cast):
    with pytest.raises(RuleBroken, match="line_file_wrong") as refused:
        line_file.take_over(actor=cast["lead"], text=CHAIN + "far@x.org,nobody,,,,,,\n")
    (fault,) = refused.value.facts["faults"]  # type: ignore[misc]
    assert (fault.number, fault.code) == (8, "address_wrong")
    assert count(ReportingLine) == 0
    assert line_file.check(CHAIN) == ()


def test_a_file_attests_for_twelve_months(place: World, cast):
    line_file.take_over(actor=cast["lead"], text="person,manager\nada@x.org,\nmentor@x.org,\n")
    assert verdict(cast) == CLEAR
    asked = Question(PAIRING, (cast["mentor"].person_id,), (cast["ada"].person_id,))
    later = base.now().date() + timedelta(days=366)
    assert conflict.ask(base.session(), asked, on=later).verdict == UNATTESTED


def test_of_who_is_known_elsewhere_a_file_ends_nothing_and_says_nothing_for_them(place: World, cast):
    with base.transactional() as session:
        session.add(Course(id="c" * 32, issuer="https://lms.example/other", context_id="c:other"))
    far = place.person("far", standing="none", course_id="c" * 32, told=False)
    with base.transactional() as session:
        session.execute(update(Person).where(Person.id == far.person_id).values(email="far@x.org"))
        line = {"subordinate_id": far.person_id, "manager_email": "head@x.org", "manager_name": "H", "started_on": ALWAYS}
        session.add(ReportingLine(**line, source="csv", said_by=far.person_id))
    taken = line_file.take_over(actor=cast["lead"], text="person,manager\nada@x.org,far@x.org\nfar@x.org,\n")
    assert (taken.begun, taken.ended) == (1, 0)
    assert count(ReportingLine, ReportingLine.subordinate_id == far.person_id, ReportingLine.ended_on.is_(None)) == 1
    assert reporting_line.said(base.session(), [far.person_id]) == {}, "nobody is told of as known by people of another course"


def test_nobody_says_by_a_file_who_manages_themself(place: World, cast):
    said = reporting_line.said(base.session(), [cast["lead"].person_id])[cast["lead"].person_id].attested_at
    taken = line_file.take_over(actor=cast["lead"], text="person,manager\nada@x.org,lead@x.org\nlead@x.org,boss@x.org\n")
    assert (taken.own, taken.begun) == ((3,), 1)
    assert cast["lead"].person_id not in taken.unnamed
    assert count(ReportingLine, ReportingLine.subordinate_id == cast["lead"].person_id) == 0
    assert reporting_line.said(base.session(), [cast["lead"].person_id])[cast["lead"].person_id].attested_at == said


def test_whose_line_a_file_ends_stands_in_the_record(place: World, cast):
    line_file.take_over(actor=cast["lead"], text="person,manager\nada@x.org,boss@x.org\n")
    line_file.take_over(actor=cast["lead"], text="person,manager\nada@x.org,\n")
    told = base.session().scalars(select(AuditEvent).where(AuditEvent.verb == "end", AuditEvent.object_kind == "reporting_line")).all()
    assert [(one.object_id, one.facts) for one in told] == [(cast["ada"].person_id, {"lines": 1})]
