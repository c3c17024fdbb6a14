# SPDX-License-Identifier: Apache-2.0
"""Whether somebody takes part in the programme: pausing, leaving, coming back, and the time that there is for the whole way."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from lti_mentoring.domain.period import Period, add_months, overlaps
from lti_mentoring.domain.programme import TimeLimits
from lti_mentoring.domain.rule import NotAllowed, RuleBroken

ACTIVE, DEFERRED, WITHDRAWN, COMPLETED, REFUSED = "active", "deferred", "withdrawn", "completed", "refused"
EXCLUDED, TIMED_OUT = "excluded", "timed_out"

PARTICIPATION: Mapping[str, bool] = {
    ACTIVE: True,
    DEFERRED: False,
    WITHDRAWN: False,
    COMPLETED: False,
    REFUSED: False,
    EXCLUDED: False,
    TIMED_OUT: False,
}
"""The participation axis: state -> whether new work may begin. Independent of enrolment, of progress (derived) and of the credential."""

GRADES_GO_ON = frozenset({ACTIVE, COMPLETED})
"""States in which a grade may still change once it was sent (domain map 1d); in the others nothing new follows a final one."""

CANDIDATE, COORDINATOR, AWARD, SYSTEM = "candidate", "coordinator", "award", "system"
"""Who may: the candidate themself, who leads the course, the decision on the award, a timer. Nobody else is ``system`` (I19)."""

DEFER_REASONS = ("parental_leave", "long_term_sickness", "bereavement", "career_break", "workload", "personal")
WITHDRAW_REASONS = ("no_time", "changed_work", "left_organisation", "not_for_me", "programme_unsuitable", "personal")
EXTEND_REASONS = ("illness", "workload", "programme_delay", "accommodation")
EXCLUDE_REASONS = ("misconduct", "confidentiality_breach", "false_evidence")
REASONS = (*DEFER_REASONS, *WITHDRAW_REASONS, *EXTEND_REASONS, *EXCLUDE_REASONS)

WARN_DAYS = TimeLimits().warn_days


# --- time ----------------------------------------------------------------------------------------------------------------------


def deadline(started_on: date, deferrals: Iterable[Period], limits: TimeLimits, extensions: int) -> date:
    """The last day of the time for the whole way. Each deferred day adds one, each extension ``extension_months``."""
    base = add_months(started_on, limits.months + limits.extension_months * extensions)
    return base + timedelta(days=sum(one.days for one in deferrals))


def warnings_due(deadline: date, today: date, warned: Collection[int], days: Collection[int] = WARN_DAYS) -> tuple[int, ...]:
    """The warnings whose day has come and that were not given yet, by days before the deadline, the earliest first.

    Several are due at once where nobody looked for a while: the last of them is the one to give, and none comes again.
    """
    if today > deadline:
        return ()
    return tuple(sorted((one for one in days if (deadline - today).days <= one and one not in warned), reverse=True))


# --- a part in the programme -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Part:
    """Somebody's part in a programme: all that its rules look at. Deferrals oldest first; ``withdrawn_on`` is the last withdrawal's;
    ``elsewhere`` says that another candidacy of theirs in the same programme goes on, ``place_free`` that the course has a place left."""

    state: str
    started_on: date
    deferrals: tuple[Period, ...] = ()
    extensions: int = 0
    withdrawn_on: date | None = None
    elsewhere: bool = False
    place_free: bool = True

    def deadline(self, limits: TimeLimits) -> date:
        """The last day of the time for the whole way."""
        return deadline(self.started_on, self.deferrals, limits, self.extensions)

    def deferred_until(self) -> date | None:
        """The first day after the deferral that goes on; None without one."""
        return self.deferrals[-1].end if self.state == DEFERRED and self.deferrals else None

    def latest_end(self, start: date, limits: TimeLimits) -> date:
        """To which day a deferral from ``start`` could go at the most: all of them together, laid end to end from the first one's
        start, stay within ``deferral_months``."""
        anchor = self.deferrals[0].start if self.deferrals else start
        allowed = (add_months(anchor, limits.deferral_months) - anchor).days
        return start + timedelta(days=allowed - sum(one.days for one in self.deferrals))

    def back_until(self, limits: TimeLimits) -> date | None:
        """The last day on which who has withdrawn can come back; None for who has not."""
        return add_months(self.withdrawn_on, limits.reinstate_months) if self.state == WITHDRAWN and self.withdrawn_on else None


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody does on a day; ``reason`` is a code, ``until`` the first day after a deferral."""

    verb: str
    who: str
    today: date
    reason: str = ""
    until: date | None = None


