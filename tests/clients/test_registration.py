"""What makes a registration acceptable: every fault is named, and what was accepted is read back as it was."""

import base64

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OctKey

from idp.clients.rules import (
    TOKEN_EXCHANGE,
    TRANSITIONS,
    AuthMethod,
    Basis,
    Client,
    ClientState,
    Faulty,
    TokenForm,
    declaration,
    jwks_faults,
    parse,
)

GOOD = {
    "client_id": "tax",
    "name": {"zh": "个人所得税", "en": "Income tax"},
    "sector": "tax",
    "redirect_uris": ["https://tax.example/cb"],
}
EC = ECKey.generate_key("P-256")
PUBLIC = orjson.dumps({"keys": [EC.as_dict(private=False)]}).decode()


def rsa(bits: int, exponent: int) -> str:
    """A public RSA key of this size; nobody has its private half."""
    n, e = (
        base64.urlsafe_b64encode(number.to_bytes((number.bit_length() + 7) // 8)).rstrip(b"=").decode()
        for number in ((1 << bits - 1) | 1, exponent)
    )
    return orjson.dumps({"keys": [{"kty": "RSA", "n": n, "e": e}]}).decode()


def keys(*found: ECKey | OctKey, private: bool = False) -> str:
    return orjson.dumps({"keys": [key.as_dict(private=private) for key in found]}).decode()


def faults(**changes: object) -> tuple[str, ...]:
    found = parse(GOOD | changes)
    return found.faults if isinstance(found, Faulty) else ()


def client(**changes: object) -> Client:
    found = parse(GOOD | changes)
    assert isinstance(found, Client), found
    return found


FAULTS = [
    ("client_id", "x", "client_id"),
    ("client_id", "pw_tax", "client_id"),
    ("client_id", "tax app", "client_id"),
    ("client_id", "税务", "client_id"),
    ("client_id", 5, ""),
    ("sector", "a b", "sector"),
    ("name", {"en": "Tax"}, "name"),
    ("name", {"zh": ""}, "name"),
    ("name", {"zh": 5}, "name"),
    ("min_ial", 5, "min_ial"),
    ("min_ial", "2", ""),
    ("min_aal", 0, "min_aal"),
    ("redirect_uris", [], "redirect_uris"),
    ("redirect_uris", "https://tax.example/cb", "redirect_uris is a list"),
    ("redirect_uris", ["http://tax.example/cb"], "neither https nor http"),
    ("redirect_uris", ["https://tax.example/cb#x"], "fragment"),
    ("redirect_uris", ["https://tax.example/cb#"], "fragment"),
    ("redirect_uris", ["https://user@tax.example/cb"], "a user"),
    ("redirect_uris", ["https:///cb"], "no host"),
    ("redirect_uris", ["javascript:alert(1)"], "no host"),
    ("redirect_uris", ["tax://cb"], "neither https nor http"),
    ("redirect_uris", ["https://tax.example/税"], "not an address in ASCII"),
    ("redirect_uris", ["https://tax.example/a b"], "not an address in ASCII"),
    ("redirect_uris", ["https://tax.example/\n"], "not an address in ASCII"),
    ("redirect_uris", ['https://tax.example/"'], "not an address in ASCII"),
    ("redirect_uris", [5], "not an address in ASCII"),
    ("redirect_uris", ["https://[::1/cb"], ""),
    ("post_logout_redirect_uris", ["ftp://tax.example/"], "post_logout_redirect_uris"),
    ("backchannel_logout_uri", "http://tax.example/bye", "backchannel_logout_uri"),
    ("jwks_uri", "http://tax.example/keys", "jwks_uri"),
    ("home_uri", "//tax.example", "home_uri"),
    ("cors_origins", ["https://tax.example/"], "cors_origins"),
    ("cors_origins", ["http://tax.example"], "cors_origins"),
    ("cors_origins", [5], ""),
    ("grant_types", ["implicit", "authorization_code"], "implicit not served"),
    ("grant_types", ["refresh_token"], "refresh_token needs authorization_code or"),
    ("grant_types", ["authorization_code", TOKEN_EXCHANGE], "token exchange is for"),
    ("authorization_details_types", ["other"], "other not served"),
    ("authorization_details_types", "gov_mandate", "authorization_details_types is a list"),
    ("resources", "https://api.example", "resources is a list"),
    ("resources", [5], "resources"),
    ("pkce", "sometimes", "pkce"),
    ("id_token_alg", "none", "id_token_alg"),
    ("id_token_alg", "HS256", "id_token_alg"),
    ("userinfo_alg", "none", "userinfo_alg"),
    ("assertion_audience", "me", "assertion_audience"),
    ("scopes", {"a b": "none"}, "scopes"),
    ("scopes", {'a"': "none"}, "scopes"),
    ("scopes", {"profile": "whim"}, "ValueError"),
    ("state", "alive", "ValueError"),
    ("auth_method", "client_secret_jwt", "ValueError"),
    ("access_token", "paseto", "ValueError"),
    ("colour", "red", "unknown field colour"),
    ("secrets", [], "unknown field secrets"),
    ("sector", None, ""),
    ("name", None, ""),
]


@pytest.mark.parametrize(("field", "value", "said"), FAULTS, ids=lambda v: str(v)[:30])
def test_every_fault_is_named(field: str, value: object, said: str) -> None:
    found = faults(**{field: value})
    assert found
    assert any(said in fault for fault in found), found


@pytest.mark.parametrize("missing", ["client_id", "name", "sector"])
def test_what_is_missing_is_named(missing: str) -> None:
    found = parse({name: value for name, value in GOOD.items() if name != missing})
    assert isinstance(found, Faulty)
    assert missing in found.faults[0]


def test_all_faults_are_found_at_once() -> None:
    assert len(faults(client_id="x", sector="?", pkce="no", min_ial=9)) == 4


def test_a_public_client_cannot_be_exempt_from_pkce_nor_have_credentials() -> None:
    assert any("pkce" in fault for fault in faults(auth_method="none", pkce="optional"))
    assert any("no credentials" in fault for fault in faults(auth_method="none", grant_types=["client_credentials"]))
    assert faults(pkce="optional") == ()


@pytest.mark.parametrize(
    "uri", ["https://a.example/cb?x=1", "http://localhost:8101/cb", "http://127.0.0.1/cb", "http://tax.localhost/cb"]
)
def test_https_anywhere_and_http_on_loopback_names_are_addresses(uri: str) -> None:
    assert faults(redirect_uris=[uri]) == ()


def test_a_client_without_the_code_flow_needs_no_address() -> None:
    assert faults(redirect_uris=[], grant_types=["client_credentials"]) == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "jwks: "),
        ("[]", "jwks: "),
        ('{"keys": []}', "jwks"),
        ('{"keys": [{"kty": "XY"}]}', "jwks: "),
        (keys(OctKey.generate_key(256), private=True), "secret or private key"),
        (keys(EC, private=True), "secret or private key"),
        (rsa(1024, 65537), "under 2048 bits"),
        (rsa(2048, 3), "exponent under 65537"),
    ],
    ids=["no JSON", "no object", "no key", "unknown kind", "secret", "private", "short", "small exponent"],
)
@pytest.mark.filterwarnings("ignore:Key size should be")  # the library warns and takes it
def test_key_sets_that_cannot_be_relied_on_are_refused(text: str, said: str) -> None:
    assert any(said in fault for fault in jwks_faults(text))
    assert faults(auth_method="private_key_jwt", jwks=text)


