# SPDX-License-Identifier: Apache-2.0
"""A programme's framework and rubrics as a package of 1EdTech's CASE 1.1 (Competencies and Academic Standards Exchange), and back.

What CASE has no field for stands in ``extensions`` (new in 1.1) under one name of ours: whether a competency or criterion is critical,
which competencies a criterion serves, and the keys of rubrics and criteria. A package that was made elsewhere has none of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid5

from lti_mentoring.domain.cfpackage import EXTENSION, from_case
from lti_mentoring.domain.framework import Fault, Framework
from lti_mentoring.domain.programme import LEVELS, Criterion, Programme, Rubric

__all__ = ["EXTENSION", "Fault", "Framework", "from_case", "to_case"]

Json = dict[str, Any]

NAMESPACE = UUID("5f3c2f0e-64a9-5d1b-9a57-0c1e6f7d2b43")
"""Never changes: every identifier that was ever exported is made from it."""

QUALITIES = {"en": ("Not yet", "Emerging", "Competent", "Accomplished")}
"""What the four levels are called, by language. Elsewhere score and position say it."""


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes what every object of a package has: identifier, address, time of change."""

    slug: str
    base_uri: str
    made_at: str

    def identifier(self, kind: str, *keys: str) -> str:
        return str(uuid5(NAMESPACE, json.dumps([self.slug, kind, *keys])))

    def object(self, kind: str, *keys: str, **fields: object) -> Json:
        """The fields that hold something, after the identifier."""
        made = self.identifier(kind, *keys)
        said = {name: value for name, value in fields.items() if value != ""}
        return {"identifier": made, "uri": self._uri(kind, made), **said, "lastChangeDateTime": self.made_at}

    def link(self, title: str, kind: str, *keys: str) -> Json:
        made = self.identifier(kind, *keys)
        return {"title": title, "identifier": made, "uri": self._uri(kind, made)}

    def _uri(self, kind: str, identifier: str) -> str:
        return f"{self.base_uri.rstrip('/')}/ims/case/v1p1/{kind}/{identifier}"


def to_case(programme: Programme, *, base_uri: str, made_at: datetime, creator: str = "") -> Json:
    """The CFPackage of a programme, whose keys are each given once. The same slug and keys have the same identifiers everywhere.

    ``made_at`` is aware; ``creator`` is who publishes it, or else the host of ``base_uri``. Package objects do not repeat their
    CFDocumentURI (CASE 1.1, CFPckgItem).
    """
    if made_at.tzinfo is None:
        raise ValueError("made_at has no time zone")
    maker = _Maker(programme.slug, base_uri, made_at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"))
    document = maker.object(
        "CFDocuments",
        caseVersion="1.1",
        creator=creator or urlsplit(base_uri).hostname or programme.title,
        title=programme.title,
        description="\n".join(programme.purpose),
        language=programme.language,
        version=programme.edition,
        extensions={EXTENSION: {"slug": programme.slug}},
    )
    types = [
        maker.object("CFItemTypes", title, title=title, description=description, hierarchyCode=code)
        for title, description, code in (
            ("Competency", "Something a mentor can do.", "1"),
            ("Indicator", "An act by which a competency shows.", "1.1"),
        )
    ]
    return {
        "CFDocument": document,
        "CFItems": list(_items(maker, programme)),
        "CFAssociations": list(_associations(maker, programme)),
        "CFDefinitions": {"CFItemTypes": types},
        "CFRubrics": [_rubric_object(maker, programme, rubric) for rubric in programme.rubrics],
    }


def _items(maker: _Maker, programme: Programme) -> Iterator[Json]:
    def item(kind: str, text: str, *keys: str, **more: object) -> Json:
        return maker.object(
            "CFItems",
            *keys,
            fullStatement=text,
            CFItemType=kind,
            CFItemTypeURI=maker.link(kind, "CFItemTypes", kind),
            humanCodingScheme=keys[-1],
            language=programme.language,
            **more,
        )

    for competency in programme.competencies:
        yield item("Competency", competency.title, competency.key, extensions={EXTENSION: {"critical": competency.critical}})
        for indicator in competency.indicators:
            yield item("Indicator", indicator.text, competency.key, indicator.key)


def _associations(maker: _Maker, programme: Programme) -> Iterator[Json]:
    def below(number: int, origin: Json, destination: Json, *keys: str) -> Json:
        ends = {"originNodeURI": {**origin, "targetType": "CASE"}, "destinationNodeURI": {**destination, "targetType": "CASE"}}
        return maker.object("CFAssociations", "isChildOf", *keys, associationType="isChildOf", sequenceNumber=number, **ends)

    top = maker.link(programme.title, "CFDocuments")
    for number, competency in enumerate(programme.competencies, 1):
        parent = maker.link(competency.title, "CFItems", competency.key)
        yield below(number, parent, top, competency.key)
        for place, indicator in enumerate(competency.indicators, 1):
            keys = (competency.key, indicator.key)
            yield below(place, maker.link(indicator.text, "CFItems", *keys), parent, *keys)


def _rubric_object(maker: _Maker, programme: Programme, rubric: Rubric) -> Json:
    titles = {competency.key: competency.title for competency in programme.competencies}
    qualities = QUALITIES.get(programme.language.partition("-")[0], ("",) * len(LEVELS))

    def criterion_object(place: int, criterion: Criterion) -> Json:
        keys = (rubric.key, criterion.key)
        levels = [
            maker.object(
                "CFRubricCriterionLevels",
                *keys,
                str(level),
                description=anchor,
                quality=quality,
                score=level,
                position=level,
                rubricCriterionId=maker.identifier("CFRubricCriteria", *keys),
            )
            for level, quality, anchor in zip(LEVELS, qualities, criterion.anchors, strict=True)
        ]
        first = next((key for key in criterion.competencies if key in titles), None)
        ours = {"key": criterion.key, "critical": criterion.critical, "competencies": list(criterion.competencies)}
        return maker.object(
            "CFRubricCriteria",
            *keys,
            description=criterion.title,
            **({} if first is None else {"CFItemURI": maker.link(titles[first], "CFItems", first)}),
            position=place,
            rubricId=maker.identifier("CFRubrics", rubric.key),
            CFRubricCriterionLevels=levels,
            extensions={EXTENSION: ours},
        )

    criteria = [criterion_object(place, criterion) for place, criterion in enumerate(rubric.criteria, 1)]
    ours = {EXTENSION: {"key": rubric.key}}
    return maker.object("CFRubrics", rubric.key, title=rubric.title, CFRubricCriteria=criteria, extensions=ours)
