"""Names, flags and values of the cookies.

Always true: every cookie is HttpOnly, SameSite=Lax, Path=/ and without Domain; under an https issuer also Secure and
``__Host-``, so that no sibling host can plant one.
"""

import hashlib
import re
import secrets
from collections.abc import Mapping

from flask import Flask, Response, g, request

from idp.web.options import options

SESSION, BROWSER, PREFERENCES, CSRF, OPERATOR, CHANNEL = "session", "browser", "prefs", "csrf", "op", "channel"
BROWSER_DAYS = 30
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}\Z")


def cookie_name(kind: str, *, https: bool) -> str:
    """``__Host-tb_<kind>`` under https, ``tb_<kind>`` on the loopback sandbox."""
    return f"__Host-tb_{kind}" if https else f"tb_{kind}"


def read_cookie(kind: str) -> str | None:
    """The value the browser sent, of any form; None when there is none."""
    return request.cookies.get(cookie_name(kind, https=options().https))


def _write(kind: str, value: str | None, max_age: int | None = None) -> None:
    """Note a cookie to be set, or with value None removed, by the response; the last word counts."""
    waiting: dict[str, tuple[str | None, int | None]] = g.setdefault("tb_cookies", {})
    waiting[kind] = (value, max_age)


def session_secret() -> str | None:
    """The sign-in session's secret (256 bits, base64url) as sent; None when missing or not of that form."""
    value = read_cookie(SESSION)
    return value if value and _TOKEN.match(value) else None


def session_secret_in(header: str, *, https: bool) -> str | None:
    """The same from a Cookie header; of several cookies of that name the first, as everywhere."""
    name = cookie_name(SESSION, https=https)
    for pair in header.split(";"):
        sent, _, value = pair.strip().partition("=")
        if sent == name:
            return value if _TOKEN.match(value) else None
    return None


def set_session_secret(secret: str) -> None:
    """Give the browser a new session secret; it ends with the browser's session."""
    _write(SESSION, secret)


def clear_session_secret() -> None:
    """Take the session secret away from the browser."""
    _write(SESSION, None)


def operator_secret() -> str | None:
    """The secret of an operator's session as sent; None when missing or not of that form."""
    value = read_cookie(OPERATOR)
    return value if value and _TOKEN.match(value) else None


def set_operator_secret(secret: str | None) -> None:
    """Give the browser a new secret for the console, or with None take it away."""
    _write(OPERATOR, secret)


def browser_id() -> str:
    """The random 256-bit name of this browser, base64url; made and set when it has none. Never log or store it."""
    if "tb_browser" not in g:
        sent = read_cookie(BROWSER)
        known = bool(sent and _TOKEN.match(sent))
        g.tb_browser = sent if known else secrets.token_urlsafe(32)
        if not known:
            _write(BROWSER, g.tb_browser, BROWSER_DAYS * 86400)
    return str(g.tb_browser)


def browser_digest() -> bytes:
    """SHA-256 of ``browser_id()``: what parked requests and flows are bound to."""
    return hashlib.sha256(browser_id().encode()).digest()


def set_preferences(value: str) -> None:
    """Remember the display preferences for 400 days, the longest browsers keep."""
    _write(PREFERENCES, value, 400 * 86400)


def channel_value() -> str | None:
    """By which channel the browser came, as it sends it; `idp.channels` signed what counts."""
    return read_cookie(CHANNEL)


def set_channel(value: str, seconds: int) -> None:
    """Remember the channel for so long."""
    _write(CHANNEL, value, seconds)


def init_cookies(app: Flask, *, https: bool) -> None:
    """Name and flag Flask's own cookie (it holds the CSRF secret alone) and write the waiting ones."""
    app.config.update(
        SESSION_COOKIE_NAME=cookie_name(CSRF, https=https),
        SESSION_COOKIE_SECURE=https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
    )

    @app.after_request
    def bake(response: Response) -> Response:
        waiting: Mapping[str, tuple[str | None, int | None]] = g.get("tb_cookies", {})
        for kind, (value, max_age) in waiting.items():
            response.set_cookie(
                cookie_name(kind, https=https),
                value or "",
                max_age=0 if value is None else max_age,
                path="/",
                secure=https,
                httponly=True,
                samesite="Lax",
            )
        return response
