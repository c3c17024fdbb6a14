# SPDX-License-Identifier: Apache-2.0
"""what an observer had helped the candidate with, noted on the report"""

from alembic import op
import sqlalchemy as sa


revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None


def upgrade():
    op.add_column('observation', sa.Column('helped_with', sa.String(length=200), server_default='', nullable=False))
