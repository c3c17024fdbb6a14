# SPDX-License-Identifier: Apache-2.0
"""technical assistance: requests, and the contacts that came of them"""

from alembic import op
import sqlalchemy as sa
import lti_mentoring.store.base


revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('assistance_request',
    sa.Column('candidacy_id', sa.String(length=32), nullable=False),
    sa.Column('course_id', sa.String(length=32), nullable=False),
    sa.Column('topic_kind', sa.String(length=20), nullable=False),
    sa.Column('topic_key', sa.String(length=40), nullable=False),
    sa.Column('urgency', sa.String(length=20), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('reason', sa.String(length=20), nullable=False),
    sa.Column('offer_key', sa.String(length=60), nullable=True),
    sa.Column('helper_id', sa.String(length=32), nullable=True),
    sa.Column('made_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('asked_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True),
    sa.Column('taken_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=True),
    sa.Column('changed_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'candidacy_id'], ['candidacy.org_id', 'candidacy.id'], name=op.f('fk_assistance_request_org_id_candidacy')),
    sa.ForeignKeyConstraint(['org_id', 'course_id'], ['course.org_id', 'course.id'], name=op.f('fk_assistance_request_org_id_course')),
    sa.ForeignKeyConstraint(['org_id', 'helper_id'], ['person.org_id', 'person.id'], name=op.f('fk_assistance_request_org_id_person')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_assistance_request_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_assistance_request')),
    sa.UniqueConstraint('org_id', 'candidacy_id', 'offer_key', name=op.f('uq_assistance_request_org_id_candidacy_id_offer_key'))
    )
    with op.batch_alter_table('assistance_request', schema=None) as batch_op:
        batch_op.create_index('ix_assistance_request_course', ['org_id', 'course_id', 'state'], unique=False)

    op.create_table('assistance_contact',
    sa.Column('request_id', sa.String(length=32), nullable=False),
    sa.Column('helper_id', sa.String(length=32), nullable=False),
    sa.Column('minutes', sa.Integer(), nullable=False),
    sa.Column('mode', sa.String(length=20), nullable=False),
    sa.Column('outcome', sa.Text(), nullable=False),
    sa.Column('follow_up', sa.Date(), nullable=True),
    sa.Column('noted_at', lti_mentoring.store.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('org_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['org_id', 'helper_id'], ['person.org_id', 'person.id'], name=op.f('fk_assistance_contact_org_id_person')),
    sa.ForeignKeyConstraint(['org_id', 'request_id'], ['assistance_request.org_id', 'assistance_request.id'], name=op.f('fk_assistance_contact_org_id_assistance_request')),
    sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f('fk_assistance_contact_org_id_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_assistance_contact'))
    )
    with op.batch_alter_table('assistance_contact', schema=None) as batch_op:
        batch_op.create_index('ix_assistance_contact_request', ['org_id', 'request_id'], unique=False)


def downgrade():
    with op.batch_alter_table('assistance_contact', schema=None) as batch_op:
        batch_op.drop_index('ix_assistance_contact_request')

    op.drop_table('assistance_contact')
    with op.batch_alter_table('assistance_request', schema=None) as batch_op:
        batch_op.drop_index('ix_assistance_request_course')

    op.drop_table('assistance_request')
