# SPDX-License-Identifier: Apache-2.0
"""What is held about people, table by table: whose a row is, why it is kept, and what an erasure does to it.

Every table that names a person stands here, and a test fails for one that does not. A new table needs one line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

DELETE, BLANK, KEEP = "delete", "blank", "keep"
"""What an erasure does to somebody's own rows: they go; words in them go, and the rest stays under a pseudonym; they stay as they are."""

PROGRAMME, PRIVATE, CONTACT, SENDING = "programme", "private", "contact", "sending"
SECURITY, GUARD, AUDIT = "security", "guard", "audit"
"""Why something is kept, and with it how long; the words are in ``web.wording.my_privacy``."""

WHYS = (CONTACT, PROGRAMME, PRIVATE, GUARD, SENDING, SECURITY, AUDIT)


@dataclass(frozen=True, slots=True)
class Held:
    """One table.

    ``names``: every column that names a person. ``owners``: by which of them a row is somebody's own; ``column>table`` for a row that is
    whose the row of that table is; empty where a row is nobody's own, and whoever is named there stays so under a pseudonym.
    ``blanks``: columns whose words go in an erasure. ``hides``: columns that are in nobody's copy, since somebody else's confidential
    words or a secret stand there.
    """

    noun: str
    names: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    erasure: str = KEEP
    why: str = PROGRAMME
    blanks: tuple[str, ...] = ()
    hides: tuple[str, ...] = ()


_CANDIDACY, _OBSERVATION, _APPLICATION = ("candidacy_id>candidacy",), ("observation_id>observation",), ("application_id>application",)
_OWN, _MAIL = ("person_id",), ("mail_id>mail",)
_PLAN = ("purpose", "opening", "roles", "closing")
_CLAIM = ("what", "place", "period", "evidence")


def _of(noun: str, *owners: str, does: str = KEEP, why: str = PROGRAMME, **more: tuple[str, ...]) -> Held:
    """A table whose owner columns name people themselves, or that hangs on another."""
    direct = tuple(one for one in owners if ">" not in one)
    return Held(noun, (*direct, *more.pop("names", ())), owners, does, why, **more)


_PEOPLE = {
    "person": Held("person", (), ("id",), BLANK, CONTACT, blanks=("name", "chosen_name", "email", "locale")),
    "identity": _of("person", *_OWN, does=DELETE, why=CONTACT),
    "membership": _of("course", *_OWN, does=DELETE, why=CONTACT),
    "role_grant": _of("role", *_OWN, names=("granted_by",)),
    "web_session": _of("browser", *_OWN, does=DELETE, why=SECURITY, hides=("id_hash", "payload")),
    "guest_link": _of("link", *_OWN, does=DELETE, why=SECURITY, names=("created_by",), hides=("token_hash", "pass_hash")),
    "door_link": _of("link", *_OWN, does=DELETE, why=SECURITY, names=("created_by",), hides=("token_hash",)),
    "passkey": _of("browser", *_OWN, does=DELETE, why=SECURITY, hides=("credential_id", "public_key", "handle", "by_link")),
    "one_time_link": Held("link", ("created_by", "spent_by"), why=SECURITY),
    "registration_invite": Held("link", ("created_by",), why=SECURITY),
    "audit_event": Held("act", ("actor_id",), ("actor_id",), why=AUDIT),
    "notification": _of("notice", *_OWN, does=DELETE, why=SENDING),
    "mail": _of("mail", *_OWN, does=DELETE, why=SENDING),
    "guest_letter": Held("mail", ("asked_by",), _MAIL, DELETE, SENDING),
    "door_letter": Held("mail", ("asked_by",), _MAIL, DELETE, SENDING, hides=("address_hash",)),
    "reference_letter": Held("mail", (), _MAIL, DELETE, SENDING, hides=("salt",)),
    "mail_choice": _of("mail", *_OWN, does=DELETE, why=SENDING),
    "score_publication": _of("grade", *_OWN, does=DELETE, why=SENDING),
    "reconciliation": Held("grade", ("asked_by",), why=SENDING),
    "roster_sync": Held("course", ("asked_by",), why=SENDING),
}

