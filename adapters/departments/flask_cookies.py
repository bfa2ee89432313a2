"""Owns the app's cookies; each holds only a random value, is HttpOnly and SameSite=Lax, and named for this app.

Under https the names carry `__Host-`, so that no sibling host can plant or read one (RFC 6265bis 4.1.3).
"""

from __future__ import annotations

import re

from flask import Request, Response

from adapters.departments.errors import ConfigurationError

_LONGEST = 200


class Cookies:
    """The cookies of one app: `session` (signed in), `browser` (signing in), `asked` (just signed in for a
    level), `leaving` (signing out)."""

    def __init__(self, app_name: str, *, secure: bool) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,30}", app_name):
            raise ConfigurationError("the app's cookie name is lower-case letters, digits and underscore")
        self._prefix = f"{'__Host-' if secure else ''}{app_name}_"
        self._secure = secure

    def read(self, request: Request, kind: str) -> str | None:
        """The value the browser sent; None if there is none or it cannot be ours."""
        value = request.cookies.get(self._prefix + kind)
        return value if value and len(value) <= _LONGEST else None

    def write(self, response: Response, kind: str, value: str, *, max_age: int | None = None) -> None:
        """Set a cookie; without `max_age` (seconds) it ends with the browser."""
        response.set_cookie(
            self._prefix + kind,
            value,
            max_age=max_age,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="Lax",
        )

    def clear(self, response: Response, kind: str) -> None:
        """Take a cookie back."""
        response.delete_cookie(self._prefix + kind, path="/", secure=self._secure, httponly=True, samesite="Lax")
