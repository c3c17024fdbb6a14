# SPDX-License-Identifier: Apache-2.0
"""A programme's body as the files of a pack: the inverse of ``pack``. What is typed into a body wrongly is written as it stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from lti_mentoring.domain.pack import PROGRAMME_FILE
from lti_mentoring.domain.programme import LEVELS
from lti_mentoring.domain.reader import Document
from lti_mentoring.domain.reliability import BEFORE
from lti_mentoring.domain.supplement import MAILS, TERMS
from lti_mentoring.domain.written_module import Body, Steps, manuscript_of

LATER_PARTS = ("transcripts", "texts", "reviews", "native")
_MEAN = re.compile(r"\d{1,9}(/[1-9]\d{0,8}|\.\d{1,9})?")


@dataclass(frozen=True, slots=True)
class File:
    """A file of a pack, as its reader takes it, and the place in the body that each of its lines was written from."""

    document: Document
    places: Mapping[int, Steps]


def files_of(body: Body) -> list[File]:
    """Every file of the pack: programme.yaml, and in the folder of its language the modules, rubrics, protocols and the form."""
    folder = body["language"]
    files = [_yaml(PROGRAMME_FILE, _main(body), lambda steps: _in_main(body, steps))]
    for at, module in enumerate(body["modules"]):
        made = manuscript_of(module)
        places = {line: ("modules", at, *steps) for line, steps in made.places.items()}
        files.append(File(Document(f"{folder}/modules/{module['key']}.md", made.text), places))
    for at, rubric in enumerate(body["rubrics"]):
        files.append(_yaml(f"{folder}/rubrics/{rubric['key']}.yaml", _rubric(rubric), _below("rubrics", at)))
    for at, protocol in enumerate(body["protocols"]):
        files.append(_yaml(f"{folder}/protocols/{protocol['key']}.yaml", _said(protocol), _below("protocols", at)))
    for name in ("transcripts", "texts"):
        for one in body.get(name, ()):
            files.append(File(Document(f"{folder}/{name}/{one['key']}.md", f"{one['text']}\n"), {}))
    if body.get("mails"):
        files.append(_yaml(f"{folder}/{MAILS}", {one["key"]: one["text"] for one in body["mails"]}, _below("mails")))
    if body.get("terms"):
        files.append(_yaml(f"{folder}/{TERMS}", {"terms": [dict(one) for one in body["terms"]]}, _below("terms")))
    if body["form"] is not None:
        files.append(_yaml(f"{folder}/forms/{body['form']['key']}.yaml", _form(body["form"]), _below("form")))
    return files


def _yaml(name: str, data: Any, placed: Callable[[Steps], Steps]) -> File:
    """A file of YAML with a line for each of its entries: its reader asks for no more than to tell them apart."""
    lines = {path: number for number, path in enumerate(_paths(data), 1)}
    return File(Document(name, "", data, lines), {number: placed(path) for path, number in lines.items()})


def _paths(data: Any, path: Steps = ()) -> Iterator[Steps]:
    yield path
    if isinstance(data, Mapping):
        for key, entry in data.items():
            yield from _paths(entry, (*path, key))
    elif isinstance(data, list):
        for index, entry in enumerate(data):
            yield from _paths(entry, (*path, index))


def _below(*start: str | int) -> Callable[[Steps], Steps]:
    """The same place in the body; levels count from 1 in a file and from 0 in a body."""

    def placed(path: Steps) -> Steps:
        pairs = zip(("", *path), path, strict=False)
        return (*start, *(step - 1 if isinstance(step, int) and above == "anchors" else step for above, step in pairs))

    return placed


def _in_main(body: Body, path: Steps) -> Steps:
    """The policies stand by their names in a file; the one in force is what is spoken of wherever it is one of them."""
    if len(path) < 2 or path[0] != "policies":
        return path
    if path[1] == body["policy"]["name"]:
        return ("policy", *path[2:])
    return ("policies", [one["name"] for one in body["policies"]].index(path[1]), *path[2:])


# --- programme.yaml -----------------------------------------------------------------------------------------------------


def _main(body: Body) -> dict[str, Any]:
    offered = {one["name"]: _policy(one) for one in body["policies"]}
    inforce = body["policy"]["name"] if body["policy"] in body["policies"] else _policy(body["policy"], named=True)
    made = {
        **{name: body[name] for name in ("slug", "edition", "language", "title")},
        "purpose": list(body["purpose"]),
        "competencies": [_competency(one) for one in body["competencies"]],
        "policy": inforce,
        "policies": offered,
        "form": body["form"]["key"] if body["form"] is not None else None,
        "modules": [{"key": one["key"], "draw": dict(one["draw"])} for one in body["modules"]],
        "outlines": [dict(one) for one in body["outlines"]],
        "rubrics": [one["key"] for one in body["rubrics"]],
        "protocols": [one["key"] for one in body["protocols"]],
        "support": body["support"],
        "certificate": body["certificate"],
        **{name: [one["key"] for one in body.get(name, ())] for name in ("transcripts", "texts")},
        "reviews": {one["key"]: one["on"] for one in body.get("reviews", ())},
        "native": list(body.get("native", ())),
    }
    optional = ("purpose", "policies", "form", "outlines", "protocols", "support", "certificate", *LATER_PARTS)
    return {name: value for name, value in made.items() if value or name not in optional}


def _policy(body: Body, *, named: bool = False) -> dict[str, Any]:
    """A policy's entries. Where no rubric is named none is written, and where it is missing its reader says so. What is not asked for is
    not written either: that is how its reader takes it."""
    entries = {name: _entry(name, value) for name, value in body.items() if (named or name != "name") and name not in BEFORE}
    return {name: value for name, value in entries.items() if value is not None and (value != "" or not name.endswith("rubric"))}


def _entry(name: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return _policy(value, named=True)
    if name.endswith("mean") or name == "mean":
        return _number(value)
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else value


def _number(text: str) -> object:
    """A mean as a file has it, such as 2.75; what is typed otherwise stays text: ``1e999999999`` is a number with as many digits."""
    if not _MEAN.fullmatch(text):
        return text
    exact = Fraction(text)
    return exact.numerator if exact.denominator == 1 else float(exact)


def automatic(competency: Body) -> bool:
    """Whether the indicators are numbered, and so need no keys of their own."""
    return all(one["key"] == f"{competency['key']}.{number}" for number, one in enumerate(competency["indicators"], 1))


def _competency(body: Body) -> dict[str, Any]:
    numbered = automatic(body)
    indicators = [one["text"] if numbered else dict(one) for one in body["indicators"]]
    made = {"key": body["key"], "title": body["title"], "critical": body["critical"]}
    return {**made, "indicators": indicators} if indicators else made


# --- the other files ----------------------------------------------------------------------------------------------------


def _rubric(body: Body) -> dict[str, Any]:
    criteria = [{**one, "anchors": dict(zip(LEVELS, one["anchors"], strict=True))} for one in body["criteria"]]
    return {"key": body["key"], "title": body["title"], "criteria": criteria}


def _said(body: Body) -> dict[str, Any]:
    """A mapping without what is empty, all the way down, but for what has to be there."""
    made = {}
    for name, value in body.items():
        if isinstance(value, list):
            made[name] = [_said(one) if isinstance(one, Mapping) else one for one in value]
        elif value not in ("", 0) or value is False or name in ("title", "key", "kind"):
            made[name] = value
    return {name: value for name, value in made.items() if value != []}


def _form(body: Body) -> dict[str, Any]:
    return _said(body)
