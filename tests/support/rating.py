# SPDX-License-Identifier: Apache-2.0
"""A rater's answers to the transcript of the test pack, so that a test has an attempt to speak of."""

from __future__ import annotations

from lti_mentoring.domain.people import Actor
from lti_mentoring.services import calibration

KEY = "T1"

ALL: dict[str, int | None] = {
    **{"C1": 3, "C2": 4, "C3": 4, "C4": 2, "C5": 2, "C6": 3},
    **{"C7": 3, "C8": 4, "C9": 1, "C10": 3, "C11": 2, "C12": 1},
}


def submitted(rater: Actor, *, number: int = 1, revision: int = 0, **levels: int | None) -> str:
    """The transcript rated and submitted. -> the attempt's id"""
    return calibration.submit(actor=rater, key=KEY, number=number, chosen={**ALL, **levels}, revision=revision)
