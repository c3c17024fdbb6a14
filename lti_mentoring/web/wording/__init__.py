# SPDX-License-Identifier: Apache-2.0
"""The words that people read for the codes that the floors below speak in; one file for each noun they are about."""

from __future__ import annotations

from flask import Flask

from lti_mentoring.web.wording.candidacy import (
    cohort_words,
    grade_words,
    headline_words,
    lede_words,
    next_words,
    requirement_words,
    station_title,
    station_words,
)
from lti_mentoring.web.wording.comparison import difference_words, why_not_words
from lti_mentoring.web.wording.delivery import remedy_words
from lti_mentoring.web.wording.diagnosis import diagnosis_words, link_words, scope_words
from lti_mentoring.web.wording.holding import holding_words
from lti_mentoring.web.wording.launch import Refusal, refusal_lines, refusal_words
from lti_mentoring.web.wording.notification import family_words, letter_words, mail_choice_words, notice_title, notice_words
from lti_mentoring.web.wording.observation import gap_words, level_words, mean_words, rating_words
from lti_mentoring.web.wording.people import role_words, standing_words, todo_words
from lti_mentoring.web.wording.permission import come_by_words, held_role_words, permission_words, source_words
from lti_mentoring.web.wording.phrase import count_words
from lti_mentoring.web.wording.roster import membership_words, roster_words
from lti_mentoring.web.wording.rule import field_words, page_words, rule_words
from lti_mentoring.web.wording.time import day_words, moment_words

__all__ = [
    "Refusal",
    "cohort_words",
    "come_by_words",
    "count_words",
    "day_words",
    "diagnosis_words",
    "difference_words",
    "family_words",
    "field_words",
    "gap_words",
    "grade_words",
    "headline_words",
    "held_role_words",
    "holding_words",
    "lede_words",
    "letter_words",
    "level_words",
    "link_words",
    "mail_choice_words",
    "mean_words",
    "membership_words",
    "moment_words",
    "next_words",
    "notice_title",
    "notice_words",
    "page_words",
    "permission_words",
    "rating_words",
    "refusal_lines",
    "refusal_words",
    "remedy_words",
    "requirement_words",
    "role_words",
    "roster_words",
    "rule_words",
    "scope_words",
    "source_words",
    "standing_words",
    "station_title",
    "station_words",
    "todo_words",
    "why_not_words",
]


def init_app(app: Flask) -> None:
    """Let every template say codes in words."""
    app.jinja_env.globals.update({name: globals()[name] for name in __all__ if name.endswith(("_words", "_title", "_lines"))})
