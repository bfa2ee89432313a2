"""A provider behind a front end that asks for certificates, and apps that show theirs (RFC 8705).

Always true: the test's own address is the configured proxy; who sends the right secret is the front end.
"""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
from joserfc.jwk import ECKey
from werkzeug.test import TestResponse

from idp.app import create_app
from idp.clients.actions import put
from idp.clients.rules import Client
from tests.oidc import pki
from tests.oidc.pki import FRONT_SECRET, SUBJECT, Authority, Shown
from tests.provider import _CODE_FLOW, CALLBACK, SECRET, VERIFIER, Site, _begin_anew, settings_at
from tests.registers import ScriptedRegisters

HOST = "mtls.localhost:8443"
OWN = pki.self_signed()
PLAIN: dict[str, Any] = {
    **_CODE_FLOW,
    "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
    "scopes": {"profile": "none", "figures": "none"},
}
BOUND = {"tls_client_certificate_bound_access_tokens": True}


def keys_for(*shown: Shown) -> str:
    """A JWKS that registers these certificates (RFC 8705 2.2.2)."""
    return orjson.dumps({"keys": [key_for(one) for one in shown]}).decode()


def key_for(shown: Shown) -> dict[str, Any]:
    key = ECKey.import_key(shown.key_pem.decode()).as_dict(private=False)
    return {**key, "x5c": [base64.b64encode(shown.der).decode()]}


CLIENTS: tuple[dict[str, Any], ...] = (
    PLAIN | {"client_id": "pki", "name": "甲", "auth_method": "tls_client_auth"}
    | {"tls_client_auth_subject_dn": SUBJECT},
    PLAIN | {"client_id": "own", "name": "乙", "auth_method": "self_signed_tls_client_auth", "jwks": keys_for(OWN)},
    PLAIN | BOUND | {"client_id": "own-bound", "name": "丙", "auth_method": "self_signed_tls_client_auth"}
    | {"jwks": keys_for(OWN)},
    PLAIN | BOUND | {"client_id": "opaque-bound", "name": "丁", "auth_method": "client_secret_post"}
    | {"access_token": "opaque"},
    PLAIN | BOUND | {"client_id": "public-bound", "name": "戊", "auth_method": "none"}
    | {"grant_types": ["authorization_code", "refresh_token"]},
)  # fmt: skip


@dataclass
class Behind:
    """The provider behind the front end. ``directory`` holds the files of the departments' ``authority``."""

    site: Site
    authority: Authority
    directory: Path

    def post(self, path: str, form: Mapping[str, str], shown: Shown | None = None) -> TestResponse:
        return self.site.post(path, form, **(shown.headers() if shown else {}))

    def credentials(self, client_id: str, shown: Shown | None, **form: str) -> TestResponse:
        secret = {"client_secret": SECRET} if client_id == "opaque-bound" else {}
        sent = {"grant_type": "client_credentials", "scope": "figures", "client_id": client_id}
        return self.post("/token", sent | secret | form, shown)

    def exchange(self, client_id: str, shown: Shown | None) -> TestResponse:
        """The code of the person, exchanged by the client."""
        code = self.site.browser().sign_in().authorize(client_id, scope="openid profile")
        secret = {"client_secret": SECRET} if client_id == "opaque-bound" else {}
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
        return self.post("/token", form | secret | {"client_id": client_id}, shown)

    def refresh(self, client_id: str, token: str, shown: Shown | None) -> TestResponse:
        form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": client_id}
        return self.post("/token", form, shown)

    def userinfo(self, token: str, shown: Shown | None = None) -> TestResponse:
        headers = {"Authorization": f"Bearer {token}", **(shown.headers() if shown else {})}
        return self.site.http.get("/userinfo", headers=headers)

    def register(self, **data: Any) -> None:
        with self.site.provider.database.transaction() as tx:
            secret = SECRET if data.get("auth_method", "").startswith("client_secret") else None
            made = put(tx, data, secret=secret, now=self.site.now())
        assert isinstance(made, Client), made
        self.site.provider.registry.expire()


@pytest.fixture(scope="session")
def behind_app(site_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    directory, authority = tmp_path_factory.mktemp("behind"), Authority("Departments")
    ca, crl = authority.write(directory)
    mtls = {"host": HOST, "secret": FRONT_SECRET, "client_ca": ca, "client_crls": [crl], "people": True}
    server = {"threads": 4, "trusted_proxies": ["127.0.0.1/32"]}
    app = create_app(settings_at(directory, mtls=mtls, server=server), ScriptedRegisters().ports)
    yield Behind(Site(app), authority, directory)
    Site(app).close()


@pytest.fixture
def behind(behind_app: Behind, site_template: Path) -> Iterator[Behind]:
    """A provider of this test, with `CLIENTS`."""
    site = Site(behind_app.site.app)
    _begin_anew(site, site_template)
    made = Behind(site, behind_app.authority, behind_app.directory)
    for data in CLIENTS:
        made.register(**data)
    yield made
    made.authority.revoked.clear()
    made.authority.write(made.directory)
    site.close()