_APPLYING = {
    "intake": Held("course", ("updated_by",)),
    "application": _of("application", *_OWN, does=BLANK, blanks=("answers", "declared", "asked")),
    "application_snapshot": _of("application", *_APPLICATION, does=BLANK, blanks=("body",)),
    "application_event": _of("application", *_APPLICATION, does=BLANK, names=("actor_id",), blanks=("words",)),
    "application_review": _of(
        "application", *_APPLICATION, does=BLANK, names=("reviewer_id", "assigned_by"), blanks=("marks",), hides=("marks",)
    ),
    "reference": _of(
        *("application", *_APPLICATION),
        does=BLANK,
        blanks=("name", "email", "relation", "text", "token_hash", "salt"),
        hides=("text", "supports", "token_hash", "salt"),
    ),
    "recorded_selection": _of("application", *_CANDIDACY, does=BLANK, names=("decided_by", "recorded_by"), blanks=("why",)),
}

_LEARNING = {
    "candidacy": _of("candidacy", *_OWN),
    "candidacy_move": _of("candidacy", *_CANDIDACY, does=BLANK, names=("moved_by",), blanks=("reason",)),
    "deferral_period": _of("candidacy", *_CANDIDACY),
    "enrolment_period": _of("candidacy", *_CANDIDACY),
    "participation_change": _of("candidacy", *_CANDIDACY, names=("actor_id",)),
    "withdrawal_record": _of("candidacy", *_CANDIDACY, names=("by",)),
    "check_attempt": _of("check", *_CANDIDACY),
    "check_answer": _of("check", "attempt_id>check_attempt", does=DELETE, why=PRIVATE),
    "practice_submission": _of("practice", *_CANDIDACY, does=BLANK, names=("marker_id",), blanks=("text", "feedback"), hides=("feedback",)),
    "practice_mark": _of("practice", "submission_id>practice_submission", does=BLANK, blanks=("reason",), hides=("level", "reason")),
    "recognition": _of("recognition", *_CANDIDACY, does=BLANK, names=("asked_by",), blanks=_CLAIM),
    "recognition_voice": _of(
        "recognition", "recognition_id>recognition", does=BLANK, names=("person_id",), blanks=("reason",), hides=("reason",)
    ),
    "assistance_request": _of("help", *_CANDIDACY, does=BLANK, why=PRIVATE, names=("helper_id",), blanks=("text",)),
    "assistance_contact": _of(
        "help", "request_id>assistance_request", does=BLANK, why=PRIVATE, names=("helper_id",), blanks=("outcome",), hides=("outcome",)
    ),
    "programme_draft": Held("programme", ("updated_by",)),
}

_OBSERVING = {
    "observation": _of(
        *("observation", *_CANDIDACY),
        does=BLANK,
        names=("observer_id", "consent_by", "created_by", "mentor_id"),
        blanks=("protege_label", "place", "void_reason"),
        hides=("consent_by", "void_reason"),
    ),
    "evidence_note": _of("evidence", *_OBSERVATION, does=BLANK, names=("author_id",), blanks=("text",), hides=("text",)),
    "field_device": _of("evidence", *_OBSERVATION, names=("author_id",)),
    "handing_in": _of("observation", *_OBSERVATION, does=BLANK, blanks=("account",)),
    "session_plan": _of("observation", *_OBSERVATION, does=BLANK, names=("drafted_by",), blanks=_PLAN),
    "participant": _of("present", *_OWN, does=BLANK, names=("handed_by",), blanks=("said_name",)),
    "rater": _of("rating", *_OWN, names=("assigned_by",)),
    "assessment": _of("rating", *_OBSERVATION, does=BLANK, names=("assessor_id",), blanks=("why",), hides=("why",)),
    "criterion_rating": _of("rating", "assessment_id>assessment", does=BLANK, blanks=("reason",), hides=("reason", "level")),
    "submitted_rating": _of(
        *("rating", *_OBSERVATION), does=BLANK, names=("assessor_id",), blanks=("why", "said"), hides=("why", "said", "weight_reason")
    ),
    "resolution": _of("rating", *_OBSERVATION, hides=("ratings",)),
    "calibration_attempt": _of("calibration", *_OWN),
    "observer_qualification": _of("calibration", *_OWN),
    "founding_mentor": _of("role", *_OWN, does=BLANK, names=("named_by", "signed_by"), blanks=("reason",)),
}

