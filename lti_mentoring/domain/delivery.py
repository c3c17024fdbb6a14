# SPDX-License-Identifier: Apache-2.0
"""What an LMS is told of a candidate's work, when it may be told, and how long to wait before it is told again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction

from lti_mentoring.domain.candidacy import Records, counted, requirements
from lti_mentoring.domain.observation import NO_MORE, RATED
from lti_mentoring.domain.participation import GRADES_GO_ON, PARTICIPATION
from lti_mentoring.domain.programme import Policy

# --- where a delivery stands ----------------------------------------------------------------------------------------------------

WAITING, SENDING, DONE, REFUSED, HELD, SET_ASIDE = "waiting", "sending", "done", "refused", "held", "set_aside"

STUCK = (REFUSED, HELD)
"""A person must look: the platform said no, or it holds something newer that we do not overwrite unasked."""

TEACHER_GRADE = "teacher_grade"
"""Why a score is held: its cell holds a grade that is not ours. We have looked before sending."""

# --- what is sent (domain map 1d, checklist SC-09) ---------------------------------------------------------------------------

FINAL, VOID, NOT_YET, STOPPED = "final", "void", "not_yet", "stopped"
OPENED, APPLIED, ACCEPTED = "opened", "applied", "accepted"
FULLY_GRADED, NOT_READY = "FullyGraded", "NotReady"

TABLE: Mapping[str, tuple[str, str] | None] = {
    "not_begun": ("Initialized", NOT_READY),
    "drafting": ("InProgress", NOT_READY),
    "submitted": ("Submitted", "PendingManual"),
    "returned": ("InProgress", "PendingManual"),
    "assessed": ("Completed", "PendingManual"),
    FINAL: ("Completed", FULLY_GRADED),
    VOID: ("Initialized", NOT_READY),
    OPENED: ("Started", NOT_READY),
    APPLIED: ("Submitted", "PendingManual"),
    ACCEPTED: ("Completed", FULLY_GRADED),
    NOT_YET: None,
    STOPPED: None,
}
"""Stage of an item -> activityProgress and gradingProgress; None where nothing is ever said. Only ``final`` carries a score, and only
``void`` takes one back. "Not yet" says nothing: it never posts a zero. ``stopped`` (whoever takes part no more, for now or for good)
keeps what was said last. ``opened``, ``applied`` and ``accepted`` are an application's: progress, and never a score."""


@dataclass(frozen=True, slots=True)
class ScoreState:
    """What one score message says, but for whom and when. A score without ``given`` clears what the platform holds (SC-06, SC-13)."""

    activity: str
    grading: str
    given: Fraction | None = None
    maximum: int | None = None

    @property
    def final(self) -> bool:
        """Whether this is a grade and not a step towards one; that somebody has a place is the end of a way, and no grade."""
        return self.grading == FULLY_GRADED and self.given is not None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an item stands for a candidate: its stage of TABLE, and the points of 100 that it is worth once final.

    ``closed``: they take part no more, so that a final score which was sent stays as it was. ``unmarked``: nobody has marked anything,
    since prior learning was recognised, so that a column of points is told that it is complete, and no points.
    """

    stage: str
    points: Fraction | None = None
    closed: bool = False
    unmarked: bool = False


def score_for(
    standing: Standing,
    *,
    grading: str,
    wipes_on_nonfinal: bool,
    final_sent: bool,
    last_activity: str = "",
    last_score: tuple[float, float] | None = None,
) -> ScoreState | None:
    """What to send now, or None for nothing.

    ``grading`` is the placement's choice, completion or points. ``wipes_on_nonfinal``: this platform clears the grade when anything
    but a final score arrives (Moodle), so that it gets final scores only. ``final_sent``: it may hold a final score of ours; then
    nothing follows but another final score, or the reset of one that was voided; where a platform keeps progress, what was told to be
    complete without points is reset as well (``last_activity``). ``last_score`` is that final score, given and
    maximum: of who takes part no more it alone is said again, where it has not arrived, and never another one.
    """
    said = TABLE[standing.stage]
    if standing.stage == FINAL:
        found = _final(standing, grading)
        if standing.closed and final_sent and last_score is not None:
            return _as_it_was(found, *last_score)
        return found
    if standing.stage == VOID:
        # A complete without points is no grade: where nothing else is kept, there is nothing to clear, and what is there is not ours.
        completed = last_activity == "Completed" and not wipes_on_nonfinal
        return ScoreState("Initialized", NOT_READY) if final_sent or completed else None
    if final_sent or wipes_on_nonfinal:
        return None
    if standing.stage == STOPPED and last_activity:
        return ScoreState(last_activity, NOT_READY)
    return ScoreState(*said) if said is not None else None


def _final(standing: Standing, grading: str) -> ScoreState:
    if grading == "points" and standing.unmarked:
        return ScoreState("Completed", FULLY_GRADED)
    if grading == "points" and standing.points is not None:
        return ScoreState("Completed", FULLY_GRADED, standing.points, 100)
    return ScoreState("Completed", FULLY_GRADED, Fraction(1), 1)


def _as_it_was(now: ScoreState, given: float, maximum: float) -> ScoreState:
    """The final score that was sent. Where nothing has changed since, it is the exact fraction and not what a column made of it."""
    same = now.given is not None and float(now.given) == given and now.maximum == maximum
    return now if same else ScoreState(now.activity, now.grading, Fraction(given).limit_denominator(1_000_000), int(maximum))


def equal(given: Fraction | None, maximum: int | None, theirs: float | None, their_maximum: float | None) -> bool:
    """Whether a platform's result is the score that we sent: the same share, within what a gradebook rounds away (five decimals)."""
    if given is None or not maximum:
        return theirs is None
    if theirs is None or not their_maximum:
        return False
    return abs(float(given / maximum) - theirs / their_maximum) < 0.00001 + 1e-9


