# SPDX-License-Identifier: Apache-2.0
"""sessions that pages carry where no cookie is kept"""

from alembic import op
import sqlalchemy as sa
import lti_mentoring.store.base


revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table('web_session', schema=None) as batch_op:
        batch_op.add_column(sa.Column('turn', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('turned_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True))


def downgrade():
    with op.batch_alter_table('web_session', schema=None) as batch_op:
        batch_op.drop_column('turned_at')
        batch_op.drop_column('turn')
