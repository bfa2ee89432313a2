"""Anchors, by which a person who closed their account is recognised.

Always true: up and down on SQLite and PostgreSQL.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.create_table(
        "person_anchor",
        sa.Column("anchor", sa.LargeBinary(), nullable=False),
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_person_anchor_party_id"),
        sa.PrimaryKeyConstraint("anchor", name="pk_person_anchor"),
    )
    op.create_index("ix_person_anchor_party_id", "person_anchor", ["party_id"])


def downgrade() -> None:
    op.drop_table("person_anchor")
