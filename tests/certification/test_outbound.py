# SPDX-License-Identifier: Apache-2.0
"""Other people's addresses (checklist AS-05), with local platforms switched off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from lti_mentoring import settings
from lti_mentoring.cli import main
from support.live import Town, town

PRIVATE = [
    "http://lms.example/jwks",
    "https://127.0.0.1/jwks",
    "https://[::1]/jwks",
    "https://10.1.2.3/jwks",
    "https://192.168.0.9/jwks",
    "https://172.16.5.5/jwks",
    "https://100.64.0.1/jwks",
    "https://169.254.169.254/latest/meta-data",
    "https://[fd00:ec2::254]/",
    "https://[::ffff:127.0.0.1]/jwks",
    "https://0.0.0.0/jwks",
    "https://2130706433/jwks",
    "https://lms.example:8443/jwks",
    "file:///etc/passwd",
    "https://user:secret@lms.example/jwks",
]


@pytest.fixture(scope="module")
def strict(
    make_settings: Callable[..., settings.Settings], empty_database: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Town]:
    """A town whose tool may not reach local platforms."""
    with town(make_settings, empty_database, tmp_path_factory.mktemp("strict"), allow_local_platforms="false") as made:
        yield made


def test_AS_05_keys_on_a_private_address_are_never_fetched(strict: Town) -> None:
    page = strict.browser().launch("north", "candidate", "programme")
    assert page.status == 401
    assert "keys_unreachable" in page.text
    assert strict.lms("north").state(log=False)["counts"].get("jwks", 0) == 0


@pytest.mark.parametrize("address", PRIVATE)
def test_AS_05_such_an_address_cannot_be_registered(
    address: str, database_url: str, secrets: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (*secrets.items(), ("LTI_MENTORING_DATABASE_URL", database_url)):
        monkeypatch.setenv(name, value)
    assert CliRunner().invoke(main, ["organisation", "add", "Northfield"]).exit_code == 0
    told = {"organisation": "Northfield", "name": "LMS", "issuer": "https://lms.example", "client-id": "c", "deployment-id": "1"}
    urls = {"auth-url": "https://lms.example/auth", "token-url": "https://lms.example/token", "jwks-url": address}
    arguments = [part for name, value in {**told, **urls}.items() for part in (f"--{name}", value)]
    done = CliRunner().invoke(main, ["platform", "add", *arguments])
    assert done.exit_code == 2
    assert "cannot be used" in done.stderr
    assert CliRunner().invoke(main, ["platform", "list"]).stdout == ""
