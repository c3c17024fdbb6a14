# SPDX-License-Identifier: Apache-2.0
"""All observations of a course in a list: what an address asks for, and what its reader may be told of why one is not released yet."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lti_mentoring.domain.releasing import AMENDING, ANOTHER, CONFLICT, CONSENT, OWN_PART, READS, THIRD_OPINION, Hold

STATES = ("planned", "drafting", "rated", "released", "cancelled", "void")

OPEN = "open"
"""What somebody is told of an observation that they rate, or that is about themself: that something is open, and nothing of what (I9)."""

HOLDS = (ANOTHER, THIRD_OPINION, OWN_PART, AMENDING, READS, CONFLICT, OPEN)
"""What a list tells. A consent that is missing is told as a conflict is: as one of the things that stand against it, and never which."""

NEWEST, OLDEST = "newest", "oldest"
SORTS = (NEWEST, OLDEST)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an address asks for; an empty one asks for all, the newest session first. ``q`` is part of a candidate's name."""

    q: str = ""
    state: str = ""
    kind: str = ""
    observer: str = ""
    hold: str = ""
    sort: str = NEWEST
    page: int = 1

    def address(self, **changes: Any) -> dict[str, object]:
        """The parameters of the address that asks for this, with some of them changed; the page is the first unless it is named."""
        asked, plain = replace(self, **{"page": 1, **changes}), Wanted()
        return {name: value for name in self.__slots__ if (value := getattr(asked, name)) != getattr(plain, name)}

    @property
    def filters(self) -> bool:
        """Whether it leaves anything out."""
        return bool(self.address(sort=NEWEST))


def told(holds: Sequence[Hold], reader: str, involved: Collection[str]) -> tuple[Hold, ...]:
    """The holds as a reader may learn of them: who rates the observation, or is its subject, learns of none in particular,
    and nobody that it is somebody's answer."""
    if holds and reader in involved:
        return (Hold(OPEN),)
    told = [one for one in holds if one.code not in (CONFLICT, CONSENT)]
    return (*told, Hold(CONFLICT)) if len(told) < len(holds) else tuple(told)
