# SPDX-License-Identifier: Apache-2.0
"""mentors who may be found"""

from alembic import op
import sqlalchemy as sa


revision = '0031'
down_revision = '0030'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('mentor_entry',
    sa.Column('course_id', sa.String(length=32), nullable=False),
    sa.Column('person_id', sa.String(length=32), nullable=False),
    sa.Column('areas', sa.JSON(), nullable=False),
    sa.Column('own', sa.String(length=200), nullable=False),
    sa.Column('languages', sa.JSON(), nullable=False),
    sa.Column('capacity', sa.Integer(), nullable=False),
    sa.Column('hours', sa.Integer(), nullable=False),
    sa.Column('meets', sa.JSON(), nullable=False),
    sa.Column('about', sa.Text(), nullable=False),
    sa.Column('paused', sa.Boolean(), nullable=False),
    sa.Column('marks', sa.Text(), nullable=False),
    sa.Column('folded', sa.Text(), nullable=False),
    sa.Column('listed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'course_id'], ['course.org_id', 'course.id'], name=op.f('fk_mentor_entry_org_id_course')),
    sa.ForeignKeyConstraint(['org_id', 'person_id'], ['person.org_id', 'person.id'], name=op.f('fk_mentor_entry_org_id_person')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_mentor_entry_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_mentor_entry')),
    sa.UniqueConstraint('org_id', 'course_id', 'person_id', name=op.f('uq_mentor_entry_org_id_course_id_person_id'))
    )
    op.create_index('ix_mentor_entry_listed', 'mentor_entry', ['org_id', 'course_id', 'listed_at'])


def downgrade():
    op.drop_table('mentor_entry')
