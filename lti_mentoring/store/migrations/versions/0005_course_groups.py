# SPDX-License-Identifier: Apache-2.0
"""the groups of a course, where its LMS tells them"""

from alembic import op
import sqlalchemy as sa


revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('course_group',
    sa.Column('course_id', sa.String(length=32), nullable=False),
    sa.Column('lms_id', sa.String(length=255), nullable=False),
    sa.Column('name', sa.String(length=400), nullable=False),
    sa.Column('hidden', sa.Boolean(), nullable=False),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'course_id'], ['course.org_id', 'course.id'], name=op.f('fk_course_group_org_id_course')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_course_group_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_course_group')),
    sa.UniqueConstraint('org_id', 'course_id', 'lms_id', name=op.f('uq_course_group_org_id_course_id_lms_id'))
    )
    with op.batch_alter_table('membership', schema=None) as batch_op:
        batch_op.add_column(sa.Column('lms_groups', sa.JSON(), nullable=True))
    with op.batch_alter_table('roster_sync', schema=None) as batch_op:
        batch_op.add_column(sa.Column('groups_fault', sa.String(length=60), server_default='', nullable=False))


def downgrade():
    with op.batch_alter_table('roster_sync', schema=None) as batch_op:
        batch_op.drop_column('groups_fault')
    with op.batch_alter_table('membership', schema=None) as batch_op:
        batch_op.drop_column('lms_groups')
    op.drop_table('course_group')
