"""Grants, opaque tokens, spent token ids, consents.

Always true: up and down on SQLite and PostgreSQL.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "authorization_grant",
        sa.Column("gid", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("sub", sa.Text(), nullable=False),
        sa.Column("sid", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("claims", sa.Text(), nullable=True),
        sa.Column("acr", sa.Text(), nullable=False),
        sa.Column("amr", sa.Text(), nullable=False),
        sa.Column("ial", sa.BigInteger(), nullable=False),
        sa.Column("aal", sa.BigInteger(), nullable=False),
        sa.Column("auth_time", sa.BigInteger(), nullable=False),
        sa.Column("offline", sa.Boolean(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=True),
        sa.Column("code_redeemed_at", sa.BigInteger(), nullable=True),
        sa.Column("refresh_handle", sa.LargeBinary(), nullable=True),
        sa.Column("refresh_secret", sa.LargeBinary(), nullable=True),
        sa.Column("refresh_used_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("revoke_reason", sa.Text(), nullable=True),
        sa.Column("acting", sa.Text(), nullable=True),
        sa.Column("authorization_details", sa.Text(), nullable=True),
        sa.Column("cnf", sa.Text(), nullable=True),
        sa.Column("resource", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_authorization_grant_party_id"),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name="fk_authorization_grant_session_id"),
        sa.PrimaryKeyConstraint("gid", name="pk_authorization_grant"),
        sa.UniqueConstraint("code_hash", name="uq_authorization_grant_code_hash"),
        sa.UniqueConstraint("refresh_handle", name="uq_authorization_grant_refresh_handle"),
    )
    op.create_index("ix_authorization_grant_client_id", "authorization_grant", ["client_id"])
    op.create_index("ix_authorization_grant_party_id", "authorization_grant", ["party_id"])
    op.create_index("ix_authorization_grant_session_id", "authorization_grant", ["session_id"])
    op.create_table(
        "opaque_token",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("gid", sa.Text(), nullable=True),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["gid"], ["authorization_grant.gid"], name="fk_opaque_token_gid"),
        sa.PrimaryKeyConstraint("hash", name="pk_opaque_token"),
    )
    op.create_index("ix_opaque_token_expires_at", "opaque_token", ["expires_at"])
    op.create_index("ix_opaque_token_gid", "opaque_token", ["gid"])
    op.create_table(
        "spent_token",
        sa.Column("jti", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("jti", name="pk_spent_token"),
    )
    op.create_index("ix_spent_token_expires_at", "spent_token", ["expires_at"])
    op.create_table(
        "consent",
        sa.Column("party_id", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("given_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_consent_party_id"),
        sa.PrimaryKeyConstraint("party_id", "client_id", name="pk_consent"),
    )


def downgrade() -> None:
    op.drop_table("consent")
    op.drop_table("spent_token")
    op.drop_table("opaque_token")
    op.drop_table("authorization_grant")
