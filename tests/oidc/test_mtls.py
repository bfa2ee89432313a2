"""Apps known by the certificate of their connection, and tokens good only beside it (RFC 8705)."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from joserfc.jwk import KeySet
from pydantic import ValidationError

from idp.clients.certificates import thumbprint
from idp.oidc.metadata import discovery
from idp.oidc.remote_keys import RemoteKeys
from idp.settings import Settings, unsafe
from tests.capabilities.asking import CHECKS, MATTER, NONCE, grant
from tests.oidc import pki
from tests.oidc.mtls import BOUND, HOST, OWN, PLAIN, Behind, key_for, keys_for
from tests.oidc.pki import FRONT_SECRET, Shown
from tests.provider import ISSUER, SECRET, Site, basic, claims_of

STRANGER = pki.self_signed()
FAILED = {"error": "invalid_client", "error_description": "client authentication failed"}


# -- who is the client (RFC 8705 2)


def test_a_registered_self_signed_certificate_is_its_client(behind: Behind) -> None:
    answer = behind.credentials("own", OWN)
    assert answer.status_code == 200, answer.text
    assert claims_of(answer.get_json()["access_token"])["sub"] == "own"


@pytest.mark.parametrize("client_id", ["own", "pki", "own-bound"])
@pytest.mark.parametrize("shown", [None, STRANGER], ids=["none", "a stranger's"])
def test_without_the_certificate_its_client_is_refused_like_any_other(
    behind: Behind, client_id: str, shown: Shown | None
) -> None:
    answer = behind.credentials(client_id, shown)
    assert (answer.status_code, answer.get_json()) == (401, FAILED)


def test_a_certificate_with_the_registered_key_but_another_content_is_another(behind: Behind) -> None:
    assert behind.credentials("own", pki.self_signed(key=OWN.key)).status_code == 401


def test_a_certificate_out_of_force_is_refused_although_registered(behind: Behind) -> None:
    for days in ((-9, -1), (1, 9)):
        shown = pki.self_signed(days=days)
        behind.register(**PLAIN, client_id="late", name="晚", auth_method="self_signed_tls_client_auth",
                        jwks=keys_for(shown))  # fmt: skip
        assert behind.credentials("late", shown).status_code == 401


def test_a_key_may_name_its_certificate_by_thumbprint(behind: Behind) -> None:
    key = {name: value for name, value in key_for(OWN).items() if name != "x5c"} | {"x5t#S256": thumbprint(OWN.der)}
    jwks = orjson.dumps({"keys": [key]}).decode()
    behind.register(**PLAIN, client_id="print", name="印", auth_method="self_signed_tls_client_auth", jwks=jwks)
    assert behind.credentials("print", OWN).status_code == 200
    assert behind.credentials("print", STRANGER).status_code == 401


def test_certificates_at_an_address_are_asked_for_again_when_one_is_not_there(
    behind: Behind, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = [OWN]
    monkeypatch.setattr(
        RemoteKeys, "_get", lambda *_: KeySet.import_key_set({"keys": [key_for(one) for one in published]})
    )
    uri = "https://keys.example/certificates"
    behind.register(**PLAIN, client_id="far", name="远", auth_method="self_signed_tls_client_auth", jwks_uri=uri)
    assert behind.credentials("far", OWN).status_code == 200
    published.append(STRANGER)
    assert behind.credentials("far", STRANGER).status_code == 401
    behind.site.later = 61
    assert behind.credentials("far", STRANGER).status_code == 200


def test_a_client_of_a_secret_does_not_enter_by_a_certificate_nor_the_other_way_round(behind: Behind) -> None:
    assert behind.credentials("opaque-bound", OWN, client_secret="x" * 40).status_code == 401
    assert behind.post("/token", {"grant_type": "client_credentials", "client_id": "machine"}, OWN).status_code == 401
    secret = {"client_secret": SECRET}
    assert behind.credentials("own", OWN, **secret).status_code == 401
    answer = behind.site.post(
        "/token", {"grant_type": "client_credentials"}, Authorization=basic("own"), **OWN.headers()
    )
    assert answer.status_code == 401


def test_the_certificate_alone_names_nobody(behind: Behind) -> None:
    answer = behind.post("/token", {"grant_type": "client_credentials"}, OWN)
    assert (answer.status_code, answer.get_json()) == (401, FAILED)


def test_the_method_stands_at_every_endpoint(behind: Behind) -> None:
    for path in ("/introspect", "/revoke"):
        form = {"token": "x", "client_id": "own"}
        assert behind.post(path, form, OWN).status_code == 200
        assert behind.post(path, form).status_code == 401


# -- where the certificate comes from


def headers(**changes: str) -> dict[str, str]:
    return OWN.headers() | {name.replace("_", "-"): value for name, value in changes.items()}


NOT_THE_FRONT_END: dict[str, tuple[dict[str, str], str]] = {
    "another secret": (headers(X_Client_Cert_Secret=FRONT_SECRET[:-1] + "X"), "127.0.0.1"),
    "no secret": (headers(X_Client_Cert_Secret=""), "127.0.0.1"),
    "another address": (headers(), "192.0.2.9"),
    "another address that names the proxy": (headers(X_Forwarded_For="127.0.0.1"), "192.0.2.9"),
    "no address": (headers(), ""),
}


@pytest.mark.parametrize(("sent", "address"), NOT_THE_FRONT_END.values(), ids=NOT_THE_FRONT_END.keys())
def test_headers_of_anybody_but_the_front_end_say_nothing(behind: Behind, sent: dict[str, str], address: str) -> None:
    form = {"grant_type": "client_credentials", "client_id": "own"}
    answer = behind.site.http.post("/token", data=form, headers=sent, environ_overrides={"REMOTE_ADDR": address})
    assert (answer.status_code, answer.get_json()) == (401, FAILED)


def test_without_a_configured_host_nobody_is_the_front_end(site: Site) -> None:
    form = {"grant_type": "client_credentials", "client_id": "machine"}
    assert site.post("/token", form, **OWN.headers()).status_code == 401
    assert discovery(ISSUER)["tls_client_certificate_bound_access_tokens"] is False


def broken(pem: str) -> dict[str, str]:
    body = re.sub(r"-----[A-Z ]+-----|\n", "", pem)
    return {
        "nothing": "",
        "no PEM": "hello",
        "bare base64": quote(body, safe=""),
        "unescaped": pem.replace("\n", " "),
        "twice": quote(pem + pem, safe=""),
        "with another before it": quote("x" + pem, safe=""),
        "a half escape": quote(pem, safe="") + "%4",
        "another kind": quote(pem.replace("CERTIFICATE", "PUBLIC KEY"), safe=""),
        "no base64": quote(pem.replace("A", "*"), safe=""),
        "cut": quote(pem.replace(body[-3:] + "\n", "\n"), safe=""),
        "something behind it": quote(pem + "\n\nx", safe=""),
        "beyond all length": quote(pem.replace(body[:64], ("A" * 64 + "\n") * 600 + body[:64]), safe=""),
        "in a list": quote(pem, safe="") + "," + quote(pem, safe=""),
    }


@pytest.mark.parametrize("text", broken(OWN.pem.decode()).values(), ids=broken(OWN.pem.decode()).keys())
def test_what_is_no_certificate_is_as_none(behind: Behind, text: str) -> None:
    form = {"grant_type": "client_credentials", "client_id": "own"}
    answer = behind.site.post("/token", form, **headers(X_Client_Cert=text))
    assert (answer.status_code, answer.get_json()) == (401, FAILED)


# -- tokens that are bound (RFC 8705 3)


@pytest.mark.parametrize("client_id", ["own-bound", "opaque-bound", "public-bound"])
def test_a_bound_token_is_good_beside_its_certificate_alone(behind: Behind, client_id: str) -> None:
    answer = behind.exchange(client_id, OWN)
    assert answer.status_code == 200, answer.text
    assert answer.get_json()["token_type"] == "Bearer"
    token = answer.get_json()["access_token"]
    assert behind.userinfo(token, OWN).status_code == 200
    for other in (None, STRANGER):
        refused = behind.userinfo(token, other)
        assert (refused.status_code, refused.get_json()["error"]) == (401, "invalid_token")
        assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]


@pytest.mark.parametrize("client_id", ["own-bound", "opaque-bound"])
def test_a_check_is_not_begun_by_a_bound_token_of_another_connection(behind: Behind, client_id: str) -> None:
    """The person of this test has no document, which is said only to who may use the token."""
    behind.register(**BOUND | PLAIN, client_id="own-bound", name="丙", auth_method="self_signed_tls_client_auth",
                    jwks=keys_for(OWN, STRANGER))  # fmt: skip
    grant(behind.site, client_id, "name_check")
    token = behind.exchange(client_id, OWN).get_json()["access_token"]
    body = {"access_token": token, "matter": MATTER, "nonce": NONCE, "client_id": client_id}
    secret = {"client_secret": SECRET} if client_id == "opaque-bound" else {}

    def ask(shown: Shown) -> str:
        answer = behind.site.http.post(CHECKS, json=body | secret, headers=shown.headers())
        return str(answer.get_json()["type"])

    assert ask(STRANGER) == "urn:tongban:problem:invalid-access-token"
    assert ask(OWN) == "urn:tongban:problem:person-not-verified"


def test_a_jwt_and_its_introspection_tell_what_it_is_bound_to(behind: Behind) -> None:
    told = {"x5t#S256": thumbprint(OWN.der)}
    token = behind.exchange("own-bound", OWN).get_json()["access_token"]
    assert claims_of(token)["cnf"] == told
    assert behind.post("/introspect", {"token": token, "client_id": "own-bound"}, OWN).get_json()["cnf"] == told
    opaque = behind.exchange("opaque-bound", OWN).get_json()["access_token"]
    form = {"token": opaque, "client_id": "opaque-bound", "client_secret": SECRET}
    assert behind.post("/introspect", form).get_json()["cnf"] == told


def test_who_registered_no_binding_gets_bearer_tokens(behind: Behind) -> None:
    token = behind.exchange("own", OWN).get_json()["access_token"]
    assert "cnf" not in claims_of(token)
    assert behind.userinfo(token).status_code == 200


@pytest.mark.parametrize("client_id", ["opaque-bound", "public-bound"])
def test_who_registered_binding_gets_no_token_without_a_certificate_and_keeps_the_code(
    behind: Behind, client_id: str
) -> None:
    refused = behind.exchange(client_id, None)
    assert (refused.status_code, refused.get_json()["error"]) == (400, "invalid_request")
    with_certificate = behind.exchange(client_id, OWN)
    assert with_certificate.status_code == 200


def test_a_public_clients_refresh_token_is_bound_too(behind: Behind) -> None:
    refresh = behind.exchange("public-bound", OWN).get_json()["refresh_token"]
    refused = behind.refresh("public-bound", refresh, STRANGER)
    assert (refused.status_code, refused.get_json()["error"]) == (400, "invalid_grant")
    assert behind.refresh("public-bound", refresh, None).get_json()["error"] == "invalid_request"
    behind.register(**PLAIN | {"grant_types": ["authorization_code", "refresh_token"]}, client_id="public-bound",
                    name="戊", auth_method="none")  # fmt: skip
    assert behind.refresh("public-bound", refresh, None).get_json()["error"] == "invalid_grant"
    answer = behind.refresh("public-bound", refresh, OWN)
    assert answer.status_code == 200
    assert behind.refresh("public-bound", answer.get_json()["refresh_token"], STRANGER).status_code == 400


def test_a_confidential_client_may_renew_its_certificate_and_go_on_refreshing(behind: Behind) -> None:
    renewed = pki.self_signed()
    refresh = behind.exchange("own-bound", OWN).get_json()["refresh_token"]
    behind.register(**PLAIN | BOUND, client_id="own-bound", name="丙", auth_method="self_signed_tls_client_auth",
                    jwks=keys_for(renewed))  # fmt: skip
    assert behind.refresh("own-bound", refresh, OWN).status_code == 401
    answer = behind.refresh("own-bound", refresh, renewed)
    assert claims_of(answer.get_json()["access_token"])["cnf"] == {"x5t#S256": thumbprint(renewed.der)}


def test_a_confirmation_nobody_knows_is_nobodys(behind: Behind) -> None:
    provider = behind.site.provider
    claims = claims_of(behind.exchange("own", OWN).get_json()["access_token"])
    for cnf in ({"jkt": "x"}, {}, {"x5t#S256": thumbprint(OWN.der), "jkt": "x"}, {"x5t#S256": ""}):
        token = provider.keys.sign(claims | {"cnf": cnf}, alg="ES256", typ="at+jwt")
        assert behind.userinfo(token, OWN).status_code == 401


# -- what is announced (RFC 8705 3.3, 5)


def test_the_metadata_tell_the_host_and_what_is_served_there(behind: Behind) -> None:
    told: dict[str, Any] = behind.site.http.get("/.well-known/openid-configuration").get_json()
    assert told["tls_client_certificate_bound_access_tokens"] is True
    assert told["mtls_endpoint_aliases"] == {
        "token_endpoint": f"https://{HOST}/token",
        "revocation_endpoint": f"https://{HOST}/revoke",
        "introspection_endpoint": f"https://{HOST}/introspect",
        "userinfo_endpoint": f"https://{HOST}/userinfo",
    }
    for endpoint in ("token", "revocation", "introspection"):
        methods = set(told[f"{endpoint}_endpoint_auth_methods_supported"])
        assert {"tls_client_auth", "self_signed_tls_client_auth"} <= methods


# -- settings

BASE: dict[str, Any] = {"issuer": "https://idp.example.gov.cn", "server": {"trusted_proxies": ["127.0.0.1/32"]}}
ON: dict[str, Any] = {"host": "mtls.idp.example.gov.cn", "secret": FRONT_SECRET}


@pytest.mark.parametrize(
    ("mtls", "others"),
    [
        ({"host": "mtls.example"}, {}),
        (ON | {"secret": "x" * 31}, {}),
        (ON | {"host": "https://mtls.example"}, {}),
        (ON | {"host": "MTLS.example"}, {}),
        (ON | {"host": "mtls.example/"}, {}),
        (ON | {"host": "idp.example.gov.cn"}, {}),
        (ON | {"client_ca": "ca.pem"}, {}),
        (ON, {"server": {"trusted_proxies": []}}),
    ],
    ids=["no secret", "short", "an address", "upper case", "a path", "the issuer's", "no lists", "no proxy"],
)
def test_half_a_configuration_stops_the_start(mtls: dict[str, Any], others: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Settings(**BASE | {"mtls": mtls} | others)


def test_production_refuses_secrets_that_were_written_somewhere_and_lists_that_are_not_there(tmp_path: Path) -> None:
    def said(**changes: Any) -> str:
        found = unsafe(Settings(**BASE | {"environment": "production", "mtls": ON | changes}))
        return "\n".join(fault for fault in found if fault.startswith("mtls"))

    assert said() == ""
    assert "mtls.secret" in said(secret="sandbox-mtls-secret-not-for-production")
    assert "mtls.secret" in said(secret="abc" * 20)
    assert "mtls.crl_grace" in said(crl_grace=30 * 86400)
    here, gone = tmp_path / "here.pem", tmp_path / "gone.pem"
    here.touch()
    assert "not there" in said(client_ca=here, client_crls=[here, gone])
    assert said(client_ca=here, client_crls=[here]) == ""
