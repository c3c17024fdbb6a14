# SPDX-License-Identifier: Apache-2.0
"""the privacy centre: copies, corrections, erasure"""

from alembic import op
import sqlalchemy as sa

revision = '0033'
down_revision = '0032'
branch_labels = None
depends_on = None

_when = sa.DateTime


def _key():
    return (
        sa.Column('org_id', sa.String(length=32), nullable=False),
        sa.Column('id', sa.String(length=32), nullable=False),
    )


def upgrade():
    op.add_column('person', sa.Column('erased_at', _when(timezone=True), nullable=True))
    op.create_table(
        'privacy_copy',
        sa.Column('person_id', sa.String(length=32), nullable=False),
        sa.Column('state', sa.String(length=20), nullable=False),
        sa.Column('asked_at', _when(timezone=True), nullable=False),
        sa.Column('made_at', _when(timezone=True), nullable=True),
        sa.Column('expires_at', _when(timezone=True), nullable=True),
        sa.Column('body_sealed', sa.Text(), nullable=True),
        *_key(),
        sa.ForeignKeyConstraint(['org_id', 'person_id'], ['person.org_id', 'person.id'], name=op.f('fk_privacy_copy_org_id_person_id_person')),
        sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_privacy_copy_org_id_organisation')),
        sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_privacy_copy')),
    )
    op.create_index('ix_privacy_copy_person', 'privacy_copy', ['org_id', 'person_id'], unique=False)
    op.create_index('ix_privacy_copy_state', 'privacy_copy', ['state', 'asked_at'], unique=False)
    op.create_table(
        'erasure',
        sa.Column('person_id', sa.String(length=32), nullable=False),
        sa.Column('slot', sa.String(length=32), nullable=False),
        sa.Column('state', sa.String(length=20), nullable=False),
        sa.Column('asked_by', sa.String(length=40), nullable=False),
        sa.Column('asked_at', _when(timezone=True), nullable=False),
        sa.Column('due_at', _when(timezone=True), nullable=False),
        sa.Column('step', sa.Integer(), nullable=False),
        sa.Column('done_at', _when(timezone=True), nullable=True),
        sa.Column('counts', sa.JSON(), nullable=False),
        *_key(),
        sa.ForeignKeyConstraint(['org_id', 'person_id'], ['person.org_id', 'person.id'], name=op.f('fk_erasure_org_id_person_id_person')),
        sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_erasure_org_id_organisation')),
        sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_erasure')),
        sa.UniqueConstraint('org_id', 'slot', name=op.f('uq_erasure_org_id_slot')),
    )
    op.create_index('ix_erasure_due', 'erasure', ['state', 'due_at'], unique=False)
    op.create_table(
        'tombstone',
        sa.Column('mark', sa.String(length=64), nullable=False),
        sa.Column('person_id', sa.String(length=32), nullable=False),
        sa.Column('made_at', _when(timezone=True), nullable=False),
        sa.Column('lifted_at', _when(timezone=True), nullable=True),
        *_key(),
        sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_tombstone_org_id_organisation')),
        sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_tombstone')),
        sa.UniqueConstraint('org_id', 'mark', name=op.f('uq_tombstone_org_id_mark')),
    )
    op.create_table(
        'tombstone_key',
        sa.Column('key_sealed', sa.Text(), nullable=False),
        *_key(),
        sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_tombstone_key_org_id_organisation')),
        sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_tombstone_key')),
        sa.UniqueConstraint('org_id', name=op.f('uq_tombstone_key_org_id')),
    )
    op.create_table(
        'legal_hold',
        sa.Column('person_id', sa.String(length=32), nullable=False),
        sa.Column('reason', sa.String(length=200), nullable=False),
        sa.Column('placed_at', _when(timezone=True), nullable=False),
        sa.Column('lifted_at', _when(timezone=True), nullable=True),
        *_key(),
        sa.ForeignKeyConstraint(['org_id', 'person_id'], ['person.org_id', 'person.id'], name=op.f('fk_legal_hold_org_id_person_id_person')),
        sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_legal_hold_org_id_organisation')),
        sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_legal_hold')),
    )
    op.create_index('ix_legal_hold_person', 'legal_hold', ['org_id', 'person_id'], unique=False)
