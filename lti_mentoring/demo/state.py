# SPDX-License-Identifier: Apache-2.0
"""What the pocket LMS remembers, in an SQLite file of its own."""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS signing_key (site TEXT, kid TEXT, pem TEXT, published INTEGER, signs INTEGER, PRIMARY KEY (site, kid));
CREATE TABLE IF NOT EXISTS hint (site TEXT, hint TEXT, persona TEXT, activity TEXT, twist TEXT, spent INTEGER DEFAULT 0,
    PRIMARY KEY (site, hint));
CREATE TABLE IF NOT EXISTS spent (site TEXT, kind TEXT, owner TEXT, value TEXT, PRIMARY KEY (site, kind, owner, value));
CREATE TABLE IF NOT EXISTS access_token (digest TEXT PRIMARY KEY, site TEXT, client_id TEXT, scopes TEXT, expires_at REAL);
CREATE TABLE IF NOT EXISTS book_column (id INTEGER PRIMARY KEY AUTOINCREMENT, site TEXT, scope TEXT, label TEXT, maximum REAL,
    resource_id TEXT, tag TEXT, resource_link_id TEXT, coupled INTEGER DEFAULT 0,
    review TEXT);
CREATE TABLE IF NOT EXISTS grown (id INTEGER PRIMARY KEY AUTOINCREMENT, site TEXT, kind TEXT, body TEXT);
CREATE TABLE IF NOT EXISTS linking (site TEXT, key TEXT, body TEXT, PRIMARY KEY (site, key));
CREATE TABLE IF NOT EXISTS grade (book_column INTEGER REFERENCES book_column (id) ON DELETE CASCADE, sub TEXT, score REAL, maximum REAL,
    comment TEXT, timestamp TEXT, activity_progress TEXT, grading_progress TEXT, cell REAL, cell_order INTEGER DEFAULT 0,
    overridden INTEGER DEFAULT 0, posts INTEGER DEFAULT 0, PRIMARY KEY (book_column, sub));
CREATE TABLE IF NOT EXISTS message (id INTEGER PRIMARY KEY AUTOINCREMENT, site TEXT, at REAL, kind TEXT, title TEXT, status INTEGER,
    detail TEXT);
