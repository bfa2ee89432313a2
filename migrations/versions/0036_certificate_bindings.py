"""Certificates bound to accounts.

Always true: up and down on SQLite and PostgreSQL.
"""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
_LIVE = sa.text("ended_at IS NULL")
_DUE = sa.text("notice_at IS NOT NULL AND ended_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "certificate_binding",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("issuer_id", sa.Text(), nullable=False),
        sa.Column("issuer_name", sa.Text(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("algorithm", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("certificate", sa.LargeBinary(), nullable=True),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
        sa.Column("not_after", sa.BigInteger(), nullable=False),
        sa.Column("holder_id", sa.Text(), nullable=True),
        sa.Column("bound_by", sa.Text(), nullable=False),
        sa.Column("bound_at", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("notice_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_certificate_binding_party_id"),
        sa.ForeignKeyConstraint(["holder_id"], ["party.id"], name="fk_certificate_binding_holder_id"),
        sa.ForeignKeyConstraint(["bound_by"], ["party.id"], name="fk_certificate_binding_bound_by"),
        sa.PrimaryKeyConstraint("id", name="pk_certificate_binding"),
    )
    for column in ("party_id", "issuer_id", "holder_id"):
        op.create_index(f"ix_certificate_binding_{column}", "certificate_binding", [column])
    op.create_index(
        "uq_certificate_binding_live",
        "certificate_binding",
        ["issuer_name", "serial", "key_hash"],
        unique=True,
        sqlite_where=_LIVE,
        postgresql_where=_LIVE,
    )
    op.create_index(
        "ix_certificate_binding_notice_at",
        "certificate_binding",
        ["notice_at"],
        sqlite_where=_DUE,
        postgresql_where=_DUE,
    )


def downgrade() -> None:
    op.drop_table("certificate_binding")
