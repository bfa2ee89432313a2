"""A department app on Django and mozilla-django-oidc, keyed on ``sub`` as docs/departments.md says.

    python -m tests.foreign.django_site SETTINGS.json

SETTINGS.json: {"issuer", "client_id", "secret", "port", "home", "database"}. Each page visited more than a second
after the last look asks the provider again, without a page (SessionRefresh).
"""

import json
import sys
from pathlib import Path
from urllib.parse import urlencode, urlsplit
from wsgiref.simple_server import WSGIServer, make_server

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.utils.html import format_html

GIVEN = json.loads(Path(sys.argv[1]).read_text())
ISSUER = GIVEN["issuer"]

if __name__ == "__main__":
    settings.configure(
        SECRET_KEY="a made-up key of this test, long enough for Django",
        ALLOWED_HOSTS=[urlsplit(GIVEN["home"]).hostname],
        ROOT_URLCONF=__name__,
        USE_TZ=True,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": GIVEN["database"]}},
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
                        "mozilla_django_oidc"],
        MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware",
                    "django.contrib.auth.middleware.AuthenticationMiddleware",
                    "mozilla_django_oidc.middleware.SessionRefresh"],
        AUTHENTICATION_BACKENDS=[f"{__name__}.BySubject"],
        LOGIN_REDIRECT_URL="/",
        LOGOUT_REDIRECT_URL="/",
        OIDC_RP_CLIENT_ID=GIVEN["client_id"],
        OIDC_RP_CLIENT_SECRET=GIVEN["secret"],
        OIDC_RP_SIGN_ALGO="RS256",
        OIDC_RP_SCOPES="openid profile",
        OIDC_USE_PKCE=True,
        OIDC_OP_AUTHORIZATION_ENDPOINT=f"{ISSUER}/authorize",
        OIDC_OP_TOKEN_ENDPOINT=f"{ISSUER}/token",
        OIDC_OP_USER_ENDPOINT=f"{ISSUER}/userinfo",
        OIDC_OP_JWKS_ENDPOINT=f"{ISSUER}/jwks",
        OIDC_OP_LOGOUT_URL_METHOD=f"{__name__}.logout_address",
        OIDC_STORE_ACCESS_TOKEN=True,
        OIDC_STORE_ID_TOKEN=True,
        OIDC_RENEW_ID_TOKEN_EXPIRY_SECONDS=1,
    )  # fmt: skip
    django.setup()

from mozilla_django_oidc.auth import OIDCAuthenticationBackend  # noqa: E402 - it reads the settings


class BySubject(OIDCAuthenticationBackend):
    """The recipe of the guide; the name, which nothing is looked up by, is kept beside it."""

    def verify_claims(self, claims: dict[str, object]) -> bool:
        return "sub" in claims

    def filter_users_by_claims(self, claims: dict[str, object]) -> object:
        return self.UserModel.objects.filter(username=claims["sub"])

    def create_user(self, claims: dict[str, object]) -> object:
        return self.UserModel.objects.create_user(username=claims["sub"], first_name=claims.get("name", ""))


def logout_address(request: HttpRequest) -> str:
    hint = {"id_token_hint": request.session["oidc_id_token"], "post_logout_redirect_uri": f"{GIVEN['home']}/"}
    return f"{ISSUER}/logout?{urlencode(hint)}"


SIGNED_IN = """<p id="sub">{}</p><p id="name">{}</p><p id="access-token">{}</p>
<a id="refresh" href="/">Refresh</a>
<form method="post" action="/oidc/logout/"><button id="sign-out">Sign out</button></form>"""


def home(request: HttpRequest) -> HttpResponse:
    user, token = request.user, request.session.get("oidc_access_token", "")
    if user.is_authenticated:
        body = format_html(SIGNED_IN, user.get_username(), user.first_name, token)
    else:
        body = '<a id="sign-in" href="/oidc/authenticate/">Sign in</a>'
    return HttpResponse(f'<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Django</title>{body}')


urlpatterns = [path("", home), path("oidc/", include("mozilla_django_oidc.urls"))]


def main() -> None:
    call_command("migrate", verbosity=0)
    WSGIServer.request_queue_size = 32
    with make_server("127.0.0.1", GIVEN["port"], get_wsgi_application()) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
