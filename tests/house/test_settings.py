# SPDX-License-Identifier: Apache-2.0
"""The settings in code, in config/default.toml and in docs/operate.md are the same ones."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from lti_mentoring import settings

ROOT = Path(__file__).parents[2]
DEFAULTS = ROOT / "config/default.toml"


def test_code_and_file_are_in_step():
    written = tomllib.loads(DEFAULTS.read_text("utf-8"))
    flat = [key for key, value in written.items() if not isinstance(value, dict)]
    flat += [f"{key}__{name}" for key, value in written.items() if isinstance(value, dict) for name in value]
    assert sorted(f"LTI_MENTORING_{name.upper()}" for name in flat) == sorted(settings.variables())


def test_every_default_is_explained():
    lines = DEFAULTS.read_text("utf-8").splitlines()
    explained = False
    silent = []
    for line in lines:
        if line.startswith("#"):
            explained = True
        elif not line.strip():
            explained = False
        elif "=" in line and not line.startswith("[") and not explained:
            silent.append(line)
    assert not silent


def test_docs_are_in_step():
    told = set(re.findall(r"`(LTI_MENTORING_[A-Z_]+)`", (ROOT / "docs/operate.md").read_text("utf-8")))
    meant = {*settings.variables(), "LTI_MENTORING_CONFIG"}
    assert told == meant


def test_a_name_that_is_no_setting_stops_the_start():
    with pytest.raises(settings.SettingsError, match="LTI_MENTORING_DATABSE_URL"):
        settings.load({"LTI_MENTORING_DATABSE_URL": "sqlite://"})
