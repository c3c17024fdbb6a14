# SPDX-License-Identifier: Apache-2.0
"""Giving back what an app holds, so that nothing of one test is found open in a later one."""

from __future__ import annotations

from flask import current_app

from lti_mentoring.store import base


def let_go() -> None:
    """Close the connections of the current app: its session's, its pool's, and its queue's, which Huey would leave to the collector."""
    base.db.session.remove()
    base.db.engine.dispose()
    current_app.extensions["huey"].storage.close()
