# SPDX-License-Identifier: Apache-2.0
"""moves of candidates to another version of their programme"""

from alembic import op
import sqlalchemy as sa


revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('candidacy_move',
    sa.Column('candidacy_id', sa.String(length=32), nullable=False),
    sa.Column('from_version_id', sa.String(length=32), nullable=False),
    sa.Column('to_version_id', sa.String(length=32), nullable=False),
    sa.Column('moved_by', sa.String(length=32), nullable=False),
    sa.Column('moved_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('longer', sa.Boolean(), nullable=False),
    sa.Column('difference', sa.JSON(), nullable=False),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'candidacy_id'], ['candidacy.org_id', 'candidacy.id'], name=op.f('fk_candidacy_move_org_id_candidacy')),
    sa.ForeignKeyConstraint(['org_id', 'from_version_id'], ['programme_version.org_id', 'programme_version.id'], name='fk_candidacy_move_from'),
    sa.ForeignKeyConstraint(['org_id', 'moved_by'], ['person.org_id', 'person.id'], name=op.f('fk_candidacy_move_org_id_person')),
    sa.ForeignKeyConstraint(['org_id', 'to_version_id'], ['programme_version.org_id', 'programme_version.id'], name='fk_candidacy_move_to'),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_candidacy_move_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_candidacy_move'))
    )
    op.create_index('ix_candidacy_move_candidacy', 'candidacy_move', ['org_id', 'candidacy_id', 'moved_at'])


def downgrade():
    op.drop_table('candidacy_move')
