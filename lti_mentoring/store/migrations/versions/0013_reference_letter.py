# SPDX-License-Identifier: Apache-2.0
"""referees are asked and reminded by mail"""

from alembic import op
import sqlalchemy as sa


revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade():
    op.add_column('reference', sa.Column('salt', sa.String(length=32), nullable=True))
    op.create_table('reference_letter',
    sa.Column('mail_id', sa.String(length=32), nullable=False),
    sa.Column('reference_id', sa.String(length=32), nullable=False),
    sa.Column('salt', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'mail_id'], ['mail.org_id', 'mail.id'], name=op.f('fk_reference_letter_org_id_mail_id_mail'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['org_id', 'reference_id'], ['reference.org_id', 'reference.id'], name=op.f('fk_reference_letter_org_id_reference_id_reference'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_reference_letter_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_reference_letter')),
    sa.UniqueConstraint('org_id', 'mail_id', name=op.f('uq_reference_letter_org_id_mail_id')),
    sa.UniqueConstraint('org_id', 'reference_id', 'salt', 'kind', name=op.f('uq_reference_letter_org_id_reference_id_salt_kind'))
    )


def downgrade():
    op.drop_table('reference_letter')
    op.drop_column('reference', 'salt')
