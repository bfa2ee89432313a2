"""The web layer under every page: guards, CSRF, headers, cookies, languages, limits, error pages, templates.

Always true: it knows no capability; sessions and sign-in are handed to it as callables.
"""

import hashlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

from flask import Flask, Request, g
from flask.typing import ResponseReturnValue
from jinja2 import StrictUndefined

from idp.web.cookies import init_cookies
from idp.web.csrf import init_csrf
from idp.web.errors import init_errors
from idp.web.forms import init_forms
from idp.web.guards import EXTENSION as GATE
from idp.web.guards import Gate
from idp.web.headers import init_headers
from idp.web.limits import init_limits
from idp.web.locale import init_locale, preference_address, preferences
from idp.web.options import EXTENSION, WebOptions
from idp.web.reference import init_reference, reference

HERE = Path(__file__).parent


class Visitor(Request):
    """A request in which HEAD is a GET whose content nobody wants (RFC 9110 9.3.2), and no file is put on a disk.

    Flask takes HEAD for every page. A view that shows its form to a GET would take it for a form that was sent, and
    one without a form token at that: the method is none that CSRF protection looks at.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        if self.method == "HEAD":
            self.method = "GET"

    def _get_file_stream(self, *_: Any, **__: Any) -> IO[bytes]:
        """In memory: Werkzeug would put what is larger than half a megabyte into a temporary file."""
        return BytesIO()


def new_flask(name: str = "idp") -> Flask:
    """An application with our templates and static files and no route of its own besides /static."""
    app = Flask(
        name, root_path=str(HERE), template_folder="templates", static_folder="static", static_url_path="/static"
    )
    app.request_class = Visitor
    # Werkzeug's tidying redirects would take their host from the request
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 365 * 86400
    app.jinja_options = {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}
    return app


def _fingerprints() -> dict[str, str]:
    static = HERE / "static"
    files = [path for path in static.rglob("*") if path.is_file()]
    return {path.relative_to(static).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()[:12] for path in files}


def _init_templates(app: Flask, web: WebOptions) -> None:
    prints = _fingerprints()

    def static_url(name: str) -> str:
        # by hand: url_for fails when the Host header is no host, and error pages need the sheet even then
        return f"/static/{name}?v={prints[name]}"

    @app.context_processor
    def frame() -> dict[str, Any]:
        prefs = preferences()
        english = prefs.lang == "en"
        service = (english and web.service_name_en) or web.service_name
        region = (english and web.region_name_en) or web.region_name
        return {
            "site": SimpleNamespace(
                service_name=service,
                region_name=region,
                help_line=web.help_line,
                user_names=web.user_names,
                levels=web.level_labels.get(prefs.lang, ()),
            ),
            "prefs": prefs,
            "preference": preference_address,
            "static_url": static_url,
            "reference": reference(),
            "person_known": g.get("tb_session") is not None,
        }


def init_web(
    app: Flask,
    web: WebOptions,
    *,
    load_session: Callable[[], object | None],
    sign_in: Callable[[], ResponseReturnValue],
    unavailable: tuple[type[Exception], ...] = (),
) -> None:
    """Put the web layer into ``app`` (from ``new_flask``), before any page is registered.

    ``load_session`` gives the live session of the current request or None; ``sign_in`` answers a request that needs
    one. ``unavailable``: exception types that mean a database or outside service is down (503).
    """
    app.extensions[EXTENSION] = web
    app.extensions[GATE] = Gate(load_session, sign_in)
    init_reference(app)
    init_limits(app)
    init_cookies(app, https=web.https)
    init_csrf(app)
    init_headers(app, https=web.https)
    init_locale(app, web)
    init_forms(app)
    init_errors(app, unavailable=unavailable)
    _init_templates(app, web)