# --- guards ----------------------------------------------------------------------------------------------------------------------

Guard = Callable[[Part, Act, TimeLimits], RuleBroken | None]
"""What is against it, or None."""


def _time_is_left(part: Part, act: Act, limits: TimeLimits) -> RuleBroken | None:
    last = part.deadline(limits)
    return RuleBroken("limit_passed", deadline=last) if act.today > last else None


def _limit_has_passed(part: Part, act: Act, limits: TimeLimits) -> RuleBroken | None:
    last = part.deadline(limits)
    return RuleBroken("limit_not_passed", deadline=last) if act.today <= last else None


def _deferral_is_left(part: Part, act: Act, limits: TimeLimits) -> RuleBroken | None:
    left = part.latest_end(act.today, limits) > act.today
    return None if left else RuleBroken("deferral_used_up", months=limits.deferral_months)


def _end_is_ahead(part: Part, act: Act, limits: TimeLimits) -> RuleBroken | None:
    return RuleBroken("deferral_end_past") if act.until is None or act.until <= act.today else None


def _within_the_limit(part: Part, act: Act, limits: TimeLimits) -> RuleBroken | None:
    latest = part.latest_end(act.today, limits)
    too_long = act.until is not None and act.until > latest
    return RuleBroken("deferral_too_long", months=limits.deferral_months, latest=latest) if too_long else None


def _no_other_deferral(part: Part, act: Act, limits: TimeLimits) -> RuleBroken | None:
    wanted = Period(act.today, act.until)
    return RuleBroken("deferral_overlaps") if any(overlaps(wanted, one) for one in part.deferrals) else None


def _end_has_come(part: Part, act: Act, limits: TimeLimits) -> RuleBroken | None:
    until = part.deferred_until()
    return RuleBroken("deferral_goes_on", until=until) if until is not None and act.today < until else None


def _soon_enough(part: Part, act: Act, limits: TimeLimits) -> RuleBroken | None:
    last = part.back_until(limits)
    late = last is None or act.today > last
    return RuleBroken("reinstate_late", months=limits.reinstate_months, until=last) if late else None


def _extension_is_left(part: Part, act: Act, limits: TimeLimits) -> RuleBroken | None:
    return None if part.extensions < limits.extensions else RuleBroken("extensions_used", most=limits.extensions)


def _one_live_candidacy(part: Part, act: Act, limits: TimeLimits) -> RuleBroken | None:
    """I3."""
    return RuleBroken("candidacy_elsewhere") if part.elsewhere else None


def _place_is_free(part: Part, act: Act, limits: TimeLimits) -> RuleBroken | None:
    return None if part.place_free else RuleBroken("place_given")


GUARDS: Mapping[str, Guard] = {
    "time is left": _time_is_left,
    "time is over": _limit_has_passed,
    "deferral is left": _deferral_is_left,
    "the end is ahead": _end_is_ahead,
    "all deferrals together within the limit": _within_the_limit,
    "no other deferral at that time": _no_other_deferral,
    "the end has come": _end_has_come,
    "within the time for coming back": _soon_enough,
    "an extension is left": _extension_is_left,
    "no other candidacy in the programme goes on": _one_live_candidacy,
    "a place is free": _place_is_free,
}
"""Name of a guard -> what it finds."""

