"""Questions of departments about signed-in persons, and proofing at their counters.

Always true: up and down on SQLite and PostgreSQL.
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    op.create_table(
        "department_check",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("capability", sa.Text(), nullable=False),
        sa.Column("permit_id", sa.Text(), nullable=False),
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("sub", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("outside", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("judged_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.client_id"], name="fk_department_check_client_id"),
        sa.ForeignKeyConstraint(["permit_id"], ["capability_permit.id"], name="fk_department_check_permit_id"),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_department_check_party_id"),
        sa.PrimaryKeyConstraint("id", name="pk_department_check"),
    )
    op.create_index("ix_department_check_party_id", "department_check", ["party_id"])
    op.create_index("ix_department_check_expires_at", "department_check", ["expires_at"])
    op.create_table(
        "counter_number",
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("blind", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_counter_number_party_id"),
        sa.PrimaryKeyConstraint("party_id", name="pk_counter_number"),
        sa.UniqueConstraint("blind", name="uq_counter_number_blind"),
    )
    op.create_index("ix_counter_number_expires_at", "counter_number", ["expires_at"])
    op.create_table(
        "counter_clerk",
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.client_id"], name="fk_counter_clerk_client_id"),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_counter_clerk_party_id"),
        sa.PrimaryKeyConstraint("client_id", "party_id", name="pk_counter_clerk"),
    )
    op.create_table(
        "counter_proofing",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("clerk_id", sa.Text(), nullable=False),
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("means", sa.Text(), nullable=False),
        sa.Column("reference", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.client_id"], name="fk_counter_proofing_client_id"),
        sa.ForeignKeyConstraint(["clerk_id"], ["party.id"], name="fk_counter_proofing_clerk_id"),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_counter_proofing_party_id"),
        sa.PrimaryKeyConstraint("id", name="pk_counter_proofing"),
        sa.UniqueConstraint("client_id", "reference", name="uq_counter_proofing_client_id_reference"),
    )
    op.create_index("ix_counter_proofing_party_id", "counter_proofing", ["party_id"])


def downgrade() -> None:
    for table in ("counter_proofing", "counter_clerk", "counter_number", "department_check"):
        op.drop_table(table)
