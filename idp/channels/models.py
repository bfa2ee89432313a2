"""Tables of channels and of what came by them.

Always true: a count belongs to a code and a day of China, and to nobody.
"""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from idp.db import Base


class ChannelRow(Base):
    __tablename__ = "channel"
    code: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name_zh: Mapped[str]
    name_en: Mapped[str]
    region: Mapped[str]
    disabled_at: Mapped[int | None]
    created_at: Mapped[int]


class ChannelCount(Base):
    """``day``: ``YYYY-MM-DD``; ``step``: `rules.Step`."""

    __tablename__ = "channel_count"
    code: Mapped[str] = mapped_column(ForeignKey("channel.code"), primary_key=True)
    day: Mapped[str] = mapped_column(primary_key=True)
    step: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int]
