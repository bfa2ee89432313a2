"""Owns a demo app's pages; every page about a person stands behind `@login_required`."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Flask, Response, abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from adapters.departments.authority import AuthorityChecks
from adapters.departments.demo import shown
from adapters.departments.demo.acting import add_represented, meet
from adapters.departments.demo.departments import DEPARTMENTS, SOCIAL, Department, Matter
from adapters.departments.demo.filings import Book, filing_api
from adapters.departments.demo.pension import KEY as PENSION
from adapters.departments.demo.pension import add_confirmation
from adapters.departments.demo.represented import MATTERS, VAT_RETURN
from adapters.departments.demo.submitting import Api, Submission
from adapters.departments.demo.texts import translated, worded
from adapters.departments.errors import ProviderRefused, ProviderUnavailable, SessionEnded
from adapters.departments.flask import SingleSignOn, current_person, login_required
from adapters.departments.flask_notices import Notice, NoticeKind
from adapters.departments.flask_signin import preferred_language, system_clock
from adapters.departments.flask_views import from_this_app
from adapters.departments.relying_party import RelyingParty
from adapters.departments.resource_server import ResourceServer, ResourceSettings
from adapters.departments.sessions import Store
from adapters.departments.settings import ClientSettings
from adapters.departments.transport import HttpTransport, Transport

_ENTRANCES = frozenset(
    {"landing", "overview", "departments.login", PENSION}
    | {matter.key for department in DEPARTMENTS.values() for matter in department.matters}
    | {matter.key for matters in MATTERS.values() for matter in matters}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSettings:
    """Where this app and the other one are reached by browsers, and the client it is registered as.

    api_address: where the department's own API answers the app; empty for a department without one.
    """

    department: Department
    client: ClientSettings
    base_url: str
    other_url: str
    api_address: str = ""

    @property
    def api(self) -> str:
        """What the API is registered as."""
        return f"{self.base_url}/represented"


def create_app(
    settings: DemoSettings,
    *,
    store: Store | None = None,
    transport: Transport | None = None,
    clock: Callable[[], int] = system_clock,
) -> Flask:
    """The WSGI app of one department; `store`, `transport` (to the API as well) and `clock` as in the kit."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = 64 * 1024
    party = RelyingParty(settings.client, transport)
    sso = SingleSignOn(
        app,
        party,
        name=settings.department.key,
        store=store,
        home="/",
        notice_page=_notice_page,
        language=_language,
        clock=clock,
    )
    book = Book()
    _add_pages(app, settings, sso, book)
    _add_represented(app, settings, sso, book, transport)
    _add_frame(app, settings)
    return app


def _language() -> str:
    """By link, then by what was chosen before, then what the browser prefers; Chinese if it says nothing."""
    if "demo_language" not in g:
        wanted = request.args.get("lang") or request.cookies.get("demo_language") or preferred_language()
        g.demo_language = "en" if wanted == "en" else "zh"
    return str(g.demo_language)


def _say(text: str) -> str:
    return translated(text, _language())


def _notice_page(notice: Notice) -> ResponseReturnValue:
    return render_template("demo/notice.html", notice=notice), notice.status


def _add_represented(
    app: Flask, settings: DemoSettings, sso: SingleSignOn, book: Book, transport: Transport | None
) -> None:
    """The matters for somebody else. The API files VAT returns; what is no business of an API the app does itself."""
    client, api = settings.client, None
    if settings.api_address:
        own = ResourceSettings(
            issuer=client.issuer, audience=settings.api, connect_to=client.connect_to, ca_file=client.ca_file
        )
        app.register_blueprint(filing_api(book, VAT_RETURN, ResourceServer(own, transport), sso.clock))
        api = Api(identifier=settings.api, address=settings.api_address, transport=transport or HttpTransport())
    checks = AuthorityChecks(sso.party)
    sso.ended.append(checks.hear_logout)
    for matter in MATTERS[settings.department.key]:
        through = api if matter is VAT_RETURN else None
        add_represented(app, sso, matter, book, Submission(sso.party, checks, book, clock=sso.clock, api=through))


