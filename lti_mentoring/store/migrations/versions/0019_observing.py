# SPDX-License-Identifier: Apache-2.0
"""ratings as submitted and what they make together, pairs and sessions, the field, qualification"""

import hashlib
import json
import uuid

from alembic import op
import sqlalchemy as sa
import lti_mentoring.store.base


revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None


def upgrade():

    op.create_table('guest_link',
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('course_id', sa.String(length=32), nullable=False),
    sa.Column('person_id', sa.String(length=32), nullable=False),
    sa.Column('purpose', sa.String(length=20), nullable=False),
    sa.Column('about_id', sa.String(length=32), nullable=False),
    sa.Column('created_by', sa.String(length=40), nullable=False),
    sa.Column('created_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('expires_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('spent_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True),
    sa.Column('revoked_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True),
    sa.Column('pass_hash', sa.String(length=64), nullable=True),
    sa.Column('pass_expires_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_guest_link_org_id_organisation')),
    sa.PrimaryKeyConstraint('token_hash', name=op.f('pk_guest_link')),
    sa.UniqueConstraint('pass_hash', name=op.f('uq_guest_link_pass_hash'))
    )

    with op.batch_alter_table('guest_link', schema=None) as batch_op:
        batch_op.create_index('ix_guest_link_about', ['org_id', 'about_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_guest_link_org_id'), ['org_id'], unique=False)

    op.create_table('draw_seed',
    sa.Column('course_id', sa.String(length=32), nullable=False),
    sa.Column('seed', sa.String(length=64), nullable=False),
    sa.Column('made_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'course_id'], ['course.org_id', 'course.id'], name=op.f('fk_draw_seed_org_id_course_id_course')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_draw_seed_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_draw_seed')),
    sa.UniqueConstraint('org_id', 'course_id', name=op.f('uq_draw_seed_org_id_course_id'))
    )

    op.create_table('founding_mentor',
    sa.Column('course_id', sa.String(length=32), nullable=False),
    sa.Column('person_id', sa.String(length=32), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('named_by', sa.String(length=32), nullable=False),
    sa.Column('named_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('signed_by', sa.String(length=32), nullable=True),
    sa.Column('signed_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True),
    sa.Column('ended_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'course_id'], ['course.org_id', 'course.id'], name=op.f('fk_founding_mentor_org_id_course_id_course')),
    sa.ForeignKeyConstraint(['org_id', 'person_id'], ['person.org_id', 'person.id'], name=op.f('fk_founding_mentor_org_id_person_id_person')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_founding_mentor_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_founding_mentor')),
    sa.UniqueConstraint('org_id', 'course_id', 'person_id', name=op.f('uq_founding_mentor_org_id_course_id_person_id'))
    )

    op.create_table('mentorship',
    sa.Column('course_id', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('label', sa.String(length=120), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('started_on', sa.Date(), nullable=False),
    sa.Column('ended_on', sa.Date(), nullable=True),
    sa.Column('created_by', sa.String(length=32), nullable=False),
    sa.Column('created_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'course_id'], ['course.org_id', 'course.id'], name=op.f('fk_mentorship_org_id_course_id_course')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_mentorship_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_mentorship'))
    )

    with op.batch_alter_table('mentorship', schema=None) as batch_op:
        batch_op.create_index('ix_mentorship_course', ['org_id', 'course_id', 'state'], unique=False)

    op.create_table('observer_qualification',
    sa.Column('course_id', sa.String(length=32), nullable=False),
    sa.Column('person_id', sa.String(length=32), nullable=False),
    sa.Column('rubric', sa.String(length=40), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('basis', sa.String(length=20), nullable=False),
    sa.Column('starts_on', sa.Date(), nullable=False),
    sa.Column('ends_on', sa.Date(), nullable=False),
    sa.Column('suspended_on', sa.Date(), nullable=True),
    sa.Column('begun_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('since_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True),
    sa.Column('warned_on', sa.Date(), nullable=True),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'course_id'], ['course.org_id', 'course.id'], name=op.f('fk_observer_qualification_org_id_course_id_course')),
    sa.ForeignKeyConstraint(['org_id', 'person_id'], ['person.org_id', 'person.id'], name=op.f('fk_observer_qualification_org_id_person_id_person')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_observer_qualification_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_observer_qualification')),
    sa.UniqueConstraint('org_id', 'course_id', 'person_id', 'rubric', 'number', name=op.f('uq_observer_qualification_org_id_course_id_person_id_rubric_number'))
    )

    with op.batch_alter_table('observer_qualification', schema=None) as batch_op:
        batch_op.create_index('ix_observer_qualification_due', ['state', 'ends_on'], unique=False)

    op.create_table('mentoring_session',
    sa.Column('mentorship_id', sa.String(length=32), nullable=False),
    sa.Column('starts_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('minutes', sa.Integer(), nullable=False),
    sa.Column('mode', sa.String(length=20), nullable=False),
    sa.Column('place', sa.String(length=200), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('sequence', sa.Integer(), nullable=False),
    sa.Column('created_by', sa.String(length=32), nullable=False),
    sa.Column('created_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'mentorship_id'], ['mentorship.org_id', 'mentorship.id'], name=op.f('fk_mentoring_session_org_id_mentorship_id_mentorship')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_mentoring_session_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_mentoring_session'))
    )

    with op.batch_alter_table('mentoring_session', schema=None) as batch_op:
        batch_op.create_index('ix_mentoring_session_mentorship', ['org_id', 'mentorship_id', 'starts_at'], unique=False)

    op.create_table('mentorship_member',
    sa.Column('mentorship_id', sa.String(length=32), nullable=False),
    sa.Column('person_id', sa.String(length=32), nullable=False),
    sa.Column('role', sa.String(length=20), nullable=False),
    sa.Column('started_on', sa.Date(), nullable=False),
    sa.Column('ended_on', sa.Date(), nullable=True),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'mentorship_id'], ['mentorship.org_id', 'mentorship.id'], name=op.f('fk_mentorship_member_org_id_mentorship_id_mentorship')),
    sa.ForeignKeyConstraint(['org_id', 'person_id'], ['person.org_id', 'person.id'], name=op.f('fk_mentorship_member_org_id_person_id_person')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_mentorship_member_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_mentorship_member')),
    sa.UniqueConstraint('org_id', 'mentorship_id', 'person_id', 'role', name=op.f('uq_mentorship_member_org_id_mentorship_id_person_id_role'))
    )

    with op.batch_alter_table('mentorship_member', schema=None) as batch_op:
        batch_op.create_index('ix_mentorship_member_person', ['org_id', 'person_id'], unique=False)

    op.create_table('field_device',
    sa.Column('observation_id', sa.String(length=32), nullable=False),
    sa.Column('author_id', sa.String(length=32), nullable=False),
    sa.Column('device', sa.String(length=32), nullable=False),
    sa.Column('counts', sa.JSON(), nullable=False),
    sa.Column('started_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True),
    sa.Column('ended_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True),
    sa.Column('pauses', sa.JSON(), nullable=False),
    sa.Column('seen_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'author_id'], ['person.org_id', 'person.id'], name=op.f('fk_field_device_org_id_author_id_person')),
    sa.ForeignKeyConstraint(['org_id', 'observation_id'], ['observation.org_id', 'observation.id'], name=op.f('fk_field_device_org_id_observation_id_observation')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_field_device_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_field_device')),
    sa.UniqueConstraint('org_id', 'observation_id', 'author_id', 'device', name=op.f('uq_field_device_org_id_observation_id_author_id_device'))
    )

    op.create_table('participant',
    sa.Column('observation_id', sa.String(length=32), nullable=False),
    sa.Column('person_id', sa.String(length=32), nullable=False),
    sa.Column('role', sa.String(length=20), nullable=False),
    sa.Column('consent', sa.String(length=20), nullable=False),
    sa.Column('answered_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True),
    sa.Column('read_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'observation_id'], ['observation.org_id', 'observation.id'], name=op.f('fk_participant_org_id_observation_id_observation')),
    sa.ForeignKeyConstraint(['org_id', 'person_id'], ['person.org_id', 'person.id'], name=op.f('fk_participant_org_id_person_id_person')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_participant_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_participant')),
    sa.UniqueConstraint('org_id', 'observation_id', 'person_id', name=op.f('uq_participant_org_id_observation_id_person_id'))
    )

    op.create_table('rater',
    sa.Column('observation_id', sa.String(length=32), nullable=False),
    sa.Column('person_id', sa.String(length=32), nullable=False),
    sa.Column('purpose', sa.String(length=20), nullable=False),
    sa.Column('from_notes', sa.Boolean(), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=True),
    sa.Column('assigned_by', sa.String(length=40), nullable=False),
    sa.Column('assigned_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'observation_id'], ['observation.org_id', 'observation.id'], name=op.f('fk_rater_org_id_observation_id_observation')),
    sa.ForeignKeyConstraint(['org_id', 'person_id'], ['person.org_id', 'person.id'], name=op.f('fk_rater_org_id_person_id_person')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_rater_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_rater')),
    sa.UniqueConstraint('org_id', 'observation_id', 'person_id', name=op.f('uq_rater_org_id_observation_id_person_id'))
    )

    with op.batch_alter_table('rater', schema=None) as batch_op:
        batch_op.create_index('ix_rater_person', ['org_id', 'person_id', 'state'], unique=False)

    op.create_table('resolution',
    sa.Column('observation_id', sa.String(length=32), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('method', sa.String(length=20), nullable=False),
    sa.Column('ratings', sa.JSON(), nullable=False),
    sa.Column('inputs_hash', sa.String(length=64), nullable=False),
    sa.Column('resolved_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'observation_id'], ['observation.org_id', 'observation.id'], name=op.f('fk_resolution_org_id_observation_id_observation')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_resolution_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_resolution')),
    sa.UniqueConstraint('org_id', 'observation_id', 'number', name=op.f('uq_resolution_org_id_observation_id_number'))
    )

    op.create_table('session_plan',
    sa.Column('observation_id', sa.String(length=32), nullable=False),
    sa.Column('purpose', sa.Text(), nullable=False),
    sa.Column('opening', sa.Text(), nullable=False),
    sa.Column('roles', sa.Text(), nullable=False),
    sa.Column('closing', sa.Text(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('drafted_by', sa.String(length=32), nullable=False),
    sa.Column('candidate_agreed', sa.Integer(), nullable=True),
    sa.Column('mentor_agreed', sa.Integer(), nullable=True),
    sa.Column('agreed_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'observation_id'], ['observation.org_id', 'observation.id'], name=op.f('fk_session_plan_org_id_observation_id_observation')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_session_plan_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_session_plan')),
    sa.UniqueConstraint('org_id', 'observation_id', name=op.f('uq_session_plan_org_id_observation_id'))
    )

    op.create_table('submitted_rating',
    sa.Column('observation_id', sa.String(length=32), nullable=False),
    sa.Column('assessor_id', sa.String(length=32), nullable=False),
    sa.Column('rubric_version_id', sa.String(length=32), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('purpose', sa.String(length=20), nullable=False),
    sa.Column('from_notes', sa.Boolean(), nullable=False),
    sa.Column('said', sa.JSON(), nullable=False),
    sa.Column('weight', sa.String(length=20), nullable=False),
    sa.Column('weight_reason', sa.String(length=40), nullable=False),
    sa.Column('why', sa.Text(), nullable=False),
    sa.Column('submitted_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'assessor_id'], ['person.org_id', 'person.id'], name=op.f('fk_submitted_rating_org_id_assessor_id_person')),
    sa.ForeignKeyConstraint(['org_id', 'observation_id'], ['observation.org_id', 'observation.id'], name=op.f('fk_submitted_rating_org_id_observation_id_observation')),
    sa.ForeignKeyConstraint(['org_id', 'rubric_version_id'], ['rubric_version.org_id', 'rubric_version.id'], name=op.f('fk_submitted_rating_org_id_rubric_version_id_rubric_version')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_submitted_rating_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_submitted_rating')),
    sa.UniqueConstraint('org_id', 'observation_id', 'assessor_id', 'number', name=op.f('uq_submitted_rating_org_id_observation_id_assessor_id_number'))
    )

    with op.batch_alter_table('submitted_rating', schema=None) as batch_op:
        batch_op.create_index('ix_submitted_rating_assessor', ['org_id', 'assessor_id', 'submitted_at'], unique=False)

    op.create_table('resolved_level',
    sa.Column('resolution_id', sa.String(length=32), nullable=False),
    sa.Column('criterion', sa.String(length=20), nullable=False),
    sa.Column('numerator', sa.Integer(), nullable=True),
    sa.Column('denominator', sa.Integer(), nullable=False),
    sa.Column('how', sa.String(length=20), nullable=False),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'resolution_id'], ['resolution.org_id', 'resolution.id'], name=op.f('fk_resolved_level_org_id_resolution_id_resolution')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_resolved_level_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_resolved_level')),
    sa.UniqueConstraint('org_id', 'resolution_id', 'criterion', name=op.f('uq_resolved_level_org_id_resolution_id_criterion'))
    )

    with op.batch_alter_table('evidence_note', schema=None) as batch_op:
        batch_op.add_column(sa.Column('received_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('at_second', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('tag', sa.String(length=40), server_default='', nullable=False))
        batch_op.add_column(sa.Column('struck_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True))

    with op.batch_alter_table('assessment', schema=None) as batch_op:
        batch_op.add_column(sa.Column('why', sa.Text(), server_default='', nullable=False))

    with op.batch_alter_table('observation', schema=None) as batch_op:
        batch_op.add_column(sa.Column('session_id', sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column('mentor_id', sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column('rated_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('second_reasons', sa.String(length=200), server_default='', nullable=False))
        batch_op.add_column(sa.Column('focus', sa.JSON(), server_default='[]', nullable=False))
        batch_op.add_column(sa.Column('resolution_id', sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column('voided_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('void_reason', sa.String(length=40), server_default='', nullable=False))
    _resolve_what_was_released()


def _resolve_what_was_released():
    """What was released before had one rating, which is its resolution."""
    connection = op.get_bind()
    kinds = {"org_id": sa.String, "id": sa.String, "said": sa.JSON, "ratings": sa.JSON, "note_ids": sa.JSON}
    times = ("released_at", "submitted_at", "resolved_at", "rated_at")

    def table(name, *columns):
        utc = lti_mentoring.store.base.UtcDateTime
        return sa.table(name, *(sa.column(one, utc() if one in times else kinds.get(one, sa.String)()) for one in columns))

    observation = table("observation", "org_id", "id", "observer_id", "rubric_version_id", "state", "released_at", "rated_at", "resolution_id")
    sheet = table("assessment", "org_id", "id", "observation_id", "assessor_id", "state")
    level = table("criterion_rating", "org_id", "assessment_id", "criterion", "level", "not_observed", "reason", "note_ids")
    level.c.level.type, level.c.not_observed.type = sa.Integer(), sa.Boolean()
    columns = ("org_id", "id", "observation_id", "assessor_id", "rubric_version_id", "number", "purpose", "from_notes", "said", "weight")
    submitted = table("submitted_rating", *columns, "weight_reason", "why", "submitted_at")
    submitted.c.number.type, submitted.c.from_notes.type = sa.Integer(), sa.Boolean()
    resolution = table("resolution", "org_id", "id", "observation_id", "number", "method", "ratings", "inputs_hash", "resolved_at")
    resolution.c.number.type = sa.Integer()
    resolved = table("resolved_level", "org_id", "id", "resolution_id", "criterion", "numerator", "denominator", "how")
    resolved.c.numerator.type = resolved.c.denominator.type = sa.Integer()

    query = sa.select(observation.c.org_id, observation.c.id, observation.c.observer_id, observation.c.rubric_version_id, observation.c.released_at, sheet.c.id)
    joined = sa.and_(sheet.c.org_id == observation.c.org_id, sheet.c.observation_id == observation.c.id, sheet.c.assessor_id == observation.c.observer_id)
    for org_id, observation_id, observer_id, rubric, at, sheet_id in connection.execute(query.join(sheet, joined).where(observation.c.state == "released")).all():
        rows = connection.execute(sa.select(level).where(level.c.org_id == org_id, level.c.assessment_id == sheet_id).order_by(level.c.criterion)).all()
        said = {row.criterion: {"level": None if row.not_observed else row.level, "reason": row.reason, "notes": sorted(row.note_ids or [])} for row in rows}
        rating_id, resolution_id = uuid.uuid4().hex, uuid.uuid4().hex
        told = {"org_id": org_id, "id": rating_id, "observation_id": observation_id, "assessor_id": observer_id, "rubric_version_id": rubric, "number": 1}
        told |= {"purpose": "first", "from_notes": False, "said": said, "weight": "counts", "weight_reason": "", "why": "", "submitted_at": at}
        connection.execute(submitted.insert().values(told))
        wordless = {criterion: {**one, "reason": ""} for criterion, one in said.items()}
        digest = hashlib.sha256(json.dumps([wordless], sort_keys=True, separators=(",", ":")).encode()).hexdigest()
        made = {"org_id": org_id, "id": resolution_id, "observation_id": observation_id, "number": 1, "method": "single", "ratings": [rating_id]}
        connection.execute(resolution.insert().values(made | {"inputs_hash": digest, "resolved_at": at}))
        for criterion, one in said.items():
            how = "unobserved" if one["level"] is None else "single"
            value = {"org_id": org_id, "id": uuid.uuid4().hex, "resolution_id": resolution_id, "criterion": criterion}
            connection.execute(resolved.insert().values(value | {"numerator": one["level"], "denominator": 1, "how": how}))
        own = (observation.c.org_id == org_id, observation.c.id == observation_id)
        connection.execute(observation.update().where(*own).values(resolution_id=resolution_id, rated_at=at))


def downgrade():
    with op.batch_alter_table('observation', schema=None) as batch_op:
        batch_op.drop_column('void_reason')
        batch_op.drop_column('voided_at')
        batch_op.drop_column('resolution_id')
        batch_op.drop_column('focus')
        batch_op.drop_column('second_reasons')
        batch_op.drop_column('rated_at')
        batch_op.drop_column('mentor_id')
        batch_op.drop_column('session_id')
    with op.batch_alter_table('assessment', schema=None) as batch_op:
        batch_op.drop_column('why')
    with op.batch_alter_table('evidence_note', schema=None) as batch_op:
        batch_op.drop_column('struck_at')
        batch_op.drop_column('tag')
        batch_op.drop_column('at_second')
        batch_op.drop_column('received_at')
    op.drop_table('resolved_level')
    with op.batch_alter_table('submitted_rating', schema=None) as batch_op:
        batch_op.drop_index('ix_submitted_rating_assessor')
    op.drop_table('submitted_rating')
    op.drop_table('session_plan')
    op.drop_table('resolution')
    with op.batch_alter_table('rater', schema=None) as batch_op:
        batch_op.drop_index('ix_rater_person')
    op.drop_table('rater')
    op.drop_table('participant')
    op.drop_table('field_device')
    with op.batch_alter_table('mentorship_member', schema=None) as batch_op:
        batch_op.drop_index('ix_mentorship_member_person')
    op.drop_table('mentorship_member')
    with op.batch_alter_table('mentoring_session', schema=None) as batch_op:
        batch_op.drop_index('ix_mentoring_session_mentorship')
    op.drop_table('mentoring_session')
    with op.batch_alter_table('observer_qualification', schema=None) as batch_op:
        batch_op.drop_index('ix_observer_qualification_due')
    op.drop_table('observer_qualification')
    with op.batch_alter_table('mentorship', schema=None) as batch_op:
        batch_op.drop_index('ix_mentorship_course')
    op.drop_table('mentorship')
    op.drop_table('founding_mentor')
    op.drop_table('draw_seed')
    with op.batch_alter_table('guest_link', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_guest_link_org_id'))
        batch_op.drop_index('ix_guest_link_about')
    op.drop_table('guest_link')
