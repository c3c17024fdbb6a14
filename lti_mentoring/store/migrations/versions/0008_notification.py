# SPDX-License-Identifier: Apache-2.0
"""notices of persons, what they want by mail, and the mails"""

from alembic import op
import sqlalchemy as sa
import lti_mentoring.store.base


revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('notification',
    sa.Column('person_id', sa.String(length=32), nullable=False),
    sa.Column('course_id', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.String(length=60), nullable=False),
    sa.Column('facts', sa.JSON(), nullable=False),
    sa.Column('endpoint', sa.String(length=100), nullable=False),
    sa.Column('ids', sa.JSON(), nullable=False),
    sa.Column('created_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('read_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'course_id'], ['course.org_id', 'course.id'], name=op.f('fk_notification_org_id_course_id_course')),
    sa.ForeignKeyConstraint(['org_id', 'person_id'], ['person.org_id', 'person.id'], name=op.f('fk_notification_org_id_person_id_person')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_notification_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_notification'))
    )
    with op.batch_alter_table('notification', schema=None) as batch_op:
        batch_op.create_index('ix_notification_created_at', ['created_at'], unique=False)
        batch_op.create_index('ix_notification_person', ['org_id', 'person_id', 'created_at'], unique=False)
        batch_op.create_index('ix_notification_unread', ['org_id', 'person_id', 'read_at'], unique=False)

    op.create_table('mail_choice',
    sa.Column('person_id', sa.String(length=32), nullable=False),
    sa.Column('family', sa.String(length=40), nullable=False),
    sa.Column('choice', sa.String(length=20), nullable=False),
    sa.Column('chosen_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'person_id'], ['person.org_id', 'person.id'], name=op.f('fk_mail_choice_org_id_person_id_person')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_mail_choice_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_mail_choice')),
    sa.UniqueConstraint('org_id', 'person_id', 'family', name=op.f('uq_mail_choice_org_id_person_id_family'))
    )

    op.create_table('mail',
    sa.Column('person_id', sa.String(length=32), nullable=False),
    sa.Column('notification_id', sa.String(length=32), nullable=True),
    sa.Column('week', sa.String(length=10), nullable=True),
    sa.Column('course_id', sa.String(length=32), nullable=True),
    sa.Column('lane', sa.String(length=32), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('attempt', sa.Integer(), nullable=False),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('next_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('lease_until', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True),
    sa.Column('fault', sa.String(length=60), nullable=False),
    sa.Column('status', sa.Integer(), nullable=True),
    sa.Column('words', sa.Text(), nullable=False),
    sa.Column('stuck_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True),
    sa.Column('tried_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True),
    sa.Column('sent_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True),
    sa.Column('created_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'course_id'], ['course.org_id', 'course.id'], name=op.f('fk_mail_org_id_course_id_course')),
    sa.ForeignKeyConstraint(['org_id', 'notification_id'], ['notification.org_id', 'notification.id'], name=op.f('fk_mail_org_id_notification_id_notification')),
    sa.ForeignKeyConstraint(['org_id', 'person_id'], ['person.org_id', 'person.id'], name=op.f('fk_mail_org_id_person_id_person')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_mail_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_mail')),
    sa.UniqueConstraint('org_id', 'notification_id', name=op.f('uq_mail_org_id_notification_id')),
    sa.UniqueConstraint('org_id', 'person_id', 'week', name=op.f('uq_mail_org_id_person_id_week'))
    )
    with op.batch_alter_table('mail', schema=None) as batch_op:
        batch_op.create_index('ix_mail_course', ['org_id', 'course_id', 'state'], unique=False)
        batch_op.create_index('ix_mail_due', ['state', 'next_at'], unique=False)
        batch_op.create_index('ix_mail_lane', ['lane', 'state'], unique=False)


def downgrade():
    op.drop_table('mail')
    op.drop_table('mail_choice')
    op.drop_table('notification')
