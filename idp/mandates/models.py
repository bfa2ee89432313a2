"""Tables of mandates: themes, mandates with their signatures, history and uses.

Always true: a mandate that ended keeps its row; of one kind between two parties in one theme at most one is in force.
"""

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from idp.db import Base


def _once(name: str, *columns: str, where: str) -> Index:
    """Of mandates in force there is one."""
    condition = text(f"state IN ('active', 'suspended') AND {where}")
    return Index(name, *columns, unique=True, sqlite_where=condition, postgresql_where=condition)


class MandateTheme(Base):
    """One version of a theme as imported; ``declaration`` is JSON (`idp.mandates.themes`) and never changes."""

    __tablename__ = "mandate_theme"
    code: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    declaration: Mapped[str]
    imported_at: Mapped[int]
    retired_at: Mapped[int | None]


class Mandate(Base):
    """``scope``: JSON (`idp.mandates.scopes`); ``struck``: claims the principal does not release, blanks between.

    ``agent_id``: None until somebody of the name and number it is addressed to has an account and looks;
    ``addressee_blind``: the blind index of that number, None once the mandate has ended. ``represented_id``: for
    whom the agent acts, the principal of the first link. ``text_hash``: SHA-256 of the text that was signed;
    ``sealed``: that text in both languages, the addressee and the post, as JSON under the context
    ``mandate.sealed:<id>``, None once it is kept no longer. ``notice_at``: when both are next told of its end.
    ``unit``: of staff, the office.
    """

    __tablename__ = "mandate"
    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    principal_id: Mapped[str] = mapped_column(ForeignKey("party.id"))
    agent_id: Mapped[str | None] = mapped_column(ForeignKey("party.id"))
    represented_id: Mapped[str] = mapped_column(ForeignKey("party.id"))
    addressee_blind: Mapped[bytes | None]
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("mandate.id"), index=True)
    theme: Mapped[str]
    theme_version: Mapped[int]
    scope: Mapped[str]
    struck: Mapped[str]
    state: Mapped[str]
    valid_from: Mapped[int]
    valid_to: Mapped[int]
    may_delegate: Mapped[int]
    waived: Mapped[int]
    requested_by: Mapped[str]
    created_at: Mapped[int]
    signed_at: Mapped[int | None]
    accept_by: Mapped[int | None]
    in_force_at: Mapped[int | None]
    ended_at: Mapped[int | None]
    end_reason: Mapped[str | None]
    replaces_id: Mapped[str | None]
    text_hash: Mapped[str]
    sealed: Mapped[bytes | None]
    notice_at: Mapped[int | None]
    unit: Mapped[str]

    __table_args__ = (
        Index("ix_mandate_agent_id", "agent_id", "represented_id", "theme"),
        Index("ix_mandate_represented_id", "represented_id", "agent_id", "theme"),
        Index("ix_mandate_principal_id", "principal_id", "state"),
        Index("ix_mandate_addressee_blind", "addressee_blind"),
        Index("ix_mandate_state_valid_to", "state", "valid_to"),
        Index("ix_mandate_notice_at", "notice_at"),
        Index("ix_mandate_ended_at", "ended_at"),
        _once("uq_mandate_first_link", "principal_id", "agent_id", "theme", "kind", where="parent_id IS NULL"),
        _once("uq_mandate_second_link", "parent_id", "agent_id", where="parent_id IS NOT NULL"),
    )


class MandateSignature(Base):
    """One person has signed the mandate's text for the principal, or accepted it for the agent (``side``).

    ``footing``: by what they speak for that side; ``signature_id``: of a certificate's signature over the text
    (`idp.signatures`), else how they confirmed it stands in ``method`` alone.
    """

    __tablename__ = "mandate_signature"
    id: Mapped[str] = mapped_column(primary_key=True)
    mandate_id: Mapped[str] = mapped_column(ForeignKey("mandate.id"))
    person_id: Mapped[str] = mapped_column(ForeignKey("party.id"), index=True)
    side: Mapped[str]
    footing: Mapped[str]
    method: Mapped[str]
    ial: Mapped[int]
    aal: Mapped[int]
    text_hash: Mapped[str]
    signature_id: Mapped[str | None]
    signed_at: Mapped[int]

    __table_args__ = (UniqueConstraint("mandate_id", "side", "person_id"),)


class MandateEvent(Base):
    """The history of one mandate. ``hash``: SHA-256 over the row and the hash before it, so that a gap shows."""

    __tablename__ = "mandate_event"
    mandate_id: Mapped[str] = mapped_column(ForeignKey("mandate.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[int]
    actor_id: Mapped[str | None]
    step: Mapped[str]
    state: Mapped[str]
    reason: Mapped[str | None]
    hash: Mapped[str]


class MandateUse(Base):
    """One use: a token for a department's API, or data released, under the mandate."""

    __tablename__ = "mandate_use"
    id: Mapped[str] = mapped_column(primary_key=True)
    mandate_id: Mapped[str] = mapped_column(ForeignKey("mandate.id"))
    person_id: Mapped[str] = mapped_column(ForeignKey("party.id"), index=True)
    represented_id: Mapped[str] = mapped_column(ForeignKey("party.id"), index=True)
    client_id: Mapped[str]
    what: Mapped[str]
    service: Mapped[str | None]
    region: Mapped[str | None]
    used_at: Mapped[int]

    __table_args__ = (Index("ix_mandate_use_mandate_id_used_at", "mandate_id", "used_at"),)


class RepresentedHandle(Base):
    """The name under which ``client_id`` knows that ``person_id`` acts for somebody (`idp.mandates.handles`).

    ``mandate_id``: empty for an office.
    """

    __tablename__ = "represented_handle"
    handle: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[str]
    person_id: Mapped[str] = mapped_column(ForeignKey("party.id"))
    represented_id: Mapped[str] = mapped_column(ForeignKey("party.id"), index=True)
    role: Mapped[str]
    mandate_id: Mapped[str] = mapped_column(index=True)
    created_at: Mapped[int]

    __table_args__ = (
        UniqueConstraint("person_id", "client_id", "represented_id", "mandate_id", name="uq_represented_handle_key"),
    )


class SigningRule(Base):
    """How many of an entity's people sign its mandates in sensitive themes; none: the representative alone."""

    __tablename__ = "entity_signing_rule"
    entity_id: Mapped[str] = mapped_column(ForeignKey("party.id"), primary_key=True)
    rule: Mapped[str]
    set_by: Mapped[str]
    set_at: Mapped[int]


class SigningRuleChange(Base):
    """A change of an entity's signing rule that waits for signatures. ``state``: open, done or dropped."""

    __tablename__ = "signing_rule_change"
    id: Mapped[str] = mapped_column(primary_key=True)
    entity_id: Mapped[str] = mapped_column(ForeignKey("party.id"))
    rule: Mapped[str]
    asked_by: Mapped[str]
    asked_at: Mapped[int]
    until: Mapped[int]
    state: Mapped[str]

    __table_args__ = (
        Index(
            "uq_signing_rule_change_open",
            "entity_id",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )


class SigningRuleSignature(Base):
    """Who has signed such a change, as `MandateSignature`."""

    __tablename__ = "signing_rule_signature"
    change_id: Mapped[str] = mapped_column(ForeignKey("signing_rule_change.id"), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("party.id"), primary_key=True)
    footing: Mapped[str]
    method: Mapped[str]
    ial: Mapped[int]
    aal: Mapped[int]
    signature_id: Mapped[str | None]
    signed_at: Mapped[int]
