# SPDX-License-Identifier: Apache-2.0
"""The policies of a pack: read from its YAML, and held to what the rest of the pack has and to what a policy may never do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from lti_mentoring.domain.outline import Fault
from lti_mentoring.domain.programme import LEVELS, NOT_REQUIRED, Policy, Programme
from lti_mentoring.domain.reader import Path, Reader
from lti_mentoring.domain.reliability import BEFORE
from lti_mentoring.domain.transcript import read_transcript

POLICY, POLICIES = "policy", "policies"

RANGES = {
    "independent_observations": (1, 20),
    "structured_observations": (0, 20),
    "co_mentoring_sessions": (0, 20),
    "independent_observers": (1, 10),
    "group_observations": (0, 20),
    "independent_proteges": (1, 10),
    "session_minutes": (0, 240),
    "least_seen": (1, 10),
    "last_sessions": (1, 10),
    "structured_mentors": (1, 10),
    "structured_level": (0, LEVELS[-1]),
    "co_mentoring_level": (0, LEVELS[-1]),
    "evidence_months": (1, 120),
    "waiver_approvers": (1, 3),
    "retake_wait_hours": (0, 24 * 365),
    "points": (0, 100),
    "reviewers": (1, 5),
    "critical_level": (LEVELS[0], LEVELS[-1]),
    "most_apart": (0, 3),
    "referees": (0, 4),
    "offer_days": (1, 120),
    "reapply_months": (0, 36),
    "most_in_three_years": (1, 20),
    "failed_checks": (1, 10),
    "inactive_days": (3, 365),
    "due_days": (1, 60),
    "months": (1, 120),
    "deferral_months": (0, 60),
    "reinstate_months": (0, 60),
    "warn_days": (1, 365),
    "extensions": (0, 5),
    "extension_months": (1, 24),
    "deciders": (1, 5),
    "outside": (0, 3),
    "rounds": (0, 5),
    "validity_months": (6, 120),
    "exercises": (1, 8),
    "scores": (4, 200),
    "exact_percent": (1, 100),
    "within_one_percent": (1, 100),
    "fresh_months": (0, 60),
    "short_ratings": (0, 50),
    "drift_scores": (5, 200),
    "drift_exact_percent": (0, 100),
    "drift_bias_hundredths": (1, 300),
    "percent": (0, 100),
    "near_hundredths": (0, 150),
    "new_ratings": (0, 50),
}
"""The least and the most of every whole number of a policy."""

RUBRICS = {
    "observation_rubric": "independent_observations",
    "structured_rubric": "structured_observations",
    "co_mentoring_rubric": "co_mentoring_sessions",
    "group_rubric": "group_observations",
}
"""The rubric that a count of observations is rated on: needed where the count is not 0."""

SPREAD = {
    "independent_proteges": "independent_observations",
    "least_seen": "independent_observations",
    "structured_mentors": "structured_observations",
}
"""What observations have to show together, by the count that it cannot be more than."""


def read_policies(reader: Reader) -> tuple[Policy, tuple[Policy, ...]]:
    """The policy in force, and those that a programme may be opened with.

    ``policies`` maps names to policies and ``policy`` names the one in force; a pack with a single policy writes it below ``policy``.
    """
    offered = tuple(_policy(reader, (POLICIES, str(name)), str(name)) for name in _names(reader))
    said = reader.at((POLICY,))
    if isinstance(said, str):
        for one in offered:
            if one.name == said:
                return one, offered
        reader.fault((POLICY,), f"The policy “{said}” is not one of “{POLICIES}”.", "Name one of them, or write a policy here.")
        return Policy((), ""), offered
    return _policy(reader, (POLICY,), ""), offered


def _names(reader: Reader) -> Iterator[str]:
    found = reader.at((POLICIES,))
    if found is not None and not isinstance(found, Mapping):
        reader.fault((POLICIES,), f"“{POLICIES}” must be policies by their names.", "Write each name, a colon, and its policy below it.")
    yield from found if isinstance(found, Mapping) else ()


def _policy(reader: Reader, path: Path, name: str) -> Policy:
    if not isinstance(reader.at(path), Mapping):
        reader.fault(path, "The policy has no entries.", "Write its entries below its name, each with its value.")
        return Policy((), "", name=name)
    for setting, later in BEFORE.items():
        said = reader.text((*path, setting)) if reader.has((*path, setting)) else ""
        if said not in ("", NOT_REQUIRED):
            reader.fault((*path, setting), f"“{setting}” has an unknown value.", f"Write {NOT_REQUIRED}, or “{later}” with its entries.")
        elif said and reader.at((*path, later)) not in (None, NOT_REQUIRED):
            reader.fault((*path, setting), f"“{setting}” says the opposite of “{later}”.", "Take one of the two out.")
    found = reader.shape(path, Policy, RANGES)
    points = found.points
    if list(points) != sorted(points):
        reader.fault((*path, "points"), "The points fall, where levels rise.", "Write such as [0, 50, 75, 100].")
    if not reader.at((*path, "modules_required")):
        reader.fault((*path, "modules_required"), "The policy asks for no module.", "Name at least one of “modules”.")
    return replace(found, name=name or found.name)


def check_policies(programme: Programme, reader: Reader) -> None:
    """Whether each policy asks for what the pack has, and for nothing that contradicts itself."""
    named: list[tuple[Path, Policy]] = [((POLICIES, one.name), one) for one in programme.policies]
    if programme.policy not in programme.policies:
        named.append(((POLICY,), programme.policy))
    for path, policy in named:
        for below, message, remedy in _contradictions(policy, programme):
            reader.fault((*path, *below), message, remedy)


Finding = tuple[Path, str, str]


def _contradictions(policy: Policy, programme: Programme) -> Iterator[Finding]:
    yield from _modules(policy, programme)
    yield from _observing(policy, programme)
    yield from _selecting(policy, programme)
    if policy.award.outside > policy.award.deciders:
        yield ("award", "outside"), "More deciders come from outside than decide.", "Lower “outside”, or raise “deciders”."
    if list(policy.time.warn_days) != sorted(set(policy.time.warn_days), reverse=True):
        yield ("time", "warn_days"), "The warnings do not come nearer.", "Write days that fall, such as [90, 30, 7]."
    if list(policy.assistance.due_days) != sorted(policy.assistance.due_days, reverse=True):
        yield ("assistance", "due_days"), "What is more urgent is due later.", "Write days that fall, such as [10, 5, 2]."
    yield from _qualifying(policy, programme)


def _modules(policy: Policy, programme: Programme) -> Iterator[Finding]:
    written = {module.key for module in programme.modules}
    planned = {outline.key for outline in programme.outlines}
    for index, key in enumerate(policy.modules_required):
        if key in planned:
            yield ("modules_required", index), f"Module {key} is only an outline yet.", "Write the module, or take it out here."
        elif key not in written:
            remedy = "Add it to “modules”, or take it out here."
            yield ("modules_required", index), f"The policy asks for module {key}, which is not in the pack.", remedy
    for index, key in enumerate(policy.before_observing):
        if key not in policy.modules_required:
            message = f"Module {key} comes before observing, and is not asked for."
            yield ("before_observing", index), message, "Add it to “modules_required”, or take it out here."


def _observing(policy: Policy, programme: Programme) -> Iterator[Finding]:
    rubrics = {rubric.key for rubric in programme.rubrics}
    for name, count in RUBRICS.items():
        key = getattr(policy, name)
        if (key or getattr(policy, count)) and key not in rubrics:
            yield (name,), f"The policy rates on the rubric “{key}”, which is not in the pack.", "Name one of “rubrics”."
    if policy.independent_observers > policy.independent_observations:
        message = "There are more observers than independent observations."
        yield ("independent_observers",), message, "Lower “independent_observers”, or raise “independent_observations”."
    counting = policy.counting
    for name, count in SPREAD.items() if counting is not None else ():
        if getattr(counting, name) > max(1, getattr(policy, count)):
            yield ("counting", name), f"“{name}” is more than “{count}” can show.", f"Lower “{name}”, or raise “{count}”."


def _selecting(policy: Policy, programme: Programme) -> Iterator[Finding]:
    rubric = policy.selection.rubric
    if rubric and rubric not in {one.key for one in programme.rubrics}:
        message = f"Applications are judged on the rubric “{rubric}”, which is not in the pack."
        yield ("selection", "rubric"), message, "Name one of “rubrics”."
    if rubric and programme.form is None:
        yield ("selection", "rubric"), "Applications are judged, and there is no form.", "Add “form: application”, with its file."


def _qualifying(policy: Policy, programme: Programme) -> Iterator[Finding]:
    """A bar that nobody can reach, or that suspends who has just reached it."""
    rules = policy.qualifying
    if rules is None:
        return
    read = (read_transcript(one.text)[0] for one in programme.transcripts)
    there = sum(one is not None and one.rubric == policy.observation_rubric for one in read)
    if there < rules.exercises:
        message = f"Observers qualify by {rules.exercises} exercises on {policy.observation_rubric}, and the pack has {there}."
        yield ("qualifying", "exercises"), message, "Add transcripts that are rated on it, or lower “exercises”."
    if rules.within_one_percent < rules.exact_percent:
        message = "Fewer scores have to be within one level than have to be the same."
        yield ("qualifying", "within_one_percent"), message, "Raise “within_one_percent”, or lower “exact_percent”."
    if rules.drift_exact_percent > rules.exact_percent:
        message = "Who has just qualified would be suspended."
        yield ("qualifying", "drift_exact_percent"), message, "Lower “drift_exact_percent” to “exact_percent” or below."


def sort_faults(faults: list[Fault]) -> list[Fault]:
    """Each fault once, by file and line: what two policies share is told once."""
    return sorted(set(faults))
