"""${message}

Revision ${up_revision}, after ${down_revision | comma,n}.

Each revision is one transaction. On PostgreSQL a statement may wait 4 s for a lock and run 60 s; a longer step
(an index on a big table) sets its own limit with a line that says why. Prefer no ON DELETE CASCADE, and keep
vocabularies out of CHECK constraints: both mean rebuilding tables later.
"""

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
