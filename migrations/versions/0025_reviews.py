"""Reviews by operators of who somebody is, and the photos they look at.

Always true: up and down on SQLite and PostgreSQL.
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.create_table(
        "review",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("filed_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("lapses_at", sa.BigInteger(), nullable=False),
        sa.Column("journey", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("proposer", sa.Text(), nullable=True),
        sa.Column("decider", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_review_party_id"),
        sa.PrimaryKeyConstraint("id", name="pk_review"),
        sa.UniqueConstraint("journey", name="uq_review_journey"),
    )
    op.create_index("ix_review_party_id", "review", ["party_id"])
    op.create_index("ix_review_state_due_at", "review", ["state", "due_at"])
    filed = sa.text("state = 'filed'")
    op.create_index(
        "ix_review_one_open", "review", ["party_id"], unique=True, sqlite_where=filed, postgresql_where=filed
    )
    op.create_table(
        "photo",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("journey", sa.Text(), nullable=False),
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("purge_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_photo_party_id"),
        sa.PrimaryKeyConstraint("id", name="pk_photo"),
    )
    for column in ("journey", "party_id", "purge_at"):
        op.create_index(f"ix_photo_{column}", "photo", [column])


def downgrade() -> None:
    op.drop_table("photo")
    op.drop_table("review")
