# SPDX-License-Identifier: Apache-2.0
"""The small pack with an item of every type, and a way to have an attempt ask the items that a test is about."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hypothesis import strategies as st

from lti_mentoring.domain.answer import form, words
from lti_mentoring.domain.module import Item, Module
from lti_mentoring.domain.people import Actor
from lti_mentoring.services import programme, training
from lti_mentoring.store import base
from lti_mentoring.store.training import CheckAttempt

PACK = Path(__file__).parent / "packs" / "every-item"
KEY = "T1"
KINDS = ("single", "multiple", "next_move", "sort", "tag", "order", "rating", "short_text")


def read() -> Module:
    """Module T1, as its manuscript says."""
    found, faults = programme.read(PACK)
    assert [str(fault) for fault in faults] == []
    assert found is not None
    return found.modules[0]


def one_of_each() -> list[str]:
    """The first item of each type, those that are not counted last."""
    items = read().items
    return [next(item.key for item in items if item.kind == kind) for kind in KINDS]


def use(org_id: str) -> None:
    """Make it the programme that those who come now begin with."""
    programme.import_pack(org_id=org_id, path=PACK, actor="operator")


def begin(actor: Actor, keys: Sequence[str]) -> str:
    """An attempt of somebody's that asks just these items. -> its id."""
    attempt = training.start_check(actor=actor, key=KEY)
    with base.transactional() as session:
        session.get_one(CheckAttempt, (actor.org_id, attempt)).item_keys = list(keys)
    return attempt


def any_answer(item: Item, step: int) -> st.SearchStrategy[dict[str, object]]:
    """Every answer that a form can send."""
    parts = [part.key for part in item.parts(step)]
    bins = st.sampled_from([str(index) for index in range(len(item.bins) or 1)])
    levels = st.integers(1, 4).map(str)
    ways = {
        "choice": lambda: st.sampled_from(parts),
        "choices": lambda: st.lists(st.sampled_from(parts), min_size=1, unique=True),
        "cards": lambda: st.fixed_dictionaries(dict.fromkeys(parts, bins)),
        "order": lambda: st.permutations(list(item.order)),
        "levels": lambda: st.fixed_dictionaries(dict.fromkeys(parts, levels)),
        "text": lambda: st.lists(st.text("aé字 .?", min_size=1).filter(str.strip), min_size=1, max_size=5).map(" ".join).filter(
            lambda text: words(text) <= item.words
        ),
        "ticks": lambda: st.lists(st.sampled_from(parts), unique=True),
    }
    name = form(item, step)
    return st.fixed_dictionaries({name: ways[name]()})
