# SPDX-License-Identifier: Apache-2.0
"""What the texts are for that a programme gives out."""

from __future__ import annotations

from flask_babel import lazy_gettext

_l = lazy_gettext

FOR_WHOM = {
    "agreement": _l("What a mentor and a protégé agree on before they begin, with its limits."),
    "consent": _l("What is asked of everybody in the room before somebody watches a session."),
    "guide-candidate": _l("For whoever is on the way to becoming a mentor."),
    "guide-observer": _l("For whoever watches sessions and rates them."),
    "guide-coordinator": _l("For whoever runs the programme."),
    "guide-protege": _l("For whoever is being mentored."),
}


def handout_words(key: str) -> str:
    """What a text is for."""
    return str(FOR_WHOM.get(key, ""))
