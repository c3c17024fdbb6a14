# SPDX-License-Identifier: Apache-2.0
"""What had better not stand in a note: names of the people of a session, and details by which somebody else could be found.

It warns and never blocks: only who writes knows whether a word is a name. Pages do the same with the same data (``static/discretion.js``),
before a note is kept; so the patterns are what both kinds of regular expression read alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

PATTERNS = {
    "email": r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:[.][A-Za-z0-9-]{1,63}){1,8}",
    "phone": r"(?:[+]|\b0)[0-9](?:[ ()/.-]{0,2}[0-9]){6,13}",
}
"""Kind of a detail -> what it looks like. Each part has an end, so that a long text is read once and not from every letter anew."""

FORMS = "AG|BV|Co|Corp|GmbH|Inc|KG|LLC|LLP|Ltd|Oy|PLC|SA|SAS|SE|SL|SRL"
"""What stands behind the name of a company."""

SHORTEST = 3
LOOSE = 5
"""A name of so many letters is found in small letters too; a shorter one may be a word ("will", "may")."""

_WORD = re.compile(r"[^\W\d_][\w’'-]*")
_COMPANY = re.compile(rf"((?:[^\W\d_a-z][\w&’'-]*[ ])+)(?:{FORMS})\b[.]?")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that may tell who somebody is: ``name``, ``email`` or ``phone``, and the words that say it."""

    kind: str
    words: str


def names(people: Iterable[str], plan: Iterable[str] = ()) -> tuple[str, ...]:
    """What to look for: the parts of the names of ``people``, and what looks like a name in what was typed in the plan: words with a
    capital letter, the first of a line only where all are like that, and what stands before Ltd, GmbH and the like."""
    found = [word for person in people for word in _WORD.findall(person)]
    for line in plan:
        words = _WORD.findall(line)
        title = " ".join(words) == line.strip() and all(word[0].isupper() for word in words)
        found += [word for word in (words if title else words[1:]) if word[0].isupper()]
        found += [word for company in _COMPANY.findall(line) for word in _WORD.findall(company)]
    known = [word for word in dict.fromkeys(found) if len(word) >= SHORTEST and not re.fullmatch(FORMS, word)]
    return tuple(sorted(known, key=str.casefold))


def findings(text: str, names: Iterable[str], patterns: Mapping[str, str] = PATTERNS) -> tuple[Finding, ...]:
    """What a note says that it need not, each once, in the order of the kinds."""
    found = [Finding("name", name) for name in names if _says(text, name)]
    found += [Finding(kind, match.group()) for kind, pattern in patterns.items() for match in re.finditer(pattern, text, re.ASCII)]
    return tuple(dict.fromkeys(found))


def _says(text: str, name: str) -> bool:
    case = re.IGNORECASE if len(name) >= LOOSE else re.NOFLAG
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, case) is not None
