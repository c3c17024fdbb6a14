# SPDX-License-Identifier: Apache-2.0
"""What comes in about observations: the same shapes from a form and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load, validate, validates_schema

from lti_mentoring.domain.mentorship import IN_PERSON, LEAST_MINUTES, MODES, MOST_MINUTES
from lti_mentoring.domain.observation import LEVELS, Rating
from lti_mentoring.domain.programme import INDEPENDENT, KINDS
from lti_mentoring.services.noting import LONGEST_NOTE
from lti_mentoring.services.observation import Note
from lti_mentoring.services.occasion import Asked
from lti_mentoring.services.rating import LONGEST_REASON
from lti_mentoring.web.when import FARTHEST, SOME_DAY, when

MOST_NOTES = 400



class Hex(fields.UUID):
    """A UUID with or without dashes, as our 32 hex digits."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        return super()._deserialize(value, attr, data, **kwargs).hex


class PlanForm(Schema):
    """An observation to plan. ``plan`` is the form's own id, so that sending it twice plans once. ``occasion`` is a session ("session:"
    and its id), a pair that shall meet ("pair:" and its id), or empty: a plain day."""

    class Meta:
        unknown = EXCLUDE

    plan = Hex(required=True)
    candidate = fields.String(required=True, validate=validate.Length(min=1, max=32))
    observer = fields.String(required=True, validate=validate.Length(min=1, max=32))
    kind = fields.String(load_default=INDEPENDENT, validate=validate.OneOf(KINDS))
    exception = fields.Boolean(load_default=False)
    mentor = fields.String(load_default="", validate=validate.Length(max=32))
    occasion = fields.String(load_default="", validate=validate.Regexp(r"(session|pair):[0-9a-f]{1,32}\Z|\Z"))
    planned_for = fields.Date(load_default=None, validate=SOME_DAY)
    time = fields.Time(load_default=None)
    offset = fields.Integer(load_default=0, validate=validate.Range(-FARTHEST, FARTHEST))
    minutes = fields.Integer(load_default=60, validate=validate.Range(LEAST_MINUTES, MOST_MINUTES))
    mode = fields.String(load_default=IN_PERSON, validate=validate.OneOf(MODES))
    protege = fields.String(load_default="", validate=validate.Length(max=120))
    place = fields.String(load_default="", validate=validate.Length(max=200))

    @validates_schema
    def says_when(self, data: dict[str, Any], **kwargs: Any) -> None:
        """A session that is there says when it is; a new one needs a day and a time, and a plain day the day."""
        what = data.get("occasion", "").partition(":")[0]
        if what != "session" and data.get("planned_for") is None:
            raise ValidationError("day_missing", "planned_for")
        if what == "pair" and data.get("time") is None:
            raise ValidationError("time_missing", "time")


def asked(form: dict[str, Any]) -> Asked:
    """The session that a ``PlanForm`` asks for."""
    what, _, which = form["occasion"].partition(":")
    if what == "pair":
        told = when({**form, "day": form["planned_for"]})
        return Asked(mentorship_id=which, when=told, new_id=form["plan"], mentor_id=form["mentor"])
    return Asked(session_id=which, mentor_id=form["mentor"])


class NoteForm(Schema):
    """A line of evidence with the client's own id."""

    class Meta:
        unknown = EXCLUDE

    id = Hex(required=True)
    text = fields.String(required=True, validate=validate.Length(min=1, max=LONGEST_NOTE))

    @post_load
    def made(self, data: dict[str, Any], **kwargs: Any) -> Note:
        """-> Note"""
        return Note(**data)


class RatingForm(Schema):
    """What is said of one criterion: a level, or not observed with its reason, or nothing yet; and the notes behind it."""

    class Meta:
        unknown = EXCLUDE

    criterion = fields.String(required=True, validate=validate.Length(min=1, max=20))
    level = fields.Integer(load_default=None, allow_none=True, validate=validate.OneOf(LEVELS))
    not_observed = fields.Boolean(load_default=False)
    reason = fields.String(load_default="", validate=validate.Length(max=LONGEST_REASON))
    notes = fields.List(Hex(), load_default=list, validate=validate.Length(max=MOST_NOTES))

    @post_load
    def made(self, data: dict[str, Any], **kwargs: Any) -> Rating:
        """-> Rating"""
        return Rating(data["criterion"], data["level"], data["not_observed"], data["reason"], tuple(data["notes"]))


class DraftForm(Schema):
    """What a sheet says, and the revision that its page was made from."""

    class Meta:
        unknown = EXCLUDE

    revision = fields.Integer(required=True, validate=validate.Range(min=0))
    ratings = fields.List(fields.Nested(RatingForm), load_default=list, validate=validate.Length(max=60))
    note = fields.Nested(NoteForm, load_default=None, allow_none=True)
    consent = fields.Boolean(load_default=None, allow_none=True)


class CorrectionForm(Schema):
    """Why a rating that was submitted is taken up again."""

    class Meta:
        unknown = EXCLUDE

    why = fields.String(load_default="", validate=validate.Length(max=4 * LONGEST_REASON))


class VoidForm(Schema):
    """Why an observation is set aside."""

    class Meta:
        unknown = EXCLUDE

    reason = fields.String(load_default="", validate=validate.Length(max=40))


class ReleaseForm(Schema):
    """The revision that the observer has read and confirms, and how long the session lasted, where that is asked."""

    class Meta:
        unknown = EXCLUDE

    revision = fields.Integer(required=True, validate=validate.Range(min=0))
    minutes = fields.Integer(load_default=None)
