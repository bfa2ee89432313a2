"""When a person is next to be told that evidence ends.

Always true: up and down on SQLite and PostgreSQL. What is there is due 30 days before its end; of several notices
that are due by then only one is sent.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
_OPEN = sa.text("notice_at IS NOT NULL AND ended_at IS NULL")


def upgrade() -> None:
    with op.batch_alter_table("evidence") as table:
        table.add_column(sa.Column("notice_at", sa.BigInteger(), nullable=True))
    op.execute("UPDATE evidence SET notice_at = expires_at - 30 * 86400 WHERE expires_at IS NOT NULL")
    op.create_index("ix_evidence_notice_at", "evidence", ["notice_at"], sqlite_where=_OPEN, postgresql_where=_OPEN)


def downgrade() -> None:
    op.drop_index("ix_evidence_notice_at", "evidence")
    with op.batch_alter_table("evidence") as table:
        table.drop_column("notice_at")
