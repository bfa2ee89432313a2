"""Passwords, attempts, message budgets, code challenges.

Always true: up and down on SQLite and PostgreSQL.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "password",
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_password_party_id"),
        sa.PrimaryKeyConstraint("party_id", name="pk_password"),
    )
    op.create_table(
        "attempt",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("failures", sa.Text(), nullable=False),
        sa.Column("pending", sa.Text(), nullable=False),
        sa.Column("locked_until", sa.BigInteger(), nullable=False),
        sa.Column("lock_count", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", "kind", name="pk_attempt"),
    )
    op.create_index("ix_attempt_updated_at", "attempt", ["updated_at"])
    op.create_table(
        "send_budget",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("sent", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_send_budget"),
    )
    op.create_index("ix_send_budget_updated_at", "send_budget", ["updated_at"])
    op.create_table(
        "sms_challenge",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("answers", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sms_challenge"),
    )
    op.create_index("ix_sms_challenge_expires_at", "sms_challenge", ["expires_at"])


def downgrade() -> None:
    op.drop_table("sms_challenge")
    op.drop_table("send_budget")
    op.drop_table("attempt")
    op.drop_table("password")
