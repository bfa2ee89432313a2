"""Tables of passwords, authenticator apps, recovery codes, passkeys, attempts, budgets and answers to codes.

Always true: they hold no secret and no phone number in clear, only hashes and sealed fields; losing the state store
leaves every count as it was.
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


class TotpRow(Base):
    """The authenticator app of a party; secrets are sealed under the context ``totp.sealed:<party>``.

    ``pending`` is the secret of an enrolment under way; confirming it moves it to ``sealed`` as it stands.
    """

    __tablename__ = "totp"
    party_id: Mapped[str] = mapped_column(ForeignKey("party.id"), primary_key=True)
    sealed: Mapped[bytes | None]
    last_step: Mapped[int]
    """The time step (RFC 6238) of the last code that was accepted; no code of it or of an earlier one is any good."""
    confirmed_at: Mapped[int | None]
    pending: Mapped[bytes | None]
    pending_at: Mapped[int | None] = mapped_column(index=True)


class RecoveryCodeRow(Base):
    """``sealed``: the code's hash, under the context ``recovery_code.sealed:<id>``."""

    __tablename__ = "recovery_code"
    id: Mapped[str] = mapped_column(primary_key=True)
    party_id: Mapped[str] = mapped_column(ForeignKey("party.id"), index=True)
    sealed: Mapped[bytes]
    created_at: Mapped[int]
    used_at: Mapped[int | None]


class PasskeyUserRow(Base):
    """The random handle by which a party's authenticators know it (WebAuthn 3, 4: user handle)."""

    __tablename__ = "passkey_user"
    party_id: Mapped[str] = mapped_column(ForeignKey("party.id"), primary_key=True)
    handle: Mapped[bytes] = mapped_column(unique=True)


class PasskeyRow(Base):
    """A public key credential; ``name`` is what its owner calls it, under the context ``passkey.name:<id>``."""

    __tablename__ = "passkey"
    id: Mapped[str] = mapped_column(primary_key=True)
    party_id: Mapped[str] = mapped_column(ForeignKey("party.id"), index=True)
    credential_id: Mapped[bytes] = mapped_column(unique=True)
    public_key: Mapped[bytes]
    sign_count: Mapped[int]
    name: Mapped[bytes]
    created_at: Mapped[int]
    last_used_at: Mapped[int | None]
