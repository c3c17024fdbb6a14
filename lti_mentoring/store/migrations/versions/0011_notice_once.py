# SPDX-License-Identifier: Apache-2.0
"""nobody is told twice for one reason; which waits for a module are over is found quickly"""

from alembic import op
import sqlalchemy as sa


revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade():
    op.add_column('notification', sa.Column('once', sa.String(length=160), nullable=True))
    op.create_index('ix_notification_once', 'notification', ['org_id', 'person_id', 'once'], unique=True)
    op.create_index('ix_check_attempt_finished', 'check_attempt', ['mastered', 'finished_at'])


def downgrade():
    op.drop_index('ix_check_attempt_finished', table_name='check_attempt')
    op.drop_index('ix_notification_once', table_name='notification')
    op.drop_column('notification', 'once')
