# SPDX-License-Identifier: Apache-2.0
"""the door beside the LMS"""

revision = '0030'
down_revision = '0029'
branch_labels = None
depends_on = None


def upgrade():
    pass
