# SPDX-License-Identifier: Apache-2.0
"""what a pair keeps: sealed notes, and the keys that seal them"""

from alembic import op
import sqlalchemy as sa

import lti_mentoring.store.base


revision = '0028'
down_revision = '0027'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('own_key',
    sa.Column('person_id', sa.String(length=32), nullable=False),
    sa.Column('wrapped', sa.Text(), nullable=True),
    sa.Column('made_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('destroyed_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'person_id'], ['person.org_id', 'person.id'], name=op.f('fk_own_key_org_id_person_id_person')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_own_key_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_own_key')),
    sa.UniqueConstraint('org_id', 'person_id', name=op.f('uq_own_key_org_id_person_id'))
    )
    op.create_table('talk_key',
    sa.Column('mentorship_id', sa.String(length=32), nullable=False),
    sa.Column('wrapped', sa.Text(), nullable=True),
    sa.Column('made_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('destroyed_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'mentorship_id'], ['mentorship.org_id', 'mentorship.id'], name=op.f('fk_talk_key_org_id_mentorship_id_mentorship')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_talk_key_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_talk_key')),
    sa.UniqueConstraint('org_id', 'mentorship_id', name=op.f('uq_talk_key_org_id_mentorship_id'))
    )
    op.create_table('note',
    sa.Column('mentorship_id', sa.String(length=32), nullable=False),
    sa.Column('author_id', sa.String(length=32), nullable=False),
    sa.Column('session_id', sa.String(length=32), nullable=True),
    sa.Column('sealed', sa.Text(), nullable=False),
    sa.Column('shared', sa.Boolean(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('created_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('changed_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'author_id'], ['person.org_id', 'person.id'], name=op.f('fk_note_org_id_author_id_person')),
    sa.ForeignKeyConstraint(['org_id', 'mentorship_id'], ['mentorship.org_id', 'mentorship.id'], name=op.f('fk_note_org_id_mentorship_id_mentorship')),
    sa.ForeignKeyConstraint(['org_id', 'session_id'], ['mentoring_session.org_id', 'mentoring_session.id'], name=op.f('fk_note_org_id_session_id_mentoring_session')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_note_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_note'))
    )
    op.create_index('ix_note_author', 'note', ['org_id', 'author_id'], unique=False)
    op.create_index('ix_note_mentorship', 'note', ['org_id', 'mentorship_id'], unique=False)


def downgrade():
    op.drop_table('note')
    op.drop_table('own_key')
    op.drop_table('talk_key')
