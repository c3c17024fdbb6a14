# SPDX-License-Identifier: Apache-2.0
"""Placing activities from inside the LMS: what there is to place, and the signed answer that places it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from lti_mentoring.domain.delivery import APPLICATION, COHORT, has_column
from lti_mentoring.domain.people import Actor, may
from lti_mentoring.domain.placing import ITEM, column_of, followed
from lti_mentoring.domain.rule import NotAllowed, NotFound, RuleBroken
from lti_mentoring.keys import SigningKey
from lti_mentoring.lti import deep_linking
from lti_mentoring.lti.deep_linking import Column, Link, Placed
from lti_mentoring.lti.platforms import profile
from lti_mentoring.services import intake, placement, platform, programme
from lti_mentoring.services.asked import Asked
from lti_mentoring.store import base


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that can be placed. ``about`` is what it is made of, in the pack's words; ``minutes`` is None where it has no length.
    ``graded``: how its grade is counted can be chosen."""

    item: str
    kind: str
    title: str
    about: tuple[str, ...]
    minutes: int | None
    graded: bool = True


@dataclass(frozen=True, slots=True)
class Picker:
    """What somebody may place here. Without ``offers`` nothing fits what the LMS takes, and ``why`` says so: author, types or empty."""

    offers: tuple[Offer, ...]
    many: bool
    columns: bool
    windows: bool
    why: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One activity to place: its item, the title that the LMS shall show, and how it is graded (completion or points)."""

    item: str
    title: str
    grading: str


def picker(*, actor: Actor, asked: Asked) -> Picker:
    """What the LMS takes of what the programme has."""
    settings = asked.deep_linking
    offers = _offers(actor)
    why = "author" if not may(actor, "linking.author") else "types" if not settings.takes_links else "" if offers else "empty"
    return Picker(
        offers=() if why else offers,
        many=settings.accept_multiple,
        columns=settings.takes_columns,
        windows="window" in settings.targets,
        why=why,
    )


def _offers(actor: Actor) -> tuple[Offer, ...]:
    version = intake.version_in(base.connection(), org_id=actor.org_id, course_id=actor.course_id)
    if version is None:
        return ()
    plan = programme.load(version)
    made = []
    for item, title in placement.items(actor):
        kind, _, key = item.partition(":")
        module = next((one for one in plan.modules if one.key == key), None) if kind == "module" else None
        about = tuple(one.text for one in module.outcomes) if module else ()
        made.append(Offer(item, kind, title, about, module.minutes if module else None, item not in (APPLICATION, COHORT)))
    return tuple(made)


def answer(
    *, actor: Actor, asked: Asked, choices: Sequence[Choice], launch_url: str, signing_key: SigningKey, window: bool = False
) -> str:
    """The signed answer that places ``choices``, another one at each call.

    NotAllowed for who may not place; RuleBroken ``linking_none`` without a choice, ``linking_one`` where the LMS takes a single one,
    ``item_unknown`` for what the programme does not have, ``linking_types`` where the LMS takes nothing that we have.
    """
    settings = asked.deep_linking
    if not may(actor, "linking.author"):
        raise NotAllowed("permission", permission="linking.author")
    if not settings.takes_links:
        raise RuleBroken("linking_types")
    if not choices:
        raise RuleBroken("linking_none")
    if len(choices) > 1 and not settings.accept_multiple:
        raise RuleBroken("linking_one")
    known = {item for item, _ in placement.items(actor)}
    for one in choices:
        if one.item not in known:
            raise RuleBroken("item_unknown", item=one.item)
    registration = platform.registration(asked.registration_id)
    wipes = registration is not None and profile(registration.family).wipes_on_nonfinal
    links = [_link(one, launch_url, window=window, column=has_column(one.item, wipes_on_nonfinal=wipes)) for one in choices]
    return _signed(asked, Placed(links), signing_key)


def nothing(*, asked: Asked, signing_key: SigningKey, message: str = "") -> str:
    """The signed answer that places nothing, so that the LMS closes its frame (DL-08)."""
    return _signed(asked, Placed(message=message), signing_key)


def _signed(asked: Asked, placed: Placed, signing_key: SigningKey) -> str:
    registration = platform.registration(asked.registration_id)
    if registration is None:
        raise NotFound("linking")
    return deep_linking.response(
        placed,
        asked.deep_linking,
        registration=registration,
        deployment_id=asked.deployment_id,
        key=signing_key,
        now=base.now(),
    )


def _link(choice: Choice, launch_url: str, *, window: bool, column: bool) -> Link:
    """The item stands in the address and among the custom values: LMSs lose the one or the other (DL-10)."""
    custom: Mapping[str, str] = {ITEM: choice.item, **followed(choice.grading)}
    made = _column(choice, launch_url) if column else None
    return Link(f"{launch_url}?{urlencode({ITEM: choice.item})}", choice.title, "", custom, made, window)


def _column(choice: Choice, launch_url: str) -> Column:
    """An application is reviewed by those whom the coordinator asks, not from the gradebook."""
    column = column_of(choice.item, choice.grading)
    return Column(choice.title, column.maximum, column.resource_id, column.tag, launch_url if choice.item != APPLICATION else "")
