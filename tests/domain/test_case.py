# SPDX-License-Identifier: Apache-2.0
"""A framework goes out as CASE 1.1 and comes back whole; a package from elsewhere is read; whatever is brought, nothing is raised."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lti_mentoring.domain import cfpackage
from lti_mentoring.domain.case import EXTENSION, from_case, to_case
from lti_mentoring.domain.framework import LONGEST_KEY, LONGEST_TEXT, MOST_FAULTS
from lti_mentoring.domain.hierarchy import Link, hierarchy
from lti_mentoring.domain.programme import Competency, Criterion, Indicator, Policy, Programme, Rubric

AT = datetime(2026, 9, 1, 12, 30, tzinfo=UTC)
BASE = "https://mentors.northfield.example"


# --- programmes as packs can make them --------------------------------------------------------------------------------

letters = st.characters(exclude_categories=("Cc", "Cs"))
texts = st.text(st.one_of(letters, st.sampled_from("\n\t")), min_size=1, max_size=40).filter(str.strip)
keys = st.text(letters, min_size=1, max_size=12).filter(str.strip)
file_names = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,8}", fullmatch=True)


def keyed(shape: Any, most: int, key: Any = keys, least: int = 0, **fields: Any) -> Any:
    """Up to ``most`` of a shape, each with a key of its own."""
    return st.lists(st.builds(shape, key=key, **fields), min_size=least, max_size=most, unique_by=lambda one: one.key).map(tuple)


@st.composite
def programmes(draw: st.DrawFn) -> Programme:
    indicators = keyed(Indicator, 3, text=texts)
    competencies = draw(keyed(Competency, 5, title=texts, critical=st.booleans(), indicators=indicators))
    known = [competency.key for competency in competencies]
    serves = st.lists(st.sampled_from(known), unique=True, max_size=3).map(tuple) if known else st.just(())
    criteria = keyed(Criterion, 4, least=1, title=texts, competencies=serves, critical=st.booleans(), anchors=st.tuples(*[texts] * 4))
    return Programme(
        slug=draw(keys),
        edition="1",
        language=draw(st.sampled_from(("en", "uk", "pt-BR"))),
        title=draw(texts),
        competencies=competencies,
        policy=Policy((), ""),
        modules=(),
        rubrics=draw(keyed(Rubric, 3, key=file_names, title=texts, criteria=criteria)),
    )


SMALL = Programme(
    slug="small",
    edition="3",
    language="en",
    title="Small",
    competencies=(
        Competency("MC1", "Listening", True, (Indicator("a", "Waits for the end of the sentence."), Indicator("b", "Says it back."))),
        Competency("MC2", "Asking", False),
    ),
    policy=Policy((), "RU"),
    modules=(),
    rubrics=(Rubric("RU", "One session", (Criterion("C1", "Turns", ("MC2", "MC1"), True, ("none", "some", "most", "all")),)),),
    purpose=("People stay.",),
)


def exported(programme: Programme = SMALL, **changes: Any) -> Any:
    """The export as it is after a file."""
    return json.loads(json.dumps(to_case(programme, **({"base_uri": BASE, "made_at": AT} | changes))))


@settings(deadline=None)
@given(programmes())
def test_nothing_is_lost_on_the_way_out_and_back(programme):
    framework, faults = from_case(exported(programme))
    assert faults == []
    assert framework.competencies == programme.competencies
    assert framework.rubrics == programme.rubrics
    assert (framework.title, framework.language) == (programme.title, programme.language)


@settings(deadline=None)
@given(programmes())
def test_every_export_is_as_case_asks(programme):
    conforms(exported(programme))


@settings(deadline=None)
@given(programmes(), st.randoms(use_true_random=False))
def test_the_order_comes_from_the_numbers_not_from_the_file(programme, random):
    body = exported(programme)
    for name in ("CFItems", "CFAssociations"):
        random.shuffle(body[name])
    for rubric in body["CFRubrics"]:
        random.shuffle(rubric["CFRubricCriteria"])
        for criterion in rubric["CFRubricCriteria"]:
            random.shuffle(criterion["CFRubricCriterionLevels"])
    framework, faults = from_case(body)
    assert (faults, framework.competencies, framework.rubrics) == ([], programme.competencies, programme.rubrics)


def identifiers(value: Any) -> list[str]:
    """The identifier of each object that says when it last changed; links do not."""
    if isinstance(value, list):
        return [found for entry in value for found in identifiers(entry)]
    if not isinstance(value, dict):
        return []
    own = [value["identifier"]] if "lastChangeDateTime" in value else []
    return own + [found for entry in value.values() for found in identifiers(entry)]


@settings(deadline=None)
@given(programmes())
def test_every_object_has_an_identifier_of_its_own(programme):
    found = identifiers(exported(programme))
    assert len(found) == len(set(found))


# --- what CASE 1.1 asks for -------------------------------------------------------------------------------------------

COMMON = {"identifier": "uuid", "uri": "uri", "lastChangeDateTime": "time"}
LINK = {"title": "text", "identifier": "uuid", "uri": "uri"}
FIELDS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "Package": (
        {"CFDocument": "Document"},
        {
            "CFItems": "[Item]",
            "CFAssociations": "[Association]",
            "CFDefinitions": "Definition",
            "CFRubrics": "[Rubric]",
            "extensions": "object",
        },
    ),
    "Document": (
        {**COMMON, "creator": "text", "title": "text"},
        {"caseVersion": "text", "description": "text", "language": "text", "version": "text", "extensions": "object"},
    ),
    "Item": (
        {**COMMON, "fullStatement": "text"},
        {
            "CFItemType": "text",
            "CFItemTypeURI": "Link",
            "humanCodingScheme": "text",
            "language": "text",
            "extensions": "object",
        },
    ),
    "Association": (
        {**COMMON, "associationType": "text", "originNodeURI": "LinkGen", "destinationNodeURI": "LinkGen"},
        {"sequenceNumber": "whole", "extensions": "object"},
    ),
    "Definition": ({}, {"CFItemTypes": "[ItemType]"}),
    "ItemType": ({**COMMON, "title": "text", "description": "text", "hierarchyCode": "text"}, {"typeCode": "text", "extensions": "object"}),
    "Rubric": (COMMON, {"title": "text", "description": "text", "CFRubricCriteria": "[Criterion]", "extensions": "object"}),
    "Criterion": (
        COMMON,
        {
            "category": "text",
            "description": "text",
            "CFItemURI": "Link",
            "weight": "number",
            "position": "whole",
            "rubricId": "uuid",
            "CFRubricCriterionLevels": "[Level]",
            "extensions": "object",
        },
    ),
    "Level": (
        COMMON,
        {
            "description": "text",
            "quality": "text",
            "score": "number",
            "feedback": "text",
            "position": "whole",
            "rubricCriterionId": "uuid",
            "extensions": "[object]",
        },
    ),
    "Link": (LINK, {}),
    "LinkGen": (LINK, {"targetType": "text"}),
}
"""Fields of the objects inside a package: those that CASE 1.1 demands, and those more that we may write; others are not allowed. Written
down from a public description of the information model of 24 January 2025, since its notice grants no right to copy the schema."""

UUID_FORM = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
KINDS = {
    "text": lambda value: isinstance(value, str),
    "uuid": lambda value: isinstance(value, str) and UUID_FORM.fullmatch(value),
    "uri": lambda value: isinstance(value, str) and value.startswith(f"{BASE}/ims/case/v1p1/CF"),
    "time": lambda value: isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value),
    "whole": lambda value: type(value) is int,
    "number": lambda value: type(value) in (int, float),
    "object": lambda value: isinstance(value, dict),
}


def conforms(value: Any, kind: str = "Package") -> None:
    """Fails where an object lacks a demanded field, has an unknown one, or one of another kind."""
    if kind.startswith("["):
        assert isinstance(value, list)
        for entry in value:
            conforms(entry, kind.strip("[]"))
    elif kind in KINDS:
        assert KINDS[kind](value), (kind, value)
    else:
        demanded, known = FIELDS[kind]
        assert isinstance(value, dict)
        assert demanded.keys() <= value.keys() <= demanded.keys() | known.keys(), kind
        for name, entry in value.items():
            conforms(entry, (demanded | known)[name])


def test_the_table_finds_what_is_wrong():
    for spoil in (
        lambda body: body["CFItems"][0].pop("fullStatement"),
        lambda body: body["CFItems"][0].update(CFDocumentURI={}),
        lambda body: body["CFDocument"].update(identifier="small"),
        lambda body: body["CFRubrics"][0]["CFRubricCriteria"][0]["CFRubricCriterionLevels"][0].update(extensions={}),
    ):
        body = exported()
        spoil(body)
        with pytest.raises(AssertionError):
            conforms(body)


def test_links_lead_to_objects_of_the_package():
    body = exported()
    known = set(identifiers(body))
    links = [end for one in body["CFAssociations"] for end in (one["originNodeURI"], one["destinationNodeURI"])]
    links += [item["CFItemTypeURI"] for item in body["CFItems"]]
    links += [criterion["CFItemURI"] for rubric in body["CFRubrics"] for criterion in rubric["CFRubricCriteria"]]
    assert all(link["identifier"] in known for link in links)
    assert all(link["uri"].endswith(link["identifier"]) for link in links)


def test_the_same_content_always_has_the_same_identifiers():
    assert exported() == exported()
    elsewhere = exported(base_uri="https://other.example/", made_at=AT + timedelta(days=1), creator="Southgate")
    assert identifiers(elsewhere) == identifiers(exported())
    assert identifiers(exported(replace(SMALL, slug="other")))[0] != identifiers(exported())[0]
    assert exported()["CFDocument"]["identifier"] == "ba2ae4e2-80db-556b-a684-29e270572396"
    assert exported()["CFItems"][0]["identifier"] == "c6a7aa70-c62e-5375-b996-d6788c248f8c"
    assert UUID(exported()["CFItems"][0]["identifier"]).version == 5


def test_what_a_reader_elsewhere_sees():
    body = exported(creator="Northfield University")
    document = body["CFDocument"]
    assert (document["creator"], document["title"]) == ("Northfield University", "Small")
    assert (document["version"], document["caseVersion"]) == ("3", "1.1")
    assert document["description"] == "People stay."
    assert [(item["humanCodingScheme"], item["CFItemType"]) for item in body["CFItems"]] == [
        ("MC1", "Competency"),
        ("a", "Indicator"),
        ("b", "Indicator"),
        ("MC2", "Competency"),
    ]
    assert [one["sequenceNumber"] for one in body["CFAssociations"]] == [1, 1, 2, 2]
    (criterion,) = body["CFRubrics"][0]["CFRubricCriteria"]
    assert criterion["CFItemURI"]["title"] == "Asking"
    levels = criterion["CFRubricCriterionLevels"]
    assert [(level["score"], level["quality"], level["description"]) for level in levels] == [
        (1, "Not yet", "none"),
        (2, "Emerging", "some"),
        (3, "Competent", "most"),
        (4, "Accomplished", "all"),
    ]
    assert exported()["CFDocument"]["creator"] == "mentors.northfield.example"


def test_words_for_levels_stand_only_in_their_language():
    levels = exported(replace(SMALL, language="uk"))["CFRubrics"][0]["CFRubricCriteria"][0]["CFRubricCriterionLevels"]
    assert not any("quality" in level for level in levels)


def test_the_time_is_utc_and_needs_a_zone():
    kyiv = datetime(2026, 9, 1, 15, 30, tzinfo=timezone(timedelta(hours=3)))
    assert exported(made_at=kyiv)["CFDocument"]["lastChangeDateTime"] == "2026-09-01T12:30:00Z"
    with pytest.raises(ValueError, match="time zone"):
        exported(made_at=AT.replace(tzinfo=None))


# --- packages from elsewhere ------------------------------------------------------------------------------------------


def node(identifier: str) -> dict[str, str]:
    return {"title": identifier, "identifier": identifier, "uri": f"https://case.example/uri/{identifier}"}


def item(identifier: str, statement: str | None = None, **more: Any) -> dict[str, Any]:
    return {"identifier": identifier, "fullStatement": statement or f"Statement {identifier}", **more}


def child_of(child: str, parent: str, **more: Any) -> dict[str, Any]:
    ends = {"originNodeURI": node(child), "destinationNodeURI": node(parent)}
    return {"identifier": f"{child}-{parent}", "associationType": "isChildOf", **ends, **more}


def levels(*scores: Any) -> list[dict[str, Any]]:
    return [{"score": score, "description": f"At {score}"} for score in scores]


def package(items: Any = (), links: Any = (), rubrics: Any = ()) -> dict[str, Any]:
    document = {"identifier": "doc", "title": "Elsewhere", "creator": "E"}
    return {"CFDocument": document, "CFItems": [*items], "CFAssociations": [*links], "CFRubrics": [*rubrics]}


def places(body: object) -> list[str]:
    """The places of all faults, each of which says what to do."""
    faults = from_case(body)[1]
    assert all(fault.message and fault.remedy for fault in faults)
    return [fault.place for fault in faults]


def test_items_become_competencies_and_the_items_below_them_indicators():
    body = package(
        [item("i2"), item("k1", humanCodingScheme="K.1"), item("i1", humanCodingScheme="K.1.a"), item("k2")],
        [
            child_of("k2", "doc", sequenceNumber=1),
            child_of("k1", "doc", sequenceNumber=2),
            child_of("i1", "k1", sequenceNumber=1),
            child_of("i2", "k1", sequenceNumber=2),
            {**child_of("i1", "elsewhere"), "associationType": "exactMatchOf"},
        ],
    )
    framework, faults = from_case(body)
    assert faults == []
    assert framework.title == "Elsewhere"
    assert framework.competencies == (
        Competency("C1", "Statement k2", False),
        Competency("K.1", "Statement k1", False, (Indicator("K.1.a", "Statement i1"), Indicator("K.1.2", "Statement i2"))),
    )


def test_headings_above_competencies_are_passed_over():
    links = [child_of("k1", "heading"), child_of("k2", "heading"), child_of("i1", "k1"), child_of("i2", "k2")]
    framework, faults = from_case(package([item(name) for name in ("heading", "k1", "k2", "i1", "i2")], links))
    assert faults == []
    assert [one.title for one in framework.competencies] == ["Statement k1", "Statement k2"]


def test_a_code_that_stands_twice_or_nowhere_is_made_from_the_position():
    codes = ["A", "A", None, "C2", " ", "C3"]
    framework, faults = from_case(package(item(str(index), humanCodingScheme=code) for index, code in enumerate(codes)))
    assert faults == []
    assert [one.key for one in framework.competencies] == ["A", "C2x", "C3x", "C2", "C5", "C3"]


def test_a_package_in_a_wrapper_or_with_nulls_is_read_the_same():
    body = package([item("k1", humanCodingScheme=None, notes=None, extensions=None)])
    body |= {"CFRubrics": None, "CFAssociations": None}
    assert from_case({"CFPackage": body}) == from_case(body)
    assert from_case(body)[1] == []


def test_the_extensions_of_others_are_no_faults():
    for foreign in ({"theirs": 1}, [], "x", {EXTENSION: "x"}, {EXTENSION: None}):
        framework, faults = from_case(package([item("k1", extensions=foreign)]))
        assert (faults, len(framework.competencies)) == ([], 1)


def rubric(*criteria: Any, **more: Any) -> dict[str, Any]:
    return {"identifier": "r", "title": "Theirs", "CFRubricCriteria": [*criteria], **more}


def test_a_rubric_from_elsewhere_is_read_from_its_lowest_score_up():
    best_first = levels(20, 10, 5, 0)
    body = package(
        [item("k1"), item("i1"), item("k2")],
        [child_of("i1", "k1")],
        [
            rubric(
                {"description": "Second", "position": 2, "CFItemURI": node("i1"), "CFRubricCriterionLevels": best_first},
                {"category": "Talk", "description": "First", "position": 1, "CFItemURI": node("k2"), "CFRubricCriterionLevels": best_first},
                {"category": "Third", "CFItemURI": node("elsewhere"), "CFRubricCriterionLevels": best_first},
            )
        ],
    )
    framework, faults = from_case(body)
    assert faults == []
    anchors = ("At 0", "At 5", "At 10", "At 20")
    assert framework.rubrics == (
        Rubric(
            "R1",
            "Theirs",
            (
                Criterion("C1", "Talk: First", ("C2",), False, anchors),
                Criterion("C2", "Second", ("C1",), False, anchors),
                Criterion("C3", "Third", (), False, anchors),
            ),
        ),
    )


@pytest.mark.parametrize(
    "wrong",
    [[], levels(1, 2, 3), levels(1, 2, 3, 4, 5), levels(1, 2, 3, 3), levels(1, 2, 3, None), levels(1, 2, 3, float("nan")), "four", None],
)
def test_a_rubric_without_four_levels_in_order_is_a_fault_and_the_rest_is_read(wrong):
    good = {"description": "Good", "CFRubricCriterionLevels": levels(1, 2, 3, 4)}
    body = package(rubrics=[rubric({"description": "Bad", "CFRubricCriterionLevels": wrong}, good)])
    found = places(body)
    assert found
    assert all(place.startswith("/CFRubrics/0/CFRubricCriteria/0/CFRubricCriterionLevels") for place in found)
    assert [criterion.title for criterion in from_case(body)[0].rubrics[0].criteria] == ["Good"]


def test_a_level_without_words_or_a_rubric_without_criteria_is_a_fault():
    mute = {"description": "Mute", "CFRubricCriterionLevels": [{"score": score} for score in (1, 2, 3, 4)]}
    body = package(rubrics=[rubric(mute), {"identifier": "empty", "title": "Empty"}])
    assert "/CFRubrics/1/CFRubricCriteria" in places(body)
    assert "/CFRubrics/0/CFRubricCriteria/0/CFRubricCriterionLevels/0/quality" in places(body)
    assert from_case(body)[0].rubrics == ()


@pytest.mark.parametrize("key", ["../../etc/passwd", "/etc/x", "a/b", "a\\b", ".hidden", "", "a" * 61, 7])
def test_the_key_of_a_rubric_never_leads_out_of_its_folder(key):
    criterion = {"description": "x", "CFRubricCriterionLevels": levels(1, 2, 3, 4)}
    body = package(rubrics=[rubric(criterion, extensions={EXTENSION: {"key": key}})])
    assert from_case(body)[0].rubrics[0].key == "R1"
    assert places(body) == ([] if key == "" else [f"/CFRubrics/0/extensions/{EXTENSION}/key"])


def test_a_language_that_is_none_is_not_taken():
    body = package([item("k1")])
    body["CFDocument"]["language"] = "../x"
    assert from_case(body)[0].language == ""


# --- hostile packages -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [None, True, 7, 1.5, "text", [], [{}], b"x", object(), {1: 2}])
def test_what_is_no_package_is_one_fault(body):
    framework, faults = from_case(body)
    assert (framework.competencies, framework.rubrics, len(faults)) == ((), (), 1)


@pytest.mark.parametrize(
    ("links", "circles"),
    [
        ([("a", "a")], ["/CFItems/0"]),
        ([("a", "b"), ("b", "a")], ["/CFItems/0"]),
        ([("a", "b"), ("b", "c"), ("c", "a"), ("d", "c")], ["/CFItems/0"]),
        ([("a", "d"), ("a", "b"), ("b", "a")], ["/CFItems/0"]),
        ([("a", "b"), ("b", "a"), ("c", "d"), ("d", "c")], ["/CFItems/0", "/CFItems/2"]),
        ([("d", "a"), ("a", "b"), ("b", "a")], ["/CFItems/0"]),
    ],
)
def test_items_that_stand_below_each_other_are_a_fault_for_each_circle(links, circles):
    body = package([item(name) for name in "abcde"], [child_of(*link) for link in links])
    assert places(body) == circles
    assert "Statement e" in [one.title for one in from_case(body)[0].competencies]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 9)), max_size=20))
def test_every_item_is_in_order_or_in_a_circle_or_below_one(links):
    names = [str(number) for number in range(8)]
    found = hierarchy(names, [Link(str(child), str(parent)) for child, parent in links])
    above = {name: {str(parent) for child, parent in links if str(child) == name and parent < 8} for name in names}

    def climbs(name: str) -> set[str]:
        seen: set[str] = set()
        waiting = list(above[name])
        while waiting:
            at = waiting.pop()
            if at not in seen:
                seen.add(at)
                waiting += above[at]
        return seen

    bound = {name for name in names if any(up in climbs(up) for up in {name} | climbs(name))}
    assert set(found.order) == set(names) - bound
    assert len(found.order) == len(set(found.order))
    assert bool(found.circles) == bool(bound)
    for circle in found.circles:
        assert all(parent in above[child] for child, parent in zip(circle, circle[1:] + circle[:1], strict=True))


def test_identifiers_that_stand_twice_are_faults():
    body = package(
        [item("a"), item("a"), item("r")],
        rubrics=[rubric({"identifier": "a", "description": "x", "CFRubricCriterionLevels": levels(1, 2, 3, 4)})],
    )
    assert places(body) == ["/CFItems/1/identifier", "/CFRubrics/0/identifier"]
    assert len(from_case(body)[0].competencies) == 2


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"CFDocument": None}, "/CFDocument"),
        ({"CFDocument": []}, "/CFDocument"),
        ({"CFItems": {}}, "/CFItems"),
        ({"CFItems": [[]]}, "/CFItems/0"),
        ({"CFItems": [{}]}, "/CFItems/0/identifier"),
        ({"CFItems": [{"identifier": 7}]}, "/CFItems/0/identifier"),
        ({"CFItems": [{"identifier": "a"}]}, "/CFItems/0/fullStatement"),
        ({"CFItems": [{"identifier": "a", "fullStatement": ["x"]}]}, "/CFItems/0/fullStatement"),
        ({"CFItems": [item("a", "half \ud800")]}, "/CFItems/0/fullStatement"),
        ({"CFItems": [item("a", "null \0")]}, "/CFItems/0/fullStatement"),
        ({"CFItems": [item("a", humanCodingScheme=7)]}, "/CFItems/0/humanCodingScheme"),
        ({"CFItems": [item("a", humanCodingScheme="x" * (LONGEST_KEY + 1))]}, "/CFItems/0/humanCodingScheme"),
        ({"CFItems": [item("a", extensions={EXTENSION: {"critical": "yes"}})]}, f"/CFItems/0/extensions/{EXTENSION}/critical"),
        ({"CFAssociations": 7}, "/CFAssociations"),
        ({"CFAssociations": [None]}, "/CFAssociations/0"),
        ({"CFAssociations": [{}]}, "/CFAssociations/0/associationType"),
        ({"CFAssociations": [{**child_of("a", "b"), "originNodeURI": "a"}]}, "/CFAssociations/0/originNodeURI"),
        ({"CFAssociations": [{"associationType": "isChildOf", "originNodeURI": node("a")}]}, "/CFAssociations/0/destinationNodeURI"),
        ({"CFAssociations": [child_of("a", "b", sequenceNumber="1")]}, "/CFAssociations/0/sequenceNumber"),
        ({"CFAssociations": [child_of("a", "b", sequenceNumber=10**400)]}, "/CFAssociations/0/sequenceNumber"),
        ({"CFRubrics": "x"}, "/CFRubrics"),
        ({"CFRubrics": [rubric("x")]}, "/CFRubrics/0/CFRubricCriteria/0"),
        ({"CFRubrics": [rubric(title=[])]}, "/CFRubrics/0/title"),
    ],
)
def test_what_does_not_fit_is_named_by_its_place(changes, place):
    assert place in places(package() | changes)


def test_a_criterion_that_names_an_unknown_competency_is_a_fault():
    body = exported()
    body["CFRubrics"][0]["CFRubricCriteria"][0]["extensions"][EXTENSION]["competencies"] = ["MC1", "MC9", 7]
    where = f"/CFRubrics/0/CFRubricCriteria/0/extensions/{EXTENSION}/competencies"
    assert sorted(places(body)) == [f"{where}/1", f"{where}/2"]


def test_ten_megabytes_of_text_are_a_fault():
    assert places(package([item("a", "x" * 10_000_000)])) == ["/CFItems/0/fullStatement"]
    assert places(package([item("a", "x" * LONGEST_TEXT)])) == []


def test_a_huge_package_is_told_at_once_and_not_read():
    body = package([item(str(number)) for number in range(cfpackage.MOST_ITEMS + 1)])
    assert places(body) == ["/CFItems"]
    many = package([7] * cfpackage.MOST_ITEMS)
    assert len(places(many)) == MOST_FAULTS + 1


def test_the_deepest_and_the_widest_tree_are_read_in_a_moment():
    names = [str(number) for number in range(cfpackage.MOST_ITEMS)]
    deep = [child_of(child, parent) for parent, child in pairwise(names)]
    ring = [*deep, child_of(names[0], names[-1])]
    wide = [child_of(name, names[0]) for name in names[1:]]
    dense = [child_of(child, parent) for number, child in enumerate(names[:200]) for parent in names[:number]]
    began = time.process_time()
    for links in (deep, ring, wide, dense[: cfpackage.MOST_LINKS]):
        from_case(package([item(name) for name in names], links))
    assert time.process_time() - began < 20


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["a", "b", "isChildOf", "doc"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_a_package_with_anything_anywhere_gives_faults_and_never_an_error(data):
    body = exported()
    for _ in range(data.draw(st.integers(1, 4))):
        at: Any = body
        while True:
            entries = at.items() if isinstance(at, dict) else enumerate(at)
            inside = [key for key, value in entries if isinstance(value, dict | list) and value]
            if not inside or data.draw(st.booleans()):
                break
            at = at[data.draw(st.sampled_from(inside))]
        key = data.draw(st.sampled_from(list(at) if isinstance(at, dict) else list(range(len(at)))))
        at[key] = data.draw(json_values)
    framework, faults = from_case(body)
    assert all(str(fault) for fault in faults)
    assert all(competency.key and competency.title for competency in framework.competencies)
    assert all(len(criterion.anchors) == 4 for rubric in framework.rubrics for criterion in rubric.criteria)


@settings(deadline=None)
@given(json_values)
def test_any_json_at_all_gives_faults_and_never_an_error(body):
    assert from_case(body)[1] or isinstance(body, dict)
