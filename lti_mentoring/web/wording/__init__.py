# SPDX-License-Identifier: Apache-2.0
"""The words that people read for the codes that the floors below speak in; one file for each noun they are about."""

from __future__ import annotations

from flask import Flask

from lti_mentoring.web.wording.agreement import (
    agreement_words,
    bias_figure_words,
    lean_words,
    percent_words,
    range_words,
    undefined_words,
    value_words,
    weakest_words,
)
from lti_mentoring.web.wording.application import (
    application_state_words,
    conflict_words,
    decline_reasons_words,
    decline_words,
    fraction_words,
    last_day_words,
    moment_of_application_words,
    problem_words,
    reference_words,
    short_words,
    support_words,
    supports_words,
)
from lti_mentoring.web.wording.assistance import board_words, mode_words, offer_words, own_help_words, topic_words, urgency_words
from lti_mentoring.web.wording.board import (
    alert_options_words,
    alert_words,
    cell_line_words,
    cell_options_words,
    cell_words,
    column_title,
    enrolment_options_words,
    known_enrolment_words,
    quiet_words,
    reached_options_words,
    reached_words,
    requirement_of_words,
    sort_options_words,
    standing_of_words,
    taking_part_options_words,
    taking_part_words,
    waits_options_words,
    waits_words,
)
from lti_mentoring.web.wording.calibration import answer_words, apart_words, bias_words, compared_words
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
from lti_mentoring.web.wording.conflict import conflict_verdict_words, finding_words, row_fault_words
from lti_mentoring.web.wording.delivery import remedy_words
from lti_mentoring.web.wording.diagnosis import diagnosis_words, link_words, scope_words
from lti_mentoring.web.wording.editing import (
    draft_field_words,
    draft_group_words,
    draft_option_words,
    draft_page_words,
    draft_value_words,
    intake_mode_words,
)
from lti_mentoring.web.wording.field import (
    capture_about_words,
    capture_words,
    clock_words,
    question_kind_words,
    waiting_words,
)
from lti_mentoring.web.wording.guest import correction_words
from lti_mentoring.web.wording.handout import handout_words
from lti_mentoring.web.wording.holding import holding_words
from lti_mentoring.web.wording.launch import Refusal, refusal_lines, refusal_words
from lti_mentoring.web.wording.listing import hold_choice_words, holds_words, listed_words
from lti_mentoring.web.wording.moving import asked_title, block_words, change_words, under_way_words, version_words
from lti_mentoring.web.wording.notification import family_words, letter_words, mail_choice_words, notice_title, notice_words
from lti_mentoring.web.wording.observation import called_off_words, gap_words, kind_words, level_words, mean_words, rating_words, step_words
from lti_mentoring.web.wording.opening import (
    component_words,
    missing_people_words,
    need_words,
    people_kind_words,
    policy_name_words,
    policy_words,
    share_words,
)
from lti_mentoring.web.wording.participation import (
    enrolment_words,
    part_done_words,
    part_line_words,
    part_reason_words,
    part_reasons_words,
    part_state_words,
)
from lti_mentoring.web.wording.people import role_words, standing_words, todo_words
from lti_mentoring.web.wording.permission import come_by_words, held_role_words, permission_words, source_words
from lti_mentoring.web.wording.phrase import count_words
from lti_mentoring.web.wording.placing import item_kind_words, item_preview_words, item_title, item_words
from lti_mentoring.web.wording.practice import marking_words, practice_words
from lti_mentoring.web.wording.qualification import (
    lack_words,
    own_standing_words,
    standing_state_words,
    weight_meaning_words,
    weight_words,
)
from lti_mentoring.web.wording.recognition import recognition_words, voice_words
from lti_mentoring.web.wording.report import exact_level_words, how_words, method_words, rater_words, reason_words
from lti_mentoring.web.wording.roster import membership_words, roster_words
from lti_mentoring.web.wording.rule import field_words, page_words, rule_words
from lti_mentoring.web.wording.time import day_words, moment_words

__all__ = [
    "Refusal",
    "agreement_words",
    "alert_options_words",
    "alert_words",
    "answer_words",
    "apart_words",
    "application_state_words",
    "asked_title",
    "bias_figure_words",
    "bias_words",
    "block_words",
    "board_words",
    "called_off_words",
    "capture_about_words",
    "capture_words",
    "cell_line_words",
    "cell_options_words",
    "cell_words",
    "change_words",
    "clock_words",
    "cohort_words",
    "column_title",
    "come_by_words",
    "compared_words",
    "component_words",
    "conflict_verdict_words",
    "conflict_words",
    "correction_words",
    "count_words",
    "day_words",
    "decline_reasons_words",
    "decline_words",
    "diagnosis_words",
    "difference_words",
    "draft_field_words",
    "draft_group_words",
    "draft_option_words",
    "draft_page_words",
    "draft_value_words",
    "enrolment_options_words",
    "enrolment_words",
    "exact_level_words",
    "family_words",
    "field_words",
    "finding_words",
    "fraction_words",
    "gap_words",
    "grade_words",
    "handout_words",
    "headline_words",
    "held_role_words",
    "hold_choice_words",
    "holding_words",
    "holds_words",
    "how_words",
    "intake_mode_words",
    "item_kind_words",
    "item_preview_words",
    "item_title",
    "item_words",
    "kind_words",
    "known_enrolment_words",
    "lack_words",
    "last_day_words",
    "lean_words",
    "lede_words",
    "letter_words",
    "level_words",
    "link_words",
    "listed_words",
    "mail_choice_words",
    "marking_words",
    "mean_words",
    "membership_words",
    "method_words",
    "missing_people_words",
    "mode_words",
    "moment_of_application_words",
    "moment_words",
    "need_words",
    "next_words",
    "notice_title",
    "notice_words",
    "offer_words",
    "own_help_words",
    "own_standing_words",
    "page_words",
    "part_done_words",
    "part_line_words",
    "part_reason_words",
    "part_reasons_words",
    "part_state_words",
    "people_kind_words",
    "percent_words",
    "permission_words",
    "policy_name_words",
    "policy_words",
    "practice_words",
    "problem_words",
    "question_kind_words",
    "quiet_words",
    "range_words",
    "rater_words",
    "rating_words",
    "reached_options_words",
    "reached_words",
    "reason_words",
    "recognition_words",
    "reference_words",
    "refusal_lines",
    "refusal_words",
    "remedy_words",
    "requirement_of_words",
    "requirement_words",
    "role_words",
    "roster_words",
    "row_fault_words",
    "rule_words",
    "scope_words",
    "share_words",
    "short_words",
    "sort_options_words",
    "source_words",
    "standing_of_words",
    "standing_state_words",
    "standing_words",
    "station_title",
    "station_words",
    "step_words",
    "support_words",
    "supports_words",
    "taking_part_options_words",
    "taking_part_words",
    "todo_words",
    "topic_words",
    "undefined_words",
    "under_way_words",
    "urgency_words",
    "value_words",
    "version_words",
    "voice_words",
    "waiting_words",
    "waits_options_words",
    "waits_words",
    "weakest_words",
    "weight_meaning_words",
    "weight_words",
    "why_not_words",
]


def init_app(app: Flask) -> None:
    """Let every template say codes in words."""
    app.jinja_env.globals.update({name: globals()[name] for name in __all__ if name.endswith(("_words", "_title", "_lines"))})
