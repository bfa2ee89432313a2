"""The table of journeys under way.

Always true: a row is changed only by who read its latest version, and never after its end.
"""

from sqlalchemy.orm import Mapped, mapped_column

from idp.db import Base


class Flow(Base):
    """``facts`` is sealed JSON, context ``flow.facts:<id>``; ``browser`` is the SHA-256 of the browser's id;
    ``party_id``: as of the facts, to find what goes with an account.
    """

    __tablename__ = "flow"
    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    browser: Mapped[bytes] = mapped_column(index=True)
    party_id: Mapped[str | None] = mapped_column(index=True)
    facts: Mapped[bytes]
    version: Mapped[int]
    created_at: Mapped[int]
    expires_at: Mapped[int] = mapped_column(index=True)
    ended_at: Mapped[int | None]
