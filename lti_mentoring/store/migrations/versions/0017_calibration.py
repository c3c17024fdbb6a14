# SPDX-License-Identifier: Apache-2.0
"""what raters chose for a calibration transcript"""

from alembic import op
import sqlalchemy as sa


revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('calibration_attempt',
    sa.Column('course_id', sa.String(length=32), nullable=False),
    sa.Column('person_id', sa.String(length=32), nullable=False),
    sa.Column('programme_version_id', sa.String(length=32), nullable=False),
    sa.Column('transcript_key', sa.String(length=40), nullable=False),
    sa.Column('rubric_version_id', sa.String(length=32), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('levels', sa.JSON(), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('submitted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'course_id'], ['course.org_id', 'course.id'], name=op.f('fk_calibration_attempt_org_id_course_id_course')),
    sa.ForeignKeyConstraint(['org_id', 'person_id'], ['person.org_id', 'person.id'], name=op.f('fk_calibration_attempt_org_id_person_id_person')),
    sa.ForeignKeyConstraint(['org_id', 'programme_version_id'], ['programme_version.org_id', 'programme_version.id'], name=op.f('fk_calibration_attempt_org_id_programme_version_id_programme_version')),
    sa.ForeignKeyConstraint(['org_id', 'rubric_version_id'], ['rubric_version.org_id', 'rubric_version.id'], name=op.f('fk_calibration_attempt_org_id_rubric_version_id_rubric_version')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_calibration_attempt_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_calibration_attempt')),
    sa.UniqueConstraint('org_id', 'course_id', 'person_id', 'transcript_key', 'number', name=op.f('uq_calibration_attempt_org_id_course_id_person_id_transcript_key_number'))
    )
    op.create_index('ix_calibration_attempt_person', 'calibration_attempt', ['org_id', 'person_id', 'state'])


def downgrade():
    op.drop_index('ix_calibration_attempt_person', table_name='calibration_attempt')
    op.drop_table('calibration_attempt')
