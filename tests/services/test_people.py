# SPDX-License-Identifier: Apache-2.0
"""Signing in when many do it at the same moment, and what an error may say of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import Context
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from conftest import make_world
from lti_mentoring.lti.launch import launch_of
from lti_mentoring.services import people, platform
from lti_mentoring.store import base
from lti_mentoring.store.people import Person
from lti_mentoring.store.platform import Deployment, SpentNonce

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
LEARNER = "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"


def at_once(app: Flask, verbs: list[Callable[[], object]]) -> list[Exception]:
    """Run each in a thread and an app context of its own, together. -> what went wrong"""
    gate, wrong = threading.Barrier(len(verbs)), []

    def run(verb: Callable[[], object]) -> None:
        with app.app_context():
            gate.wait()
            try:
                verb()
            except Exception as error:
                wrong.append(error)

    threads = [threading.Thread(target=Context().run, args=(run, verb)) for verb in verbs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


def test_classes_that_open_their_first_launch_together_all_get_in(any_app: Flask) -> None:
    world = make_world("Northfield")
    registration = platform.registration(world.registration_id)
    assert registration is not None

    def opening(round_: int, number: int) -> Callable[[], object]:
        body = {
            "sub": f"{round_}-{number}",
            "nonce": f"nonce-{round_}-{number}",
            LTI + "roles": [LEARNER],
            LTI + "deployment_id": f"new-{round_}",
            LTI + "context": {"id": f"course-{round_}-{number % 4}"},
            LTI + "resource_link": {"id": "link"},
        }
        launch = launch_of(body, registration=registration, deployment=None, now=datetime.now(UTC))
        return lambda: people.sign_in(launch, old_token=None, absolute=timedelta(hours=1))

    for round_ in range(3):
        assert at_once(any_app, [opening(round_, number) for number in range(12)]) == []
    base.session().rollback()
    with base.tenant(world.org_id):
        assert base.session().scalar(select(func.count()).select_from(Person)) == 36


def test_unknown_deployments_that_knock_together_wait_once_each_and_never_too_many(any_app: Flask) -> None:
    world = make_world("Northfield")

    def knock(name: str) -> Callable[[], object]:
        return lambda: platform.hold_deployment(registration_id=world.registration_id, org_id=world.org_id, deployment_id=name)

    assert at_once(any_app, [knock("same") for _ in range(8)] + [knock(f"other-{number}") for number in range(24)]) == []
    base.session().rollback()
    waiting = select(func.count()).select_from(Deployment).where(Deployment.state == "pending")
    assert base.session().scalar(waiting) == platform.MOST_PENDING


def test_an_error_of_the_database_names_no_value_of_its_statement(app: Flask) -> None:
    row = {"nonce": "somebodys-words", "expires_at": base.now()}
    with base.transactional() as session, pytest.raises(IntegrityError) as raised:
        session.execute(insert(SpentNonce), [row, row])
    assert "somebodys-words" not in str(raised.value)
