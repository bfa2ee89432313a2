"""Owns how facts about a sign-in are shown: shortened, masked, in words and in China's time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

_CHINA = timezone(timedelta(hours=8))
_IDENTITY = ("未提供", "已注册", "姓名证件已核验", "已核实为本人", "证书或窗口核验")
_STRENGTH = ("未提供", "单因素", "双因素", "防钓鱼")
_TIMES = frozenset({"iat", "exp", "auth_time", "updated_at"})
_IDENTIFIERS = frozenset({"sub", "sid", "nonce", "at_hash"})


def identity_level(level: int) -> str:
    """The identity level in words (a source string)."""
    return _IDENTITY[level] if 0 <= level < len(_IDENTITY) else _IDENTITY[0]


def strength(level: int) -> str:
    """The authentication strength in words (a source string)."""
    return _STRENGTH[level] if 0 <= level < len(_STRENGTH) else _STRENGTH[0]


def verified_name(profile: Mapping[str, Any]) -> str:
    """The name that the provider says it has checked (scope `real_name`); empty without."""
    name = profile.get("name")
    return name if profile.get("name_verified") is True and isinstance(name, str) else ""


def moment(seconds: object) -> str:
    """Unix seconds as China Standard Time; empty for anything else."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < 1 << 33:
        return ""
    return datetime.fromtimestamp(seconds, UTC).astimezone(_CHINA).strftime("%Y-%m-%d %H:%M:%S")


def yuan(amount: str) -> str:
    """An amount such as "18277.81", for people."""
    return f"¥{Decimal(amount):,.2f}"


def short(identifier: str) -> str:
    """The two ends of an identifier."""
    return identifier if len(identifier) <= 16 else f"{identifier[:8]}…{identifier[-4:]}"


def masked(name: str, value: object) -> str:
    """A claim's value for the screen: times as times, phones and long identifiers not in full."""
    if name in _TIMES:
        return moment(value) or str(value)
    if name == "phone_number" and isinstance(value, str):
        return f"{value[:-8]}****{value[-4:]}" if len(value) >= 11 else "****"
    if isinstance(value, list):
        return ", ".join(masked(name, item) for item in value)
    text = str(value)
    if name in _IDENTIFIERS:
        return short(text)
    return text if len(text) <= 48 else f"{text[:36]}…"


def rows(claims: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Claims by name, for a table."""
    return [(name, masked(name, claims[name])) for name in sorted(claims)]
