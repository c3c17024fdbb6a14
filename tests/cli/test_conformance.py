# SPDX-License-Identifier: Apache-2.0
"""The certification guide's list as a command: it holds here, and it says what does not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from unittest import mock

import pytest
import structlog
from click.testing import CliRunner, Result

from lti_mentoring.cli import main
from lti_mentoring.lti import claims

CHECKLIST = (Path(__file__).parents[2] / "docs" / "checklist.md").read_text("utf-8")


def run_here(*options: str) -> Result:
    """The command in this process, whose environment is then as it was."""
    with mock.patch.dict(os.environ):
        done = CliRunner().invoke(main, ["conformance", *options])
    structlog.reset_defaults()
    return done


def test_everything_is_held_and_a_machine_can_read_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "lti_mentoring", "conformance", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False, timeout=180)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(line["held"] and not line["why"] for line in lines)
    kinds = Counter(line["rule"].split("-")[0] for line in lines)
    assert kinds["B"] == 12
    assert kinds["G"] == 18
    assert {"DL", "NR", "SC", "V"} <= set(kinds)
    assert all(f"| {line['rule']} |" in CHECKLIST for line in lines)
    assert list(tmp_path.iterdir()) == []


def test_a_check_that_is_gone_is_named_and_the_command_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "message_type", lambda body: claims.RESOURCE_LINK)
    done = run_here()
    assert done.exit_code == 1
    broken = [line.split()[2] for line in done.stdout.splitlines() if line.startswith("NOT HELD")]
    assert {"B-03", "B-04", "B-08", "DL-15"} <= set(broken)
    assert not {"B-01", "B-09", "G-01", "SC-01"} & set(broken)
    assert "status 200" in done.stdout


def test_a_report_in_words_counts_what_is_held() -> None:
    done = run_here()
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1] == "35 of 35 held"