OF_INPUT = frozenset({"the end is ahead", "all deferrals together within the limit", "no other deferral at that time"})
"""Guards that look at what was typed; all others tell beforehand whether a verb can be offered."""


# --- the table -------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Move:
    """One row of the state table. Where it names reasons, one of them must be given."""

    state: str
    verb: str
    to: str
    who: tuple[str, ...]
    guards: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


_TO_DEFER = ("time is left", "deferral is left", *(name for name in GUARDS if name in OF_INPUT))
_TO_REINSTATE = ("within the time for coming back", "time is left", "no other candidacy in the programme goes on", "a place is free")
_PEOPLE, _LEADS = (CANDIDATE, COORDINATOR), (COORDINATOR,)

MOVES = (
    Move(ACTIVE, "defer", DEFERRED, _PEOPLE, _TO_DEFER, DEFER_REASONS),
    Move(DEFERRED, "return", ACTIVE, _PEOPLE),
    Move(DEFERRED, "resume", ACTIVE, (SYSTEM,), ("the end has come",)),
    Move(ACTIVE, "withdraw", WITHDRAWN, _PEOPLE, (), WITHDRAW_REASONS),
    Move(DEFERRED, "withdraw", WITHDRAWN, _PEOPLE, (), WITHDRAW_REASONS),
    Move(WITHDRAWN, "reinstate", ACTIVE, _LEADS, _TO_REINSTATE),
    Move(ACTIVE, "extend", ACTIVE, _LEADS, ("an extension is left",), EXTEND_REASONS),
    Move(DEFERRED, "extend", DEFERRED, _LEADS, ("an extension is left",), EXTEND_REASONS),
    Move(WITHDRAWN, "extend", WITHDRAWN, _LEADS, ("within the time for coming back", "an extension is left"), EXTEND_REASONS),
    Move(ACTIVE, "complete", COMPLETED, (AWARD,)),
    Move(DEFERRED, "complete", COMPLETED, (AWARD,)),
    Move(ACTIVE, "refuse", REFUSED, (AWARD,)),
    Move(ACTIVE, "exclude", EXCLUDED, _LEADS, (), EXCLUDE_REASONS),
    Move(DEFERRED, "exclude", EXCLUDED, _LEADS, (), EXCLUDE_REASONS),
    Move(WITHDRAWN, "exclude", EXCLUDED, _LEADS, (), EXCLUDE_REASONS),
    Move(ACTIVE, "time_out", TIMED_OUT, (SYSTEM,), ("time is over",)),
)
"""The whole machine (domain map 4.5). Completed, refused, excluded and timed out have no way out; an appeal makes a new decision."""

TABLE: Mapping[tuple[str, str], Move] = {(move.state, move.verb): move for move in MOVES}
VERBS = tuple(dict.fromkeys(move.verb for move in MOVES))


def find(state: str, verb: str, who: str) -> Move:
    """The row for a verb; RuleBroken ``participation_closed`` (state, verb) where there is none, NotAllowed ``participation_not_yours``."""
    move = TABLE.get((state, verb))
    if move is None:
        raise RuleBroken("participation_closed", state=state, verb=verb)
    if who not in move.who:
        raise NotAllowed("participation_not_yours", verb=verb)
    return move


def after(part: Part, act: Act, limits: TimeLimits) -> Part:
    """The part as it is once somebody has acted. RuleBroken of the table, of the first guard that is against it, or ``reason_unknown``."""
    move = find(part.state, act.verb, act.who)
    if act.reason not in (move.reasons or ("",)):
        raise RuleBroken("reason_unknown", reason=act.reason)
    for name in move.guards:
        found = GUARDS[name](part, act, limits)
        if found is not None:
            raise found
    ended = _ended(part, act.today) if part.state == DEFERRED and move.to != DEFERRED else part.deferrals
    if act.verb == "defer":
        ended = (*ended, Period(act.today, act.until))
    return replace(
        part,
        state=move.to,
        deferrals=ended,
        extensions=part.extensions + (act.verb == "extend"),
        withdrawn_on=act.today if act.verb == "withdraw" else part.withdrawn_on,
    )


