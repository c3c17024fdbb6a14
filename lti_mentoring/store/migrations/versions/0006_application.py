# SPDX-License-Identifier: Apache-2.0
"""applications, reviews, references, and reporting lines"""

from alembic import op
import sqlalchemy as sa
import lti_mentoring.store.base


revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('application',
    sa.Column('course_id', sa.String(length=32), nullable=False),
    sa.Column('person_id', sa.String(length=32), nullable=False),
    sa.Column('slot', sa.String(length=32), nullable=False),
    sa.Column('programme_version_id', sa.String(length=32), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('answers', sa.JSON(), nullable=False),
    sa.Column('declared', sa.JSON(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('saved_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('submitted_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True),
    sa.Column('declined_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True),
    sa.Column('offer_until', sa.Date(), nullable=True),
    sa.Column('asked', sa.Text(), nullable=False),
    sa.Column('created_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'course_id'], ['course.org_id', 'course.id'], name=op.f('fk_application_org_id_course_id_course')),
    sa.ForeignKeyConstraint(['org_id', 'person_id'], ['person.org_id', 'person.id'], name=op.f('fk_application_org_id_person_id_person')),
    sa.ForeignKeyConstraint(['org_id', 'programme_version_id'], ['programme_version.org_id', 'programme_version.id'], name=op.f('fk_application_org_id_programme_version_id_programme_version')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_application_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_application')),
    sa.UniqueConstraint('org_id', 'course_id', 'slot', name=op.f('uq_application_org_id_course_id_slot'))
    )
    with op.batch_alter_table('application', schema=None) as batch_op:
        batch_op.create_index('ix_application_course', ['org_id', 'course_id', 'state'], unique=False)
        batch_op.create_index('ix_application_person', ['org_id', 'person_id'], unique=False)

    op.create_table('intake',
    sa.Column('course_id', sa.String(length=32), nullable=False),
    sa.Column('mode', sa.String(length=20), nullable=False),
    sa.Column('programme_version_id', sa.String(length=32), nullable=True),
    sa.Column('places', sa.Integer(), nullable=True),
    sa.Column('given', sa.Integer(), nullable=False),
    sa.Column('opens_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True),
    sa.Column('closes_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True),
    sa.Column('updated_by', sa.String(length=32), nullable=False),
    sa.Column('updated_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'course_id'], ['course.org_id', 'course.id'], name=op.f('fk_intake_org_id_course_id_course')),
    sa.ForeignKeyConstraint(['org_id', 'programme_version_id'], ['programme_version.org_id', 'programme_version.id'], name=op.f('fk_intake_org_id_programme_version_id_programme_version')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_intake_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_intake')),
    sa.UniqueConstraint('org_id', 'course_id', name=op.f('uq_intake_org_id_course_id'))
    )
    op.create_table('line_attestation',
    sa.Column('person_id', sa.String(length=32), nullable=False),
    sa.Column('attested_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'person_id'], ['person.org_id', 'person.id'], name=op.f('fk_line_attestation_org_id_person_id_person')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_line_attestation_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_line_attestation')),
    sa.UniqueConstraint('org_id', 'person_id', name=op.f('uq_line_attestation_org_id_person_id'))
    )
    op.create_table('reporting_line',
    sa.Column('subordinate_id', sa.String(length=32), nullable=False),
    sa.Column('manager_id', sa.String(length=32), nullable=True),
    sa.Column('manager_name', sa.String(length=200), nullable=False),
    sa.Column('manager_email', sa.String(length=400), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('started_on', sa.Date(), nullable=False),
    sa.Column('ended_on', sa.Date(), nullable=True),
    sa.Column('source', sa.String(length=20), nullable=False),
    sa.Column('said_by', sa.String(length=32), nullable=False),
    sa.Column('said_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'manager_id'], ['person.org_id', 'person.id'], name=op.f('fk_reporting_line_org_id_manager_id_person')),
    sa.ForeignKeyConstraint(['org_id', 'subordinate_id'], ['person.org_id', 'person.id'], name=op.f('fk_reporting_line_org_id_subordinate_id_person')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_reporting_line_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_reporting_line'))
    )
    with op.batch_alter_table('reporting_line', schema=None) as batch_op:
        batch_op.create_index('ix_reporting_line_email', ['org_id', 'manager_email'], unique=False)
        batch_op.create_index('ix_reporting_line_manager', ['org_id', 'manager_id'], unique=False)
        batch_op.create_index('ix_reporting_line_subordinate', ['org_id', 'subordinate_id'], unique=False)

    op.create_table('application_event',
    sa.Column('application_id', sa.String(length=32), nullable=False),
    sa.Column('verb', sa.String(length=40), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('actor_id', sa.String(length=32), nullable=False),
    sa.Column('reason', sa.String(length=40), nullable=False),
    sa.Column('words', sa.Text(), nullable=False),
    sa.Column('at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'application_id'], ['application.org_id', 'application.id'], name=op.f('fk_application_event_org_id_application_id_application')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_application_event_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_application_event'))
    )
    with op.batch_alter_table('application_event', schema=None) as batch_op:
        batch_op.create_index('ix_application_event', ['org_id', 'application_id', 'at'], unique=False)

    op.create_table('application_review',
    sa.Column('application_id', sa.String(length=32), nullable=False),
    sa.Column('reviewer_id', sa.String(length=32), nullable=False),
    sa.Column('rubric_version_id', sa.String(length=32), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('marks', sa.JSON(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('assigned_by', sa.String(length=32), nullable=False),
    sa.Column('assigned_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('submitted_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'application_id'], ['application.org_id', 'application.id'], name=op.f('fk_application_review_org_id_application_id_application')),
    sa.ForeignKeyConstraint(['org_id', 'reviewer_id'], ['person.org_id', 'person.id'], name=op.f('fk_application_review_org_id_reviewer_id_person')),
    sa.ForeignKeyConstraint(['org_id', 'rubric_version_id'], ['rubric_version.org_id', 'rubric_version.id'], name=op.f('fk_application_review_org_id_rubric_version_id_rubric_version')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_application_review_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_application_review')),
    sa.UniqueConstraint('org_id', 'application_id', 'reviewer_id', name=op.f('uq_application_review_org_id_application_id_reviewer_id'))
    )
    with op.batch_alter_table('application_review', schema=None) as batch_op:
        batch_op.create_index('ix_application_review_reviewer', ['org_id', 'reviewer_id', 'state'], unique=False)

    op.create_table('application_snapshot',
    sa.Column('application_id', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('content_hash', sa.String(length=64), nullable=False),
    sa.Column('body', sa.JSON(), nullable=False),
    sa.Column('at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'application_id'], ['application.org_id', 'application.id'], name=op.f('fk_application_snapshot_org_id_application_id_application')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_application_snapshot_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_application_snapshot'))
    )
    with op.batch_alter_table('application_snapshot', schema=None) as batch_op:
        batch_op.create_index('ix_application_snapshot', ['org_id', 'application_id'], unique=False)

    op.create_table('recorded_selection',
    sa.Column('course_id', sa.String(length=32), nullable=False),
    sa.Column('candidacy_id', sa.String(length=32), nullable=False),
    sa.Column('decided_by', sa.String(length=300), nullable=False),
    sa.Column('decided_on', sa.Date(), nullable=False),
    sa.Column('why', sa.String(length=1000), nullable=False),
    sa.Column('recorded_by', sa.String(length=32), nullable=False),
    sa.Column('at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'candidacy_id'], ['candidacy.org_id', 'candidacy.id'], name=op.f('fk_recorded_selection_org_id_candidacy_id_candidacy')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_recorded_selection_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_recorded_selection')),
    sa.UniqueConstraint('org_id', 'candidacy_id', name=op.f('uq_recorded_selection_org_id_candidacy_id'))
    )
    with op.batch_alter_table('recorded_selection', schema=None) as batch_op:
        batch_op.create_index('ix_recorded_selection_course', ['org_id', 'course_id'], unique=False)

    op.create_table('reference',
    sa.Column('application_id', sa.String(length=32), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('email', sa.String(length=400), nullable=False),
    sa.Column('relation', sa.String(length=300), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=True),
    sa.Column('expires_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True),
    sa.Column('supports', sa.String(length=20), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('answered_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'application_id'], ['application.org_id', 'application.id'], name=op.f('fk_reference_org_id_application_id_application')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_reference_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_reference')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_reference_token_hash'))
    )
    with op.batch_alter_table('reference', schema=None) as batch_op:
        batch_op.create_index('ix_reference_application', ['org_id', 'application_id'], unique=False)

    with op.batch_alter_table('programme_version', schema=None) as batch_op:
        batch_op.add_column(sa.Column('derived_from', sa.String(length=32), nullable=True))


def downgrade():
    with op.batch_alter_table('programme_version', schema=None) as batch_op:
        batch_op.drop_column('derived_from')

    with op.batch_alter_table('reference', schema=None) as batch_op:
        batch_op.drop_index('ix_reference_application')

    op.drop_table('reference')
    with op.batch_alter_table('recorded_selection', schema=None) as batch_op:
        batch_op.drop_index('ix_recorded_selection_course')

    op.drop_table('recorded_selection')
    with op.batch_alter_table('application_snapshot', schema=None) as batch_op:
        batch_op.drop_index('ix_application_snapshot')

    op.drop_table('application_snapshot')
    with op.batch_alter_table('application_review', schema=None) as batch_op:
        batch_op.drop_index('ix_application_review_reviewer')

    op.drop_table('application_review')
    with op.batch_alter_table('application_event', schema=None) as batch_op:
        batch_op.drop_index('ix_application_event')

    op.drop_table('application_event')
    with op.batch_alter_table('reporting_line', schema=None) as batch_op:
        batch_op.drop_index('ix_reporting_line_subordinate')
        batch_op.drop_index('ix_reporting_line_manager')
        batch_op.drop_index('ix_reporting_line_email')

    op.drop_table('reporting_line')
    op.drop_table('line_attestation')
    op.drop_table('intake')
    with op.batch_alter_table('application', schema=None) as batch_op:
        batch_op.drop_index('ix_application_person')
        batch_op.drop_index('ix_application_course')

    op.drop_table('application')
