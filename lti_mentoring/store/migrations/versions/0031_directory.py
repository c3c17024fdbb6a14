# SPDX-License-Identifier: Apache-2.0
"""mentors who may be found, and suggestions"""

revision = '0031'
down_revision = '0030'
branch_labels = None
depends_on = None


def upgrade():
    pass
