"""Opaque access tokens may be bound to the certificate they were fetched with.

Always true: up and down on SQLite and PostgreSQL.
"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    op.add_column("opaque_token", sa.Column("cnf", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("opaque_token", "cnf")
