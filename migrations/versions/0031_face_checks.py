"""Checks made elsewhere: the way there and back, and what evidence rests on.

Always true: up and down on SQLite and PostgreSQL.
"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    for name in ("left_at", "fetch_at"):
        op.add_column("outside_check", sa.Column(name, sa.BigInteger(), nullable=True))
    op.add_column("evidence", sa.Column("check_id", sa.Text(), nullable=True))
    op.create_index("ix_evidence_check_id", "evidence", ["check_id"])


def downgrade() -> None:
    op.drop_index("ix_evidence_check_id", "evidence")
    op.drop_column("evidence", "check_id")
    for name in ("fetch_at", "left_at"):
        op.drop_column("outside_check", name)
