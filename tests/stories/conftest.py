# SPDX-License-Identifier: Apache-2.0
"""A story has a town of its own: what one tells must not depend on another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lti_mentoring.settings import Settings
from support.live import Town, town


@pytest.fixture
def live(make_settings: Callable[..., Settings], empty_database: Path, tmp_path: Path) -> Iterator[Town]:
    """The tool and the pocket LMS, running, with nobody in them yet."""
    with town(make_settings, empty_database, tmp_path) as made:
        yield made
