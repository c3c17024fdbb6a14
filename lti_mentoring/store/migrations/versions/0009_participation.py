# SPDX-License-Identifier: Apache-2.0
"""pausing, leaving and coming back; enrolment as periods; the time for the whole way"""

from alembic import op
import sqlalchemy as sa


revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('deferral_period',
    sa.Column('candidacy_id', sa.String(length=32), nullable=False),
    sa.Column('starts_on', sa.Date(), nullable=False),
    sa.Column('ends_on', sa.Date(), nullable=False),
    sa.Column('reason_code', sa.String(length=40), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.CheckConstraint('ends_on >= starts_on', name=op.f('ck_deferral_period_order')),
    sa.ForeignKeyConstraint(['org_id', 'candidacy_id'], ['candidacy.org_id', 'candidacy.id'], name=op.f('fk_deferral_period_org_id_candidacy')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_deferral_period_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_deferral_period'))
    )
    op.create_index('ix_deferral_period_candidacy', 'deferral_period', ['org_id', 'candidacy_id', 'starts_on'])
    op.create_table('withdrawal_record',
    sa.Column('candidacy_id', sa.String(length=32), nullable=False),
    sa.Column('withdrawn_on', sa.Date(), nullable=False),
    sa.Column('reason_code', sa.String(length=40), nullable=False),
    sa.Column('by', sa.String(length=40), nullable=False),
    sa.Column('reinstated_on', sa.Date(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'candidacy_id'], ['candidacy.org_id', 'candidacy.id'], name=op.f('fk_withdrawal_record_org_id_candidacy')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_withdrawal_record_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_withdrawal_record'))
    )
    op.create_index('ix_withdrawal_record_candidacy', 'withdrawal_record', ['org_id', 'candidacy_id'])
    op.create_table('enrolment_period',
    sa.Column('candidacy_id', sa.String(length=32), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('starts_on', sa.Date(), nullable=False),
    sa.Column('ends_on', sa.Date(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.CheckConstraint('ends_on IS NULL OR ends_on >= starts_on', name=op.f('ck_enrolment_period_order')),
    sa.ForeignKeyConstraint(['org_id', 'candidacy_id'], ['candidacy.org_id', 'candidacy.id'], name=op.f('fk_enrolment_period_org_id_candidacy')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_enrolment_period_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_enrolment_period'))
    )
    op.create_index('ix_enrolment_period_candidacy', 'enrolment_period', ['org_id', 'candidacy_id', 'starts_on'])
    op.create_table('participation_change',
    sa.Column('candidacy_id', sa.String(length=32), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('actor_id', sa.String(length=40), nullable=False),
    sa.Column('verb', sa.String(length=20), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('reason_code', sa.String(length=40), nullable=False),
    sa.Column('until', sa.Date(), nullable=True),
    sa.Column('days', sa.Integer(), nullable=True),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'candidacy_id'], ['candidacy.org_id', 'candidacy.id'], name=op.f('fk_participation_change_org_id_candidacy')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_participation_change_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_participation_change'))
    )
    op.create_index('ix_participation_change_candidacy', 'participation_change', ['org_id', 'candidacy_id', 'at'])
    op.add_column('candidacy', sa.Column('extensions', sa.Integer(), server_default='0', nullable=False))
    op.add_column('candidacy', sa.Column('look_on', sa.Date(), server_default='1970-01-01', nullable=False))
    op.create_index('ix_candidacy_look', 'candidacy', ['participation', 'look_on'])


def downgrade():
    op.drop_index('ix_candidacy_look', table_name='candidacy')
    op.drop_column('candidacy', 'look_on')
    op.drop_column('candidacy', 'extensions')
    op.drop_table('participation_change')
    op.drop_table('enrolment_period')
    op.drop_table('withdrawal_record')
    op.drop_table('deferral_period')
