# SPDX-License-Identifier: Apache-2.0
"""something I said got out"""

from alembic import op
import sqlalchemy as sa

revision = '0034'
down_revision = '0033'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        'confidant',
        sa.Column('course_id', sa.String(length=32), nullable=False),
        sa.Column('person_id', sa.String(length=32), nullable=False),
        sa.Column('named_by', sa.String(length=32), nullable=False),
        sa.Column('named_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('agreed_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('org_id', sa.String(length=32), nullable=False),
        sa.Column('id', sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(['org_id', 'course_id'], ['course.org_id', 'course.id'], name=op.f('fk_confidant_org_id_course_id_course')),
        sa.ForeignKeyConstraint(['org_id', 'person_id'], ['person.org_id', 'person.id'], name=op.f('fk_confidant_org_id_person_id_person')),
        sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_confidant_org_id_organisation')),
        sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_confidant')),
        sa.UniqueConstraint('org_id', 'course_id', 'person_id', name=op.f('uq_confidant_org_id_course_id_person_id')),
    )
    op.create_table(
        'concern',
        sa.Column('course_id', sa.String(length=32), nullable=False),
        sa.Column('reporter_id', sa.String(length=32), nullable=False),
        sa.Column('about_id', sa.String(length=32), nullable=False),
        sa.Column('confidant_id', sa.String(length=32), nullable=False),
        sa.Column('state', sa.String(length=30), nullable=False),
        sa.Column('words_sealed', sa.Text(), nullable=False),
        sa.Column('may_tell', sa.Boolean(), nullable=False),
        sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('org_id', sa.String(length=32), nullable=False),
        sa.Column('id', sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(['org_id', 'course_id'], ['course.org_id', 'course.id'], name=op.f('fk_concern_org_id_course_id_course')),
        sa.ForeignKeyConstraint(['org_id', 'reporter_id'], ['person.org_id', 'person.id'], name=op.f('fk_concern_org_id_reporter_id_person')),
        sa.ForeignKeyConstraint(['org_id', 'about_id'], ['person.org_id', 'person.id'], name=op.f('fk_concern_org_id_about_id_person')),
        sa.ForeignKeyConstraint(['org_id', 'confidant_id'], ['person.org_id', 'person.id'], name=op.f('fk_concern_org_id_confidant_id_person')),
        sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_concern_org_id_organisation')),
        sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_concern')),
    )
    op.create_index('ix_concern_reporter', 'concern', ['org_id', 'reporter_id'], unique=False)
    op.create_index('ix_concern_confidant', 'concern', ['org_id', 'confidant_id'], unique=False)
    op.create_table(
        'concern_step',
        sa.Column('concern_id', sa.String(length=32), nullable=False),
        sa.Column('state', sa.String(length=30), nullable=False),
        sa.Column('at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('org_id', sa.String(length=32), nullable=False),
        sa.Column('id', sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(['org_id', 'concern_id'], ['concern.org_id', 'concern.id'], name=op.f('fk_concern_step_org_id_concern_id_concern')),
        sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_concern_step_org_id_organisation')),
        sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_concern_step')),
    )
    op.create_index('ix_concern_step_concern', 'concern_step', ['org_id', 'concern_id'], unique=False)