def _ended(part: Part, today: date) -> tuple[Period, ...]:
    """The deferrals, the last one ended today unless it has ended before."""
    if not part.deferrals:
        return ()
    *before, last = part.deferrals
    return (*before, Period(last.start, min(last.end, today) if last.end else today))


def offered(part: Part, who: str, today: date, limits: TimeLimits) -> tuple[str, ...]:
    """The verbs that are open to somebody, as far as one can tell before they have said why and until when."""
    open_to = [move for move in MOVES if move.state == part.state and who in move.who]
    return tuple(
        move.verb
        for move in open_to
        if all(GUARDS[name](part, Act(move.verb, who, today), limits) is None for name in move.guards if name not in OF_INPUT)
    )


def timer(part: Part, today: date, limits: TimeLimits) -> str:
    """The verb that is due by time alone; empty if none is."""
    return next(iter(offered(part, SYSTEM, today, limits)), "")


def look_on(part: Part, warned: Collection[int], limits: TimeLimits) -> date | None:
    """The next day on which time alone changes something: a deferral's end, a warning, the day after the deadline; None if never."""
    if part.state == DEFERRED:
        return part.deferred_until()
    if part.state != ACTIVE:
        return None
    last = part.deadline(limits)
    return min([last - timedelta(days=one) for one in limits.warn_days if one not in warned], default=last + timedelta(days=1))


def calls_off(part: Part, today: date, planned_for: date) -> bool:
    """Whether a session that is planned for that day is called off now: all that lies ahead of somebody who takes part no more, but for
    what comes after their pause."""
    if PARTICIPATION[part.state] or planned_for < today:
        return False
    until = part.deferred_until()
    return until is None or planned_for < until


def table() -> str:
    """The rows as a Markdown table; the one in the documentation is made by this."""
    lines = ["| from | verb | to | who | only if | reason |", "|---|---|---|---|---|---|"]
    for move in MOVES:
        named = "; ".join(move.guards), ", ".join(f"`{one}`" for one in move.reasons)
        lines.append(f"| {move.state} | {move.verb} | {move.to} | {', '.join(move.who)} | {' | '.join(named)} |")
    return "\n".join(lines) + "\n"


# --- enrolment at the institution ------------------------------------------------------------------------------------------------

ENROLMENT: Mapping[str, tuple[str, ...]] = {
    "": ("joining", "active"),
    "joining": ("active", "left"),
    "active": ("leaving", "left"),
    "leaving": ("active", "left"),
    "left": ("joining", "active"),
}
"""Institutional enrolment, an axis of its own: state -> what may follow it. Empty: nothing is known yet."""


def enrol(held: Iterable[tuple[str, Period]], state: str, day: date) -> tuple[tuple[str, Period], ...]:
    """The periods of one candidacy once ``state`` holds from ``day`` on: the open one ends there, so none overlap (I1).

    RuleBroken ``enrolment_unknown``, ``enrolment_same``, ``enrolment_order`` (state, now), ``enrolment_before`` (start).
    """
    periods = sorted(held, key=lambda one: one[1].start)
    now, last = periods[-1] if periods else ("", None)
    if state not in ENROLMENT or not state:
        raise RuleBroken("enrolment_unknown")
    if state == now:
        raise RuleBroken("enrolment_same")
    if state not in ENROLMENT[now]:
        raise RuleBroken("enrolment_order", state=state, now=now)
    if last is not None and day < (last.end or last.start):
        raise RuleBroken("enrolment_before", start=last.end or last.start)
    closed = (*periods[:-1], (now, Period(last.start, last.end or day))) if last is not None else ()
    return (*closed, (state, Period(day)))
