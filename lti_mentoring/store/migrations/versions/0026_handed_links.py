# SPDX-License-Identifier: Apache-2.0
"""whose yes came by a link that was handed over, and who waits for one"""

from alembic import op
import sqlalchemy as sa


revision = '0026'
down_revision = '0025'
branch_labels = None
depends_on = None


def upgrade():
    op.add_column('participant', sa.Column('waits_for_link', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column('participant', sa.Column('handed_by', sa.String(length=32), nullable=True))
