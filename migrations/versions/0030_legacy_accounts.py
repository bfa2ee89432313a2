"""Accounts of older platforms that wait for their people, the files they came in, and the lines not taken.

Always true: up and down on SQLite and PostgreSQL.
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"

_COUNTS = ("position", "line", "lines", "accepted", "updated", "duplicates", "quarantined", "flagged")
_FOUND_BY = ("document_blind", "mobile_blind", "credit_code_blind", "representative_blind", "party_id")


def upgrade() -> None:
    op.create_table(
        "legacy_batch",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in (*_COUNTS, "started_at")),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_legacy_batch"),
        sa.UniqueConstraint("digest", name="uq_legacy_batch_digest"),
    )
    op.create_table(
        "legacy_account",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("id", "batch_id", "line_batch_id", "platform")),
        *(sa.Column(name, sa.LargeBinary(), nullable=False) for name in ("old_id", "old_blind")),
        sa.Column("kind", sa.Text(), nullable=False),
        *(sa.Column(name, sa.LargeBinary(), nullable=True) for name in ("sealed", "digest", *_FOUND_BY[:4])),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=True) for name in ("flag", "party_id", "merged_into")),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("imported_at", "updated_at", "state_at")),
        sa.ForeignKeyConstraint(["batch_id"], ["legacy_batch.id"], name="fk_legacy_account_batch_id"),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_legacy_account_party_id"),
        sa.PrimaryKeyConstraint("id", name="pk_legacy_account"),
        sa.UniqueConstraint("platform", "old_blind", name="uq_legacy_account_platform_old_blind"),
    )
    op.create_index("ix_legacy_account_counts", "legacy_account", ["batch_id", "state", "flag"])
    _partial("state_at", "sealed IS NOT NULL")
    for column in _FOUND_BY:
        _partial(column, f"{column} IS NOT NULL")
    op.create_table(
        "legacy_quarantine",
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["legacy_batch.id"], name="fk_legacy_quarantine_batch_id"),
        sa.PrimaryKeyConstraint("batch_id", "line", name="pk_legacy_quarantine"),
    )


def _partial(column: str, where: str) -> None:
    condition = sa.text(where)
    op.create_index(
        f"ix_legacy_account_{column}",
        "legacy_account",
        [column],
        sqlite_where=condition,
        postgresql_where=condition,
    )


def downgrade() -> None:
    op.drop_table("legacy_quarantine")
    op.drop_table("legacy_account")
    op.drop_table("legacy_batch")
