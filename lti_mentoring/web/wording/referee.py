# SPDX-License-Identifier: Apache-2.0
"""The mail to a referee: who asks, for whom, until when, who reads it, and how to say no."""

from __future__ import annotations

from typing import Any

from flask_babel import format_date, lazy_gettext

from lti_mentoring.domain.mail import Written
from lti_mentoring.services.postman import Letter
from lti_mentoring.web.wording.phrase import say

_l = lazy_gettext

REFEREE_SUBJECTS = {
    "reference_ask": _l("You are asked for a reference"),
    "reference_remind": _l("A reference is still open"),
}

TO_REFEREES = {
    "reference_ask": _l("To a referee of theirs: the request"),
    "reference_remind": _l("To a referee of theirs: the reminder"),
}
"""What staff call these mails, beside the applicant whom they are about."""

_FIRST = {
    "reference_ask": _l(
        "%(applicant)s applies to become a mentor (%(programme)s, %(organisation)s) and has named you as somebody who knows how they work"
        " with others."
    ),
    "reference_remind": _l(
        "Some weeks ago you were asked for a reference for %(applicant)s, who applies to become a mentor (%(programme)s, %(organisation)s)."
        " It is not there yet. This is the only reminder."
    ),
}

_DEAR = _l("Dear %(referee)s,")
_WHAT = _l(
    "A few sentences are enough: one occasion on which they listened, asked, or helped somebody to find their own way. Please write them by"
    " %(until)s on this page:"
)
_WHOSE = _l("The link is yours alone and needs no account; please do not pass it on. Of several, the newest is the one that works.")
_WHO = _l("Who reads it: the coordinators of the programme and the reviewers of the application. %(applicant)s does not read it.")
_NO = _l("Would you rather not? Choose “I would rather not” on that page. You need not say why, and nothing else is asked of you.")
_WHY = _l("You get this mail because %(applicant)s gave your address, and a coordinator of the programme had it sent.")


def referee_words(letter: Letter, pages: str) -> Written:
    """The mail in words; ``pages`` is where the pages of referees are, which their token is added to."""
    facts: dict[str, Any] = dict(letter.facts or {})
    facts["until"] = format_date(facts["until"], "d MMM yyyy")
    paragraphs = [say(one, facts) for one in (_DEAR, _FIRST[letter.kind], _WHAT)]
    paragraphs += [f"{pages}{facts['token']}", *(say(one, facts) for one in (_WHOSE, _WHO, _NO)), f"-- \n{say(_WHY, facts)}"]
    return Written(str(REFEREE_SUBJECTS[letter.kind]), "\n\n".join(paragraphs))
