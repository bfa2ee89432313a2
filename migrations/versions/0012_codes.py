"""What an authorization code is bound to, beside its hash: so that one statement checks and claims it.

Always true: up and down on SQLite and PostgreSQL. A code on its way while this runs is refused; its sign-in
starts again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
_BOUND_TO = (
    ("code_redirect_uri", sa.Text()),
    ("code_challenge", sa.Text()),
    ("code_nonce", sa.Text()),
    ("code_expires_at", sa.BigInteger()),
)


def upgrade() -> None:
    with op.batch_alter_table("authorization_grant") as table:
        for name, type_ in _BOUND_TO:
            table.add_column(sa.Column(name, type_, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("authorization_grant") as table:
        for name, _ in _BOUND_TO:
            table.drop_column(name)
