"""An operator's invitation is a link and a code, from two people.

Always true: up and down on SQLite and PostgreSQL. Links of before, which are good alone, end either way.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.execute("DELETE FROM operator_invitation")
    with op.batch_alter_table("operator_invitation") as table:
        table.add_column(sa.Column("code", sa.LargeBinary(), nullable=True))
        table.add_column(sa.Column("tries", sa.BigInteger(), nullable=False))
        table.add_column(sa.Column("proposal", sa.Text(), nullable=True))
        table.create_unique_constraint("uq_operator_invitation_proposal", ["proposal"])


def downgrade() -> None:
    op.execute("DELETE FROM operator_invitation")
    with op.batch_alter_table("operator_invitation") as table:
        table.drop_constraint("uq_operator_invitation_proposal", type_="unique")
        for name in ("proposal", "tries", "code"):
            table.drop_column(name)