CREATE TABLE IF NOT EXISTS notice_handler (site TEXT, kind TEXT, handler TEXT, PRIMARY KEY (site, kind));
CREATE TABLE IF NOT EXISTS tool (site TEXT PRIMARY KEY, body TEXT);
CREATE TABLE IF NOT EXISTS fault (id INTEGER PRIMARY KEY AUTOINCREMENT, site TEXT, name TEXT, place TEXT, remaining INTEGER, options TEXT);
"""

FORGET = (
    "DELETE FROM grade WHERE book_column IN (SELECT id FROM book_column WHERE site = ?)",
    "DELETE FROM book_column WHERE site = ?",
    "DELETE FROM hint WHERE site = ?",
    "DELETE FROM spent WHERE site = ?",
    "DELETE FROM access_token WHERE site = ?",
    "DELETE FROM message WHERE site = ?",
    "DELETE FROM fault WHERE site = ?",
    "DELETE FROM notice_handler WHERE site = ?",
    "DELETE FROM linking WHERE site = ?",
    "DELETE FROM tool WHERE site = ?",
)

MOST_MESSAGES = 20_000
"""Older messages are forgotten, so that a long run does not fill the disk."""


class State:
    """The file, and short transactions on it. A connection lives for one of them, so threads never share one."""

    def __init__(self, path: Path | str) -> None:
        self.path = str(path)
        Path(self.path).parent.mkdir(parents=True, exist_ok=True)
        connection = self._connect()
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.executescript(SCHEMA)
        finally:
            connection.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=20, isolation_level=None)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA synchronous=OFF")  # the demo's own file: a crash of the machine may lose it
        connection.execute("PRAGMA foreign_keys=ON")
        return connection

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection for reading."""
        connection = self._connect()
        try:
            yield connection
        finally:
            connection.close()

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A connection inside one transaction, rolled back if the block raises."""
        connection = self._connect()
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        finally:
            connection.close()

    def reset(self, site: str) -> None:
        """Forget everything about a site but its keys."""
        with self.write() as db:
            for statement in FORGET:
                db.execute(statement, (site,))

    # Things that may happen once

    def spend(self, site: str, kind: str, owner: str, value: str) -> bool:
        """Whether this value (a nonce, an assertion's jti) is new; it is not new a second time."""
        with self.write() as db:
            done = db.execute("INSERT OR IGNORE INTO spent VALUES (?, ?, ?, ?)", (site, kind, owner, value))
            return done.rowcount == 1

    def spent(self, site: str, kind: str, owner: str, value: str) -> bool:
        """Whether this value was used before."""
        with self.read() as db:
            query = "SELECT 1 FROM spent WHERE site = ? AND kind = ? AND owner = ? AND value = ?"
            return db.execute(query, (site, kind, owner, value)).fetchone() is not None

    # A tool that has entered itself

    def keep_tool(self, site: str, body: dict[str, Any]) -> None:
        """Remember it, in place of what was there."""
        with self.write() as db:
            db.execute("INSERT OR REPLACE INTO tool VALUES (?, ?)", (site, json.dumps(body)))

    def tool(self, site: str) -> dict[str, Any] | None:
        """It, as it was answered."""
        with self.read() as db:
            row = db.execute("SELECT body FROM tool WHERE site = ?", (site,)).fetchone()
        return json.loads(row["body"]) if row else None

    # A launch that has begun

    def keep_hint(self, site: str, hint: str, persona: str, activity: str, twist: dict[str, Any]) -> None:
        """Remember who opened what, until the tool asks."""
        with self.write() as db:
            db.execute(
                "INSERT OR REPLACE INTO hint (site, hint, persona, activity, twist) VALUES (?, ?, ?, ?, ?)",
                (site, hint, persona, activity, json.dumps(twist)),
            )

    def hint(self, site: str, hint: str) -> sqlite3.Row | None:
        """The launch that this hint stands for."""
        with self.read() as db:
            row: sqlite3.Row | None = db.execute("SELECT * FROM hint WHERE site = ? AND hint = ?", (site, hint)).fetchone()
            return row

    def spend_hint(self, site: str, hint: str) -> bool:
        """Whether this hint was still unspent."""
        with self.write() as db:
            done = db.execute("UPDATE hint SET spent = 1 WHERE site = ? AND hint = ? AND spent = 0", (site, hint))
            return done.rowcount == 1

    # Access tokens

    def new_token(self, site: str, client_id: str, scopes: frozenset[str], seconds: int) -> str:
        """Give out an opaque token."""
        token = secrets.token_urlsafe(24)
        with self.write() as db:
            db.execute(
                "INSERT INTO access_token VALUES (?, ?, ?, ?, ?)",
                (_digest(token), site, client_id, " ".join(sorted(scopes)), time.time() + seconds),
            )
        return token

    def token(self, site: str, token: str) -> tuple[str, frozenset[str]] | None:
        """Client id and scopes of a token that is still good."""
        with self.read() as db:
            row = db.execute(
                "SELECT client_id, scopes FROM access_token WHERE digest = ? AND site = ? AND expires_at > ?",
                (_digest(token), site, time.time()),
            ).fetchone()
        return (row["client_id"], frozenset(row["scopes"].split())) if row else None

    def expire_tokens(self, site: str) -> int:
        """Make every token given out so far too old; how many."""
        with self.write() as db:
            return db.execute("UPDATE access_token SET expires_at = 0 WHERE site = ? AND expires_at > 0", (site,)).rowcount

    # A deep linking request that has begun

    def keep_linking(self, site: str, key: str, body: dict[str, Any]) -> None:
        """Remember what was asked for, until the tool answers."""
        with self.write() as db:
            db.execute("INSERT INTO linking VALUES (?, ?, ?)", (site, key, json.dumps(body)))

    def linking(self, site: str, key: str) -> dict[str, Any] | None:
        """What was asked for; the answer may come more than once, each with a nonce of its own."""
        with self.read() as db:
            row = db.execute("SELECT body FROM linking WHERE site = ? AND key = ?", (site, key)).fetchone()
        return json.loads(row["body"]) if row else None

    # Orders for notices

    def keep_handler(self, site: str, kind: str, handler: str) -> None:
        """Send notices of that kind there; an empty address ends it."""
        with self.write() as db:
            db.execute("INSERT OR REPLACE INTO notice_handler VALUES (?, ?, ?)", (site, kind, handler))

    def handlers(self, site: str) -> dict[str, str]:
        """Kind of notice -> where it goes."""
        with self.read() as db:
            return {row["kind"]: row["handler"] for row in db.execute("SELECT * FROM notice_handler WHERE site = ?", (site,))}

    # The message log

    def note(self, site: str, kind: str, title: str, status: int, detail: dict[str, Any]) -> None:
        """Write down one LTI message, decoded."""
        with self.write() as db:
            done = db.execute(
                "INSERT INTO message (site, at, kind, title, status, detail) VALUES (?, ?, ?, ?, ?, ?)",
                (site, time.time(), kind, title, status, json.dumps(detail, ensure_ascii=False)),
            )
            db.execute("DELETE FROM message WHERE id <= ?", ((done.lastrowid or 0) - MOST_MESSAGES,))

    def messages(self, site: str, since: int = 0, most: int = 10_000) -> list[dict[str, Any]]:
        """The newest messages after that id, oldest first."""
        with self.read() as db:
            rows = db.execute("SELECT * FROM message WHERE site = ? AND id > ? ORDER BY id DESC LIMIT ?", (site, since, most)).fetchall()
        return [{**dict(row), "detail": json.loads(row["detail"])} for row in reversed(rows)]


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
