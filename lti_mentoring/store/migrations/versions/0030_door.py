# SPDX-License-Identifier: Apache-2.0
"""the door beside the LMS"""

import sqlalchemy as sa
from alembic import op

from lti_mentoring.store.base import UtcDateTime

revision = '0030'
down_revision = '0029'
branch_labels = None
depends_on = None


def _at(name, nullable=False):
    return sa.Column(name, UtcDateTime(timezone=True), nullable=nullable)


def _text(name, length):
    return sa.Column(name, sa.String(length=length), nullable=False)


def _organisation(table):
    return sa.ForeignKeyConstraint(['org_id'], ['organisation.id'], name=op.f(f'fk_{table}_org_id_organisation'))


def _index(table, *columns):
    for column in columns:
        op.create_index(op.f(f'ix_{table}_{column}'), table, [column], unique=False)


def upgrade():
    op.create_table(
        'door_ask', _text('id', 32), _text('address', 400), _text('address_hash', 64), _text('client_hash', 64),
        _at('asked_at'), _at('settled_at', True), sa.PrimaryKeyConstraint('id', name=op.f('pk_door_ask')),
    )
    _index('door_ask', 'address_hash', 'client_hash', 'asked_at', 'settled_at')
    op.create_table(
        'door_link', _text('token_hash', 64), _text('org_id', 32), _text('person_id', 32), _text('kind', 20),
        _text('created_by', 40), _at('created_at'), _at('expires_at'), _at('spent_at', True), _text('spent_in', 60),
        _at('revoked_at', True), _organisation('door_link'), sa.PrimaryKeyConstraint('token_hash', name=op.f('pk_door_link')),
    )
    _index('door_link', 'org_id', 'person_id')
    op.create_table(
        'door_challenge', _text('challenge_hash', 64), _text('browser_hash', 64), _text('purpose', 20), _at('expires_at'),
        sa.PrimaryKeyConstraint('challenge_hash', name=op.f('pk_door_challenge')),
    )
    _index('door_challenge', 'browser_hash', 'expires_at')
    op.create_table(
        'passkey', _text('id', 32), _text('org_id', 32), _text('person_id', 32), _text('credential_id', 1400), _text('handle', 90),
        sa.Column('public_key', sa.LargeBinary(), nullable=False), sa.Column('sign_count', sa.BigInteger(), nullable=False),
        sa.Column('transports', sa.JSON(), nullable=False), _text('name', 80), _text('by_link', 64), _at('created_at'),
        _at('used_at', True), _organisation('passkey'), sa.PrimaryKeyConstraint('id', name=op.f('pk_passkey')),
        sa.UniqueConstraint('credential_id', name=op.f('uq_passkey_credential_id')),
    )
    _index('passkey', 'org_id', 'person_id')
    op.create_table(
        'door_letter', _text('mail_id', 32), _text('kind', 20), _text('asked_by', 40), _text('address_hash', 64), _at('created_at'),
        _text('org_id', 32), _text('id', 32), _organisation('door_letter'),
        sa.ForeignKeyConstraint(
            ['org_id', 'mail_id'], ['mail.org_id', 'mail.id'], name=op.f('fk_door_letter_org_id_mail_id_mail'), ondelete='CASCADE'
        ),
        sa.PrimaryKeyConstraint('org_id', 'id', name=op.f('pk_door_letter')),
        sa.UniqueConstraint('org_id', 'mail_id', name=op.f('uq_door_letter_org_id_mail_id')),
    )
    op.create_index('ix_door_letter_address', 'door_letter', ['address_hash', 'created_at'], unique=False)
    with op.batch_alter_table('web_session', schema=None) as batch_op:
        batch_op.add_column(sa.Column('by_door', sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.alter_column('registration_id', existing_type=sa.String(length=32), nullable=True)
        batch_op.alter_column('deployment_id', existing_type=sa.String(length=32), nullable=True)


def downgrade():
    op.execute('DELETE FROM web_session WHERE registration_id IS NULL')
    with op.batch_alter_table('web_session', schema=None) as batch_op:
        batch_op.alter_column('deployment_id', existing_type=sa.String(length=32), nullable=False)
        batch_op.alter_column('registration_id', existing_type=sa.String(length=32), nullable=False)
        batch_op.drop_column('by_door')
    for table in ('door_letter', 'passkey', 'door_challenge', 'door_link', 'door_ask'):
        op.drop_table(table)
