# SPDX-License-Identifier: Apache-2.0
"""A backup is made and restored by the very commands that docs/operate.md prints, on both databases, while the tool has work in it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from conftest import make_world
from lti_mentoring import app as wiring
from lti_mentoring.keys import CannotOpen, Sealer, new_secrets
from lti_mentoring.services import delivery
from lti_mentoring.services import keys as key_verbs
from lti_mentoring.settings import Settings
from lti_mentoring.store import base, schema
from lti_mentoring.store.platform import Registration
from support.closing import let_go
from support.databases import Postgres
from support.install import servers

ROOT = Path(__file__).parents[2]


def printed(label: str) -> str:
    """The commands that stand in docs/operate.md under this label."""
    found = re.search(rf"^```sh {label}\n(.*?)^```$", (ROOT / "docs/operate.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert found, f"docs/operate.md has no block called {label}"
    return found[1]


@dataclass
class Installation:
    """An installation as its operator sees it: secrets, a database, and the commands of the docs."""

    kind: str
    secrets: dict[str, str]
    folder: Path
    programs: Path | None
    settings: Callable[..., Settings]
    spare: Callable[[], str]

    def run(self, label: str, *, database: str, backup: Path) -> str:
        """Run a block of the docs. -> what it printed."""
        environ = os.environ | self.secrets | {"DATABASE": database, "BACKUP": str(backup)}
        environ["LTI_MENTORING_DATABASE_URL"] = self.url(database)
        environ["PATH"] = os.pathsep.join([*([str(self.programs)] if self.programs else []), environ["PATH"]])
        here = {".venv/bin/python": sys.executable, ".venv/bin/lti-mentoring": f"{sys.executable} -m lti_mentoring"}
        script = re.sub(r"\.venv/bin/[a-z-]+", lambda found: here[found[0]], printed(label))
        asked = ["bash", "-euo", "pipefail", "-c", script]
        done = subprocess.run(asked, env=environ, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def url(self, database: str) -> str:
        """The address of a database as a setting."""
        return f"sqlite:///{database}" if self.kind == "sqlite" else database.replace("postgresql://", "postgresql+psycopg://")


@pytest.fixture(params=["sqlite", "postgresql"])
def installation(
    request: pytest.FixtureRequest, secrets: dict[str, str], make_settings: Callable[..., Settings], tmp_path: Path
) -> Iterator[Installation]:
    """An installation on each database."""
    if request.param == "sqlite":
        numbers = iter(range(10))
        yield Installation("sqlite", secrets, tmp_path, None, make_settings, lambda: str(tmp_path / f"tool-{next(numbers)}.sqlite3"))
        return
    server: Postgres = request.getfixturevalue("postgres")
    made: list[str] = []

    def spare() -> str:
        made.append(server.create())
        return server.dsn(made[-1])

    programs = servers.ensure("postgresql")
    yield Installation("postgresql", secrets, tmp_path, programs, make_settings, spare)
    for name in made:
        server.drop(name)


class Opened:
    """The tool on one database."""

    def __init__(self, installation: Installation, database: str) -> None:
        queue = installation.folder / "queue.sqlite3"
        self.app = wiring.create_app(installation.settings(database_url=installation.url(database), queue_url=f"sqlite:///{queue}"))

    def __enter__(self) -> Opened:
        self._context = self.app.app_context()
        self._context.push()
        return self

    def __exit__(self, *error: object) -> None:
        let_go()
        self._context.pop()

    def counts(self) -> dict[str, int]:
        """How many rows each table holds."""
        with base.across_organisations("test: compare a restore"):
            return {
                name: base.session().scalar(select(func.count()).select_from(table)) or 0 for name, table in base.db.metadata.tables.items()
            }


def fill(name: str) -> str:
    """An organisation with people, a candidacy and a grade that waits. -> its id"""
    world = make_world(name)
    with base.tenant(world.org_id):
        world.placement("module:M1")
        candidate = world.person("Amina Quillfeather")
        with base.transactional() as session:
            delivery.want(session, org_id=world.org_id, course_id=world.course_id, person_id=candidate.person_id, items=["module:M1"])
    return world.org_id


def test_a_restored_backup_holds_what_was_there_when_it_was_made(installation: Installation) -> None:
    database, backup = installation.spare(), installation.folder / "backup"
    with Opened(installation, database) as tool:
        wiring.migrate_database()
        fill("Northfield")
        published = tool.app.test_client().get("/.well-known/jwks.json").json
        then = tool.counts()
        # The tool stays open while the backup is made, as it would.
        installation.run(f"backup-{installation.kind}", database=database, backup=backup)
        fill("Eastfield")
        assert tool.counts()["person"] == then["person"] + 1
    restored = database if installation.kind == "sqlite" else installation.spare()
    said = installation.run(f"restore-{installation.kind}", database=restored, backup=backup)
    assert json.loads(said.splitlines()[-1])["revision"] == schema.newest_revision()
    with Opened(installation, restored) as tool:
        assert tool.counts() == then
        assert then["score_publication"] == 1
        visitor = tool.app.test_client()
        assert visitor.get("/readyz").json == {"status": "ok"}
        assert visitor.get("/.well-known/jwks.json").json == published


def test_a_restored_tool_goes_on_working(installation: Installation) -> None:
    database, backup = installation.spare(), installation.folder / "backup"
    with Opened(installation, database):
        wiring.migrate_database()
        fill("Northfield")
    installation.run(f"backup-{installation.kind}", database=database, backup=backup)
    restored = installation.spare()
    installation.run(f"restore-{installation.kind}", database=restored, backup=backup)
    with Opened(installation, restored) as tool:
        assert len(delivery.sweep()) == 1
        before = tool.counts()["organisation"]
        fill("Westfield")
        assert tool.counts()["organisation"] == before + 1


def test_after_the_encryption_keys_are_lost_new_signing_keys_bring_the_tool_back(installation: Installation) -> None:
    now, database = datetime.now(UTC), installation.spare()
    held, later = (Sealer([new_secrets()["LTI_MENTORING_ENCRYPTION_KEYS"]]) for _ in range(2))
    with Opened(installation, database):
        wiring.migrate_database()
        fill("Northfield")
        lost = key_verbs.signing_key(held, now=now).kid
        registration = base.session().scalar(select(Registration.id)) or ""
        key_verbs.Tokens(held).save(registration, "scopes", "token", frozenset(), now + timedelta(hours=1))
        with pytest.raises(CannotOpen):
            key_verbs.signing_key(later, now=now)
        key_verbs.rotate(later, now=now, at_once=True)
        assert key_verbs.signing_key(later, now=now).kid != lost
        assert [key["kid"] for key in key_verbs.published(now=now)] == [key_verbs.signing_key(later, now=now).kid]
        assert key_verbs.Tokens(later).load(registration, "scopes") is None
