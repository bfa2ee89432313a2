"""Parties, identifiers, profiles, pairwise subjects, accepted agreements.

Always true: up and down on SQLite and PostgreSQL.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "party",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_party"),
    )
    op.create_table(
        "party_identifier",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("blind", sa.LargeBinary(), nullable=False),
        sa.Column("verified_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_party_identifier_party_id"),
        sa.PrimaryKeyConstraint("id", name="pk_party_identifier"),
        sa.UniqueConstraint("kind", "blind", name="uq_party_identifier_kind_blind"),
    )
    op.create_index("ix_party_identifier_party_id", "party_identifier", ["party_id"])
    op.create_table(
        "profile",
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_profile_party_id"),
        sa.PrimaryKeyConstraint("party_id", name="pk_profile"),
    )
    op.create_table(
        "pairwise_subject",
        sa.Column("sector", sa.Text(), nullable=False),
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("sub", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_pairwise_subject_party_id"),
        sa.PrimaryKeyConstraint("sector", "party_id", name="pk_pairwise_subject"),
        sa.UniqueConstraint("sub", name="uq_pairwise_subject_sub"),
    )
    op.create_table(
        "agreement_acceptance",
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("accepted_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_agreement_acceptance_party_id"),
        sa.PrimaryKeyConstraint("party_id", "document", "version", name="pk_agreement_acceptance"),
    )


def downgrade() -> None:
    op.drop_table("agreement_acceptance")
    op.drop_table("pairwise_subject")
    op.drop_table("profile")
    op.drop_table("party_identifier")
    op.drop_table("party")
