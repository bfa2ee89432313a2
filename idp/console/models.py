"""Tables of operators, their roles, invitations, sessions and reasons, and of proposals.

Always true: a name, a reason and what is proposed stand sealed; of a link and of a cookie there is only the digest.
"""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from idp.db import Base


class OperatorRow(Base):
    """``sealed``: the name, context ``operator.sealed:<party>``; found by its blind index of kind ``operator``."""

    __tablename__ = "operator"
    party_id: Mapped[str] = mapped_column(ForeignKey("party.id"), primary_key=True)
    sealed: Mapped[bytes]
    blind: Mapped[bytes] = mapped_column(unique=True)
    state: Mapped[str]
    created_at: Mapped[int]
    disabled_at: Mapped[int | None]


class OperatorRoleRow(Base):
    """``scope``: the sector of a department operator, else empty."""

    __tablename__ = "operator_role"
    party_id: Mapped[str] = mapped_column(ForeignKey("operator.party_id"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)
    scope: Mapped[str] = mapped_column(primary_key=True)


class OperatorInvitationRow(Base):
    """``hash``: SHA-256 of the link's token; ``code``: blind index of the code, None once it was typed in."""

    __tablename__ = "operator_invitation"
    hash: Mapped[bytes] = mapped_column(primary_key=True)
    party_id: Mapped[str] = mapped_column(ForeignKey("operator.party_id"), index=True)
    code: Mapped[bytes | None]
    tries: Mapped[int]
    proposal: Mapped[str | None] = mapped_column(unique=True)
    created_at: Mapped[int]
    expires_at: Mapped[int] = mapped_column(index=True)
    used_at: Mapped[int | None]


class OperatorSessionRow(Base):
    """``factors``: ``pwd``, then ``pwd otp``."""

    __tablename__ = "operator_session"
    id: Mapped[str] = mapped_column(primary_key=True)
    secret_hash: Mapped[bytes] = mapped_column(unique=True)
    party_id: Mapped[str] = mapped_column(ForeignKey("operator.party_id"), index=True)
    created_at: Mapped[int]
    last_seen_at: Mapped[int]
    absolute_end: Mapped[int] = mapped_column(index=True)
    factors: Mapped[str]
    ended_at: Mapped[int | None]
    end_reason: Mapped[str | None]


class JustificationRow(Base):
    """Why an operator looked at or did something to ``subject``; ``sealed``: JSON, ``justification.sealed:<id>``."""

    __tablename__ = "justification"
    id: Mapped[str] = mapped_column(primary_key=True)
    operator: Mapped[str] = mapped_column(ForeignKey("operator.party_id"), index=True)
    subject: Mapped[str | None]
    act: Mapped[str]
    sealed: Mapped[bytes]
    created_at: Mapped[int] = mapped_column(index=True)


class ProposalRow(Base):
    """``sealed``: JSON of payload, reason and decision, context ``proposal.sealed:<id>``."""

    __tablename__ = "proposal"
    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    subject: Mapped[str | None]
    sealed: Mapped[bytes]
    proposer: Mapped[str] = mapped_column(ForeignKey("operator.party_id"), index=True)
    state: Mapped[str] = mapped_column(index=True)
    created_at: Mapped[int]
    expires_at: Mapped[int]
    decider: Mapped[str | None]
    decided_at: Mapped[int | None]
