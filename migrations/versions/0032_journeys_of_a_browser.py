"""What a browser began last is found by its browser.

Always true: up and down on SQLite and PostgreSQL.
"""

from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    op.create_index("ix_flow_browser", "flow", ["browser"])


def downgrade() -> None:
    op.drop_index("ix_flow_browser", table_name="flow")
