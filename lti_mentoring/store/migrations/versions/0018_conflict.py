# SPDX-License-Identifier: Apache-2.0
"""the conflict guard: checks, what is looked at again, declared relations, exceptions, and who has said a line"""

from alembic import op
import sqlalchemy as sa


revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('conflict_check',
    sa.Column('purpose', sa.String(length=20), nullable=False),
    sa.Column('about_kind', sa.String(length=40), nullable=False),
    sa.Column('about_id', sa.String(length=32), nullable=False),
    sa.Column('as_of', sa.Date(), nullable=False),
    sa.Column('question', sa.JSON(), nullable=False),
    sa.Column('verdict', sa.String(length=20), nullable=False),
    sa.Column('findings', sa.JSON(), nullable=False),
    sa.Column('facts', sa.JSON(), nullable=False),
    sa.Column('edition', sa.Integer(), nullable=False),
    sa.Column('actor_id', sa.String(length=40), nullable=False),
    sa.Column('checked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_conflict_check_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_conflict_check'))
    )
    op.create_index('ix_conflict_check_about', 'conflict_check', ['org_id', 'about_kind', 'about_id', 'checked_at'])
    op.create_table('conflict_watch',
    sa.Column('purpose', sa.String(length=20), nullable=False),
    sa.Column('about_kind', sa.String(length=40), nullable=False),
    sa.Column('about_id', sa.String(length=32), nullable=False),
    sa.Column('course_id', sa.String(length=32), nullable=False),
    sa.Column('question', sa.JSON(), nullable=False),
    sa.Column('fixed_on', sa.Date(), nullable=True),
    sa.Column('approvers', sa.Integer(), nullable=False),
    sa.Column('verdict', sa.String(length=20), nullable=False),
    sa.Column('check_id', sa.String(length=32), nullable=False),
    sa.Column('look_on', sa.Date(), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'check_id'], ['conflict_check.org_id', 'conflict_check.id'], name=op.f('fk_conflict_watch_org_id_check_id_conflict_check')),
    sa.ForeignKeyConstraint(['org_id', 'course_id'], ['course.org_id', 'course.id'], name=op.f('fk_conflict_watch_org_id_course_id_course')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_conflict_watch_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_conflict_watch')),
    sa.UniqueConstraint('org_id', 'purpose', 'about_kind', 'about_id', name=op.f('uq_conflict_watch_org_id_purpose_about_kind_about_id'))
    )
    op.create_index('ix_conflict_watch_about', 'conflict_watch', ['org_id', 'about_kind', 'about_id'])
    op.create_index('ix_conflict_watch_look', 'conflict_watch', ['ended_at', 'look_on'])
    op.create_table('declared_relation',
    sa.Column('one_id', sa.String(length=32), nullable=False),
    sa.Column('other_id', sa.String(length=32), nullable=False),
    sa.Column('started_on', sa.Date(), nullable=False),
    sa.Column('ended_on', sa.Date(), nullable=True),
    sa.Column('said_by', sa.String(length=32), nullable=False),
    sa.Column('said_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'one_id'], ['person.org_id', 'person.id'], name=op.f('fk_declared_relation_org_id_one_id_person')),
    sa.ForeignKeyConstraint(['org_id', 'other_id'], ['person.org_id', 'person.id'], name=op.f('fk_declared_relation_org_id_other_id_person')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_declared_relation_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_declared_relation'))
    )
    op.create_index('ix_declared_relation_one', 'declared_relation', ['org_id', 'one_id'])
    op.create_index('ix_declared_relation_other', 'declared_relation', ['org_id', 'other_id'])
    op.create_table('conflict_override',
    sa.Column('watch_id', sa.String(length=32), nullable=False),
    sa.Column('rules', sa.JSON(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('safeguards', sa.Text(), nullable=False),
    sa.Column('starts_on', sa.Date(), nullable=False),
    sa.Column('ends_on', sa.Date(), nullable=False),
    sa.Column('asked_by', sa.String(length=32), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'asked_by'], ['person.org_id', 'person.id'], name=op.f('fk_conflict_override_org_id_asked_by_person')),
    sa.ForeignKeyConstraint(['org_id', 'watch_id'], ['conflict_watch.org_id', 'conflict_watch.id'], name=op.f('fk_conflict_override_org_id_watch_id_conflict_watch')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_conflict_override_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_conflict_override'))
    )
    op.create_index('ix_conflict_override_watch', 'conflict_override', ['org_id', 'watch_id'])
    op.create_table('conflict_party',
    sa.Column('watch_id', sa.String(length=32), nullable=False),
    sa.Column('person_id', sa.String(length=32), nullable=False),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'person_id'], ['person.org_id', 'person.id'], name=op.f('fk_conflict_party_org_id_person_id_person')),
    sa.ForeignKeyConstraint(['org_id', 'watch_id'], ['conflict_watch.org_id', 'conflict_watch.id'], name=op.f('fk_conflict_party_org_id_watch_id_conflict_watch'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_conflict_party_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_conflict_party')),
    sa.UniqueConstraint('org_id', 'watch_id', 'person_id', name=op.f('uq_conflict_party_org_id_watch_id_person_id'))
    )
    op.create_index('ix_conflict_party_person', 'conflict_party', ['org_id', 'person_id'])
    op.create_table('override_voice',
    sa.Column('override_id', sa.String(length=32), nullable=False),
    sa.Column('person_id', sa.String(length=32), nullable=False),
    sa.Column('verb', sa.String(length=20), nullable=False),
    sa.Column('said_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'override_id'], ['conflict_override.org_id', 'conflict_override.id'], name=op.f('fk_override_voice_org_id_override_id_conflict_override')),
    sa.ForeignKeyConstraint(['org_id', 'person_id'], ['person.org_id', 'person.id'], name=op.f('fk_override_voice_org_id_person_id_person')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_override_voice_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_override_voice')),
    sa.UniqueConstraint('org_id', 'override_id', 'person_id', 'verb', name=op.f('uq_override_voice_org_id_override_id_person_id_verb'))
    )
    op.add_column('line_attestation', sa.Column('source', sa.String(length=20), server_default='self', nullable=False))
    op.add_column('line_attestation', sa.Column('said_by', sa.String(length=32), server_default='', nullable=False))
    op.add_column('line_attestation', sa.Column('unit', sa.String(length=200), server_default='', nullable=False))


def downgrade():
    op.drop_column('line_attestation', 'unit')
    op.drop_column('line_attestation', 'said_by')
    op.drop_column('line_attestation', 'source')
    op.drop_table('override_voice')
    op.drop_index('ix_conflict_party_person', table_name='conflict_party')
    op.drop_table('conflict_party')
    op.drop_index('ix_conflict_override_watch', table_name='conflict_override')
    op.drop_table('conflict_override')
    op.drop_index('ix_declared_relation_other', table_name='declared_relation')
    op.drop_index('ix_declared_relation_one', table_name='declared_relation')
    op.drop_table('declared_relation')
    op.drop_index('ix_conflict_watch_look', table_name='conflict_watch')
    op.drop_index('ix_conflict_watch_about', table_name='conflict_watch')
    op.drop_table('conflict_watch')
    op.drop_index('ix_conflict_check_about', table_name='conflict_check')
    op.drop_table('conflict_check')
