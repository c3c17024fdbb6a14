# SPDX-License-Identifier: Apache-2.0
"""Agreement of two raters in words: how many are the same, who rates higher, and why there is no figure where there is none."""

from __future__ import annotations

from math import ceil, floor

from flask_babel import gettext, lazy_gettext, ngettext

from lti_mentoring.domain.agreement import Agreement, Bias, Share
from lti_mentoring.domain.coefficient import NO_PAIRS, NO_SPREAD, ONE_LEVEL, TOO_FEW, Undefined, Value
from lti_mentoring.services.agreement import Line, Page
from lti_mentoring.web.wording.calibration import apart_words

_l = lazy_gettext

WHY = {
    NO_PAIRS: _l("not defined: no pairs"),
    ONE_LEVEL: _l("not defined: only one level used"),
    NO_SPREAD: _l("not defined: all the same"),
}


def undefined_words(value: Undefined) -> str:
    """Why there is no such figure."""
    if value.reason == TOO_FEW:
        return gettext("fewer than %(needed)s pairs", needed=value.needed)
    return str(WHY[value.reason])


def percent_words(share: Share) -> str:
    """A share in whole per cents, never rounded up; a dash of nothing."""
    return gettext("%(percent)s %%", percent=100 * share.count // share.of) if share.of else "–"


def range_words(share: Share) -> str:
    """Where the true share lies with 95 % confidence, rounded outwards."""
    found = share.interval
    if isinstance(found, Undefined):
        return "–"
    return gettext("%(low)s to %(high)s", low=floor(100 * found.low), high=ceil(100 * found.high))


def value_words(value: Value) -> str:
    """A coefficient with two places, or why there is none."""
    return undefined_words(value) if isinstance(value, Undefined) else f"{float(value):.2f}"


def bias_figure_words(bias: Bias) -> str:
    """A signed bias with its interval, where it has one."""
    if isinstance(bias.mean, Undefined):
        return "–"
    if isinstance(bias.interval, Undefined):
        return apart_words(bias.mean)
    low, high = (f"{end:+.2f}".replace("-", "−") for end in (bias.interval.low, bias.interval.high))
    return gettext("%(mean)s (%(low)s to %(high)s)", mean=apart_words(bias.mean), low=low, high=high)


def agreement_words(page: Page) -> str:
    """The first sentence of the page: how many ratings are the same."""
    same = page.whole.exact.count
    return ngettext("%(same)s of %(num)s rating is the same.", "%(same)s of %(num)s ratings are the same.", page.whole.pairs, same=same)


def lean_words(found: Agreement) -> str:
    """Whether the second rater rates higher or lower, as far as that can be told."""
    mean = found.bias.mean
    if isinstance(mean, Undefined) or not found.bias.sure:
        return gettext("Neither rater rates higher than the other, as far as can be told.")
    size = apart_words(abs(mean)).lstrip("+")
    if mean > 0:
        return gettext("The second rater’s levels are higher, by %(size)s on average.", size=size)
    return gettext("The second rater’s levels are lower, by %(size)s on average.", size=size)


def weakest_words(lines: tuple[Line, ...]) -> str:
    """The criterion on which raters part most, where there are several and it is not all the same there."""
    seen = [one for one in lines if one.found.pairs]
    if len(seen) < 2:
        return ""
    least = min(seen, key=lambda one: one.found.exact.count / one.found.exact.of)
    if least.found.exact.count == least.found.exact.of:
        return ""
    return gettext("Least on %(key)s: %(same)s of %(of)s.", key=least.key, same=least.found.exact.count, of=least.found.exact.of)
