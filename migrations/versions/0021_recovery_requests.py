"""Requests to get back into an account by the word of two operators.

Always true: up and down on SQLite and PostgreSQL.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.create_table(
        "recovery_request",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("filed_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("party_id", sa.Text(), nullable=True),
        sa.Column("stop", sa.LargeBinary(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("keep_until", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_recovery_request_party_id"),
        sa.PrimaryKeyConstraint("id", name="pk_recovery_request"),
        sa.UniqueConstraint("stop", name="uq_recovery_request_stop"),
    )
    op.create_index("ix_recovery_request_state_due_at", "recovery_request", ["state", "due_at"])
    op.create_index("ix_recovery_request_party_id", "recovery_request", ["party_id"])
    op.create_index("ix_recovery_request_keep_until", "recovery_request", ["keep_until"])


def downgrade() -> None:
    op.drop_table("recovery_request")
