# SPDX-License-Identifier: Apache-2.0
"""mails with a link for somebody without an account"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "guest_letter",
        sa.Column("mail_id", sa.String(length=32), nullable=False),
        sa.Column("observation_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("asked_by", sa.String(length=40), nullable=False),
        sa.Column("org_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "mail_id"], ["mail.org_id", "mail.id"], name=op.f("fk_guest_letter_org_id_mail_id_mail"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "observation_id"],
            ["observation.org_id", "observation.id"],
            name=op.f("fk_guest_letter_org_id_observation_id_observation"),
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_guest_letter_org_id_organisation")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_guest_letter")),
        sa.UniqueConstraint("org_id", "mail_id", name=op.f("uq_guest_letter_org_id_mail_id")),
    )
    with op.batch_alter_table("guest_letter", schema=None) as batch_op:
        batch_op.create_index("ix_guest_letter_observation", ["org_id", "observation_id"], unique=False)


def downgrade():
    op.drop_table("guest_letter")
