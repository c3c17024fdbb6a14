# SPDX-License-Identifier: Apache-2.0
"""Consent of who is in the room: what each may say and when, whether all of it stands, and what falls with a line that is struck."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from lti_mentoring.domain.observation import WAITING, Rating
from lti_mentoring.domain.rule import RuleBroken

PROTEGE, MENTOR = "protege", "mentor"
"""What somebody is asked as."""

ASKED, GRANTED, REFUSED, WITHDRAWN = "asked", "granted", "refused", "withdrawn"

AGREE, REFUSE, MOVED = "agree", "refuse", "moved"

MOVES: Mapping[tuple[str, str], str] = {
    (ASKED, AGREE): GRANTED,
    (ASKED, REFUSE): REFUSED,
    (GRANTED, AGREE): GRANTED,
    (GRANTED, REFUSE): WITHDRAWN,
    (REFUSED, AGREE): GRANTED,
    (REFUSED, REFUSE): REFUSED,
    (WITHDRAWN, AGREE): GRANTED,
    (WITHDRAWN, REFUSE): WITHDRAWN,
    (ASKED, MOVED): ASKED,
    (GRANTED, MOVED): ASKED,
    (REFUSED, MOVED): REFUSED,
    (WITHDRAWN, MOVED): WITHDRAWN,
}
"""The whole machine. Whoever was asked may say yes or no, and the other thing later; a no takes back what was noted. A yes is for one
day and place: with another it is asked anew, and a no stays one."""

OPEN = (*WAITING, "rated")
"""States of an observation in which somebody can still agree to it. Taking back is never too late."""


def after(consent: str, verb: str, state: str) -> str:
    """What somebody's consent is after they said so, of an observation in ``state``. RuleBroken ``consent_closed``."""
    if verb == AGREE and state not in OPEN and consent != GRANTED:
        raise RuleBroken("consent_closed")
    return MOVES[consent, verb]


def takes_back(before: str, after: str) -> bool:
    """Whether what was noted goes with the answer: with every no, a first one too, since notes may be older than the answer."""
    return closed([after]) and not closed([before])


def stands(answers: Collection[str], word: bool) -> bool:
    """Whether a session can be observed as far as consent goes (I11): everybody who was asked agrees. Where nobody could be asked
    themself, the observer's ``word`` holds."""
    return all(one == GRANTED for one in answers) if answers else word


def waits(answers: Collection[str]) -> bool:
    """Whether words about a session are not taken yet: somebody who was asked has not agreed. Silence and a no are the same here, so that
    nobody who writes can tell them apart."""
    return any(one != GRANTED for one in answers)


def closed(answers: Collection[str]) -> bool:
    """Whether nothing of what was noted may stay: somebody who was asked refused, or took it back, and has not agreed since."""
    return not {REFUSED, WITHDRAWN}.isdisjoint(answers)


def fallen(said: Mapping[str, Rating], struck: Collection[str]) -> tuple[str, ...]:
    """The criteria whose level above 1 rests on nothing any more, since all of its notes are struck."""
    gone = frozenset(struck)
    return tuple(one.criterion for one in _above_one(said.values()) if gone.issuperset(one.note_ids))


def _above_one(ratings: Iterable[Rating]) -> list[Rating]:
    return [one for one in ratings if one.level is not None and one.level > 1]
