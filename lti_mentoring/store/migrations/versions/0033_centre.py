# SPDX-License-Identifier: Apache-2.0
"""the privacy centre: copies, corrections, erasure"""

revision = '0033'
down_revision = '0032'
branch_labels = None
depends_on = None


def upgrade():
    pass
