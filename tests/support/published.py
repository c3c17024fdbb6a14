# SPDX-License-Identifier: Apache-2.0
"""Packs that many tests begin with: read once in a process, published for each organisation."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from lti_mentoring.domain.programme import Programme
from lti_mentoring.services import programme
from lti_mentoring.store import base


@cache
def read(path: Path) -> Programme:
    """The programme in this folder, which does not change while the tests run and is never changed by whoever reads it."""
    found, faults = programme.read(path)
    assert found is not None, faults
    return found


def publish(org_id: str, path: Path) -> None:
    """What ``programme.import_pack`` does, without reading the folder again. In the scope of the organisation."""
    with base.transactional() as session:
        programme.publish(session, org_id=org_id, programme=read(path), actor="operator")
