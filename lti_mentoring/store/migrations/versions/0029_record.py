# SPDX-License-Identifier: Apache-2.0
"""the chained record, who has looked, and how long things are kept"""

revision = '0029'
down_revision = '0028'
branch_labels = None
depends_on = None


def upgrade():
    pass
