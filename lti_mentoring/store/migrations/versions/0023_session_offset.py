# SPDX-License-Identifier: Apache-2.0
"""the day of a session is the one of whoever planned it"""

from alembic import op
import sqlalchemy as sa


revision = '0023'
down_revision = '0022'
branch_labels = None
depends_on = None


def upgrade():
    op.add_column('mentoring_session', sa.Column('utc_offset', sa.Integer(), server_default='0', nullable=False))
