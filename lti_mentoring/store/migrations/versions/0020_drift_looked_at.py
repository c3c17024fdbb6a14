# SPDX-License-Identifier: Apache-2.0
"""when the sessions that an observer and another person rated were last looked at"""

from alembic import op
import sqlalchemy as sa
import lti_mentoring.store.base


revision = '0020'
down_revision = '0019'
branch_labels = None
depends_on = None


def upgrade():
    op.add_column('observer_qualification', sa.Column('looked_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True))
