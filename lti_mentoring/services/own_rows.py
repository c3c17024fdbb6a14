# SPDX-License-Identifier: Apache-2.0
"""The rows that are somebody's own, found by the register: one condition for each table, through as many tables as it takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Table, or_, select

from lti_mentoring.domain.holding_register import REGISTER, Held, parents
from lti_mentoring.store import base


def tables() -> Mapping[str, Table]:
    """Every table of the register that this release has, those that others refer to first."""
    return {one.name: one for one in base.Base.metadata.sorted_tables if one.name in REGISTER}


def own(table: Table, org_id: str, person_id: str) -> ColumnElement[bool]:
    """The rows of a table that are a person's own. Core statements name their organisation themselves."""
    held: Held = REGISTER[table.name]
    known = base.Base.metadata.tables
    direct: list[Any] = [table.c[one] == person_id for one in held.owners if ">" not in one]
    through = [table.c[column].in_(select(known[name].c.id).where(own(known[name], org_id, person_id))) for column, name in parents(held)]
    return (table.c.org_id == org_id) & or_(*direct, *through)
