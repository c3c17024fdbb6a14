# SPDX-License-Identifier: Apache-2.0
"""the programme of a course as it is edited, before it is published"""

from alembic import op
import sqlalchemy as sa


revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('programme_draft',
    sa.Column('course_id', sa.String(length=32), nullable=False),
    sa.Column('source_version_id', sa.String(length=32), nullable=False),
    sa.Column('values', sa.JSON(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('updated_by', sa.String(length=32), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'course_id'], ['course.org_id', 'course.id'], name=op.f('fk_programme_draft_org_id_course_id_course')),
    sa.ForeignKeyConstraint(['org_id', 'source_version_id'], ['programme_version.org_id', 'programme_version.id'], name=op.f('fk_programme_draft_org_id_source_version_id_programme_version')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_programme_draft_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_programme_draft')),
    sa.UniqueConstraint('org_id', 'course_id', name=op.f('uq_programme_draft_org_id_course_id'))
    )


def downgrade():
    op.drop_table('programme_draft')
