"""What an account has under way is found by the account: it goes when that closes.

Always true: up and down on SQLite and PostgreSQL.
"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    op.add_column("flow", sa.Column("party_id", sa.Text(), nullable=True))
    op.create_index("ix_flow_party_id", "flow", ["party_id"])


def downgrade() -> None:
    op.drop_index("ix_flow_party_id", table_name="flow")
    op.drop_column("flow", "party_id")
