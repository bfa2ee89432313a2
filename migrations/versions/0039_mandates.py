"""Themes, mandates with their signatures, history and uses, and the signing rules of entities.

Always true: up and down on SQLite and PostgreSQL.
"""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"


def _texts(*names: str, nullable: bool = False) -> list["sa.Column[str]"]:
    return [sa.Column(name, sa.Text(), nullable=nullable) for name in names]


def _numbers(*names: str, nullable: bool = False) -> list["sa.Column[int]"]:
    return [sa.Column(name, sa.BigInteger(), nullable=nullable) for name in names]


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=f"fk_{table}_{column}")


def _once(name: str, columns: list[str], where: str) -> None:
    condition = sa.text(f"state IN ('active', 'suspended') AND {where}")
    op.create_index(name, "mandate", columns, unique=True, sqlite_where=condition, postgresql_where=condition)


def upgrade() -> None:
    op.create_table(
        "mandate_theme",
        *_texts("code"),
        *_numbers("version"),
        *_texts("declaration"),
        *_numbers("imported_at"),
        *_numbers("retired_at", nullable=True),
        sa.PrimaryKeyConstraint("code", "version", name="pk_mandate_theme"),
    )
    op.create_table(
        "mandate",
        *_texts("id", "kind", "principal_id", "represented_id"),
        *_texts("agent_id", "parent_id", nullable=True),
        sa.Column("addressee_blind", sa.LargeBinary(), nullable=True),
        *_texts("theme"),
        *_numbers("theme_version"),
        *_texts("scope", "struck", "state"),
        *_numbers("valid_from", "valid_to", "may_delegate", "waived"),
        *_texts("requested_by"),
        *_numbers("created_at"),
        *_numbers("signed_at", "accept_by", "in_force_at", "ended_at", nullable=True),
        *_texts("end_reason", "replaces_id", nullable=True),
        *_texts("text_hash"),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        *_numbers("notice_at", nullable=True),
        *_texts("unit"),
        _refers("mandate", "principal_id", "party"),
        _refers("mandate", "agent_id", "party"),
        _refers("mandate", "represented_id", "party"),
        _refers("mandate", "parent_id", "mandate"),
        sa.PrimaryKeyConstraint("id", name="pk_mandate"),
    )
    op.create_index("ix_mandate_parent_id", "mandate", ["parent_id"])
    op.create_index("ix_mandate_agent_id", "mandate", ["agent_id", "represented_id", "theme"])
    op.create_index("ix_mandate_represented_id", "mandate", ["represented_id", "agent_id", "theme"])
    op.create_index("ix_mandate_principal_id", "mandate", ["principal_id", "state"])
    op.create_index("ix_mandate_addressee_blind", "mandate", ["addressee_blind"])
    op.create_index("ix_mandate_state_valid_to", "mandate", ["state", "valid_to"])
    op.create_index("ix_mandate_notice_at", "mandate", ["notice_at"])
    op.create_index("ix_mandate_ended_at", "mandate", ["ended_at"])
    _once("uq_mandate_first_link", ["principal_id", "agent_id", "theme", "kind"], "parent_id IS NULL")
    _once("uq_mandate_second_link", ["parent_id", "agent_id"], "parent_id IS NOT NULL")
    op.create_table(
        "mandate_signature",
        *_texts("id", "mandate_id", "person_id", "side", "footing", "method"),
        *_numbers("ial", "aal"),
        *_texts("text_hash"),
        *_texts("signature_id", nullable=True),
        *_numbers("signed_at"),
        _refers("mandate_signature", "mandate_id", "mandate"),
        _refers("mandate_signature", "person_id", "party"),
        sa.PrimaryKeyConstraint("id", name="pk_mandate_signature"),
        sa.UniqueConstraint("mandate_id", "side", "person_id", name="uq_mandate_signature_mandate_id_side_person_id"),
    )
    op.create_index("ix_mandate_signature_person_id", "mandate_signature", ["person_id"])
    op.create_table(
        "mandate_event",
        *_texts("mandate_id"),
        *_numbers("seq", "at"),
        *_texts("actor_id", nullable=True),
        *_texts("step", "state"),
        *_texts("reason", nullable=True),
        *_texts("hash"),
        _refers("mandate_event", "mandate_id", "mandate"),
        sa.PrimaryKeyConstraint("mandate_id", "seq", name="pk_mandate_event"),
    )
    op.create_table(
        "mandate_use",
        *_texts("id", "mandate_id", "person_id", "represented_id", "client_id", "what"),
        *_texts("service", "region", nullable=True),
        *_numbers("used_at"),
        _refers("mandate_use", "mandate_id", "mandate"),
        _refers("mandate_use", "person_id", "party"),
        _refers("mandate_use", "represented_id", "party"),
        sa.PrimaryKeyConstraint("id", name="pk_mandate_use"),
    )
    op.create_index("ix_mandate_use_mandate_id_used_at", "mandate_use", ["mandate_id", "used_at"])
    op.create_index("ix_mandate_use_person_id", "mandate_use", ["person_id"])
    op.create_index("ix_mandate_use_represented_id", "mandate_use", ["represented_id"])
    op.create_table(
        "entity_signing_rule",
        *_texts("entity_id", "rule", "set_by"),
        *_numbers("set_at"),
        _refers("entity_signing_rule", "entity_id", "party"),
        sa.PrimaryKeyConstraint("entity_id", name="pk_entity_signing_rule"),
    )
    op.create_table(
        "signing_rule_change",
        *_texts("id", "entity_id", "rule", "asked_by"),
        *_numbers("asked_at", "until"),
        *_texts("state"),
        _refers("signing_rule_change", "entity_id", "party"),
        sa.PrimaryKeyConstraint("id", name="pk_signing_rule_change"),
    )
    is_open = sa.text("state = 'open'")
    op.create_index(
        "uq_signing_rule_change_open",
        "signing_rule_change",
        ["entity_id"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_table(
        "signing_rule_signature",
        *_texts("change_id", "person_id", "footing", "method"),
        *_numbers("ial", "aal"),
        *_texts("signature_id", nullable=True),
        *_numbers("signed_at"),
        _refers("signing_rule_signature", "change_id", "signing_rule_change"),
        _refers("signing_rule_signature", "person_id", "party"),
        sa.PrimaryKeyConstraint("change_id", "person_id", name="pk_signing_rule_signature"),
    )


def downgrade() -> None:
    for table in ("signing_rule_signature", "signing_rule_change"):
        op.drop_table(table)
    for table in ("entity_signing_rule", "mandate_use", "mandate_event", "mandate_signature", "mandate"):
        op.drop_table(table)
    op.drop_table("mandate_theme")
