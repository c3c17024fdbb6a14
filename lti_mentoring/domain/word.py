# SPDX-License-Identifier: Apache-2.0
"""How many words somebody has written, in scripts with blanks between words and in those without."""

from __future__ import annotations

import re
import unicodedata

_IDEOGRAPH = re.compile(
    "[\u2e80-\u2fd5\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fd-\u30ff\u3105-\u312f\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9d\U00020000-\U0003ffff]"
)
"""Han, kana and bopomofo: whoever counts words in Chinese or Japanese counts each of these."""

_RUN = re.compile("[\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ebd\u0ec0-\u0ecd\u0edc-\u0edf\u1000-\u103f\u1050-\u108f\u1780-\u17d3]+")
"""Thai, Lao, Burmese and Khmer: words stand together, and only a dictionary tells where one ends."""

LETTERS_OF_A_WORD = 4
"""Letters to a word in a run, without marks above and below: what such words have in the middle, so that a limit means about the same."""


def count(text: str) -> int:
    """The words of a text: what stands between blanks; each ideograph and each kana; of a run of Thai, Lao, Burmese or Khmer letters, one
    for each four that it has begun. The script of the training page counts by the same rule."""
    return sum(_of_piece(piece) for piece in text.split())


def _of_piece(piece: str) -> int:
    rest, ideographs = _IDEOGRAPH.subn(" ", piece)
    runs = _RUN.findall(rest)
    if not ideographs and not runs:
        return 1
    others = sum(any(one.isalnum() for one in part) for part in _RUN.sub(" ", rest).split())
    return ideographs + others + sum(_of_run(run) for run in runs)


def _of_run(run: str) -> int:
    letters = sum(unicodedata.category(one).startswith("L") for one in run)
    return max(-(-letters // LETTERS_OF_A_WORD), 1)
