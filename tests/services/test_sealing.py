# SPDX-License-Identifier: Apache-2.0
"""What a pair writes is nowhere in clear, opens nowhere else, and is gone with its key."""

from __future__ import annotations

import logging

import pytest
from sqlalchemy import func, select

from conftest import make_world
from lti_mentoring import keys
from lti_mentoring.domain.rule import NotFound, RuleBroken
from lti_mentoring.keys import CannotOpen, DataKeys, Sealer
from lti_mentoring.services import note, pairing, sealing
from lti_mentoring.store import base
from lti_mentoring.store.talk import EXTENSION, Note, TalkKey
from support.pairing import paired

MARK = "zzMARKERzz"


class Service:
    """A key service of a deployer's, which counts what it is asked."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}

    def wrap(self, key: bytes) -> str:
        self.held[f"k{len(self.held)}"] = key
        return f"k{len(self.held) - 1}"

    def unwrap(self, wrapped: str) -> bytes:
        if wrapped not in self.held:
            raise CannotOpen("gone")
        return self.held[wrapped]


@pytest.fixture
def cast(any_app):
    world = make_world("Northfield")
    with base.tenant(world.org_id):
        lead = world.person("R. Okafor", "coordinator", standing="instructor")
        mentor, other = world.person("A. Mwangi"), world.person("T. Lindqvist", "observer")
        learner = world.person("Wen Zhang", standing="none")
        first, second = paired(lead, mentor.person_id, "Wen Zhang"), paired(lead, other.person_id, "Bo Lind, bo@example.org")
        people = {"lead": lead, "mentor": mentor, "other": other, "learner": learner}
        yield {"app": any_app, "world": world, "pair": first, "else": second} | people


def kept(cast, text=MARK, *, note_id=None, known=0, shared=False, who="mentor"):
    made = note_id or base.new_id()
    return note.keep(actor=cast[who], mentorship_id=cast["pair"], note_id=made, text=text, known=known, shared=shared)


def texts(rows):
    return [row.text for row in rows]


def test_the_words_are_nowhere_in_the_database_nor_in_the_log(cast, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    made = kept(cast, shared=True)
    kept(cast, f"{MARK} again", note_id=made.id, known=1, shared=True)
    assert texts(note.page(actor=cast["learner"], mentorship_id=cast["pair"]).rows) == [f"{MARK} again"]
    with base.transactional() as session:
        sealing.seal_own(session, cast["mentor"].person_id, MARK)
    assert MARK not in caplog.text + "".join(capfd.readouterr())
    held = "".join(str(row) for one in base.Base.metadata.tables.values() for row in base.session().execute(select(one)))
    assert made.id in held
    assert MARK not in held


def test_a_private_note_is_its_authors_and_a_shared_one_of_the_pair(cast):
    made = kept(cast)
    assert texts(note.page(actor=cast["mentor"], mentorship_id=cast["pair"]).rows) == [MARK]
    assert note.page(actor=cast["learner"], mentorship_id=cast["pair"]).rows == ()
    kept(cast, note_id=made.id, known=1, shared=True)
    assert texts(note.page(actor=cast["learner"], mentorship_id=cast["pair"]).rows) == [MARK]
    for who in ("lead", "other"):
        with pytest.raises(NotFound):
            note.page(actor=cast[who], mentorship_id=cast["pair"])
    with pytest.raises(NotFound):
        kept(cast, "mine now", note_id=made.id, known=2, who="learner")
    with pytest.raises(NotFound):
        note.destroy(actor=cast["learner"], note_id=made.id)


def test_two_tabs_lose_nothing(cast):
    made = kept(cast, "first")
    kept(cast, "second", note_id=made.id, known=1)
    late = kept(cast, "third", note_id=made.id, known=1)
    assert (late.clash, late.text, late.revision) == (True, "second", 2)
    assert not kept(cast, "third", note_id=made.id, known=late.revision).clash
    assert texts(note.own(actor=cast["mentor"])) == ["third"]


def test_whoever_leaves_loses_the_pair_at_once_and_keeps_their_own_notes(cast):
    mine, theirs = kept(cast), kept(cast, "theirs", shared=True, who="learner")
    pairing.end(actor=cast["lead"], mentorship_id=cast["pair"])
    with pytest.raises(NotFound):
        note.page(actor=cast["mentor"], mentorship_id=cast["pair"])
    with pytest.raises(NotFound):
        kept(cast, "late")
    assert [row.id for row in note.own(actor=cast["mentor"])] == [mine.id]
    note.destroy(actor=cast["mentor"], note_id=mine.id)
    assert note.own(actor=cast["mentor"]) == ()
    assert [row.id for row in note.own(actor=cast["learner"])] == [theirs.id]


def test_a_destroyed_key_opens_nothing_and_the_page_says_so(cast):
    kept(cast)
    with base.transactional() as session:
        sealing.destroy(session, cast["pair"])
    page = note.page(actor=cast["mentor"], mentorship_id=cast["pair"])
    assert page.destroyed
    assert not page.open
    assert texts(page.rows) == [None]
    with pytest.raises(RuleBroken, match="talk_destroyed"):
        kept(cast, "new")
    with base.transactional() as session, pytest.raises(RuleBroken, match="talk_destroyed"):
        sealing.seal_for(session, cast["pair"], "new")


def test_a_sealed_text_opens_in_no_other_row_and_no_other_pair(cast):
    made = kept(cast)
    row = base.session().scalars(select(Note)).one()
    about = sealing.about("note", made.id, cast["mentor"].person_id)
    assert sealing.open_for(base.session(), cast["pair"], row.sealed, about=about) == MARK
    for elsewhere in (sealing.about("note", base.new_id(), row.author_id), sealing.about("note", made.id, cast["learner"].person_id), ""):
        with pytest.raises(CannotOpen):
            sealing.open_for(base.session(), cast["pair"], row.sealed, about=elsewhere)
    sealed, locked = row.sealed, base.session().scalars(select(TalkKey)).one().wrapped
    with base.transactional() as session:  # even with the key of the one pair put beside the other
        session.add(TalkKey(mentorship_id=cast["else"], wrapped=locked))
    with pytest.raises(CannotOpen):
        sealing.open_for(base.session(), cast["else"], sealed, about=about)


def test_keys_are_locked_anew_by_rotation_and_by_a_service_and_words_still_open(cast):
    kept(cast)
    old, new, org = keys.new_secrets(), keys.new_secrets(), cast["world"].org_id
    name = "LTI_MENTORING_ENCRYPTION_KEYS"
    before, app = cast["app"].extensions[EXTENSION], cast["app"]
    mixed = DataKeys(Sealer([new[name], old[name]]), hook := Service())
    locked = base.session().scalars(select(TalkKey.wrapped)).one()
    app.extensions[EXTENSION] = DataKeys(before._sealer, hook)
    base.session().info.clear()
    opened = app.extensions[EXTENSION].unwrap(locked)
    wrapped = app.extensions[EXTENSION].wrap(opened)
    assert wrapped.startswith("hook:")
    assert mixed.unwrap(wrapped) == opened
    with pytest.raises(CannotOpen):
        DataKeys(Sealer([new[name]])).unwrap(wrapped)
    assert texts(note.own(actor=cast["mentor"])) == [MARK]
    assert org


def test_a_pair_has_one_key_however_much_is_written(cast):
    kept(cast), kept(cast, who="learner")
    assert base.session().scalar(select(func.count(TalkKey.id))) == 1
