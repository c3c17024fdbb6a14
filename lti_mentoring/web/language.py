# SPDX-License-Identifier: Apache-2.0
"""Which of our languages somebody reads, by what their LMS says of them, and which way a language is written."""

from __future__ import annotations

from babel import Locale, UnknownLocaleError


def known(wanted: str | None, languages: tuple[str, ...]) -> str | None:
    """The one of ``languages`` that a locale such as de-AT or pt_BR asks for; None where we have none, or it is no locale."""
    if not wanted:
        return None
    try:
        locale = Locale.parse(wanted, sep="-" if "-" in wanted else "_")
    except (ValueError, UnknownLocaleError):
        return None
    return next((language for language in languages if language in (str(locale), locale.language)), None)


def direction(language: str) -> str:
    """Which way a language is written; from left to right where nobody knows it."""
    try:
        return str(Locale.parse(language, sep="-").text_direction)
    except (ValueError, UnknownLocaleError):
        return "ltr"
