# SPDX-License-Identifier: Apache-2.0
"""Reviews and references when two do something at the same moment: what was said is kept once, and nothing is half."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import copy_context

import pytest
from flask import Flask
from sqlalchemy import select

from conftest import World, make_world
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.domain.selection import Mark
from lti_mentoring.services import application, dossier, reference, reviewing, selection
from lti_mentoring.store import base
from lti_mentoring.store.application import Application, ApplicationReview, Reference
from support.applying import submitted, taking_applications

STATEMENT = "She asked me three questions, and I had my own answer in the end."


def at_once(app: Flask, org_id: str, *verbs: Callable[[], object]) -> list[str]:
    """-> what became of each, in their order: empty, or the code that it was refused with."""
    gate, told = threading.Barrier(len(verbs)), [""] * len(verbs)

    def run(number: int, verb: Callable[[], object]) -> None:
        gate.wait()
        with app.app_context(), base.tenant(org_id):
            try:
                verb()
            except RuleBroken as broken:
                told[number] = broken.code

    base.session().rollback()
    threads = [threading.Thread(target=copy_context().run, args=(run, number, verb)) for number, verb in enumerate(verbs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    base.session().rollback()
    base.session().expire_all()
    return told


def asked(world: World, lead: Actor, made: str, *names: str) -> list[tuple[Actor, str]]:
    """People who are asked for a review. -> each with their review's id"""
    found = []
    for name in names:
        who = world.person(name, "observer", standing="none")
        selection.assign(actor=lead, application_id=made, reviewer_id=who.person_id)
        (own,) = reviewing.waiting(actor=who)
        found.append((who, own.id))
    return found


def marks(level: int) -> list[Mark]:
    return [Mark(f"E{number}", level, "The second answer shows it.") for number in range(1, 9)]


def test_two_reviewers_who_submit_at_once_are_both_in(any_app: Flask):
    made = make_world("Both")
    with base.tenant(made.org_id):
        lead = taking_applications(made, "assured")
        one = submitted(made, "Ada")
        pair = asked(made, lead, one, "First", "Second")

        def submits(who: Actor, review_id: str, level: int) -> Callable[[], object]:
            return lambda: reviewing.submit(actor=who, review_id=review_id, marks=marks(level), revision=0)

        verbs = [submits(who, review, level) for (who, review), level in zip(pair, (3, 4), strict=True)]
        assert at_once(any_app, made.org_id, *verbs) == ["", ""]
        page = dossier.dossier(actor=lead, application_id=one)
        assert ([read.reviewer for read in page.reviews], page.standing.missing) == (["First", "Second"], 0)


def test_one_reviewer_who_submits_in_two_windows_at_once_has_said_one_thing(any_app: Flask):
    made = make_world("Windows")
    with base.tenant(made.org_id):
        lead = taking_applications(made)
        one = submitted(made, "Ada")
        ((who, review),) = asked(made, lead, one, "First")
        verbs = [lambda level=level: reviewing.submit(actor=who, review_id=review, marks=marks(level), revision=0) for level in (2, 3)]
        told = at_once(any_app, made.org_id, *verbs)
        assert sorted(told) == ["", "review_submitted"]
        row = base.session().get_one(ApplicationReview, (made.org_id, review))
        assert {mark["level"] for mark in row.marks} == {2 if told[0] == "" else 3}
        assert row.revision == 1


def test_a_review_that_is_submitted_while_it_is_taken_back_is_in_or_gone_and_never_both(any_app: Flask):
    made = make_world("Taken")
    with base.tenant(made.org_id):
        lead = taking_applications(made)
        one = submitted(made, "Ada")
        ((who, review),) = asked(made, lead, one, "First")
        told = at_once(
            any_app,
            made.org_id,
            lambda: reviewing.submit(actor=who, review_id=review, marks=marks(3), revision=0),
            lambda: selection.relieve(actor=lead, application_id=one, reviewer_id=who.person_id),
        )
        left = base.session().scalars(select(ApplicationReview)).all()
        assert told in (["", "review_submitted"], ["review", ""])
        assert [row.state for row in left] == (["submitted"] if told[0] == "" else [])


def links(world: World, lead: Actor, made: str) -> tuple[str, str]:
    row = base.session().scalars(select(Reference).where(Reference.application_id == made).order_by(Reference.number)).first()
    assert row is not None
    return row.id, reference.issue(actor=lead, application_id=made, reference_id=row.id)


def test_a_referee_who_sends_while_a_new_link_is_made_is_heard_or_told_and_never_lost(any_app: Flask):
    made = make_world("Link")
    with base.tenant(made.org_id):
        lead = taking_applications(made, "assured")
        one = submitted(made, "Ada")
        own, token = links(made, lead, one)
        told = at_once(
            any_app,
            made.org_id,
            lambda: reference.answer(token=token, supports="yes", text=STATEMENT),
            lambda: reference.issue(actor=lead, application_id=one, reference_id=own),
        )
        row = base.session().get_one(Reference, (made.org_id, own))
        assert told in (["", "reference_given"], ["reference_link", ""])
        assert (row.state, row.text) == (("given", STATEMENT) if told[0] == "" else ("asked", ""))


def test_a_referee_who_sends_twice_at_once_has_said_it_once(any_app: Flask):
    made = make_world("Twice")
    with base.tenant(made.org_id):
        lead = taking_applications(made, "assured")
        one = submitted(made, "Ada")
        own, token = links(made, lead, one)
        verbs = [lambda text=text: reference.answer(token=token, supports="yes", text=text) for text in (STATEMENT, STATEMENT.upper())]
        told = at_once(any_app, made.org_id, *verbs)
        assert sorted(told) == ["", "reference_given"]
        assert base.session().get_one(Reference, (made.org_id, own)).text == (STATEMENT if told[0] == "" else STATEMENT.upper())


@pytest.mark.parametrize("verb", ["withdraw", "submit"])
def test_a_review_of_an_application_that_is_taken_back_is_needed_no_more(world: World, verb: str):
    lead = taking_applications(world)
    one = submitted(world, "Ada")
    ((who, review),) = asked(world, lead, one, "First")
    if verb == "submit":
        reviewing.submit(actor=who, review_id=review, marks=marks(3), revision=0)
    application.withdraw(actor=world.actor("Ada"))
    (row,) = reviewing.waiting(actor=who)
    assert row.state == ("submitted" if verb == "submit" else "over")
    assert base.session().scalar(select(Application.state)) == "withdrawn"
