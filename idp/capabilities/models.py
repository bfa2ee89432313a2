"""Tables of the questions departments ask about signed-in persons, and of proofing at their counters.

Always true: what a department calls a matter stands sealed; of a one-time number there is its keyed index only.
"""

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from idp.db import Base


class DepartmentCheck(Base):
    """``sealed``: matter, nonce and where the person returns to in JSON, context ``department_check.sealed:<id>``.

    ``outside``: the check made elsewhere whose result answers this one, and no other does.
    """

    __tablename__ = "department_check"
    id: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("client.client_id"))
    capability: Mapped[str]
    permit_id: Mapped[str] = mapped_column(ForeignKey("capability_permit.id"))
    party_id: Mapped[str] = mapped_column(ForeignKey("party.id"), index=True)
    sub: Mapped[str]
    sealed: Mapped[bytes]
    outside: Mapped[str | None]
    state: Mapped[str]
    result: Mapped[str | None]
    created_at: Mapped[int]
    expires_at: Mapped[int] = mapped_column(index=True)
    judged_at: Mapped[int | None]


class CounterNumber(Base):
    """The one-time number a person shows at a counter: ``blind`` is its keyed index, one for each person."""

    __tablename__ = "counter_number"
    party_id: Mapped[str] = mapped_column(ForeignKey("party.id"), primary_key=True)
    blind: Mapped[bytes] = mapped_column(unique=True)
    expires_at: Mapped[int] = mapped_column(index=True)


class CounterClerk(Base):
    """Who may record proofs for a client."""

    __tablename__ = "counter_clerk"
    client_id: Mapped[str] = mapped_column(ForeignKey("client.client_id"), primary_key=True)
    party_id: Mapped[str] = mapped_column(ForeignKey("party.id"), primary_key=True)
    added_at: Mapped[int]


class IdentityCodeRow(Base):
    """``code_hash``: SHA-256 of what stands in the picture; ``confirmed``: levels and scopes in JSON.

    ``sealed``: the code while it is shown, then office, matters and scopes; context ``identity_code.sealed:<id>``.
    """

    __tablename__ = "identity_code"
    id: Mapped[str] = mapped_column(primary_key=True)
    party_id: Mapped[str] = mapped_column(ForeignKey("party.id"), index=True)
    session_id: Mapped[str]
    state: Mapped[str]
    code_hash: Mapped[bytes] = mapped_column(unique=True)
    client_id: Mapped[str | None] = mapped_column(ForeignKey("client.client_id"))
    clerk_id: Mapped[str | None] = mapped_column(ForeignKey("party.id"))
    permit_id: Mapped[str | None] = mapped_column(ForeignKey("capability_permit.id"))
    confirmed: Mapped[str | None]
    sealed: Mapped[bytes | None]
    begun_at: Mapped[int]
    expires_at: Mapped[int] = mapped_column(index=True)


class CounterProofing(Base):
    """What a clerk recorded; ``reference``: SHA-256 of the client and the counter's own name for it, good once."""

    __tablename__ = "counter_proofing"
    __table_args__ = (UniqueConstraint("client_id", "reference"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("client.client_id"))
    clerk_id: Mapped[str] = mapped_column(ForeignKey("party.id"))
    party_id: Mapped[str] = mapped_column(ForeignKey("party.id"), index=True)
    means: Mapped[str]
    reference: Mapped[bytes]
    created_at: Mapped[int]
