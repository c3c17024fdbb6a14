# SPDX-License-Identifier: Apache-2.0
"""LTI Advantage: invites, rosters, the gradebook compared, notices"""

from alembic import op
import sqlalchemy as sa
import lti_mentoring.store.base


revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('platform_notice',
    sa.Column('registration_id', sa.String(length=32), nullable=False),
    sa.Column('notice_id', sa.String(length=255), nullable=False),
    sa.Column('deployment_id', sa.String(length=255), nullable=False),
    sa.Column('kind', sa.String(length=255), nullable=False),
    sa.Column('context_id', sa.String(length=255), nullable=False),
    sa.Column('said', sa.JSON(), nullable=False),
    sa.Column('received_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['registration_id'], ['registration.id'], name=op.f('fk_platform_notice_registration_id_registration')),
    sa.PrimaryKeyConstraint('registration_id', 'notice_id', name=op.f('pk_platform_notice'))
    )
    with op.batch_alter_table('platform_notice', schema=None) as batch_op:
        batch_op.create_index('ix_platform_notice_context', ['registration_id', 'context_id'], unique=False)

    op.create_table('registration_invite',
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('created_by', sa.String(length=40), nullable=False),
    sa.Column('created_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('expires_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('spent_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True),
    sa.Column('claimed_until', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True),
    sa.Column('tries', sa.Integer(), server_default='0', nullable=False),
    sa.Column('registration_id', sa.String(length=32), nullable=True),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_registration_invite_org_id_organisation')),
    sa.ForeignKeyConstraint(['registration_id'], ['registration.id'], name=op.f('fk_registration_invite_registration_id_registration')),
    sa.PrimaryKeyConstraint('token_hash', name=op.f('pk_registration_invite'))
    )
    with op.batch_alter_table('registration_invite', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_registration_invite_org_id'), ['org_id'], unique=False)

    op.create_table('roster_sync',
    sa.Column('course_id', sa.String(length=32), nullable=False),
    sa.Column('registration_id', sa.String(length=32), nullable=False),
    sa.Column('deployment_id', sa.String(length=32), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('run', sa.Integer(), nullable=False),
    sa.Column('next_url', sa.Text(), nullable=True),
    sa.Column('differences_url', sa.Text(), nullable=True),
    sa.Column('only_link', sa.String(length=255), nullable=True),
    sa.Column('pages', sa.Integer(), nullable=False),
    sa.Column('seen', sa.Integer(), nullable=False),
    sa.Column('added', sa.Integer(), nullable=False),
    sa.Column('changed', sa.Integer(), nullable=False),
    sa.Column('gone', sa.Integer(), nullable=False),
    sa.Column('asked_by', sa.String(length=40), nullable=False),
    sa.Column('asked_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('begun_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True),
    sa.Column('finished_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True),
    sa.Column('attempt', sa.Integer(), nullable=False),
    sa.Column('lease_until', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True),
    sa.Column('next_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('fault', sa.String(length=60), nullable=False),
    sa.Column('status', sa.Integer(), nullable=True),
    sa.Column('words', sa.Text(), nullable=False),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['deployment_id'], ['deployment.id'], name=op.f('fk_roster_sync_deployment_id_deployment')),
    sa.ForeignKeyConstraint(['org_id', 'course_id'], ['course.org_id', 'course.id'], name=op.f('fk_roster_sync_org_id_course_id_course')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_roster_sync_org_id_organisation')),
    sa.ForeignKeyConstraint(['registration_id'], ['registration.id'], name=op.f('fk_roster_sync_registration_id_registration')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_roster_sync')),
    sa.UniqueConstraint('org_id', 'course_id', name=op.f('uq_roster_sync_org_id_course_id'))
    )
    with op.batch_alter_table('roster_sync', schema=None) as batch_op:
        batch_op.create_index('ix_roster_sync_due', ['state', 'next_at'], unique=False)

    op.create_table('reconciliation',
    sa.Column('placement_id', sa.String(length=32), nullable=False),
    sa.Column('registration_id', sa.String(length=32), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('asked_by', sa.String(length=40), nullable=False),
    sa.Column('asked_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('finished_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True),
    sa.Column('checked', sa.Integer(), nullable=False),
    sa.Column('differing', sa.Integer(), nullable=False),
    sa.Column('attempt', sa.Integer(), nullable=False),
    sa.Column('lease_until', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True),
    sa.Column('next_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('fault', sa.String(length=60), nullable=False),
    sa.Column('status', sa.Integer(), nullable=True),
    sa.Column('words', sa.Text(), nullable=False),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'placement_id'], ['placement.org_id', 'placement.id'], name=op.f('fk_reconciliation_org_id_placement_id_placement')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_reconciliation_org_id_organisation')),
    sa.ForeignKeyConstraint(['registration_id'], ['registration.id'], name=op.f('fk_reconciliation_registration_id_registration')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_reconciliation')),
    sa.UniqueConstraint('org_id', 'placement_id', name=op.f('uq_reconciliation_org_id_placement_id'))
    )
    with op.batch_alter_table('reconciliation', schema=None) as batch_op:
        batch_op.create_index('ix_reconciliation_due', ['state', 'next_at'], unique=False)

    with op.batch_alter_table('membership', schema=None) as batch_op:
        batch_op.add_column(sa.Column('status', sa.String(length=20), server_default='active', nullable=False))
        batch_op.add_column(sa.Column('roster_standing', sa.String(length=20), server_default='', nullable=False))
        batch_op.add_column(sa.Column('roster_hash', sa.String(length=64), server_default='', nullable=False))
        batch_op.add_column(sa.Column('roster_run', sa.Integer(), server_default='0', nullable=False))
        batch_op.add_column(sa.Column('left_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.create_index('ix_membership_roster', ['org_id', 'course_id', 'roster_run'], unique=False)

    with op.batch_alter_table('placement', schema=None) as batch_op:
        batch_op.add_column(sa.Column('memberships_url', sa.String(length=2000), nullable=True))
        batch_op.add_column(sa.Column('groups_url', sa.String(length=2000), nullable=True))
        batch_op.add_column(sa.Column('opens_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('closes_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('own_label', sa.String(length=400), server_default='', nullable=False))
        batch_op.add_column(sa.Column('part_of', sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column('due_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True))

    with op.batch_alter_table('registration', schema=None) as batch_op:
        batch_op.add_column(sa.Column('source', sa.String(length=20), server_default='operator', nullable=False))
        batch_op.add_column(sa.Column('product', sa.String(length=200), server_default='', nullable=False))
        batch_op.add_column(sa.Column('scopes', sa.JSON(), server_default='[]', nullable=False))
        batch_op.add_column(sa.Column('role_overrides', sa.JSON(), server_default='{}', nullable=False))
        batch_op.add_column(sa.Column('keep_names', sa.Boolean(), server_default='1', nullable=False))
        batch_op.add_column(sa.Column('keep_email', sa.Boolean(), server_default='1', nullable=False))
        batch_op.add_column(sa.Column('clock_skew', sa.Double(), nullable=True))
        batch_op.add_column(sa.Column('checked_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('findings', sa.JSON(), server_default='[]', nullable=False))

    with op.batch_alter_table('platform_key_set', schema=None) as batch_op:
        batch_op.add_column(sa.Column('missed_kid', sa.String(length=100), nullable=True))

    with op.batch_alter_table('deployment', schema=None) as batch_op:
        batch_op.add_column(sa.Column('notices_url', sa.String(length=1000), nullable=True))
        batch_op.add_column(sa.Column('notice_kinds', sa.JSON(), server_default='[]', nullable=False))
        batch_op.add_column(sa.Column('notices_due', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True))

    with op.batch_alter_table('score_publication', schema=None) as batch_op:
        batch_op.add_column(sa.Column('compared_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('compared', sa.String(length=40), server_default='', nullable=False))
        batch_op.add_column(sa.Column('taken_given', sa.Double(), nullable=True))
        batch_op.add_column(sa.Column('taken_maximum', sa.Double(), nullable=True))
        batch_op.add_column(sa.Column('overwrite', sa.Boolean(), server_default=sa.false(), nullable=False))

    score = sa.table('score_publication', *(sa.column(name) for name in ('given', 'maximum', 'taken_given', 'taken_maximum', 'sent_at', 'state')))
    op.execute(
        score.update()
        .where(score.c.sent_at.is_not(None), score.c.state == 'done')
        .values(taken_given=score.c.given, taken_maximum=score.c.maximum)
    )


def downgrade():
    with op.batch_alter_table('platform_key_set', schema=None) as batch_op:
        batch_op.drop_column('missed_kid')

    with op.batch_alter_table('deployment', schema=None) as batch_op:
        batch_op.drop_column('notices_due')
        batch_op.drop_column('notice_kinds')
        batch_op.drop_column('notices_url')

    with op.batch_alter_table('score_publication', schema=None) as batch_op:
        batch_op.drop_column('overwrite')
        batch_op.drop_column('taken_maximum')
        batch_op.drop_column('taken_given')
        batch_op.drop_column('compared')
        batch_op.drop_column('compared_at')

    with op.batch_alter_table('registration', schema=None) as batch_op:
        batch_op.drop_column('findings')
        batch_op.drop_column('checked_at')
        batch_op.drop_column('clock_skew')
        batch_op.drop_column('keep_email')
        batch_op.drop_column('keep_names')
        batch_op.drop_column('role_overrides')
        batch_op.drop_column('scopes')
        batch_op.drop_column('product')
        batch_op.drop_column('source')

    with op.batch_alter_table('placement', schema=None) as batch_op:
        batch_op.drop_column('due_at')
        batch_op.drop_column('part_of')
        batch_op.drop_column('own_label')
        batch_op.drop_column('closes_at')
        batch_op.drop_column('opens_at')
        batch_op.drop_column('groups_url')
        batch_op.drop_column('memberships_url')

    with op.batch_alter_table('membership', schema=None) as batch_op:
        batch_op.drop_index('ix_membership_roster')
        batch_op.drop_column('left_at')
        batch_op.drop_column('roster_run')
        batch_op.drop_column('roster_hash')
        batch_op.drop_column('roster_standing')
        batch_op.drop_column('status')

    with op.batch_alter_table('reconciliation', schema=None) as batch_op:
        batch_op.drop_index('ix_reconciliation_due')

    op.drop_table('reconciliation')
    with op.batch_alter_table('roster_sync', schema=None) as batch_op:
        batch_op.drop_index('ix_roster_sync_due')

    op.drop_table('roster_sync')
    with op.batch_alter_table('registration_invite', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_registration_invite_org_id'))

    op.drop_table('registration_invite')
    with op.batch_alter_table('platform_notice', schema=None) as batch_op:
        batch_op.drop_index('ix_platform_notice_context')

    op.drop_table('platform_notice')
