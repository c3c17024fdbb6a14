# SPDX-License-Identifier: Apache-2.0
"""What a programme gives people to read beside its modules: guides, the agreement, the consent, its own words in mails, its terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lti_mentoring.domain.body import LATER
from lti_mentoring.domain.outline import outline

AGREEMENT, CONSENT = "agreement", "consent"
GUIDES: Mapping[str, str] = {f"guide-{role}": role for role in ("candidate", "observer", "coordinator", "protege")}
"""The guides by their keys, with whom each is for."""

HANDOUTS = (AGREEMENT, CONSENT, *GUIDES)
"""The texts that a programme can give out: what a mentor and a protégé agree on, what is asked before somebody watches, and the guides."""


@dataclass(frozen=True, slots=True)
class Handout:
    """A text that is given out; Markdown that begins with its title. It is read in one language, as a whole."""

    key: str
    text: str
    reads: str = field(default="", metadata=LATER)

    @property
    def title(self) -> str:
        """Its first heading."""
        return outline(self.text).parts[0].title

    @property
    def body(self) -> str:
        """What stands below the title."""
        return "\n".join(self.text.splitlines()[1:]).strip()  # the lines as an outline has them


@dataclass(frozen=True, slots=True)
class MailText:
    """What a programme adds in its own words to a mail of one kind; ``key`` is a kind of notice."""

    key: str
    text: str
    reads: str = field(default="", metadata=LATER)


@dataclass(frozen=True, slots=True)
class Term:
    """A word that the programme uses in one sense, and keeps."""

    key: str
    term: str
    text: str
    reads: str = field(default="", metadata=LATER)
