# SPDX-License-Identifier: Apache-2.0
"""Who sees what of somebody's work when an LMS's gradebook points at them. The pointer opens nothing; our own roles do."""

from __future__ import annotations

from typing import Literal

from lti_mentoring.domain.people import LEADS, Actor

View = Literal["own", "all", "rated", "none"]


def view(actor: Actor, *, subject: str, rates: bool) -> View:
    """What ``actor`` may see of ``subject``: their own way; all that a coordinator sees; the observations that are theirs to rate;
    nothing. ``rates``: an observation of the subject is assigned to the actor, who may still rate."""
    if actor.person_id == subject:
        return "own"
    if actor.is_any(*LEADS):
        return "all"
    return "rated" if rates else "none"
