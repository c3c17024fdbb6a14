# SPDX-License-Identifier: Apache-2.0
"""Real LMS code to test against, each in a process of its own that lasts as long as the test worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from lti_mentoring.settings import Settings
from support.install.peers import VERSIONS
from support.openedx import Campus, CampusTown, campus_town, running_campus


@pytest.fixture(scope="session")
def campuses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Campus]]:
    """The campus with a version of Open edX's consumer, started when it is first asked for."""
    running: dict[str, Campus] = {}
    with ExitStack() as stack:

        def campus(version: str) -> Campus:
            if version not in running:
                running[version] = stack.enter_context(running_campus(version, tmp_path_factory.mktemp("campus")))
            return running[version]

        yield campus


@pytest.fixture(params=VERSIONS)
def town(
    request: pytest.FixtureRequest,
    campuses: Callable[[str], Campus],
    make_settings: Callable[..., Settings],
    empty_database: Path,
    tmp_path: Path,
) -> Iterator[CampusTown]:
    """A tool of this test's own beside a running campus; once with each version of the consumer."""
    with campus_town(make_settings, empty_database, tmp_path, campuses(request.param)) as made:
        yield made
