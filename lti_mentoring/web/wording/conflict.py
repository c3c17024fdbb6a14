# SPDX-License-Identifier: Apache-2.0
"""The conflict guard in words: a sentence for each thing that it finds, its verdicts, and what is wrong with an exception or a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from flask_babel import lazy_gettext

from lti_mentoring.domain.conflict import Finding
from lti_mentoring.domain.line_file import RowFault
from lti_mentoring.domain.observation import VOID_REASONS
from lti_mentoring.services.matter import Matter
from lti_mentoring.web.wording.phrase import say, unknown
from lti_mentoring.web.wording.time import day_words

_l = lazy_gettext

RULES: dict[str, object] = {
    "conflict": _l("There is no such matter here, or it is over."),
    "conflict_closed": _l("%(why)s There is no exception from this: choose somebody else."),
    "conflict_needs_override": _l("%(why)s Choose somebody else; where nobody else can, a coordinator asks for an exception first."),
    "conflict_unattested": _l("%(why)s Ask whoever is named, then try again."),
    "line_unsaid": _l("Say who manages and appraises them, or that nobody does; one of the two."),
    "line_of_ones_own": _l("Say who manages you on your own page; as coordinator you write down others only."),
    "line_file_wrong": _l("Nothing of the file was taken over. Mend the lines that are named, and send it again."),
    "relation_to_oneself": _l("That is yourself. Choose the other person."),
    "relation_later": _l("That day lies ahead. Say it when it has begun."),
    "relation_with": _l("Choose the other person."),
    "relation_unknown": _l("You have not declared such a relation, or it has ended already."),
    "override": _l("There is no such exception for you to decide on, or it was taken back."),
    "override_unattested": _l("It is not known yet who manages whom here. Ask whoever is named; once it is said, ask for the exception."),
    "override_never": _l("There is no exception from this rule."),
    "override_rules": _l("The exception has to name every rule that stands against this."),
    "override_reason": _l("Write why nobody else can do it."),
    "override_safeguards": _l("Write what keeps it harmless: who looks on, what is left out, how it is checked."),
    "override_long": _l("A reason or a safeguard is longer than can be kept (2000 characters)."),
    "override_end": _l("Choose a last day that lies ahead, within twelve months."),
    "override_not_yours": _l("Whoever leads the course asks for an exception."),
    "override_of_ones_own": _l("The exception is about you, so others approve it."),
    "override_in_line": _l("You stand in a reporting line with somebody whom it is about, so others approve it."),
    "override_line_unknown": _l("Say who manages you first; then it is known whether you can approve this."),
    "override_unit_unknown": _l("It is not known where you or they work, so it cannot be told whether you come from outside."),
    "override_same_unit": _l("You work where somebody works whom it is about; somebody from outside approves it."),
}

VERDICTS = {
    "clear": _l("nothing stands against it"),
    "warn": _l("can go on, with a remark"),
    "needs_override": _l("needs an exception"),
    "unattested": _l("not yet told us"),
    "closed": _l("cannot be"),
}

_ONESELF = _l("%(one)s would act in a matter of their own.")
_LINES = {
    "line_manages": _l("%(one)s manages %(other)s."),
    "line_appraises": _l("%(one)s appraises %(other)s at work."),
    "line_dotted": _l("%(one)s manages %(other)s in part of their work."),
    "line_above": _l("%(one)s stands above %(other)s in the line of managers."),
}
_PAIRS = {
    "oneself": _l("Nobody mentors themself."),
    "manages": _l("%(one)s manages %(other)s, and a manager does not mentor their own people."),
    "appraises": _l("%(one)s appraises %(other)s at work, and who appraises does not mentor."),
    "above": _l("%(one)s stands %(steps)s steps above %(other)s in the line of managers."),
    "dotted": _l("%(one)s manages %(other)s in part of their work."),
    "was_direct": _l("%(one)s managed %(other)s until %(until)s, which is less than twelve months ago."),
    "was_appraiser": _l("%(one)s appraised %(other)s until %(until)s, which is less than twelve months ago."),
    "same_manager": _l("%(one)s and %(other)s have the same manager, %(manager)s."),
    "protege_manages": _l("%(one)s, who would be mentored, manages %(other)s."),
    "protege_appraises": _l("%(one)s, who would be mentored, appraises %(other)s at work."),
    "protege_above": _l("%(one)s, who would be mentored, stands above %(other)s in the line of managers."),
}
_UNITS = {"unit_unknown": _l("It is not known where everybody works who has a part in this, so nobody can be told to come from outside.")}

SENTENCES: Mapping[str, Mapping[str, object]] = {
    "R0": {
        "line_unknown": _l("%(one)s has not said yet who manages them."),
        "line_outdated": _l("%(one)s last said on %(said)s who manages them, more than twelve months ago."),
        "namesake": _l("%(other)s, or somebody above them, has a manager who is called as %(one)s is, and may be the same person."),
    },
    **dict.fromkeys(("R1", "R2", "R3", "R4", "R5", "R13"), _PAIRS),
    "R6": {"related": _l("%(one)s and %(other)s have declared a personal or financial relation.")},
    "R7": {
        **_LINES,
        "oneself": _l("Nobody rates themself."),
        "mentored": _l("%(one)s and %(other)s are in a mentorship, or were within twelve months."),
        "co_mentored": _l("%(one)s and %(other)s have mentored together within twelve months."),
        "trained": _l("%(one)s alone has trained %(other)s in something that is rated here, within twelve months."),
        "helped": _l("%(one)s has helped %(other)s with something that is rated here, within twelve months."),
    },
    "R8": _LINES,
    "R9": {
        "oneself": _l("Nobody reviews their own application."),
        "manages": _l("%(one)s manages or appraises %(other)s, or did within twelve months."),
        "above": _l("%(one)s stands above %(other)s in the line of managers, or did within twelve months."),
        "managed": _l("%(other)s manages or appraises %(one)s, or did within twelve months."),
        "refereed": _l("%(one)s speaks for %(other)s as a referee."),
        "nominated": _l("One of %(one)s and %(other)s has nominated the other."),
    },
    "R10": {
        **_UNITS,
        "oneself": _ONESELF,
        "same_unit": _l("Of those who decide on %(other)s, %(outside)s come from outside their unit; %(wanted)s are wanted."),
        "did_all": _l("%(one)s alone has trained and observed %(other)s, so somebody else decides too."),
    },
    "R11": {
        **_LINES,
        **_UNITS,
        "oneself": _ONESELF,
        "mentored": _l("%(one)s and %(other)s are or were in a mentorship."),
        "co_mentored": _l("%(one)s and %(other)s have mentored together."),
        "trained": _l("%(one)s has trained %(other)s."),
        "helped": _l("%(one)s has helped %(other)s."),
        "related": _l("%(one)s and %(other)s have declared a personal or financial relation."),
        "nominated": _l("One of %(one)s and %(other)s has nominated the other."),
        "refereed": _l("One of %(one)s and %(other)s has spoken for the other as a referee."),
        "reviewed": _l("One of %(one)s and %(other)s has reviewed the other’s application."),
        "assessed": _l("One of %(one)s and %(other)s has rated the other."),
        "decided": _l("%(one)s has decided on %(other)s before."),
        "unit_of_decider": _l("%(one)s works where %(other)s does, who made the decision."),
    },
    "R12": {"one_observer": _l("%(one)s alone has observed %(other)s, %(observations)s times; somebody else observes at least once.")},
}

MATTERS = {
    "observation": _l("%(acting)s observes %(concerned)s, %(day)s"),
    "rater": _l("%(acting)s rates %(concerned)s as a further person, %(day)s"),
    "application_review": _l("%(acting)s reviews the application of %(concerned)s"),
    "pairing": _l("%(acting)s mentors %(concerned)s"),
    "group": _l("%(acting)s leads a group with %(concerned)s"),
    "assessment": _l("%(acting)s rates %(concerned)s"),
    "review": _l("%(acting)s reviews the application of %(concerned)s"),
    "award": _l("%(acting)s decide on %(concerned)s"),
    "appeal": _l("%(acting)s hear the appeal of %(concerned)s"),
    "determination": _l("%(acting)s observed %(concerned)s"),
}

ANSWERS = {
    "clear": _l("Nothing stands against it."),
    "warn": _l("It goes on, with a remark."),
    "needs_override": _l("It is held until an exception is agreed, or somebody else does it."),
    "released": _l("The candidate has read this result. Have an exception agreed, or set the rating aside."),
    "unattested": _l("It is held until somebody says what is missing."),
    "closed": _l("It cannot be, and there is no exception. Choose somebody else."),
    "void": _l("The rating was set aside: it counts for nothing, and the session has to be repeated."),
}

SOURCES = {
    "self": _l("said by themself"),
    "staff": _l("written down by a coordinator"),
    "csv": _l("from a file of the institution"),
}

VOID = {
    "conflict": _l("a conflict"),
    "consent_withdrawn": _l("somebody has taken their consent back"),
    "protocol_breach": _l("the protocol was not kept"),
    "other": _l("something else"),
}

KINDS = {"direct": _l("manages"), "dotted": _l("manages in part"), "appraiser": _l("appraises")}

FAULTS = {
    "columns_missing": _l("The first line has to name the columns; missing: %(what)s."),
    "column_unknown": _l("No column is called “%(what)s”. Leave it out."),
    "column_twice": _l("The column “%(what)s” is there twice."),
    "rows_many": _l("The file has more lines than can be read at once (100,000). Divide it."),
    "cell_count": _l("This line has not as many cells as the first."),
    "cell_long": _l("The cell in “%(what)s” is too long."),
    "address_wrong": _l("The cell in “%(what)s” is no e-mail address."),
    "kind_unknown": _l("A line is direct, dotted or appraiser."),
    "day_wrong": _l("The cell in “%(what)s” is no day; write days as 2026-11-30."),
    "until_first": _l("It ends before it begins."),
    "own_manager": _l("Nobody manages themself. Leave the manager empty where nobody does."),
    "nobody_and_somebody": _l("Another line names a manager of this person; this one says that nobody manages them."),
    "unreadable": _l("From here on the file cannot be read; often a quotation mark is missing."),
}


def finding_words(finding: Finding, names: Mapping[str, str]) -> str:
    """What was found, in one sentence; ``names`` are those of the people whom it is about."""
    sentence = SENTENCES.get(finding.rule, {}).get(finding.code)
    if sentence is None:
        return unknown(finding.code)
    manager = names.get(str(finding.facts.get("manager", "")), "")
    people = {"one": names.get(finding.one, ""), "other": names.get(finding.other, ""), "manager": manager}
    told = say(sentence, {**finding.facts, **people})
    until = finding.facts.get("exempt_until")
    return f"{told} {say(_l('There is an exception until %(until)s.'), {'until': until})}" if until else told


def why_words(findings: Iterable[Finding], names: Mapping[str, str]) -> str:
    """All that was found, a sentence each, said once."""
    return " ".join(dict.fromkeys(finding_words(one, names) for one in findings))


def conflict_verdict_words(verdict: str) -> str:
    """What a check comes to, in a few words."""
    return str(VERDICTS[verdict]) if verdict in VERDICTS else unknown(verdict)


def row_fault_words(fault: RowFault) -> str:
    """What is wrong on a line of a file of reporting lines."""
    return say(FAULTS[fault.code], {"what": fault.what}) if fault.code in FAULTS else unknown(fault.code)


def matter_words(matter: Matter) -> str:
    """What is watched, in a line: who does what to whom."""
    day = day_words(matter.day) if matter.day is not None else ""
    people = {"acting": ", ".join(matter.acting), "concerned": ", ".join(matter.concerned)}
    sentence = MATTERS.get(matter.kind) or MATTERS.get(matter.purpose)
    return say(sentence, {**people, "day": day}) if sentence is not None else unknown(matter.kind)


def matter_answer_words(matter: Matter) -> str:
    """How a matter stands, and what can be done."""
    if matter.state == "void":
        return str(ANSWERS["void"])
    return str(ANSWERS["released" if matter.released and matter.verdict == "needs_override" else matter.verdict])


def void_reasons_words() -> list[tuple[str, str]]:
    """Why a rating can be set aside, as options."""
    return [(reason, str(VOID[reason])) for reason in VOID_REASONS]


def line_source_words(source: str) -> str:
    """Who has said who manages somebody."""
    return str(SOURCES[source]) if source in SOURCES else unknown(source)


def line_kind_words(kind: str) -> str:
    """What a line is."""
    return str(KINDS[kind]) if kind in KINDS else unknown(kind)
