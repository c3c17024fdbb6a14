# SPDX-License-Identifier: Apache-2.0
"""Pairs and groups: who may be in one, and what becomes of a session that was planned. Facts alone; what is said is never here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from lti_mentoring.domain.programme import CO, STRUCTURED
from lti_mentoring.domain.rule import RuleBroken

ONE_TO_ONE, GROUP = "one_to_one", "group"
KINDS = (ONE_TO_ONE, GROUP)

MENTOR, CO_MENTOR, FACILITATOR, PROTEGE = "mentor", "co_mentor", "facilitator", "protege"
LEADING = (MENTOR, CO_MENTOR, FACILITATOR)
"""Roles of those who lead a session."""

LEAST_IN_GROUP, MOST_IN_GROUP = 2, 12

IN_PERSON, VIDEO, PHONE = "in_person", "video", "phone"
MODES = (IN_PERSON, VIDEO, PHONE)

LEAST_MINUTES, MOST_MINUTES = 5, 480

Seats = Sequence[tuple[str, str]]
"""(person, role) of each member."""


def leads(kind: str) -> str:
    """The role of who leads a pair or group of a kind."""
    return FACILITATOR if kind == GROUP else MENTOR


def check(kind: str, seats: Seats) -> None:
    """I2: nobody is mentor and protégé of themself, nor there twice; a pair has a mentor and one protégé, a group a facilitator and two to
    twelve protégés; either may have a co-mentor.

    RuleBroken ``mentorship_kind``, ``mentor_and_protege``, ``member_twice``, ``mentor_missing``, ``protege_missing``, ``group_size``.
    """
    if kind not in KINDS:
        raise RuleBroken("mentorship_kind", kind=kind)
    proteges = [person for person, role in seats if role == PROTEGE]
    leading = [person for person, role in seats if role in LEADING]
    if set(proteges) & set(leading):
        raise RuleBroken("mentor_and_protege")
    if len(set(proteges)) < len(proteges) or len(set(leading)) < len(leading):
        raise RuleBroken("member_twice")
    if [role for _, role in seats if role == leads(kind)] != [leads(kind)]:
        raise RuleBroken("mentor_missing")
    if kind == GROUP and not LEAST_IN_GROUP <= len(proteges) <= MOST_IN_GROUP:
        raise RuleBroken("group_size", least=LEAST_IN_GROUP, most=MOST_IN_GROUP)
    if kind == ONE_TO_ONE and len(proteges) != 1:
        raise RuleBroken("protege_missing")


# --- a session --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Move:
    """One row of the state table. ``begun``: possible only once the session's time has come."""

    state: str
    verb: str
    to: str
    begun: bool = False


MOVES = (
    Move("new", "plan", "planned"),
    Move("planned", "change", "planned"),
    Move("planned", "hold", "held", begun=True),
    Move("planned", "miss", "no_show", begun=True),
    Move("planned", "cancel", "cancelled"),
    Move("held", "hold", "held", begun=True),
    Move("held", "miss", "no_show", begun=True),
    Move("no_show", "hold", "held", begun=True),
)
"""The whole machine. What was written down of a session by mistake is set right; one that was called off is planned anew."""

TABLE: Mapping[tuple[str, str], Move] = {(move.state, move.verb): move for move in MOVES}


def after(state: str, verb: str, *, starts_at: datetime, now: datetime) -> str:
    """The state that ``verb`` leads to. RuleBroken ``session_closed`` (state) where the table has no such move, ``session_ahead`` for what
    can be said only of a session that has begun."""
    move = TABLE.get((state, verb))
    if move is None:
        raise RuleBroken("session_closed", state=state)
    if move.begun and now < starts_at:
        raise RuleBroken("session_ahead")
    return move.to


def verbs(state: str, *, starts_at: datetime, now: datetime) -> tuple[str, ...]:
    """What can be done with a session now."""
    return tuple(move.verb for move in MOVES if move.state == state and not (move.begun and now < starts_at))


def check_length(minutes: int) -> int:
    """RuleBroken ``session_minutes`` (least, most)."""
    if not LEAST_MINUTES <= minutes <= MOST_MINUTES:
        raise RuleBroken("session_minutes", least=LEAST_MINUTES, most=MOST_MINUTES)
    return minutes


# --- a session that is observed --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Observed:
    """Who takes part in an observed session besides its observer: the accomplished mentor, where the kind has one, and the protégés."""

    mentor_id: str | None
    proteges: tuple[str, ...]


def observed(kind: str, shape: str, seats: Seats, *, candidate_id: str, mentor_id: str | None) -> Observed:
    """What an observation of a kind comes to in a session of this pair or group (``shape``, ``seats`` of that day).

    The candidate leads what is rated of them alone; in a structured observation they watch one of those who lead; in co-mentoring one of
    the two leads the pair as well. RuleBroken ``session_of_candidate`` (kind), ``session_watched``, ``session_mentor``.
    """
    leading = [person for person, role in seats if role in LEADING]
    proteges = tuple(person for person, role in seats if role == PROTEGE)
    if candidate_id in proteges:
        raise RuleBroken("session_watched")
    if kind == STRUCTURED:
        if candidate_id in leading:
            raise RuleBroken("session_watched")
        watched = mentor_id or (leading[0] if leading else None)
        if watched not in leading:
            raise RuleBroken("session_mentor")
        return Observed(watched, proteges)
    if kind == CO:
        others = [person for person in leading if person != candidate_id]
        partner = mentor_id or (others[0] if others else None)
        if partner is None or partner == candidate_id or not {partner, candidate_id} & set(leading):
            raise RuleBroken("session_mentor")
        return Observed(partner, proteges)
    if candidate_id not in leading or (kind == "group") != (shape == GROUP):
        raise RuleBroken("session_of_candidate", kind=kind)
    return Observed(None, proteges)


def label_of(names: Iterable[str]) -> str:
    """What protégés are called where their names are nobody's business: initials."""
    return ", ".join("".join(f"{part[0]}." for part in name.split()[:3] if part[0].isalnum()) or "–" for name in names)[:120]
