# SPDX-License-Identifier: Apache-2.0
"""A short text that its writer marks, read from the module's manuscript: a limit of words, features to look for, a model answer.

The situation ends with ``Words: 60``. The features stand as ``- A. It asks one question.``, and behind them the model answer, as
``**Model answer:** “…”``. Below it ``- A: …`` may say where the model answer has a feature.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import takewhile

from lti_mentoring.domain.answer import words
from lti_mentoring.domain.module import Feature, Item
from lti_mentoring.domain.outline import Part, text_of
from lti_mentoring.domain.script import Report, Script

FEATURES = range(2, 5)
LIMITS = range(10, 201)

_WORDS = re.compile(r"\bWords: (?P<words>\d{1,6})\.?$")


def text_item(item: Item, script: Script, part: Part, report: Report) -> Item:
    """The item with its limit, its features and its model answer."""
    limit = _WORDS.search(item.stem)
    most = int(limit["words"]) if limit else 0
    if limit is None:
        report(part.line, f"{item.key} does not say how long the text may be.", "End the situation with “Words: 60”.")
    elif most not in LIMITS:
        report(part.line, f"{item.key} takes {most} words.", f"A short text has from {LIMITS[0]} to {LIMITS[-1]}.")
    if item.critical:
        report(part.line, f"{item.key} is critical.", "Take “ · CRITICAL” away: what its writer marks decides nothing.")
    if len(script.options) not in FEATURES:
        remedy = f"Write {FEATURES[0]} to {FEATURES[-1]} that can be answered by yes or no, as “- A. It asks one question.”."
        report(part.line, f"{item.key} has {len(script.options)} features.", remedy)
    line = script.key[0] if script.key else part.line
    model, comment = _model(script, line)
    if not model:
        report(line, f"The model answer of {item.key} is empty.", "Write it in the line that begins with “**Model answer:**”.")
    elif limit is not None and words(model) > most:
        report(line, f"The model answer of {item.key} has {words(model)} words.", f"Keep to the {most} that a reader may write.")
    for number, sort in script.strays("options", "explanations"):
        report(number, f"{item.key} has {sort}, which a short text does not take.", "Take them out.")
    for key, (number, _, _) in script.whys.items():
        if key not in script.options:
            report(number, f"{item.key} explains {key}, which is no feature.", "Explain features of this item only.")
    return replace(
        item,
        stem=item.stem[: limit.start()].strip() if limit else item.stem,
        words=most,
        model=model,
        features=tuple(Feature(key, text, script.whys[key][1] if key in script.whys else "") for key, (_, text) in script.options.items()),
        reason=comment,
    )


def _model(script: Script, line: int) -> tuple[str, str]:
    """The model answer with the lines that follow its first without a gap, and what is said of it in paragraphs below."""
    following = takewhile(lambda one: one[1][0] == line + one[0] and one[1][1].strip(), enumerate(script.tail, 1))
    more = [text for _, (_, text) in following]
    model = "\n".join(text for text in (f"{script.answer} {script.reason}".strip(), *more) if text)
    return model, text_of(script.tail[len(more) :])
