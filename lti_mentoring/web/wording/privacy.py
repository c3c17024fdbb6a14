# SPDX-License-Identifier: Apache-2.0
"""What is held, who may see it and how long it is kept, in words."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache

from flask_babel import gettext, lazy_gettext

from lti_mentoring.domain.privacy import FIELDS, Field, FieldClass, Relation, When, condition, kept, who
from lti_mentoring.web import wording

_l = lazy_gettext

HELD: dict[str, object] = {
    "application.answers": _l("Answers of an application"),
    "application.lines": _l("The managers whom an applicant has named"),
    "application.asked": _l("What an applicant was asked for, and feedback to them"),
    "reference.referee": _l("Name, address and relation of a referee"),
    "reference.text": _l("What a referee wrote"),
    "review.ground": _l("A reviewer’s grounds"),
    "selection.why": _l("Who selected somebody elsewhere, and why"),
    "founding.reason": _l("Why somebody was named a founding mentor"),
    "person.name": _l("Name"),
    "person.email": _l("E-mail address"),
    "person.language": _l("Language"),
    "person.lms": _l("Account number, roles and groups at the LMS"),
    "line.manager": _l("Who manages and appraises somebody, and where they work"),
    "conflict.facts": _l("What the conflict guard has looked at"),
    "exception.reason": _l("Why an exception was asked for, and its safeguards"),
    "check.answer": _l("Single answers of a knowledge check"),
    "check.result": _l("Result of a knowledge check, by outcome"),
    "calibration.levels": _l("Levels chosen in an exercise for raters"),
    "practice.text": _l("A practice task that was handed in"),
    "practice.feedback": _l("Feedback on a practice task, and reasons of its marks"),
    "recognition.claim": _l("Prior learning that is to be recognised, and what was said to it"),
    "note.text": _l("A note of somebody in a pair; theirs alone, unless they share it inside the pair"),
    "help.text": _l("What somebody wants help with"),
    "help.outcome": _l("What came of helping"),
    "moving.reason": _l("Why somebody was moved to another version"),
    "observation.evidence": _l("Evidence notes of an observation"),
    "observation.tally": _l("Clock, pauses and counters of an observation"),
    "observation.protege": _l("What the protégé of an observed session is called"),
    "observation.place": _l("Where an observed session is"),
    "observation.account": _l("Notes on a mentor whom a candidate has watched"),
    "rating.reason": _l("Submitted ratings, and reasons for what was not observed"),
    "rating.level": _l("Levels of a rating"),
    "rating.correction": _l("Why a rating was corrected"),
    "consent.answer": _l("Whether somebody agrees to be observed"),
    "joint_plan.text": _l("The plan of two who lead a session together"),
    "pair.label": _l("What a pair, and somebody in it, is called"),
    "entry.text": _l("What a mentor says of themself once they are listed"),
    "session.place": _l("Where a session is"),
    "grade.value": _l("A grade"),
    "grade.fault": _l("What an LMS or a mail server answered to a grade or a mail"),
}
"""A file of words for another noun has a ``HELD`` of its own; they are read together."""

CLASSES = {
    FieldClass.PUBLIC: _l("Public"),
    FieldClass.RECORD: _l("Programme record"),
    FieldClass.EVIDENCE: _l("Assessment evidence"),
    FieldClass.FACTS: _l("Mentoring facts"),
    FieldClass.TALK: _l("Mentoring talk"),
    FieldClass.OWN: _l("Owner only"),
}
CLASS_LINES = {
    FieldClass.PUBLIC: _l("Anybody may read it."),
    FieldClass.RECORD: _l("What the programme needs to run and to decide."),
    FieldClass.EVIDENCE: _l("What was seen in a session and how it was rated. The candidate reads it once the result is out."),
    FieldClass.FACTS: _l("That two people meet, when and where. Never what they say."),
    FieldClass.TALK: _l("What people write to each other in confidence. Read by those who are in it and by nobody else; sealed at rest."),
    FieldClass.OWN: _l("What somebody writes for themself. Nobody else reads it, and it is sealed in the database."),
}
PEOPLE = {
    Relation.OWNER: _l("whoever wrote it or whom it is about"),
    Relation.PARTICIPANT: _l("those who take part"),
    Relation.MENTOR_OF: _l("their mentor"),
    Relation.PROTEGE_OF: _l("their protégé"),
    Relation.ASSESSOR: _l("those who assess"),
    Relation.SUBJECT: _l("the candidate"),
    Relation.LEAD: _l("those who lead the course"),
    Relation.TRAINER: _l("its trainers"),
    Relation.REVIEWER: _l("reviewers"),
    Relation.COLLEAGUE: _l("other staff of the course"),
    Relation.MEMBER: _l("everybody in this course"),
    Relation.MANAGER: _l("somebody’s manager"),
    Relation.OUTSIDER: _l("people outside"),
    Relation.OTHER_TENANT: _l("other organisations"),
    Relation.LMS: _l("the gradebook of the LMS"),
    Relation.PUBLIC: _l("anybody"),
    Relation.OPERATOR: _l("whoever runs the tool, by its commands"),
}
CONDITIONS = {
    When.ALWAYS: "%(who)s",
    When.AFTER_RELEASE: _l("%(who)s once the result is out"),
    When.AS_COUNT: _l("%(who)s as a number only"),
    When.WHILE_ASSIGNED: _l("%(who)s while it is their task"),
}
KEPT = {
    "as_published": _l("As long as it is published."),
    "with_programme": _l("As long as your organisation keeps its records of the programme."),
    "until_destroyed": _l("Until whoever wrote it destroys it or is erased."),
    "until_owner_ends": _l("Until its owner takes it away."),
}
_SAME = {Relation.MENTOR_OF, Relation.PROTEGE_OF}
"""Said by "those who take part" already."""


@cache
def _held() -> Mapping[str, object]:
    found = dict(HELD)
    for file in sorted(one.name for one in pkgutil.iter_modules(wording.__path__)):
        found.update(getattr(importlib.import_module(f"{wording.__name__}.{file}"), "HELD", {}))
    return found


def held_words(name: str) -> str:
    """What a field is called; its name where no words were written, which a test of the house keeps from happening."""
    return str(_held().get(name, name))


def class_words(fclass: FieldClass) -> str:
    """What a class of fields is called."""
    return str(CLASSES[fclass])


def class_sense_words(fclass: FieldClass) -> str:
    """What a class means, in a sentence or two."""
    return str(CLASS_LINES[fclass])


def relation_words(relation: Relation, when: When = When.ALWAYS, *, you: bool = False) -> str:
    """Who sees something, and when; ``you``: it is the owner who reads this."""
    person = gettext("you") if you and relation is Relation.OWNER else str(PEOPLE[relation])
    return str(CONDITIONS[when]) % {"who": person}


def _readers(field: Field | str, *, you: bool) -> Iterator[str]:
    seen = who(field)
    for one in seen:
        if not (one in _SAME and Relation.PARTICIPANT in seen):
            yield relation_words(one, condition(field, one), you=you)


def readers_words(field: Field | str, *, you: bool = False) -> str:
    """Everybody who sees something of a field, as they stand in a sentence."""
    several = list(_readers(field, you=you))
    if len(several) == 1:
        return gettext("%(who)s alone", who=several[0])
    return gettext("%(several)s and %(last)s", several=", ".join(several[:-1]), last=several[-1])


def who_sees_words(name: str) -> str:
    """The sentence under a field: who can see it, and that a manager cannot."""
    return gettext("Who can see this: %(who)s. Never somebody’s manager.", who=readers_words(name, you=True))


def kept_words(field: Field | str) -> str:
    """How long a field is kept."""
    return str(KEPT[kept(field)])


def matrix_lines() -> list[tuple[FieldClass, list[Field]]]:
    """Every class with its fields, as the page prints them; a class without fields too."""
    return [(one, [field for field in FIELDS.values() if field.fclass is one]) for one in FieldClass]
