# SPDX-License-Identifier: Apache-2.0
"""One observation through the real services, by whoever may touch it, in any order: what holds at every moment (I4 to I12, I15)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import select, update

from conftest import World, make_world
from lti_mentoring.domain import releasing as holding
from lti_mentoring.domain.body import content_hash
from lti_mentoring.domain.conflict import CLEAR, LETS_THROUGH
from lti_mentoring.domain.observation import Rating
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.domain.scoring import LOWERED
from lti_mentoring.services import (
    conflict,
    listing,
    observation,
    opinion,
    participant,
    programme,
    releasing,
    reporting_line,
    room,
    score,
    second,
    sheet,
    upholding,
)
from lti_mentoring.services import consent as consents
from lti_mentoring.services.reporting_line import Manager
from lti_mentoring.services.room import Named
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy
from lti_mentoring.store.field import Participant
from lti_mentoring.store.observation import Assessment, EvidenceNote, Observation
from lti_mentoring.store.people import Placement
from lti_mentoring.store.programme import ProgrammeVersion, RubricVersion
from lti_mentoring.store.rating import Rater, Resolution, ResolvedLevel, SubmittedRating
from lti_mentoring.store.reporting_line import LineAttestation
from support.opinions import doubling, qualified

RATERS = ("anna", "nora", "ben", "cleo")
"""Anna and Nora observe, and Nora is not qualified; Ben and Cleo rate beside them, and Cleo leads the course as well."""

FAR = {
    "": ("planned", "asked"),
    "agreed": ("planned", "granted"),
    "withdrawn": ("planned", "withdrawn"),
    "rated": ("rated", "granted"),
    "twice": ("rated", "granted"),
    "relieved": ("rated", "granted"),
    "released": ("released", "granted"),
    "held again": ("released", "granted"),
}
"""How far it has come when it begins -> its state and the consent then."""

WHO = st.integers(0, 2)
"""One of those who have a seat, the observer first."""


class Town:
    """A course in which observation after observation is made."""

    def __init__(self, world: World) -> None:
        self.world = world
        first = world.person("Candidate 0")
        doubling(world)
        self.version = base.session().scalars(select(Candidacy.programme_version_id).where(Candidacy.person_id == first.person_id)).one()
        self.lead = world.person("R. Okafor", "coordinator", standing="instructor")
        roles = dict.fromkeys(RATERS, ("observer",)) | {"cleo": ("observer", "coordinator")}
        self.raters = {name: world.person(f"{name.title()} Rater", *roles[name], standing="instructor") for name in RATERS}
        qualified(world, *(self.raters[name] for name in ("anna", "ben", "cleo")))
        self.column = world.placement("observation")
        self.count = 0

    def stage(self, actor: Actor) -> str:
        """Where the grade of somebody's observation stands."""
        placements = base.table(Placement)
        row = base.connection().execute(select(placements).where(placements.c.id == self.column)).one()
        return score.where_they_stand(base.connection(), [(row, actor.person_id)])[self.column, actor.person_id].stage


