# SPDX-License-Identifier: Apache-2.0
"""The small pack that is there in English and in Arabic, as it is and with something changed."""

from __future__ import annotations

import shutil
from pathlib import Path

from lti_mentoring.domain.programme import Programme
from lti_mentoring.services import programme

PACK = Path(__file__).parent / "packs" / "two-languages"
ARABIC = "ar-EG,ar;q=0.9"


def read(folder: Path = PACK) -> Programme:
    """The programme of a pack without faults."""
    found, faults = programme.read(folder)
    assert [str(fault) for fault in faults] == []
    assert found is not None
    return found


def edited(tmp_path: Path, file: str, right: str, wrong: str) -> Path:
    """A copy of the pack with one place changed; a second change adds to the first. A file that is not there is written whole."""
    folder = tmp_path / "pack"
    if not folder.exists():
        shutil.copytree(PACK, folder)
    path = folder / file
    text = path.read_text("utf-8") if path.exists() else ""
    assert right in text, right
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.replace(right, wrong, 1) if right else wrong, "utf-8")
    return folder


def use(org_id: str, folder: Path = PACK) -> str:
    """Make it the programme that those who come now begin with. -> its version."""
    return programme.import_pack(org_id=org_id, path=folder, actor="operator").id
