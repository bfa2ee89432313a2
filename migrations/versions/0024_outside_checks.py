"""Checks made elsewhere: by a face-check vendor, by a bank's own channel.

Always true: up and down on SQLite and PostgreSQL.
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"

_UNDER_WAY = sa.text("sealed IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "outside_check",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("party_id", sa.Text(), nullable=True),
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        sa.Column("browser", sa.LargeBinary(), nullable=False),
        sa.Column("back", sa.Text(), nullable=False),
        sa.Column("elsewhere", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("vendor", sa.Text(), nullable=True),
        sa.Column("vendor_transaction", sa.Text(), nullable=True),
        sa.Column("score", sa.BigInteger(), nullable=True),
        sa.Column("digest", sa.Text(), nullable=True),
        sa.Column("attempt_key", sa.LargeBinary(), nullable=True),
        sa.Column("attempt_at", sa.BigInteger(), nullable=True),
        *(
            sa.Column(name, sa.BigInteger(), nullable=name not in ("created_at", "expires_at"))
            for name in (
                "created_at",
                "expires_at",
                "agreed_at",
                "opened_at",
                "judged_at",
                "ended_at",
                "taken_at",
            )
        ),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_outside_check_party_id"),
        sa.PrimaryKeyConstraint("id", name="pk_outside_check"),
    )
    op.create_index("ix_outside_check_party_id", "outside_check", ["party_id"])
    op.create_index("ix_outside_check_created_at", "outside_check", ["created_at"])
    op.create_index(
        "ix_outside_check_under_way",
        "outside_check",
        ["expires_at"],
        sqlite_where=_UNDER_WAY,
        postgresql_where=_UNDER_WAY,
    )


def downgrade() -> None:
    op.drop_table("outside_check")
