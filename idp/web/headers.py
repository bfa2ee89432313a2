"""Security headers of every answer that people's browsers get.

Always true: no page may be framed, run foreign script, speak with anybody or send a form anywhere but home, except
where its own view allowed it for this one response.
"""

import re
from urllib.parse import urlsplit

from flask import Flask, Response, g

_HOST = re.compile(r"[a-z0-9._-]+\Z")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*\Z")
_SCRIPTING = frozenset({"javascript", "data", "vbscript", "blob", "about", "file", "filesystem"})

FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # same-origin, not no-referrer: under the latter browsers send "Origin: null" with our own forms
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(
        f"{feature}=()"
        for feature in (
            "accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "hid",
            "magnetometer", "microphone", "midi", "payment", "serial", "usb",
        )
    ),
}  # fmt: skip


def form_source(address: str) -> str | None:
    """The CSP source expression that lets a form end at ``address``; None when there is none that is safe.

    A native app's ``com.example:/path`` gives its scheme; an IPv6 host, which CSP has no syntax for, gives ``http:``.
    """
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https"):
        usable = _SCHEME.match(parts.scheme) and parts.scheme not in _SCRIPTING
        return f"{parts.scheme}:" if usable else None
    if ":" in host:
        return f"{parts.scheme}:"
    if not _HOST.match(host):
        return None
    return f"{parts.scheme}://{host}" + (f":{port}" if port else "")


def allow_form_target(address: str) -> None:
    """Let the forms of this response lead, by redirect, to the origin of ``address`` (a registered redirect URI)."""
    source = form_source(address)
    if source:
        g.setdefault("tb_form_targets", {})[source] = True


def allow_own_script() -> None:
    """Let this response run the scripts of our own static folder (form_post answers only)."""
    g.tb_own_script = True


def allow_own_media() -> None:
    """Let this response play sounds of our own (the spoken digits of a captcha)."""
    g.tb_own_media = True


def allow_connection(address: str) -> None:
    """Let the scripts of this response speak with the origin of ``address`` (http, https), with ours for ``/``."""
    source = "'self'" if address.startswith("/") else form_source(address)
    if source:
        g.setdefault("tb_connections", {})[source] = True


def only_data() -> None:
    """This response is a picture for a page of ours and no page: whoever opens it by itself runs nothing in it."""
    g.tb_only_data = True


def refresh_after(seconds: int, path: str) -> None:
    """Load ``path`` (local) again after ``seconds``; a header, so that nothing in the page needs script."""
    g.tb_refresh = f"{seconds}; url={path}"


def _policy() -> str:
    if g.get("tb_only_data"):
        return "default-src 'none'; frame-ancestors 'none'; sandbox"
    targets = " ".join(["'self'", *g.get("tb_form_targets", {})])
    script = "'self'" if g.get("tb_own_script") else "'none'"
    media = "media-src 'self'; " if g.get("tb_own_media") else ""
    connections = " ".join(g.get("tb_connections", {}))
    connect = f"connect-src {connections}; " if connections else ""
    return (
        f"default-src 'none'; style-src 'self'; img-src 'self' data:; {media}script-src {script}; {connect}"
        f"form-action {targets}; frame-ancestors 'none'; base-uri 'none'"
    )


def init_headers(app: Flask, *, https: bool) -> None:
    """Add the headers to every response of ``app``; HSTS when the issuer is https."""

    @app.after_request
    def secure(response: Response) -> Response:
        for name, value in FIXED.items():
            response.headers.setdefault(name, value)
        response.headers["Content-Security-Policy"] = _policy()
        response.headers.setdefault("Cache-Control", "no-store")
        if https:
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        if "tb_refresh" in g:
            response.headers["Refresh"] = g.tb_refresh
        return response
