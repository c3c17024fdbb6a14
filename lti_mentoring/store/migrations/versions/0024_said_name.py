# SPDX-License-Identifier: Apache-2.0
"""what people were called by who named them, and links that were handed over"""

from alembic import op
import sqlalchemy as sa


revision = '0024'
down_revision = '0023'
branch_labels = None
depends_on = None


def upgrade():
    op.add_column('participant', sa.Column('said_name', sa.String(length=120), nullable=True))
    op.add_column('mentorship_member', sa.Column('said_name', sa.String(length=120), nullable=True))
    op.add_column('guest_link', sa.Column('handed', sa.Boolean(), server_default=sa.false(), nullable=False))
