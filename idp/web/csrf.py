"""Cross-site request forgery: every form carries a token, and a foreign Origin is refused whatever it carries.

Always true: the exemptions are the table below and nothing else; sign-in, registration and sign-out have none.
"""

from flask import Flask, g, request, session
from flask_wtf.csrf import CSRFError, CSRFProtect

from idp.web.options import options, options_of

EXEMPT = frozenset(
    {
        ("POST", "/authorize"),  # OpenID Connect Core 3.1.2.1: a department app may send its request as a form
        ("POST", "/logout"),  # RP-Initiated Logout 2: the same; without a valid hint it only shows a form of ours
    }
)
"""(method, path) that other sites may send: they change nothing without a proof of their own or a page of ours."""
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_FIELD = "csrf_token"


def _foreign(origin: str | None) -> bool:
    """Whether a request says that another site's page sent it; ``null`` counts as another site.

    The request's own Host is accepted beside the issuer: no page can make a browser send our cookies to a false Host.
    """
    return origin is not None and origin.partition("://")[2] not in {options().issuer_host, request.host}


def rotate_csrf() -> None:
    """Make new form tokens from here on, the old ones void: call it wherever the session secret changes."""
    session.pop(_FIELD, None)
    g.pop(_FIELD, None)


def init_csrf(app: Flask) -> None:
    """Check every unsafe request of every known route, except the exempt."""
    app.config.update(
        SECRET_KEY=options_of(app).secret_key,
        WTF_CSRF_CHECK_DEFAULT=False,  # our own hook below checks, so that the exemptions stand in one table
        WTF_CSRF_TIME_LIMIT=None,  # a form left open overnight still works; the token ends with its cookie
        WTF_CSRF_SSL_STRICT=False,  # it would compare Referer with Host; Origin is checked instead
    )
    extension = CSRFProtect(app)

    @app.before_request
    def check() -> None:
        if request.method not in UNSAFE or request.url_rule is None or (request.method, request.path) in EXEMPT:
            return
        if _foreign(request.headers.get("Origin")):
            raise CSRFError("foreign origin")
        extension.protect()
