# SPDX-License-Identifier: Apache-2.0
"""What can be wrong between this tool and an LMS: a code for each fault, how bad it is, and which link of the chain it breaks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

WRONG, CARE, NOTE = "wrong", "care", "note"
"""A person must mend it; it works, and somebody should look; worth knowing."""

LINKS = ("tool", "registration", "launches", "clock", "keys", "sign_in", "services", "grades", "roster")
"""The chain, in the order in which a grade meets it."""

CODES: dict[str, tuple[str, str]] = {
    # This tool itself.
    "local_allowed": (CARE, "tool"),
    "tool_part_broken": (WRONG, "tool"),
    "tool_keys_sealed": (WRONG, "tool"),
    "tool_address_unreachable": (CARE, "tool"),
    "tool_address_answers_wrongly": (WRONG, "tool"),
    "tool_keys_missing": (WRONG, "tool"),
    "tool_address_plain": (CARE, "tool"),
    "tool_address_private": (CARE, "tool"),
    "tool_port": (CARE, "tool"),
    "worker_silent": (WRONG, "tool"),
    # The registration.
    "disabled": (CARE, "registration"),
    "deployment_pending": (WRONG, "registration"),
    "never_launched": (NOTE, "launches"),
    # Any address of the LMS: ``which`` says whose (auth, token, jwks, lineitems, memberships).
    "address_private": (WRONG, ""),
    "address_port": (WRONG, ""),
    "address_scheme": (WRONG, ""),
    "address_unusable": (WRONG, ""),
    "address_foreign": (WRONG, ""),
    "name_unknown": (WRONG, ""),
    "no_connection": (WRONG, ""),
    "no_secure_connection": (WRONG, ""),
    "no_answer": (WRONG, ""),
    "moved": (WRONG, ""),
    "wrong_address": (WRONG, ""),
    "lms_down": (WRONG, ""),
    "busy": (CARE, ""),
    "page_instead": (WRONG, ""),
    # The LMS's keys.
    "key_set_unusable": (WRONG, "keys"),
    "keys_replaced": (CARE, "keys"),
    "key_unpublished": (CARE, "keys"),
    # Clocks.
    "clock_apart": (WRONG, "clock"),
    "clock_drifts": (CARE, "clock"),
    # Our sign-in there.
    "keys_not_fetched": (WRONG, "sign_in"),
    "signature_refused": (WRONG, "sign_in"),
    "client_unknown": (WRONG, "sign_in"),
    "audience_refused": (WRONG, "sign_in"),
    "times_refused": (WRONG, "sign_in"),
    "sign_in_refused": (WRONG, "sign_in"),
    "nothing_granted": (WRONG, "sign_in"),
    "scope_missing": (WRONG, "sign_in"),
    "scope_absent": (CARE, "sign_in"),
    "granted": (NOTE, "sign_in"),
    # Services, with a token.
    "token_ended_early": (CARE, "services"),
    "token_not_taken": (WRONG, "services"),
    "service_forbidden": (WRONG, "services"),
    "service_refused": (WRONG, "services"),
    "course_closed": (WRONG, "services"),
    "column_gone": (WRONG, "services"),
    # Deliveries so far.
    "no_gradebook": (CARE, "grades"),
    "lane_paused": (CARE, "grades"),
    "lane_rests": (CARE, "grades"),
    "grades_stuck": (WRONG, "grades"),
    "sign_in_held": (CARE, "grades"),
}
"""Code -> how bad, and the link; a fault of an address breaks the link that its ``which`` names."""

BY_ADDRESS = {  # nosec B105 (links of the chain)
    "auth": "launches",
    "jwks": "keys",
    "token": "sign_in",
    "lineitems": "grades",
    "memberships": "roster",
    "service": "services",
}

_WEIGHT = {WRONG: 0, CARE: 1, NOTE: 2}


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault. ``facts`` are plain texts and numbers, so that they can be kept; never a token or a name."""

    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def severity(self) -> str:
        """How bad it is: wrong, care or note. That the LMS's pages cannot be seen from here concerns no browser."""
        said = CODES[self.code][0]
        return CARE if said == WRONG and self.facts.get("which") == "auth" else said

    @property
    def link(self) -> str:
        """The link of the chain that it breaks."""
        return CODES[self.code][1] or BY_ADDRESS[self.facts["which"]]

    def kept(self) -> dict[str, Any]:
        """As it is put by; ``finding`` reads it again."""
        return {"code": self.code, **self.facts}


def finding(kept: Mapping[str, Any] | str) -> Finding | None:
    """A finding that was put by; None where this release does not know its code any more."""
    if isinstance(kept, str):
        kept = {"code": kept}
    code = str(kept.get("code", ""))
    facts = {name: value for name, value in kept.items() if name != "code"}
    if code not in CODES or (not CODES[code][1] and facts.get("which") not in BY_ADDRESS):
        return None
    return Finding(code, facts)


def ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The worst first, and of equals the one that stands earlier in the chain: what comes after may only follow from it."""
    once = {(one.code, repr(sorted(one.facts.items()))): one for one in findings}
    return tuple(sorted(once.values(), key=lambda one: (_WEIGHT[one.severity], LINKS.index(one.link))))


def anything_wrong(findings: Iterable[Finding]) -> bool:
    """Whether a person must mend something."""
    return any(one.severity == WRONG for one in findings)
