"""Disputes, accounts on their way to being closed, passwords that have to be set anew.

Always true: up and down on SQLite and PostgreSQL.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    with op.batch_alter_table("password") as batch:
        batch.add_column(sa.Column("reset_required_at", sa.BigInteger(), nullable=True))
    op.create_table(
        "account_closing",
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("closes_at", sa.BigInteger(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_account_closing_party_id"),
        sa.PrimaryKeyConstraint("party_id", name="pk_account_closing"),
    )
    op.create_index("ix_account_closing_closes_at", "account_closing", ["closes_at"])
    op.create_table(
        "dispute",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=True),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("filed_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("operator", sa.Text(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_dispute_party_id"),
        sa.PrimaryKeyConstraint("id", name="pk_dispute"),
    )
    op.create_index("ix_dispute_party_id", "dispute", ["party_id"])
    op.create_index("ix_dispute_state_due_at", "dispute", ["state", "due_at"])


def downgrade() -> None:
    op.drop_table("dispute")
    op.drop_table("account_closing")
    op.execute("DELETE FROM password WHERE reset_required_at IS NOT NULL")  # they are off, and must not come back
    with op.batch_alter_table("password") as batch:
        batch.drop_column("reset_required_at")
