# SPDX-License-Identifier: Apache-2.0
"""outcomes, ledger, pulse and network"""

revision = '0032'
down_revision = '0031'
branch_labels = None
depends_on = None


def upgrade():
    pass
