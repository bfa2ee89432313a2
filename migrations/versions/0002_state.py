"""Versions of what processes hold in memory, and the state store's form over SQL.

Always true: up and down on SQLite and PostgreSQL.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "registry_version",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_registry_version"),
    )
    op.create_table(
        "state_entry",
        sa.Column("ns", sa.Text(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("ns", "key", name="pk_state_entry"),
    )
    op.create_index("ix_state_entry_expires", "state_entry", ["expires"])
    op.create_table(
        "state_window",
        sa.Column("ns", sa.Text(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("ns", "key", name="pk_state_window"),
    )
    op.create_index("ix_state_window_expires", "state_window", ["expires"])


def downgrade() -> None:
    op.drop_table("state_window")
    op.drop_table("state_entry")
    op.drop_table("registry_version")
