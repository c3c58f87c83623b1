"""what waits

Revision 0004, after 0003.

Each revision is one transaction. On PostgreSQL a statement may wait 4 s for a lock and run 60 s; a longer step
(an index on a big table) sets its own limit with a line that says why. Prefer no ON DELETE CASCADE, and keep
vocabularies out of CHECK constraints: both mean rebuilding tables later.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NO_RESULT = sa.text("result IS NULL")
NOBODYS = sa.text("assignee_id IS NULL")


def upgrade() -> None:
    # PostgreSQL takes no order by time from an index that begins with a column which must be empty.
    with op.batch_alter_table("hearing", schema=None) as batch_op:
        batch_op.create_index("ix_hearing_to_come", ["at"], sqlite_where=NO_RESULT, postgresql_where=NO_RESULT)
        batch_op.drop_index("ix_hearing_result_at")

    # Of an agency's tasks nearly all are somebody's; a queue shows those that are nobody's yet.
    with op.batch_alter_table("task", schema=None) as batch_op:
        batch_op.create_index(
            "ix_task_waiting",
            ["queue_agency_id", "queue_role", "state", "due_at"],
            sqlite_where=NOBODYS,
            postgresql_where=NOBODYS,
        )
        batch_op.drop_index("ix_task_queue")


def downgrade() -> None:
    with op.batch_alter_table("task", schema=None) as batch_op:
        batch_op.create_index("ix_task_queue", ["queue_agency_id", "queue_role", "state", "due_at"], unique=False)
        batch_op.drop_index("ix_task_waiting")

    with op.batch_alter_table("hearing", schema=None) as batch_op:
        batch_op.create_index("ix_hearing_result_at", ["result", "at"], unique=False)
        batch_op.drop_index("ix_hearing_to_come")
