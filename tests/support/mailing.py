# SPDX-License-Identifier: Apache-2.0
"""An app that sends mails to a server of the test's own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import select, update

from conftest import World
from lti_mentoring import app as wiring
from lti_mentoring.domain.people import Actor
from lti_mentoring.settings import Settings
from lti_mentoring.store import base
from lti_mentoring.store.delivery import Mail
from lti_mentoring.store.people import Person
from support.closing import let_go


@contextmanager
def mailing_app(
    make_settings: Callable[..., Settings], empty_database: Path, folder: Path, port: int, *, pages: bool = True, url: str = "", **more: str
) -> Iterator[Flask]:
    """The app on a database of its own, in an app context; its mails go to this port."""
    if not url:
        path = folder / "mailing.sqlite3"
        shutil.copy(empty_database, path)
        url = f"sqlite:///{path}"
    told = {
        "mail__host": "localhost",
        "mail__port": str(port),
        "mail__security": "none",
        "mail__sender": "Mentoring <mentoring@example.edu>",
        "mail__wait_seconds": "0",
        "mail__timeout_seconds": "5",
        "delivery__base_seconds": "0",
        "queue_url": f"sqlite:///{folder / 'queue.sqlite3'}",
        **more,
    }
    made = wiring.create_app(make_settings(database_url=url, sqlite_synchronous="NORMAL", **told), pages=pages)
    with made.app_context():
        yield made
        let_go()


@dataclass
class Post:
    """The mails of an organisation, and a worker's steps."""

    app: Flask
    world: World

    def address(self, actor: Actor, email: str | None, locale: str | None = None) -> None:
        """What the LMS says of somebody's mailbox."""
        with base.tenant(self.world.org_id), base.transactional() as session:
            session.execute(update(Person).where(Person.id == actor.person_id).values(email=email, locale=locale))

    def step(self) -> bool:
        """What a worker's errand does once."""
        done: bool = self.app.extensions["errands"].step("mail")
        return done

    def rows(self) -> list[Any]:
        """Every mail of the organisation, the oldest first."""
        with base.tenant(self.world.org_id):
            base.end_read()
            return list(base.session().scalars(select(Mail).order_by(Mail.created_at, Mail.id)))

    def change(self, **values: Any) -> None:
        """Write into every mail."""
        with base.tenant(self.world.org_id), base.transactional() as session:
            session.execute(update(Mail).values(**values))
