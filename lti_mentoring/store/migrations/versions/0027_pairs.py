# SPDX-License-Identifier: Apache-2.0
"""pairs of every kind, from proposal to agreement"""

revision = '0027'
down_revision = '0026'
branch_labels = None
depends_on = None


def upgrade():
    pass
