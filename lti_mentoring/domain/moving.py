# SPDX-License-Identifier: Apache-2.0
"""From one version of a programme to another: what changes for one person, what is under way, and who may be moved."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from typing import Any

from lti_mentoring.domain.candidacy import Requirement
from lti_mentoring.domain.module import Module
from lti_mentoring.domain.policy import RANGES
from lti_mentoring.domain.programme import LEVELS, Policy, Programme
from lti_mentoring.domain.rule import RuleBroken
from lti_mentoring.domain.training import unproven

MET, UNMET, ASKED_MET, ASKED, DROPPED_MET, DROPPED = "met", "unmet", "asked_met", "asked", "dropped_met", "dropped"

KINDS: Mapping[str, str] = {MET: UNMET, UNMET: MET, ASKED_MET: DROPPED_MET, DROPPED_MET: ASKED_MET, ASKED: DROPPED, DROPPED: ASKED}
"""What may become of a requirement -> what becomes of it on the way back.

``met`` and ``unmet``: it becomes so. ``asked``: it is new and open, ``asked_met``: new, and met by what there is. ``dropped``: it is not
asked for any more, ``dropped_met``: though it was met; the record is kept."""

LONGER = frozenset({UNMET, ASKED})
"""What gives somebody something to do that they had not to do before."""

_NAMES = ("key", "kind", "number")


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one requirement of a part; ``before`` and ``after`` as it stands there, None where it is not asked for. ``name``
    is the same in every difference."""

    kind: str
    part: str
    before: Requirement | None
    after: Requirement | None
    name: str = ""

    @property
    def shown(self) -> Requirement:
        """The requirement as it is to be told: as it will be, or as it was where it goes."""
        found = self.after or self.before
        if found is None:
            raise ValueError("a change is of something: neither version has it")
        return found


@dataclass(frozen=True, slots=True)
class Difference:
    """All that changes between two trees, in the order of the second and then of what it lacks; ``same`` counts what stays as it is."""

    changes: tuple[Change, ...] = ()
    same: int = 0

    @property
    def longer(self) -> bool:
        """Whether there is something to do that there was not before."""
        return any(change.kind in LONGER for change in self.changes)


def difference(before: Requirement, after: Requirement) -> Difference:
    """What changes from one tree of requirements to the other: each requirement below a part once, either changed or the same.

    A requirement is the same one in both trees by its part, its code, and its key or kind and number. Reasons below one are part of it.
    """
    was, now = _asked(before), _asked(after)
    found = [_change(name, was.get(name), leaf) for name, leaf in now.items()]
    found += [_change(name, leaf, None) for name, leaf in was.items() if name not in now]
    changes = tuple(change for change in found if change is not None)
    return Difference(changes, len(found) - len(changes))


def _asked(tree: Requirement) -> dict[str, Requirement]:
    """Every requirement below a part, by a name that begins with the part's code."""
    found: dict[str, Requirement] = {}
    for part in tree.children:
        for leaf in part.children:
            name = ".".join(str(one) for one in (part.code, leaf.code, *(leaf.facts.get(one, "") for one in _NAMES)))
            while name in found:  # the same thing asked for twice
                name += "+"
            found[name] = leaf
    return found


def _change(name: str, was: Requirement | None, now: Requirement | None) -> Change | None:
    if was is not None and now is not None and was.met == now.met:
        return None
    if was is None:
        kind = ASKED_MET if now is not None and now.met else ASKED
    elif now is None:
        kind = DROPPED_MET if was.met else DROPPED
    else:
        kind = MET if now.met else UNMET
    return Change(kind, name.partition(".")[0], was, now, name)


# --- what is under way ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class UnderWay:
    """Something that was begun under the old version and ends under it. ``in_vain``: what it will give could not count in the new one, so
    that nobody is moved before it has ended. Codes: ``attempt`` (key, title), ``practice`` and ``recognition`` (key), ``observation``
    (kind, planned_for, observer)."""

    code: str
    facts: Mapping[str, object] = field(default_factory=dict)
    in_vain: bool = False


def open_attempt(begun: Module, target: Programme) -> UnderWay:
    """An attempt at a module, seen from the version that its taker may be moved to."""
    asked = next((one for one in target.modules if one.key == begun.key), None)
    facts = {"key": begun.key, "title": begun.title}
    return UnderWay("attempt", facts, in_vain=asked is None or bool(unproven(asked, [begun])))


def handed_in(key: str, target: Programme) -> UnderWay:
    """A practice task that waits for a trainer, seen from that version."""
    asked = next((one for one in target.modules if one.key == key), None)
    wanted = asked is not None and key in target.policy.modules_required and asked.practice.marking is not None
    return UnderWay("practice", {"key": key}, in_vain=not wanted)


def claimed(key: str, target: Programme) -> UnderWay:
    """A module whose recognition is asked for, seen from that version."""
    return UnderWay("recognition", {"key": key}, in_vain=key not in target.policy.modules_required)


def open_observation(kind: str, planned_for: date, observer: str, target: Programme) -> UnderWay:
    """An observation that waits for its observer, seen from that version. Whichever rubric it is rated on, it counts for its kind."""
    facts = {"kind": kind, "planned_for": planned_for, "observer": observer}
    return UnderWay("observation", facts, in_vain=not target.policy.asks(kind))


