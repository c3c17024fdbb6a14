# SPDX-License-Identifier: Apache-2.0
"""something I said got out"""

revision = '0034'
down_revision = '0033'
branch_labels = None
depends_on = None


def upgrade():
    pass