class Reliability(RuleBasedStateMachine):
    """One observation. Whatever is refused is refused; what is asked here is how things stand afterwards."""

    town: Town
    far: str

    @initialize(first=st.sampled_from(("anna", "anna", "nora")))
    def it_is_planned(self, first: str) -> None:
        town, far = self.town, self.far
        town.count += 1
        self.candidate = town.world.person(f"Candidate {town.count}")
        with base.transactional() as session:
            begun = update(Candidacy).where(Candidacy.person_id == self.candidate.person_id)
            session.execute(begun.values(programme_version_id=town.version))
        self.first, self.raters = first, town.raters
        self.id = observation.plan(
            actor=town.lead,
            candidacy_id=town.world.candidacy_id(f"Candidate {town.count}"),
            observer_id=self.raters[first].person_id,
            planned_for=base.now().date(),
            protege_label="A new colleague",
        )
        room.add(actor=town.lead, observation_id=self.id, named=Named("Kim", ""))
        kim = room.page(actor=town.lead, observation_id=self.id).people[0].person_id
        self.protege = Actor(town.world.org_id, kim, town.world.course_id, "Kim", frozenset(), "")
        with base.transactional() as session:
            session.add(LineAttestation(person_id=kim))
        self.submitted: dict[str, Any] = {}
        self.words: dict[str, Any] = {}
        self.state = "planned"
        if far:
            self.the_protege_says_yes_or_no(yes=True)
        if far == "withdrawn":
            self.the_protege_says_yes_or_no(yes=False)
            self.somebody_notes_a_line(seat=0)
        if far in ("rated", "twice", "relieved", "released", "held again"):
            self.somebody_rates(seat=0, level=3, linked=True)
        if far in ("twice", "relieved", "released", "held again"):
            self.another_opinion_is_asked_for(who="ben", from_notes=True)
            self.somebody_rates(seat=1, level=2 if far == "twice" else 3, linked=True)
        if far in ("released", "held again"):
            self.the_protege_has_read()
        if far in ("relieved", "held again"):
            self.the_candidate_says_who_manages_them(manager="ben")
        assert (self.state, self.consent()) == FAR[far], "what nobody hinders goes through"
        if self.state in ("rated", "released"):
            assert self.clear() == (far != "held again"), "who is relieved holds nothing; who has rated what was released does"

    # --- what people do ---------------------------------------------------------------------------------------------------------------

    def tries(self, does: Callable[..., object], **given: Any) -> bool:
        """-> whether it was let."""
        fresh()
        try:
            does(observation_id=self.id, **given)
        except RuleBroken:
            return False
        finally:
            self.looked()
        return True

    @rule(yes=st.sampled_from((True, True, True, False)))
    def the_protege_says_yes_or_no(self, yes: bool) -> None:
        self.tries(participant.answer, actor=self.protege, agrees=yes)

    @rule()
    def the_protege_has_read(self) -> None:
        self.tries(participant.read, actor=self.protege)

    @rule()
    def the_protege_strikes_a_line(self) -> None:
        for note in self.notes()[:1]:
            self.tries(participant.strike, actor=self.protege, note_id=note.id)

    @rule(seat=WHO)
    def somebody_notes_a_line(self, seat: int) -> None:
        who = self.seated(seat)
        self.tries(observation.save_note, actor=self.raters[who], note=line(who))

    @rule(seat=WHO, level=st.sampled_from((3, 3, 3, 1, 2, 4)), linked=st.sampled_from((True, True, True, False)))
    def somebody_rates(self, seat: int, level: int, linked: bool) -> None:
        who = self.seated(seat)
        actor = self.raters[who]
        fresh()
        try:
            page = observation.sheet(actor=actor, observation_id=self.id)
        except RuleBroken:
            return
        if not page.notes and not page.from_notes and self.tries(observation.save_note, actor=actor, note=line(who)):
            page = observation.sheet(actor=actor, observation_id=self.id)
        notes = [one.id for one in page.notes[:1] if linked]
        *keys, last = [one.criterion.key for one in page.criteria]
        said = [Rating(key, level, note_ids=tuple(notes)) for key in keys]
        said.append(Rating(last, None, not_observed=True, reason=f"The reason of {who}."))
        if self.tries(observation.save_draft, actor=actor, revision=page.revision, ratings=said):
            agreed = self.consent() == "granted"
            revision = observation.sheet(actor=actor, observation_id=self.id).revision
            if self.tries(observation.submit, actor=actor, revision=revision):
                assert agreed, "I11: nothing is submitted without consent"
                assert level == 1 or notes, "I10: a level above 1 stands on a line"

    @rule(seat=WHO)
    def somebody_corrects(self, seat: int) -> None:
        self.tries(observation.reopen, actor=self.raters[self.seated(seat)], why="The wrong line was linked.")

    @rule(who=st.sampled_from(("ben", "cleo", "anna", "candidate")), from_notes=st.booleans())
    def another_opinion_is_asked_for(self, who: str, from_notes: bool) -> None:
        person = self.candidate if who == "candidate" else self.raters[who]
        self.tries(second.assign, actor=self.town.lead, person_id=person.person_id, from_notes=from_notes)

    @rule(manager=st.sampled_from(("", "", *RATERS)))
    def the_candidate_says_who_manages_them(self, manager: str) -> None:
        fresh()
        since = base.now().date() - timedelta(days=30)
        told = [Manager("direct", person_id=self.raters[manager].person_id, since=since)] if manager else []
        with base.transactional() as session:
            reporting_line.attest(session, actor=self.candidate, managers=told)
        outside(lambda: conflict.sweep(now=base.now(), acts=upholding))
        self.looked()

    @rule()
    def two_days_go_by(self) -> None:
        fresh()
        with base.transactional() as session:
            when = update(Observation).where(Observation.id == self.id, Observation.rated_at.is_not(None))
            session.execute(when.values(rated_at=base.now() - timedelta(hours=49)))
            session.execute(update(Participant).values(waits_for_link=False))  # a link was handed over
        outside(lambda: releasing.settle_due(now=base.now()))
        self.looked()

    @rule()
    def the_programme_changes(self) -> None:
        """A version with other words in its rubrics, for everybody, as when a course moves."""
        fresh()
        held = base.session().scalars(select(Candidacy).where(Candidacy.person_id == self.candidate.person_id)).one()
        now = programme.load(held.programme_version_id)
        rubrics = tuple(replace(one, title=f"{one.title}.") for one in now.rubrics)
        with base.transactional() as session:
            made = programme.publish(
                session,
                org_id=self.town.world.org_id,
                programme=replace(now, rubrics=rubrics, policies=()),
                actor="operator",
                derived_from=held.programme_version_id,
            )
            session.execute(update(Candidacy).where(Candidacy.id == held.id).values(programme_version_id=made.id))

    @precondition(lambda self: self.state == "released")
    @rule()
    def it_is_set_aside(self) -> None:
        self.tries(observation.void, actor=self.town.lead, reason="other")

    # --- how things stand -------------------------------------------------------------------------------------------------------------

    def row(self) -> Observation:
        return base.session().scalars(select(Observation).where(Observation.id == self.id)).one()

    def seated(self, number: int) -> str:
        theirs = select(Rater.person_id).where(Rater.observation_id == self.id).order_by(Rater.assigned_at)
        people = [self.row().observer_id, *base.session().scalars(theirs)]
        return next(name for name, actor in self.raters.items() if actor.person_id == people[number % len(people)])

    def notes(self) -> list[EvidenceNote]:
        return list(base.session().scalars(select(EvidenceNote).where(EvidenceNote.observation_id == self.id)))

    def consent(self) -> str:
        return str(base.session().scalars(select(Participant.consent).where(Participant.observation_id == self.id)).one())

    def ratings(self) -> list[SubmittedRating]:
        query = select(SubmittedRating).where(SubmittedRating.observation_id == self.id)
        return list(base.session().scalars(query.order_by(SubmittedRating.number)))

    def clear(self) -> bool:
        """Whether the guard lets everybody's part through whose rating stands."""
        rated = select(Rater.id).where(Rater.observation_id == self.id, Rater.state == "submitted")
        seats = list(base.session().scalars(rated))
        first = conflict.standing(base.session(), "observation", [self.id]).get(self.id, CLEAR)
        others = conflict.standing(base.session(), "rater", seats)
        return {first, *(others.get(one, CLEAR) for one in seats)} <= LETS_THROUGH

    def met(self) -> bool:
        """Whether what the ratings made together is enough."""
        held = base.session().scalars(select(Candidacy).where(Candidacy.person_id == self.candidate.person_id)).one()
        levels = sheet.levels_of(base.session(), self.row())
        return sheet.verdict_of(programme.load(held.programme_version_id), self.row(), levels).met

    def looked(self) -> None:
        """After each act: what has just been released might be."""
        fresh()
        before, self.state = self.state, self.row().state
        if self.state != "released" or before == "released":
            return
        theirs = base.session().scalars(select(Participant).where(Participant.observation_id == self.id)).one()
        assert (theirs.consent, theirs.read_at is None) == ("granted", False), "I15: agreed, and read"
        assert self.clear(), "I15: nobody in conflict"
        corrects = select(Assessment.assessor_id).where(Assessment.observation_id == self.id, Assessment.state == "draft")
        relieved = select(Rater.person_id).where(Rater.observation_id == self.id, Rater.state == "ended")
        stand = {one.assessor_id for one in self.ratings()} - set(base.session().scalars(relieved))
        assert not stand & set(base.session().scalars(corrects)), "I15: nobody corrects"

    @invariant()
    def what_was_published_and_submitted_never_changes(self) -> None:
        fresh()
        for table in (ProgrammeVersion, RubricVersion):
            assert all(one.content_hash == content_hash(one.body) for one in base.session().scalars(select(table))), "I4"
        fixed = {one.id: (one.number, one.purpose, holding.wordless(one.said), one.weight, one.submitted_at) for one in self.ratings()}
        assert self.submitted.items() <= fixed.items(), "I6"
        self.submitted = fixed
        words = {one.id: (one.said, one.why) for one in self.ratings()}
        gone = {one.id: (holding.wordless(one.said), "") for one in self.ratings()}
        assert all(words[key] in (said, gone[key]) for key, said in self.words.items()), "I6, I11: words stay, or go with consent"
        self.words = words
        for who in self.raters.values():
            own = [one for one in self.ratings() if one.assessor_id == who.person_id]
            assert [one.number for one in own] == list(range(1, len(own) + 1)), "I6"
            assert all(one.why or words[one.id] == gone[one.id] for one in own[1:]), "I6: another one says why"

    @invariant()
    def everybody_rates_by_the_rubric_that_it_was_planned_with(self) -> None:
        sheets = list(base.session().scalars(select(Assessment).where(Assessment.observation_id == self.id)))
        assert {one.rubric_version_id for one in (*sheets, *self.ratings())} <= {self.row().rubric_version_id}, "I5"

    @invariant()
    def who_rates_is_neither_the_candidate_nor_the_protege_nor_twice_the_same(self) -> None:
        seats = list(base.session().scalars(select(Rater.person_id).where(Rater.observation_id == self.id)))
        people = [self.row().observer_id, *seats]
        assert len(people) == len(set(people)), "I7"
        assert not {self.candidate.person_id, self.protege.person_id} & set(people), "I7"

    @invariant()
    def a_rating_weighs_what_its_rater_is_qualified_for(self) -> None:
        nora = self.raters["nora"].person_id
        for one in self.ratings():
            assert (one.weight == "counts") == (one.assessor_id != nora), f"I8: {one.weight}"

    @invariant()
    def no_rater_reads_another_or_hears_of_one_before_the_result_stands(self) -> None:
        if self.state == "released":
            return
        seated = {self.row().observer_id, *base.session().scalars(select(Rater.person_id).where(Rater.observation_id == self.id))}
        for name, actor in self.raters.items():
            if actor.person_id not in seated:
                continue
            told = repr([*self.pages(actor)])
            others = [one for one in RATERS if one != name]
            assert not [one for one in others if f"The reason of {one}." in told], "I9"
            if name == self.first:
                assert not [one for one in others if f"{one.title()} Rater" in told], "I9: that somebody else rates"
        with pytest.raises(RuleBroken):
            observation.report(actor=self.candidate, observation_id=self.id)

    def pages(self, actor: Actor) -> Iterator[object]:
        """All that somebody who rates is shown of it."""
        with suppress(RuleBroken):
            yield observation.sheet(actor=actor, observation_id=self.id)
        queue = observation.queue(actor=actor)
        yield [one for one in (*queue.waiting, *queue.handed_in) if one.id == self.id]
        if "coordinator" in actor.roles:
            yield [one.holds for one in listing.page(actor=actor, wanted=listing.Wanted()).rows if one.id == self.id]
            yield [one.id for one in opinion.waiting(actor=actor) if one.id == self.id]

    @invariant()
    def nothing_that_was_noted_stays_once_somebody_said_no(self) -> None:
        if self.consent() in ("refused", "withdrawn"):
            assert [one.text for one in self.notes() if one.text] == [], "I11"
            assert not [one.text for one in consents.page(actor=self.protege, observation_id=self.id).lines if one.text]
            assert "The reason of" not in repr([one.said for one in self.ratings()]), "I11"

    @invariant()
    def a_result_can_be_made_again_from_what_was_submitted(self) -> None:
        row = self.row()
        if row.resolution_id is None:
            return
        made = base.session().scalars(select(Resolution).where(Resolution.id == row.resolution_id)).one()
        by_id = {one.id: one for one in self.ratings()}
        used = tuple(
            holding.Submitted(one.id, one.assessor_id, one.purpose, holding.read(one.said), one.weight, one.submitted_at)
            for one in (by_id[key] for key in made.ratings)
        )
        assert holding.digest(used) == made.inputs_hash, "I12"
        held = base.session().scalars(select(Candidacy).where(Candidacy.person_id == self.candidate.person_id)).one()
        policy, rubric = programme.load(held.programme_version_id).policy, programme.rubric(row.rubric_version_id)
        again = holding.resolution(policy, rubric, used, spared=made.method == LOWERED)
        stored = select(ResolvedLevel).where(ResolvedLevel.resolution_id == made.id)
        levels = {one.criterion: (one.numerator, one.denominator) for one in base.session().scalars(stored)}
        assert {
            one.criterion: (None, 1) if one.level is None else (one.level.numerator, one.level.denominator) for one in again.results
        } == levels, "I12"

    @invariant()
    def a_grade_stands_where_a_result_does_and_nothing_is_open(self) -> None:
        stands = self.state == "released" and self.clear() and self.met()
        assert (self.town.stage(self.candidate) == "final") == stands, "I15: an open conflict takes a result back, and nothing else does"

    def teardown(self) -> None:
        fresh()


def line(who: str) -> observation.Note:
    return observation.Note(base.new_id(), f"A line of {who}.")


def fresh() -> None:
    """Forget what this test has read so far."""
    base.session().rollback()
    base.session().expire_all()


def outside(work: Callable[[], object]) -> None:
    """What a worker does, outside of any organisation."""
    org_id = base.current_tenant()
    fresh()
    base._scope.set(None)
    try:
        work()
    finally:
        base._scope.set(org_id)


def test_whatever_people_do_and_in_whatever_order_each_invariant_holds(app: Flask) -> None:
    world = make_world("Northfield")
    with base.tenant(world.org_id):
        town = Town(world)
        # A few, since each step is a transaction; what fails is told by names, and needs no shorter example.
        few = settings(max_examples=2, stateful_step_count=12, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
        for far in FAR:
            here = type("Here", (Reliability,), {"town": town, "far": far})
            run_state_machine_as_test(here, settings=few)
