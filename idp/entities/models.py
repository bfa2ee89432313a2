"""Tables of legal entities and of people's roles in them.

Always true: a role that ended keeps its row; one person has at most one unended role in one entity.
"""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from idp.db import Base


class LegalEntity(Base):
    """A party of kind ``entity``; its name is ``sealed`` under the context ``legal_entity.sealed:<party>``.

    ``version``, ``as_of``: the state of the register's entry it was last heard in.
    """

    __tablename__ = "legal_entity"
    party_id: Mapped[str] = mapped_column(ForeignKey("party.id"), primary_key=True)
    sealed: Mapped[bytes]
    type: Mapped[str]
    status: Mapped[str]
    version: Mapped[str]
    as_of: Mapped[int]
    checked_at: Mapped[int]
    created_at: Mapped[int]


class EntityRole(Base):
    """What ``person_id`` is to ``entity_id``. ``valid_to``: when the document the person claimed by ends.

    ``checked_at``: when the register last spoke for it; ``claimed_until``: a worker is about to ask until then.
    """

    __tablename__ = "entity_role"
    id: Mapped[str] = mapped_column(primary_key=True)
    entity_id: Mapped[str] = mapped_column(ForeignKey("party.id"), index=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("party.id"), index=True)
    role: Mapped[str]
    state: Mapped[str]
    source: Mapped[str]
    valid_to: Mapped[int | None]
    since: Mapped[int]
    checked_at: Mapped[int]
    claimed_until: Mapped[int]
    ended_at: Mapped[int | None]
