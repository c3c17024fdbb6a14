# SPDX-License-Identifier: Apache-2.0
"""Every code that the floors below speak in has words for people; no page shows a bare code in their place."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import Babel

from lti_mentoring.domain import mail as mail_rules
from lti_mentoring.domain import notification as notice_rules
from lti_mentoring.domain.diagnosis import CODES, Finding
from lti_mentoring.domain.participation import ENROLMENT, PARTICIPATION, REASONS, VERBS
from lti_mentoring.lti.platforms import PROFILES
from lti_mentoring.lti.refusal import REASONS as REFUSALS
from lti_mentoring.services.candidacy import Phrase
from lti_mentoring.web.errors import SHOWN
from lti_mentoring.web.wording import (
    candidacy,
    delivery,
    diagnosis,
    fault,
    launch,
    mending,
    notification,
    participation,
    people,
    refusal,
    rule,
)

PACKAGE = Path(__file__).parents[2] / "lti_mentoring"
BROKEN = ("RuleBroken", "NotAllowed", "NotFound", "Gap")


@pytest.fixture(autouse=True)
def language() -> Iterator[None]:
    """A request, as words need one for their language."""
    app = Flask("words")
    Babel(app)
    with app.test_request_context():
        yield


def calls(*names: str) -> Iterator[tuple[str, str]]:
    """(file, text) of the first argument of each call of one of ``names``, wherever it is a text or a choice between texts."""
    for file in sorted(PACKAGE.rglob("*.py")):
        if "demo" in file.parts:
            continue
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in names and node.args:
                for text in literals(node.args[0]):
                    yield file.name, text


def literals(node: ast.expr) -> Iterator[str]:
    """The texts that an expression can be."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from literals(node.body)
        yield from literals(node.orelse)


def test_every_broken_rule_has_words():
    wordless = sorted({f"{file}: {code}" for file, code in calls(*BROKEN) if code not in rule.RULES})
    assert wordless == []


def test_no_two_rooms_say_one_code():
    codes = [code for _, room in rule.every_room() for code in room]
    assert sorted({code for code in codes if codes.count(code) > 1}) == []


def test_every_error_page_has_words_and_a_template():
    templates = {int(file.stem) for file in (PACKAGE.parent / "templates" / "error").glob("[0-9]*.html")}
    assert set(SHOWN) <= templates
    assert set(SHOWN) <= set(rule.PAGES)
    assert {f"http_{status}" for status in SHOWN} <= set(rule.RULES)


def test_every_refused_launch_has_words_for_its_reader_and_for_its_administrator():
    broken = {"deployment_pending", "nonce_used"}
    assert set(refusal.REASONS) == set(REFUSALS) | broken
    for reason in refusal.REASONS:
        page = launch.Refusal(reason=reason, status=400, reference="7f3k22d1", at=datetime.now(UTC), platform="Northfield Moodle")
        words = launch.refusal_words(page)
        assert all((words.title, words.what, words.staff)), reason
        assert len(words.steps) >= 2, reason
        lines = launch.refusal_lines(page)
        assert reason in lines
        assert "7f3k22d1" in lines


def test_a_kept_back_cookie_offers_the_own_window_only_where_the_login_can_begin_again():
    at = datetime.now(UTC)
    again = launch.refusal_words(launch.Refusal("state_unbound", 401, "r", at, own_window=True, restart={"iss": "https://lms.example"}))
    spent = launch.refusal_words(launch.Refusal("state_unbound", 401, "r", at, own_window=True))
    assert "button below" in again.steps[0]
    assert "from the LMS" in spent.steps[0] or "course page" in spent.steps[0]
    assert "button" not in " ".join(spent.steps)


def test_every_remedy_that_a_platform_may_ask_for_has_steps():
    for remedy in delivery.REMEDIES:
        words = delivery.remedy_words(remedy)
        assert all((words.title, words.what, words.steps)), remedy
    documented = (PACKAGE / "lti" / "verdict.py").read_text("utf-8").partition("Remedies:")[2].partition(";")[0]
    assert {one.strip() for one in documented.replace("\n", " ").split(",")} <= set(delivery.REMEDIES)


