# SPDX-License-Identifier: Apache-2.0
"""What a programme gives people to read beside its modules: guides, the agreement, the consent, its terms."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from lti_mentoring.domain.handout import Handout, Term
from lti_mentoring.domain.people import Actor
from lti_mentoring.domain.programme import Programme
from lti_mentoring.domain.rule import NotFound
from lti_mentoring.services import intake, programme
from lti_mentoring.store import base
from lti_mentoring.store.candidacy import Candidacy


@dataclass(frozen=True, slots=True)
class Handouts:
    """All that is given out in a course, as its reader gets it. ``unreviewed``: a translation that no native speaker has reviewed."""

    texts: tuple[Handout, ...]
    terms: tuple[Term, ...]
    unreviewed: bool


@dataclass(frozen=True, slots=True)
class HandoutPage:
    """One text, and whether it is a translation that no native speaker has reviewed."""

    handout: Handout
    unreviewed: bool


def all_of(*, actor: Actor) -> Handouts:
    """What is given out to the reader: by the version that they are pinned to, or else by the one that the course works with."""
    made = read_by(actor)
    read = {one.reads for one in made.texts} | {one.reads for one in made.terms}
    return Handouts(made.texts, made.terms, any(made.unreviewed(reads) for reads in read))


def one(*, actor: Actor, key: str) -> HandoutPage:
    """A text that is given out. NotFound if the programme has none of this key."""
    made = read_by(actor)
    found = next((handout for handout in made.texts if handout.key == key), None)
    if found is None:
        raise NotFound("handout", key=key)
    return HandoutPage(found, made.unreviewed(found.reads))


def read_by(actor: Actor) -> Programme:
    """The programme of whoever reads: their own version if they are a candidate, else the course's. NotFound before the first import."""
    pinned = select(Candidacy.programme_version_id).where(Candidacy.course_id == actor.course_id, Candidacy.person_id == actor.person_id)
    return programme.load(base.session().scalar(pinned) or intake.version_here(actor))