# --- where an item stands ------------------------------------------------------------------------------------------------------

PROGRAMME, OBSERVATION, MODULE, COMPETENCY = "programme", "observation", "module:", "competency:"
"""Items that have a grade. A competency is opened by nothing: it is a column beside the one of the observations (``parts``)."""

APPLICATION, COHORT = "application", "cohort"
"""Items that have none: of an application the gradebook hears how far it is, of the cohort's page nothing."""


def graded(item: str) -> bool:
    """Whether the gradebook hears anything of what this placement opens; of the cohort's page it hears nothing."""
    return item in (PROGRAMME, OBSERVATION, APPLICATION) or item.startswith((MODULE, COMPETENCY))


def has_column(item: str, *, wipes_on_nonfinal: bool) -> bool:
    """Whether an item brings a column along: one that could never be filled is not made. Where a platform takes nothing but final scores,
    an application has nothing to say to it."""
    return graded(item) and not (item == APPLICATION and wipes_on_nonfinal)


def application_standing(*, begun: bool, submitted: bool, accepted: bool) -> Standing:
    """Where the application item stands for a person, by the furthest that any application of theirs in the course ever came.

    So nothing of what it says can be read as a decline: the platform hears the same of who waits, who is on the waiting list, who has an
    offer, who was declined, who has withdrawn and who applies again after any of these. Only who has accepted a place moves on.
    """
    return Standing(ACCEPTED if accepted else APPLIED if submitted else OPENED if begun else NOT_YET)


def parts(item: str, policy: Policy, rated: Collection[str]) -> tuple[str, ...]:
    """What may have a column of its own beside the one aggregate score of ``item``: the modules and the competencies that it sums up.

    ``rated``: the competencies that the programme's rubric rates, in their order.
    """
    competencies = tuple(f"{COMPETENCY}{key}" for key in rated) if policy.independent_observations else ()
    if item == PROGRAMME:
        return (*(f"{MODULE}{key}" for key in policy.modules_required), *competencies)
    return competencies if item == OBSERVATION else ()


def standing(
    item: str, policy: Policy, records: Records, *, participation: str = "active", percents: Mapping[str, Fraction] | None = None
) -> Standing:
    """Where ``item`` stands by a candidate's records as they are now; KeyError for an item without a grade, such as an application.

    ``percents`` is what a mastered module was worth, by its key; only points ask for it.
    """
    if not graded(item) or item == APPLICATION:
        raise KeyError(item)
    if item == PROGRAMME:
        found = _programme(policy, records)
    elif item == OBSERVATION:
        found = _observation(policy, records)
    elif item.startswith(COMPETENCY):
        found = _competency(item.removeprefix(COMPETENCY), policy, records)
    else:
        found = _module(item.removeprefix(MODULE), policy, records, percents or {})
    # Whoever withdraws keeps what was finished before; only steps towards a grade stop being told.
    if participation in GRADES_GO_ON and (found.stage == FINAL or PARTICIPATION[participation]):
        return found
    return replace(found, closed=participation not in GRADES_GO_ON) if found.stage == FINAL else Standing(STOPPED)


def _programme(policy: Policy, records: Records) -> Standing:
    if requirements(policy, records).met:
        return Standing(FINAL, Fraction(100))
    begun = any(one.attempts or one.open_attempt or one.mastered or one.recognised for one in records.modules) or records.observations
    return Standing("drafting" if begun else "not_begun")


def _module(key: str, policy: Policy, records: Records, percents: Mapping[str, Fraction]) -> Standing:
    module = next((one for one in records.modules if one.key == key), None)
    if module is None:
        return Standing("not_begun")
    if module.met:
        unmarked = module.recognised and not module.mastered and not policy.recognised_full_points
        return Standing(FINAL, percents.get(key), unmarked=unmarked)
    if module.mastered:
        return Standing(_PRACTICE.get(module.practice, "drafting"))
    if module.open_attempt:
        return Standing("drafting")
    return Standing(NOT_YET if module.attempts else "not_begun")


