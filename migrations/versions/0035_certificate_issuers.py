"""Issuers of certificates that are trusted here, and their revocation lists.

Always true: up and down on SQLite and PostgreSQL.
"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    op.create_table(
        "certificate_issuer",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("id", "title_zh", "title_en", "profile", "usage")),
        sa.Column("ocsp_url", sa.Text(), nullable=True),
        sa.Column("grace", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_certificate_issuer"),
    )
    op.create_table(
        "issuer_certificate",
        _of_an_issuer("issuer_certificate"),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("der", sa.LargeBinary(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("issuer_id", "fingerprint", name="pk_issuer_certificate"),
    )
    op.create_table(
        "revocation_list",
        sa.Column("id", sa.Text(), nullable=False),
        _of_an_issuer("revocation_list"),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("this_update", "next_update", "entries")),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("der", sa.LargeBinary(), nullable=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_revocation_list"),
        sa.UniqueConstraint("issuer_id", "scope", name="uq_revocation_list_issuer_id_scope"),
    )
    op.create_table(
        "revocation_source",
        sa.Column("id", sa.Text(), nullable=False),
        _of_an_issuer("revocation_source"),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column(
            "list_id",
            sa.Text(),
            sa.ForeignKey("revocation_list.id", name="fk_revocation_source_list_id"),
            nullable=True,
        ),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("checked_at", sa.BigInteger(), nullable=True),
        sa.Column("fetched_at", sa.BigInteger(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("claimed_until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_revocation_source"),
        sa.UniqueConstraint("issuer_id", "url", name="uq_revocation_source_issuer_id_url"),
    )
    op.create_index("ix_revocation_source_due_at", "revocation_source", ["due_at"])


def _of_an_issuer(table: str) -> sa.Column[str]:
    key = sa.ForeignKey("certificate_issuer.id", name=f"fk_{table}_issuer_id")
    return sa.Column("issuer_id", sa.Text(), key, nullable=False)


def downgrade() -> None:
    for table in ("revocation_source", "revocation_list", "issuer_certificate", "certificate_issuer"):
        op.drop_table(table)