_GUARDING = {
    "reporting_line": _of("line", "subordinate_id", does=DELETE, why=GUARD, names=("manager_id", "said_by")),
    "line_attestation": _of("line", *_OWN, does=DELETE, why=GUARD, names=("said_by",)),
    "declared_relation": _of("relation", "one_id", does=DELETE, why=GUARD, names=("other_id", "said_by")),
    "conflict_party": _of("guarded", *_OWN, why=GUARD),
    "conflict_watch": Held("guarded", why=GUARD),
    "conflict_check": Held("guarded", ("actor_id",), why=GUARD),
    "conflict_override": Held("guarded", ("asked_by",), why=GUARD),
    "override_voice": _of("guarded", *_OWN, why=GUARD),
}

_MENTORING = {
    "mentorship": Held("pair", ("created_by",)),
    "mentorship_member": _of("pair", *_OWN, does=BLANK, blanks=("said_name",)),
    "mentor_entry": _of("entry", *_OWN, does=DELETE, why=PRIVATE, hides=("marks", "folded")),
    "mentoring_session": Held("pair", ("created_by",)),
    "outcome_measure": _of("outcome", "owner_id", does=DELETE, why=PRIVATE),
    "outcome_reading": _of("outcome", "measure_id>outcome_measure", does=DELETE, why=PRIVATE),
    "outcome_statement": _of("outcome", "measure_id>outcome_measure", does=DELETE, why=PRIVATE),
}

_TALKING = {
    "talk_key": Held("talk", why=PRIVATE),
    "own_key": _of("talk", *_OWN, does=BLANK, why=PRIVATE, blanks=("wrapped",), hides=("wrapped",)),
    "note": _of("talk", "author_id", does=DELETE, why=PRIVATE),
    "reflection": _of("talk", *_OWN, does=DELETE, why=PRIVATE),
    "agenda_item": _of("talk", "owner_id", does=DELETE, why=PRIVATE, names=("author_id",)),
    "action_step": _of("talk", *_OWN, does=DELETE, why=PRIVATE, names=("created_by",)),
    "goal": _of("talk", "owner_id", does=DELETE, why=PRIVATE),
}

_CENTRE = {
    "privacy_copy": _of("request", *_OWN, does=DELETE, why=PRIVATE, hides=("body_sealed",)),
    "erasure": _of("request", *_OWN, why=AUDIT, names=("asked_by",)),
    "tombstone": Held("request", ("person_id",), why=AUDIT),
    "legal_hold": Held("request", ("person_id",), why=AUDIT),
}

_CONCERN = {
    "confidant": _of("concern", *_OWN, names=("named_by",)),
    "concern": _of("concern", "reporter_id", does=BLANK, why=PRIVATE, names=("about_id", "confidant_id"), blanks=("words_sealed",)),
    "concern_step": _of("concern", "concern_id>concern", why=PRIVATE),
}

REGISTER: Mapping[str, Held] = MappingProxyType(
    _PEOPLE | _APPLYING | _LEARNING | _OBSERVING | _GUARDING | _MENTORING | _TALKING | _CENTRE | _CONCERN
)

NOUNS = tuple(dict.fromkeys(one.noun for one in REGISTER.values() if one.owners))
"""What a person is told by, in the order in which they are told."""


def parents(held: Held) -> Iterator[tuple[str, str]]:
    """(column, table) of each owner that is found through another table."""
    for owner in held.owners:
        column, through, table = owner.partition(">")
        if through:
            yield column, table
