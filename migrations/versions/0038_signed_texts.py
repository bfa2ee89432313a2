"""Texts that people signed with their certificates, with all it takes to verify that later.

Always true: up and down on SQLite and PostgreSQL.
"""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    op.create_table(
        "revocation_data",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("kept_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_revocation_data"),
    )
    op.create_table(
        "text_signature",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("party_id", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("purpose", "about", "method", "digest")),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("digest_sm3", "issuer")),
        *(sa.Column(name, sa.LargeBinary(), nullable=False) for name in ("text", "answer", "path", "record")),
        sa.Column("revocation", sa.Text(), nullable=False),
        sa.Column("signed_at", sa.BigInteger(), nullable=False),
        sa.Column("verified_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_text_signature"),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_text_signature_party_id"),
        sa.UniqueConstraint("party_id", "digest", name="uq_text_signature_party_id_digest"),
    )
    op.create_index("ix_text_signature_about", "text_signature", ["about"])


def downgrade() -> None:
    op.drop_table("text_signature")
    op.drop_table("revocation_data")
