# SPDX-License-Identifier: Apache-2.0
"""How large a database is, by table and by index, and what so many candidacies have added to it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, create_engine, text

from lti_mentoring.store import base

PASSING = frozenset({"web_session", "spent_nonce"})
"""Tables whose rows are deleted by themselves once they have ended: they count by launch, not by candidacy."""
A_YEAR = 24_000
GIB = 2**30


@dataclass(frozen=True)
class Sizes:
    """Bytes of tables and of their indexes ((table, index) -> bytes), rows of tables, audit lines by verb. ``whole``: the database."""

    heap: dict[str, int]
    indexes: dict[tuple[str, str], int]
    rows: dict[str, int]
    audit: dict[str, int]
    whole: int


_POSTGRESQL_HEAP = (
    "SELECT c.relname, pg_table_size(c.oid) FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'"
)
_POSTGRESQL_INDEXES = (
    "SELECT t.relname, i.relname, pg_table_size(i.oid) FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid"
    " JOIN pg_class t ON t.oid = x.indrelid WHERE t.relnamespace = 'public'::regnamespace"
)
_SQLITE = "SELECT m.type, m.tbl_name, m.name, sum(s.pgsize) FROM dbstat s JOIN sqlite_schema m ON m.name = s.name GROUP BY m.name"


def measure(url: str) -> Sizes:
    """As they are on disk, after what PostgreSQL's own caretaker would do."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        found = _postgresql(connection) if engine.dialect.name == "postgresql" else _sqlite(connection)
    engine.dispose()
    return found


def _postgresql(connection: Connection) -> Sizes:
    connection.execute(text("VACUUM ANALYZE"))
    heap: dict[str, int] = dict(connection.execute(text(_POSTGRESQL_HEAP)).tuples().all())
    indexes = {(table, name): size for table, name, size in connection.execute(text(_POSTGRESQL_INDEXES))}
    return Sizes(heap, indexes, *_counted(connection), sum(heap.values()) + sum(indexes.values()))


def _sqlite(connection: Connection) -> Sizes:
    connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    pages, each = (connection.execute(text(f"PRAGMA {name}")).scalar_one() for name in ("page_count", "page_size"))
    has_sizes = connection.execute(text("SELECT count(*) FROM pragma_compile_options WHERE compile_options = 'ENABLE_DBSTAT_VTAB'"))
    parts = connection.execute(text(_SQLITE)).all() if has_sizes.scalar_one() else []
    heap = {name: size for kind, _, name, size in parts if kind == "table"}
    indexes = {(table, name): size for kind, table, name, size in parts if kind == "index"}
    return Sizes(heap, indexes, *_counted(connection), pages * each)


def _counted(connection: Connection) -> tuple[dict[str, int], dict[str, int]]:
    names = [table.name for table in base.Base.metadata.sorted_tables]
    rows = {name: connection.execute(text(f'SELECT count(*) FROM "{name}"')).scalar_one() for name in names}
    verbs = connection.execute(text("SELECT object_kind, verb, count(*) FROM audit_event GROUP BY object_kind, verb")).all()
    return rows, {f"{kind} {verb}": count for kind, verb, count in verbs}


def grown(before: Sizes, after: Sizes, candidacies: int) -> dict[str, Any]:
    """What one candidacy takes; a launch's session and nonce apart. Where SQLite does not tell sizes by table, the file's alone."""
    rows = {name: count - before.rows[name] for name, count in after.rows.items()}
    heap = {name: after.heap.get(name, 0) - before.heap.get(name, 0) for name in rows}
    index = {key: size - before.indexes[key] for key, size in after.indexes.items() if key[0] in rows}
    indexes: Counter[str] = Counter()
    for (table, _), size in index.items():
        indexes[table] += size
    lasting, launches = rows.keys() - PASSING, rows["spent_nonce"]
    total = sum(heap[name] + indexes[name] for name in lasting) if after.heap else after.whole - before.whole
    largest = sorted((name for name in lasting if rows[name]), key=lambda name: -heap[name] - indexes[name])
    by_index = sorted(((size, name) for (table, name), size in index.items() if table in lasting and size), reverse=True)

    def each(size: int) -> int:
        return round(size / candidacies)

    return {
        "candidacies": candidacies,
        "bytes_a_candidacy": each(total),
        "of_it_heap": each(sum(heap[name] for name in lasting)),
        "of_it_indexes": each(sum(indexes[name] for name in lasting)),
        "tables": {
            name: {"heap": each(heap[name]), "indexes": each(indexes[name]), "rows": round(rows[name] / candidacies, 2)} for name in largest
        },
        "indexes": {name: each(size) for size, name in by_index},
        "audit_lines": {name: round((count - before.audit.get(name, 0)) / candidacies, 2) for name, count in sorted(after.audit.items())},
        "launches": round(launches / candidacies, 2),
        "bytes_a_launch": {name: round((heap[name] + indexes[name]) / launches) for name in sorted(PASSING)},
        "gib_of_24_000": round(A_YEAR * total / candidacies / GIB, 3),
    }
