# SPDX-License-Identifier: Apache-2.0
"""A CFPackage of CASE 1.1 or 1.0 that somebody brings, read into a framework; whatever is wrong with it is a fault, never an error."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from lti_mentoring.domain.framework import LONGEST_KEY, Entry, Fault, Faults, Framework
from lti_mentoring.domain.hierarchy import Hierarchy, Link, hierarchy
from lti_mentoring.domain.programme import LEVELS, Competency, Criterion, Indicator, Rubric

EXTENSION = "ltiMentoring"
"""The name under which our own fields stand in ``extensions``."""

MOST_ITEMS = 5_000
MOST_LINKS = 20_000
MOST_RUBRICS = 100
MOST_CRITERIA = 200

_FILE_NAME = re.compile(r"\w[\w.-]{0,59}")
"""What a rubric's key must be, since it names a file, in no more bytes than every disk takes."""

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}")


def from_case(body: object) -> tuple[Framework, list[Fault]]:
    """The framework of a CFPackage, ours or another's, in CASE 1.1 or 1.0, and every fault; what is at fault is left out.

    An item with items below it that have none is a competency and those are its indicators; so is an item that stands alone. Items with
    nothing but competencies below them are headings, which we have no use for. Keys are made from the position where none is given.
    Whatever ``body`` is, nothing is raised.
    """
    faults = Faults()
    if not isinstance(body, dict):
        faults.add("", "This is no CASE package.", "Bring the JSON that a CASE server gives for /CFPackages/{id}.")
        return Framework(), faults.told()
    package = Entry(body, "", faults)
    package = (package.entry("CFPackage") if "CFPackage" in body else None) or package
    document = package.entry("CFDocument")
    if document is None:
        package.fault("CFDocument", "“CFDocument” is missing.", "Bring the JSON that a CASE server gives for /CFPackages/{id}.")
    title, language = (document.text("title"), document.text("language", 35)) if document else ("", "")
    seen: dict[str, str] = {}
    items = _by_identifier(package, seen)
    competencies, serves = _competencies(items, _tree(package, items))
    return Framework(competencies, _rubrics(package, seen, serves), title, language if _LANGUAGE.fullmatch(language) else ""), faults.told()


def _new(entry: Entry, identifier: str, seen: dict[str, str]) -> bool:
    """Whether no other object has this identifier; objects without one are never told apart by it."""
    before = seen.setdefault(identifier, entry.place) if identifier else entry.place
    if before != entry.place:
        entry.fault("identifier", f"“{identifier}” is the identifier of {before} too.", "Give each object an identifier of its own.")
    return before == entry.place


def _by_identifier(package: Entry, seen: dict[str, str]) -> dict[str, Entry]:
    items = {}
    for entry in package.entries("CFItems", MOST_ITEMS):
        identifier = entry.text("identifier", LONGEST_KEY, needed=True)
        if identifier and _new(entry, identifier, seen):
            items[identifier] = entry
    return items


def _tree(package: Entry, items: dict[str, Entry]) -> Hierarchy:
    links = []
    for entry in package.entries("CFAssociations", MOST_LINKS):
        if entry.text("associationType", needed=True) == "isChildOf":
            child, parent = _end(entry, "originNodeURI"), _end(entry, "destinationNodeURI")
            rank = entry.number("sequenceNumber")
            if child and parent:
                links.append(Link(child, parent, rank))
    tree = hierarchy(list(items), links)
    for circle in tree.circles:
        places = ", ".join(items[name].place for name in circle[:5]) + (" …" if len(circle) > 5 else "")
        message = f"Items stand below each other in a circle: {places}." if len(circle) > 1 else "The item stands below itself."
        items[circle[0]].fault("", message, "Take out one isChildOf among them; they are left out, with what is below them.")
    return tree


def _end(association: Entry, name: str) -> str:
    node = association.entry(name)
    if node is None:
        if association.value.get(name) is None:
            association.fault(name, f"“{name}” is missing.", "Name the item by its identifier.")
        return ""
    return node.text("identifier", needed=True)


def _ours(entry: Entry) -> Entry:
    """What we wrote beside the fields of CASE; nothing in a package from elsewhere."""
    extensions = entry.value.get("extensions")
    ours = extensions.get(EXTENSION) if isinstance(extensions, dict) else None
    place = f"{entry.place}/extensions/{EXTENSION}"
    return Entry(ours if isinstance(ours, dict) else {}, place, entry.faults)


def _competencies(items: dict[str, Entry], tree: Hierarchy) -> tuple[tuple[Competency, ...], dict[str, tuple[str, ...]]]:
    """The competencies, and which of them each item stands for: itself, or those that it is an indicator of."""
    top = set(tree.top)
    leaves = {name for name in tree.order if not tree.below.get(name)}
    found = []
    serves: dict[str, tuple[str, ...]] = {}
    chosen = [name for name in tree.order if (name in top if name in leaves else leaves.intersection(tree.below[name]))]
    for name, key in zip(chosen, _coded((items[name] for name in chosen), "C"), strict=True):
        title = items[name].text("fullStatement", needed=True)
        critical = _ours(items[name]).flag("critical")
        below = [child for child in tree.below.get(name, ()) if child in leaves]
        indicators = []
        for child, its_key in zip(below, _coded((items[child] for child in below), f"{key}."), strict=True):
            text = items[child].text("fullStatement", needed=True)
            if text:
                indicators.append(Indicator(its_key, text))
                serves[child] = (*serves.get(child, ()), key)
        if title:
            found.append(Competency(key, title, critical, tuple(indicators)))
            serves[name] = (key,)
    return tuple(found), serves


