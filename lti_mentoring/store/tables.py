# SPDX-License-Identifier: Apache-2.0
"""Every room of the store in one place, so that migrations see every table."""

from __future__ import annotations

from lti_mentoring.store import (
    application,
    assistance,
    base,
    calibration,
    candidacy,
    centre,
    concern,
    conflict,
    delivery,
    directory,
    door,
    field,
    handing_in,
    mentorship,
    moving,
    notification,
    observation,
    outcome,
    participation,
    people,
    platform,
    practice,
    privacy,
    programme,
    qualification,
    rating,
    recognition,
    reporting_line,
    roster,
    talk,
    training,
)

ROOMS = (
    *(application, assistance, base, calibration, candidacy, centre, concern, conflict, delivery, field, handing_in, mentorship, moving),
    *(notification, observation, participation, people, platform, practice, privacy, programme, qualification, rating, recognition),
    *(directory, door, outcome, reporting_line, roster, talk, training),
)
