# SPDX-License-Identifier: Apache-2.0
"""outcomes, ledger, pulse and network"""

from alembic import op
import sqlalchemy as sa


revision = '0032'
down_revision = '0031'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('outcome_measure',
    sa.Column('mentorship_id', sa.String(length=32), nullable=False),
    sa.Column('owner_id', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('direction', sa.String(length=10), nullable=False),
    sa.Column('baseline', sa.Double(), nullable=False),
    sa.Column('target', sa.Double(), nullable=False),
    sa.Column('horizon', sa.Integer(), nullable=False),
    sa.Column('started_on', sa.Date(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'mentorship_id'], ['mentorship.org_id', 'mentorship.id'], name=op.f('fk_outcome_measure_org_id_mentorship_id_mentorship')),
    sa.ForeignKeyConstraint(['org_id', 'owner_id'], ['person.org_id', 'person.id'], name=op.f('fk_outcome_measure_org_id_owner_id_person')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_outcome_measure_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_outcome_measure'))
    )
    op.create_index('ix_outcome_measure_mentorship', 'outcome_measure', ['org_id', 'mentorship_id'], unique=False)
    op.create_index('ix_outcome_measure_owner', 'outcome_measure', ['org_id', 'owner_id'], unique=False)
    op.create_table('outcome_reading',
    sa.Column('measure_id', sa.String(length=32), nullable=False),
    sa.Column('read_on', sa.Date(), nullable=False),
    sa.Column('value', sa.Double(), nullable=False),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'measure_id'], ['outcome_measure.org_id', 'outcome_measure.id'], name=op.f('fk_outcome_reading_org_id_measure_id_outcome_measure')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_outcome_reading_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_outcome_reading')),
    sa.UniqueConstraint('org_id', 'measure_id', 'read_on', name=op.f('uq_outcome_reading_org_id_measure_id_read_on'))
    )
    op.create_table('outcome_statement',
    sa.Column('measure_id', sa.String(length=32), nullable=False),
    sa.Column('candidacy_id', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('moved', sa.Boolean(), nullable=False),
    sa.Column('months', sa.Integer(), nullable=False),
    sa.Column('given_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'measure_id'], ['outcome_measure.org_id', 'outcome_measure.id'], name=op.f('fk_outcome_statement_org_id_measure_id_outcome_measure')),
    sa.ForeignKeyConstraint(['org_id', 'candidacy_id'], ['candidacy.org_id', 'candidacy.id'], name=op.f('fk_outcome_statement_org_id_candidacy_id_candidacy')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_outcome_statement_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_outcome_statement'))
    )
    op.create_index('ix_outcome_statement_candidacy', 'outcome_statement', ['org_id', 'candidacy_id'], unique=False)
    op.create_index('ix_outcome_statement_measure', 'outcome_statement', ['org_id', 'measure_id'], unique=False)
    op.create_table('outcome_figure',
    sa.Column('course_id', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('people', sa.Integer(), nullable=False),
    sa.Column('moved', sa.Integer(), nullable=False),
    sa.Column('made_on', sa.Date(), nullable=False),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'course_id'], ['course.org_id', 'course.id'], name=op.f('fk_outcome_figure_org_id_course_id_course')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_outcome_figure_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_outcome_figure')),
    sa.UniqueConstraint('org_id', 'course_id', 'kind', name=op.f('uq_outcome_figure_org_id_course_id_kind'))
    )


def downgrade():
    op.drop_table('outcome_figure')
    op.drop_table('outcome_statement')
    op.drop_table('outcome_reading')
    op.drop_table('outcome_measure')
