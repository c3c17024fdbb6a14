# SPDX-License-Identifier: Apache-2.0
"""how long an observed session lasted, as its observer says"""

from alembic import op
import sqlalchemy as sa


revision = '0025'
down_revision = '0024'
branch_labels = None
depends_on = None


def upgrade():
    op.add_column('observation', sa.Column('minutes', sa.Integer(), nullable=True))
