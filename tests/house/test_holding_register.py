# SPDX-License-Identifier: Apache-2.0
"""Every table with a person in it says whose its rows are, why they are kept, and what an erasure does."""

from __future__ import annotations

from pathlib import Path

from lti_mentoring.domain.holding_register import BLANK, DELETE, KEEP, NOUNS, REGISTER, WHYS, parents
from lti_mentoring.store import base, tables
from lti_mentoring.web.wording import my_privacy

BY_NAME = {"person_id", "actor_id", "by", "marker_id", "mentor_id"}
"""Columns that name a person without a foreign key, since a link or the operator may stand there, too."""

KNOWN = base.Base.metadata.tables if tables.ROOMS else {}


def named(table) -> set[str]:
    """The columns that name a person."""
    keyed = {key.parent.name for key in table.foreign_keys if key.column.table.name == "person" and key.parent.name != "org_id"}
    return keyed | {one.name for one in table.columns if one.name in BY_NAME or one.name.endswith("_by")}


def test_every_table_that_names_a_person_is_in_the_register_with_those_columns():
    owing = {name: sorted(named(one)) for name, one in KNOWN.items() if named(one) != set(REGISTER[name].names if name in REGISTER else ())}
    owing = {name: columns for name, columns in owing.items() if columns}
    assert owing == {}, "give each of these tables a line in domain/holding_register.py: its noun, whose a row is, what an erasure does"


def test_every_line_names_columns_and_tables_that_there_are():
    for name, held in REGISTER.items():
        assert held.erasure in (DELETE, BLANK, KEEP), name
        assert held.why in WHYS, name
        assert bool(held.blanks) == (held.erasure == BLANK), name
        if name not in KNOWN:
            continue
        columns = set(KNOWN[name].columns.keys())
        assert {*held.names, *held.blanks, *held.hides, *(one.partition(">")[0] for one in held.owners)} <= columns, name
        for column, table in parents(held):
            keys = {(key.parent.name, key.column.table.name) for key in KNOWN[name].foreign_keys}
            assert (column, table) in keys, name
            assert REGISTER[table].owners, name


def test_everything_has_words():
    assert set(NOUNS) == set(my_privacy.NOUNS)
    assert set(WHYS) == set(my_privacy.WHYS)
    assert {DELETE, BLANK, KEEP} == set(my_privacy.ERASURES)


def test_only_an_erasure_takes_words_out_of_rows_that_never_change():
    package = Path(__file__).parents[2] / "lti_mentoring"
    asking = {file.relative_to(package).as_posix() for file in package.rglob("*.py") if "words_may_go" in file.read_text("utf-8")}
    assert asking == {"store/lifting.py", "services/erasing.py"}
