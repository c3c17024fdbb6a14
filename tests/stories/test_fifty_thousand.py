# SPDX-License-Identifier: Apache-2.0
"""A roster of fifty thousand: all there, none twice, in the memory of a small one; also after a worker was killed half-way."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[1] / "bench" / "run.py"


@pytest.mark.checklist("NR-02", "NR-10")
def test_NR_10_fifty_thousand_members_are_read_in_the_memory_of_a_thousand_on_both_databases() -> None:
    """The benchmark's own bars, none of which is a time: the worker's peak from the system, who is missing, who is there twice."""
    done = subprocess.run([sys.executable, BENCH, "--here", "--only", "rosters"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    said = json.loads(done.stdout)
    assert [run["seen"] for name, run in said["rosters"]["sqlite"].items() if name.startswith("large")] == [50_000, 50_000]
    assert len(said["bars"]) == 10
    assert [bar for bar in said["bars"] if not bar["met"]] == []
