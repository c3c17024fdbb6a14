# SPDX-License-Identifier: Apache-2.0
"""why an observation was called off"""

from alembic import op
import sqlalchemy as sa


revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade():
    op.add_column('observation', sa.Column('called_off_for', sa.String(length=20), server_default='', nullable=False))
