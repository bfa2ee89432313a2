"""One phone and one user name per party, holds on what a person may do next, and events to tell departments.

Always true: up and down on SQLite and PostgreSQL.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0013"
_SINGLE = sa.text("kind IN ('mobile', 'user_name')")


def upgrade() -> None:
    op.create_index(
        "ix_party_identifier_single",
        "party_identifier",
        ["party_id", "kind"],
        unique=True,
        sqlite_where=_SINGLE,
        postgresql_where=_SINGLE,
    )
    op.create_table(
        "party_hold",
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("held_until", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_party_hold_party_id"),
        sa.PrimaryKeyConstraint("party_id", "act", name="pk_party_hold"),
    )
    op.create_index("ix_party_hold_held_until", "party_hold", ["held_until"])
    op.create_table(
        "party_event",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("delivered_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_party_event_party_id"),
        sa.PrimaryKeyConstraint("id", name="pk_party_event"),
    )
    op.create_index("ix_party_event_party_id", "party_event", ["party_id"])
    waiting = sa.text("delivered_at IS NULL")
    op.create_index(
        "ix_party_event_waiting", "party_event", ["created_at"], sqlite_where=waiting, postgresql_where=waiting
    )


def downgrade() -> None:
    op.drop_table("party_event")
    op.drop_table("party_hold")
    op.drop_index("ix_party_identifier_single", "party_identifier")
