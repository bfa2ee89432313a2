"""Departments' own users.

Always true: up and down on SQLite and PostgreSQL.
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    op.create_table(
        "link_import",
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.client_id"], name="fk_link_import_client_id"),
        sa.PrimaryKeyConstraint("client_id", "seq", name="pk_link_import"),
    )
    op.create_table(
        "account_link",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("local", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("blind", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id", "seq"], ["link_import.client_id", "link_import.seq"], name="fk_account_link_client_id_seq"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_account_link"),
        sa.UniqueConstraint("client_id", "local", "kind", "blind", name="uq_account_link_client_id_local_kind_blind"),
    )
    op.create_index("ix_account_link_kind_blind", "account_link", ["kind", "blind"])


def downgrade() -> None:
    op.drop_table("account_link")
    op.drop_table("link_import")