def _add_pages(app: Flask, settings: DemoSettings, sso: SingleSignOn, book: Book) -> None:
    @app.get("/")
    def landing() -> ResponseReturnValue:
        return render_template("demo/landing.html")

    @app.get("/overview")
    @login_required
    def overview() -> ResponseReturnValue:
        meet(book)
        return render_template("demo/overview.html", session=current_person.session)

    @app.post("/refresh")
    @login_required
    def refresh() -> ResponseReturnValue:
        if not from_this_app(sso):
            return sso.notice(NoticeKind.FOREIGN_FORM, target="/")
        return redirect(url_for("overview", refreshed=_refresh(sso)), 303)

    @app.get("/healthz")
    def healthz() -> ResponseReturnValue:
        return Response("ok\n", mimetype="text/plain")

    for matter in settings.department.matters:
        _add_matter(app, sso, matter)
    if settings.department is SOCIAL:
        add_confirmation(app, sso)


def _refresh(sso: SingleSignOn) -> str:
    try:
        sso.refresh()
    except (SessionEnded, ProviderUnavailable):
        return "no"
    except ProviderRefused:
        return "none"
    return "yes"


def _add_matter(app: Flask, sso: SingleSignOn, matter: Matter) -> None:
    """The pages that show step-up: they open only to somebody who is known, and signed in, as the matter needs."""

    @login_required(level=matter.level)
    def page() -> ResponseReturnValue:
        if request.method == "GET":
            return render_template("demo/matter.html", matter=matter)
        if not from_this_app(sso):
            return sso.notice(NoticeKind.FOREIGN_FORM, target="/")
        return redirect(url_for(f"{matter.key}-done", number=secrets.token_hex(4)), 303)

    @login_required(level=matter.level)
    def done(number: str) -> ResponseReturnValue:
        if len(number) != 8 or not number.isalnum():
            abort(404)
        return render_template("demo/done.html", matter=matter, number=number)

    methods = ["GET", "POST"] if matter.button else ["GET"]
    app.add_url_rule(f"/{matter.key}", matter.key, page, methods=methods)
    if matter.button:
        app.add_url_rule(f"/{matter.key}/done/<number>", f"{matter.key}-done", done)


def _add_frame(app: Flask, settings: DemoSettings) -> None:
    """What every page shares: words, the way to the other app, headers, error pages."""
    issuer = urlsplit(settings.client.issuer)
    # A form here may be answered with a redirect to the provider, which Chromium checks against form-action.
    policy = (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action 'self' {issuer.scheme}://{issuer.netloc}"
    )

    @app.context_processor
    def texts() -> dict[str, object]:
        return {
            "_": _say,
            "words": lambda value: worded(value, _language()),
            "lang": _language(),
            "department": settings.department,
            "represented_matters": MATTERS[settings.department.key],
            "other": DEPARTMENTS[settings.department.other],
            "other_url": f"{settings.other_url}/overview?lang={_language()}",
            "person": current_person,
            "shown": shown,
        }

    @app.before_request
    def own_name() -> ResponseReturnValue | None:
        """Cookies belong to one host name, so pages asked for under the machine's name move to the app's."""
        base = urlsplit(settings.base_url)
        strayed = request.host in (f"localhost:{base.port}", f"127.0.0.1:{base.port}")
        if strayed and request.host != base.netloc and request.endpoint in _ENTRANCES:
            return redirect(settings.base_url + request.path, 302)
        return None

    @app.after_request
    def headers(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "same-origin")
        if request.args.get("lang") in ("zh", "en"):
            response.set_cookie("demo_language", _language(), max_age=31_536_000, httponly=True, samesite="Lax")
        return response

    @app.errorhandler(HTTPException)
    def problem(error: HTTPException) -> ResponseReturnValue:
        return render_template("demo/problem.html", missing=error.code == 404), error.code or 500
