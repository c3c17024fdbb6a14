# SPDX-License-Identifier: Apache-2.0
"""What a pair says and keeps, in words."""

from __future__ import annotations

from flask_babel import lazy_gettext

_l = lazy_gettext

RULES: dict[str, object] = {
    "note": _l("There is no such note of yours."),
    "talk_closed": _l("This pair is over. What you wrote is still yours to read; nothing new is written."),
    "talk_destroyed": _l("The key of this pair’s words was destroyed, and with it all that was written. Nothing new is kept here."),
}
