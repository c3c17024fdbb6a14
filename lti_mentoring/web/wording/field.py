# SPDX-License-Identifier: Apache-2.0
"""What the field page says by itself: its script finds all of its words here, since it may have to speak without the server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask_babel import gettext, lazy_gettext, ngettext

from lti_mentoring.services.field import FieldPage

_l = lazy_gettext

RULES = {
    "note_waits": _l("It cannot be observed as things stand, so no words about it are kept yet. Copy them, and try again later."),
    "field_other_person": _l("Somebody else is signed in here now. Whoever wrote these notes sends them by opening the activity."),
    "off_the_record": _l("It was begun off the record, and nothing of that is kept."),
    "notes_many": _l("%(most)s notes of one person are the most that one session has. Say the rest on the rating sheet, in your reasons."),
    "note_unread": _l("This note could not be read here. Copy it, and write it anew."),
}

QUESTIONS = {"open": _l("Open"), "closed": _l("Closed"), "leading": _l("Leading"), "stacked": _l("Stacked")}

LINES = {
    "start": _l("Start"),
    "resume": _l("Go on"),
    "keep": _l("Keep this note"),
    "anyway": _l("Keep as it is"),
    "from": _l("from %(at)s", at="%s"),
    "since": _l("Since %(at)s.", at="%s"),
    "share": _l("mentor %(percent)s %%", percent="%s"),
    "stored": _l("stored"),
    "waits": _l("on this device"),
    "both": _l("two versions, both stored"),
    "change": _l("Change"),
    "checking": _l("Looking whether this opens without a network …"),
    "ready": _l("Ready without network."),
    "not_ready": _l("Not ready without network."),
    "not_ready_more": _l("What is missing stands under “Ready without network”."),
    "all_stored": _l("All notes are stored."),
    "away": _l("No network since %(at)s.", at="%s"),
    "stay": _l("Keep this window open."),
    "old": _l("Notes have waited for three days. Open this page where there is a network."),
    "framed": _l("This frame opens only with a network."),
    "framed_more": _l(
        "Everything else works, and notes wait here while it is away. Before you go where there is none, open the page in its own window."
    ),
    "signed_out": _l("You are not signed in here any more."),
    "signed_out_more": _l("You can go on writing. Open the activity from your course page, and everything is sent."),
    "closed": _l("No more notes are taken: this observation is submitted, released or called off."),
    "still_here": _l("What was not sent is still on this device; copy what you need."),
    "held_more": _l("Once it can be, they are sent when you write here or open any page of the tool. They stay here for 14 days."),
    "refused_more": _l("The reason stands beside it. It stays on this device for 14 days; copy what you need."),
    "sheet_away": _l("The rating sheet needs the network. Your notes are safe here."),
    "me": _l("I am %(name)s", name="%s"),
    "nothing": _l("There is nothing of this observation on this device."),
    "nothing_more": _l("Open it once with a network; then it opens without one."),
}

CHECKS = {
    "opens": _l("This page opens without a network"),
    "keeps": _l("Notes are kept on this device, encrypted"),
    "content": _l("Criteria and what they look like are on this device"),
    "promised": _l("The browser has promised to clear nothing"),
}

MISSING = {
    "frame": _l("Not in this frame. Open the page in its own window and look again there."),
    "browser": _l("This browser keeps no page, or it has no network at the moment. Try again, or take the printed sheet along."),
    "memory": _l("This browser keeps nothing for this page. Notes are in its memory alone until they are sent: keep it open."),
    "content": _l("Open this page once with a network."),
    "promise": _l("It gave none. It clears something only when the device is full; send your notes the same day."),
}


def _counted(n: int) -> dict[str, str]:
    return {
        "wait": ngettext(
            "%(num)s note waits for the network and goes out by itself.",
            "%(num)s notes wait for the network and go out by themselves.",
            n,
        ),
        "signed_out": ngettext(
            "%(num)s note stays on this device, encrypted. Open the activity from your course page, and it is sent.",
            "%(num)s notes stay on this device, encrypted. Open the activity from your course page, and they are sent.",
            n,
        ),
        "refused": ngettext("%(num)s note could not be stored.", "%(num)s notes could not be stored.", n),
        "held": ngettext(
            "%(num)s note waits on this device, since the session cannot be observed as things stand.",
            "%(num)s notes wait on this device, since the session cannot be observed as things stand.",
            n,
        ),
        "unsent": ngettext("%(num)s not sent yet", "%(num)s not sent yet", n),
        "unseen": ngettext("%(num)s stored, shown with a network", "%(num)s stored, shown with a network", n),
        "lost": ngettext(
            "%(num)s note is gone from this device without having been sent: it was 14 days old, or could not be opened any more.",
            "%(num)s notes are gone from this device without having been sent: they were 14 days old, or could not be opened any more.",
            n,
        ),
    }


def _waiting(n: int) -> dict[str, str]:
    return {
        "sent": ngettext("%(num)s note from the field is stored now.", "%(num)s notes from the field are stored now.", n),
        "leaving": ngettext(
            "%(num)s note is on this device alone. Signing out deletes it. Sign out once more to do so all the same.",
            "%(num)s notes are on this device alone. Signing out deletes them. Sign out once more to do so all the same.",
            n,
        ),
        "wait": ngettext("%(num)s note from the field waits on this device.", "%(num)s notes from the field wait on this device.", n),
    }


MANY = 9
"""Any number of which the words are those of many."""


def _pairs(words: Callable[[int], dict[str, str]]) -> dict[str, str]:
    one, many = words(1), words(MANY)
    return {f"{name}_one": text for name, text in one.items()} | {
        f"{name}_many": text.replace(str(MANY), "%s", 1) for name, text in many.items()
    }


def capture_words() -> dict[str, Any]:
    """Everything that the page's script says, in the reader's language. Numbers come in pairs, for one and for more."""
    return {
        **{name: str(text) for name, text in LINES.items()},
        **_pairs(_counted),
        "checks": {name: str(text) for name, text in CHECKS.items()},
        "missing": {name: str(text) for name, text in MISSING.items()},
    }


def waiting_words() -> dict[str, str]:
    """What other pages say of notes that wait on this device."""
    return _pairs(_waiting)


def question_kind_words() -> tuple[tuple[str, str], ...]:
    """The types of questions that are counted."""
    return tuple((key, str(label)) for key, label in QUESTIONS.items())


def capture_about_words(page: FieldPage) -> str:
    """What stands below the candidate's name: with whom, and how long."""
    who = gettext("with %(protege)s", protege=page.protege)
    return f"{who} · {gettext('%(minutes)s min', minutes=page.minutes)}" if page.minutes else who


def clock_words(second: int) -> str:
    """A moment by the session's clock."""
    hours, rest = divmod(second, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60:02}:{rest % 60:02}"