_PRACTICE = {"handed_in": "submitted", "once_more": "returned"}
"""What is told of a module whose check is mastered, while its practice task is not met."""


def _observation(policy: Policy, records: Records) -> Standing:
    own = [one for one in records.observations if one.kind == "independent" and one.state not in NO_MORE]
    means = counted(policy, records)
    if means:
        best = [points_for(one.overall, policy.points) for one in means if one.overall is not None]
        return Standing(FINAL, sum(best, Fraction(0)) / len(best) if best else None)
    states = {one.state for one in own}
    if not states.isdisjoint(("drafting", RATED)):
        return Standing("submitted")
    return Standing(NOT_YET if "released" in states and "planned" not in states else "not_begun")


def _competency(key: str, policy: Policy, records: Records) -> Standing:
    """A competency is final with the observations. One that nobody observed has no grade, which is neither zero nor full."""
    whole = _observation(policy, records)
    if whole.stage != FINAL:
        return whole
    given = [points_for(one.competencies[key], policy.points) for one in counted(policy, records) if key in one.competencies]
    return Standing(FINAL, sum(given, Fraction(0)) / len(given)) if given else Standing(NOT_YET)


def points_for(mean: Fraction, points: tuple[int, ...]) -> Fraction:
    """A mean of the 1 to 4 scale as points: straight lines between the points of the levels."""
    low = min(max(int(mean), 1), len(points) - 1)
    share = min(max(mean - low, Fraction(0)), Fraction(1))
    return points[low - 1] + share * (points[low] - points[low - 1])


# --- where it goes -------------------------------------------------------------------------------------------------------------

AGS = "https://purl.imsglobal.org/spec/lti-ags/scope/"
SCORE_SCOPE, LINEITEM_SCOPE = f"{AGS}score", f"{AGS}lineitem"


def no_column(*, scopes: Collection[str], lineitem_url: str | None, lineitems_url: str | None, own_lineitem_url: str | None) -> str:
    """Why a placement has no column in the gradebook that we may fill; empty if it has one or may make one (checklist LI-01).

    ``no_service``: the LMS offers no grades for it; ``score_not_allowed``: it does not let us send any; ``no_line_item``: it has no
    column and does not let us make one.
    """
    if not scopes and not lineitem_url and not lineitems_url:
        return "no_service"
    if SCORE_SCOPE not in scopes:
        return "score_not_allowed"
    if lineitem_url or own_lineitem_url or (lineitems_url and LINEITEM_SCOPE in scopes):
        return ""
    return "no_line_item"


def tag(item: str) -> str:
    """The tag of a column that we make (checklist LI-07)."""
    if item.startswith(COMPETENCY):
        return "competency"
    return {PROGRAMME: "progress", OBSERVATION: "observation", APPLICATION: "application"}.get(item, "module")


# --- when ----------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pace:
    """How patiently grades are sent: seconds of a lease, of the first wait's bound and of the longest; grades to a wake-up."""

    lease_seconds: float
    base_seconds: float
    cap_seconds: float
    batch: int


MOST_SERVER_FAULTS = 12
"""An LMS that answers 500 to the same score this often will not change its mind: Moodle does so for a locked grade, Open edX for an
unknown person. From then on a person must look. Other troubles (no answer, 502, 503, 504, 429) are waited out without end."""

LONGEST_RETRY_AFTER = timedelta(days=1)


def gives_up(status: int | None, tries: int) -> bool:
    """Whether trying again by ourselves is of no use any more."""
    return status == 500 and tries >= MOST_SERVER_FAULTS


def next_timestamp(now: datetime, last: datetime | None, step: timedelta) -> datetime:
    """The time to put on the next score: in whole milliseconds, strictly later than ``last`` by at least ``step`` (SC-02, SC-03).

    ``step`` is the platform's: Moodle compares whole seconds. It holds after the clock was set back, too.
    """
    if last is not None and now < last + max(step, timedelta(milliseconds=1)):
        now = last + max(step, timedelta(milliseconds=1))
        if now.microsecond % 1000:
            now += timedelta(milliseconds=1)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def backoff(tries: int, pace: Pace, chance: Callable[[], float], *, retry_after: timedelta | None = None) -> timedelta:
    """How long to wait after the ``tries``-th failure in a row: drawn below a bound that doubles up to the cap (full jitter).

    ``chance`` draws from 0 to 1. What the platform asks for in Retry-After comes on top, a day at the most, so that the grades
    which were turned away together do not come back together.
    """
    bound = min(pace.cap_seconds, pace.base_seconds * 2 ** min(max(tries - 1, 0), 32))
    asked = min(max(retry_after or timedelta(0), timedelta(0)), LONGEST_RETRY_AFTER)
    return asked + timedelta(seconds=chance() * bound)
