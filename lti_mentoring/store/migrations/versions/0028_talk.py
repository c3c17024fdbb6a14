# SPDX-License-Identifier: Apache-2.0
"""what a pair keeps: agenda, goals, sealed notes"""

revision = '0028'
down_revision = '0027'
branch_labels = None
depends_on = None


def upgrade():
    pass
