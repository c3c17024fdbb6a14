# SPDX-License-Identifier: Apache-2.0
"""What an administrator says in the office holds at the next launch: what roles mean, and what of a person is kept."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select

from lti_mentoring.services import office, privacy
from lti_mentoring.store.people import Identity, Membership, Person, RoleGrant
from support.live import Town
from support.station import Station

MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership#"


def say(station: Station, verb: Callable[..., object], **told: object) -> None:
    """Something that the operator says of the site's registration; every process hears of it within seconds, this one at once."""
    registration = station.registration("programme")
    with station.inside():
        verb(actor=privacy.OPERATOR, registration_id=registration, **told)


def standing(station: Station, persona: str) -> set[str]:
    """What somebody is in their courses."""
    with station.inside() as session:
        who = station.person_id(persona)
    with station.inside() as session:
        return set(session.scalars(select(Membership.standing).where(Membership.person_id == who)))


def test_a_role_means_what_the_office_says_from_the_next_launch_on_and_gives_no_role_here(live: Town) -> None:
    station = Station(live, "north")
    station.launch("coordinator", "programme")
    assert standing(station, "coordinator") == {"instructor"}
    say(station, office.override, role=f"{MEMBERSHIP}Instructor", standing="grader")
    assert standing(station, "coordinator") == {"instructor"}, "whoever is here keeps what they have"
    station.launch("coordinator", "programme")
    assert standing(station, "coordinator") == {"grader"}
    say(station, office.override, role=f"{MEMBERSHIP}Instructor", standing="")
    station.launch("coordinator", "programme")
    assert standing(station, "coordinator") == {"instructor"}
    with station.inside() as session:
        assert session.scalars(select(RoleGrant.role)).all() == []


def test_names_and_addresses_are_not_kept_where_they_are_switched_off_and_those_of_before_go_when_asked(live: Town) -> None:
    station = Station(live, "north")
    station.launch("candidate", "programme")
    say(station, office.keep, names=False, email=False)
    station.launch("second", "programme")
    station.launch("candidate", "programme")
    assert told(station) == {"candidate": (True, True), "second": (False, False)}
    say(station, office.clear)
    assert told(station) == {"candidate": (False, False), "second": (False, False)}
    station.launch("candidate", "programme")
    assert told(station)["candidate"] == (False, False)
    say(station, office.keep, names=True, email=True)
    station.launch("candidate", "programme")
    assert told(station)["candidate"] == (True, True)


def told(station: Station) -> dict[str, tuple[bool, bool]]:
    """Persona -> whether a name and an e-mail address of theirs is kept."""
    with station.inside() as session:
        rows = session.execute(
            select(Identity.sub, Person.name, Person.email).join(Person, Person.id == Identity.person_id)
        ).all()
    people = {station.site.sub(one): one.key for one in station.site.people}
    return {people[sub]: (bool(name), bool(email)) for sub, name, email in rows}
