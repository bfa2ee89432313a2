"""Which operator was shown which photo of a review.

Always true: up and down on SQLite and PostgreSQL.
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    op.create_table(
        "photo_view",
        sa.Column("photo_id", sa.Text(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("photo_id", "operator", name="pk_photo_view"),
    )


def downgrade() -> None:
    op.drop_table("photo_view")