def test_a_public_rsa_key_of_2048_bits_will_do() -> None:
    assert jwks_faults(rsa(2048, 65537)) == []


def test_private_key_jwt_needs_exactly_one_source_of_keys() -> None:
    method = {"auth_method": "private_key_jwt"}
    assert faults(**method)
    assert faults(**method, jwks=PUBLIC, jwks_uri="https://tax.example/keys")
    assert faults(**method, jwks=PUBLIC) == ()
    assert faults(**method, jwks_uri="https://tax.example/keys") == ()


TLS_NAMES = {
    "subject_dn": "CN=tax.example,O=税务局,C=CN",
    "san_dns": "tax.example",
    "san_uri": "https://tax.example/app",
    "san_ip": "2001:db8::7",
    "san_email": "tax@example.gov.cn",
}


@pytest.mark.parametrize(("kind", "value"), TLS_NAMES.items())
def test_a_client_of_tls_client_auth_has_exactly_one_name(kind: str, value: str) -> None:
    method, name = {"auth_method": "tls_client_auth"}, f"tls_client_auth_{kind}"
    assert client(**method, **{name: value}).certificate_name == (name, value)
    assert any("exactly one" in fault for fault in faults(**method))
    other = next(other for other in TLS_NAMES if other != kind)
    both = {name: value, f"tls_client_auth_{other}": TLS_NAMES[other]}
    assert any("exactly one" in fault for fault in faults(**method, **both))
    assert any("no other method" in fault for fault in faults(**{name: value}))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("subject_dn", "tax.example"),
        ("subject_dn", ""),
        ("subject_dn", "CN=" + "x" * 600),
        ("san_dns", "*.tax.example"),
        ("san_dns", "税务.example"),
        ("san_uri", "https://tax.example/a b"),
        ("san_ip", "tax.example"),
        ("san_email", ""),
        ("san_email", 5),
    ],
)
def test_a_name_that_no_certificate_could_bear_alone_is_refused(kind: str, value: object) -> None:
    name = f"tls_client_auth_{kind}"
    assert any(name in fault for fault in faults(auth_method="tls_client_auth", **{name: value}))


