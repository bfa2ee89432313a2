"""Capabilities of department apps, and how often they were used.

Always true: up and down on SQLite and PostgreSQL.
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
_STANDING = sa.text("state IN ('applied', 'granted')")


def upgrade() -> None:
    op.create_table(
        "capability_permit",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("capability", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("law", sa.Text(), nullable=False),
        sa.Column("daily", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("applied_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.client_id"], name="fk_capability_permit_client_id"),
        sa.PrimaryKeyConstraint("id", name="pk_capability_permit"),
    )
    op.create_index(
        "ix_capability_permit_standing",
        "capability_permit",
        ["client_id", "capability", "state"],
        unique=True,
        sqlite_where=_STANDING,
        postgresql_where=_STANDING,
    )
    op.create_table(
        "capability_use",
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("capability", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.client_id"], name="fk_capability_use_client_id"),
        sa.PrimaryKeyConstraint("client_id", "capability", "day", "result", name="pk_capability_use"),
    )
    op.create_index("ix_capability_use_day", "capability_use", ["day"])


def downgrade() -> None:
    op.drop_table("capability_use")
    op.drop_table("capability_permit")
