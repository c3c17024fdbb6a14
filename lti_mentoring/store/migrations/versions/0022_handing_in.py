# SPDX-License-Identifier: Apache-2.0
"""what candidates hand in of sessions that they have watched"""

from alembic import op
import sqlalchemy as sa


revision = '0022'
down_revision = '0021'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('handing_in',
    sa.Column('observation_id', sa.String(length=32), nullable=False),
    sa.Column('account', sa.Text(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('kept_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('handed_in_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'observation_id'], ['observation.org_id', 'observation.id'], name=op.f('fk_handing_in_org_id_observation_id_observation')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_handing_in_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_handing_in')),
    sa.UniqueConstraint('org_id', 'observation_id', name=op.f('uq_handing_in_org_id_observation_id'))
    )


def downgrade():
    op.drop_table('handing_in')
