"""Assisted handling: cases with their history and mandates, papers, signed scans and codes.

Always true: up and down on SQLite and PostgreSQL.
"""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"


def _texts(*names: str, nullable: bool = False) -> list["sa.Column[str]"]:
    return [sa.Column(name, sa.Text(), nullable=nullable) for name in names]


def _numbers(*names: str) -> list["sa.Column[int]"]:
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]


def _bytes(*names: str, nullable: bool = False) -> list["sa.Column[bytes]"]:
    return [sa.Column(name, sa.LargeBinary(), nullable=nullable) for name in names]


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=f"fk_{table}_{column}")


def upgrade() -> None:
    _case()
    op.create_table(
        "assisted_event",
        *_texts("case_id"),
        *_numbers("seq", "at"),
        *_texts("actor_id", nullable=True),
        *_texts("step", "state"),
        *_texts("reason", nullable=True),
        *_texts("hash"),
        _refers("assisted_event", "case_id", "assisted_case"),
        sa.PrimaryKeyConstraint("case_id", "seq", name="pk_assisted_event"),
    )
    op.create_table(
        "assisted_mandate",
        *_texts("mandate_id", "case_id"),
        _refers("assisted_mandate", "mandate_id", "mandate"),
        _refers("assisted_mandate", "case_id", "assisted_case"),
        sa.PrimaryKeyConstraint("mandate_id", name="pk_assisted_mandate"),
    )
    op.create_index("ix_assisted_mandate_case_id", "assisted_mandate", ["case_id"])
    _papers()
    _codes()


def _case() -> None:
    op.create_table(
        "assisted_case",
        *_texts("id", "number", "citizen_id", "organ_id", "unit", "matters", "identified", "state"),
        *_texts("clerk_id", "clerk_mandate_id", "opened_by"),
        *_numbers("opened_at", "until", "changed_at"),
        *_texts("seen", "evidence", "evidence_id", nullable=True),
        *_numbers("version"),
        *_bytes("sealed", nullable=True),
        *[_refers("assisted_case", who, "party") for who in ("citizen_id", "organ_id", "clerk_id", "opened_by")],
        _refers("assisted_case", "clerk_mandate_id", "mandate"),
        sa.PrimaryKeyConstraint("id", name="pk_assisted_case"),
        sa.UniqueConstraint("number", name="uq_assisted_case_number"),
    )
    op.create_index("ix_assisted_case_citizen_id", "assisted_case", ["citizen_id"])
    op.create_index("ix_assisted_case_clerk_mandate_id", "assisted_case", ["clerk_mandate_id"])
    op.create_index("ix_assisted_case_organ_id", "assisted_case", ["organ_id", "unit", "changed_at"])
    op.create_index("ix_assisted_case_state", "assisted_case", ["state", "until"])
    op.create_index("ix_assisted_case_changed_at", "assisted_case", ["changed_at"])


def _papers() -> None:
    op.create_table(
        "assisted_paper",
        *_texts("id", "case_id", "kind", "number", "hash"),
        *_bytes("sealed", nullable=True),
        *_numbers("made_at"),
        _refers("assisted_paper", "case_id", "assisted_case"),
        sa.PrimaryKeyConstraint("id", name="pk_assisted_paper"),
        sa.UniqueConstraint("number", name="uq_assisted_paper_number"),
    )
    op.create_index("ix_assisted_paper_case_id", "assisted_paper", ["case_id"])
    op.create_table(
        "assisted_scan",
        *_texts("id", "case_id", "hash", "text_hash"),
        *_bytes("sealed", nullable=True),
        *_texts("brought_by"),
        *_numbers("brought_at"),
        _refers("assisted_scan", "case_id", "assisted_case"),
        _refers("assisted_scan", "brought_by", "party"),
        sa.PrimaryKeyConstraint("id", name="pk_assisted_scan"),
        sa.UniqueConstraint("case_id", name="uq_assisted_scan_case_id"),
    )


def _codes() -> None:
    op.create_table(
        "assisted_code",
        *_texts("case_id"),
        *_bytes("blind"),
        *_texts("phone", "text_hash"),
        *_numbers("tries", "sent", "expires_at"),
        _refers("assisted_code", "case_id", "assisted_case"),
        sa.PrimaryKeyConstraint("case_id", name="pk_assisted_code"),
    )
    op.create_table(
        "assisted_objection",
        *_bytes("reference"),
        *_texts("case_id"),
        *_bytes("code"),
        *_numbers("tries", "expires_at"),
        _refers("assisted_objection", "case_id", "assisted_case"),
        sa.PrimaryKeyConstraint("reference", name="pk_assisted_objection"),
    )
    op.create_index("ix_assisted_objection_case_id", "assisted_objection", ["case_id"])
    op.create_index("ix_assisted_objection_expires_at", "assisted_objection", ["expires_at"])


def downgrade() -> None:
    for table in ("objection", "code", "scan", "paper", "mandate", "event", "case"):
        op.drop_table(f"assisted_{table}")
