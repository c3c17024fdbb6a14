# SPDX-License-Identifier: Apache-2.0
"""practice tasks that a trainer marks; prior learning that stands for a module"""

from alembic import op
import sqlalchemy as sa


revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('practice_submission',
    sa.Column('candidacy_id', sa.String(length=32), nullable=False),
    sa.Column('course_id', sa.String(length=32), nullable=False),
    sa.Column('module_version_id', sa.String(length=32), nullable=False),
    sa.Column('module_key', sa.String(length=40), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('saved_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('handed_in_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('marker_id', sa.String(length=32), nullable=True),
    sa.Column('feedback', sa.Text(), nullable=False),
    sa.Column('marked_revision', sa.Integer(), nullable=False),
    sa.Column('returned_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'candidacy_id'], ['candidacy.org_id', 'candidacy.id'], name=op.f('fk_practice_submission_org_id_candidacy_id_candidacy')),
    sa.ForeignKeyConstraint(['org_id', 'course_id'], ['course.org_id', 'course.id'], name=op.f('fk_practice_submission_org_id_course_id_course')),
    sa.ForeignKeyConstraint(['org_id', 'module_version_id'], ['module_version.org_id', 'module_version.id'], name=op.f('fk_practice_submission_org_id_module_version_id_module_version')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_practice_submission_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_practice_submission')),
    sa.UniqueConstraint('org_id', 'candidacy_id', 'module_key', 'number', name=op.f('uq_practice_submission_org_id_candidacy_id_module_key_number'))
    )
    op.create_index('ix_practice_submission_course', 'practice_submission', ['org_id', 'course_id', 'state'])
    op.create_table('recognition',
    sa.Column('candidacy_id', sa.String(length=32), nullable=False),
    sa.Column('course_id', sa.String(length=32), nullable=False),
    sa.Column('module_key', sa.String(length=40), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('slot', sa.String(length=40), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('what', sa.Text(), nullable=False),
    sa.Column('place', sa.String(length=400), nullable=False),
    sa.Column('period', sa.String(length=200), nullable=False),
    sa.Column('evidence', sa.Text(), nullable=False),
    sa.Column('asked_by', sa.String(length=32), nullable=False),
    sa.Column('approvers', sa.Integer(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'candidacy_id'], ['candidacy.org_id', 'candidacy.id'], name=op.f('fk_recognition_org_id_candidacy_id_candidacy')),
    sa.ForeignKeyConstraint(['org_id', 'course_id'], ['course.org_id', 'course.id'], name=op.f('fk_recognition_org_id_course_id_course')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_recognition_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_recognition')),
    sa.UniqueConstraint('org_id', 'candidacy_id', 'module_key', 'number', name=op.f('uq_recognition_org_id_candidacy_id_module_key_number')),
    sa.UniqueConstraint('org_id', 'candidacy_id', 'slot', name=op.f('uq_recognition_org_id_candidacy_id_slot'))
    )
    op.create_index('ix_recognition_course', 'recognition', ['org_id', 'course_id', 'state'])
    op.create_table('practice_mark',
    sa.Column('submission_id', sa.String(length=32), nullable=False),
    sa.Column('criterion', sa.String(length=20), nullable=False),
    sa.Column('level', sa.Integer(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'submission_id'], ['practice_submission.org_id', 'practice_submission.id'], name=op.f('fk_practice_mark_org_id_submission_id_practice_submission')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_practice_mark_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_practice_mark')),
    sa.UniqueConstraint('org_id', 'submission_id', 'criterion', name=op.f('uq_practice_mark_org_id_submission_id_criterion'))
    )
    op.create_table('recognition_voice',
    sa.Column('recognition_id', sa.String(length=32), nullable=False),
    sa.Column('person_id', sa.String(length=32), nullable=False),
    sa.Column('verb', sa.String(length=20), nullable=False),
    sa.Column('leads', sa.Boolean(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('said_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'person_id'], ['person.org_id', 'person.id'], name=op.f('fk_recognition_voice_org_id_person_id_person')),
    sa.ForeignKeyConstraint(['org_id', 'recognition_id'], ['recognition.org_id', 'recognition.id'], name=op.f('fk_recognition_voice_org_id_recognition_id_recognition')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_recognition_voice_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_recognition_voice')),
    sa.UniqueConstraint('org_id', 'recognition_id', 'person_id', 'verb', name=op.f('uq_recognition_voice_org_id_recognition_id_person_id_verb'))
    )


def downgrade():
    op.drop_table('recognition_voice')
    op.drop_table('practice_mark')
    op.drop_index('ix_recognition_course', table_name='recognition')
    op.drop_table('recognition')
    op.drop_index('ix_practice_submission_course', table_name='practice_submission')
    op.drop_table('practice_submission')
