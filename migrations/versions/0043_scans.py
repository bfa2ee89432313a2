"""Codes answered on another screen, identity codes shown at counters, and sessions that idle for less than others.

Always true: up and down on SQLite and PostgreSQL.
"""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"


def _texts(*names: str, nullable: bool = False) -> list["sa.Column[str]"]:
    return [sa.Column(name, sa.Text(), nullable=nullable) for name in names]


def _numbers(*names: str, nullable: bool = False) -> list["sa.Column[int]"]:
    return [sa.Column(name, sa.BigInteger(), nullable=nullable) for name in names]


def _bytes(*names: str, nullable: bool = False) -> list["sa.Column[bytes]"]:
    return [sa.Column(name, sa.LargeBinary(), nullable=nullable) for name in names]


def upgrade() -> None:
    op.create_table(
        "scan",
        *_texts("id", "kind", "state"),
        *_texts("client_id", nullable=True),
        *_bytes("code_blind", "holder"),
        *_texts("number", "numbers"),
        *_texts("party_id", "session_id", nullable=True),
        *_bytes("sealed"),
        *_numbers("pace"),
        *_numbers("polled_at", nullable=True),
        *_numbers("created_at", "expires_at"),
        sa.ForeignKeyConstraint(["client_id"], ["client.client_id"], name="fk_scan_client_id"),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_scan_party_id"),
        sa.PrimaryKeyConstraint("id", name="pk_scan"),
        sa.UniqueConstraint("code_blind", name="uq_scan_code_blind"),
    )
    op.create_index("ix_scan_holder", "scan", ["holder"])
    op.create_index("ix_scan_expires_at", "scan", ["expires_at"])
    op.create_table(
        "identity_code",
        *_texts("id", "party_id", "session_id", "state"),
        *_bytes("code_hash"),
        *_texts("client_id", "clerk_id", "permit_id", "confirmed", nullable=True),
        *_bytes("sealed", nullable=True),
        *_numbers("begun_at", "expires_at"),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_identity_code_party_id"),
        sa.ForeignKeyConstraint(["client_id"], ["client.client_id"], name="fk_identity_code_client_id"),
        sa.ForeignKeyConstraint(["clerk_id"], ["party.id"], name="fk_identity_code_clerk_id"),
        sa.ForeignKeyConstraint(["permit_id"], ["capability_permit.id"], name="fk_identity_code_permit_id"),
        sa.PrimaryKeyConstraint("id", name="pk_identity_code"),
        sa.UniqueConstraint("code_hash", name="uq_identity_code_code_hash"),
    )
    op.create_index("ix_identity_code_party_id", "identity_code", ["party_id"])
    op.create_index("ix_identity_code_expires_at", "identity_code", ["expires_at"])
    op.add_column("session", sa.Column("idle", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("session") as table:
        table.drop_column("idle")
    op.drop_table("identity_code")
    op.drop_table("scan")
