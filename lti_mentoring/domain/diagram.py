# SPDX-License-Identifier: Apache-2.0
"""A table of states, drawn: the diagrams in the documentation are made by this."""

from __future__ import annotations

from collections.abc import Iterable

NEW = "new"
"""The state before the first one, where a table has one; it is drawn as the dot."""


def diagram(transitions: Iterable[tuple[str, str, str]]) -> str:
    """(state, verb, state) as a Mermaid state diagram, in the table's order.

    It begins at the dot: with the verbs that lead out of ``new``, or else at the first state that is named. States without a way out
    end there. Verbs between the same two states share an arrow.
    """
    arrows: dict[tuple[str, str], list[str]] = {}
    for state, verb, to in transitions:
        arrows.setdefault((state, to), []).append(verb.replace("_", " "))
    if not arrows:
        return "stateDiagram-v2\n"
    lines = ["stateDiagram-v2"]
    first = next(iter(arrows))[0]
    if not any(state == NEW for state, _ in arrows):
        lines.append(f"    [*] --> {first}")
    for (state, to), verbs in arrows.items():
        lines.append(f"    {'[*]' if state == NEW else state} --> {to}: {', '.join(dict.fromkeys(verbs))}")
    ends = {to for _, to in arrows} - {state for state, _ in arrows}
    lines += [f"    {state} --> [*]" for state in sorted(ends)]
    return "\n".join(lines) + "\n"
