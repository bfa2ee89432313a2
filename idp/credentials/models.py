"""Tables of passwords, attempts, budgets of messages and the answers given to codes.

Always true: they hold no secret and no phone number in clear, only keyed hashes; losing the state store leaves every
count as it was.
"""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from idp.db import Base


class PasswordRow(Base):
    """The Argon2id hash (PHC string) of a party's password."""

    __tablename__ = "password"
    party_id: Mapped[str] = mapped_column(ForeignKey("party.id"), primary_key=True)
    hash: Mapped[str]
    changed_at: Mapped[int]
    reset_required_at: Mapped[int | None]
    """Since when the password opens nothing until another is set; None while it does."""


class AttemptRow(Base):
    """The window of `rules.Window` for one account, or for an identifier that nobody owns."""

    __tablename__ = "attempt"
    key: Mapped[bytes] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[str]
    """JSON list of times."""
    pending: Mapped[str]
    """JSON list of times."""
    locked_until: Mapped[int]
    lock_count: Mapped[int]
    updated_at: Mapped[int] = mapped_column(index=True)


class SendBudgetRow(Base):
    """When messages were sent to one number, over all purposes; ``key`` is the number's blind index."""

    __tablename__ = "send_budget"
    key: Mapped[bytes] = mapped_column(primary_key=True)
    sent: Mapped[str]
    """JSON list of times."""
    updated_at: Mapped[int] = mapped_column(index=True)


class SmsChallengeRow(Base):
    """How many answers a code has had; the row goes with the one answer that used the code up."""

    __tablename__ = "sms_challenge"
    id: Mapped[str] = mapped_column(primary_key=True)
    answers: Mapped[int]
    expires_at: Mapped[int] = mapped_column(index=True)