def test_every_remedy_for_a_mail_has_steps():
    assert set(delivery.MAIL) == set(mail_rules.REMEDIES)


def test_every_notice_has_words_on_the_page_in_a_mail_and_in_a_digest():
    for words in (notification.NOTICES, notification.SUBJECTS, notification.COUNTS):
        assert set(words) == set(notice_rules.KINDS)
    assert set(notification.FAMILIES) == set(notice_rules.FAMILIES) == {one.family for one in notice_rules.KINDS.values()}
    assert set(notification.CHOICES) == set(notice_rules.CHOICES)
    for code, kind in notice_rules.KINDS.items():
        facts = {name: datetime.now(UTC).date() if name == "planned_for" else 3 for name in kind.facts}
        assert "%(" not in notification.notice_words(code, facts), code
        assert set(facts) >= set(re.findall(r"%\((\w+)\)", str(notification.NOTICES[code]))), code


def test_every_fault_that_the_doctor_knows_has_words_for_every_family():
    assert set(fault.FINDINGS) == set(CODES)
    assert {code for code, _ in mending.FAMILY_STEPS} <= set(CODES)
    for code in CODES:
        for family in PROFILES:
            words = diagnosis.diagnosis_words(Finding(code, {"which": "token", "cause": "column_gone"}), family=family)
            assert all((words.title, words.what, words.steps or code == "granted")), code
            assert "%(" not in " ".join((words.title, words.what, *words.steps)), code


def test_every_state_verb_and_reason_of_taking_part_has_words():
    assert set(participation.STATES) == set(PARTICIPATION)
    assert set(participation.REASONS) == set(REASONS)
    assert set(participation.LINES) == set(VERBS)
    assert set(participation.ENROLMENT) == {state for state in ENROLMENT if state}
    assert set(participation.OFFERED) | {"return", "reinstate"} == set(participation.DONE)
    halted = {state for state, begins in PARTICIPATION.items() if not begins}
    assert halted == set(candidacy.HALTED)
    assert halted <= set(candidacy.LEDES)
    assert halted <= set(candidacy.COHORT)


def test_every_step_of_the_way_has_words():
    codes = {text for _, text in calls("NextStep")} | {"go_on_module", "take_module", "retake_module"}
    codes |= {"await_plan", "await_session", "await_rating", "await_another"}
    assert codes <= set(candidacy.LEDES)
    assert codes <= set(candidacy.COHORT)
    stations = {text for file, text in calls("Phrase") if file == "candidacy.py"} - {"way_met", "way_open"}
    assert stations <= set(candidacy.STATIONS)


def test_every_requirement_and_reason_has_words():
    assert {text for _, text in calls("Requirement", "Reason", "_node")} <= set(candidacy.REQUIREMENTS)


def test_every_state_of_a_grade_has_words():
    assert {text for _, text in calls("GradeLine")} - {"no_column"} <= set(candidacy.GRADES)
    for why in candidacy.NO_COLUMN:
        assert candidacy.grade_words(Phrase("no_column", {"why": why}))


def test_everything_that_waits_for_staff_has_words():
    for code in {text for _, text in calls("Todo")}:
        assert "(" not in people.todo_words(Phrase(code, {"count": 2}))[1]


def test_facts_stand_in_sentences_as_people_write_them():
    today = datetime.now(UTC)
    said = candidacy.lede_words(Phrase("await_session", {"observer": "T. Lindqvist", "planned_for": (today + timedelta(days=1)).date()}))
    assert said.startswith("T. Lindqvist observes you (tomorrow).")
    mean = candidacy.requirement_words(Phrase("overall_mean_below", {"mean": Fraction(27499, 10000), "bar": Fraction(11, 4)}))
    assert mean.number == "2.74 of 2.75"
    assert rule.rule_words("criterion_open", {"criteria": ("C6", "C7")}).startswith("Not rated yet: C6, C7.")


def test_a_sentence_without_its_facts_is_still_a_sentence():
    for code in rule.RULES:
        assert rule.rule_words(code, {})
        assert "%(" not in rule.rule_words(code, {})
