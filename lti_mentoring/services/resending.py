# SPDX-License-Identifier: Apache-2.0
"""Sending a grade again because staff say so: over what they have seen in the gradebook, and over nothing else."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import update
from sqlalchemy.orm import Session

from lti_mentoring.domain.delivery import HELD, WAITING
from lti_mentoring.domain.people import Actor
from lti_mentoring.services import privacy
from lti_mentoring.store import base
from lti_mentoring.store.delivery import ScorePublication
from lti_mentoring.store.people import Placement


def send_again(session: Session, actor: Actor | str, rows: Collection[ScorePublication]) -> None:
    """Make these grades due at once, in the caller's transaction, each with a line in the record.

    What the LMS was seen to hold is kept beside them: it is looked at once more before they are sent, and if by then another grade
    stands there, they are held again.
    """
    gone = {row.placement_id for row in rows if row.fault == "column_gone"}
    if gone:
        # The column that we made was deleted: look for it anew, and make it if it is not there.
        session.execute(update(Placement).where(Placement.id.in_(gone)).values(own_lineitem_url=None))
    for row in rows:
        privacy.record(session, actor=actor, verb="retry", object_kind="score", object_id=row.id, reason=row.fault or row.compared)
        seen = row.state == HELD or row.lms_given is not None
        row.state, row.next_at, row.tries, row.last_payload_hash, row.stuck_at = WAITING, base.now(), 0, "", None
        # Staff have seen what the platform holds, or know that nobody can see it.
        row.overwrite = row.overwrite or seen or row.fault == "no_look"
        row.fault, row.words, row.status = "", "", None
        base.wake_after_commit(row.lane)