def test_keys_of_self_signed_certificates_name_them() -> None:
    method = {"auth_method": "self_signed_tls_client_auth"}
    assert any("exactly one of jwks" in fault for fault in faults(**method))
    assert any("names no certificate" in fault for fault in faults(**method, jwks=PUBLIC))
    for x5c in ("MIIB", [], ["MIIB"], ["*"], [5]):
        jwks = orjson.dumps({"keys": [EC.as_dict(private=False) | {"x5c": x5c}]}).decode()
        assert any("jwks" in fault for fault in faults(**method, jwks=jwks)), x5c


def test_binding_of_tokens_is_on_or_off_and_off_is_not_written_down() -> None:
    name = "tls_client_certificate_bound_access_tokens"
    assert any(name in fault for fault in faults(**{name: "yes"}))
    assert declaration(client(**{name: True}))[name] is True
    assert name not in declaration(client())


registrations = st.fixed_dictionaries(
    {
        "client_id": st.just("tax"),
        "name": st.sampled_from(["税", {"zh": "税", "en": "Tax"}]),
        "sector": st.just("tax"),
        "redirect_uris": st.just(["https://tax.example/cb"]),
    },
    optional={
        "department": st.sampled_from(["局", {"zh": "局"}]),
        "law": st.none() | st.text(max_size=9),
        "auth_method": st.sampled_from(["client_secret_basic", "client_secret_post", "none"]),
        "grant_types": st.just(["authorization_code", "refresh_token"]),
        "scopes": st.dictionaries(st.sampled_from(["profile", "x:y"]), st.sampled_from(list(Basis)).map(str)),
        "access_token": st.sampled_from(list(TokenForm)).map(str),
        "min_aal": st.integers(1, 3),
        "cors_origins": st.just(["https://tax.example"]),
    },
)


@given(registrations)
def test_what_was_accepted_is_read_back_from_its_stored_form(data) -> None:
    first = parse(data)
    assert isinstance(first, Client)
    again = parse(orjson.loads(orjson.dumps(declaration(first))))
    assert again == first


def test_a_client_is_called_by_the_readers_language_or_else_chinese() -> None:
    assert client().label("en") == "Income tax"
    assert client().label("fr") == "个人所得税"


def test_a_client_receives_each_scope_on_its_registered_basis_and_openid_on_none() -> None:
    found = client(scopes={"profile": "consent", "phone": "statutory", "openid": "consent"})
    asked = frozenset({"openid", "profile", "phone", "email"})
    assert found.needing(asked, Basis.CONSENT) == {"profile"}
    assert found.needing(asked, Basis.STATUTORY) == {"phone"}
    assert found.needing(asked, Basis.NONE) == frozenset()


@pytest.mark.parametrize(("state", "served"), [(s, s in ("live", "tested")) for s in ClientState])
def test_only_tested_and_live_clients_are_served(state: ClientState, served: bool) -> None:
    assert client(state=state.value).served is served


def test_nothing_leads_out_of_retirement_and_only_suspension_back_to_live() -> None:
    assert TRANSITIONS[ClientState.RETIRED] == frozenset()
    to_live = {state for state, allowed in TRANSITIONS.items() if ClientState.LIVE in allowed}
    assert to_live == {ClientState.TESTED, ClientState.SUSPENDED}
    assert set(TRANSITIONS) == set(ClientState)


def test_only_none_is_not_confidential() -> None:
    needed: dict[AuthMethod, dict[str, str]] = {
        AuthMethod.PRIVATE_KEY_JWT: {"jwks": PUBLIC},
        AuthMethod.SELF_SIGNED_TLS: {"jwks_uri": "https://tax.example/keys"},
        AuthMethod.TLS: {"tls_client_auth_san_dns": "tax.example"},
    }
    made = [client(auth_method=method.value, **needed.get(method, {})) for method in AuthMethod]
    assert [one.auth_method for one in made if not one.confidential] == [AuthMethod.NONE]


def test_a_device_belongs_to_a_client_that_authenticates() -> None:
    device = {"grant_types": ["urn:ietf:params:oauth:grant-type:device_code"], "redirect_uris": []}
    assert faults(**device, device_region="430100", device_number=False) == ()
    assert faults(**device | {"grant_types": [*device["grant_types"], "refresh_token"]}, device_refresh=True) == ()
    assert any("anybody" in fault for fault in faults(**device, auth_method="none"))
    assert any("device_region" in fault for fault in faults(**device, device_region="43"))
    assert any("device_number" in fault for fault in faults(**device, device_number="yes"))
