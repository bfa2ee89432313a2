"""Resource servers that tokens can be asked for, and the handles under which apps know whom somebody acts for.

Always true: up and down on SQLite and PostgreSQL.
"""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    op.create_table(
        "resource_server",
        sa.Column("identifier", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("aware_at", sa.BigInteger(), nullable=True),
        sa.Column("aware_how", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.client_id"], name="fk_resource_server_client_id"),
        sa.PrimaryKeyConstraint("identifier", name="pk_resource_server"),
    )
    op.create_table(
        "represented_handle",
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("represented_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("mandate_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["party.id"], name="fk_represented_handle_person_id"),
        sa.ForeignKeyConstraint(["represented_id"], ["party.id"], name="fk_represented_handle_represented_id"),
        sa.PrimaryKeyConstraint("handle", name="pk_represented_handle"),
        sa.UniqueConstraint(
            "person_id", "client_id", "represented_id", "mandate_id", name="uq_represented_handle_key"
        ),
    )
    op.create_index("ix_represented_handle_represented_id", "represented_handle", ["represented_id"])


def downgrade() -> None:
    op.drop_table("represented_handle")
    op.drop_table("resource_server")
