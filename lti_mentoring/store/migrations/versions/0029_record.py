# SPDX-License-Identifier: Apache-2.0
"""the chained record, who has looked, and how long things are kept"""

from alembic import op
import sqlalchemy as sa


revision = '0029'
down_revision = '0028'
branch_labels = None
depends_on = None


WAITS = sa.text('position IS NULL')


def upgrade():
    op.create_index('ix_audit_event_tail', 'audit_event', ['org_id', 'at', 'id'], sqlite_where=WAITS, postgresql_where=WAITS)
    if op.get_bind().dialect.name == 'postgresql':
        op.execute("""CREATE FUNCTION audit_event_stays() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'a chained line of the record never changes'; END $$""")
        op.execute("""CREATE TRIGGER audit_event_stays BEFORE UPDATE ON audit_event
            FOR EACH ROW WHEN (OLD.position IS NOT NULL) EXECUTE FUNCTION audit_event_stays()""")
    else:
        op.execute("""CREATE TRIGGER audit_event_stays BEFORE UPDATE ON audit_event WHEN OLD.position IS NOT NULL
            BEGIN SELECT RAISE(ABORT, 'a chained line of the record never changes'); END""")


def downgrade():
    if op.get_bind().dialect.name == 'postgresql':
        op.execute('DROP TRIGGER audit_event_stays ON audit_event')
        op.execute('DROP FUNCTION audit_event_stays()')
    else:
        op.execute('DROP TRIGGER audit_event_stays')
    op.drop_index('ix_audit_event_tail', 'audit_event')
