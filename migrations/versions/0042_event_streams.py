"""Event streams of departments, the events that wait in them, and handles found by their mandate.

Always true: up and down on SQLite and PostgreSQL.
"""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0040"


def upgrade() -> None:
    op.create_index("ix_represented_handle_mandate_id", "represented_handle", ["mandate_id"])
    op.create_table(
        "event_stream",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=True),
        sa.Column("credential", sa.LargeBinary(), nullable=True),
        sa.Column("events", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("status_reason", sa.Text(), nullable=True),
        sa.Column("verified_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.client_id"], name="fk_event_stream_client_id"),
        sa.PrimaryKeyConstraint("id", name="pk_event_stream"),
        sa.UniqueConstraint("client_id", name="uq_event_stream_client_id"),
    )
    op.create_table(
        "stream_event",
        sa.Column("jti", sa.Text(), nullable=False),
        sa.Column("stream_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("claims", sa.Text(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["stream_id"], ["event_stream.id"], name="fk_stream_event_stream_id"),
        sa.PrimaryKeyConstraint("jti", name="pk_stream_event"),
    )
    op.create_index("ix_stream_event_stream_id_created_at", "stream_event", ["stream_id", "created_at"])


def downgrade() -> None:
    op.drop_table("stream_event")
    op.drop_table("event_stream")
    op.drop_index("ix_represented_handle_mandate_id", table_name="represented_handle")
