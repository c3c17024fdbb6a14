# SPDX-License-Identifier: Apache-2.0
"""The directory of mentors in words."""

from __future__ import annotations

from babel import Locale
from flask_babel import get_locale, lazy_gettext

_l = lazy_gettext

RULES: dict[str, object] = {
    "entry_areas": _l("Choose what you can help with, or say it in your own words."),
    "entry_languages": _l("Choose at least one language from the list."),
    "entry_capacity": _l("Say for how many people you have room: 1 to %(most)s."),
    "entry_hours": _l("Say how many hours a month you have: 1 to %(most)s."),
    "entry_meets": _l("Choose how you like to meet from the list."),
    "entry_long": _l("That is more than this part can hold; %(most)s characters are the most."),
    "entry_missing": _l("Write your entry first; then you can list it."),
}


def tongue_words(code: str) -> str:
    """A language in the reader's own."""
    return str(Locale.parse(code).get_display_name(get_locale() or "en") or code)
