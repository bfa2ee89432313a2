"""How often a number read at the counter was not the one stated in a request.

Always true: up and down on SQLite and PostgreSQL. Requests of before have no mismatch.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    column = sa.Column("mismatches", sa.BigInteger(), nullable=False, server_default="0")
    with op.batch_alter_table("recovery_request") as table:
        table.add_column(column)


def downgrade() -> None:
    with op.batch_alter_table("recovery_request") as table:
        table.drop_column("mismatches")