@dataclass(frozen=True, slots=True)
class Prospect:
    """One person's move as it would be today: what changes, what is under way, the last day of the time for the whole way before and after.
    ``blocks`` says why they cannot be moved now, as codes: ``in_vain``, ``time_over``."""

    source_id: str
    target_id: str
    difference: Difference
    under_way: tuple[UnderWay, ...]
    deadlines: tuple[date, date]
    today: date

    @property
    def blocks(self) -> tuple[str, ...]:
        """What is against it."""
        in_vain = ["in_vain"] if any(one.in_vain for one in self.under_way) else []
        return (*in_vain, *(["time_over"] if self.deadlines[1] < self.today <= self.deadlines[0] else []))

    @property
    def longer(self) -> bool:
        """Whether the way gets longer: something more to do, or less time for it."""
        return self.difference.longer or self.deadlines[1] < self.deadlines[0]

    @property
    def mark(self) -> str:
        """16 hex digits that are the same as long as all of this is: what somebody has read is what is done, or nothing is."""
        body = {
            "from": self.source_id,
            "to": self.target_id,
            "changes": [_told(change) for change in self.difference.changes],
            "under_way": [[one.code, _plain(one.facts), one.in_vain] for one in self.under_way],
            "deadlines": [day.isoformat() for day in self.deadlines],
            "blocks": list(self.blocks),
        }
        return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:16]


# --- as it is kept --------------------------------------------------------------------------------------------------------

Json = Any


def to_record(prospect: Prospect) -> Json:
    """The difference as it was shown, in a form that can be kept."""
    return {
        "changes": [_told(change) for change in prospect.difference.changes],
        "same": prospect.difference.same,
        "deadlines": [day.isoformat() for day in prospect.deadlines],
    }


def from_record(kept: Json) -> tuple[Change, ...]:
    """The changes of a difference that was kept, each as it was told."""
    found = []
    for one in kept["changes"]:
        told = _requirement(one["requirement"])
        gone = one["kind"] in (DROPPED, DROPPED_MET)
        found.append(Change(one["kind"], one["part"], told if gone else None, None if gone else told))
    return tuple(found)


def _told(change: Change) -> Json:
    return {"kind": change.kind, "part": change.part, "requirement": _kept(change.shown)}


def _kept(node: Requirement) -> Json:
    return {"code": node.code, "facts": _plain(node.facts), "met": node.met, "children": [_kept(child) for child in node.children]}


def _requirement(kept: Json) -> Requirement:
    facts = {name: _fact(value) for name, value in kept["facts"].items()}
    return Requirement(kept["code"], facts, kept["met"], tuple(_requirement(child) for child in kept["children"]))


def _plain(facts: Mapping[str, object]) -> Json:
    return {name: _value(value) for name, value in facts.items()}


def _value(value: object) -> Json:
    if isinstance(value, Fraction):
        return {"fraction": str(value)}
    if isinstance(value, date):
        return {"day": value.isoformat()}
    return list(value) if isinstance(value, tuple) else value


def _fact(value: Json) -> object:
    if isinstance(value, dict):
        return Fraction(value["fraction"]) if "fraction" in value else date.fromisoformat(value["day"])
    return tuple(value) if isinstance(value, list) else value


# --- a whole cohort, under a policy that is only tried -----------------------------------------------------------------------

LEVEL = (LEVELS[0], LEVELS[-1])


def tried(policy: Policy, numbers: Mapping[str, Any], modules: Collection[str]) -> Policy:
    """The policy with other numbers, and as its modules those of ``modules`` that are named.

    RuleBroken ``trial_number`` (field, least, most) for a number beyond its range, ``trial_modules`` where no module is asked for.
    """
    for name, value in numbers.items():
        least, most = RANGES.get(name, LEVEL)
        if name != "no_critical_at_one" and name != "modules_required" and not least <= value <= most:
            raise RuleBroken("trial_number", field=name, least=least, most=most)
    asked = tuple(key for key in modules if key in numbers.get("modules_required", policy.modules_required))
    if not asked:
        raise RuleBroken("trial_modules")
    early = tuple(key for key in policy.before_observing if key in asked)
    return replace(policy, **{**numbers, "modules_required": asked, "before_observing": early})


@dataclass(frozen=True, slots=True)
class Bar:
    """One requirement over a cohort: how many meet it now and would then, of how many whom it is asked of; for how many it turns from
    open to met (``gain``) and back (``lose``)."""

    name: str
    part: str
    requirement: Requirement
    met_now: int
    met_then: int
    of_now: int
    of_then: int
    gain: int
    lose: int


def bars(trees: Iterable[tuple[Requirement, Requirement]]) -> tuple[Bar, ...]:
    """Each requirement that is asked of anybody now or then, in the order of the ways, over pairs of trees now and then."""
    counts: dict[str, list[int]] = {}
    shown: dict[str, Requirement] = {}
    for before, after in trees:
        was, now = _asked(before), _asked(after)
        for name in (*now, *(one for one in was if one not in now)):
            met_now, met_then = name in was and was[name].met, name in now and now[name].met
            held = counts.setdefault(name, [0] * 6)
            shown.setdefault(name, now[name] if name in now else was[name])
            for index, holds in enumerate((met_now, met_then, name in was, name in now, met_then > met_now, met_now > met_then)):
                held[index] += holds
    return tuple(Bar(name, name.partition(".")[0], leaf, *counts[name]) for name, leaf in shown.items())
