"""Owns the app's cookies; each holds only a random value, is HttpOnly and SameSite=Lax, and named for this app.

Under https the names carry `__Host-`, so that no sibling host can plant or read one (RFC 6265bis 4.1.3).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from adapters.departments.errors import ConfigurationError

_LONGEST = 200


@dataclass(frozen=True, slots=True)
class CookieChange:
    """A cookie to set, for the whole host. `max_age`: seconds; 0 takes it back, None ends it with the browser."""

    name: str
    value: str = field(repr=False)
    max_age: int | None
    secure: bool

    @property
    def header(self) -> str:
        """The value of `Set-Cookie` (RFC 6265 4.1)."""
        parts = [f"{self.name}={self.value}"]
        if self.max_age == 0:
            parts.append("Expires=Thu, 01 Jan 1970 00:00:00 GMT")
        if self.max_age is not None:
            parts.append(f"Max-Age={self.max_age}")
        return "; ".join([*parts, *(["Secure"] if self.secure else []), "HttpOnly", "Path=/", "SameSite=Lax"])


class Cookies:
    """The cookies of one app: `session` (signed in), `browser` (signing in), `asked` (just signed in for a
    level), `leaving` (signing out)."""

    def __init__(self, app_name: str, *, secure: bool) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,30}", app_name):
            raise ConfigurationError("the app's cookie name is lower-case letters, digits and underscore")
        self._prefix = f"{'__Host-' if secure else ''}{app_name}_"
        self._secure = secure

    def name(self, kind: str) -> str:
        return self._prefix + kind

    def set(self, kind: str, value: str, *, max_age: int | None = None) -> CookieChange:
        """Without `max_age` (seconds) it ends with the browser."""
        return CookieChange(self.name(kind), value, max_age, self._secure)

    def taken_back(self, kind: str) -> CookieChange:
        return CookieChange(self.name(kind), "", 0, self._secure)


def believable(value: str | None) -> str | None:
    """The value a browser sent; None if there is none or it cannot be ours."""
    return value if value and len(value) <= _LONGEST else None


def read_cookies(header: str) -> dict[str, str]:
    """A `Cookie` header by names; of several cookies with one name, the first."""
    found: dict[str, str] = {}
    for part in header.split(";"):
        name, equals, value = part.strip().partition("=")
        if equals:
            found.setdefault(name.strip(), value.strip().strip('"'))
    return found