def _coded(entries: Iterable[Entry], prefix: str) -> list[str]:
    """A key for each: its humanCodingScheme where no earlier one has it, or else one made from its position that nobody wrote."""
    return _keyed([entry.text("humanCodingScheme", LONGEST_KEY) for entry in entries], prefix)


def _keyed(written: Sequence[str], prefix: str) -> list[str]:
    taken = {key for key in written if key}
    first = {key: index for index, key in reversed(list(enumerate(written)))}
    keys = []
    for index, key in enumerate(written):
        if not key or first[key] != index:
            key = f"{prefix}{index + 1}"
            while key in taken:
                key += "x"
            taken.add(key)
        keys.append(key)
    return keys


# --- rubrics ----------------------------------------------------------------------------------------------------------


def _rubrics(package: Entry, seen: dict[str, str], serves: dict[str, tuple[str, ...]]) -> tuple[Rubric, ...]:
    entries = [entry for entry in package.entries("CFRubrics", MOST_RUBRICS) if _new(entry, entry.text("identifier", LONGEST_KEY), seen)]
    keys = _keyed([_file_name(_ours(entry)) for entry in entries], "R")
    found = [Rubric(key, entry.text("title") or key, _criteria(entry, seen, serves)) for entry, key in zip(entries, keys, strict=True)]
    return tuple(rubric for rubric in found if rubric.criteria)


def _file_name(ours: Entry) -> str:
    key = ours.text("key", LONGEST_KEY)
    if key and not _FILE_NAME.fullmatch(key):
        ours.fault("key", "A rubric’s key names its file.", "Use up to 60 letters, digits, dots, hyphens and underscores.")
        return ""
    return key


def _criteria(rubric: Entry, seen: dict[str, str], serves: dict[str, tuple[str, ...]]) -> tuple[Criterion, ...]:
    entries = rubric.entries("CFRubricCriteria", MOST_CRITERIA)
    if not rubric.value.get("CFRubricCriteria"):
        rubric.fault("CFRubricCriteria", "The rubric has no criteria.", "Write at least one, or take the rubric out.")
    entries = [entry for entry in entries if _new(entry, entry.text("identifier", LONGEST_KEY), seen)]
    ranked = [(entry.number("position"), entry) for entry in entries]
    ordered = [entry for _, entry in sorted(ranked, key=lambda one: (one[0] is None, one[0] or 0.0))]
    found = []
    for entry, key in zip(ordered, _keyed([_ours(entry).text("key", LONGEST_KEY) for entry in ordered], "C"), strict=True):
        title, anchors = _criterion_title(entry), _anchors(entry)
        if title and anchors:
            found.append(Criterion(key, title, _served(entry, serves), _ours(entry).flag("critical"), anchors))
    return tuple(found)


def _criterion_title(entry: Entry) -> str:
    """What is rated, after the category that it belongs to."""
    category, description = entry.text("category"), entry.text("description")
    if not category and not description:
        entry.fault("description", "“description” is missing.", "Write what is rated.")
    return f"{category}: {description}" if category and description and category != description else category or description


def _served(entry: Entry, serves: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The competencies that a criterion names: ours all of them, CASE itself one item, which may be in another package."""
    ours = _ours(entry)
    if ours.value.get("competencies") is None:
        item = entry.entry("CFItemURI")
        return serves.get(item.text("identifier", needed=True), ()) if item else ()
    known = {key for keys in serves.values() for key in keys}
    found = []
    for place, key in ours.texts("competencies", MOST_ITEMS):
        if key in known:
            found.append(key)
        else:
            entry.faults.add(place, "This competency is not in the package.", "Add the item, or take its key out here.")
    return tuple(found)


def _anchors(criterion: Entry) -> tuple[str, str, str, str] | None:
    """What each of the four levels looks like, the lowest first, which only scores can tell: rubrics are printed either way round."""
    levels = criterion.entries("CFRubricCriterionLevels", MOST_CRITERIA)
    if len(levels) != len(LEVELS):
        criterion.fault(
            "CFRubricCriterionLevels",
            f"The criterion has {len(levels)} levels; a programme rates on {len(LEVELS)}.",
            "Write four, from not yet to accomplished, or take the criterion out.",
        )
        return None
    scores = [level.number("score") for level in levels]
    told = [score for score in scores if score is not None]
    if len(set(told)) != len(LEVELS):
        criterion.fault(
            "CFRubricCriterionLevels",
            "The scores do not tell which level is the lowest.",
            "Give each level a score of its own, such as 1 to 4.",
        )
        return None
    texts = [level.text("description") or level.text("quality", needed=True) for level in levels]
    one, two, three, four = (text for _, text in sorted(zip(told, texts, strict=True)))
    return (one, two, three, four) if all(texts) else None
