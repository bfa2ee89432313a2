"""Operators, their sessions and reasons, and proposals.

Always true: up and down on SQLite and PostgreSQL.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "operator",
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("blind", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("disabled_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_operator_party_id"),
        sa.PrimaryKeyConstraint("party_id", name="pk_operator"),
        sa.UniqueConstraint("blind", name="uq_operator_blind"),
    )
    op.create_table(
        "operator_role",
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["party_id"], ["operator.party_id"], name="fk_operator_role_party_id"),
        sa.PrimaryKeyConstraint("party_id", "role", "scope", name="pk_operator_role"),
    )
    op.create_table(
        "operator_invitation",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["party_id"], ["operator.party_id"], name="fk_operator_invitation_party_id"),
        sa.PrimaryKeyConstraint("hash", name="pk_operator_invitation"),
    )
    op.create_index("ix_operator_invitation_expires_at", "operator_invitation", ["expires_at"])
    op.create_index("ix_operator_invitation_party_id", "operator_invitation", ["party_id"])
    op.create_table(
        "operator_session",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_at", sa.BigInteger(), nullable=False),
        sa.Column("absolute_end", sa.BigInteger(), nullable=False),
        sa.Column("factors", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["party_id"], ["operator.party_id"], name="fk_operator_session_party_id"),
        sa.PrimaryKeyConstraint("id", name="pk_operator_session"),
        sa.UniqueConstraint("secret_hash", name="uq_operator_session_secret_hash"),
    )
    op.create_index("ix_operator_session_absolute_end", "operator_session", ["absolute_end"])
    op.create_index("ix_operator_session_party_id", "operator_session", ["party_id"])
    op.create_table(
        "justification",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["operator"], ["operator.party_id"], name="fk_justification_operator"),
        sa.PrimaryKeyConstraint("id", name="pk_justification"),
    )
    op.create_index("ix_justification_created_at", "justification", ["created_at"])
    op.create_index("ix_justification_operator", "justification", ["operator"])
    op.create_table(
        "proposal",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("proposer", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("decider", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["proposer"], ["operator.party_id"], name="fk_proposal_proposer"),
        sa.PrimaryKeyConstraint("id", name="pk_proposal"),
    )
    op.create_index("ix_proposal_proposer", "proposal", ["proposer"])
    op.create_index("ix_proposal_state", "proposal", ["state"])


def downgrade() -> None:
    for table in ("password", "totp"):
        op.execute(f"DELETE FROM {table} WHERE party_id IN (SELECT party_id FROM operator)")
    for table in (
        "proposal",
        "justification",
        "operator_session",
        "operator_invitation",
        "operator_role",
        "operator",
    ):
        op.drop_table(table)
