"""Legal entities and people's roles in them.

Always true: up and down on SQLite and PostgreSQL.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_table(
        "legal_entity",
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("checked_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_legal_entity_party_id"),
        sa.PrimaryKeyConstraint("party_id", name="pk_legal_entity"),
    )
    op.create_table(
        "entity_role",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("valid_to", sa.BigInteger(), nullable=True),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("checked_at", sa.BigInteger(), nullable=False),
        sa.Column("claimed_until", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["entity_id"], ["party.id"], name="fk_entity_role_entity_id"),
        sa.ForeignKeyConstraint(["person_id"], ["party.id"], name="fk_entity_role_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_entity_role"),
    )
    op.create_index("ix_entity_role_entity_id", "entity_role", ["entity_id"])
    op.create_index("ix_entity_role_person_id", "entity_role", ["person_id"])


def downgrade() -> None:
    op.drop_table("entity_role")
    op.drop_table("legal_entity")
