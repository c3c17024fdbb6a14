# SPDX-License-Identifier: Apache-2.0
"""a lane for each LMS"""

from alembic import op
import sqlalchemy as sa
import lti_mentoring.store.base


revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('delivery_lane',
    sa.Column('key', sa.String(length=32), nullable=False),
    sa.Column('issuer', sa.String(length=500), nullable=False),
    sa.Column('host', sa.String(length=300), nullable=False),
    sa.Column('tokens', sa.Double(), nullable=False),
    sa.Column('refilled_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('breaker', sa.String(length=20), nullable=False),
    sa.Column('troubles', sa.Integer(), nullable=False),
    sa.Column('openings', sa.Integer(), nullable=False),
    sa.Column('rests_until', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True),
    sa.Column('rests_for', sa.String(length=60), nullable=False),
    sa.Column('paused', sa.Boolean(), server_default=sa.false(), nullable=False),
    sa.Column('done', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('later', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('stale', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('refused', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('most_at_once', sa.Integer(), nullable=True),
    sa.Column('per_second', sa.Double(), nullable=True),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_delivery_lane'))
    )
    with op.batch_alter_table('registration', schema=None) as batch_op:
        batch_op.add_column(sa.Column('held_until', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('refusals', sa.Integer(), server_default='0', nullable=False))

    with op.batch_alter_table('score_publication', schema=None) as batch_op:
        batch_op.add_column(sa.Column('lane', sa.String(length=32), server_default='', nullable=False))
        batch_op.add_column(sa.Column('cell', sa.String(length=32), server_default='', nullable=False))
        batch_op.create_index('ix_score_publication_cell', ['org_id', 'cell'], unique=False)
        batch_op.create_index('ix_score_publication_lane', ['lane', 'state', 'next_at'], unique=False)
        batch_op.create_index('ix_score_publication_open', ['state', 'next_at'], unique=False)



def downgrade():
    with op.batch_alter_table('score_publication', schema=None) as batch_op:
        batch_op.drop_index('ix_score_publication_open')
        batch_op.drop_index('ix_score_publication_lane')
        batch_op.drop_index('ix_score_publication_cell')
        batch_op.drop_column('cell')
        batch_op.drop_column('lane')

    with op.batch_alter_table('registration', schema=None) as batch_op:
        batch_op.drop_column('refusals')
        batch_op.drop_column('held_until')

    op.drop_table('delivery_lane')
